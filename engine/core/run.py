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
    FOLLOW,
    ROWS_FULL,
    SEQUENCE_GAP,
    UNKNOWN_PRODUCT,
    Rows,
    State,
)
from engine.core.machine import at, entry, kernel, prefetch, state_at, view, whole, word
from engine.core.matching import rows_needed
from engine.core.memory import prefetch_slot
from engine.core.orders import answer, refuse_earlier
from engine.core.records import COMMAND, CommandKind
from engine.units import PRICE_FEN_MAX, QUANTITY_T_MAX

PLACE: Final = int(CommandKind.PLACE_LISTING)
PICK: Final = int(CommandKind.PICK_LISTING)
CANCEL: Final = int(CommandKind.CANCEL_ORDER)
OFFER: Final = int(CommandKind.OFFER_BLOCK)
REDUCE: Final = int(CommandKind.REDUCE_ORDER)
BATCH_MAX: Final = 4096
"""Most commands of one call."""
ROWS_SHIFT: Final = 16
STATUS_SHIFT: Final = 56
"""Where the word that a run returns holds the event rows and the reason why it stopped."""
FAR: Final = 16
"""How many commands ahead balances, slots and named orders are asked for (kernel notes)."""
NEAR: Final = 6
"""How many commands ahead the neighbours of a named order are asked for."""
AHEAD: Final = 32
"""How many commands ahead the rows of keys are asked for, where there are many: `FAR` reads them."""
MANY: Final = 1 << 16
"""From so many keys on, neither their rows nor the balances of the best orders' owners stay in a cache."""


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
    prefetch(S.halts, participant)
    prefetch(S.restrictions, participant)


@kernel
def _prefetch_near(S: State, commands: Rows, i: int) -> None:
    """Ask for what the order that a command names is linked to, and for its owner's balances."""
    target = whole(commands[at(i)]["target"])
    # One comparison without signs and so no branch: whether a command names an order is random. Row 0
    # is nobody's.
    known = target if word(target) <= word(S.market["order_count"]) else whole(0)
    order = S.orders[at(known)]
    prefetch(S.orders, whole(order["next"]))
    prefetch(S.orders, whole(order["previous"]))
    prefetch(S.cash, whole(order["participant"]))
    prefetch(S.holdings, holding_of(S, order["participant"], order["product"]))


@kernel
def _prefetch_best(S: State, commands: Rows, i: int) -> None:
    """Ask for what a listing trades with first: the best opposite order's neighbour and its owner's balances.

    A record not yet checked may name any product and side: what is none becomes some that exists.
    """
    command = commands[at(i)]
    product = whole(command["product"])
    product *= whole(product < S.rules["products"])  # no branch: product or not is random
    ladder = product * 2 + ((2 - whole(command["side"])) & 1)
    best = whole(S.ladders[at(ladder)]["best"])
    best *= whole(best > 0)
    order = S.orders[at(S.levels[at(ladder * S.rules["levels"] + best)]["head"])]
    prefetch(S.orders, whole(order["next"]))
    prefetch(S.cash, whole(order["participant"]))
    prefetch(S.holdings, holding_of(S, order["participant"], order["product"]))


@kernel
def _look_first(S: State, commands: Rows, count: int) -> None:
    """Ask for what the first commands need: a small batch is over before the loop looks ahead."""
    for i in range(min(count, FAR)):
        _prefetch_far(S, commands, i)
    for i in range(min(count, NEAR)):
        _prefetch_near(S, commands, i)


@kernel
def _look_ahead(S: State, commands: Rows, i: int, count: int) -> None:
    """Ask for what the commands some places ahead need."""
    if i + FAR < count:
        _prefetch_far(S, commands, i + FAR)
    is_crowded = S.market["key_count"] >= MANY
    if i + NEAR < count:
        _prefetch_near(S, commands, i + NEAR)
        if is_crowded:
            _prefetch_best(S, commands, i + NEAR)
    if is_crowded and i + AHEAD < count:
        prefetch(S.keys, whole(commands[at(i + AHEAD)]["key"]))


