"""Batches of one entry: each listing is checked as if those before it rested, then all of them run.

A listing that rests needs at least what it costs when it trades on entry: it pays no more than its own
price, fees of parts are not more than the fee of the whole, and what it got counts like what it wants
(R55, R60, R73). So whatever passes the check is accepted, also where crossing listings match.
"""

from typing import Final

from engine.core.accounts import lock, unlock
from engine.core.answers import fold, is_repeated, participant_of
from engine.core.checks import check_cancel, check_place
from engine.core.layout import REFUSED, Rows, State
from engine.core.machine import at, kernel, whole
from engine.core.memory import (
    CANCELS,
    find,
    is_same,
    note_cancel,
    note_order,
    note_refusal,
    remember,
)
from engine.core.orders import answer
from engine.core.questions import OK

PLACE_SHIFT: Final = 16
"""Where the word that a check returns holds the place of the broken item; the reason stands below it."""
NEW: Final = 0
SAME: Final = 1
OTHER: Final = 2


@kernel
def look_up(S: State, commands: Rows, events: Rows, count: int) -> None:
    """Say what each client order number stands for: `sequence` NEW, SAME or OTHER, `number` its reference."""
    for i in range(count):
        command, event = commands[at(i)], events[at(i)]
        place = find(S, whole(command["key"]), command["client_order"])
        reference = S.slots[at(place)] & 0xFFFFFFFF
        event["number"] = reference
        event["sequence"] = NEW
        if reference != 0:
            event["sequence"] = SAME if is_same(S, reference, commands, i) else OTHER


@kernel
def check_listings(S: State, commands: Rows, count: int) -> int:
    """Return the first rule that a listing breaks where those before it rest, above it its place.

    Their locks are taken in the rows that they will get, and given back: nothing is changed.
    """
    participant = participant_of(S, whole(commands[at(0)]["key"]))
    first = whole(S.market["order_count"]) + 1
    reason, done = whole(OK), whole(0)
    while done < count:
        reason = check_place(S, commands, done, participant)
        if reason != OK:
            break
        note_order(S, commands, done, first + done, participant)
        S.orders[at(first + done)]["left_t"] = commands[at(done)]["quantity_t"]
        lock(S, first + done)
        done += 1
    for i in range(done):
        unlock(S, first + i, whole(S.orders[at(first + i)]["left_t"]))
    return reason | (done << PLACE_SHIFT)


@kernel
def refuse_listings(S: State, commands: Rows, count: int) -> None:
    """Give each listing of a refused batch its number, its memory and the reason in `counterparty`."""
    market = S.market
    for i in range(count):
        command = commands[at(i)]
        key = whole(command["key"])
        reason = whole(command["counterparty"])
        number = whole(market["order_count"]) + 1
        market["order_count"] = number
        remember(S, find(S, key, command["client_order"]), key, command["client_order"], number)
        note_order(S, commands, i, number, participant_of(S, key))
        S.orders[at(number)]["state"] = REFUSED
        S.orders[at(number)]["next"] = note_refusal(S, commands, i, reason)


@kernel
def answer_all(S: State, commands: Rows, events: Rows, count: int) -> int:
    """Answer order commands of one entry like entries of their own; return how many event rows."""
    e = whole(0)
    for i in range(count):
        command, first = commands[at(i)], e
        e = answer(S, commands, events, i, e)
        repeated_by = whole(0)
        if is_repeated(events, first):
            repeated_by = command["sequence"]
        for row in range(first, e):
            fold(S, events, row, command["time_ns"], repeated_by)
    return e


@kernel
def check_cancels(S: State, commands: Rows, events: Rows, count: int) -> None:
    """Say for each order (`target`) whether the participant may cancel it now: reason and figures."""
    participant = participant_of(S, whole(commands[at(0)]["key"]))
    for i in range(count):
        event = events[at(i)]
        reason = check_cancel(S, commands, i, participant)
        event["sequence"] = reason
        event["price_fen"] = S.market["figure_a"] if reason != OK else 0
        event["quantity_t"] = S.market["figure_b"] if reason != OK else 0


@kernel
def note_batch(S: State, commands: Rows) -> int:
    """Remember a client order number that cancels several orders; return its reference, 0 without room.

    Room is kept for every order that can end: whatever took back something (`spare`) is remembered.
    """
    command = commands[at(0)]
    has_room = S.market["cancel_count"] < S.rules["cancels_max"] - S.rules["orders_max"]
    if command["spare"] == 0 and not has_room:
        return whole(0)
    place = find(S, whole(command["key"]), command["client_order"])
    return CANCELS + note_cancel(S, commands, 0, place, 0, 0, 0)
