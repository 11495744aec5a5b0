"""Frames that the gate cuts out by itself, and those that it leaves to the parser: no difference is seen."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from websockets.asyncio.server import ServerConnection, serve

from gateway import framing
from gateway.gate import FRAGMENTS_MAX, Gate
from gateway.limits import Settings
from gateway.server import socket_options
from tests.gateway.gateway_world import settings

MASK = b"\x11\x22\x33\x44"
CONT, PLAIN, TEXT, PING, CLOSE = 0x80, 0x01, 0x81, 0x89, 0x88
REQUEST = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def frame(payload: bytes, first: int = TEXT) -> bytes:
    size = len(payload)
    head = bytes((first, 0x80 | size)) if size < 126 else bytes((first, 0xFE)) + size.to_bytes(2)
    return head + MASK + bytes(byte ^ MASK[place % 4] for place, byte in enumerate(payload))


class Peer:
    """A client of bytes: what it gets are pairs of first byte and payload."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def take(self) -> tuple[int, bytes]:
        async with asyncio.timeout(60):
            first, size = await self.reader.readexactly(2)
            if size == 126:
                size = int.from_bytes(await self.reader.readexactly(2))
            return first, await self.reader.readexactly(size)


@contextlib.asynccontextmanager
async def echo(
    limits: Settings | None = None, head: bytes = b""
) -> AsyncIterator[tuple[Peer, Gate]]:
    """Yield a peer of a gate that gives every message back; `head` goes out with the request."""
    gates: asyncio.Queue[Gate] = asyncio.Queue()

    async def handle(socket: ServerConnection) -> None:
        assert isinstance(socket, Gate)
        while socket.has_messages:  # what came with the request
            back(socket, await socket.recv())
        socket.listen(lambda message: back(socket, message))
        gates.put_nowait(socket)
        await socket.wait_closed()

    def back(gate: Gate, message: str | bytes) -> None:
        gate.push(message.encode() if isinstance(message, str) else message)

    options = socket_options(limits or settings())
    async with serve(handle, "127.0.0.1", 0, **options) as server:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(REQUEST + head)
        await reader.readuntil(b"\r\n\r\n")
        yield Peer(reader, writer), await gates.get()
        writer.close()


MESSAGES = (b"a", b"x" * 125, b"y" * 126, b"z" * 3_000, "价格 98.50".encode(), b"")


@pytest.mark.parametrize("step", [1, 2, 3, 7, 100, 10_000])
async def test_messages_come_whole_whatever_the_packets_are(step: int) -> None:
    stream = b"".join(frame(message) for message in MESSAGES)
    async with echo() as (peer, gate):
        for start in range(0, len(stream), step):
            gate.data_received(stream[start : start + step])
        for message in MESSAGES:
            assert await peer.take() == (TEXT, message)


async def test_what_is_not_plain_goes_through_the_parser_in_order() -> None:
    stream = (
        frame(b"one")
        + frame(b"ping", PING)
        + frame(b"two, ", PLAIN)
        + frame(b"ping inside", PING)
        + frame("又一".encode(), CONT)
        + frame(b"three")
    )
    async with echo() as (peer, _):
        await peer.send(stream)
        got = [await peer.take() for _ in range(5)]
    assert [item for item in got if item[0] == 0x8A] == [(0x8A, b"ping"), (0x8A, b"ping inside")]
    assert [text.decode() for first, text in got if first == TEXT] == ["one", "two, 又一", "three"]


async def test_frames_behind_the_request_in_one_packet_are_not_lost() -> None:
    async with echo(head=frame(b"early") + frame(b"half")[:4]) as (peer, _):
        await peer.send(frame(b"half")[4:] + frame(b"late"))
        assert [(await peer.take())[1] for _ in range(3)] == [b"early", b"half", b"late"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (frame(b"\xff\xfe"), 1007),
        (frame(b"\xff", PLAIN) + frame(b"", CONT), 1007),
        (b"\x81\x03abc", 1002),
        (frame(b"x", 0xC1), 1002),
        (frame(b"x", 0x83), 1002),
        (frame(b"x", CONT), 1002),
        (frame(b"a", PLAIN) + frame(b"b"), 1002),
        (b"\x81\xff" + (2**40).to_bytes(8) + MASK, 1009),
        (frame(b"x" * 40_000), 1009),
        (frame(b"", PLAIN) + frame(b"", 0x00) * FRAGMENTS_MAX, 1009),
        (frame((1000).to_bytes(2) + b"bye", CLOSE), 1000),
    ],
)
async def test_what_is_wrong_is_closed_as_the_parser_does(data: bytes, code: int) -> None:
    limits = settings(bytes_per_second=10**9, bytes_burst=10**9)
    async with echo(limits) as (peer, _):
        await peer.send(frame(b"first") + data + frame(b"never"))
        assert await peer.take() == (TEXT, b"first")
        first, reason = await peer.take()
        assert (first, int.from_bytes(reason[:2])) == (CLOSE, code)


async def test_a_closing_frame_in_two_halves_is_understood() -> None:
    end = frame((1000).to_bytes(2), CLOSE)
    async with echo() as (peer, gate):
        await peer.send(end[:3])
        closing = asyncio.create_task(gate.close(1001, "going"))
        assert (await peer.take())[0] == CLOSE
        await peer.send(end[3:])
        async with asyncio.timeout(60):
            assert await peer.reader.read() == b""
        peer.writer.close()
        await closing
        assert gate.close_code == 1000  # what the halves say


async def test_what_is_held_is_given_later_and_in_order() -> None:
    async with echo() as (peer, gate):
        gate.hold()
        gate.data_received(frame(b"one") + frame(b"two") + frame(b"three")[:5])
        assert gate.frames_out == 0
        gate.release()
        gate.data_received(frame(b"three")[5:])
        assert [(await peer.take())[1] for _ in range(3)] == [b"one", b"two", b"three"]


def test_heads_name_the_size() -> None:
    assert framing.head(framing.TEXT, 125) == b"\x81\x7d"
    assert framing.head(framing.BINARY, 126) == b"\x82\x7e\x00\x7e"
    assert framing.head(framing.TEXT, 65_536) == b"\x81\x7f" + (65_536).to_bytes(8)
