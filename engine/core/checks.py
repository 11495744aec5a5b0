"""The rules of an order command, asked in the order of `engine.reasons.PRECEDENCE`; nothing changes here.

Each check returns a `Reason`, 0 if the command may be done, and leaves the refusal's figures in the
market row. A command stands in its row of `commands`; its price and quantity are positive.
"""

from typing import Final

from engine.commands import Method, Side
from engine.core.accounts import holding_of, spendable_fen
from engine.core.ladder import better_price
from engine.core.layout import (
    NEVER,
    REFUSED,
    STANDS,
    SUSPENDED,
    TRADER,
    UNKNOWN_PRODUCT,
    UNRESTRICTED,
    Rows,
    State,
)
from engine.core.machine import at, kernel, whole
from engine.core.records import CommandKind
from engine.events import Phase
from engine.reasons import Reason

OK: Final = 0
LISTED: Final = int(Method.LISTED)
BLOCK: Final = int(Method.BLOCK)
BUY: Final = int(Side.BUY)
SELL: Final = int(Side.SELL)
PRE_OPEN: Final = int(Phase.PRE_OPEN)
OPEN: Final = int(Phase.OPEN)
BREAK: Final = int(Phase.BREAK)
PLACE: Final = int(CommandKind.PLACE_LISTING)
PICK: Final = int(CommandKind.PICK_LISTING)
OFFER: Final = int(CommandKind.OFFER_BLOCK)
ACCEPT: Final = int(CommandKind.ACCEPT_BLOCK)


@kernel
def complain(S: State, reason: int, figure_a: int, figure_b: int) -> int:
    """Keep the figures of a broken rule and return its reason."""
    S.market["figure_a"] = figure_a
    S.market["figure_b"] = figure_b
    return whole(reason)


@kernel
def check_sender(S: State, commands: Rows, i: int) -> int:
    """Say whether the key may send orders; key 0 is the sequencer's own and no trader's."""
    key = whole(commands[at(i)]["key"])
    if key < 0 or key > S.market["key_count"]:
        return complain(S, Reason.KEY_UNKNOWN, 0, 0)
    if S.keys[at(key)]["role"] != TRADER:
        return complain(S, Reason.ROLE_NOT_PERMITTED, 0, 0)
    return OK


@kernel
def _check_open(S: State, method: int, participant: int, side: int) -> int:
    """Say whether a method is open and the party may act on a side (R76)."""
    row = S.methods[at(method)]
    if row["phase"] != OPEN:
        return complain(S, Reason.PHASE_CLOSED, row["phase"], row["next_ns"])
    restriction = S.restrictions[at(participant)]
    if restriction == UNRESTRICTED:
        return OK
    if restriction == SUSPENDED:
        return complain(S, Reason.PARTICIPANT_SUSPENDED, 0, 0)
    if restriction != side:
        return OK
    if side == BUY:
        return complain(S, Reason.BUYING_RESTRICTED, 0, 0)
    return complain(S, Reason.SELLING_RESTRICTED, 0, 0)


@kernel
def _check_product(S: State, product: int) -> int:
    if product == UNKNOWN_PRODUCT:
        return complain(S, Reason.PRODUCT_UNKNOWN, 0, 0)
    row = S.products[at(product)]
    if row["is_listed"] == 0:
        return complain(S, Reason.PRODUCT_NOT_LISTED, 0, 0)
    if row["has_reference"] == 0:
        return complain(S, Reason.REFERENCE_PRICE_MISSING, 0, 0)
    return OK


@kernel
def _check_price(S: State, price: int, floor: int, cap: int) -> int:
    tick = S.rules["tick_fen"]
    if tick != 1 and price // tick * tick != price:  # rounds down: exact only on the tick
        return complain(S, Reason.PRICE_OFF_TICK, tick, 0)
    if price < floor or price > cap:
        return complain(S, Reason.PRICE_OUTSIDE_BAND, floor, cap)
    return OK


@kernel
def _check_lot(S: State, quantity: int) -> int:
    lot = S.rules["lot_t"]
    if lot != 1 and quantity // lot * lot != quantity:  # rounds down: exact only on the lot
        return complain(S, Reason.QUANTITY_OFF_LOT, lot, 0)
    return OK


@kernel
def _check_size(S: State, method: int, quantity: int) -> int:
    row = S.methods[at(method)]
    if quantity < row["quantity_t_min"]:
        return complain(S, Reason.QUANTITY_BELOW_MINIMUM, row["quantity_t_min"], 0)
    if quantity > row["quantity_t_max"]:
        return complain(S, Reason.QUANTITY_ABOVE_MAXIMUM, row["quantity_t_max"], 0)
    return OK


@kernel
def _check_means(
    S: State, participant: int, product: int, side: int, price: int, quantity: int
) -> int:
    """Say whether the party can pay or deliver (R55); both are looked up, for sides are random."""
    spendable = spendable_fen(S, participant)
    sellable = S.holdings[at(holding_of(S, participant, product))]["available_t"]
    amount = price * quantity
    spare = spendable - amount if side == BUY else sellable - quantity
    if spare >= 0:
        return OK
    if side == BUY:
        return complain(S, Reason.CASH_NOT_AVAILABLE, spendable, amount)
    return complain(S, Reason.HOLDING_NOT_AVAILABLE, sellable, quantity)


@kernel
def check_place(S: State, commands: Rows, i: int, participant: int) -> int:
    """Return the first rule that a listing breaks."""
    command = commands[at(i)]
    product, side = whole(command["product"]), whole(command["side"])
    price, quantity = command["price_fen"], command["quantity_t"]
    reason = _check_open(S, LISTED, participant, side)
    if reason == OK:
        reason = _check_product(S, product)
    if reason == OK:
        row = S.products[at(product)]
        reason = _check_price(S, price, row["listed_floor_fen"], row["listed_cap_fen"])
    if reason == OK:
        reason = _check_lot(S, quantity)
    if reason == OK:
        reason = _check_size(S, LISTED, quantity)
    if reason == OK:
        reason = _check_means(S, participant, product, side, price, quantity)
    return reason


