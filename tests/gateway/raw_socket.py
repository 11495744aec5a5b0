"""A websocket client without any manners: bytes on a TCP socket, for what no library would send."""

import asyncio
import base64
import contextlib
import json
import os
import socket
import struct
from collections.abc import AsyncIterator
from typing import Any, Final

from tests.gateway.gateway_world import World

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
CONTINUATION: Final = 0
CUT: Final = -1
"""What `closing` returns where the connection ended without a close frame."""


def frame(
    opcode: int,
    data: bytes = b"",
    *,
    fin: bool = True,
    rsv: int = 0,
    mask: bool = True,
    length: int | None = None,
) -> bytes:
    """Return a frame; `length` is what its header claims, where that is not the truth."""
    claimed = len(data) if length is None else length
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    flag = 0x80 if mask else 0
    if claimed < 126:
        head = bytes((first, flag | claimed))
    elif claimed < 65_536:
        head = bytes((first, flag | 126)) + struct.pack("!H", claimed)
    else:
        head = bytes((first, flag | 127)) + struct.pack("!Q", claimed)
    if not mask:
        return head + data
    key = os.urandom(4)
    return head + key + bytes(byte ^ key[place % 4] for place, byte in enumerate(data))


class RawSocket:
    """One TCP connection that has done the HTTP part and nothing else."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()

    async def take(self) -> tuple[int, bytes]:
        """Return opcode and payload of the next frame; CUT where the connection has ended."""
        try:
            async with asyncio.timeout(60):
                first, second = await self.reader.readexactly(2)
                length = second & 0x7F
                if length == 126:
                    (length,) = struct.unpack("!H", await self.reader.readexactly(2))
                elif length == 127:
                    (length,) = struct.unpack("!Q", await self.reader.readexactly(8))
                return first & 0x0F, await self.reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return CUT, b""

    async def take_json(self) -> dict[str, Any]:
        """Return the next text frame that is not a beat."""
        while True:
            opcode, data = await self.take()
            if opcode == PING:
                await self.send(frame(PONG, data))
                continue
            assert opcode == TEXT, (opcode, data)
            found: dict[str, Any] = json.loads(data)
            if found["type"] not in {"Beat", "StatusChanged"}:
                return found

    async def closing(self) -> int:
        """Return the code of the close frame that must come, CUT where there is none."""
        while True:
            opcode, data = await self.take()
            if opcode == CUT:
                return CUT
            if opcode == CLOSE:
                return int.from_bytes(data[:2], "big")


def upgrade(world: World, **headers: str) -> bytes:
    """Return the HTTP request of a websocket client."""
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        "GET / HTTP/1.1",
        f"Host: 127.0.0.1:{world.server.port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        *(f"{name.replace('_', '-')}: {text}" for name, text in headers.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@contextlib.asynccontextmanager
async def tcp(world: World, receive_bytes: int = 0, **options: Any) -> AsyncIterator[RawSocket]:
    """Yield a TCP connection to the gateway on which nothing was said yet.

    With `receive_bytes` the kernel keeps little for a client that does not read.
    """
    link = socket.socket()
    if receive_bytes:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    link.setblocking(False)
    await asyncio.get_running_loop().sock_connect(link, ("127.0.0.1", world.server.port))
    reader, writer = await asyncio.open_connection(sock=link, **options)
    try:
        yield RawSocket(reader, writer)
    finally:
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


@contextlib.asynccontextmanager
async def websocket(
    world: World, receive_bytes: int = 0, **headers: str
) -> AsyncIterator[RawSocket]:
    """Yield a connection after its HTTP part and the Hello."""
    async with tcp(world, receive_bytes) as client:
        await client.send(upgrade(world, **headers))
        head = await client.reader.readuntil(b"\r\n\r\n")
        assert b" 101 " in head.splitlines()[0], head
        assert (await client.take_json())["type"] == "Hello"
        yield client


@contextlib.asynccontextmanager
async def observer(world: World, receive_bytes: int = 0) -> AsyncIterator[RawSocket]:
    """Yield a connection that has logged in without a key."""
    async with websocket(world, receive_bytes) as client:
        await client.send(frame(TEXT, b'{"type":"Observe"}'))
        assert (await client.take_json())["type"] == "Welcome"
        yield client
