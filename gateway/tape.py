"""The tape of listed trades for the HTTP mirror: columns by product, and candles of a minute made from them.

It is filled when somebody asks or the gateway beats, a bounded number of log entries at a time, so that
trading pays nothing for it; what it holds is a function of the log and ends where the feed's own days end.
"""

from array import array
from bisect import bisect_left, bisect_right
from typing import Final

from msgspec import Struct

from engine.commands import Method, Side
from engine.events import Traded, TradeVoided
from engine.units import NANOSECONDS_PER_SECOND
from gateway.feed import Feed
from gateway.mirror_routes import Candle, MirrorTrade

ENTRIES_PER_TURN: Final = 2_000
"""Most entries of the log that one call takes in."""
MINUTE_NS: Final = 60 * NANOSECONDS_PER_SECOND


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

    def add(self, price_fen: int, quantity_t: int) -> None:
        """Take in a trade that is later than those before."""
        self.high_fen = max(self.high_fen, price_fen)
        self.low_fen = min(self.low_fen, price_fen)
        self.close_fen = price_fen
        self.quantity_t += quantity_t
        self.amount_fen += price_fen * quantity_t
        self.trades += 1

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
        self._trades = array("q")
        self._sequences = array("q")
        self._times_ns = array("q")
        self._prices_fen = array("q")
        self._quantities_t = array("q")
        self._sides = array("b")

    def __len__(self) -> int:
        return len(self._trades)

    def append(self, sequence: int, time_ns: int, event: Traded) -> None:
        """Add a trade; numbers and times rise."""
        self._trades.append(event.trade)
        self._sequences.append(sequence)
        self._times_ns.append(time_ns)
        self._prices_fen.append(event.price_fen)
        self._quantities_t.append(event.quantity_t)
        self._sides.append(event.side)
        if event.trade not in self.voided:
            self._grow(len(self._trades) - 1)

    def void(self, trade: int) -> None:
        """Mark a trade as one that counts no more and make its minute anew."""
        if trade in self.voided:
            return
        self.voided.add(trade)
        place = bisect_left(self._trades, trade)
        if place == len(self._trades) or self._trades[place] != trade:
            return
        begin_ns = self._begin_ns(place)
        self.minutes = [minute for minute in self.minutes if minute.begin_ns != begin_ns]
        first = bisect_left(self._times_ns, begin_ns)
        end = bisect_left(self._times_ns, begin_ns + MINUTE_NS)
        kept, self.minutes = self.minutes, []
        for index in range(first, end):
            if self._trades[index] not in self.voided:
                self._grow(index)
        self.minutes = sorted(kept + self.minutes, key=lambda minute: minute.begin_ns)

    def forget_to(self, sequence: int) -> None:
        """Drop the trades at or before a sequence, and the minutes that ended with them."""
        count = bisect_right(self._sequences, sequence)
        if not count:
            return
        self.voided.difference_update(self._trades[:count])
        for column in (self._trades, self._sequences, self._times_ns, self._prices_fen):
            del column[:count]
        del self._quantities_t[:count]
        del self._sides[:count]
        floor_ns = self._begin_ns(0) if self._trades else 2**63 - 1
        self.minutes = [minute for minute in self.minutes if minute.begin_ns >= floor_ns]

    def rows(self, after: int | None, limit: int) -> tuple[tuple[MirrorTrade, ...], bool]:
        """Return trades behind a number, the newest ones for None, and whether more follow."""
        count = len(self._trades)
        first = max(0, count - limit) if after is None else bisect_right(self._trades, after)
        end = min(count, first + limit)
        return tuple(self._row(place) for place in range(first, end)), end < count

    def candles(self, seconds: int, limit: int) -> tuple[Candle, ...]:
        """Return the newest candles of a whole number of minutes."""
        length_ns = seconds * NANOSECONDS_PER_SECOND
        made: list[Minute] = []
        for minute in self.minutes:
            begin_ns = minute.begin_ns - minute.begin_ns % length_ns
            if made and made[-1].begin_ns == begin_ns:
                made[-1].join(minute)
            else:
                made.append(
                    Minute(
                        begin_ns=begin_ns,
                        **{name: getattr(minute, name) for name in Minute.__struct_fields__[1:]},
                    )
                )
        names = Minute.__struct_fields__
        return tuple(
            Candle(**{name: getattr(candle, name) for name in names}) for candle in made[-limit:]
        )

    def _begin_ns(self, place: int) -> int:
        time_ns: int = self._times_ns[place]
        return time_ns - time_ns % MINUTE_NS

    def _grow(self, place: int) -> None:
        begin_ns, price_fen = self._begin_ns(place), self._prices_fen[place]
        if not self.minutes or self.minutes[-1].begin_ns != begin_ns:
            self.minutes.append(
                Minute(
                    begin_ns=begin_ns,
                    open_fen=price_fen,
                    high_fen=price_fen,
                    low_fen=price_fen,
                    close_fen=price_fen,
                )
            )
        self.minutes[-1].add(price_fen, self._quantities_t[place])

    def _row(self, place: int) -> MirrorTrade:
        trade = self._trades[place]
        return MirrorTrade(
            trade=trade,
            sequence=self._sequences[place],
            time_ns=self._times_ns[place],
            product=self.product,
            price_fen=self._prices_fen[place],
            quantity_t=self._quantities_t[place],
            side=Side(self._sides[place]),
            is_voided=trade in self.voided,
        )


class Tape:
    """All products' trades; `catch_up` before reading."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._products: dict[str, ProductTape] = {}
        self._trades_at = 0
        self._market_at = 0
        self._floor = 0
        self.version = 0
        """Rises with everything that was taken in."""

    def of(self, product: str) -> ProductTape:
        """Return the tape of a product."""
        tape = self._products.get(product)
        if tape is None:
            tape = self._products[product] = ProductTape(product)
        return tape

    def catch_up(self, entries: int = ENTRIES_PER_TURN) -> bool:
        """Take in what the log has gained, at most so many entries; False where more waits."""
        market, trades = self._feed.market, self._feed.trades
        self._market_at = max(self._market_at, market.base)
        for position in range(self._market_at, min(market.end, self._market_at + entries)):
            for event in market.select(market.entry(position)):
                if isinstance(event, TradeVoided) and event.method is Method.LISTED:
                    self.of(event.product).void(event.trade)
                    self.version += 1
            self._market_at = position + 1
        self._trades_at = max(self._trades_at, trades.base)
        if trades.floor > self._floor:
            self._floor = trades.floor
            for tape in self._products.values():
                tape.forget_to(trades.floor)
        for position in range(self._trades_at, min(trades.end, self._trades_at + entries)):
            entry = trades.entry(position)
            for event in trades.select(entry):
                if isinstance(event, Traded):
                    self.of(event.product).append(entry.sequence, entry.time_ns, event)
            self._trades_at = position + 1
            self.version += 1
        return self._trades_at == trades.end and self._market_at == market.end
