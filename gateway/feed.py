"""From the log to what each reader may see: five-level books, public trades, the market, private events.

Everything is a function of the log: sequences are the log's, `previous` links the frames of a stream, and
a reader resumes by sequence. Readers pull: a stream is kept once, each reader has a position in it, so a
slow reader costs no memory. What may be skipped (books, quotes, the status) is kept as its newest state only.
"""

from array import array
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final, Protocol

from engine.commands import HaltScope, Method
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
from gateway.feed_index import Found, note_offers, typed_events
from gateway.frames_book import BookSnapshot
from gateway.history import DAYS_KEPT, Applied, History
from gateway.plain_texts import PlainTexts
from gateway.routing import Audience, is_public
from gateway.streams import BLOCK, KeptLog, Stream, WholeLog


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


_OF_ITS_OWNER: Final = frozenset((ListingPlaced, Reduced, Cancelled))
"""What changes a book and concerns one participant; of cancelled orders those of the listed method."""
_LISTED: Final = Method.LISTED
FEW: Final = 16
"""Most events of an entry that each reader sorts for itself; those of larger ones are sorted once for all."""
SORTED_MAX: Final = 8
"""Most larger entries whose events are kept sorted."""


class Feed:
    """All streams and snapshots of one exchange; `take_in` is called in log order.

    The history is what the sequencer keeps: it has a batch before `take_in` is called with it.
    """

    def __init__(self, exchange: Market, history: History) -> None:
        self._exchange = exchange
        self._log = KeptLog(history)
        self.trades = Stream(self._log, _listed_trades, history.floor)
        self.market = Stream(self._log, _public, history.floor)
        self.drop = WholeLog(self._log, history.floor, history.last)
        self._private: dict[int, Stream] = {}
        self._sorted: dict[int, dict[int, tuple[AnyEvent, ...]]] = {}
        self.newest: dict[str, Newest] = {}
        """By `book:<product>` and `quote:<product>`, `market` and `status`."""
        self.books: dict[str, NewestBook] = {}
        """The books among them, by `book:<product>`."""
        self.dirty: set[str] = set()
        """Keys of `newest` that a command has touched since they were made."""
        self.touched_private: set[int] = set()
        self.audience = Audience()
        self.texts = PlainTexts()
        self._book_sequences: dict[str, tuple[int, int]] = {}
        self._days: list[tuple[int, str]] = []
        """First sequence and date of the days that are kept."""
        self.sequence = 0
        self.time_ns = 0
        self._restore(history)
        products = [view.product for view in exchange.market().products]
        self.dirty.update(f"book:{product}" for product in products)
        self.dirty.update(f"quote:{product}" for product in products)
        self.dirty.update(("market", "status"))

    def private(self, participant: int) -> Stream:
        """Return the private stream of a participant, of all control at `OPERATORS`."""
        stream = self._private.get(participant)
        if stream is None:
            select = partial(self._own, participant)
            stream = self._private[participant] = Stream(self._log, select, self.drop.floor)
        return stream

    def _own(self, participant: int, entry: Applied) -> tuple[AnyEvent, ...]:
        """Return the events of an entry of a private stream that belong to it."""
        events = entry.events
        if len(events) == 1:
            return (events[0],)  # else the entry would not stand in the stream
        parties = self.audience.parties
        if len(events) <= FEW:
            return tuple([event for event in events if participant in parties(event)])
        found = self._sorted.get(entry.sequence)
        if found is None:
            lists: dict[int, list[AnyEvent]] = {}
            for event in entry.events:
                for party in parties(event):
                    lists.setdefault(party, []).append(event)
            if len(self._sorted) >= SORTED_MAX:
                del self._sorted[next(iter(self._sorted))]
            found = {party: tuple(events) for party, events in lists.items()}
            self._sorted[entry.sequence] = found
        return found.get(participant, ())

    # ------------------------------------------------------------ taking in the log

    def take_in(self, batch: Sequence[Applied]) -> None:
        """Sort the events of a batch into the streams and mark what has to be shown anew."""
        self._log.add(batch)
        parties, touched = self.audience.parties, self.touched_private
        self.drop.append(batch[0].sequence)  # where it is the first of all
        self.drop.append(batch[-1].sequence)
        self.sequence, self.time_ns = batch[-1].sequence, batch[-1].time_ns
        for entry in batch:
            sequence = entry.sequence
            event: Any
            for event in entry.events:
                kind = event.__class__
                if kind in _OF_ITS_OWNER and (kind is not Cancelled or event.method is _LISTED):
                    # Nearly all there is: an order of one participant in the book, in few steps.
                    self._touch_book(event.product, event)
                    participant = event.participant
                    self.private(participant).append(sequence)
                    touched.add(participant)
                    continue
                self._take_event(event)
                if _is_listed_trade(event):
                    self.trades.append(sequence)
                if is_public(event):
                    self.market.append(sequence)
                for participant in parties(event):
                    self.private(participant).append(sequence)
                    touched.add(participant)

    def _restore(self, history: History) -> None:
        """Take in what was kept before this process began; hot events by column."""
        found = Found()
        for page in history.pages:
            typed = typed_events(page)
            if page.first in history.days:
                self._restore_typed(*next(typed), found)  # the day before its offers
            note_offers(page, self.audience)
            for sequence, events in typed:
                self._restore_typed(sequence, events, found)
            for product, (sequence, time_ns) in found.add_hot(page, self.audience).items():
                code = history.profile.products[product].code
                if sequence > self._touched(code)[0]:
                    self._book_sequences[code] = sequence, time_ns
        self.trades.sequences = found.trades()
        self.market.sequences = array("q", dict.fromkeys(found.market))
        for party, sequences in found.by_party().items():
            self.private(party).sequences = sequences
        if self.drop.sequences:
            last = self.drop.entry(self.drop.end - 1)
            self.sequence, self.time_ns = last.sequence, last.time_ns

    def _restore_typed(self, sequence: int, events: Sequence[AnyEvent], found: Found) -> None:
        for event in events:
            self._take_event(event)
            if _is_listed_trade(event):
                found.listed.append(sequence)
            if is_public(event):
                found.market.append(sequence)
            found.pairs += [(party, sequence) for party in self.audience.parties(event)]

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
        self._days.append((event.sequence, event.date))
        if len(self._days) <= DAYS_KEPT:
            return
        del self._days[0]
        forgotten = self._days[0][0] - 1
        self.audience.forget_to(forgotten)
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
        for index, (first, opened) in enumerate(self._days):
            if opened == date:
                is_last = index + 1 == len(self._days)
                return first, self.sequence if is_last else self._days[index + 1][0] - 1
        return None

    @property
    def day_sequence(self) -> int:
        """Sequence that opened the open or last trading day, 0 before the first."""
        return self._days[-1][0] if self._days else 0

    def first_answer(self, participant: int, key: int, client_order: int) -> Applied | None:
        """Return the first command of this trading day that a key sent under a client order number."""
        stream = self.private(participant)
        begin = stream.position_after(self.day_sequence)
        history = self._log.history
        return history.first_answer(stream.between(begin, stream.end), key, client_order)

    def moves(self, participant: int, first: int, last: int) -> Iterator[AnyEvent]:
        """Yield the private events between two sequences that may have moved cash or allowances."""
        stream, history = self.private(participant), self._log.history
        begin, end = stream.position_after(first - 1), stream.position_after(last)
        sequences = history.without_quiet(stream.between(begin, end))
        for at in range(0, len(sequences), BLOCK):
            for entry in history.entries(sequences[at : at + BLOCK]):
                yield from self._own(participant, entry)


def _is_listed_trade(event: AnyEvent) -> bool:
    return type(event) is Traded and event.method is Method.LISTED


def _listed_trades(entry: Applied) -> tuple[AnyEvent, ...]:
    return tuple(event for event in entry.events if _is_listed_trade(event))


def _public(entry: Applied) -> tuple[AnyEvent, ...]:
    return tuple(event for event in entry.events if is_public(event))
