"""Moves a driven exchange clock, and only when everybody has said that nothing of theirs is due.

Exchange time stands still while somebody acts, while an answer is outstanding, or while the exchange is
down; a slow machine makes the day longer, never different.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from msgspec import Struct

from engine.units import NANOSECONDS_PER_SECOND

ACTORS_MAX: Final = 1_000
"""Most actors that one conductor waits for."""


class Pace(Struct, frozen=True, kw_only=True):
    """How much wall time a stretch of exchange time should take at least."""

    exchange_ns: int
    wall_s: float
    """Of the stretch; 0 for as fast as the answers come."""

    def wall_seconds(self, elapsed_ns: int) -> float:
        """Return the wall seconds that a part of the stretch should take."""
        return self.wall_s * elapsed_ns / self.exchange_ns


class Conductor:
    """Keeps one day's time for many actors; each has a name and at most one moment it waits for."""

    def __init__(
        self,
        now_ns: int,
        advance: Callable[[int], Awaitable[int]],
        pace: Pace,
        on_step: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.now_ns = now_ns
        self.steps = 0
        self._advance = advance
        self._pace = pace
        self._on_step = on_step
        self._busy: set[str] = set()
        self._waiting: dict[str, tuple[int, asyncio.Event]] = {}
        self._stirred = asyncio.Event()
        self._began: tuple[float, int] | None = None

    def enter(self, actor: str) -> None:
        """Count an actor as busy until it waits or leaves; an actor enters once."""
        assert actor not in self._busy, actor
        assert actor not in self._waiting, actor
        assert len(self._busy) + len(self._waiting) < ACTORS_MAX, "too many actors"
        self._busy.add(actor)

    def leave(self, actor: str) -> None:
        """Say that nothing of the actor will fall due any more."""
        self._busy.discard(actor)
        self._waiting.pop(actor, None)
        self._stirred.set()

    async def wait_until(self, actor: str, time_ns: int) -> None:
        """Say that nothing of the actor is due before a moment, and return when it has come."""
        assert actor in self._busy, f"{actor} has not entered"
        if time_ns <= self.now_ns:
            return
        come = asyncio.Event()
        self._busy.discard(actor)
        self._waiting[actor] = (time_ns, come)
        self._stirred.set()
        await come.wait()

    async def run(self) -> None:
        """Move time from moment to moment until every actor has left."""
        self._began = (time.monotonic(), self.now_ns)
        while self._busy or self._waiting:
            if self._busy:
                self._stirred.clear()
                await self._stirred.wait()
                continue
            due_ns = min(time_ns for time_ns, _ in self._waiting.values())
            await self._keep_pace(due_ns)
            self.now_ns = max(await self._advance(due_ns), due_ns)
            self.steps += 1
            self._on_step(self.now_ns)
            self._wake()

    async def _keep_pace(self, due_ns: int) -> None:
        """Sleep until the day's own wall time; a day that is late goes on without a pause."""
        assert self._began is not None
        began_s, began_ns = self._began
        ahead_s = began_s + self._pace.wall_seconds(due_ns - began_ns) - time.monotonic()
        if ahead_s > 0:
            await asyncio.sleep(ahead_s)
        elif ahead_s < -1.0:
            # The lost time is not made up for: after an outage the market keeps its usual pace.
            self._began = (began_s - ahead_s, began_ns)

    def _wake(self) -> None:
        for actor, (time_ns, come) in list(self._waiting.items()):
            if time_ns <= self.now_ns:
                del self._waiting[actor]
                self._busy.add(actor)
                come.set()


def wall_pace(begin_ns: int, end_ns: int, wall_s: float, speed: float) -> Pace:
    """Return the pace at which the time from begin to end takes `wall_s` seconds at speed 1."""
    assert end_ns - begin_ns >= NANOSECONDS_PER_SECOND, "a stretch of at least a second"
    return Pace(exchange_ns=end_ns - begin_ns, wall_s=wall_s / speed)
