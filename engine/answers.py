"""From the core's event records to typed events; `engine.codec` does the same for commands."""

from collections.abc import Callable
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.commands import CancelCause, Method, Side
from engine.core.records import (
    EVENT_METHOD_MASK,
    EVENT_METHOD_SHIFT,
    EVENT_REPEATED,
    EventKind,
)
from engine.events import (
    AnyEvent,
    BlockOffered,
    Cancelled,
    HotEvent,
    ListingPlaced,
    Reduced,
    Refused,
    Repeated,
    Traded,
)
from engine.profile import Profile
from engine.reasons import Reason


class Answers(Struct, frozen=True):
    """What a run of hot commands was answered with: event rows, and typed events that have no rows."""

    events: "NDArray[np.void]"
    """EVENT rows in order."""
    ends: "NDArray[np.int64]"
    """Place behind the last row of each command; each has at least one."""
    first_times: "NDArray[np.int64]"
    """Exchange time of the first answer, by command, where its one row is a repeat."""
    before: dict[int, list[AnyEvent]]
    """By place of the command: phases that changed before it."""
    after: dict[int, list[AnyEvent]]
    """By place of the command: what follows its rows in dialogues and auctions."""


def answers_from_records(
    answers: Answers, commands: "NDArray[np.void]", profile: Profile
) -> list[list[AnyEvent]]:
    """Return the typed events of each command of a run, in order."""
    rows = answers.events.tolist()
    columns = commands[["sequence", "time_ns", "client_order"]].tolist()
    first_times, ends = answers.first_times.tolist(), answers.ends.tolist()
    before, after = answers.before, answers.after
    typed: list[list[AnyEvent]] = []
    start = 0
    for place, (command, first_ns, end) in enumerate(zip(columns, first_times, ends, strict=True)):
        told: list[AnyEvent] = [
            event_from_row(row, command, first_ns, profile) for row in rows[start:end]
        ]
        if place in before or place in after:
            told = [*before.get(place, ()), *told, *after.get(place, ())]
        typed.append(told)
        start = end
    return typed


EventRow = tuple[int, ...]
"""The fields of an EVENT row in their order."""


def event_from_row(
    row: EventRow, command: tuple[int, int, int], first_ns: int, profile: Profile
) -> HotEvent:
    """Return the typed event of one EVENT row; `command` is its sequence, time and client order number."""
    make = _MAKERS.get(row[0])
    if make is None:
        message = f"no event has kind {row[0]}"
        raise ValueError(message)
    sequence, time_ns, client_order = command
    if not row[4] & EVENT_REPEATED:
        return make(row, time_ns, client_order, profile)
    answer = make(row, first_ns, client_order, profile)
    return Repeated(sequence=sequence, time_ns=time_ns, answer=answer)


def _method(flags: int) -> Method:
    return _METHODS[(flags >> EVENT_METHOD_SHIFT) & EVENT_METHOD_MASK]


def _of_listing(kind: type[ListingPlaced] | type[Reduced]) -> "Maker":
    """Return what makes an event that tells the owner of a listing about it."""

    def make(row: EventRow, time_ns: int, _: int, profile: Profile) -> ListingPlaced | Reduced:
        _, side, _, product, _, sequence, party, _, order, _, price, tonnes, left, key, number = row
        return kind(
            sequence=sequence,
            time_ns=time_ns,
            participant=party,
            key=key,
            client_order=number,
            product=profile.products[product].code,
            side=_SIDES[side],
            order=order,
            price_fen=price,
            quantity_t=tonnes,
            left_t=left,
        )

    return make


def _offered(row: EventRow, time_ns: int, _: int, profile: Profile) -> BlockOffered:
    _, side, _, product, _, sequence, party, other, order, _, price, tonnes, _, key, number = row
    return BlockOffered(
        sequence=sequence,
        time_ns=time_ns,
        participant=party,
        key=key,
        client_order=number,
        product=profile.products[product].code,
        side=_SIDES[side],
        order=order,
        counterparty=other,
        price_fen=price,
        quantity_t=tonnes,
    )


def _cancelled(row: EventRow, time_ns: int, _: int, profile: Profile) -> Cancelled:
    _, side, cause, product, flags, sequence, party, _, order, _, price, left, _, key, number = row
    return Cancelled(
        sequence=sequence,
        time_ns=time_ns,
        participant=party,
        key=key,
        client_order=number,
        product=profile.products[product].code,
        side=_SIDES[side],
        order=order,
        method=_method(flags),
        price_fen=price,
        quantity_t=left,
        cause=_CAUSES[cause],
    )


def _traded(row: EventRow, time_ns: int, client_order: int, profile: Profile) -> Traded:
    _, side, _, product, flags, sequence, taker, other, order, rest, price, part, left, key, n = row
    return Traded(
        sequence=sequence,
        time_ns=time_ns,
        trade=n,
        method=_method(flags),
        product=profile.products[product].code,
        price_fen=price,
        quantity_t=part,
        side=_SIDES[side],
        order=order,
        resting_order=rest,
        participant=taker,
        counterparty=other,
        key=key,
        client_order=client_order,
        left_t=left,
    )


def _refused(row: EventRow, time_ns: int, _: int, profile: Profile) -> Refused:  # noqa: ARG001 - one shape
    _, _, reason, _, _, sequence, participant, _, order, _, figure_a, figure_b, _, key, number = row
    return Refused(
        sequence=sequence,
        time_ns=time_ns,
        key=key,
        participant=participant,
        client_order=number,
        order=order,
        reason=_REASONS[reason],
        figure_a=figure_a,
        figure_b=figure_b,
    )


# What an enumeration's own call finds too, some times slower: an order passes here for each event.
_SIDES: Final = {side.value: side for side in Side}
_METHODS: Final = {method.value: method for method in Method}
_CAUSES: Final = {cause.value: cause for cause in CancelCause}
_REASONS: Final = {reason.value: reason for reason in Reason}
Answered = ListingPlaced | BlockOffered | Traded | Cancelled | Reduced | Refused
Maker = Callable[[EventRow, int, int, Profile], Answered]
"""Makes an event from its row, its time, the client order number of its command and the profile."""
_MAKERS: Final[dict[int, Maker]] = {
    EventKind.LISTING_PLACED.value: _of_listing(ListingPlaced),
    EventKind.REDUCED.value: _of_listing(Reduced),
    EventKind.BLOCK_OFFERED.value: _offered,
    EventKind.TRADED.value: _traded,
    EventKind.CANCELLED.value: _cancelled,
    EventKind.REFUSED.value: _refused,
}
