"""Guangdong, Hubei, Shanghai: the profiles say what the rulebook says, and a short day shows it at work.

Expectations are worked out by hand from section 4.2 of the rulebook.
"""

import os
from importlib.resources import files
from typing import Any

import pytest
from msgspec import structs

from engine.commands import (
    AcceptBlock,
    AnyCommand,
    CancelCause,
    OfferBlock,
    PickListing,
    PlaceListing,
    ReduceOrder,
    ReferenceBasis,
    SettleTrade,
    Side,
    TakeListings,
)
from engine.events import (
    AnyEvent,
    BlockOffered,
    Bulletin,
    Cancelled,
    DayClosed,
    ListingPlaced,
    Phase,
    Refused,
    Traded,
)
from engine.profile import FeeRates, Position, Profile, load_profile
from engine.reasons import Reason
from engine.units import midnight_ns, parse_clock
from tests.engine.control_desk import Watched, exchange_of
from tests.markets import CLEARING, FIRST_DATE, Desk, small_profile, trader
from tests.streams import run_stream

COMMANDS = 800 if os.environ.get("CEAX_SHORT") else 1_500
CASH_FEN, TONNES = 10**11, 2_000_000
BUY, SELL = Side.BUY, Side.SELL


def pilot(name: str) -> Profile:
    """Return a pilot's profile as shipped."""
    return load_profile(files("engine").joinpath(f"profiles/{name}.toml").read_bytes(), name)


class Pilot:
    """A trading day of four participants in a pilot market, its product at 40.00."""

    def __init__(self, name: str) -> None:
        self.profile = pilot(name)
        self.product = self.profile.products[0].code
        watched = Watched(self.profile)
        self.desk = Desk(watched)
        self.desk.found(4)
        self.desk.open_day(FIRST_DATE)
        for participant in range(1, 5):
            self.desk.endow(participant, CASH_FEN, TONNES, self.product)
        self.desk.set_reference(4_000, self.product, ReferenceBasis.ADMINISTRATIVE)
        watched.has_begun = True
        self.desk.advance("09:30")

    def send(self, participant: int, command: AnyCommand) -> list[AnyEvent]:
        return self.desk.send(trader(participant), command)

    def order(
        self, participant: int, side: Side, price_fen: int, quantity_t: int
    ) -> list[AnyEvent]:
        """List, and return all that this causes."""
        command = PlaceListing(
            product=self.product,
            side=side,
            price_fen=price_fen,
            quantity_t=quantity_t,
            client_order=self.desk.next_client_order(),
        )
        return self.send(participant, command)

    def pick(self, participant: int, listing: int, quantity_t: int) -> AnyEvent:
        number = self.desk.next_client_order()
        pick = PickListing(listing=listing, quantity_t=quantity_t, client_order=number)
        return self.send(participant, pick)[-1]

    def take(self, participant: int, side: Side, limit_fen: int, **more: Any) -> list[AnyEvent]:
        command = TakeListings(
            product=self.product,
            side=side,
            quantity_t=10,
            limit_price_fen=limit_fen,
            client_order=self.desk.next_client_order(),
            **more,
        )
        return self.send(participant, command)

    def offer(self, price_fen: int, quantity_t: int) -> AnyEvent:
        """Let P1 offer a block to P2."""
        command = OfferBlock(
            product=self.product,
            side=SELL,
            counterparty=2,
            price_fen=price_fen,
            quantity_t=quantity_t,
            client_order=self.desk.next_client_order(),
        )
        return self.send(1, command)[-1]

    def accept(self, offer: int) -> AnyEvent:
        number = self.desk.next_client_order()
        return self.send(2, AcceptBlock(offer=offer, client_order=number))[-1]

    def close(self, clock: str) -> Bulletin:
        closed = self.desk.advance(clock)[-1]
        assert isinstance(closed, DayClosed), closed
        return closed.bulletin


def why(event: AnyEvent) -> tuple[Reason, int, int]:
    assert isinstance(event, Refused), event
    return event.reason, event.figure_a, event.figure_b


def deals(events: list[AnyEvent]) -> list[tuple[int, int, int]]:
    """Return resting order, price and quantity of the trades among events."""
    return [
        (event.resting_order, event.price_fen, event.quantity_t)
        for event in events
        if isinstance(event, Traded)
    ]


# ---------------------------------------------------------------- what the files say


