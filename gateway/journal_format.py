"""The bytes of a journal file: a head with two marks, then frames that name their predecessor by its hash.

    0      mark slot 0 (64 bytes)      4096   mark slot 1 (64 bytes)      8192   frames to the end

Each slot has a disk sector of its own, so a torn write of one never touches the other. A frame is a
header of 192 bytes and a payload, padded with zeros to 64 bytes; its own SHA-256 covers all of it but
itself, and the header holds the hash of the frame before, across files, so one mechanism serves torn
tails, rot and the twenty years of R88. All integers are little-endian.
"""

import hashlib
import struct
from collections.abc import Iterator
from enum import IntEnum
from typing import Final

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.commands import Entry
from engine.core.records import COMMAND, RECORD_BYTES
from gateway.errors import UserError

ALIGNMENT: Final = 64
HEAD_BYTES: Final = 8192
HEADER_BYTES: Final = 192
MARK_OFFSETS: Final = (0, 4096)
MARK_BYTES: Final = 64
HASH_BYTES: Final = 32
NO_HASH: Final = bytes(HASH_BYTES)
FRAME_BYTES_MAX: Final = 64 * 1024 * 1024
"""Largest payload of one frame: a length beyond it cannot be real and is not followed."""
FORMAT_VERSION: Final = 1

FRAME_MAGIC: Final = b"CEAXFRAM"
MARK_MAGIC: Final = b"CEAXMARK"
# magic, version, kind, count, first sequence, epoch, time, payload length, batch offset, spare
_FIXED: Final = struct.Struct("<8sHHIqqqqqq")
_MARK: Final = struct.Struct("<8sqqq")
_OWN_HASH_AT: Final = HEADER_BYTES - HASH_BYTES
# the whole header: the above, the hash before, the event digest, spare, its own hash
_HEADER: Final = struct.Struct(f"<8sHHIqqqqqq{HASH_BYTES}s{HASH_BYTES}x32x{HASH_BYTES}s")


class FrameKind(IntEnum):
    """What the payload of a frame is."""

    PROFILE = 1
    """First of each file: `ProfileFrame` in MessagePack."""
    EPOCH = 2
    """A process took the journal over; no payload."""
    HOT = 3
    """A run of 64-byte COMMAND records."""
    CONTROL = 4
    """A run of `Entry` in MessagePack."""
    DIGEST = 5
    """`Digest` in MessagePack: what the state was after the sequence before this frame."""


class ClosedDay(Struct, frozen=True, kw_only=True):
    """What the file before was when it was closed: it never changes again."""

    file: str
    length: int
    sha256: str
    """Of the whole file, as `sha256sum` prints it."""


class ProfileFrame(Struct, frozen=True, kw_only=True):
    """Under which rules the commands of a file were answered, and what the file before it was."""

    profile: str
    profile_digest: str
    semantics_version: int
    closed: ClosedDay | None = None
    """None in the first file, and in those of before closed days were recorded."""


class Digest(Struct, frozen=True, kw_only=True):
    """Digests of the exchange after a sequence, kept to prove a replay."""

    sequence: int
    event_digest: bytes
    state_digest: bytes


class Mark(Struct, frozen=True):
    """How far the journal has been acknowledged: after a power cut perhaps too low, never too high."""

    number: int
    """Rises by one with every mark; an even one stands in slot 0."""
    sequence: int
    end: int
    """Offset behind the last acknowledged frame."""


class Chain(Struct):
    """What the next frame must follow."""

    hash: bytes = NO_HASH
    sequence: int = 0
    epoch: int = 0
    time_ns: int = 0


class Header(Struct, frozen=True):
    """The fixed part of a frame."""

    kind: int
    count: int
    """Commands in the frame, 0 for frames of the journal's own."""
    first_sequence: int
    """Of its first command; of the next command to come where there is none."""
    epoch: int
    time_ns: int
    length: int
    """Of the payload, without the padding."""
    batch_offset: int
    """Where the batch begins that was written in one piece with this frame."""


