"""Who gets what in a one-way auction: pure ranking and allocation (R68, R69, R71).

Bids come best price first, inside a price by order number, which is time. Whole prices are served from
the top; the lowest price that gets something is shared by one of three rules. Nothing here knows of
markets, locks or events.
"""

import hashlib
import struct
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Final, Literal

from msgspec import Struct

Ties = Literal["time", "pro_rata", "random"]
SEED_LABEL: Final = b"ceax auction ties 1"


class Bid(Struct, frozen=True):
    """A standing bid."""

    order: int
    time_ns: int
    """When it was entered."""
    participant: int
    price_fen: int
    quantity_t: int


class Award(Struct, frozen=True):
    """What a bid gets: never nothing, never more than it asks."""

    bid: Bid
    quantity_t: int


def rank_of(bid: Bid) -> tuple[int, int]:
    """Return what bids are sorted by: the higher price first, then the earlier order (R68)."""
    return -bid.price_fen, bid.order


def allocate(bids: Sequence[Bid], offered_t: int, ties: Ties, lot_t: int) -> list[Award]:
    """Return what each winner gets, best price first; `bids` are sorted by `rank_of`.

    No bid gets anything while a higher one is not filled, so only the last price can be cut. Bids are
    whole lots; the quantity offered need not be.
    """
    awards: list[Award] = []
    left_t = offered_t
    for _, at_one_price in groupby(bids, key=lambda bid: bid.price_fen):
        level = list(at_one_price)
        asked_t = sum(bid.quantity_t for bid in level)
        if asked_t > left_t:
            return awards + (_share(bids, level, left_t, ties, lot_t) if left_t else [])
        awards += [Award(bid, bid.quantity_t) for bid in level]
        left_t -= asked_t
    return awards


def uniform_price_fen(awards: Sequence[Award]) -> int:
    """Return the lowest price that gets something, which all winners pay (统一价, R69)."""
    return min(award.bid.price_fen for award in awards)


# ---------------------------------------------------------------- sharing the lowest winning price


def _share(
    bids: Sequence[Bid], level: list[Bid], left_t: int, ties: Ties, lot_t: int
) -> list[Award]:
    if ties == "pro_rata":
        return _in_proportion(level, left_t, lot_t)
    if ties == "random":
        rank = random_rank(bids)
        level = sorted(level, key=lambda bid: rank(bid.order))
    return _one_after_the_other(level, left_t)


def random_rank(bids: Sequence[Bid]) -> Callable[[int], bytes]:
    """Return the rank of an order number, drawn by hash from all bids: every replay draws the same."""
    seed = hashlib.sha256(SEED_LABEL)
    for bid in sorted(bids, key=lambda bid: bid.order):
        seed.update(struct.pack("<qqqq", bid.order, bid.time_ns, bid.price_fen, bid.quantity_t))
    drawn = seed.digest()
    return lambda order: hashlib.sha256(drawn + order.to_bytes(8, "little")).digest()


def _one_after_the_other(level: Sequence[Bid], left_t: int) -> list[Award]:
    """Fill bids in their order; the one that meets the end is cut, those behind it get nothing."""
    awards: list[Award] = []
    for bid in level:
        quantity_t = min(bid.quantity_t, left_t)
        if quantity_t:
            awards.append(Award(bid, quantity_t))
        left_t -= quantity_t
    return awards


def _in_proportion(level: Sequence[Bid], left_t: int, lot_t: int) -> list[Award]:
    """Give each its share of what is left, in whole lots; nobody differs from it by a lot.

    What the cutting to lots has kept back goes, a lot each, to those who were cut, by order number.
    """
    asked_t = sum(bid.quantity_t for bid in level)
    shares: list[int] = []
    for bid in level:
        exact_t = bid.quantity_t * left_t // asked_t  # rounds down
        shares.append(exact_t // lot_t * lot_t)  # rounds down to whole lots
    kept_t = left_t - sum(shares)
    for place, bid in enumerate(level):
        if shares[place] * asked_t < bid.quantity_t * left_t:
            more_t = min(lot_t, kept_t)
            shares[place] += more_t
            kept_t -= more_t
    return [Award(bid, share) for bid, share in zip(level, shares, strict=True) if share]
