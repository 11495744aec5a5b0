"""The oracle's maker and checker: admission, keys, reference prices, restrictions."""

from engine.commands import (
    Action,
    AddClosure,
    AdmitParticipant,
    AnnounceAuction,
    Approve,
    CancelCause,
    Category,
    ChangePhase,
    CloseDay,
    CorrectReferencePrice,
    EnrolKey,
    FreezeHolding,
    IssueCode,
    Propose,
    PublishNotice,
    ReferenceBasis,
    RefuseAuction,
    Reject,
    ReleaseHolding,
    RemoveClosure,
    RemoveParticipant,
    RestoreParticipant,
    Restriction,
    RestrictParticipant,
    Role,
    SetAllowance,
    SetReferencePrice,
    VoidTrade,
)
from engine.events import (
    AnyEvent,
    HoldingFrozen,
    HoldingReleased,
    ParticipantAdmitted,
    ParticipantRestricted,
    ProposalApproved,
    ProposalMade,
    ProposalRejected,
    ReferencePriceSet,
)
from engine.reasons import Reason
from tests.oracle import auction, corrections, day, parties, who
from tests.oracle.ending import end
from tests.oracle.records import KeyRecord, ProductRecord, Proposal
from tests.oracle.rules import band, credit_code_is_good
from tests.oracle.state import Figures, State
from tests.oracle.who import DENIED, OF_A_COMPANY, role_broken

OK: Figures = (Reason.NONE, 0, 0)


# ---------------------------------------------------------------- maker and checker


def take_operator(state: State, command: Propose | Approve | Reject) -> list[AnyEvent]:
    """Answer a proposal, an approval or a rejection (four eyes)."""
    broken = role_broken(state, Role.OPERATOR, Role.SUPERVISOR, Role.ADMINISTRATOR)
    if broken != OK:
        return [state.refused(broken)]
    me = state.keys[state.key]
    if isinstance(command, Propose):
        return [_propose(state, command, me)]
    proposal = state.proposals.get(command.proposal)
    is_foreign = proposal is not None and me.participant not in (0, proposal.participant)
    if proposal is None or is_foreign:
        return [state.refused((Reason.PROPOSAL_UNKNOWN, command.proposal, 0))]
    if not proposal.is_open:
        return [state.refused((Reason.PROPOSAL_NOT_OPEN, command.proposal, 0))]
    person = me.person
    match command:
        case Reject():
            proposal.is_open = False
            return [
                state.event(
                    ProposalRejected,
                    proposal=proposal.number,
                    key=state.key,
                    person=person,
                    participant=proposal.participant,
                    reason=command.reason,
                )
            ]
        case Approve():
            is_strict = state.profile.control.approvers == "supervisors"
            if is_strict and proposal.participant == 0 and me.role != Role.SUPERVISOR:
                return [state.refused(DENIED)]
            if proposal.person == person:
                return [state.refused((Reason.SAME_PERSON, 0, 0))]
            proposal.is_open = False
            approved = state.event(
                ProposalApproved,
                proposal=proposal.number,
                key=state.key,
                person=person,
                participant=proposal.participant,
            )
            answers = [
                event
                for place, action in enumerate(proposal.actions)
                for event in run_action(state, action, place)
            ]
            return [approved, *answers]


def _propose(state: State, command: Propose, me: KeyRecord) -> AnyEvent:
    waiting = [proposal for proposal in state.proposals.values() if proposal.is_open]
    if me.role == Role.ADMINISTRATOR:
        if me.participant in state.removed:
            return state.refused((Reason.PARTICIPANT_REMOVED, 0, 0))
        for place, action in enumerate(command.actions):
            if not _is_of_company(action, me.participant):
                return state.refused(DENIED, action=place)
        most = state.profile.capacity.company_proposals
        if sum(proposal.participant == me.participant for proposal in waiting) >= most:
            return state.refused((Reason.PROPOSALS_FULL, most, 0))
    limit = state.profile.capacity.proposals
    if len(waiting) >= limit:
        return state.refused((Reason.PROPOSALS_FULL, limit, 0))
    number = len(state.proposals) + 1
    state.proposals[number] = Proposal(
        number,
        state.key,
        me.person,
        command.actions,
        command.reason,
        state.time_ns,
        me.participant,
    )
    return state.event(
        ProposalMade,
        proposal=number,
        key=state.key,
        person=me.person,
        participant=me.participant,
        actions=command.actions,
        reason=command.reason,
    )


