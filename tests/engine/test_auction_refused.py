"""Every refusal of the auction with its figures; a refused command changes nothing (`reasons.PRECEDENCE`)."""

import pytest
from msgspec import structs

from engine.commands import (
    ApplyAuction,
    CancelOrder,
    Halt,
    HaltScope,
    Method,
    Restriction,
    RestrictParticipant,
    Withdraw,
)
from engine.events import AuctionAnnounced, Phase
from engine.reasons import Reason
from tests.engine.auction_desk import (
    CAP_FEN,
    CASH_FEN,
    CLOSE,
    LOWER,
    LOWER_FEN,
    PAY_AS_BID,
    SELLER,
    TONNES,
    UNIFORM,
    House,
    auction_rules,
    broken,
    with_capacity,
)
from tests.markets import CLEARING, OPERATOR_ONE, PRODUCT, national, trader


def opened(house: House | None = None) -> House:
    """Return a house with its reference set."""
    house = house or House()
    house.open()
    return house


def begun(house: House | None = None) -> House:
    """Return a house in the window of auction 1."""
    house = house or House()
    house.begin()
    return house


def halt(house: House, scope: HaltScope, **fields: object) -> None:
    """Let one operator halt."""
    house.send(OPERATOR_ONE, Halt(scope=scope, explanation="演示", **fields))  # type: ignore[arg-type]


def restrict(house: House, participant: int, restriction: Restriction) -> None:
    """Let two operators restrict a participant."""
    house.desk.approve(RestrictParticipant(participant=participant, restriction=restriction))


# ---------------------------------------------------------------- applications


def test_only_a_trader_applies() -> None:
    house = opened()
    command = ApplyAuction(
        product=PRODUCT, quantity_t=100_000, floor=LOWER, price_mode=UNIFORM, client_order=1
    )
    for key, reason in ((99, Reason.KEY_UNKNOWN), (CLEARING, Reason.ROLE_NOT_PERMITTED)):
        (refused,) = house.send(key, command)
        assert broken(refused) == (reason, 0, 0)


def test_another_content_under_the_same_number() -> None:
    house = opened()
    house.apply(100_000, client_order=7)
    for fields in (
        {"quantity_t": 100_001},
        {"quantity_t": 100_000, "floor": CLOSE},
        {"quantity_t": 100_000, "price_mode": PAY_AS_BID},
        {"quantity_t": 100_000, "wished_end_ns": 5},
    ):
        refused = house.apply(client_order=7, **fields)
        assert broken(refused) == (Reason.CLIENT_ORDER_REUSED, 0, 0)


def test_the_days_orders_are_full() -> None:
    house = opened(House(with_capacity(national(), orders_per_day=2)))
    house.apply(100_000)
    house.apply(100_000)
    assert broken(house.apply(100_000)) == (Reason.ORDERS_FULL, 2, 0)


def test_what_the_profile_does_not_offer() -> None:
    house = opened(House(auction_rules(floors=(CLOSE,), price_modes=(PAY_AS_BID,))))
    for floor, mode in ((LOWER, PAY_AS_BID), (CLOSE, UNIFORM)):
        refused = house.apply(100_000, floor=floor, price_mode=mode)
        assert broken(refused) == (Reason.NOT_OFFERED, 0, 0)


def test_a_market_without_auctions_offers_none() -> None:
    house = opened(House(structs.replace(national(), auction=None)))
    assert broken(house.apply(100_000)) == (Reason.NOT_OFFERED, 0, 0)
    assert broken(house.try_bid(2, 5_000, 100)) == (Reason.NOT_OFFERED, 0, 0)
    assert broken(house.announce()) == (Reason.AUCTION_UNKNOWN, 1, 0)
    methods = [row.method for row in house.exchange.market().methods]
    assert methods == [Method.LISTED, Method.BLOCK]


def test_applications_are_taken_until_the_day_ends() -> None:
    house = opened()
    house.apply(100_000)
    for clock in ("09:30", "12:00", "14:59"):
        house.desk.advance(clock)
        house.apply(100_000)
    house.desk.advance("15:00")
    assert broken(house.apply(100_000)) == (Reason.PHASE_CLOSED, Phase.ENDED, 0)


