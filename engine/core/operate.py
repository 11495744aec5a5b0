"""Single steps of the core for what is plain Python around it: dialogues, auctions, the day's end.

They are the kernels of the order commands behind a second entry, so there is one ledger, one book and one
memory. A step takes its figures from COMMAND rows, whose fields are named where each step reads them.
"""

from enum import IntEnum
from typing import Final

import numpy as np

from engine.core.accounts import cost_fen, lock, unlock
from engine.core.answers import fold, participant_of, write_cancelled, write_traded
from engine.core.batch import (
    answer_all,
    check_cancels,
    check_listings,
    look_up,
    note_batch,
    refuse_listings,
)
from engine.core.layout import EVENT_WORDS, STANDS, TAKER, Rows, State
from engine.core.machine import at, entry, kernel, state_at, view, whole
from engine.core.memory import find, note_order, remember
from engine.core.questions import (
    OK,
    check_may_act,
    check_means,
    check_phase,
    check_price,
    check_product,
    check_quantity,
    check_sender,
    complain,
)
from engine.core.records import COMMAND, CommandKind
from engine.core.trading import end, fill, stand, trade
from engine.reasons import Reason


class Step(IntEnum):
    """What the core is asked to do."""

    NUMBER = 1
    STAND = 2
    CHANGE = 3
    TRADE = 4
    END = 5
    MAY_ACT = 6
    PHASE = 7
    PRODUCT = 8
    PRICE = 9
    QUANTITY = 10
    MEANS = 11
    MEANS_OF_SUM = 12
    SENDER = 13
    LOOK_UP = 14
    CHECK_LISTINGS = 15
    REFUSE_LISTINGS = 16
    ANSWER_ALL = 17
    CHECK_CANCELS = 18
    NOTE_BATCH = 19


NUMBER: Final = int(Step.NUMBER)
STAND: Final = int(Step.STAND)
CHANGE: Final = int(Step.CHANGE)
TRADE: Final = int(Step.TRADE)
END: Final = int(Step.END)
MAY_ACT: Final = int(Step.MAY_ACT)
PHASE: Final = int(Step.PHASE)
PRODUCT: Final = int(Step.PRODUCT)
PRICE: Final = int(Step.PRICE)
QUANTITY: Final = int(Step.QUANTITY)
MEANS: Final = int(Step.MEANS)
SENDER: Final = int(Step.SENDER)
LOOK_UP: Final = int(Step.LOOK_UP)
CHECK_LISTINGS: Final = int(Step.CHECK_LISTINGS)
REFUSE_LISTINGS: Final = int(Step.REFUSE_LISTINGS)
ANSWER_ALL: Final = int(Step.ANSWER_ALL)
CHECK_CANCELS: Final = int(Step.CHECK_CANCELS)
NOTE_BATCH: Final = int(Step.NOTE_BATCH)
GROUP: Final = int(CommandKind.OFFER_BLOCK_TO_GROUP)
REUSED: Final = int(Reason.CLIENT_ORDER_REUSED)


@kernel
def _number(S: State, commands: Rows) -> int:
    """Give a command its number and a spent row; a reason says who may not, or that it came before.

    Then figure_a is the number, or what the client order number stands for already.
    """
    command, market = commands[at(0)], S.market
    reason = check_sender(S, commands, 0)
    if reason != OK:
        return reason
    key, client = whole(command["key"]), command["client_order"]
    place = find(S, key, client)
    if S.slots[at(place)] != 0:
        return complain(S, REUSED, S.slots[at(place)] & 0xFFFFFFFF, 0)
    if market["order_count"] >= S.rules["orders_max"]:
        return complain(S, Reason.ORDERS_FULL, S.rules["orders_max"], 0)
    is_to_group = command["kind"] == GROUP
    if is_to_group and market["group_count"] >= S.rules["group_offers_max"]:
        return complain(S, Reason.ORDERS_FULL, S.rules["group_offers_max"], 0)
    number = market["order_count"] + 1
    market["order_count"] = number
    remember(S, place, key, client, number)
    note_order(S, commands, 0, number, participant_of(S, key))
    S.orders[at(number)]["state"] = TAKER
    return complain(S, OK, number, 0)


@kernel
def _stand(S: State, commands: Rows) -> None:
    """Let a spent row (`target`) stand with product, side, price, quantity and its own `counterparty`."""
    command = commands[at(0)]
    number = whole(command["target"])
    order = S.orders[at(number)]
    order["product"], order["side"] = command["product"], command["side"]
    order["price_fen"], order["quantity_t"] = command["price_fen"], command["quantity_t"]
    order["left_t"], order["target"] = command["quantity_t"], command["counterparty"]
    stand(S, number)