@kernel
def check_offer(S: State, commands: Rows, i: int, participant: int) -> int:
    """Return the first rule that a block offer breaks."""
    command = commands[at(i)]
    product, side = whole(command["product"]), whole(command["side"])
    price, quantity = command["price_fen"], command["quantity_t"]
    counterparty = whole(command["counterparty"])
    reason = _check_open(S, BLOCK, participant, side)
    if reason == OK:
        reason = _check_product(S, product)
    if reason == OK and (counterparty < 1 or counterparty > S.market["participant_count"]):
        reason = complain(S, Reason.COUNTERPARTY_UNKNOWN, counterparty, 0)
    if reason == OK and counterparty == participant:
        reason = complain(S, Reason.OWN_COUNTERPARTY, 0, 0)
    if reason == OK:
        row = S.products[at(product)]
        reason = _check_price(S, price, row["block_floor_fen"], row["block_cap_fen"])
    if reason == OK:
        reason = _check_lot(S, quantity)
    if reason == OK:
        reason = _check_size(S, BLOCK, quantity)
    if reason == OK:
        reason = _check_means(S, participant, product, side, price, quantity)
    return reason


@kernel
def is_order(S: State, number: int) -> bool:
    """Say whether an order of the day has this number and was accepted; a refused one never was."""
    if number < 1 or number > S.market["order_count"]:
        return False
    state = S.orders[at(number)]["state"]
    return state != REFUSED and state != NEVER


@kernel
def _taker_side(S: State, number: int, own_kind: int, taking_kind: int) -> int:
    """Return the side of who takes an order of a method, 0 where the number names none."""
    if not is_order(S, number):
        return whole(0)
    order = S.orders[at(number)]
    if order["kind"] != own_kind and order["kind"] != taking_kind:
        return whole(0)
    return BUY + SELL - whole(order["side"])


@kernel
def _check_target(S: State, number: int, own_kind: int, taking_kind: int) -> int:
    """Say whether a number names an order of a method that still stands."""
    if not is_order(S, number):
        return complain(S, Reason.ORDER_UNKNOWN, number, 0)
    kind = S.orders[at(number)]["kind"]
    if kind != own_kind and kind != taking_kind:
        return complain(S, Reason.ORDER_UNKNOWN, number, 0)
    if S.orders[at(number)]["state"] != STANDS:
        return complain(S, Reason.ORDER_NOT_OPEN, number, 0)
    return OK


@kernel
def check_pick(S: State, commands: Rows, i: int, participant: int) -> int:
    """Return the first rule that a pick breaks (R40-R45)."""
    number, quantity = whole(commands[at(i)]["target"]), commands[at(i)]["quantity_t"]
    reason = _check_open(S, LISTED, participant, _taker_side(S, number, PLACE, PICK))
    if reason == OK:
        reason = _check_target(S, number, PLACE, PICK)
    if reason != OK:
        return reason
    listing = S.orders[at(number)]
    if listing["participant"] == participant:
        return complain(S, Reason.OWN_LISTING, number, 0)
    better = better_price(S, number, participant)
    if better != 0:
        return complain(S, Reason.BETTER_LEVEL_EXISTS, better, 0)
    reason = _check_lot(S, quantity)
    if reason != OK:
        return reason
    if quantity > listing["left_t"]:
        return complain(S, Reason.LISTING_QUANTITY_NOT_AVAILABLE, whole(listing["left_t"]), 0)
    side = BUY + SELL - whole(listing["side"])
    return _check_means(
        S, participant, whole(listing["product"]), side, whole(listing["price_fen"]), quantity
    )


@kernel
def check_accept(S: State, commands: Rows, i: int, participant: int) -> int:
    """Return the first rule that the acceptance of a block offer breaks (R61)."""
    number = whole(commands[at(i)]["target"])
    reason = _check_open(S, BLOCK, participant, _taker_side(S, number, OFFER, ACCEPT))
    if reason == OK:
        reason = _check_target(S, number, OFFER, ACCEPT)
    if reason != OK:
        return reason
    offer = S.orders[at(number)]
    if offer["target"] != participant:
        return complain(S, Reason.NOT_OFFER_COUNTERPARTY, number, 0)
    side = BUY + SELL - whole(offer["side"])
    quantity = whole(offer["left_t"])
    return _check_means(
        S, participant, whole(offer["product"]), side, whole(offer["price_fen"]), quantity
    )


@kernel
def check_cancel(S: State, commands: Rows, i: int, participant: int) -> int:
    """Return the first rule that a cancel breaks (R54); an unknown order counts as a listing."""
    number = whole(commands[at(i)]["target"])
    method = LISTED
    if is_order(S, number):
        kind = S.orders[at(number)]["kind"]
        if kind == OFFER or kind == ACCEPT:
            method = BLOCK
    row = S.methods[at(method)]
    if row["phase"] < PRE_OPEN or row["phase"] > BREAK:
        return complain(S, Reason.PHASE_CLOSED, row["phase"], row["next_ns"])
    if not is_order(S, number):
        return complain(S, Reason.ORDER_UNKNOWN, number, 0)
    if S.orders[at(number)]["participant"] != participant:
        return complain(S, Reason.NOT_ORDER_OWNER, number, 0)
    if S.orders[at(number)]["state"] != STANDS:
        return complain(S, Reason.ORDER_NOT_OPEN, number, 0)
    return OK
