"""Frames: every type survives its round trip, every field inwards is bounded, faults name their path."""

from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.commands import Action, AnyCommand, Propose
from engine.events import AnyEvent, Refused, Repeated, Traded
from engine.reasons import Reason
from gateway import money_text, wire
from gateway.describe_examples import example
from gateway.money_text import yuan_schema
from gateway.protocol import path_of, request_id_of

INWARD = wire.AnyInward.__args__
OUTWARD = wire.AnyOutward.__args__


REFUSED = example(Refused, reason=Reason.PRICE_OUTSIDE_BAND, figure_a=4_320, figure_b=5_280)
EVENTS = {"events": (example(Traded), REFUSED, example(Repeated, answer=REFUSED))}


@pytest.mark.parametrize("form", wire.Format)
@pytest.mark.parametrize("kind", INWARD, ids=lambda kind: kind.__name__)
def test_inward_frames_round_trip(kind: Any, form: wire.Format) -> None:
    frame = example(kind)
    data = wire.encode(frame, form)
    assert wire.decode_inward(data, form) == frame
    assert b"_fen" not in data


@pytest.mark.parametrize("form", wire.Format)
@pytest.mark.parametrize("kind", OUTWARD, ids=lambda kind: kind.__name__)
def test_outward_frames_round_trip(kind: Any, form: wire.Format) -> None:
    frame = example(kind) if kind is wire.MarketChanged else example(kind, **EVENTS)
    data = wire.encode(frame, form)
    assert wire.decode_outward(data, form) == frame
    assert b"_fen" not in data


@pytest.mark.parametrize("form", wire.Format)
@pytest.mark.parametrize("kind", get_args(AnyCommand), ids=lambda kind: kind.__name__)
def test_every_class_of_commands_travels_as_it_is(kind: Any, form: wire.Format) -> None:
    frame = wire.Submit(id=1, command=example(kind))
    assert wire.decode_inward(wire.encode(frame, form), form) == frame


@pytest.mark.parametrize("form", wire.Format)
@pytest.mark.parametrize("kind", get_args(Action), ids=lambda kind: kind.__name__)
def test_every_action_travels_in_a_proposal(kind: Any, form: wire.Format) -> None:
    frame = wire.Submit(id=1, command=Propose(actions=(example(kind),), reason="演示"))
    assert wire.decode_inward(wire.encode(frame, form), form) == frame


@pytest.mark.parametrize("form", wire.Format)
@pytest.mark.parametrize("kind", get_args(AnyEvent), ids=lambda kind: kind.__name__)
def test_every_event_travels_as_it_is(kind: Any, form: wire.Format) -> None:
    frame = wire.Submitted(id=1, sequence=5, time_ns=5, events=(example(kind),))
    data = wire.encode(frame, form)
    assert wire.decode_outward(data, form) == frame
    assert b"_fen" not in data


def test_a_client_ignores_fields_that_it_does_not_know() -> None:
    frame = wire.decode_outward('{"type":"Beat","sequence":1,"time_ns":2,"later":true}')
    assert frame == wire.Beat(sequence=1, time_ns=2)


@pytest.mark.parametrize("form", wire.Format)
def test_a_frame_of_a_later_protocol_is_told_from_no_frame(form: wire.Format) -> None:
    packed = form is wire.Format.MESSAGEPACK
    write = msgspec.msgpack.encode if packed else msgspec.json.encode
    with pytest.raises(wire.UnknownFrame):
        wire.decode_outward(write({"type": "LaterFrame", "depth": [1]}), form)
    wrong: list[Any] = [{"type": "Beat"}, {"sequence": 1, "time_ns": 2}, [], {"type": 7}]
    for no_frame in wrong:
        with pytest.raises(msgspec.DecodeError) as caught:
            wire.decode_outward(write(no_frame), form)
        assert not isinstance(caught.value, wire.UnknownFrame)


