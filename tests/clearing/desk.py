"""A registry inside the test and a back office that runs clearing against it, step by step."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import msgspec
from aiohttp import web

from clearing.collector import Collector
from clearing.database import open_directory
from clearing.end_of_day import EndOfDay
from clearing.instructions import Market
from clearing.lifecycle import DayState
from clearing.movements import Mover
from clearing.registry_client import RegistryClient, RegistryUnavailable
from clearing.registry_server import RegistryServer
from clearing.report import DayReport
from clearing.store import Store
from tests.clearing.house import DATE, House, Port

MARKET = Market(place_of_trade="CEAX", depository="DEMO-REG")


class Registry:
    """A registry process without the process: server, both clients, and a helper to endow accounts."""

    def __init__(self, data: Path, server: RegistryServer, url: str) -> None:
        self.data = data
        self.server = server
        self.url = url
        self.admin = RegistryClient(url, token(data, "admin"))
        self.exchange = RegistryClient(url, token(data, "exchange"))
        self.serial = 0

    def reference(self) -> str:
        """Return a reference that was not used yet."""
        self.serial += 1
        return f"REF-{self.serial}"

    async def endow(self, letter: str, cash_fen: int, **tonnes: int) -> None:
        """Open an account, issue, credit, move in and pay in."""
        account = f"R-{letter}"
        await self.admin.open_account(
            account,
            funds_account=f"F-{letter}",
            name=f"演示{letter}",
            credit_code=f"CODE-{letter}",
            date=DATE,
            reference=self.reference(),
        )
        for product, quantity_t in tonnes.items():
            await self.admin.issue(
                account, product, quantity_t, date=DATE, reference=self.reference()
            )
            await self.admin.transfer_in(
                account, product, quantity_t, date=DATE, reference=self.reference()
            )
        if cash_fen:
            await self.admin.credit_bank(account, cash_fen, date=DATE, reference=self.reference())
            await self.admin.deposit(account, cash_fen, date=DATE, reference=self.reference())

    async def holdings(self) -> dict[str, tuple[int, int]]:
        """Return tonnes of CEA24 and fen of every account, by letter, frozen parts included."""
        snapshot = await self.exchange.snapshot()
        found: dict[str, tuple[int, int]] = {}
        for row in snapshot.cash:
            found[row.account[2:]] = (0, row.settlement_fen + row.settlement_frozen_fen)
        for held in snapshot.holdings:
            letter = held.account[2:]
            fen = found.get(letter, (0, 0))[1]
            if held.product == "CEA24":
                found[letter] = (held.trading_t + held.trading_frozen_t, fen)
            else:
                found.setdefault(letter, (0, fen))
        return found


def token(data: Path, role: str) -> str:
    """Return the token of a role."""
    return data.joinpath(f"{role}.token").read_text(encoding="ascii").strip()


@asynccontextmanager
async def registry_in(data: Path, *, group: int = 200) -> AsyncIterator[Registry]:
    """Serve a registry on a port that the system chooses."""
    open_directory(data)
    server = RegistryServer(data, group=group)
    runner = web.AppRunner(server.application(), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    settling = asyncio.create_task(server.settle_forever())
    registry = Registry(data, server, f"http://127.0.0.1:{port}")
    try:
        yield registry
    finally:
        settling.cancel()
        await asyncio.gather(settling, return_exceptions=True)
        await registry.admin.close()
        await registry.exchange.close()
        await runner.cleanup()
        server.close()


class FlakyRegistry(RegistryClient):
    """The registry over a bad line: requests and answers get lost, requests arrive twice."""

    def __init__(self, url: str, key: str, random: Random, faults: int) -> None:
        super().__init__(url, key)
        self.random = random
        self.faults = faults

    async def _ask(self, verb: str, path: str, kind: Any, message: Any = None) -> Any:
        fate = self.random.randrange(300)
        if fate < self.faults:
            raise RegistryUnavailable("the request was lost")
        if fate < 2 * self.faults:
            await super()._ask(verb, path, kind, message)
        answer = await super()._ask(verb, path, kind, message)
        if 2 * self.faults <= fate < 3 * self.faults:
            raise RegistryUnavailable("the answer was lost")
        return answer


class Office:
    """Clearing without the process: everything that it does, at the test's command."""

    def __init__(self, data: Path, port: Port, registry: RegistryClient) -> None:
        data.mkdir(parents=True, exist_ok=True)
        self.store = Store(data.joinpath("clearing.sqlite"), time.time_ns)
        self.port = port
        self.stirs = 0
        self.collector = Collector(port, self.store, self._stir)
        self.mover = Mover(port, registry, self.store)
        self.days = EndOfDay(port, registry, self.store, self.mover, MARKET)

    def _stir(self) -> None:
        self.stirs += 1

    async def collect(self) -> None:
        """Follow the drop copy up to the end of the log."""
        following = asyncio.create_task(self.collector.run())
        try:
            async with asyncio.timeout(60):
                while self.store.cursor() < self.port.house.exchange.sequence:
                    await asyncio.sleep(0)
                    if following.done():
                        following.result()
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    async def fund(self) -> None:
        """Take in participants and movements, and what they did."""
        await self.collect()
        await self.mover.book_waiting()
        await self.collect()

    async def end_day(self, *, again: bool = False) -> DayState:
        """Collect and finish what is closed; return how far the newest day came."""
        await self.collect()
        await self.days.run(again=again)
        await self.collect()
        return self.store.days()[-1].state

    def report(self, date: str = DATE) -> DayReport:
        """Return a day's report."""
        return msgspec.json.decode(self.store.report(date), type=DayReport)

    def close(self) -> None:
        """Close the store."""
        self.store.close()


@asynccontextmanager
async def office_in(data: Path, house: House, registry: Registry) -> AsyncIterator[Office]:
    """Open an office on a data directory."""
    office = Office(data, Port(house), registry.exchange)
    try:
        yield office
    finally:
        office.close()
