"""A client's own book: every published state is reached by snapshots and changes, and anything else is noticed."""

from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.commands import Side
from engine.views import Depth, DepthLevel, ShownListing
from gateway import wire
from gateway.book_feed import BEHIND, NOTHING_SEEN, NewestBook
from gateway.frames_book import LISTINGS_SHOWN
from gateway.local_book import BookBroken, LocalBook

LEVELS = 5


class Floor:
    """A book of listings that come, shrink and go, shown as the exchange shows it."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.left: dict[int, tuple[Side, int, int]] = {}
        self.sequence = 0

    def move(self) -> None:
        """Let one command happen."""
        self.sequence += 1
        if self.left and self.random.random() < 0.45:
            order = self.random.choice(list(self.left))
            side, price, left = self.left[order]
            if self.random.random() < 0.5 or left == 1:
                del self.left[order]
            else:
                self.left[order] = (side, price, self.random.randrange(1, left))
            return
        side = self.random.choice(list(Side))
        away = self.random.randrange(8)
        price = 4_790 - away if side is Side.BUY else 4_800 + away
        self.left[self.sequence] = (side, price, self.random.randrange(1, 50))

    def depth(self) -> Depth:
        return Depth(product="A", bids=self._levels(Side.BUY), asks=self._levels(Side.SELL))

    def _levels(self, side: Side) -> tuple[DepthLevel, ...]:
        prices = sorted({price for s, price, _ in self.left.values() if s is side})
        if side is Side.BUY:
            prices.reverse()
        return tuple(self._level(side, price) for price in prices[:LEVELS])

    def _level(self, side: Side, price: int) -> DepthLevel:
        rows = [
            (o, left) for o, (s, p, left) in sorted(self.left.items()) if (s, p) == (side, price)
        ]
        return DepthLevel(
            price_fen=price,
            quantity_t=sum(left for _, left in rows),
            count=len(rows),
            listings=tuple(
                ShownListing(order=order, left_t=left, time_ns=order, owner="")
                for order, left in rows[:LISTINGS_SHOWN]
            ),
        )


def decoded(text: bytes, form: wire.Format) -> Any:
    return wire.decode_outward(text, form)


@settings(max_examples=50)
@given(seed=st.integers(0, 2**32), form=st.sampled_from(list(wire.Format)))
def test_every_reader_has_the_published_book_however_often_it_looks(
    seed: int, form: wire.Format
) -> None:
    floor, published = Floor(seed), NewestBook()
    random = Random(seed + 1)
    readers = [(LocalBook("A"), share) for share in (1.0, 0.5, 0.1)]
    seen = [NOTHING_SEEN] * len(readers)
    kinds: set[str] = set()
    for _ in range(120):
        for _ in range(random.randrange(1, 6)):
            floor.move()
        published.show_depth(floor.depth(), floor.sequence, floor.sequence)
        for place, (book, share) in enumerate(readers):
            if random.random() > share:
                continue
            frame = decoded(published.text(seen[place], form), form)
            kinds.add(type(frame).__name__ + str(getattr(frame, "is_gap", "")))
            assert book.apply(frame)
            seen[place] = published.version
            assert (book.bids, book.asks) == (floor.depth().bids, floor.depth().asks)
            assert book.sequence == floor.sequence
            assert not book.apply(frame) or isinstance(frame, wire.BookSnapshot)
    assert kinds == {"BookSnapshotFalse", "BookSnapshotTrue", "BookChanged"}


def states(count: int, seed: int = 7) -> list[wire.BookSnapshot | wire.BookChanged]:
    """Return a snapshot and the changes that follow it, each of which changes something."""
    floor, published = Floor(seed), NewestBook()
    found: list[wire.BookSnapshot | wire.BookChanged] = []
    while len(found) <= count:
        floor.move()
        published.show_depth(floor.depth(), floor.sequence, 1)
        seen = published.version - 1 if found else NOTHING_SEEN
        found.append(decoded(published.text(seen, wire.Format.JSON), wire.Format.JSON))
    return found


def test_a_lost_change_is_noticed_by_its_sequence() -> None:
    frames, book = states(60), LocalBook("A")
    for frame in frames[:30]:
        book.apply(frame)
    with pytest.raises(
        BookBroken, match="book A after sequence 30: changes to 31, the copy is at 30"
    ):
        book.apply(frames[31])
    assert (book.is_whole, book.bids, book.asks, book.sequence) == (False, (), (), 0)
    with pytest.raises(BookBroken, match="before a snapshot"):
        book.apply(frames[32])
    with pytest.raises(BookBroken, match="no snapshot has come"):
        book.snapshot()


def test_every_spoiled_number_is_noticed() -> None:
    """By the sum of the levels, or because a level's listings do not add up."""
    frames = states(80)
    spoiled = 0
    for place, frame in enumerate(frames):
        if not isinstance(frame, wire.BookChanged):
            continue
        for change in frame.changes:
            for name in ("price_fen", "quantity_t", "count"):
                if name == "quantity_t" and not change.quantity_t:
                    continue
                worse = msgspec.structs.replace(change, **{name: getattr(change, name) + 1})
                if change.quantity_t == 0 and name == "count":
                    continue  # of a level that is gone nothing else is looked at
                spoiled += broken(frames[:place], frame, change, worse)
            for at, listing in enumerate(change.listings):
                if not change.quantity_t or not listing.left_t:
                    continue
                other = msgspec.structs.replace(listing, left_t=listing.left_t + 1)
                rows = (*change.listings[:at], other, *change.listings[at + 1 :])
                worse = msgspec.structs.replace(change, listings=rows)
                spoiled += broken(frames[:place], frame, change, worse)
    assert spoiled > 100


