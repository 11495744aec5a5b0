"""The rules of an order command, asked in the order of `engine.reasons.PRECEDENCE`; nothing changes here.

Each check returns a `Reason`, 0 if the command may be done, and leaves the refusal's figures in the
market row. A command stands in its row of `commands`; its price and quantity are positive.
"""

from typing import Final

from engine.commands import MEMBERS_MAX, Method, Side
from engine.core.accounts import TAKE, cost_fen, method_of
from engine.core.ladder import better_price, deepest_price, older_listing
from engine.core.layout import NEVER, REFUSED, REMOVED, STANDS, Rows, State
from engine.core.machine import at, kernel, whole
from engine.core.questions import (
    OK,
    SESSION,
    WIDE,
    check_may_act,
    check_means,
    check_own_limit,
    check_phase,
    check_price,
    check_product,
    check_product_halt,
    check_quantity,
    complain,
)
from engine.core.records import CommandKind
from engine.reasons import Reason
from engine.units import PRICE_FEN_MAX

LISTED: Final = int(Method.LISTED)
BLOCK: Final = int(Method.BLOCK)
BUY: Final = int(Side.BUY)
SELL: Final = int(Side.SELL)
PLACE: Final = int(CommandKind.PLACE_LISTING)
PICK: Final = int(CommandKind.PICK_LISTING)
OFFER: Final = int(CommandKind.OFFER_BLOCK)
ACCEPT: Final = int(CommandKind.ACCEPT_BLOCK)
GROUP: Final = int(CommandKind.OFFER_BLOCK_TO_GROUP)
APPLY: Final = int(CommandKind.APPLY_AUCTION)
BID: Final = int(CommandKind.PLACE_BID)


@kernel
def _check_size(S: State, method: int, key: int, quantity: int) -> int:
    row = S.methods[at(method)]
    reason = check_quantity(
        S, quantity, S.rules["lot_t"], row["quantity_t_min"], row["quantity_t_max"]
    )
    return check_own_limit(S, key, quantity) if reason == OK else reason


@kernel
def _check_cost(
    S: State, participant: int, product: int, side: int, amount: int, quantity: int, method: int
) -> int:
    cash_fen = cost_fen(S, method, amount)
    return check_means(S, participant, product, side, cash_fen, quantity, 0)


@kernel
def check_place(S: State, commands: Rows, i: int, participant: int) -> int:
    """Return the first rule that a listing breaks."""
    command = commands[at(i)]
    product, side = whole(command["product"]), whole(command["side"])
    price, quantity = command["price_fen"], command["quantity_t"]
    reason = check_may_act(S, LISTED, participant, side, SESSION)
    if reason == OK:
        reason = check_product(S, product)
    if reason == OK:
        row = S.products[at(product)]
        reason = check_price(S, price, row["listed_floor_fen"], row["listed_cap_fen"])
    if reason == OK:
        reason = _check_size(S, LISTED, whole(command["key"]), quantity)
    if reason == OK:
        reason = _check_cost(S, participant, product, side, price * quantity, quantity, LISTED)
    return reason


@kernel
def _is_block_free(S: State, quantity: int) -> bool:
    """Say whether a block is so large that no band holds (R32)."""
    free_from = S.rules["block_free_from_t"]
    return free_from != 0 and quantity >= free_from


@kernel
def _is_party(S: State, participant: int) -> bool:
    """Say whether somebody takes part under a number: admitted and not removed."""
    if participant < 1 or participant > S.market["participant_count"]:
        return False
    return S.restrictions[at(participant)] & REMOVED == 0


