"""Event records, each written from the rows it tells of, so that a repeated answer is the same bytes.

The event digest folds every record and the time of its command; it does not depend on batches.
"""

from typing import Final

from engine.commands import Side
from engine.core.accounts import method_of
from engine.core.layout import Rows, State
from engine.core.machine import at, kernel, whole, word
from engine.core.records import (
    EVENT_METHOD_SHIFT,
    EVENT_REPEATED,
    CommandKind,
    EventKind,
)

BUY: Final = int(Side.BUY)
OFFER: Final = int(CommandKind.OFFER_BLOCK)
PLACED_EVENT: Final = int(EventKind.LISTING_PLACED)
OFFERED_EVENT: Final = int(EventKind.BLOCK_OFFERED)
TRADED_EVENT: Final = int(EventKind.TRADED)
CANCELLED_EVENT: Final = int(EventKind.CANCELLED)
REFUSED_EVENT: Final = int(EventKind.REFUSED)
REDUCED_EVENT: Final = int(EventKind.REDUCED)

# Odd constants without pattern: fractions of the golden ratio and of square roots.
FOLD_A: Final = 0x9E3779B97F4A7C15
FOLD_B: Final = 0xBB67AE8584CAA73B
FOLD_C: Final = 0x3C6EF372FE94F82B
FOLD_D: Final = 0xA54FF53A5F1D36F1
FOLD_E: Final = 0x510E527FADE682D1
FOLD_F: Final = 0x9B05688C2B3E6C1F
FOLD_G: Final = 0x1F83D9ABFB41BD6B
FOLD_H: Final = 0x5BE0CD19137E2179
FOLD_I: Final = 0xCBBB9D5DC1059ED9
FOLD_SHIFT: Final = 32


@kernel
def participant_of(S: State, key: int) -> int:
    """Return the participant that a key acts for, 0 if none."""
    if key < 1 or key > S.market["key_count"]:
        return whole(0)
    return whole(S.keys[at(key)]["participant"])


@kernel
def _head(kind: int, side: int, reason: int, product: int, flags: int) -> int:
    """Return the first word of an event: five small fields, lowest first."""
    return kind | (side << 8) | (reason << 16) | (product << 32) | (flags << 48)


@kernel
def _pair(low: int, high: int) -> int:
    """Return two fields of 32 bits as one word."""
    return (low & 0xFFFFFFFF) | (high << 32)


@kernel
def _method_flags(method: int) -> int:
    return whole(method) << EVENT_METHOD_SHIFT


@kernel
def write_placed(S: State, events: Rows, e: int, number: int) -> None:
    """Write that a listing rests, with what was left of it then."""
    event, order = events[at(e)], S.orders[at(number)]
    left = whole(order["quantity_t"]) - whole(order["target"])
    event["head"] = _head(PLACED_EVENT, whole(order["side"]), 0, whole(order["product"]), 0)
    event["sequence"] = order["sequence"]
    event["parties"] = _pair(whole(order["participant"]), 0)
    event["orders"] = _pair(number, 0)
    event["price_fen"] = order["price_fen"]
    event["quantity_t"] = order["quantity_t"]
    event["left_and_key"] = _pair(left, whole(order["key"]))
    event["number"] = order["client_order"]


@kernel
def write_offered(S: State, events: Rows, e: int, number: int) -> None:
    """Write that a block was offered, with its first terms."""
    event, order = events[at(e)], S.orders[at(number)]
    side, product = whole(order["side"]), whole(order["product"])
    flags = _method_flags(method_of(whole(OFFER)))
    event["head"] = _head(OFFERED_EVENT, side, 0, product, flags)
    event["sequence"] = order["sequence"]
    event["parties"] = _pair(whole(order["participant"]), whole(order["target"]))
    event["orders"] = _pair(number, 0)
    event["price_fen"] = order["next"]
    event["quantity_t"] = order["previous"]
    event["left_and_key"] = _pair(whole(order["previous"]), whole(order["key"]))
    event["number"] = order["client_order"]