def broken(
    before: list[Any], frame: wire.BookChanged, change: wire.LevelChanged, worse: wire.LevelChanged
) -> bool:
    """Apply frames and then a spoiled one, which must not be taken."""
    book = LocalBook("A")
    for earlier in before:
        book.apply(earlier)
    changes = tuple(worse if item is change else item for item in frame.changes)
    with pytest.raises(BookBroken, match=r"sum to|are known"):
        book.apply(msgspec.structs.replace(frame, changes=changes))
    assert not book.is_whole
    return True


def test_a_level_with_more_listings_than_are_told() -> None:
    floor, published, book = Floor(1), NewestBook(), LocalBook("A")
    for order in range(1, LISTINGS_SHOWN + 12):
        floor.left[order], floor.sequence = (Side.SELL, 4_800, order), order
        published.show_depth(floor.depth(), order, order)
        book.apply(
            decoded(published.text(published.version - 1, wire.Format.JSON), wire.Format.JSON)
        )
    (level,) = book.asks
    assert (level.count, len(level.listings)) == (LISTINGS_SHOWN + 11, LISTINGS_SHOWN)
    # The oldest goes, and the first that was not told moves up.
    del floor.left[1]
    published.show_depth(floor.depth(), 100, 100)
    changed = decoded(published.text(published.version - 1, wire.Format.JSON), wire.Format.JSON)
    assert [(row.order, row.left_t) for row in changed.changes[0].listings] == [
        (1, 0),
        (LISTINGS_SHOWN + 1, LISTINGS_SHOWN + 1),
    ]
    book.apply(changed)
    assert [row.order for row in book.asks[0].listings] == list(range(2, LISTINGS_SHOWN + 2))


def test_a_copy_can_be_told_on_and_knows_its_product() -> None:
    frames, book, again = states(20), LocalBook("A"), LocalBook("A")
    for frame in frames:
        book.apply(frame)
    again.apply(book.snapshot(is_gap=True))
    assert (again.bids, again.asks, again.sequence) == (book.bids, book.asks, book.sequence)
    assert book.best_bid_fen == (book.bids[0].price_fen if book.bids else 0)
    assert book.best_ask_fen == (book.asks[0].price_fen if book.asks else 0)
    with pytest.raises(BookBroken, match="a frame of A"):
        LocalBook("B").apply(frames[0])


def test_the_sum_is_that_of_the_published_vector() -> None:
    """Fen, tonnes and counts as plain integers, bids best first, then asks best first."""
    bids = (level(4_790, 30, 2), level(4_789, 5, 1))
    asks = (level(4_801, 100_000, 25),)
    assert wire.book_checksum(bids, asks) == 0xBECAB786
    assert wire.book_checksum(asks, bids) != wire.book_checksum(bids, asks)
    assert wire.book_checksum((), ()) == 0


def level(price_fen: int, quantity_t: int, count: int) -> DepthLevel:
    return DepthLevel(price_fen=price_fen, quantity_t=quantity_t, count=count, listings=())


def test_one_text_is_made_for_all_readers_of_a_format() -> None:
    floor, published = Floor(3), NewestBook()
    for _ in range(3):
        floor.move()
        published.show_depth(floor.depth(), floor.sequence, 1)
    for form in wire.Format:
        for seen in (NOTHING_SEEN, BEHIND, published.version - 1):
            assert published.text(seen, form) is published.text(seen, form)
