"""Rules at their very edge: the last value that is allowed and the first that is not."""

import numpy as np
import pytest

from engine.commands import (
    Approve,
    CancelOrder,
    Deposit,
    Entry,
    OfferBlock,
    PickListing,
    Propose,
    ReferenceBasis,
    Side,
)
from engine.core.records import COMMAND, CommandKind, EventKind
from engine.events import BlockOffered, DayClosed, Deposited, ListingPlaced, Refused, Traded
from engine.exchange import Exchange
from engine.reasons import Reason
from engine.units import AMOUNT_FEN_MAX
from tests.markets import (
    CLEARING,
    OPERATOR_ONE,
    OPERATOR_ONE_AGAIN,
    Desk,
    Twins,
    admission,
    first_day,
    national,
    small_profile,
    trader,
)

LISTER, TAKER = 2, 1


def test_r23_a_listing_is_of_less_than_a_hundred_thousand_tonnes() -> None:
    desk = first_day(Twins(national()))
    assert isinstance(desk.listing(LISTER, Side.SELL, 5_000, 99_999), ListingPlaced)
    refused = desk.listing(LISTER, Side.SELL, 5_000, 100_000)
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.figure_a) == (Reason.QUANTITY_ABOVE_MAXIMUM, 99_999)
    assert isinstance(desk.listing(LISTER, Side.SELL, 5_000, 1), ListingPlaced)


def test_r24_a_block_is_of_at_least_a_hundred_thousand_tonnes() -> None:
    desk = first_day(Twins(national()))
    desk.advance("13:00")

    def offer(quantity_t: int) -> object:
        command = OfferBlock(
            product="CEA19-20",
            side=Side.SELL,
            counterparty=TAKER,
            price_fen=5_000,
            quantity_t=quantity_t,
            client_order=desk.next_client_order(),
        )
        return desk.one(trader(LISTER), command)

    refused = offer(99_999)
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.figure_a) == (Reason.QUANTITY_BELOW_MINIMUM, 100_000)
    assert isinstance(offer(100_000), BlockOffered)


def test_r31_both_limits_of_the_band_are_inside_it() -> None:
    desk = first_day(Twins(national()))
    for price_fen, step in ((4_320, -1), (5_280, 1)):
        assert isinstance(desk.listing(LISTER, Side.SELL, price_fen, 1), ListingPlaced)
        refused = desk.listing(LISTER, Side.SELL, price_fen + step, 1)
        assert isinstance(refused, Refused)
        assert refused.reason == Reason.PRICE_OUTSIDE_BAND


def test_r53_a_product_outside_the_composite_leaves_its_day_alone() -> None:
    """From 2026 the composite is CEA25 alone: trades of an old vintage neither open nor move it."""
    desk = Desk(Twins(national()))
    desk.found(2)
    desk.endow(TAKER, 10**9, 0)
    for product in ("CEA19-20", "CEA25"):
        desk.endow(LISTER, 0, 1_000, product)
    desk.open_day("2026-01-05")
    for product, price_fen in (("CEA19-20", 7_400), ("CEA25", 7_463)):
        desk.set_reference(price_fen, product, ReferenceBasis.ADMINISTRATIVE)
    desk.advance("09:30")

    def trade(product: str, price_fen: int) -> None:
        placed = desk.listing(LISTER, Side.SELL, price_fen, 10, product)
        assert isinstance(placed, ListingPlaced)
        number = desk.next_client_order()
        pick = PickListing(listing=placed.order, quantity_t=10, client_order=number)
        assert isinstance(desk.one(trader(TAKER), pick), Traded)

    trade("CEA19-20", 7_000)
    trade("CEA25", 7_500)
    trade("CEA19-20", 8_000)
    closed = desk.advance("15:00")[-1]
    assert isinstance(closed, DayClosed)
    day = closed.bulletin
    assert (day.open_fen, day.high_fen, day.low_fen, day.close_fen) == (7_500,) * 4


def test_cash_may_reach_the_largest_amount_and_not_pass_it() -> None:
    desk = first_day(Twins(small_profile()), cash_fen=AMOUNT_FEN_MAX - 10)

    def deposit(amount_fen: int) -> object:
        command = Deposit(participant=1, amount_fen=amount_fen, reference=desk.next_reference())
        return desk.one(CLEARING, command)

    refused = deposit(11)
    assert isinstance(refused, Refused)
    assert refused.reason == Reason.AMOUNT_ABOVE_MAXIMUM
    assert isinstance(deposit(10), Deposited)
    assert isinstance(deposit(1), Refused)


def test_r15_a_persons_second_key_is_no_second_person() -> None:
    desk = first_day(Twins(national()))
    desk.send(OPERATOR_ONE, Propose(actions=(admission(50),), reason="演示"))
    (waiting,) = desk.market.exchange.proposals() if isinstance(desk.market, Twins) else ()
    for key in (OPERATOR_ONE, OPERATOR_ONE_AGAIN):
        refused = desk.one(key, Approve(proposal=waiting.proposal))
        assert isinstance(refused, Refused)
        assert refused.reason == Reason.SAME_PERSON


def test_commands_of_one_moment_are_all_answered_and_an_earlier_one_is_not() -> None:
    desk = first_day(Twins(national()))
    desk.listing(LISTER, Side.SELL, 5_000, 10)
    now = desk.time_ns
    for number in (10_001, 10_002):
        command = CancelOrder(order=99, client_order=number)
        refused = desk.one(trader(LISTER), command, now)
        assert isinstance(refused, Refused)
        assert refused.reason == Reason.ORDER_UNKNOWN
    late = desk.one(trader(LISTER), CancelOrder(order=99, client_order=10_003), now - 1)
    assert isinstance(late, Refused)
    assert late.reason == Reason.TIME_BACKWARDS


def test_the_client_numbers_of_full_days_make_room_for_the_next() -> None:
    """Every day has room for all its client order numbers, however many the days before had.

    A table that is never emptied fills up, and the search in it has no end.
    """
    profile = small_profile()
    exchange = Exchange(profile)
    desk = first_day(exchange)
    count = 3_000
    for day in range(16, 20):
        if day > 16:
            desk.open_day(f"2021-07-{day}")
            desk.advance("09:30")
        rows = np.zeros(count, COMMAND)
        rows["kind"], rows["key"], rows["target"] = CommandKind.CANCEL_ORDER, trader(LISTER), 299
        rows["client_order"] = np.arange(count) * 10_007 + day
        rows["sequence"] = desk.sequence + 1 + np.arange(count)
        rows["time_ns"] = desk.time_ns
        answered = exchange.apply_records(rows).events
        assert set(answered["kind"].tolist()) == {EventKind.REFUSED}
        desk.sequence += count
        desk.advance("15:00")
    assert exchange.sequence == desk.sequence


def test_a_sequence_that_does_not_follow_is_a_fault_of_its_sender() -> None:
    exchange = Exchange(small_profile())
    desk = first_day(exchange)
    command = CancelOrder(order=1, client_order=1)
    for sequence in (desk.sequence, desk.sequence + 2):
        with pytest.raises(ValueError, match="does not follow"):
            exchange.apply(Entry(sequence, desk.time_ns, trader(LISTER), command))