def test_the_pilots_differ_where_the_rulebook_says_so() -> None:
    guangdong, hubei, shanghai = pilot("guangdong"), pilot("hubei"), pilot("shanghai")
    assert [row.products[0].code for row in (guangdong, hubei, shanghai)] == [
        "GDEA",
        "HBEA",
        "SHEA",
    ]
    for row in (guangdong, hubei, shanghai):
        assert (row.tick_size_fen, row.lot_size_t) == (1, 1)
        assert (row.listed.band_bp, row.block.band_bp) == (1_000, 3_000)
        assert row.auction is None
        assert row.position == Position()
        assert row.products[0].first_reference == "administrative"
    assert guangdong.listed.sessions == (("09:30", "11:30"), ("13:30", "15:30"))
    assert (
        hubei.listed.sessions
        == shanghai.listed.sessions
        == (
            ("09:30", "11:30"),
            ("13:00", "15:00"),
        )
    )
    assert [row.listed.crossing_listings for row in (guangdong, hubei, shanghai)] == [
        "rest",
        "match",
        "match",
    ]
    assert [row.listed.picks for row in (guangdong, hubei, shanghai)] == [True, False, False]
    assert guangdong.listed.same_price_choice == "time"
    assert guangdong.listed.open_rule == "previous_close"
    assert guangdong.listed.close_threshold_t == 100
    assert hubei.fees.trading == FeeRates(
        listed_buyer_bp=50, listed_seller_bp=50, block_seller_bp=400
    )
    assert (shanghai.block.quantity_t_min, shanghai.block.free_from_t) == (100_001, 500_000)


# ---------------------------------------------------------------- Guangdong


def test_a_day_in_guangdong_picks_by_price_and_time() -> None:
    day = Pilot("guangdong")
    day.order(1, SELL, 4_010, 60)  # 1
    day.order(2, SELL, 4_000, 60)  # 2
    day.order(3, SELL, 4_000, 40)  # 3: same price, later
    assert why(day.pick(4, 1, 10)) == (Reason.BETTER_LEVEL_EXISTS, 4_000, 0)
    assert why(day.pick(4, 3, 10)) == (Reason.EARLIER_LISTING_EXISTS, 2, 0)
    assert deals([day.pick(2, 3, 5)]) == [(3, 4_000, 5)]  # what is older is its own
    assert deals([day.pick(4, 2, 55)]) == [(2, 4_000, 55)]
    assert why(day.take(4, BUY, 4_010, preferred=(3,))[0]) == (Reason.NOT_OFFERED, 0, 0)
    (crossing,) = day.order(4, BUY, 4_010, 1)  # crosses, and rests
    assert isinstance(crossing, ListingPlaced)
    number = day.desk.next_client_order()
    (refused,) = day.send(4, ReduceOrder(order=1, quantity_t=1, client_order=number))
    assert why(refused) == (Reason.NOT_OFFERED, 0, 0)


def test_guangdong_closes_by_the_mean_only_above_100_tonnes() -> None:
    """Day 1: 60 t and 40 t at 44.00 are 100 t, so the close is the open 40.00. Day 2: 101 t, so the mean."""
    day = Pilot("guangdong")
    assert exchange_of(day.desk).market().products[0].open_fen == 4_000
    (placed,) = day.order(1, SELL, 4_400, 300)
    assert isinstance(placed, ListingPlaced)
    day.pick(2, placed.order, 60)
    day.pick(3, placed.order, 40)
    view = exchange_of(day.desk).market().products[0]
    assert (view.open_fen, view.high_fen, view.low_fen, view.last_fen) == (
        4_000,
        4_400,
        4_400,
        4_400,
    )
    day.desk.advance("13:00")
    assert exchange_of(day.desk).market().methods[0].phase is Phase.BREAK
    day.desk.advance("15:00")
    assert exchange_of(day.desk).market().methods[0].phase is Phase.OPEN
    row = day.close("15:30").products[0]
    assert (row.open_fen, row.close_fen, row.listed_quantity_t) == (4_000, 4_000, 100)
    day.desk.open_day("2021-07-19")
    day.desk.set_reference(4_000, day.product)
    day.desk.advance("09:30")
    (placed,) = day.order(1, SELL, 4_200, 300)
    assert isinstance(placed, ListingPlaced)
    day.pick(2, placed.order, 100)
    day.pick(3, placed.order, 1)
    row = day.close("15:30").products[0]
    assert (row.open_fen, row.close_fen, row.listed_quantity_t) == (4_000, 4_200, 101)


def test_a_silent_day_in_guangdong_carries_the_close() -> None:
    day = Pilot("guangdong")
    row = day.close("15:30").products[0]
    assert (row.open_fen, row.high_fen, row.close_fen) == (4_000, 0, 4_000)


# ---------------------------------------------------------------- Hubei


