"""Maker and checker, and the closures of the calendar: what two persons decide (R12, R14, R26).

Always two of them, save that one may halt. The exchange's proposals are approved by operators and
supervisors, or by supervisors alone where the profile says so; a participant's own administrators propose
keys of their participant, which another of them, an operator or a supervisor approves.
"""

from engine import auction, enrolment_codes, participants
from engine.commands import (
    Action,
    AddClosure,
    AdmitParticipant,
    AnnounceAuction,
    Approve,
    ChangePhase,
    CloseDay,
    CorrectReferencePrice,
    EnrolKey,
    FreezeHolding,
    Halt,
    IssueCode,
    OperatorCommand,
    Propose,
    PublishNotice,
    RefuseAuction,
    Reject,
    ReleaseHolding,
    RemoveClosure,
    RemoveParticipant,
    RestoreParticipant,
    RestrictParticipant,
    Resume,
    Role,
    SetAllowance,
    SetReferencePrice,
    VoidTrade,
)
from engine.corrections import correct_reference, void
from engine.day import change_phase, close_day
from engine.events import (
    AnyEvent,
    ClosureAdded,
    ClosureRemoved,
    ProposalApproved,
    ProposalMade,
    ProposalRejected,
)
from engine.halts import halt, resume
from engine.keys import COMPANY_ROLES, CONTROL_ROLES, enrol, is_removed, role_broken, sender
from engine.market import OK, Figures, Market
from engine.measures import freeze, restrict, set_allowance
from engine.notices import publish
from engine.people import Proposal
from engine.prices import set_reference
from engine.reasons import Reason
from engine.units import is_date


def take_operator(market: Market, command: OperatorCommand) -> list[AnyEvent]:
    """Answer a proposal, an approval, a rejection, a halt or its end."""
    if isinstance(command, Halt | Resume):
        broken = role_broken(market, *CONTROL_ROLES)
        if broken != OK:
            return [market.refused(broken)]
        person = sender(market).person
        if isinstance(command, Halt):
            return [halt(market, command, person)]
        return resume(market, command, person)
    broken = role_broken(market, *CONTROL_ROLES, Role.ADMINISTRATOR)
    if broken != OK:
        return [market.refused(broken)]
    if isinstance(command, Propose):
        return [_propose(market, command)]
    proposal = market.proposals.get(command.proposal)
    own = sender(market).participant
    if proposal is None or own not in (0, proposal.participant):
        return [market.refused((Reason.PROPOSAL_UNKNOWN, command.proposal, 0))]
    if not proposal.is_open:
        return [market.refused((Reason.PROPOSAL_NOT_OPEN, command.proposal, 0))]
    if isinstance(command, Reject):
        return [_reject(market, proposal, command)]
    return _approve(market, proposal, command)


def _propose(market: Market, command: Propose) -> AnyEvent:
    by = sender(market)
    if by.role is Role.ADMINISTRATOR:
        broken, place = _company_broken(market, command, by.participant)
        if broken != OK:
            return market.refused(broken, place)
    limit = market.profile.capacity.proposals
    if market.open_proposals >= limit:
        return market.refused((Reason.PROPOSALS_FULL, limit, 0))
    proposal = Proposal(
        number=len(market.proposals) + 1,
        key=by.key,
        person=by.person,
        participant=by.participant,
        actions=command.actions,
        reason=command.reason,
        time_ns=market.hand.time_ns,
    )
    market.proposals[proposal.number] = proposal
    note_waiting(market, proposal, 1)
    return market.event(
        ProposalMade,
        proposal=proposal.number,
        key=proposal.key,
        person=proposal.person,
        participant=proposal.participant,
        actions=proposal.actions,
        reason=proposal.reason,
    )


def _company_broken(market: Market, command: Propose, participant: int) -> tuple[Figures, int]:
    """Say what an administrator's proposal breaks, and by which action, -1 where it is none's fault."""
    if is_removed(market, participant):
        return (Reason.PARTICIPANT_REMOVED, 0, 0), -1
    for place, action in enumerate(command.actions):
        if not isinstance(action, EnrolKey | IssueCode) or (
            action.role not in COMPANY_ROLES or action.participant != participant
        ):
            return (Reason.ROLE_NOT_PERMITTED, 0, 0), place
    limit = market.profile.capacity.company_proposals
    if market.company_proposals.get(participant, 0) >= limit:
        return (Reason.PROPOSALS_FULL, limit, 0), -1
    return OK, -1


def note_waiting(market: Market, proposal: Proposal, change: int) -> None:
    """Count a proposal that waits, or (-1) waits no more."""
    market.open_proposals += change
    if proposal.participant:
        of_company = market.company_proposals
        of_company[proposal.participant] = of_company.get(proposal.participant, 0) + change


