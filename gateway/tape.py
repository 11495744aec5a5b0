"""The tape of listed trades for the HTTP mirror: columns by product, and candles of a minute made from them.

It is filled when somebody asks or the gateway beats, from the records of the history and by column, so
that trading pays nothing for it and a start decodes nothing; what it holds is a function of the log and
ends where the feed's own days end.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from msgspec import Struct, structs

from engine.commands import Method, Side
from engine.core.records import (
    EVENT_METHOD_MASK,
    EVENT_METHOD_SHIFT,
    EVENT_REPEATED,
    EventKind,
)
from engine.events import Traded, TradeVoided
from engine.units import NANOSECONDS_PER_SECOND
from gateway.feed import Feed
from gateway.history import History, Page, Rows
from gateway.mirror_routes import Candle, MirrorTrade

if TYPE_CHECKING:
    from numpy.typing import NDArray

PAGES_PER_TURN: Final = 4
"""Most pages of the history that one call takes in: some milliseconds."""
ENTRIES_PER_TURN: Final = 2_000
"""Most entries of the market's stream that one call looks through for voided trades."""
MINUTE_NS: Final = 60 * NANOSECONDS_PER_SECOND
ROW: Final = np.dtype(
    [
        ("trade", "i8"),
        ("sequence", "i8"),
        ("time_ns", "i8"),
        ("price_fen", "i8"),
        ("quantity_t", "i8"),
        ("side", "i8"),  # of the taker
        ("product", "i8"),  # its place in the profile
    ]
)


class Minute(Struct, kw_only=True):
    """A candle that still grows."""

    begin_ns: int
    open_fen: int
    high_fen: int
    low_fen: int
    close_fen: int
    quantity_t: int = 0
    amount_fen: int = 0
    trades: int = 0

    def join(self, later: "Minute") -> None:
        """Take in a later candle."""
        self.high_fen = max(self.high_fen, later.high_fen)
        self.low_fen = min(self.low_fen, later.low_fen)
        self.close_fen = later.close_fen
        self.quantity_t += later.quantity_t
        self.amount_fen += later.amount_fen
        self.trades += later.trades


class ProductTape:
    """The kept trades of one product, oldest first, as columns of whole numbers."""

    def __init__(self, product: str) -> None:
        self.product = product
        self.voided: set[int] = set()
        self.minutes: list[Minute] = []
        self._rows = Rows(ROW)

    def __len__(self) -> int:
        return self._rows.count

    def extend(self, rows: "NDArray[np.void]") -> None:
        """Add trades; numbers and times rise."""
        self._rows.add(rows)
        self.minutes = _joined([*self.minutes, *self._minutes_of(rows)])

    def void(self, trade: int) -> None:
        """Mark a trade as one that counts no more and make its minute anew."""
        if trade in self.voided:
            return
        self.voided.add(trade)
        rows = self._rows.used
        place = int(np.searchsorted(rows["trade"], trade))
        if place == len(rows) or rows["trade"][place] != trade:
            return
        time_ns = int(rows["time_ns"][place])
        begin_ns = time_ns - time_ns % MINUTE_NS
        first, end = np.searchsorted(rows["time_ns"], (begin_ns, begin_ns + MINUTE_NS))
        others = [minute for minute in self.minutes if minute.begin_ns != begin_ns]
        made = self._minutes_of(rows[first:end])
        self.minutes = sorted(others + made, key=lambda minute: minute.begin_ns)

    def forget_to(self, sequence: int) -> None:
        """Drop the trades at or before a sequence, and the minutes that ended with them."""
        rows = self._rows.used
        count = int(np.searchsorted(rows["sequence"], sequence, side="right"))
        if not count:
            return
        self.voided.difference_update(rows["trade"][:count].tolist())
        rows = rows[count:].copy()
        self._rows = Rows.of(rows)
        floor_ns = int(rows["time_ns"][0]) if len(rows) else 2**63 - 1
        self.minutes = [minute for minute in self.minutes if minute.begin_ns + MINUTE_NS > floor_ns]

    def rows(self, after: int | None, limit: int) -> tuple[tuple[MirrorTrade, ...], bool]:
        """Return trades behind a number, the newest ones for None, and whether more follow."""
        rows = self._rows.used
        count = len(rows)
        first = max(0, count - limit)
        if after is not None:
            first = int(np.searchsorted(rows["trade"], after, side="right"))
        end = min(count, first + limit)
        return tuple(self._shown(*row) for row in rows[first:end].tolist()), end < count

    def candles(self, seconds: int, limit: int) -> tuple[Candle, ...]:
        """Return the newest candles of a whole number of minutes."""
        length_ns = seconds * NANOSECONDS_PER_SECOND
        made = _joined(
            [
                structs.replace(minute, begin_ns=minute.begin_ns - minute.begin_ns % length_ns)
                for minute in self.minutes
            ]
        )
        names = Minute.__struct_fields__
        return tuple(
            Candle(**{name: getattr(candle, name) for name in names}) for candle in made[-limit:]
        )

    def _minutes_of(self, rows: "NDArray[np.void]") -> list[Minute]:
        """Return the candles of rows that follow each other, without those that are voided."""
        if self.voided:
            rows = rows[~np.isin(rows["trade"], list(self.voided))]
        if not len(rows):
            return []
        begins = rows["time_ns"] - rows["time_ns"] % MINUTE_NS
        firsts = np.flatnonzero(np.diff(begins, prepend=-1))
        ends = np.append(firsts[1:], len(rows))
        prices, quantities = rows["price_fen"], rows["quantity_t"]
        columns = (
            begins[firsts],
            prices[firsts],
            np.maximum.reduceat(prices, firsts),
            np.minimum.reduceat(prices, firsts),
            prices[ends - 1],
            np.add.reduceat(quantities, firsts),
            np.add.reduceat(prices * quantities, firsts),
            ends - firsts,
        )
        names = Minute.__struct_fields__
        lists = (column.tolist() for column in columns)
        return [Minute(**dict(zip(names, row, strict=True))) for row in zip(*lists, strict=True)]

    def _shown(
        self,
        trade: int,
        sequence: int,
        time_ns: int,
        price_fen: int,
        quantity_t: int,
        side: int,
        _: int,
    ) -> MirrorTrade:
        return MirrorTrade(
            trade=trade,
            sequence=sequence,
            time_ns=time_ns,
            product=self.product,
            price_fen=price_fen,
            quantity_t=quantity_t,
            side=Side(side),
            is_voided=trade in self.voided,
        )


