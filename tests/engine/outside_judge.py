"""Our engine as a candidate of the outside judge `tracebook-conformance`: one adapter, nothing else.

All buys are one participant's and all sells another's, because the judge's profiles let an owner trade
with itself and our rules do not. A replacement is a cancel and a new order, a clear is a mass cancel,
both made here; quantities are dyadic fractions and become whole tonnes by one factor.
"""

from decimal import Decimal
from typing import Final

from msgspec import Struct, structs
from tracebook.conformance import (
    BookSnapshot,
    BookState,
    ConformanceConfig,
    EngineMetadata,
    Observation,
    Outcome,
    RestingOrder,
    TradeFill,
    canonical_decimal,
)
from tracebook.events import MarketEvent

from engine.commands import CancelOrder, PlaceListing, ReduceOrder, ReferenceBasis, Side
from engine.events import AnyEvent, Refused, Traded
from engine.exchange import Exchange
from engine.profile import Composite, Profile
from engine.reasons import Reason
from tests.markets import FIRST_DATE, Desk, national, trader

UNITS: Final = 1 << 16
"""Tonnes of one unit of quantity."""
PRODUCTS: Final = 8
REFERENCE_FEN: Final = 10_000
BUYER, SELLER = 1, 2


def judged_profile() -> Profile:
    """Return a plain price-time market around 100 yuan, with a product for each symbol of a trace."""
    whole = national()
    codes = tuple(f"P{number}" for number in range(1, PRODUCTS + 1))
    product = structs.replace(
        whole.products[0],
        listed_from=FIRST_DATE,
        first_reference="administrative",
        first_reference_fen=0,
    )
    listed = structs.replace(
        whole.listed,
        quantity_t_max=10**9,
        band_bp=5_000,
        crossing_listings="match",
        same_price_choice="time",
        picks=False,
        reduce=True,
    )
    capacity = structs.replace(
        whole.capacity, participants=2, keys=8, orders_per_day=4_096, levels=16_384
    )
    return structs.replace(
        whole,
        name="judged",
        listed=listed,
        products=tuple(structs.replace(product, code=code) for code in codes),
        composite=(Composite(effective_from=FIRST_DATE, members=codes[:1], weights=(1,)),),
        published_open=(),
        capacity=capacity,
    )


class Source(Struct):
    """An order of the trace and our number of it."""

    symbol: str
    source: int
    side: Side
    price_fen: int
    owner: int
    order: int


class Rejected(Exception):
    """An event of the trace that changes nothing, with the judge's word for it."""


