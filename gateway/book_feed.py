"""The newest state of what may be skipped (books, quotes, the market, the status), made once for all readers.

A reader has the version that it saw last. A book's reader that is one version behind gets what changed,
one further behind the whole book with `is_gap`: it asks for nothing, and nobody waits for it.
"""

from typing import Final

import msgspec

from engine.commands import Side
from engine.views import Depth
from gateway import wire
from gateway.frames_book import BookChanged, BookSnapshot, book_checksum, level_changes

NOTHING_SEEN: Final = 0
"""Version of a reader that begins."""
BEHIND: Final = -1
"""Version of a reader that resumes from a state that is no longer kept."""


class Newest:
    """The newest frame of something, with a version that rises with each change."""

    __slots__ = ("_texts", "version")

    def __init__(self) -> None:
        self.version = 0
        self._texts: wire.Texts | None = None

    def show(self, frame: wire.Outward) -> None:
        """Put a newer frame in the place of the one before."""
        self._texts = wire.Texts(frame)
        self.version += 1

    def text(self, seen: int, form: wire.Format) -> bytes:  # noqa: ARG002 - a book's depends on it
        """Return what a reader gets that saw a version before this one."""
        assert self._texts is not None, "nothing is read before it was shown"
        return self._texts.of(form)


class NewestBook(Newest):
    """The five levels of one product as they were published last, and what that publication changed."""

    __slots__ = ("_changed", "_gap", "snapshot")

    def __init__(self) -> None:
        super().__init__()
        self.snapshot: BookSnapshot | None = None
        self._changed: wire.Texts | None = None
        self._gap: wire.Texts | None = None

    @property
    def sequence(self) -> int:
        """Sequence of the last command in the published state."""
        return self.snapshot.sequence if self.snapshot is not None else 0

    def show_depth(self, depth: Depth, sequence: int, time_ns: int) -> None:
        """Publish a state; the commands up to `sequence` made it."""
        old = self.snapshot
        snapshot = BookSnapshot(
            sequence=sequence,
            time_ns=time_ns,
            product=depth.product,
            checksum=book_checksum(depth.bids, depth.asks),
            bids=depth.bids,
            asks=depth.asks,
        )
        self.snapshot, self._gap = snapshot, None
        self._changed = wire.Texts(_difference(old, snapshot)) if old is not None else None
        self.show(snapshot)

    def text(self, seen: int, form: wire.Format) -> bytes:
        """Return the changes to a reader of the version before, the whole book to all others."""
        if seen == NOTHING_SEEN:
            return super().text(seen, form)
        if self._changed is not None and seen == self.version - 1:
            return self._changed.of(form)
        assert self.snapshot is not None, "nothing is read before it was shown"
        if self._gap is None:
            self._gap = wire.Texts(msgspec.structs.replace(self.snapshot, is_gap=True))
        return self._gap.of(form)


def _difference(old: BookSnapshot, new: BookSnapshot) -> BookChanged:
    return BookChanged(
        sequence=new.sequence,
        previous=old.sequence,
        time_ns=new.time_ns,
        product=new.product,
        checksum=new.checksum,
        changes=(
            *level_changes(old.bids, new.bids, Side.BUY),
            *level_changes(old.asks, new.asks, Side.SELL),
        ),
    )
