"""Frames: every type survives its round trip, every field inwards is bounded, faults name their path."""

from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.commands import Action, AnyCommand, CloseDay, Propose, Side
from engine.events import Refused, Repeated
from engine.reasons import Reason
from gateway import wire
from gateway.protocol import path_of, request_id_of
from tests.gateway.gateway_world import World
from tests.markets import PRODUCT, national
from tests.sample_events import sample as any_sample

INWARD = wire.AnyInward.__args__
OUTWARD = wire.AnyOutward.__args__


def sample(kind: Any, world: World) -> Any:
    """Return a frame of a kind with plausible content."""
    exchange = world.exchange
    applied = world.sequencer.applied[-1]
    refused = Refused(
        sequence=9,
        time_ns=8,
        key=4,
        participant=1,
        client_order=3,
        order=2,
        reason=Reason.PRICE_OUTSIDE_BAND,
        figure_a=4_320,
        figure_b=5_280,
    )
    values: dict[str, Any] = {
        "id": 7,
        "public_key": "0" * 64,
        "signature": "f" * 128,
        "channel": "book:CEA19-20",
        "command": applied.command,
        "events": (*applied.events, refused, Repeated(sequence=9, time_ns=8, answer=refused)),
        "product": PRODUCT,
        "side": Side.SELL,
        "date": "2021-07-16",
        "profile": national(),
        "limits": world_limits(),
        "market": exchange.market(),
        "book": exchange.book(PRODUCT),
        "account": exchange.account(1),
        "quote": exchange.market().products[0],
        "trades": (
            wire.PublicTrade(trade=1, product=PRODUCT, price_fen=1, quantity_t=2, side=Side.BUY),
        ),
        "outcome": "unknown",
        "rows": (),
        "has_more": False,
        "texts": ("价格超出涨跌幅",),
        "language": "zh",
        "client_order": 2**63 - 1,
        "statement": statement(),
    }
    if kind is wire.MarketChanged:
        values["events"] = ()
    fields = msgspec.structs.fields(kind)
    made = {}
    for field in fields:
        if field.name in values:
            made[field.name] = values[field.name]
        elif field.required:
            made[field.name] = "" if field.type is str else 1
    return kind(**made)


def world_limits() -> wire.Limits:
    from gateway.limits import LIMITS

    return LIMITS["trader"]


def statement() -> wire.Statement:
    texts = {"date", "name", "trading_account", "registry_account", "funds_account"}
    values: dict[str, Any] = {
        name: "" if name in texts else 0 for name in wire.Statement.__struct_fields__
    }
    return wire.Statement(**values | {"holdings": (), "trades": ()})


@pytest.fixture(scope="module")
def world() -> World:
    import asyncio

    async def make() -> World:
        made = World()
        made.open()
        made.list(1, Side.SELL, 4_850, 1_000)
        made.pick(2, 1, 400)
        return made

    return asyncio.run(make())


@pytest.mark.parametrize("kind", INWARD, ids=lambda kind: kind.__name__)
def test_inward_frames_round_trip(kind: Any, world: World) -> None:
    frame = sample(kind, world)
    assert wire.decode_inward(wire.encode(frame)) == frame


@pytest.mark.parametrize("kind", OUTWARD, ids=lambda kind: kind.__name__)
def test_outward_frames_round_trip(kind: Any, world: World) -> None:
    frame = sample(kind, world)
    assert wire.decode_outward(wire.encode(frame)) == frame


def test_every_command_travels_in_a_submit(world: World) -> None:
    seen = {type(item.command) for item in world.sequencer.applied}
    assert len(seen) >= 8
    for item in world.sequencer.applied:
        frame = wire.Submit(id=1, command=item.command)
        assert wire.decode_inward(wire.encode(frame)) == frame


NAMED: dict[str, Any] = {
    "product": PRODUCT,
    "members": (2, 3),
    "preferred": (4,),
    "group": "own-friends",
    "terms": "0123456789abcdef",
    "text": "议价",
    "explanation": "演示",
    "reason": "演示",
    "document": "D-1",
    "reference": "R-1",
    "date": "2021-07-16",
    "public_key": "0" * 64,
    "actions": (CloseDay(explanation="演示"),),
}


@pytest.mark.parametrize("kind", get_args(AnyCommand), ids=lambda kind: kind.__name__)
def test_every_class_of_commands_travels_as_it_is(kind: Any) -> None:
    frame = wire.Submit(id=1, command=any_sample(kind, **NAMED))
    assert wire.decode_inward(wire.encode(frame)) == frame


@pytest.mark.parametrize("kind", get_args(Action), ids=lambda kind: kind.__name__)
def test_every_action_travels_in_a_proposal(kind: Any) -> None:
    action = any_sample(kind, **NAMED, compliance_year=2025)
    frame = wire.Submit(id=1, command=Propose(actions=(action,), reason="演示"))
    assert wire.decode_inward(wire.encode(frame)) == frame


def test_a_client_ignores_fields_that_it_does_not_know() -> None:
    frame = wire.decode_outward('{"type":"Beat","sequence":1,"time_ns":2,"later":true}')
    assert frame == wire.Beat(sequence=1, time_ns=2)


PLACE = (
    '{"type":"Submit","id":5,"command":{"type":"PlaceListing","product":"CEA19-20","side":1,'
    '"price_fen":4800,"quantity_t":100,"client_order":1%s}}'
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
    (PLACE.replace("4800", "0") % "", "$.command.price_fen"),
    (PLACE.replace("4800", "1000000001") % "", "$.command.price_fen"),
    (PLACE.replace("4800", "48.00") % "", "$.command.price_fen"),
    (PLACE.replace("4800", "null") % "", "$.command.price_fen"),
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
        PROPOSE % '[{"type":"SetReferencePrice","product":"A","price_fen":1,"basis":"guess"}]',
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
    schemas, components = msgspec.json.schema_components([wire.AnyInward])
    assert schemas
    found = []
    for name, schema in components.items():
        found += unbounded(schema, name)
        if schema.get("type") == "object":
            assert schema.get("additionalProperties") is False, name
    assert found == []