@kernel
def _is_bad(S: State, commands: Rows, i: int) -> bool:
    """Say whether a record could not have come from a typed command: a fault of the caller."""
    command = commands[at(i)]
    kind, side, quantity = command["kind"], command["side"], command["quantity_t"]
    if kind < PLACE or kind > REDUCE or command["client_order"] < 1:
        return True
    if quantity < 0 or quantity > QUANTITY_T_MAX:
        return True
    if kind == PICK or kind == REDUCE:
        return quantity < 1
    if kind == PLACE or kind == OFFER:
        if side < 1 or side > 2 or quantity < 1:
            return True
        if command["product"] >= S.rules["products"] and command["product"] != UNKNOWN_PRODUCT:
            return True
        return command["price_fen"] < 1 or command["price_fen"] > PRICE_FEN_MAX
    return False


@kernel
def _has_room(S: State, commands: Rows, i: int, room: int) -> bool:
    """Say whether the worst answer to a command fits in the event rows that are left."""
    if room > S.rules["fills_max"]:
        return True
    command = commands[at(i)]
    if command["kind"] != PLACE:
        return room >= 1
    return room >= rows_needed(S, whole(command["product"]), whole(command["side"]))


@kernel
def _obstacle(S: State, commands: Rows, i: int, room: int) -> int:
    """Return why a command cannot be answered now, DONE if it can."""
    market, command = S.market, commands[at(i)]
    if command["sequence"] != market["sequence"] + 1:
        return SEQUENCE_GAP
    if _is_bad(S, commands, i):
        return BAD_RECORD
    if not _has_room(S, commands, i, room):
        return ROWS_FULL
    if command["time_ns"] >= market["boundary_ns"] and market["boundary_ns"] != 0:
        return BOUNDARY
    return DONE


@kernel
def _stopped(done: int, rows: int, status: int) -> int:
    """Return three small figures as one word, which is what a call gives back fastest."""
    return done | (rows << ROWS_SHIFT) | (status << STATUS_SHIFT)


@kernel
def run(S: State, commands: Rows, events: Rows, count: int, room: int) -> int:
    """Answer commands in order; return how many, their event rows and why it stopped, as one word."""
    market = S.market
    e = whole(0)
    _look_first(S, commands, count)
    for i in range(count):
        _look_ahead(S, commands, i, count)
        command = commands[at(i)]
        time_ns = command["time_ns"]
        obstacle = _obstacle(S, commands, i, room - e)
        if obstacle != DONE:
            return _stopped(i, e, obstacle)
        first = e
        if time_ns < market["time_ns"]:
            refuse_earlier(S, commands, events, i, e)
            e += 1
        else:
            market["time_ns"] = time_ns
            e = answer(S, commands, events, i, e)
        market["sequence"] = command["sequence"]
        repeated_by = whole(0)
        if is_repeated(events, first):
            repeated_by = command["sequence"]
        for row in range(first, e):
            fold(S, events, row, time_ns, repeated_by)
        S.ends[at(i)] = e
        if market["follow"] != 0:
            return _stopped(i + 1, e, FOLLOW)
    return _stopped(count, e, DONE)


@entry
def run_table(
    table_address: int, commands_address: int, events_address: int, count: int, room: int
) -> int:
    """Run on arrays given by their addresses; the caller keeps them alive."""
    state = state_at(table_address)
    commands = view(commands_address, count, COMMAND)
    events = view(events_address, room, EVENT_WORDS)
    return run(state, commands, events, count, room)


def run_plain(state: State, commands: Rows, events: Rows, count: int, room: int) -> int:
    """Run without the compiler, on the arrays themselves; digests wrap on purpose."""
    with np.errstate(over="ignore"):
        return int(run(state, commands, events.view(EVENT_WORDS), count, room))


__all__ = ["BATCH_MAX", "ROWS_SHIFT", "STATUS_SHIFT", "run_plain", "run_table"]
