"""One websocket connection as the gateway holds it: a byte bucket inwards, a bounded buffer outwards."""

import time
from collections.abc import Callable
from typing import Any, Final

from websockets.asyncio.server import ServerConnection
from websockets.protocol import State

from gateway.frames_replies import Limits
from gateway.limits import LIMITS, Bucket

PACKET_COST: Final = 16
"""Bytes that each packet costs beyond its length: floods of tiny pings are floods too."""


class Gate(ServerConnection):
    """Counts every byte before the parser sees it, and never queues without bound for a slow reader."""

    opening: Limits = LIMITS["observer"]
    """Limits before the login."""
    unsent_max: int = LIMITS["observer"].unsent_bytes
    on_writable: Callable[[], None] | None = None
    """Called when what was gathered or unsent has gone out."""
    cut_reason: str = ""
    """Why the gateway cut this connection, "" while it has not."""

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 - asyncio's own signature
        """Open the byte bucket with the connection."""
        limits = self.opening
        self._bytes = Bucket(limits.bytes_per_second, limits.bytes_burst, time.monotonic())
        self._gathered = 0
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Count pings, pongs and fragments too: they never reach the handler."""
        if self._bytes.take(time.monotonic(), len(data) + PACKET_COST):
            self.cut("BYTES_LIMIT")
            return
        super().data_received(data)

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
        return self.transport.get_write_buffer_size() + self._gathered

    @property
    def is_open(self) -> bool:
        """Frames can still be sent."""
        return self.protocol.state is State.OPEN and not self.transport.is_closing()

    def push(self, text: bytes) -> bool:
        """Send a frame in this turn of the loop; a client that takes nothing is cut, never waited for."""
        if not self.is_open:
            return False
        if self.unsent > self.unsent_max:
            self.cut("SLOW_READER")
            return False
        self.protocol.send_text(text)
        if not self._gathered:
            # The frames of one turn leave in one packet: a call of the system costs more than a frame.
            self.loop.call_soon(self._flush)
        self._gathered += len(text)
        return True

    def _flush(self) -> None:
        self._gathered = 0
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