def test_halts_refuse_applications_and_bids() -> None:
    for scope, fields in (
        (HaltScope.MARKET, {}),
        (HaltScope.METHOD, {"method": Method.AUCTION}),
        (HaltScope.PRODUCT, {"product": PRODUCT}),
    ):
        house = begun()
        halt(house, scope, **fields)
        assert broken(house.apply(100_000)) == (Reason.HALTED, 1, 0)
        assert broken(house.try_bid(2, 5_000, 100)) == (Reason.HALTED, 1, 0)
    house = begun()
    halt(house, HaltScope.PARTICIPANT, participant=2)
    assert broken(house.apply(100_000, participant=2)) == (Reason.HALTED, 1, 0)
    assert broken(house.try_bid(2, 5_000, 100)) == (Reason.HALTED, 1, 0)
    house.bid(3, 5_000, 100)


def test_restrictions_refuse_their_side() -> None:
    house = begun()
    restrict(house, 2, Restriction.NO_SELLING)
    assert broken(house.apply(100_000, participant=2)) == (Reason.SELLING_RESTRICTED, 0, 0)
    house.bid(2, 5_000, 100)
    restrict(house, 2, Restriction.NO_BUYING)
    assert broken(house.try_bid(2, 5_000, 100)) == (Reason.BUYING_RESTRICTED, 0, 0)
    house.apply(100_000, participant=2)
    restrict(house, 2, Restriction.SUSPENDED)
    assert broken(house.try_bid(2, 5_000, 100)) == (Reason.PARTICIPANT_SUSPENDED, 0, 0)
    assert broken(house.apply(100_000, participant=2)) == (Reason.PARTICIPANT_SUSPENDED, 0, 0)


def test_the_product_must_be_there_listed_and_priced() -> None:
    house = House()
    assert broken(house.apply(100_000)) == (Reason.REFERENCE_PRICE_MISSING, 0, 0)
    assert broken(house.apply(100_000, product="CEA24")) == (Reason.PRODUCT_NOT_LISTED, 0, 0)
    assert broken(house.apply(100_000, product="CEA99")) == (Reason.PRODUCT_UNKNOWN, 0, 0)


def test_the_size_of_an_application() -> None:
    profile = structs.replace(auction_rules(quantity_t_max=200_000), lot_size_t=10)
    house = opened(House(profile))
    assert broken(house.apply(100_005)) == (Reason.QUANTITY_OFF_LOT, 10, 0)
    assert broken(house.apply(99_990)) == (Reason.QUANTITY_BELOW_MINIMUM, 100_000, 0)
    assert broken(house.apply(200_010)) == (Reason.QUANTITY_ABOVE_MAXIMUM, 200_000, 0)
    house.apply(100_000)


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("10:30", "10:00"),
        ("10:00", "10:00"),
        ("09:29", "10:00"),
        ("11:00", "11:31"),
        ("11:00", "13:30"),
        ("14:00", "15:01"),
        ("09:30", "09:45"),
    ],
)
def test_a_wished_window_lies_ahead_inside_one_session(begin: str, end: str) -> None:
    house = opened()
    house.desk.advance("09:45")
    clock = house.desk.clock
    refused = house.apply(100_000, wished_begin_ns=clock(begin), wished_end_ns=clock(end))
    assert broken(refused) == (Reason.AUCTION_WINDOW_INVALID, 0, 0)
    house.apply(100_000, wished_begin_ns=clock("09:30"), wished_end_ns=clock("09:46"))


def test_a_wish_of_another_day_or_half_a_wish() -> None:
    house = opened()
    day = 24 * 3_600 * 10**9
    begin, end = house.desk.clock("10:00") + day, house.desk.clock("10:30") + day
    for wish in ((begin, end), (0, house.desk.clock("10:00")), (house.desk.clock("10:00"), 0)):
        refused = house.apply(100_000, wished_begin_ns=wish[0], wished_end_ns=wish[1])
        assert broken(refused) == (Reason.AUCTION_WINDOW_INVALID, 0, 0)


def test_the_days_auctions_are_full() -> None:
    house = opened(House(with_capacity(national(), auctions=2)))
    house.apply(100_000)
    house.cancel(SELLER, 1)
    house.apply(100_000)
    assert broken(house.apply(100_000)) == (Reason.AUCTIONS_FULL, 2, 0)


def test_what_one_sells_one_must_have() -> None:
    house = opened()
    house.apply(TONNES - 100_000)
    assert broken(house.apply(100_001)) == (Reason.HOLDING_NOT_AVAILABLE, 100_000, 100_001)
    house.apply(100_000)