def _is_of_company(action: Action, participant: int) -> bool:
    """Say whether a company's own administrators may propose an action."""
    match action:
        case EnrolKey() | IssueCode():
            return action.role in OF_A_COMPANY and action.participant == participant
        case _:
            return False


def run_action(state: State, action: Action, place: int = -1) -> list[AnyEvent]:
    """Do one approved action, or refuse it alone."""
    match action:
        case AdmitParticipant():
            broken = _admit_broken(state, action)
            return [state.refused(broken, action=place) if broken != OK else _admit(state, action)]
        case EnrolKey():
            return [who.enrol_action(state, action, place)]
        case IssueCode():
            return [who.issue_code(state, action, place)]
        case RemoveParticipant():
            return parties.remove(state, action, place)
        case RestoreParticipant():
            return [parties.restore(state, action, place)]
        case SetReferencePrice():
            broken = _reference_broken(state, action)
            if broken != OK:
                return [state.refused(broken, action=place)]
            return [_set_reference(state, action)]
        case RestrictParticipant():
            return _restrict(state, action, place)
        case FreezeHolding():
            return [_freeze(state, action, place)]
        case ReleaseHolding():
            return [_release(state, action, place)]
        case _:
            return _run_measure(state, action, place)


Measure = (
    SetAllowance
    | CorrectReferencePrice
    | VoidTrade
    | ChangePhase
    | CloseDay
    | AddClosure
    | RemoveClosure
    | AnnounceAuction
    | RefuseAuction
    | PublishNotice
)


def _run_measure(state: State, action: Measure, place: int) -> list[AnyEvent]:
    """Do one measure of the day, the calendar or an auction."""
    match action:
        case SetAllowance():
            return [corrections.set_allowance(state, action, place)]
        case CorrectReferencePrice():
            return corrections.correct_reference(state, action, place)
        case VoidTrade():
            return [corrections.void_trade(state, action, place)]
        case ChangePhase():
            return [day.change_phase(state, action, place)]
        case CloseDay():
            if not state.is_day_open:
                return [state.refused((Reason.DAY_NOT_OPEN, 0, 0), action=place)]
            return day.close(state)
        case AddClosure():
            return [corrections.add_closure(state, action, place)]
        case RemoveClosure():
            return [corrections.remove_closure(state, action, place)]
        case PublishNotice():
            return [corrections.publish_notice(state, action, place)]
        case AnnounceAuction():
            return auction.announce(state, action, place)
        case RefuseAuction():
            return auction.refuse(state, action, place)


def _holding_broken(state: State, participant: int, product: str) -> Figures:
    if participant not in state.participants:
        return Reason.PARTICIPANT_UNKNOWN, participant, 0
    return OK if product in state.products else (Reason.PRODUCT_UNKNOWN, 0, 0)


def _freeze(state: State, action: FreezeHolding, place: int) -> AnyEvent:
    """Set available tonnes aside for a court (clearing notes 2.2: A to J)."""
    broken = _holding_broken(state, action.participant, action.product)
    if broken != OK:
        return state.refused(broken, action=place)
    shelf = state.ledger.shelves[action.participant][action.product]
    if shelf.available < action.quantity_t:
        short = (Reason.HOLDING_NOT_AVAILABLE, shelf.available, action.quantity_t)
        return state.refused(short, action=place)
    shelf.available -= action.quantity_t
    shelf.frozen += action.quantity_t
    return state.event(
        HoldingFrozen,
        participant=action.participant,
        product=action.product,
        quantity_t=action.quantity_t,
        document=action.document,
    )


def _release(state: State, action: ReleaseHolding, place: int) -> AnyEvent:
    """Give frozen tonnes back (clearing notes 2.2: J to A)."""
    broken = _holding_broken(state, action.participant, action.product)
    if broken != OK:
        return state.refused(broken, action=place)
    shelf = state.ledger.shelves[action.participant][action.product]
    if shelf.frozen < action.quantity_t:
        short = (Reason.FROZEN_NOT_ENOUGH, shelf.frozen, action.quantity_t)
        return state.refused(short, action=place)
    shelf.frozen -= action.quantity_t
    shelf.available += action.quantity_t
    return state.event(
        HoldingReleased,
        participant=action.participant,
        product=action.product,
        quantity_t=action.quantity_t,
        document=action.document,
    )