@kernel
def _change(S: State, commands: Rows) -> None:
    """Give a standing row (`target`) another price and quantity; its lock follows."""
    command = commands[at(0)]
    number = whole(command["target"])
    order = S.orders[at(number)]
    unlock(S, number, whole(order["left_t"]))
    order["price_fen"], order["quantity_t"] = command["price_fen"], command["quantity_t"]
    order["left_t"] = command["quantity_t"]
    lock(S, number)


@kernel
def _trade(S: State, commands: Rows, events: Rows, i: int) -> None:
    """Trade a resting order (`target`) with the order of a taker (`counterparty`), which pays from its own lock if it stands."""
    command = commands[at(i)]
    resting, number = whole(command["target"]), whole(command["counterparty"])
    quantity, price, time_ns = command["quantity_t"], command["price_fen"], command["time_ns"]
    if S.orders[at(number)]["state"] == STANDS:
        fill(S, number, quantity)
    row = trade(S, resting, number, quantity, price, time_ns)
    write_traded(S, events, i, row, command["sequence"])
    fold(S, events, i, time_ns, 0)


@kernel
def _end(S: State, commands: Rows, events: Rows, i: int) -> None:
    """End an order (`target`) for a cause (`side`), by whose command; without a `key` by its own."""
    command = commands[at(i)]
    number = whole(command["target"])
    order = S.orders[at(number)]
    end(S, number)
    key, client, cause = whole(command["key"]), command["client_order"], whole(command["side"])
    if key == 0:
        key, client = whole(order["key"]), order["client_order"]
    write_cancelled(S, events, i, number, cause, command["sequence"], key, client)
    fold(S, events, i, command["time_ns"], 0)


@kernel
def _ask(S: State, step: int, commands: Rows) -> int:
    """Ask one question; who is in `counterparty`, the method in `kind`, other figures in their fields."""
    command = commands[at(0)]
    method, participant = whole(command["kind"]), whole(command["counterparty"])
    product, side = whole(command["product"]), whole(command["side"])
    price, quantity = command["price_fen"], command["quantity_t"]
    phases = command["spare"]
    if step == MAY_ACT:
        return check_may_act(S, method, participant, side, phases)
    if step == PHASE:
        return check_phase(S, method, phases)
    if step == PRODUCT:
        return check_product(S, product)
    if step == PRICE:
        return check_price(S, price, command["client_order"], command["spare"])
    if step == QUANTITY:
        minimum, maximum = command["client_order"], command["spare"]
        return check_quantity(S, quantity, price, minimum, maximum)
    cash_fen = command["client_order"]
    if step == MEANS:
        cash_fen = cost_fen(S, method, price * quantity)
    return check_means(S, participant, product, side, cash_fen, quantity, whole(command["target"]))


@kernel
def _batch(S: State, step: int, commands: Rows, events: Rows, count: int) -> int:
    """Do one step of a batch (batch.py)."""
    if step == CHECK_LISTINGS:
        return check_listings(S, commands, count)
    if step == ANSWER_ALL:
        return answer_all(S, commands, events, count)
    if step == NOTE_BATCH:
        return note_batch(S, commands)
    if step == LOOK_UP:
        look_up(S, commands, events, count)
    elif step == REFUSE_LISTINGS:
        refuse_listings(S, commands, count)
    elif step == CHECK_CANCELS:
        check_cancels(S, commands, events, count)
    return OK


@kernel
def operate(S: State, step: int, commands: Rows, events: Rows, count: int) -> int:
    """Do one step; return the reason why not, 0 if it is done, or the figure that a step is asked for."""
    if step >= LOOK_UP:
        return _batch(S, step, commands, events, count)
    if step == SENDER:
        return check_sender(S, commands, 0)
    if step == NUMBER:
        return _number(S, commands)
    if step == STAND:
        _stand(S, commands)
    elif step == CHANGE:
        _change(S, commands)
    elif step == TRADE:
        for i in range(count):
            _trade(S, commands, events, i)
    elif step == END:
        for i in range(count):
            _end(S, commands, events, i)
    else:
        return _ask(S, step, commands)
    return OK


@entry
def operate_table(
    table_address: int,
    step: int,
    commands_address: int,
    events_address: int,
    count: int,
    room: int,
) -> int:
    """Operate on arrays given by their addresses; the caller keeps them alive."""
    state = state_at(table_address)
    commands = view(commands_address, count, COMMAND)
    events = view(events_address, room, EVENT_WORDS)
    return operate(state, step, commands, events, count)


def operate_plain(state: State, step: int, commands: Rows, events: Rows, count: int) -> int:
    """Operate without the compiler, on the arrays themselves; digests wrap on purpose."""
    with np.errstate(over="ignore"):
        return int(operate(state, step, commands, events.view(EVENT_WORDS), count))


__all__ = ["Step", "operate_plain", "operate_table"]
