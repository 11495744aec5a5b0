"""Continuous trading by hand and in the large: what an incoming listing takes, and what becomes of its rest."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs

from engine.commands import CancelOrder, PlaceListing, ReduceOrder, ReferenceBasis, Side
from engine.core.records import COMMAND, EVENT, CommandKind, EventKind
from engine.events import (
    AnyEvent,
    CancelCause,
    Cancelled,
    ListingPlaced,
    Reduced,
    Refused,
    Repeated,
    Traded,
)
from engine.exchange import Exchange
from engine.profile import FeeRates, Fees, Profile
from engine.reasons import Reason
from engine.units import AMOUNT_FEN_MAX
from tests.markets import PRODUCT, Desk, Market, Twins, first_day, national, small_profile, trader
from tests.markets_profiles import both_profile
from tests.streams import run_stream

BUY, SELL = Side.BUY, Side.SELL
FILLS = 4
CROWD = 5_000
FEW_ROWS = 10
HUGE_T = 10**9
REFERENCE_FEN = 999_900_000


def matching(fills: int = FILLS, **changes: object) -> Profile:
    """Return the national market with crossing listings matched."""
    whole = national()
    listed = structs.replace(whole.listed, crossing_listings="match", reduce=True, **changes)
    capacity = structs.replace(whole.capacity, fills_per_command=fills)
    return structs.replace(whole, listed=listed, capacity=capacity)


class Floor:
    """A morning in which three participants own plenty; engine and oracle agree after each command."""

    def __init__(self, profile: Profile | None = None, market: Market | None = None) -> None:
        self.desk: Desk = first_day(market or Twins(profile or matching()))

    def send(self, participant: int, side: Side, price_fen: int, quantity_t: int) -> list[AnyEvent]:
        command = PlaceListing(
            product=PRODUCT,
            side=side,
            price_fen=price_fen,
            quantity_t=quantity_t,
            client_order=self.desk.next_client_order(),
        )
        return self.desk.send(trader(participant), command)

    def rest(self, participant: int, side: Side, price_fen: int, quantity_t: int) -> int:
        (placed,) = self.send(participant, side, price_fen, quantity_t)
        assert isinstance(placed, ListingPlaced), placed
        return placed.order


def fills(events: list[AnyEvent]) -> list[tuple[int, int, int]]:
    """Return resting order, price and tonnes of the trades."""
    return [
        (event.resting_order, event.price_fen, event.quantity_t)
        for event in events
        if isinstance(event, Traded)
    ]


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
    floor.rest(1, BUY, 4_800, 100)
    floor.rest(3, BUY, 4_799, 100)


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


# ---------------------------------------------------------------- in the large


def crowded(side: Side) -> tuple[Exchange, Floor]:
    """Return an exchange with 5,000 listings of 1 t on one level."""
    exchange = Exchange(matching(fills=10_000))
    floor = Floor(market=exchange)
    for number in range(CROWD):
        floor.rest(2 + number % 2, side, 4_800, 1)
    return exchange, floor


def test_one_command_sweeps_five_thousand_listings_of_one_level() -> None:
    exchange, floor = crowded(SELL)
    events = floor.send(1, BUY, 4_800, CROWD + 1)
    assert [row[0] for row in fills(events)] == list(range(1, CROWD + 1))
    assert isinstance(events[-1], ListingPlaced)
    assert events[-1].left_t == 1
    assert exchange.book(PRODUCT).asks == ()
    exchange.check()
    rested = [floor.rest(2, SELL, 4_900, 1) for _ in range(3)]
    assert [row[0] for row in fills(floor.send(1, BUY, 4_900, 3))] == rested
    exchange.check()


def test_cancels_from_the_middle_of_a_large_level_leave_the_others_in_order() -> None:
    exchange, floor = crowded(BUY)
    gone = set(range(1, CROWD + 1, 3))
    for number in sorted(gone):
        command = CancelOrder(order=number, client_order=floor.desk.next_client_order())
        assert isinstance(floor.desk.one(trader(3 - number % 2), command), Cancelled)
    exchange.check()
    events = floor.send(1, SELL, 4_800, CROWD - len(gone))
    left = [number for number in range(1, CROWD + 1) if number not in gone]
    assert [row[0] for row in fills(events)] == left
    exchange.check()


def rows_of(desk: Desk, commands: list[tuple[int, Side, int, int]]) -> "np.ndarray":
    """Return records of listings that follow a desk's last command."""
    rows = np.zeros(len(commands), COMMAND)
    for number, (participant, side, price_fen, quantity_t) in enumerate(commands):
        row = rows[number]
        row["kind"], row["key"], row["side"] = (
            CommandKind.PLACE_LISTING,
            trader(participant),
            side,
        )
        row["price_fen"], row["quantity_t"] = price_fen, quantity_t
        row["client_order"] = 10**6 + number
    rows["sequence"] = desk.sequence + 1 + np.arange(len(rows))
    rows["time_ns"] = desk.time_ns + 1
    return rows


