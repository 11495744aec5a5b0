"""Snapshots of a running exchange: they bound the time of a start, and nothing depends on them.

One is taken on the event loop's thread between two batches, sealed and written by a thread of its own, so
that no order waits for its sync: temporary file, sync, rename, sync of the folder. Each stands for one place
in the journal (file, offset, hash of the frame before it), names the pages of history that a start
needs, and holds the engine's own snapshot. The newest is never believed blindly: checksum, profile,
semantics, place and digests are compared, and whatever differs is told and the next older one tried.

Source: design.md section 5; gateway-notes 4.3 rule 6.
"""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final, cast

import msgspec
from msgspec import Struct

from engine.exchange import SEMANTICS_VERSION, Exchange
from engine.profile import Profile
from engine.snapshot import seal
from gateway.disk import Disk
from gateway.history import History, Page
from gateway.history_pages import PAGE_SUFFIX, decode_page, encode_page, page_name
from gateway.journal_format import HASH_BYTES
from gateway.journal_scan import Anchor

SUFFIX: Final = ".snapshot"
NEW_SUFFIX: Final = ".new"
KEPT: Final = 3
"""Snapshots that are kept, the newest."""
MAGIC: Final = b"CEAXSNP1"
LENGTH_BYTES: Final = 8


class SnapshotRefused(Exception):
    """A snapshot is not believed; the text says which and why."""


