"""Clearing's work: follow the drop copy, book movements, end days; and how far all of it has come."""

import asyncio
import logging
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from clearing.collector import Collector
from clearing.end_of_day import EndOfDay
from clearing.instructions import Market
from clearing.lifecycle import State
from clearing.movements import Mover
from clearing.registry_client import RegistryClient, RegistryRefused, RegistryUnavailable
from clearing.report import MARK, DayReport, report_text
from clearing.retry import LONGEST_PAUSE_MS, StillPending, pause, pause_unless
from clearing.store import Store
from gateway import keys
from gateway.client import Client, ConnectionFailed, LoginRefused, RequestFailed
from gateway.errors import UserError

QUIET_MS: Final = 200
"""How often the registry's outbox is read while nothing happens."""
log = logging.getLogger("clearing")


class ClearingSettings(Struct, frozen=True, kw_only=True):
    """What `ceax clearing serve` was given."""

    data: Path
    exchange: str
    registry: str
    key: Path
    token: Path
    status_port: int
    authorities: Path | None = None
    """Certificate authorities of a wss:// exchange, the system's own where None."""


class Clearing:
    """One clearing process: its store, its two counterparts, and how it goes with each of them."""

    def __init__(self, settings: ClearingSettings, store: Store, registry: RegistryClient) -> None:
        self.settings = settings
        self.store = store
        self.registry = registry
        self.exchange_state = "not connected yet"
        self.registry_state = "not asked yet"
        self._due = asyncio.Event()
        self._due.set()  # what an earlier run left unfinished
        self._moves = asyncio.Event()
        self._is_first = True

    def stir(self) -> None:
        """Something may be due: look at days and movements at once."""
        self._due.set()
        self._moves.set()

    # ------------------------------------------------------------ the three tasks

    async def run(self, key: keys.KeyFile) -> None:
        """Work until cancelled; a connection that is lost for good is made anew."""
        while True:
            client = await self._connect(key)
            try:
                await self._work(client)
            finally:
                self.exchange_state = "not connected"
                await client.close()

    async def _connect(self, key: keys.KeyFile) -> Client:
        while True:
            try:
                client = await Client.connect(
                    self.settings.exchange, key, authorities=self.settings.authorities
                )
            except ConnectionFailed as error:
                self.exchange_state = f"not reachable, trying again: {error}"
                await pause(LONGEST_PAUSE_MS)
            except LoginRefused as error:
                raise UserError(
                    f"the exchange refused the login of clearing: {error.text}"
                ) from None
            else:
                if client.welcome.role != "clearing":
                    await client.close()
                    raise UserError(
                        f"the key has role {client.welcome.role}; clearing needs its own"
                    )
                self.exchange_state = "connected"
                return client

    async def _work(self, client: Client) -> None:
        profile = client.welcome.profile
        market = Market(place_of_trade=profile.place_of_trade, depository=profile.depository)
        collector = Collector(client, self.store, self.stir)
        mover = Mover(client, self.registry, self.store)
        days = EndOfDay(client, self.registry, self.store, mover, market)
        works: tuple[Coroutine[Any, Any, None], ...] = (
            self._follow(collector),
            self._keep_moving(mover, client),
            self._end_days(days),
        )
        tasks = [asyncio.create_task(work) for work in works]
        try:
            finished, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in finished:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self, collector: Collector) -> None:
        try:
            await collector.run()
        except (ConnectionFailed, RequestFailed) as error:
            log.warning("the exchange is away: %s", error)
            await pause(LONGEST_PAUSE_MS)

    async def _keep_moving(self, mover: Mover, client: Client) -> None:
        while True:
            self._moves.clear()
            wait_ms = QUIET_MS
            try:
                await mover.book_waiting()
            except (RegistryUnavailable, RegistryRefused) as error:
                self.registry_state = str(error)
                wait_ms = LONGEST_PAUSE_MS
            except (StillPending, RequestFailed, ConnectionFailed) as error:
                log.warning("movements wait: %s", error)
                wait_ms = LONGEST_PAUSE_MS
            else:
                if self.registry_state != "connected":
                    self.registry_state = "connected"
                    self._due.set()  # what waited for the registry goes on
            self.exchange_state = "connected" if client.is_connected else "away, reconnecting"
            await pause_unless(self._moves, wait_ms)

    async def _end_days(self, days: EndOfDay) -> None:
        while True:
            await self._due.wait()
            self._due.clear()
            await days.run(again=self._is_first)
            self._is_first = False
            write_reports(self.store, self.settings.data)

    # ------------------------------------------------------------ /status

    def status(self) -> dict[str, Any]:
        """Return how far everything has come."""
        return {
            "mark": MARK,
            "exchange": {
                "url": self.settings.exchange,
                "state": self.exchange_state,
                "cursor": self.store.cursor(),
            },
            "registry": {"url": self.settings.registry, "state": self.registry_state},
            "movements": {
                state: self.store.movements.counts().get(state, 0)
                for state in ("BOOKED", "WAITING", "REFUSED")
            },
            "days": [self._day(row.date) for row in self.store.days()],
        }

    def _day(self, date: str) -> dict[str, Any]:
        row, counts = self.store.day(date), self.store.instruction_counts(date)
        return {
            "date": date,
            "state": row.state,
            "instructions": sum(counts.values()),
            "settled": counts.get(State.SETTLED, 0),
            "failed": counts.get(State.UNWOUND, 0),
            "told": self.store.told_count(date),
            "breaks": row.breaks,
            "problem": row.problem,
        }


def write_reports(store: Store, data: Path) -> None:
    """Write every report that is not in DIR/reports yet, or differs there, as JSON and text."""
    folder = data.joinpath("reports")
    folder.mkdir(exist_ok=True)
    for row in store.days():
        body = store.report(row.date)
        if not body:
            continue
        report = msgspec.json.decode(body, type=DayReport)
        texts = {
            f"{row.date}.json": body,
            f"{row.date}.zh.txt": report_text(report, "zh").encode(),
            f"{row.date}.en.txt": report_text(report, "en").encode(),
        }
        for name, content in texts.items():
            path = folder.joinpath(name)
            if not path.exists() or path.read_bytes() != content:
                fresh = folder.joinpath(f"{name}.new")
                fresh.write_bytes(content)
                fresh.replace(path)
