"""The engine's sharing of an auction against the oracle's, on thousands of small crowded auctions.

Streams of commands seldom fill a price to the tonne or share it exactly; small numbers do both often.
"""

from random import Random
from typing import Final, get_args

import pytest

from engine import auction_allocation as engine
from tests.oracle import allocation as oracle

AUCTIONS: Final = 3_000
PRICES: Final = (4_800, 4_801, 4_900)


def crowded(random: Random, lot_t: int) -> list[oracle.Bid]:
    """Return a few bids at a few prices, in order of entry."""
    return [
        oracle.Bid(
            order=3 * number + 1,
            time_ns=10**18 + number // 2,
            price_fen=random.choice(PRICES[: random.choice((1, 2, 3))]),
            quantity_t=lot_t * random.randint(1, 6),
        )
        for number in range(random.randint(1, 7))
    ]


def shared_by_engine(
    bids: list[oracle.Bid], offered_t: int, ties: engine.Ties, lot_t: int
) -> list[oracle.Win]:
    """Return what the engine gives, in the order of its trades."""
    rows = [engine.Bid(bid.order, bid.time_ns, 1, bid.price_fen, bid.quantity_t) for bid in bids]
    awards = engine.allocate(sorted(rows, key=engine.rank_of), offered_t, ties, lot_t)
    return [oracle.Win(award.bid.order, award.bid.price_fen, award.quantity_t) for award in awards]


@pytest.mark.parametrize("ties", get_args(engine.Ties))
@pytest.mark.parametrize("lot_t", [1, 4])
def test_both_share_alike(ties: engine.Ties, lot_t: int) -> None:
    random = Random(f"{ties} {lot_t}")
    cut = filled = 0
    for _ in range(AUCTIONS):
        bids = crowded(random, lot_t)
        offered_t = random.randint(1, lot_t * 20) if random.random() < 0.5 else lot_t * 6
        wanted = oracle.allocate(bids, offered_t, ties, lot_t)
        assert shared_by_engine(bids, offered_t, ties, lot_t) == wanted, (bids, offered_t)
        sold_t, bid_t = sum(win.quantity_t for win in wanted), sum(bid.quantity_t for bid in bids)
        assert sold_t == min(offered_t, bid_t)
        is_left = sold_t < bid_t
        lowest = wanted[-1].price_fen
        level_t = sum(bid.quantity_t for bid in bids if bid.price_fen == lowest)
        is_whole = level_t == sum(win.quantity_t for win in wanted if win.price_fen == lowest)
        cut += is_left and not is_whole
        filled += is_left and is_whole
    assert cut > AUCTIONS // 10, "prices that are shared must be common here"
    assert filled > AUCTIONS // 100, "prices that are filled to the tonne too"


def test_nobody_is_a_lot_away_from_its_share() -> None:
    random = Random(7)
    for _ in range(AUCTIONS):
        lot_t = random.choice((1, 3, 10))
        bids = [
            oracle.Bid(order, 0, 4_800, lot_t * random.randint(1, 9))
            for order in range(1, random.randint(2, 8))
        ]
        asked_t = sum(bid.quantity_t for bid in bids)
        offered_t = random.randint(1, asked_t)
        wins = oracle.allocate(bids, offered_t, "pro_rata", lot_t)
        given = {win.order: win.quantity_t for win in wins}
        for bid in bids:
            away = abs(given.get(bid.order, 0) * asked_t - bid.quantity_t * offered_t)
            assert away < lot_t * asked_t, (bids, offered_t)
