"""One adapter a peer: how a flow is told to it, in its own way of being called, and what it says it traded.

What can be made before (order objects, prices in its own type) is made before the clock starts. Trades
are told as the peer tells them and read only after the clock has stopped. `limit-order-book` tells of no
trade at all: what it traded is read off its book, command by command, in a run that is not timed.
"""

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Any, Final, Protocol

from bench.peers_baseline import Fills, PlainBook
from bench.stream import BUY, Stream

Step = tuple[Callable[..., Any], tuple[Any, ...]]
"""One call: the peer's function and its arguments."""


class Peer(Protocol):
    """A book of somebody else, fresh for one run of one flow."""

    steps: list[Step]
    """The calls of the flow, in order."""

    def fills(self) -> Fills:
        """Return what was traded: (maker, taker, price, quantity) by the flow's numbers, in order."""


Maker = Callable[[Stream, int], Peer]


def _rows(stream: Stream) -> Iterator[tuple[bool, int, int, int, int, int]]:
    """Return (is new, order, side, product, price, quantity) of each command as plain numbers."""
    columns = (
        stream.is_new.tolist(),
        stream.order.tolist(),
        stream.side.tolist(),
        stream.product.tolist(),
        stream.price_fen.tolist(),
        stream.quantity_t.tolist(),
    )
    return zip(*columns, strict=True)


class Baseline:
    """Our own book of dictionaries, `bench.peers_baseline`."""

    def __init__(self, stream: Stream, products: int) -> None:
        self._book = PlainBook(products)
        new, cancel = self._book.new, self._book.cancel
        self.steps: list[Step] = [
            (new, row[1:]) if row[0] else (cancel, row[1:2]) for row in _rows(stream)
        ]

    def fills(self) -> Fills:
        """Return what the book noted."""
        return self._book.fills


class OrderlyChaos:
    """`orderly-chaos`: C++ through ctypes, with its own function for trades."""

    def __init__(self, stream: Stream, products: int) -> None:
        module = import_module("orderly_chaos")
        self._trades: list[Any] = []
        books = [module.LimitOrderBook(on_trade=self._trades.append) for _ in range(products)]
        sides = {1: module.Side.BUY, 2: module.Side.SELL}
        self.steps: list[Step] = [
            (books[product].limit, (sides[side], order, quantity, price))
            if is_new
            else (books[product].cancel, (order,))
            for is_new, order, side, product, price, quantity in _rows(stream)
        ]

    def fills(self) -> Fills:
        """Return the trades that its function was given."""
        return [(t.maker_id, t.taker_id, t.price, t.quantity) for t in self._trades]


class CythonOrderbook:
    """`cython-orderbook`: order objects with numbers of its own; it accepts whole numbers as prices."""

    def __init__(self, stream: Stream, products: int) -> None:
        module = import_module("cython_orderbook")
        self._books = [module.OrderBook() for _ in range(products)]
        self._numbers: dict[str, int] = {}
        sides = {1: module.OrderSide.BID, 2: module.OrderSide.ASK}
        names: dict[int, str] = {}
        self._log: list[Any] = []
        self.steps: list[Step] = []
        for book in self._books:
            book.trade_log = self._log  # one log for all products, so that the order is kept
        for is_new, number, side, product, price, quantity in _rows(stream):
            book = self._books[product]
            if is_new:
                order = module.Order(sides[side], quantity, price)
                names[number], self._numbers[order.order_id] = order.order_id, number
                self.steps.append((book.add_limit_order, (order,)))
            else:
                self.steps.append((book.cancel_order, (names[number],)))

    def fills(self) -> Fills:
        """Return its log of trades."""
        numbers = self._numbers
        return [
            (numbers[t.filler_id], numbers[t.aggressor_id], int(t.price), t.quantity_filled)
            for t in self._log
        ]


class Pyorderbook:
    """`pyorderbook`: order objects with identifiers of their own, prices as decimals."""

    def __init__(self, stream: Stream, products: int) -> None:
        module, orders = import_module("pyorderbook"), import_module("pyorderbook.order")
        book = module.Book()
        self._numbers: dict[Any, int] = {}
        self._blotters: list[Any] = []
        by_number: dict[int, Any] = {}
        names = [f"P{index}" for index in range(products)]
        sides = {1: orders.Side.BID, 2: orders.Side.ASK}

        def match(order: Any) -> None:  # noqa: ANN401 - the peer's own type
            self._blotters.append(book.match(order))

        self.steps: list[Step] = []
        for is_new, number, side, product, price, quantity in _rows(stream):
            if is_new:
                order = orders.Order(sides[side], names[product], price, quantity)
                by_number[number], self._numbers[order.id] = order, number
                self.steps.append((match, (order,)))
            else:
                self.steps.append((book.cancel, (by_number[number],)))

    def fills(self) -> Fills:
        """Return the trades of its blotters."""
        numbers = self._numbers
        return [
            (
                numbers[trade.standing_order_id],
                numbers[trade.incoming_order_id],
                int(trade.fill_price),
                trade.fill_quantity,
            )
            for blotter in self._blotters
            for trade in blotter.trades
        ]


