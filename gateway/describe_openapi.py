"""The OpenAPI 3.1 document of the HTTP mirror, made from its table of routes."""

from typing import Any, Final

import msgspec
from msgspec import Struct

from gateway import describe, wire
from gateway.mirror_routes import ROUTES, HttpError, Parameter, Route
from gateway.money_text import yuan_schema
from gateway.wire_shapes import Shapes

SCHEMAS: Final = "#/components/schemas/"
NOT_READY: Final = 503

Json = dict[str, Any]


def make_openapi() -> Json:
    """Return the document."""
    shapes = Shapes(is_lenient=True)
    replies = {route.reply for route in ROUTES} | {HttpError}
    outside = {kind: shapes.of(kind) for kind in sorted(replies, key=lambda kind: kind.__name__)}
    _, components = msgspec.json.schema_components(
        list(outside.values()), schema_hook=yuan_schema, ref_template=SCHEMAS + "{name}"
    )
    schemas = describe.portable(components)
    describe.annotate(schemas, *replies, *describe.structs_in(*replies))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ceax market data over HTTP",
            "version": f"{wire.PROTOCOL_VERSION}.0.0",
            "description": f"{describe.NOTICE}\n\nRead-only; everything else goes over the websocket (asyncapi.json).",
        },
        "servers": [
            {
                "url": "http://127.0.0.1:7000",
                "description": "ceax exchange serve on the own machine",
            }
        ],
        "paths": {route.path: {"get": _operation(route)} for route in ROUTES},
        "components": {"schemas": schemas},
    }


PLAIN: Final[Json] = {"text/plain": {"schema": {"type": "string"}}}
UNREAD: Final = {
    414: "the request line is longer than 8 KiB: refused in plain text before it is read",
    431: "a header is longer than 8 KiB, or there are more than 128: refused in plain text",
}
"""Answers of the HTTP parser in front of the mirror."""


def _operation(route: Route) -> Json:
    answers: Json = {"200": {"description": route.summary, "content": _content(route.reply)}}
    for status, text in route.statuses:
        kind = route.reply if status == NOT_READY else HttpError
        answers[str(status)] = {"description": text, "content": _content(kind)}
    answers |= {
        str(status): {"description": text, "content": PLAIN} for status, text in UNREAD.items()
    }
    return {
        "operationId": route.name,
        "summary": route.summary,
        "description": route.summary_zh,
        "parameters": [_parameter(parameter) for parameter in route.parameters],
        "responses": answers,
    }


def _content(kind: type[Struct]) -> Json:
    return {"application/json": {"schema": {"$ref": f"{SCHEMAS}{kind.__name__}"}}}


def _parameter(parameter: Parameter) -> Json:
    schema = describe.portable(msgspec.json.schema(parameter.type))
    if parameter.default is not None:
        schema["default"] = parameter.default
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.is_required,
        "description": f"{parameter.summary} · {parameter.summary_zh}",
        "schema": schema,
    }