PLACE = (
    '{"type":"Submit","id":5,"command":{"type":"PlaceListing","product":"CEA19-20","side":1,'
    '"price_yuan":"48.00","quantity_t":100,"client_order":1%s}}'
)
PROPOSE = '{"type":"Submit","id":1,"command":{"type":"Propose","reason":"x","actions":%s}}'
FAULTS = [
    ("[", "$"),
    ("nonsense", "$"),
    ("[]", "$"),
    ("{}", "$.type"),
    ('{"type":"Nothing"}', "$.type"),
    ('{"type":"Ping","id":1,"extra":2}', "$.extra"),
    ('{"type":"Ping","id":1}x', "$"),
    ('{"type":"Ping"}', "$.id"),
    ('{"type":"Ping","id":0}', "$.id"),
    ('{"type":"Ping","id":"1"}', "$.id"),
    ('{"type":"Ping","id":true}', "$.id"),
    ('{"type":"Ping","id":NaN}', "$"),
    ('{"type":"Ping","id":1.5}', "$.id"),
    ('{"type":"Ping","id":1%s}' % ("0" * 400), "$.id"),
    (PLACE % ',"owner":3', "$.command.owner"),
    (PLACE.replace("48.00", "0.00") % "", "$.command.price_yuan"),
    (PLACE.replace("48.00", "10000000.01") % "", "$.command.price_yuan"),
    (PLACE.replace('"48.00"', "48.00") % "", "$.command.price_yuan"),
    (PLACE.replace('"48.00"', "4800") % "", "$.command.price_yuan"),
    (PLACE.replace('"48.00"', "null") % "", "$.command.price_yuan"),
    (PLACE.replace('"price_yuan":"48.00"', '"price_fen":4800') % "", "$.command.price_fen"),
    (PLACE.replace('"side":1', '"side":3') % "", "$.command.side"),
    (PLACE.replace("CEA19-20", "cea") % "", "$.command.product"),
    (PLACE.replace("CEA19-20", "CEA19-20\\n") % "", "$.command.product"),
    (PLACE.replace("CEA19-20", "CEA１９") % "", "$.command.product"),
    (
        PLACE.replace('"client_order":1', '"client_order":9223372036854775808') % "",
        "$.command.client_order",
    ),
    (
        '{"type":"Submit","id":1,"command":{"type":"Reject","proposal":1,"reason":"a\\u202eb"}}',
        "$.command.reason",
    ),
    (
        '{"type":"Submit","id":1,"command":{"type":"Reject","proposal":1,"reason":"a\\u0000b"}}',
        "$.command.reason",
    ),
    (
        PROPOSE % "[]",
        "$.command.actions",
    ),
    (
        PROPOSE
        % '[{"type":"SetReferencePrice","product":"A","price_yuan":"0.01","basis":"guess"}]',
        "$.command.actions[0].basis",
    ),
    ('{"type":"Subscribe","id":1,"channel":"everything"}', "$.channel"),
    ('{"type":"Subscribe","id":1,"channel":"market","after":-1}', "$.after"),
    ('{"type":"QueryStatement","id":1,"date":"2021-7-16"}', "$.date"),
    ('{"type":"Login","public_key":"00","time_ns":1,"signature":"00"}', "$.public_key"),
    ('{"type":"Welcome","id":1}', "$.type"),
]


@pytest.mark.parametrize(("text", "path"), FAULTS, ids=[text[:60] for text, _ in FAULTS])
def test_a_fault_names_its_path(text: str, path: str) -> None:
    with pytest.raises(msgspec.DecodeError) as caught:
        wire.decode_inward(text)
    assert path_of(str(caught.value)) == path


def test_deep_nesting_is_refused_and_not_descended() -> None:
    for text in ("[" * 8_000, '{"type":"Ping","id":1,"x":' + "[" * 8_000):
        with pytest.raises((msgspec.DecodeError, RecursionError)):
            wire.decode_inward(text)
        assert request_id_of(text) == 0


def test_the_id_of_a_malformed_frame_is_told_where_it_can_be_read() -> None:
    assert request_id_of('{"type":"Submit","id":41,"command":{"type":"Nothing"}}') == 41
    assert request_id_of('{"id":-4}') == 0
    assert request_id_of("{") == 0


@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda b: b.decode("latin-1")))
def test_any_text_is_a_frame_or_a_decode_error(text: str) -> None:
    problem = ""
    try:
        wire.decode_inward(text)
    except msgspec.DecodeError as error:
        problem = str(error)
    assert path_of(problem).startswith("$")


def unbounded(schema: dict[str, Any], path: str) -> list[str]:
    """Return the places of a JSON schema where a client could send without a bound."""
    if "enum" in schema or "const" in schema or "$ref" in schema:
        return []
    found: list[str] = []
    for name, inner in schema.get("properties", {}).items():
        found += unbounded(inner, f"{path}.{name}")
    for inner in schema.get("anyOf", []):
        found += unbounded(inner, path)
    match schema.get("type"):
        case "integer":
            found += [path] if not {"minimum", "maximum"} <= set(schema) else []
        case "string":
            found += [path] if not {"pattern", "maxLength"} & set(schema) else []
        case "array":
            found += [path] if "maxItems" not in schema else []
            found += unbounded(schema["items"], f"{path}[]")
        case "number":
            found.append(path)
        case _:
            pass
    return found


def test_every_field_inwards_is_bounded_and_unknown_ones_are_refused() -> None:
    schemas, components = msgspec.json.schema_components(
        [wire.INWARD_OUTSIDE], schema_hook=yuan_schema
    )
    assert schemas
    found = []
    for name, schema in components.items():
        found += unbounded(schema, name)
        if schema.get("type") == "object":
            assert schema.get("additionalProperties") is False, name
    assert found == []


def test_money_that_is_remembered_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(money_text, "KNOWN_MAX", 3)
    money_text.yuan_of.clear()  # of all tests before this one
    kind = money_text.yuan_between(0, 500)
    for fen in (*range(8), *range(8)):
        assert money_text.decode_yuan(kind, money_text.yuan_of[fen]) == fen
        assert max(len(kind.known), len(money_text.yuan_of)) <= 3