def _restrict(state: State, action: RestrictParticipant, place: int) -> list[AnyEvent]:
    """Restrict a participant; with a suspension its orders and the offers made to it end (R76)."""
    party = action.participant
    if party not in state.participants:
        return [state.refused((Reason.PARTICIPANT_UNKNOWN, party, 0), action=place)]
    state.restrictions[party] = action.restriction
    if action.restriction == Restriction.NONE:
        del state.restrictions[party]
    events: list[AnyEvent] = [
        state.event(ParticipantRestricted, participant=party, restriction=action.restriction)
    ]
    if action.restriction == Restriction.SUSPENDED:
        ending = [
            order
            for order in state.orders.values()
            if order.is_open and party in (order.participant, order.counterparty)
        ]
        events += end(state, ending, CancelCause.SUSPENSION)
    return events


def _admit_broken(state: State, action: AdmitParticipant) -> Figures:
    if action.category != Category.KEY_EMITTING_UNIT:
        return Reason.NOT_KEY_EMITTING_UNIT, 0, 0
    if state.profile.credit_code_check and not credit_code_is_good(action.credit_code):
        return Reason.INVALID_CREDIT_CODE, 0, 0
    for number, known in sorted(state.participants.items()):
        if (
            known.credit_code == action.credit_code
            or known.registry_account == action.registry_account
            or known.funds_account == action.funds_account
        ):
            if number in state.removed:
                return Reason.PARTICIPANT_REMOVED, 0, 0
            return Reason.ALREADY_ADMITTED, number, 0
    limit = state.profile.capacity.participants
    if len(state.participants) >= limit:
        return Reason.PARTICIPANTS_FULL, limit, 0
    return OK


def _admit(state: State, action: AdmitParticipant) -> ParticipantAdmitted:
    number = len(state.participants) + 1
    admitted = state.event(
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
    state.participants[number] = admitted
    return admitted


def enrol_by_sequencer(state: State, command: EnrolKey) -> list[AnyEvent]:
    """Enrol a key at the genesis of a market, before its first day."""
    broken = role_broken(state, None)
    if broken == OK and state.date:
        broken = DENIED
    return [state.refused(broken)] if broken != OK else run_action(state, command)


# ---------------------------------------------------------------- reference prices


def computed_reference(state: State, record: ProductRecord) -> tuple[ReferenceBasis, int]:
    """Return where today's reference must come from and what it must be; 0 = operators choose."""
    if record.previous_close_fen:
        return ReferenceBasis.PREVIOUS_CLOSE, record.previous_close_fen
    row = state.profile.products[state.profile.product_index(record.code)]
    composite = state.composite_close_fen()
    if row.first_reference == "composite_close" and composite:
        return ReferenceBasis.COMPOSITE_CLOSE, composite
    is_first_day = row.listed_from == state.date
    return ReferenceBasis.ADMINISTRATIVE, row.first_reference_fen if is_first_day else 0


def _reference_broken(state: State, action: SetReferencePrice) -> Figures:
    if not state.is_day_open:
        return Reason.DAY_NOT_OPEN, 0, 0
    if action.product not in state.products:
        return Reason.PRODUCT_UNKNOWN, 0, 0
    if not state.listed_on(action.product, state.date):
        return Reason.PRODUCT_NOT_LISTED, 0, 0
    record = state.products[action.product]
    if record.reference_fen:
        return Reason.REFERENCE_PRICE_ALREADY_SET, record.reference_fen, 0
    basis, price = computed_reference(state, record)
    if action.basis != basis or (price and action.price_fen != price):
        return Reason.REFERENCE_PRICE_MISMATCH, price, 0
    floor, cap = band(action.price_fen, state.profile.listed.band_bp)
    levels, limit = cap - floor + 1, state.profile.capacity.levels
    if levels > limit:
        return Reason.BAND_TOO_WIDE, levels, limit
    return OK


def _set_reference(state: State, action: SetReferencePrice) -> ReferencePriceSet:
    record = state.products[action.product]
    record.reference_fen = action.price_fen
    record.basis = action.basis
    record.listed_band = band(action.price_fen, state.profile.listed.band_bp)
    record.block_band = band(action.price_fen, state.profile.block.band_bp)
    return state.event(
        ReferencePriceSet,
        product=action.product,
        price_fen=action.price_fen,
        basis=action.basis,
        listed_floor_fen=record.listed_band[0],
        listed_cap_fen=record.listed_band[1],
        block_floor_fen=record.block_band[0],
        block_cap_fen=record.block_band[1],
    )
