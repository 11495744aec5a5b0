"""Client order numbers of the day: an open-addressing table from key and number to the first answer.

A slot is one word, a tag over a reference: an order number, or a cancel's row behind `CANCELS`. The row
itself holds the content and the answer, so a repeat is answered without a copy of anything. Numbers that
follow each other under one key share a cache line, eight to the line: clients count upwards. Lines of 64
neighbouring keys share a page, for thousands of keys in use would else be thousands of page walks.
"""

from typing import Final

from engine.core.answers import (
    mark_repeated,
    write_cancelled,
    write_offered,
    write_placed,
    write_reduced,
    write_refused,
    write_traded,
)
from engine.core.layout import (
    FILLED,
    NOT_IN_BOOK,
    REFUSED,
    TAKER,
    UNKNOWN_PRODUCT,
    UNKNOWN_PRODUCT_ROW,
    Rows,
    State,
)
from engine.core.machine import at, kernel, prefetch, whole, word
from engine.core.questions import complain
from engine.core.records import CommandKind
from engine.reasons import Reason

CANCELS: Final = 1 << 31
LINE_SHIFT: Final = 3
LINE_MASK: Final = 7
PAGE_SHIFT: Final = 6
PAGE_MASK: Final = 63
TURN_SHIFT: Final = 8
STRIDE: Final = 65 << LINE_SHIFT
"""From a full line to the next: 65 lines, which share no factor with their number, so all are reached."""
TAG_SHIFT: Final = 33
PLACE: Final = int(CommandKind.PLACE_LISTING)
PICK: Final = int(CommandKind.PICK_LISTING)
OFFER: Final = int(CommandKind.OFFER_BLOCK)
CANCEL: Final = int(CommandKind.CANCEL_ORDER)
REDUCE: Final = int(CommandKind.REDUCE_ORDER)
HASH: Final = 0x9E3779B97F4A7C15
BLOCK_SHIFT: Final = 42
"""Chosen by counting: from 256 keys to a million, hardly two blocks meet on a page (40: up to a quarter)."""


@kernel
def _hash(key: int, client_order: int) -> int:
    """Mix what shares a page: a block of neighbouring keys, and a run of numbers that shares a line.

    One product with the golden ratio; its high bits hang on all bits of both (Knuth 6.4).
    """
    block = word(key >> PAGE_SHIFT) << word(BLOCK_SHIFT)
    return (block ^ word(client_order >> LINE_SHIFT)) * word(HASH)


@kernel
def _home(S: State, hashed: int, key: int, client_order: int) -> int:
    """Return the first slot to look at: the hash's page, in it the key's line, in it the number's slot.

    The line of a key moves on with its numbers, so that even a single busy key fills whole pages.
    """
    line = (key + (client_order >> TURN_SHIFT)) & PAGE_MASK
    page = whole(
        hashed >> word(S.rules["page_shift"])
    )  # the high bits are those that mix all others
    return (((page << PAGE_SHIFT) | line) << LINE_SHIFT) | (client_order & LINE_MASK)


@kernel
def _next_place(place: int, looks: int, last: int) -> int:
    """Return the slot to look at next: the line's other seven, then those of a line of another page."""
    if looks & LINE_MASK == 0:
        place = (place + STRIDE) & last
    return (place & ~LINE_MASK) | ((place + 1) & LINE_MASK)


@kernel
def _tag(hashed: int, key: int, client_order: int) -> int:
    """Return the high half of a slot; what the hash leaves out is in it too."""
    rest = ((key & PAGE_MASK) << LINE_SHIFT) | (client_order & LINE_MASK)
    return whole(hashed >> word(TAG_SHIFT)) ^ rest


@kernel
def prefetch_slot(S: State, key: int, client_order: int) -> None:
    """Ask early for the line in which a client order number would stand."""
    prefetch(S.slots, _home(S, _hash(key, client_order), key, client_order))


