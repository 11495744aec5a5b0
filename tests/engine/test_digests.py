"""Two digests that tell histories and states apart: whatever differs, however little, shows."""

from typing import Any

import pytest
from msgspec import structs

from engine.commands import CancelOrder, PickListing, PlaceListing, Side
from engine.core.layout import State
from engine.exchange import Exchange
from tests.markets import Desk, first_day, small_profile, trader

BASE = PlaceListing(
    product="CEA19-20", side=Side.SELL, price_fen=4_900, quantity_t=10, client_order=7
)


def history(
    command: PlaceListing | CancelOrder = BASE,
    participant: int = 2,
    late_ns: int = 1,
    tonnes: int = 1_000,
) -> Exchange:
    """Return a market in which one command came at a time after the opening."""
    exchange = Exchange(small_profile())
    desk = first_day(exchange, tonnes=tonnes)
    desk.send(trader(participant), command, desk.time_ns + late_ns)
    return exchange


@pytest.mark.parametrize(
    "changed",
    [
        {"command": structs.replace(BASE, side=Side.BUY)},
        {"command": structs.replace(BASE, price_fen=4_901)},
        {"command": structs.replace(BASE, quantity_t=11)},
        {"command": structs.replace(BASE, client_order=8)},
        {"command": structs.replace(BASE, product="CEA21")},
        {"command": structs.replace(BASE, product="NONE-1")},
        {"command": CancelOrder(order=1, client_order=7)},
        {"participant": 1},
        {"late_ns": 2},
    ],
    ids=str,
)
def test_another_history_has_another_event_digest(changed: dict[str, Any]) -> None:
    assert history().event_digest() == history().event_digest()
    assert history(**changed).event_digest() != history().event_digest()


def test_each_figure_of_a_refusal_counts() -> None:
    """Commands refused alike differ only in what the refusal tells: an order's number, what was wanted."""
    unknown = {history(CancelOrder(order=n, client_order=7)).event_digest() for n in (98, 99)}
    assert len(unknown) == 2
    wanted = {
        history(structs.replace(BASE, quantity_t=n), tonnes=5).event_digest() for n in (10, 11)
    }
    assert len(wanted) == 2


def busy() -> Exchange:
    """Return a market with a live row of every kind."""
    exchange = Exchange(small_profile())
    desk: Desk = first_day(exchange)
    for side, price in ((Side.BUY, 4_700), (Side.SELL, 4_900)):
        desk.listing(2, side, price, 10)
    number = desk.next_client_order
    desk.one(trader(1), PickListing(listing=2, quantity_t=4, client_order=number()))
    desk.one(trader(2), CancelOrder(order=1, client_order=number()))
    desk.one(trader(2), CancelOrder(order=99, client_order=number()))
    return exchange


PLACES = {
    "methods": 0,
    "products": 0,
    "tallies": 0,
    "restrictions": 1,
    "cash": 1,
    "holdings": 3,
    "stored": 3,
    "orders": 1,
    "cancels": 1,
    "refusals": 1,
    "trades": 0,
}
"""A live row of each concept that the state digest covers."""


@pytest.mark.parametrize("name", PLACES)
def test_damage_of_any_row_shows_in_the_state_digest(name: str) -> None:
    exchange = busy()
    before = exchange.state_digest()
    state: State = exchange._market.core.state
    rows = getattr(state, name)
    for field in rows.dtype.names or ("",):
        column = rows[field] if field else rows
        column[PLACES[name]] += 1
        assert exchange.state_digest() != before, f"{name} {field}"
        column[PLACES[name]] -= 1
    assert exchange.state_digest() == before
