"""Frames from a client to the gateway: every field bounded, unknown fields refused."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from engine.commands import (
    AnyCommand,
    ClientOrder,
    IsoDate,
    PriceFen,
    ProductCode,
    PublicKey,
    Side,
)

RequestId = Annotated[int, Meta(ge=1, le=2**53 - 1)]
"""Chosen by the client, echoed in the reply; unique among its requests in flight."""
SequenceNumber = Annotated[int, Meta(ge=0, le=2**62)]
TimeNs = Annotated[int, Meta(ge=0, le=2**62)]
Cursor = Annotated[int, Meta(ge=0, le=2**62)]
AnyParticipant = Annotated[int, Meta(ge=0, le=2**31 - 1)]
"""A participant number; 0 is the own one, and for operators and clearing all of them."""
Language = Literal["zh", "en"]
Signature = Annotated[str, Meta(pattern=r"^[0-9a-f]{128}\Z")]
EnrolmentCode = Annotated[str, Meta(pattern=r"^[A-HJ-NP-Z2-9]{28}\Z")]
"""The letters of a one-time code, without its dashes (`gateway.enrolment_code`)."""
Channel = Annotated[
    str, Meta(pattern=r"^(market|trades|private|drop|book:[A-Z0-9][A-Z0-9-]{0,15})\Z")
]
"""market · trades · private · drop · book:<product>"""
GroupNameOrEmpty = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{0,32}\Z")]
DateOrEmpty = Annotated[str, Meta(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?\Z")]


class Inward(Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True, gc=False):
    """Base of the frames that a client sends."""


class Login(Inward, frozen=True, kw_only=True):
    """Answer to `Hello`: the signature over `login_text`, once per connection, within 3 s."""

    public_key: PublicKey
    time_ns: TimeNs
    """The client's own time; at most 5 s from the gateway's."""
    signature: Signature
    language: Language = "en"


class Enrol(Inward, frozen=True, kw_only=True):
    """Claim an enrolment code for a new key, before any login; signed over `enrol_text` with that key."""

    code: EnrolmentCode
    public_key: PublicKey
    time_ns: TimeNs
    """The client's own time; at most 5 s from the gateway's."""
    signature: Signature
    language: Language = "en"


class Observe(Inward, frozen=True, kw_only=True):
    """Come in without a key: public market data only."""

    language: Language = "en"


class Request(Inward, frozen=True, kw_only=True):
    """Base of the frames that get exactly one reply with the same id."""

    id: RequestId


class Submit(Request, frozen=True, kw_only=True):
    """Send a command to the exchange; the reply `Submitted` leaves when it is durable."""

    command: AnyCommand


class FindOrder(Request, frozen=True, kw_only=True):
    """Ask what became of an order command of this key and trading day (`OrderFound`)."""

    client_order: ClientOrder


class Subscribe(Request, frozen=True, kw_only=True):
    """Start a channel; with `after`, replay what followed that sequence first (`Subscribed`)."""

    channel: Channel
    after: Cursor | None = None


class Unsubscribe(Request, frozen=True, kw_only=True):
    """Stop a channel (`Subscribed` with `is_active` false)."""

    channel: Channel


class Ping(Request, frozen=True, kw_only=True):
    """Show that the client lives, and ask for sequence and time (`Pong`)."""


class AdvanceClock(Request, frozen=True, kw_only=True):
    """Move the clock of a simulated market forward (role operator; `ClockAdvanced`)."""

    to_time_ns: TimeNs


class QueryMarket(Request, frozen=True, kw_only=True):
    """State of the whole market (`MarketReply`)."""


class QueryBook(Request, frozen=True, kw_only=True):
    """Five levels of a product with the oldest listings of each (`BookReply`)."""

    product: ProductCode


class QueryListings(Request, frozen=True, kw_only=True):
    """Listings of one level, oldest first, after an order number (`ListingsReply`)."""

    product: ProductCode
    side: Side
    price_fen: PriceFen
    after: Cursor = 0


class QueryAccount(Request, frozen=True, kw_only=True):
    """Cash and holdings (`AccountReply`)."""

    participant: AnyParticipant = 0


class QueryOrders(Request, frozen=True, kw_only=True):
    """Orders of the trading day after an order number (`OrdersReply`)."""

    participant: AnyParticipant = 0
    after: Cursor = 0


class QueryTrades(Request, frozen=True, kw_only=True):
    """Trades of a day ("" = the open or last one) after a trade number (`TradesReply`)."""

    participant: AnyParticipant = 0
    date: DateOrEmpty = ""
    after: Cursor = 0


class QueryUnsettled(Request, frozen=True, kw_only=True):
    """Trades of any day that wait for settlement; operator and clearing (`TradesReply`)."""

    after: Cursor = 0


class QueryParticipants(Request, frozen=True, kw_only=True):
    """Admitted participants after a number; a trader sees number and name only (`ParticipantsReply`)."""

    after: Cursor = 0


class QueryCodes(Request, frozen=True, kw_only=True):
    """Enrolment codes after a number; operators, an administrator its own company's (`CodesReply`)."""

    after: Cursor = 0


