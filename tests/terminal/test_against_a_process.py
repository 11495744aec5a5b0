"""The terminals against a real `ceax exchange serve`, which is killed while an order is on its way."""

from pathlib import Path

import pytest

from bench.processes import free_port
from engine.commands import Action, Approve, Deposit, EnrolKey, Propose, Role, Side, TransferIn
from gateway import keys
from gateway.client import Client
from gateway.keys import KeyFile
from gateway.market import make_market
from terminal.widgets.ticket import Stage
from tests.gateway.exchange_process import ExchangeProcess
from tests.gateway.sequencer_rig import moment
from tests.markets import PRODUCT, admission
from tests.terminal.rig import Seat, seat
from tests.terminal.test_trading_day import list_by_keys, reference, ticket

pytestmark = pytest.mark.process
DRIVEN = ("--clock", "simulated", "--clock-rate", "0", "--clock-start", "2021-07-16T08:00")
CASH_FEN, TONNES = 10**10, 10_000


class House:
    """A market directory with two operators and two traders, and the process that serves it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        make_market(folder)
        self.process = ExchangeProcess(folder, *DRIVEN, port=free_port())
        self.operators = [self.key("operator-1"), self.key("operator-2")]
        self.traders = [keys.new_key(f"演示交易员{n}", Role.TRADER) for n in (1, 2)]

    def key(self, name: str) -> KeyFile:
        return keys.load(self.folder / "keys" / f"{name}.key")

    async def found(self, url: str) -> None:
        """Open the day, admit two participants and give them cash and allowances."""
        maker = await Client.connect(url, self.operators[0])
        checker = await Client.connect(url, self.operators[1])
        clearing = await Client.connect(url, self.key("clearing"))
        await maker.advance_clock(moment("09:00"))
        enrolments: list[Action] = [
            EnrolKey(public_key=k.public_key, role=k.role, person=k.person, participant=n)
            for n, k in enumerate(self.traders, 1)
        ]
        admissions: list[Action] = [admission(1), admission(2)]
        for number, actions in enumerate((admissions, enrolments), 1):
            await maker.submit(Propose(actions=tuple(actions), reason="演示"))
            assert not (await checker.submit(Approve(proposal=number))).refused
        for n in (1, 2):
            await clearing.submit(Deposit(participant=n, amount_fen=CASH_FEN, reference=f"D-{n}"))
            await clearing.submit(
                TransferIn(participant=n, product=PRODUCT, quantity_t=TONNES, reference=f"T-{n}")
            )
        for client in (maker, checker, clearing):
            await client.close()


async def approve_the_reference(maker: Seat, checker: Seat) -> None:
    """Two operators set the reference price of the first day."""
    await maker.press("f7")
    await maker.rows("references")
    await maker.press("enter")
    await maker.focus("dialog-input")
    await maker.type("48.00")
    await maker.press("enter")
    await maker.focus("dialog-input")
    await maker.type("48.00")
    await maker.press("enter")
    await checker.press("f4")
    await checker.rows("proposals")
    await checker.press("enter")
    await checker.focus("dialog-input")
    await checker.type("48.00")
    await checker.press("enter")
    await maker.until(lambda: reference(maker) == 4_800, "for the reference price")


async def test_a_day_on_a_real_exchange_that_is_killed_in_the_middle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.client_pending.LATE_S", 600.0)  # a busy machine starts it late
    house = House(tmp_path / "market")
    url = await house.process.start()
    await house.found(url)
    async with (
        seat(url, house.operators[0], tmp_path) as maker,
        seat(url, house.operators[1], tmp_path, language="en") as checker,
    ):
        await approve_the_reference(maker, checker)
        assert maker.app.link is not None
        await maker.app.link.client.advance_clock(moment("09:30"))
    async with (
        seat(url, house.traders[0], tmp_path) as seller,
        seat(url, house.traders[1], tmp_path, language="en") as buyer,
    ):
        await list_by_keys(seller, "f3", "48.15", "300")
        await seller.until(lambda: seller.state.orders, "for the listing")

        await buyer.press("enter")
        await buyer.focus("ladder")
        await buyer.sees("48.15")
        await buyer.press("enter")
        await buyer.rows("listings")
        await buyer.press("enter")
        await buyer.focus("quantity")
        await buyer.press("enter")
        await buyer.until(lambda: ticket(buyer).stage is Stage.CHECKED, "for the summary")
        await house.process.kill()
        await buyer.sees("reconnecting", "Connection lost")
        await buyer.press("f2")
        await buyer.sees("1 order(s) with unknown outcome")

        assert await house.process.start() == url
        for person in (seller, buyer):
            await person.until(lambda p=person: p.state.trades, "for the trade")  # type: ignore[misc]
            assert [trade.quantity_t for trade in person.state.trades or ()] == [300]
        await buyer.sees("● live")
        assert not buyer.state.unknown_outcomes()
        orders = seller.state.orders or ()
        assert [(order.side, order.left_t) for order in orders] == [(Side.SELL, 0)]
    assert await house.process.stop() == 0