class CeaxAdapter:
    """One exchange that applies the events of one trace."""

    metadata = EngineMetadata("ceax", "1", "Python")

    def __init__(self, config: ConformanceConfig) -> None:
        assert config.matching_algorithm == "fifo"
        assert canonical_decimal(config.tick_size) == "0.01"
        self.exchange: Final = Exchange(judged_profile())
        self.desk: Final = Desk(self.exchange)
        self.codes: dict[str, str] = {}
        self.live: dict[tuple[str, int], Source] = {}
        self.sources: dict[int, Source] = {}
        self._open()

    def _open(self) -> None:
        desk = self.desk
        desk.found(2)
        desk.open_day(FIRST_DATE)
        desk.endow(BUYER, 10**17, 0)
        for product in self.exchange.profile.products:
            desk.endow(SELLER, 0, 10**9, product.code)
            desk.set_reference(REFERENCE_FEN, product.code, ReferenceBasis.ADMINISTRATIVE)
        desk.advance("09:30")

    # ------------------------------------------------------------ the judge's interface

    def apply(self, event: MarketEvent, index: int) -> Observation:
        """Apply one event and tell its outcome, its trades and the digest of what rests."""
        trades: tuple[TradeFill, ...] = ()
        try:
            trades = self._do(event)
            outcome = Outcome("applied")
        except Rejected as rejected:
            outcome = Outcome("rejected", str(rejected))
        state = self.snapshot()
        return Observation(index, outcome, trades, state.digest(), state.order_count)

    def snapshot(self) -> BookState:
        """Return every resting order by symbol, side and priority."""
        books = []
        for symbol in sorted(self.codes):
            sides = {side: self._resting(self.codes[symbol], side) for side in Side}
            books.append(BookSnapshot(symbol, sides[Side.BUY], sides[Side.SELL]))
        return BookState(tuple(books))

    def close(self) -> None:
        """Let the engine prove what it holds."""
        self.exchange.check()

    # ------------------------------------------------------------ events

    def _do(self, event: MarketEvent) -> tuple[TradeFill, ...]:
        known = event.symbol in self.codes
        if event.op in {"new", "clear"} and not known:
            self.codes[event.symbol] = f"P{len(self.codes) + 1}"
        if event.op == "new":
            return self._new(event)
        if event.op == "clear":
            for place in [place for place in self.live if place[0] == event.symbol]:
                self._cancel(place)
            return ()
        assert event.order_id is not None
        place = (event.symbol, event.order_id)
        if place not in self.live:
            raise Rejected("ORDER_NOT_ACTIVE")
        if event.op == "cancel":
            self._cancel(place)
            return ()
        if event.op == "reduce":
            self._reduce(place, tonnes(event.quantity))
            return ()
        assert event.op == "replace", event.op
        return self._replace(place, event)

    def _new(self, event: MarketEvent) -> tuple[TradeFill, ...]:
        assert event.order_id is not None
        assert event.side is not None
        if (event.symbol, event.order_id) in self.live:
            raise Rejected("DUPLICATE_ORDER_ID")
        source = Source(
            symbol=event.symbol,
            source=event.order_id,
            side=Side[event.side.name],
            price_fen=fen(event.price),
            owner=event.owner,
            order=0,
        )
        return self._place(source, tonnes(event.quantity))

    def _place(self, source: Source, quantity_t: int) -> tuple[TradeFill, ...]:
        key = trader(BUYER if source.side is Side.BUY else SELLER)
        command = PlaceListing(
            product=self.codes[source.symbol],
            side=source.side,
            price_fen=source.price_fen,
            quantity_t=quantity_t,
            client_order=self.desk.next_client_order(),
        )
        events = self.desk.send(key, command)
        assert not any(isinstance(event, Refused) for event in events), events
        source.order = events[0].order  # type: ignore[union-attr]  # a trade and a listing both have one
        self.sources[source.order] = source
        self.live[source.symbol, source.source] = source
        fills = tuple(self._fill(event) for event in events if isinstance(event, Traded))
        self._forget_ended()
        return fills

    def _fill(self, event: Traded) -> TradeFill:
        numbers = {event.side: event.order, Side(3 - event.side): event.resting_order}
        return TradeFill(
            symbol=self.sources[event.order].symbol,
            buy_order_id=self.sources[numbers[Side.BUY]].source,
            sell_order_id=self.sources[numbers[Side.SELL]].source,
            price=yuan(event.price_fen),
            quantity=units(event.quantity_t),
        )

    def _forget_ended(self) -> None:
        """Keep only what still stands: the engine's own word, not this adapter's arithmetic."""
        standing = {
            view.order
            for participant in (BUYER, SELLER)
            for view in self.exchange.orders(participant)
            if view.is_open
        }
        self.live = {place: row for place, row in self.live.items() if row.order in standing}

    def _cancel(self, place: tuple[str, int]) -> None:
        source = self.live.pop(place)
        command = CancelOrder(order=source.order, client_order=self.desk.next_client_order())
        self._accepted(source, command)

    def _reduce(self, place: tuple[str, int], quantity_t: int) -> None:
        source = self.live[place]
        number = self.desk.next_client_order()
        command = ReduceOrder(order=source.order, quantity_t=quantity_t, client_order=number)
        (event,) = self.desk.send(trader(BUYER if source.side is Side.BUY else SELLER), command)
        if isinstance(event, Refused):
            assert event.reason is Reason.REDUCTION_NOT_LESS
            if event.figure_a != quantity_t:
                raise Rejected("INVALID_ORDER")
            self._cancel(place)  # all that is left

    def _replace(self, place: tuple[str, int], event: MarketEvent) -> tuple[TradeFill, ...]:
        source = self.live[place]
        quantity_t = self._left(source) if event.quantity is None else tonnes(event.quantity)
        self._cancel(place)
        price_fen = source.price_fen if event.price is None else fen(event.price)
        return self._place(structs.replace(source, price_fen=price_fen, order=0), quantity_t)

    def _left(self, source: Source) -> int:
        code = self.codes[source.symbol]
        (left,) = (
            view.left_t
            for view in self.exchange.listings(code, source.side, source.price_fen)
            if view.order == source.order
        )
        return left

    def _accepted(self, source: Source, command: CancelOrder) -> AnyEvent:
        (event,) = self.desk.send(trader(BUYER if source.side is Side.BUY else SELLER), command)
        assert not isinstance(event, Refused), event
        return event

    def _resting(self, code: str, side: Side) -> tuple[RestingOrder, ...]:
        book = self.exchange.book(code, 1_000_000)
        levels = book.bids if side is Side.BUY else book.asks
        return tuple(
            RestingOrder(
                order_id=self.sources[view.order].source,
                price=yuan(view.price_fen),
                remaining_quantity=units(view.left_t),
                owner=self.sources[view.order].owner,
            )
            for level in levels
            for view in self.exchange.listings(code, side, level.price_fen)
        )


def tonnes(quantity: float | None) -> int:
    """Return a quantity of a trace in tonnes; it must come out whole."""
    scaled = Decimal(str(quantity)) * UNITS
    assert scaled == int(scaled), f"{quantity} is no multiple of 1/{UNITS}"
    return int(scaled)


def units(quantity_t: int) -> str:
    """Return tonnes as the judge writes quantities."""
    return canonical_decimal(Decimal(quantity_t) / UNITS, 12)


def fen(price: float | None) -> int:
    """Return a price of a trace in fen; it must be on the tick."""
    scaled = Decimal(str(price)) * 100
    assert scaled == int(scaled), f"{price} is off the tick"
    return int(scaled)


def yuan(price_fen: int) -> str:
    """Return fen as the judge writes prices."""
    return canonical_decimal(Decimal(price_fen) / 100)
