"""The append-only journal of the exchange: what was acknowledged is on the disk, and stays readable.

Rule 1: one batch is one write and one sync; nobody is answered before both are done and the mark stands.
Rule 2: an error on a write or a sync is never retried: the disk may have thrown the pages away and say
        "done" to the next sync. The journal is then broken, the exchange stops, outcomes are unknown.
Rule 3: one process writes. The lock keeps a second one out; should one get past it, the next append of
        the first finds bytes at its tail that it did not write, and stops.

The interface, also that of a distributed log: `append(expected_last, batch) -> last`, `read(after)`,
`tail(after)`, `epoch()`. Source: design.md section 5, R88 (records are kept for 20 years).
"""

import errno
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.commands import Entry, OpenDay
from engine.profile import profile_digest
from gateway.disk import Disk, File, Locked
from gateway.errors import UserError
from gateway.journal_format import (
    ALIGNMENT,
    FRAME_BYTES_MAX,
    HEAD_BYTES,
    MARK_OFFSETS,
    NO_HASH,
    Chain,
    ClosedDay,
    Digest,
    Frame,
    FrameKind,
    Header,
    Mark,
    ProfileFrame,
    encode_frame,
    encode_mark,
    encode_payload,
)
from gateway.journal_read import JournalBroken, JournalReader, Tip
from gateway.journal_scan import (
    FIRST_DATE,
    NEW_SUFFIX,
    SUFFIX,
    Anchor,
    Report,
    Visitor,
    digest_of,
    journal_names,
    scan_journal,
)

CHUNK_BYTES: Final = 16 * 1024 * 1024
"""How much of a file is reserved at a time: a sync that must also grow the file is slower."""
LOCK_NAME: Final = "lock"

Part = NDArray[np.void] | list[Entry] | Digest
"""Of a batch: a run of COMMAND rows, a run of control entries, or digests to keep."""


class Fenced(JournalBroken):
    """Another writer has appended; this one must stop."""


