"""Continuous trading by hand: what an incoming listing takes, and what becomes of its rest."""

import pytest
from msgspec import structs

from engine.commands import (
    CancelCause,
    CancelOrder,
    PlaceListing,
    ReduceOrder,
    Side,
)
from engine.events import AnyEvent, Cancelled, ListingPlaced, Reduced, Refused, Repeated, Traded
from engine.reasons import Reason
from tests.engine.matching_floor import FILLS, Floor, fills, matching
from tests.markets import PRODUCT, Twins, trader

BUY, SELL = Side.BUY, Side.SELL


# ---------------------------------------------------------------- prices and rests


@pytest.mark.parametrize(("side", "far"), [(BUY, 4_900), (SELL, 4_700)])
@pytest.mark.parametrize("limit", ["at", "beyond"])
def test_a_listing_takes_at_the_resting_price_and_rests_with_what_is_left(
    side: Side, far: int, limit: str
) -> None:
    floor = Floor()
    first = floor.rest(2, Side(3 - side), 4_800, 100)
    price = 4_800 if limit == "at" else far
    events = floor.send(1, side, price, 150)
    assert fills(events) == [(first, 4_800, 100)]
    placed = events[-1]
    assert isinstance(placed, ListingPlaced)
    assert (placed.quantity_t, placed.left_t, placed.price_fen) == (150, 50, price)
    back = floor.send(3, Side(3 - side), price, 50)
    assert fills(back) == [(placed.order, price, 50)]
    assert len(back) == 1


def test_what_does_not_cross_by_one_tick_rests() -> None:
    floor = Floor()
    floor.rest(2, SELL, 4_801, 100)
    placed = floor.send(1, BUY, 4_800, 100) + floor.send(3, BUY, 4_799, 100)
    assert [type(event) for event in placed] == [ListingPlaced, ListingPlaced]


def test_the_best_price_comes_first_and_inside_a_level_the_oldest() -> None:
    floor = Floor(matching(fills=9))
    dear = floor.rest(2, SELL, 4_810, 10)
    old, young = floor.rest(3, SELL, 4_800, 10), floor.rest(2, SELL, 4_800, 10)
    cheap = floor.rest(2, SELL, 4_790, 10)
    events = floor.send(1, BUY, 4_805, 100)
    assert fills(events) == [(cheap, 4_790, 10), (old, 4_800, 10), (young, 4_800, 10)]
    assert isinstance(events[-1], ListingPlaced)
    assert fills(floor.send(3, BUY, 4_810, 10)) == [(dear, 4_810, 10)]


def test_a_listing_that_is_partly_taken_keeps_its_place() -> None:
    floor = Floor()
    first, second = floor.rest(2, SELL, 4_800, 100), floor.rest(3, SELL, 4_800, 100)
    (taken,) = floor.send(1, BUY, 4_800, 60)
    assert isinstance(taken, Traded)
    assert taken.left_t == 40
    assert fills(floor.send(1, BUY, 4_800, 60)) == [(first, 4_800, 40), (second, 4_800, 20)]


def test_a_price_better_than_the_limit_gives_the_difference_back() -> None:
    floor = Floor()
    twins = floor.desk.market
    assert isinstance(twins, Twins)
    before = twins.exchange.account(1).cash.available_fen
    floor.rest(2, SELL, 4_700, 100)
    floor.send(1, BUY, 4_900, 100)
    assert twins.exchange.account(1).cash.available_fen == before - 470_000


# ---------------------------------------------------------------- own listings, the limit of fills


def test_an_own_listing_in_front_cancels_the_incoming_before_any_trade() -> None:
    floor = Floor()
    floor.rest(1, SELL, 4_800, 10)
    floor.rest(2, SELL, 4_810, 10)
    (event,) = floor.send(1, BUY, 4_820, 30)
    assert isinstance(event, Cancelled)
    assert (event.cause, event.quantity_t, event.order) == (CancelCause.OWN_LISTING, 30, 3)


def test_an_own_listing_in_the_middle_stops_the_incoming_there() -> None:
    floor = Floor()
    first = floor.rest(2, SELL, 4_800, 10)
    floor.rest(1, SELL, 4_800, 10)
    floor.rest(3, SELL, 4_800, 10)
    events = floor.send(1, BUY, 4_820, 30)
    assert fills(events) == [(first, 4_800, 10)]
    assert isinstance(events[-1], Cancelled)
    assert (events[-1].cause, events[-1].quantity_t) == (CancelCause.OWN_LISTING, 20)
    assert fills(floor.send(2, BUY, 4_820, 20)) == [(2, 4_800, 10), (3, 4_800, 10)]


def test_an_own_listing_behind_the_last_fill_is_no_obstacle() -> None:
    floor = Floor()
    first = floor.rest(2, SELL, 4_800, 10)
    floor.rest(1, SELL, 4_800, 10)
    assert fills(floor.send(1, BUY, 4_820, 10)) == [(first, 4_800, 10)]


