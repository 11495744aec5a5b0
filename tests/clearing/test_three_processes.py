"""Exchange, registry and clearing, all three as real processes: two days, the exchange killed at its close."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench.processes import free_port
from clearing.registry_client import RegistryClient
from engine.commands import (
    Action,
    AdmitParticipant,
    Category,
    EnrolKey,
    ReferenceBasis,
    Role,
    SetReferencePrice,
    Side,
)
from engine.events import ParticipantAdmitted, ProposalMade
from engine.reasons import Reason
from engine.units import midnight_ns, parse_clock
from gateway import keys
from gateway.client import Client
from tests.clearing.desk import token
from tests.clearing.processes import Child, ceax, start, until
from tests.gateway.exchange_process import ExchangeProcess
from tests.markets import admission

pytestmark = pytest.mark.process
FIRST, SECOND = "2021-07-16", "2021-07-19"
PRODUCT = "CEA19-20"
PEOPLE = 4


class Market:
    """The three processes of one market and the people who use it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.exchange = ExchangeProcess(
            folder / "exchange", "--clock", "simulated", "--clock-start", f"{FIRST}T08:00",
            "--clock-rate", "0", port=free_port(),
        )  # fmt: skip
        self.children: list[Child] = []
        self.status_port = free_port()
        self.operators: list[Client] = []
        self.traders: dict[int, Client] = {}
        self.admin: RegistryClient

    async def start(self) -> None:
        """Start registry, exchange and clearing; log two operators in."""
        data = self.folder
        code, _, told = await ceax("init", str(data / "exchange"))
        assert code == 0, told
        registry_port = free_port()
        self.children.append(
            await start("registry", "serve", "--data", str(data / "registry"), "--port", str(registry_port))
        )  # fmt: skip
        url = await self.exchange.start()
        self.children.append(
            await start(
                "clearing", "serve", "--data", str(data / "clearing"), "--exchange", url,
                "--registry", f"http://127.0.0.1:{registry_port}",
                "--key", str(data / "exchange" / "keys" / "clearing.key"),
                "--token", str(data / "registry" / "exchange.token"),
                "--status-port", str(self.status_port),
            )
        )  # fmt: skip
        self.admin = RegistryClient(
            f"http://127.0.0.1:{registry_port}", token(data / "registry", "admin")
        )
        for name in ("operator-1", "operator-2"):
            key = keys.load(data / "exchange" / "keys" / f"{name}.key")
            self.operators.append(await Client.connect(url, key))

    async def carry_out(self, *actions: Action) -> Any:
        """Let one operator propose and the other approve."""
        made = await self.operators[0].propose(actions, "演示")
        assert isinstance(made.first, ProposalMade)
        return (await self.operators[1].approve(made.first.proposal)).events[1:]

    async def admit(self, number: int) -> None:
        """Admit a participant, endow it at the registry, log its trader in."""
        form: AdmitParticipant = admission(number)
        assert form.category is Category.KEY_EMITTING_UNIT
        (admitted,) = await self.carry_out(form)
        assert isinstance(admitted, ParticipantAdmitted), admitted
        account = form.registry_account
        await self.admin.open_account(
            account,
            funds_account=form.funds_account,
            name=form.name,
            credit_code=form.credit_code,
            date=FIRST,
            reference=f"O{number}",
        )
        await self.admin.issue(account, PRODUCT, 1_000, date=FIRST, reference=f"I{number}")
        await self.admin.transfer_in(account, PRODUCT, 1_000, date=FIRST, reference=f"T{number}")
        await self.admin.credit_bank(account, 10_000_000, date=FIRST, reference=f"C{number}")
        await self.admin.deposit(account, 10_000_000, date=FIRST, reference=f"D{number}")
        key = keys.new_key(f"演示交易员{number}", Role.TRADER)
        enrol = EnrolKey(
            public_key=key.public_key,
            role=Role.TRADER,
            person=key.person,
            participant=admitted.participant,
        )
        await self.carry_out(enrol)
        self.traders[number] = await Client.connect(self.exchange.url, key)

    async def advance(self, date: str, clock: str) -> None:
        """Move the clock of the simulated market."""
        await self.operators[0].advance_clock(midnight_ns(date) + parse_clock(clock))

    async def trade(self, seller: int, buyer: int, price_fen: int, quantity_t: int) -> None:
        """Let a seller list and a buyer pick."""
        listed = await self.traders[seller].place_listing(PRODUCT, Side.SELL, price_fen, quantity_t)
        assert listed.refused is None, listed.text
        picked = await self.traders[buyer].pick_listing(listed.order, quantity_t)
        assert picked.traded is not None, picked.text

    async def status(self) -> Any:
        """Return clearing's status; a process that a slow disk holds up is asked again."""

        async def is_told() -> Any:
            code, printed, _ = await ceax(
                "clearing", "status", "--data", str(self.folder / "clearing"), "--json"
            )
            return json.loads(printed) if code == 0 else None

        return await until("clearing tells its status", is_told)

    async def reconciled(self, date: str) -> Any:
        """Return the day's row once it is reconciled."""

        async def is_there() -> Any:
            days = {day["date"]: day for day in (await self.status())["days"]}
            day = days.get(date, {})
            return day if day.get("state") in {"RECONCILED", "BREAKS"} else None

        return await until(f"{date} is reconciled", is_there)

    async def stop(self) -> None:
        """Close all connections and end the processes."""
        for client in (*self.operators, *self.traders.values()):
            await client.close()
        await self.admin.close()
        for child in self.children:
            assert await child.stop() == 0
        assert await self.exchange.stop() == 0


