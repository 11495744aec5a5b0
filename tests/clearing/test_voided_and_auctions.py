"""What is instructed: auction trades like all others, voided trades never."""

from pathlib import Path

import msgspec
import pytest
from msgspec import structs

from clearing import end_of_day, retry
from clearing.instructions import deliver, encode, instruct
from clearing.lifecycle import DayState
from clearing.sese023 import Envelope
from engine.commands import (
    AnnounceAuction,
    ApplyAuction,
    AuctionFloor,
    Method,
    PlaceBid,
    PriceMode,
    VoidTrade,
)
from engine.events import AuctionApplied, AuctionEnded, BidPlaced, Traded, TradeVoided
from engine.units import midnight_ns, parse_clock
from tests.clearing.desk import office_in, registry_in
from tests.clearing.five import found
from tests.clearing.house import CEA24, DATE, NEXT_DATE, House
from tests.clearing.test_exactly_once import skipped
from tests.clearing.test_instructions import BUYER, MARKET, SELLER, TRADE


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "FIRST_PAUSE_MS", 1)
    monkeypatch.setattr(retry, "LONGEST_PAUSE_MS", 2)
    monkeypatch.setattr(end_of_day, "POLL_MS", 1)


def void(house: House, trade: int) -> None:
    events = house.approve(VoidTrade(trade=trade, explanation="演示"))
    assert isinstance(events[-1], TradeVoided), events


def test_each_method_has_its_own_mode() -> None:
    for method in Method:
        trade = structs.replace(TRADE, method=method)
        envelope = instruct(trade, SELLER, BUYER, MARKET, 1, 1_767_596_700_000_000_000)
        body = msgspec.json.decode(encode(envelope), type=Envelope).SctiesSttlmTxInstr
        assert body.SplmtryData.TradeMode == method.name
        assert body.TradDtls.PlcOfTrad == f"CEAX-{method.name}"
        assert (body.SttlmParams.BlckTrad == "Y") == (method is Method.BLOCK)
        assert deliver(envelope).amount_fen == 9_500 * 600


async def test_a_voided_trade_is_not_instructed_and_the_day_adds_up(tmp_path: Path) -> None:
    house = House()
    async with registry_in(tmp_path / "r") as registry:
        await found(house, registry)
        async with office_in(tmp_path / "c", house, registry) as office:
            await office.fund()
            house.open(DATE, CEA24=9_500)
            first = house.trade("A", "B", 10, 9_500, CEA24)
            wrong = house.trade("B", "C", 20, 9_600, CEA24)
            await office.collect()
            void(house, wrong)
            last = house.trade("C", "D", 30, 9_400, CEA24)
            house.close()
            assert await office.end_day() is DayState.RECONCILED
            instructed = [row.trade for row in office.store.instructions(DATE)]
            assert instructed == [first, last]
            assert office.report().breaks == ()


async def test_what_was_voided_while_clearing_was_away_is_found(tmp_path: Path) -> None:
    house = House()
    async with registry_in(tmp_path / "r") as registry:
        await found(house, registry)
        async with office_in(tmp_path / "c", house, registry) as office:
            await office.fund()
            house.open(DATE, CEA24=9_500)
            house.trade("A", "B", 10, 9_500, CEA24)
            wrong = house.trade("B", "C", 20, 9_600, CEA24)
            await office.collect()
            seen = office.store.cursor()
            void(house, wrong)
            house.close()
            office.port.skip(seen, house.exchange.sequence)
            await office.collector._take([await skipped(office)])
            assert [trade.quantity_t for trade in office.store.trades(DATE)] == [10]
            assert await office.end_day() is DayState.RECONCILED
            house.open(NEXT_DATE, CEA24=9_500)
            house.trade("A", "B", 10, 9_500, CEA24)
            house.close(NEXT_DATE)
            assert await office.end_day() is DayState.RECONCILED


async def test_auction_trades_are_delivered_like_others(tmp_path: Path) -> None:
    house = House()
    async with registry_in(tmp_path / "r") as registry:
        await found(house, registry)
        await registry.endow("Z", 0, CEA24=100_000)
        house.admit("Z")
        async with office_in(tmp_path / "c", house, registry) as office:
            await office.fund()
            house.open(DATE, CEA24=9_500)
            applied = house.apply(
                house.key_of("Z"),
                ApplyAuction(
                    product=CEA24,
                    quantity_t=100_000,
                    floor=AuctionFloor.PREVIOUS_CLOSE,
                    price_mode=PriceMode.UNIFORM,
                    client_order=1,
                ),
            ).events[-1]
            assert isinstance(applied, AuctionApplied), applied
            begin_ns = midnight_ns(DATE) + parse_clock("10:00")
            house.approve(
                AnnounceAuction(
                    auction=applied.auction,
                    begin_ns=begin_ns,
                    end_ns=midnight_ns(DATE) + parse_clock("10:30"),
                )
            )
            house.at(DATE, "10:00")
            for number, letter in enumerate("AB", 1):
                bid = PlaceBid(
                    auction=applied.auction, price_fen=9_500, quantity_t=10, client_order=number
                )
                placed = house.apply(house.key_of(letter), bid).events[-1]
                assert isinstance(placed, BidPlaced), placed
            house.at(DATE, "10:30")
            events = [event for row in house.log for event in row.events]
            assert [event.quantity_t for event in events if isinstance(event, Traded)] == [10, 10]
            assert any(isinstance(event, AuctionEnded) for event in events)
            house.close()
            assert await office.end_day() is DayState.RECONCILED
            assert len(office.store.instructions(DATE)) == 2
