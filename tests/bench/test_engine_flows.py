"""The continuous flows are what they say, and the engine trades them as a book that knows no owners does."""

import numpy as np
import pytest
from msgspec import structs

from bench.engine_cases import Case, continuous_case, profile_of
from bench.engine_flows import BAND_BP, REFERENCE_FEN, SHAPES, ContinuousFlow, FlowShape
from bench.peers import tally_of
from bench.peers_adapters import Baseline
from bench.stream import BUY, Stream, Tally, occurrences, pack
from engine.core.records import CommandKind, EventKind
from engine.units import band_fen

SHAPE = FlowShape(participants=40, products=2, live=400, commands=4_000)


def mixed(shape: FlowShape) -> Stream:
    stream = ContinuousFlow(shape).stream()
    return stream.part(shape.live, len(stream))


def test_half_are_passive_two_fifths_cancels_a_tenth_go_through_the_touch() -> None:
    shape = structs.replace(SHAPE, commands=10_000)
    case = continuous_case(shape)
    assert 100 * np.mean(~mixed(shape).is_new) == pytest.approx(40, abs=1.5)
    events = case.events
    takers = np.unique(events["order"][events["kind"] == EventKind.TRADED])
    assert 100 * len(takers) / shape.commands == pytest.approx(10, abs=1)
    assert not (events["kind"] == EventKind.REFUSED).any()
    assert case.live() == pytest.approx(shape.live, rel=0.15)


def test_the_orders_that_fill_the_book_do_not_trade() -> None:
    case = continuous_case(SHAPE)
    events = case.all_events()[: SHAPE.live]
    assert set(events["kind"].tolist()) == {EventKind.LISTING_PLACED}


def test_odd_participants_buy_and_even_ones_sell_evenly_drawn() -> None:
    stream = ContinuousFlow(structs.replace(SHAPE, participants=10, commands=20_000)).stream()
    assert set(stream.participant[stream.side == BUY].tolist()) == {1, 3, 5, 7, 9}
    assert set(stream.participant[stream.side != BUY].tolist()) == {2, 4, 6, 8, 10}
    counts = np.bincount(stream.participant[stream.is_new])[1:]
    assert counts.min() > 0.85 * counts.mean()


def test_every_price_lies_in_the_band_of_the_day() -> None:
    floor, cap = band_fen(REFERENCE_FEN, BAND_BP)
    assert BAND_BP == 1_000
    stream = ContinuousFlow(structs.replace(SHAPES["deep"], live=5_000, commands=2_000)).stream()
    assert stream.price_fen.min() >= floor
    assert stream.price_fen.max() <= cap


def test_cancels_name_live_orders_only() -> None:
    stream = ContinuousFlow(SHAPE).stream()
    book = Baseline(stream, SHAPE.products)
    for row, (call, arguments) in enumerate(book.steps):
        told = call(*arguments)
        assert stream.is_new[row] or told is True


def test_a_sweep_empties_the_book() -> None:
    flow = ContinuousFlow(SHAPE)
    stream, sweep = flow.stream(), flow.sweep()
    book = Baseline(stream, SHAPE.products)._book
    for part in (stream, sweep):
        for call, arguments in Baseline(part, SHAPE.products).steps:
            getattr(book, call.__name__)(*arguments)
    assert not book._live


def test_a_seed_is_a_flow() -> None:
    def flow(seed: int) -> bytes:
        return pack(ContinuousFlow(structs.replace(SHAPE, seed=seed)).stream(), 4).tobytes()

    assert flow(1) == flow(1) != flow(2)


def test_the_shapes_are_those_of_the_rows() -> None:
    assert (SHAPES["one"].products, SHAPES["five"].products) == (1, 5)
    assert SHAPES["deep"].live == 200_000
    assert {shape.participants for shape in SHAPES.values()} == {3_600}


# ---------------------------------------------------------------- packed


def test_client_orders_count_upwards_under_each_key() -> None:
    rows = pack(ContinuousFlow(SHAPE).stream(), 4)
    for key in set(rows["key"].tolist()):
        clients = rows["client_order"][rows["key"] == key].tolist()
        assert clients == list(range(1, len(clients) + 1))


def test_occurrences_count_from_one() -> None:
    assert occurrences(np.array([5, 3, 5, 5, 3])).tolist() == [1, 1, 2, 3, 2]


def test_a_cancel_bears_nothing_of_its_order_but_the_number() -> None:
    rows = pack(ContinuousFlow(SHAPE).stream(), 4)
    cancels = rows[rows["kind"] == CommandKind.CANCEL_ORDER]
    assert cancels["target"].min() > 0
    assert not any(cancels[name].any() for name in ("side", "product", "price_fen", "quantity_t"))


# ---------------------------------------------------------------- through the engine


def engine_tally(case: Case) -> Tally:
    events = case.all_events()
    trades = events[events["kind"] == EventKind.TRADED]
    fields = ("target", "order", "price_fen", "quantity_t")
    return tally_of(list(zip(*(trades[name].tolist() for name in fields), strict=True)))


@pytest.mark.parametrize("products", [1, 2, 5])
def test_the_engine_trades_a_flow_as_the_baseline_does(products: int) -> None:
    shape = structs.replace(SHAPE, products=products)
    baseline = Baseline(ContinuousFlow(shape).stream(), products)
    for call, arguments in baseline.steps:
        call(*arguments)
    found = engine_tally(continuous_case(shape))
    assert found.trades > 300
    assert found == tally_of(baseline.fills())


def test_the_profile_is_a_plain_price_time_market() -> None:
    profile = profile_of("continuous")
    listed = profile.listed
    assert (profile.tick_size_fen, profile.lot_size_t, listed.quantity_t_min) == (1, 1, 1)
    assert (listed.crossing_listings, listed.picks, listed.reduce) == ("match", False, True)
    assert (listed.same_price_choice, listed.band_bp) == ("time", 9_999)
    assert profile.capacity.fills_per_command == 100_000
