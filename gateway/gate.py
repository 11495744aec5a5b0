"""One websocket connection as the gateway holds it: a byte bucket inwards, a bounded buffer outwards."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from ipaddress import IPv6Address, ip_address
from typing import Any, Final

from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.exceptions import NegotiationError
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import Event, State
from websockets.typing import Subprotocol

from gateway import framing
from gateway.frames_replies import Limits
from gateway.limits import LIMITS, Bucket, Settings
from gateway.wire import Format

PACKET_COST: Final = 16
"""Bytes that each packet costs beyond its length: floods of tiny packets are floods too."""
CONTROL_COST: Final = 1_024
"""Bytes that each ping or pong costs beyond its length: six bytes make as much work as a message."""

OPENINGS_MAX: Final = 1_024
"""Most sockets beyond the limit of connections: those that still speak HTTP."""


OPENINGS_PER_ADDRESS: Final = 128
"""The same for one address, so that it alone cannot keep the others out."""
FRAGMENTS_MAX: Final = 4_096
"""Most fragments of one message."""
HEAD_END: Final = b"\r\n\r\n"


class Gate(ServerConnection):
    """Counts every byte before the parser sees it, and never queues without bound for a slow reader.

    From `listen` on each message goes to its function at once. Whole messages in one frame, which is what
    clients send, are then cut out here; every other frame goes through the parser of `websockets`.
    """

    opening: Limits = LIMITS["observer"]
    """Limits before the login."""
    sockets_max: int = Settings().connections + OPENINGS_MAX
    """Most sockets of the gateway, those whose HTTP request has not come included."""
    sockets: "Sockets | None" = None
    """Counts the sockets of each address, None where a test has but one."""
    unsent_max: int = LIMITS["observer"].unsent_bytes
    on_writable: Callable[[], None] | None = None
    """Called when what was gathered or unsent has gone out."""
    form: Format = Format.JSON
    """How frames are written here, by the subprotocol that was agreed."""
    cut_reason: str = ""
    """Why the gateway cut this connection, "" while it has not."""
    bytes_in: int = 0
    bytes_out: int = 0
    """Of frames, without their headers."""
    frames_out: int = 0
    client_address: str = ""
    """Address that limits and address lists are held against, known with the HTTP request (`address_of`)."""

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 - asyncio's own signature
        """Open the byte bucket with the connection."""
        limits = self.opening
        self._bytes = Bucket(limits.bytes_per_second, limits.bytes_burst, time.monotonic())
        self.gathered = 0
        """Bytes that leave at the end of this turn."""
        self._room = 0
        """How many those may be."""
        self._first_byte = framing.TEXT
        self._on_message: Callable[[str | bytes], None] | None = None
        self._is_cut_here = False
        self.is_held = False
        self._rest = b""
        self._fragments: list[Frame] = []
        self._has_failed = False
        super().connection_made(transport)
        # Kept: behind TLS a socket that is lost no longer knows whose it was.
        self._peer = address_of(self.remote_address)
        has_room = self.sockets is None or self.sockets.enter(self._peer)
        if not has_room or len(self.server.handler_tasks) > self.sockets_max:
            # Too many to be told so: an answer would cost what there is too little of.
            self.cut("SOCKETS_FULL")

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the socket."""
        super().connection_lost(exc)
        if self.sockets is not None:
            self.sockets.leave(self._peer)

    def data_received(self, data: bytes) -> None:
        """Count pings, pongs and fragments too: they never reach the handler."""
        self.bytes_in += len(data)
        if self._bytes.take(time.monotonic(), len(data) + PACKET_COST):
            self.cut("BYTES_LIMIT")
            return
        if self._rest:
            data, self._rest = self._rest + data, b""
        if self._is_cut_here and self.protocol.state is State.OPEN:
            self._cut_frames(data)
            return
        if self.protocol.state is State.CONNECTING:
            # Where the request ends with what came, the first frame begins with what comes next.
            self._is_cut_here = data.endswith(HEAD_END) and data.count(HEAD_END) == 1
        super().data_received(data)

    # ------------------------------------------------------------ messages

    @property
    def has_messages(self) -> bool:
        """Messages wait for `recv`, or one has begun."""
        return len(self.recv_messages.frames) > 0

    def listen(self, on_message: Callable[[str | bytes], None]) -> None:
        """Give each message to a function from now on, and none to `recv`; only while none waits for that."""
        assert not self.has_messages, "recv takes what came before"
        self._first_byte = framing.TEXT if self.form is Format.JSON else framing.BINARY
        self._on_message = on_message

    def hold(self) -> None:
        """Give nothing more to the function of `listen` until `release`, and read nothing more."""
        if not self.is_held and not self.transport.is_closing():
            self.is_held = True
            self.transport.pause_reading()

    def release(self) -> None:
        """Go on giving messages."""
        if self.is_held and not self.transport.is_closing():
            self.is_held = False
            self.transport.resume_reading()
            if self._rest:
                self.loop.call_soon(self._cut_on)

    def _cut_on(self) -> None:
        if self._is_cut_here and self.protocol.state is State.OPEN:
            data, self._rest = self._rest, b""
            self._cut_frames(data)

    def _cut_frames(self, data: bytes) -> None:
        """Take whole messages out of what came, and give every other frame to the parser."""
        place, size_max, bounds = 0, self.protocol.max_message_size or 0, framing.bounds
        while not self.is_held:
            begin, end = bounds(data, place, size_max)
            if end <= 0:
                if end == framing.FOREIGN[1]:
                    self._is_cut_here = (
                        False  # the parser says what is wrong, or takes all that follows
                    )
                    super().data_received(data[place:])
                    data = b""
                break
            if not (data[place] == self._first_byte and self._take(data, begin, end)):
                super().data_received(data[place:end])
            place = end
            if self.protocol.state is not State.OPEN or self.cut_reason:
                data = b""
                break
        self._rest = data[place:]  # empty, or the beginning of a frame, or all that is held

    def _take(self, data: bytes, begin: int, end: int) -> bool:
        """Give a message to its function; False where it is the parser's."""
        if self._on_message is None or self._fragments:
            return False
        message = framing.payload(data, begin, end)
        if self._first_byte == framing.BINARY:
            self._on_message(message)
        elif message.isascii():
            self._on_message(message.decode("ascii"))
        else:
            return False  # the parser knows UTF-8
        return True

    def process_event(self, event: Event) -> None:
        """Put the parser's data frames together, once messages go to a function; count all others."""
        is_data = isinstance(event, Frame) and event.opcode in _DATA
        is_control = isinstance(event, Frame) and not is_data
        if is_control and self._bytes.take(time.monotonic(), CONTROL_COST):
            self.cut("BYTES_LIMIT")
        if self._on_message is None or not is_data:
            super().process_event(event)
            return
        assert isinstance(event, Frame), "requests come before messages"
        if self._has_failed:
            return  # it came in one packet with what the connection is closed for
        self._fragments.append(event)
        if len(self._fragments) > FRAGMENTS_MAX:
            self._fail(CloseCode.MESSAGE_TOO_BIG, "too many fragments")
        elif event.fin:
            frames, self._fragments = self._fragments, []
            message = b"".join(frame.data for frame in frames)
            if frames[0].opcode is Opcode.BINARY:
                self._on_message(message)
                return
            try:
                text = message.decode()
            except UnicodeDecodeError as error:
                self._fail(CloseCode.INVALID_DATA, f"{error.reason} at position {error.start}")
            else:
                self._on_message(text)

    def _fail(self, code: CloseCode, reason: str) -> None:
        """Close because of what came, as the parser does; what came behind it is not taken."""
        self._fragments = []
        self._has_failed = True
        self.protocol.fail(code, reason)
        self.send_data()
        self.loop.call_later(self.close_timeout or 0, self.transport.abort)

    # ------------------------------------------------------------ writing

    def resume_writing(self) -> None:
        """Go on writing what waited for room."""
        super().resume_writing()
        if self.on_writable is not None:
            self.on_writable()

    def widen(self, limits: Limits) -> None:
        """Take the limits of a role after its login."""
        self._bytes = Bucket(limits.bytes_per_second, limits.bytes_burst, time.monotonic())
        self.unsent_max = limits.unsent_bytes
        # Twice the limit reaches the conversation, which can tell the client; past that comes 1009.
        self.protocol.max_message_size = 2 * limits.frame_bytes

    @property
    def unsent(self) -> int:
        """Bytes that the client has not taken yet."""
        return self.transport.get_write_buffer_size() + self.gathered

    def bytes_left(self, now_s: float) -> int:
        """Bytes that the client may send at once now."""
        return self._bytes.left(now_s)

    @property
    def is_open(self) -> bool:
        """Frames can still be sent."""
        return self.protocol.state is State.OPEN and not self.transport.is_closing()

    def push(self, *frames: bytes) -> bool:
        """Send frames in this turn of the loop; a client that takes nothing is cut, never waited for."""
        protocol = self.protocol
        if protocol.state is not State.OPEN:
            return False
        gathered = begun = self.gathered
        if not begun:
            if self.transport.is_closing():
                return False
            self._room = self.unsent_max - self.transport.get_write_buffer_size()
        if begun > self._room:
            self.cut("SLOW_READER")
            return False
        if not begun:
            # The frames of one turn leave in one packet: a call of the system costs more than a frame.
            self.loop.call_soon(self._flush)
        first = framing.TEXT if self.form is Format.JSON else framing.BINARY
        writes, head = protocol.writes, framing.head
        for data in frames:
            size = len(data)
            # Among the parser's own: pongs and the closing frame keep their places.
            writes += (head(first, size), data)
            gathered += size
        self.gathered = gathered
        self.bytes_out += gathered - begun
        self.frames_out += len(frames)
        return True

    def _flush(self) -> None:
        self.gathered = 0
        if self.transport.is_closing():
            return
        if self.protocol.state is not State.OPEN:
            self.send_data()  # it knows how a stream ends
            return
        parts = self.protocol.data_to_send()
        if parts:
            self.transport.write(b"".join(parts))
        if not self.paused and self.on_writable is not None:
            self.on_writable()

    def cut(self, reason: str) -> None:
        """Drop the connection at once: a closing handshake would wait for a client that does not listen."""
        self.cut_reason = self.cut_reason or reason
        self.transport.abort()


