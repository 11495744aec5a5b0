"""Reading a journal from the first frame to the last, and telling a torn tail from damage.

A torn tail is what a crash leaves: an end that nobody was ever told about, with nothing of a later
batch behind it. Everything else that does not verify is damage, and no damage is ever skipped.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from typing import Final

import msgspec
from msgspec import Struct

from gateway.disk import Disk, File
from gateway.journal_format import (
    HEAD_BYTES,
    Chain,
    ClosedDay,
    Frame,
    FrameKind,
    JournalDamaged,
    Mark,
    decode_frame,
    dirty_bytes_behind,
    frame_problem,
    read_mark,
    skim,
    valid_frames_behind,
)

SUFFIX: Final = ".journal"
NEW_SUFFIX: Final = ".journal.new"
"""A file bears it until its first frame is on the disk."""
FIRST_DATE: Final = "0000-00-00"
"""Stands for the time before the first trading day."""
_NAME = re.compile(r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\.journal\Z", re.ASCII)

FIRST_FRAME_BYTES_MAX: Final = 1024 * 1024
"""More than a profile's frame ever has."""
PIECE_BYTES: Final = 4 * 1024 * 1024
"""How much of a closed day is read at a time to prove it."""

_SHORT: Final = (
    "the file is closed, so another was begun behind it, and that is missing: restore it (to go on "
    "without it make this one writable)"
)
_UNDECODABLE: Final = (msgspec.DecodeError, UnicodeDecodeError)
"""What msgspec raises at bytes that are no payload; of the second MessagePack alone is capable."""

Visitor = Callable[[Frame], None]


class Anchor(Struct, frozen=True):
    """A place between two frames that a snapshot stands for."""

    file: str
    offset: int
    hash: bytes
    """Of the frame before it."""
    sequence: int

    def told(self) -> str:
        """Return where it is, and what to do where the journal is not there."""
        return f"at sequence {self.sequence} (to go on without it remove the folder of snapshots)"


class AnchorDiffers(Exception):
    """The journal holds, but it is not the one that a snapshot was taken of."""


class FileScan:
    """One pass over one file; after `frames` is exhausted the fields below stand."""

    def __init__(
        self,
        name: str,
        view: memoryview,
        chain: Chain,
        again: Callable[[], memoryview] | None = None,
    ) -> None:
        self.name = name
        self.end = HEAD_BYTES
        self.count = 0
        self.dropped_bytes = 0
        self.mark = Mark(0, 0, 0)
        self._view = view
        self._chain = chain
        self._again = again
        """Reads the file once more, where another process may be writing it."""

    def frames(self, anchor: Anchor | None = None) -> Iterator[Frame]:
        """Yield the frames in order; JournalDamaged where the file breaks other than at its end.

        With an anchor those between the first frame and the anchor are verified and not yielded.
        """
        mark = read_mark(self._view)
        if mark is None:
            raise self._damage(0, "neither mark at the head of the file is valid")
        self.mark = mark
        while True:
            if anchor is not None and self.count:
                self._skip_to(anchor)
                anchor = None
            frame = decode_frame(self._view, self.end)
            if frame is not None:
                self._follow(frame)
                yield frame
                continue
            try:
                return self._judge_end()
            except JournalDamaged:
                if not self._was_being_written():
                    raise

    def _was_being_written(self) -> bool:
        """Say whether a place that seemed broken holds by now: it was read earlier than what is behind it."""
        if self._again is None:
            return False
        self._view = self._again()
        return decode_frame(self._view, self.end) is not None

    def _follow(self, frame: Frame) -> None:
        chain = self._chain
        problem = frame_problem(frame, chain.hash, chain.sequence, chain.epoch)
        if not problem and (self.count == 0) != (frame.header.kind == FrameKind.PROFILE):
            problem = "the profile is the first frame of each file, and only that"
        if problem:
            raise self._damage(self.end, problem)
        chain.hash, chain.epoch = frame.own_hash, frame.header.epoch
        chain.time_ns = frame.header.time_ns
        chain.sequence += frame.header.count
        self.end = frame.end
        self.count += 1

    def _skip_to(self, anchor: Anchor) -> None:
        """Verify up to the anchor; where a frame does not hold, the judge of the end says what that is."""
        stop = min(anchor.offset, len(self._view))
        self.end, count = skim(self._view, self.end, stop, self._chain)
        self.count += count
        if self.end == anchor.offset:
            if (self._chain.hash, self._chain.sequence) != (anchor.hash, anchor.sequence):
                raise AnchorDiffers(
                    f"{self.name}, offset {anchor.offset}: another hash stands there"
                )
            return
        while (frame := decode_frame(self._view, self.end)) is not None:
            self._follow(frame)
            if self.end > anchor.offset:
                raise AnchorDiffers(f"{self.name}, offset {anchor.offset}: no frame ends there")
        self._judge_end()
        what = f"the file ends, and a snapshot was taken behind it, {anchor.told()}"
        raise self._damage(self.end, what)

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
    """Those that were read one by one: a closed day may be proved by its digest instead."""
    commands: int = 0
    last_sequence: int = 0
    epoch: int = 0
    acknowledged_sequence: int = 0
    """By the mark: the lowest end that a crash may have left."""
    last_file: str = ""
    last_end: int = 0
    dropped_bytes: int = 0
    """Bytes of a torn tail behind the last valid frame, 0 for a clean end."""
    closed_days: int = 0
    """Files whose recorded digest was compared."""
    changed_files: list[str] = []
    """Closed files whose digest differs although every frame holds: rot outside the frames."""


