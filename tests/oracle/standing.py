"""What stands: listings, offers, counter-offers, applications and bids are one concept with one lock."""

from typing import Any

from engine.commands import (
    CancelCause,
    Method,
    OrderCommand,
    Side,
)
from engine.events import Cancelled, Traded
from tests.oracle.bulletin import publish
from tests.oracle.questions import lock_of, opposite
from tests.oracle.records import Order, Trade
from tests.oracle.rules import fee_fen
from tests.oracle.state import State


def new_order(state: State, command: OrderCommand, **fields: Any) -> Order:
    """Keep the accepted order of the command in hand; it does not stand yet."""
    order = Order(
        number=state.order_number,
        key=state.key,
        client_order=command.client_order,
        participant=state.keys[state.key].participant,
        time_ns=state.time_ns,
        kind=type(command),
        **fields,
    )
    state.orders[order.number] = order
    return order


def _set_aside(state: State, order: Order, sign: int) -> None:
    cash_fen, tonnes = lock_of(state, order)
    state.ledger.lock(order.participant, order.product, sign * cash_fen, sign * tonnes)


def stand(state: State, order: Order) -> None:
    """Let what is left of an order stand: its lock is taken, a listing enters the book."""
    order.is_open = True
    order.is_pick = False
    order.first_price_fen, order.first_quantity_t = order.price_fen, order.quantity_t
    _set_aside(state, order, 1)
    if order.method == Method.LISTED:
        book = state.books[order.product, order.side]
        book.setdefault(order.price_fen, type(book)())[order.number] = order


def change_terms(state: State, order: Order, price_fen: int, quantity_t: int) -> None:
    """Give a standing offer or counter-offer other terms; its lock moves."""
    _set_aside(state, order, -1)
    order.price_fen, order.quantity_t, order.left_t = price_fen, quantity_t, quantity_t
    _set_aside(state, order, 1)


def lessen(state: State, order: Order, tonnes: int) -> None:
    """Take tonnes from what is left of a standing order; with nothing left it stands no more."""
    _set_aside(state, order, -1)
    order.left_t -= tonnes
    if order.left_t == 0:
        _leave(state, order)
    _set_aside(state, order, 1)


def _leave(state: State, order: Order) -> None:
    order.is_open = False
    if order.method == Method.LISTED:
        levels = state.books[order.product, order.side]
        del levels[order.price_fen][order.number]
        if not levels[order.price_fen]:
            del levels[order.price_fen]


def trade(state: State, resting: Order, taker: Order, tonnes: int, price_fen: int) -> Traded:
    """Trade between a standing order and a taker, who may stand too (a bid, a counter-offer)."""
    side = opposite(resting.side)
    lessen(state, resting, tonnes)
    if taker.is_open:
        lessen(state, taker, tonnes)
    buy, sell = (taker, resting) if side == Side.BUY else (resting, taker)
    amount = price_fen * tonnes
    made = Trade(
        number=len(state.trades) + 1,
        date=state.date,
        time_ns=state.time_ns,
        method=resting.method,
        product=resting.product,
        price_fen=price_fen,
        quantity_t=tonnes,
        buyer=buy.participant,
        seller=sell.participant,
        taker_side=side,
        buy_order=buy.number,
        sell_order=sell.number,
        buyer_fee_fen=fee_fen(state.profile, resting.method, Side.BUY, amount),
        seller_fee_fen=fee_fen(state.profile, resting.method, Side.SELL, amount),
    )
    state.ledger.trade(made)
    state.trades[made.number] = made
    state.day_trades.append(made)
    publish(state, made)
    return state.event(
        Traded,
        trade=made.number,
        method=made.method,
        product=made.product,
        price_fen=price_fen,
        quantity_t=tonnes,
        side=side,
        order=taker.number,
        resting_order=resting.number,
        participant=taker.participant,
        counterparty=resting.participant,
        key=taker.key,
        client_order=taker.client_order,
        left_t=resting.left_t,
    )


def cancelled(
    state: State, order: Order, cause: CancelCause, key: int, client_order: int
) -> Cancelled:
    """Tell that what is left of an order is taken back."""
    return state.event(
        Cancelled,
        order=order.number,
        participant=order.participant,
        key=key,
        client_order=client_order,
        product=order.product,
        side=order.side,
        method=order.method,
        price_fen=order.price_fen,
        quantity_t=order.left_t,
        cause=cause,
    )


def take_back(
    state: State, order: Order, cause: CancelCause, key: int, client_order: int
) -> Cancelled:
    """End what is left of a standing order and release its lock (R54)."""
    _set_aside(state, order, -1)
    _leave(state, order)
    return cancelled(state, order, cause, key, client_order)
