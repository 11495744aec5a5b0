"""Batches of listings as rows, and what a refused batch must leave as it is."""

from typing import Any

from msgspec import structs

from engine.commands import (
    NewListing,
    PlaceListings,
    Side,
)
from engine.events import (
    AnyEvent,
    Refused,
)
from engine.reasons import Reason
from tests.markets import PRODUCT, Desk
from tests.restarts import exchange_of

BUY, SELL = Side.BUY, Side.SELL
FIRST = 1_000_000
"""Client order numbers of batches begin here, so that they meet no other."""


def item(place: int, side: Side, price_fen: int, quantity_t: int, **changes: Any) -> NewListing:
    """Return a listing of a batch; its client order number follows from its place."""
    row = NewListing(
        product=PRODUCT,
        side=side,
        price_fen=price_fen,
        quantity_t=quantity_t,
        client_order=FIRST + place,
    )
    return structs.replace(row, **changes)


def batch(*rows: tuple[Side, int, int], start: int = 0) -> PlaceListings:
    """Return a batch of rows of side, price and quantity."""
    return PlaceListings(orders=tuple(item(start + n, *row) for n, row in enumerate(rows)))


def refusal(events: list[AnyEvent]) -> tuple[Reason, int, int, int]:
    """Return reason, place, order and client order number of the one refusal of a batch."""
    (event,) = events
    assert isinstance(event, Refused), event
    return event.reason, event.place, event.order, event.client_order


def kinds(events: list[AnyEvent]) -> list[type]:
    return [type(event) for event in events]


def seen(desk: Desk) -> tuple[object, ...]:
    """Return what a refused command must leave as it is."""
    market = exchange_of(desk)
    accounts = tuple(market.account(number) for number in (1, 2, 3))
    orders = tuple(market.orders(number) for number in (1, 2, 3))
    return (*accounts, *orders, market.depth(PRODUCT))
