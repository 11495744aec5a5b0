"""What the exchange did on this and the last trading day, kept in memory for readers that resume.

Runs of hot commands are kept as their 64-byte records and decoded only when somebody asks.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.codec import events_from_records, record_to_entry
from engine.commands import AnyCommand, Entry
from engine.events import AnyEvent, DayOpened
from engine.profile import Profile

DAYS_KEPT: Final = 2


class Applied(Struct, frozen=True):
    """A command of the log with its events: what the exchange said to whom, and when."""

    sequence: int
    time_ns: int
    key: int
    command: AnyCommand
    events: Sequence[AnyEvent]


class _HotRun(Struct, frozen=True):
    commands: "NDArray[np.void]"
    events: "NDArray[np.void]"


class History:
    """Runs of the log in order, the oldest day dropped when a new one opens."""

    def __init__(self, profile: Profile) -> None:
        self.floor = 0
        """Last sequence that is no longer kept."""
        self.last_date = ""
        """Of the trading day that was opened last."""
        self._profile = profile
        self._firsts: list[int] = []
        self._runs: list[_HotRun | list[Applied]] = []
        self._days: list[int] = []

    def add_hot(self, commands: "NDArray[np.void]", events: "NDArray[np.void]") -> None:
        """Keep a run of hot commands and its events."""
        self._firsts.append(int(commands["sequence"][0]))
        self._runs.append(_HotRun(commands, events))

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
            applied = run if isinstance(run, list) else self.decode(run.commands, run.events)
            for item in applied:
                if item.sequence > sequence:
                    yield item

    def decode(self, commands: "NDArray[np.void]", events: "NDArray[np.void]") -> list[Applied]:
        """Return a run of hot commands as structs."""
        entries = [record_to_entry(row, self._profile) for row in commands]
        return grouped(entries, events_from_records(events, commands, self._profile))


def grouped(entries: Sequence[Entry], events: Sequence[AnyEvent]) -> list[Applied]:
    """Give each entry its events, which follow in the same order."""
    applied = []
    place = 0
    for entry in entries:
        start = place
        while place < len(events) and events[place].sequence == entry.sequence:
            place += 1
        applied.append(
            Applied(entry.sequence, entry.time_ns, entry.key, entry.command, events[start:place])
        )
    return applied
