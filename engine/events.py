"""Everything the exchange answers: frozen structs, past participles, in the order in which they happened.

Every event carries the sequence of the command that caused it and its exchange time, so an event is the
same whether it was made live, in a recovery or in a replay next year.
"""

from enum import IntEnum

from msgspec import Struct

from engine.commands import (
    AccessKind,
    Action,
    CancelCause,
    Category,
    HaltScope,
    Method,
    OnDisconnect,
    Permission,
    PriceMode,
    ReferenceBasis,
    Restriction,
    Role,
    Side,
)
from engine.reasons import Reason


class Phase(IntEnum):
    """Where a method stands in its day (交易阶段)."""

    CLOSED = 0
    """No trading day is open (未开市)."""
    PRE_OPEN = 1
    """The day is open, the first session has not begun (开市前)."""
    OPEN = 2
    """A session: orders are accepted (开市)."""
    BREAK = 3
    """Between sessions: only cancels are accepted (午间休市)."""
    ENDED = 4
    """After the last session of the day (收市)."""


class AuctionState(IntEnum):
    """Where an auction stands."""

    APPLIED = 0
    ANNOUNCED = 1
    """Published; bids are taken inside its window."""
    SOLD = 2
    """All or a part of it."""
    FAILED = 3
    """Nothing was sold (流拍)."""
    ENDED = 4
    """Refused, withdrawn or lapsed before it was announced."""


class FailureCause(IntEnum):
    """Why an announced auction sold nothing."""

    NONE = 0
    NO_BIDS = 1
    UNDERSUBSCRIBED = 2
    """Bids below the quantity offered, where the profile then cancels."""
    HALTED = 3
    """Its window ended in a halt, or its seller was suspended."""
    DAY_CLOSED = 4
    """The day closed before its window did."""
    REFERENCE = 5
    """The reference price of its product was corrected."""


