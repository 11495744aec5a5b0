"""What travels in a frame between a client and the gateway: JSON text, one tagged struct per frame.

Inwards (client to gateway) every field is bounded and an unknown field is refused; outwards a client must
ignore fields that it does not know, so the protocol may grow. The tag is the field `type` and holds the
class name, for frames, commands and events alike. Times are ns UTC, prices fen, quantities tonnes.
"""

from typing import Final

import msgspec

from gateway.frames_inward import (
    AdvanceClock,
    AnyInward,
    AnyParticipant,
    Channel,
    Cursor,
    DateOrEmpty,
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
    BookSnapshot,
    DropCopy,
    MarketChanged,
    MarketEvent,
    MarketSnapshot,
    PrivateEvents,
    PublicTrade,
    QuoteChanged,
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
    Error,
    GroupsReply,
    HaltsReply,
    Hello,
    KeysReply,
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
    Statement,
    StatementHolding,
    StatementReply,
    Submitted,
    Subscribed,
    TradesReply,
    Welcome,
)

PROTOCOL_VERSION: Final = 1
LOGIN_DOMAIN: Final = "CEAX-LOGIN-v1"
"""First line of what a login signs: no other program's signature can be used here."""
FRAME_BYTES_MAX: Final = 16 * 1024
"""Largest frame inwards before an operator's or clearing's login (`Limits.frame_bytes` tells it)."""

Pushed = (
    BookSnapshot
    | TradesPrinted
    | MarketSnapshot
    | MarketChanged
    | QuoteChanged
    | PrivateEvents
    | DropCopy
)
Reply = (
    Error
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
)
AnyOutward = (
    Hello
    | Welcome
    | LoginRefused
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
    | BookSnapshot
    | TradesPrinted
    | MarketSnapshot
    | MarketChanged
    | QuoteChanged
    | PrivateEvents
    | DropCopy
)

_encoder = msgspec.json.Encoder()
_inward: msgspec.json.Decoder[AnyInward] = msgspec.json.Decoder(AnyInward)
_outward: msgspec.json.Decoder[AnyOutward] = msgspec.json.Decoder(AnyOutward)


def encode(frame: Inward | Outward) -> bytes:
    """Return the UTF-8 JSON text of a frame."""
    return _encoder.encode(frame)


def decode_inward(text: str | bytes) -> AnyInward:
    """Decode a client's frame; msgspec.DecodeError names the problem and its path."""
    return _inward.decode(text)


def decode_outward(text: str | bytes) -> AnyOutward:
    """Decode a gateway's frame; msgspec.DecodeError for what is not one."""
    return _outward.decode(text)


def login_text(host: str, nonce: str, public_key: str, time_ns: int) -> bytes:
    """Return what a login signs: domain, the host as dialled, the nonce, the key, the client's time."""
    return f"{LOGIN_DOMAIN}\n{host}\n{nonce}\n{public_key}\n{time_ns}".encode()


__all__ = [
    "FRAME_BYTES_MAX",
    "LOGIN_DOMAIN",
    "PROTOCOL_VERSION",
    "AccountReply",
    "AdvanceClock",
    "AnyInward",
    "AnyOutward",
    "AnyParticipant",
    "ApplicationsReply",
    "AuctionsReply",
    "Beat",
    "BookReply",
    "BookSnapshot",
    "BulletinsReply",
    "Channel",
    "ClockAdvanced",
    "ClosuresReply",
    "Cursor",
    "DateOrEmpty",
    "DropCopy",
    "Error",
    "FindOrder",
    "GroupsReply",
    "HaltsReply",
    "Hello",
    "Inward",
    "KeysReply",
    "Language",
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
    "Submit",
    "Submitted",
    "Subscribe",
    "Subscribed",
    "TimeNs",
    "TradesPrinted",
    "TradesReply",
    "Unsubscribe",
    "Welcome",
    "decode_inward",
    "decode_outward",
    "encode",
    "login_text",
]
