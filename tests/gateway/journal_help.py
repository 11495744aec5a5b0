"""Batches for the journal's tests: what stands in them does not matter, only that it comes back."""

import numpy as np
from numpy.typing import NDArray

from engine.commands import AdvanceTime, AnyCommand, Entry, OpenDay
from engine.core.records import COMMAND
from gateway.disk import Disk
from gateway.journal import Journal
from gateway.journal_format import Frame, FrameKind
from gateway.journal_scan import scan_journal

PROFILE = b'name = "national"\n'
CHUNK = 8192
FIRST = "0000-00-00.journal"


def hot(first: int, count: int, time_ns: int = 0) -> NDArray[np.void]:
    rows = np.zeros(count, dtype=COMMAND)
    rows["kind"] = 1
    rows["sequence"] = np.arange(first, first + count)
    rows["time_ns"] = time_ns or first
    rows["client_order"] = rows["sequence"] * 7
    return rows


def control(first: int, count: int = 1, command: AnyCommand | None = None) -> list[Entry]:
    return [
        Entry(first + index, first + index, 0, command or AdvanceTime()) for index in range(count)
    ]


def open_day(first: int, date: str) -> list[Entry]:
    return control(first, 1, OpenDay(date=date))


def open_journal(disk: Disk, seen: list[Frame] | None = None) -> Journal:
    visit = None if seen is None else seen.append
    return Journal.open(disk, PROFILE, 1, visit, chunk_bytes=CHUNK)


def sequences(frame: Frame) -> list[int]:
    if frame.header.kind == FrameKind.HOT:
        rows = frame.records()
        assert (rows["client_order"] == rows["sequence"] * 7).all()
        return [int(number) for number in rows["sequence"]]
    if frame.header.kind == FrameKind.CONTROL:
        return [entry.sequence for entry in frame.entries()]
    return []


def recovered(disk: Disk) -> list[int]:
    """Return the sequences that a pass over the journal finds, without changing it."""
    found: list[int] = []
    scan_journal(disk, lambda frame: found.extend(sequences(frame)))
    return found


def fill(journal: Journal, batches: int, size: int = 3) -> None:
    """Append batches of one hot and one control run each."""
    for _ in range(batches):
        last = journal.last
        journal.append(last, [hot(last + 1, size), control(last + size + 1, 1)])