class Frame(Struct, frozen=True):
    """A frame that was read and whose own hash fits."""

    offset: int
    header: Header
    previous_hash: bytes
    event_digest: bytes
    """Of all events before this frame; zeros where the writer did not know it yet."""
    own_hash: bytes
    payload: memoryview

    @property
    def end(self) -> int:
        """Offset behind the frame and its padding."""
        return self.offset + HEADER_BYTES + aligned(self.header.length)

    @property
    def last_sequence(self) -> int:
        """Sequence of its last command; of the command before it where there is none."""
        return self.header.first_sequence + self.header.count - 1

    def records(self) -> "NDArray[np.void]":
        """Return a copy of the COMMAND rows of a hot frame."""
        return np.frombuffer(self.payload, dtype=COMMAND).copy()

    def entries(self) -> list[Entry]:
        """Return the entries of a control frame."""
        return _entries.decode(self.payload)

    def profile(self) -> ProfileFrame:
        """Return the payload of a profile frame."""
        return _profile.decode(self.payload)

    def digest(self) -> Digest:
        """Return the payload of a digest frame."""
        return _digest.decode(self.payload)


class JournalDamaged(UserError):
    """The journal holds something that no crash explains; the start is refused with its place."""

    def __init__(self, file: str, offset: int, sequence: int, what: str) -> None:
        self.file = file
        self.offset = offset
        self.sequence = sequence
        self.what = what
        super().__init__(
            f"the journal is damaged: {file}, offset {offset}, sequence {sequence}: {what}; "
            "restore this file from a copy and check it with `ceax journal verify`"
        )


_encoder = msgspec.msgpack.Encoder()
_entries = msgspec.msgpack.Decoder(list[Entry])
_profile = msgspec.msgpack.Decoder(ProfileFrame)
_digest = msgspec.msgpack.Decoder(Digest)


def aligned(length: int) -> int:
    """Return a length rounded up to the alignment of frames."""
    return (length + ALIGNMENT - 1) & -ALIGNMENT


def encode_payload(value: list[Entry] | ProfileFrame | Digest) -> bytes:
    """Return the MessagePack of a payload."""
    return _encoder.encode(value)


def encode_frame(
    header: Header, payload: bytes | memoryview, previous_hash: bytes, event_digest: bytes
) -> tuple[bytes, bytes]:
    """Return the bytes of a frame and its own hash."""
    fixed = _FIXED.pack(
        FRAME_MAGIC,
        FORMAT_VERSION,
        header.kind,
        header.count,
        header.first_sequence,
        header.epoch,
        header.time_ns,
        header.length,
        header.batch_offset,
        0,
    )
    head = (fixed + previous_hash + event_digest).ljust(_OWN_HASH_AT, b"\0")
    padding = bytes(aligned(len(payload)) - len(payload))
    state = hashlib.sha256(head)
    state.update(payload)
    state.update(padding)
    own_hash = state.digest()
    return b"".join((head, own_hash, payload, padding)), own_hash  # the only copy of a full batch


def decode_frame(view: memoryview, offset: int) -> Frame | None:
    """Return the frame at an offset, None where there is no whole and valid one."""
    if offset + HEADER_BYTES > len(view):
        return None
    fields = _FIXED.unpack_from(view, offset)
    magic, version, length = fields[0], fields[1], fields[7]
    if magic != FRAME_MAGIC or version != FORMAT_VERSION or not 0 <= length <= FRAME_BYTES_MAX:
        return None
    body = offset + HEADER_BYTES
    end = body + aligned(length)
    if end > len(view):
        return None
    own_hash = bytes(view[offset + _OWN_HASH_AT : body])
    state = hashlib.sha256(view[offset : offset + _OWN_HASH_AT])
    state.update(view[body:end])
    if state.digest() != own_hash:
        return None
    hashes = offset + _FIXED.size
    return Frame(
        offset,
        Header(*fields[2:9]),
        bytes(view[hashes : hashes + HASH_BYTES]),
        bytes(view[hashes + HASH_BYTES : hashes + 2 * HASH_BYTES]),
        own_hash,
        view[body : body + length],
    )


