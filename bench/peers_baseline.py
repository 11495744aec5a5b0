"""Our own plain price-time book in Python: what `sortedcontainers` gives without a compiler."""

from collections.abc import Sequence

from sortedcontainers import SortedDict

from bench.stream import BUY

Resting = list[int]
"""Of a resting order: its number, its price, what is left, its side, its product."""
Fills = list[tuple[int, int, int, int]]


class PlainBook:
    """Books by product: prices in sorted dictionaries, the orders of a price in order of arrival."""

    def __init__(self, products: int) -> None:
        self.fills: Fills = []
        """(maker, taker, price, quantity) in order."""
        self._live: dict[int, Resting] = {}
        self._bids: Sequence[SortedDict[int, dict[int, Resting]]] = [
            SortedDict() for _ in range(products)
        ]
        self._asks: Sequence[SortedDict[int, dict[int, Resting]]] = [
            SortedDict() for _ in range(products)
        ]

    def new(self, number: int, side: int, product: int, price: int, quantity: int) -> None:
        """Take what crosses at the resting prices, then rest with what is left."""
        opposite = (self._asks if side == BUY else self._bids)[product]
        while quantity and opposite:
            best, level = opposite.peekitem(0 if side == BUY else -1)
            if best > price if side == BUY else best < price:
                break
            quantity = self._take(number, best, level, quantity)
            if not level:
                del opposite[best]
        if quantity:
            resting = [number, price, quantity, side, product]
            self._live[number] = resting
            levels = (self._bids if side == BUY else self._asks)[product]
            level = levels.get(price)
            if level is None:
                levels[price] = {number: resting}
            else:
                level[number] = resting

    def _take(self, taker: int, price: int, level: dict[int, Resting], quantity: int) -> int:
        while quantity and level:
            resting = next(iter(level.values()))
            taken = min(quantity, resting[2])
            self.fills.append((resting[0], taker, price, taken))
            quantity -= taken
            resting[2] -= taken
            if not resting[2]:
                del level[resting[0]], self._live[resting[0]]
        return quantity

    def cancel(self, number: int) -> bool:
        """Take an order back; False if it is not live."""
        resting = self._live.pop(number, None)
        if resting is None:
            return False
        _, price, _, side, product = resting
        levels = (self._bids if side == BUY else self._asks)[product]
        level = levels[price]
        del level[number]
        if not level:
            del levels[price]
        return True
