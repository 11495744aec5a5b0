"""What travels in a frame between a client and the gateway: JSON text, one tagged struct per frame.

Inwards (client to gateway) every field is bounded and an unknown field is refused; outwards a client must
ignore fields that it does not know, so the protocol may grow. The tag is the field `type` and holds the
class name, for frames, commands and events alike. Times are ns UTC, quantities tonnes; money is integer fen
in Python (`price_fen`) and a decimal string of yuan on the wire (`price_yuan`).
"""

from enum import StrEnum
from typing import Any, Final

import msgspec

from gateway.frames_book import BookChanged, BookSnapshot, LevelChanged, book_checksum
from gateway.frames_inward import (
    AdvanceClock,
    AnyInward,
    AnyParticipant,
    Channel,
    Cursor,
    DateOrEmpty,
    Enrol,
    EnrolmentCode,
    FindOrder,
    Inward,
    Language,
    Login,
    Observe,
    Ping,
    Query,
    QueryAccount,
    QueryApplications,
    QueryAuctions,
    QueryBook,
    QueryBulletins,
    QueryClosures,
    QueryGroups,
    QueryHalts,
    QueryKeys,
    QueryListings,
    QueryMarket,
    QueryNegotiations,
    QueryOffers,
    QueryOrders,
    QueryParticipants,
    QueryProposals,
    QueryStatement,
    QueryTrades,
    QueryUnsettled,
    Request,
    RequestId,
    SequenceNumber,
    Signature,
    Submit,
    Subscribe,
    TimeNs,
    Unsubscribe,
)
from gateway.frames_pushed import (
    Beat,
    DropCopy,
    MarketChanged,
    MarketEvent,
    MarketSnapshot,
    PrivateEvents,
    PublicTrade,
    QuoteChanged,
    StatusChanged,
    TradesPrinted,
)
from gateway.frames_replies import (
    AccountReply,
    ApplicationsReply,
    AuctionsReply,
    BookReply,
    BulletinsReply,
    ClockAdvanced,
    ClosuresReply,
    Enrolled,
    Error,
    GroupsReply,
    HaltsReply,
    Hello,
    KeysReply,
    Left,
    Limits,
    ListingsReply,
    LoginRefused,
    MarketReply,
    NegotiationsReply,
    OffersReply,
    OrderFound,
    OrdersReply,
    Outcome,
    Outward,
    ParticipantsReply,
    Pong,
    ProposalsReply,
    Reply,
    Statement,
    StatementHolding,
    StatementReply,
    Submitted,
    Subscribed,
    TradesReply,
    Welcome,
)
from gateway.money_text import decode_yuan
from gateway.wire_shapes import Shapes

PROTOCOL_VERSION: Final = 1
DEMO_NOTICE: Final = (
    "演示/仿真系统,非真实交易 · demonstration and simulation: nothing here is a real trade"
)
LOGIN_DOMAIN: Final = "CEAX-LOGIN-v1"
"""First line of what a login signs: no other program's signature can be used here."""
ENROL_DOMAIN: Final = "CEAX-ENROL-v1"
"""First line of what the claim of an enrolment code signs."""
FRAME_BYTES_MAX: Final = 16 * 1024
"""Largest frame inwards before an operator's or clearing's login (`Limits.frame_bytes` tells it)."""

Pushed = (
    StatusChanged
    | BookSnapshot
    | BookChanged
    | TradesPrinted
    | MarketSnapshot
    | MarketChanged
    | QuoteChanged
    | PrivateEvents
    | DropCopy
)
AnyOutward = (
    Hello
    | Welcome
    | LoginRefused
    | Enrolled
    | Beat
    | Error
    | Submitted
    | OrderFound
    | Subscribed
    | Pong
    | ClockAdvanced
    | MarketReply
    | BookReply
    | ListingsReply
    | AccountReply
    | OrdersReply
    | TradesReply
    | ParticipantsReply
    | KeysReply
    | ProposalsReply
    | BulletinsReply
    | StatementReply
    | GroupsReply
    | OffersReply
    | NegotiationsReply
    | AuctionsReply
    | ApplicationsReply
    | HaltsReply
    | ClosuresReply
    | StatusChanged
    | BookSnapshot
    | BookChanged
    | TradesPrinted
    | MarketSnapshot
    | MarketChanged
    | QuoteChanged
    | PrivateEvents
    | DropCopy
)


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

_json: Final = msgspec.json.Encoder()
_messagepack: Final = msgspec.msgpack.Encoder()
_inward: Final[dict[Format, Any]] = {
    Format.JSON: msgspec.json.Decoder(INWARD_OUTSIDE, dec_hook=decode_yuan),
    Format.MESSAGEPACK: msgspec.msgpack.Decoder(INWARD_OUTSIDE, dec_hook=decode_yuan),
}
_outward: Final[dict[Format, Any]] = {
    Format.JSON: msgspec.json.Decoder(OUTWARD_OUTSIDE, dec_hook=decode_yuan),
    Format.MESSAGEPACK: msgspec.msgpack.Decoder(OUTWARD_OUTSIDE, dec_hook=decode_yuan),
}


