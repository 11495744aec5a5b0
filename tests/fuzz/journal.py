"""What the fuzzers throw at the journal's reader, and what must hold of every input.

A file either verifies, and then a second reading finds the same, or it is refused with `JournalDamaged`,
which names file and sequence; nothing else is raised, whatever the bytes. Raw bytes never come behind the
hashes, so an input may also be a list of edits of a good journal whose frames are sealed again: what the
payload then says has to be judged by the reader itself.
"""

import hashlib
import struct
from typing import Final

import msgspec

from gateway.journal_format import (
    HASH_BYTES,
    HEAD_BYTES,
    HEADER_BYTES,
    Frame,
    FrameKind,
    JournalDamaged,
    aligned,
    decode_frame,
)
from gateway.journal_scan import scan_journal
from tests.gateway.fake_disk import FakeDisk, FakeInode
from tests.gateway.journal_help import FIRST, fill, open_journal

EDITS_MAX: Final = 64
_OWN_HASH_AT: Final = HEADER_BYTES - HASH_BYTES
_EDIT: Final = struct.Struct("<IB")
RAW, EDITED, SEALED = 0, 1, 2


def good() -> bytes:
    """Return the bytes of a small journal."""
    disk = FakeDisk()
    journal = open_journal(disk)
    fill(journal, 3)
    journal.close()
    return bytes(disk.files[FIRST].current)


_GOOD: Final = good()


def seeds() -> list[bytes]:
    """Return inputs to begin with: the first byte says what the rest is."""
    edits = [_EDIT.pack(offset, 1) for offset in (0, 9, 4_096, HEAD_BYTES, HEAD_BYTES + 12, 8_400)]
    found = [bytes((RAW,)) + _GOOD[: HEAD_BYTES + 1_024]]
    for kind in (EDITED, SEALED):
        found += [bytes((kind,)) + edit for edit in edits]
    return [*found, bytes((SEALED,))]


def file_of(data: bytes) -> bytes:
    """Return the file that an input stands for."""
    kind, rest = data[0] % 3, data[1:]
    if kind == RAW:
        return rest
    content = bytearray(_GOOD)
    for place in range(min(len(rest) // _EDIT.size, EDITS_MAX)):
        offset, value = _EDIT.unpack_from(rest, place * _EDIT.size)
        content[offset % len(content)] ^= value
    return bytes(_sealed(content) if kind == SEALED else content)


def _sealed(content: bytearray) -> bytearray:
    """Give every frame its hash again, and the hash of the one before."""
    offset, previous = HEAD_BYTES, bytes(HASH_BYTES)
    view = memoryview(_GOOD)
    hashes = HEADER_BYTES - 3 * HASH_BYTES
    while (frame := decode_frame(view, offset)) is not None:
        body = offset + HEADER_BYTES
        end = body + aligned(frame.header.length)
        start = offset + hashes
        if frame.previous_hash == _GOOD[start : start + HASH_BYTES]:
            content[start : start + HASH_BYTES] = previous
        state = hashlib.sha256(content[offset : offset + _OWN_HASH_AT])
        state.update(content[body:end])
        previous = state.digest()
        content[offset + _OWN_HASH_AT : body] = previous
        offset = end
    return content


def read(content: bytes) -> tuple[tuple[object, ...], list[bytes]]:
    """Read a file as the start does; return the report and what every frame holds."""
    disk = FakeDisk()
    disk.files[FIRST] = inode = FakeInode()
    inode.current = bytearray(content)
    found: list[bytes] = []

    def visit(frame: Frame) -> None:
        kind = frame.header.kind
        if kind == FrameKind.HOT:
            found.append(frame.records().tobytes())
        elif kind == FrameKind.CONTROL:
            found.append(msgspec.msgpack.encode(frame.entries()))
        elif kind == FrameKind.DIGEST:
            found.append(frame.digest().state_digest)
        elif kind == FrameKind.PROFILE:
            found.append(frame.profile().profile_digest.encode())

    report, _, _ = scan_journal(disk, visit)
    return tuple(getattr(report, name) for name in report.__struct_fields__), found


def check(data: bytes) -> bool:
    """Hold the reader to its word on one input; True where it was a journal."""
    if not data:
        return False
    content = file_of(data)
    damage: JournalDamaged | None = None
    try:
        first = read(content)
    except JournalDamaged as found:
        damage = found
    if damage is None:
        assert read(content) == first
        return True
    assert damage.file == FIRST
    assert damage.sequence > 0
    assert damage.what
    assert 0 <= damage.offset <= max(HEAD_BYTES, len(content))
    return False
