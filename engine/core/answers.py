"""Event records, each written from the rows it tells of, so that a repeated answer is the same bytes.

The event digest folds every record and the time of its command; it does not depend on batches.
"""

from typing import Final

from engine.commands import Method, Side
from engine.core.layout import Rows, State
from engine.core.machine import at, kernel, whole, word
from engine.core.records import (
    EVENT_BLOCK,
    EVENT_REPEATED,
    CommandKind,
    EventKind,
)

BLOCK: Final = int(Method.BLOCK)
BUY: Final = int(Side.BUY)
OFFER: Final = int(CommandKind.OFFER_BLOCK)
PLACED_EVENT: Final = int(EventKind.LISTING_PLACED)
OFFERED_EVENT: Final = int(EventKind.BLOCK_OFFERED)
TRADED_EVENT: Final = int(EventKind.TRADED)
CANCELLED_EVENT: Final = int(EventKind.CANCELLED)
REFUSED_EVENT: Final = int(EventKind.REFUSED)

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
def write_resting(S: State, events: Rows, i: int, number: int) -> None:
    """Write that a listing was placed or a block offered."""
    event, order = events[at(i)], S.orders[at(number)]
    event["side"] = order["side"]
    event["reason"] = 0
    event["product"] = order["product"]
    event["sequence"] = order["sequence"]
    event["participant"] = order["participant"]
    event["order"] = number
    event["target"] = 0
    event["price_fen"] = order["price_fen"]
    event["quantity_t"] = order["quantity_t"]
    event["left_t"] = order["quantity_t"]
    event["key"] = order["key"]
    event["number"] = order["client_order"]
    if order["kind"] == OFFER:
        event["kind"] = OFFERED_EVENT
        event["flags"] = EVENT_BLOCK
        event["counterparty"] = order["target"]
    else:
        event["kind"] = PLACED_EVENT
        event["flags"] = 0
        event["counterparty"] = 0


@kernel
def write_traded(S: State, events: Rows, i: int, number: int) -> None:
    """Write the trade that a taker's order made."""
    event, order = events[at(i)], S.orders[at(number)]
    row = whole(order["next"])
    trade = S.trades[at(row)]
    event["kind"] = TRADED_EVENT
    event["side"] = order["side"]
    event["reason"] = 0
    event["product"] = order["product"]
    event["flags"] = EVENT_BLOCK if trade["method"] == BLOCK else 0
    event["sequence"] = order["sequence"]
    event["participant"] = order["participant"]
    event["counterparty"] = trade["seller"] if order["side"] == BUY else trade["buyer"]
    event["order"] = number
    event["target"] = order["target"]
    event["price_fen"] = order["price_fen"]
    event["quantity_t"] = order["quantity_t"]
    event["left_t"] = trade["left_t"]
    event["key"] = order["key"]
    event["number"] = S.market["trade_base"] + row + 1


@kernel
def write_cancelled(S: State, events: Rows, i: int, number: int, flags: int) -> None:
    """Write that what is left of an order was taken back; who and when stand in the event by then."""
    event, order = events[at(i)], S.orders[at(number)]
    event["kind"] = CANCELLED_EVENT
    event["side"] = order["side"]
    event["reason"] = 0
    event["product"] = order["product"]
    event["flags"] = flags | (EVENT_BLOCK if order["kind"] == OFFER else 0)
    event["participant"] = order["participant"]
    event["counterparty"] = 0
    event["order"] = number
    event["target"] = 0
    event["price_fen"] = order["price_fen"]
    event["quantity_t"] = order["left_t"]
    event["left_t"] = 0


@kernel
def write_sender(events: Rows, i: int, sequence: int, key: int, client_order: int) -> None:
    """Write whose command an event answers."""
    event = events[at(i)]
    event["sequence"] = sequence
    event["key"] = key
    event["number"] = client_order


@kernel
def write_refused(S: State, events: Rows, i: int, number: int, reason: int) -> None:
    """Write a refusal with the figures of the market row; the sender stands in the event by then."""
    event = events[at(i)]
    event["kind"] = REFUSED_EVENT
    event["side"] = 0
    event["reason"] = reason
    event["product"] = 0
    event["flags"] = 0
    event["participant"] = participant_of(S, whole(event["key"]))
    event["counterparty"] = 0
    event["order"] = number
    event["target"] = 0
    event["price_fen"] = S.market["figure_a"]
    event["quantity_t"] = S.market["figure_b"]
    event["left_t"] = 0


@kernel
def mark_repeated(S: State, events: Rows, i: int, time_ns: int) -> None:
    """Mark an event as the answer of the first time and keep that time beside it."""
    events[at(i)]["flags"] |= EVENT_REPEATED
    S.first_times[at(i)] = time_ns


@kernel
def _scramble(value: int, constant: int) -> int:
    product = word(value) * word(constant)
    return product ^ (product >> word(FOLD_SHIFT))


@kernel
def fold(S: State, events: Rows, i: int, time_ns: int, repeated_by: int) -> None:
    """Roll one event record, its command's time and, of a repeat, its command's sequence into the digest."""
    event = events[at(i)]
    small = (
        whole(event["kind"])
        | (whole(event["side"]) << 8)
        | (whole(event["reason"]) << 16)
        | (whole(event["product"]) << 32)
        | (whole(event["flags"]) << 48)
    )
    parties = (whole(event["participant"]) << 32) ^ whole(event["counterparty"])
    orders = (whole(event["order"]) << 32) ^ whole(event["target"])
    rest = (whole(event["left_t"]) << 32) ^ whole(event["key"])
    total = _scramble(small, FOLD_A) + _scramble(event["sequence"], FOLD_B)
    total += _scramble(parties, FOLD_C) + _scramble(orders, FOLD_D)
    total += _scramble(event["price_fen"], FOLD_E)
    total += _scramble(event["quantity_t"], FOLD_F)
    total += _scramble(rest, FOLD_G)
    total += _scramble(event["number"], FOLD_H)
    total += _scramble(time_ns ^ (repeated_by << 1), FOLD_I)
    market = S.market
    rolled = (word(market["digest"]) + total) * word(FOLD_A)
    market["digest"] = rolled ^ (rolled >> word(FOLD_SHIFT))
    market["event_count"] += 1
