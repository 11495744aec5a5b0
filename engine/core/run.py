"""The loop over a batch of commands, and the one entry through which Python calls it."""

from typing import Final

import numpy as np

from engine.core.answers import fold
from engine.core.layout import BAD_RECORD, BOUNDARY, DONE, DTYPES, SEQUENCE_GAP, Rows, State
from engine.core.machine import IS_COMPILED, at, entry, kernel, prefetch, view, whole
from engine.core.memory import prefetch_slot
from engine.core.orders import answer, lapse, refuse_earlier
from engine.core.records import COMMAND, EVENT, EVENT_REPEATED, CommandKind
from engine.units import PRICE_FEN_MAX, QUANTITY_T_MAX

PLACE: Final = int(CommandKind.PLACE_LISTING)
PICK: Final = int(CommandKind.PICK_LISTING)
CANCEL: Final = int(CommandKind.CANCEL_ORDER)
OFFER: Final = int(CommandKind.OFFER_BLOCK)
ACCEPT: Final = int(CommandKind.ACCEPT_BLOCK)
LAPSE: Final = 15
"""Internal kind: an order ends at the close; it stands in no journal."""
BATCH_MAX: Final = 4096
"""Most commands of one call."""
FAR: Final = 16
"""How many commands ahead balances, slots and named orders are asked for (kernel notes)."""
NEAR: Final = 6
"""How many commands ahead the neighbours of a named order are asked for."""


@kernel
def _prefetch_far(S: State, commands: Rows, i: int) -> None:
    command = commands[at(i)]
    key = whole(command["key"])
    prefetch_slot(S, key, command["client_order"])
    if key > 0 and key <= S.market[at(0)]["key_count"]:  # noqa: PLR1716 - two tests compile better
        participant = whole(S.keys[at(key)]["participant"])
        prefetch(S.cash, participant)
        row = participant * S.rules[at(0)]["products"] + whole(command["product"])
        prefetch(S.holdings, row)
    target = whole(command["target"])
    if target > 0:
        prefetch(S.orders, target)


@kernel
def _prefetch_near(S: State, commands: Rows, i: int) -> None:
    target = whole(commands[at(i)]["target"])
    if target > 0 and target <= S.market[at(0)]["order_count"]:  # noqa: PLR1716
        order = S.orders[at(target)]
        prefetch(S.orders, whole(order["next"]))
        prefetch(S.orders, whole(order["previous"]))


@kernel
def _is_bad(commands: Rows, i: int) -> bool:
    """Say whether a record could not have come from a typed command: a fault of the caller."""
    command = commands[at(i)]
    kind, side = command["kind"], command["side"]
    if kind < PLACE or kind > ACCEPT or command["client_order"] < 1:
        return True
    if command["quantity_t"] < 0 or command["quantity_t"] > QUANTITY_T_MAX:
        return True
    if kind == PICK:
        return command["quantity_t"] < 1
    if kind == PLACE or kind == OFFER:  # noqa: PLR1714 - compiled: no tuple membership
        if side < 1 or side > 2 or command["quantity_t"] < 1:
            return True
        return command["price_fen"] < 1 or command["price_fen"] > PRICE_FEN_MAX
    return False


@kernel
def run(S: State, commands: Rows, events: Rows, count: int) -> int:
    """Answer commands in order, one event each; return how many and leave why it stopped."""
    market = S.market[at(0)]
    market["status"] = DONE
    for i in range(count):
        if i + FAR < count:
            _prefetch_far(S, commands, i + FAR)
        if i + NEAR < count:
            _prefetch_near(S, commands, i + NEAR)
        command = commands[at(i)]
        time_ns = command["time_ns"]
        if command["kind"] == LAPSE:
            lapse(S, commands, events, i)
            fold(S, events, i, time_ns, 0)
            continue
        if command["sequence"] != market["sequence"] + 1:
            market["status"] = SEQUENCE_GAP
            return i
        if _is_bad(commands, i):
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
        if events[at(i)]["flags"] & EVENT_REPEATED != 0:
            repeated_by = command["sequence"]
        fold(S, events, i, time_ns, repeated_by)
    return count


MARKET, RULES, METHOD, KEY = (DTYPES[name] for name in ("market", "rules", "methods", "keys"))
SUSPENDED, PRODUCT, TALLY = (DTYPES[name] for name in ("suspended", "products", "tallies"))
CASH, HOLDING, STORED = (DTYPES[name] for name in ("cash", "holdings", "stored"))
ORDER, CANCELS, REFUSAL = (DTYPES[name] for name in ("orders", "cancels", "refusals"))
TRADE, LEVEL, LADDER = (DTYPES[name] for name in ("trades", "levels", "ladders"))
WORD, WHOLE = DTYPES["bits"], DTYPES["slots"]
TABLE_LENGTH: Final = 2 * len(State._fields)


@entry
def run_table(table_address: int, commands_address: int, events_address: int, count: int) -> int:
    """Run on arrays given by (address, rows) pairs, in the order of `State`; the caller keeps them."""
    t = view(table_address, TABLE_LENGTH, WHOLE)
    state = State(
        view(t[0], t[1], MARKET),
        view(t[2], t[3], RULES),
        view(t[4], t[5], METHOD),
        view(t[6], t[7], KEY),
        view(t[8], t[9], SUSPENDED),
        view(t[10], t[11], PRODUCT),
        view(t[12], t[13], TALLY),
        view(t[14], t[15], CASH),
        view(t[16], t[17], HOLDING),
        view(t[18], t[19], STORED),
        view(t[20], t[21], ORDER),
        view(t[22], t[23], CANCELS),
        view(t[24], t[25], REFUSAL),
        view(t[26], t[27], TRADE),
        view(t[28], t[29], LEVEL),
        view(t[30], t[31], LADDER),
        view(t[32], t[33], WORD),
        view(t[34], t[35], WORD),
        view(t[36], t[37], WORD),
        view(t[38], t[39], WHOLE),
        view(t[40], t[41], WHOLE),
    )
    commands = view(commands_address, count, COMMAND)
    events = view(events_address, count, EVENT)
    return run(state, commands, events, count)


def run_plain(state: State, commands: Rows, events: Rows, count: int) -> int:
    """Run without the compiler, on the arrays themselves; digests wrap on purpose."""
    with np.errstate(over="ignore"):
        return int(run(state, commands, events, count))


__all__ = ["BATCH_MAX", "IS_COMPILED", "LAPSE", "run_plain", "run_table"]
