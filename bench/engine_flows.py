"""Continuous flows for the engine's benchmark: half passive orders, two fifths cancels, a tenth through the touch.

A flow is made once from a seed and follows its own plain book, so nothing is asked of the engine. Odd
participants buy and even ones sell: no order ever meets its owner's, and a book that knows no owners
trades the same. The first `live` orders only fill the book; they rest and are not timed.
"""

import random
from typing import Final

import numpy as np
from msgspec import Struct
from sortedcontainers import SortedDict

from bench.stream import BUY, SELL, Stream
from engine.units import band_fen

REFERENCE_FEN: Final = 7_000
BAND_BP: Final = 1_000
DEPTH_TICKS: Final = 60
"""Passive orders stand up to so far behind the reference, near prices more often."""
DEPTH_TICKS_DEEP: Final = 600
THROUGH_TICKS: Final = 3
"""How far beyond the best opposite price a taking order goes."""
QUANTITY_T_MAX: Final = 200
CANCELS_PERCENT: Final = 40
PASSIVES_PERCENT: Final = 50
SLACK: Final = 20
"""The book is held at its size within a twentieth: takers take more above and less below."""


class FlowShape(Struct, frozen=True, kw_only=True):
    """What a continuous flow is like; it stands in the conditions of every figure."""

    seed: int = 20_260_105
    participants: int = 3_600
    products: int = 1
    live: int = 5_000
    commands: int = 200_000
    depth_ticks: int = DEPTH_TICKS


SHAPES: Final = {
    "one": FlowShape(),
    "five": FlowShape(products=5),
    "deep": FlowShape(live=200_000, depth_ticks=DEPTH_TICKS_DEEP),
}


class _Order(Struct):
    number: int
    side: int
    product: int
    price: int
    left: int
    participant: int
    place: int = 0
    """Where it stands in the list of live ones."""


class _Side(Struct):
    """One side of one product: the orders of each price in order of arrival."""

    levels: "SortedDict[int, dict[int, _Order]]"


class ContinuousFlow:
    """Makes commands one by one and follows what they do to the book."""

    def __init__(self, shape: FlowShape) -> None:
        self._shape = shape
        self._random = random.Random(shape.seed)  # noqa: S311 - a workload, not a secret
        self._floor, self._cap = band_fen(REFERENCE_FEN, BAND_BP)
        self._sides = [_Side(SortedDict()) for _ in range(2 * shape.products)]
        self._live: list[_Order] = []
        self._orders = 0
        self._columns: dict[str, list[int]] = {name: [] for name in Stream.__struct_fields__}

    def stream(self) -> Stream:
        """Return the orders that fill the book, then the mixed commands."""
        for _ in range(self._shape.live):
            self._passive()
        for _ in range(self._shape.commands):
            draw = self._random.randrange(100)
            if draw < PASSIVES_PERCENT or not self._live:
                self._passive()
            elif draw < PASSIVES_PERCENT + CANCELS_PERCENT:
                self._cancel()
            else:
                self._through()
        return self._finished()

    def sweep(self) -> Stream:
        """Return the cancels of all that is live at the end of `stream`, oldest first."""
        self._columns = {name: [] for name in Stream.__struct_fields__}
        for order in sorted(self._live, key=lambda order: order.number):
            self._note(order, is_new=False)
        return self._finished()

    def _finished(self) -> Stream:
        columns = {name: np.array(values, np.int64) for name, values in self._columns.items()}
        columns["is_new"] = columns["is_new"].astype(bool)
        return Stream(**columns)

    def _note(self, order: _Order, *, is_new: bool) -> None:
        columns = self._columns
        columns["is_new"].append(is_new)
        columns["order"].append(order.number)
        columns["target"].append(0 if is_new else order.number)
        columns["side"].append(order.side)
        columns["product"].append(order.product)
        columns["price_fen"].append(order.price)
        columns["quantity_t"].append(order.left)
        columns["participant"].append(order.participant)

    def _side(self, product: int, side: int) -> "SortedDict[int, dict[int, _Order]]":
        return self._sides[2 * product + side - 1].levels

    def _best(self, product: int, side: int) -> int:
        """Return the best price of a side, 0 if it is empty."""
        levels = self._side(product, side)
        return int(levels.peekitem(-1 if side == BUY else 0)[0]) if levels else 0

    def _draw_order(self, product: int, side: int, price: int, quantity: int) -> _Order:
        # odd numbers buy, even ones sell
        pair = self._random.randrange(self._shape.participants // 2)
        participant = 2 * pair + (1 if side == BUY else 2)
        self._orders += 1
        held = min(max(price, self._floor), self._cap)
        return _Order(self._orders, side, product, held, quantity, participant)

    def _passive(self) -> None:
        draw, depth = self._random.randrange, self._shape.depth_ticks
        product, side = draw(self._shape.products), draw(2) + 1
        away = 1 + min(draw(depth), draw(depth))
        opposite = self._best(product, BUY + SELL - side)
        if side == BUY:
            price = REFERENCE_FEN - away
            price = min(price, opposite - 1) if opposite else price
        else:
            price = max(REFERENCE_FEN + away, opposite + 1)
        order = self._draw_order(product, side, price, 1 + draw(QUANTITY_T_MAX))
        self._note(order, is_new=True)
        self._rest(order)

    def _rest(self, order: _Order) -> None:
        order.place = len(self._live)
        self._live.append(order)
        self._side(order.product, order.side).setdefault(order.price, {})[order.number] = order

    def _forget(self, order: _Order) -> None:
        """Take an order out of the list of live ones."""
        last = self._live.pop()
        if last is not order:
            self._live[order.place] = last
            last.place = order.place

    def _cancel(self) -> None:
        order = self._random.choice(self._live)
        self._note(order, is_new=False)
        self._forget(order)
        levels = self._side(order.product, order.side)
        level = levels[order.price]
        del level[order.number]
        if not level:
            del levels[order.price]

    def _through(self) -> None:
        product, side = self._random.randrange(self._shape.products), self._random.randrange(2) + 1
        opposite = BUY + SELL - side
        best = self._best(product, opposite)
        if not best:
            self._passive()
            return
        price = best + THROUGH_TICKS if side == BUY else best - THROUGH_TICKS
        quantity = 1 + self._random.randrange(QUANTITY_T_MAX)
        if len(self._live) * SLACK > self._shape.live * (SLACK + 1):
            quantity *= 2
        elif len(self._live) * SLACK < self._shape.live * (SLACK - 1):
            quantity = 1 + quantity // 2  # half of it, so that the book grows
        order = self._draw_order(product, side, price, quantity)
        self._note(order, is_new=True)
        self._match(order, self._side(product, opposite))
        if order.left:
            self._rest(order)

    def _match(self, order: _Order, levels: "SortedDict[int, dict[int, _Order]]") -> None:
        is_buy = order.side == BUY
        while order.left and levels:
            price, level = levels.peekitem(0 if is_buy else -1)
            if price > order.price if is_buy else price < order.price:
                return
            while order.left and level:
                resting = next(iter(level.values()))
                taken = min(order.left, resting.left)
                order.left -= taken
                resting.left -= taken
                if resting.left == 0:
                    del level[resting.number]
                    self._forget(resting)
            if not level:
                del levels[price]
