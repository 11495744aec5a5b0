"""Ranking and allocation alone: tables worked out by hand, and what holds for any bids (R68, R69, R71)."""

import hashlib
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.auction_allocation import (
    Award,
    Bid,
    Ties,
    allocate,
    random_rank,
    rank_of,
    uniform_price_fen,
)

TIES: tuple[Ties, ...] = ("time", "pro_rata", "random")


def bids_of(*rows: tuple[int, int]) -> list[Bid]:
    """Return bids numbered in the order given, each `(price in fen, tonnes)`, ranked."""
    bids = [
        Bid(
            order=order,
            time_ns=1_000 + order,
            participant=order,
            price_fen=price,
            quantity_t=tonnes,
        )
        for order, (price, tonnes) in enumerate(rows, 1)
    ]
    return sorted(bids, key=rank_of)


def told(awards: list[Award]) -> list[tuple[int, int]]:
    return [(award.bid.order, award.quantity_t) for award in awards]


# ---------------------------------------------------------------- by hand


def test_price_then_time_and_the_last_bid_is_cut() -> None:
    """R68, R71: 1,000 t for 400 at 51.00, then the two at 50.00 by time; the second is cut to 100."""
    bids = bids_of((5_000, 500), (4_900, 900), (5_100, 400), (5_000, 300))
    awards = allocate(bids, 1_000, "time", 1)
    assert told(awards) == [(3, 400), (1, 500), (4, 100)]
    assert uniform_price_fen(awards) == 5_000


@pytest.mark.parametrize("ties", TIES)
def test_a_total_met_exactly_cuts_nobody_and_leaves_the_next_price_out(ties: Ties) -> None:
    bids = bids_of((5_000, 500), (4_900, 900), (5_100, 500))
    awards = allocate(bids, 1_000, ties, 1)
    assert told(awards) == [(3, 500), (1, 500)]
    assert uniform_price_fen(awards) == 5_000


@pytest.mark.parametrize("ties", TIES)
def test_a_last_price_that_is_filled_keeps_the_order_of_time(ties: Ties) -> None:
    bids = bids_of(*((5_000, tonnes) for tonnes in range(1, 9)), (4_900, 7))
    assert [order for order, _ in told(allocate(bids, 36, ties, 1))] == list(range(1, 9))


@pytest.mark.parametrize("ties", TIES)
def test_fewer_bids_than_offered_all_get_theirs(ties: Ties) -> None:
    """R71: an auction that is not covered sells what was bid, at the lowest bid."""
    awards = allocate(bids_of((5_000, 500), (4_900, 300)), 100_000, ties, 1)
    assert told(awards) == [(1, 500), (2, 300)]
    assert uniform_price_fen(awards) == 4_900


@pytest.mark.parametrize("ties", TIES)
def test_no_bids_win_nothing(ties: Ties) -> None:
    assert allocate([], 100_000, ties, 1) == []


@pytest.mark.parametrize(
    ("tonnes", "offered_t", "lot_t", "shares"),
    [
        # 6/10 of 500, 300 and 200 are whole
        ((500, 300, 200), 600, 1, [300, 180, 120]),
        # 100/3 each: 33, and the one tonne kept back goes to the first
        ((50, 50, 50), 100, 1, [34, 33, 33]),
        # 10 lots of 10 over 7, 7 and 7: 33.3 t each is 3 lots, the tenth lot goes to the first
        ((70, 70, 70), 100, 10, [40, 30, 30]),
        # exact shares 10, 5 and 5: the first is whole and keeps it, the lot kept back is for the second
        ((20, 10, 10), 20, 10, [10, 10, 0]),
        # 25 t in lots of 10 to 30 and 30: 12.5 each is one lot, then the piece of 5
        ((30, 30), 25, 10, [15, 10]),
        # less than a lot for everybody: 3 and 2 of 5 in lots of 10
        ((60, 40), 5, 10, [5, 0]),
        # ten bids for three lots
        ((1,) * 10, 3, 1, [1, 1, 1]),
    ],
)
def test_pro_rata_by_hand(
    tonnes: tuple[int, ...], offered_t: int, lot_t: int, shares: list[int]
) -> None:
    awards = allocate(bids_of(*((5_000, t) for t in tonnes)), offered_t, "pro_rata", lot_t)
    wanted = [(order, share) for order, share in enumerate(shares, 1) if share]
    assert told(awards) == wanted


def test_pro_rata_leaves_higher_prices_whole() -> None:
    bids = bids_of((5_000, 600), (5_001, 400), (5_000, 200))
    assert told(allocate(bids, 800, "pro_rata", 1)) == [(2, 400), (1, 300), (3, 100)]


def test_random_ties_go_by_the_hash_that_is_published() -> None:
    """The rank is SHA-256 of a seed over all bids and the order's number, worked out here again."""
    bids = bids_of((5_000, 100), (5_000, 100), (5_000, 100), (5_200, 100))
    rows = b"".join(
        struct.pack("<qqqq", order, 1_000 + order, price, 100)
        for order, price in ((1, 5_000), (2, 5_000), (3, 5_000), (4, 5_200))
    )
    seed = hashlib.sha256(b"ceax auction ties 1" + rows).digest()
    drawn = sorted(
        (1, 2, 3), key=lambda order: hashlib.sha256(seed + struct.pack("<q", order)).digest()
    )
    wanted = [(4, 100), (drawn[0], 100), (drawn[1], 50)]
    assert told(allocate(bids, 250, "random", 1)) == wanted