def journal_names(disk: Disk) -> list[str]:
    """Return the names of the files of a journal, oldest first."""
    return [name for name in disk.names() if _NAME.match(name)]


def first_frame(disk: Disk, name: str) -> Frame | None:
    """Return the first frame of a file, None where it is not whole."""
    file = disk.open(name, is_writable=False)
    try:
        frame = decode_frame(
            memoryview(file.read(0, HEAD_BYTES + FIRST_FRAME_BYTES_MAX)), HEAD_BYTES
        )
    finally:
        file.close()
    return frame if frame is not None and frame.header.kind == FrameKind.PROFILE else None


class JournalScan:
    """One pass over all files of a journal, which changes nothing."""

    def __init__(self, disk: Disk, visit: Visitor | None, anchor: Anchor | None) -> None:
        self.report = Report()
        self.chain = Chain()
        self.mark = Mark(0, 0, 0)
        self._disk = disk
        self._visit = visit or (lambda _: None)
        self._anchor = anchor

    def run(self, *, is_writable: bool) -> None:
        """Read all files; JournalDamaged names the place of the first damage."""
        names = journal_names(self._disk)
        anchor = self._anchor
        if anchor is not None and anchor.file not in names:
            what = f"the file is missing, and a snapshot was taken in it, {anchor.told()}"
            raise JournalDamaged(anchor.file, 0, anchor.sequence, what)
        first = first_frame(self._disk, names[0]) if names else None
        before = _closed_by(names[0], first) if first is not None else None
        if before is not None:
            raise _missing(before.file, names[0])
        # Somebody else may read days that were put away; who writes needs the newest.
        is_short = is_writable and bool(names) and self._disk.is_protected(names[-1])
        for index, name in enumerate(names):
            is_last = index + 1 == len(names)
            following = None if is_last else first_frame(self._disk, names[index + 1])
            closed = _closed_by(names[index + 1], following) if following is not None else None
            if closed is not None and closed.file != name:
                raise _missing(closed.file, names[index + 1])
            is_own = is_writable and is_last and not is_short
            file = self._disk.open(name, is_writable=is_own)
            try:
                is_proved = closed is not None and _is_as_closed(file, closed)
                if closed is not None:
                    self.report.closed_days += 1
                    if not is_proved:
                        self.report.changed_files.append(name)
                is_old = anchor is not None and name < anchor.file
                if not (is_old and is_proved and self._pass(first, following)):
                    at = anchor if anchor is not None and name == anchor.file else None
                    again = file.view if is_last and not is_own else None
                    self._read(FileScan(name, file.view(), self.chain, again), at, is_last=is_last)
            finally:
                file.close()
            first = following
        report, chain = self.report, self.chain
        if is_short:
            raise JournalDamaged(names[-1], report.last_end, chain.sequence + 1, _SHORT)
        report.files = len(names)
        report.commands = report.last_sequence = chain.sequence
        report.epoch = chain.epoch
        report.acknowledged_sequence = self.mark.sequence

    def _pass(self, first: Frame | None, following: Frame | None) -> bool:
        """Take a closed day for read whose digest is the recorded one and whose first frame follows."""
        chain = self.chain
        if first is None or following is None:
            return False  # the slow reader says what is wrong
        if frame_problem(first, chain.hash, chain.sequence, chain.epoch):
            return False
        self._visit(first)
        chain.hash, chain.sequence = following.previous_hash, following.header.first_sequence - 1
        chain.epoch, chain.time_ns = following.header.epoch, following.header.time_ns
        return True

    def _read(self, scan: FileScan, anchor: Anchor | None, *, is_last: bool) -> None:
        name = scan.name
        frame: Frame | None = None
        try:
            for frame in scan.frames(anchor):
                self._visit(frame)
        except _UNDECODABLE as error:
            assert frame is not None, "payloads are decoded by the visitor"
            raise _undecodable(name, frame, error) from None
        if scan.dropped_bytes and not is_last:
            what = "a torn end, but a later file follows"
            raise JournalDamaged(name, scan.end, self.chain.sequence + 1, what)
        self.mark = scan.mark
        self.report.frames += scan.count
        self.report.last_file, self.report.last_end = name, scan.end
        self.report.dropped_bytes = scan.dropped_bytes


