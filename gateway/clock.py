"""Exchange time: the wall clock, or a simulated one that runs at a rate or only where it is driven.

Exchange time enters the market through the sequencer alone. Logins, idle limits and rate buckets live on
the machine's own monotonic clock and know nothing of this one.
"""

import time
from collections.abc import Callable
from typing import Final, Protocol

from engine.units import NANOSECONDS_PER_SECOND, midnight_ns, parse_clock
from gateway.errors import UserError

RATE_MAX: Final = 100_000
"""Fastest simulated clock: more than a day in a second."""


class Clock(Protocol):
    """What time it is at the exchange."""

    mode: str
    """wall, simulated or driven."""

    def now_ns(self) -> int:
        """Return exchange time in ns since 1970 UTC."""

    def seconds_until(self, time_ns: int) -> float:
        """Return the machine's seconds until a moment, 0 where it has come."""


class WallClock:
    """The machine's own clock."""

    mode = "wall"

    def now_ns(self) -> int:
        """Return exchange time in ns since 1970 UTC."""
        return time.time_ns()

    def seconds_until(self, time_ns: int) -> float:
        """Return the machine's seconds until a moment, 0 where it has come."""
        return max(0, time_ns - time.time_ns()) / NANOSECONDS_PER_SECOND


class SimulatedClock:
    """Begins at a moment and runs at a rate; at rate 0 it is driven: it moves only by `advance_to`."""

    def __init__(
        self,
        start_ns: int,
        rate: float = 1.0,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.rate = rate
        self.mode = "simulated" if rate else "driven"
        self._start_ns = start_ns
        self._monotonic_ns = monotonic_ns
        self._began_ns = monotonic_ns()

    def now_ns(self) -> int:
        """Return exchange time in ns since 1970 UTC."""
        if not self.rate:
            return self._start_ns
        return self._start_ns + int((self._monotonic_ns() - self._began_ns) * self.rate)

    def seconds_until(self, time_ns: int) -> float:
        """Return the machine's seconds until a moment; without end for a driven clock."""
        ahead_ns = max(0, time_ns - self.now_ns())
        if ahead_ns and not self.rate:
            return float("inf")
        return ahead_ns / NANOSECONDS_PER_SECOND / self.rate if ahead_ns else 0.0

    def advance_to(self, time_ns: int) -> None:
        """Move the clock forward to a moment; never back."""
        self._start_ns = max(time_ns, self.now_ns())
        self._began_ns = self._monotonic_ns()


def clock_text(clock: Clock) -> str:
    """Return what people are told of a clock: its mode, and a rate that is not the usual one."""
    rate = clock.rate if isinstance(clock, SimulatedClock) else 1
    return clock.mode if rate in (0, 1) else f"{clock.mode}, rate {rate:g}"


def parse_moment(text: str) -> int:
    """Return the time (ns UTC) of Beijing time such as 2021-07-16T09:30 or 2021-07-16; UserError else."""
    date, _, clock = text.replace(" ", "T").partition("T")
    try:
        return midnight_ns(date) + (parse_clock(clock) if clock else 0)
    except ValueError as error:
        raise UserError(f"--clock-start: {error}; write Beijing time as 2021-07-16T08:00") from None