@pytest.mark.parametrize("standing", [FILLS - 1, FILLS, FILLS + 1])
def test_the_rest_after_the_most_fills_is_cancelled_where_it_still_crosses(standing: int) -> None:
    floor = Floor()
    for _ in range(standing):
        floor.rest(2, SELL, 4_800, 10)
    events = floor.send(1, BUY, 4_800, 10 * FILLS + 20)
    assert len(fills(events)) == min(standing, FILLS)
    last = events[-1]
    if standing <= FILLS:
        assert isinstance(last, ListingPlaced)
    else:
        assert isinstance(last, Cancelled)
        assert (last.cause, last.quantity_t) == (CancelCause.FILLS_LIMIT, 20)


def test_a_book_that_is_emptied_fills_again() -> None:
    floor = Floor()
    for _ in range(3):
        asks = [floor.rest(2, SELL, price, 10) for price in (4_790, 4_800, 4_810)]
        assert [row[0] for row in fills(floor.send(1, BUY, 4_810, 30))] == asks
        assert isinstance(floor.send(3, BUY, 4_700, 5)[0], ListingPlaced)
        assert fills(floor.send(2, SELL, 4_700, 5))


# ---------------------------------------------------------------- repeats


def place(number: int, side: Side, price_fen: int, quantity_t: int) -> PlaceListing:
    """Return a listing with its client order number."""
    return PlaceListing(
        product=PRODUCT, side=side, price_fen=price_fen, quantity_t=quantity_t, client_order=number
    )


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        (place(1_000, BUY, 4_800, 10), Traded),
        (place(1_001, BUY, 4_800, 25), Cancelled),
        (place(1_002, BUY, 4_790, 25), ListingPlaced),
        (place(1_003, BUY, 4_801, 8), Traded),
        (place(1_004, BUY, 4_800, 10**6), Refused),
    ],
)
def test_the_last_event_of_an_answer_comes_again_whatever_happened_since(
    command: PlaceListing, kind: type[AnyEvent]
) -> None:
    floor = Floor()
    floor.rest(2, SELL, 4_790, 5)
    floor.rest(3, SELL, 4_800, 5)
    floor.rest(1, SELL, 4_800, 5)
    first = floor.desk.send(trader(1), command)[-1]
    assert isinstance(first, kind)
    floor.send(2, SELL, 4_790, 5)
    floor.send(3, SELL, 4_900, 5)
    for _ in range(2):
        again = floor.desk.one(trader(1), command)
        assert isinstance(again, Repeated)
        assert again.answer == first
    other = floor.desk.one(trader(1), structs.replace(command, quantity_t=command.quantity_t + 1))
    assert isinstance(other, Refused)
    assert other.reason == Reason.CLIENT_ORDER_REUSED


def test_what_rested_on_entry_is_told_again_after_more_trades_and_a_reduction() -> None:
    floor = Floor()
    floor.rest(2, SELL, 4_800, 5)
    command = place(1_000, BUY, 4_800, 50)
    placed = floor.desk.send(trader(1), command)[-1]
    assert isinstance(placed, ListingPlaced)
    reduce = ReduceOrder(order=placed.order, quantity_t=10, client_order=1_001)
    reduced = floor.desk.one(trader(1), reduce)
    assert isinstance(reduced, Reduced)
    assert (reduced.quantity_t, reduced.left_t) == (10, 35)
    floor.send(2, SELL, 4_800, 20)
    floor.desk.send(trader(1), CancelOrder(order=placed.order, client_order=1_002))
    for sent, told in ((command, placed), (reduce, reduced)):
        again = floor.desk.one(trader(1), sent)
        assert isinstance(again, Repeated)
        assert again.answer == told
    for other in (
        structs.replace(reduce, quantity_t=11),
        structs.replace(reduce, order=1),
        CancelOrder(order=placed.order, client_order=1_001),
        ReduceOrder(order=placed.order, quantity_t=10, client_order=1_002),
    ):
        refused = floor.desk.one(trader(1), other)
        assert isinstance(refused, Refused)
        assert refused.reason == Reason.CLIENT_ORDER_REUSED


def test_a_reduced_listing_keeps_its_place_and_frees_its_lock() -> None:
    floor = Floor()
    first, second = floor.rest(2, SELL, 4_800, 100), floor.rest(3, SELL, 4_800, 100)
    floor.desk.send(trader(2), ReduceOrder(order=first, quantity_t=99, client_order=900))
    assert fills(floor.send(1, BUY, 4_800, 2)) == [(first, 4_800, 1), (second, 4_800, 1)]
    again = ReduceOrder(order=second, quantity_t=99, client_order=901)
    refused = floor.desk.one(trader(3), again)
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.figure_a) == (Reason.REDUCTION_NOT_LESS, 99)
