"""Continuous trading: an incoming listing takes what it crosses, price first, then time (R46).

In the opposite ladder position 0 is the best price, so a level crosses exactly if its position is not
behind that of the incoming limit; no side is asked.
"""

from typing import Final

from engine.commands import CancelCause
from engine.core.answers import write_traded
from engine.core.ladder import ladder_of, position_of
from engine.core.layout import Rows, State
from engine.core.machine import at, kernel, whole
from engine.core.trading import BUY, SELL, trade

OWN_LISTING: Final = int(CancelCause.OWN_LISTING)
FILLS_LIMIT: Final = int(CancelCause.FILLS_LIMIT)


@kernel
def rows_needed(S: State, product: int, side: int) -> int:
    """Return the most event rows that a listing may be answered with."""
    if S.rules["matches"] == 0 or product >= S.rules["products"]:
        return whole(1)
    opposite = S.ladders[at(ladder_of(product, BUY + SELL - side))]
    fills = min(whole(opposite["listings"]), S.rules["fills_max"])
    return fills + 1


@kernel
def match(S: State, events: Rows, e: int, number: int) -> tuple[int, int]:
    """Let a listing take what it crosses; return the next event's place and why its rest may not rest.

    What it took is kept in `target`, the row of its last trade in `next`.
    """
    order = S.orders[at(number)]
    product, side = whole(order["product"]), whole(order["side"])
    ladder = ladder_of(product, BUY + SELL - side)
    opposite = S.ladders[at(ladder)]
    limit = position_of(S, ladder, whole(order["price_fen"]))
    start = ladder * S.rules["levels"]
    left, cause = whole(order["quantity_t"]), whole(0)
    last = e + S.rules["fills_max"]
    while left > 0:
        best = whole(opposite["best"])
        if best < 0 or best > limit:
            break
        resting = whole(S.levels[at(start + best)]["head"])
        other = S.orders[at(resting)]
        if other["participant"] == order["participant"]:
            cause = whole(OWN_LISTING)
            break
        if e == last:
            cause = whole(FILLS_LIMIT)
            break
        quantity = min(left, whole(other["left_t"]))
        price, time_ns = whole(other["price_fen"]), order["time_ns"]
        row = trade(S, resting, number, quantity, price, time_ns)
        write_traded(S, events, e, row, order["sequence"])
        order["next"] = row
        left -= quantity
        e += 1
    order["left_t"] = left
    order["target"] = whole(order["quantity_t"]) - left
    return e, cause
