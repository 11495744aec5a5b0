"""Who gets how much of an auction, from the bids alone (R68-R71): no state, no money."""

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor

SEED_LABEL = b"ceax auction ties 1"


@dataclass(frozen=True)
class Bid:
    """A standing bid at the end of the window."""

    order: int
    time_ns: int
    price_fen: int
    quantity_t: int


@dataclass(frozen=True)
class Win:
    """What one bid gets."""

    order: int
    price_fen: int
    """The bid's own price."""
    quantity_t: int


def random_ranks(bids: Sequence[Bid]) -> dict[int, bytes]:
    """Return each bid's lot in the draw, which anybody can compute again from the bids."""
    words = b"".join(
        struct.pack("<qqqq", bid.order, bid.time_ns, bid.price_fen, bid.quantity_t)
        for bid in sorted(bids, key=lambda bid: bid.order)
    )
    seed = hashlib.sha256(SEED_LABEL + words).digest()
    return {
        bid.order: hashlib.sha256(seed + bid.order.to_bytes(8, "little")).digest() for bid in bids
    }


def allocate(bids: Sequence[Bid], offered_t: int, ties: str, lot_t: int) -> list[Win]:
    """Return the wins in the order of their trades: price first, then the order inside a level."""
    wins: list[Win] = []
    left = offered_t
    for price in sorted({bid.price_fen for bid in bids}, reverse=True):
        level = sorted((bid for bid in bids if bid.price_fen == price), key=lambda bid: bid.order)
        demand = sum(bid.quantity_t for bid in level)
        if demand <= left:
            parts = {bid.order: bid.quantity_t for bid in level}
        elif ties == "pro_rata":
            parts = _pro_rata(level, left, lot_t)
        else:
            ranks = random_ranks(bids)
            if ties == "random":
                level.sort(key=lambda bid: ranks[bid.order])
            parts = _in_turn(level, left)
        wins += [Win(bid.order, price, parts[bid.order]) for bid in level if parts[bid.order]]
        left -= sum(parts.values())
    return wins


def _in_turn(level: Sequence[Bid], left: int) -> dict[int, int]:
    """Serve one after the other until nothing is left."""
    parts: dict[int, int] = {}
    for bid in level:
        parts[bid.order] = min(bid.quantity_t, left)
        left -= parts[bid.order]
    return parts


def _pro_rata(level: Sequence[Bid], left: int, lot_t: int) -> dict[int, int]:
    """Serve in proportion, cut down to whole bid lots; whoever was cut gets up to a lot more, in turn.

    So nobody's part differs from its exact share by a lot or more.
    """
    demand = sum(bid.quantity_t for bid in level)
    shares = {bid.order: Fraction(bid.quantity_t * left, demand) for bid in level}
    parts = {order: floor(share) - floor(share) % lot_t for order, share in shares.items()}
    rest = left - sum(parts.values())
    for bid in level:
        if parts[bid.order] < shares[bid.order]:
            piece = min(lot_t, rest)
            parts[bid.order] += piece
            rest -= piece
    return parts
