"""What the oracle remembers of orders, trades, keys, products and proposals: plain mutable records."""

from dataclasses import dataclass, field

from engine.commands import Action, Method, ReferenceBasis, Role, Side
from engine.events import Phase


@dataclass
class Order:
    """An accepted order of the day."""

    number: int
    key: int
    client_order: int
    participant: int
    counterparty: int
    product: str
    side: Side
    method: Method
    price_fen: int
    quantity_t: int
    left_t: int
    is_open: bool
    is_pick: bool
    time_ns: int


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
    state: str = "unsettled"


@dataclass(frozen=True)
class KeyRecord:
    """An enrolled key."""

    number: int
    public_key: str
    role: Role
    person: str
    participant: int


@dataclass
class Proposal:
    """A proposal and what became of it."""

    number: int
    key: int
    person: str
    actions: tuple[Action, ...]
    reason: str
    time_ns: int
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
    listed: list[tuple[int, int]] = field(default_factory=list)
    """Price and tonnes of the day's listed trades, in order."""
    block: list[tuple[int, int]] = field(default_factory=list)

    def base_fen(self) -> int:
        """Price of the product before its first trade of the day (R36, R48, R53)."""
        return self.previous_close_fen or self.reference_fen


@dataclass
class MethodRecord:
    """Phase of one method and its sessions today."""

    phase: Phase = Phase.CLOSED
    sessions: list[tuple[int, int]] = field(default_factory=list)
    next_ns: int = 0
