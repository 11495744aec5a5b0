"""Reading a journal from the first frame to the last, and telling a torn tail from damage.

A torn tail is what a crash leaves: an end that nobody was ever told about, with nothing of a later
batch behind it. Everything else that does not verify is damage, and no damage is ever skipped.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from msgspec import Struct

from gateway.disk import Disk
from gateway.journal_format import (
    HEAD_BYTES,
    NO_HASH,
    Frame,
    FrameKind,
    JournalDamaged,
    Mark,
    decode_frame,
    dirty_bytes_behind,
    frame_problem,
    read_mark,
    valid_frames_behind,
)

SUFFIX: Final = ".journal"
NEW_SUFFIX: Final = ".journal.new"
"""A file bears it until its first frame is on the disk."""
FIRST_DATE: Final = "0000-00-00"
"""Stands for the time before the first trading day."""
_NAME = re.compile(r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\.journal\Z", re.ASCII)

Visitor = Callable[[Frame], None]


class Chain(Struct):
    """What the next frame must follow."""

    hash: bytes = NO_HASH
    sequence: int = 0
    epoch: int = 0


class FileScan:
    """One pass over one file; after `frames` is exhausted the fields below stand."""

    def __init__(self, name: str, view: memoryview, chain: Chain) -> None:
        self.name = name
        self.end = HEAD_BYTES
        self.count = 0
        self.dropped_bytes = 0
        self.mark = Mark(0, 0, 0)
        self._view = view
        self._chain = chain

    def frames(self) -> Iterator[Frame]:
        """Yield the frames in order; JournalDamaged where the file breaks other than at its end."""
        mark = read_mark(self._view)
        if mark is None:
            raise self._damage(0, "neither mark at the head of the file is valid")
        self.mark = mark
        chain = self._chain
        while (frame := decode_frame(self._view, self.end)) is not None:
            problem = frame_problem(frame, chain.hash, chain.sequence, chain.epoch)
            if not problem and (self.count == 0) != (frame.header.kind == FrameKind.PROFILE):
                problem = "the profile is the first frame of each file, and only that"
            if problem:
                raise self._damage(self.end, problem)
            chain.hash = frame.own_hash
            chain.sequence += frame.header.count
            chain.epoch = frame.header.epoch
            self.end = frame.end
            self.count += 1
            yield frame
        self._judge_end()

    def _judge_end(self) -> None:
        """Decide whether the end is clean, torn or damaged."""
        if self.end < self.mark.end or self._chain.sequence < self.mark.sequence:
            what = f"the frame is not valid, and sequence {self.mark.sequence} was acknowledged"
            raise self._damage(self.end, what)
        if self.count == 0:
            raise self._damage(self.end, "the first frame of the file is not valid")
        for frame in valid_frames_behind(self._view, self.end):
            # One batch is one write, whose pages may reach the disk in any order: a whole frame of
            # the same batch behind a torn one is still the tail of a crash.
            if frame.header.batch_offset > self.end:
                what = f"the frame is not valid, but one at offset {frame.offset} behind it is"
                raise self._damage(self.end, what)
        self.dropped_bytes = dirty_bytes_behind(self._view, self.end)

    def _damage(self, offset: int, what: str) -> JournalDamaged:
        return JournalDamaged(self.name, offset, self._chain.sequence + 1, what)


class Report(Struct, kw_only=True):
    """What a pass over a whole journal found."""

    files: int = 0
    frames: int = 0
    commands: int = 0
    last_sequence: int = 0
    epoch: int = 0
    acknowledged_sequence: int = 0
    """By the mark: the lowest end that a crash may have left."""
    last_file: str = ""
    last_end: int = 0
    dropped_bytes: int = 0
    """Bytes of a torn tail behind the last valid frame, 0 for a clean end."""


def journal_names(disk: Disk) -> list[str]:
    """Return the names of the files of a journal, oldest first."""
    return [name for name in disk.names() if _NAME.match(name)]


def scan_file(
    disk: Disk, name: str, chain: Chain, visit: Visitor | None, *, is_writable: bool
) -> FileScan:
    """Verify one file and show each frame to the visitor."""
    file = disk.open(name, is_writable=is_writable)
    try:
        scan = FileScan(name, file.view(), chain)
        for frame in scan.frames():
            if visit is not None:
                visit(frame)
        return scan
    finally:
        file.close()


def scan_journal(
    disk: Disk, visit: Visitor | None = None, *, is_writable: bool = False
) -> tuple[Report, Chain, Mark]:
    """Verify a whole journal without changing it; JournalDamaged names the place of the first damage."""
    report, chain, mark = Report(), Chain(), Mark(0, 0, 0)
    names = journal_names(disk)
    for name in names:
        scan = scan_file(disk, name, chain, visit, is_writable=is_writable)
        mark = scan.mark
        if scan.dropped_bytes and name != names[-1]:
            what = "a torn end, but a later file follows"
            raise JournalDamaged(name, scan.end, chain.sequence + 1, what)
        report.files += 1
        report.frames += scan.count
        report.last_file, report.last_end = name, scan.end
        report.dropped_bytes = scan.dropped_bytes
    report.commands = report.last_sequence = chain.sequence
    report.epoch = chain.epoch
    report.acknowledged_sequence = mark.sequence
    return report, chain, mark