def _closed_by(name: str, first: Frame) -> ClosedDay | None:
    """Return what the first frame of a file says of the file before."""
    try:
        return first.profile().closed
    except _UNDECODABLE as error:
        raise _undecodable(name, first, error) from None


def _missing(name: str, later: str) -> JournalDamaged:
    """Name the file of a day that was closed before a later one was begun, and is not there."""
    what = f"the file is missing, and {later} was begun behind it"
    return JournalDamaged(name, 0, 0, what)


def _undecodable(name: str, frame: Frame, error: Exception) -> JournalDamaged:
    """Name the place of a frame that is sealed and whose payload is still not what its kind says."""
    what = f"the payload of the frame is not one of its kind ({error})"
    sequence = max(1, frame.header.first_sequence)  # it may be looked at before its place is proved
    return JournalDamaged(name, frame.offset, sequence, what)


def digest_of(file: File, length: int) -> str:
    """Return the SHA-256 of the first bytes of a file, read piece by piece: a day may be large."""
    state = hashlib.sha256()
    for offset in range(0, length, PIECE_BYTES):
        state.update(file.read(offset, min(PIECE_BYTES, length - offset)))
    return state.hexdigest()


def _is_as_closed(file: File, closed: ClosedDay) -> bool:
    """Say whether a file is what it was when it was closed; a crash may have left zeros behind it."""
    behind = file.size() - closed.length
    if behind < 0 or digest_of(file, closed.length) != closed.sha256:
        return False
    return not any(file.read(closed.length, behind))


def scan_journal(
    disk: Disk,
    visit: Visitor | None = None,
    *,
    is_writable: bool = False,
    anchor: Anchor | None = None,
) -> tuple[Report, Chain, Mark]:
    """Verify a whole journal without changing it; JournalDamaged names the place of the first damage.

    With the anchor of a snapshot the frames before it are verified but not visited, but for the first of
    each file; AnchorDiffers where the journal is not that of the snapshot.
    """
    scan = JournalScan(disk, visit, anchor)
    scan.run(is_writable=is_writable)
    return scan.report, scan.chain, scan.mark
