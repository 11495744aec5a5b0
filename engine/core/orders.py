"""What an order command does once no rule is broken, and how it is refused: all checks, then all changes."""

from typing import Final

from engine.commands import Side
from engine.core.answers import (
    participant_of,
    write_cancelled,
    write_offered,
    write_placed,
    write_reduced,
    write_refused,
    write_traded,
)
from engine.core.checks import (
    check_accept,
    check_cancel,
    check_offer,
    check_pick,
    check_place,
    check_reduce,
)
from engine.core.layout import REFUSED, TAKER, Rows, State
from engine.core.machine import at, kernel, whole
from engine.core.matching import match
from engine.core.memory import (
    answer_again,
    find,
    note_cancel,
    note_order,
    note_refusal,
    remember,
)
from engine.core.questions import OK, check_sender, complain
from engine.core.records import CommandKind
from engine.core.trading import close_entry, end, reduce, stand, trade
from engine.reasons import Reason

PLACE: Final = int(CommandKind.PLACE_LISTING)
PICK: Final = int(CommandKind.PICK_LISTING)
CANCEL: Final = int(CommandKind.CANCEL_ORDER)
OFFER: Final = int(CommandKind.OFFER_BLOCK)
REDUCE: Final = int(CommandKind.REDUCE_ORDER)
BUY: Final = int(Side.BUY)
SELL: Final = int(Side.SELL)


@kernel
def _place(S: State, events: Rows, e: int, number: int) -> int:
    """Let a listing take what it crosses, where the market matches, and rest with what is left."""
    order = S.orders[at(number)]
    cause = whole(0)
    order["target"] = 0
    order["left_t"] = order["quantity_t"]
    if S.rules["matches"] != 0:
        e, cause = match(S, events, e, number)
        if cause != 0 or order["left_t"] == 0:
            close_entry(S, number, whole(order["next"]), cause)
            if cause == 0:
                return e
            key, client = whole(order["key"]), order["client_order"]
            write_cancelled(S, events, e, number, cause, order["sequence"], key, client)
            return e + 1
    stand(S, number)
    write_placed(S, events, e, number)
    return e + 1


@kernel
def _offer(S: State, events: Rows, e: int, number: int) -> None:
    """Let a block offer stand."""
    order = S.orders[at(number)]
    order["left_t"] = order["quantity_t"]
    stand(S, number)
    write_offered(S, events, e, number)


@kernel
def _watch(S: State, number: int) -> None:
    """Stop after this command if an order of a dialogue is touched: its consequences are plain Python."""
    order = S.orders[at(number)]
    kind = order["kind"]
    if kind != PLACE and (kind != OFFER or order["position"] > 0):
        S.market["follow"] = number


@kernel
def _take(S: State, events: Rows, e: int, number: int, quantity: int) -> None:
    """Trade a quantity of the order that a pick or an acceptance names, at its price (R41, R43)."""
    order = S.orders[at(number)]
    resting = whole(order["target"])
    other = S.orders[at(resting)]
    price = whole(other["price_fen"])
    order["price_fen"] = price
    order["quantity_t"] = quantity
    order["product"] = other["product"]
    order["side"] = BUY + SELL - whole(other["side"])
    order["state"] = TAKER
    row = trade(S, resting, number, quantity, price, order["time_ns"])
    order["next"] = row
    _watch(S, resting)
    write_traded(S, events, e, row, order["sequence"])


@kernel
def _refuse(
    S: State, commands: Rows, events: Rows, i: int, e: int, number: int, reason: int
) -> None:
    command = commands[at(i)]
    key, client = whole(command["key"]), command["client_order"]
    write_refused(S, events, e, number, reason, command["sequence"], key, client)


