"""Carries out what falls due: changes of phase, auctions' ends, trading days, as commands of the log."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from engine.commands import AdvanceTime, AnyCommand, OpenDay
from engine.exchange import Exchange
from gateway.calendar import Timetable
from gateway.clock import Clock, SimulatedClock
from gateway.history import History

POLL_SECONDS: Final = 1.0
"""Longest sleep: the machine's clock may be set meanwhile, and a full disk may get room again."""
Due = tuple[int, AnyCommand]


class ClockNotDriven(Exception):
    """The market lives on the machine's own clock, which nobody moves."""


class Timekeeper:
    """Knows what falls due next and submits it when its time has come."""

    def __init__(
        self,
        exchange: Exchange,
        history: History,
        clock: Clock,
        timetable: Timetable,
        submit: Callable[[AnyCommand], Awaitable[object]],
        may_open: Callable[[], bool],
    ) -> None:
        self._exchange = exchange
        self._history = history
        self._clock = clock
        self._timetable = timetable
        self._submit = submit
        self._may_open = may_open
        self._advancing = asyncio.Lock()

    def due(self) -> Due | None:
        """Return what falls due next and when: a change of phase, or the next trading day."""
        boundary_ns = self._exchange.next_boundary_ns()
        if boundary_ns > 0:
            return boundary_ns, AdvanceTime()
        closed = {closure.date for closure in self._exchange.closures()}
        date = self._timetable.next_day(self._history.last_date, self._clock.now_ns(), closed)
        return (self._timetable.opens_ns(date), OpenDay(date=date)) if date else None

    def _due_now(self) -> Due | None:
        """Return what falls due next, but no day that must wait: its file would not fit on a full disk."""
        due = self.due()
        return None if due and isinstance(due[1], OpenDay) and not self._may_open() else due

    async def catch_up(self) -> None:
        """Carry out what fell due while nobody kept time."""
        now_ns = self._clock.now_ns()
        while (due := self._due_now()) is not None and due[0] <= now_ns:
            await self._carry_out(due)

    async def advance(self, time_ns: int) -> int:
        """Drive a simulated clock to a moment through everything that falls due; return exchange time."""
        if not isinstance(self._clock, SimulatedClock):
            raise ClockNotDriven(f"the clock of this market is the {self._clock.mode} clock")
        async with self._advancing:
            while (due := self._due_now()) is not None and due[0] <= time_ns:
                self._clock.advance_to(due[0])
                await self._carry_out(due)
            self._clock.advance_to(time_ns)
            if self._exchange.time_ns < time_ns:
                await self._submit(AdvanceTime())
            return max(self._exchange.time_ns, self._clock.now_ns())

    async def run(self) -> None:
        """Carry out what falls due, for a clock that moves by itself; AssertionError where that is stuck."""
        while True:
            due = self._due_now()
            wait_s = POLL_SECONDS if due is None else self._clock.seconds_until(due[0])
            if wait_s > 0:
                await asyncio.sleep(min(wait_s, POLL_SECONDS))
            elif due is not None:
                async with self._advancing:
                    if self.due() == due:  # else somebody who moved the clock has done it
                        await self._carry_out(due)

    async def _carry_out(self, due: Due) -> None:
        await self._submit(due[1])
        is_stuck = self.due() == due and self._clock.now_ns() >= due[0]  # unless it was set back
        if is_stuck:
            raise AssertionError(f"{due[1]} was due and changed nothing")
