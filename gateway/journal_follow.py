"""Following the journal of an exchange that runs in another process, by reading its files alone.

Only what lies before the mark is read: it is durable and was acknowledged. Nothing is mapped and nothing
written, so the exchange never notices.
"""

import time
from collections.abc import Callable, Iterator
from typing import Final

from engine.profile import Profile, load_profile
from gateway.disk import Disk
from gateway.errors import UserError
from gateway.journal_format import HEAD_BYTES, Frame, JournalDamaged, decode_frame, read_mark
from gateway.journal_scan import first_frame, journal_names

POLL_SECONDS: Final = 0.2
READ_BYTES_MAX: Final = 8 * 1024 * 1024
"""At a time; a frame that is larger is read alone."""


class Follower:
    """A place in a journal that another process writes; `poll` yields what came behind it."""

    def __init__(self, disk: Disk, after: int = -1) -> None:
        self._disk = disk
        names = journal_names(disk)
        self._name = names[-1] if names else ""
        self._offset = HEAD_BYTES
        self._after = after
        self._sequence = 0
        """Of the last frame that was read."""
        if after < 0 and self._name:
            end, self._sequence = self._acknowledged()
            self._offset = max(HEAD_BYTES, end)
        elif after >= 0:
            self._name = self._file_of(names, after)

    def poll(self) -> Iterator[Frame]:
        """Yield the acknowledged frames with commands that are new; JournalDamaged where one is broken."""
        while True:
            # Before the mark: a later file means that this one is final.
            names = journal_names(self._disk)
            if not self._name:
                if not names:
                    return
                self._name = names[0]
            end, sequence = self._acknowledged()
            yield from self._frames(end, sequence)
            later = [name for name in names if name > self._name]
            if not later:
                return
            self._name, self._offset = later[0], HEAD_BYTES

    @property
    def acknowledged_sequence(self) -> int:
        """Sequence of the mark of the file that is read, 0 where there is none."""
        return self._acknowledged()[1] if self._name else 0

    def _file_of(self, names: list[str], after: int) -> str:
        """Return the file in which the command behind a sequence stands."""
        for name in reversed(names):
            frame = first_frame(self._disk, name)
            if frame is not None and frame.header.first_sequence <= after + 1:
                return name
        return names[0] if names else ""

    def _acknowledged(self) -> tuple[int, int]:
        file = self._disk.open(self._name, is_writable=False)
        try:
            mark = read_mark(memoryview(file.read(0, HEAD_BYTES)))
        finally:
            file.close()
        return (mark.end, mark.sequence) if mark is not None else (self._offset, 0)

    def _frames(self, end: int, sequence: int) -> Iterator[Frame]:
        while self._offset < end:
            file = self._disk.open(self._name, is_writable=False)
            try:
                data = memoryview(file.read(self._offset, min(end - self._offset, READ_BYTES_MAX)))
                if decode_frame(data, 0) is None:
                    data = memoryview(file.read(self._offset, end - self._offset))
            finally:
                file.close()
            place = 0
            while (frame := decode_frame(data, place)) is not None:
                place, self._sequence = frame.end, frame.last_sequence
                if frame.header.count and frame.last_sequence > self._after:
                    yield frame
            if not place:
                what = f"the frame is not valid, and sequence {sequence} was acknowledged"
                raise JournalDamaged(self._name, self._offset, self._sequence + 1, what)
            self._offset += place


def journal_profile(disk: Disk) -> Profile:
    """Return the rules that stand in the first frame; UserError where nothing was journaled."""
    names = journal_names(disk)
    frame = first_frame(disk, names[0]) if names else None
    if frame is None:
        raise UserError("the journal is empty; start the exchange once")
    return load_profile(frame.profile().profile, "the journal's profile")


def last_acknowledged(disk: Disk) -> int:
    """Return the sequence that the mark of the last file names, 0 for an empty journal."""
    return Follower(disk).acknowledged_sequence


def follow(
    disk: Disk, after: int = -1, sleep: Callable[[float], None] = time.sleep
) -> Iterator[Frame]:
    """Yield frames for ever, from behind a sequence on, or from now on where it is negative."""
    follower = Follower(disk, after)
    while True:
        yield from follower.poll()
        sleep(POLL_SECONDS)
