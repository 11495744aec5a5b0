"""The one-way auction from application to result (R67-R72)."""

import pytest

from engine.commands import (
    CancelCause,
    Method,
    SettleTrade,
)
from engine.events import (
    AnyEvent,
    AuctionAnnounced,
    AuctionApplied,
    AuctionEnded,
    AuctionRefused,
    AuctionState,
    BidPlaced,
    Cancelled,
    DayClosed,
    FailureCause,
    Repeated,
    Traded,
)
from engine.views import Level
from tests.engine.auction_desk import (
    CAP_FEN,
    CASH_FEN,
    CLOSE,
    LOWER_FEN,
    PAY_AS_BID,
    REFERENCE_FEN,
    SELLER,
    TONNES,
    House,
    auction_rules,
    ended,
    taken_back,
    told,
)
from tests.markets import CLEARING, PRODUCT, trader

# ---------------------------------------------------------------- application and decision


def test_r33_r67_an_application_locks_allowances_and_fixes_floor_and_cap() -> None:
    house = House()
    house.open()
    applied = house.apply(100_000)
    assert isinstance(applied, AuctionApplied)
    assert (applied.auction, applied.floor_fen, applied.cap_fen) == (1, LOWER_FEN, CAP_FEN)
    assert house.locked_t() == 100_000
    second = house.apply(200_000, floor=CLOSE, price_mode=PAY_AS_BID)
    assert isinstance(second, AuctionApplied)
    assert (second.auction, second.floor_fen, second.cap_fen) == (2, REFERENCE_FEN, CAP_FEN)
    assert house.locked_t() == 300_000
    assert house.exchange.auctions() == ()
    views = house.exchange.applications(SELLER)
    assert [(v.auction, v.state, v.quantity_t) for v in views] == [
        (1, AuctionState.APPLIED, 100_000),
        (2, AuctionState.APPLIED, 200_000),
    ]
    assert house.exchange.applications(2) == ()
    assert house.exchange.applications(0) == views
    rows = house.exchange.orders(SELLER)
    assert [(row.method, row.auction, row.is_open, row.price_fen) for row in rows] == [
        (Method.AUCTION, 1, True, LOWER_FEN),
        (Method.AUCTION, 2, True, REFERENCE_FEN),
    ]


def test_a_wish_is_kept_for_the_operators() -> None:
    house = House()
    house.open()
    begin, end = house.desk.clock("13:00"), house.desk.clock("13:30")
    house.apply(100_000, wished_begin_ns=begin, wished_end_ns=end)
    view = house.application()
    assert (view.wished_begin_ns, view.wished_end_ns) == (begin, end)


def test_an_announcement_is_public_and_names_no_seller() -> None:
    house = House()
    house.open()
    house.apply(150_000)
    event = house.announce()
    assert isinstance(event, AuctionAnnounced)
    assert not hasattr(event, "participant")
    view = house.auction()
    assert view.state is AuctionState.ANNOUNCED
    assert (view.begin_ns, view.end_ns) == (house.desk.clock("10:00"), house.desk.clock("10:30"))
    assert (view.quantity_t, view.price_fen, view.bid_t) == (150_000, 0, 0)
    assert house.exchange.next_boundary_ns() == house.desk.clock("09:30")


def test_a_refused_application_is_free_again() -> None:
    house = House()
    house.open()
    house.apply(100_000)
    refused, cancelled = house.refuse()
    assert isinstance(refused, AuctionRefused)
    assert isinstance(cancelled, Cancelled)
    assert (cancelled.order, cancelled.cause) == (1, CancelCause.AUCTION)
    assert house.locked_t() == 0
    assert house.application().state is AuctionState.ENDED
    assert house.exchange.auctions() == ()


def test_a_seller_may_withdraw_until_the_announcement() -> None:
    house = House()
    house.open()
    house.apply(100_000)
    cancelled = house.cancel(SELLER, 1)
    assert isinstance(cancelled, Cancelled)
    assert cancelled.cause is CancelCause.OWNER
    assert house.locked_t() == 0
    assert house.application().state is AuctionState.ENDED


# ---------------------------------------------------------------- bids