@kernel
def _is(S: State, reference: int, key: int, client_order: int) -> bool:
    if reference >= CANCELS:
        cancel = S.cancels[at(reference - CANCELS)]
        return cancel["client_order"] == client_order and cancel["key"] == key
    order = S.orders[at(reference)]
    return order["client_order"] == client_order and order["key"] == key


@kernel
def find(S: State, key: int, client_order: int) -> int:
    """Return the slot of a key's client order number, or the empty one where it belongs."""
    hashed = _hash(key, client_order)
    place = _home(S, hashed, key, client_order)
    tag = _tag(hashed, key, client_order)
    last = S.rules["slots"] - 1
    looks = whole(0)
    while True:  # ends: at most three quarters of the slots are ever taken
        slot = S.slots[at(place)]
        if slot == 0:
            return place
        if slot >> 32 == tag and _is(S, slot & 0xFFFFFFFF, key, client_order):
            return place
        looks += 1
        place = _next_place(place, looks, last)


@kernel
def remember(S: State, place: int, key: int, client_order: int, reference: int) -> None:
    """Fill an empty slot."""
    tag = _tag(_hash(key, client_order), key, client_order)
    S.slots[at(place)] = (tag << 32) | reference


@kernel
def note_order(S: State, commands: Rows, i: int, number: int, participant: int) -> None:
    """Write an order command's content into the row of its new number."""
    command, order = commands[at(i)], S.orders[at(number)]
    product = command["product"]
    order["price_fen"] = command["price_fen"]
    order["position"] = 0
    order["quantity_t"] = command["quantity_t"]
    order["left_t"] = 0
    order["participant"] = participant
    order["key"] = command["key"]
    order["target"] = command["counterparty"] if command["kind"] == OFFER else command["target"]
    order["next"] = 0
    order["previous"] = 0
    order["product"] = UNKNOWN_PRODUCT_ROW if product == UNKNOWN_PRODUCT else product
    order["side"] = command["side"]
    order["kind"] = command["kind"]
    order["client_order"] = command["client_order"]
    order["sequence"] = command["sequence"]
    order["time_ns"] = command["time_ns"]


@kernel
def note_refusal(S: State, commands: Rows, i: int, reason: int) -> int:
    """Keep a refusal with its figures and return its row."""
    market = S.market
    row = market["refusal_count"] + 1
    market["refusal_count"] = row
    refusal = S.refusals[at(row)]
    refusal["reason"] = reason
    refusal["figure_a"] = market["figure_a"]
    refusal["figure_b"] = market["figure_b"]
    refusal["spare"] = commands[at(i)]["spare"]
    refusal["low"] = commands[at(i)]["target"]
    return row


@kernel
def note_cancel(
    S: State, commands: Rows, i: int, place: int, refusal: int, quantity: int, left: int
) -> int:
    """Remember a cancel or a reduction and its answer, and return its row."""
    market, command = S.market, commands[at(i)]
    row = market["cancel_count"] + 1
    market["cancel_count"] = row
    cancel = S.cancels[at(row)]
    cancel["key"] = command["key"]
    cancel["target"] = command["target"]
    cancel["client_order"] = command["client_order"]
    cancel["sequence"] = command["sequence"]
    cancel["time_ns"] = command["time_ns"]
    cancel["refusal"] = refusal
    cancel["quantity_t"] = quantity
    cancel["left_t"] = left
    remember(S, place, whole(command["key"]), command["client_order"], CANCELS + row)
    return row


@kernel
def _is_same_order(S: State, number: int, commands: Rows, i: int) -> bool:
    """Compare a command with the order that has its client order number, field by field."""
    command, order = commands[at(i)], S.orders[at(number)]
    kind = order["kind"]
    if kind != command["kind"]:
        return False
    if kind != PLACE and kind != OFFER:
        is_same_quantity = kind != PICK or order["quantity_t"] == command["quantity_t"]
        return is_same_quantity and order["target"] == command["target"]
    product = command["product"]
    row = whole(UNKNOWN_PRODUCT_ROW) if product == UNKNOWN_PRODUCT else whole(product)
    is_refused = order["state"] == REFUSED
    price, quantity = whole(order["price_fen"]), whole(order["quantity_t"])
    if kind == OFFER and not is_refused:  # a negotiation may have moved the row's own terms
        price, quantity = whole(order["next"]), whole(order["previous"])
    if order["product"] != row or order["side"] != command["side"]:
        return False
    if price != command["price_fen"] or quantity != command["quantity_t"]:
        return False
    if kind == OFFER and order["target"] != command["counterparty"]:
        return False
    if row != UNKNOWN_PRODUCT_ROW or not is_refused:
        return True
    refusal = S.refusals[at(order["next"])]
    return refusal["spare"] == command["spare"] and refusal["low"] == command["target"]