class Sockets:
    """How many sockets each address holds, those of the proxies in front left out."""

    def __init__(self, settings: Settings) -> None:
        self._most = settings.connections_per_address + OPENINGS_PER_ADDRESS
        self._proxies = frozenset(settings.proxies)
        self._counts: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._counts)

    def enter(self, address: str) -> bool:
        """Count a socket; False where its address holds too many."""
        self._counts[address] += 1
        return self._counts[address] <= self._most or address in self._proxies

    def leave(self, address: str) -> None:
        """Forget a socket that was counted."""
        self._counts[address] -= 1
        if not self._counts[address]:
            del self._counts[address]


def gate_maker(settings: Settings) -> Callable[..., Gate]:
    """Return what makes the gates of a server with these settings (`create_connection` of `serve`)."""
    sockets = Sockets(settings)

    def make(*arguments: Any, **options: Any) -> Gate:  # noqa: ANN401 - what websockets gives
        gate = Gate(*arguments, **options)
        gate.opening = settings.of("observer")
        gate.sockets_max = settings.connections + OPENINGS_MAX
        gate.sockets = sockets
        return gate

    return make


def address_of(peer: object, headers: Headers | None = None, proxies: Collection[str] = ()) -> str:
    """Return the client's address without its port.

    `X-Forwarded-For` is believed from the addresses in `proxies` alone, and its last entry alone: what
    stands before that the client may have written itself.
    """
    remote = _plain(str(peer[0])) if isinstance(peer, tuple) and peer else ""
    if headers is None or remote not in proxies:
        return remote
    # Several headers of that name are one list; the proxy's own entry stands last.
    lines = headers.get_all("X-Forwarded-For")
    return _plain(lines[-1].rpartition(",")[2].strip()) or remote if lines else remote


def _plain(text: str) -> str:
    """Return an address in its one spelling, an IPv4 one behind IPv6 as IPv4; "" for what is none."""
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


_DATA: Final = frozenset((Opcode.TEXT, Opcode.BINARY, Opcode.CONT))
_FORMATS: Final = frozenset(form.value for form in Format)


def select_format(_: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """Return the first subprotocol offered that we speak; a client that offers none speaks JSON."""
    for name in offered:
        if name in _FORMATS:
            return name
    if offered:
        raise NegotiationError(f"invalid subprotocol; expected one of {', '.join(Format)}")
    return None
