"""What the exchange may forbid, freeze or limit, always by two operators (R17, R73, R76)."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine import operations
from engine.commands import (
    CancelCause,
    FreezeHolding,
    ReleaseHolding,
    Restriction,
    RestrictParticipant,
    SetAllowance,
)
from engine.core.layout import BY_OPERATORS, NO_BUYING, NO_SELLING, SUSPENDED, UNRESTRICTED
from engine.core.records import CommandKind
from engine.events import (
    AllowanceSet,
    AnyEvent,
    HoldingFrozen,
    HoldingReleased,
    ParticipantRestricted,
)
from engine.market import OK, Figures, Market
from engine.reasons import Reason

RESTRICTION_NUMBERS: Final = {
    Restriction.NONE: UNRESTRICTED,
    Restriction.NO_BUYING: NO_BUYING,
    Restriction.NO_SELLING: NO_SELLING,
    Restriction.SUSPENDED: SUSPENDED,
}


def restrict(market: Market, action: RestrictParticipant, place: int) -> list[AnyEvent]:
    """Restrict a participant or lift it (R76); whoever is suspended leaves no order behind."""
    number = action.participant
    if not market.is_participant(number):
        return [market.refused((Reason.PARTICIPANT_UNKNOWN, number, 0), place)]
    barred = market.core.state.restrictions[number : number + 1]
    barred &= ~np.uint8(BY_OPERATORS)  # a stop or a removal stays
    barred |= RESTRICTION_NUMBERS[action.restriction]
    restricted = market.event(
        ParticipantRestricted, participant=number, restriction=action.restriction
    )
    if action.restriction != Restriction.SUSPENDED:
        return [restricted]
    ended = orders_of_or_to(market, number)
    return [restricted, *operations.end(market, ended, CancelCause.SUSPENSION)]


def orders_of_or_to(market: Market, participant: int) -> NDArray[np.int64]:
    """Return the open orders of a participant and the offers to it, by number."""
    numbers = operations.open_orders(market)
    rows = market.core.state.orders[numbers]
    is_own = rows["participant"] == participant
    is_offered = (rows["kind"] == CommandKind.OFFER_BLOCK) & (rows["target"] == participant)
    chosen: NDArray[np.int64] = numbers[is_own | is_offered]
    return chosen


def set_allowance(market: Market, action: SetAllowance, place: int) -> AnyEvent:
    """Set what a participant's position limit is widened by (R73)."""
    number = action.participant
    if not market.is_participant(number):
        return market.refused((Reason.PARTICIPANT_UNKNOWN, number, 0), place)
    market.allowances_t[number] = action.quantity_t
    mark_limit(market, number)
    return market.event(AllowanceSet, participant=number, quantity_t=action.quantity_t)


def mark_limit(market: Market, participant: int) -> None:
    """Write a participant's position limit where the core asks for it; 0 = none (R73)."""
    rules = market.profile.position
    widened = market.allowances_t.get(participant, 0) if rules.is_widened_by_allowance else 0
    market.core.state.limits[participant] = rules.limit_t + widened if rules.limit_t else 0


def freeze(market: Market, action: FreezeHolding | ReleaseHolding, place: int) -> AnyEvent:
    """Move available allowances to frozen ones or back (R17); what is locked stays locked."""
    broken = _freeze_broken(market, action)
    if broken != OK:
        return market.refused(broken, place)
    is_freeze = isinstance(action, FreezeHolding)
    quantity = action.quantity_t if is_freeze else -action.quantity_t
    row, state = market.holding_row(action.participant, action.product), market.core.state
    state.holdings[row]["available_t"] -= quantity
    state.stored[row]["frozen_t"] += quantity
    kind: type[HoldingFrozen | HoldingReleased] = HoldingFrozen if is_freeze else HoldingReleased
    return market.event(
        kind,
        participant=action.participant,
        product=action.product,
        quantity_t=action.quantity_t,
        document=action.document,
    )


def _freeze_broken(market: Market, action: FreezeHolding | ReleaseHolding) -> Figures:
    if not market.is_participant(action.participant):
        return Reason.PARTICIPANT_UNKNOWN, action.participant, 0
    if market.profile.product_index(action.product) < 0:
        return Reason.PRODUCT_UNKNOWN, 0, 0
    row, state = market.holding_row(action.participant, action.product), market.core.state
    if isinstance(action, FreezeHolding):
        reason, there = Reason.HOLDING_NOT_AVAILABLE, int(state.holdings[row]["available_t"])
    else:
        reason, there = Reason.FROZEN_NOT_ENOUGH, int(state.stored[row]["frozen_t"])
    return OK if action.quantity_t <= there else (reason, there, action.quantity_t)
