"""The plan of a taking order alone: levels and listings in, fills out, nothing else needed."""

from collections.abc import Iterator

import pytest

from engine.take_plan import Fill, Resting, Step, plan

TAKER = 1


def step(price_fen: int, *queue: tuple[int, int, int], preferred: tuple[int, ...] = ()) -> Step:
    rows = {row[0]: Resting(*row) for row in queue}
    return Step(price_fen, tuple(rows[number] for number in preferred), tuple(rows.values()))


def fills(*steps: Step, quantity_t: int, levels: int = 5, most: int = 100) -> list[tuple[int, ...]]:
    planned = plan(steps, taker=TAKER, quantity_t=quantity_t, levels_max=levels, fills_max=most)
    assert all(isinstance(fill, Fill) for fill in planned)
    return [tuple(fill) for fill in planned]


def test_the_best_level_first_and_inside_it_the_oldest_listing() -> None:
    best = step(100, (4, 2, 10), (9, 3, 20))
    next_best = step(101, (5, 2, 50))
    assert fills(best, next_best, quantity_t=35) == [(4, 10, 100), (9, 20, 100), (5, 5, 101)]


def test_preferred_listings_come_first_inside_their_level_in_the_order_named() -> None:
    best = step(100, (4, 2, 10), (6, 3, 10), (9, 3, 10), preferred=(9, 6))
    assert fills(best, quantity_t=30) == [(9, 10, 100), (6, 10, 100), (4, 10, 100)]


def test_a_preferred_listing_of_a_deeper_level_waits_for_its_level() -> None:
    best = step(100, (4, 2, 10))
    deeper = step(101, (5, 2, 10), (7, 3, 10), preferred=(7,))
    assert fills(best, deeper, quantity_t=15) == [(4, 10, 100), (7, 5, 101)]


def test_a_listing_preferred_twice_is_taken_once() -> None:
    best = Step(100, (Resting(4, 2, 10), Resting(4, 2, 10)), (Resting(4, 2, 10),))
    assert fills(best, quantity_t=30) == [(4, 10, 100)]


def test_own_listings_are_passed_over_wherever_they_stand_preferred_too() -> None:
    best = step(100, (3, TAKER, 10), (4, 2, 10), preferred=(3,))
    assert fills(best, quantity_t=20) == [(4, 10, 100)]


@pytest.mark.parametrize("levels", [1, 2, 5])
def test_no_deeper_than_the_levels_that_hold_anothers_listing(levels: int) -> None:
    steps = [step(100 + place, (10 + place, 2, 1)) for place in range(8)]
    taken = fills(*steps, quantity_t=8, levels=levels)
    assert taken == [(10 + place, 1, 100 + place) for place in range(levels)]


def test_a_level_of_own_listings_alone_does_not_count() -> None:
    steps = [step(100, (3, TAKER, 10)), step(101, (4, 2, 1)), step(102, (5, TAKER, 10))]
    steps += [step(103, (6, 3, 1)), step(104, (7, 2, 1))]
    assert fills(*steps, quantity_t=10, levels=2) == [(4, 1, 101), (6, 1, 103)]


def test_no_more_fills_than_the_limit() -> None:
    crowded = step(100, *((10 + place, 2, 1) for place in range(8)))
    assert len(fills(crowded, quantity_t=8, most=7)) == 7
    assert len(fills(crowded, quantity_t=8, most=8)) == 8


def test_nothing_at_all_gives_an_empty_plan() -> None:
    assert fills(quantity_t=5) == []
    assert fills(step(100, (3, TAKER, 10)), quantity_t=5) == []


def test_no_level_behind_the_last_fill_is_looked_at() -> None:
    """The book may be deep: whoever is served looks no further."""

    def steps() -> Iterator[Step]:
        yield step(100, (4, 2, 10))
        raise AssertionError("looked behind the last fill")

    assert len(plan(steps(), taker=TAKER, quantity_t=10, levels_max=5, fills_max=100)) == 1
    planned = plan(steps(), taker=TAKER, quantity_t=11, levels_max=1, fills_max=100)
    assert planned == (Fill(4, 10, 100),)