@kernel
def check_offer(S: State, commands: Rows, i: int, participant: int) -> int:
    """Return the first rule that a block offer breaks."""
    command = commands[at(i)]
    product, side = whole(command["product"]), whole(command["side"])
    price, quantity = command["price_fen"], command["quantity_t"]
    counterparty = whole(command["counterparty"])
    reason = check_may_act(S, BLOCK, participant, side, SESSION)
    if reason == OK:
        reason = check_product(S, product)
    if reason == OK and not _is_party(S, counterparty):
        reason = complain(S, Reason.COUNTERPARTY_UNKNOWN, counterparty, 0)
    if reason == OK and counterparty == participant:
        reason = complain(S, Reason.OWN_COUNTERPARTY, 0, 0)
    if reason == OK:
        row = S.products[at(product)]
        is_free = _is_block_free(S, quantity)
        floor = whole(0) if is_free else row["block_floor_fen"]
        cap = whole(PRICE_FEN_MAX) if is_free else row["block_cap_fen"]
        reason = check_price(S, price, floor, cap)
    if reason == OK:
        reason = _check_size(S, BLOCK, whole(command["key"]), quantity)
    if reason == OK:
        reason = _check_cost(S, participant, product, side, price * quantity, quantity, BLOCK)
    return reason


@kernel
def is_order(S: State, number: int) -> bool:
    """Say whether an order of the day has this number and was accepted; a refused one never was."""
    if number < 1 or number > S.market["order_count"]:
        return False
    state = S.orders[at(number)]["state"]
    return state != REFUSED and state != NEVER


@kernel
def _is_of(S: State, number: int, method: int) -> bool:
    """Say whether a number names what a pick (listings, picks) or an acceptance (offers) may name."""
    if not is_order(S, number):
        return False
    kind = S.orders[at(number)]["kind"]
    if method == LISTED:
        return kind == PLACE or kind == PICK or kind == TAKE
    return kind == OFFER or kind == ACCEPT or kind == GROUP


@kernel
def _taker_side(S: State, number: int, method: int) -> int:
    """Return the side of who takes an order of a method, 0 where the number names none."""
    if not _is_of(S, number, method):
        return whole(0)
    return BUY + SELL - whole(S.orders[at(number)]["side"])


@kernel
def _check_target(S: State, number: int, method: int) -> int:
    """Say whether a number names an order of a method that still stands, of a product not halted."""
    if not _is_of(S, number, method):
        return complain(S, Reason.ORDER_UNKNOWN, number, 0)
    order = S.orders[at(number)]
    if order["state"] != STANDS:
        return complain(S, Reason.ORDER_NOT_OPEN, number, 0)
    return check_product_halt(S, whole(order["product"]))


@kernel
def _check_choice(S: State, number: int, participant: int) -> int:
    """Say whether a listing is one that a pick may choose (R42, R45)."""
    depth = S.rules["level_depth"]
    if depth == 0:
        better = better_price(S, number, participant)
        if better != 0:
            return complain(S, Reason.BETTER_LEVEL_EXISTS, better, 0)
    else:
        deepest = deepest_price(S, number, participant, depth)
        if deepest != 0:
            return complain(S, Reason.LEVEL_TOO_DEEP, deepest, depth)
    if S.rules["by_time"] != 0:
        older = older_listing(S, number, participant)
        if older != 0:
            return complain(S, Reason.EARLIER_LISTING_EXISTS, older, 0)
    return OK


@kernel
def check_pick(S: State, commands: Rows, i: int, participant: int) -> int:
    """Return the first rule that a pick breaks (R40-R45)."""
    number, quantity = whole(commands[at(i)]["target"]), commands[at(i)]["quantity_t"]
    if S.rules["picks"] == 0:
        return complain(S, Reason.NOT_OFFERED, 0, 0)
    reason = check_may_act(S, LISTED, participant, _taker_side(S, number, LISTED), SESSION)
    if reason == OK:
        reason = _check_target(S, number, LISTED)
    if reason != OK:
        return reason
    listing = S.orders[at(number)]
    if listing["participant"] == participant:
        return complain(S, Reason.OWN_LISTING, number, 0)
    reason = _check_choice(S, number, participant)
    if reason == OK:
        reason = check_quantity(S, quantity, S.rules["lot_t"], 0, quantity)
    if reason == OK:
        reason = check_own_limit(S, whole(commands[at(i)]["key"]), quantity)
    if reason != OK:
        return reason
    if quantity > listing["left_t"]:
        return complain(S, Reason.LISTING_QUANTITY_NOT_AVAILABLE, whole(listing["left_t"]), 0)
    side = BUY + SELL - whole(listing["side"])
    amount = whole(listing["price_fen"]) * quantity
    product = whole(listing["product"])
    return _check_cost(S, participant, product, side, amount, quantity, LISTED)


