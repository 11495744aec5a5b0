"""Frames to bytes and back, in JSON and MessagePack; money is fen on this side and yuan on the other."""

from enum import StrEnum
from typing import Any, Final

import msgspec

from gateway.frames_inward import AnyInward
from gateway.frames_outward import AnyOutward
from gateway.frames_replies import Outward, Reply
from gateway.money_text import decode_yuan
from gateway.wire_shapes import Shapes


class Format(StrEnum):
    """How frames are written, named as the websocket subprotocol that asks for it; JSON is the default."""

    JSON = "ceax.json.v1"
    MESSAGEPACK = "ceax.msgpack.v1"


_strict: Final = Shapes(is_lenient=False)
_lenient: Final = Shapes(is_lenient=True)
INWARD_OUTSIDE: Final[Any] = _strict.of(AnyInward)
"""What a client sends, as it stands on the wire: the types that descriptions are made from."""
OUTWARD_OUTSIDE: Final[Any] = _lenient.of(AnyOutward)
"""What the gateway sends, as it stands on the wire."""

# Looked up once: every order passes here several times.
_JSON: Final = Format.JSON
_json: Final = msgspec.json.Encoder().encode
_messagepack: Final = msgspec.msgpack.Encoder().encode
_to_wire: Final = _strict.to_wire
_inward: Final[dict[Format, Any]] = {
    Format.JSON: msgspec.json.Decoder(INWARD_OUTSIDE, dec_hook=decode_yuan).decode,
    Format.MESSAGEPACK: msgspec.msgpack.Decoder(INWARD_OUTSIDE, dec_hook=decode_yuan).decode,
}
_outward: Final[dict[Format, Any]] = {
    Format.JSON: msgspec.json.Decoder(OUTWARD_OUTSIDE, dec_hook=decode_yuan).decode,
    Format.MESSAGEPACK: msgspec.msgpack.Decoder(OUTWARD_OUTSIDE, dec_hook=decode_yuan).decode,
}


def encode(frame: msgspec.Struct, form: Format = Format.JSON) -> bytes:
    """Return a frame, or an event as it stands in one, as it travels: UTF-8 JSON text or MessagePack, money in yuan."""
    convert = _to_wire[frame.__class__]
    outside = frame if convert is None else convert(frame)
    return _json(outside) if form is _JSON else _messagepack(outside)


def decode_inward(data: str | bytes, form: Format = Format.JSON) -> AnyInward:
    """Decode a client's frame; msgspec.DecodeError names the problem and its path."""
    try:
        found: AnyInward = _strict.from_wire(_inward[form](data))
    except UnicodeError as error:
        raise _no_text(error) from error
    return found


class UnknownFrame(msgspec.DecodeError):
    """A frame of a type that this client does not know yet: the protocol grows, so it is passed over."""


def decode_outward(data: str | bytes, form: Format = Format.JSON) -> AnyOutward:
    """Decode a gateway's frame; UnknownFrame for one of a later protocol, msgspec.DecodeError for no frame."""
    try:
        found: AnyOutward = _lenient.from_wire(_outward[form](data))
    except UnicodeError as error:
        raise _no_text(error) from error
    except msgspec.ValidationError as error:
        text = str(error)
        if text.startswith("Invalid value ") and text.endswith(" - at `$.type`"):
            raise UnknownFrame(text) from error
        raise
    return found


def _no_text(error: UnicodeError) -> msgspec.DecodeError:
    """Return what is told: the websocket checks the texts of text frames only, not those of binary ones."""
    return msgspec.DecodeError(f"Invalid text: {error}")


def stamp(reply: Reply, sequence: int, received_ns: int, sent_ns: int) -> None:
    """Write sequence and times into a reply that was just made and that nobody else holds yet."""
    msgspec.structs.force_setattr(reply, "sequence", sequence)
    msgspec.structs.force_setattr(reply, "received_ns", received_ns)
    msgspec.structs.force_setattr(reply, "sent_ns", sent_ns)


class Texts:
    """One frame for many readers: encoded once in each format that somebody asks for."""

    __slots__ = ("_frame", "_texts")

    def __init__(self, frame: Outward) -> None:
        self._frame = frame
        self._texts: dict[Format, bytes] = {}

    def of(self, form: Format) -> bytes:
        """Return the frame in a format."""
        text = self._texts.get(form)
        if text is None:
            text = self._texts[form] = encode(self._frame, form)
        return text