def test_rows_that_may_not_suffice_stop_the_run_before_the_command() -> None:
    """The worst answer of a listing is a trade with each listing opposite, and one event more."""
    exchange = Exchange(matching(fills=100))
    floor = Floor(market=exchange)
    for _ in range(FEW_ROWS):
        floor.rest(2, SELL, 4_800, 1)
    rows = rows_of(floor.desk, [(1, BUY, 4_700, 1), (1, BUY, 4_800, FEW_ROWS)])
    events = np.zeros(FEW_ROWS + 1, EVENT)
    with pytest.raises(ValueError, match="do not hold"):
        exchange.run_records(rows, events[:FEW_ROWS])
    with pytest.raises(ValueError, match="do not hold"):
        exchange.run_records(rows, events)
    assert events["kind"][0] == EventKind.LISTING_PLACED, "the first command stands"
    assert exchange.run_records(rows[1:], events) == FEW_ROWS
    assert set(events["kind"][:FEW_ROWS].tolist()) == {EventKind.TRADED}
    exchange.check()


def test_more_events_than_the_room_of_a_batch_are_all_told() -> None:
    """Commands whose answers overflow the exchange's own rows are answered in several calls."""
    exchange = Exchange(matching(fills=FILLS))
    floor = Floor(market=exchange)
    commands = [(2, SELL, 4_800, 1), (3, SELL, 4_800, 1), (1, BUY, 4_800, 2)] * 1_500
    answers = exchange.apply_records(rows_of(floor.desk, commands))
    assert len(answers.events) == len(commands) // 3 * 4
    assert answers.ends.tolist()[:6] == [1, 2, 4, 5, 6, 8]
    assert answers.ends[-1] == len(answers.events)
    assert answers.before == answers.after == {}
    exchange.check()


# ---------------------------------------------------------------- money at its largest


@pytest.mark.parametrize("rate", [0, 1, 9_999])
def test_fees_of_the_largest_amounts_are_exact(rate: int) -> None:
    """An amount of 10^18 fen times a rate passes 63 bits; the oracle has whole numbers of any size."""
    whole = matching(quantity_t_max=HUGE_T, band_bp=1)
    product = structs.replace(whole.products[0], first_reference_fen=REFERENCE_FEN)
    rates = FeeRates(listed_buyer_bp=rate, listed_seller_bp=rate // 3)  # rounds down
    profile = structs.replace(
        whole,
        fees=Fees(trading=rates, settlement=FeeRates(listed_buyer_bp=rate // 2)),  # rounds down
        products=(product, *whole.products[1:]),
        capacity=structs.replace(whole.capacity, levels=200_000, participants=9, keys=9),
        published_open=(),
    )
    twins = Twins(profile)
    desk = Desk(twins)
    desk.found(2)
    desk.endow(1, AMOUNT_FEN_MAX, 0)
    desk.endow(2, 0, HUGE_T)
    desk.open_day("2021-07-16")
    desk.set_reference(REFERENCE_FEN, basis=ReferenceBasis.ADMINISTRATIVE)
    desk.advance("09:30")
    floor = Floor.__new__(Floor)
    floor.desk = desk
    floor.send(2, SELL, REFERENCE_FEN - 7, HUGE_T)
    answers = [
        floor.send(1, BUY, REFERENCE_FEN + distance, quantity_t)[-1]
        for distance, quantity_t in (
            (99_989, HUGE_T),
            (0, HUGE_T // 3 + 7),
            (5, 3),
            (0, 12_345_679),
        )
    ]
    assert isinstance(answers[0], Traded if rate == 0 else Refused)
    assert rate == 0 or isinstance(answers[1], Traded)
    twins.exchange.check()


# ---------------------------------------------------------------- the machine's answers


def stream_digests(commands: int) -> list[str]:
    """Return both digests after a stream that matches, picks, reduces, and pays fees."""
    exchange = run_stream(5, commands, both_profile()).twins.exchange
    return [exchange.event_digest().hex(), exchange.state_digest().hex()]


def test_matching_compiled_and_plain_is_the_same() -> None:
    source = (
        "from tests.engine.test_core_matching import stream_digests; print(*stream_digests(600))"
    )
    plain = subprocess.run(
        [sys.executable, "-c", source],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert plain.stdout.split() == stream_digests(600)


def test_a_small_market_has_room_for_the_memory_of_every_order() -> None:
    """Reductions are remembered while room is kept for a cancel of every order; then they are refused."""
    small = small_profile()
    listed = structs.replace(small.listed, reduce=True)
    exchange = Exchange(structs.replace(small, listed=listed))
    desk = first_day(exchange)
    desk.listing(1, SELL, 5_000, 99)
    room = int(exchange._market.core.state.rules["cancels_max"]) - small.capacity.orders_per_day
    rows = np.zeros(room + 1, COMMAND)
    rows["kind"], rows["key"], rows["target"] = CommandKind.REDUCE_ORDER, trader(1), 1
    rows["quantity_t"], rows["client_order"] = 99, 10_000 + np.arange(room + 1)
    rows["sequence"] = desk.sequence + 1 + np.arange(room + 1)
    rows["time_ns"] = desk.time_ns + 1
    told = exchange.apply_records(rows).events
    assert set(told["reason"][:-1].tolist()) == {Reason.REDUCTION_NOT_LESS}
    assert (told["reason"][-1], told["price_fen"][-1]) == (Reason.ORDERS_FULL, room)
    exchange.check()