class _PageName(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    name: str
    checksum: bytes


class _Stored(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a snapshot's file holds before the engine's state."""

    semantics: int
    profile_digest: str
    anchor: Anchor
    event_digest: bytes
    floor: int
    last_date: str
    days: list[int]
    pages: list[_PageName]


class Taken(Struct, frozen=True):
    """A state that is still to be written."""

    stored: _Stored
    state: bytes
    """`Exchange.gather_snapshot`, still to be sealed with a checksum of its own."""
    pages: list[Page]
    """What the state's history is made of; pages that change no more."""


class Found(Struct, frozen=True):
    """A snapshot whose head holds: enough to say which place in the journal it stands for."""

    name: str
    stored: _Stored
    state: memoryview

    @property
    def anchor(self) -> Anchor:
        """The place in the journal."""
        return self.stored.anchor


class Restored(Struct, frozen=True):
    """What a snapshot gave back."""

    name: str
    exchange: Exchange
    history: History


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(_Stored).decode


class Snapshots:
    """The folder of snapshots of one market; writing may happen in another thread, one at a time."""

    def __init__(self, disk: Disk, profile_digest: str, say: Callable[[str], None]) -> None:
        self._disk = disk
        self._profile_digest = profile_digest
        self._say = say
        self.newest = 0
        """Sequence of the one that the start began with."""
        self._written: dict[str, bytes] = {}
        """Checksums of the pages that are on the disk."""
        self._pages_of: dict[str, list[str]] = {}
        """Of each snapshot on the disk that was read or written."""

    # ------------------------------------------------------------ writing

    def take(self, exchange: Exchange, history: History, anchor: Anchor) -> Taken | None:
        """Return the state as it is now: some tens of milliseconds, a tenth of a second late in a large day.

        None where that fails, which is told: nothing that a snapshot is good for is worth a market.
        """
        try:
            return self._take(exchange, history, anchor)
        except Exception as error:  # noqa: BLE001 - whatever it is, the exchange goes on
            self._tell(anchor, error)
            return None

    def _take(self, exchange: Exchange, history: History, anchor: Anchor) -> Taken:
        history.close_page()
        stored = _Stored(
            semantics=SEMANTICS_VERSION,
            profile_digest=self._profile_digest,
            anchor=anchor,
            event_digest=exchange.event_digest(),
            floor=history.floor,
            last_date=history.last_date,
            days=list(history.days),
            pages=[],
        )
        pages = [page for page in history.pages if page.last >= page.first]
        return Taken(stored, exchange.gather_snapshot(), pages)

    def write(self, taken: Taken) -> bool:
        """Write a state; a disk that refuses is told about and costs nothing but a slower start."""
        name = f"{taken.stored.anchor.sequence:015d}{SUFFIX}"
        try:
            pages = [self._write_page(page) for page in taken.pages]
            self._disk.sync()  # a snapshot never names a page that a power cut may take
            stored = msgspec.structs.replace(taken.stored, pages=pages)
            head = _encode(stored)
            checksum = hashlib.sha256(head).digest()
            length = len(head).to_bytes(LENGTH_BYTES, "little")
            self._put(name, b"".join((MAGIC, checksum, length, head, seal(taken.state))))
            self._disk.sync()
            self._pages_of[name] = [page.name for page in pages]
            self._prune()
        except Exception as error:  # noqa: BLE001 - whatever it is, the exchange goes on
            self._tell(taken.stored.anchor, error)
            with suppress(OSError):
                self._remove_drafts()  # nobody else gives their room back on a full disk
            return False
        return True

    def _tell(self, anchor: Anchor, error: Exception) -> None:
        what = str(error) or type(error).__name__
        self._say(f"note: no snapshot at sequence {anchor.sequence}: {what}; the exchange goes on")

    def _write_page(self, page: Page) -> _PageName:
        name = page_name(page)
        if name not in self._written:
            body, checksum = encode_page(page)
            self._put(name, body)
            self._written[name] = checksum
        return _PageName(name, self._written[name])

    def _put(self, name: str, data: bytes) -> None:
        """Write a file that bears its name only when it is whole and on the disk."""
        file = self._disk.create(name + NEW_SUFFIX, len(data))
        try:
            file.write(0, data)
            file.sync()
        finally:
            file.close()
        self._disk.rename(name + NEW_SUFFIX, name)

    def _prune(self) -> None:
        """Remove drafts, what is older than the newest three, and the pages that none of these names."""
        self._remove_drafts()
        names = [name for name in self._disk.names() if name.endswith(SUFFIX)]
        for name in names[:-KEPT]:
            self._disk.remove(name)
            self._pages_of.pop(name, None)
        kept = names[-KEPT:]
        if any(name not in self._pages_of for name in kept):
            return  # one of them was never read: nobody knows what it needs
        needed = {page for name in kept for page in self._pages_of[name]}
        for name in self._disk.names():
            if name.endswith(PAGE_SUFFIX) and name not in needed:
                self._disk.remove(name)
                self._written.pop(name, None)

    def _remove_drafts(self) -> None:
        for name in self._disk.names():
            if name.endswith(NEW_SUFFIX):
                self._disk.remove(name)

    # ------------------------------------------------------------ reading

    def newest_first(self) -> Iterator[str]:
        """Yield the names of the snapshots."""
        for name in reversed(self._disk.names()):
            if name.endswith(SUFFIX):
                yield name

    def look(self, name: str) -> Found:
        """Return a snapshot of which only the head was read; SnapshotRefused where that does not hold."""
        try:
            found = Found(name, *self._read(name))
        except (OSError, ValueError) as error:
            raise not_believed(name, error) from error
        self._pages_of[name] = [page.name for page in found.stored.pages]
        return found

    def load(self, found: Found, profile: Profile) -> Restored:
        """Return what a snapshot kept; SnapshotRefused says why it is not believed. For any thread."""
        name, stored = found.name, found.stored
        try:
            with ThreadPoolExecutor(1) as helper:  # hashing needs no lock of the interpreter
                reading = helper.submit(lambda: [self._read_page(page) for page in stored.pages])
                try:
                    exchange = Exchange.from_snapshot(profile, cast("bytes", found.state))
                    pages = reading.result()
                finally:
                    del reading  # its error would hold this frame, and this frame the exchange
            history = History(profile)
        except (OSError, KeyError, ValueError) as error:
            raise not_believed(name, error) from error
        history.restore(pages, stored.floor, stored.last_date, list(stored.days))
        is_same = exchange.event_digest() == stored.event_digest
        if not is_same or exchange.sequence != stored.anchor.sequence:
            raise not_believed(name, "its digests differ")
        return Restored(name, exchange, history)

    def begin_with(self, found: Found) -> None:
        """Go on behind the snapshot that a start began with: its pages need not be written again."""
        self.newest = found.anchor.sequence
        self._written = {page.name: page.checksum for page in found.stored.pages}

    def _bytes(self, name: str) -> memoryview:
        """Return a file's content, mapped: most pages are never read again."""
        file = self._disk.open(name, is_writable=True)
        try:
            return file.view()
        finally:
            file.close()

    def _read(self, name: str) -> tuple[_Stored, memoryview]:
        """Return what stands before the engine's state, and the state."""
        data = self._bytes(name)
        start = len(MAGIC) + HASH_BYTES + LENGTH_BYTES
        length = int.from_bytes(data[start - LENGTH_BYTES : start], "little")
        head = data[start : start + length]
        checksum = bytes(data[len(MAGIC) : len(MAGIC) + HASH_BYTES])
        if bytes(data[: len(MAGIC)]) != MAGIC or hashlib.sha256(head).digest() != checksum:
            raise ValueError("its checksum is another")
        try:
            stored = _decode(head)
        except msgspec.MsgspecError as error:
            raise ValueError(f"it cannot be read: {error}") from error
        if stored.semantics != SEMANTICS_VERSION:
            raise ValueError(f"it is of engine semantics {stored.semantics}")
        if stored.profile_digest != self._profile_digest:
            raise ValueError("it is of another profile")
        return stored, data[start + length :]

    def _read_page(self, page: _PageName) -> Page:
        try:
            return decode_page(self._bytes(page.name), page.checksum)
        except ValueError as error:
            raise ValueError(f"page {page.name}: {error}") from error


def not_believed(name: str, why: object) -> SnapshotRefused:
    """Return the refusal of a snapshot."""
    return SnapshotRefused(f"snapshot {name} is not believed: {why}")
