"""The loop over a batch of commands, and the one entry through which Python calls it."""

from typing import Final

import numpy as np

from engine.core.accounts import holding_of
from engine.core.answers import fold, is_repeated, participant_of
from engine.core.layout import (
    BAD_RECORD,
    BOUNDARY,
    DONE,
    EVENT_WORDS,
    SEQUENCE_GAP,
    UNKNOWN_PRODUCT,
    Rows,
    State,
)
from engine.core.machine import at, entry, kernel, prefetch, state_at, view, whole
from engine.core.memory import prefetch_slot
from engine.core.orders import answer, end_by_system, refuse_earlier
from engine.core.records import COMMAND, CommandKind
from engine.units import PRICE_FEN_MAX, QUANTITY_T_MAX

PLACE: Final = int(CommandKind.PLACE_LISTING)
PICK: Final = int(CommandKind.PICK_LISTING)
CANCEL: Final = int(CommandKind.CANCEL_ORDER)
OFFER: Final = int(CommandKind.OFFER_BLOCK)
ACCEPT: Final = int(CommandKind.ACCEPT_BLOCK)
BATCH_MAX: Final = 4096
"""Most commands of one call."""
FAR: Final = 16
"""How many commands ahead balances, slots and named orders are asked for (kernel notes)."""
NEAR: Final = 6
"""How many commands ahead the neighbours of a named order are asked for."""


@kernel
def _prefetch_far(S: State, commands: Rows, i: int) -> None:
    """Ask for what a command names itself: its slot, its sender's balances, the order it is about."""
    command = commands[at(i)]
    key = whole(command["key"])
    prefetch_slot(S, key, command["client_order"])
    prefetch(S.orders, whole(command["target"]))
    participant = participant_of(S, key)
    prefetch(S.cash, participant)
    prefetch(S.holdings, holding_of(S, participant, command["product"]))


@kernel
def _prefetch_near(S: State, commands: Rows, i: int) -> None:
    """Ask for what the order that a command names is linked to, and for its owner's balances."""
    target = whole(commands[at(i)]["target"])
    known = target if target > 0 and target <= S.market["order_count"] else 0  # row 0 is nobody's
    order = S.orders[at(known)]
    prefetch(S.orders, whole(order["next"]))
    prefetch(S.orders, whole(order["previous"]))
    prefetch(S.cash, whole(order["participant"]))
    prefetch(S.holdings, holding_of(S, order["participant"], order["product"]))


@kernel
def _is_bad(S: State, commands: Rows, i: int) -> bool:
    """Say whether a record could not have come from a typed command: a fault of the caller."""
    command = commands[at(i)]
    kind, side, quantity = command["kind"], command["side"], command["quantity_t"]
    if kind < PLACE or kind > ACCEPT or command["client_order"] < 1:
        return True
    if quantity < 0 or quantity > QUANTITY_T_MAX:
        return True
    if kind == PICK:
        return quantity < 1
    if kind == PLACE or kind == OFFER:
        if side < 1 or side > 2 or quantity < 1:
            return True
        if command["product"] >= S.rules["products"] and command["product"] != UNKNOWN_PRODUCT:
            return True
        return command["price_fen"] < 1 or command["price_fen"] > PRICE_FEN_MAX
    return False


@kernel
def run(S: State, commands: Rows, events: Rows, count: int) -> int:
    """Answer commands in order, one event each; return how many and leave why it stopped."""
    market = S.market
    market["status"] = DONE
    for i in range(count):
        if i + FAR < count:
            _prefetch_far(S, commands, i + FAR)
        if i + NEAR < count:
            _prefetch_near(S, commands, i + NEAR)
        command = commands[at(i)]
        time_ns = command["time_ns"]
        if market["ending"] != 0:
            end_by_system(S, commands, events, i)
            fold(S, events, i, time_ns, 0)
            continue
        if command["sequence"] != market["sequence"] + 1:
            market["status"] = SEQUENCE_GAP
            return i
        if _is_bad(S, commands, i):
            market["status"] = BAD_RECORD
            return i
        if time_ns < market["time_ns"]:
            refuse_earlier(S, commands, events, i)
        elif time_ns >= market["boundary_ns"] and market["boundary_ns"] != 0:
            market["status"] = BOUNDARY
            return i
        else:
            market["time_ns"] = time_ns
            answer(S, commands, events, i)
        market["sequence"] = command["sequence"]
        repeated_by = whole(0)
        if is_repeated(events, i):
            repeated_by = command["sequence"]
        fold(S, events, i, time_ns, repeated_by)
    return count


@entry
def run_table(table_address: int, commands_address: int, events_address: int, count: int) -> int:
    """Run on arrays given by their addresses; the caller keeps them alive."""
    state = state_at(table_address)
    commands = view(commands_address, count, COMMAND)
    events = view(events_address, count, EVENT_WORDS)
    return run(state, commands, events, count)


def run_plain(state: State, commands: Rows, events: Rows, count: int) -> int:
    """Run without the compiler, on the arrays themselves; digests wrap on purpose."""
    with np.errstate(over="ignore"):
        return int(run(state, commands, events.view(EVENT_WORDS), count))


__all__ = ["BATCH_MAX", "run_plain", "run_table"]
