"""Stand-ins that tests build a small world from: a sequencer in memory, without journal or clock."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from engine.commands import AdvanceTime, AnyCommand, Entry
from gateway.door import Acceptance, Door, Watcher
from gateway.history import Applied, History
from gateway.sequencer import Answer, Tell
from gateway.timekeeper import ClockNotDriven


class MemorySequencer:
    """The sequencer's face over any exchange: what waits in one turn of the loop is one batch."""

    def __init__(self, exchange: Any, start_ns: int, *, is_driven: bool = True) -> None:
        self.exchange = exchange
        self.now_ns = start_ns
        self.applied: list[Applied] = []
        self.history = History(exchange.profile)
        self.batches = 0
        self.failure: BaseException | None = None
        self._is_driven = is_driven
        self._listeners: list[Callable[[list[Applied]], None]] = []
        self._inbox: list[tuple[int, AnyCommand, Tell]] = []
        self.door = Door()
        self.held: asyncio.Event = asyncio.Event()
        """Cleared, nothing is applied: commands stay in flight."""
        self.held.set()

    @property
    def acceptance(self) -> Acceptance:
        return self.door.acceptance

    def watch(self, watcher: Watcher) -> None:
        self.door.watch(watcher)

    def listen(self, listener: Callable[[list[Applied]], None]) -> None:
        self._listeners.append(listener)

    def post(self, key: int, command: AnyCommand, tell: Tell) -> None:
        self._inbox.append((key, command, tell))
        if len(self._inbox) == 1:
            task = asyncio.create_task(self._flush())
            task.add_done_callback(lambda done: done.result() if not done.cancelled() else None)

    async def submit(self, key: int, command: AnyCommand) -> Applied:
        future: asyncio.Future[Applied] = asyncio.get_running_loop().create_future()

        def tell(answer: Answer) -> None:
            assert isinstance(answer, list)
            if not future.done():
                future.set_result(answer[0])

        self.post(key, command, tell)
        return await future

    async def submit_many(self, key: int, commands: Sequence[AnyCommand]) -> list[Applied]:
        return list(await asyncio.gather(*(self.submit(key, command) for command in commands)))

    def submit_now(self, *commands: tuple[int, AnyCommand]) -> list[Applied]:
        """Apply commands as one batch without waiting, for the set-up of a test."""
        batch = self._apply(commands)
        self._publish(batch)
        return batch

    def _apply(self, commands: Iterable[tuple[int, AnyCommand]]) -> list[Applied]:
        batch = []
        for key, command in commands:
            self.now_ns = max(self.now_ns, self.exchange.time_ns + 1)
            entry = Entry(self.exchange.sequence + 1, self.now_ns, key, command)
            events = self.exchange.apply(entry)
            batch.append(Applied(entry.sequence, entry.time_ns, key, command, events))
        return batch

    async def advance_clock(self, time_ns: int) -> int:
        if not self._is_driven:
            raise ClockNotDriven
        while 0 < (boundary_ns := self.exchange.next_boundary_ns()) <= time_ns:
            self.now_ns = boundary_ns
            await self.submit(0, AdvanceTime())
        self.now_ns = max(self.now_ns, time_ns)
        await self.submit(0, AdvanceTime())
        return int(self.exchange.time_ns)

    async def _flush(self) -> None:
        await self.held.wait()
        waiting, self._inbox = self._inbox, []
        batch = self._apply((key, command) for key, command, _ in waiting)
        for (_, _, tell), item in zip(waiting, batch, strict=True):
            tell([item])
        self._publish(batch)

    def _publish(self, batch: Sequence[Applied]) -> None:
        self.applied += batch
        self.history.add_control(list(batch))
        self.batches += 1
        for listener in self._listeners:
            listener(list(batch))
