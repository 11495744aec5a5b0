"""The plain frames of a websocket, without the generality of the library: one text or binary message each.

A client's frame is cut out of what came; a frame of ours gets its head. Everything that is not plain
(control frames, fragments, long heads, whatever is wrong) is left to `websockets`, frame by frame.
"""

from struct import Struct
from typing import Final

try:
    from websockets.speedups import apply_mask
except ImportError:  # a platform without the compiled part
    from websockets.utils import apply_mask

TEXT: Final = 0x81
"""First byte of a whole text message."""
BINARY: Final = 0x82
"""First byte of a whole binary message."""
HEAD_BYTES: Final = 6
"""Bytes before the payload of a client's short frame: two of the head, four of the mask."""
_MASKED: Final = 0x80
_SHORT_MAX: Final = 125
_MIDDLE: Final = 126
_MIDDLE_MAX: Final = 0xFFFF
_HEADS: Final = {
    first: [bytes((first, size)) for size in range(_SHORT_MAX + 1)] for first in (TEXT, BINARY)
}
_middle_head: Final = Struct(">BBH").pack
_long_head: Final = Struct(">BBQ").pack

INCOMPLETE: Final = (0, 0)
"""Bounds of a frame whose head or payload has not come yet."""
FOREIGN: Final = (0, -1)
"""Bounds of a frame that is not for this module: no mask, a long head, too large."""


def bounds(data: bytes, place: int, size_max: int) -> tuple[int, int]:
    """Return where the payload of the masked frame at a place begins and ends, INCOMPLETE or FOREIGN."""
    have = len(data) - place
    if have < HEAD_BYTES - 4:
        return INCOMPLETE
    size, begin = data[place + 1] - _MASKED, place + HEAD_BYTES
    if size == _MIDDLE:
        if have < HEAD_BYTES:
            return INCOMPLETE
        size, begin = data[place + 2] << 8 | data[place + 3], begin + 2
    elif not 0 <= size <= _SHORT_MAX:
        return FOREIGN
    if size > size_max:
        return FOREIGN
    end = begin + size
    return (begin, end) if end <= len(data) else INCOMPLETE


def payload(data: bytes, begin: int, end: int) -> bytes:
    """Return an unmasked payload; the mask stands before it."""
    return apply_mask(data[begin:end], data[begin - 4 : begin])


def head(first: int, size: int) -> bytes:
    """Return the head of a frame of ours (TEXT or BINARY)."""
    if size <= _SHORT_MAX:
        return _HEADS[first][size]
    if size <= _MIDDLE_MAX:
        return _middle_head(first, _MIDDLE, size)
    return _long_head(first, _MIDDLE + 1, size)