def test_random_ties_favour_nobody() -> None:
    """The seed changes with any bid, so over many auctions each of three comes first about as often."""
    firsts = [0, 0, 0]
    for tonnes in range(1, 601):
        bids = bids_of((5_000, 10), (5_000, 10), (5_000, 10), (5_001, tonnes))
        firsts[allocate(bids, tonnes + 10, "random", 1)[1].bid.order - 1] += 1
    assert all(150 <= count <= 250 for count in firsts), firsts


# ---------------------------------------------------------------- whatever the bids


LOTS = st.sampled_from((1, 7, 500))


@st.composite
def auctions(draw: st.DrawFn) -> tuple[list[Bid], int, int]:
    """Return ranked bids in whole lots, few prices so that they tie, a quantity offered and the lot."""
    lot_t = draw(LOTS)
    rows = draw(
        st.lists(st.tuples(st.integers(4_320, 4_326), st.integers(1, 60)), min_size=1, max_size=25)
    )
    offered_t = draw(st.integers(1, 700 * lot_t))
    return bids_of(*((price, lots * lot_t) for price, lots in rows)), offered_t, lot_t


@given(auction=auctions(), ties=st.sampled_from(TIES))
def test_what_every_allocation_keeps(auction: tuple[list[Bid], int, int], ties: Ties) -> None:
    bids, offered_t, lot_t = auction
    awards = allocate(bids, offered_t, ties, lot_t)
    asked_t = sum(bid.quantity_t for bid in bids)
    assert sum(award.quantity_t for award in awards) == min(offered_t, asked_t)
    assert len({award.bid.order for award in awards}) == len(awards)
    assert all(0 < award.quantity_t <= award.bid.quantity_t for award in awards)
    prices = [award.bid.price_fen for award in awards]
    assert prices == sorted(prices, reverse=True)
    lowest_fen = uniform_price_fen(awards)
    assert lowest_fen == prices[-1]
    got = {award.bid.order: award.quantity_t for award in awards}
    assert all(
        got.get(bid.order, 0) == bid.quantity_t for bid in bids if bid.price_fen > lowest_fen
    )
    above_t = sum(bid.quantity_t for bid in bids if bid.price_fen > lowest_fen)
    reaching_t = sum(bid.quantity_t for bid in bids if bid.price_fen >= lowest_fen)
    assert above_t < offered_t
    assert reaching_t >= min(offered_t, asked_t)


@given(auction=auctions())
@example(auction=(bids_of((5_000, 2), (5_000, 1), (5_000, 1)), 2, 1))
def test_a_share_differs_from_the_exact_one_by_less_than_a_lot(
    auction: tuple[list[Bid], int, int],
) -> None:
    bids, offered_t, lot_t = auction
    awards = allocate(bids, offered_t, "pro_rata", lot_t)
    lowest_fen = uniform_price_fen(awards)
    got = {award.bid.order: award.quantity_t for award in awards}
    level = [bid for bid in bids if bid.price_fen == lowest_fen]
    asked_t = sum(bid.quantity_t for bid in level)
    shared_t = sum(got.get(bid.order, 0) for bid in level)
    for bid in level:
        times_asked = got.get(bid.order, 0) * asked_t - bid.quantity_t * shared_t
        assert abs(times_asked) < lot_t * asked_t
    pieces = [quantity_t for quantity_t in got.values() if quantity_t % lot_t]
    assert len(pieces) <= 1


@given(auction=auctions())
def test_time_serves_the_earlier_bid_first(auction: tuple[list[Bid], int, int]) -> None:
    bids, offered_t, lot_t = auction
    awards = allocate(bids, offered_t, "time", lot_t)
    assert [award.bid for award in awards] == bids[: len(awards)]
    assert all(award.quantity_t == award.bid.quantity_t for award in awards[:-1])


@given(auction=auctions())
def test_random_order_is_a_permutation_of_the_seed_alone(
    auction: tuple[list[Bid], int, int],
) -> None:
    bids, offered_t, lot_t = auction
    awards = allocate(bids, offered_t, "random", lot_t)
    assert awards == allocate(list(bids), offered_t, "random", lot_t)
    assert told(awards) == told(
        allocate(
            [Bid(b.order, b.time_ns, b.participant + 7, b.price_fen, b.quantity_t) for b in bids],
            offered_t,
            "random",
            lot_t,
        )
    )
    orders = [bid.order for bid in bids]
    rank = random_rank(bids)
    assert sorted(orders, key=rank) == sorted(orders, key=random_rank(list(reversed(bids))))
    lowest_fen = uniform_price_fen(awards)
    level_t = sum(bid.quantity_t for bid in bids if bid.price_fen == lowest_fen)
    last = [award.bid.order for award in awards if award.bid.price_fen == lowest_fen]
    is_cut = sum(a.quantity_t for a in awards if a.bid.price_fen == lowest_fen) < level_t
    assert last == sorted(last, key=rank if is_cut else None)
    assert all(award.quantity_t == award.bid.quantity_t for award in awards[:-1])
