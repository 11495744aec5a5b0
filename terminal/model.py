"""The model that screens are painted from: plain values, filled by `terminal.store`, read by widgets."""

from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from engine.commands import AnyCommand, Method, Role, Side
from engine.events import NoticePublished
from engine.profile import Profile
from engine.views import (
    Account,
    ApplicationView,
    AuctionView,
    Book,
    CodeView,
    HaltView,
    Holding,
    KeyView,
    ListingView,
    MarketView,
    MethodView,
    NegotiationView,
    OfferView,
    OrderView,
    ParticipantView,
    ProductView,
    ProposalView,
    TradeView,
)
from gateway import wire
from terminal.messages import LevelKey
from terminal.notices import Notice

NOTICES_MAX: Final = 200
UNREAD_MAX: Final = 20
INTENTS_MAX: Final = 100


class Connection(Enum):
    """Where the line to the exchange stands."""

    CONNECTING = "connecting"
    LIVE = "live"
    RECONNECTING = "reconnecting"
    CLOSED = "closed"


class IntentState(Enum):
    """What became of something the user sent."""

    SENDING = "sending"
    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass
class Intent:
    """One thing the user meant once: its command and what became of it."""

    command: AnyCommand
    state: IntentState = IntentState.SENDING


@dataclass
class State:
    """Everything that screens are painted from."""

    welcome: wire.Welcome | None = None
    connection: Connection = Connection.CONNECTING
    time_ns: int = 0
    sequence: int = 0
    silent_s: int = 0
    status: wire.StatusChanged | None = None
    """What the exchange takes now, None before it was told."""
    published: tuple[NoticePublished, ...] | None = None
    """The exchange's own notices of the day, the oldest first."""
    market: MarketView | None = None
    books: dict[str, Book] = field(default_factory=dict)
    tape: dict[str, deque[tuple[int, wire.PublicTrade]]] = field(default_factory=dict)
    level: LevelKey | None = None
    listings: tuple[ListingView, ...] = ()
    account: Account | None = None
    orders: tuple[OrderView, ...] | None = None
    trades: tuple[TradeView, ...] | None = None
    proposals: tuple[ProposalView, ...] | None = None
    keys: tuple[KeyView, ...] | None = None
    """The enrolled keys: of the own company, for operators all."""
    codes: tuple[CodeView, ...] | None = None
    """The enrolment codes that were claimed or wait for it: of the own company, for operators all."""
    participants: tuple[ParticipantView, ...] | None = None
    auctions: tuple[AuctionView, ...] | None = None
    applications: tuple[ApplicationView, ...] | None = None
    offers: tuple[OfferView, ...] | None = None
    negotiations: tuple[NegotiationView, ...] | None = None
    halts: tuple[HaltView, ...] | None = None
    answered: deque[int] = field(default_factory=lambda: deque(maxlen=INTENTS_MAX))
    """Sequences of this key's own answers: what the feed brings of them was told already."""
    intents: dict[int, Intent] = field(default_factory=dict)
    notices: deque[Notice] = field(default_factory=lambda: deque(maxlen=NOTICES_MAX))
    unread: deque[Notice] = field(default_factory=lambda: deque(maxlen=UNREAD_MAX))

    # -------------------------------------------------------- read by widgets

    @property
    def profile(self) -> Profile | None:
        """The rules of the market as told at login."""
        return self.welcome.profile if self.welcome else None

    @property
    def participant(self) -> int:
        """The own participant's number, 0 for operators."""
        return self.welcome.participant if self.welcome else 0

    @property
    def names(self) -> dict[int, str]:
        """Return the names of participants that are known here, by number."""
        known = {view.participant: view.name for view in self.participants or ()}
        if self.participant and self.welcome is not None:
            known[self.participant] = self.welcome.participant_name
        return known

    @property
    def is_operator(self) -> bool:
        """This connection acts for the exchange."""
        return self.welcome is not None and self.welcome.role in (Role.OPERATOR, Role.SUPERVISOR)

    @property
    def manages_keys(self) -> bool:
        """This connection may issue and end keys of others: of its company, or all."""
        role = self.welcome.role if self.welcome else ""
        return self.is_operator or role == Role.ADMINISTRATOR

    @property
    def lists_keys(self) -> bool:
        """This connection may read the keys of others and limit their orders."""
        return self.manages_keys or (self.welcome is not None and self.welcome.role == Role.RISK)

    @property
    def is_barred(self) -> bool:
        """Nothing new can be sent now, whoever asks; taking back may still be possible."""
        return self.status is not None and self.status.accepts != "all"

    def quote(self, product: str) -> ProductView | None:
        """Return a product's live quote."""
        rows = self.market.products if self.market else ()
        return next((row for row in rows if row.product == product), None)

    def method(self, method: Method) -> MethodView | None:
        """Return phase and next change of a method."""
        rows = self.market.methods if self.market else ()
        return next((row for row in rows if row.method == method), None)

    def holding(self, product: str) -> Holding | None:
        """Return the own holding of a product."""
        rows = self.account.holdings if self.account else ()
        return next((row for row in rows if row.product == product), None)

    def own_at(self, product: str, side: Side, price_fen: int) -> int:
        """Return how many tonnes of a level are own listings."""
        return sum(
            order.left_t
            for order in self.orders or ()
            if order.is_open
            and order.product == product
            and order.method is Method.LISTED
            and (order.side, order.price_fen) == (side, price_fen)
        )

    def own_open(self) -> frozenset[int]:
        """Return the numbers of the own open orders."""
        return frozenset(order.order for order in self.orders or () if order.is_open)

    def unknown_outcomes(self) -> int:
        """Return how many things were sent and nobody knows yet what became of them."""
        return sum(
            intent.state is IntentState.UNKNOWN
            or (intent.state is IntentState.SENDING and self.connection is not Connection.LIVE)
            for intent in self.intents.values()
        )
