"""The single writer: takes what waits, stamps it, makes it durable, applies it, tells everybody.

Rule 1: one order for everything; sequence and time of a command are given here and nowhere else.
Rule 2: nothing leaves before its batch is durable; nothing is applied before it is durable.
Rule 3: when the journal stops, the exchange stops: what was in flight has an unknown outcome.

What waits while a batch is being written becomes the next batch (group commit), so a slow disk makes
batches larger and not the queue longer.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, Literal

from msgspec import Struct

from engine.commands import AdvanceTime, AnyCommand, Entry, NoteRestart, OpenDay
from engine.events import Refused
from engine.exchange import Exchange
from gateway.batches import Run, runs_of
from gateway.calendar import Timetable
from gateway.clock import Clock
from gateway.disk_watch import DiskWatch
from gateway.door import DISK_CAUSES, SYSTEM_KEY, Acceptance, Busy, Door, Watcher
from gateway.errors import UserError
from gateway.history import Applied, History, apply_hot, paired
from gateway.journal import Journal, Part, day_opened
from gateway.journal_format import Digest
from gateway.journal_read import JournalBroken
from gateway.replay import apply_control, changes_phase, ends_day
from gateway.snapshot_policy import SnapshotPolicy
from gateway.tally import WriterTally
from gateway.timekeeper import Timekeeper

INBOX_MAX: Final = 16_384
"""Most commands that may wait; past it a client is told Busy and nothing of its is taken."""
BATCH_MAX: Final = 4_096
"""Most commands in one batch."""
FAST_S: Final = 0.005
"""A batch that became durable within this lets the next one be written without a thread."""
Listener = Callable[[list[Applied]], None]
log = logging.getLogger(__name__)


class Stopped(Exception):
    """The exchange takes nothing more; `outcome` says what became of the command."""

    def __init__(self, text: str, outcome: Literal["unknown", "not_sent"]) -> None:
        self.outcome = outcome
        super().__init__(text)


Answer = list[Applied] | Stopped
Tell = Callable[[Answer], None]
"""Takes what became of commands: what each did, or why nobody knows or none was taken."""


class _Request(Struct, gc=False):
    key: int
    commands: Sequence[AnyCommand]
    tell: Tell


class Sequencer:
    """Owns the exchange and its journal; everything happens on the event loop's thread.

    The writing too, as long as the disk is fast: to hand a batch to a thread and back costs more than its
    sync. After a slow batch the next goes to a thread, so that the loop talks on while the disk takes long.
    """

    def __init__(
        self,
        exchange: Exchange,
        journal: Journal,
        history: History,
        clock: Clock,
        timetable: Timetable,
        snapshots: SnapshotPolicy | None = None,
    ) -> None:
        self.exchange = exchange
        self.clock = clock
        self.failure: BaseException | None = None
        """Why the exchange stopped by itself."""
        self._journal = journal
        self.history = history
        """What is kept of the log, of this and the last trading day."""
        self._profile = exchange.profile
        self._inbox: deque[_Request] = deque()
        self._waiting = 0
        self._wake = asyncio.Event()
        self._listeners: list[Listener] = []
        self.tally = WriterTally()
        self._door = Door()
        self._disk_watch = DiskWatch(journal.disk, self._door.see_room)
        self._timekeeper = Timekeeper(
            exchange, history, clock, timetable, self._submit_own, self._may_open_day
        )
        self._snapshots = snapshots
        self._digest: Digest | None = None
        self._day_ended = False
        self._is_stopping = False
        self._tasks: list[asyncio.Task[None]] = []
        self._failed = asyncio.Event()
        self._is_disk_fast = True
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")

    # ------------------------------------------------------------ for the server

    @property
    def waiting(self) -> int:
        """Commands that wait for their batch."""
        return self._waiting

    async def submit(self, key: int, command: AnyCommand) -> Applied:
        """Return what a command did when that is durable; Busy or Stopped where it is not."""
        return (await self._answered(key, (command,)))[0]

    async def submit_many(self, key: int, commands: Sequence[AnyCommand]) -> list[Applied]:
        """Submit up to BATCH_MAX commands of one key, applied one behind the other."""
        if not commands:
            return []
        if len(commands) > BATCH_MAX:
            raise Busy(f"{len(commands)} commands at once; the limit is {BATCH_MAX}")
        return await self._answered(key, commands)

    def post(self, key: int, command: AnyCommand, tell: Tell) -> None:
        """Take a command and tell what it did when that is durable; Busy or Stopped where it is not taken.

        The same as `submit` without a task of its own, which would cost more than the command.
        """
        self._enqueue(key, (command,), tell)

    def listen(self, listener: Listener) -> None:
        """Call the listener with every durable batch, in the order of the log."""
        self._listeners.append(listener)

    @property
    def acceptance(self) -> Acceptance:
        """What is taken now: all, withdrawals only (overload, disk low) or nothing (disk full)."""
        return self._door.acceptance

    def watch(self, watcher: Watcher) -> None:
        """Call the watcher whenever `acceptance` changes."""
        self._door.watch(watcher)

    async def advance_clock(self, time_ns: int) -> int:
        """Drive a simulated clock to a moment through everything that falls due; return exchange time.

        One that runs at a rate jumps there and runs on. ClockNotDriven where the market lives on the
        wall clock; a moment that has passed changes nothing.
        """
        return await self._timekeeper.advance(time_ns)

    # ------------------------------------------------------------ life

    async def start(self, genesis: Sequence[AnyCommand] = ()) -> None:
        """Begin to work; an empty market gets its genesis first, and a day that is due is opened."""
        self._tasks.append(asyncio.create_task(self._write_batches(), name="sequencer"))
        self._tasks.append(asyncio.create_task(self._disk_watch.run(), name="disk watch"))
        if self.exchange.sequence > 0:
            # Before any time: what was armed for silence must not take the outage for one.
            await self.submit(SYSTEM_KEY, NoteRestart())
        elif genesis:
            await self._found(genesis)
        self._disk_watch.look()
        await self._timekeeper.catch_up()
        if self.clock.mode != "driven":
            self._tasks.append(asyncio.create_task(self._keep_time(), name="timekeeper"))

    async def _keep_time(self) -> None:
        try:
            await self._timekeeper.run()
        except (AssertionError, Busy) as error:
            self._fail(error, [])
        except Stopped:
            pass  # `failure` says why

    async def _submit_own(self, command: AnyCommand) -> Applied:
        return await self.submit(SYSTEM_KEY, command)

    def _may_open_day(self) -> bool:
        return self.acceptance.mode != "nothing"

    async def _found(self, genesis: Sequence[AnyCommand]) -> None:
        """Apply the commands that a market begins with; none may be refused."""
        for item in await self.submit_many(SYSTEM_KEY, genesis):
            for event in item.events:
                if isinstance(event, Refused):
                    raise UserError(f"genesis.json: {event.reason.name} for {item.command}")

    async def wait_failed(self) -> None:
        """Return when the exchange has stopped by itself; `failure` says why."""
        await self._failed.wait()

    async def stop(self) -> None:
        """Take nothing more, finish what waits, keep the last digest and close the journal."""
        self._is_stopping = True
        self._wake.set()
        for task in self._tasks[1:]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            if self.failure is None:
                await self._append([self._make_digest()])
            if self._snapshots is not None:
                await self._snapshots.stop(is_clean=self.failure is None)
        except JournalBroken as error:
            self._fail(error, [])
        finally:
            loop = asyncio.get_running_loop()
            try:
                await loop.run_in_executor(self._writer, self._journal.close)
            except JournalBroken as error:
                self._fail(error, [])
            self._writer.shutdown()

    # ------------------------------------------------------------ batches

    async def _answered(self, key: int, commands: Sequence[AnyCommand]) -> list[Applied]:
        answer: asyncio.Future[list[Applied]] = asyncio.get_running_loop().create_future()
        self._enqueue(key, commands, partial(_settle, answer))
        return await answer

    def _enqueue(self, key: int, commands: Sequence[AnyCommand], tell: Tell) -> None:
        if self.failure is not None or self._is_stopping:
            raise Stopped("the exchange is stopping", "not_sent")
        self._door.check(key, commands)
        limit = INBOX_MAX if key != SYSTEM_KEY else 2 * INBOX_MAX  # time goes on under a flood
        if self._waiting + len(commands) > limit:
            raise Busy(f"{self._waiting} commands wait; the limit is {INBOX_MAX}")
        self._inbox.append(_Request(key, commands, tell))
        self._waiting += len(commands)
        self._door.see_inbox(self._waiting, INBOX_MAX)
        self._wake.set()

    async def _write_batches(self) -> None:
        while True:
            if not self._inbox:
                if self._is_stopping:
                    return
                self._wake.clear()
                await self._wake.wait()
                continue
            requests = self._take()
            try:
                await self._commit(requests)
            except Exception as error:  # noqa: BLE001 - whatever it is, the exchange must not go on
                self._fail(error, requests)
                return
            await asyncio.sleep(0)  # what was told goes out before the next batch

    def _take(self) -> list[_Request]:
        """Take what waits, up to a batch; what opens a day is a batch of its own (a file begins)."""
        requests: list[_Request] = []
        count = 0
        while self._inbox:
            request = self._inbox[0]
            opens_day = request.key == SYSTEM_KEY and isinstance(request.commands[0], OpenDay)
            if requests and (opens_day or count + len(request.commands) > BATCH_MAX):
                break
            requests.append(self._inbox.popleft())
            count += len(request.commands)
            if opens_day:
                break
        self._waiting -= count
        self._door.see_inbox(self._waiting, INBOX_MAX)
        return requests

    async def _commit(self, requests: list[_Request]) -> None:
        began_ns = time.monotonic_ns()
        entries, early = self._stamp(requests)
        runs = runs_of(entries, self._profile)
        parts: list[Part] = [run if records is None else records for run, records in runs]
        if self._digest is not None:
            if day_opened(entries[0]):
                await self._append([self._digest])  # it belongs to the file of its own day
            else:
                parts.insert(0, self._digest)
            self._digest = None
        await self._append(parts)
        durable_ns = time.monotonic_ns()
        applied = self._apply(runs)
        applied_ns = time.monotonic_ns()
        place = early
        for request in requests:
            end = place + len(request.commands)
            _tell(request, applied[place:end])
            place = end
        for listener in self._listeners:
            listener(applied)
        self.tally.note(len(entries), began_ns, durable_ns, applied_ns)
        if self._snapshots is not None and self.acceptance.reason not in DISK_CAUSES:
            is_quiet = not self._inbox or self._digest is not None
            self._snapshots.consider(day_ended=self._day_ended, is_quiet=is_quiet)
        self._day_ended = False

    async def _append(self, parts: list[Part]) -> None:
        """Make parts durable: here where the disk was fast, in a thread where it may take long."""
        reserved, began_s = self._journal.reserved_bytes, time.monotonic()
        batch = self.exchange.sequence, parts, self.exchange.event_digest()
        if self._is_disk_fast and not _opens_day(parts):
            self._journal.append(*batch)
        else:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._writer, self._journal.append, *batch)
        self._is_disk_fast = time.monotonic() - began_s < FAST_S
        if self._journal.reserved_bytes != reserved:
            self._disk_watch.look()

    def _stamp(self, requests: list[_Request]) -> tuple[list[Entry], int]:
        """Return the batch's entries, and how many of the sequencer's own stand before the requests'."""
        sequence = self.exchange.sequence
        time_ns = max(self.clock.now_ns(), self.exchange.time_ns + 1)
        boundary_ns = self.exchange.next_boundary_ns()
        entries: list[Entry] = []
        is_restart = isinstance(requests[0].commands[0], NoteRestart)
        if 0 < boundary_ns <= time_ns and not is_restart:
            # The phase changes by a command of its own, so that hot runs never change it.
            sequence += 1
            entries.append(Entry(sequence, time_ns, SYSTEM_KEY, AdvanceTime()))
        early = len(entries)
        for request in requests:
            key = request.key
            for command in request.commands:
                sequence += 1
                entries.append(Entry(sequence, time_ns, key, command))
        return entries, early

    def _apply(self, runs: list[Run]) -> list[Applied]:
        applied: list[Applied] = []
        has_changed = False
        for run, records in runs:
            if records is not None:
                hot = apply_hot(self.exchange, records)
                self.history.add_hot(hot)
                applied += paired(run, hot, self._profile)
                continue
            done = apply_control(self.exchange, run)
            self.history.add_control(done)
            applied += done
            has_changed = has_changed or any(changes_phase(item) for item in done)
            self._day_ended = self._day_ended or any(ends_day(item) for item in done)
        if has_changed:
            self._digest = self._make_digest()
        return applied

    def _make_digest(self) -> Digest:
        exchange = self.exchange
        return Digest(
            sequence=exchange.sequence,
            event_digest=exchange.event_digest(),
            state_digest=exchange.state_digest(),
        )

    def _fail(self, error: BaseException, requests: list[_Request]) -> None:
        """Stop for good: what was being written is unknown, what waits was never sent."""
        self.failure = self.failure or error
        waiting = list(self._inbox)
        self._inbox.clear()
        self._waiting = 0
        for request in requests:
            _tell(request, Stopped(str(error), "unknown"))
        for request in waiting:
            _tell(request, Stopped(str(error), "not_sent"))
        self._failed.set()


def _opens_day(parts: list[Part]) -> bool:
    """Say whether a batch begins a file: the one before it is hashed then, which takes a while."""
    first = parts[0]
    return isinstance(first, list) and day_opened(first[0]) != ""


def _settle(future: "asyncio.Future[list[Applied]]", answer: Answer) -> None:
    """Pass an answer on to whoever waits, where somebody still does."""
    if future.done():
        return
    if isinstance(answer, Stopped):
        future.set_exception(answer)
    else:
        future.set_result(answer)


def _tell(request: _Request, answer: Answer) -> None:
    try:
        request.tell(answer)
    except Exception:
        # What is durable has happened; one answer that cannot be told is no reason to stop the market.
        log.exception("an answer could not be told")
