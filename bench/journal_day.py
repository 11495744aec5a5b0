"""A trading day of so many commands in a journal on the disk, for measuring what a start costs."""

import gc
import sys
from pathlib import Path
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from bench.engine_cases import profile_of, roomy
from bench.stage import Stage
from bench.workload import Flow, Shape
from engine.commands import AnyCommand, Entry, OpenDay
from engine.exchange import SEMANTICS_VERSION, Exchange
from engine.profile import Profile, profile_digest
from gateway.calendar import Timetable, load_calendar, make_calendar
from gateway.clock import SimulatedClock
from gateway.disk import FolderDisk, FolderFile
from gateway.history import History, apply_hot
from gateway.journal import Journal
from gateway.process import SWITCH_SECONDS
from gateway.recovery import Place, recover
from gateway.replay import apply_control
from gateway.sequencer import Sequencer
from gateway.server import Server
from gateway.snapshots import Snapshots

CONTROL_RUN: Final = 64
PROFILE_TEXT: Final = b"bench"
"""Only its digest is looked at."""
CALENDAR: Final = make_calendar()


class _LazyFile(FolderFile):
    """A file whose syncs are left out: the day is written to be read, in the same process."""

    def sync(self) -> None:
        """Do nothing."""


class _LazyDisk(FolderDisk):
    """A folder of such files."""

    make_file = _LazyFile


class _Told(Stage):
    """A stage that remembers the commands that made it."""

    def __init__(self, *arguments: object) -> None:
        self.entries: list[Entry] = []
        super().__init__(*arguments)  # type: ignore[arg-type]

    def tell(self, key: int, command: AnyCommand) -> None:
        """Apply one command and keep its entry."""
        super().tell(key, command)
        sequence = self.exchange.sequence
        self.entries.append(Entry(sequence, self._time_ns, key, command))


class DayShape(Struct, frozen=True, kw_only=True):
    """What the day is like; it stands in the conditions of every figure."""

    commands: int = 1_000_000
    live: int = 5_000
    participants: int = 3_600
    seed: int = 20_260_105


class Day:
    """The commands of one day and of the market's making; `write` puts them on a disk."""

    def __init__(self, shape: DayShape) -> None:
        flow = Shape(
            seed=shape.seed,
            participants=shape.participants,
            live=shape.live,
            commands=shape.commands - shape.live,
        )
        self.profile = roomy(profile_of("national"), shape.participants, shape.commands)
        stage = _Told(self.profile, flow)
        stage.open_day()
        self.entries = stage.entries
        rows = Flow(self.profile, flow).records(flow.live, flow.commands)
        self.records: NDArray[np.void] = stage.stamp(rows)

    def write(self, folder: Path, batch: int, snapshot_at: int = 0) -> Place:
        """Write the journal in batches of so many, and a snapshot behind so many hot commands."""
        place = place_of(folder, self.profile)
        exchange, history = Exchange(self.profile), History(self.profile)
        journal = Journal.open(place.journal, PROFILE_TEXT, SEMANTICS_VERSION)
        for run in _control_runs(self.entries):
            journal.append(exchange.sequence, [run], exchange.event_digest())
            history.add_control(apply_control(exchange, run))
        for begin in range(0, len(self.records), batch):
            if snapshot_at and begin >= snapshot_at:
                snapshot_at = 0
                _snapshot(place, exchange, history, journal)
            rows = self.records[begin : begin + batch]
            journal.append(exchange.sequence, [rows], exchange.event_digest())
            history.add_hot(apply_hot(exchange, rows))
        journal.close()
        return place


def place_of(folder: Path, profile: Profile) -> Place:
    """Return the journal and the snapshots of a folder."""
    journal, snapshots = _LazyDisk(folder / "journal"), _LazyDisk(folder / "snapshots")
    journal.make()
    snapshots.make()
    return Place(
        journal=journal,
        snapshots=snapshots,
        profile=profile,
        profile_text=PROFILE_TEXT,
    )


def start(place: Place) -> int:
    """Do all that a process does before it listens, and as it does; return the last sequence.

    Threads and the collector are set as by `gateway.process`, and what was made is let go by the caller.
    """
    gc.disable()
    switch_s = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        found = recover(place, lambda _: None)
        clock = SimulatedClock(found.exchange.time_ns)
        timetable = Timetable(load_calendar(CALENDAR, "bench"), place.profile)
        sequencer = Sequencer(found.exchange, found.journal, found.history, clock, timetable)
        Server(sequencer, place.profile, clock_mode=clock.mode)
    finally:
        sys.setswitchinterval(switch_s)
        gc.enable()
    found.journal.close()
    return found.exchange.sequence


def _snapshot(place: Place, exchange: Exchange, history: History, journal: Journal) -> None:
    snapshots = Snapshots(place.snapshots, profile_digest(PROFILE_TEXT), lambda _: None)
    taken = snapshots.take(exchange, history, journal.anchor())
    if taken is None or not snapshots.write(taken):
        raise OSError(f"no snapshot could be written to {place.snapshots}")


def _control_runs(entries: list[Entry]) -> list[list[Entry]]:
    """Cut entries into frames; what opens a day begins one."""
    runs: list[list[Entry]] = [[]]
    for entry in entries:
        if runs[-1] and (len(runs[-1]) == CONTROL_RUN or isinstance(entry.command, OpenDay)):
            runs.append([])
        runs[-1].append(entry)
    return runs