class QueryKeys(Request, frozen=True, kw_only=True):
    """Enrolled keys after a number; operators, a company's own to its administrator and risk (`KeysReply`)."""

    after: Cursor = 0


class QueryProposals(Request, frozen=True, kw_only=True):
    """Proposals that wait, after a number; operators (`ProposalsReply`)."""

    after: Cursor = 0


class QueryBulletins(Request, frozen=True, kw_only=True):
    """Daily bulletins after a date ("" = from the first; `BulletinsReply`)."""

    after: DateOrEmpty = ""


class QueryStatement(Request, frozen=True, kw_only=True):
    """A participant's daily statement (客户日终报表, R87; `StatementReply`)."""

    date: IsoDate
    participant: AnyParticipant = 0


class QueryGroups(Request, frozen=True, kw_only=True):
    """Own block groups, by name after a name (`GroupsReply`)."""

    after: GroupNameOrEmpty = ""


class QueryOffers(Request, frozen=True, kw_only=True):
    """Open block offers made by or to the own participant, after an order number (`OffersReply`)."""

    participant: AnyParticipant = 0
    after: Cursor = 0


class QueryNegotiations(Request, frozen=True, kw_only=True):
    """Open block negotiations of the own participant, after a number (`NegotiationsReply`)."""

    participant: AnyParticipant = 0
    after: Cursor = 0


class QueryAuctions(Request, frozen=True, kw_only=True):
    """Announced auctions of a day ("" = the open or last one), after a number (`AuctionsReply`)."""

    date: DateOrEmpty = ""
    after: Cursor = 0


class QueryApplications(Request, frozen=True, kw_only=True):
    """Own auctions from the application on; an operator's 0 means all (`ApplicationsReply`)."""

    participant: AnyParticipant = 0
    after: Cursor = 0


class QueryHalts(Request, frozen=True, kw_only=True):
    """Halts that stand, after a number; of other participants only operators know (`HaltsReply`)."""

    after: Cursor = 0


class QueryClosures(Request, frozen=True, kw_only=True):
    """Dates on which the market stays closed, after a date (`ClosuresReply`)."""

    after: DateOrEmpty = ""


class QueryNotices(Request, frozen=True, kw_only=True):
    """Notices of the open or last trading day, after a number (`NoticesReply`)."""

    after: Cursor = 0


Query = (
    QueryMarket
    | QueryBook
    | QueryListings
    | QueryAccount
    | QueryOrders
    | QueryTrades
    | QueryUnsettled
    | QueryParticipants
    | QueryKeys
    | QueryCodes
    | QueryProposals
    | QueryBulletins
    | QueryStatement
    | QueryGroups
    | QueryOffers
    | QueryNegotiations
    | QueryAuctions
    | QueryApplications
    | QueryHalts
    | QueryClosures
    | QueryNotices
)
AnyInward = (
    Login
    | Enrol
    | Observe
    | Submit
    | FindOrder
    | Subscribe
    | Unsubscribe
    | Ping
    | AdvanceClock
    | Query
)
