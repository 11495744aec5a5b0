"""Frames that the gateway sends as part of the conversation: login, answers, replies to queries."""

from typing import Literal

from msgspec import Struct

from engine.commands import Permission
from engine.events import AnyEvent, Bulletin, ClosureAdded, NoticePublished
from engine.profile import Profile
from engine.views import (
    Account,
    ApplicationView,
    AuctionView,
    CodeView,
    Depth,
    GroupView,
    HaltView,
    KeyView,
    ListingView,
    MarketView,
    NegotiationView,
    OfferView,
    OrderView,
    ParticipantView,
    ProposalView,
    TradeView,
)

Outcome = Literal["rejected", "not_sent", "unknown"]
"""What an error means for the request: refused for good, never taken up, or nobody knows."""
Retry = Literal["never", "same", "after"]
"""Whether to try again: not as it stands; the very same again, repeats are safe; the same after a while."""


class Outward(Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """Base of the frames that the gateway sends."""


class Reply(Outward, frozen=True, kw_only=True):
    """Base of the frames that answer a request: exactly one each, with its id."""

    id: int
    """Of the request, 0 where it could not be read."""
    sequence: int = 0
    """Last sequence of the log that the reply tells of."""
    received_ns: int = 0
    """When the gateway had the request (ns UTC of its machine, not exchange time) ..."""
    sent_ns: int = 0
    """... and when it handed the reply to the socket: the rest of a round trip is the network's."""


class Hello(Outward, frozen=True, kw_only=True):
    """First frame of a connection: the challenge to sign and the gateway's own time."""

    version: int
    """Of this protocol; raised when a frame changes so that an older client could not read it."""
    formats: tuple[str, ...]
    """Websocket subprotocols that this gateway speaks; without one it is the first, JSON text."""
    nonce: str
    """32 random bytes in hexadecimal, of this connection alone."""
    time_ns: int
    notice: str
    """That this market is a demonstration: no order here moves an allowance or a yuan."""


class Limits(Struct, frozen=True, kw_only=True):
    """What this connection may do; past a limit comes an error, past all patience the connection is cut."""

    frame_bytes: int
    bytes_per_second: int
    bytes_burst: int
    orders_per_second: int
    orders_burst: int
    cancels_per_second: int
    cancels_burst: int
    queries_per_second: int
    queries_burst: int
    requests_in_flight: int
    subscriptions: int
    idle_seconds: int
    """Without a frame from the client for so long the connection is cut; `Ping` is enough."""
    unsent_bytes: int
    """Bytes that wait for a client to read them, past which it is cut."""
    lag_frames: int
    """A private or drop reader further behind than this is cut."""


class Welcome(Outward, frozen=True, kw_only=True):
    """The login was accepted: who the gateway takes you for, the rules of the market, the limits."""

    version: int
    key: int
    """Number of the key, 0 for an observer."""
    role: str
    """Of the key (trader, risk, administrator, operator ...), `observer` without one."""
    person: str
    participant: int
    """The participant this key acts for, 0 for none."""
    participant_name: str
    permissions: tuple[Permission, ...] = ()
    """What the key may do of its role."""
    valid_until: str = ""
    """Last trading day on which the key holds, "" where it holds until revoked."""
    sequence: int
    """Last sequence of the log."""
    time_ns: int
    """Exchange time."""
    date: str
    """The open or last trading day, "" before the first."""
    clock: str
    """wall, simulated (runs by itself) or driven (moves by `AdvanceClock`)."""
    profile: Profile
    limits: Limits


class LoginRefused(Outward, frozen=True, kw_only=True):
    """The login was refused; the connection closes (4001)."""

    code: str
    number: int
    """Stable number of the code: of the `Reason` of that name, else 2001 and up."""
    text: str
    time_ns: int
    """The gateway's own time, for a client whose clock is off."""
    outcome: Outcome
    """Of the login or claim; `unknown` only of a claim while the exchange stopped."""
    retry: Retry
    retry_after_ms: int = 0
    """When, where `retry` is `after`; else 0."""


class Enrolled(Outward, frozen=True, kw_only=True):
    """The code is used up and the key enrolled; the connection closes, log in with the key on a new one."""

    key: int
    role: str
    person: str
    participant: int
    sequence: int
    time_ns: int


class Error(Reply, frozen=True, kw_only=True):
    """A request was not carried out; nothing changed unless `outcome` is unknown."""

    code: str
    """Stable name of the fault; never parse `text`."""
    number: int
    """Stable number of the code: of the `Reason` of that name, else 2001 and up."""
    text: str
    """For people, in the language of the login; may change."""
    outcome: Outcome
    retry: Retry
    retry_after_ms: int = 0
    """When, where `retry` is `after`; else 0."""
    path: str = ""
    """JSON path of the offending field of a malformed frame."""
    place: int = -1
    """Which item of a batch is meant, counted from 0; -1 = none."""


class Submitted(Reply, frozen=True, kw_only=True):
    """The command is durable and applied; `events` is what it did, a refusal included."""

    sequence: int
    time_ns: int
    events: tuple[AnyEvent, ...]
    texts: tuple[str, ...] = ()
    """One text per refusal among the events, in the language of the login."""


class OrderFound(Reply, frozen=True, kw_only=True):
    """The first answer to an order command; sequence 0 = the exchange never took it up."""

    sequence: int
    time_ns: int
    events: tuple[AnyEvent, ...]


class Subscribed(Reply, frozen=True, kw_only=True):
    """A channel started or stopped; `sequence` is the log's last at that moment."""

    channel: str
    sequence: int
    floor: int = 0
    """Up to this sequence the channel is no longer kept: where a replay from 0 begins."""
    is_active: bool = True


class Left(Struct, frozen=True, kw_only=True):
    """What could be sent at once now without a limit in the way; the limits themselves stand in `Welcome`."""

    orders: int
    cancels: int
    queries: int
    bytes: int
    """A rate of the connection; the other rates are of the key, whatever connections it has."""
    requests_in_flight: int
    subscriptions: int


class Pong(Reply, frozen=True, kw_only=True):
    """Reply to `Ping`: the log's last sequence, exchange time, and what is left of the limits."""

    sequence: int
    time_ns: int
    left: Left


class ClockAdvanced(Reply, frozen=True, kw_only=True):
    """Reply to `AdvanceClock`: exchange time now, after all that fell due on the way."""

    sequence: int
    time_ns: int


# ---------------------------------------------------------------- outwards: replies to queries


class MarketReply(Reply, frozen=True, kw_only=True):
    """Reply to `QueryMarket`."""

    market: MarketView


class BookReply(Reply, frozen=True, kw_only=True):
    """Reply to `QueryBook`: the levels with their listings, as a `BookSnapshot` has them."""

    sequence: int
    book: Depth


class ListingsReply(Reply, frozen=True, kw_only=True):
    """Reply to `QueryListings`; `has_more` asks for the next page after the last row."""

    rows: tuple[ListingView, ...]
    has_more: bool


class AccountReply(Reply, frozen=True, kw_only=True):
    """Reply to `QueryAccount`."""

    account: Account


class OrdersReply(Reply, frozen=True, kw_only=True):
    """Reply to `QueryOrders`."""

    rows: tuple[OrderView, ...]
    has_more: bool


class TradesReply(Reply, frozen=True, kw_only=True):
    """Reply to `QueryTrades` and `QueryUnsettled`."""

    rows: tuple[TradeView, ...]
    has_more: bool


class ParticipantsReply(Reply, frozen=True, kw_only=True):
    """Reply to `QueryParticipants`."""

    rows: tuple[ParticipantView, ...]
    has_more: bool


class CodesReply(Reply, frozen=True, kw_only=True):
    """Reply to `QueryCodes`."""

    rows: tuple[CodeView, ...]
    has_more: bool


class KeysReply(Reply, frozen=True, kw_only=True):
    """Reply to `QueryKeys`."""

    rows: tuple[KeyView, ...]
    has_more: bool


class ProposalsReply(Reply, frozen=True, kw_only=True):
    """Reply to `QueryProposals`."""

    rows: tuple[ProposalView, ...]
    has_more: bool


class BulletinsReply(Reply, frozen=True, kw_only=True):
    """Reply to `QueryBulletins`."""

    rows: tuple[Bulletin, ...]
    has_more: bool


class GroupsReply(Reply, frozen=True, kw_only=True):
    """Reply to `QueryGroups`."""

    rows: tuple[GroupView, ...]
    has_more: bool


class OffersReply(Reply, frozen=True, kw_only=True):
    """Reply to `QueryOffers`."""

    rows: tuple[OfferView, ...]
    has_more: bool


class NegotiationsReply(Reply, frozen=True, kw_only=True):
    """Reply to `QueryNegotiations`."""

    rows: tuple[NegotiationView, ...]
    has_more: bool


class AuctionsReply(Reply, frozen=True, kw_only=True):
    """Reply to `QueryAuctions`."""

    rows: tuple[AuctionView, ...]
    has_more: bool


class ApplicationsReply(Reply, frozen=True, kw_only=True):
    """Reply to `QueryApplications`."""

    rows: tuple[ApplicationView, ...]
    has_more: bool


class HaltsReply(Reply, frozen=True, kw_only=True):
    """Reply to `QueryHalts`."""

    rows: tuple[HaltView, ...]
    has_more: bool


class ClosuresReply(Reply, frozen=True, kw_only=True):
    """Reply to `QueryClosures`."""

    rows: tuple[ClosureAdded, ...]
    has_more: bool


class NoticesReply(Reply, frozen=True, kw_only=True):
    """Reply to `QueryNotices`."""

    rows: tuple[NoticePublished, ...]
    has_more: bool


class StatementHolding(Struct, frozen=True, kw_only=True):
    """One product of a statement: opening + bought - sold + transferred in - out (± failed) = closing."""

    product: str
    opening_t: int
    bought_t: int
    sold_t: int
    transferred_in_t: int
    transferred_out_t: int = 0
    failed_t: int
    """Net effect of trades of any day that failed at the registry on this day."""
    closing_t: int


class Statement(Struct, frozen=True, kw_only=True):
    """A participant's daily statement (客户日终报表, R87); cash closes as opening plus all that moved."""

    date: str
    time_ns: int
    """When it was made (exchange time)."""
    participant: int
    name: str
    trading_account: str
    registry_account: str
    funds_account: str
    opening_cash_fen: int
    cash_in_fen: int
    cash_out_fen: int
    buy_amount_fen: int
    buy_fee_fen: int
    sell_amount_fen: int
    sell_fee_fen: int
    settlement_fee_fen: int
    failed_cash_fen: int
    """Net effect of trades that failed at the registry on this day."""
    closing_cash_fen: int
    available_cash_fen: int
    """To buy with; at the end of a past day all locks have lapsed."""
    holdings: tuple[StatementHolding, ...]
    trades: tuple[TradeView, ...]


class StatementReply(Reply, frozen=True, kw_only=True):
    """Reply to `QueryStatement`."""

    statement: Statement
