"""A planned day adds up to its figures exactly and is a market that keeps every rule."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from bench.block_solver import BlockTask, solve_blocks
from bench.flow import ActionKind, DayFigures, DayPlan, plan_day
from bench.solver import (
    BLOCKS_MAX,
    TRADES_MAX,
    ListedTask,
    NotReconstructible,
    solve_listed,
    split_quantity,
)
from engine.commands import Side
from engine.units import band_fen, divide_half_up
from tests.bench.judge import judge
from tests.bench.tables import national

DEMO = DayFigures(
    date="2021-07-16",
    product="CEA19-20",
    reference_fen=4_800,
    open_fen=4_800,
    first_trade_fen=5_278,
    close_fen=5_123,
    listed_quantity_t=4_103_953,
    listed_amount_fen=21_023_005_325,
)
PLAIN = DayFigures(
    date="2021-08-02",
    product="CEA19-20",
    reference_fen=5_417,
    open_fen=5_000,
    high_fen=5_300,
    low_fen=4_900,
    close_fen=5_100,
    listed_quantity_t=30_000,
    listed_amount_fen=153_000_000,
)


def total(trades: list[tuple[int, int]] | tuple[tuple[int, int], ...]) -> tuple[int, int]:
    """Return tonnes and fen of trades."""
    return sum(q for _, q in trades), sum(p * q for p, q in trades)


def assert_meets(plan: DayPlan) -> None:
    """Hold a plan against its figures, by an independent reading of its actions."""
    figures = plan.figures
    verdict = judge(plan)
    assert verdict.trades == list(plan.listed_trades)
    assert sorted(verdict.blocks) == sorted(plan.block_trades)
    assert total(verdict.trades) == (figures.listed_quantity_t, figures.listed_amount_fen)
    assert total(verdict.blocks) == (figures.block_quantity_t, figures.block_amount_fen)
    prices = [price for price, _ in verdict.trades]
    if prices and figures.high_fen:
        assert max(prices) == figures.high_fen
    if prices and figures.low_fen:
        assert min(prices) == figures.low_fen
    floor, cap = band_fen(figures.reference_fen, 1_000)
    assert sorted(verdict.probes) == sorted(
        [
            (floor - 1, Side.BUY, False),
            (floor, Side.BUY, True),
            (cap, Side.SELL, True),
            (cap + 1, Side.SELL, False),
        ]
    )
    assert plan.refused == 2


@st.composite
def solvable_days(draw: st.DrawFn) -> DayFigures:
    """Draw figures that have a solution: the totals of trades that could have happened."""
    reference = draw(st.integers(100, 12_000))
    floor, cap = band_fen(reference, 1_000)
    trades = draw(
        st.lists(
            st.tuples(
                st.integers(floor, cap), st.one_of(st.integers(1, 3), st.integers(1, 60_000))
            ),
            max_size=12,
        )
    )
    block_floor, block_cap = band_fen(reference, 3_000)
    blocks = draw(
        st.lists(
            st.tuples(
                st.integers(block_floor, block_cap),
                st.one_of(st.just(100_000), st.integers(100_000, 400_000)),
            ),
            max_size=5,
        )
    )
    listed_t, listed_fen = total(trades)
    block_t, block_fen = total(blocks)
    shows = draw(st.tuples(st.booleans(), st.booleans(), st.booleans()))
    prices = [price for price, _ in trades] or [reference]
    return DayFigures(
        date="2022-03-01",
        product="CEA19-20",
        reference_fen=reference,
        close_fen=divide_half_up(listed_fen, listed_t) if trades else reference,
        open_fen=prices[0] if shows[0] else 0,
        high_fen=max(prices) if shows[1] else 0,
        low_fen=min(prices) if shows[2] else 0,
        listed_quantity_t=listed_t,
        listed_amount_fen=listed_fen,
        block_quantity_t=block_t,
        block_amount_fen=block_fen,
    )


@given(solvable_days(), st.integers(0, 2**32), st.integers(2, 60))
def test_figures_with_a_solution_are_met(figures: DayFigures, seed: int, participants: int) -> None:
    plan = plan_day(figures, national(), seed, participants=participants)
    assert_meets(plan)
    if figures.open_fen and plan.listed_trades:
        assert plan.listed_trades[0][0] == figures.open_fen


def test_first_day_of_the_market() -> None:
    plan = plan_day(DEMO, national(), 1, participants=45, trades=360, prices=20)
    assert_meets(plan)
    assert plan.listed_trades[0][0] == 5_278
    assert len(plan.listed_trades) >= 300
    assert len({price for price, _ in plan.listed_trades}) >= 20
    assert plan.block_trades == ()
    done = {
        kind: {a.participant for a in plan.actions if a.kind is kind}
        for kind in (ActionKind.LIST, ActionKind.PICK, ActionKind.CANCEL)
    }
    assert all(len(participants) >= 40 for participants in done.values())
    assert max(quantity for _, quantity in plan.listed_trades) <= 99_999


def test_first_day_with_its_high_and_low() -> None:
    figures = structs.replace(DEMO, high_fen=5_280, low_fen=4_800)
    plan = plan_day(figures, national(), 5)
    assert_meets(plan)
    assert plan.listed_trades[0][0] == 5_278


def test_a_busy_day_is_a_market() -> None:
    plan = plan_day(structs.replace(DEMO, high_fen=5_280, low_fen=4_800), national(), 3)
    verdict = judge(plan)
    assert 800 <= DEMO.listed_quantity_t / len(verdict.trades) <= 1_300
    assert min(verdict.deepest[Side.BUY], verdict.deepest[Side.SELL]) > 5
    assert verdict.partial_picks > 100
    assert verdict.passed_over > 50
    assert verdict.cancels > 500
    morning = [a for a in plan.actions if a.time_of_day_ns < 12 * 3_600 * 10**9]
    assert 0.3 < len(morning) / len(plan.actions) < 0.7


def test_same_seed_same_day() -> None:
    assert plan_day(PLAIN, national(), 9) == plan_day(PLAIN, national(), 9)
    assert plan_day(PLAIN, national(), 9).actions != plan_day(PLAIN, national(), 10).actions


def test_order_numbers_skip_cancels() -> None:
    plan = plan_day(PLAIN, national(), 2)
    numbers = plan.order_numbers()
    orders = [a.number for a in plan.actions if a.kind is not ActionKind.CANCEL]
    assert [numbers[number] for number in orders] == list(range(1, len(orders) + 1))


def test_needs_are_the_least_that_suffices() -> None:
    plan = plan_day(PLAIN, national(), 4)
    judge(plan)
    for place, need in enumerate(plan.needs):
        for name in ("cash_fen", "quantity_t"):
            if getattr(need, name) == 0:
                continue
            poorer = structs.replace(need, **{name: getattr(need, name) - 1})
            needs = (*plan.needs[:place], poorer, *plan.needs[place + 1 :])
            with pytest.raises(AssertionError):
                judge(structs.replace(plan, needs=needs))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"open_fen": 99_100}, "open_outside_band"),
        ({"high_fen": 5_960}, "high_outside_band"),
        ({"low_fen": 4_874}, "low_outside_band"),
        ({"open_fen": 5_301}, "open_outside_low_and_high"),
        ({"high_fen": 4_899}, "open_outside_low_and_high"),
        ({"close_fen": 5_101}, "close_not_average"),
        ({"listed_quantity_t": 2, "listed_amount_fen": 10_200}, "quantity_too_small"),
        (
            {"listed_quantity_t": 3, "listed_amount_fen": 15_300, "close_fen": 5_100},
            "amount_out_of_reach",
        ),
        ({"listed_quantity_t": 0}, "amount_without_volume"),
        ({"listed_quantity_t": 0, "listed_amount_fen": 0}, "open_without_trade"),
        ({"block_quantity_t": 99_999, "block_amount_fen": 500_000_000}, "block_below_minimum"),
        ({"block_quantity_t": 0, "block_amount_fen": 1}, "block_below_minimum"),
        ({"block_quantity_t": 100_000, "block_amount_fen": 800_000_000}, "block_outside_band"),
        ({"block_quantity_t": 100_001, "block_amount_fen": 500_000_000}, "block_no_whole_split"),
        ({"reference_fen": 1}, "reference_too_small"),
    ],
)
def test_figures_without_a_solution_say_why(changes: dict[str, int], code: str) -> None:
    with pytest.raises(NotReconstructible) as told:
        plan_day(structs.replace(PLAIN, **changes), national(), 1)
    assert told.value.code == code
    assert told.value.detail


def test_a_quiet_day_still_has_a_book_and_its_probes() -> None:
    quiet = DayFigures(
        date="2022-06-01", product="CEA19-20", reference_fen=5_800, close_fen=5_800, open_fen=5_800
    )
    plan = plan_day(quiet, national(), 1)
    assert_meets(plan)
    assert {a.kind for a in plan.actions} == {ActionKind.LIST, ActionKind.CANCEL}


def test_too_few_prices_and_too_few_participants_are_told() -> None:
    flat = structs.replace(
        PLAIN, open_fen=5_100, high_fen=5_100, low_fen=5_100, listed_amount_fen=5_100 * 30_000
    )
    with pytest.raises(NotReconstructible, match="too_few_prices"):
        plan_day(flat, national(), 1, prices=2)
    with pytest.raises(ValueError, match="two participants"):
        plan_day(flat, national(), 1, participants=1)


BLOCK_CASES = [
    # volume, amount in fen, floor, cap: sums that a real day shows, each with a solution
    (100_000, 529_200_000, 3_360, 6_240),  # the first block ever: 52.92
    (1_246_829, 1_246_829 * 3_021, 3_021, 5_611),  # all at the lowest price (G1)
    (200_001, 100_000 * 4_000 + 100_001 * 4_007, 3_000, 5_000),
    (300_000, 100_000 * (4_001 + 4_003 + 4_500), 3_000, 5_000),
    (300_007, 100_000 * (4_001 + 4_500) + 100_007 * 3_011, 3_000, 5_000),
    (399_999, 133_333 * (4_001 + 3_999 + 4_500), 3_000, 5_000),
]


@pytest.mark.parametrize(("quantity", "amount", "floor", "cap"), BLOCK_CASES)
@pytest.mark.parametrize("seed", range(5))
def test_block_sums_with_a_solution(
    quantity: int, amount: int, floor: int, cap: int, seed: int
) -> None:
    task = BlockTask(
        quantity_t=quantity,
        amount_fen=amount,
        floor_fen=floor,
        cap_fen=cap,
        quantity_t_min=100_000,
    )
    blocks = solve_blocks(task, Random(seed))
    assert total(blocks) == (quantity, amount)
    assert all(floor <= p <= cap and q >= 100_000 for p, q in blocks)


def reachable_amounts(quantity: int, least: int, prices: range) -> set[int]:
    """Return every amount that blocks of at least `least` can make of a quantity, by brute force."""
    found: set[int] = set()
    for count in range(1, quantity // least + 1):
        above = quantity - count * least
        sums = {(0, 0)}
        for _ in range(count):
            sums = {
                (used + more, amount + price * (least + more))
                for used, amount in sums
                for more in range(above - used + 1)
                for price in prices
            }
        found |= {amount for used, amount in sums if used == above}
    return found


@pytest.mark.parametrize("quantity", [10, 19, 20, 21, 25, 29, 30, 31, 33, 35, 39, 40, 41, 45])
@pytest.mark.parametrize(("floor", "cap"), [(40, 41), (50, 56)])
def test_a_block_split_is_found_exactly_where_one_exists(
    quantity: int, floor: int, cap: int
) -> None:
    possible = reachable_amounts(quantity, 10, range(floor, cap + 1))
    for amount in range(floor * quantity, cap * quantity + 1):
        task = BlockTask(
            quantity_t=quantity, amount_fen=amount, floor_fen=floor, cap_fen=cap, quantity_t_min=10
        )
        try:
            found = total(solve_blocks(task, Random(1))) == (quantity, amount)
        except NotReconstructible:
            found = False
        assert found is (amount in possible), (quantity, amount)


@given(st.integers(0, 10_000), st.data())
def test_split_quantity_is_exact_and_bounded(extra: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 40))
    least = data.draw(st.integers(1, 500))
    most = least + data.draw(st.integers(0, 1_000))
    whole = min(count * least + extra, count * most)
    sizes = split_quantity(whole, count, least, most, Random(extra))
    assert sum(sizes) == whole
    assert len(sizes) == count
    assert all(least <= size <= most for size in sizes)


def test_numbers_of_trades_and_blocks_are_bounded() -> None:
    listed = ListedTask(
        quantity_t=90_000_000,
        amount_fen=90_000_000 * 5_000,
        floor_fen=4_500,
        cap_fen=5_500,
        quantity_t_max=99_999,
    )
    # One trade may be cut in two to meet the amount.
    assert TRADES_MAX <= len(solve_listed(listed, 0, Random(1))) <= TRADES_MAX + 1
    blocks = BlockTask(
        quantity_t=300_000_000,
        amount_fen=300_000_000 * 5_000,
        floor_fen=3_500,
        cap_fen=6_500,
        quantity_t_min=100_000,
    )
    assert len(solve_blocks(blocks, Random(1))) == BLOCKS_MAX
