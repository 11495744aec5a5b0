"""What the oracle remembers of orders, trades, keys, products and proposals: plain mutable records."""

from dataclasses import dataclass, field
from typing import Literal

from engine.commands import (
    Action,
    Command,
    HaltScope,
    Method,
    OnDisconnect,
    Permission,
    PlaceListing,
    PriceMode,
    ReferenceBasis,
    Role,
    Side,
)
from engine.events import AuctionState, FailureCause, Phase


@dataclass
class Order:
    """An accepted order of the day, whether it ever stood or did its work at once."""

    number: int
    key: int
    client_order: int
    participant: int
    product: str
    side: Side
    method: Method
    price_fen: int
    quantity_t: int
    left_t: int
    time_ns: int
    is_open: bool = False
    is_pick: bool = True
    """It never stood: a pick, an acceptance, a word in a dialogue."""
    counterparty: int = 0
    auction: int = 0
    kind: type[Command] = PlaceListing
    members: tuple[int, ...] = ()
    """Who may answer an offer; shrinks when a member of a group refuses."""
    group: str = ""
    target: int = 0
    """The offer of a counter-offer."""
    first_price_fen: int = 0
    first_quantity_t: int = 0
    """As first offered."""


@dataclass
class Trade:
    """A trade of any day."""

    number: int
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
    buyer_fee_fen: int
    seller_fee_fen: int
    state: str = "unsettled"

    @property
    def amount_fen(self) -> int:
        """What is paid before fees."""
        return self.price_fen * self.quantity_t


@dataclass
class KeyRecord:
    """An enrolled key and what became of it."""

    number: int
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
    state: Literal["active", "revoked", "expired"] = "active"
    order_max_t: int = 0
    """0: no order is too large for it."""

    @property
    def holds(self) -> bool:
        """Whether it may still be used."""
        return self.state == "active"

    @property
    def who(self) -> tuple[str, Role, int]:
        """Whose it is, and as what."""
        return self.person, self.role, self.participant


@dataclass(frozen=True)
class CodeRecord:
    """An enrolment code and the terms of the key that it stands for."""

    number: int
    code_hash: str
    until_ns: int
    role: Role
    person: str
    participant: int
    permissions: tuple[Permission, ...]
    addresses: tuple[str, ...]
    valid_until: str
    on_disconnect: OnDisconnect
    time_ns: int


@dataclass
class Proposal:
    """A proposal and what became of it."""

    number: int
    key: int
    person: str
    actions: tuple[Action, ...]
    reason: str
    time_ns: int
    participant: int
    is_open: bool = True


@dataclass
class ProductRecord:
    """One product: what lasts and what belongs to the open day."""

    code: str
    close_fen: int = 0
    """Closing price of the last day on which it was listed, 0 before its first close."""
    previous_close_fen: int = 0
    """Closing price that the open (or last) day began with."""
    reference_fen: int = 0
    basis: ReferenceBasis | None = None
    listed_band: tuple[int, int] = (0, 0)
    block_band: tuple[int, int] = (0, 0)

    def base_fen(self) -> int:
        """Price of the product before its first trade of the day (R36, R48, R53)."""
        return self.previous_close_fen or self.reference_fen


@dataclass
class MethodRecord:
    """Phase of one method and its sessions today."""

    phase: Phase = Phase.CLOSED
    sessions: list[tuple[int, int]] = field(default_factory=list)
    next_ns: int = 0


# ---------------------------------------------------------------- dialogue, auction, measures


@dataclass
class Negotiation:
    """An open negotiation on an offer; its number is that of the first counter-offer."""

    number: int
    offer: int
    counterparty: int
    speaker: int
    price_fen: int
    quantity_t: int
    text: str
    terms: str
    time_ns: int
    round: int = 1
    confirmed: set[int] = field(default_factory=set)
    """Participants who have confirmed the present terms."""


@dataclass
class Auction:
    """An auction from its application on."""

    number: int
    date: str
    order: int
    participant: int
    product: str
    quantity_t: int
    floor_fen: int
    cap_fen: int
    price_mode: PriceMode
    wished_begin_ns: int
    wished_end_ns: int
    time_ns: int
    begin_ns: int = 0
    end_ns: int = 0
    state: AuctionState = AuctionState.APPLIED
    cause: FailureCause = FailureCause.NONE
    price_fen: int = 0
    sold_t: int = 0
    amount_fen: int = 0
    bid_t: int = 0
    bidders: int = 0
    winners: int = 0


@dataclass
class Switch:
    """An armed dead man's switch: it runs until a deadline or waits with what is left of its time."""

    timeout_s: int
    deadline_ns: int = 0
    left_ns: int = 0


@dataclass(frozen=True)
class HaltRecord:
    """A halt that stands."""

    number: int
    scope: HaltScope
    method: Method
    product: str
    participant: int
    key: int
    person: str
    explanation: str
    time_ns: int
