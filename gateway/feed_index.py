"""What a start needs of the kept log, read from records by column: which sequences belong to which stream.

The same as `Feed.take_in` says of typed events, for hot events without decoding them: a million commands
take tens of milliseconds. Events that have no records go through the feed's own rules.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from typing import TYPE_CHECKING, Final

import numpy as np
from msgspec import Struct

from engine.commands import Method, Side
from engine.core.records import (
    EVENT_METHOD_MASK,
    EVENT_METHOD_SHIFT,
    EVENT_REPEATED,
    EventKind,
)
from engine.events import AnyEvent
from gateway.history import Page
from gateway.routing import OPERATORS, Audience

if TYPE_CHECKING:
    from numpy.typing import NDArray

PARTY_SHIFT: Final = 40
"""A party and a sequence in one number, so that one sort puts all streams in order."""
SEQUENCE_MASK: Final = (1 << PARTY_SHIFT) - 1
Touch = tuple[int, int]
"""Sequence and time of the last command that touched a book."""


class HotPage(Struct, frozen=True):
    """What the hot events of a page mean to the feed."""

    trades: "NDArray[np.int64]"
    """Sequences with a listed trade."""
    parties: "NDArray[np.int64]"
    """Party and sequence in one number each, in no order."""
    touched: dict[int, Touch]
    """By place of the product in the profile."""


class Found:
    """Which sequences belong to which stream, page by page."""

    def __init__(self) -> None:
        self.listed: list[int] = []
        """Sequences with a listed trade that has no record."""
        self.market: list[int] = []
        """Sequences with public events, which have no records."""
        self.pairs: list[tuple[int, int]] = []
        """Parties and sequences of events without records."""
        self._trades: list[NDArray[np.int64]] = []
        self._parties: list[NDArray[np.int64]] = []

    def add_hot(self, page: Page, audience: Audience) -> dict[int, Touch]:
        """Take in the hot events of a page and return by product who touched its book last."""
        if not page.commands.count:
            return {}
        hot = _read_hot(page, audience)
        self._trades.append(hot.trades)
        self._parties.append(hot.parties)
        return hot.touched

    def trades(self) -> "array[int]":
        """Return the sequences with listed trades, rising, each once."""
        found = _rising([np.array(self.listed, np.int64), *self._trades])
        return array("q", found.tobytes())

    def by_party(self) -> "dict[int, array[int]]":
        """Return the sequences of each party, rising, each once."""
        found = _rising([_joined(self.pairs), *self._parties])
        parties = found >> PARTY_SHIFT
        cuts = np.flatnonzero(np.diff(parties, prepend=-1))
        ends = np.append(cuts, len(found))[1:].tolist()
        found &= SEQUENCE_MASK
        return {
            party: array("q", found[begin:end].tobytes())
            for party, begin, end in zip(parties[cuts].tolist(), cuts.tolist(), ends, strict=True)
        }


def _rising(parts: "list[NDArray[np.int64]]") -> "NDArray[np.int64]":
    """Return numbers, rising, each once; `numpy.unique` hashes them, which takes a hundred times as long."""
    found: NDArray[np.int64] = np.sort(np.concatenate(parts))
    is_new = np.diff(found, prepend=-1) != 0
    rising: NDArray[np.int64] = found[is_new]
    return rising


def typed_events(page: Page) -> Iterator[tuple[int, Sequence[AnyEvent]]]:
    """Yield sequence and events of what has no records: control commands, and what hot ones set off."""
    numbers = page.commands.used["sequence"]
    more = [(int(numbers[at]), told) for at, told in (*page.before.items(), *page.after.items())]
    yield from merge(page.told(), sorted(more, key=_sequence), key=_sequence)


def _sequence(told: tuple[int, Sequence[AnyEvent]]) -> int:
    return told[0]


def note_offers(page: Page, audience: Audience) -> None:
    """Remember the hot offers of a page."""
    rows = page.events.used
    flags = rows["flags"]
    rows = rows[(rows["kind"] == EventKind.BLOCK_OFFERED) & (flags & EVENT_REPEATED == 0)]
    for order, other in zip(rows["order"].tolist(), rows["counterparty"].tolist(), strict=True):
        audience.offered(order, (other,))


def _read_hot(page: Page, audience: Audience) -> HotPage:
    """Return what the hot events of a page mean; its offers are noted before."""
    rows, commands = page.events.used, page.commands.used
    counts = np.diff(page.ends.used, prepend=0)
    command_of = np.repeat(np.arange(len(counts)), counts)
    told = commands["sequence"][command_of]
    flags = rows["flags"]
    is_first = flags & EVENT_REPEATED == 0
    if not is_first.all():  # a repeat belongs to no stream
        rows, told, flags = rows[is_first], told[is_first], flags[is_first]
        command_of = command_of[is_first]
    kind = rows["kind"]
    method = flags >> EVENT_METHOD_SHIFT & EVENT_METHOD_MASK
    is_trade, is_cancel = kind == EventKind.TRADED, kind == EventKind.CANCELLED
    is_listed = method == Method.LISTED
    owner = rows["participant"].astype(np.int64)
    parties = [_join(owner, told)]
    has_other = is_trade | (kind == EventKind.BLOCK_OFFERED)
    parties.append(_join(rows["counterparty"][has_other].astype(np.int64), told[has_other]))
    is_application = is_cancel & (method == Method.AUCTION) & (rows["side"] == Side.SELL)
    parties.append(_join(np.int64(OPERATORS), told[is_application]))
    is_end = is_cancel & (method == Method.BLOCK)
    ends = zip(told[is_end].tolist(), rows["order"][is_end].tolist(), strict=True)
    parties.append(
        _joined(
            (party, sequence)
            for sequence, order in ends
            for party in audience.ended(sequence, order)
        )
    )
    touches = (is_trade | is_cancel) & is_listed
    touches |= (kind == EventKind.LISTING_PLACED) | (kind == EventKind.REDUCED)
    products = rows["product"][touches]
    last = np.full(int(products.max(initial=0)) + 1, -1)
    last[products] = np.flatnonzero(touches)  # of several the last stays
    touched = {
        product: (int(told[row]), int(commands["time_ns"][command_of[row]]))
        for product, row in enumerate(last.tolist())
        if row >= 0
    }
    return HotPage(told[is_trade & is_listed], np.concatenate(parties), touched)


def _joined(pairs: Iterable[tuple[int, int]]) -> "NDArray[np.int64]":
    return np.array([party << PARTY_SHIFT | sequence for party, sequence in pairs], np.int64)


def _join(party: "NDArray[np.int64] | np.int64", told: "NDArray[np.int64]") -> "NDArray[np.int64]":
    return party << PARTY_SHIFT | told
