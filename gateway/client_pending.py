"""A request of a client that waits for its reply, and whether it may go out once more."""

import asyncio
import time
from typing import Final

from gateway import wire
from gateway.client_errors import RequestFailed

LATE_S: Final = 10.0
"""How long a command may wait to be sent: one that goes out much later than meant is another one."""

SENDINGS_MAX: Final = 10
"""How often a request goes out: one that every time costs the connection is given up."""


class Pending:
    """One sending of a request, and what is known of its fate."""

    __slots__ = ("asked_s", "date", "frame", "future", "is_repeatable", "times_sent")

    def __init__(self, frame: wire.Request, *, is_repeatable: bool) -> None:
        self.frame = frame
        self.future: asyncio.Future[wire.Reply] = asyncio.get_running_loop().create_future()
        self.is_repeatable = is_repeatable
        self.asked_s = time.monotonic()
        self.times_sent = 0
        self.date = ""
        """Trading day on which it was sent."""

    @property
    def kind(self) -> type[object]:
        """Class of the command or question: what has a limit in common."""
        return type(getattr(self.frame, "command", self.frame))

    def fail(self, error: RequestFailed) -> None:
        """End the wait for a reply, where it has not ended."""
        if not self.future.done():
            self.future.set_exception(error)

    def lost(self, language: str) -> RequestFailed:
        """Return what is known of a request whose connection was lost."""
        outcome: wire.Outcome = "unknown" if self.times_sent else "not_sent"
        retry: wire.Retry = "same" if self.is_repeatable or not self.times_sent else "never"
        return RequestFailed.here(outcome, "CONNECTION_LOST", language, retry=retry)

    def check_again(self, date: str, language: str) -> None:
        """RequestFailed where a request of a lost connection must not go out on the next, on a trading day."""
        is_command, is_sent = isinstance(self.frame, wire.Submit), self.times_sent > 0
        if is_command and is_sent and self.date != date:
            # A client order number stands for one trading day: on another day it would be a new order.
            raise RequestFailed.here("unknown", "CONNECTION_LOST", language)
        is_tried = self.times_sent >= SENDINGS_MAX or (is_sent and not self.is_repeatable)
        is_late = is_command and time.monotonic() - self.asked_s > LATE_S
        if is_tried or is_late:
            raise self.lost(language)
