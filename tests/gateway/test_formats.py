"""JSON and MessagePack on one gateway: agreed by subprotocol, same frames, same faults."""

from typing import Any

import msgspec
import pytest
import websockets
from websockets.exceptions import InvalidStatus

from engine.commands import Side
from gateway import wire
from tests.gateway.gateway_world import closing, place, raw, serving
from tests.markets import PRODUCT

PACKED = wire.Format.MESSAGEPACK
TIMES = ("received_ns", "sent_ns")


def plain(frame: dict[str, Any]) -> dict[str, Any]:
    """Return a frame without what differs from one connection to the next."""
    return {name: value for name, value in frame.items() if name not in TIMES}


@pytest.mark.parametrize("form", wire.Format)
async def test_the_subprotocol_decides_the_format(form: wire.Format) -> None:
    async with serving() as world, raw(world, world.traders[0], subprotocols=[form]) as client:
        assert client.socket.subprotocol == form.value
        assert client.is_packed == (form is PACKED)
        reply = await client.ask(place(1))
        assert reply["type"] == "Submitted"
        assert reply["events"][0]["price_yuan"] == "48.00"


async def test_without_a_subprotocol_frames_are_json() -> None:
    async with serving() as world, raw(world) as client:
        assert client.socket.subprotocol is None
        assert (await client.ask({"type": "Observe"}))["type"] == "Welcome"


async def test_the_first_format_that_both_speak_is_taken() -> None:
    async with (
        serving() as world,
        raw(world, subprotocols=["mqtt", PACKED, "ceax.json.v1"]) as client,
    ):
        assert client.socket.subprotocol == PACKED.value


async def test_a_client_that_speaks_neither_is_refused() -> None:
    async with serving() as world:
        with pytest.raises(InvalidStatus) as caught:
            await websockets.connect(world.server.url, proxy=None, subprotocols=["ceax.xml.v1"])  # type: ignore[list-item]
        assert caught.value.response.status_code == 400


async def test_hello_tells_version_formats_and_that_it_is_a_demonstration() -> None:
    async with serving() as world:
        url = world.server.url
        async with websockets.connect(url, proxy=None) as socket:
            hello = wire.decode_outward(await socket.recv())
        assert isinstance(hello, wire.Hello)
        assert hello.version == wire.PROTOCOL_VERSION
        assert hello.formats == ("ceax.json.v1", "ceax.msgpack.v1")
        assert "演示/仿真" in hello.notice


async def test_readers_of_both_formats_see_the_same_frames() -> None:
    seen: dict[wire.Format, list[dict[str, Any]]] = {}
    async with serving() as world:
        world.list(1, Side.SELL, 4_850, 1_000)
        last = world.pick(2, 1, 400).sequence
        for form in wire.Format:
            async with raw(world, world.traders[0], subprotocols=[form]) as client:
                frames = seen[form] = []
                for number, channel in enumerate(("private", "trades", f"book:{PRODUCT}"), 1):
                    ask = {"type": "Subscribe", "id": number, "channel": channel}
                    await client.send(ask if ":" in channel else ask | {"after": 0})
                told = {"PrivateEvents": 0, "TradesPrinted": 0, "BookSnapshot": 0}
                while min(told.values()) < last:
                    frame = await client.take()
                    frames.append(plain(frame))
                    if frame["type"] in told:
                        told[frame["type"]] = frame["sequence"]
    assert seen[wire.Format.JSON] == seen[PACKED]
    assert "48.50" in repr(seen[PACKED])


@pytest.mark.parametrize("form", wire.Format)
async def test_a_frame_of_the_other_kind_closes_the_connection(form: wire.Format) -> None:
    async with serving() as world, raw(world, world.traders[0], subprotocols=[form]) as client:
        wrong = '{"type":"Ping","id":1}' if form is PACKED else b"\x82"
        await client.socket.send(wrong)
        code, reason = await closing(client)
        assert code == 1003
        assert ("MessagePack" if form is PACKED else "JSON") in reason


@pytest.mark.parametrize("form", wire.Format)
async def test_a_malformed_frame_is_told_with_id_and_path(form: wire.Format) -> None:
    async with serving() as world, raw(world, world.traders[0], subprotocols=[form]) as client:
        fault = await client.ask(place(3, price_yuan="48"))
        assert (fault["type"], fault["id"], fault["code"]) == ("Error", 3, "MALFORMED")
        assert fault["path"] == "$.command.price_yuan"
        assert (fault["number"], fault["outcome"], fault["retry"]) == (2001, "rejected", "never")
        assert (await client.ask(place(3)))["type"] == "Submitted"


async def test_a_binary_text_that_is_no_utf8_is_a_fault_and_not_the_end() -> None:
    async with serving() as world, raw(world, world.traders[0], subprotocols=[PACKED]) as client:
        good = msgspec.msgpack.encode(place(5))
        bad = good.replace(PRODUCT.encode(), b"\xff" + PRODUCT.encode()[1:])
        assert bad != good
        await client.socket.send(bad)
        assert (await client.take())["code"] == "MALFORMED"
        await client.socket.send(good)
        assert (await client.take())["type"] == "Submitted"


async def test_a_binary_frame_past_the_limit_is_told() -> None:
    async with serving() as world, raw(world, world.traders[0], subprotocols=[PACKED]) as client:
        most = world.server.settings.of("trader").frame_bytes
        await client.socket.send(b"\xc4" * (most + 1))
        assert (await client.take())["code"] == "FRAME_TOO_LARGE"
        assert (await client.ask(place(1)))["type"] == "Submitted"


@pytest.mark.parametrize("form", wire.Format)
async def test_every_reply_has_id_times_and_sequence(form: wire.Format) -> None:
    async with serving() as world, raw(world, world.traders[0], subprotocols=[form]) as client:
        asked = [
            place(11),
            {"type": "Ping", "id": 12},
            {"type": "QueryOrders", "id": 13},
            {"type": "Subscribe", "id": 14, "channel": "trades"},
            {"type": "Unsubscribe", "id": 15, "channel": "trades"},
            {"type": "AdvanceClock", "id": 16, "to_time_ns": 1},
            {"type": "QueryBook", "id": 17, "product": "NOTHING"},
        ]
        last_ns = 0
        for frame in asked:
            reply = await client.ask(frame)
            assert reply["id"] == frame["id"]
            assert last_ns < reply["received_ns"] <= reply["sent_ns"]
            assert reply["sequence"] == world.exchange.sequence
            last_ns = reply["sent_ns"]
        asked_for = await client.ask({"type": "FindOrder", "id": 18, "client_order": 999})
        assert asked_for["sequence"] == 0  # the exchange never took it up