class Tape:
    """All products' trades; `catch_up` before reading."""

    def __init__(self, feed: Feed, history: History) -> None:
        self._feed = feed
        self._history = history
        self._codes = [product.code for product in history.profile.products]
        self._places = {code: place for place, code in enumerate(self._codes)}
        self._products: dict[str, ProductTape] = {}
        self._market_at = 0
        self._floor = 0
        self._sequence = 0
        """Last sequence that was taken in."""

    def of(self, product: str) -> ProductTape:
        """Return the tape of a product."""
        tape = self._products.get(product)
        if tape is None:
            tape = self._products[product] = ProductTape(product)
        return tape

    def catch_up(self) -> bool:
        """Take in what the log has gained, a bounded part of it; False where more waits."""
        is_done = self._take_voids()
        floor = self._feed.trades.floor
        if floor > self._floor:
            self._floor = floor
            for tape in self._products.values():
                tape.forget_to(floor)
        pages = self._history.pages
        at = bisect_right(pages, self._sequence, key=_last)
        for page in pages[at : at + PAGES_PER_TURN]:
            self._take_in(page)
        return is_done and at + PAGES_PER_TURN >= len(pages)

    def _take_voids(self) -> bool:
        market = self._feed.market
        self._market_at = max(self._market_at, market.base)
        for position in range(self._market_at, min(market.end, self._market_at + ENTRIES_PER_TURN)):
            for event in market.select(market.entry(position)):
                if isinstance(event, TradeVoided) and event.method is Method.LISTED:
                    self.of(event.product).void(event.trade)
            self._market_at = position + 1
        return self._market_at == market.end

    def _take_in(self, page: Page) -> None:
        """Take in the listed trades of a page that are behind the last sequence."""
        rows = _hot_trades(page, self._sequence)
        stream = self._feed.trades
        first = stream.position_after(max(self._sequence, page.first - 1))
        sequences = stream.between(first, stream.position_after(page.last))
        others = np.flatnonzero(~np.isin(sequences, rows["sequence"])).tolist()
        typed = [self._row(*told) for place in others for told in self._told(first + place)]
        if typed:
            rows = np.concatenate((rows, np.array(typed, ROW)))
            rows = rows[np.argsort(rows["trade"], kind="stable")]
        self._sequence = page.last
        for place in np.unique(rows["product"]).tolist():
            self.of(self._codes[place]).extend(rows[rows["product"] == place])

    def _told(self, position: int) -> Iterator[tuple[int, Traded]]:
        """Yield the trades of an entry that has no records, with its sequence."""
        entry = self._feed.trades.entry(position)
        for event in self._feed.trades.select(entry):
            if isinstance(event, Traded):
                yield entry.sequence, event

    def _row(self, sequence: int, event: Traded) -> tuple[int, ...]:
        place = self._places[event.product]
        terms = (event.price_fen, event.quantity_t, int(event.side))
        return event.trade, sequence, event.time_ns, *terms, place


def _hot_trades(page: Page, after: int) -> "NDArray[np.void]":
    """Return the listed trades among the records of a page that are behind a sequence."""
    commands, ends = page.commands.used, page.ends.used
    begin = int(np.searchsorted(commands["sequence"], after, side="right"))
    first = int(ends[begin - 1]) if begin else 0
    events = page.events.used[first:]
    flags = events["flags"]
    is_listed = flags >> EVENT_METHOD_SHIFT & EVENT_METHOD_MASK == Method.LISTED
    is_first = flags & EVENT_REPEATED == 0
    found = np.flatnonzero((events["kind"] == EventKind.TRADED) & is_listed & is_first)
    command_of = np.searchsorted(ends, found + first, side="right")
    picked = events[found]
    rows = np.zeros(len(found), ROW)
    for name in ("price_fen", "quantity_t", "side", "product"):
        rows[name] = picked[name]
    rows["trade"] = picked["number"]
    for name in ("sequence", "time_ns"):
        rows[name] = commands[name][command_of]
    return rows


def _last(page: Page) -> int:
    return page.last


def _joined(minutes: Sequence[Minute]) -> list[Minute]:
    """Return candles in order with those of one beginning made one."""
    made: list[Minute] = []
    for minute in minutes:
        if made and made[-1].begin_ns == minute.begin_ns:
            made[-1].join(minute)
        else:
            made.append(minute)
    return made
