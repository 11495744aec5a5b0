"""What an order command does once no rule is broken, and how it is refused: all checks, then all changes."""

from typing import Final

from engine.commands import Method, Side
from engine.core.accounts import lock, post_trade, unlock
from engine.core.answers import (
    participant_of,
    write_cancelled,
    write_refused,
    write_resting,
    write_traded,
)
from engine.core.checks import (
    OK,
    check_accept,
    check_cancel,
    check_offer,
    check_pick,
    check_place,
    check_sender,
    complain,
)
from engine.core.ladder import ladder_of, link, position_of, shrink, unlink
from engine.core.layout import (
    CANCELLED,
    FILLED,
    REFUSED,
    STANDS,
    TAKER,
    UNSETTLED,
    Rows,
    State,
)
from engine.core.machine import at, kernel, whole
from engine.core.memory import (
    answer_again,
    find,
    note_cancel,
    note_order,
    note_refusal,
    remember,
)
from engine.core.records import CommandKind
from engine.core.tallies import count_block, count_listed
from engine.reasons import Reason

PLACE: Final = int(CommandKind.PLACE_LISTING)
PICK: Final = int(CommandKind.PICK_LISTING)
CANCEL: Final = int(CommandKind.CANCEL_ORDER)
OFFER: Final = int(CommandKind.OFFER_BLOCK)
BLOCK: Final = int(Method.BLOCK)
LISTED: Final = int(Method.LISTED)
BUY: Final = int(Side.BUY)
SELL: Final = int(Side.SELL)


@kernel
def _rest(S: State, events: Rows, i: int, number: int) -> None:
    """Let a listing or an offer stand: lock what it may need (R54, R63), enter it in the book."""
    order = S.orders[at(number)]
    order["left_t"] = order["quantity_t"]
    order["state"] = STANDS
    lock(S, number)
    if order["kind"] == PLACE:
        ladder = ladder_of(order["product"], order["side"])
        order["position"] = position_of(S, ladder, whole(order["price_fen"]))
        link(S, number)
    S.market["open_count"] += 1
    write_resting(S, events, i, number)


@kernel
def _note_trade(S: State, resting: int, number: int, quantity: int) -> None:
    """Write the trade's row and complete the taker's order row."""
    market, other, order = S.market, S.orders[at(resting)], S.orders[at(number)]
    row = market["trade_count"]
    market["trade_count"] = row + 1
    order["price_fen"] = other["price_fen"]
    order["quantity_t"] = quantity
    order["product"] = other["product"]
    order["side"] = BUY + SELL - whole(other["side"])
    order["state"] = TAKER
    order["next"] = row
    trade = S.trades[at(row)]
    trade["price_fen"] = other["price_fen"]
    trade["quantity_t"] = quantity
    if other["side"] == BUY:
        trade["buyer"], trade["seller"] = other["participant"], order["participant"]
        trade["buy_order"], trade["sell_order"] = resting, number
    else:
        trade["buyer"], trade["seller"] = order["participant"], other["participant"]
        trade["buy_order"], trade["sell_order"] = number, resting
    trade["left_t"] = other["left_t"]
    trade["product"] = other["product"]
    trade["taker_side"] = order["side"]
    trade["method"] = BLOCK if other["kind"] == OFFER else LISTED
    trade["state"] = UNSETTLED
    trade["time_ns"] = order["time_ns"]


@kernel
def _take(S: State, events: Rows, i: int, number: int, quantity: int) -> None:
    """Trade a quantity of the order that a pick or an acceptance names, at its price (R41, R43)."""
    resting = whole(S.orders[at(number)]["target"])
    other = S.orders[at(resting)]
    is_listing = other["kind"] == PLACE
    post_trade(S, resting, S.orders[at(number)]["participant"], quantity)
    if quantity == other["left_t"]:
        if is_listing:
            unlink(S, resting)
        other["left_t"] = 0
        other["state"] = FILLED
        S.market["open_count"] -= 1
    else:
        other["left_t"] -= quantity
        shrink(S, resting, quantity)
    product, price = whole(other["product"]), whole(other["price_fen"])
    if is_listing:
        count_listed(S, product, price, quantity)
    else:
        count_block(S, product, price, quantity)
    _note_trade(S, resting, number, quantity)
    write_traded(S, events, i, number)


