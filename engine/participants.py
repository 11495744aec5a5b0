"""Who takes part: admission, removal and return by two operators, the stop of trading by one's own people.

Admission follows R12 and R14, the list of key emitting units of a compliance year. Removed, suspended and
stopped bar in this order, and none of them lifts another: each is a bit of its own in the core's row.
"""

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from engine import operations
from engine.commands import (
    AdmitParticipant,
    AllowTrading,
    CancelCause,
    Category,
    ParticipantCommand,
    Permission,
    RemoveParticipant,
    RestoreParticipant,
    Role,
    StopTrading,
)
from engine.core.layout import REMOVED, STANDS, STOPPED
from engine.core.records import CommandKind
from engine.credit_code import is_credit_code
from engine.events import (
    AnyEvent,
    ParticipantAdmitted,
    ParticipantRemoved,
    ParticipantRestored,
    TradingAllowed,
    TradingStopped,
)
from engine.keys import is_removed, role_broken, sender
from engine.market import OK, Figures, Market
from engine.measures import mark_limit, orders_of_or_to
from engine.reasons import Reason

# ---------------------------------------------------------------- admission


def _identities(action: AdmitParticipant | ParticipantAdmitted) -> tuple[tuple[str, str], ...]:
    """Return what only one participant may have (R14)."""
    return (
        ("credit_code", action.credit_code),
        ("registry_account", action.registry_account),
        ("funds_account", action.funds_account),
    )


def admit(market: Market, action: AdmitParticipant, place: int) -> AnyEvent:
    """Admit an entity, or refuse it."""
    broken = _admit_broken(market, action)
    if broken != OK:
        return market.refused(broken, place)
    admitted = market.event(
        ParticipantAdmitted,
        participant=len(market.participants) + 1,
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


def _admit_broken(market: Market, action: AdmitParticipant) -> Figures:
    if action.category != Category.KEY_EMITTING_UNIT:
        return Reason.NOT_KEY_EMITTING_UNIT, 0, 0
    if market.profile.credit_code_check and not is_credit_code(action.credit_code):
        return Reason.INVALID_CREDIT_CODE, 0, 0
    known = [market.identities[i] for i in _identities(action) if i in market.identities]
    if known:
        first = min(known)
        if is_removed(market, first):
            return Reason.PARTICIPANT_REMOVED, 0, 0
        return Reason.ALREADY_ADMITTED, first, 0
    limit = market.profile.capacity.participants
    if len(market.participants) >= limit:
        return Reason.PARTICIPANTS_FULL, limit, 0
    return OK


def note_participant(market: Market, admitted: ParticipantAdmitted) -> None:
    """Keep an admitted participant, the next by number."""
    market.participants.append(admitted)
    market.identities.update(dict.fromkeys(_identities(admitted), admitted.participant))
    market.core.market["participant_count"] = admitted.participant
    mark_limit(market, admitted.participant)


# ---------------------------------------------------------------- removal and return


def remove(market: Market, action: RemoveParticipant, place: int) -> list[AnyEvent]:
    """Remove a participant: its orders and the offers to it end, its trades settle as they would."""
    number = action.participant
    if not market.is_participant(number):
        return [market.refused((Reason.PARTICIPANT_UNKNOWN, number, 0), place)]
    if is_removed(market, number):
        return [market.refused((Reason.PARTICIPANT_REMOVED, 0, 0), place)]
    market.core.state.restrictions[number] |= REMOVED
    removed = market.event(ParticipantRemoved, participant=number, explanation=action.explanation)
    ended = orders_of_or_to(market, number)
    return [removed, *operations.end(market, ended, CancelCause.REMOVAL)]


def restore(market: Market, action: RestoreParticipant, place: int) -> AnyEvent:
    """Let a removed participant take part again; what else bars it stays."""
    number = action.participant
    if not market.is_participant(number):
        return market.refused((Reason.PARTICIPANT_UNKNOWN, number, 0), place)
    if not is_removed(market, number):
        return market.refused((Reason.PARTICIPANT_NOT_REMOVED, number, 0), place)
    market.core.state.restrictions[number] &= ~np.uint8(REMOVED)
    restored = market.event(
        ParticipantRestored, participant=number, compliance_year=action.compliance_year
    )
    row = market.participants[number - 1]
    market.participants[number - 1] = structs.replace(row, compliance_year=action.compliance_year)
    return restored


# ---------------------------------------------------------------- the stop of own trading


def take_own(market: Market, command: ParticipantCommand) -> list[AnyEvent]:
    """Answer the stop of the sender's own trading, or its end."""
    if isinstance(command, StopTrading):
        return _stop(market, command)
    return [_allow(market, command)]


def _stop(market: Market, command: StopTrading) -> list[AnyEvent]:
    """Stop trading at once: what binds its owner stands, all else ends."""
    broken = role_broken(market, Role.RISK, Role.ADMINISTRATOR, Role.TRADER)
    if broken == OK:
        broken = _stop_broken(market)
    if broken != OK:
        return [market.refused(broken)]
    by = sender(market)
    market.core.state.restrictions[by.participant] |= STOPPED
    stopped = market.event(
        TradingStopped,
        participant=by.participant,
        key=by.key,
        person=by.person,
        explanation=command.explanation,
    )
    market.stops[by.participant] = stopped
    return [
        stopped,
        *operations.end(market, _free_orders(market, by.participant), CancelCause.STOP),
    ]


def _stop_broken(market: Market) -> Figures:
    by = sender(market)
    if by.role is Role.TRADER and set(by.permissions) != set(Permission):
        return Reason.ROLE_NOT_PERMITTED, 0, 0
    if is_removed(market, by.participant):
        return Reason.PARTICIPANT_REMOVED, 0, 0
    return (Reason.TRADING_STOPPED, 0, 0) if by.participant in market.stops else OK


def _free_orders(market: Market, participant: int) -> NDArray[np.int64]:
    """Return the open orders of a participant but for announced auctions and bids that cannot be withdrawn."""
    numbers = operations.open_orders(market)
    rows = market.core.state.orders[numbers]
    chosen: NDArray[np.int64] = numbers[(rows["participant"] == participant) & ~binding(rows)]
    return chosen


def binding(rows: NDArray[np.void]) -> NDArray[np.bool_]:
    """Say of each order row whether it binds its owner: it stands in an auction that goes on without it."""
    in_auction = (rows["kind"] == CommandKind.APPLY_AUCTION) | (
        rows["kind"] == CommandKind.PLACE_BID
    )
    is_bound: NDArray[np.bool_] = in_auction & (rows["position"] > 0) & (rows["state"] == STANDS)
    return is_bound


def _allow(market: Market, command: AllowTrading) -> AnyEvent:
    broken = role_broken(market, Role.RISK, Role.ADMINISTRATOR)
    if broken == OK:
        broken = _allow_broken(market)
    if broken != OK:
        return market.refused(broken)
    by = sender(market)
    market.core.state.restrictions[by.participant] &= ~np.uint8(STOPPED)
    del market.stops[by.participant]
    return market.event(
        TradingAllowed,
        participant=by.participant,
        key=by.key,
        person=by.person,
        explanation=command.explanation,
    )


def _allow_broken(market: Market) -> Figures:
    by = sender(market)
    if is_removed(market, by.participant):
        return Reason.PARTICIPANT_REMOVED, 0, 0
    stop = market.stops.get(by.participant)
    if stop is None:
        return Reason.TRADING_NOT_STOPPED, 0, 0
    return (Reason.SAME_PERSON, 0, 0) if stop.person == by.person else OK
