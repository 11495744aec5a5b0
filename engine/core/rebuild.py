"""The book and the client order table made again from the rows, by what made them first.

A snapshot stores neither, and a corrected reference price moves a product's ladders.

Level order is the order of order numbers, so linking the standing listings in that order writes the
very links that their rows hold; the state digest is compared afterwards and proves it.
"""

import numpy as np

from engine.core.accounts import holding_of, is_buy
from engine.core.ladder import ladder_of, link, position_of
from engine.core.layout import STANDS, State
from engine.core.machine import at, entry, kernel, state_at, whole
from engine.core.memory import CANCELS, PLACE, find, remember


@kernel
def rebuild(S: State) -> None:
    """Enter every standing listing in the empty book, every answer in the empty table, and what is wanted."""
    for number in range(1, S.market["order_count"] + 1):
        order = S.orders[at(number)]
        key, client = whole(order["key"]), order["client_order"]
        remember(S, find(S, key, client), key, client, number)
        if order["state"] != STANDS:
            continue
        if S.rules["limits"] != 0:
            row = holding_of(S, order["participant"], order["product"])
            S.wanted[at(row)] += whole(order["left_t"]) * is_buy(order["side"])
        if order["kind"] == PLACE:
            link(S, number)
    for row in range(1, S.market["cancel_count"] + 1):
        cancel = S.cancels[at(row)]
        key, client = whole(cancel["key"]), cancel["client_order"]
        remember(S, find(S, key, client), key, client, CANCELS + row)


@kernel
def _empty(S: State, ladder: int) -> None:
    """Take everything out of a ladder."""
    rules = S.rules
    for row in range(ladder * rules["levels"], (ladder + 1) * rules["levels"]):
        level = S.levels[at(row)]
        level["head"] = level["tail"] = level["listings"] = 0
        level["quantity_t"] = 0
    for place in range(ladder * rules["words"], (ladder + 1) * rules["words"]):
        S.bits[at(place)] = 0
    for place in range(ladder * rules["groups"], (ladder + 1) * rules["groups"]):
        S.groups[at(place)] = 0
    for place in range(ladder * rules["blocks"], (ladder + 1) * rules["blocks"]):
        S.blocks[at(place)] = 0
    S.ladders[at(ladder)]["best"] = -1
    S.ladders[at(ladder)]["listings"] = 0


@kernel
def lay_again(S: State, product: int) -> None:
    """Enter a product's standing listings in its ladders anew, whose origins have moved."""
    if product >= S.rules["products"]:  # as in the call that only compiles
        return
    _empty(S, ladder_of(product, 1))
    _empty(S, ladder_of(product, 2))
    for number in range(1, S.market["order_count"] + 1):
        order = S.orders[at(number)]
        if order["state"] == STANDS and order["kind"] == PLACE and order["product"] == product:
            ladder = ladder_of(product, order["side"])
            order["position"] = position_of(S, ladder, whole(order["price_fen"]))
            link(S, number)


@entry
def rebuild_table(table_address: int) -> None:
    """Rebuild on arrays given by their addresses; the caller keeps them alive."""
    rebuild(state_at(table_address))


@entry
def lay_again_table(table_address: int, product: int) -> None:
    """Lay a product's ladders again on arrays given by their addresses; the caller keeps them alive."""
    lay_again(state_at(table_address), product)


def rebuild_plain(state: State) -> None:
    """Rebuild without the compiler, on the arrays themselves; hashes wrap on purpose."""
    with np.errstate(over="ignore"):
        rebuild(state)
