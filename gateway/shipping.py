"""A copy of the journal elsewhere, never more than a moment behind, that proves itself.

A thread of its own reads what is durable from the journal's files and writes it to another folder: frames,
a sync, and then a mark that says how far the copy goes, so that `ceax journal verify` holds on it at any
moment, also after either side was killed. Whatever the target does - slow, full, gone - the exchange never
waits for it: the problem is told, the copy falls behind and catches up by itself.

A turn of the thread copies at least all that was durable when it began. So the copy is behind by no more
than the pause between two turns and one turn: a tenth of a second, and what the target takes to write.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from msgspec import Struct

from gateway.disk import Disk, File, Locked
from gateway.journal import LOCK_NAME
from gateway.journal_format import (
    HEAD_BYTES,
    MARK_OFFSETS,
    Mark,
    encode_mark,
    read_mark,
    valid_frames_behind,
)
from gateway.journal_read import JournalReader, Tip
from gateway.journal_scan import NEW_SUFFIX, SUFFIX

BEHIND_S_MAX: Final = 1.0
"""How far a copy may be behind; past it that is told."""
POLL_SECONDS: Final = 0.1
RETRY_SECONDS: Final = 1.0
STOP_SECONDS: Final = 5.0
"""How long a clean stop waits for the rest of the copy."""
STEP_BYTES: Final = 4 * 1024 * 1024
"""Most bytes that one step copies."""
COMPARED_BYTES: Final = 64 * 1024
"""How much before its end a copy is compared with the journal before it goes on."""


class ShippingRefused(Exception):
    """The target is not a copy of this journal, or another process writes it; nothing was changed."""


class ShippingState(Struct, frozen=True):
    """How the copy stands."""

    sequence: int = 0
    """Last sequence that the copy holds by its mark."""
    behind_s: float = 0.0
    """For how long at most the oldest command that is not there has been durable."""
    problem: str = ""
    """Why the copy does not go on or is too far behind, "" where it is neither."""


class Copier:
    """Copies a journal step by step; a new one begins by looking at what the target holds."""

    def __init__(self, reader: JournalReader, source: Disk, target: Disk) -> None:
        self.sequence = 0
        self._reader = reader
        self._source = source
        self._target = target
        self._held: frozenset[str] | None = None
        """What lay in the target at the beginning."""
        self._index = 0
        self._offset = HEAD_BYTES
        self._file: File | None = None
        self._name = ""
        """Of the open file of the target."""
        self._number = 0

    def step(self) -> bool:
        """Copy some; return whether there is more. OSError where the target or the journal refuses."""
        tip, firsts = self._reader.tip, self._reader.firsts
        if self._index >= len(firsts) or firsts[self._index][1] > tip.name:
            return False
        name = firsts[self._index][1]
        is_closed = name < tip.name
        source = self._source.open(name, is_writable=False)
        try:
            end = source.size() if is_closed else tip.end
            if self._file is None and not self._resume(name, source, end, is_closed=is_closed):
                return self._next()
            return self._copy(name, source, end, tip, is_closed=is_closed)
        finally:
            source.close()

    def close(self) -> None:
        """Give the open file back; what counts of it was synced, whatever the close says."""
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):
                file.close()

    def _copy(self, name: str, source: File, end: int, tip: Tip, *, is_closed: bool) -> bool:
        assert self._file is not None
        data = source.read(self._offset, min(end - self._offset, STEP_BYTES))
        if data:
            self._file.write(self._offset, data)
            self._file.sync()
            self._offset += len(data)
        if self._offset < end:
            return True
        if is_closed:
            self._file.write(0, source.read(0, HEAD_BYTES))
            self._file.shrink(end)
            self._file.sync()
        elif data:
            self._number += 1
            mark = encode_mark(Mark(self._number, tip.sequence, end))
            self._file.write(MARK_OFFSETS[self._number % 2], mark)
            self.sequence = tip.sequence
        if self._name != name:  # until now a crash would have left a file that nothing proves
            self._file.sync()
            self._target.rename(self._name, name)
            self._target.sync()
            self._name = name
            self._protect_before()
        return is_closed and self._next()

    def _protect_before(self) -> None:
        """Protect the day before: only where another file follows for good is a day closed."""
        if self._index:
            self._target.protect(self._reader.firsts[self._index - 1][1])

    def _next(self) -> bool:
        self.close()
        self._index += 1
        self._offset = HEAD_BYTES
        return True

    def _resume(self, name: str, source: File, end: int, *, is_closed: bool) -> bool:
        """Open the target's file where it goes on; False where a closed day lies there whole."""
        if self._held is None:
            self._held = frozenset(self._target.names())
        if name in self._held:
            self._protect_before()
            held = self._target.open(name, is_writable=False)
            try:
                head = held.read(0, HEAD_BYTES)
                if is_closed and held.size() == end and head == source.read(0, HEAD_BYTES):
                    return False
                mark = read_mark(memoryview(head))
                begin = self._common(mark, held, source, end)
            finally:
                held.close()
            if begin and mark is not None:
                self._file, self._name = self._target.open(name, is_writable=True), name
                self._offset, self._number, self.sequence = begin, mark.number, mark.sequence
                return True
        self._name = name.removesuffix(SUFFIX) + NEW_SUFFIX
        self._file = self._target.create(self._name, HEAD_BYTES)
        self._offset, self._number = HEAD_BYTES, 0
        return True

    @staticmethod
    def _common(mark: Mark | None, held: File, source: File, end: int) -> int:
        """Return how far the copy is the journal's own, 0 where it is not believed."""
        if mark is None or not HEAD_BYTES < mark.end <= end:
            return 0
        begin = max(HEAD_BYTES, mark.end - COMPARED_BYTES)
        length = mark.end - begin
        return mark.end if held.read(begin, length) == source.read(begin, length) else 0


