"""Everything the exchange answers: frozen structs, past participles, in the order in which they happened.

Every event carries the sequence of the command that caused it and its exchange time, so an event is the
same whether it was made live, in a recovery or in a replay next year.
"""

from enum import IntEnum

from msgspec import Struct

from engine.commands import Action, Category, Method, ReferenceBasis, Restriction, Role, Side
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


class CancelCause(IntEnum):
    """Who ended an order: its owner (已撤单) or the system (系统撤单, R20, R54)."""

    OWNER = 0
    CLOSE = 1
    SUSPENSION = 2
    """Its owner, or the counterparty of the offer, was suspended (R76)."""


class Event(Struct, frozen=True, kw_only=True, tag=True):
    """Base of all events; the tag is the class name."""

    sequence: int
    time_ns: int


# ---------------------------------------------------------------- orders and trades


class ListingPlaced(Event, frozen=True, kw_only=True):
    """A listing rests in the book; its cash or allowances are locked (已申报)."""

    order: int
    participant: int
    key: int
    client_order: int
    product: str
    side: Side
    price_fen: int
    quantity_t: int


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


class Traded(Event, frozen=True, kw_only=True):
    """A trade (成交): `order` is the taker's, `resting_order` the listing or offer that was taken."""

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


class Repeated(Event, frozen=True, kw_only=True):
    """A client order number came again with the same content: the answer of the first time."""

    answer: ListingPlaced | BlockOffered | Traded | Cancelled | Refused


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


class DayClosed(Event, frozen=True, kw_only=True):
    """Trading ended: open orders have lapsed, closing prices and the bulletin stand (R97)."""

    bulletin: Bulletin


# ---------------------------------------------------------------- control


class ProposalMade(Event, frozen=True, kw_only=True):
    """A proposal waits for another operator."""

    proposal: int
    key: int
    person: str
    actions: tuple[Action, ...]
    reason: str


class ProposalApproved(Event, frozen=True, kw_only=True):
    """Another operator approved; the events of the actions follow."""

    proposal: int
    key: int
    person: str


class ProposalRejected(Event, frozen=True, kw_only=True):
    """A proposal ended without effect."""

    proposal: int
    key: int
    person: str
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


class ParticipantRestricted(Event, frozen=True, kw_only=True):
    """A participant's trading is restricted, or free again."""

    participant: int
    restriction: Restriction


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


OrderEvent = ListingPlaced | BlockOffered | Traded | Cancelled | Refused | Repeated
AnyEvent = (
    ListingPlaced
    | BlockOffered
    | Traded
    | Cancelled
    | Refused
    | Repeated
    | DayOpened
    | PhaseChanged
    | ReferencePriceSet
    | DayClosed
    | ProposalMade
    | ProposalApproved
    | ProposalRejected
    | ParticipantAdmitted
    | KeyEnrolled
    | ParticipantRestricted
    | Deposited
    | TransferredIn
    | Withdrawn
    | TransferredOut
    | HoldingFrozen
    | HoldingReleased
    | TradeSettled
    | TradeFailed
)
