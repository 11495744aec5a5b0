"""Reading a journal that is being written: what is durable, from any sequence on, and what follows."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Final

from msgspec import Struct

from gateway.disk import Disk
from gateway.journal_format import HEAD_BYTES, Frame, decode_frame

TAILS_MAX: Final = 64
"""Most followers that may wait at a time."""


class JournalBroken(Exception):
    """The journal can take nothing more in this process; what was in flight has an unknown outcome."""


class Tip(Struct, frozen=True):
    """The durable end of a journal; one object, so that other threads see it whole."""

    name: str = ""
    end: int = 0
    sequence: int = 0


class JournalReader:
    """The readers of one journal in the process that writes it."""

    def __init__(self, disk: Disk) -> None:
        self.tip = Tip()
        self.firsts: list[tuple[int, str]] = []
        """First sequence and name of each file."""
        self._disk = disk
        self._waiters: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
        self._lock = threading.Lock()

    def read(self, after: int) -> Iterator[Frame]:
        """Yield the durable frames that hold a command behind a sequence, in order."""
        index, offset = self._place(after)
        while index < len(self.firsts):
            frames, offset = self._frames(index, offset)
            for frame in frames:
                if frame.header.count and frame.last_sequence > after:
                    yield frame
            if index + 1 == len(self.firsts):
                return
            index, offset = index + 1, HEAD_BYTES

    async def tail(self, after: int) -> AsyncIterator[Frame]:
        """Yield like `read`, then each further frame as soon as it is durable."""
        index, offset = self._place(after)
        while True:
            arrived = self._waiter()
            try:
                is_newest = index + 1 >= len(self.firsts)
                frames, offset = self._frames(index, offset)
                for frame in frames:
                    if frame.header.count and frame.last_sequence > after:
                        yield frame
                if not is_newest:
                    index, offset = index + 1, HEAD_BYTES
                    continue
                await arrived[1].wait()
            finally:
                with self._lock:
                    self._waiters.remove(arrived)

    def wake(self) -> None:
        """Let all followers look again; from any thread."""
        if not self._waiters:
            return
        with self._lock:
            for loop, event in self._waiters:
                loop.call_soon_threadsafe(event.set)

    def _place(self, after: int) -> tuple[int, int]:
        """Return the file in which the command behind a sequence stands, and where to begin."""
        index = 0
        for number, (first, _) in enumerate(self.firsts):
            if first <= after + 1:
                index = number
        return index, HEAD_BYTES

    def _frames(self, index: int, offset: int) -> tuple[list[Frame], int]:
        """Return the durable frames of a file from an offset on, and the offset behind them."""
        name = self.firsts[index][1]
        tip = self.tip
        if name > tip.name:  # begun, and nothing of it was acknowledged yet
            return [], offset
        file = self._disk.open(name, is_writable=False)
        try:
            end = tip.end if name == tip.name else file.size()
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
        with self._lock:
            if len(self._waiters) >= TAILS_MAX:
                raise JournalBroken(f"{TAILS_MAX} followers already wait for the journal")
            self._waiters.append(waiter)
        return waiter
