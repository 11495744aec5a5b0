"""The 64-byte records of hot commands and events: what the core reads and writes and the journal stores.

Every byte is a named field, so the bytes of a record are its canonical form.
"""

from enum import IntEnum
from typing import Final

import numpy as np


class CommandKind(IntEnum):
    """Kind of an order command; the first six are hot and have records, the others only order rows."""

    PLACE_LISTING = 1
    PICK_LISTING = 2
    CANCEL_ORDER = 3
    OFFER_BLOCK = 4
    ACCEPT_BLOCK = 5
    REDUCE_ORDER = 6
    TAKE_LISTINGS = 7
    OFFER_BLOCK_TO_GROUP = 8
    COUNTER_BLOCK = 9
    CONFIRM_BLOCK = 10
    REFUSE_BLOCK = 11
    APPLY_AUCTION = 12
    PLACE_BID = 13


LAST_HOT: Final = CommandKind.REDUCE_ORDER


class EventKind(IntEnum):
    """Kind of a hot event."""

    LISTING_PLACED = 1
    TRADED = 2
    CANCELLED = 3
    REFUSED = 4
    BLOCK_OFFERED = 5
    REDUCED = 6


EVENT_REPEATED: Final = 1
"""Flag: this event repeats the first answer to a client order number."""
EVENT_METHOD_SHIFT: Final = 2
EVENT_METHOD_MASK: Final = 3
"""Two flags that hold the method of the order or trade."""

COMMAND: Final = np.dtype(
    [
        ("kind", "u1"),
        ("side", "u1"),
        ("product", "u2"),  # index in the profile's list of products
        ("key", "i4"),
        ("price_fen", "i8"),
        ("quantity_t", "i8"),
        ("target", "i4"),  # the listing, offer or order that the command names
        ("counterparty", "i4"),  # of a block offer
        ("client_order", "i8"),
        ("sequence", "i8"),
        ("time_ns", "i8"),
        ("spare", "i8"),  # always 0
    ]
)
EVENT: Final = np.dtype(
    [
        ("kind", "u1"),
        ("side", "u1"),  # of the order; of the taker in a trade
        ("reason", "u2"),  # of a cancelled event the cause
        ("product", "u2"),
        ("flags", "u2"),
        ("sequence", "i8"),
        ("participant", "i4"),  # of the order; the taker in a trade
        ("counterparty", "i4"),
        ("order", "i4"),
        ("target", "i4"),  # the resting order of a trade
        ("price_fen", "i8"),  # figure_a of a refusal
        ("quantity_t", "i8"),  # figure_b of a refusal
        ("left_t", "i4"),
        ("key", "i4"),
        (
            "number",
            "i8",
        ),  # trade number of a trade (its client order stands in the command), else client order
    ]
)
RECORD_BYTES: Final = 64
if COMMAND.itemsize != RECORD_BYTES or EVENT.itemsize != RECORD_BYTES:
    message = "a record must have 64 bytes"
    raise AssertionError(message)
