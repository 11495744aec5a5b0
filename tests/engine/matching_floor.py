"""A morning of a market that matches on entry, for tests of what listings take."""

from typing import Any

from msgspec import structs

from engine.commands import PlaceListing, Side
from engine.events import AnyEvent, ListingPlaced, Traded
from engine.profile import Profile
from tests.markets import PRODUCT, Desk, Market, Twins, first_day, national, trader

FILLS = 4


def matching(fills: int = FILLS, **changes: Any) -> Profile:
    """Return the national market with crossing listings matched."""
    whole = national()
    listed = structs.replace(whole.listed, crossing_listings="match", reduce=True, **changes)
    capacity = structs.replace(whole.capacity, fills_per_command=fills)
    return structs.replace(whole, listed=listed, capacity=capacity)


class Floor:
    """A morning in which three participants own plenty; engine and oracle agree after each command."""

    def __init__(self, profile: Profile | None = None, market: Market | None = None) -> None:
        self.desk: Desk = first_day(market or Twins(profile or matching()))

    def send(self, participant: int, side: Side, price_fen: int, quantity_t: int) -> list[AnyEvent]:
        command = PlaceListing(
            product=PRODUCT,
            side=side,
            price_fen=price_fen,
            quantity_t=quantity_t,
            client_order=self.desk.next_client_order(),
        )
        return self.desk.send(trader(participant), command)

    def rest(self, participant: int, side: Side, price_fen: int, quantity_t: int) -> int:
        (placed,) = self.send(participant, side, price_fen, quantity_t)
        assert isinstance(placed, ListingPlaced), placed
        return placed.order


def fills(events: list[AnyEvent]) -> list[tuple[int, int, int]]:
    """Return resting order, price and tonnes of the trades."""
    return [
        (event.resting_order, event.price_fen, event.quantity_t)
        for event in events
        if isinstance(event, Traded)
    ]
