"""From the log to what each reader may see: five-level books, public trades, the market, private events.

Everything is a function of the log: sequences are the log's, `previous` links the frames of a stream, and
a reader resumes by sequence. Readers pull: a stream is kept once, each reader has a position in it, so a
slow reader costs no memory. What may be skipped (books, quotes, the status) is kept as its newest state only.
"""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Final, Protocol

from engine.commands import AnyCommand, HaltScope, Method
from engine.events import (
    AnyEvent,
    Cancelled,
    DayClosed,
    DayOpened,
    Halted,
    ListingPlaced,
    PhaseChanged,
    Reduced,
    ReferencePriceCorrected,
    Resumed,
    Traded,
    TradeVoided,
)
from engine.views import Depth, MarketView
from gateway import wire
from gateway.book_feed import Newest, NewestBook
from gateway.frames_book import BookSnapshot
from gateway.routing import Audience, is_public


class LogEntry(Protocol):
    """A command of the log with its events, as the sequencer publishes it."""

    @property
    def sequence(self) -> int: ...  # noqa: D102
    @property
    def time_ns(self) -> int: ...  # noqa: D102
    @property
    def key(self) -> int: ...  # noqa: D102
    @property
    def command(self) -> AnyCommand: ...  # noqa: D102
    @property
    def events(self) -> Iterable[AnyEvent]: ...  # noqa: D102


class Market(Protocol):
    """The part of the exchange that the feed reads."""

    def market(self) -> MarketView:
        """Return the state of the market."""
        ...

    def depth(self, product: str, levels: int = 0, listings: int = 20) -> Depth:
        """Return the best levels of a product with their oldest listings."""
        ...


_OF_STATUS: Final = frozenset((DayOpened, PhaseChanged, DayClosed, Halted, Resumed))
"""Events after which the market may take something else than before."""


class Stream:
    """Entries of the log that concern one stream, each with the places of its events that do."""

    __slots__ = ("base", "entries", "floor", "places", "sequences")

    def __init__(self, floor: int = 0) -> None:
        self.floor = floor
        """Last sequence that is no longer kept."""
        self.base = 0
        """How many entries were dropped: positions of readers count from the first ever."""
        self.sequences: list[int] = []
        self.entries: list[LogEntry] = []
        self.places: list[tuple[int, ...]] = []

    @property
    def end(self) -> int:
        """Position behind the last entry."""
        return self.base + len(self.sequences)

    def append(self, entry: LogEntry, places: tuple[int, ...]) -> None:
        """Add an entry; sequences rise."""
        self.sequences.append(entry.sequence)
        self.entries.append(entry)
        self.places.append(places)

    def position_after(self, sequence: int) -> int:
        """Return the position of the first entry behind a sequence."""
        return self.base + bisect_right(self.sequences, sequence)

    def previous(self, position: int) -> int:
        """Return the sequence of the entry before a position."""
        index = position - self.base
        return self.sequences[index - 1] if index else self.floor

    def events(self, position: int) -> tuple[AnyEvent, ...]:
        """Return the events of an entry that belong to this stream."""
        index = position - self.base
        events = tuple(self.entries[index].events)
        return tuple(events[place] for place in self.places[index])

    def entry(self, position: int) -> LogEntry:
        """Return an entry."""
        return self.entries[position - self.base]

    def forget_to(self, sequence: int) -> None:
        """Drop what lies at or before a sequence."""
        count = bisect_right(self.sequences, sequence)
        self.floor = max(self.floor, self.sequences[count - 1] if count else self.floor)
        self.base += count
        del self.sequences[:count], self.entries[:count], self.places[:count]


