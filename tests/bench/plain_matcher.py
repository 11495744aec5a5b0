"""A price-time market in forty lines that shares nothing with the project: the judge of outside flow."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

Row = tuple[str, str, str, str, str, str]
"""action, order, side, product, price, quantity as they stand in the file."""


@dataclass
class Resting:
    """An order with something left."""

    number: int
    is_buy: bool
    product: str
    price: Decimal
    left: int


@dataclass
class PlainMarket:
    """Everything that stands, in order of arrival, and what was counted."""

    book: list[Resting] = field(default_factory=list)
    trades: list[tuple[int, int, int, int]] = field(default_factory=list)
    """Maker, taker, price in fen, quantity."""
    orders: int = 0
    dead_cancels: int = 0

    def run(self, rows: Iterable[Row]) -> "PlainMarket":
        """Trade the rows of a file."""
        for action, order, side, product, price, quantity in rows:
            if action == "cancel":
                self._cancel(int(order))
            else:
                self.orders += 1
                self._new(
                    Resting(int(order), side == "buy", product, Decimal(price), int(quantity))
                )
        return self

    def _cancel(self, number: int) -> None:
        standing = [order for order in self.book if order.number != number]
        self.dead_cancels += len(standing) == len(self.book)
        self.book = standing

    def _new(self, taker: Resting) -> None:
        while taker.left and (crossing := self._crossing(taker)):
            maker = (min if taker.is_buy else max)(crossing, key=lambda order: order.price)
            quantity = min(maker.left, taker.left)
            self.trades.append((maker.number, taker.number, int(maker.price * 100), quantity))
            maker.left -= quantity
            taker.left -= quantity
            self.book = [order for order in self.book if order.left]
        if taker.left:
            self.book.append(taker)

    def _crossing(self, taker: Resting) -> Sequence[Resting]:
        """Return what a taker may take, oldest first: min and max keep the first of equals."""
        return [
            order
            for order in self.book
            if order.product == taker.product
            and order.is_buy != taker.is_buy
            and (order.price <= taker.price if taker.is_buy else order.price >= taker.price)
        ]

    def hash(self) -> str:
        """Return the hash over all trades in order."""
        value = 0
        for maker, taker, price_fen, quantity in self.trades:
            value = value * 1_000_003 + maker * 31 + taker * 17 + price_fen * 7 + quantity
        return f"{value % 2**64:016x}"
