"""What the exchange did on this and the last trading day, kept in memory for readers that resume.

Runs of hot commands are kept as their 64-byte records and decoded only when somebody asks.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.codec import Answers, answers_from_records, record_to_entry
from engine.commands import AnyCommand, Entry
from engine.events import AnyEvent, DayOpened
from engine.exchange import Exchange
from engine.profile import Profile

DAYS_KEPT: Final = 2


class Applied(Struct, frozen=True):
    """A command of the log with its events: what the exchange said to whom, and when."""

    sequence: int
    time_ns: int
    key: int
    command: AnyCommand
    events: Sequence[AnyEvent]


class HotRun(Struct, frozen=True):
    """A run of hot commands as records, with what they were answered with."""

    commands: "NDArray[np.void]"
    answers: Answers


class History:
    """Runs of the log in order, the oldest day dropped when a new one opens."""

    def __init__(self, profile: Profile) -> None:
        self.floor = 0
        """Last sequence that is no longer kept."""
        self.last_date = ""
        """Of the trading day that was opened last."""
        self._profile = profile
        self._firsts: list[int] = []
        self._runs: list[HotRun | list[Applied]] = []
        self._days: list[int] = []

    def add_hot(self, run: HotRun) -> None:
        """Keep a run of hot commands."""
        self._firsts.append(int(run.commands["sequence"][0]))
        self._runs.append(run)

    def add_control(self, applied: list[Applied]) -> None:
        """Keep a run of control commands; one that opened a day drops the day before the last."""
        self._firsts.append(applied[0].sequence)
        self._runs.append(applied)
        for item in applied:
            for event in item.events:
                if isinstance(event, DayOpened):
                    self.last_date = event.date
                    self._open_day(applied[0].sequence)

    def _open_day(self, first: int) -> None:
        self._days.append(first)
        if len(self._days) <= DAYS_KEPT:
            return
        del self._days[0]
        cut = bisect_right(self._firsts, self._days[0]) - 1
        self.floor = self._firsts[cut] - 1
        del self._firsts[:cut]
        del self._runs[:cut]

    def after(self, sequence: int) -> Iterator[Applied]:
        """Yield what followed a sequence, from the floor on at the earliest."""
        start = max(0, bisect_right(self._firsts, sequence) - 1)
        for run in self._runs[start:]:
            applied = run if isinstance(run, list) else self._decode(run)
            for item in applied:
                if item.sequence > sequence:
                    yield item

    def _decode(self, run: HotRun) -> list[Applied]:
        entries = [record_to_entry(row, self._profile) for row in run.commands]
        return paired(entries, run, self._profile)


def apply_hot(exchange: Exchange, commands: "NDArray[np.void]") -> HotRun:
    """Apply a run of COMMAND rows, at most a batch of the core."""
    return HotRun(commands, exchange.apply_records(commands))


def paired(entries: Sequence[Entry], run: HotRun, profile: Profile) -> list[Applied]:
    """Give each hot entry its events."""
    answers = answers_from_records(run.answers, run.commands, profile)
    return [
        Applied(entry.sequence, entry.time_ns, entry.key, entry.command, events)
        for entry, events in zip(entries, answers, strict=True)
    ]
