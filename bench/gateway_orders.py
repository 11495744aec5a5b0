"""The orders of a load: 45 % listings, 40 % cancels of own ones, 15 % picks, in frames that are nearly ready.

Buyers and sellers are different participants. Every offer to sell that may be picked stands at the best
price; all other listings spread over the levels of both sides.
"""

import random
from collections import deque
from typing import Final

from bench.gateway_market import PRODUCT, REFERENCE_FEN
from engine.commands import AnyCommand, CancelOrder, PickListing, PlaceListing, Side
from gateway import wire

CYCLE: Final = ("list",) * 9 + ("cancel",) * 8 + ("pick",) * 3
LEVELS: Final = 5
QUANTITY_T: Final = 10
PICKED_T: Final = 1
PICKS: Final = 5
"""How often one offer is picked; the rest of it stays."""
ORDER: Final = b'"order":'
MARK_ID, MARK_CLIENT, MARK_TARGET = 1_234_567_890_123, 2_345_678_901_234, 1_345_678_901
"""Numbers that stand nowhere else in a frame: where they stand, the real ones are put in."""


class Pattern:
    """A frame with places for its id, its client order number and the order that it names."""

    def __init__(self, command: AnyCommand) -> None:
        text = wire.encode(wire.Submit(id=MARK_ID, command=command)).decode()
        for mark, name in ((MARK_ID, "id"), (MARK_CLIENT, "client"), (MARK_TARGET, "target")):
            text = text.replace(str(mark), f"%({name})d")
        self._text = text.encode()

    def frame(self, number: int, target: int) -> bytes:
        """Return a client's websocket frame; the client order number is the request's."""
        payload = self._text % {b"id": number, b"client": number, b"target": target}
        size = len(payload)
        return b"\x81\xfe" + size.to_bytes(2) + b"\0\0\0\0" + payload


def _listing(side: Side, level: int) -> Pattern:
    price_fen = REFERENCE_FEN + (level if side is Side.SELL else -1 - level)
    return Pattern(
        PlaceListing(
            product=PRODUCT,
            side=side,
            price_fen=price_fen,
            quantity_t=QUANTITY_T,
            client_order=MARK_CLIENT,
        )
    )


class Flow:
    """What one connection sends; the numbers of accepted listings are told to it."""

    def __init__(self, participant: int, seed: int, offered: deque[int]) -> None:
        self._dice = random.Random(f"{seed} {participant}")  # noqa: S311 - orders, not secrets
        side = Side.SELL if participant % 2 else Side.BUY
        self._is_buyer = side is Side.BUY
        self._listings = [_listing(side, level) for level in range(LEVELS)]
        self._cancel = Pattern(CancelOrder(order=MARK_TARGET, client_order=MARK_CLIENT))
        self._pick = Pattern(
            PickListing(listing=MARK_TARGET, quantity_t=PICKED_T, client_order=MARK_CLIENT)
        )
        self._own: deque[int] = deque()
        self._offered = offered
        """Listings at the best price to sell, of all connections; nobody cancels these."""
        self._cycle = list(CYCLE)
        self._place = len(CYCLE)
        self._waiting: dict[int, deque[int] | None] = {}

    def next(self, number: int) -> bytes:
        """Return the frame of the next order; its number names the request and the order."""
        if self._place == len(self._cycle):
            self._dice.shuffle(self._cycle)
            self._place = 0
        kind = self._cycle[self._place]
        self._place += 1
        self._waiting[number] = None
        if kind == "cancel" and self._own:
            return self._cancel.frame(number, self._own.popleft())
        if kind == "pick" and self._is_buyer and self._offered:
            return self._pick.frame(number, self._offered.popleft())
        level = self._dice.randrange(LEVELS)
        is_offer = not self._is_buyer and not level
        self._waiting[number] = self._offered if is_offer else self._own
        return self._listings[level].frame(number, 0)

    def acknowledged(self, number: int, text: bytes) -> None:
        """Note what became of an order; KeyError where it is not of this connection or was told twice."""
        goes_to = self._waiting.pop(number)
        if goes_to is not None:
            order = order_of(text)
            goes_to.extend((order,) * (PICKS if goes_to is self._offered else 1))

    def forget(self, number: int) -> None:
        """Note that an order was not taken; KeyError as for what is acknowledged."""
        del self._waiting[number]


def order_of(text: bytes) -> int:
    """Return the number of the order that an answer names."""
    place = text.find(ORDER) + len(ORDER)
    return int(text[place : text.index(b",", place)])
