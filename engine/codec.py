"""Between typed commands and their 64-byte records, lossless in both directions; `engine.answers` has the events.

A product that the profile does not know is written as `UNKNOWN_PRODUCT`, and its code packed in base
38 into the two fields that such a record leaves free, so that the log still says what was sent.
"""

from typing import Any, Final, TypeGuard

import numpy as np
from numpy.typing import NDArray

from engine.commands import (
    AcceptBlock,
    AnyCommand,
    CancelOrder,
    Entry,
    HotCommand,
    OfferBlock,
    PickListing,
    PlaceListing,
    ReduceOrder,
    Side,
)
from engine.core.layout import UNKNOWN_PRODUCT
from engine.core.records import (
    COMMAND,
    CommandKind,
)
from engine.profile import Profile

HOT: Final = frozenset(
    (PlaceListing, PickListing, CancelOrder, ReduceOrder, OfferBlock, AcceptBlock)
)
ALPHABET: Final = " 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-"
LOW_BITS: Final = 31
_PLACE_LISTING: Final = CommandKind.PLACE_LISTING.value
_OFFER_BLOCK: Final = CommandKind.OFFER_BLOCK.value
_PICK_LISTING: Final = CommandKind.PICK_LISTING.value
_ACCEPT_BLOCK: Final = CommandKind.ACCEPT_BLOCK.value
_CANCEL_ORDER: Final = CommandKind.CANCEL_ORDER.value
_REDUCE_ORDER: Final = CommandKind.REDUCE_ORDER.value
Row = Any
"""One row of a structured array; numpy gives its fields no types."""


def is_hot(command: AnyCommand) -> TypeGuard[HotCommand]:
    """Say whether a command goes through the core as a record."""
    return command.__class__ in HOT


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
    """Write an order command's entry into a COMMAND row; TypeError for another command."""
    rows[place] = record_values(entry, profile)


def record_values(entry: Entry, profile: Profile) -> tuple[int, ...]:
    """Return the fields of an entry's COMMAND row in their order; TypeError for another command.

    Many rows are made fastest from a list of these.
    """
    command, price_fen, quantity_t, counterparty = entry.command, 0, 0, 0
    side = product = spare = 0
    match command:
        case PlaceListing() | OfferBlock():
            kind = _PLACE_LISTING
            side, price_fen, quantity_t = int(command.side), command.price_fen, command.quantity_t
            product, target, spare = _product_fields(command.product, profile)
            if isinstance(command, OfferBlock):
                kind, counterparty = _OFFER_BLOCK, command.counterparty
        case CancelOrder():
            kind, target = _CANCEL_ORDER, command.order
        case PickListing():
            kind, target, quantity_t = _PICK_LISTING, command.listing, command.quantity_t
        case ReduceOrder():
            kind, target, quantity_t = _REDUCE_ORDER, command.order, command.quantity_t
        case AcceptBlock():
            kind, target = _ACCEPT_BLOCK, command.offer
        case _:
            message = f"{type(command).__name__} has no record"
            raise TypeError(message)
    number, sequence, time_ns = command.client_order, entry.sequence, entry.time_ns
    order = (kind, side, product, entry.key, price_fen, quantity_t, target, counterparty)
    return (*order, number, sequence, time_ns, spare)


def _product_fields(code: str, profile: Profile) -> tuple[int, int, int]:
    """Return what stands in `product`, `target` and `spare` of a row that names a product."""
    index = profile.product_index(code)
    if index >= 0:
        return index, 0, 0
    packed = _pack_code(code)
    return UNKNOWN_PRODUCT, packed & ((1 << LOW_BITS) - 1), packed >> LOW_BITS


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