def test_r68_a_bid_locks_its_cash_and_a_withdrawal_frees_it() -> None:
    house = House()
    house.begin()
    order = house.bid(2, 5_000, 300)
    assert house.locked_fen(2) == 1_500_000
    row = house.exchange.orders(2)[0]
    assert (row.auction, row.method, row.is_open) == (1, Method.AUCTION, True)
    house.bid(2, 5_100, 100)
    cancelled = house.cancel(2, order)
    assert isinstance(cancelled, Cancelled)
    assert house.locked_fen(2) == 510_000
    result = ended(house.desk.advance("10:30"))
    assert (result.bids, result.bid_t, result.sold_t) == (1, 100, 100)
    assert house.locked_fen(2) == 0


def test_a_repeated_bid_gets_its_first_answer() -> None:
    house = House()
    house.begin()
    command = house.bid_command(5_000, 300)
    first = house.send(trader(2), command)
    (again,) = house.send(trader(2), command)
    assert isinstance(again, Repeated)
    assert [again.answer] == first
    assert house.locked_fen(2) == 1_500_000


@pytest.mark.parametrize(
    ("visibility", "shown"),
    [
        ("hidden", ()),
        ("best", (Level(5_100, 250, 2),)),
        ("ladder", (Level(5_100, 250, 2), Level(5_000, 300, 1))),
    ],
)
def test_r72_the_profile_says_what_is_seen_of_the_bids(
    visibility: str, shown: tuple[Level, ...]
) -> None:
    house = House(auction_rules(bid_visibility=visibility))
    house.begin()
    house.bid(2, 5_000, 300)
    house.bid(3, 5_100, 200)
    house.bid(2, 5_100, 50)
    gone = house.bid(4, 5_200, 10)
    house.cancel(4, gone)
    assert house.auction().bids == shown
    assert house.auction().bid_t == 0
    house.desk.advance("10:30")
    view = house.auction()
    assert view.bids == ()
    assert (view.bid_t, view.bidders, view.winners, view.sold_t) == (550, 2, 2, 550)


# ---------------------------------------------------------------- results


def sell_1000(house: House) -> list[AnyEvent]:
    """Let four bid for the 100,000 t on offer, the last one cut."""
    house.begin()
    house.bid(2, 4_800, 60_000)
    house.bid(3, 5_000, 30_000)
    house.bid(4, 4_800, 50_000)
    house.bid(2, 4_700, 5_000)
    return house.desk.advance("10:30")


def test_r69_one_price_for_all_and_the_marginal_bid_is_cut() -> None:
    house = House()
    events = sell_1000(house)
    assert told(events) == [(3, 4_800, 30_000), (2, 4_800, 60_000), (4, 4_800, 10_000)]
    assert taken_back(events) == [(4, 40_000), (5, 5_000)]
    assert ended(events) == events[-1]
    result = ended(events)
    assert result.state is AuctionState.SOLD
    assert (result.price_fen, result.offered_t, result.sold_t) == (4_800, 100_000, 100_000)
    assert (result.amount_fen, result.bid_t) == (480_000_000, 145_000)
    assert (result.bids, result.bidders) == (4, 3)
    assert (result.winners, result.successful_bids) == (3, 3)
    first = next(event for event in events if isinstance(event, Traded))
    assert (first.participant, first.counterparty, first.resting_order) == (3, SELLER, 1)
    assert (first.method, first.side.name, first.left_t) == (Method.AUCTION, "BUY", 70_000)


def test_r69_each_pays_its_own_bid() -> None:
    house = House()
    house.begin(price_mode=PAY_AS_BID)
    house.bid(2, 4_800, 60_000)
    house.bid(3, 5_000, 30_000)
    house.bid(4, 4_800, 50_000)
    events = house.desk.advance("10:30")
    assert told(events) == [(3, 5_000, 30_000), (2, 4_800, 60_000), (4, 4_800, 10_000)]
    result = ended(events)
    assert (result.price_fen, result.amount_fen) == (0, 486_000_000)


def test_a_uniform_price_below_the_bid_frees_the_difference() -> None:
    house = House()
    sell_1000(house)
    cash = house.exchange.account(3).cash
    assert (cash.locked_fen, cash.payable_fen) == (0, 30_000 * 4_800)
    assert cash.available_fen == CASH_FEN - 30_000 * 4_800
    seller = house.exchange.account(SELLER)
    assert seller.cash.proceeds_fen == 480_000_000
    holding = seller.holdings[0]
    assert (holding.available_t, holding.locked_t) == (TONNES - 100_000, 0)
    assert holding.sold_t == 100_000
    assert house.exchange.account(2).holdings[0].bought_today_t == 60_000


