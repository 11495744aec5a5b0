"""The append-only journal of the exchange: what was acknowledged is on the disk, and stays readable.

Rule 1: one batch is one write and one sync; nobody is answered before both are done and the mark stands.
Rule 2: an error on a write or a sync is never retried: the disk may have thrown the pages away and say
        "done" to the next sync. The journal is then broken, the exchange stops, outcomes are unknown.
Rule 3: one process writes. The lock keeps a second one out; should one get past it, the next append of
        the first finds bytes at its tail that it did not write, and stops.

The interface, also that of a distributed log: `append(expected_last, batch) -> last`, `read(after)`,
`tail(after)`, `epoch()`. Source: design.md section 5, R88 (records are kept for 20 years).
"""

import asyncio
import errno
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Final

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
    Digest,
    Frame,
    FrameKind,
    Header,
    Mark,
    ProfileFrame,
    decode_frame,
    encode_frame,
    encode_mark,
    encode_payload,
)
from gateway.journal_scan import (
    FIRST_DATE,
    NEW_SUFFIX,
    SUFFIX,
    Chain,
    Report,
    Visitor,
    journal_names,
    scan_journal,
)

CHUNK_BYTES: Final = 16 * 1024 * 1024
"""How much of a file is reserved at a time: a sync that must also grow the file is slower."""
LOCK_NAME: Final = "lock"
TAILS_MAX: Final = 64
"""Most followers that may wait at a time."""

Part = NDArray[np.void] | list[Entry] | Digest
"""Of a batch: a run of COMMAND rows, a run of control entries, or digests to keep."""


class JournalBroken(Exception):
    """The journal can take nothing more in this process; what was in flight has an unknown outcome."""


class Fenced(JournalBroken):
    """Another writer has appended; this one must stop."""


