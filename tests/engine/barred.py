"""Who may not send, in as many ways as there are: keys that are over, and participants that are barred."""

from collections.abc import Collection

from engine.commands import (
    EnrolKey,
    RemoveParticipant,
    Restriction,
    RestrictParticipant,
    RevokeKey,
    Role,
    SetOwnLimits,
    StopTrading,
)
from engine.events import KeyEnrolled
from engine.reasons import Reason
from tests.markets import OPERATOR_ONE, Desk, public_key, trader

RESTRICTIONS = {
    Reason.PARTICIPANT_SUSPENDED: Restriction.SUSPENDED,
    Reason.BUYING_RESTRICTED: Restriction.NO_BUYING,
    Reason.SELLING_RESTRICTED: Restriction.NO_SELLING,
}
BARS = (
    Reason.PARTICIPANT_REMOVED,
    Reason.PARTICIPANT_SUSPENDED,
    Reason.TRADING_STOPPED,
    Reason.BUYING_RESTRICTED,
    Reason.SELLING_RESTRICTED,
)
"""What bars a participant, the strongest first."""
UNKNOWN_KEY = 999


def sending_key(desk: Desk, broken: Collection[object], sender: int) -> int:
    """Return a trader's key, or one that may not or holds no more once the first day has opened."""
    if Reason.KEY_UNKNOWN in broken:
        return UNKNOWN_KEY
    may_not = Reason.ROLE_NOT_PERMITTED in broken
    is_over = Reason.KEY_REVOKED in broken or Reason.KEY_EXPIRED in broken
    if not is_over:
        return OPERATOR_ONE if may_not else trader(sender)
    wish = EnrolKey(
        public_key=public_key(900),
        role=Role.READER if may_not else Role.TRADER,
        person="演示限期",
        participant=0 if may_not else sender,
        valid_until="2021-07-15",
    )
    (enrolled,) = desk.approve(wish)
    assert isinstance(enrolled, KeyEnrolled)
    if Reason.KEY_REVOKED in broken:
        desk.send(OPERATOR_ONE, RevokeKey(key=enrolled.key, explanation="演示"))
    return enrolled.key


def bar(desk: Desk, broken: Collection[object], sender: int) -> None:
    """Bar the sender: an operators' restriction, a stop by its own people, a removal."""
    restriction = next((RESTRICTIONS[reason] for reason in RESTRICTIONS if reason in broken), None)
    if restriction:
        desk.approve(RestrictParticipant(participant=sender, restriction=restriction))
    if Reason.TRADING_STOPPED in broken:
        desk.send(trader(sender), StopTrading(explanation="演示"))
    if Reason.PARTICIPANT_REMOVED in broken:
        desk.approve(RemoveParticipant(participant=sender, explanation="演示"))


def limit(desk: Desk, broken: Collection[object], key: int) -> None:
    """Leave a key no order but of one tonne."""
    if Reason.OWN_LIMIT in broken:
        desk.send(OPERATOR_ONE, SetOwnLimits(key=key, order_max_t=1, explanation="演示"))
