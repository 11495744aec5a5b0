"""What the fuzzers throw at the gate's own framing, and what must hold of every input.

The gate cuts plain messages out of the stream by itself and leaves the rest to the parser of `websockets`.
Whatever bytes come, in whatever packets, it must hand over the same messages in the same order as that
parser alone, answer pings with the same pongs and close with the same code.
"""

import asyncio
import contextlib
from types import SimpleNamespace
from typing import Any, Final

import msgspec
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

from gateway.gate import FRAGMENTS_MAX, Gate
from gateway.limits import LIMITS
from tests.gateway.raw_socket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame

SIZE_MAX: Final = 1_024
"""Largest message of the stream."""
UNREADABLE: Final = 1007
NO_CODE: Final = 1005
"""Stands for a closing frame without a code."""
PACKETS_MAX: Final = 64
_WIDE: Final = msgspec.structs.replace(
    LIMITS["observer"], bytes_per_second=2**30, bytes_burst=2**40, frame_bytes=SIZE_MAX // 2
)
_LOOP: Final = asyncio.new_event_loop()

Outcome = tuple[list[str | bytes], list[bytes], int]
"""Messages, payloads of pongs, close code (0 = none)."""


class _Transport:
    """A transport that keeps what is written to it."""

    def __init__(self) -> None:
        self.written = bytearray()
        self.is_over = False

    def write(self, data: bytes) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self.is_over

    def abort(self) -> None:
        self.is_over = True

    close = write_eof = abort

    def can_write_eof(self) -> bool:
        return True

    def get_write_buffer_size(self) -> int:
        return 0

    def get_extra_info(self, _: str) -> None:
        return None

    def nothing(self, *_: object) -> None:
        """Stand for what needs no answer."""

    set_write_buffer_limits = pause_reading = resume_reading = nothing


def _protocol() -> ServerProtocol:
    return ServerProtocol(state=State.OPEN, max_size=SIZE_MAX)


def _written(data: bytes) -> tuple[list[bytes], int]:
    """Return the pongs and the close code in what a server wrote; all its frames are short."""
    pongs: list[bytes] = []
    code, place = 0, 0
    while place < len(data):
        opcode, size = data[place] & 0x0F, data[place + 1]
        body = data[place + 2 : place + 2 + size]
        if opcode == PONG:
            pongs.append(body)
        elif opcode == CLOSE:
            code = int.from_bytes(body[:2], "big") or NO_CODE
        place += 2 + size
    return pongs, code


def by_parser(stream: bytes) -> tuple[Outcome, int]:
    """Return what the parser alone makes of a stream, and the code of a fault behind an unreadable text."""
    protocol = _protocol()
    protocol.receive_data(stream)
    messages: list[str | bytes] = []
    parts: list[Frame] = []
    for event in protocol.events_received():
        assert isinstance(event, Frame), "the request lies behind"
        if event.opcode not in {Opcode.TEXT, Opcode.BINARY, Opcode.CONT}:
            continue
        parts.append(event)
        if event.fin:
            whole = b"".join(part.data for part in parts)
            is_text, parts = parts[0].opcode is Opcode.TEXT, []
            try:
                messages.append(whole.decode() if is_text else whole)
            except UnicodeDecodeError:
                pongs, code = _written(b"".join(protocol.data_to_send()))
                return (messages, pongs, UNREADABLE), code
        assert len(parts) <= FRAGMENTS_MAX
    pongs, code = _written(b"".join(protocol.data_to_send()))
    return (messages, pongs, code), code


async def _by_gate(packets: list[bytes]) -> tuple[Outcome, int]:
    async def handler(_: object) -> None:
        return

    server: Any = SimpleNamespace(handler=handler, handler_tasks=set())
    gate = Gate(_protocol(), server, ping_interval=None)
    gate.opening = _WIDE
    transport: Any = _Transport()
    gate.connection_made(transport)
    gate.request = SimpleNamespace()  # type: ignore[assignment] # it lies behind
    gate._is_cut_here = True
    messages: list[str | bytes] = []
    gate.listen(messages.append)
    for packet in packets:
        if not transport.is_over:
            gate.data_received(packet)
    with contextlib.suppress(Exception):
        gate.send_data()
    await asyncio.gather(*server.handler_tasks)
    pongs, code = _written(bytes(transport.written))
    return (messages, pongs, code), len(gate._rest)


def by_gate(packets: list[bytes]) -> tuple[Outcome, int]:
    """Return what the gate makes of a stream that comes in packets, and how many bytes it still holds."""
    return _LOOP.run_until_complete(_by_gate(packets))


def packets_of(data: bytes) -> tuple[bytes, list[bytes]]:
    """Return the stream that an input stands for, and its packets: the first bytes say where they end."""
    count = data[0] % PACKETS_MAX if data else 0
    cuts, stream = data[1 : 1 + count], data[1 + count :]
    packets, place = [], 0
    for cut in cuts:
        packets.append(stream[place : place + cut + 1])
        place += cut + 1
    return stream, [packet for packet in (*packets, stream[place:]) if packet]


FOREIGN_TEXT: Final = b"\x81\xff" + (1).to_bytes(8) + bytes(4) + b"\xff"
"""A text that is no UTF-8 under a head longer than it need be: all that follows goes to the parser at once."""


def seeds() -> list[bytes]:
    """Return inputs to begin with."""
    text = '{"type":"Ping","id":1}'
    streams = [
        frame(TEXT, text.encode()) * 3,
        frame(TEXT, "演示".encode()) + frame(TEXT, text.encode()),
        frame(BINARY, b"\x81\xa4type\xa4Ping") + frame(TEXT, b"{}"),
        frame(PING, b"a") + frame(TEXT, b"{}") + frame(PING, b"b"),
        frame(TEXT, b"{", fin=False) + frame(PING, b"c") + frame(CONTINUATION, b"}"),
        frame(TEXT, b"x" * 200) + frame(TEXT, b"y" * 1_000) + frame(TEXT, b"z" * 1_100),
        frame(TEXT, b"{}") + frame(CLOSE, b"\x03\xe8") + frame(TEXT, b"{}"),
        frame(TEXT, b"\xff") + frame(TEXT, b"{}"),
        FOREIGN_TEXT + frame(BINARY, b"\x00\x00"),
        FOREIGN_TEXT + frame(CLOSE, b""),
        frame(TEXT, b"{}", mask=False),
        frame(CONTINUATION, b"{}"),
    ]
    cuts = [b"\x00", b"\x03\x00\x01\x05", bytes((30,)) + bytes(30), b"\x05\x06\x05\x06\x05\x06"]
    return [cut + stream for stream in streams for cut in cuts]


def check(data: bytes) -> bool:
    """Hold the gate to what the parser says; True where a message came through."""
    stream, packets = packets_of(data)
    found, held = by_gate(packets)
    # A frame that is not whole may wait at the gate, even where its head is wrong already.
    assert held <= SIZE_MAX + 16
    wanted, behind = by_parser(stream[: len(stream) - held])
    if wanted[2] == UNREADABLE:
        # The parser sees what stands behind before it is asked about the text; the gate only sometimes.
        code = behind if behind and found[2] == behind else UNREADABLE
        wanted = (wanted[0], wanted[1][: len(found[1])], code)
    assert found == wanted, (found, wanted, packets)
    return bool(found[0])