def test_r71_an_auction_that_is_not_covered_sells_what_was_bid() -> None:
    house = House()
    house.begin()
    house.bid(2, 5_000, 1_500)
    house.bid(3, LOWER_FEN, 500)
    events = house.desk.advance("10:30")
    assert told(events) == [(2, LOWER_FEN, 1_500), (3, LOWER_FEN, 500)]
    assert taken_back(events) == [(1, 98_000)]
    result = ended(events)
    assert (result.state, result.sold_t, result.price_fen) == (AuctionState.SOLD, 2_000, LOWER_FEN)
    assert house.locked_t() == 0


def test_an_undersubscribed_auction_is_cancelled_where_the_profile_says_so() -> None:
    house = House(auction_rules(undersubscribed="cancel"))
    house.begin()
    house.bid(2, 5_000, 99_999)
    events = house.desk.advance("10:30")
    result = ended(events)
    assert (result.state, result.cause) == (AuctionState.FAILED, FailureCause.UNDERSUBSCRIBED)
    assert (result.sold_t, result.amount_fen, result.bid_t) == (0, 0, 99_999)
    assert taken_back(events) == [(2, 99_999), (1, 100_000)]
    assert (house.locked_fen(2), house.locked_t()) == (0, 0)


def test_an_auction_that_is_just_covered_is_not_cancelled() -> None:
    house = House(auction_rules(undersubscribed="cancel"))
    house.begin()
    house.bid(2, 5_000, 99_999)
    house.bid(3, 4_900, 1)
    result = ended(house.desk.advance("10:30"))
    assert (result.state, result.sold_t, result.price_fen) == (AuctionState.SOLD, 100_000, 4_900)


def test_an_auction_without_bids_fails() -> None:
    house = House()
    house.begin()
    events = house.desk.advance("10:30")
    result = ended(events)
    assert (result.state, result.cause) == (AuctionState.FAILED, FailureCause.NO_BIDS)
    assert (result.bids, result.bidders, result.winners) == (0, 0, 0)
    assert taken_back(events) == [(1, 100_000)]


def test_several_windows_end_by_auction_number() -> None:
    house = House()
    house.open()
    for _ in range(3):
        house.apply(100_000)
    for auction in (3, 1, 2):
        house.announce(auction)
    house.desk.advance("10:00")
    events = house.desk.advance("10:30")
    assert [e.auction for e in events if isinstance(e, AuctionEnded)] == [1, 2, 3]


def test_auctions_number_on_over_days_and_move_no_price() -> None:
    """The results of auctions enter neither open, high, low nor close (R65 alike)."""
    house = House()
    sell_1000(house)
    closed = house.desk.advance("15:00")[-1]
    assert isinstance(closed, DayClosed)
    row = closed.bulletin.products[0]
    assert (row.auction_quantity_t, row.auction_amount_fen) == (100_000, 480_000_000)
    assert row.auction_trades == 3
    assert (row.open_fen, row.high_fen, row.low_fen, row.close_fen) == (4_800, 0, 0, 4_800)
    bulletin = closed.bulletin
    assert (bulletin.auction_quantity_t, bulletin.quantity_t) == (100_000, 100_000)
    assert bulletin.cumulative_amount_fen == 480_000_000
    for trade in house.exchange.unsettled():
        settle = SettleTrade(trade=trade.trade, reference=house.desk.next_reference())
        house.send(CLEARING, settle)
    house.desk.open_day("2021-07-19")
    house.desk.set_reference(4_800)
    applied = house.apply(100_000)
    assert isinstance(applied, AuctionApplied)
    assert (applied.auction, applied.order) == (2, 1)
    assert house.exchange.auctions() == ()
    assert [row.auction for row in house.exchange.auctions("2021-07-16")] == [1]


def test_a_bid_placed_is_told_with_its_auction() -> None:
    house = House()
    house.begin()
    placed = house.try_bid(2, 5_000, 100)
    assert isinstance(placed, BidPlaced)
    assert (placed.auction, placed.order, placed.participant) == (1, 2, 2)
    assert (placed.product, placed.price_fen, placed.quantity_t) == (PRODUCT, 5_000, 100)
