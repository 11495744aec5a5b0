"""The AsyncAPI 3.0 document of the websocket, made from the types and the table of roles."""

import json
from typing import Any, Final

import msgspec

from gateway import describe, roles, wire
from gateway.codes import CloseCode
from gateway.describe_examples import example
from gateway.money_text import yuan_schema

SCHEMAS: Final = "#/components/schemas/"
CHANNEL: Final = "#/channels/gateway"

Json = dict[str, Any]


def make_asyncapi() -> Json:
    """Return the document."""
    schemas = _schemas()
    kinds = (*describe.INWARD, *describe.OUTWARD)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "ceax gateway",
            "version": f"{wire.PROTOCOL_VERSION}.0.0",
            "description": f"{describe.NOTICE}\n\nEvery frame of the websocket; REFERENCE.md tells them in words.",
        },
        "defaultContentType": "application/json",
        "servers": {
            "local": {
                "host": "127.0.0.1:7000",
                "protocol": "ws",
                "description": "ceax exchange serve on the own machine",
            },
            "installed": {
                "host": "{host}",
                "protocol": "wss",
                "description": "an installation behind TLS",
                "variables": {
                    "host": {"description": "name and port as dialled: the login signs it"}
                },
            },
        },
        "channels": {
            "gateway": {
                "address": "/v1",
                "title": "One conversation",
                "description": "Hello, a login, then requests with replies, and what is subscribed to.",
                "messages": {
                    kind.__name__: {"$ref": f"#/components/messages/{kind.__name__}"}
                    for kind in kinds
                },
                "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
                "x-subprotocols": [form.value for form in wire.Format],
                "x-close-codes": {str(code.value): code.name for code in CloseCode},
                "x-subscriptions": {name: sorted(who) for name, who in roles.CHANNEL_ROLES.items()},
            }
        },
        "operations": _operations(),
        "components": {
            "messages": {kind.__name__: _message(kind) for kind in kinds},
            "schemas": schemas,
        },
    }


def _operations() -> Json:
    found: Json = {}
    for kind in describe.INWARD:
        row: Json = {
            "action": "receive",
            "channel": {"$ref": CHANNEL},
            "summary": describe.text_of(kind).splitlines()[0],
            "messages": [_told(kind)],
        }
        if describe.is_request(kind):
            replies = [_told(reply) for reply in (*describe.replies_of(kind), wire.Error)]
            row["reply"] = {"channel": {"$ref": CHANNEL}, "messages": replies}
            row["x-roles"] = sorted(roles.REQUEST_ROLES[kind])
        found[f"take{kind.__name__}"] = row
    replied = {one for kind in describe.INWARD for one in describe.replies_of(kind)} | {wire.Error}
    for kind in describe.OUTWARD:
        if kind not in replied:
            found[f"send{kind.__name__}"] = {
                "action": "send",
                "channel": {"$ref": CHANNEL},
                "summary": describe.text_of(kind).splitlines()[0],
                "messages": [_told(kind)],
            }
    return found


def _told(kind: type) -> Json:
    return {"$ref": f"{CHANNEL}/messages/{kind.__name__}"}


def _message(kind: type) -> Json:
    return {
        "name": kind.__name__,
        "title": kind.__name__,
        "summary": describe.text_of(kind).splitlines()[0],
        "payload": {"$ref": f"{SCHEMAS}{kind.__name__}"},
        "examples": [{"name": kind.__name__, "payload": json.loads(wire.encode(example(kind)))}],
    }


def _schemas() -> Json:
    """Return the schemas of both directions; what a client may send is strict, what it is told is open."""
    inward = _components(wire.INWARD_OUTSIDE)
    outward = _components(wire.OUTWARD_OUTSIDE)
    doubled = {name for name, schema in outward.items() if inward.get(name, schema) != schema}
    # A struct around a doubled one is doubled too, or its references would lead to the strict one.
    while True:
        more = {
            name
            for name, schema in outward.items()
            if name in inward and name not in doubled and _names(schema) & doubled
        }
        if not more:
            break
        doubled |= more
    renamed = {
        f"{name}Told" if name in doubled else name: _renamed(schema, doubled)
        for name, schema in outward.items()
    }
    return dict(sorted((inward | renamed).items()))


def _components(union: Any) -> Json:  # noqa: ANN401 - an annotation
    _, components = msgspec.json.schema_components(
        [union], schema_hook=yuan_schema, ref_template=SCHEMAS + "{name}"
    )
    found: Json = _without_discriminators(describe.portable(components))
    describe.annotate(found, *describe.every_kind())
    return found


def _without_discriminators(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a schema without OpenAPI's discriminator, which AsyncAPI writes otherwise: `type` decides alone."""
    if isinstance(value, dict):
        return {
            key: _without_discriminators(inner)
            for key, inner in value.items()
            if not (key == "discriminator" and "propertyName" in inner)
        }
    return [_without_discriminators(inner) for inner in value] if isinstance(value, list) else value


def _names(value: Any) -> set[str]:  # noqa: ANN401 - JSON
    """Return the schemas that a schema refers to."""
    if isinstance(value, dict):
        own = {str(value["$ref"]).removeprefix(SCHEMAS)} if "$ref" in value else set()
        return own.union(*(_names(inner) for inner in value.values()))
    return set().union(*map(_names, value)) if isinstance(value, list) else set()


def _renamed(value: Any, doubled: set[str]) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        return {
            key: f"{inner}Told"
            if isinstance(inner, str)
            and inner.startswith(SCHEMAS)
            and inner.removeprefix(SCHEMAS) in doubled
            else _renamed(inner, doubled)
            for key, inner in value.items()
        }
    return [_renamed(inner, doubled) for inner in value] if isinstance(value, list) else value