@kernel
def _end(S: State, number: int) -> None:
    """Take what is left of an order out of the book and release its lock."""
    order = S.orders[at(number)]
    unlock(S, number, whole(order["left_t"]))
    if order["kind"] == PLACE:
        unlink(S, number)
    order["state"] = CANCELLED
    S.market["open_count"] -= 1


@kernel
def _refuse(S: State, commands: Rows, events: Rows, i: int, number: int, reason: int) -> None:
    command = commands[at(i)]
    key, client = whole(command["key"]), command["client_order"]
    write_refused(S, events, i, number, reason, command["sequence"], key, client)


@kernel
def _cancel(S: State, commands: Rows, events: Rows, i: int, place: int) -> None:
    command = commands[at(i)]
    reason = check_cancel(S, commands, i, participant_of(S, whole(command["key"])))
    if reason == OK:
        number = whole(command["target"])
        _end(S, number)
        note_cancel(S, commands, i, place, 0)
        key, client = whole(command["key"]), command["client_order"]
        write_cancelled(S, events, i, number, 0, command["sequence"], key, client)
        return
    rules = S.rules
    # A refused cancel changes nothing, so forgetting it is safe; room for the accepted ones is kept.
    if S.market["cancel_count"] < rules["cancels_max"] - rules["orders_max"]:
        note_cancel(S, commands, i, place, note_refusal(S, commands, i, reason))
    _refuse(S, commands, events, i, 0, reason)


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
def _order(S: State, commands: Rows, events: Rows, i: int, place: int) -> None:
    """Give an order command its number, check it, and do it or refuse it."""
    market, command = S.market, commands[at(i)]
    if market["order_count"] >= S.rules["orders_max"]:
        reason = complain(S, Reason.ORDERS_FULL, S.rules["orders_max"], 0)
        _refuse(S, commands, events, i, 0, reason)
        return
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
        _refuse(S, commands, events, i, number, reason)
    elif command["kind"] == PLACE or command["kind"] == OFFER:
        _rest(S, events, i, number)
    elif command["kind"] == PICK:
        _take(S, events, i, number, command["quantity_t"])
    else:
        _take(S, events, i, number, whole(S.orders[at(command["target"])]["left_t"]))


@kernel
def answer(S: State, commands: Rows, events: Rows, i: int) -> None:
    """Answer one order command with one event."""
    command = commands[at(i)]
    reason = check_sender(S, commands, i)
    if reason != OK:
        _refuse(S, commands, events, i, 0, reason)
        return
    place = find(S, whole(command["key"]), command["client_order"])
    if S.slots[at(place)] != 0:
        answer_again(S, commands, events, i, place)
    elif command["kind"] == CANCEL:
        _cancel(S, commands, events, i, place)
    else:
        _order(S, commands, events, i, place)


@kernel
def refuse_earlier(S: State, commands: Rows, events: Rows, i: int) -> None:
    """Refuse a command whose time lies before exchange time; it is not looked into."""
    command = commands[at(i)]
    reason = complain(S, Reason.TIME_BACKWARDS, 0, 0)
    write_refused(S, events, i, 0, reason, command["sequence"], whole(command["key"]), 0)


@kernel
def end_by_system(S: State, commands: Rows, events: Rows, i: int) -> None:
    """End an order at the close or on a suspension (R54): the event names its own key and number."""
    number = whole(commands[at(i)]["target"])
    order = S.orders[at(number)]
    _end(S, number)
    sequence, key, client = commands[at(i)]["sequence"], whole(order["key"]), order["client_order"]
    write_cancelled(S, events, i, number, S.market["ending"], sequence, key, client)
