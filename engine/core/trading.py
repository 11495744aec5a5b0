"""What changes when orders stand, trade and end, whatever their method; no rule is asked here."""

from typing import Final

from engine.commands import Method, Side
from engine.core.accounts import lock, method_of, post_trade, unlock
from engine.core.ladder import ladder_of, link, position_of, shrink, unlink
from engine.core.layout import CANCELLED, FILLED, NOT_IN_BOOK, STANDS, UNSETTLED, State
from engine.core.machine import at, kernel, whole
from engine.core.records import CommandKind
from engine.core.tallies import count_auction, count_block, count_listed

PLACE: Final = int(CommandKind.PLACE_LISTING)
OFFER: Final = int(CommandKind.OFFER_BLOCK)
BUY: Final = int(Side.BUY)
SELL: Final = int(Side.SELL)
LISTED: Final = int(Method.LISTED)
BLOCK: Final = int(Method.BLOCK)


@kernel
def stand(S: State, number: int) -> None:
    """Let an order stand with what is left of it: lock what it may need (R54, R63), enter it in the book."""
    order = S.orders[at(number)]
    order["state"] = STANDS
    lock(S, number)
    S.market["open_count"] += 1
    if order["kind"] == PLACE:
        ladder = ladder_of(order["product"], order["side"])
        order["position"] = position_of(S, ladder, whole(order["price_fen"]))
        link(S, number)
    elif order["kind"] == OFFER:  # its first terms, for negotiations move the row's own
        order["next"] = order["price_fen"]
        order["previous"] = order["quantity_t"]


@kernel
def end(S: State, number: int) -> None:
    """Take what is left of an order out of the book and release its lock."""
    order = S.orders[at(number)]
    unlock(S, number, whole(order["left_t"]))
    if order["kind"] == PLACE:
        unlink(S, number)
    order["state"] = CANCELLED
    S.market["open_count"] -= 1


@kernel
def reduce(S: State, number: int, quantity: int) -> None:
    """Take a part of a standing listing back; it keeps its place (R59)."""
    order = S.orders[at(number)]
    unlock(S, number, quantity)
    shrink(S, number, quantity)
    order["left_t"] -= quantity


@kernel
def fill(S: State, number: int, quantity: int) -> None:
    """Take a traded quantity off a standing order with what it held, and end it where nothing is left."""
    order = S.orders[at(number)]
    unlock(S, number, quantity)
    left = whole(order["left_t"]) - quantity
    if left == 0:
        if order["kind"] == PLACE:
            unlink(S, number)
        order["state"] = FILLED
        S.market["open_count"] -= 1
    elif order["kind"] == PLACE:
        shrink(S, number, quantity)
    order["left_t"] = left


@kernel
def _count(S: State, method: int, product: int, price: int, quantity: int) -> None:
    if method == LISTED:
        count_listed(S, product, price, quantity)
    elif method == BLOCK:
        count_block(S, product, price, quantity)
    else:
        count_auction(S, product, price, quantity)


@kernel
def trade(S: State, resting: int, number: int, quantity: int, price: int, time_ns: int) -> int:
    """Trade a quantity of a resting order with a taker's order and return the row of the trade."""
    market, other, order = S.market, S.orders[at(resting)], S.orders[at(number)]
    owner, taker = whole(other["participant"]), whole(order["participant"])
    product, method = whole(other["product"]), method_of(whole(other["kind"]))
    is_bought = other["side"] == SELL
    buyer, seller = (taker, owner) if is_bought else (owner, taker)
    fill(S, resting, quantity)
    post_trade(S, buyer, seller, product, price * quantity, quantity, method)
    _count(S, method, product, price, quantity)
    row = market["trade_count"]
    market["trade_count"] = row + 1
    trade_row = S.trades[at(row)]
    trade_row["price_fen"] = price
    trade_row["quantity_t"] = quantity
    trade_row["buyer"], trade_row["seller"] = buyer, seller
    trade_row["buy_order"] = number if is_bought else resting
    trade_row["sell_order"] = resting if is_bought else number
    trade_row["left_t"] = other["left_t"]
    trade_row["product"] = product
    trade_row["taker_side"] = BUY + SELL - whole(other["side"])
    trade_row["method"] = method
    trade_row["state"] = UNSETTLED
    trade_row["time_ns"] = time_ns
    return row


@kernel
def close_entry(S: State, number: int, row: int, cause: int) -> None:
    """End a listing that never rested: filled on entry (cause 0), or its rest cancelled."""
    order = S.orders[at(number)]
    order["state"] = FILLED if cause == 0 else CANCELLED
    order["position"] = NOT_IN_BOOK
    order["next"] = row
    order["previous"] = cause