@kernel
def _load_refusal(S: State, row: int) -> int:
    refusal = S.refusals[at(row)]
    return complain(S, refusal["reason"], refusal["figure_a"], refusal["figure_b"])


@kernel
def _repeat_order(S: State, events: Rows, i: int, e: int, number: int) -> None:
    """Write the last event of an order's first answer again."""
    order = S.orders[at(number)]
    key, client, sequence = whole(order["key"]), order["client_order"], order["sequence"]
    state = order["state"]
    is_over = order["kind"] == PLACE and order["position"] == NOT_IN_BOOK
    if state == REFUSED:
        reason = _load_refusal(S, whole(order["next"]))
        write_refused(S, events, e, number, reason, sequence, key, client)
    elif state == TAKER or (is_over and state == FILLED):
        write_traded(S, events, e, whole(order["next"]), sequence)
    elif is_over:
        write_cancelled(S, events, e, number, whole(order["previous"]), sequence, key, client)
    elif order["kind"] == PLACE:
        write_placed(S, events, e, number)
    else:
        write_offered(S, events, e, number)
    mark_repeated(S, events, i, e, order["time_ns"])


@kernel
def _repeat_cancel(S: State, events: Rows, i: int, e: int, row: int) -> None:
    cancel = S.cancels[at(row)]
    sequence, key, client = cancel["sequence"], whole(cancel["key"]), cancel["client_order"]
    if cancel["refusal"] != 0:
        reason = _load_refusal(S, whole(cancel["refusal"]))
        write_refused(S, events, e, 0, reason, sequence, key, client)
    elif cancel["quantity_t"] != 0:
        write_reduced(S, events, e, row)
    else:
        write_cancelled(S, events, e, whole(cancel["target"]), 0, sequence, key, client)
    mark_repeated(S, events, i, e, cancel["time_ns"])


@kernel
def _is_same_cancel(S: State, row: int, commands: Rows, i: int) -> bool:
    """Compare a cancel or reduction with the remembered one; only a reduction has a quantity."""
    command, cancel = commands[at(i)], S.cancels[at(row)]
    if command["target"] != cancel["target"]:
        return False
    if command["kind"] == CANCEL:
        return cancel["quantity_t"] == 0
    return command["kind"] == REDUCE and cancel["quantity_t"] == command["quantity_t"]


@kernel
def is_same(S: State, reference: int, commands: Rows, i: int) -> bool:
    """Say whether a command has the content that its client order number stands for."""
    if reference >= CANCELS:
        return _is_same_cancel(S, reference - CANCELS, commands, i)
    return _is_same_order(S, reference, commands, i)


@kernel
def answer_again(S: State, commands: Rows, events: Rows, i: int, e: int, place: int) -> None:
    """Answer a client order number that came before: the first answer, or refuse another content."""
    command = commands[at(i)]
    reference = S.slots[at(place)] & 0xFFFFFFFF
    if reference >= CANCELS:
        if _is_same_cancel(S, reference - CANCELS, commands, i):
            _repeat_cancel(S, events, i, e, reference - CANCELS)
            return
    elif _is_same_order(S, reference, commands, i):
        _repeat_order(S, events, i, e, reference)
        return
    reason = complain(S, Reason.CLIENT_ORDER_REUSED, 0, 0)
    key, client = whole(command["key"]), command["client_order"]
    write_refused(S, events, e, 0, reason, command["sequence"], key, client)