# ---------------------------------------------------------------- decisions


def test_decisions_on_auctions_that_do_not_wait_for_one() -> None:
    house = opened()
    assert broken(house.announce(1)) == (Reason.AUCTION_UNKNOWN, 1, 0)
    assert broken(house.refuse(1)[0]) == (Reason.AUCTION_UNKNOWN, 1, 0)
    house.apply(100_000)
    assert isinstance(house.announce(1), AuctionAnnounced)
    for event in (house.announce(1), house.refuse(1)[0]):
        assert broken(event) == (Reason.AUCTION_NOT_APPLIED, 1, 0)
    house.desk.advance("15:00")
    assert broken(house.announce(1)) == (Reason.AUCTION_NOT_APPLIED, 1, 0)


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("09:40", "10:00"),
        ("10:00", "10:00"),
        ("10:30", "10:00"),
        ("11:00", "11:31"),
        ("11:29", "13:01"),
        ("12:00", "12:30"),
        ("14:30", "15:01"),
    ],
)
def test_an_announced_window_lies_ahead_inside_one_session(begin: str, end: str) -> None:
    house = opened()
    house.apply(100_000)
    house.desk.advance("09:41")
    assert broken(house.announce(1, begin, end)) == (Reason.AUCTION_WINDOW_INVALID, 0, 0)
    assert isinstance(house.announce(1, "09:42", "11:30"), AuctionAnnounced)


def test_an_announced_auction_binds_its_seller() -> None:
    house = opened()
    house.apply(100_000)
    house.announce()
    assert broken(house.cancel(SELLER, 1)) == (Reason.AUCTION_ANNOUNCED, 1, 0)
    assert house.locked_t() == 100_000
    (stranger,) = house.send(trader(2), CancelOrder(order=1, client_order=9))
    assert broken(stranger) == (Reason.NOT_ORDER_OWNER, 1, 0)


# ---------------------------------------------------------------- bids


def test_bids_outside_their_window() -> None:
    house = opened()
    begin = house.desk.clock("10:00")
    assert broken(house.try_bid(2, 5_000, 100))[0] is Reason.PHASE_CLOSED
    house.apply(100_000)
    house.desk.advance("09:30")
    assert broken(house.try_bid(2, 5_000, 100)) == (Reason.AUCTION_NOT_OPEN, 1, 0)
    assert broken(house.try_bid(2, 5_000, 100, 2)) == (Reason.AUCTION_UNKNOWN, 2, 0)
    house.announce()
    assert broken(house.try_bid(2, 5_000, 100)) == (Reason.AUCTION_NOT_OPEN, 1, begin)
    house.desk.advance("10:00")
    house.bid(2, 5_000, 100)
    house.desk.advance("10:30")
    assert broken(house.try_bid(2, 5_000, 100)) == (Reason.AUCTION_NOT_OPEN, 1, begin)
    house.desk.advance("12:00")
    afternoon = house.desk.clock("13:00")
    assert broken(house.try_bid(2, 5_000, 100)) == (Reason.PHASE_CLOSED, Phase.BREAK, afternoon)


def test_a_window_takes_its_first_moment_and_not_its_last() -> None:
    house = opened()
    house.apply(100_000)
    house.announce()
    command = house.bid_command(5_000, 100)
    (placed,) = house.desk.send(trader(2), command, house.desk.clock("10:00"))[-1:]
    assert type(placed).__name__ == "BidPlaced"
    late = house.desk.send(trader(3), house.bid_command(5_000, 100), house.desk.clock("10:30"))
    assert broken(late[-1]) == (Reason.AUCTION_NOT_OPEN, 1, house.desk.clock("10:00"))
    assert [type(event).__name__ for event in late[:-1]] == ["Traded", "Cancelled", "AuctionEnded"]


def test_a_seller_does_not_bid_for_its_own() -> None:
    house = begun()
    assert broken(house.try_bid(SELLER, 5_000, 100)) == (Reason.OWN_AUCTION, 1, 0)


def test_r70_a_bid_lies_between_floor_and_cap() -> None:
    house = begun()
    for price in (LOWER_FEN - 1, CAP_FEN + 1):
        refused = house.try_bid(2, price, 100)
        assert broken(refused) == (Reason.PRICE_OUTSIDE_BAND, LOWER_FEN, CAP_FEN)
    for price in (LOWER_FEN, CAP_FEN):
        house.bid(2, price, 100)


