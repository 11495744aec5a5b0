"""Pages of the history as bytes and back: what a start from a snapshot shows to readers that resume.

A page is written once, when a snapshot closes it; its columns are taken from the bytes without a copy
and its control commands are unpacked only when somebody reads them; their events, for which a start asks,
come with it. Nothing is believed without its checksum; the journal stays the truth.
"""

import hashlib
from functools import partial
from typing import Final

import msgspec
import numpy as np
from msgspec import Struct

from engine.core.records import COMMAND, EVENT
from engine.events import AnyEvent
from gateway.history import Applied, Page, Told

PAGE_SUFFIX: Final = ".page"
MAGIC: Final = b"CEAXPAG1"


class _Stored(Struct, array_like=True, forbid_unknown_fields=True):
    first: int
    last: int
    commands: memoryview
    events: memoryview
    ends: memoryview
    first_times: memoryview
    before: dict[int, list[AnyEvent]]
    after: dict[int, list[AnyEvent]]
    controls: memoryview
    """`list[Applied]` in MessagePack."""


class _Told(Struct, gc=False):
    """The part of `Applied` that says what a command did; the rest is passed over unread."""

    sequence: int
    events: list[AnyEvent]


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(_Stored).decode
_decode_controls: Final = msgspec.msgpack.Decoder(list[Applied]).decode
_decode_told: Final = msgspec.msgpack.Decoder(list[_Told]).decode


def page_name(page: Page) -> str:
    """Return the file of a page: the same stretch of the log has the same content."""
    return f"{page.first:015d}-{page.last:015d}{PAGE_SUFFIX}"


def encode_page(page: Page) -> tuple[bytes, bytes]:
    """Return the bytes of a page that changes no more, and their checksum."""
    body = MAGIC + _encode(
        _Stored(
            page.first,
            page.last,
            memoryview(page.commands.used.tobytes()),
            memoryview(page.events.used.tobytes()),
            memoryview(page.ends.used.tobytes()),
            memoryview(page.first_times.used.tobytes()),
            page.before,
            page.after,
            memoryview(_encode(page.controls)),
        )
    )
    return body, hashlib.sha256(body).digest()


def decode_page(body: memoryview, checksum: bytes) -> Page:
    """Return the page of `encode_page`; ValueError says why the bytes are not believed."""
    if bytes(body[: len(MAGIC)]) != MAGIC or hashlib.sha256(body).digest() != checksum:
        raise ValueError("its checksum is another")
    try:
        stored = _decode(body[len(MAGIC) :])
        told = _tell(stored.controls)
    except msgspec.MsgspecError as error:
        raise ValueError(f"it cannot be read: {error}") from error
    columns = (
        np.frombuffer(stored.commands, COMMAND),
        np.frombuffer(stored.events, EVENT),
        np.frombuffer(stored.ends, np.int64),
        np.frombuffer(stored.first_times, np.int64),
    )
    return Page.stored(
        stored.first,
        stored.last,
        columns,
        stored.before,
        stored.after,
        partial(_decode_controls, stored.controls),
        partial(_tell, stored.controls),
        told,
    )


def _tell(packed: memoryview) -> list[Told]:
    return [(item.sequence, item.events) for item in _decode_told(packed)]
