"""What the exchange shows of its state on request: frozen structs for queries, screens and statements."""

from typing import Literal

from msgspec import Struct

from engine.commands import (
    Action,
    HaltScope,
    Method,
    OnDisconnect,
    Permission,
    PriceMode,
    Restriction,
    Role,
    Side,
)
from engine.events import AuctionState, FailureCause, Phase


class Level(Struct, frozen=True):
    """All listings of one side at one price (价位)."""

    price_fen: int
    quantity_t: int
    count: int
    """All listings of the level."""


class Book(Struct, frozen=True, kw_only=True):
    """The best levels of a product, best first on each side (五档, R44)."""

    product: str
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class ListingView(Struct, frozen=True, kw_only=True):
    """One listing of a level, oldest first; the owner is not shown (R86)."""

    order: int
    side: Side
    price_fen: int
    left_t: int
    time_ns: int


class ShownListing(Struct, frozen=True, kw_only=True):
    """One listing of a level as everybody sees it."""

    order: int
    left_t: int
    time_ns: int
    owner: str
    """Nothing, the owner's trading code or its name, as the profile shows it."""


class DepthLevel(Struct, frozen=True, kw_only=True):
    """All listings of one side at one price, the oldest of them one by one."""

    price_fen: int
    quantity_t: int
    count: int
    """All listings of the level, shown or not."""
    listings: tuple[ShownListing, ...]
    """Oldest first."""


class Depth(Struct, frozen=True, kw_only=True):
    """The best levels of a product with their listings, best first on each side (五档, R44)."""

    product: str
    bids: tuple[DepthLevel, ...]
    asks: tuple[DepthLevel, ...]


class OrderView(Struct, frozen=True, kw_only=True):
    """One order of the day of one participant; state by R20."""

    order: int
    client_order: int
    participant: int
    counterparty: int
    """The named counterparty of a block offer, else 0."""
    product: str
    side: Side
    method: Method
    price_fen: int
    quantity_t: int
    left_t: int
    is_open: bool
    is_pick: bool
    time_ns: int
    auction: int = 0
    """The auction of an application or a bid, else 0."""


class TradeView(Struct, frozen=True, kw_only=True):
    """One trade; `state` is unsettled, settled, failed or voided."""

    trade: int
    date: str
    time_ns: int
    method: Method
    product: str
    price_fen: int
    quantity_t: int
    buyer: int
    seller: int
    taker_side: Side
    buy_order: int
    sell_order: int
    state: str
    buyer_fee_fen: int = 0
    """Trading and settlement fee of the buyer together (R60); `engine.fees` tells them apart."""
    seller_fee_fen: int = 0


class Cash(Struct, frozen=True, kw_only=True):
    """Cash of a participant: settled S, locked L, payable P, proceeds R (design section 6)."""

    settled_fen: int
    locked_fen: int
    payable_fen: int
    proceeds_fen: int
    available_fen: int
    """To buy with: S + R − L − P."""
    withdrawable_fen: int
    """max(0, S − L − P) (R57)."""


class Holding(Struct, frozen=True, kw_only=True):
    """Holding of one product: available A, locked L, sold D, bought today I, delivered F, frozen J."""

    product: str
    available_t: int
    locked_t: int
    sold_t: int
    bought_today_t: int
    """Bought and not yet delivered, also from earlier days (待交收)."""
    delivered_t: int
    """Delivered, sellable from the next trading day."""
    frozen_t: int


class Account(Struct, frozen=True, kw_only=True):
    """Cash and holdings of one participant; products without any quantity are left out."""

    participant: int
    cash: Cash
    holdings: tuple[Holding, ...]


class ProductView(Struct, frozen=True, kw_only=True):
    """A product's live quote (R86); prices are 0 where there is none yet."""

    product: str
    is_listed: bool
    has_reference: bool
    reference_fen: int
    """The approved reference price, or the computed one that waits for approval."""
    previous_close_fen: int
    listed_floor_fen: int
    listed_cap_fen: int
    block_floor_fen: int
    block_cap_fen: int
    open_fen: int
    high_fen: int
    low_fen: int
    last_fen: int
    listed_quantity_t: int
    listed_amount_fen: int
    listed_trades: int
    halt: int = 0
    """The halt of the product that stands longest, 0 if none."""


class MethodView(Struct, frozen=True, kw_only=True):
    """Phase of one method and when it changes next (0 = not today)."""

    method: Method
    phase: Phase
    next_time_ns: int
    halt: int = 0
    """The halt of the market or the method that stands longest, 0 if none."""


