"""Everything the exchange can be told: frozen structs, the same in the ticket, on the wire, in the journal.

A command is a verb. Who sent it is never in the command: the `Entry` that the sequencer makes names the
key, and the engine knows from the key the person, the role and the participant.
"""

from enum import IntEnum, StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from engine.units import AMOUNT_FEN_MAX, PRICE_FEN_MAX, QUANTITY_T_MAX

ACTIONS_MAX = 200
"""Most actions that one proposal may carry."""
PREFERRED_MAX = 20
"""Most listings that a taking order may prefer."""
MEMBERS_MAX = 50
"""Most participants of a block group."""
ITEMS_MAX = 20
"""Most listings, or orders to cancel, of one batch."""
SWITCH_S_MAX = 3600
"""Longest time that a dead man's switch waits, in seconds."""

PriceFen = Annotated[int, Meta(ge=1, le=PRICE_FEN_MAX)]
QuantityT = Annotated[int, Meta(ge=1, le=QUANTITY_T_MAX)]
AmountFen = Annotated[int, Meta(ge=1, le=AMOUNT_FEN_MAX)]
OrderNumber = Annotated[int, Meta(ge=1, le=2**31 - 1)]
TradeNumber = Annotated[int, Meta(ge=1, le=2**62)]
ParticipantNumber = Annotated[int, Meta(ge=1, le=2**31 - 1)]
ProposalNumber = Annotated[int, Meta(ge=1, le=2**31 - 1)]
AuctionNumber = Annotated[int, Meta(ge=1, le=2**31 - 1)]
HaltNumber = Annotated[int, Meta(ge=1, le=2**31 - 1)]
TimeNs = Annotated[int, Meta(ge=0, le=2**63 - 1)]
KeyNumber = Annotated[int, Meta(ge=1, le=2**31 - 1)]
ClientOrder = Annotated[int, Meta(ge=1, le=2**63 - 1)]
ProductCode = Annotated[str, Meta(pattern=r"^[A-Z0-9][A-Z0-9-]{0,15}\Z")]
IsoDate = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")]
Token = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:-]{1,64}\Z")]
"""A reference made by a machine: letters, digits and . _ : - only."""
Text = Annotated[
    str,
    Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]*\Z"),
]
"""A text for people: no control characters, no bidirectional overrides."""
GroupName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,32}\Z")]
"""A participant's own name of a group of counterparties."""
TermsDigest = Annotated[str, Meta(pattern=r"^[0-9a-f]{16}\Z")]
"""What both sides of a block confirm, see `engine.terms`."""
PublicKey = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
CodeHash = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
"""SHA-256 of an enrolment code; the code itself is nowhere kept."""
ADDRESSES_MAX = 8
"""Most addresses and prefixes that a key may be bound to."""
Address = Annotated[
    str, Meta(pattern=r"^[0-9A-Fa-f:.]{2,45}(/(0|[1-9][0-9]{0,2}))?\Z", max_length=49)
]
"""An IPv4 or IPv6 address, or a prefix of addresses."""
OptionalDate = Annotated[str, Meta(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?\Z")]
ComplianceYear = Annotated[int, Meta(ge=2019, le=2100)]


class Side(IntEnum):
    """Which way a party trades (买卖方向)."""

    BUY = 1
    SELL = 2


class Method(IntEnum):
    """A trading method (交易方式, R4)."""

    LISTED = 0
    BLOCK = 1
    AUCTION = 2


class Role(StrEnum):
    """What a key may do."""

    TRADER = "trader"
    OPERATOR = "operator"
    CLEARING = "clearing"
    ADMINISTRATOR = "administrator"
    """Keys of its own participant (企业管理员)."""
    RISK = "risk"
    """Cancels of its own participant and the stop of its trading (风控员)."""
    READER = "reader"
    """Public data under a key (行情)."""
    SUPERVISOR = "supervisor"
    """All that an operator may; alone approves where the profile says so (交易所主管)."""
    AUDITOR = "auditor"
    """Reads everything, sends nothing (审计员)."""


class Permission(StrEnum):
    """What a trader's key may do of all that a trader may."""

    LISTED = "listed"
    BLOCK = "block"
    AUCTION = "auction"
    CANCEL = "cancel"


class OnDisconnect(StrEnum):
    """What becomes of a key's open orders when its connection is lost."""

    NONE = "none"
    """They stay: people."""
    CONNECTION = "connection"
    """They are cancelled when any of its connections is lost."""
    KEY = "key"
    """They are cancelled when the last of its connections is lost."""


class AccessKind(StrEnum):
    """What an access record is about."""

    LOGIN = "login"
    LOGIN_REFUSED = "login_refused"
    LOGOUT = "logout"
    ENROL_REFUSED = "enrol_refused"
    CUT = "cut"
    """A connection was ended by the gateway."""


class Category(StrEnum):
    """What kind of entity applies for admission (R12)."""

    KEY_EMITTING_UNIT = "key_emitting_unit"
    INSTITUTION = "institution"
    INDIVIDUAL = "individual"


class ReferenceBasis(StrEnum):
    """Where a reference price comes from (R31, R36, R37)."""

    PREVIOUS_CLOSE = "previous_close"
    COMPOSITE_CLOSE = "composite_close"
    ADMINISTRATIVE = "administrative"


class Restriction(StrEnum):
    """What a participant may not do (限制交易, R76)."""

    NONE = "none"
    NO_BUYING = "no_buying"
    NO_SELLING = "no_selling"
    SUSPENDED = "suspended"
    """No new order at all; cancels stay possible."""


class AuctionFloor(StrEnum):
    """The lowest price of an auction, chosen by its seller (R33)."""

    PREVIOUS_CLOSE = "previous_close"
    """The reference price of the day."""
    LOWER_LIMIT = "lower_limit"
    """The reference price less the profile's `floor_bp`."""


class PriceMode(StrEnum):
    """What the winners of an auction pay (R69)."""

    UNIFORM = "uniform"
    """All the lowest bid price inside the offered total (统一价成交)."""
    PAY_AS_BID = "pay_as_bid"
    """Each its own bid (申报价成交)."""


class HaltScope(StrEnum):
    """What a halt stops (暂停交易, R80)."""

    MARKET = "market"
    METHOD = "method"
    PRODUCT = "product"
    PARTICIPANT = "participant"


class CancelCause(IntEnum):
    """Who ended an order: its owner (已撤单) or the system (系统撤单, R20, R54)."""

    OWNER = 0
    CLOSE = 1
    SUSPENSION = 2
    """Its owner, or the counterparty of the offer, was suspended (R76)."""
    OWN_LISTING = 3
    """The rest of an incoming order that met an own resting one."""
    FILLS_LIMIT = 4
    """The rest of an incoming order after the most trades that one command may make."""
    BAND = 5
    """Outside the band of a corrected reference price."""
    NEGOTIATION = 6
    """The block negotiation that it belonged to ended, or it was refused."""
    AUCTION = 7
    """What an auction did not take, or all of it where the auction failed or was refused."""
    REMOVAL = 8
    """Its owner was removed from the market."""
    STOP = 9
    """Its owner stopped its own trading."""
    DISCONNECT = 10
    """The connection of the key that placed it was lost."""
    SWITCH = 11
    """The dead man's switch of the key that placed it fired."""


class Command(Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True, gc=False):
    """Base of all commands; the tag is the class name."""


# ---------------------------------------------------------------- orders (role trader)


class PlaceListing(Command, frozen=True, kw_only=True):
    """List a quantity at a price (挂牌申报); rests until picked, cancelled or the close (R40, R54)."""

    product: ProductCode
    side: Side
    price_fen: PriceFen
    quantity_t: QuantityT
    client_order: ClientOrder


class PickListing(Command, frozen=True, kw_only=True):
    """Take a quantity of one listing at its price, all of it or nothing (摘牌, R41-R43)."""

    listing: OrderNumber
    quantity_t: QuantityT
    client_order: ClientOrder


class TakeListings(Command, frozen=True, kw_only=True):
    """Take a total quantity level by level, best price first, inside a level the preferred listings first.

    At most five levels, each listing at its own price; what is left does not rest (R40-R43).
    """

    product: ProductCode
    side: Side
    """The taker's side: BUY takes sell listings."""
    quantity_t: QuantityT
    limit_price_fen: PriceFen
    client_order: ClientOrder
    preferred: Annotated[tuple[OrderNumber, ...], Meta(max_length=PREFERRED_MAX)] = ()


class ReduceOrder(Command, frozen=True, kw_only=True):
    """Take back a part of an own listing; what is left keeps its place (减量)."""

    order: OrderNumber
    quantity_t: QuantityT
    """Tonnes to take back, fewer than are left."""
    client_order: ClientOrder


class OfferBlock(Command, frozen=True, kw_only=True):
    """Offer a block to one named participant (大宗定向报价, R24, R62)."""

    product: ProductCode
    side: Side
    counterparty: ParticipantNumber
    price_fen: PriceFen
    quantity_t: QuantityT
    client_order: ClientOrder


class AcceptBlock(Command, frozen=True, kw_only=True):
    """Accept a block offer as it stands, whole (R61)."""

    offer: OrderNumber
    client_order: ClientOrder


class SetBlockGroup(Command, frozen=True, kw_only=True):
    """Set who belongs to one of the participant's own groups (群组); nobody removes the group (R62)."""

    group: GroupName
    members: Annotated[tuple[ParticipantNumber, ...], Meta(max_length=MEMBERS_MAX)]


class OfferBlockToGroup(Command, frozen=True, kw_only=True):
    """Offer a block to every member of an own group; the first who accepts has it (群组报价, R62)."""

    product: ProductCode
    side: Side
    group: GroupName
    price_fen: PriceFen
    quantity_t: QuantityT
    client_order: ClientOrder


class CounterBlock(Command, frozen=True, kw_only=True):
    """Answer a block offer, or the other side's last word on it, with other terms (对话议价, R61)."""

    offer: OrderNumber
    counterparty: ParticipantNumber
    """With whom one talks: the offerer for who answers, one of those for the offerer."""
    price_fen: PriceFen
    quantity_t: QuantityT
    client_order: ClientOrder
    text: Annotated[
        str, Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]*\Z")
    ] = ""


class ConfirmBlock(Command, frozen=True, kw_only=True):
    """Confirm the terms of a negotiation; when both sides have, the block is traded (R61)."""

    offer: OrderNumber
    counterparty: ParticipantNumber
    terms: TermsDigest
    client_order: ClientOrder


class RefuseBlock(Command, frozen=True, kw_only=True):
    """End a negotiation, or refuse an offer before any; nothing is traded."""

    offer: OrderNumber
    counterparty: ParticipantNumber
    client_order: ClientOrder


class ApplyAuction(Command, frozen=True, kw_only=True):
    """Apply to sell by one-way auction; the allowances are locked (单向竞价申请, R67)."""

    product: ProductCode
    quantity_t: QuantityT
    floor: AuctionFloor
    price_mode: PriceMode
    client_order: ClientOrder
    wished_begin_ns: TimeNs = 0
    """The window that the seller wishes, 0 and 0 where it has no wish."""
    wished_end_ns: TimeNs = 0


class PlaceBid(Command, frozen=True, kw_only=True):
    """Bid for a quantity in an open auction; the cash is locked (竞价申报, R68)."""

    auction: AuctionNumber
    price_fen: PriceFen
    quantity_t: QuantityT
    client_order: ClientOrder


class CancelOrder(Command, frozen=True, kw_only=True):
    """Take back what is left of an own listing, offer, counter-offer, application or bid (撤单, R54)."""

    order: OrderNumber
    client_order: ClientOrder


class NewListing(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One listing of a batch, with the same fields as a single one."""

    product: ProductCode
    side: Side
    price_fen: PriceFen
    quantity_t: QuantityT
    client_order: ClientOrder


class PlaceListings(Command, frozen=True, kw_only=True):
    """List several quantities, all of them or none (批量挂牌)."""

    orders: Annotated[tuple[NewListing, ...], Meta(min_length=1, max_length=ITEMS_MAX)]


class CancelOrders(Command, frozen=True, kw_only=True):
    """Take back several own orders, all of them or none (批量撤单)."""

    orders: Annotated[tuple[OrderNumber, ...], Meta(min_length=1, max_length=ITEMS_MAX)]
    client_order: ClientOrder


class CancelAll(Command, frozen=True, kw_only=True):
    """Take back all own orders that can be taken back now (全部撤单); the rest is kept and counted."""

    client_order: ClientOrder
    product: Annotated[str, Meta(pattern=r"^([A-Z0-9][A-Z0-9-]{0,15})?\Z")] = ""
    """Only orders of this product, empty for all."""
    side: Annotated[int, Meta(ge=0, le=2)] = 0
    """Only orders of this side, 0 for both."""


class ArmSwitch(Command, frozen=True, kw_only=True):
    """Arm the dead man's switch of the sending key, start it anew, or disarm it (0) (断线保护)."""

    timeout_s: Annotated[int, Meta(ge=0, le=SWITCH_S_MAX)]
    """Seconds until the orders that this key placed are cancelled."""
    client_order: ClientOrder


# ---------------------------------------------------------------- control, by maker and checker


class AdmitParticipant(Command, frozen=True, kw_only=True):
    """Admit an entity of the list of key emitting units as participant (R12, R14)."""

    name: Text
    credit_code: Token
    category: Category
    province: Text
    sector: Text
    registry_account: Token
    funds_account: Token
    compliance_year: ComplianceYear


class EnrolKey(Command, frozen=True, kw_only=True):
    """Enrol the public key of a person or program.

    Keys of traders, risk officers and administrators name their participant, the others none.
    """

    public_key: PublicKey
    role: Role
    person: Text
    participant: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0
    permissions: Annotated[tuple[Permission, ...], Meta(max_length=len(Permission))] = ()
    """Empty: all of the role."""
    addresses: Annotated[tuple[Address, ...], Meta(max_length=ADDRESSES_MAX)] = ()
    """From where the key may log in; empty: from anywhere."""
    valid_until: OptionalDate = ""
    """Last trading day on which the key holds, empty where it holds until revoked."""
    on_disconnect: OnDisconnect = OnDisconnect.NONE


class IssueCode(Command, frozen=True, kw_only=True):
    """Issue an enrolment code (开通码): who knows it once may enrol a key with these terms."""

    code_hash: CodeHash
    code_valid_until_ns: TimeNs
    """Last moment at which the code can be claimed."""
    role: Role
    person: Text
    participant: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0
    permissions: Annotated[tuple[Permission, ...], Meta(max_length=len(Permission))] = ()
    addresses: Annotated[tuple[Address, ...], Meta(max_length=ADDRESSES_MAX)] = ()
    valid_until: OptionalDate = ""
    on_disconnect: OnDisconnect = OnDisconnect.NONE


class RemoveParticipant(Command, frozen=True, kw_only=True):
    """Remove a participant from the market (移出): its orders end, settlement goes on."""

    participant: ParticipantNumber
    explanation: Text


class RestoreParticipant(Command, frozen=True, kw_only=True):
    """Let a removed participant trade again, as listed for a compliance year (恢复)."""

    participant: ParticipantNumber
    compliance_year: ComplianceYear


class SetReferencePrice(Command, frozen=True, kw_only=True):
    """Set the reference price of a product for the open day (基准价, R31, R36, R37)."""

    product: ProductCode
    price_fen: PriceFen
    basis: ReferenceBasis


class RestrictParticipant(Command, frozen=True, kw_only=True):
    """Restrict a participant's trading, or lift the restriction (R17, R76)."""

    participant: ParticipantNumber
    restriction: Restriction


class FreezeHolding(Command, frozen=True, kw_only=True):
    """Freeze available allowances by legal order (司法冻结, R17); `document` is the order's number."""

    participant: ParticipantNumber
    product: ProductCode
    quantity_t: QuantityT
    document: Text


class ReleaseHolding(Command, frozen=True, kw_only=True):
    """Make frozen allowances available again (解除冻结); `document` is the number of the release."""

    participant: ParticipantNumber
    product: ProductCode
    quantity_t: QuantityT
    document: Text


class SetAllowance(Command, frozen=True, kw_only=True):
    """Set the allocation of the year that a participant's position limit is widened by (R73)."""

    participant: ParticipantNumber
    quantity_t: Annotated[int, Meta(ge=0, le=QUANTITY_T_MAX)]


class CorrectReferencePrice(Command, frozen=True, kw_only=True):
    """Replace a reference price found wrong after the opening; only while the product is halted."""

    product: ProductCode
    price_fen: PriceFen
    explanation: Text


class VoidTrade(Command, frozen=True, kw_only=True):
    """Void a trade of the open day: both ledgers go back as if it had not been (R81)."""

    trade: TradeNumber
    explanation: Text


class ChangePhase(Command, frozen=True, kw_only=True):
    """Open a method by hand, or put it in a break, until its timetable's next change."""

    method: Method
    is_open: bool


class CloseDay(Command, frozen=True, kw_only=True):
    """Close the trading day now, before its timetable does (提前收市)."""

    explanation: Text


class AddClosure(Command, frozen=True, kw_only=True):
    """Close the market on a later date that the calendar has as a trading day (R26)."""

    date: IsoDate
    explanation: Text


class RemoveClosure(Command, frozen=True, kw_only=True):
    """Take a closure back before its date."""

    date: IsoDate


class AnnounceAuction(Command, frozen=True, kw_only=True):
    """Announce an applied auction with its window (竞价公告, R67)."""

    auction: AuctionNumber
    begin_ns: TimeNs
    end_ns: TimeNs


class RefuseAuction(Command, frozen=True, kw_only=True):
    """Refuse an application; its allowances are free again."""

    auction: AuctionNumber
    explanation: Text


class PublishNotice(Command, frozen=True, kw_only=True):
    """Publish a notice of the exchange to everybody (公告), in both languages."""

    text_zh: Text
    text_en: Text


Action = (
    AdmitParticipant
    | EnrolKey
    | SetReferencePrice
    | RestrictParticipant
    | FreezeHolding
    | ReleaseHolding
    | SetAllowance
    | CorrectReferencePrice
    | VoidTrade
    | ChangePhase
    | CloseDay
    | AddClosure
    | RemoveClosure
    | AnnounceAuction
    | RefuseAuction
    | PublishNotice
    | IssueCode
    | RemoveParticipant
    | RestoreParticipant
)


class Propose(Command, frozen=True, kw_only=True):
    """Propose control actions; they take effect when another operator approves (four eyes)."""

    actions: Annotated[tuple[Action, ...], Meta(min_length=1, max_length=ACTIONS_MAX)]
    reason: Text


class Approve(Command, frozen=True, kw_only=True):
    """Approve the proposal of another person; its actions run in order."""

    proposal: ProposalNumber


class Reject(Command, frozen=True, kw_only=True):
    """Reject a proposal, or take back one's own."""

    proposal: ProposalNumber
    reason: Text


class Halt(Command, frozen=True, kw_only=True):
    """Halt the market, a method, a product or a participant at once; cancels stay possible (R80).

    One operator is enough to halt; another has to resume.
    """

    scope: HaltScope
    explanation: Text
    method: Method = Method.LISTED
    """What is halted, where the scope is a method."""
    product: Annotated[str, Meta(pattern=r"^([A-Z0-9][A-Z0-9-]{0,15})?\Z")] = ""
    """What is halted, where the scope is a product, else empty."""
    participant: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0
    """Who is halted, where the scope is a participant, else 0."""


class Resume(Command, frozen=True, kw_only=True):
    """End a halt (恢复交易); refused to the person who halted."""

    halt: HaltNumber
    explanation: Text


# ---------------------------------------------------------------- own keys and own trading


class RotateKey(Command, frozen=True, kw_only=True):
    """Enrol the next key of the same person on the same terms; the old one holds until revoked (轮换)."""

    public_key: PublicKey


class RevokeKey(Command, frozen=True, kw_only=True):
    """End a key for good (吊销): one's own, one of the own participant's, or as an operator any."""

    key: KeyNumber
    explanation: Text


class SetOwnLimits(Command, frozen=True, kw_only=True):
    """Limit what one order of a key may have, at once: by its company's risk or administrator, or an operator.

    It holds for what the key sends from now on, never for cancels; what stands stays as it is.
    """

    key: KeyNumber
    order_max_t: Annotated[int, Meta(ge=0, le=QUANTITY_T_MAX)]
    """Most tonnes of one order of the key; 0 takes the limit away."""
    explanation: Text


class StopTrading(Command, frozen=True, kw_only=True):
    """Stop the own participant's trading at once: its orders are cancelled, nothing new (停止本方交易)."""

    explanation: Text


class AllowTrading(Command, frozen=True, kw_only=True):
    """End the stop of the own participant's trading; another person than who stopped it."""

    explanation: Text


# ---------------------------------------------------------------- answers of the registry (role clearing)


class Deposit(Command, frozen=True, kw_only=True):
    """Cash arrived in the participant's funds account (入金); `reference` makes a repeat harmless."""

    participant: ParticipantNumber
    amount_fen: AmountFen
    reference: Token


class TransferIn(Command, frozen=True, kw_only=True):
    """Allowances arrived from the registry side (转入, R16); sellable at once."""

    participant: ParticipantNumber
    product: ProductCode
    quantity_t: QuantityT
    reference: Token


class Withdraw(Command, frozen=True, kw_only=True):
    """Cash leaves the participant's funds account (出金): never more than S - L - P (R57, R96)."""

    participant: ParticipantNumber
    amount_fen: AmountFen
    reference: Token


class TransferOut(Command, frozen=True, kw_only=True):
    """Available allowances go back to the registry side (转出, R16)."""

    participant: ParticipantNumber
    product: ProductCode
    quantity_t: QuantityT
    reference: Token


class SettleTrade(Command, frozen=True, kw_only=True):
    """The registry delivered a trade against payment (R91-R92)."""

    trade: TradeNumber
    reference: Token


class FailTrade(Command, frozen=True, kw_only=True):
    """The registry could not settle a trade; both ledgers go back (UNWIND)."""

    trade: TradeNumber
    reason: Text
    reference: Token


# ---------------------------------------------------------------- the sequencer's own


class OpenDay(Command, frozen=True, kw_only=True):
    """Begin a trading day: numbers restart, delivered purchases become sellable (R56)."""

    date: IsoDate


class AdvanceTime(Command, frozen=True, kw_only=True):
    """Carry time: phases change when the entry's time passes their boundary."""


class CancelForKey(Command, frozen=True, kw_only=True):
    """Take back the open orders that a key placed, as far as their owner could (断线撤单)."""

    key: KeyNumber
    cause: CancelCause = CancelCause.DISCONNECT


class ClaimKey(Command, frozen=True, kw_only=True):
    """Enrol a key by an enrolment code, after the gateway has seen the proof of possession."""

    code_hash: CodeHash
    public_key: PublicKey


class RecordAccess(Command, frozen=True, kw_only=True):
    """Record who came, went or was turned away; `count` stands for as many alike."""

    kind: AccessKind
    key: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0
    """0 where no enrolled key was shown."""
    public_key: Annotated[str, Meta(pattern=r"^([0-9a-f]{16}|[0-9a-f]{64})?\Z")] = ""
    """The first digits are enough for a key that nobody enrolled."""
    person: Annotated[
        str, Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]*\Z")
    ] = ""
    address: Annotated[str, Meta(max_length=64, pattern=r"^[0-9A-Za-z:.%/_-]*\Z")] = ""
    code: Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z0-9._:-]*\Z")] = ""
    """Why it was refused or cut, as the gateway names it."""
    connection: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0
    count: Annotated[int, Meta(ge=1, le=2**31 - 1)] = 1