class Lightmatchingengine:
    """`lightmatchingengine`: dictionaries of lists; its order numbers count the new orders."""

    def __init__(self, stream: Stream, products: int) -> None:
        module = import_module("lightmatchingengine.lightmatchingengine")
        engine = module.LightMatchingEngine()
        names = [f"P{index}" for index in range(products)]
        self._answers: list[Any] = []
        self._numbers = stream.numbers().tolist()
        own = {number: place for place, number in enumerate(self._numbers)}

        def add(name: str, price: int, quantity: int, side: int) -> None:
            self._answers.append(engine.add_order(name, price, quantity, side))

        self.steps: list[Step] = [
            (add, (names[product], price, quantity, side))
            if is_new
            else (engine.cancel_order, (own[number], names[product]))
            for is_new, number, side, product, price, quantity in _rows(stream)
        ]

    def fills(self) -> Fills:
        """Return what it told of the resting side of each trade."""
        numbers = self._numbers
        return [
            (numbers[trade.order_id], numbers[order.order_id], trade.trade_price, trade.trade_qty)
            for order, trades in self._answers
            for trade in trades
            if trade.order_id != order.order_id
        ]


class LimitOrderBook:
    """`limit-order-book`: C++ through ctypes; it tells of no trade, so its figure holds no report."""

    def __init__(self, stream: Stream, products: int) -> None:
        self._module = import_module("limit_order_book")
        self._stream, self._products = stream, products
        books = [self._module.LimitOrderBook() for _ in range(products)]
        self.steps: list[Step] = []
        for is_new, order, side, product, price, quantity in _rows(stream):
            book = books[product]
            limit = book.limit_buy if side == BUY else book.limit_sell
            new, cancel = (limit, (order, quantity, price)), (book.cancel, (order,))
            self.steps.append(new if is_new else cancel)

    def fills(self) -> Fills:
        """Run the flow once more on a fresh book and read every trade off what changed in it."""
        readers = [_Reader(self._module.LimitOrderBook()) for _ in range(self._products)]
        fills: Fills = []
        for is_new, order, side, product, price, quantity in _rows(self._stream):
            if is_new:
                readers[product].new(order, side, price, quantity, fills)
            else:
                readers[product].cancel(order)
        return fills


class _Reader:
    """Sends commands to a book without reports and reads its trades off the volumes of its prices.

    Only the book is asked which orders are gone and how much is left at a price; who stood there before
    is noted here. A book that takes the wrong order shows other trades.
    """

    def __init__(self, book: Any) -> None:  # noqa: ANN401 - the peer's own type
        self._book = book
        self._levels: tuple[dict[int, dict[int, int]], ...] = ({}, {}, {})
        self._where: dict[int, tuple[int, int]] = {}

    def new(self, order: int, side: int, price: int, quantity: int, fills: Fills) -> None:
        """Send a limit order and note what it took."""
        book, opposite = self._book, 3 - side
        volume_at = book.volume_sell if side == BUY else book.volume_buy
        (book.limit_buy if side == BUY else book.limit_sell)(order, quantity, price)
        levels = self._levels[opposite]
        for at in sorted(levels, reverse=side != BUY):
            if (at > price) if side == BUY else (at < price):
                break
            before, after = sum(levels[at].values()), volume_at(at)
            if before == after:
                break
            self._read_level(order, at, opposite, before - after, fills)
            quantity -= before - after
        if book.has(order):
            self._levels[side].setdefault(price, {})[order] = quantity
            self._where[order] = (side, price)

    def _read_level(self, taker: int, at: int, side: int, taken: int, fills: Fills) -> None:
        level = self._levels[side][at]
        for maker in list(level):
            if not self._book.has(maker):
                fills.append((maker, taker, at, level[maker]))
                taken -= level.pop(maker)
                del self._where[maker]
        if taken:
            maker = next(iter(level))
            fills.append((maker, taker, at, taken))
            level[maker] -= taken
        if not level:
            del self._levels[side][at]

    def cancel(self, order: int) -> None:
        """Send a cancel."""
        self._book.cancel(order)
        side, price = self._where.pop(order)
        del self._levels[side][price][order]
        if not self._levels[side][price]:
            del self._levels[side][price]


PEERS: Final[Sequence[tuple[str, str, Maker]]] = (
    ("sortedcontainers baseline", "sortedcontainers", Baseline),
    ("limit-order-book", "limit_order_book", LimitOrderBook),
    ("orderly-chaos", "orderly_chaos", OrderlyChaos),
    ("cython-orderbook", "cython_orderbook", CythonOrderbook),
    ("pyorderbook", "pyorderbook", Pyorderbook),
    ("lightmatchingengine", "lightmatchingengine", Lightmatchingengine),
)
"""Name, module and adapter of each peer."""