async def test_two_days_with_the_exchange_killed_at_its_close(tmp_path: Path) -> None:
    market = Market(tmp_path)
    await market.start()
    try:
        await market.advance(FIRST, "08:30")
        for number in range(1, PEOPLE + 1):
            await market.admit(number)

        async def is_booked() -> bool:
            return bool((await market.status())["movements"]["BOOKED"] == 2 * PEOPLE)

        await until("movements are booked", is_booked)
        await market.carry_out(
            SetReferencePrice(product=PRODUCT, price_fen=4_800, basis=ReferenceBasis.ADMINISTRATIVE)
        )
        await market.advance(FIRST, "09:30")
        for number in range(12):
            await market.trade(1 + number % PEOPLE, 1 + (number + 1) % PEOPLE, 4_800 + number, 40)
        same_day = await market.traders[1].place_listing(PRODUCT, Side.SELL, 4_800, 881)
        assert same_day.refused is not None
        assert same_day.refused.reason is Reason.HOLDING_NOT_AVAILABLE
        await market.advance(FIRST, "15:00")
        await market.exchange.kill()
        await market.exchange.start()
        day = await market.reconciled(FIRST)
        assert (day["state"], day["settled"], day["told"], day["problem"]) == (
            "RECONCILED",
            12,
            12,
            "",
        )
        closing = (await market.operators[0].bulletins())[-1]
        assert closing.quantity_t == 480

        await market.advance(SECOND, "08:30")
        await market.carry_out(
            SetReferencePrice(
                product=PRODUCT,
                price_fen=closing.close_fen,
                basis=ReferenceBasis.PREVIOUS_CLOSE,
            )
        )
        await market.advance(SECOND, "09:30")
        await market.trade(1, 2, closing.close_fen, 1_000)  # bought yesterday, sellable today
        await market.advance(SECOND, "15:00")
        day = await market.reconciled(SECOND)
        assert (day["state"], day["settled"], day["breaks"]) == ("RECONCILED", 1, 0)
        held = {row.account: row.trading_t for row in (await market.admin.snapshot()).holdings}
        forms = {number: admission(number).registry_account for number in (1, 2)}
        assert (held[forms[1]], held[forms[2]]) == (0, 2_000)
    finally:
        await market.stop()
