"""The oracle's participants: removed and restored by two operators, stopped and allowed by their own people."""

from typing import Literal

from engine.commands import (
    AllowTrading,
    ApplyAuction,
    CancelCause,
    Permission,
    PlaceBid,
    RemoveParticipant,
    RestoreParticipant,
    Role,
    SetOwnLimits,
    StopTrading,
)
from engine.events import (
    AnyEvent,
    AuctionState,
    OwnLimitsSet,
    ParticipantRemoved,
    ParticipantRestored,
    TradingAllowed,
    TradingStopped,
)
from engine.reasons import Reason
from tests.oracle.ending import end, open_orders
from tests.oracle.records import Order
from tests.oracle.state import Figures, State
from tests.oracle.who import DENIED, IN_CONTROL, OK, key_broken, role_broken

Status = Literal["active", "suspended", "stopped", "removed"]


def remove(state: State, action: RemoveParticipant, place: int) -> list[AnyEvent]:
    """Put a participant out of the market: nothing of it and nothing for it stands any more."""
    party = action.participant
    if party not in state.participants:
        return [state.refused((Reason.PARTICIPANT_UNKNOWN, party, 0), action=place)]
    if party in state.removed:
        return [state.refused((Reason.PARTICIPANT_REMOVED, 0, 0), action=place)]
    state.removed.add(party)
    told = state.event(ParticipantRemoved, participant=party, explanation=action.explanation)
    theirs = [row for row in open_orders(state) if party in (row.participant, row.counterparty)]
    return [told, *end(state, theirs, CancelCause.REMOVAL)]


def restore(state: State, action: RestoreParticipant, place: int) -> AnyEvent:
    """Let a removed participant come back for a compliance year."""
    party = action.participant
    if party not in state.participants:
        return state.refused((Reason.PARTICIPANT_UNKNOWN, party, 0), action=place)
    if party not in state.removed:
        return state.refused((Reason.PARTICIPANT_NOT_REMOVED, party, 0), action=place)
    state.removed.remove(party)
    state.years[party] = action.compliance_year
    return state.event(
        ParticipantRestored, participant=party, compliance_year=action.compliance_year
    )


def binds(state: State, order: Order) -> bool:
    """Say whether an order in an auction binds its owner, who then cannot take it back."""
    if order.kind is ApplyAuction:
        return state.auctions[order.auction].state == AuctionState.ANNOUNCED
    rules = state.profile.auction
    return order.kind is PlaceBid and rules is not None and not rules.bid_withdrawal


def take_own(state: State, command: StopTrading | AllowTrading) -> list[AnyEvent]:
    """Answer the stop of one's own trading or its end."""
    if isinstance(command, AllowTrading):
        return [_allow(state, command)]
    broken = role_broken(state, Role.TRADER, Role.RISK, Role.ADMINISTRATOR)
    if broken != OK:
        return [state.refused(broken)]
    me = state.keys[state.key]
    broken = _stop_broken(state)
    if broken != OK:
        return [state.refused(broken)]
    state.stopped[me.participant] = me.person
    told = state.event(
        TradingStopped,
        participant=me.participant,
        key=me.number,
        person=me.person,
        explanation=command.explanation,
    )
    free = [
        order
        for order in open_orders(state)
        if order.participant == me.participant and not binds(state, order)
    ]
    return [told, *end(state, free, CancelCause.STOP)]


def _stop_broken(state: State) -> Figures:
    me = state.keys[state.key]
    if me.role == Role.TRADER and len(me.permissions) < len(Permission):
        return DENIED
    if me.participant in state.removed:
        return Reason.PARTICIPANT_REMOVED, 0, 0
    return (Reason.TRADING_STOPPED, 0, 0) if me.participant in state.stopped else OK


def _allow(state: State, command: AllowTrading) -> AnyEvent:
    broken = role_broken(state, Role.RISK, Role.ADMINISTRATOR)
    if broken != OK:
        return state.refused(broken)
    me = state.keys[state.key]
    if me.participant in state.removed:
        return state.refused((Reason.PARTICIPANT_REMOVED, 0, 0))
    if me.participant not in state.stopped:
        return state.refused((Reason.TRADING_NOT_STOPPED, 0, 0))
    if state.stopped[me.participant] == me.person:
        return state.refused((Reason.SAME_PERSON, 0, 0))
    del state.stopped[me.participant]
    return state.event(
        TradingAllowed,
        participant=me.participant,
        key=me.number,
        person=me.person,
        explanation=command.explanation,
    )


def status(state: State, party: int) -> Status:
    """Return the strongest of what bars a participant."""
    if party in state.removed:
        return "removed"
    if party in state.restrictions and state.restrictions[party].value == "suspended":
        return "suspended"
    return "stopped" if party in state.stopped else "active"


# ---------------------------------------------------------------- own limits


def set_own_limits(state: State, command: SetOwnLimits) -> AnyEvent:
    """Set how large an order of a key may be, where its own company's watchers or the exchange wish."""
    watchers = {Role.RISK, Role.ADMINISTRATOR}
    broken = role_broken(state, *watchers, *IN_CONTROL)
    if broken != OK:
        return state.refused(broken)
    me, target = state.keys[state.key], state.keys.get(command.key)
    if target is not None and me.role in watchers and me.participant != target.participant:
        return state.refused(DENIED)
    broken = key_broken(target)
    if target is None or broken != OK:
        return state.refused(broken)
    target.order_max_t = command.order_max_t
    return state.event(
        OwnLimitsSet,
        key=target.number,
        participant=target.participant,
        order_max_t=target.order_max_t,
        person=me.person,
        by_key=me.number,
        explanation=command.explanation,
    )
