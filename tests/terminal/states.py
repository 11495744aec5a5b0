"""Small states of the terminal's model, for tests of what is worked out from them."""

from engine.commands import Method, Permission, Side
from engine.events import Phase
from engine.views import (
    Account,
    Cash,
    Holding,
    MarketView,
    MethodView,
    OrderView,
    ProductView,
)
from gateway import wire
from gateway.limits import LIMITS
from terminal.store import Connection, State
from tests.markets import PRODUCT, national


def welcome(role: str = "trader", key: int = 4, participant: int = 1) -> wire.Welcome:
    """Return a login that was accepted."""
    return wire.Welcome(
        version=1,
        key=key,
        role=role,
        person="演示交易员",
        participant=participant,
        participant_name="演示电厂",
        permissions=tuple(Permission),
        sequence=1,
        time_ns=1,
        date="2021-07-16",
        clock="driven",
        profile=national(),
        limits=next(iter(LIMITS.values())),
    )


def quote() -> ProductView:
    """Return the first product at 48.00 with its bands."""
    return ProductView(
        product=PRODUCT,
        is_listed=True,
        has_reference=True,
        reference_fen=4_800,
        previous_close_fen=0,
        listed_floor_fen=4_320,
        listed_cap_fen=5_280,
        block_floor_fen=3_360,
        block_cap_fen=6_240,
        open_fen=0,
        high_fen=0,
        low_fen=0,
        last_fen=0,
        listed_quantity_t=0,
        listed_amount_fen=0,
        listed_trades=0,
    )


def market(phase: Phase = Phase.OPEN) -> MarketView:
    """Return a market of one product."""
    return MarketView(
        date="2021-07-16",
        time_ns=1,
        sequence=1,
        methods=(MethodView(method=Method.LISTED, phase=phase, next_time_ns=9),),
        products=(quote(),),
        composite_last_fen=0,
        composite_previous_close_fen=0,
    )


def account() -> Account:
    """Return a million yuan and 5,000 t that can be sold."""
    cash = Cash(
        settled_fen=100_000_000,
        locked_fen=0,
        payable_fen=0,
        proceeds_fen=0,
        available_fen=100_000_000,
        withdrawable_fen=100_000_000,
    )
    holding = Holding(
        product=PRODUCT,
        available_t=5_000,
        locked_t=100,
        sold_t=0,
        bought_today_t=200,
        delivered_t=300,
        frozen_t=0,
    )
    return Account(participant=1, cash=cash, holdings=(holding,))


def standing() -> State:
    """Return a trader's model in an open market."""
    return State(
        welcome=welcome(),
        connection=Connection.LIVE,
        market=market(),
        account=account(),
        orders=(),
        trades=(),
    )


def order(number: int, side: Side, price_fen: int, left_t: int) -> OrderView:
    """Return an own open listing."""
    return OrderView(
        order=number,
        client_order=number,
        participant=1,
        counterparty=0,
        product=PRODUCT,
        side=side,
        method=Method.LISTED,
        price_fen=price_fen,
        quantity_t=left_t,
        left_t=left_t,
        is_open=True,
        is_pick=False,
        time_ns=1,
    )
