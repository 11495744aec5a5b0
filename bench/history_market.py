"""Plays planned days through the engine in process: one exchange, whole days as records, no sockets.

Every day runs as it would on a live exchange: two operators set the references, the registry's deposits
and transfers arrive before trading, the orders follow in the order of time, the last session ends, the
registry settles every trade. A day's orders travel as records in one call.
"""

from collections.abc import Sequence
from time import perf_counter_ns
from typing import Final

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from bench.emitters import invent_emitters
from bench.flow import ActionKind, DayPlan, PlannedAction
from engine.commands import (
    AdmitParticipant,
    AdvanceTime,
    AnyCommand,
    Approve,
    Category,
    Deposit,
    EnrolKey,
    Entry,
    OpenDay,
    Propose,
    ReferenceBasis,
    Role,
    SetReferencePrice,
    SettleTrade,
    TransferIn,
)
from engine.core.records import COMMAND, EventKind
from engine.events import AnyEvent, Bulletin, DayClosed, ProposalMade, Refused
from engine.exchange import Exchange
from engine.profile import Profile
from engine.reasons import Reason
from engine.units import midnight_ns, parse_clock

MAKER_KEY: Final = 1
CHECKER_KEY: Final = 2
CLEARING_KEY: Final = 3
TRADER_KEYS_FROM: Final = 4
"""Key of participant 1; the others follow."""
SETTLEMENT_BATCH: Final = 4_096
"""Most settlements handed to the engine in one call."""

Records = NDArray[np.void]


class UnexpectedAnswer(AssertionError):
    """The engine refused something that is no probe, or let a probe pass; the text has the figures."""


class DayOutcome(Struct, frozen=True, kw_only=True):
    """What the engine made of one day."""

    bulletin: Bulletin
    orders: int
    """Orders that got a number, refused ones too; cancels get none."""
    trades: int
    refused: int


