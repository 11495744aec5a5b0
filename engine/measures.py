"""What the exchange may forbid a participant, always by two operators (R17, R76)."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.commands import Restriction, RestrictParticipant
from engine.core.layout import NO_BUYING, NO_SELLING, SUSPENDED, UNRESTRICTED
from engine.core.records import EVENT_BY_SUSPENSION, CommandKind
from engine.ending import end_orders, open_orders
from engine.events import AnyEvent, ParticipantRestricted
from engine.market import Market
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
    market.core.state.restrictions[number] = RESTRICTION_NUMBERS[action.restriction]
    restricted = market.event(
        ParticipantRestricted, participant=number, restriction=action.restriction
    )
    if action.restriction != Restriction.SUSPENDED:
        return [restricted]
    ended = _orders_of_or_to(market, number)
    return [restricted, *end_orders(market, ended, EVENT_BY_SUSPENSION)]


def _orders_of_or_to(market: Market, participant: int) -> NDArray[np.int64]:
    """Return the open orders of a participant and the offers to it, by number."""
    numbers = open_orders(market)
    rows = market.core.state.orders[numbers]
    is_own = rows["participant"] == participant
    is_offered = (rows["kind"] == CommandKind.OFFER_BLOCK) & (rows["target"] == participant)
    chosen: NDArray[np.int64] = numbers[is_own | is_offered]
    return chosen
