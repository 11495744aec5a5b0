"""A client's own copy of one book, kept up by snapshots and changes, and proven after each of them.

No sockets: frames in, a book or `BookBroken` out. Who gets `BookBroken` asks for a snapshot (subscribes
again without `after`); until it comes the book is empty.
"""

from typing import Final

from msgspec import Struct
from sortedcontainers import SortedDict

from engine.commands import Side
from engine.views import DepthLevel, ShownListing
from gateway.frames_book import (
    LISTINGS_SHOWN,
    BookChanged,
    BookSnapshot,
    LevelChanged,
    book_checksum,
)

_NO_BOOK: Final = -1


class BookBroken(Exception):
    """What came does not fit to the copy, which was emptied; the text says where they part."""


class _Level(Struct):
    quantity_t: int
    count: int
    listings: "SortedDict[int, ShownListing]"


class LocalBook:
    """Five levels of one product on each side; `apply` frames in the order in which they come."""

    def __init__(self, product: str) -> None:
        self.product = product
        self.time_ns = 0
        self._sequence = _NO_BOOK
        # Best first in both: bids by falling price.
        self._bids: SortedDict[int, _Level] = SortedDict(_falling)
        self._asks: SortedDict[int, _Level] = SortedDict()

    @property
    def sequence(self) -> int:
        """Sequence of the last command in this copy, 0 where there is none (to `subscribe` after)."""
        return max(0, self._sequence)

    @property
    def is_whole(self) -> bool:
        """A snapshot has come and nothing was missed since."""
        return self._sequence != _NO_BOOK

    @property
    def bids(self) -> tuple[DepthLevel, ...]:
        """Levels to sell into, best first."""
        return tuple(_shown(price, level) for price, level in self._bids.items())

    @property
    def asks(self) -> tuple[DepthLevel, ...]:
        """Levels to buy from, best first."""
        return tuple(_shown(price, level) for price, level in self._asks.items())

    @property
    def best_bid_fen(self) -> int:
        """Highest price that somebody bids, 0 for none."""
        return int(self._bids.keys()[0]) if self._bids else 0

    @property
    def best_ask_fen(self) -> int:
        """Lowest price that somebody asks, 0 for none."""
        return int(self._asks.keys()[0]) if self._asks else 0

    def apply(self, frame: BookSnapshot | BookChanged) -> bool:
        """Take a frame; False where it was known already, BookBroken where it does not fit."""
        if frame.product != self.product:
            raise self._broken(f"a frame of {frame.product}")
        if isinstance(frame, BookSnapshot):
            self._lay(frame)
        else:
            if not self.is_whole:
                raise self._broken("changes came before a snapshot")
            if frame.sequence <= self._sequence:
                return False
            if frame.previous != self._sequence:
                raise self._broken(f"changes to {frame.previous}, the copy is at {self._sequence}")
            for change in frame.changes:
                self._change(change)
        self._sequence, self.time_ns = frame.sequence, frame.time_ns
        self._prove(frame)
        return True

    def snapshot(self, *, is_gap: bool = False) -> BookSnapshot:
        """Return the copy as a frame; BookBroken where there is none."""
        if not self.is_whole:
            raise self._broken("no snapshot has come")
        bids, asks = self.bids, self.asks
        return BookSnapshot(
            sequence=self._sequence,
            time_ns=self.time_ns,
            product=self.product,
            is_gap=is_gap,
            checksum=book_checksum(bids, asks),
            bids=bids,
            asks=asks,
        )

    def clear(self) -> None:
        """Forget everything, as after a lost connection whose state is not trusted."""
        self._sequence, self.time_ns = _NO_BOOK, 0
        self._bids.clear()
        self._asks.clear()

    # ------------------------------------------------------------ steps

    def _lay(self, frame: BookSnapshot) -> None:
        self.clear()
        for side, levels in ((self._bids, frame.bids), (self._asks, frame.asks)):
            for level in levels:
                listings = SortedDict((listing.order, listing) for listing in level.listings)
                side[level.price_fen] = _Level(level.quantity_t, level.count, listings)

    def _change(self, change: LevelChanged) -> None:
        side = self._bids if change.side is Side.BUY else self._asks
        if not change.quantity_t:
            side.pop(change.price_fen, None)
            return
        level = side.get(change.price_fen)
        if level is None:
            level = side[change.price_fen] = _Level(0, 0, SortedDict())
        level.quantity_t, level.count = change.quantity_t, change.count
        for listing in change.listings:
            if listing.left_t:
                level.listings[listing.order] = listing
            else:
                level.listings.pop(listing.order, None)

    def _prove(self, frame: BookSnapshot | BookChanged) -> None:
        bids, asks = self.bids, self.asks
        found = book_checksum(bids, asks)
        if found != frame.checksum:
            raise self._broken(f"the levels sum to {found}, the gateway's to {frame.checksum}")
        for level in (*bids, *asks):
            told = len(level.listings)
            told_t = sum(listing.left_t for listing in level.listings)
            is_all = level.count <= LISTINGS_SHOWN
            wanted = level.count if is_all else LISTINGS_SHOWN
            fits = told_t == level.quantity_t if is_all else told_t < level.quantity_t
            if told != wanted or not fits:
                raise self._broken(
                    f"at {level.price_fen} fen {told} listings with {told_t} t are known, the level has "
                    f"{level.count} with {level.quantity_t} t"
                )

    def _broken(self, text: str) -> BookBroken:
        place = f"book {self.product} after sequence {self.sequence}"
        self.clear()
        return BookBroken(f"{place}: {text}; subscribe again for a snapshot")


def _falling(price_fen: int) -> int:
    return -price_fen


def _shown(price_fen: int, level: _Level) -> DepthLevel:
    return DepthLevel(
        price_fen=price_fen,
        quantity_t=level.quantity_t,
        count=level.count,
        listings=tuple(level.listings.values()),
    )
