"""The published schemas say what the decoder does: a foreign validator takes and refuses the same frames."""

import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway import describe, wire
from gateway.describe_asyncapi import make_asyncapi
from gateway.describe_examples import example
from gateway.mirror_routes import ROUTES
from gateway.wire_shapes import Shapes
from tests.gateway.test_wire_bad import VALUES

jsonschema_rs: Any = pytest.importorskip("jsonschema_rs")
META_SCHEMA = os.environ.get("CEAX_ASYNCAPI_SCHEMA", "")
"""Path of `schemas/3.0.0.json` of github.com/asyncapi/spec-json-schemas, where somebody has it."""


def validator(document: dict[str, Any], reference: str) -> Any:
    root = {"$ref": reference, "components": document["components"]}
    return jsonschema_rs.validator_for(root)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return make_asyncapi()


@pytest.mark.parametrize(
    "kind", [*describe.INWARD, *describe.OUTWARD], ids=lambda kind: kind.__name__
)
def test_a_frame_as_it_travels_is_valid(kind: type, document: dict[str, Any]) -> None:
    check = validator(document, f"#/components/schemas/{kind.__name__}")
    assert check.is_valid(json.loads(wire.encode(example(kind))))


@pytest.mark.parametrize("kind", describe.COMMANDS, ids=lambda kind: kind.__name__)
def test_a_command_as_it_travels_is_valid(kind: Any, document: dict[str, Any]) -> None:
    check = validator(document, "#/components/schemas/Submit")
    frame = wire.Submit(id=1, command=example(kind))
    assert check.is_valid(json.loads(wire.encode(frame)))


def test_what_the_decoder_refuses_the_schema_refuses_too(document: dict[str, Any]) -> None:
    check = validator(document, "#/components/schemas/Submit")
    # A schema cannot bound money: it is text there. Its bounds stand in words.
    beyond = ["0.00", "10000000.01", "92233720368547758.08"]
    refused = 0
    for frame, path in VALUES:
        if path.startswith("$.command.") and frame["command"].get("price_yuan") not in beyond:
            assert not check.is_valid(frame), frame
            refused += 1
    assert refused > 40


def test_a_client_is_told_to_ignore_what_it_does_not_know(document: dict[str, Any]) -> None:
    for kind in describe.OUTWARD:
        check = validator(document, f"#/components/schemas/{kind.__name__}")
        frame = json.loads(wire.encode(example(kind)))
        assert check.is_valid(frame | {"later": 1}), kind
        later = wire.decode_outward(json.dumps(frame | {"later": 1}))
        assert later == example(kind)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_an_answer_of_the_mirror_as_it_travels_is_valid(route: Any) -> None:
    from gateway.describe_openapi import make_openapi

    check = validator(make_openapi(), f"#/components/schemas/{route.reply.__name__}")
    made = example(route.reply)
    assert check.is_valid(json.loads(wire.encode(made)))
    outside = Shapes(is_lenient=True).of(route.reply)
    assert "_fen" not in str(msgspec.structs.fields(outside))


@pytest.mark.skipif(not META_SCHEMA, reason="CEAX_ASYNCAPI_SCHEMA names no schema of AsyncAPI")
def test_the_document_is_asyncapi(document: dict[str, Any]) -> None:
    schema = json.loads(Path(META_SCHEMA).read_text(encoding="utf-8"))
    errors = list(jsonschema_rs.validator_for(schema).iter_errors(document))
    assert not errors, errors[:3]
