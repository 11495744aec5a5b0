"""Several orders in one entry: listings and cancels, all of them or none, and the cancels of everything.

The questions and the steps are the core's (`core/batch.py`): a listing of a batch is answered by the same
kernel as a single one, and what nobody could cancel now by itself no batch cancels either.
"""

from collections.abc import Iterable, Sequence
from typing import Final, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine import operations
from engine.answers import event_from_row
from engine.codec import write_record
from engine.commands import (
    CancelAll,
    CancelCause,
    CancelForKey,
    CancelOrders,
    Entry,
    PlaceListing,
    PlaceListings,
)
from engine.core.batch import NEW, OTHER, PLACE_SHIFT
from engine.core.layout import UNKNOWN_PRODUCT
from engine.core.operate import Step
from engine.core.records import COMMAND, EVENT, CommandKind
from engine.events import AllCancelled, Answer, AnyEvent, Refused, Repeated
from engine.market import OK, Figures, Market, Remembered
from engine.reasons import Reason

REASON_MASK: Final = (1 << PLACE_SHIFT) - 1
NO_PLACE: Final = -1
Rows = NDArray[np.void]


def sender_broken(market: Market, commands: Rows) -> Figures:
    """Say whether the key in hand may send orders of the first record's kind."""
    reason = market.core.operate(Step.SENDER, commands, np.zeros(1, EVENT), 1)
    row = market.core.market
    return (Reason(reason), int(row["figure_a"]), int(row["figure_b"])) if reason else OK


def look_up(market: Market, commands: Rows) -> list[tuple[int, int]]:
    """Return of each client order number NEW, SAME or OTHER, and the reference that it stands for."""
    found = np.zeros(len(commands), EVENT)
    market.core.operate(Step.LOOK_UP, commands, found, len(commands))
    return list(zip(found["sequence"].tolist(), found["number"].tolist(), strict=True))


# ---------------------------------------------------------------- listings


def place_listings(market: Market, command: PlaceListings) -> list[AnyEvent]:
    """Place all listings of a batch, or refuse it with the place of the first that breaks a rule."""
    commands = _records(market, command)
    broken = sender_broken(market, commands)
    if broken != OK:
        return [market.refused(broken)]
    known = look_up(market, commands)
    place = _reused(command, known)
    if place >= 0:
        client_order = command.orders[place].client_order
        reused = (Reason.CLIENT_ORDER_REUSED, 0, 0)
        return [market.refused(reused, client_order=client_order, place=place)]
    if known[0][0] != NEW:
        return _place_again(market, command, commands, known[0][1])
    count, limit = int(market.core.market["order_count"]), market.profile.capacity.orders_per_day
    if count + len(commands) > limit:
        place = limit - count
        client_order = command.orders[place].client_order
        full = (Reason.ORDERS_FULL, limit, 0)
        return [market.refused(full, client_order=client_order, place=place)]
    broken, place = _listings_broken(market, commands)
    if broken != OK:
        return [_refuse_listings(market, command, commands, broken, place)]
    events = _answer_all(market, commands)
    assert not any(isinstance(event, Refused) for event in events), "what passed is accepted"
    return events


def _records(market: Market, command: PlaceListings) -> Rows:
    """Return the listings as records of this entry."""
    commands, hand = np.zeros(len(command.orders), COMMAND), market.hand
    for place, item in enumerate(command.orders):
        listing = PlaceListing(**msgspec.structs.asdict(item))
        entry = Entry(hand.sequence, hand.time_ns, hand.key, listing)
        write_record(commands, place, entry, market.profile)
    return commands


def _reused(command: PlaceListings, known: Sequence[tuple[int, int]]) -> int:
    """Return the place of the first client order number that stands for something else, -1 if none does.

    A number twice in one batch does, and one that came before in a batch that is not all repeated.
    """
    is_repeat = all(state != NEW for state, _ in known)
    seen: set[int] = set()
    for place, (item, (state, _)) in enumerate(zip(command.orders, known, strict=True)):
        is_other = state == OTHER or (state != NEW and not is_repeat)
        if is_other or item.client_order in seen:
            return place
        seen.add(item.client_order)
    return NO_PLACE


