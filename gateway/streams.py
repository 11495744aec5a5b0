"""Streams of the log as sequence numbers, and the entries behind them, decoded when somebody reads them.

The newest entries are kept as they were published: a reader at the head costs no decoding. What lies
further back stands in the history as records; blocks of it are decoded for those who resume, and a
bounded number of blocks is kept. So memory does not grow with what nobody reads.
"""

from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from engine.events import AnyEvent
from gateway.history import Applied, History

if TYPE_CHECKING:
    from numpy.typing import NDArray

RECENT: Final = 8_192
"""Fewest of the newest entries that are kept decoded, once there are so many; at most twice as many."""
BLOCK: Final = 64
"""Entries of a stream that are decoded together."""
BLOCKS_MAX: Final = 256
"""Most blocks that are kept; the longest unused goes first."""
NONE_YET: Final = 1 << 62
"""A sequence behind all others."""


class KeptLog:
    """Entries of this and the last trading day by stream and position."""

    def __init__(self, history: History) -> None:
        self.history = history
        self._recent: list[Applied] = []
        self._recent_from = NONE_YET
        self._blocks: OrderedDict[tuple[Stream, int], tuple[int, list[Applied]]] = OrderedDict()

    def add(self, batch: Sequence[Applied]) -> None:
        """Keep what was just published; the history has it already."""
        self._recent += batch
        if len(self._recent) > 2 * RECENT:
            del self._recent[:-RECENT]
        if self._recent:
            self._recent_from = self._recent[0].sequence

    def entry(self, stream: "Stream", position: int) -> Applied:
        """Return an entry; LookupError where it is no longer kept."""
        sequence = stream.sequences[position - stream.base]
        if sequence >= self._recent_from:
            return self._recent[sequence - self._recent_from]
        key = stream, position // BLOCK  # floor: the block that it lies in
        begin, entries = self._blocks.pop(key, (position, []))
        if position - begin >= len(entries):
            begin, entries = self._decoded(stream, key[1])
            while len(self._blocks) >= BLOCKS_MAX:
                self._blocks.popitem(last=False)
        self._blocks[key] = begin, entries
        return entries[position - begin]

    def _decoded(self, stream: "Stream", block: int) -> tuple[int, list[Applied]]:
        """Return the first position of a block that is still kept, and its entries."""
        begin = max(block * BLOCK, stream.base)
        return begin, self.history.entries(stream.between(begin, block * BLOCK + BLOCK))


class Stream:
    """Entries of the log that concern one stream."""

    __slots__ = ("_log", "base", "floor", "select", "sequences")

    def __init__(
        self,
        log: KeptLog,
        select: Callable[[Applied], tuple[AnyEvent, ...]],
        floor: int = 0,
        sequences: Iterable[int] = (),
    ) -> None:
        self._log = log
        self.select = select
        """Returns the events of an entry that belong to this stream."""
        self.floor = floor
        """Last sequence that is no longer kept."""
        self.base = 0
        """How many entries were dropped: positions of readers count from the first ever."""
        self.sequences = array("q", sequences)

    @property
    def end(self) -> int:
        """Position behind the last entry."""
        return self.base + len(self.sequences)

    def append(self, sequence: int) -> None:
        """Add an entry; sequences rise, and one that is the last already is not added again."""
        sequences = self.sequences
        if not sequences or sequences[-1] != sequence:
            sequences.append(sequence)

    def position_after(self, sequence: int) -> int:
        """Return the position of the first entry behind a sequence."""
        return self.base + bisect_right(self.sequences, sequence)

    def previous(self, position: int) -> int:
        """Return the sequence of the entry before a position."""
        index = position - self.base
        return self.sequences[index - 1] if index else self.floor

    def sequence(self, position: int) -> int:
        """Return the sequence of an entry."""
        return self.sequences[position - self.base]

    def between(self, begin: int, end: int) -> "NDArray[np.int64]":
        """Return the sequences of a stretch of positions, a copy."""
        return np.array(self.sequences[begin - self.base : end - self.base], np.int64)

    def entry(self, position: int) -> Applied:
        """Return an entry."""
        return self._log.entry(self, position)

    def forget_to(self, sequence: int) -> None:
        """Drop what lies at or before a sequence."""
        count = bisect_right(self.sequences, sequence)
        self.floor = max(self.floor, self.sequences[count - 1] if count else self.floor)
        self.base += count
        self.sequences = self.sequences[count:]


class WholeLog(Stream):
    """The stream of every entry: two numbers, for the sequences of the log have no holes."""

    __slots__ = ()
    sequences: range  # type: ignore[assignment]

    def __init__(self, log: KeptLog, floor: int, last: int) -> None:
        super().__init__(log, lambda entry: tuple(entry.events), floor)
        self.sequences = range(floor + 1, last + 1)

    def append(self, sequence: int) -> None:
        """Add the entries behind the last up to this one."""
        self.sequences = range(self.sequences[0] if self.sequences else sequence, sequence + 1)