@kernel
def write_traded(S: State, events: Rows, e: int, row: int, sequence: int) -> None:
    """Write a trade from its row."""
    event, trade = events[at(e)], S.trades[at(row)]
    side = whole(trade["taker_side"])
    buyer, seller = whole(trade["buyer"]), whole(trade["seller"])
    buy_order, sell_order = whole(trade["buy_order"]), whole(trade["sell_order"])
    is_buyer = side == BUY
    taker, owner = (buyer, seller) if is_buyer else (seller, buyer)
    order, resting = (buy_order, sell_order) if is_buyer else (sell_order, buy_order)
    flags = _method_flags(trade["method"])
    event["head"] = _head(TRADED_EVENT, side, 0, whole(trade["product"]), flags)
    event["sequence"] = sequence
    event["parties"] = _pair(taker, owner)
    event["orders"] = _pair(order, resting)
    event["price_fen"] = trade["price_fen"]
    event["quantity_t"] = trade["quantity_t"]
    event["left_and_key"] = _pair(whole(trade["left_t"]), whole(S.orders[at(order)]["key"]))
    event["number"] = S.market["trade_base"] + row + 1


@kernel
def write_cancelled(
    S: State, events: Rows, e: int, number: int, cause: int, sequence: int, key: int, client: int
) -> None:
    """Write that what is left of an order was taken back, why, and by whose command."""
    event, order = events[at(e)], S.orders[at(number)]
    flags = _method_flags(method_of(whole(order["kind"])))
    product, side = whole(order["product"]), whole(order["side"])
    event["head"] = _head(CANCELLED_EVENT, side, cause, product, flags)
    event["sequence"] = sequence
    event["parties"] = _pair(whole(order["participant"]), 0)
    event["orders"] = _pair(number, 0)
    event["price_fen"] = order["price_fen"]
    event["quantity_t"] = order["left_t"]
    event["left_and_key"] = _pair(0, key)
    event["number"] = client


@kernel
def write_reduced(S: State, events: Rows, e: int, row: int) -> None:
    """Write that a part of a listing was taken back, from the row that remembers it."""
    event, cancel = events[at(e)], S.cancels[at(row)]
    number = whole(cancel["target"])
    order = S.orders[at(number)]
    event["head"] = _head(REDUCED_EVENT, whole(order["side"]), 0, whole(order["product"]), 0)
    event["sequence"] = cancel["sequence"]
    event["parties"] = _pair(whole(order["participant"]), 0)
    event["orders"] = _pair(number, 0)
    event["price_fen"] = order["price_fen"]
    event["quantity_t"] = cancel["quantity_t"]
    event["left_and_key"] = _pair(whole(cancel["left_t"]), whole(cancel["key"]))
    event["number"] = cancel["client_order"]


@kernel
def write_refused(
    S: State, events: Rows, e: int, number: int, reason: int, sequence: int, key: int, client: int
) -> None:
    """Write a refusal with the figures of the market row, and of whose command."""
    event = events[at(e)]
    event["head"] = _head(REFUSED_EVENT, 0, reason, 0, 0)
    event["sequence"] = sequence
    event["parties"] = _pair(participant_of(S, key), 0)
    event["orders"] = _pair(number, 0)
    event["price_fen"] = S.market["figure_a"]
    event["quantity_t"] = S.market["figure_b"]
    event["left_and_key"] = _pair(0, key)
    event["number"] = client


@kernel
def mark_repeated(S: State, events: Rows, i: int, e: int, time_ns: int) -> None:
    """Mark an event as the answer of the first time and keep that time beside the command's place."""
    events[at(e)]["head"] |= whole(EVENT_REPEATED) << 48
    S.first_times[at(i)] = time_ns


@kernel
def is_repeated(events: Rows, e: int) -> bool:
    """Say whether an event is an answer of the first time."""
    return (events[at(e)]["head"] >> 48) & EVENT_REPEATED != 0


@kernel
def _scramble(value: int, constant: int) -> int:
    product = word(value) * word(constant)
    return product ^ (product >> word(FOLD_SHIFT))


@kernel
def fold(S: State, events: Rows, e: int, time_ns: int, repeated_by: int) -> None:
    """Roll one event record, its command's time and, of a repeat, its command's sequence into the digest."""
    event = events[at(e)]
    total = _scramble(event["head"], FOLD_A) + _scramble(event["sequence"], FOLD_B)
    total += _scramble(event["parties"], FOLD_C) + _scramble(event["orders"], FOLD_D)
    total += _scramble(event["price_fen"], FOLD_E) + _scramble(event["quantity_t"], FOLD_F)
    total += _scramble(event["left_and_key"], FOLD_G) + _scramble(event["number"], FOLD_H)
    total += _scramble(time_ns ^ (repeated_by << 1), FOLD_I)
    market = S.market
    rolled = (word(market["digest"]) + total) * word(FOLD_A)
    market["digest"] = rolled ^ (rolled >> word(FOLD_SHIFT))
    market["event_count"] += 1