def _place_again(
    market: Market, command: PlaceListings, commands: Rows, reference: int
) -> list[AnyEvent]:
    """Answer a repeat: the one refusal of the batch, or the answer to each of its listings."""
    first = market.answers.get(reference)
    if first is not None and first.command == command:
        return [market.event(Repeated, answer=answer) for answer in first.answers]
    return _answer_all(market, commands)


def _listings_broken(market: Market, commands: Rows) -> tuple[Figures, int]:
    """Return the first rule that a listing breaks where those before it rest, and its place."""
    count = len(commands)
    word = market.core.operate(Step.CHECK_LISTINGS, commands, np.zeros(1, EVENT), count)
    reason, row = word & REASON_MASK, market.core.market
    if reason == Reason.NONE:
        return OK, NO_PLACE
    return (Reason(reason), int(row["figure_a"]), int(row["figure_b"])), word >> PLACE_SHIFT


def _refuse_listings(
    market: Market, command: PlaceListings, commands: Rows, broken: Figures, place: int
) -> Refused:
    """Refuse a batch, whose numbers are used up and which is remembered by its first one."""
    first = int(market.core.market["order_count"]) + 1
    commands["counterparty"] = broken[0]
    market.core.operate(Step.REFUSE_LISTINGS, commands, np.zeros(1, EVENT), len(commands))
    client_order = command.orders[place].client_order
    refused = market.refused(broken, client_order=client_order, order=first + place, place=place)
    market.answers[first] = Remembered(command=command, answers=(refused,))
    return refused


def _answer_all(market: Market, commands: Rows) -> list[AnyEvent]:
    """Answer listings one after the other in this entry and return all their events."""
    events = np.zeros(sum(_rows_needed(market, row) for row in commands), EVENT)
    count = market.core.operate(Step.ANSWER_ALL, commands, events, len(commands))
    hand = market.hand
    orders = market.core.state.orders[
        events["order"][:count]
    ]  # of a trade the taker's: the listing's
    rows = zip(
        events[:count].tolist(),
        orders["client_order"].tolist(),
        orders["time_ns"].tolist(),
        strict=True,
    )
    return [
        event_from_row(row, (hand.sequence, hand.time_ns, client_order), first_ns, market.profile)
        for row, client_order, first_ns in rows
    ]


def _rows_needed(market: Market, command: operations.Row) -> int:
    """Return the most event rows of a listing: own listings of the same batch are never traded with."""
    if not market.core.state.rules["matches"] or command["product"] == UNKNOWN_PRODUCT:
        return 1
    opposite = market.core.state.ladders[2 * int(command["product"]) + 2 - int(command["side"])]
    return min(int(opposite["listings"]), market.profile.capacity.fills_per_command) + 1


# ---------------------------------------------------------------- cancels


def cancel_orders(market: Market, command: CancelOrders) -> list[AnyEvent]:
    """Cancel all orders of a batch, or refuse it with the place of the first that breaks a rule."""
    answered = _begin(market, command)
    if answered is not None:
        return answered
    broken, place = _cancels_broken(market, command)
    if broken != OK:
        refused = market.refused(broken, client_order=command.client_order, place=place)
        _remember(market, command, (refused,))
        return [refused]
    sender = market.hand.key, command.client_order
    events = operations.end(market, command.orders, CancelCause.OWNER, sender)
    _remember(market, command, events[: len(command.orders)], took_back=True)
    return events


def cancel_all(market: Market, command: CancelAll) -> list[AnyEvent]:
    """Cancel what the participant could cancel now, of one product or side if it says so."""
    answered = _begin(market, command)
    if answered is not None:
        return answered
    index = operations.index_of(market, command.product) if command.product else -1
    if index == operations.UNKNOWN:
        unknown = (Reason.PRODUCT_UNKNOWN, 0, 0)
        refused = market.refused(unknown, client_order=command.client_order)
        _remember(market, command, (refused,))
        return [refused]
    key, participant = market.hand.key, market.participant_of(market.hand.key)
    numbers = operations.open_orders(market)
    rows = market.core.state.orders[numbers]
    chosen = rows["participant"] == participant
    if command.product:
        chosen &= rows["product"] == index
    if command.side:
        chosen &= rows["side"] == command.side
    free, kept = cancellable(market, key, numbers[chosen])
    events = operations.end(market, free, CancelCause.OWNER, (key, command.client_order))
    summed = market.event(
        AllCancelled,
        participant=participant,
        key=key,
        client_order=command.client_order,
        cancelled=len(free),
        kept=kept,
    )
    _remember(market, command, (summed,), took_back=len(free) > 0)
    return [*events, summed]


