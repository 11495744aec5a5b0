"""Robots of the live demo: they list, pick and cancel around a wandering value at a human pace."""

import asyncio
from collections.abc import Callable
from random import Random
from typing import Final

from msgspec import Struct

from engine.commands import Side
from engine.events import Cancelled, ListingPlaced, Traded
from engine.units import band_fen
from engine.views import Depth, DepthLevel
from gateway.client import Answer, Client
from gateway.client_errors import RequestFailed

LISTINGS_MAX: Final = 4
"""Most own listings of a robot in one product; past it the oldest goes."""
PAUSE_SECONDS: Final = (1.5, 7.0)
PICK_PART: Final = 0.3
CANCEL_PART: Final = 0.08
DEPTH_FEN: Final = 60
"""How far from its value a robot lists, at most."""
WANDER_FEN: Final = 4.0
PULL: Final = 0.01
"""How strongly a value is drawn back to the reference, per step."""
LOT_T: Final = 10
LISTING_LOTS: Final = (5, 300)


class Mood(Struct, kw_only=True):
    """What all robots think a product is worth; it wanders and stays well inside the band."""

    product: str
    reference_fen: int
    value_fen: float = 0.0

    def anchor(self, reference_fen: int) -> None:
        """Begin a day at its reference price."""
        self.reference_fen = reference_fen
        self.value_fen = float(reference_fen)

    def wander(self, random: Random) -> None:
        """Take a small step, drawn back to the reference."""
        pull = (self.reference_fen - self.value_fen) * PULL
        floor, cap = band_fen(self.reference_fen, 500)
        value = self.value_fen + random.gauss(0.0, WANDER_FEN) + pull
        self.value_fen = min(max(value, float(floor)), float(cap))


class StayRobot:
    """One trader with a connection of its own that never tires."""

    def __init__(self, client: Client, moods: list[Mood], random: Random) -> None:
        self.client = client
        self.answers = 0
        self.trades = 0
        self.refused = 0
        self._moods = moods
        self._random = random
        self._own: dict[str, list[int]] = {}

    async def run(self, is_open: Callable[[], bool]) -> None:
        """Act for ever; while the market is closed wait, and forget what lapsed."""
        while True:
            await asyncio.sleep(self._random.uniform(*PAUSE_SECONDS))
            if not is_open():
                self._own.clear()
                continue
            mood = self._random.choices(self._moods, weights=self._weights())[0]
            try:
                await self.act(mood)
            except RequestFailed:
                # Too fast, or the exchange is going down: a person would try again later, too.
                self.refused += 1

    def _weights(self) -> list[int]:
        """Return how much each product is traded: the newest vintage most."""
        return [1] * (len(self._moods) - 1) + [3]

    async def act(self, mood: Mood) -> None:
        """Do one thing in one product."""
        mood.wander(self._random)
        own = self._own.setdefault(mood.product, [])
        chance = self._random.random()
        if len(own) >= LISTINGS_MAX or (own and chance < CANCEL_PART):
            await self._cancel(own)
            return
        book = await self.client.book(mood.product)
        if chance < CANCEL_PART + PICK_PART and await self._pick(mood, book, own):
            return
        await self._list(mood, book, own)

    async def _cancel(self, own: list[int]) -> None:
        answer = await self.client.cancel_order(own.pop(0))
        self._note(answer)

    async def _pick(self, mood: Mood, book: Depth, own: list[int]) -> bool:
        """Pick a part of a listing of the best level whose price suits; False where there is none."""
        side = self._random.choice((Side.BUY, Side.SELL))
        levels = book.asks if side is Side.BUY else book.bids
        if not levels or not self._suits(side, levels[0], mood):
            return False
        resting = Side.SELL if side is Side.BUY else Side.BUY
        rows = await self.client.listings(mood.product, resting, levels[0].price_fen)
        others = [row for row in rows if row.order not in own]
        if not others:
            return False
        listing = self._random.choice(others)
        lots = max(1, listing.left_t // LOT_T)  # rounds down: whole lots of ten
        wished_t = LOT_T * self._random.randint(1, lots)
        self._note(await self.client.pick_listing(listing.order, min(wished_t, listing.left_t)))
        return True

    def _suits(self, side: Side, level: DepthLevel, mood: Mood) -> bool:
        """Say whether a level is near enough to what the robot thinks the product is worth."""
        away_fen = level.price_fen - mood.value_fen
        return (away_fen if side is Side.BUY else -away_fen) <= self._random.uniform(0, DEPTH_FEN)

    async def _list(self, mood: Mood, book: Depth, own: list[int]) -> None:
        side = self._random.choice((Side.BUY, Side.SELL))
        away_fen = 1 + int(abs(self._random.gauss(0.0, DEPTH_FEN / 3)))
        value_fen = round(mood.value_fen)
        price_fen = value_fen - away_fen if side is Side.BUY else value_fen + away_fen
        # A listing that crosses would rest (R46), and nobody would understand why.
        if side is Side.BUY and book.asks:
            price_fen = min(price_fen, book.asks[0].price_fen - 1)
        if side is Side.SELL and book.bids:
            price_fen = max(price_fen, book.bids[0].price_fen + 1)
        floor, cap = band_fen(mood.reference_fen, 1_000)
        quantity_t = LOT_T * self._random.randint(*LISTING_LOTS)
        answer = await self.client.place_listing(
            mood.product, side, min(max(price_fen, floor), cap), quantity_t
        )
        if isinstance(answer.first, ListingPlaced):
            own.append(answer.order)
        self._note(answer)

    def _note(self, answer: Answer) -> None:
        self.answers += 1
        self.trades += isinstance(answer.first, Traded)
        self.refused += not isinstance(answer.first, Traded | ListingPlaced | Cancelled)