def encode(frame: msgspec.Struct, form: Format = Format.JSON) -> bytes:
    """Return a frame as it travels: UTF-8 JSON text or MessagePack, money in yuan."""
    outside = _strict.to_wire(frame)
    return _json.encode(outside) if form is Format.JSON else _messagepack.encode(outside)


def decode_inward(data: str | bytes, form: Format = Format.JSON) -> AnyInward:
    """Decode a client's frame; msgspec.DecodeError names the problem and its path."""
    found: AnyInward = _strict.from_wire(_decoded(_inward[form], data))
    return found


def decode_outward(data: str | bytes, form: Format = Format.JSON) -> AnyOutward:
    """Decode a gateway's frame; msgspec.DecodeError for what is not one."""
    found: AnyOutward = _lenient.from_wire(_decoded(_outward[form], data))
    return found


def _decoded(decoder: Any, data: str | bytes) -> Any:  # noqa: ANN401 - msgspec's decoders and twins
    try:
        return decoder.decode(data)
    except (
        UnicodeError
    ) as error:  # binary frames are not checked by the websocket, their texts may be anything
        raise msgspec.DecodeError(f"Invalid text: {error}") from error


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


def login_text(host: str, nonce: str, public_key: str, time_ns: int) -> bytes:
    """Return what a login signs: domain, the host as dialled, the nonce, the key, the client's time."""
    return f"{LOGIN_DOMAIN}\n{host}\n{nonce}\n{public_key}\n{time_ns}".encode()


def enrol_text(host: str, nonce: str, public_key: str, code_hash: str, time_ns: int) -> bytes:
    """Return what the claim of a code signs: as a login does, with the hash of the code (`hash_of`)."""
    return f"{ENROL_DOMAIN}\n{host}\n{nonce}\n{public_key}\n{code_hash}\n{time_ns}".encode()


__all__ = [
    "DEMO_NOTICE",
    "ENROL_DOMAIN",
    "FRAME_BYTES_MAX",
    "INWARD_OUTSIDE",
    "LOGIN_DOMAIN",
    "OUTWARD_OUTSIDE",
    "PROTOCOL_VERSION",
    "AccountReply",
    "AdvanceClock",
    "AnyInward",
    "AnyOutward",
    "AnyParticipant",
    "ApplicationsReply",
    "AuctionsReply",
    "Beat",
    "BookChanged",
    "BookReply",
    "BookSnapshot",
    "BulletinsReply",
    "Channel",
    "ClockAdvanced",
    "ClosuresReply",
    "Cursor",
    "DateOrEmpty",
    "DropCopy",
    "Enrol",
    "Enrolled",
    "EnrolmentCode",
    "Error",
    "FindOrder",
    "Format",
    "GroupsReply",
    "HaltsReply",
    "Hello",
    "Inward",
    "KeysReply",
    "Language",
    "Left",
    "LevelChanged",
    "Limits",
    "ListingsReply",
    "Login",
    "LoginRefused",
    "MarketChanged",
    "MarketEvent",
    "MarketReply",
    "MarketSnapshot",
    "NegotiationsReply",
    "Observe",
    "OffersReply",
    "OrderFound",
    "OrdersReply",
    "Outcome",
    "Outward",
    "ParticipantsReply",
    "Ping",
    "Pong",
    "PrivateEvents",
    "ProposalsReply",
    "PublicTrade",
    "Pushed",
    "Query",
    "QueryAccount",
    "QueryApplications",
    "QueryAuctions",
    "QueryBook",
    "QueryBulletins",
    "QueryClosures",
    "QueryGroups",
    "QueryHalts",
    "QueryKeys",
    "QueryListings",
    "QueryMarket",
    "QueryNegotiations",
    "QueryOffers",
    "QueryOrders",
    "QueryParticipants",
    "QueryProposals",
    "QueryStatement",
    "QueryTrades",
    "QueryUnsettled",
    "QuoteChanged",
    "Reply",
    "Request",
    "RequestId",
    "SequenceNumber",
    "Signature",
    "Statement",
    "StatementHolding",
    "StatementReply",
    "StatusChanged",
    "Submit",
    "Submitted",
    "Subscribe",
    "Subscribed",
    "Texts",
    "TimeNs",
    "TradesPrinted",
    "TradesReply",
    "Unsubscribe",
    "Welcome",
    "book_checksum",
    "decode_inward",
    "decode_outward",
    "encode",
    "enrol_text",
    "login_text",
    "stamp",
]
