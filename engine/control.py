"""Maker and checker, admission, keys and closures: what operators do (R12, R14, R26).

Always two of them, save that one may halt.
"""

from engine import auction
from engine.commands import (
    Action,
    AddClosure,
    AdmitParticipant,
    AnnounceAuction,
    Approve,
    Category,
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
from engine.core.layout import CLEARING, OPERATOR, TRADER
from engine.corrections import correct_reference, void
from engine.credit_code import is_credit_code
from engine.day import change_phase, close_day
from engine.events import (
    AnyEvent,
    ClosureAdded,
    ClosureRemoved,
    KeyEnrolled,
    ParticipantAdmitted,
    ProposalApproved,
    ProposalMade,
    ProposalRejected,
)
from engine.halts import halt, resume
from engine.market import OK, Figures, Market, Proposal
from engine.measures import freeze, mark_limit, restrict, set_allowance
from engine.notices import publish
from engine.prices import set_reference
from engine.reasons import Reason

ROLE_NUMBERS = {Role.TRADER: TRADER, Role.OPERATOR: OPERATOR, Role.CLEARING: CLEARING}


def role_broken(market: Market, role: Role | None) -> Figures:
    """Say whether the sender may send this kind of command; None stands for the sequencer's own."""
    number = market.hand.key
    key = market.key(number)
    if number != 0 and key is None:
        return Reason.KEY_UNKNOWN, 0, 0
    return OK if (key.role if key else None) == role else (Reason.ROLE_NOT_PERMITTED, 0, 0)


def take_operator(market: Market, command: OperatorCommand) -> list[AnyEvent]:
    """Answer a proposal, an approval, a rejection, a halt or its end."""
    broken = role_broken(market, Role.OPERATOR)
    if broken != OK:
        return [market.refused(broken)]
    if isinstance(command, Propose):
        return [_propose(market, command)]
    if isinstance(command, Halt):
        return [halt(market, command, _person(market))]
    if isinstance(command, Resume):
        return [resume(market, command, _person(market))]
    proposal = market.proposals.get(command.proposal)
    if proposal is None:
        return [market.refused((Reason.PROPOSAL_UNKNOWN, command.proposal, 0))]
    if not proposal.is_open:
        return [market.refused((Reason.PROPOSAL_NOT_OPEN, command.proposal, 0))]
    if isinstance(command, Reject):
        return [_reject(market, proposal, command)]
    return _approve(market, proposal, command)


def _person(market: Market) -> str:
    key = market.key(market.hand.key)
    assert key is not None
    return key.person


def _propose(market: Market, command: Propose) -> AnyEvent:
    limit = market.profile.capacity.proposals
    if market.open_proposals >= limit:
        return market.refused((Reason.PROPOSALS_FULL, limit, 0))
    proposal = Proposal(
        number=len(market.proposals) + 1,
        key=market.hand.key,
        person=_person(market),
        actions=command.actions,
        reason=command.reason,
        time_ns=market.hand.time_ns,
    )
    market.proposals[proposal.number] = proposal
    market.open_proposals += 1
    return market.event(
        ProposalMade,
        proposal=proposal.number,
        key=proposal.key,
        person=proposal.person,
        actions=proposal.actions,
        reason=proposal.reason,
    )


def _end(market: Market, proposal: Proposal) -> None:
    proposal.is_open = False
    market.open_proposals -= 1


def _reject(market: Market, proposal: Proposal, command: Reject) -> AnyEvent:
    _end(market, proposal)
    return market.event(
        ProposalRejected,
        proposal=proposal.number,
        key=market.hand.key,
        person=_person(market),
        reason=command.reason,
    )


def _approve(market: Market, proposal: Proposal, command: Approve) -> list[AnyEvent]:
    if proposal.person == _person(market):
        return [market.refused((Reason.SAME_PERSON, 0, 0))]
    _end(market, proposal)
    approved = market.event(
        ProposalApproved,
        proposal=command.proposal,
        key=market.hand.key,
        person=_person(market),
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
        case AdmitParticipant() | EnrolKey():
            return [_enter(market, action, place)]
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
        case IssueCode() | RemoveParticipant() | RestoreParticipant():
            return [market.refused((Reason.NOT_OFFERED, 0, 0), place)]
        case ChangePhase() | CloseDay() | VoidTrade() | CorrectReferencePrice():
            return _change_day(market, action, place)


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
    if action.date <= market.date:
        return Reason.DATE_NOT_LATER, 0, 0
    if isinstance(action, RemoveClosure):
        return OK
    if is_known:
        return Reason.DATE_CLOSED, 0, 0
    limit = market.profile.capacity.closures
    ahead = sum(date > market.date for date in market.closures)
    return (Reason.CLOSURES_FULL, limit, 0) if ahead >= limit else OK


# ---------------------------------------------------------------- admission and keys


def _enter(market: Market, action: AdmitParticipant | EnrolKey, place: int) -> AnyEvent:
    """Admit a participant or enrol a key."""
    if isinstance(action, AdmitParticipant):
        broken = _admit_broken(market, action)
        return market.refused(broken, place) if broken != OK else _admit(market, action)
    broken = _enrol_broken(market, action)
    return market.refused(broken, place) if broken != OK else _enrol(market, action)


def _identities(action: AdmitParticipant | ParticipantAdmitted) -> tuple[tuple[str, str], ...]:
    """Return what only one participant may have (R14)."""
    return (
        ("credit_code", action.credit_code),
        ("registry_account", action.registry_account),
        ("funds_account", action.funds_account),
    )


def _admit_broken(market: Market, action: AdmitParticipant) -> Figures:
    if action.category != Category.KEY_EMITTING_UNIT:
        return Reason.NOT_KEY_EMITTING_UNIT, 0, 0
    if market.profile.credit_code_check and not is_credit_code(action.credit_code):
        return Reason.INVALID_CREDIT_CODE, 0, 0
    known = [market.identities[i] for i in _identities(action) if i in market.identities]
    if known:
        return Reason.ALREADY_ADMITTED, min(known), 0
    limit = market.profile.capacity.participants
    if len(market.participants) >= limit:
        return Reason.PARTICIPANTS_FULL, limit, 0
    return OK


def _admit(market: Market, action: AdmitParticipant) -> ParticipantAdmitted:
    number = len(market.participants) + 1
    admitted = market.event(
        ParticipantAdmitted,
        participant=number,
        name=action.name,
        credit_code=action.credit_code,
        category=action.category,
        province=action.province,
        sector=action.sector,
        registry_account=action.registry_account,
        funds_account=action.funds_account,
        compliance_year=action.compliance_year,
    )
    note_participant(market, admitted)
    return admitted


def note_participant(market: Market, admitted: ParticipantAdmitted) -> None:
    """Keep an admitted participant, the next by number."""
    market.participants.append(admitted)
    market.identities.update(dict.fromkeys(_identities(admitted), admitted.participant))
    market.core.market["participant_count"] = admitted.participant
    mark_limit(market, admitted.participant)


def _enrol_broken(market: Market, action: EnrolKey) -> Figures:
    if action.public_key in market.key_numbers:
        return Reason.KEY_ALREADY_ENROLLED, market.key_numbers[action.public_key], 0
    is_trader = action.role == Role.TRADER
    if is_trader and not market.is_participant(action.participant):
        return Reason.PARTICIPANT_UNKNOWN, action.participant, 0
    if not is_trader and action.participant != 0:
        return Reason.ROLE_NOT_PERMITTED, 0, 0
    limit = market.profile.capacity.keys
    return (Reason.KEYS_FULL, limit, 0) if len(market.keys) >= limit else OK


def _enrol(market: Market, action: EnrolKey) -> KeyEnrolled:
    number = len(market.keys) + 1
    enrolled = market.event(
        KeyEnrolled,
        key=number,
        public_key=action.public_key,
        role=action.role,
        person=action.person,
        participant=action.participant,
    )
    note_key(market, enrolled)
    return enrolled


def note_key(market: Market, enrolled: KeyEnrolled) -> None:
    """Keep an enrolled key, the next by number, where the core looks for it too."""
    market.keys.append(enrolled)
    market.key_numbers[enrolled.public_key] = enrolled.key
    row = market.core.state.keys[enrolled.key]
    row["participant"] = enrolled.participant
    row["role"] = ROLE_NUMBERS[enrolled.role]
    market.core.market["key_count"] = enrolled.key


def enrol_at_genesis(market: Market, command: EnrolKey) -> list[AnyEvent]:
    """Enrol a key that the sequencer itself names when a market is founded."""
    broken = role_broken(market, None)
    return [market.refused(broken)] if broken != OK else run_action(market, command)