def _end(market: Market, proposal: Proposal) -> None:
    proposal.is_open = False
    note_waiting(market, proposal, -1)


def _reject(market: Market, proposal: Proposal, command: Reject) -> AnyEvent:
    _end(market, proposal)
    return market.event(
        ProposalRejected,
        proposal=proposal.number,
        key=market.hand.key,
        person=sender(market).person,
        participant=proposal.participant,
        reason=command.reason,
    )


def _may_approve(market: Market, proposal: Proposal) -> bool:
    """Say whether the sender's role may approve: for a participant its administrators too."""
    if proposal.participant or market.profile.control.approvers == "operators":
        return True
    return sender(market).role is Role.SUPERVISOR


def _approve(market: Market, proposal: Proposal, command: Approve) -> list[AnyEvent]:
    by = sender(market)
    if not _may_approve(market, proposal):
        return [market.refused((Reason.ROLE_NOT_PERMITTED, 0, 0))]
    if proposal.person == by.person:
        return [market.refused((Reason.SAME_PERSON, 0, 0))]
    _end(market, proposal)
    approved = market.event(
        ProposalApproved,
        proposal=command.proposal,
        key=by.key,
        person=by.person,
        participant=proposal.participant,
    )
    events: list[AnyEvent] = [approved]
    for place, action in enumerate(proposal.actions):
        events += run_action(market, action, place)
    return events


def run_action(  # noqa: C901 - one case for each action
    market: Market, action: Action, place: int = -1
) -> list[AnyEvent]:
    """Do one approved action, or refuse it alone."""
    match action:
        case AdmitParticipant() | RemoveParticipant() | RestoreParticipant():
            return _change_participant(market, action, place)
        case EnrolKey():
            return [enrol(market, action, place)]
        case IssueCode():
            return [enrolment_codes.issue(market, action, place)]
        case SetReferencePrice():
            return [set_reference(market, action, place)]
        case RestrictParticipant():
            return restrict(market, action, place)
        case FreezeHolding() | ReleaseHolding():
            return [freeze(market, action, place)]
        case SetAllowance():
            return [set_allowance(market, action, place)]
        case AddClosure() | RemoveClosure():
            return [_change_closure(market, action, place)]
        case AnnounceAuction():
            return auction.announce(market, action, place)
        case RefuseAuction():
            return auction.refuse(market, action, place)
        case PublishNotice():
            return [publish(market, action, place)]
        case ChangePhase() | CloseDay() | VoidTrade() | CorrectReferencePrice():
            return _change_day(market, action, place)


def _change_participant(
    market: Market, action: AdmitParticipant | RemoveParticipant | RestoreParticipant, place: int
) -> list[AnyEvent]:
    """Do what changes who takes part."""
    match action:
        case AdmitParticipant():
            return [participants.admit(market, action, place)]
        case RemoveParticipant():
            return participants.remove(market, action, place)
        case RestoreParticipant():
            return [participants.restore(market, action, place)]


def _change_day(
    market: Market,
    action: ChangePhase | CloseDay | VoidTrade | CorrectReferencePrice,
    place: int,
) -> list[AnyEvent]:
    """Do what changes the course of the open day."""
    match action:
        case ChangePhase():
            return [change_phase(market, action, place)]
        case CloseDay():
            return close_day(market, action, place)
        case VoidTrade():
            return [void(market, action, place)]
        case CorrectReferencePrice():
            return correct_reference(market, action, place)


# ---------------------------------------------------------------- closures


def _change_closure(market: Market, action: AddClosure | RemoveClosure, place: int) -> AnyEvent:
    """Close the market on a later date, or take that back (R26)."""
    broken = _closure_broken(market, action)
    if broken != OK:
        return market.refused(broken, place)
    if isinstance(action, RemoveClosure):
        del market.closures[action.date]
        return market.event(ClosureRemoved, date=action.date)
    added = market.event(ClosureAdded, date=action.date, explanation=action.explanation)
    market.closures[action.date] = added
    return added


def _closure_broken(market: Market, action: AddClosure | RemoveClosure) -> Figures:
    is_known = action.date in market.closures
    if isinstance(action, RemoveClosure) and not is_known:
        return Reason.CLOSURE_UNKNOWN, 0, 0
    if not is_known and not is_date(action.date):
        return Reason.DATE_INVALID, 0, 0
    if action.date <= market.date:
        return Reason.DATE_NOT_LATER, 0, 0
    if isinstance(action, RemoveClosure):
        return OK
    if is_known:
        return Reason.DATE_CLOSED, 0, 0
    limit = market.profile.capacity.closures
    ahead = sum(date > market.date for date in market.closures)
    return (Reason.CLOSURES_FULL, limit, 0) if ahead >= limit else OK