class HaltView(Struct, frozen=True, kw_only=True):
    """A halt that stands."""

    halt: int
    scope: HaltScope
    method: Method
    product: str
    participant: int
    person: str
    explanation: str
    time_ns: int


class AuctionView(Struct, frozen=True, kw_only=True):
    """What everybody may know of an auction; who sells is not told."""

    auction: int
    date: str
    product: str
    quantity_t: int
    floor_fen: int
    cap_fen: int
    price_mode: PriceMode
    begin_ns: int
    end_ns: int
    state: AuctionState
    cause: FailureCause
    bids: tuple[Level, ...]
    """Levels of standing bids, best first, as far as the profile shows them."""
    price_fen: int
    sold_t: int
    amount_fen: int
    bid_t: int
    """Known when the auction has ended, like the four above."""
    bidders: int
    winners: int


class ApplicationView(Struct, frozen=True, kw_only=True):
    """An auction of a participant's own, from its application on."""

    auction: int
    order: int
    participant: int
    product: str
    quantity_t: int
    floor_fen: int
    cap_fen: int
    price_mode: PriceMode
    wished_begin_ns: int
    wished_end_ns: int
    state: AuctionState
    time_ns: int


class GroupView(Struct, frozen=True, kw_only=True):
    """A block group of a participant."""

    group: str
    members: tuple[int, ...]


class OfferView(Struct, frozen=True, kw_only=True):
    """An open block offer, as its offerer and those it is made to see it."""

    order: int
    participant: int
    members: tuple[int, ...]
    """Who may answer: one counterparty, or the members of the group."""
    group: str
    """Name of the offerer's group, shown to the offerer alone, else empty."""
    product: str
    side: Side
    price_fen: int
    quantity_t: int
    time_ns: int


class NegotiationView(Struct, frozen=True, kw_only=True):
    """An open block negotiation, as both its sides see it (洽谈)."""

    negotiation: int
    offer: int
    offerer: int
    counterparty: int
    product: str
    side: Side
    """The offerer's side."""
    first_price_fen: int
    """As offered: the deal record keeps first and final terms (R62)."""
    first_quantity_t: int
    price_fen: int
    quantity_t: int
    speaker: int
    """Who named these terms."""
    text: str
    round: int
    terms: str
    is_confirmed_by_offerer: bool
    is_confirmed_by_counterparty: bool
    time_ns: int


class MarketView(Struct, frozen=True, kw_only=True):
    """State of the whole market."""

    date: str
    time_ns: int
    sequence: int
    methods: tuple[MethodView, ...]
    products: tuple[ProductView, ...]
    composite_last_fen: int
    composite_previous_close_fen: int


class ParticipantView(Struct, frozen=True, kw_only=True):
    """One admitted participant."""

    participant: int
    name: str
    credit_code: str
    province: str
    sector: str
    registry_account: str
    funds_account: str
    compliance_year: int
    restriction: Restriction = Restriction.NONE
    halt: int = 0
    """The halt of the participant, 0 if none."""
    allowance_t: int = 0
    """What its position limit is widened by (R73)."""
    status: Literal["active", "suspended", "stopped", "removed"] = "active"
    """The strongest of what bars it: removed, suspended, stopped by its own people."""


class KeyView(Struct, frozen=True, kw_only=True):
    """One enrolled key: its terms and whether it still holds."""

    key: int
    public_key: str
    role: Role
    person: str
    participant: int
    permissions: tuple[Permission, ...] = ()
    addresses: tuple[str, ...] = ()
    valid_until: str = ""
    on_disconnect: OnDisconnect = OnDisconnect.NONE
    previous: int = 0
    code: int = 0
    time_ns: int = 0
    """When it was enrolled."""
    state: Literal["active", "revoked", "expired"] = "active"
    order_max_t: int = 0
    """Most tonnes of one order of the key, 0 where it has no own limit."""


class CodeView(Struct, frozen=True, kw_only=True):
    """One enrolment code: what it stands for, and the key that was claimed with it, 0 if none was."""

    code: int
    code_hash: str
    code_valid_until_ns: int
    role: Role
    person: str
    participant: int
    permissions: tuple[Permission, ...] = ()
    addresses: tuple[str, ...] = ()
    valid_until: str = ""
    on_disconnect: OnDisconnect = OnDisconnect.NONE
    time_ns: int = 0
    """When it was issued."""
    key: int = 0


class ProposalView(Struct, frozen=True, kw_only=True):
    """A proposal that waits for a second operator."""

    proposal: int
    key: int
    person: str
    actions: tuple[Action, ...]
    reason: str
    time_ns: int
    participant: int = 0
    """Whose administrator made it, 0 where it is the exchange's."""
