"""The proof from the journal alone that no control command had one pair of eyes (R26).

It knows nothing of the engine's own rules: persons are those of the keys that the log enrolled, and what
two people must do is what the events say was done. The engine refuses the rest; this looks whether it did.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from msgspec import Struct

from engine.commands import (
    AdvanceTime,
    AllowTrading,
    AnyCommand,
    Approve,
    ClaimKey,
    EnrolKey,
    OpenDay,
    Resume,
    Role,
    RotateKey,
)
from engine.events import (
    AllowanceSet,
    AnyEvent,
    AuctionAnnounced,
    AuctionRefused,
    ClosureAdded,
    ClosureRemoved,
    CodeIssued,
    DayClosed,
    Halted,
    HoldingFrozen,
    HoldingReleased,
    KeyEnrolled,
    NoticePublished,
    OwnLimitsSet,
    ParticipantAdmitted,
    ParticipantRemoved,
    ParticipantRestored,
    ParticipantRestricted,
    PhaseChanged,
    ProposalApproved,
    ProposalMade,
    ReferencePriceCorrected,
    ReferencePriceSet,
    Resumed,
    TradeVoided,
    TradingAllowed,
    TradingStopped,
)
from gateway.disk import Disk
from gateway.door import SYSTEM_KEY
from gateway.history import Applied
from gateway.journal_scan import Report
from gateway.replay import replay_journal

FINDINGS_MAX: Final = 1_000
"""Most findings that are kept; the count goes on."""
APPROVED: Final = (
    ParticipantAdmitted,
    ParticipantRemoved,
    ParticipantRestored,
    ParticipantRestricted,
    ReferencePriceCorrected,
    HoldingFrozen,
    HoldingReleased,
    AllowanceSet,
    TradeVoided,
    ClosureAdded,
    ClosureRemoved,
    AuctionAnnounced,
    AuctionRefused,
    NoticePublished,
)
"""What happens by two persons and no other way."""
TIMED: Final = (ReferencePriceSet, PhaseChanged, DayClosed)
"""What happens by two persons, or by the timetable."""
_CONTROL: Final = frozenset({Role.OPERATOR, Role.SUPERVISOR})
_WATCHERS: Final = frozenset({Role.RISK, Role.ADMINISTRATOR})
"""Who limits the keys of its own company, alone."""


class Finding(Struct, frozen=True):
    """A command of the log that one person alone, or the wrong one, brought about."""

    sequence: int
    key: int
    command: str
    problem: str

    def __str__(self) -> str:
        return f"sequence {self.sequence}, {self.command} by key {self.key}: {self.problem}"


class FourEyes:
    """Walks through a log from its first entry; `findings` is empty where every step had two persons."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.count = 0
        self.approvals = 0
        """Approvals seen, each by another person than its proposal."""
        self._keys: dict[int, KeyEnrolled] = {}
        self._proposals: dict[int, tuple[int, int]] = {}
        """By number of a proposal: the key that made it, and the company of its administrator, else 0."""
        self._codes: dict[int, CodeIssued] = {}
        self._halts: dict[int, int] = {}
        self._stops: dict[int, int] = {}
        self._is_founded = False
        self._checks: dict[type[AnyEvent], Callable[[Applied, Any], str]] = {
            **dict.fromkeys(APPROVED, self._controlled),
            **dict.fromkeys(TIMED, self._timed),
            ProposalMade: self._proposed,
            ProposalApproved: self._approved,
            CodeIssued: self._issued,
            KeyEnrolled: self._enrolled,
            Halted: self._halted,
            Resumed: self._resumed,
            TradingStopped: self._stopped,
            TradingAllowed: self._allowed,
            OwnLimitsSet: self._limited,
        }

    def take(self, log: Iterable[Applied]) -> None:
        """Look at what follows in the log."""
        for entry in log:
            if isinstance(entry.command, OpenDay):
                self._is_founded = True
            for event in entry.events:
                check = self._checks.get(type(event))
                problem = check(entry, event) if check is not None else ""
                if problem:
                    self._find(entry, problem)

    def _find(self, entry: Applied, problem: str) -> None:
        self.count += 1
        if len(self.findings) < FINDINGS_MAX:
            name = type(entry.command).__name__
            self.findings.append(Finding(entry.sequence, entry.key, name, problem))

    # ------------------------------------------------------------ persons

    def _person(self, key: int) -> str:
        return self._keys[key].person

    def _alone(self, first: int, second: int) -> str:
        """Return the problem where two keys are one person."""
        if first not in self._keys or second not in self._keys:
            return f"key {first} or {second} was never enrolled"
        is_one = first == second or self._person(first) == self._person(second)
        return f"{self._person(second)} was alone" if is_one else ""

    # ------------------------------------------------------------ checks, one for each class of events

    def _proposed(self, entry: Applied, event: ProposalMade) -> str:
        self._proposals[event.proposal] = entry.key, event.participant
        maker = self._keys.get(entry.key)
        if maker is None or event.person != maker.person:
            return f"proposal {event.proposal} names {event.person}, whose key it was not"
        if maker.role in _CONTROL:
            return ""
        is_own = maker.role is Role.ADMINISTRATOR and maker.participant == event.participant
        return "" if is_own else f"a {maker.role.value} proposed"

    def _approved(self, entry: Applied, event: ProposalApproved) -> str:
        self.approvals += 1
        maker, participant = self._proposals.get(event.proposal, (0, 0))
        problem = self._alone(maker, entry.key)
        if problem:
            return problem
        by = self._keys[entry.key]
        is_own = by.role is Role.ADMINISTRATOR and participant and by.participant == participant
        return "" if by.role in _CONTROL or is_own else f"a {by.role.value} approved"

    def _controlled(self, entry: Applied, _: AnyEvent) -> str:
        return self._needs_approval(entry)

    def _timed(self, entry: Applied, _: AnyEvent) -> str:
        is_timed = entry.key == SYSTEM_KEY and isinstance(entry.command, OpenDay | AdvanceTime)
        return "" if is_timed else self._needs_approval(entry)

    def _needs_approval(self, entry: Applied) -> str:
        is_approved = isinstance(entry.command, Approve) and any(
            isinstance(event, ProposalApproved) for event in entry.events
        )
        return "" if is_approved else "nobody approved it"

    def _issued(self, entry: Applied, event: CodeIssued) -> str:
        self._codes[event.code] = event
        return self._needs_approval(entry)

    def _enrolled(self, entry: Applied, event: KeyEnrolled) -> str:
        problem = self._enrolment_problem(entry, event)
        self._keys[event.key] = event
        return problem

    def _enrolment_problem(self, entry: Applied, event: KeyEnrolled) -> str:
        command: AnyCommand = entry.command
        if isinstance(command, ClaimKey) and entry.key == SYSTEM_KEY:
            code = self._codes.pop(event.code, None)
            if code is None:
                return f"code {event.code} was not issued, or used before"
            return "" if _terms(code) == _terms(event) else "the key has other terms than its code"
        if isinstance(command, RotateKey):
            old = self._keys.get(entry.key)
            is_same = old is not None and _terms(old) == _terms(event)
            return "" if is_same else "the key has other terms than the one that it follows"
        if isinstance(command, EnrolKey) and entry.key == SYSTEM_KEY:
            return "the market was founded already" if self._is_founded else ""
        return self._needs_approval(entry)

    def _halted(self, entry: Applied, event: Halted) -> str:
        self._halts[event.halt] = entry.key  # one person may stop
        return ""

    def _resumed(self, entry: Applied, event: Resumed) -> str:
        maker = self._halts.pop(event.halt, 0)
        return self._alone(maker, entry.key) if isinstance(entry.command, Resume) else ""

    def _stopped(self, entry: Applied, event: TradingStopped) -> str:
        self._stops[event.participant] = entry.key
        return ""

    def _allowed(self, entry: Applied, event: TradingAllowed) -> str:
        maker = self._stops.pop(event.participant, 0)
        return self._alone(maker, entry.key) if isinstance(entry.command, AllowTrading) else ""

    def _limited(self, entry: Applied, event: OwnLimitsSet) -> str:
        by, key = self._keys.get(entry.key), self._keys.get(event.key)
        if by is None or key is None:
            return f"key {entry.key} or {event.key} was never enrolled"
        is_own = by.role in _WATCHERS and by.participant == key.participant
        return "" if by.role in _CONTROL or is_own else f"a {by.role.value} limited key {event.key}"


def _terms(terms: KeyEnrolled | CodeIssued) -> tuple[object, ...]:
    return (
        terms.role,
        terms.person,
        terms.participant,
        terms.permissions,
        terms.addresses,
        terms.valid_until,
        terms.on_disconnect,
    )


class Watched(Struct, frozen=True, kw_only=True):
    """What the walk through a journal found."""

    report: Report
    eyes: FourEyes


def watch_journal(disk: Disk, say: Callable[[str], None] = lambda _: None) -> Watched:
    """Replay a whole journal and look at every command, without changing anything; errors as of `replay_journal`."""
    eyes = FourEyes()
    done = replay_journal(disk, say, lambda _, log: eyes.take(log))
    return Watched(report=done.report, eyes=eyes)
