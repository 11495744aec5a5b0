"""Attack table (gateway-notes 2.4), frames: each case on a raw socket, before and after the login.

After each case the gateway serves the next client, the log has not moved and nothing was kept.
"""

import asyncio
import tracemalloc
from collections.abc import Iterator

import pytest

from tests.gateway.gateway_world import World, eventually, raw, serving, settings
from tests.gateway.raw_socket import (
    BINARY,
    CLOSE,
    CONTINUATION,
    CUT,
    PING,
    TEXT,
    RawSocket,
    frame,
    observer,
    tcp,
    upgrade,
    websocket,
)

MIB = 1024 * 1024
FRAME_MAX = 2 * 16 * 1024
"""Bytes past which a frame is not even read: twice the limit, the first half is told politely."""

CASES: dict[str, tuple[bytes, set[int]]] = {
    "frame past the limit": (frame(TEXT, b"", length=FRAME_MAX + 1), {1009}),
    "header claims 2^40 bytes": (frame(TEXT, b"x" * 100, length=2**40), {1009}),
    "header claims 2^63 bytes": (frame(TEXT, b"", length=2**63), {1002, 1009}),
    "binary header claims 2^40 bytes": (frame(BINARY, b"", length=2**40), {1009}),
    "fragments sum past the limit": (
        frame(TEXT, b"x" * 16_000, fin=False)
        + frame(CONTINUATION, b"x" * 16_000, fin=False)
        + frame(CONTINUATION, b"x" * 16_000, fin=False),
        {1009},
    ),
    "invalid UTF-8": (frame(TEXT, b'{"type":"\xff\xfe"}'), {1007}),
    "lone surrogate": (frame(TEXT, b"\xed\xa0\x80"), {1007}),
    "overlong UTF-8": (frame(TEXT, b"\xc0\xaf"), {1007}),
    "UTF-8 that ends in the middle": (frame(TEXT, b"\xe6\xbc"), {1007}),
    "unmasked frame": (frame(TEXT, b"{}", mask=False), {1002}),
    "reserved opcode 3": (frame(3, b"{}"), {1002}),
    "reserved opcode 11": (frame(11), {1002}),
    "RSV1, a compressed frame": (frame(TEXT, b"\xaa\x56\x2a\x00", rsv=4), {1002}),
    "RSV2": (frame(TEXT, b"{}", rsv=2), {1002}),
    "RSV3": (frame(TEXT, b"{}", rsv=1), {1002}),
    "ping of 126 bytes": (frame(PING, b"x" * 126), {1002}),
    "fragmented ping": (frame(PING, b"x", fin=False), {1002}),
    "stray continuation": (frame(CONTINUATION, b"x"), {1002}),
    "text inside a fragmented message": (
        frame(TEXT, b"{", fin=False) + frame(TEXT, b"{}"),
        {1002},
    ),
    "close code 1005": (frame(CLOSE, b"\x03\xed"), {1002}),
    "close code 999": (frame(CLOSE, b"\x03\xe7"), {1002}),
    "close code 65535": (frame(CLOSE, b"\xff\xff"), {1002}),
    "close of one byte": (frame(CLOSE, b"\x03"), {1002}),
    "close with invalid UTF-8": (frame(CLOSE, b"\x03\xe8\xff"), {1002, 1007}),
    "close of 126 bytes": (frame(CLOSE, b"\x03\xe8" + b"x" * 124), {1002}),
}


async def check_unharmed(world: World, sequence: int) -> None:
    """Prove that the next client is served and nothing is left of the last one."""
    await eventually(lambda: not world.server.connections)
    async with raw(world, world.traders[0]) as client:
        assert (await client.ask({"type": "Ping", "id": 1}))["type"] == "Pong"
    assert world.exchange.sequence == sequence
    await eventually(lambda: not world.server.connections)
    assert not world.server._addresses


@pytest.mark.parametrize("name", CASES)
async def test_a_broken_frame_ends_its_connection_and_nothing_else(name: str) -> None:
    data, codes = CASES[name]
    async with serving(traders=1) as world:
        sequence = world.exchange.sequence
        for opening in (websocket, observer):
            async with opening(world) as client:
                await client.send(data)
                assert await client.closing() in codes, name
        await check_unharmed(world, sequence)


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


async def peak_of(sending: RawSocket, chunks: list[bytes]) -> int:
    """Return the most bytes that came into being while chunks were sent until the end."""
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    try:
        for chunk in chunks:
            await sending.send(chunk)
    except ConnectionError:
        pass
    await sending.closing()
    return tracemalloc.get_traced_memory()[1] - before


@pytest.mark.usefixtures("traced")
async def test_what_a_header_claims_costs_no_memory() -> None:
    async with serving(traders=1) as world, observer(world) as client:
        claimed = frame(TEXT, b"", length=2**40)
        assert await peak_of(client, [claimed, *[b"x" * 65_536] * 16]) < MIB


@pytest.mark.usefixtures("traced")
async def test_endless_empty_fragments_cost_no_memory() -> None:
    async with serving(settings(bytes_burst=10**9), traders=1) as world, observer(world) as client:
        chunk = frame(CONTINUATION, b"", fin=False) * 2_000
        chunks = [frame(TEXT, b"", fin=False), *[chunk] * 100]
        assert await peak_of(client, chunks) < 4 * MIB


async def test_endless_empty_fragments_end_the_connection() -> None:
    async with serving(settings(bytes_burst=10**9), traders=1) as world, observer(world) as client:
        sequence = world.exchange.sequence
        await client.send(frame(TEXT, b"", fin=False))
        ended = asyncio.create_task(client.closing())
        chunk = frame(CONTINUATION, b"", fin=False) * 1_000
        for _ in range(200):
            if ended.done():
                break
            try:
                await client.send(chunk)
            except ConnectionError:
                break
        assert await ended in {1009, CUT}
        await check_unharmed(world, sequence)


async def test_compression_is_offered_in_vain() -> None:
    async with serving(traders=1) as world, tcp(world) as client:
        offer = "permessage-deflate; client_max_window_bits"
        await client.send(upgrade(world, Sec_WebSocket_Extensions=offer))
        head = (await client.reader.readuntil(b"\r\n\r\n")).lower()
        assert b" 101 " in head.splitlines()[0]
        assert b"sec-websocket-extensions" not in head
        # A bomb of 10 MB in 10 kB is a frame with a reserved bit, and no more.
        await client.send(frame(TEXT, b"\x00" * 9_700, rsv=4))
        assert await client.closing() == 1002
