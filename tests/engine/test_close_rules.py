"""Open and close of a day by a market's own rules (R48-R51): first trade or last close, mean or threshold."""

import pytest
from msgspec import structs

from engine.commands import PickListing, Side
from engine.events import DayClosed, ListingPlaced, Traded
from engine.profile import Profile
from tests.engine.control_desk import exchange_of, roomy_profile, watched_day
from tests.markets import Desk, trader

BASE_FEN = 4_800
Trades = tuple[tuple[int, int], ...]


def rules(open_rule: str, threshold_t: int) -> Profile:
    """Return the small market without a published open, with these rules."""
    small = roomy_profile()
    listed = structs.replace(small.listed, open_rule=open_rule, close_threshold_t=threshold_t)
    return structs.replace(small, listed=listed, published_open=())


def trade(desk: Desk, price_fen: int, quantity_t: int) -> None:
    placed = desk.listing(1, Side.SELL, price_fen, quantity_t)
    assert isinstance(placed, ListingPlaced), placed
    number = desk.next_client_order()
    pick = PickListing(listing=placed.order, quantity_t=quantity_t, client_order=number)
    assert isinstance(desk.one(trader(2), pick), Traded)


@pytest.mark.parametrize(
    ("open_rule", "threshold_t", "trades", "opened", "closed"),
    [
        ("first_trade", 0, (), 4_800, 4_800),
        ("first_trade", 0, ((5_000, 1),), 5_000, 5_000),  # a tonne sets the close (R51)
        ("first_trade", 0, ((5_000, 1), (4_900, 1), (4_900, 1)), 5_000, 4_933),
        ("first_trade", 0, ((5_000, 1), (4_901, 1)), 5_000, 4_951),  # 49.505: half up
        ("first_trade", 100, (), 4_800, 4_800),
        ("first_trade", 100, ((5_000, 60), (4_900, 40)), 5_000, 5_000),  # 100 t: the open
        ("first_trade", 100, ((5_000, 60), (4_900, 41)), 5_000, 4_959),  # 101 t: the mean
        ("previous_close", 0, (), 4_800, 4_800),
        ("previous_close", 0, ((5_000, 1),), 4_800, 5_000),
        ("previous_close", 100, ((5_000, 100),), 4_800, 4_800),
        ("previous_close", 100, ((5_000, 101),), 4_800, 5_000),
    ],
)
def test_open_and_close(
    open_rule: str, threshold_t: int, trades: Trades, opened: int, closed: int
) -> None:
    desk = watched_day(rules(open_rule, threshold_t))
    shown = BASE_FEN if open_rule == "previous_close" else 0
    assert exchange_of(desk).market().products[0].open_fen == shown
    for price, quantity in trades:
        trade(desk, price, quantity)
        assert exchange_of(desk).market().products[0].open_fen == opened
    ended = desk.advance("15:00")[-1]
    assert isinstance(ended, DayClosed)
    row = ended.bulletin.products[0]
    assert (row.open_fen, row.close_fen) == (opened, closed)
    prices = [price for price, _ in trades] or [0]
    assert (row.high_fen, row.low_fen) == (max(prices), min(prices))
    desk.open_day("2021-07-19")
    assert desk.set_reference(closed).price_fen == closed  # the next day's bands stand on it
    shown = closed if open_rule == "previous_close" else 0
    assert exchange_of(desk).market().products[0].open_fen == shown
