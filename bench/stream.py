"""A price-time flow as columns: what the generators make, a file brings, and every book is fed with.

One row is one command. The flow knows nothing of the exchange: orders have the numbers that whoever made
it gave them. `pack` turns it into the 64-byte records of the core, whose order numbers count the new
orders from 1.
"""

from typing import Any, Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.commands import Side
from engine.core.records import COMMAND, CommandKind

BUY: Final = int(Side.BUY)
SELL: Final = int(Side.SELL)
HASH_STEP: Final = 1_000_003
HASH_MASK: Final = 2**64 - 1

Columns = NDArray[Any]


class Stream(Struct, frozen=True, kw_only=True):
    """Commands in order, a column each; a cancel bears the side, product and sender of its order."""

    is_new: Columns
    order: Columns
    """The flow's own number of the order that is new or cancelled."""
    target: Columns
    """Of a cancel: which new order of the flow it names, counted from 1; 0 if none or a new order."""
    side: Columns
    product: Columns
    price_fen: Columns
    quantity_t: Columns
    participant: Columns

    def __len__(self) -> int:
        """Return the number of commands."""
        return len(self.is_new)

    def part(self, begin: int, end: int) -> "Stream":
        """Return the commands from one place up to another."""
        return Stream(**{name: getattr(self, name)[begin:end] for name in self.__struct_fields__})

    def numbers(self) -> Columns:
        """Return the flow's order number of each new order, in order; place 0 stands for no order."""
        return np.concatenate([np.zeros(1, np.int64), self.order[self.is_new]])


class Fill(Struct, frozen=True):
    """One trade of a flow, with the flow's own order numbers."""

    maker: int
    taker: int
    price_fen: int
    quantity_t: int


class Tally(Struct):
    """What a flow traded: two books that agree in it traded the same, trade by trade."""

    trades: int = 0
    traded_quantity_t: int = 0
    hash: int = 0

    def add(self, maker: int, taker: int, price_fen: int, quantity_t: int) -> None:
        """Count one trade, in order."""
        self.trades += 1
        self.traded_quantity_t += quantity_t
        mixed = maker * 31 + taker * 17 + price_fen * 7 + quantity_t
        self.hash = (self.hash * HASH_STEP + mixed) & HASH_MASK

    def text(self) -> str:
        """Return the hash as 16 hexadecimal digits."""
        return f"{self.hash:016x}"


def occurrences(values: Columns) -> Columns:
    """Return for each value how often it has occurred up to and with its place."""
    places = np.argsort(values, kind="stable")
    ordered = values[places]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    lengths = np.diff(np.concatenate([starts, [len(values)]]))
    counted = np.empty(len(values), np.int64)
    counted[places] = np.arange(len(values)) - np.repeat(starts, lengths) + 1
    return counted


def pack(stream: Stream, first_key: int) -> NDArray[np.void]:
    """Return a flow as command records without sequence and time; key = first key + participant - 1.

    Client order numbers count upwards under each key, as clients do.
    """
    rows = np.zeros(len(stream), COMMAND)
    is_new = stream.is_new
    rows["kind"] = np.where(is_new, CommandKind.PLACE_LISTING, CommandKind.CANCEL_ORDER)
    rows["key"] = first_key - 1 + stream.participant
    rows["target"] = stream.target
    for field in ("side", "product", "price_fen", "quantity_t"):
        rows[field] = np.where(is_new, getattr(stream, field), 0)
    if len(rows):
        rows["client_order"] = occurrences(rows["key"])
    return rows