def test_a_day_in_hubei_matches_on_entry_and_takes_fees() -> None:
    """60 t and 40 t at 40.00: 2400.00 and 1600.00 yuan, half a percent from each side."""
    day = Pilot("hubei")
    day.order(1, SELL, 4_000, 100)  # 1
    assert deals(day.order(2, BUY, 4_100, 60)) == [(1, 4_000, 60)]  # at the resting price
    *traded, placed = day.order(3, BUY, 4_000, 60)
    assert deals(traded) == [(1, 4_000, 40)]
    assert isinstance(placed, ListingPlaced)
    assert (placed.quantity_t, placed.left_t) == (60, 20)
    cash = [exchange_of(day.desk).account(party).cash for party in (1, 2, 3)]
    assert cash[0].proceeds_fen == 240_000 - 1_200 + 160_000 - 800
    assert cash[1].payable_fen == 240_000 + 1_200
    assert (cash[2].payable_fen, cash[2].locked_fen) == (160_800, 80_400)
    (own,) = day.order(3, SELL, 3_990, 5)  # would meet its own
    assert isinstance(own, Cancelled)
    assert (own.cause, own.quantity_t) == (CancelCause.OWN_LISTING, 5)
    assert why(day.pick(4, placed.order, 1)) == (Reason.NOT_OFFERED, 0, 0)
    assert why(day.take(4, SELL, 4_000)[0]) == (Reason.NOT_OFFERED, 0, 0)
    assert deals(day.order(4, SELL, 3_900, 7)) == [(placed.order, 4_000, 7)]
    assert day.close("15:00").products[0].close_fen == 4_000


def test_a_fixed_price_transfer_in_hubei_costs_the_seller_four_percent() -> None:
    """10,000 t at 50.00 are 500,000.00 yuan: the seller pays 20,000.00, the buyer nothing."""
    day = Pilot("hubei")
    offered = day.offer(5_000, 10_000)
    assert isinstance(offered, BlockOffered), offered
    traded = day.accept(offered.order)
    assert isinstance(traded, Traded)
    (row,) = exchange_of(day.desk).trades()
    assert (row.buyer_fee_fen, row.seller_fee_fen) == (0, 2_000_000)
    assert exchange_of(day.desk).account(1).cash.proceeds_fen == 48_000_000
    day.desk.send(CLEARING, SettleTrade(trade=traded.trade, reference="S-1"))
    exchange = exchange_of(day.desk)
    assert exchange.account(1).cash.settled_fen == CASH_FEN + 48_000_000
    assert exchange.account(2).cash.settled_fen == CASH_FEN - 50_000_000


def test_a_buyer_in_hubei_needs_the_fee_too() -> None:
    day = Pilot("hubei")
    most = CASH_FEN // 4_400  # rounds down
    fee = most * 4_400 * 50 // 10_000  # rounds down
    told = why(day.order(4, BUY, 4_400, most)[0])
    assert told == (Reason.CASH_NOT_AVAILABLE, CASH_FEN, most * 4_400 + fee)


# ---------------------------------------------------------------- Shanghai


def test_a_day_in_shanghai_matches_by_price_then_time() -> None:
    day = Pilot("shanghai")
    day.order(1, SELL, 4_010, 50)  # 1
    day.order(2, SELL, 4_000, 50)  # 2
    day.order(3, SELL, 4_000, 50)  # 3: same price, later
    events = day.order(4, BUY, 4_010, 120)
    assert deals(events) == [(2, 4_000, 50), (3, 4_000, 50), (1, 4_010, 20)]
    assert len(events) == 3  # filled: nothing rests
    assert why(day.pick(4, 1, 10)) == (Reason.NOT_OFFERED, 0, 0)
    row = day.close("15:00").products[0]
    assert (row.open_fen, row.high_fen, row.low_fen) == (4_000, 4_010, 4_000)
    assert row.close_fen == 4_002  # (100 x 40.00 + 20 x 40.10) / 120 = 40.0167


def test_blocks_in_shanghai_are_free_from_500_000_tonnes() -> None:
    day = Pilot("shanghai")
    assert why(day.offer(4_000, 100_000)) == (Reason.QUANTITY_BELOW_MINIMUM, 100_001, 0)
    assert isinstance(day.offer(5_200, 100_001), BlockOffered)
    assert why(day.offer(5_201, 100_001)) == (Reason.PRICE_OUTSIDE_BAND, 2_800, 5_200)
    assert why(day.offer(6_000, 499_999)) == (Reason.PRICE_OUTSIDE_BAND, 2_800, 5_200)
    free = day.offer(6_000, 500_000)
    assert isinstance(free, BlockOffered)
    assert isinstance(day.accept(free.order), Traded)


def test_the_clock_of_the_pilots() -> None:
    for name, last in (("guangdong", "15:30"), ("hubei", "15:00"), ("shanghai", "15:00")):
        day = Pilot(name)
        day.desk.advance("14:00")
        boundary = exchange_of(day.desk).next_boundary_ns()
        assert boundary == midnight_ns(FIRST_DATE) + parse_clock(last)


# ---------------------------------------------------------------- against the oracle


@pytest.mark.parametrize(
    ("name", "trades_min"), [("guangdong", 30), ("hubei", 15), ("shanghai", 8)]
)
def test_the_pilots_as_shipped_agree_with_the_oracle(name: str, trades_min: int) -> None:
    """Random commands under a pilot's own rules: events, views and checks are those of the oracle."""
    rules = pilot(name)
    capacity = structs.replace(small_profile().capacity, levels=4_000)
    recorder = run_stream(4, COMMANDS, structs.replace(rules, capacity=capacity))
    traded = [event for events in recorder.answers for event in events if isinstance(event, Traded)]
    assert len(traded) > trades_min
