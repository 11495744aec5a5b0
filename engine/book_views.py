"""What everybody sees of the order book: its best levels, the listings of a level, and both together."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

import numpy as np

from engine.commands import Side
from engine.core.layout import ORDER
from engine.market import Market
from engine.units import participant_code
from engine.views import Book, Depth, DepthLevel, Level, ListingView, ShownListing

OrderRow = tuple[int, ...]
"""The fields of an order's row in their order."""
_FIELDS: Final = ORDER.names or ()
LEFT, NEXT, TIME = _FIELDS.index("left_t"), _FIELDS.index("next"), _FIELDS.index("time_ns")
PARTICIPANT: Final = _FIELDS.index("participant")


def _index(market: Market, product: str) -> int:
    index = market.profile.product_index(product)
    if index < 0:
        raise KeyError(product)
    return index


def _positions(market: Market, ladder: int, count: int) -> list[int]:
    """Return the first taken positions of a ladder, best first, by its occupancy words."""
    state, words = market.core.state, int(market.core.state.rules["words"])
    if state.ladders[ladder]["best"] < 0:
        return []
    found: list[int] = []
    bits = state.bits[ladder * words : (ladder + 1) * words]
    for place in np.flatnonzero(bits).tolist():
        word = int(bits[place])
        while word and len(found) < count:
            found.append(place * 64 + (word & -word).bit_length() - 1)
            word &= word - 1
        if len(found) == count:
            break
    return found


def book(market: Market, product: str, levels: int = 0) -> Book:
    """Return the best levels of both sides, best first (R44); KeyError for an unknown product."""
    index = _index(market, product)
    count = levels or market.profile.listed.levels_shown
    sides: dict[Side, tuple[Level, ...]] = {}
    for side in Side:
        ladder = 2 * index + side - 1
        start = ladder * market.profile.capacity.levels
        row = market.core.state.ladders[ladder]
        shown = []
        for position in _positions(market, ladder, count):
            level = market.core.state.levels[start + position]
            price = int(row["origin_fen"]) + position * int(row["step_fen"])
            shown.append(Level(price, int(level["quantity_t"]), int(level["listings"])))
        sides[side] = tuple(shown)
    return Book(product=product, bids=sides[Side.BUY], asks=sides[Side.SELL])


def listings(market: Market, product: str, side: Side, price_fen: int) -> tuple[ListingView, ...]:
    """Return the listings of one level, oldest first; KeyError for an unknown product."""
    index = _index(market, product)
    terms = market.core.state.products[index]
    is_inside = 0 < terms["listed_floor_fen"] <= price_fen <= terms["listed_cap_fen"]
    if not is_inside or price_fen % market.profile.tick_size_fen:
        return ()
    shown = []
    for number, row in _queue(market, index, side, price_fen):
        shown.append(
            ListingView(
                order=number,
                side=side,
                price_fen=price_fen,
                left_t=row[LEFT],
                time_ns=row[TIME],
            )
        )
    return tuple(shown)


def _queue(
    market: Market, index: int, side: Side, price_fen: int
) -> Iterator[tuple[int, OrderRow]]:
    """Return numbers and rows of the listings at a price inside the band, oldest first."""
    ladder = 2 * index + side - 1
    away = price_fen - int(market.core.state.ladders[ladder]["origin_fen"])
    position = abs(away) // market.profile.tick_size_fen  # exact: on the tick
    levels, orders = market.core.state.levels, market.core.state.orders
    number = int(levels[ladder * market.profile.capacity.levels + position]["head"])
    while number:
        row = orders[number].item()  # all fields at once: each by itself costs as much
        yield number, row
        number = row[NEXT]


def depth(market: Market, product: str, levels: int = 0, count: int = 20) -> Depth:
    """Return the best levels of both sides with their `count` oldest listings; KeyError without the product.

    Who stands behind a listing is told as far as the profile shows it (R86 leaves it out).
    """
    shown, index = book(market, product, levels), _index(market, product)
    return Depth(
        product=product,
        bids=tuple(_depth_level(market, index, Side.BUY, level, count) for level in shown.bids),
        asks=tuple(_depth_level(market, index, Side.SELL, level, count) for level in shown.asks),
    )


def _depth_level(market: Market, index: int, side: Side, level: Level, count: int) -> DepthLevel:
    told = []
    for number, row in islice(_queue(market, index, side, level.price_fen), count):
        owner = _owner(market, row[PARTICIPANT])
        told.append(ShownListing(order=number, left_t=row[LEFT], time_ns=row[TIME], owner=owner))
    return DepthLevel(
        price_fen=level.price_fen,
        quantity_t=level.quantity_t,
        count=level.count,
        listings=tuple(told),
    )


def _owner(market: Market, participant: int) -> str:
    match market.profile.listed.owner_shown:
        case "hidden":
            return ""
        case "code":
            return participant_code(participant)
        case "name":
            return market.participants[participant - 1].name