class Feed:
    """All streams and snapshots of one exchange; `take_in` is called in log order."""

    def __init__(self, exchange: Market, kept: Iterable[LogEntry] = ()) -> None:
        self._exchange = exchange
        self.trades = Stream()
        self.market = Stream()
        self.drop = Stream()
        self._private: dict[int, Stream] = {}
        self.newest: dict[str, Newest] = {}
        """By `book:<product>` and `quote:<product>`, `market` and `status`."""
        self.books: dict[str, NewestBook] = {}
        """The books among them, by `book:<product>`."""
        self.dirty: set[str] = set()
        """Keys of `newest` that a command has touched since they were made."""
        self.touched_private: set[int] = set()
        self.audience = Audience()
        self._book_sequences: dict[str, tuple[int, int]] = {}
        self._day_sequences: list[int] = []
        self.sequence = 0
        self.time_ns = 0
        self.take_in(kept)
        products = [view.product for view in exchange.market().products]
        self.dirty.update(f"book:{product}" for product in products)
        self.dirty.update(f"quote:{product}" for product in products)
        self.dirty.update(("market", "status"))

    def private(self, participant: int) -> Stream:
        """Return the private stream of a participant, of all control at `OPERATORS`."""
        stream = self._private.get(participant)
        if stream is None:
            stream = self._private[participant] = Stream(self.drop.floor)
        return stream

    # ------------------------------------------------------------ taking in the log

    def take_in(self, batch: Iterable[LogEntry]) -> None:
        """Sort the events of a batch into the streams and mark what has to be shown anew."""
        for entry in batch:
            self.sequence, self.time_ns = entry.sequence, entry.time_ns
            if not self.drop.sequences and not self.drop.base:
                self._begin_at(entry.sequence - 1)
            self.drop.append(entry, ())
            trades: list[int] = []
            market: list[int] = []
            private: dict[int, list[int]] = {}
            for place, event in enumerate(entry.events):
                self._take_event(event)
                if isinstance(event, Traded) and event.method is Method.LISTED:
                    trades.append(place)
                if is_public(event):
                    market.append(place)
                for participant in self.audience.parties(event):
                    private.setdefault(participant, []).append(place)
            if trades:
                self.trades.append(entry, tuple(trades))
            if market:
                self.market.append(entry, tuple(market))
            for participant, places in private.items():
                self.private(participant).append(entry, tuple(places))
                self.touched_private.add(participant)

    def _begin_at(self, floor: int) -> None:
        """Note where the kept log begins: after a long life the sequencer keeps the last two days."""
        for stream in (self.drop, self.trades, self.market):
            stream.floor = floor

    def _take_event(self, event: AnyEvent) -> None:
        """Note what an event makes stale: books, quotes, the market as a whole."""
        self.audience.note(event)
        if type(event) in _OF_STATUS:
            self.dirty.add("status")
        match event:
            case ListingPlaced() | Reduced():
                self._touch_book(event.product, event)
            case Traded() if event.method is Method.LISTED:
                self._touch_book(event.product, event)
                self.dirty.add(f"quote:{event.product}")
            case Cancelled() if event.method is Method.LISTED:
                self._touch_book(event.product, event)
            case DayOpened():
                self._open_day(event)
                self.dirty.add("market")
                self.dirty.update(f"book:{product}" for product in event.products)
            case ReferencePriceCorrected():
                self._touch_book(event.product, event)
                self.dirty.update((f"quote:{event.product}", "market"))
            case TradeVoided() if event.method is Method.LISTED:
                self.dirty.update((f"quote:{event.product}", "market"))
            case Halted() | Resumed() if event.scope is HaltScope.PRODUCT:
                self.dirty.update((f"quote:{event.product}", "market"))
            case _ if is_public(event):
                self.dirty.add("market")
            case _:
                pass

    def _touch_book(self, product: str, event: AnyEvent) -> None:
        self.dirty.add(f"book:{product}")
        self._book_sequences[product] = (event.sequence, event.time_ns)

    def _open_day(self, event: DayOpened) -> None:
        """Keep the open and the last trading day; offers' numbers restart."""
        self.audience.open_day()
        for product in event.products:
            self._book_sequences[product] = (event.sequence, event.time_ns)
        self._day_sequences.append(event.sequence)
        if len(self._day_sequences) <= 2:  # noqa: PLR2004 - the open and the last one
            return
        del self._day_sequences[0]
        forgotten = self._day_sequences[0] - 1
        for stream in (self.drop, self.trades, self.market, *self._private.values()):
            stream.forget_to(forgotten)

    # ------------------------------------------------------------ snapshots

    def refresh(self, key: str, market: MarketView) -> None:
        """Publish a dirty book, quote or the market; `market` is the state that it is made from."""
        self.dirty.discard(key)
        kind, _, product = key.partition(":")
        if kind == "book":
            self._book(key).show_depth(self._exchange.depth(product), *self._touched(product))
            return
        newest = self.newest.setdefault(key, Newest())
        if kind == "quote":
            quote = next(view for view in market.products if view.product == product)
            newest.show(
                wire.QuoteChanged(
                    sequence=market.sequence,
                    time_ns=market.time_ns,
                    quote=quote,
                    composite_last_fen=market.composite_last_fen,
                )
            )
        else:
            newest.show(wire.MarketSnapshot(sequence=market.sequence, market=market))

    def book_snapshot(self, product: str) -> BookSnapshot:
        """Return the book as it is now, published yet or not; KeyError for an unknown product."""
        book = NewestBook()
        book.show_depth(self._exchange.depth(product), *self._touched(product))
        assert book.snapshot is not None, "it was just shown"
        return book.snapshot

    def _book(self, key: str) -> NewestBook:
        book = self.books.get(key)
        if book is None:
            book = self.books[key] = NewestBook()
            self.newest[key] = book
        return book

    def _touched(self, product: str) -> tuple[int, int]:
        """Return sequence and time of the last command that touched a book."""
        return self._book_sequences.get(product, (0, 0))

    def day_bounds(self, date: str) -> tuple[int, int] | None:
        """Return first sequence of a kept trading day and the last before the next, None if not kept."""
        for index, first in enumerate(self._day_sequences):
            entry = self.drop.entry(self.drop.position_after(first - 1))
            if any(isinstance(event, DayOpened) and event.date == date for event in entry.events):
                is_last = index + 1 == len(self._day_sequences)
                return first, self.sequence if is_last else self._day_sequences[index + 1] - 1
        return None

    @property
    def day_sequence(self) -> int:
        """Sequence that opened the open or last trading day, 0 before the first."""
        return self._day_sequences[-1] if self._day_sequences else 0
