"""Postings of an order's life: lock, unlock and trade, each in whole fen and tonnes (clearing notes 2.2)."""

from typing import Final

from engine.commands import Side
from engine.core.layout import State
from engine.core.machine import at, kernel, whole

BUY: Final = int(Side.BUY)


@kernel
def holding_of(S: State, participant: int, product: int) -> int:
    """Return the row number of a participant's holding of a product."""
    return whole(participant) * S.rules["products"] + whole(product)


@kernel
def spendable_fen(S: State, participant: int) -> int:
    """Return what can be spent on purchases: S + R − L − P, sale proceeds at once (R56)."""
    cash = S.cash[at(participant)]
    return cash["settled_fen"] + cash["proceeds_fen"] - cash["locked_fen"] - cash["payable_fen"]


@kernel
def lock(S: State, number: int) -> None:
    """Set aside what an accepted order may need (R54)."""
    order = S.orders[at(number)]
    quantity = whole(order["left_t"])
    if order["side"] == BUY:
        S.cash[at(order["participant"])]["locked_fen"] += quantity * whole(order["price_fen"])
    else:
        holding = S.holdings[at(holding_of(S, order["participant"], order["product"]))]
        holding["available_t"] -= quantity
        holding["locked_t"] += quantity


@kernel
def unlock(S: State, number: int, quantity: int) -> None:
    """Give back what an order had set aside for a quantity."""
    order = S.orders[at(number)]
    if order["side"] == BUY:
        S.cash[at(order["participant"])]["locked_fen"] -= quantity * whole(order["price_fen"])
    else:
        holding = S.holdings[at(holding_of(S, order["participant"], order["product"]))]
        holding["available_t"] += quantity
        holding["locked_t"] -= quantity


@kernel
def post_trade(S: State, resting: int, taker: int, quantity: int) -> None:
    """Post a trade of a resting order at its price; its own lock pays its side (R41, R54)."""
    order = S.orders[at(resting)]
    product = order["product"]
    amount = quantity * whole(order["price_fen"])
    if order["side"] == BUY:
        buyer, seller = order["participant"], taker
        S.cash[at(buyer)]["locked_fen"] -= amount
        S.holdings[at(holding_of(S, seller, product))]["available_t"] -= quantity
    else:
        buyer, seller = taker, order["participant"]
        S.holdings[at(holding_of(S, seller, product))]["locked_t"] -= quantity
    S.holdings[at(holding_of(S, seller, product))]["sold_t"] += quantity
    S.holdings[at(holding_of(S, buyer, product))]["bought_t"] += quantity
    S.cash[at(buyer)]["payable_fen"] += amount
    S.cash[at(seller)]["proceeds_fen"] += amount
