"""The bid curves of the EU harness alone: they have the totals asked for, however ties are drawn."""

from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.engine.eex_curves import CurveBid, Figures, NoCurveError, curve, split

LOT_T = 500


def winners(bids: list[CurveBid], offered_t: int, random: Random) -> tuple[int, int]:
    """Return how many bids win and the lowest winning price, ties drawn by `random`."""
    left_t, count, price_fen = offered_t, 0, 0
    ranked = sorted(bids, key=lambda bid: (-bid.price_fen, random.random()))
    for bid in ranked:
        if left_t > 0:
            left_t -= bid.quantity_t
            count, price_fen = count + 1, bid.price_fen
    return count, price_fen


@given(
    seed=st.integers(0, 2**32),
    bids=st.integers(1, 60),
    lots=st.integers(0, 3_000),
    offered_t=st.integers(1, 900_000),
    successful=st.none() | st.integers(1, 60),
)
def test_a_curve_has_its_totals(
    seed: int, bids: int, lots: int, offered_t: int, successful: int | None
) -> None:
    offered_t = max(LOT_T, offered_t - offered_t % LOT_T if seed % 3 else offered_t)
    figures = Figures(offered_t, (bids + lots) * LOT_T, bids, 777, successful, LOT_T)
    try:
        made = curve(figures, Random(seed))
    except NoCurveError:
        assume(False)
    assert len(made) == bids
    assert sum(bid.quantity_t for bid in made) == figures.bid_t
    assert all(bid.quantity_t % LOT_T == 0 and bid.quantity_t for bid in made)
    if figures.bid_t < offered_t:
        return
    assert all(bid.quantity_t <= offered_t for bid in made)
    outcomes = {winners(made, offered_t, Random(draw)) for draw in range(6)}
    assert {price for _, price in outcomes} == {777}
    if successful is not None:
        assert {count for count, _ in outcomes} == {successful}


@pytest.mark.parametrize("offered_lots", [1, 2, 7, 30])
@pytest.mark.parametrize("bids", [1, 2, 3, 9])
def test_a_curve_is_found_wherever_one_can_be(offered_lots: int, bids: int) -> None:
    """Small cases in full: with k winners there is a curve exactly if the sums leave room for one."""
    for total in range(offered_lots, 3 * offered_lots + bids + 1):
        for successful in range(1, bids + 1):
            losers = bids - successful
            winners_most = 2 * offered_lots - 1 if successful > 1 else offered_lots
            can_be = (
                successful <= offered_lots
                and losers <= total - offered_lots
                and total <= winners_most + losers * offered_lots
            )
            figures = Figures(offered_lots * LOT_T, total * LOT_T, bids, 777, successful, LOT_T)
            try:
                curve(figures, Random(total))
                is_found = True
            except NoCurveError:
                is_found = False
            assert is_found == can_be, figures


def test_a_split_keeps_the_sum_and_the_bounds() -> None:
    for seed in range(200):
        random = Random(seed)
        parts, most = random.randint(1, 20), random.randint(1, 30)
        lots = random.randint(parts, parts * most)
        shares = split(lots, parts, most, random)
        assert sum(shares) == lots
        assert len(shares) == parts
        assert all(1 <= share <= most for share in shares)
    with pytest.raises(NoCurveError, match="cannot be split"):
        split(9, 2, 4, Random(1))
