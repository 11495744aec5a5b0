"""A websocket as cheap as Python has it: the load must cost less than the server that it measures.

Frames are masked with zeroes, which the server has to unmask like any others.
"""

import base64
import contextlib
import json
import os
import select
import socket
import time
from collections.abc import Iterator
from typing import Any, Final

from nacl.signing import SigningKey

from bench.gateway_market import Trader
from bench.processes import LOOPBACK
from gateway import wire

RECEIVE_BYTES: Final = 256 * 1024
SEND_BUFFER: Final = 1024 * 1024
OPENING_SECONDS: Final = 60.0
TEXT, CLOSE, PING = 0x81, 0x88, 0x89
PONG: Final = b"\x8a\x80\0\0\0\0"
SHORT, MIDDLE = 126, 127
NO_MASK: Final = b"\0\0\0\0"


class LoadFailed(Exception):
    """The server did otherwise than a load needs; the text says what came."""


def framed(payload: bytes, opcode: int = TEXT) -> bytes:
    """Return a client's frame."""
    size = len(payload)
    if size < SHORT:
        return bytes((opcode, 0x80 | size)) + NO_MASK + payload
    return bytes((opcode, 0x80 | SHORT)) + size.to_bytes(2) + NO_MASK + payload


class RawSocket:
    """One connection; blocking until it is logged in, then not."""

    def __init__(self, port: int, poll: select.epoll, address: str = LOOPBACK) -> None:
        self.socket = socket.create_connection(
            (LOOPBACK, port), OPENING_SECONDS, source_address=(address, 0)
        )
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._poll = poll
        self._port = port
        self._rest = b""
        self._unsent = b""
        self.texts = 0
        self.bytes = 0
        self._shake_hands()

    def fileno(self) -> int:
        """Return the number under which the system knows the socket."""
        return self.socket.fileno()

    def _shake_hands(self) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET / HTTP/1.1\r\nHost: {LOOPBACK}:{self._port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        while b"\r\n\r\n" not in self._rest:
            self._rest += self._some()
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101"):
            raise LoadFailed(head.decode(errors="replace"))

    def _some(self) -> bytes:
        data = self.socket.recv(RECEIVE_BYTES)
        if not data:
            raise LoadFailed("the server closed the connection")
        return data

    # ------------------------------------------------------------ before the load

    def login(self, trader: Trader | None) -> None:
        """Log in, or observe without a key, and stand in the set of sockets that are polled."""
        hello = self._wait("Hello")
        self.send(framed(_entry(trader, hello["nonce"], f"{LOOPBACK}:{self._port}")))
        self._wait("Welcome")

    def subscribe(self, channel: str) -> None:
        """Subscribe to a channel."""
        self.send(framed(wire.encode(wire.Subscribe(id=1, channel=channel))))
        self._wait("Subscribed")

    def _wait(self, kind: str) -> dict[str, Any]:
        """Return the next frame of a kind; what else comes is let pass."""
        while True:
            for text in self.texts_of(b""):
                frame: dict[str, Any] = json.loads(text)
                if frame["type"] == kind:
                    return frame
                if frame["type"] in ("Error", "LoginRefused"):
                    raise LoadFailed(str(frame))
            self._rest += self._some()

    def begin(self) -> None:
        """Let the socket be polled from now on."""
        self.socket.setblocking(False)  # noqa: FBT003 - the library's own signature
        self._poll.register(self.socket, select.EPOLLIN)

    # ------------------------------------------------------------ under load

    def texts_of(self, data: bytes) -> Iterator[bytes]:
        """Yield the texts that are complete, answering pings; LoadFailed where the server closes."""
        data = self._rest + data if self._rest else data
        place, length = 0, len(data)
        try:
            while place + 2 <= length:
                size, start = data[place + 1], place + 2
                if size == SHORT:
                    size, start = int.from_bytes(data[start : start + 2]), start + 2
                elif size == MIDDLE:
                    size, start = int.from_bytes(data[start : start + 8]), start + 8
                end = start + size
                if end > length or start > length:
                    break
                opcode, begin, place = data[place], start, end
                if opcode == TEXT:
                    self.texts += 1
                    yield data[begin:end]
                else:
                    self._control(opcode, data[begin:end])
        finally:
            self._rest = data[place:]

    def _control(self, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            self.send(framed(payload, 0x8A))
        elif opcode == CLOSE:
            code, reason = int.from_bytes(payload[:2]), payload[2:].decode(errors="replace")
            raise LoadFailed(f"the server closed the connection: {code} {reason}")

    def read(self) -> Iterator[bytes]:
        """Yield the texts that have come."""
        try:
            data = self._some()
        except BlockingIOError:
            return
        self.bytes += len(data)
        yield from self.texts_of(data)

    def send(self, data: bytes) -> None:
        """Send, now or as soon as there is room: a load does not wait."""
        if self._unsent:
            self._unsent += data
            return
        try:
            sent = self.socket.send(data)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            self._unsent = data[sent:]
            self._poll.modify(self.socket, select.EPOLLIN | select.EPOLLOUT)

    def write_on(self) -> None:
        """Send what waited for room."""
        data, self._unsent = self._unsent, b""
        self._poll.modify(self.socket, select.EPOLLIN)
        if data:
            self.send(data)

    def close(self) -> None:
        """Drop the connection."""
        with contextlib.suppress(OSError, ValueError):  # closed before
            self._poll.unregister(self.socket)
        self.socket.close()


def _entry(trader: Trader | None, nonce: str, host: str) -> bytes:
    """Return the frame that answers a hello."""
    if trader is None:
        return wire.encode(wire.Observe())
    now_ns = time.time_ns()
    text = wire.login_text(host, nonce, trader.public_key, now_ns)
    signature = SigningKey(bytes.fromhex(trader.secret_key)).sign(text).signature.hex()
    return wire.encode(
        wire.Login(public_key=trader.public_key, time_ns=now_ns, signature=signature)
    )