class Journal:
    """The journal of one market, open for writing; made by `Journal.open`."""

    def __init__(self, disk: Disk, profile: ProfileFrame, chunk_bytes: int) -> None:
        self.report = Report()
        """What the recovery found; `dropped_bytes` is the torn tail that was cut."""
        self.disk = disk
        self.reader = JournalReader(disk)
        self.reserved_bytes = 0
        """Of the newest file: it changes where the file grows or another begins."""
        self._chain = Chain()
        self._mark = Mark(0, 0, 0)
        self._name = ""
        self._end = 0
        self._file: File
        self._profile = profile
        self._chunk_bytes = chunk_bytes
        self._time_ns = 0
        self._problem: BaseException | None = None

    @classmethod
    def open(
        cls,
        disk: Disk,
        profile_text: bytes,
        semantics_version: int,
        visit: Visitor | None = None,
        chunk_bytes: int = CHUNK_BYTES,
        *,
        anchor: Anchor | None = None,
        done: Callable[[], None] | None = None,
    ) -> "Journal":
        """Lock, verify, cut a torn tail, and begin a new epoch; every frame is shown to the visitor.

        With an anchor only the frames behind it are. `done` is called when all were shown and before
        anything is changed: what it raises refuses the start. UserError where another process holds the
        journal or the disk refuses; JournalDamaged where a frame is damaged, AnchorDiffers where the
        anchor is another journal's: then nothing was changed.
        """
        try:
            disk.lock(LOCK_NAME)
        except Locked as locked:
            text = f"another exchange (process {locked}) writes this journal; stop it first"
            raise UserError(text) from None
        profile = ProfileFrame(
            profile=profile_text.decode(),
            profile_digest=profile_digest(profile_text),
            semantics_version=semantics_version,
        )
        journal = cls(disk, profile, chunk_bytes)
        try:
            journal._recover(visit, anchor)
            if done is not None:
                done()
            journal._begin()
        except BaseException:
            disk.unlock()
            raise
        return journal

    def _recover(self, visit: Visitor | None, anchor: Anchor | None) -> None:
        names = iter(journal_names(self.disk))

        def note(frame: Frame) -> None:
            if frame.header.kind == FrameKind.PROFILE:
                self.reader.firsts.append((frame.header.first_sequence, next(names)))
            if visit is not None:
                visit(frame)

        found = scan_journal(self.disk, note, is_writable=True, anchor=anchor)
        self.report, self._chain, self._mark = found
        self._name, self._end = self.report.last_file, self.report.last_end
        self._time_ns = self._chain.time_ns

    def _begin(self) -> None:
        for name in self.disk.names():
            if name.endswith(NEW_SUFFIX):  # a crash came before its first frame was on the disk
                self.disk.remove(name)
        self._chain.epoch += 1
        if not self._name:
            self._start_file(FIRST_DATE)
        else:
            self._file = self.disk.open(self._name, is_writable=True)
            self._make_durable()
            for _, name in self.reader.firsts[:-1]:  # a crash may have come before
                self.disk.protect(name)
        frame = self._encode(FrameKind.EPOCH, 0, 0, b"", self._end, NO_HASH)
        self._write(frame)
        self._acknowledge()

    def _make_durable(self) -> None:
        """Put on the disk what was found in memory only, before anybody is told what became of it.

        A killed process leaves frames that were written and not synced; after a sync that failed, the
        system takes them for safe and a second sync would do nothing, so they are written once more.
        The same holds for the name of a new file, and for the mark: the next one overwrites the other
        slot, so this one must be on the disk before. A torn tail becomes zeros again.
        """
        begin = min(self._mark.end, self._end)
        frames = self._file.read(begin, self._end - begin)
        self._file.write(begin, frames + bytes(self.report.dropped_bytes))
        self._file.write(MARK_OFFSETS[self._mark.number % 2], encode_mark(self._mark))
        self._file.sync()
        self.disk.sync()

    # ------------------------------------------------------------ the interface

    @property
    def last(self) -> int:
        """Sequence of the last durable command."""
        return self._chain.sequence

    def anchor(self) -> Anchor:
        """Return the durable end as a place that a snapshot may stand for; between two appends."""
        return Anchor(self._name, self._end, self._chain.hash, self._chain.sequence)

    def epoch(self) -> int:
        """Return the number of this writer; it rises with each process that takes over."""
        return self._chain.epoch

    def append(
        self, expected_last: int, batch: Sequence[Part], event_digest: bytes = NO_HASH
    ) -> int:
        """Make a batch durable in one write and return the last sequence.

        `event_digest` is that of all events up to `expected_last`. An OpenDay must begin its batch: it
        begins a new file. Fenced where another writer was here, JournalBroken after any disk error.
        """
        if self._problem is not None:
            raise JournalBroken(f"the journal stopped: {self._problem}") from self._problem
        if expected_last != self._chain.sequence:
            text = f"the journal is at {self._chain.sequence}, the writer expected {expected_last}"
            raise Fenced(text)
        try:
            self._append(batch, event_digest)
        except (OSError, JournalBroken) as error:
            self._problem = error
            if isinstance(error, JournalBroken):
                raise
            raise JournalBroken(_disk_text(error, self._name, self._chain.sequence)) from error
        self.reader.wake()
        return self._chain.sequence

    def read(self, after: int) -> Iterator[Frame]:
        """Yield the durable frames that hold a command behind a sequence, in order."""
        return self.reader.read(after)

    def tail(self, after: int) -> AsyncIterator[Frame]:
        """Yield like `read`, then each further frame as soon as it is durable."""
        return self.reader.tail(after)

    def close(self) -> None:
        """Sync the last mark and let go of the lock; a broken journal is only let go of.

        JournalBroken where the disk fails: nothing is lost, all commands were durable before.
        """
        try:
            if self._problem is None:
                self._file.sync()
        except OSError as error:
            raise JournalBroken(_disk_text(error, self._name, self._chain.sequence)) from error
        finally:
            self._problem = self._problem or JournalBroken("it was closed")
            self._file.close()
            self.disk.unlock()

    # ------------------------------------------------------------ writing

    def _append(self, batch: Sequence[Part], event_digest: bytes) -> None:
        first = batch[0] if batch else None
        date = day_opened(first[0]) if isinstance(first, list) else ""
        if date and date + SUFFIX > self._name:
            self._start_file(date)
        begin = self._end
        chain = msgspec.structs.replace(self._chain)
        pieces = []
        for part in batch:
            piece = self._encode_part(part, begin, event_digest)
            pieces.append(piece)
            event_digest = NO_HASH
        if pieces:
            try:
                self._write(b"".join(pieces))
            except BaseException:
                self._chain = chain
                raise
            self._acknowledge()

    def _encode_part(self, part: Part, begin: int, event_digest: bytes) -> bytes:
        if isinstance(part, Digest):
            payload = encode_payload(part)
            return self._encode(FrameKind.DIGEST, 0, self._time_ns, payload, begin, event_digest)
        if isinstance(part, list):
            time_ns, payload = part[-1].time_ns, encode_payload(part)
            return self._encode(FrameKind.CONTROL, len(part), time_ns, payload, begin, event_digest)
        time_ns = int(part["time_ns"][-1])
        rows = np.ascontiguousarray(part).view(np.uint8).data
        return self._encode(FrameKind.HOT, len(part), time_ns, rows, begin, event_digest)

    def _encode(
        self,
        kind: FrameKind,
        count: int,
        time_ns: int,
        payload: bytes | memoryview,
        begin: int,
        event_digest: bytes,
    ) -> bytes:
        """Return the bytes of the next frame of a batch that begins at `begin`; moves the chain on."""
        if len(payload) > FRAME_BYTES_MAX:
            raise JournalBroken(f"a run of {len(payload)} bytes is too large for a frame")
        self._time_ns = max(self._time_ns, time_ns)
        chain = self._chain
        header = Header(
            kind, count, chain.sequence + 1, chain.epoch, self._time_ns, len(payload), begin
        )
        frame, chain.hash = encode_frame(header, payload, chain.hash, event_digest)
        chain.sequence += count
        return frame

    def _write(self, data: bytes) -> None:
        """Write at the tail and sync."""
        end = self._end + len(data)
        if any(self._file.read(self._end, ALIGNMENT)):
            raise Fenced(f"another writer appended to {self._name} at offset {self._end}")
        if end > self._file.size():
            self._file.reserve(end + self._chunk_bytes)
            self.reserved_bytes = end + self._chunk_bytes
        self._file.write(self._end, data)
        self._file.sync()
        self._end = end

    def _acknowledge(self) -> None:
        """Write the mark; it needs no sync of its own, the next batch's takes it along."""
        self._mark = Mark(self._mark.number + 1, self._chain.sequence, self._end)
        self._file.write(MARK_OFFSETS[self._mark.number % 2], encode_mark(self._mark))
        self.reader.tip = Tip(self._name, self._end, self._chain.sequence)

    def _start_file(self, date: str) -> None:
        """Begin the file of a day: it bears its name only when its first frame is on the disk.

        The file before is cut and synced first, since the new one says for ever what it was; a crash
        between the two leaves a journal that goes on in the old file.
        """
        closed = self._close_file() if self._name else None
        file = self.disk.create(date + NEW_SUFFIX, HEAD_BYTES + self._chunk_bytes)
        if closed is not None:
            self._file.close()
        self._file, self._name, self._end = file, date + SUFFIX, HEAD_BYTES
        self.reserved_bytes = HEAD_BYTES + self._chunk_bytes
        self._mark = Mark(self._mark.number + 1, self._chain.sequence, HEAD_BYTES)
        file.write(MARK_OFFSETS[self._mark.number % 2], encode_mark(self._mark))
        self._write(self._first_frame(closed))
        self.disk.rename(date + NEW_SUFFIX, self._name)
        self.disk.sync()
        self.reader.firsts.append((self._chain.sequence + 1, self._name))
        if closed is not None:
            self.disk.protect(closed.file)

    def _close_file(self) -> ClosedDay:
        """Give back what the newest file reserved, and say what it is from now on."""
        self._file.shrink(self._end)
        self._file.sync()
        digest = digest_of(self._file, self._end)
        return ClosedDay(file=self._name, length=self._end, sha256=digest)

    def _first_frame(self, closed: ClosedDay | None) -> bytes:
        payload = encode_payload(msgspec.structs.replace(self._profile, closed=closed))
        return self._encode(FrameKind.PROFILE, 0, 0, payload, HEAD_BYTES, NO_HASH)


def day_opened(entry: Entry) -> str:
    """Return the date of the trading day that an entry opens, "" for any other entry."""
    command = entry.command
    return command.date if entry.key == 0 and isinstance(command, OpenDay) else ""


def _disk_text(error: OSError, name: str, last: int) -> str:
    what = error.strerror or str(error)
    advice = "free space" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "check the disk"
    return f"{name}: {what}; sequence {last} is safe; {advice} and start again"
