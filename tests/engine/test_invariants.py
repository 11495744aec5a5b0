"""The engine's own check bites: every kind of damage to its state is found and named."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs

from engine.commands import ArmSwitch, PickListing, SettleTrade, Side
from engine.core.layout import State
from engine.core.records import CommandKind
from engine.exchange import Exchange
from engine.profile import FeeRates, Fees, Position
from engine.units import AMOUNT_FEN_MAX
from tests.markets import CLEARING, Desk, first_day, national, small_profile, trader
from tests.restarts import market_of

BUYER, SELLER = 1, 2


def busy_market() -> Exchange:
    """Return a market with an open buy and sell listing of several orders and an unsettled trade."""
    exchange = Exchange(small_profile())
    desk: Desk = first_day(exchange)
    for _ in range(2):
        desk.listing(BUYER, Side.BUY, 4_700, 10)
        desk.listing(SELLER, Side.SELL, 4_900, 10)
    pick = PickListing(listing=2, quantity_t=4, client_order=desk.next_client_order())
    desk.one(trader(BUYER), pick)
    exchange.check()
    return exchange


def holding(participant: int) -> int:
    return participant * len(small_profile().products)


DAMAGE: dict[str, tuple[Callable[[State], Any], int, str | None]] = {
    "locked cash": (lambda s: s.cash, BUYER, "locked_fen"),
    "settled cash": (lambda s: s.cash, BUYER, "settled_fen"),
    "payable cash": (lambda s: s.cash, BUYER, "payable_fen"),
    "proceeds": (lambda s: s.cash, SELLER, "proceeds_fen"),
    "locked tonnes": (lambda s: s.holdings, holding(SELLER), "locked_t"),
    "available tonnes": (lambda s: s.holdings, holding(SELLER), "available_t"),
    "sold tonnes": (lambda s: s.holdings, holding(SELLER), "sold_t"),
    "bought tonnes": (lambda s: s.holdings, holding(BUYER), "bought_t"),
    "delivered tonnes": (lambda s: s.stored, holding(BUYER), "delivered_t"),
    "what an order has left": (lambda s: s.orders, 1, "left_t"),
    "an order's state": (lambda s: s.orders, 1, "state"),
    "an order's level": (lambda s: s.orders, 1, "position"),
    "a link": (lambda s: s.orders, 3, "previous"),
    "a trade's buyer": (lambda s: s.trades, 0, "buyer"),
    "a trade's quantity": (lambda s: s.trades, 0, "quantity_t"),
    "a trade's state": (lambda s: s.trades, 0, "state"),
    "the best level": (lambda s: s.ladders, 0, "best"),
    "the count of listings": (lambda s: s.ladders, 0, "listings"),
    "an occupancy bit": (lambda s: s.bits, 0, None),
    "an occupancy group": (lambda s: s.groups, 0, None),
    "an occupancy block": (lambda s: s.blocks, 0, None),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_found(damage: str) -> None:
    exchange = busy_market()
    rows_of, place, name = DAMAGE[damage]
    rows = rows_of(exchange._market.core.state)
    column = rows if name is None else rows[name]
    column[place] += column.dtype.type(1)
    with pytest.raises(AssertionError):
        exchange.check()


@pytest.mark.parametrize("name", ["quantity_t", "listings", "tail"])
def test_damage_to_a_level_is_found(name: str) -> None:
    exchange = busy_market()
    levels = exchange._market.core.state.levels
    (place, *_) = levels["head"].nonzero()[0]
    levels[place][name] += 1
    with pytest.raises(AssertionError):
        exchange.check()


def test_money_and_tonnes_from_nowhere_are_found() -> None:
    """Amounts that balance within a row but not with what came in from outside."""
    exchange = busy_market()
    exchange._market.deposits_fen += 1
    with pytest.raises(AssertionError, match="deposits"):
        exchange.check()
    exchange = busy_market()
    exchange._market.transfers_t[0] += 1
    with pytest.raises(AssertionError, match="lost or made"):
        exchange.check()


def pilot_market() -> Exchange:
    """Return a market with fees, matches and a position limit, in which orders stand and trades wait."""
    listed = structs.replace(small_profile().listed, crossing_listings="match")
    rates = FeeRates(listed_buyer_bp=10, listed_seller_bp=20)
    profile = structs.replace(
        small_profile(),
        listed=listed,
        fees=Fees(trading=rates, settlement=rates),
        position=Position(limit_t=2_000_000),
    )
    exchange = Exchange(profile)
    desk = first_day(exchange)
    desk.listing(BUYER, Side.BUY, 4_700, 10)
    desk.listing(SELLER, Side.SELL, 4_900, 10)
    desk.listing(BUYER, Side.BUY, 4_900, 4)
    settle = SettleTrade(trade=1, reference=desk.next_reference())
    desk.listing(BUYER, Side.BUY, 4_900, 4)
    desk.send(CLEARING, settle)
    exchange.check()
    return exchange


@pytest.mark.parametrize(
    ("name", "field", "message"),
    [
        ("wanted", None, "wanted tonnes"),
        ("cash", "locked_fen", "locked cash"),
        ("cash", "payable_fen", "payable"),
        ("cash", "settled_fen", "settled cash and fees"),
    ],
)
def test_damage_to_what_pilots_keep_is_found(name: str, field: str | None, message: str) -> None:
    exchange = pilot_market()
    rows = getattr(exchange._market.core.state, name)
    column = rows[field] if field else rows
    column[BUYER if field else holding(BUYER)] += 1
    with pytest.raises(AssertionError, match=message):
        exchange.check()


def test_crossed_listings_that_rest_are_found_where_they_match() -> None:
    exchange = pilot_market()
    exchange._market.core.state.ladders["origin_fen"][1] -= 300
    with pytest.raises(AssertionError, match="cross and rest"):
        exchange.check()


def test_more_trades_than_orders_are_found() -> None:
    exchange = pilot_market()
    exchange._market.core.market["trade_count"] = 9
    with pytest.raises(AssertionError, match="more trades than orders"):
        exchange.check()


def test_an_offer_that_does_not_know_its_talks_is_found() -> None:
    exchange = busy_market()
    desk_orders = exchange._market.core.state.orders
    desk_orders["kind"][1] = CommandKind.OFFER_BLOCK
    desk_orders["position"][1] = 1
    with pytest.raises(AssertionError, match="its talks are off"):
        exchange.check()


def test_more_cash_than_63_bits_hold_is_no_damage() -> None:
    """Every account may hold up to the limit; their sum is not bounded by a machine word."""
    exchange = Exchange(national())
    desk = Desk(exchange)
    desk.found(12)
    for participant in range(1, 13):
        desk.endow(participant, AMOUNT_FEN_MAX, 0)
    exchange.check()


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("key", 99, "another key"),
        ("deadline_ns", 0, "waits outside"),
        ("left_ns", 1, "time left over"),
        ("deadline_ns", 1, "deadlines differ"),
    ],
)
def test_damage_to_a_switch_is_found(field: str, value: int, message: str) -> None:
    exchange = Exchange(small_profile())
    first_day(exchange).send(trader(1), ArmSwitch(timeout_s=60, client_order=77))
    exchange.check()
    setattr(market_of(exchange).switches[trader(1)], field, value)
    with pytest.raises(AssertionError, match=message):
        exchange.check()


def test_a_boundary_that_forgets_a_switch_is_found() -> None:
    exchange = Exchange(small_profile())
    first_day(exchange).send(trader(1), ArmSwitch(timeout_s=60, client_order=77))
    market = market_of(exchange)
    market.core.market["boundary_ns"] = market.agenda[0]
    with pytest.raises(AssertionError, match="boundary is another"):
        exchange.check()
