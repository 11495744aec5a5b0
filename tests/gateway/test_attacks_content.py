"""Attack table (gateway-notes 2.4), content: what stands in frames that are whole, on a real connection."""

import json
from typing import Any

import msgspec
import pytest

from gateway import wire
from tests.gateway.gateway_world import closing, place, raw, serving, settings
from tests.gateway.raw_socket import BINARY, TEXT, frame, observer, websocket


def text(number: int = 1, **changes: str) -> str:
    """Return a listing as JSON text, with some fields written as given."""
    found: dict[str, Any] = place(number)
    for name in changes:
        found["command"][name] = f"@{name}@"
    written = json.dumps(found)
    for name, value in changes.items():
        written = written.replace(f'"@{name}@"', value)
    return written


NESTED_LIST = "[" * 7_900 + "]" * 7_900
NESTED_OBJECT = '{"a":' * 2_600 + "1" + "}" * 2_600
HUGE = "1" + "0" * 4_000

MALFORMED: dict[str, tuple[str, str]] = {
    "nested list": (NESTED_LIST, "$"),
    "nested object": (NESTED_OBJECT, "$"),
    "nested list in a field": (text(quantity_t="[" * 3_000 + "]" * 3_000), "$.command.quantity_t"),
    "10^4000 tonnes": (text(quantity_t=HUGE), "$.command.quantity_t"),
    "10^4000 yuan": (text(price_yuan=f'"{HUGE}"'), "$.command.price_yuan"),
    "10^4000 as a request's number": ('{"type":"Ping","id":' + HUGE + "}", "$.id"),
    "minus one": (text(quantity_t="-1"), "$.command.quantity_t"),
    "NaN": (text(quantity_t="NaN"), "$"),
    "Infinity": (text(quantity_t="-Infinity"), "$"),
    "1e400": (text(quantity_t="1e400"), "$.command.quantity_t"),
    "a text for a number": (text(quantity_t='"5"'), "$.command.quantity_t"),
    "true for a number": (text(quantity_t="true"), "$.command.quantity_t"),
    "a fraction": (text(quantity_t="5.5"), "$.command.quantity_t"),
    "a number for a price": (text(price_yuan="48.00"), "$.command.price_yuan"),
    "a price with three decimals": (text(price_yuan='"48.001"'), "$.command.price_yuan"),
    "a price with a sign": (text(price_yuan='"+48.00"'), "$.command.price_yuan"),
    "a negative price": (text(price_yuan='"-48.00"'), "$.command.price_yuan"),
    "a price with an exponent": (text(price_yuan='"4.8e1"'), "$.command.price_yuan"),
    "a price with a space": (text(price_yuan='" 48.00"'), "$.command.price_yuan"),
    "a price with a newline behind": (text(price_yuan='"48.00\\n"'), "$.command.price_yuan"),
    "a price in full-width digits": (
        text(price_yuan='"\uff14\uff18.\uff10\uff10"'),
        "$.command.price_yuan",
    ),
    "a price in Arabic digits": (text(price_yuan='"٤٨.٠٠"'), "$.command.price_yuan"),
    "a price with a comma": (text(price_yuan='"4,800.00"'), "$.command.price_yuan"),
    "a product in full-width letters": (text(product='"\uff23\uff25\uff21"'), "$.command.product"),
    "a product with NUL": (text(product='"CEA\\u0000"'), "$.command.product"),
    "a product with a newline": (text(product='"CEA19-20\\n"'), "$.command.product"),
    "a product with a bidi override": (text(product='"\\u202eCEA"'), "$.command.product"),
    "a product of 10,000 letters": (text(product='"' + "A" * 10_000 + '"'), "$.command.product"),
    "an unknown side": (text(side="3"), "$.command.side"),
    "an unknown field": (text(owner="7"), "$.command.owner"),
    "an unknown command": (text(type='"Mint"'), "$.command.type"),
    "a prototype": ('{"type":"Ping","id":1,"__proto__":{}}', "$.__proto__"),
    "trailing bytes": (text() + "x", "$"),
    "two frames in one": (text() + text(), "$"),
    "nothing": ("", "$"),
    "null": ("null", "$"),
    "a byte order mark": ("\ufeff" + text(), "$"),
    "a comment": ("/**/" + text(), "$"),
    "a lone surrogate as an escape": (text(product='"\\ud800"'), "$"),
    "a NUL in the frame": ("\x00", "$"),
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_malformed_content_is_refused_with_its_place(name: str) -> None:
    sent, path = MALFORMED[name]
    async with serving(traders=1) as world, raw(world, world.traders[0]) as client:
        before = world.exchange.sequence
        reply = await client.ask(sent)
        assert (reply["type"], reply["code"], reply["outcome"]) == (
            "Error",
            "MALFORMED",
            "rejected",
        ), reply
        assert reply["path"].startswith(path), reply
        assert len(reply["text"]) < 1_000  # a client's own bytes do not come back by the kilobyte
        assert world.exchange.sequence == before
        assert (await client.ask({"type": "Ping", "id": 9}))["type"] == "Pong"


async def test_texts_for_people_have_no_control_or_direction_characters() -> None:
    async with serving(traders=1) as world, raw(world, world.operators[0]) as client:
        before = world.exchange.sequence
        for bad in ("\x00", "a\nb", "a\u202eb", "a\u2066b", "\x7f", "x" * 201):
            command = {"type": "Halt", "scope": 0, "explanation": bad}
            reply = await client.ask({"type": "Submit", "id": 1, "command": command})
            assert reply["code"] == "MALFORMED", (bad, reply)
        assert world.exchange.sequence == before


async def test_of_a_doubled_field_the_last_counts_and_the_answer_says_which() -> None:
    async with serving(traders=1) as world, raw(world, world.traders[0]) as client:
        sent = text(quantity_t='5,"quantity_t":50')
        (event,) = (await client.ask(sent))["events"]
        assert event["quantity_t"] == 50


async def test_a_binary_frame_where_json_was_agreed_closes() -> None:
    async with serving(traders=1) as world:
        for opening in (websocket, observer):
            async with opening(world) as client:
                await client.send(frame(BINARY, b'{"type":"Ping","id":1}'))
                assert await client.closing() == 1003


async def test_messagepack_is_bounded_like_json() -> None:
    bombs = {
        "nested": b"\x91" * 8_000 + b"\xc0",
        "array claims 2^32": b"\xdd\xff\xff\xff\xff",
        "map claims 2^32": b"\xdf\xff\xff\xff\xff",
        "text claims 2^32": b"\xdb\xff\xff\xff\xffx",
        "extension": b"\xc7\x08\x05" + b"x" * 8,
        "timestamp": b"\xd6\xff\x00\x00\x00\x00",
        "2^64-1": msgspec.msgpack.encode({"type": "Ping", "id": 2**64 - 1}),
        "NaN": msgspec.msgpack.encode({"type": "Ping", "id": float("nan")}),
        "a key that is no text": msgspec.msgpack.encode({1: 2}),
        "invalid UTF-8": b"\x81\xa4type\xa2\xff\xfe",
        "trailing": msgspec.msgpack.encode({"type": "Ping", "id": 1}) + b"\x00",
    }
    formats = [wire.Format.MESSAGEPACK]
    limits = settings(malformed_frames=100)
    async with (
        serving(limits, traders=1) as world,
        raw(world, world.traders[0], subprotocols=formats) as client,
    ):
        before = world.exchange.sequence
        for name, bomb in bombs.items():
            await client.socket.send(bomb)
            reply = await client.take()
            assert reply["code"] == "MALFORMED", (name, reply)
        assert world.exchange.sequence == before
        await client.socket.send(json.dumps(place(1)))  # text where MessagePack was agreed
        assert (await closing(client))[0] == 1003


async def test_a_fragmented_message_is_one_message() -> None:
    async with serving(traders=1) as world, observer(world) as client:
        whole = b'{"type":"Ping","id":7}'
        parts = [whole[place : place + 1] for place in range(len(whole))]
        data = frame(TEXT, parts[0], fin=False)
        data += b"".join(frame(0, part, fin=False) for part in parts[1:-1])
        await client.send(data + frame(0, parts[-1]))
        assert (await client.take_json())["id"] == 7