def cancel_for_key(market: Market, command: CancelForKey) -> list[AnyEvent]:
    """Cancel what a key placed, as far as its owner could: its connection is lost."""
    found = market.key(command.key)
    if found is None:
        return [market.refused((Reason.KEY_UNKNOWN, 0, 0))]
    free, kept = of_key(market, command.key)
    events = operations.end(market, free, command.cause)
    summed = market.event(
        AllCancelled,
        participant=found.participant,
        key=command.key,
        client_order=0,
        cancelled=len(free),
        kept=kept,
    )
    return [*events, summed]


def of_key(market: Market, key: int) -> tuple[list[int], int]:
    """Return the open orders that a key placed and could cancel now, and how many others it placed."""
    numbers = operations.open_orders(market)
    return cancellable(market, key, numbers[market.core.state.orders[numbers]["key"] == key])


def cancellable(market: Market, key: int, numbers: NDArray[np.int64]) -> tuple[list[int], int]:
    """Return which orders of a key's participant it could cancel now, and how many of them it could not."""
    free = [
        number
        for number, broken in zip(
            numbers.tolist(), _cancels(market, key, numbers.tolist()), strict=True
        )
        if broken == OK
    ]
    return free, len(numbers) - len(free)


def _cancels(market: Market, key: int, numbers: Sequence[int]) -> list[Figures]:
    """Return of each order what keeps a key's participant from cancelling it now."""
    if not numbers:
        return []
    commands, found = np.zeros(len(numbers), COMMAND), np.zeros(len(numbers), EVENT)
    commands["kind"], commands["key"] = CommandKind.CANCEL_ORDER, key
    commands["target"] = numbers
    market.core.operate(Step.CHECK_CANCELS, commands, found, len(numbers))
    told = (found[name].tolist() for name in ("sequence", "price_fen", "quantity_t"))
    return [(Reason(reason), a, b) for reason, a, b in zip(*told, strict=True)]


def _cancels_broken(market: Market, command: CancelOrders) -> tuple[Figures, int]:
    """Return the first rule that an order breaks, and its place; one named twice is open only once."""
    seen: set[int] = set()
    for place, broken in enumerate(_cancels(market, market.hand.key, command.orders)):
        number = command.orders[place]
        if broken != OK:
            return broken, place
        if number in seen:
            return (Reason.ORDER_NOT_OPEN, number, 0), place
        seen.add(number)
    return OK, NO_PLACE


# ---------------------------------------------------------------- memory


def record_of(market: Market, client_order: int) -> Rows:
    """Return the record by which a cancel of several orders is asked about and remembered."""
    command = np.zeros(1, COMMAND)
    command["kind"], command["key"] = CommandKind.CANCEL_ORDER, market.hand.key
    command["client_order"] = client_order
    command["sequence"], command["time_ns"] = market.hand.sequence, market.hand.time_ns
    return command


def _begin(market: Market, command: CancelOrders | CancelAll) -> list[AnyEvent] | None:
    """Return the finished answer of a sender who may not, or of a repeat; None if it is to be done."""
    record = record_of(market, command.client_order)
    broken = sender_broken(market, record)
    if broken != OK:
        return [market.refused(broken, client_order=command.client_order)]
    state, reference = look_up(market, record)[0]
    if state == NEW:
        return None
    first = market.answers.get(reference)
    if first is None or first.command != command:
        reused = (Reason.CLIENT_ORDER_REUSED, 0, 0)
        return [market.refused(reused, client_order=command.client_order)]
    return [market.event(Repeated, answer=answer) for answer in first.answers]


def _remember(
    market: Market,
    command: CancelOrders | CancelAll,
    answers: Iterable[AnyEvent],
    *,
    took_back: bool = False,
) -> None:
    """Remember an answer; where the day's memory is full, one that changed nothing is forgotten."""
    record = record_of(market, command.client_order)
    record["spare"] = took_back
    reference = market.core.operate(Step.NOTE_BATCH, record, np.zeros(1, EVENT), 1)
    if reference:
        kept = tuple(cast("Answer", answer) for answer in answers)
        market.answers[reference] = Remembered(command=command, answers=kept)
