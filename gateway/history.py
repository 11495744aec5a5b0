"""What the exchange did on this and the last trading day, kept in memory for readers that resume.

Hot commands are kept as their 64-byte records and decoded only when somebody asks. A page holds a
stretch of the log; a full one never changes, so snapshots write it once (`history_pages.py`). Every command
is in one page, hot or not, so its row follows from its sequence and the control commands before it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.answers import Answers, answers_from_records
from engine.codec import record_to_entry
from engine.commands import AnyCommand, Entry
from engine.core.records import COMMAND, EVENT, EventKind
from engine.events import AnyEvent, DayOpened
from engine.exchange import Exchange
from engine.profile import Profile

DAYS_KEPT: Final = 2
PAGE_HOT_MAX: Final = 65_536
"""Most hot commands of a page but for the run that passes it."""
PAGE_CONTROL_MAX: Final = 4_096
"""The same for control commands."""
FIRST_ROWS: Final = 256
DECODED_ROWS: Final = 4_096
"""How many records are decoded at a time for a reader."""


class Applied(Struct, frozen=True, gc=False):
    """A command of the log with its events: what the exchange said to whom, and when."""

    sequence: int
    time_ns: int
    key: int
    command: AnyCommand
    events: Sequence[AnyEvent]


Told = tuple[int, Sequence[AnyEvent]]
"""Sequence and events of a command."""


class HotRun(Struct, frozen=True):
    """A run of hot commands as records, with what they were answered with."""

    commands: "NDArray[np.void]"
    answers: Answers


class Rows:
    """A structured array that grows."""

    def __init__(self, dtype: "np.dtype[Any] | type[np.int64]") -> None:
        self._array: NDArray[Any] = np.zeros(0, dtype)
        self.count = 0

    @classmethod
    def of(cls, array: "NDArray[Any]") -> "Rows":
        """Return an array that is full."""
        rows = cls(array.dtype)
        rows._array, rows.count = array, len(array)
        return rows

    def add(self, rows: "NDArray[Any]") -> None:
        """Copy rows to the end."""
        end = self.count + len(rows)
        if end > len(self._array):
            grown = np.zeros(max(end, 2 * len(self._array), FIRST_ROWS), self._array.dtype)
            grown[: self.count] = self._array[: self.count]
            self._array = grown
        self._array[self.count : end] = rows
        self.count = end

    @property
    def used(self) -> "NDArray[Any]":
        """Return the rows there are."""
        return self._array[: self.count]


class Page:
    """A stretch of the log: its hot commands in columns, its control commands one by one."""

    def __init__(self, first: int) -> None:
        self.first = first
        """Sequence of its first command."""
        self.last = first - 1
        self.commands = Rows(COMMAND)
        self.events = Rows(EVENT)
        self.ends = Rows(np.int64)
        self.first_times = Rows(np.int64)
        self.before: dict[int, list[AnyEvent]] = {}
        self.after: dict[int, list[AnyEvent]] = {}
        self._controls: list[Applied] = []
        self._numbers: NDArray[np.int64] = np.zeros(0, np.int64)
        self._unpack: Callable[[], list[Applied]] | None = None
        self._tell: Callable[[], list[Told]] | None = None
        self._told: list[Told] | None = None

    @classmethod
    def stored(
        cls,
        first: int,
        last: int,
        columns: Sequence["NDArray[Any]"],
        before: dict[int, list[AnyEvent]],
        after: dict[int, list[AnyEvent]],
        unpack: Callable[[], list[Applied]],
        tell: Callable[[], list[Told]],
        told: list[Told],
    ) -> "Page":
        """Return a page as it was written; its control commands are unpacked when somebody asks.

        Their events alone cost half of that: `told` has them for the first who asks, which a start does,
        `tell` makes them again.
        """
        page = cls(first)
        page.last = last
        page.commands, page.events, page.ends, page.first_times = map(Rows.of, columns)
        page.before, page.after = before, after
        page._unpack, page._tell, page._told = unpack, tell, told
        return page

    @property
    def controls(self) -> list[Applied]:
        """Its control commands in order."""
        if self._unpack is not None:
            self._controls, self._unpack, self._tell = self._unpack(), None, None
        return self._controls

    def told(self) -> list[Told]:
        """Return what its control commands did, in order."""
        told, self._told = self._told, None
        if told is not None:
            return told
        if self._tell is not None:
            return self._tell()
        return [(item.sequence, item.events) for item in self._controls]

    @property
    def is_full(self) -> bool:
        """Nothing more is to be added."""
        return self.commands.count >= PAGE_HOT_MAX or len(self.controls) >= PAGE_CONTROL_MAX

    def add_hot(self, run: HotRun) -> None:
        """Copy a run to the end."""
        place, row, answers = self.commands.count, self.events.count, run.answers
        self.commands.add(run.commands)
        self.events.add(answers.events)
        self.ends.add(answers.ends + row)
        self.first_times.add(answers.first_times)
        self.before.update((place + at, events) for at, events in answers.before.items())
        self.after.update((place + at, events) for at, events in answers.after.items())
        self.last += len(run.commands)

    def add_control(self, applied: Applied) -> None:
        """Keep one command."""
        self.controls.append(applied)
        self.last += 1

    def read(self, after: int, profile: Profile) -> Iterator[Applied]:
        """Yield what stands behind a sequence."""
        controls = iter(self.controls[bisect_right(self.controls, after, key=_sequence) :])
        control = next(controls, None)
        for item in self._read_hot(after, profile):
            while control is not None and control.sequence < item.sequence:
                yield control
                control = next(controls, None)
            yield item
        while control is not None:
            yield control
            control = next(controls, None)

    def _read_hot(self, after: int, profile: Profile) -> Iterator[Applied]:
        begin = int(np.searchsorted(self.commands.used["sequence"], after, side="right"))
        while begin < self.commands.count:
            end = min(begin + DECODED_ROWS, self.commands.count)
            run = self._run(begin, end)
            entries = [record_to_entry(row, profile) for row in run.commands]
            yield from paired(entries, run, profile)
            begin = end

    # ------------------------------------------------------------ single commands

    def entries(self, sequences: "NDArray[np.int64]", profile: Profile) -> list[Applied]:
        """Return the commands of rising sequences, all of this page."""
        rows, is_hot, before = self._found(sequences)
        run = self._picked(rows)
        hot = iter(paired([record_to_entry(row, profile) for row in run.commands], run, profile))
        controls = self.controls
        places = zip(is_hot.tolist(), before.tolist(), strict=True)
        return [next(hot) if is_row else controls[place] for is_row, place in places]

    def first_answer(
        self, sequences: "NDArray[np.int64]", key: int, client_order: int
    ) -> int | None:
        """Return the first of these sequences that is a key's command of that number."""
        rows, is_hot, before = self._found(sequences)
        commands = self.commands.used
        is_it = commands["client_order"][rows] == client_order
        is_it &= commands["key"][rows] == key
        found = sequences[is_hot][is_it][:1].tolist()
        for place in before[~is_hot].tolist():
            item = self.controls[place]
            if item.key == key and getattr(item.command, "client_order", 0) == client_order:
                found.append(item.sequence)
                break
        return min(found, default=None)

    def without_quiet(self, sequences: "NDArray[np.int64]") -> "NDArray[np.int64]":
        """Return those of the sequences that may have moved cash or allowances: no hot one without a trade."""
        rows, is_hot, _ = self._found(sequences)
        events, begins = self._event_places(rows)
        keeps = ~is_hot
        if len(rows):
            is_trade = self.events.used["kind"][events] == EventKind.TRADED
            with_more = np.array([row in self.after or row in self.before for row in rows.tolist()])
            keeps[is_hot] = np.logical_or.reduceat(is_trade, begins) | with_more
        return sequences[keeps]

    def _found(
        self, sequences: "NDArray[np.int64]"
    ) -> "tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.int64]]":
        """Return the rows of the hot ones among sequences, which these are, and the controls before each."""
        if len(self._numbers) != len(self.controls):
            self._numbers = np.array([item.sequence for item in self.controls], np.int64)
        before = np.searchsorted(self._numbers, sequences)
        is_hot = np.searchsorted(self._numbers, sequences, side="right") == before
        return (sequences - self.first - before)[is_hot], is_hot, before

    def _event_places(
        self, rows: "NDArray[np.int64]"
    ) -> "tuple[NDArray[np.int64], NDArray[np.int64]]":
        """Return the places of all events of some commands, and where each command's begin among them."""
        ends = self.ends.used
        firsts = np.where(rows > 0, ends[rows - 1], 0) if len(rows) else rows
        counts = ends[rows] - firsts
        begins = np.cumsum(counts) - counts
        return np.repeat(firsts - begins, counts) + np.arange(counts.sum()), begins

    def _picked(self, rows: "NDArray[np.int64]") -> HotRun:
        """Return some of the hot commands as if they had followed each other."""
        events, begins = self._event_places(rows)
        answers = Answers(
            self.events.used[events],
            np.append(begins[1:], len(events)) if len(rows) else begins,
            self.first_times.used[rows],
            {at: self.before[row] for at, row in enumerate(rows.tolist()) if row in self.before},
            {at: self.after[row] for at, row in enumerate(rows.tolist()) if row in self.after},
        )
        return HotRun(self.commands.used[rows], answers)

    def _run(self, begin: int, end: int) -> HotRun:
        """Return a part of the hot commands, with its answers counted from its own beginning."""
        row = int(self.ends.used[begin - 1]) if begin else 0
        ends = self.ends.used[begin:end]
        answers = Answers(
            self.events.used[row : int(ends[-1])],
            ends - row,
            self.first_times.used[begin:end],
            {at - begin: told for at, told in self.before.items() if begin <= at < end},
            {at - begin: told for at, told in self.after.items() if begin <= at < end},
        )
        return HotRun(self.commands.used[begin:end], answers)


