"""Postings of an order's life: lock, unlock and trade, each in whole fen and tonnes (clearing notes 2.2).

A standing BUY order holds its amount and the buyer's fee on it, a SELL order its tonnes. A trade first
releases what the traded quantity held, then posts alike for every method; what was held too much is free.
"""

from typing import Final

from engine.commands import Method, Side
from engine.core.layout import State
from engine.core.machine import at, kernel, whole
from engine.core.records import CommandKind
from engine.units import BASIS_POINTS

BUY: Final = int(Side.BUY)
LISTED: Final = int(Method.LISTED)
BLOCK: Final = int(Method.BLOCK)
AUCTION: Final = int(Method.AUCTION)
PICK: Final = int(CommandKind.PICK_LISTING)
TAKE: Final = int(CommandKind.TAKE_LISTINGS)
APPLY: Final = int(CommandKind.APPLY_AUCTION)


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
def method_of(kind: int) -> int:
    """Return the method of an order's kind."""
    if kind <= PICK or kind == TAKE:
        return whole(LISTED)
    if kind >= APPLY:
        return whole(AUCTION)
    return whole(BLOCK)


@kernel
def _fee_fen(amount: int, trading_bp: int, settlement_bp: int) -> int:
    """Return two fees on an amount, each rounded down (R60); a product with 10^18 would pass 63 bits."""
    tens = amount // BASIS_POINTS  # rounds down: the part whose fee is exact
    rest = amount - tens * BASIS_POINTS
    trading = tens * trading_bp + rest * trading_bp // BASIS_POINTS  # rounds down
    return trading + tens * settlement_bp + rest * settlement_bp // BASIS_POINTS  # rounds down


@kernel
def cost_fen(S: State, method: int, amount: int) -> int:
    """Return what a buyer pays for an amount, fees included."""
    row = S.methods[at(method)]
    if row["has_fees"] == 0:
        return amount
    return amount + _fee_fen(amount, row["buyer_trading_bp"], row["buyer_settlement_bp"])


@kernel
def net_fen(S: State, method: int, amount: int) -> int:
    """Return what a seller gets of an amount, fees taken off."""
    row = S.methods[at(method)]
    if row["has_fees"] == 0:
        return amount
    return amount - _fee_fen(amount, row["seller_trading_bp"], row["seller_settlement_bp"])


@kernel
def held_fen(S: State, number: int, quantity: int) -> int:
    """Return what a quantity of an order's left tonnes holds of its lock, were it a buyer's."""
    order = S.orders[at(number)]
    price, method = whole(order["price_fen"]), method_of(whole(order["kind"]))
    if S.methods[at(method)]["has_fees"] == 0:
        return quantity * price
    left = whole(order["left_t"])
    return cost_fen(S, method, left * price) - cost_fen(S, method, (left - quantity) * price)


@kernel
def _move_lock(S: State, number: int, cash_fen: int, quantity: int) -> None:
    """Add to what an order holds: cash of a buyer, tonnes of a seller."""
    order = S.orders[at(number)]
    buys = is_buy(order["side"])
    tonnes = quantity * (1 - buys)
    S.cash[at(order["participant"])]["locked_fen"] += cash_fen * buys
    row = holding_of(S, order["participant"], order["product"])
    holding = S.holdings[at(row)]
    holding["available_t"] -= tonnes
    holding["locked_t"] += tonnes
    if S.rules["limits"] != 0:
        S.wanted[at(row)] += quantity * buys


@kernel
def lock(S: State, number: int) -> None:
    """Set aside what an accepted order may need (R54)."""
    left = whole(S.orders[at(number)]["left_t"])
    _move_lock(S, number, held_fen(S, number, left), left)


@kernel
def unlock(S: State, number: int, quantity: int) -> None:
    """Give back what an order had set aside for a quantity."""
    _move_lock(S, number, -held_fen(S, number, quantity), -quantity)


@kernel
def post_trade(
    S: State, buyer: int, seller: int, product: int, amount: int, quantity: int, method: int
) -> None:
    """Post a trade between two whose locks for it are released (R41, R54)."""
    S.cash[at(buyer)]["payable_fen"] += cost_fen(S, method, amount)
    S.cash[at(seller)]["proceeds_fen"] += net_fen(S, method, amount)
    S.holdings[at(holding_of(S, buyer, product))]["bought_t"] += quantity
    holding = S.holdings[at(holding_of(S, seller, product))]
    holding["available_t"] -= quantity
    holding["sold_t"] += quantity
