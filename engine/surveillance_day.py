"""What surveillance remembers of the trading day in hand: bands, listed trades so far, standing listings."""

from collections import deque
from collections.abc import MutableMapping
from heapq import heappop, heappush
from typing import Final, TypeVar

from msgspec import Struct

from engine.commands import Method, Side
from engine.events import (
    Cancelled,
    DayOpened,
    Event,
    ListingPlaced,
    Reduced,
    ReferencePriceCorrected,
    ReferencePriceSet,
    Traded,
    TradeVoided,
)
from engine.profile import Profile
from engine.surveillance_alerts import AlertDesk, Bounds
from engine.units import NANOSECONDS_PER_SECOND, midnight_ns, parse_clock

Key = TypeVar("Key")
Value = TypeVar("Value")
Bands = ReferencePriceSet | ReferencePriceCorrected
"""What gives a product its reference price and its bands."""


class Tally(Struct):
    """The listed trades of one product so far."""

    proof: deque[int]
    parties: deque[int]
    quantity_t: int = 0
    amount_fen: int = 0
    trades: int = 0


class Standing(Struct):
    """A listing that stands in the book."""

    order: int
    participant: int
    product: str
    side: Side
    price_fen: int
    left_t: int
    time_ns: int
    sequence: int
    is_touched: bool = False


class Ladder:
    """One side of one product: levels of listings, the best price at hand.

    Prices that emptied stay in the heap until they come to its top; each price is in it once, so it
    is never longer than the band has prices.
    """

    def __init__(self, side: Side) -> None:
        self._sign: Final = -1 if side == Side.BUY else 1
        self._levels: dict[int, dict[int, Standing]] = {}
        self._heap: list[int] = []

    def add(self, listing: Standing) -> None:
        """Put a listing behind the others of its level."""
        level = self._levels.get(listing.price_fen)
        if level is None:
            level = self._levels[listing.price_fen] = {}
            heappush(self._heap, self._sign * listing.price_fen)
        level[listing.order] = listing

    def remove(self, listing: Standing) -> None:
        """Take a listing out."""
        del self._levels[listing.price_fen][listing.order]

    def best(self) -> Standing | None:
        """Return the oldest listing of the best level, None where nothing stands."""
        while self._heap:
            level = self._levels[self._sign * self._heap[0]]
            if level:
                return next(iter(level.values()))
            del self._levels[self._sign * heappop(self._heap)]
        return None


class WatchedDay:
    """The day in hand; `desk` raises the alerts."""

    def __init__(self, profile: Profile, bounds: Bounds) -> None:
        self.rules: Final = profile.surveillance
        self.position: Final = profile.position
        self.bounds: Final = bounds
        self.desk: Final = AlertDesk(bounds)
        self.references: Final[dict[str, Bands]] = {}
        self.tallies: Final[dict[str, Tally]] = {}
        self.listings: Final[dict[int, Standing]] = {}
        self.prints: Final[dict[int, Traded]] = {}
        """The listed trades that stand, by number."""
        self.late_from_ns = 0
        """Start of the last minutes of the listed day."""
        self._ladders: Final[dict[tuple[str, Side], Ladder]] = {}
        self._listed_end_ns: Final = parse_clock(profile.listed.sessions[-1][1])

    def open(self, event: DayOpened) -> None:
        """Begin a day: what was known of the one before is forgotten."""
        self.desk.open_day(event.date)
        window_ns = self.rules.late_window_s * NANOSECONDS_PER_SECOND
        self.late_from_ns = midnight_ns(event.date) + self._listed_end_ns - window_ns
        for memory in (self.references, self.tallies, self.listings, self.prints, self._ladders):
            memory.clear()

    def keep(
        self, memory: MutableMapping[Key, Value], key: Key, fresh: Value, event: Event, what: str
    ) -> Value | None:
        """Return what is remembered under a key, `fresh` the first time, None where the bound is reached."""
        found = memory.get(key)
        if found is not None:
            return found
        limit = int(getattr(self.bounds, what))
        if len(memory) >= limit:
            self.desk.tell_limit(event, what, limit)
            return None
        memory[key] = fresh
        return fresh

    def proof(self, *sequences: int) -> deque[int]:
        """Return a bounded memory of sequence numbers: the last ones stay."""
        return deque(sequences, self.bounds.proof)

    def best(self, product: str, side: Side) -> Standing | None:
        """Return the oldest of a side's best listings, None where nothing stands."""
        ladder = self._ladders.get((product, side))
        return ladder.best() if ladder else None

    def mean(self, product: str) -> tuple[int, int]:
        """Return amount (fen) and quantity (t) of the listed trades so far; their ratio is the mean.

        Before the first trade that is the reference price and 1, without one (0, 0).
        """
        tally = self.tallies.get(product)
        if tally is not None:
            return tally.amount_fen, tally.quantity_t
        reference = self.references.get(product)
        return (reference.price_fen, 1) if reference else (0, 0)

    def place(self, event: ListingPlaced) -> None:
        """Note a listing."""
        standing = Standing(
            order=event.order,
            participant=event.participant,
            product=event.product,
            side=event.side,
            price_fen=event.price_fen,
            left_t=event.left_t,
            time_ns=event.time_ns,
            sequence=event.sequence,
            is_touched=event.left_t < event.quantity_t,
        )
        if self.keep(self.listings, event.order, standing, event, "listings") is not standing:
            return
        place = (event.product, event.side)
        if place not in self._ladders:
            self._ladders[place] = Ladder(event.side)
        self._ladders[place].add(standing)

    def trade(self, event: Traded) -> None:
        """Add a listed trade; other trades touch neither prices nor listings (R65)."""
        if event.method != Method.LISTED:
            return
        self.keep(self.prints, event.trade, event, event, "prints")
        tally = self.tallies.get(event.product)
        if tally is None:
            tally = self.tallies[event.product] = Tally(self.proof(), self.proof())
        tally.quantity_t += event.quantity_t
        tally.amount_fen += event.price_fen * event.quantity_t
        tally.trades += 1
        tally.proof.append(event.sequence)
        for number in (event.participant, event.counterparty):
            if number not in tally.parties:
                tally.parties.append(number)
        listing = self.listings.get(event.resting_order)
        if listing is not None:
            listing.left_t = event.left_t
            listing.is_touched = True
            if event.left_t == 0:
                self._drop(listing)

    def void(self, event: TradeVoided) -> None:
        """Take a listed trade out of the day's tally; the listing that it took stays as it is."""
        tally = self.tallies.get(event.product)
        if self.prints.pop(event.trade, None) is None or tally is None:
            return
        tally.quantity_t -= event.quantity_t
        tally.amount_fen -= event.price_fen * event.quantity_t
        tally.trades -= 1
        if not tally.trades:
            del self.tallies[event.product]

    def reduce(self, event: Reduced) -> None:
        """Note what is left of a listing."""
        listing = self.listings.get(event.order)
        if listing is not None:
            listing.left_t = event.left_t

    def cancel(self, event: Cancelled) -> None:
        """Take a listing out."""
        listing = self.listings.get(event.order)
        if listing is not None:
            self._drop(listing)

    def _drop(self, listing: Standing) -> None:
        del self.listings[listing.order]
        self._ladders[listing.product, listing.side].remove(listing)
