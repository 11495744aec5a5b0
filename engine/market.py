"""Everything that the rooms of the engine share: the core, who takes part, the day, and what is waiting.

No rule stands here. The core's arrays hold the ledger, the book and the day's orders; plain Python
holds what is rare: names, keys, proposals, references, bulletins, halts, closures, the talk about blocks
and auctions, and the trades of earlier days.
"""

from bisect import insort
from typing import Any, Final, TypeVar

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.auction_book import Auction, Bids
from engine.block_state import Negotiation, Offer
from engine.commands import (
    BatchCommand,
    ClearingCommand,
    DialogueCommand,
    Entry,
    Method,
)
from engine.core.arrays import Core
from engine.core.layout import SETTLED, UNSETTLED
from engine.digest import fold_event
from engine.events import (
    Answer,
    Bulletin,
    ClosureAdded,
    Event,
    Halted,
    NoticePublished,
    Phase,
    Refused,
)
from engine.people import People
from engine.profile import Profile
from engine.reasons import Reason
from engine.switch_state import Arming, Switch

SomeEvent = TypeVar("SomeEvent", bound=Event)
Figures = tuple[Reason, int, int]
"""A broken rule and its two figures."""
OK: Final[Figures] = (Reason.NONE, 0, 0)


def offered_methods(profile: Profile) -> tuple[Method, ...]:
    """Return the methods of a market; auctions only where its profile has them."""
    has_auctions = profile.auction is not None
    return tuple(method for method in Method if method is not Method.AUCTION or has_auctions)


class Remembered(Struct, frozen=True, kw_only=True):
    """An order command that has no record, and the events that a repeat of it is answered with."""

    command: DialogueCommand | BatchCommand
    answers: tuple[Answer, ...]


class TradingDay(Struct, kw_only=True):
    """The trades of one earlier day: rows of the core's TRADE, numbered from `first`."""

    date: str
    first: int
    rows: NDArray[np.void]