class Journal:
    """The journal of one market, open for writing; made by `Journal.open`."""

    def __init__(self, disk: Disk, report: Report, chain: Chain, mark: Mark) -> None:
        self.report = report
        """What the recovery found; `dropped_bytes` is the torn tail that was cut."""
        self.disk = disk
        self.reserved_bytes = 0
        """Of the newest file: it changes where the file grows or another begins."""
        self._chain = chain
        self._mark = mark
        self._name = report.last_file
        self._end = report.last_end
        self._tip = (self._name, self._end)
        """Name and durable end together, for readers in other threads."""
        self._file: File
        self._profile = b""
        self._chunk_bytes = CHUNK_BYTES
        self._time_ns = 0
        self._problem: BaseException | None = None
        self._firsts: list[tuple[int, str]] = []
        self._waiters: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
        self._waiters_lock = threading.Lock()

    @classmethod
    def open(
        cls,
        disk: Disk,
        profile_text: bytes,
        semantics_version: int,
        visit: Visitor | None = None,
        chunk_bytes: int = CHUNK_BYTES,
    ) -> "Journal":
        """Lock, verify, cut a torn tail, and begin a new epoch; every frame is shown to the visitor.

        UserError where another process holds the journal or the disk refuses; JournalDamaged where a
        frame is damaged: then nothing was changed.
        """
        try:
            disk.lock(LOCK_NAME)
        except Locked as locked:
            text = f"another exchange (process {locked}) writes this journal; stop it first"
            raise UserError(text) from None
        try:
            return cls._recover(disk, profile_text, semantics_version, visit, chunk_bytes)
        except BaseException:
            disk.unlock()
            raise

    @classmethod
    def _recover(
        cls,
        disk: Disk,
        profile_text: bytes,
        semantics_version: int,
        visit: Visitor | None,
        chunk_bytes: int,
    ) -> "Journal":
        firsts: list[tuple[int, str]] = []
        times: list[int] = [0]
        names = iter(journal_names(disk))

        def note(frame: Frame) -> None:
            if frame.header.kind == FrameKind.PROFILE:
                firsts.append((frame.header.first_sequence, next(names)))
            times[0] = frame.header.time_ns
            if visit is not None:
                visit(frame)

        report, chain, mark = scan_journal(disk, note, is_writable=True)
        journal = cls(disk, report, chain, mark)
        journal._firsts = firsts
        journal._time_ns = times[0]
        journal._chunk_bytes = chunk_bytes
        journal._profile = encode_payload(
            ProfileFrame(
                profile=profile_text.decode(),
                profile_digest=profile_digest(profile_text),
                semantics_version=semantics_version,
            )
        )
        journal._begin()
        return journal

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
        self._wake()
        return self._chain.sequence

    def read(self, after: int) -> Iterator[Frame]:
        """Yield the durable frames that hold a command behind a sequence, in order."""
        index, offset = self._place(after)
        while index < len(self._firsts):
            frames, offset = self._frames(index, offset)
            for frame in frames:
                if frame.header.count and frame.last_sequence > after:
                    yield frame
            if index + 1 == len(self._firsts):
                return
            index, offset = index + 1, HEAD_BYTES

    async def tail(self, after: int) -> AsyncIterator[Frame]:
        """Yield like `read`, then each further frame as soon as it is durable."""
        index, offset = self._place(after)
        while True:
            arrived = self._waiter()
            try:
                is_newest = index + 1 >= len(self._firsts)
                frames, offset = self._frames(index, offset)
                for frame in frames:
                    if frame.header.count and frame.last_sequence > after:
                        yield frame
                if not is_newest:
                    index, offset = index + 1, HEAD_BYTES
                    continue
                await arrived[1].wait()
            finally:
                with self._waiters_lock:
                    self._waiters.remove(arrived)

    def close(self) -> None:
        """Sync the last mark and let go of the lock; a broken journal is only let go of."""
        try:
            if self._problem is None:
                self._file.sync()
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
        chain = Chain(self._chain.hash, self._chain.sequence, self._chain.epoch)
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
        time_ns, payload = int(part["time_ns"][-1]), part.tobytes()
        return self._encode(FrameKind.HOT, len(part), time_ns, payload, begin, event_digest)

    def _encode(
        self,
        kind: FrameKind,
        count: int,
        time_ns: int,
        payload: bytes,
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
        if end > self._file.size():
            self._file.reserve(end + self._chunk_bytes)
            self.reserved_bytes = end + self._chunk_bytes
        elif any(self._file.read(self._end, ALIGNMENT)):
            raise Fenced(f"another writer appended to {self._name} at offset {self._end}")
        self._file.write(self._end, data)
        self._file.sync()
        self._end = end
        self._tip = (self._name, end)

    def _acknowledge(self) -> None:
        """Write the mark; it needs no sync of its own, the next batch's takes it along."""
        self._mark = Mark(self._mark.number + 1, self._chain.sequence, self._end)
        self._file.write(MARK_OFFSETS[self._mark.number % 2], encode_mark(self._mark))

    def _start_file(self, date: str) -> None:
        """Begin the file of a day: it bears its name only when its first frame is on the disk."""
        name = date + SUFFIX
        previous = (self._file, self._end) if self._name else None
        file = self.disk.create(date + NEW_SUFFIX, HEAD_BYTES + self._chunk_bytes)
        self._file, self._name, self._end = file, name, HEAD_BYTES
        self.reserved_bytes = HEAD_BYTES + self._chunk_bytes
        self._mark = Mark(self._mark.number + 1, self._chain.sequence, HEAD_BYTES)
        file.write(MARK_OFFSETS[self._mark.number % 2], encode_mark(self._mark))
        frame = self._encode(FrameKind.PROFILE, 0, 0, self._profile, HEAD_BYTES, NO_HASH)
        self._write(frame)
        self.disk.rename(date + NEW_SUFFIX, name)
        self.disk.sync()
        self._firsts.append((self._chain.sequence + 1, name))
        if previous is not None:
            previous[0].shrink(previous[1])
            previous[0].sync()
            previous[0].close()

    # ------------------------------------------------------------ reading

    def _place(self, after: int) -> tuple[int, int]:
        """Return the file in which the command behind a sequence stands, and where to begin."""
        index = 0
        for number, (first, _) in enumerate(self._firsts):
            if first <= after + 1:
                index = number
        return index, HEAD_BYTES

    def _frames(self, index: int, offset: int) -> tuple[list[Frame], int]:
        """Return the durable frames of a file from an offset on, and the offset behind them."""
        name = self._firsts[index][1]
        tip, end = self._tip
        file = self.disk.open(name, is_writable=False)
        try:
            if name != tip:
                end = file.size()
            view = memoryview(file.read(offset, end - offset))
        finally:
            file.close()
        frames: list[Frame] = []
        place = 0
        while (frame := decode_frame(view, place)) is not None:
            frames.append(frame)
            place = frame.end
        return frames, offset + place

    def _waiter(self) -> tuple[asyncio.AbstractEventLoop, asyncio.Event]:
        waiter = (asyncio.get_running_loop(), asyncio.Event())
        with self._waiters_lock:
            if len(self._waiters) >= TAILS_MAX:
                raise JournalBroken(f"{TAILS_MAX} followers already wait for the journal")
            self._waiters.append(waiter)
        return waiter

    def _wake(self) -> None:
        if not self._waiters:
            return
        with self._waiters_lock:
            for loop, event in self._waiters:
                loop.call_soon_threadsafe(event.set)


def day_opened(entry: Entry) -> str:
    """Return the date of the trading day that an entry opens, "" for any other entry."""
    command = entry.command
    return command.date if entry.key == 0 and isinstance(command, OpenDay) else ""


def _disk_text(error: OSError, name: str, last: int) -> str:
    what = error.strerror or str(error)
    advice = "free space" if error.errno == errno.ENOSPC else "check the disk"
    return f"{name}: {what}; sequence {last} is safe; {advice} and start again"
