"""What a snapshot does not store: the book and the client order table, made again by what made them first.

Level order is the order of order numbers, so linking the standing listings in that order writes the
very links that their rows hold; the state digest is compared afterwards and proves it.
"""

import numpy as np

from engine.core.ladder import link
from engine.core.layout import STANDS, State
from engine.core.machine import at, entry, kernel, state_at, whole
from engine.core.memory import CANCELS, PLACE, find, remember


@kernel
def rebuild(S: State) -> None:
    """Enter every standing listing in the empty book and every answer in the empty table."""
    for number in range(1, S.market["order_count"] + 1):
        order = S.orders[at(number)]
        key, client = whole(order["key"]), order["client_order"]
        remember(S, find(S, key, client), key, client, number)
        if order["state"] == STANDS and order["kind"] == PLACE:
            link(S, number)
    for row in range(1, S.market["cancel_count"] + 1):
        cancel = S.cancels[at(row)]
        key, client = whole(cancel["key"]), cancel["client_order"]
        remember(S, find(S, key, client), key, client, CANCELS + row)


@entry
def rebuild_table(table_address: int) -> None:
    """Rebuild on arrays given by their addresses; the caller keeps them alive."""
    rebuild(state_at(table_address))


def rebuild_plain(state: State) -> None:
    """Rebuild without the compiler, on the arrays themselves; hashes wrap on purpose."""
    with np.errstate(over="ignore"):
        rebuild(state)