def check_target(reader: JournalReader, source: Disk, target: Disk) -> None:
    """Raise ShippingRefused where the target holds something else than a copy of this journal.

    Its newest file is compared, which names all before it by their hashes: where it begins and where it
    ends. A whole frame that is not the journal's may be all that is left of what was acknowledged; what
    is merely damaged is copied again.
    """
    names = [name for name in target.names() if name.endswith(SUFFIX)]
    own = {name for _, name in reader.firsts}
    for name in names:
        if name not in own:
            raise ShippingRefused(f"it holds {name}, which this journal does not know")
    if not names:
        return
    here, there = (disk.open(names[-1], is_writable=False) for disk in (source, target))
    try:
        mark = read_mark(memoryview(there.read(0, HEAD_BYTES)))
        end = mark.end if mark is not None else HEAD_BYTES
        for begin in (HEAD_BYTES, max(HEAD_BYTES, end - COMPARED_BYTES)):
            length = min(end - begin, COMPARED_BYTES)
            ours, theirs = here.read(begin, length), there.read(begin, length)
            for frame in valid_frames_behind(memoryview(theirs), -1):
                place = slice(frame.offset, frame.end)
                if ours[place] != theirs[place]:
                    what = f"a frame (sequence {frame.header.first_sequence}) that this journal has not"
                    raise ShippingRefused(f"its {names[-1]} holds {what}")
    finally:
        here.close()
        there.close()


class Shipping:
    """The thread that keeps a copy; all its calls return at once."""

    def __init__(
        self,
        reader: JournalReader,
        source: Disk,
        target: Disk,
        say: Callable[[str], None],
        place: str = "the copy",
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reader = reader
        self._source = source
        self._target = target
        self._say = say
        self._place = place
        self._clock_s = clock_s
        self._copier = Copier(reader, source, target)
        self._sequence = 0
        self._whole_s = clock_s()
        """When all that was durable was also in the copy, for the last time that is known."""
        self._problem = ""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="shipping", daemon=True)

    @property
    def state(self) -> ShippingState:
        """How the copy stands now, also while the target lets the thread wait; for any thread."""
        sequence = self._sequence
        is_whole = sequence >= self._reader.tip.sequence
        behind_s = 0.0 if is_whole else self._clock_s() - self._whole_s
        return ShippingState(sequence, behind_s, self._problem)

    def start(self) -> None:
        """Begin to copy; ShippingRefused where the target holds something else.

        The lock is the one of a journal: no exchange starts from a copy that is still being written.
        """
        try:
            self._target.lock(LOCK_NAME)
        except Locked as locked:
            raise ShippingRefused(f"process {locked} writes there") from None
        try:
            check_target(self._reader, self._source, self._target)
        except BaseException:
            self._target.unlock()
            raise
        self._thread.start()

    def stop(self) -> None:
        """Copy the rest where that goes quickly, and end; a target that hangs is left alone."""
        self._stopping.set()
        self._thread.join(STOP_SECONDS)
        if self._thread.is_alive() or self.state.sequence < self._reader.tip.sequence:
            self._say(f"note: {self._place} ends at sequence {self.state.sequence}")

    def _run(self) -> None:
        while True:
            is_last = self._stopping.is_set()
            wait_s = self.turn()
            if is_last:
                break
            self._stopping.wait(wait_s)
        self._copier.close()
        self._target.unlock()

    def turn(self) -> float:
        """Copy at least what is durable now, and return how long to wait for the next turn (s)."""
        began_s, durable = self._clock_s(), self._reader.tip.sequence
        try:
            while self._copier.step():
                self._note()
        except Exception as error:  # noqa: BLE001 - whatever it is, the copy tries again
            self._copier.close()
            self._note(getattr(error, "strerror", "") or str(error) or type(error).__name__)
            self._copier = Copier(self._reader, self._source, self._target)
            return RETRY_SECONDS
        self._note()
        if self._sequence >= durable:
            self._whole_s = began_s
            if self._problem:
                self._problem = ""
                self._say(f"{self._place} has caught up at sequence {self._sequence}")
        return POLL_SECONDS

    def _note(self, problem: str = "") -> None:
        """Take over how far the copy is, and tell of a problem that is another than before."""
        self._sequence = max(self._copier.sequence, self._sequence)
        if not problem and not self._problem and self.state.behind_s > BEHIND_S_MAX:
            problem = f"it is more than {BEHIND_S_MAX:g} s behind"
        if not problem or problem == self._problem:
            return
        self._problem = problem
        self._say(
            f"note: {self._place} stands at sequence {self._sequence}: {problem}; the exchange goes on, "
            "and the copy catches up by itself when it can"
        )