class History:
    """Pages of the log in order, the oldest day dropped when a new one opens."""

    def __init__(self, profile: Profile) -> None:
        self.floor = 0
        """Last sequence that is no longer kept."""
        self.last_date = ""
        """Of the trading day that was opened last."""
        self.days: list[int] = []
        """Sequences of the commands that opened the days that are kept."""
        self.pages: list[Page] = []
        self.profile = profile

    def add_hot(self, run: HotRun) -> None:
        """Keep a run of hot commands."""
        self._page(int(run.commands["sequence"][0])).add_hot(run)

    def add_control(self, applied: list[Applied]) -> None:
        """Keep a run of control commands; one that opened a day drops the day before the last."""
        for item in applied:
            for event in item.events:
                if isinstance(event, DayOpened):
                    self.last_date = event.date
                    self.close_page()
                    self._open_day(item.sequence)
            self._page(item.sequence).add_control(item)

    def restore(self, pages: list[Page], floor: int, last_date: str, days: list[int]) -> None:
        """Begin with what a snapshot kept."""
        self.pages, self.floor, self.last_date, self.days = pages, floor, last_date, days
        self.close_page()

    def close_page(self) -> None:
        """Let the next command begin a page of its own."""
        if self.pages and self.pages[-1].last >= self.pages[-1].first:
            self.pages.append(Page(self.pages[-1].last + 1))

    def _page(self, sequence: int) -> Page:
        if not self.pages:
            self.pages.append(Page(sequence))
        elif self.pages[-1].is_full:
            self.close_page()
        return self.pages[-1]

    def _open_day(self, first: int) -> None:
        self.days.append(first)
        if len(self.days) <= DAYS_KEPT:
            return
        del self.days[0]
        cut = bisect_left(self.pages, self.days[0], key=lambda page: page.first)
        self.floor = self.pages[cut].first - 1
        del self.pages[:cut]

    def after(self, sequence: int) -> Iterator[Applied]:
        """Yield what followed a sequence, from the floor on at the earliest."""
        for page in list(self.pages):
            if page.last > sequence:
                yield from page.read(sequence, self.profile)

    @property
    def last(self) -> int:
        """Sequence of the last command, `floor` where none is kept."""
        return self.pages[-1].last if self.pages else self.floor

    def entries(self, sequences: "NDArray[np.int64]") -> list[Applied]:
        """Return the commands of rising sequences; LookupError where the first is no longer kept."""
        return [
            item
            for page, part in self._parts(sequences)
            for item in page.entries(part, self.profile)
        ]

    def first_answer(
        self, sequences: "NDArray[np.int64]", key: int, client_order: int
    ) -> Applied | None:
        """Return the first of these commands that a key sent under a client order number."""
        for page, part in self._parts(sequences):
            found = page.first_answer(part, key, client_order)
            if found is not None:
                return page.entries(np.array([found], np.int64), self.profile)[0]
        return None

    def without_quiet(self, sequences: "NDArray[np.int64]") -> "NDArray[np.int64]":
        """Return those of the sequences that may have moved cash or allowances."""
        parts = [page.without_quiet(part) for page, part in self._parts(sequences)]
        return np.concatenate(parts) if parts else sequences

    def _parts(self, sequences: "NDArray[np.int64]") -> "Iterator[tuple[Page, NDArray[np.int64]]]":
        """Yield pages with what of rising sequences lies in each."""
        if not len(sequences):
            return
        if sequences[0] <= self.floor:
            raise LookupError(f"sequence {sequences[0]} is no longer kept")
        at = bisect_right(self.pages, int(sequences[0]), key=_first) - 1
        begin = 0
        while begin < len(sequences):
            page = self.pages[at]
            end = int(np.searchsorted(sequences, page.last, side="right"))
            if end > begin:
                yield page, sequences[begin:end]
            begin, at = end, at + 1


def _first(page: Page) -> int:
    return page.first


def _sequence(applied: Applied) -> int:
    return applied.sequence


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