class Market(People):
    """State of one market between two commands; the rooms change it, `Exchange` alone owns it."""

    def __init__(self, profile: Profile) -> None:  # noqa: PLR0915 - a list of all there is
        super().__init__()
        self.profile: Final = profile
        self.core: Final = Core(profile)
        self.codes: Final = [product.code for product in profile.products]
        self.methods: Final = offered_methods(profile)
        self.date = ""
        self.is_day_open = False
        self.agenda: list[int] = []
        """Times of today at which a phase may change or an auction ends, the next one first."""
        self.sessions: list[list[tuple[int, int]]] = [[] for _ in Method]
        self.closes_fen = [0] * len(self.codes)
        """Close of each product's last listed day, 0 before its first."""
        self.previous_closes_fen = [0] * len(self.codes)
        """Close that each product's open (or last) day began with."""
        self.references_fen = [0] * len(self.codes)
        self.references: dict[tuple[str, str], ClearingCommand] = {}
        self.bulletins: list[Bulletin] = []
        self.days: list[TradingDay] = []
        self.unsettled: dict[int, None] = {}
        """Numbers of unsettled trades of earlier days, in order."""
        self.has_failed_trade = False
        self.deposits_fen = 0
        """Cash that came in less what left."""
        self.transfers_t = [0] * len(self.codes)
        """Tonnes of each product that came in less what left."""
        self.halts: dict[int, Halted] = {}
        """Halts that stand, by number and so in the order in which they began."""
        self.halt_count = 0
        """Halts so far: numbers run on for the life of the market."""
        self.closures: dict[str, ClosureAdded] = {}
        """Dates on which the market stays closed, past ones too."""
        self.notices: list[NoticePublished] = []
        """Notices since the day began, and after its close."""
        self.notice_count = 0
        self.allowances_t: dict[int, int] = {}
        """What a participant's position limit is widened by, where it was set (R73)."""
        self.answers: dict[int, Remembered] = {}
        """Answers to the order commands of the day that have no record, by order number or reference."""
        self.switches: dict[int, Switch] = {}
        """Armed dead man's switches, by key."""
        self.armings: dict[int, Arming] = {}
        """The last arming of each key's switch."""
        self.deadlines: list[tuple[int, int]] = []
        """Deadlines of the switches that run, with their keys, the next one first."""
        self.groups: dict[tuple[int, str], tuple[int, ...]] = {}
        """Members of a participant's block group, by participant and name (R62)."""
        self.offers: dict[int, Offer] = {}
        """Block offers of the day that went to a group or were negotiated about."""
        self.negotiations: dict[int, Negotiation] = {}
        """Open ones."""
        self.auctions: dict[int, Auction] = {}
        """All, by number."""
        self.bids: dict[int, Bids] = {}
        """Standing bids of the announced auctions, made again from the order rows."""
        self.entry: Entry | None = None
        """The entry in hand."""

    # ------------------------------------------------------------ answering

    @property
    def hand(self) -> Entry:
        """The entry in hand."""
        assert self.entry is not None
        return self.entry

    def event(self, kind: type[SomeEvent], /, **fields: Any) -> SomeEvent:  # noqa: ANN401 - checked by msgspec's constructor
        """Make an event of the entry in hand and roll it into the digest."""
        made = kind(sequence=self.hand.sequence, time_ns=self.hand.time_ns, **fields)
        fold_event(self.core.market, made)
        return made

    def refused(
        self,
        broken: Figures,
        action: int = -1,
        *,
        client_order: int = 0,
        order: int = 0,
        place: int = -1,
    ) -> Refused:
        """Make a refusal of the entry in hand; `action` and `place` are the item that broke the rule."""
        reason, figure_a, figure_b = broken
        return self.event(
            Refused,
            key=self.hand.key,
            participant=self.participant_of(self.hand.key),
            client_order=client_order,
            order=order,
            reason=reason,
            figure_a=figure_a,
            figure_b=figure_b,
            action=action,
            place=place,
        )

    # ------------------------------------------------------------ looking up

    def holding_row(self, participant: int, product: str) -> int:
        """Return the row of a participant's holding of a product of the profile."""
        return participant * len(self.codes) + self.profile.product_index(product)

    def is_listed(self, index: int) -> bool:
        """Say whether a product is listed on the open (or last) day (R9, R10)."""
        product = self.profile.products[index]
        if self.date == "" or self.date < product.listed_from:
            return False
        return product.listed_until == "" or self.date <= product.listed_until

    def phase(self, method: Method) -> Phase:
        """Return where a method stands."""
        return Phase(int(self.core.state.methods[method]["phase"]))

    def trade_row(self, number: int) -> tuple[str, NDArray[np.void]] | None:
        """Return the date of a trade and the one row that holds it (it may be written), or None."""
        base, state = int(self.core.market["trade_base"]), self.core.state
        if number > base:
            place = number - base - 1
            if place >= int(self.core.market["trade_count"]):
                return None
            return self.date, state.trades[place : place + 1]
        for day in reversed(self.days):  # trades wait for days, not years: the newest day first
            if number >= day.first:
                place = number - day.first
                return day.date, day.rows[place : place + 1]
        return None

    def settle_row(self, number: int, row: NDArray[np.void], state: int) -> None:
        """Mark a trade as answered by the registry."""
        assert state >= SETTLED
        row["state"] = state
        self.unsettled.pop(number, None)

    def add_boundary(self, time_ns: int) -> None:
        """Let something happen at a later moment of the open day."""
        if time_ns not in self.agenda:
            insort(self.agenda, time_ns)
        self.mark_boundary()

    def mark_boundary(self) -> None:
        """Write where the core looks for it when something happens next by itself, 0 if nothing does."""
        moments = [*self.agenda[:1], *(time_ns for time_ns, _ in self.deadlines[:1])]
        self.core.market["boundary_ns"] = min(moments, default=0)

    def clear_talk(self) -> None:
        """Forget what was said on the day before: answers, offers and negotiations; groups stay."""
        self.answers.clear()
        self.offers.clear()
        self.negotiations.clear()

    def archive_day(self) -> None:
        """Move the trades of the day before out of the core."""
        count, base = int(self.core.market["trade_count"]), int(self.core.market["trade_base"])
        if count == 0:
            return
        rows = self.core.state.trades[:count].copy()
        self.days.append(TradingDay(date=self.date, first=base + 1, rows=rows))
        for place in np.flatnonzero(rows["state"] == UNSETTLED).tolist():
            self.unsettled[base + 1 + place] = None
