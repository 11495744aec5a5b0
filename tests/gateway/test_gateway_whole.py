"""Gateway, sequencer, journal and engine as one, in process: a day begins, is cut off, and goes on."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from engine.commands import (
    Deposit,
    EnrolKey,
    ReferenceBasis,
    Role,
    SetReferencePrice,
    Side,
    TransferIn,
)
from engine.units import midnight_ns, parse_clock
from gateway import keys, wire
from gateway.client import Client
from gateway.market import load_market, make_market
from gateway.process import Settings, prepare
from gateway.sequencer import Sequencer
from gateway.server import Server
from tests.gateway.gateway_world import QUICK, eventually, until
from tests.markets import FIRST_DATE, PRODUCT, admission

DAY_NS = midnight_ns(FIRST_DATE)


class Exchange:
    """What `ceax exchange serve` builds, without its process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sequencer: Sequencer
        self.server: Server

    async def start(self, port: int = 0) -> None:
        begin = f"{FIRST_DATE}T08:00"
        settings = Settings(
            folder=self.folder, clock="simulated", clock_start=begin, clock_rate=0.0
        )
        market, self.sequencer, _ = prepare(settings)
        await self.sequencer.start(market.genesis)
        self.server = Server(
            self.sequencer, market.profile, clock_mode=self.sequencer.clock.mode, port=port
        )
        await self.server.start()

    async def stop(self) -> None:
        await self.server.stop()
        await self.sequencer.stop()

    async def connect(self, key: keys.KeyFile) -> Client:
        return await Client.connect(self.server.url, key, patience=QUICK)


async def approved(maker: Client, checker: Client, *actions: Any) -> None:
    made = await maker.propose(actions, "演示")
    assert made.first is not None
    done = await checker.approve(getattr(made.first, "proposal", 0))
    assert done.refused is None


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands wait however long a busy machine takes to start the exchange."""
    monkeypatch.setattr("gateway.client_pending.LATE_S", 600.0)


@pytest.mark.usefixtures("patient")
async def test_a_day_through_every_layer_and_a_restart_in_the_middle(tmp_path: Path) -> None:
    files = make_market(tmp_path / "market")
    people = [keys.load(path) for path in files]
    traders = [keys.new_key(f"演示交易员{number}", Role.TRADER) for number in (1, 2)]
    exchange = Exchange(tmp_path / "market")
    await exchange.start()
    maker, checker, clearing = [await exchange.connect(key) for key in people]
    assert maker.welcome.clock == "driven"
    await maker.advance_clock(DAY_NS + parse_clock("08:31"))
    assert (await maker.market()).date == FIRST_DATE
    await approved(maker, checker, admission(1), admission(2))
    enrolments = [
        EnrolKey(public_key=key.public_key, role=key.role, person=key.person, participant=number)
        for number, key in enumerate(traders, 1)
    ]
    await approved(maker, checker, *enrolments)
    await approved(
        maker,
        checker,
        SetReferencePrice(product=PRODUCT, price_fen=4_800, basis=ReferenceBasis.ADMINISTRATIVE),
    )
    await clearing.submit(Deposit(participant=2, amount_fen=10**9, reference="D-1"))
    moved = TransferIn(participant=1, product=PRODUCT, quantity_t=1_000, reference="T-1")
    await clearing.submit(moved)
    await maker.advance_clock(DAY_NS + parse_clock("09:30"))
    seller, buyer = [await exchange.connect(key) for key in traders]
    await seller.subscribe("private")
    await clearing.subscribe("drop", after=0)
    placed = await seller.place_listing(PRODUCT, Side.SELL, 4_850, 500)
    picked = await buyer.pick_listing(placed.order, 200, client_order=7)
    assert picked.traded is not None

    port = exchange.server.port
    await exchange.stop()
    order = asyncio.create_task(buyer.pick_listing(placed.order, 100, client_order=8))
    await eventually(lambda: not buyer.is_connected)
    exchange = Exchange(tmp_path / "market")
    await exchange.start(port)

    again = await order
    assert again.traded is not None
    assert again.traded.left_t == 200
    repeat = await buyer.pick_listing(placed.order, 200, client_order=7)
    assert repeat.is_repeat
    assert repeat.first == picked.first
    found = await buyer.find_order(7)
    assert found is not None
    assert (found.sequence, found.first) == (picked.sequence, picked.first)
    frames = await until(seller, wire.PrivateEvents, again.sequence)
    told = [frame.sequence for frame in frames if isinstance(frame, wire.PrivateEvents)]
    assert told == [placed.sequence, picked.sequence, again.sequence]
    dropped = await until(clearing, wire.DropCopy, repeat.sequence)
    sequences = [frame.sequence for frame in dropped if isinstance(frame, wire.DropCopy)]
    assert sequences == list(range(1, repeat.sequence + 1))
    statement = await seller.statement(FIRST_DATE)
    assert (statement.opening_cash_fen, statement.sell_amount_fen) == (0, 300 * 4_850)
    for client in (maker, checker, clearing, seller, buyer):
        await client.close()
    await exchange.stop()
    assert load_market(tmp_path / "market").genesis
