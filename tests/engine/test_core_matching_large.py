"""Continuous trading in the large: whole levels in one command, full rows, the largest amounts, both machines."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs

from engine.commands import CancelOrder, ReferenceBasis, Side
from engine.core.records import COMMAND, EVENT, CommandKind, EventKind
from engine.events import Cancelled, ListingPlaced, Refused, Traded
from engine.exchange import Exchange
from engine.profile import FeeRates, Fees
from engine.reasons import Reason
from engine.units import AMOUNT_FEN_MAX
from tests.engine.matching_floor import FILLS, Floor, fills, matching
from tests.markets import PRODUCT, Desk, Twins, first_day, small_profile, trader
from tests.markets_profiles import both_profile
from tests.streams import run_stream

BUY, SELL = Side.BUY, Side.SELL
CROWD = 5_000
FEW_ROWS = 10
HUGE_T = 10**9
REFERENCE_FEN = 999_900_000


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
    source = "from tests.engine.test_core_matching_large import stream_digests; print(*stream_digests(600))"
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