class Event(Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """Base of all events; the tag is the class name."""

    sequence: int
    time_ns: int


# ---------------------------------------------------------------- orders and trades


class ListingPlaced(Event, frozen=True, kw_only=True):
    """A listing rests in the book; what is left of it is locked (已申报).

    Where crossing listings match, what it took on entry was told before as trades of its number.
    """

    order: int
    participant: int
    key: int
    client_order: int
    product: str
    side: Side
    price_fen: int
    quantity_t: int
    """As ordered."""
    left_t: int
    """What rests: less than ordered only where it took something on entry."""


class ListingsTaken(Event, frozen=True, kw_only=True):
    """The sum of a taking order, after its trades; what is left of it does not rest."""

    order: int
    participant: int
    key: int
    client_order: int
    product: str
    side: Side
    limit_price_fen: int
    quantity_t: int
    """As ordered."""
    left_t: int
    amount_fen: int
    trades: int


class Reduced(Event, frozen=True, kw_only=True):
    """A part of a listing is taken back; the rest keeps its place."""

    order: int
    participant: int
    key: int
    client_order: int
    product: str
    side: Side
    price_fen: int
    quantity_t: int
    """The quantity taken back."""
    left_t: int


class BlockOffered(Event, frozen=True, kw_only=True):
    """A block offer stands for its counterparty; cash or allowances are locked."""

    order: int
    participant: int
    counterparty: int
    key: int
    client_order: int
    product: str
    side: Side
    price_fen: int
    quantity_t: int


class BlockOfferedToGroup(Event, frozen=True, kw_only=True):
    """A block offer stands for every member of a group; cash or allowances are locked."""

    order: int
    participant: int
    key: int
    client_order: int
    product: str
    side: Side
    price_fen: int
    quantity_t: int
    group: str
    members: tuple[int, ...]
    """Who may answer; the group as it was at that moment."""


class BlockGroupSet(Event, frozen=True, kw_only=True):
    """A participant's group has these members; nobody means that it is removed."""

    participant: int
    key: int
    group: str
    members: tuple[int, ...]


class BlockCountered(Event, frozen=True, kw_only=True):
    """A side of a block negotiation named its terms; its lock follows them, confirmations are void."""

    order: int
    """This command's own number."""
    negotiation: int
    """Order number of the answering side's first counter-offer, which carries its lock."""
    offer: int
    participant: int
    """Who speaks."""
    counterparty: int
    key: int
    client_order: int
    product: str
    side: Side
    """The speaker's side."""
    price_fen: int
    quantity_t: int
    text: str
    round: int
    """1 for the first answer to the offer, then upwards."""
    terms: str
    """Digest of the terms, which both sides confirm (`engine.terms`)."""


class BlockConfirmed(Event, frozen=True, kw_only=True):
    """One side of a block negotiation confirmed its terms; when both have, the trade follows."""

    order: int
    negotiation: int
    offer: int
    participant: int
    counterparty: int
    key: int
    client_order: int
    terms: str


class BlockRefused(Event, frozen=True, kw_only=True):
    """A negotiation ended, or an offer was refused before any (`negotiation` 0)."""

    order: int
    negotiation: int
    offer: int
    participant: int
    counterparty: int
    key: int
    client_order: int


class AuctionApplied(Event, frozen=True, kw_only=True):
    """A seller applied for an auction; its allowances are locked (单向竞价申请)."""

    auction: int
    order: int
    participant: int
    key: int
    client_order: int
    product: str
    quantity_t: int
    floor_fen: int
    cap_fen: int
    price_mode: PriceMode
    wished_begin_ns: int
    wished_end_ns: int


class AuctionAnnounced(Event, frozen=True, kw_only=True):
    """An auction is published with its window (竞价公告); the seller is not named."""

    auction: int
    product: str
    quantity_t: int
    floor_fen: int
    cap_fen: int
    price_mode: PriceMode
    begin_ns: int
    end_ns: int


class AuctionRefused(Event, frozen=True, kw_only=True):
    """An application was refused; the cancelled event of its order follows."""

    auction: int
    order: int
    participant: int
    explanation: str


class BidPlaced(Event, frozen=True, kw_only=True):
    """A bid stands in an auction; its cash is locked (竞价申报)."""

    auction: int
    order: int
    participant: int
    key: int
    client_order: int
    product: str
    price_fen: int
    quantity_t: int


class AuctionEnded(Event, frozen=True, kw_only=True):
    """Result of an announced auction, after its trades and the cancelled rests (竞价结果)."""

    auction: int
    product: str
    state: AuctionState
    """SOLD or FAILED."""
    cause: FailureCause
    price_mode: PriceMode
    price_fen: int
    """The uniform price; 0 where each pays its own or nothing was sold."""
    offered_t: int
    sold_t: int
    amount_fen: int
    bid_t: int
    """Sum of all valid bids: bid_t ÷ offered_t is the cover ratio."""
    bids: int
    bidders: int
    winners: int
    """Bidders who got something."""
    successful_bids: int


class Traded(Event, frozen=True, kw_only=True):
    """A trade (成交): `order` is the taker's, `resting_order` the order that was taken.

    In an auction the taker is the bidder and the resting order the seller's application.
    """

    trade: int
    method: Method
    product: str
    price_fen: int
    quantity_t: int
    side: Side
    """The taker's side."""
    order: int
    resting_order: int
    participant: int
    """The taker."""
    counterparty: int
    """The owner of the listing or offer."""
    key: int
    client_order: int
    left_t: int
    """What is left of the listing."""


class Cancelled(Event, frozen=True, kw_only=True):
    """What was left of an order is taken back and its lock released."""

    order: int
    participant: int
    key: int
    client_order: int
    product: str
    side: Side
    method: Method
    price_fen: int
    quantity_t: int
    """The quantity taken back."""
    cause: CancelCause


class Refused(Event, frozen=True, kw_only=True):
    """A command broke a rule and changed nothing; `figure_a` and `figure_b` are the rule's figures."""

    key: int
    participant: int
    client_order: int
    order: int
    """The number that the refused order command got, 0 for other commands."""
    reason: Reason
    figure_a: int = 0
    figure_b: int = 0
    action: int = -1
    """Index of the refused action inside an approved proposal, -1 elsewhere."""
    place: int = -1
    """Index of the item of a batch that broke the rule, -1 elsewhere."""


class AllCancelled(Event, frozen=True, kw_only=True):
    """The sum of a cancel of all orders of a participant, or of one key, after their cancelled events."""

    participant: int
    key: int
    """Who sent it, or whose connection was lost."""
    client_order: int
    """0 where a connection was lost."""
    cancelled: int
    kept: int
    """Orders that could not be cancelled now: bound by a bid, an auction, a negotiation or the phase."""


class SwitchArmed(Event, frozen=True, kw_only=True):
    """A dead man's switch of a key is armed (断线保护)."""

    participant: int
    key: int
    client_order: int
    """0 where a restart or the end of a halt gave it another deadline."""
    timeout_s: int
    deadline_ns: int
    """When it fires, 0 where it is disarmed or waits for the end of a halt."""


class SwitchFired(Event, frozen=True, kw_only=True):
    """A dead man's switch fired; the cancelled orders follow."""

    participant: int
    key: int
    cancelled: int
    kept: int


Answer = (
    ListingPlaced
    | BlockOffered
    | Traded
    | Cancelled
    | Reduced
    | Refused
    | ListingsTaken
    | BlockOfferedToGroup
    | BlockCountered
    | BlockConfirmed
    | BlockRefused
    | AuctionApplied
    | BidPlaced
    | AllCancelled
    | SwitchArmed
)
"""What an order command is answered with in the end."""


class Repeated(Event, frozen=True, kw_only=True):
    """A client order number came again with the same content: the answer of the first time."""

    answer: Answer
    """The last event of the first answer."""


# ---------------------------------------------------------------- the day


class DayOpened(Event, frozen=True, kw_only=True):
    """A trading day began; order numbers restart at 1."""

    date: str
    products: tuple[str, ...]
    """Products listed on this day."""


class PhaseChanged(Event, frozen=True, kw_only=True):
    """A method entered a phase; `next_time_ns` is when it changes again by the timetable, 0 if not today."""

    method: Method
    phase: Phase
    next_time_ns: int


class ReferencePriceSet(Event, frozen=True, kw_only=True):
    """A product has its reference price and its bands for the day."""

    product: str
    price_fen: int
    basis: ReferenceBasis
    listed_floor_fen: int
    listed_cap_fen: int
    block_floor_fen: int
    block_cap_fen: int


class ProductDay(Struct, frozen=True, kw_only=True):
    """One product's row of the daily bulletin (R85); prices are 0 where there is none."""

    product: str
    previous_close_fen: int
    open_fen: int
    high_fen: int
    low_fen: int
    close_fen: int
    listed_quantity_t: int
    listed_amount_fen: int
    listed_trades: int
    block_quantity_t: int
    block_amount_fen: int
    block_trades: int
    auction_quantity_t: int = 0
    auction_amount_fen: int = 0
    auction_trades: int = 0


class Bulletin(Struct, frozen=True, kw_only=True):
    """The daily bulletin (每日综合价格行情及成交信息, R85); composite prices by R52-R53."""

    date: str
    previous_close_fen: int
    open_fen: int
    high_fen: int
    low_fen: int
    close_fen: int
    listed_quantity_t: int
    listed_amount_fen: int
    block_quantity_t: int
    block_amount_fen: int
    quantity_t: int
    amount_fen: int
    cumulative_quantity_t: int
    cumulative_amount_fen: int
    products: tuple[ProductDay, ...]
    auction_quantity_t: int = 0
    auction_amount_fen: int = 0


class DayClosed(Event, frozen=True, kw_only=True):
    """Trading ended: open orders have lapsed, closing prices and the bulletin stand (R97)."""

    bulletin: Bulletin


class ReferencePriceCorrected(Event, frozen=True, kw_only=True):
    """A wrong reference price was replaced in a halt; orders outside the new bands are cancelled next."""

    product: str
    price_fen: int
    previous_fen: int
    """The wrong one."""
    listed_floor_fen: int
    listed_cap_fen: int
    block_floor_fen: int
    block_cap_fen: int
    explanation: str


class TradeVoided(Event, frozen=True, kw_only=True):
    """A trade of the open day counts no more; ledgers and public prices are as if it had not been (R81)."""

    trade: int
    method: Method
    product: str
    price_fen: int
    quantity_t: int
    buyer: int
    seller: int
    explanation: str


class Halted(Event, frozen=True, kw_only=True):
    """A halt stands: no new order inside its scope, cancels stay possible (暂停交易, R80)."""

    halt: int
    scope: HaltScope
    method: Method
    product: str
    participant: int
    key: int
    person: str
    explanation: str


class Resumed(Event, frozen=True, kw_only=True):
    """Another operator ended a halt (恢复交易)."""

    halt: int
    scope: HaltScope
    method: Method
    product: str
    participant: int
    key: int
    person: str
    explanation: str


class ClosureAdded(Event, frozen=True, kw_only=True):
    """The market stays closed on a date that the calendar had as a trading day."""

    date: str
    explanation: str


class ClosureRemoved(Event, frozen=True, kw_only=True):
    """A closure was taken back."""

    date: str


class NoticePublished(Event, frozen=True, kw_only=True):
    """A notice of the exchange (公告); numbers run on for the life of the market."""

    notice: int
    text_zh: str
    text_en: str


# ---------------------------------------------------------------- control


class ProposalMade(Event, frozen=True, kw_only=True):
    """A proposal waits for another operator."""

    proposal: int
    key: int
    person: str
    participant: int = 0
    """Whose administrator made it, 0 where it is the exchange's."""
    actions: tuple[Action, ...]
    reason: str


class ProposalApproved(Event, frozen=True, kw_only=True):
    """Another operator approved; the events of the actions follow."""

    proposal: int
    key: int
    person: str
    participant: int = 0
    """Of the proposal, as there."""


class ProposalRejected(Event, frozen=True, kw_only=True):
    """A proposal ended without effect."""

    proposal: int
    key: int
    person: str
    participant: int = 0
    """Of the proposal, as there."""
    reason: str


class ParticipantAdmitted(Event, frozen=True, kw_only=True):
    """An entity is a participant and has its number, which is also its trading code."""

    participant: int
    name: str
    credit_code: str
    category: Category
    province: str
    sector: str
    registry_account: str
    funds_account: str
    compliance_year: int


class KeyEnrolled(Event, frozen=True, kw_only=True):
    """A public key may log in."""

    key: int
    public_key: str
    role: Role
    person: str
    participant: int
    permissions: tuple[Permission, ...] = ()
    """All that it may, in the order of `Permission`; empty for roles that send no orders."""
    addresses: tuple[str, ...] = ()
    """From where it may log in; empty: from anywhere."""
    valid_until: str = ""
    """Last trading day on which it holds, empty where it holds until revoked."""
    on_disconnect: OnDisconnect = OnDisconnect.NONE
    previous: int = 0
    """The key that this one follows by rotation, else 0."""
    code: int = 0
    """The enrolment code that it was claimed with, else 0."""


class KeyRevoked(Event, frozen=True, kw_only=True):
    """A key is ended for good."""

    key: int
    participant: int
    """Of the revoked key, 0 if none."""
    by_key: int
    person: str
    """Who revoked it."""
    explanation: str


class OwnLimitsSet(Event, frozen=True, kw_only=True):
    """A key's own limits are these from now on; a key that follows it by rotation has the same."""

    key: int
    participant: int
    """Of the limited key, 0 if none."""
    order_max_t: int
    """Most tonnes of one order of the key, 0 where it has no own limit."""
    person: str
    """Who set it."""
    by_key: int
    explanation: str


class KeyExpired(Event, frozen=True, kw_only=True):
    """A key's last day lies behind; told as the next day opens."""

    key: int
    participant: int


class CodeIssued(Event, frozen=True, kw_only=True):
    """An enrolment code waits to be claimed; only its hash is known here."""

    code: int
    code_hash: str
    code_valid_until_ns: int
    role: Role
    person: str
    participant: int
    permissions: tuple[Permission, ...]
    addresses: tuple[str, ...]
    valid_until: str
    on_disconnect: OnDisconnect


class ParticipantRemoved(Event, frozen=True, kw_only=True):
    """A participant is out of the market; the ends of its orders follow."""

    participant: int
    explanation: str


class ParticipantRestored(Event, frozen=True, kw_only=True):
    """A removed participant takes part again, as listed for a compliance year."""

    participant: int
    compliance_year: int


class TradingStopped(Event, frozen=True, kw_only=True):
    """A participant's own people stopped its trading; the ends of its orders follow."""

    participant: int
    key: int
    person: str
    explanation: str


class TradingAllowed(Event, frozen=True, kw_only=True):
    """Another person of the participant ended the stop."""

    participant: int
    key: int
    person: str
    explanation: str


class AccessRecorded(Event, frozen=True, kw_only=True):
    """Who came, went or was turned away, as the gateway saw it."""

    kind: AccessKind
    key: int
    public_key: str
    person: str
    address: str
    code: str
    connection: int
    count: int


class ExchangeRestarted(Event, frozen=True, kw_only=True):
    """The exchange was down and runs again."""


class ParticipantRestricted(Event, frozen=True, kw_only=True):
    """A participant's trading is restricted, or free again."""

    participant: int
    restriction: Restriction


class AllowanceSet(Event, frozen=True, kw_only=True):
    """A participant's position limit is widened by this allocation (R73)."""

    participant: int
    quantity_t: int


# ---------------------------------------------------------------- ledger


class Deposited(Event, frozen=True, kw_only=True):
    """Cash was added to the participant's settled cash."""

    participant: int
    amount_fen: int
    reference: str


class TransferredIn(Event, frozen=True, kw_only=True):
    """Allowances were added to the participant's available holding."""

    participant: int
    product: str
    quantity_t: int
    reference: str


class Withdrawn(Event, frozen=True, kw_only=True):
    """Cash was taken from the participant's settled cash."""

    participant: int
    amount_fen: int
    reference: str


class TransferredOut(Event, frozen=True, kw_only=True):
    """Allowances were taken from the participant's available holding."""

    participant: int
    product: str
    quantity_t: int
    reference: str


class HoldingFrozen(Event, frozen=True, kw_only=True):
    """Available allowances are frozen by legal order: neither sold nor transferred out."""

    participant: int
    product: str
    quantity_t: int
    document: str


class HoldingReleased(Event, frozen=True, kw_only=True):
    """Frozen allowances are available again."""

    participant: int
    product: str
    quantity_t: int
    document: str


class TradeSettled(Event, frozen=True, kw_only=True):
    """A trade was delivered against payment; the buyer may sell it from the next trading day."""

    trade: int
    product: str
    buyer: int
    seller: int
    price_fen: int
    quantity_t: int
    reference: str


class TradeFailed(Event, frozen=True, kw_only=True):
    """A trade could not be settled and was unwound in both ledgers."""

    trade: int
    product: str
    buyer: int
    seller: int
    price_fen: int
    quantity_t: int
    reason: str
    reference: str


HotEvent = ListingPlaced | BlockOffered | Traded | Cancelled | Reduced | Refused | Repeated
"""Events that the compiled core writes as records."""
OrderEvent = (
    ListingPlaced
    | BlockOffered
    | Traded
    | Cancelled
    | Reduced
    | Refused
    | Repeated
    | ListingsTaken
    | BlockOfferedToGroup
    | BlockCountered
    | BlockConfirmed
    | BlockRefused
    | AuctionApplied
    | BidPlaced
    | AllCancelled
    | SwitchArmed
    | SwitchFired
)
AnyEvent = (
    ListingPlaced
    | BlockOffered
    | Traded
    | Cancelled
    | Reduced
    | Refused
    | Repeated
    | ListingsTaken
    | BlockGroupSet
    | BlockOfferedToGroup
    | BlockCountered
    | BlockConfirmed
    | BlockRefused
    | AuctionApplied
    | AuctionAnnounced
    | AuctionRefused
    | BidPlaced
    | AuctionEnded
    | AllCancelled
    | SwitchArmed
    | SwitchFired
    | DayOpened
    | PhaseChanged
    | ReferencePriceSet
    | ReferencePriceCorrected
    | TradeVoided
    | Halted
    | Resumed
    | ClosureAdded
    | ClosureRemoved
    | NoticePublished
    | DayClosed
    | ProposalMade
    | ProposalApproved
    | ProposalRejected
    | ParticipantAdmitted
    | KeyEnrolled
    | ParticipantRestricted
    | AllowanceSet
    | Deposited
    | TransferredIn
    | Withdrawn
    | TransferredOut
    | HoldingFrozen
    | HoldingReleased
    | TradeSettled
    | TradeFailed
    | KeyRevoked
    | KeyExpired
    | OwnLimitsSet
    | CodeIssued
    | ParticipantRemoved
    | ParticipantRestored
    | TradingStopped
    | TradingAllowed
    | AccessRecorded
    | ExchangeRestarted
)
