"""Frames of one product's book: a snapshot, then what changed, with a sum that proves both.

The numbers of the sum are integers (fen, tonnes, counts), never formatted text: formatting is what breaks
clients' own checks elsewhere (gateway-notes 1.1, 1.2).
"""

import zlib
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from engine.commands import Side
from engine.views import Book, DepthLevel, Level, ShownListing
from gateway.frames_replies import Outward

LISTINGS_SHOWN: Final = 20
"""Most listings of a level that are told one by one; `count` tells how many there are."""


class BookSnapshot(Outward, frozen=True, kw_only=True):
    """Channel book:<product>: the five levels of each side with their listings (R44, R86).

    First of a subscription, and again where a slow reader missed changes (`is_gap`); what a client holds
    of the book is replaced by it.
    """

    sequence: int
    """Sequence of the last command that touched this book, 0 before its first day."""
    time_ns: int
    product: str
    is_gap: bool = False
    """Changes before this snapshot were left out; nothing has to be asked for."""
    checksum: int
    """Of the five levels, see `book_checksum`."""
    bids: tuple[DepthLevel, ...]
    """Best first."""
    asks: tuple[DepthLevel, ...]

    @property
    def book(self) -> Book:
        """The levels without their listings."""
        return Book(product=self.product, bids=_levels(self.bids), asks=_levels(self.asks))


class LevelChanged(Struct, frozen=True, kw_only=True):
    """What became of one level: its new totals, and the listings that are new or differ."""

    side: Side
    price_fen: int
    quantity_t: int
    """0: the level is gone from the five, with its listings."""
    count: int
    """All listings of the level, told or not."""
    listings: tuple[ShownListing, ...] = ()
    """By order number; one with `left_t` 0 is gone."""


class BookChanged(Outward, frozen=True, kw_only=True):
    """Channel book:<product>: the difference between two published states of the five levels."""

    sequence: int
    """Sequence of the last command that touched this book."""
    previous: int
    """Sequence of the state that the changes apply to; another one in hand means a frame is missing."""
    time_ns: int
    product: str
    checksum: int
    """Of the levels after the changes."""
    changes: tuple[LevelChanged, ...]
    """Empty where commands touched only what lies behind the five levels."""


def book_checksum(bids: Iterable[DepthLevel], asks: Iterable[DepthLevel]) -> int:
    """Return the CRC-32 over `price_fen:quantity_t:count:` of all bids, best first, then of all asks."""
    parts = [f"{level.price_fen}:{level.quantity_t}:{level.count}:" for level in bids]
    parts += [f"{level.price_fen}:{level.quantity_t}:{level.count}:" for level in asks]
    return zlib.crc32("".join(parts).encode("ascii"))


def level_changes(
    old: Sequence[DepthLevel], new: Sequence[DepthLevel], side: Side
) -> list[LevelChanged]:
    """Return what turns the levels of a side into others."""
    before = {level.price_fen: level for level in old}
    changed: list[LevelChanged] = []
    for level in new:
        known = before.pop(level.price_fen, None)
        if known == level:
            continue
        listings = level.listings if known is None else _listing_changes(known, level)
        changed.append(
            LevelChanged(
                side=side,
                price_fen=level.price_fen,
                quantity_t=level.quantity_t,
                count=level.count,
                listings=listings,
            )
        )
    gone = [LevelChanged(side=side, price_fen=price, quantity_t=0, count=0) for price in before]
    return gone + changed


def _listing_changes(old: DepthLevel, new: DepthLevel) -> tuple[ShownListing, ...]:
    before = {listing.order: listing for listing in old.listings}
    changed = [item for item in new.listings if before.pop(item.order, None) != item]
    gone = [
        ShownListing(order=item.order, left_t=0, time_ns=item.time_ns, owner="")
        for item in before.values()
    ]
    return (*gone, *changed)


def _levels(levels: tuple[DepthLevel, ...]) -> tuple[Level, ...]:
    return tuple(Level(level.price_fen, level.quantity_t, level.count) for level in levels)