class NoteRestart(Command, frozen=True, kw_only=True):
    """Note that the exchange was down and runs again: what counts time starts anew."""


HotCommand = PlaceListing | PickListing | CancelOrder | ReduceOrder | OfferBlock | AcceptBlock
"""Order commands that the compiled core takes as records."""
DialogueCommand = (
    TakeListings
    | OfferBlockToGroup
    | CounterBlock
    | ConfirmBlock
    | RefuseBlock
    | ApplyAuction
    | PlaceBid
)
"""Order commands whose course is plain Python on the core's rows."""
OrderCommand = (
    PlaceListing
    | PickListing
    | CancelOrder
    | ReduceOrder
    | OfferBlock
    | AcceptBlock
    | TakeListings
    | OfferBlockToGroup
    | CounterBlock
    | ConfirmBlock
    | RefuseBlock
    | ApplyAuction
    | PlaceBid
)
BatchCommand = PlaceListings | CancelOrders | CancelAll | ArmSwitch
"""Commands about several orders at once."""
TraderCommand = OrderCommand | SetBlockGroup | BatchCommand
OperatorCommand = Propose | Approve | Reject | Halt | Resume
ClearingCommand = Deposit | TransferIn | Withdraw | TransferOut | SettleTrade | FailTrade
AccessCommand = RotateKey | RevokeKey | SetOwnLimits
"""About keys, at once: of any enrolled key, own limits of who watches over one."""
ParticipantCommand = StopTrading | AllowTrading
"""Of a participant's own people, at once."""
SystemCommand = (
    OpenDay | AdvanceTime | EnrolKey | CancelForKey | ClaimKey | RecordAccess | NoteRestart
)
AnyCommand = (
    PlaceListing
    | PickListing
    | CancelOrder
    | ReduceOrder
    | OfferBlock
    | AcceptBlock
    | TakeListings
    | SetBlockGroup
    | OfferBlockToGroup
    | CounterBlock
    | ConfirmBlock
    | RefuseBlock
    | ApplyAuction
    | PlaceBid
    | Propose
    | Approve
    | Reject
    | Halt
    | Resume
    | Deposit
    | TransferIn
    | Withdraw
    | TransferOut
    | SettleTrade
    | FailTrade
    | OpenDay
    | AdvanceTime
    | EnrolKey
    | PlaceListings
    | CancelOrders
    | CancelAll
    | ArmSwitch
    | CancelForKey
    | RotateKey
    | RevokeKey
    | SetOwnLimits
    | StopTrading
    | AllowTrading
    | ClaimKey
    | RecordAccess
    | NoteRestart
)


class Entry(Struct, frozen=True, array_like=True, gc=False):
    """A command as journaled: its place in the log, its exchange time, the key that sent it (0 = system)."""

    sequence: int
    time_ns: int
    key: int
    command: AnyCommand