def skim(view: memoryview, offset: int, stop: int, chain: Chain) -> tuple[int, int]:
    """Verify frames that nobody wants to see, from an offset up to `stop`, and make nothing of them.

    Moves the chain on and returns where it ended and how many frames it passed. At the first frame that
    does not hold it stops and says no more: the slow reader names what is wrong there.
    """
    count, previous, sequence, last_epoch = 0, chain.hash, chain.sequence, chain.epoch
    sha256, unpack, last_ns = hashlib.sha256, _HEADER.unpack_from, chain.time_ns
    profile, hot, digest = map(int, (FrameKind.PROFILE, FrameKind.HOT, FrameKind.DIGEST))
    while offset + HEADER_BYTES <= stop:
        (magic, version, kind, commands, first, epoch, time_ns, length, _, _, before, own_hash) = (
            unpack(view, offset)
        )
        body = offset + HEADER_BYTES
        end = body + ((length + ALIGNMENT - 1) & -ALIGNMENT)
        if (
            magic != FRAME_MAGIC
            or version != FORMAT_VERSION
            or not profile < kind <= digest
            or not 0 <= length <= FRAME_BYTES_MAX
            or end > stop
            or first != sequence + 1
            or epoch < last_epoch
            or (kind == hot and not 0 < length == commands * RECORD_BYTES)
            or before != previous
        ):
            break
        state = sha256(view[offset : offset + _OWN_HASH_AT])
        state.update(view[body:end])
        if state.digest() != own_hash:
            break
        previous, last_epoch, last_ns = own_hash, epoch, time_ns
        sequence += commands
        offset = end
        count += 1
    chain.hash, chain.sequence, chain.epoch, chain.time_ns = previous, sequence, last_epoch, last_ns
    return offset, count


def frame_problem(frame: Frame, previous_hash: bytes, last_sequence: int, epoch: int) -> str:
    """Return what is wrong with a valid frame in its place, "" where it follows its predecessor."""
    header = frame.header
    if frame.previous_hash != previous_hash:
        return "the frame does not follow the one before it (its previous hash differs)"
    if header.first_sequence != last_sequence + 1:
        return f"the frame begins with sequence {header.first_sequence}"
    if header.epoch < epoch:
        return f"the epoch goes back from {epoch} to {header.epoch}"
    if header.kind == FrameKind.HOT:
        if header.length != header.count * RECORD_BYTES or header.count == 0:
            return "the length of the frame does not fit its count"
    elif header.kind not in FrameKind.__members__.values():
        return f"the kind {header.kind} of the frame is unknown; a newer ceax wrote it"
    return ""


def encode_mark(mark: Mark) -> bytes:
    """Return the 64 bytes of a mark slot."""
    body = _MARK.pack(MARK_MAGIC, mark.number, mark.sequence, mark.end)
    return body + hashlib.sha256(body).digest()


def read_mark(view: memoryview) -> Mark | None:
    """Return the newest valid mark of a file, None where neither slot holds one."""
    best: Mark | None = None
    for offset in MARK_OFFSETS:
        slot = bytes(view[offset : offset + MARK_BYTES])
        if len(slot) < MARK_BYTES:
            continue
        body, checksum = slot[: _MARK.size], slot[_MARK.size :]
        if body[:8] != MARK_MAGIC or hashlib.sha256(body).digest() != checksum:
            continue
        _, number, sequence, end = _MARK.unpack(body)
        if best is None or number > best.number:
            best = Mark(number, sequence, end)
    return best


def valid_frames_behind(view: memoryview, offset: int) -> Iterator[Frame]:
    """Yield every valid frame behind an offset, in whatever order of meaning they stand."""
    words = len(view) // 8  # floor: a torn last word cannot begin a frame
    magic = np.frombuffer(FRAME_MAGIC, dtype="<u8")[0]
    start = aligned(offset + 1)
    firsts = np.frombuffer(view, dtype="<u8", count=words)[start // 8 :: ALIGNMENT // 8]  # exact
    for index in np.flatnonzero(firsts == magic):
        frame = decode_frame(view, start + int(index) * ALIGNMENT)
        if frame is not None:
            yield frame


def dirty_bytes_behind(view: memoryview, offset: int) -> int:
    """Return how many bytes from an offset on stand before the zeros at the end."""
    used = np.flatnonzero(np.frombuffer(view, dtype=np.uint8, offset=min(offset, len(view))))
    return int(used[-1]) + 1 if used.size else 0
