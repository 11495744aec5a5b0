"""Postings of an order's life: lock, unlock and trade, each in whole fen and tonnes (clearing notes 2.2)."""

from engine.core.layout import State
from engine.core.machine import at, kernel, whole


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
def is_buy(side: int) -> int:
    """Return 1 for a buyer's side and 0 for a seller's: sides are random, so nothing branches on them."""
    return 2 - whole(side)  # BUY is 1, SELL is 2


@kernel
def lock(S: State, number: int) -> None:
    """Set aside what an accepted order may need (R54)."""
    order = S.orders[at(number)]
    unlock(S, number, -whole(order["left_t"]))


@kernel
def unlock(S: State, number: int, quantity: int) -> None:
    """Give back what an order had set aside for a quantity."""
    order = S.orders[at(number)]
    buys = is_buy(order["side"])
    tonnes = quantity * (1 - buys)
    S.cash[at(order["participant"])]["locked_fen"] -= quantity * buys * whole(order["price_fen"])
    holding = S.holdings[at(holding_of(S, order["participant"], order["product"]))]
    holding["available_t"] += tonnes
    holding["locked_t"] -= tonnes


@kernel
def post_trade(S: State, resting: int, taker: int, quantity: int) -> None:
    """Post a trade of a resting order at its price; its own lock pays its side (R41, R54)."""
    order = S.orders[at(resting)]
    product, owner = order["product"], whole(order["participant"])
    amount = quantity * whole(order["price_fen"])
    buys = is_buy(order["side"])
    buyer = owner if buys == 1 else taker
    seller = owner + taker - buyer
    purse = S.cash[at(buyer)]
    purse["locked_fen"] -= amount * buys
    purse["payable_fen"] += amount
    S.cash[at(seller)]["proceeds_fen"] += amount
    S.holdings[at(holding_of(S, buyer, product))]["bought_t"] += quantity
    holding = S.holdings[at(holding_of(S, seller, product))]
    holding["available_t"] -= quantity * buys
    holding["locked_t"] -= quantity * (1 - buys)
    holding["sold_t"] += quantity
