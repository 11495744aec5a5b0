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

    def check_again(self, date: str, language: str) -> None:
        """RequestFailed where a request of a lost connection must not go out on the next, on a trading day."""
        is_command, is_sent = isinstance(self.frame, wire.Submit), self.times_sent > 0
        # A client order number stands for one trading day: on another day it would be a new order.
        is_other_day = is_command and self.date != date
        is_tried = self.times_sent >= SENDINGS_MAX
        if is_sent and (is_other_day or is_tried or not self.is_repeatable):
            raise RequestFailed.here("unknown", "CONNECTION_LOST", language)
        if is_command and time.monotonic() - self.asked_s > LATE_S:
            outcome: wire.Outcome = "unknown" if is_sent else "not_sent"
            raise RequestFailed.here(outcome, "CONNECTION_LOST", language, retry="same")
