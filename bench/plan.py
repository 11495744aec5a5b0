"""What a planned day consists of: figures, trades, actions and needs, as frozen values.

A plan names its orders by local numbers 1.. in the order of time; whoever plays it maps them to the
exchange's order numbers (`DayPlan.order_numbers` where nobody else trades that day).
"""

from enum import IntEnum

from msgspec import Struct

from bench.solver import Trade
from engine.commands import Side


class DayFigures(Struct, frozen=True, kw_only=True):
    """What was published of one product's day; prices in fen, 0 where not published (R84-R85)."""

    date: str
    product: str
    reference_fen: int
    """The day's reference price: the previous close, or what stands in for it on a first day."""
    close_fen: int
    open_fen: int = 0
    high_fen: int = 0
    low_fen: int = 0
    listed_quantity_t: int = 0
    listed_amount_fen: int = 0
    block_quantity_t: int = 0
    block_amount_fen: int = 0
    first_trade_fen: int = 0
    """Price of the first trade where it is known apart from the open (R37, R48)."""


class ActionKind(IntEnum):
    """What a participant does."""

    LIST = 1
    PICK = 2
    CANCEL = 3
    OFFER = 4
    ACCEPT = 5


class PlannedAction(Struct, frozen=True, kw_only=True):
    """One thing that one participant does at one moment of the day."""

    number: int
    """Local number, 1.. in the order of time; every action has one."""
    kind: ActionKind
    time_of_day_ns: int
    """Since Beijing midnight, inside a session of its method; no two actions share a moment."""
    participant: int
    """1 .. the plan's number of participants."""
    side: Side
    """Side of the listing or offer; of the taker in a pick or acceptance; of the order in a cancel."""
    price_fen: int
    """Price of the order; for a pick, cancel or acceptance that of the order it names."""
    quantity_t: int
    """Tonnes of the order; for a cancel what is left of the order it names."""
    target: int = 0
    """Local number of the listing or offer that is picked, cancelled or accepted, else 0."""
    counterparty: int = 0
    """The named counterparty of a block offer, else 0."""
    is_probe: bool = False
    """One of the probes at the edges of the band."""
    is_refused: bool = False
    """The exchange must refuse it, with the band as figures."""


class Need(Struct, frozen=True, kw_only=True):
    """The least a participant must own before the day so that no action lacks cash or allowances."""

    participant: int
    cash_fen: int
    quantity_t: int


class DayPlan(Struct, frozen=True, kw_only=True):
    """A planned day: its trades in order and everything that is done, in the order of time."""

    figures: DayFigures
    seed: int
    participants: int
    listed_trades: tuple[Trade, ...]
    """Price in fen and tonnes of each listed trade, in order."""
    block_trades: tuple[Trade, ...]
    actions: tuple[PlannedAction, ...]
    needs: tuple[Need, ...]
    """One for every participant; T+1 is respected: what is bought is not counted as sellable."""

    @property
    def refused(self) -> int:
        """Return how many actions the exchange must refuse."""
        return sum(action.is_refused for action in self.actions)

    def order_numbers(self) -> dict[int, int]:
        """Return the exchange's order number of each local number, if the plan has the day alone.

        Every order but a cancel gets a number, refused ones too.
        """
        orders = (a.number for a in self.actions if a.kind is not ActionKind.CANCEL)
        return {number: order for order, number in enumerate(orders, start=1)}
