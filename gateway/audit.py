"""The book of who came, went and was turned away: entries of the journal, like everything else.

It never blocks the door: what happens faster than it may be written waits in a bounded queue, equal
events as one entry with a count. Nothing secret is in an entry, and of a key that nobody enrolled
only sixteen digits.

A login is answered before its entry is durable: a disk that is slow or full must not keep out the people
who mend it. So a process that is killed may lose the entries of the last moment, never an order or what a
key was allowed: of logins, logouts and cuts those of the journal's last batch, some milliseconds (where
more than `10 * audit_per_second` came in a second, what still waits); of refusals those of the last
`REFUSALS_INTERVAL_S`. The restart is an entry itself, and ends every login before it. A clean stop
writes what waits.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import msgspec

from engine.commands import AccessKind, RecordAccess
from gateway.door import Busy
from gateway.limits import Bucket, Settings
from gateway.sequencer import Stopped
from gateway.watch import access_line

KEY_DIGITS: Final = 16
"""So many hexadecimal digits of an unknown public key are kept."""
WAITING_MAX: Final = 20_000
"""Most entries that wait about keys that are enrolled; there are fewer connections than that."""
REFUSALS_WAITING_MAX: Final = 1_024
"""Most entries that wait about strangers; further ones become one entry with a count."""
REFUSALS_INTERVAL_S: Final = 1.0
"""Strangers are written once in so long: what is alike meanwhile is one entry with a count."""
BATCH_MAX: Final = 64
"""Most entries that are written at once."""
PAUSE_S: Final = 0.05
"""Longest pause while what waits may not be written yet."""
LAST_S: Final = 2.0
"""Longest time that a stop waits for what is not written yet."""
_STRANGE: Final = frozenset({AccessKind.LOGIN_REFUSED, AccessKind.ENROL_REFUSED})

SubmitMany = Callable[[int, Sequence[RecordAccess]], Awaitable[Any]]


class Lane:
    """Entries that wait, in order, at most `waiting_max`; no clock of its own."""

    def __init__(
        self, per_second: float, waiting_max: int, now_s: float, *, interval_s: float = 0.0
    ) -> None:
        self._interval_s = interval_s
        self._taken_s = now_s - interval_s
        self._bucket = Bucket(per_second, 2 * per_second, now_s)
        self._waiting: dict[RecordAccess, int] = {}
        self._waiting_max = waiting_max

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, entry: RecordAccess) -> None:
        """Let an entry wait; past the limit only its kind and code are kept, with a count."""
        if len(self._waiting) >= self._waiting_max and entry not in self._waiting:
            entry = RecordAccess(kind=entry.kind, code=entry.code)
        self._waiting[entry] = self._waiting.get(entry, 0) + 1

    def take(self, now_s: float, *, is_last: bool = False) -> list[RecordAccess]:
        """Return what may be written now, oldest first; it waits until `written`.

        At the end (`is_last`) there is no rate any more: what waits is bounded, and would be lost.
        """
        found: list[RecordAccess] = []
        if not is_last and now_s - self._taken_s < self._interval_s:
            return found
        for entry, count in self._waiting.items():
            if len(found) == BATCH_MAX or (not is_last and self._bucket.take(now_s)):
                break
            found.append(msgspec.structs.replace(entry, count=count))
        if found:
            self._taken_s = now_s
        return found

    def written(self, entries: Sequence[RecordAccess]) -> None:
        """Forget what was written; what was counted meanwhile goes on waiting."""
        for entry in entries:
            kept = msgspec.structs.replace(entry, count=1)
            rest = self._waiting.pop(kept) - entry.count
            if rest:
                self._waiting[kept] = rest


class Audit:
    """Writes access entries through the sequencer; `record` returns at once."""

    def __init__(self, submit_many: SubmitMany, settings: Settings) -> None:
        self._submit_many = submit_many
        now_s = time.monotonic()
        per_second = settings.audit_per_second
        self._own = Lane(10 * per_second, WAITING_MAX, now_s)
        self._strange = Lane(
            per_second, REFUSALS_WAITING_MAX, now_s, interval_s=REFUSALS_INTERVAL_S
        )
        self._wake = asyncio.Event()
        """Something waits."""
        self._hurry = asyncio.Event()
        """Something waits that may be written at once."""
        self._task: asyncio.Task[None] | None = None
        self._is_stopping = False

    def record(self, entry: RecordAccess) -> None:
        """Note that somebody came, went or was turned away."""
        if self._is_stopping and self._task is None:
            return
        entry = msgspec.structs.replace(entry, public_key=entry.public_key[:KEY_DIGITS])
        access_line(entry)
        if entry.kind in _STRANGE:
            self._strange.add(entry)
        else:
            self._own.add(entry)
            self._hurry.set()
        self._wake.set()

    def start(self) -> None:
        """Begin to write; needs a running loop."""
        self._task = asyncio.create_task(self._run(), name="audit")

    async def stop(self) -> None:
        """Write what waits, as far as that goes in two seconds."""
        self._is_stopping = True
        self._wake.set()
        self._hurry.set()
        task, self._task = self._task, None
        if task is None:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(task, LAST_S)

    async def _run(self) -> None:
        while True:
            if not (self._own or self._strange):
                if self._is_stopping:
                    return
                self._wake.clear()
                await self._wake.wait()
                continue
            is_idle = True
            self._hurry.clear()
            for lane in (self._own, self._strange):
                entries = lane.take(time.monotonic(), is_last=self._is_stopping)
                if entries and await self._write(entries):
                    lane.written(entries)
                    is_idle = False
            if is_idle:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._hurry.wait(), PAUSE_S)

    async def _write(self, entries: list[RecordAccess]) -> bool:
        """Return whether entries are durable; a door that is shut opens again, a stopped one not."""
        try:
            await self._submit_many(0, entries)
        except Busy:
            return False
        except Stopped:
            return True
        return True
