"""The 64-byte records of hot commands and events: what the core reads and writes and the journal stores.

Every byte is a named field, so the bytes of a record are its canonical form.
"""

from enum import IntEnum
from typing import Final

import numpy as np


class CommandKind(IntEnum):
    """Kind of a hot command."""

    PLACE_LISTING = 1
    PICK_LISTING = 2
    CANCEL_ORDER = 3
    OFFER_BLOCK = 4
    ACCEPT_BLOCK = 5


class EventKind(IntEnum):
    """Kind of a hot event."""

    LISTING_PLACED = 1
    TRADED = 2
    CANCELLED = 3
    REFUSED = 4
    BLOCK_OFFERED = 5


EVENT_REPEATED: Final = 1
"""Flag: this event repeats the first answer to a client order number."""
EVENT_BY_CLOSE: Final = 2
"""Flag of a cancelled event: the order lapsed at the close."""
EVENT_BLOCK: Final = 4
"""Flag: the order or trade is a block."""
EVENT_BY_SUSPENSION: Final = 8
"""Flag of a cancelled event: the order's owner, or whom it was offered to, was suspended."""

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
        ("reason", "u2"),
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
