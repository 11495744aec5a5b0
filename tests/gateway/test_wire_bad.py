"""Bad frames in both formats: refused with the path of the offending field, never another error."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.commands import PlaceListing
from gateway import wire
from gateway.describe_examples import example
from gateway.describe_vectors import REFUSED_MONEY
from gateway.protocol import path_of, request_id_of
from gateway.wire import Format

SUBMIT = wire.Submit(id=7, command=example(PlaceListing))
GOOD: dict[str, Any] = json.loads(wire.encode(SUBMIT))
PRICE = "$.command.price_yuan"


def changed(**changes: Any) -> dict[str, Any]:
    """Return the good frame with changes of its command."""
    return GOOD | {"command": GOOD["command"] | changes}


def written(frame: Any, form: Format) -> bytes:
    if form is Format.MESSAGEPACK:
        return msgspec.msgpack.encode(frame)
    return json.dumps(frame, ensure_ascii=False).encode("utf-8", "surrogatepass")


def fault_path(data: bytes | str, form: Format) -> str:
    """Return the path of the fault that a frame must be refused with."""
    with pytest.raises((msgspec.DecodeError, RecursionError)) as caught:
        wire.decode_inward(data, form)
    return path_of(str(caught.value))


NO_TEXTS: tuple[Any, ...] = (98, 98.5, None, True, [], {}, ["98.50"])
VALUES: list[tuple[dict[str, Any], str]] = [
    *((changed(price_yuan=text), PRICE) for text in REFUSED_MONEY),
    *((changed(price_yuan=text), PRICE) for text in ("-98.50", "0.00", "10000000.01", "9" * 5_000)),
    *((changed(price_yuan=value), PRICE) for value in NO_TEXTS),
    (changed(price_yuan={"price_yuan": "98.50"}), PRICE),
    (changed(quantity_t=100.5), "$.command.quantity_t"),
    (changed(quantity_t="100"), "$.command.quantity_t"),
    (changed(quantity_t="１００"), "$.command.quantity_t"),
    (changed(quantity_t=10**9 + 1), "$.command.quantity_t"),
    (changed(quantity_t=-1), "$.command.quantity_t"),
    (changed(quantity_t=2**64 - 1), "$.command.quantity_t"),
    (changed(client_order=2**63), "$.command.client_order"),
    (changed(side=0), "$.command.side"),
    (changed(side="BUY"), "$.command.side"),
    (changed(product="CEA24\u0000"), "$.command.product"),
    (changed(product="ＣＥＡ２４"), "$.command.product"),
    (changed(product="C\u202eEA"), "$.command.product"),
    (changed(product="C" * 5_000), "$.command.product"),
    (changed(product=""), "$.command.product"),
    (changed(participant=4), "$.command.participant"),
    (changed(price_fen=9_850), "$.command.price_fen"),
    (changed(type="PlaceListin"), "$.command.type"),
    (changed(type="Submit"), "$.command.type"),
    (changed(type=7), "$.command.type"),
    (changed(type="OpenDay "), "$.command.type"),
    (GOOD | {"type": "Welcome"}, "$.type"),
    (GOOD | {"type": ""}, "$.type"),
    (GOOD | {"id": 0}, "$.id"),
    (GOOD | {"id": 2**53}, "$.id"),
    (GOOD | {"id": None}, "$.id"),
    (GOOD | {"note": "x" * 100}, "$.note"),
    ({"id": 7}, "$.type"),
]


@pytest.mark.parametrize("form", Format)
@pytest.mark.parametrize(("frame", "path"), VALUES, ids=lambda value: repr(value)[-60:])
def test_a_bad_value_is_refused_with_its_path(
    frame: dict[str, Any], path: str, form: Format
) -> None:
    data = written(frame, form)
    assert fault_path(data, form) == path
    assert request_id_of(data, form) in (0, 7)


@pytest.mark.parametrize("form", Format)
def test_an_item_of_a_batch_is_named(form: Format) -> None:
    item = {
        "product": "CEA24",
        "side": 1,
        "price_yuan": "98.50",
        "quantity_t": 1,
        "client_order": 5,
    }
    orders = [item | {"client_order": number} for number in range(1, 21)]
    good = {"type": "Submit", "id": 1, "command": {"type": "PlaceListings", "orders": orders}}
    assert wire.decode_inward(written(good, form), form).id == 1  # type: ignore[union-attr]
    orders[19] = item | {"price_yuan": "98.505"}
    assert fault_path(written(good, form), form) == "$.command.orders[19].price_yuan"
    orders[19:] = [item, item]
    assert fault_path(written(good, form), form) == "$.command.orders"


TEXT = wire.encode(SUBMIT).decode()
TEXTS: list[tuple[str, str]] = [
    ("", "$"),
    (" ", "$"),
    ("\ufeff" + TEXT, "$"),
    (TEXT + TEXT, "$"),
    (TEXT + "\u0000", "$"),
    (TEXT[:-1], "$"),
    (TEXT.replace('"', "'"), "$"),
    (TEXT.replace("100", "NaN"), "$.command.quantity_t"),
    (TEXT.replace("100", "Infinity"), "$.command.quantity_t"),
    (TEXT.replace("100", "-Infinity"), "$.command.quantity_t"),
    (TEXT.replace(":100", ":1e400"), "$.command.quantity_t"),
    (TEXT.replace(":100", ":1e2147483648"), "$.command.quantity_t"),
    (TEXT.replace(":100", ":0100"), "$.command.quantity_t"),
    (TEXT.replace(":100", ":+100"), "$.command.quantity_t"),
    (TEXT.replace(":100", ":1" + "0" * 9_000), "$.command.quantity_t"),
    (TEXT.replace('"98.50"', "1" + "0" * 9_000), PRICE),
    (TEXT.replace('"98.50"', "1e400"), PRICE),
    (TEXT.replace('"98.50"', "NaN"), PRICE),
    (TEXT.replace('"98.50"', '"98.50\\ud800"'), PRICE),
    (TEXT.replace('"98.50"', '"\\uff19\\uff18.50"'), PRICE),
    (TEXT.replace('"98.50"', '"98.50\\u0000"'), PRICE),
    (TEXT.replace("CEA24", "\\ud83d"), "$.command.product"),
    (TEXT.replace("CEA24", "CEA\n24"), "$.command.product"),
    (TEXT.replace('"98.50"', "[" * 8_000), PRICE),
    (TEXT.replace('"98.50"', '{"a":' * 2_000), PRICE),
]


@pytest.mark.parametrize(("text", "path"), TEXTS, ids=[text[-50:] for text, _ in TEXTS])
def test_a_bad_text_is_refused(text: str, path: str) -> None:
    # A text that breaks JSON itself has no field to be blamed; one with a bad value has.
    assert fault_path(text, Format.JSON) in ("$", path)


def test_of_a_doubled_name_the_last_value_counts_in_both_formats() -> None:
    text = TEXT.replace('"quantity_t":100', '"quantity_t":7,"quantity_t":100')
    assert wire.decode_inward(text) == SUBMIT
    packed = wire.encode(SUBMIT, Format.MESSAGEPACK)
    twice = packed.replace(b"\xaaquantity_t\x64", b"\xaaquantity_t\x07\xaaquantity_t\x64")
    assert twice != packed
    grown = twice.replace(b"\x86\xa4type\xacPlace", b"\x87\xa4type\xacPlace")
    assert wire.decode_inward(grown, Format.MESSAGEPACK) == SUBMIT


PACKED = wire.encode(SUBMIT, Format.MESSAGEPACK)
BINARY = [
    b"",
    b"\xc1",
    b"\xdd\xff\xff\xff\xff",
    b"\xdf\xff\xff\xff\xff",
    b"\xdb\xff\xff\xff\xff",
    b"\xc6\xff\xff\xff\xff",
    b"\x91" * 8_000,
    b"\x81\xa1a" * 4_000,
    PACKED + b"\xc0",
    PACKED.replace(b"\xa598.50", b"\xc4\x0598.50"),
    PACKED.replace(b"\xa598.50", b"\xa5\xff8.50"),
    PACKED.replace(b"\xa598.50", b"\xc7\x05\x0198.50"),
    PACKED.replace(b"\xa598.50", b"\xd6\xff\x00\x00\x00\x01"),
    PACKED.replace(b"\xa598.50", b"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00"),
    PACKED.replace(b"\xa598.50", b"\xcf" + b"\xff" * 8),
    PACKED.replace(b"\xa598.50", b"\x91" * 8_000),
    PACKED.replace(b"\xa5CEA24", b"\xa5\xed\xa0\x8024"),
    b"\x81\x01\x02",
]


@pytest.mark.parametrize("data", BINARY, ids=range(len(BINARY)))
def test_a_bad_binary_frame_is_refused(data: bytes) -> None:
    assert data != PACKED
    assert fault_path(data, Format.MESSAGEPACK).startswith("$")
    assert request_id_of(data, Format.MESSAGEPACK) in (0, 7)


@pytest.mark.parametrize("form", Format)
def test_a_frame_cut_short_anywhere_is_refused(form: Format) -> None:
    data = wire.encode(SUBMIT, form)
    assert {fault_path(data[:end], form) != "" for end in range(len(data))} == {True}


@pytest.mark.parametrize("form", Format)
@given(place=st.integers(0, 10_000), value=st.integers(0, 255), more=st.binary(max_size=8))
def test_a_damaged_frame_is_a_frame_or_a_decode_error(
    form: Format, place: int, value: int, more: bytes
) -> None:
    data = bytearray(wire.encode(SUBMIT, form))
    place %= len(data)
    data[place : place + 1] = bytes([value]) + more
    problem = ""
    try:
        wire.decode_inward(bytes(data), form)
    except (msgspec.DecodeError, RecursionError) as error:
        problem = str(error)
    assert path_of(problem).startswith("$")


@given(data=st.binary(max_size=300))
def test_any_bytes_are_a_frame_or_a_decode_error(data: bytes) -> None:
    for form in Format:
        problem = ""
        try:
            wire.decode_inward(data, form)
        except (msgspec.DecodeError, RecursionError) as error:
            problem = str(error)
        assert path_of(problem).startswith("$")