class HistoryMarket:
    """One exchange with its participants and the hands that run its days."""

    def __init__(self, profile: Profile, participants: int) -> None:
        self._profile = profile
        self._exchange = Exchange(profile)
        self._participants = participants
        self._sequence = 0
        self._time_ns = 0
        self._references = 0
        self._closes: dict[str, int] = {}
        self.engine_ns = 0
        """Time spent inside the engine, in nanoseconds of the wall clock."""
        self.orders_ns = 0
        """The part of it that order commands took."""

    def digest(self) -> bytes:
        """Return the event digest of everything that happened here."""
        return self._exchange.event_digest()

    def previous_close_fen(self, product: str) -> int:
        """Return what the engine will demand as the product's next reference, 0 if it is free."""
        return self._closes.get(product, 0)

    # ------------------------------------------------------------ a market of participants

    def found(self, date: str) -> None:
        """Enrol the operators and clearing and admit the participants, on the eve of a day."""
        self._time_ns = midnight_ns(date)
        persons = (("一号运营员", Role.OPERATOR), ("二号运营员", Role.OPERATOR))
        for number, (person, role) in enumerate((*persons, ("清算", Role.CLEARING)), start=1):
            self._apply(0, EnrolKey(public_key=f"{number:064x}", role=role, person=person))
        admissions = [
            AdmitParticipant(
                **{**msgspec.structs.asdict(unit), "category": Category(unit.category)}
            )
            for unit in invent_emitters(self._participants, int(date[:4]))
        ]
        self._decide(tuple(admissions), "准入")
        for participant in range(1, self._participants + 1):
            key = EnrolKey(
                public_key=f"{TRADER_KEYS_FROM - 1 + participant:064x}",
                role=Role.TRADER,
                person=f"{participant}号操作员",
                participant=participant,
            )
            self._apply(0, key)

    # ------------------------------------------------------------ a day

    def run_day(self, date: str, plans: Sequence[DayPlan]) -> DayOutcome:
        """Run one trading day of one or more products; UnexpectedAnswer where the engine differs."""
        midnight = midnight_ns(date)
        self._time_ns = midnight + parse_clock(self._profile.day_opens_at)
        self._apply(0, OpenDay(date=date))
        self._fund(plans)
        references = tuple(self._reference(plan) for plan in plans)
        self._decide(references, f"{date} 基准价")
        commands = day_records(plans, self._profile, midnight)
        commands["sequence"] += self._sequence
        self._sequence += len(commands)
        self._time_ns = int(commands["time_ns"][-1])
        started = perf_counter_ns()
        events = self._exchange.apply_records(commands).events
        spent_ns = perf_counter_ns() - started
        self.orders_ns += spent_ns
        self.engine_ns += spent_ns
        assert self._exchange.sequence == self._sequence, "every order has its place in the log"
        trades = self._check_answers(plans, commands, events)
        bulletin = self._close(midnight)
        self._settle(trades)
        for plan in plans:
            product = plan.figures.product
            self._closes[product] = next(
                row.close_fen for row in bulletin.products if row.product == product
            )
        return DayOutcome(
            bulletin=bulletin,
            orders=sum(a.kind is not ActionKind.CANCEL for plan in plans for a in plan.actions),
            trades=len(trades),
            refused=int((events["kind"] == EventKind.REFUSED).sum()),
        )

    def _fund(self, plans: Sequence[DayPlan]) -> None:
        """Have the registry bring what a participant lacks for the day."""
        commands: list[AnyCommand] = []
        for index in range(self._participants):
            number = index + 1
            account = self._exchange.account(number)
            held = {holding.product: holding.available_t for holding in account.holdings}
            cash_fen = sum(plan.needs[index].cash_fen for plan in plans)
            lacking_fen = cash_fen - account.cash.available_fen
            if lacking_fen > 0:
                self._references += 1
                commands.append(
                    Deposit(
                        participant=number,
                        amount_fen=lacking_fen,
                        reference=f"D{self._references}",
                    )
                )
            for plan in plans:
                product = plan.figures.product
                lacking_t = plan.needs[index].quantity_t - held.get(product, 0)
                if lacking_t > 0:
                    self._references += 1
                    commands.append(
                        TransferIn(
                            participant=number,
                            product=product,
                            quantity_t=lacking_t,
                            reference=f"T{self._references}",
                        )
                    )
        self._apply_all(CLEARING_KEY, commands)

    def _reference(self, plan: DayPlan) -> SetReferencePrice:
        known = plan.figures.product in self._closes
        return SetReferencePrice(
            product=plan.figures.product,
            price_fen=plan.figures.reference_fen,
            basis=ReferenceBasis.PREVIOUS_CLOSE if known else ReferenceBasis.ADMINISTRATIVE,
        )

    def _close(self, midnight: int) -> Bulletin:
        self._time_ns = midnight + parse_clock(self._profile.listed.sessions[-1][1])
        block_end = midnight + parse_clock(self._profile.block.sessions[-1][1])
        self._time_ns = max(self._time_ns, block_end)
        events = self._apply(0, AdvanceTime())
        return next(event.bulletin for event in events if isinstance(event, DayClosed))

    def _settle(self, trades: Records) -> None:
        """Have the registry settle every trade of the day, so that the buyers own it tomorrow."""
        commands: list[AnyCommand] = [
            SettleTrade(trade=int(number), reference=f"S{int(number)}")
            for number in trades["number"]
        ]
        for first in range(0, len(commands), SETTLEMENT_BATCH):
            self._apply_all(CLEARING_KEY, commands[first : first + SETTLEMENT_BATCH])

    def _check_answers(
        self, plans: Sequence[DayPlan], commands: Records, events: Records
    ) -> Records:
        """Return the trades; every probe outside the band must be refused and nothing else."""
        refusals = events[events["kind"] == EventKind.REFUSED]
        meant = sum(plan.refused for plan in plans)
        outside = refusals[refusals["reason"] == Reason.PRICE_OUTSIDE_BAND]
        if len(refusals) != meant or len(outside) != meant:
            others = refusals[refusals["reason"] != Reason.PRICE_OUTSIDE_BAND]
            first = others[0] if len(others) else None
            told = "none" if first is None else f"{Reason(int(first['reason'])).name} {first}"
            raise UnexpectedAnswer(
                f"{len(refusals)} refusals instead of {meant}, {len(commands)} commands; first: {told}"
            )
        trades: Records = events[events["kind"] == EventKind.TRADED]
        return trades

    # ------------------------------------------------------------ entries

    def _decide(
        self, actions: tuple[AdmitParticipant | SetReferencePrice, ...], reason: str
    ) -> None:
        """Propose by one operator and approve by another; nothing may be refused."""
        made = self._apply(MAKER_KEY, Propose(actions=actions, reason=reason))[0]
        assert isinstance(made, ProposalMade), made
        self._apply(CHECKER_KEY, Approve(proposal=made.proposal))

    def _apply(self, key: int, command: AnyCommand) -> list[AnyEvent]:
        return self._apply_all(key, [command])[0]

    def _apply_all(self, key: int, commands: Sequence[AnyCommand]) -> list[list[AnyEvent]]:
        entries = []
        for command in commands:
            self._sequence += 1
            self._time_ns += 1
            entries.append(
                Entry(sequence=self._sequence, time_ns=self._time_ns, key=key, command=command)
            )
        started = perf_counter_ns()
        answers = self._exchange.apply_entries(entries)
        self.engine_ns += perf_counter_ns() - started
        for entry, events in zip(entries, answers, strict=True):
            for event in events:
                if isinstance(event, Refused):
                    raise UnexpectedAnswer(f"{entry.command} was refused: {event}")
        return answers


def day_records(plans: Sequence[DayPlan], profile: Profile, midnight: int) -> Records:
    """Return the orders of a day as command records; sequences start at 1, keys follow participants.

    Products that trade on the same day are merged by time; a plan's local numbers become the order
    numbers that the exchange will give (every order but a cancel, in sequence).
    """
    merged: list[tuple[int, int, PlannedAction]] = [
        (action.time_of_day_ns, index, action)
        for index, plan in enumerate(plans)
        for action in plan.actions
    ]
    merged.sort(key=lambda row: row[:2])  # stable: no two actions of a plan share a moment
    products = [profile.product_index(plan.figures.product) for plan in plans]
    orders = [[0] * (len(plan.actions) + 1) for plan in plans]
    rows = []
    numbered = 0
    for place, (time_ns, index, action) in enumerate(merged, start=1):
        kind = action.kind
        if kind is not ActionKind.CANCEL:
            numbered += 1
            orders[index][action.number] = numbered
        is_priced = kind in {ActionKind.LIST, ActionKind.OFFER}
        rows.append(
            (
                kind,
                action.side if is_priced else 0,
                products[index] if is_priced else 0,
                TRADER_KEYS_FROM - 1 + action.participant,
                action.price_fen if is_priced else 0,
                action.quantity_t if is_priced or kind is ActionKind.PICK else 0,
                orders[index][action.target],
                action.counterparty,
                place,
                place,
                midnight + time_ns + index,  # a nanosecond apart where two products share a moment
                0,
            )
        )
    records: Records = np.array(rows, dtype=COMMAND)
    return records