def test_a_bid_lies_on_the_tick() -> None:
    house = begun(House(structs.replace(national(), tick_size_fen=10)))
    assert broken(house.try_bid(2, 5_005, 100)) == (Reason.PRICE_OFF_TICK, 10, 0)


def test_the_size_of_a_bid() -> None:
    house = begun(House(auction_rules(bid_lot_t=500, bid_t_min=1_000)))
    assert broken(house.try_bid(2, 5_000, 1_250)) == (Reason.QUANTITY_OFF_LOT, 500, 0)
    assert broken(house.try_bid(2, 5_000, 500)) == (Reason.QUANTITY_BELOW_MINIMUM, 1_000, 0)
    assert broken(house.try_bid(2, 5_000, 100_500)) == (
        Reason.QUANTITY_ABOVE_MAXIMUM,
        100_000,
        0,
    )
    house.bid(2, 5_000, 100_000)


def test_a_bidders_share_is_rounded_down_and_counts_what_stands() -> None:
    house = begun(House(auction_rules(bidder_share_bp=3_333)))
    order = house.bid(2, 5_000, 20_000)
    refused = house.try_bid(2, 5_000, 13_331)
    assert broken(refused) == (Reason.BIDDER_SHARE_EXCEEDED, 33_330, 33_331)
    house.bid(2, 5_000, 13_330)
    house.cancel(2, order)
    house.bid(2, 5_000, 20_000)
    house.bid(3, 5_000, 33_330)


def test_the_bids_of_an_auction_are_full() -> None:
    house = begun(House(with_capacity(national(), bids=2)))
    house.bid(2, 5_000, 100)
    order = house.bid(3, 5_000, 100)
    assert broken(house.try_bid(4, 5_000, 100)) == (Reason.BIDS_FULL, 2, 0)
    house.cancel(3, order)
    house.bid(4, 5_000, 100)


def test_r73_a_bid_counts_for_the_position_limit() -> None:
    profile = national()
    limit_t = TONNES + 1_000
    house = begun(
        House(structs.replace(profile, position=structs.replace(profile.position, limit_t=limit_t)))
    )
    house.bid(2, 5_000, 600)
    refused = house.try_bid(2, 5_000, 401)
    assert broken(refused) == (Reason.POSITION_LIMIT_EXCEEDED, limit_t, limit_t + 1)
    house.bid(2, 5_000, 400)


def test_what_one_bids_one_must_have() -> None:
    house = begun()
    leaves = Withdraw(participant=2, amount_fen=CASH_FEN - 1_000_000, reference="OUT-1")
    house.send(CLEARING, leaves)
    house.bid(2, 5_000, 100)
    refused = house.try_bid(2, 5_000, 101)
    assert broken(refused) == (Reason.CASH_NOT_AVAILABLE, 500_000, 505_000)
    house.bid(2, 5_000, 100)


def test_r60_a_bid_must_cover_its_fee_too() -> None:
    profile = national()
    fees = structs.replace(
        profile.fees, trading=structs.replace(profile.fees.trading, auction_buyer_bp=10)
    )
    house = begun(House(structs.replace(profile, fees=fees)))
    leaves = Withdraw(participant=2, amount_fen=CASH_FEN - 500_500, reference="OUT-1")
    house.send(CLEARING, leaves)
    refused = house.try_bid(2, 5_001, 100)
    assert broken(refused) == (Reason.CASH_NOT_AVAILABLE, 500_500, 500_600)
    house.bid(2, 5_000, 100)
    assert house.locked_fen(2) == 500_500
    house.desk.advance("10:30")
    cash = house.exchange.account(2).cash
    assert (cash.locked_fen, cash.payable_fen) == (0, 500_500)


def test_bids_may_bind() -> None:
    house = begun(House(auction_rules(bid_withdrawal=False)))
    order = house.bid(2, 5_000, 100)
    assert broken(house.cancel(2, order)) == (Reason.BID_IRREVOCABLE, order, 0)
    assert house.locked_fen(2) == 500_000
    house.desk.advance("10:30")
    assert broken(house.cancel(2, order)) == (Reason.ORDER_NOT_OPEN, order, 0)
