"""Everything the oracle knows at one moment, and how it makes an event."""

from typing import Any, TypeVar

from sortedcontainers import SortedDict, SortedList

from engine.commands import AnyCommand, ArmSwitch, Entry, Method, Restriction, Side
from engine.events import (
    AnyEvent,
    Bulletin,
    ClosureAdded,
    Event,
    NoticePublished,
    ParticipantAdmitted,
    Refused,
)
from engine.profile import Profile
from engine.reasons import Reason
from tests.oracle.ledger import Ledger
from tests.oracle.records import (
    Auction,
    CodeRecord,
    HaltRecord,
    KeyRecord,
    MethodRecord,
    Negotiation,
    Order,
    ProductRecord,
    Proposal,
    Switch,
    Trade,
)

SomeEvent = TypeVar("SomeEvent", bound=Event)
Figures = tuple[Reason, int, int]
"""A broken rule and its two figures."""


class Register:
    """Who there is: participants, their keys, and what bars them."""

    def __init__(self) -> None:
        self.keys: dict[int, KeyRecord] = {}
        self.codes: dict[int, CodeRecord] = {}
        """Enrolment codes that wait or were claimed."""
        self.code_number = 0
        self.removed: set[int] = set()
        """Participants that are out of the market."""
        self.stopped: dict[int, str] = {}
        """By participant: which of its own people stopped its trading."""
        self.years: dict[int, int] = {}
        """Compliance year of those who were restored."""
        self.participants: dict[int, ParticipantAdmitted] = {}
        self.restrictions: dict[int, Restriction] = {}
        """Only of those who are restricted."""


class State(Register):
    """The oracle's dicts and lists; nothing here decides anything."""

    def __init__(self, profile: Profile) -> None:
        super().__init__()
        self.profile = profile
        self.sequence = 0
        self.time_ns = 0
        self.entry_ns = 0
        self.key = 0
        self.date = ""
        self.is_day_open = False
        self.methods = {
            method: MethodRecord()
            for method in Method
            if method != Method.AUCTION or profile.auction is not None
        }
        """Only of the methods that this market offers."""
        self.agenda: SortedList[int] = SortedList()
        self.ledger = Ledger()
        self.products = {row.code: ProductRecord(row.code) for row in profile.products}
        self.orders: dict[int, Order] = {}
        self.order_number = 0
        self.books: dict[tuple[str, Side], SortedDict[int, SortedDict[int, Order]]] = {
            (row.code, side): SortedDict() for row in profile.products for side in Side
        }
        self.client_orders: dict[tuple[int, int], tuple[AnyCommand, AnyEvent]] = {}
        """By key and number: the content and the event that a repeat is told."""
        self.trades: dict[int, Trade] = {}
        self.day_trades: list[Trade] = []
        """Those of the open (or last) day, in order."""
        self.proposals: dict[int, Proposal] = {}
        self.references: dict[tuple[str, str], AnyCommand] = {}
        self.bulletins: list[Bulletin] = []
        self.running_composite: list[int] = []
        """The composite after each listed trade of the day (R53)."""
        self.groups: dict[tuple[int, str], tuple[int, ...]] = {}
        """Block groups by participant and name."""
        self.negotiations: dict[int, Negotiation] = {}
        """The open ones, by number."""
        self.auctions: dict[int, Auction] = {}
        """Of all days, by number."""
        self.halts: dict[int, HaltRecord] = {}
        """Those that stand, by number."""
        self.halt_number = 0
        self.closures: dict[str, ClosureAdded] = {}
        """By date."""
        self.refused_batches: dict[tuple[int, int], tuple[AnyCommand, AnyEvent]] = {}
        """By key and first number: a refused batch of listings and its refusal."""
        self.batch_answers: dict[tuple[int, int], list[AnyEvent]] = {}
        """By key and number: what the repeat of a cancel of several orders is told."""
        self.switches: dict[int, Switch] = {}
        """Armed ones, by key."""
        self.armings: dict[int, tuple[ArmSwitch, AnyEvent]] = {}
        """The last arming of each key and its answer."""
        self.notices: list[NoticePublished] = []
        """Of the open (or last) day."""
        self.notice_number = 0
        self.allowances: dict[int, int] = {}
        """Tonnes that widen a participant's position limit (R73)."""

    def begin(self, entry: Entry) -> None:
        """Take over who sent an entry and when."""
        self.sequence = entry.sequence
        self.entry_ns = entry.time_ns
        self.time_ns = max(self.time_ns, entry.time_ns)
        self.key = entry.key

    def event(self, kind: type[SomeEvent], /, **fields: Any) -> SomeEvent:
        """Make an event of the entry in hand."""
        return kind(sequence=self.sequence, time_ns=self.entry_ns, **fields)

    def refused(
        self,
        broken: Figures,
        *,
        client_order: int = 0,
        order: int = 0,
        action: int = -1,
        place: int = -1,
    ) -> Refused:
        """Make a refusal of the entry in hand."""
        reason, figure_a, figure_b = broken
        sender = self.keys.get(self.key)
        return self.event(
            Refused,
            key=self.key,
            participant=sender.participant if sender else 0,
            client_order=client_order,
            order=order,
            reason=reason,
            figure_a=figure_a,
            figure_b=figure_b,
            action=action,
            place=place,
        )

    def listed_on(self, code: str, date: str) -> bool:
        """Say whether a product is listed on a date."""
        row = self.profile.products[self.profile.product_index(code)]
        is_retired = row.listed_until != "" and row.listed_until < date
        return date != "" and row.listed_from <= date and not is_retired

    def composite_close_fen(self) -> int:
        """Return the last composite close, 0 before the first."""
        return self.bulletins[-1].close_fen if self.bulletins else 0


Events = list[AnyEvent]
