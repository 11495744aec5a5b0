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

PriceFen = Annotated[int, Meta(ge=1, le=PRICE_FEN_MAX)]
QuantityT = Annotated[int, Meta(ge=1, le=QUANTITY_T_MAX)]
AmountFen = Annotated[int, Meta(ge=1, le=AMOUNT_FEN_MAX)]
OrderNumber = Annotated[int, Meta(ge=1, le=2**31 - 1)]
TradeNumber = Annotated[int, Meta(ge=1, le=2**62)]
ParticipantNumber = Annotated[int, Meta(ge=1, le=2**31 - 1)]
ProposalNumber = Annotated[int, Meta(ge=1, le=2**31 - 1)]
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
PublicKey = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]


class Side(IntEnum):
    """Which way a party trades (买卖方向)."""

    BUY = 1
    SELL = 2


class Method(IntEnum):
    """A trading method (交易方式, R4)."""

    LISTED = 0
    BLOCK = 1


class Role(StrEnum):
    """What a key may do."""

    TRADER = "trader"
    OPERATOR = "operator"
    CLEARING = "clearing"


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


class Command(Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True):
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


class CancelOrder(Command, frozen=True, kw_only=True):
    """Take back what is left of an own listing or block offer (撤单, R54)."""

    order: OrderNumber
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
    compliance_year: Annotated[int, Meta(ge=2019, le=2100)]


class EnrolKey(Command, frozen=True, kw_only=True):
    """Enrol the public key of a person or program; a trader's key names its participant."""

    public_key: PublicKey
    role: Role
    person: Text
    participant: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0


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


Action = (
    AdmitParticipant
    | EnrolKey
    | SetReferencePrice
    | RestrictParticipant
    | FreezeHolding
    | ReleaseHolding
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


OrderCommand = PlaceListing | PickListing | OfferBlock | AcceptBlock | CancelOrder
OperatorCommand = Propose | Approve | Reject
ClearingCommand = Deposit | TransferIn | Withdraw | TransferOut | SettleTrade | FailTrade
SystemCommand = OpenDay | AdvanceTime | EnrolKey
AnyCommand = (
    PlaceListing
    | PickListing
    | OfferBlock
    | AcceptBlock
    | CancelOrder
    | Propose
    | Approve
    | Reject
    | Deposit
    | TransferIn
    | Withdraw
    | TransferOut
    | SettleTrade
    | FailTrade
    | OpenDay
    | AdvanceTime
    | EnrolKey
)


class Entry(Struct, frozen=True, array_like=True):
    """A command as journaled: its place in the log, its exchange time, the key that sent it (0 = system)."""

    sequence: int
    time_ns: int
    key: int
    command: AnyCommand
