"""Between typed commands and events and their 64-byte records; lossless in both directions.

A product that the profile does not know is written as `UNKNOWN_PRODUCT`, and its code packed in base
38 into the two fields that such a record leaves free, so that the log still says what was sent.
"""

from typing import Any, Final, TypeGuard

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.commands import (
    AcceptBlock,
    AnyCommand,
    CancelCause,
    CancelOrder,
    Entry,
    HotCommand,
    Method,
    OfferBlock,
    PickListing,
    PlaceListing,
    ReduceOrder,
    Side,
)
from engine.core.layout import UNKNOWN_PRODUCT
from engine.core.records import (
    COMMAND,
    EVENT_METHOD_MASK,
    EVENT_METHOD_SHIFT,
    EVENT_REPEATED,
    CommandKind,
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

HOT: Final = (PlaceListing, PickListing, CancelOrder, ReduceOrder, OfferBlock, AcceptBlock)
ALPHABET: Final = " 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-"
LOW_BITS: Final = 31
Row = Any
"""One row of a structured array; numpy gives its fields no types."""


def is_hot(command: AnyCommand) -> TypeGuard[HotCommand]:
    """Say whether a command goes through the core as a record."""
    return isinstance(command, HOT)


def _pack_code(code: str) -> int:
    packed = 0
    for sign in code:
        packed = packed * len(ALPHABET) + ALPHABET.index(sign)
    return packed


def _unpack_code(packed: int) -> str:
    code = ""
    while packed:
        packed, place = divmod(packed, len(ALPHABET))
        code = ALPHABET[place] + code
    return code


def entry_to_record(entry: Entry, profile: Profile) -> NDArray[np.void]:
    """Return one COMMAND row of an order command; its client order number names it for ever."""
    row = np.zeros(1, COMMAND)
    write_record(row, 0, entry, profile)
    return row


def write_record(rows: NDArray[np.void], place: int, entry: Entry, profile: Profile) -> None:
    """Write an order command's entry into a zeroed COMMAND row; TypeError for another command."""
    command, row = entry.command, rows[place]
    row["key"] = entry.key
    row["sequence"] = entry.sequence
    row["time_ns"] = entry.time_ns
    match command:
        case PlaceListing():
            row["kind"] = CommandKind.PLACE_LISTING
        case OfferBlock():
            row["kind"] = CommandKind.OFFER_BLOCK
            row["counterparty"] = command.counterparty
        case PickListing():
            row["kind"] = CommandKind.PICK_LISTING
            row["target"] = command.listing
            row["quantity_t"] = command.quantity_t
        case AcceptBlock():
            row["kind"] = CommandKind.ACCEPT_BLOCK
            row["target"] = command.offer
        case CancelOrder():
            row["kind"] = CommandKind.CANCEL_ORDER
            row["target"] = command.order
        case ReduceOrder():
            row["kind"] = CommandKind.REDUCE_ORDER
            row["target"] = command.order
            row["quantity_t"] = command.quantity_t
        case _:
            message = f"{type(command).__name__} has no record"
            raise TypeError(message)
    row["client_order"] = command.client_order
    if isinstance(command, PlaceListing | OfferBlock):
        _write_terms(row, command, profile)


def _write_terms(row: Row, command: PlaceListing | OfferBlock, profile: Profile) -> None:
    row["side"] = command.side
    row["price_fen"] = command.price_fen
    row["quantity_t"] = command.quantity_t
    index = profile.product_index(command.product)
    if index >= 0:
        row["product"] = index
        return
    packed = _pack_code(command.product)
    row["product"] = UNKNOWN_PRODUCT
    row["target"] = packed & ((1 << LOW_BITS) - 1)
    row["spare"] = packed >> LOW_BITS


def _product_code(row: Row, profile: Profile) -> str:
    if row["product"] != UNKNOWN_PRODUCT:
        return profile.products[int(row["product"])].code
    return _unpack_code((int(row["spare"]) << LOW_BITS) | int(row["target"]))


def record_to_entry(row: Row, profile: Profile) -> Entry:
    """Return the entry of one COMMAND row; ValueError for a kind that is no command."""
    return Entry(
        sequence=int(row["sequence"]),
        time_ns=int(row["time_ns"]),
        key=int(row["key"]),
        command=_command(row, profile),
    )


def _command(row: Row, profile: Profile) -> HotCommand:
    kind, target, number = int(row["kind"]), int(row["target"]), int(row["client_order"])
    price, quantity = int(row["price_fen"]), int(row["quantity_t"])
    if kind == CommandKind.PLACE_LISTING:
        return PlaceListing(
            product=_product_code(row, profile),
            side=Side(int(row["side"])),
            price_fen=price,
            quantity_t=quantity,
            client_order=number,
        )
    if kind == CommandKind.OFFER_BLOCK:
        return OfferBlock(
            product=_product_code(row, profile),
            side=Side(int(row["side"])),
            counterparty=int(row["counterparty"]),
            price_fen=price,
            quantity_t=quantity,
            client_order=number,
        )
    if kind == CommandKind.PICK_LISTING:
        return PickListing(listing=target, quantity_t=quantity, client_order=number)
    if kind == CommandKind.ACCEPT_BLOCK:
        return AcceptBlock(offer=target, client_order=number)
    if kind == CommandKind.CANCEL_ORDER:
        return CancelOrder(order=target, client_order=number)
    if kind == CommandKind.REDUCE_ORDER:
        return ReduceOrder(order=target, quantity_t=quantity, client_order=number)
    message = f"record of sequence {int(row['sequence'])}: no command has kind {kind}"
    raise ValueError(message)


# ---------------------------------------------------------------- events


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
    names = answers.events.dtype.names or ()
    rows = answers.events.tolist()
    columns = commands[["sequence", "time_ns", "client_order"]].tolist()
    typed: list[list[AnyEvent]] = []
    start = 0
    for place, (command, end) in enumerate(zip(columns, answers.ends.tolist(), strict=True)):
        told = list(answers.before.get(place, ()))
        first_ns = int(answers.first_times[place])
        for values in rows[start:end]:
            fields = dict(zip(names, values, strict=True))
            told.append(event_from_fields(fields, command, first_ns, profile))
        typed.append(told + answers.after.get(place, []))
        start = end
    return typed


def event_from_fields(
    fields: dict[str, int], command: tuple[int, int, int], first_ns: int, profile: Profile
) -> HotEvent:
    """Return the typed event of one EVENT row; `command` is its sequence, time and client order number."""
    sequence, time_ns, client_order = command
    if not fields["flags"] & EVENT_REPEATED:
        return _event(fields, time_ns, client_order, profile)
    answer = _event(fields, first_ns, client_order, profile)
    return Repeated(sequence=sequence, time_ns=time_ns, answer=answer)


def _event(
    fields: dict[str, int], time_ns: int, client_order: int, profile: Profile
) -> ListingPlaced | BlockOffered | Traded | Cancelled | Reduced | Refused:
    match fields["kind"]:
        case EventKind.LISTING_PLACED:
            return ListingPlaced(
                order=fields["order"],
                price_fen=fields["price_fen"],
                quantity_t=fields["quantity_t"],
                left_t=fields["left_t"],
                **_sender(fields, time_ns, profile),
            )
        case EventKind.REDUCED:
            return Reduced(
                order=fields["order"],
                price_fen=fields["price_fen"],
                quantity_t=fields["quantity_t"],
                left_t=fields["left_t"],
                **_sender(fields, time_ns, profile),
            )
        case EventKind.BLOCK_OFFERED:
            return BlockOffered(
                order=fields["order"],
                counterparty=fields["counterparty"],
                price_fen=fields["price_fen"],
                quantity_t=fields["quantity_t"],
                **_sender(fields, time_ns, profile),
            )
        case EventKind.TRADED:
            return _traded(fields, time_ns, client_order, profile)
        case EventKind.CANCELLED:
            return Cancelled(
                order=fields["order"],
                method=_method(fields),
                price_fen=fields["price_fen"],
                quantity_t=fields["quantity_t"],
                cause=CancelCause(fields["reason"]),
                **_sender(fields, time_ns, profile),
            )
        case EventKind.REFUSED:
            return _refused(fields, time_ns)
        case _:
            message = f"no event has kind {fields['kind']}"
            raise ValueError(message)


def _method(fields: dict[str, int]) -> Method:
    return Method((fields["flags"] >> EVENT_METHOD_SHIFT) & EVENT_METHOD_MASK)


def _sender(fields: dict[str, int], time_ns: int, profile: Profile) -> dict[str, Any]:
    """Return the fields that a placed, an offered and a cancelled event share."""
    return {
        "sequence": fields["sequence"],
        "time_ns": time_ns,
        "participant": fields["participant"],
        "key": fields["key"],
        "client_order": fields["number"],
        "product": profile.products[fields["product"]].code,
        "side": Side(fields["side"]),
    }


def _traded(fields: dict[str, int], time_ns: int, client_order: int, profile: Profile) -> Traded:
    return Traded(
        sequence=fields["sequence"],
        time_ns=time_ns,
        trade=fields["number"],
        method=_method(fields),
        product=profile.products[fields["product"]].code,
        price_fen=fields["price_fen"],
        quantity_t=fields["quantity_t"],
        side=Side(fields["side"]),
        order=fields["order"],
        resting_order=fields["target"],
        participant=fields["participant"],
        counterparty=fields["counterparty"],
        key=fields["key"],
        client_order=client_order,
        left_t=fields["left_t"],
    )


def _refused(fields: dict[str, int], time_ns: int) -> Refused:
    return Refused(
        sequence=fields["sequence"],
        time_ns=time_ns,
        key=fields["key"],
        participant=fields["participant"],
        client_order=fields["number"],
        order=fields["order"],
        reason=Reason(fields["reason"]),
        figure_a=fields["price_fen"],
        figure_b=fields["quantity_t"],
    )