@kernel
def _may_accept(S: State, number: int, participant: int) -> bool:
    """Say whether an offer is made to a participant: by name, or as one of a group."""
    offer = S.orders[at(number)]
    target = whole(offer["target"])
    if offer["kind"] != GROUP:
        return target == participant
    place = (target - 1) * MEMBERS_MAX
    for row in range(place, place + MEMBERS_MAX):  # noqa: SIM110 - no generators compiled
        if S.members[at(row)] == participant:
            return True
    return False


@kernel
def check_accept(S: State, commands: Rows, i: int, participant: int) -> int:
    """Return the first rule that the acceptance of a block offer breaks (R61)."""
    number = whole(commands[at(i)]["target"])
    reason = check_may_act(S, BLOCK, participant, _taker_side(S, number, BLOCK), SESSION)
    if reason == OK:
        reason = _check_target(S, number, BLOCK)
    if reason != OK:
        return reason
    offer = S.orders[at(number)]
    if not _may_accept(S, number, participant):
        return complain(S, Reason.NOT_OFFER_COUNTERPARTY, number, 0)
    if offer["position"] > 0:
        return complain(S, Reason.OFFER_IN_NEGOTIATION, number, 0)
    side = BUY + SELL - whole(offer["side"])
    quantity = whole(offer["left_t"])
    reason = check_own_limit(S, whole(commands[at(i)]["key"]), quantity)
    if reason != OK:
        return reason
    amount = whole(offer["price_fen"]) * quantity
    return _check_cost(S, participant, whole(offer["product"]), side, amount, quantity, BLOCK)


@kernel
def check_cancel(S: State, commands: Rows, i: int, participant: int) -> int:
    """Return the first rule that a cancel breaks (R54); an unknown order counts as a listing."""
    number = whole(commands[at(i)]["target"])
    method = whole(LISTED)
    if is_order(S, number):
        method = method_of(whole(S.orders[at(number)]["kind"]))
    reason = check_phase(S, method, WIDE)
    if reason != OK:
        return reason
    if not is_order(S, number):
        return complain(S, Reason.ORDER_UNKNOWN, number, 0)
    order = S.orders[at(number)]
    if order["participant"] != participant:
        return complain(S, Reason.NOT_ORDER_OWNER, number, 0)
    if order["state"] != STANDS:
        return complain(S, Reason.ORDER_NOT_OPEN, number, 0)
    if order["kind"] == APPLY and order["position"] > 0:
        return complain(S, Reason.AUCTION_ANNOUNCED, whole(order["position"]), 0)
    if order["kind"] == BID and order["position"] > 0:
        return complain(S, Reason.BID_IRREVOCABLE, number, 0)
    return OK


@kernel
def check_reduce(S: State, commands: Rows, i: int, participant: int) -> int:
    """Return the first rule that a reduction breaks (R59); only listings can be reduced."""
    number, quantity = whole(commands[at(i)]["target"]), commands[at(i)]["quantity_t"]
    if S.rules["reduces"] == 0:
        return complain(S, Reason.NOT_OFFERED, 0, 0)
    reason = check_phase(S, LISTED, WIDE)
    if reason != OK:
        return reason
    if not is_order(S, number):
        return complain(S, Reason.ORDER_UNKNOWN, number, 0)
    order = S.orders[at(number)]
    if order["kind"] != PLACE:
        return complain(S, Reason.ORDER_UNKNOWN, number, 0)
    if order["participant"] != participant:
        return complain(S, Reason.NOT_ORDER_OWNER, number, 0)
    if order["state"] != STANDS:
        return complain(S, Reason.ORDER_NOT_OPEN, number, 0)
    reason = check_quantity(S, quantity, S.rules["lot_t"], 0, quantity)
    if reason == OK and quantity >= order["left_t"]:
        reason = complain(S, Reason.REDUCTION_NOT_LESS, whole(order["left_t"]), 0)
    return reason
