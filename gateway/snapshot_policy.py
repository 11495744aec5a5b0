"""When a snapshot is taken, and its writing beside the running exchange."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from engine.exchange import Exchange
from gateway.history import History
from gateway.journal import Journal
from gateway.snapshots import Snapshots

EVERY: Final = 250_000
"""Commands between two snapshots of a day."""
AT_STOP: Final = 1_000
"""Commands that make one worth its while at a clean stop."""


class SnapshotPolicy:
    """Takes snapshots between batches: after the end of a day, and every so many commands when it is quiet."""

    def __init__(
        self,
        exchange: Exchange,
        history: History,
        journal: Journal,
        snapshots: Snapshots,
        every: int = EVERY,
    ) -> None:
        self.taken = 0
        self._exchange = exchange
        self._history = history
        self._journal = journal
        self._snapshots = snapshots
        self._every = every
        self._at = snapshots.newest
        """Sequence of the newest one."""
        self._day_ended = False
        """A day ended, and its snapshot is still to be taken."""
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="snapshots")
        self._writing: asyncio.Future[bool] | None = None

    def consider(self, *, day_ended: bool, is_quiet: bool) -> None:
        """Take a snapshot where one is due; call between two batches, on the event loop's thread.

        Taking stops orders for up to a tenth of a second, so it waits for a quiet moment or a change of phase,
        but no longer than another period. While one is still being written none is taken; that of a day's
        end is made up for.
        """
        self._day_ended = self._day_ended or day_ended
        behind = self._exchange.sequence - self._at
        is_due = behind >= (self._every if is_quiet else 2 * self._every)
        if not (is_due or (self._day_ended and behind)):
            return
        if self._writing is not None and not self._writing.done():
            return
        self._begin()

    def _begin(self) -> None:
        self._at, self._day_ended = self._exchange.sequence, False
        taken = self._snapshots.take(self._exchange, self._history, self._journal.anchor())
        if taken is None:
            return
        self.taken += 1
        loop = asyncio.get_running_loop()
        self._writing = loop.run_in_executor(self._writer, self._snapshots.write, taken)

    async def stop(self, *, is_clean: bool) -> None:
        """Wait for what is being written; a clean stop keeps the last state."""
        if self._writing is not None:
            await self._writing
        if is_clean and self._exchange.sequence - self._at >= AT_STOP:
            self._begin()
            if self._writing is not None:
                await self._writing
        self._writer.shutdown()