@kernel
def _take_back(S: State, commands: Rows, events: Rows, i: int, e: int, place: int) -> None:
    """Answer a cancel or a reduction: what takes back something gets no order number."""
    command = commands[at(i)]
    key, client = whole(command["key"]), command["client_order"]
    participant, number = participant_of(S, key), whole(command["target"])
    is_cancel = command["kind"] == CANCEL
    quantity = whole(0) if is_cancel else command["quantity_t"]
    if is_cancel:
        reason = check_cancel(S, commands, i, participant)
    else:
        reason = check_reduce(S, commands, i, participant)
    # Room to remember is kept for a cancel of every order; a refused one changes nothing, so forgetting
    # it is safe, and a reduction that could not be remembered is refused.
    has_room = S.market["cancel_count"] < S.rules["cancels_max"] - S.rules["orders_max"]
    if not is_cancel and not has_room:
        reason = complain(S, Reason.ORDERS_FULL, S.rules["cancels_max"] - S.rules["orders_max"], 0)
    if reason != OK:
        if has_room:
            note_cancel(S, commands, i, place, note_refusal(S, commands, i, reason), quantity, 0)
        _refuse(S, commands, events, i, e, 0, reason)
        return
    order = S.orders[at(number)]
    if is_cancel:
        end(S, number)
        _watch(S, number)
        note_cancel(S, commands, i, place, 0, 0, 0)
        write_cancelled(S, events, e, number, 0, command["sequence"], key, client)
        return
    reduce(S, number, quantity)
    row = note_cancel(S, commands, i, place, 0, quantity, whole(order["left_t"]))
    write_reduced(S, events, e, row)


@kernel
def _check(S: State, commands: Rows, i: int, participant: int) -> int:
    kind = commands[at(i)]["kind"]
    if kind == PLACE:
        return check_place(S, commands, i, participant)
    if kind == PICK:
        return check_pick(S, commands, i, participant)
    if kind == OFFER:
        return check_offer(S, commands, i, participant)
    return check_accept(S, commands, i, participant)


@kernel
def _order(S: State, commands: Rows, events: Rows, i: int, e: int, place: int) -> int:
    """Give an order command its number, check it, and do it or refuse it."""
    market, command = S.market, commands[at(i)]
    if market["order_count"] >= S.rules["orders_max"]:
        reason = complain(S, Reason.ORDERS_FULL, S.rules["orders_max"], 0)
        _refuse(S, commands, events, i, e, 0, reason)
        return e + 1
    key = whole(command["key"])
    participant = participant_of(S, key)
    number = market["order_count"] + 1
    reason = _check(S, commands, i, participant)
    market["order_count"] = number
    remember(S, place, key, command["client_order"], number)
    note_order(S, commands, i, number, participant)
    if reason != OK:
        S.orders[at(number)]["state"] = REFUSED
        S.orders[at(number)]["next"] = note_refusal(S, commands, i, reason)
        _refuse(S, commands, events, i, e, number, reason)
        return e + 1
    kind = command["kind"]
    if kind == PLACE:
        return _place(S, events, e, number)
    if kind == OFFER:
        _offer(S, events, e, number)
    else:
        quantity = command["quantity_t"]
        if kind != PICK:
            quantity = whole(S.orders[at(command["target"])]["left_t"])
        _take(S, events, e, number, quantity)
    return e + 1


@kernel
def answer(S: State, commands: Rows, events: Rows, i: int, e: int) -> int:
    """Answer one order command from an event's place on; return the place behind its last event."""
    command = commands[at(i)]
    reason = check_sender(S, commands, i)
    if reason != OK:
        _refuse(S, commands, events, i, e, 0, reason)
        return e + 1
    place = find(S, whole(command["key"]), command["client_order"])
    kind = command["kind"]
    if S.slots[at(place)] != 0:
        answer_again(S, commands, events, i, e, place)
    elif kind == CANCEL or kind == REDUCE:
        _take_back(S, commands, events, i, e, place)
    else:
        return _order(S, commands, events, i, e, place)
    return e + 1


@kernel
def refuse_earlier(S: State, commands: Rows, events: Rows, i: int, e: int) -> None:
    """Refuse a command whose time lies before exchange time; it is not looked into."""
    command = commands[at(i)]
    reason = complain(S, Reason.TIME_BACKWARDS, 0, 0)
    write_refused(S, events, e, 0, reason, command["sequence"], whole(command["key"]), 0)
