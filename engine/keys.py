"""Keys: who may send what, their terms, how they follow each other and how they end.

A key is enrolled once, holds until it is revoked or its last day lies behind, and never comes back. Its
row in the core says what orders it may send; the roles of all else are asked here.
"""

from ipaddress import ip_network
from typing import Final

from engine.commands import (
    AccessCommand,
    EnrolKey,
    IssueCode,
    Permission,
    RevokeKey,
    Role,
    RotateKey,
    SetOwnLimits,
)
from engine.core import layout
from engine.core.layout import MAY_AUCTION, MAY_BLOCK, MAY_CANCEL, MAY_LIST, REMOVED
from engine.events import (
    AnyEvent,
    CodeIssued,
    KeyEnrolled,
    KeyExpired,
    KeyRevoked,
    OwnLimitsSet,
)
from engine.market import OK, Figures, Market
from engine.reasons import Reason
from engine.units import QUANTITY_T_MAX, is_date
from engine.views import KeyView

PERSON_KEYS_MAX: Final = 2
"""Most keys of one person in one role that hold at a time after a rotation: the old one and the new one."""
PERMISSION_NUMBERS: Final = {
    Permission.LISTED: MAY_LIST,
    Permission.BLOCK: MAY_BLOCK,
    Permission.AUCTION: MAY_AUCTION,
    Permission.CANCEL: MAY_CANCEL,
}
ROLE_PERMISSIONS: Final[dict[Role, tuple[Permission, ...]]] = {
    Role.TRADER: tuple(Permission),
    Role.RISK: (Permission.CANCEL,),
}
"""What orders a role may send at most; the roles that are not here send none."""
COMPANY_ROLES: Final = (Role.TRADER, Role.RISK, Role.ADMINISTRATOR)
"""Roles whose keys name a participant."""
CONTROL_ROLES: Final = (Role.OPERATOR, Role.SUPERVISOR)
"""Roles that control the market, always two persons of them."""
CONTROLLERS_MIN: Final = 2
LIMIT_ROLES: Final = (Role.RISK, Role.ADMINISTRATOR)
"""Roles that may limit the keys of their own participant; those in control may limit any."""
Terms = EnrolKey | IssueCode | CodeIssued | KeyEnrolled
"""What names the terms of a key: role, person, participant and the four limits of what it may do."""


# ---------------------------------------------------------------- asking who sends


def key_broken(market: Market, number: int) -> Figures:
    """Say whether a key is enrolled and still holds."""
    if market.key(number) is None:
        return Reason.KEY_UNKNOWN, 0, 0
    end = market.key_ends.get(number)
    if end is None:
        return OK
    if isinstance(end, KeyRevoked):
        return Reason.KEY_REVOKED, number, 0
    return Reason.KEY_EXPIRED, 0, 0


def role_broken(market: Market, *roles: Role) -> Figures:
    """Say whether the sender may send this kind of command; no role stands for the sequencer's own."""
    number = market.hand.key
    if number == 0:
        return (Reason.ROLE_NOT_PERMITTED, 0, 0) if roles else OK
    broken = key_broken(market, number)
    if broken != OK:
        return broken
    return OK if sender(market).role in roles else (Reason.ROLE_NOT_PERMITTED, 0, 0)


def permission_broken(market: Market, permission: Permission) -> Figures:
    """Say whether the sender may do something that no order row is made for."""
    number = market.hand.key
    if number == 0:
        return Reason.ROLE_NOT_PERMITTED, 0, 0
    broken = key_broken(market, number)
    if broken != OK:
        return broken
    may = permission in sender(market).permissions
    return OK if may else (Reason.ROLE_NOT_PERMITTED, 0, 0)


def sender(market: Market) -> KeyEnrolled:
    """Return the key of the entry in hand, which is enrolled."""
    key = market.key(market.hand.key)
    assert key is not None
    return key


# ---------------------------------------------------------------- terms and enrolment


def terms_broken(market: Market, terms: Terms) -> Figures:
    """Return the first rule that the terms of a new key break."""
    if terms.role in COMPANY_ROLES:
        if not market.is_participant(terms.participant):
            return Reason.PARTICIPANT_UNKNOWN, terms.participant, 0
        if is_removed(market, terms.participant):
            return Reason.PARTICIPANT_REMOVED, 0, 0
    elif terms.participant != 0:
        return Reason.ROLE_NOT_PERMITTED, 0, 0
    if not set(terms.permissions) <= set(ROLE_PERMISSIONS.get(terms.role, ())):
        return Reason.ROLE_NOT_PERMITTED, 0, 0
    for place, address in enumerate(terms.addresses, 1):
        if not _is_address(address):
            return Reason.KEY_ADDRESS_INVALID, place, 0
    return _last_day_broken(market, terms.valid_until)


def _is_address(text: str) -> bool:
    """Say whether a text is an address or a prefix that leaves no bits of a host (RFC 4632, RFC 4291)."""
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


def _last_day_broken(market: Market, date: str) -> Figures:
    if date == "":
        return OK
    if not is_date(date):
        return Reason.DATE_INVALID, 0, 0
    return (Reason.KEY_EXPIRED, 0, 0) if date < market.date else OK


def is_removed(market: Market, participant: int) -> bool:
    """Say whether a participant is removed from the market."""
    return int(market.core.state.restrictions[participant]) & REMOVED != 0


def new_key_broken(market: Market, public_key: str, terms: Terms) -> Figures:
    """Return the first rule that a new key breaks."""
    if public_key in market.key_numbers:
        return Reason.KEY_ALREADY_ENROLLED, market.key_numbers[public_key], 0
    broken = terms_broken(market, terms)
    if broken != OK:
        return broken
    limit = market.profile.capacity.keys
    return (Reason.KEYS_FULL, limit, 0) if len(market.keys) >= limit else OK


def full_permissions(role: Role, named: tuple[Permission, ...]) -> tuple[Permission, ...]:
    """Return all that a key may, each once and in the order of `Permission`; nothing named is all."""
    of_role = ROLE_PERMISSIONS.get(role, ())
    return tuple(row for row in of_role if row in named) if named else of_role


def enrol(market: Market, action: EnrolKey, place: int = -1) -> AnyEvent:
    """Enrol a key, or refuse it."""
    broken = new_key_broken(market, action.public_key, action)
    if broken != OK:
        return market.refused(broken, place)
    return add_key(market, action.public_key, action)


def add_key(
    market: Market,
    public_key: str,
    terms: Terms,
    *,
    previous: int = 0,
    code: int = 0,
) -> KeyEnrolled:
    """Enrol a key on terms that break no rule."""
    enrolled = market.event(
        KeyEnrolled,
        key=len(market.keys) + 1,
        public_key=public_key,
        role=terms.role,
        person=terms.person,
        participant=terms.participant,
        permissions=full_permissions(terms.role, terms.permissions),
        addresses=terms.addresses,
        valid_until=terms.valid_until,
        on_disconnect=terms.on_disconnect,
        previous=previous,
        code=code,
    )
    note_key(market, enrolled)
    return enrolled


def note_key(market: Market, enrolled: KeyEnrolled) -> None:
    """Keep an enrolled key, the next by number, where the core looks for it too."""
    market.keys.append(enrolled)
    market.key_numbers[enrolled.public_key] = enrolled.key
    market.person_keys[_person_of(enrolled)] = market.person_keys.get(_person_of(enrolled), 0) + 1
    if enrolled.role in CONTROL_ROLES:
        market.control_keys.append(enrolled.key)
    if enrolled.valid_until:
        market.dated_keys[enrolled.key] = enrolled.valid_until
    if enrolled.code:
        market.claims[enrolled.code] = enrolled.key
    row = market.core.state.keys[enrolled.key]
    row["participant"] = enrolled.participant
    row["permissions"] = sum(PERMISSION_NUMBERS[name] for name in enrolled.permissions)
    _mark_own_limit(market, enrolled.key)
    market.core.market["key_count"] = enrolled.key


def _person_of(key: KeyEnrolled) -> tuple[str, Role, int]:
    return key.person, key.role, key.participant


# ---------------------------------------------------------------- following each other, ending


def take_access(market: Market, command: AccessCommand) -> list[AnyEvent]:
    """Answer a rotation or a revocation, which any enrolled key may send, or own limits."""
    may_limit = (*LIMIT_ROLES, *CONTROL_ROLES)
    roles = may_limit if isinstance(command, SetOwnLimits) else tuple(Role)
    broken = role_broken(market, *roles)
    if broken != OK:
        return [market.refused(broken)]
    if isinstance(command, SetOwnLimits):
        return [_limit(market, command)]
    if isinstance(command, RotateKey):
        return [_rotate(market, command)]
    return [_revoke(market, command)]


def _rotate(market: Market, command: RotateKey) -> AnyEvent:
    """Enrol the next key of the sender on the same terms; the old one holds until it is revoked."""
    old = sender(market)
    broken = new_key_broken(market, command.public_key, old)
    if broken == OK and market.person_keys[_person_of(old)] >= PERSON_KEYS_MAX:
        broken = Reason.PERSON_KEYS_FULL, PERSON_KEYS_MAX, 0
    if broken != OK:
        return market.refused(broken)
    enrolled = add_key(market, command.public_key, old, previous=old.key)
    _set_own_limit(market, enrolled.key, market.own_limits_t.get(old.key, 0))
    return enrolled


def _revoke(market: Market, command: RevokeKey) -> AnyEvent:
    key, by = market.key(command.key), sender(market)
    if key is None:
        return market.refused((Reason.KEY_UNKNOWN, 0, 0))
    is_own = (key.person, key.participant) == (by.person, by.participant)
    is_of_company = by.role is Role.ADMINISTRATOR and key.participant == by.participant
    if not (is_own or is_of_company or by.role in CONTROL_ROLES):
        return market.refused((Reason.ROLE_NOT_PERMITTED, 0, 0))
    broken = key_broken(market, key.key)
    if broken == OK and not _leaves_control(market, key):
        broken = Reason.LAST_OPERATORS, 0, 0
    if broken != OK:
        return market.refused(broken)
    revoked = market.event(
        KeyRevoked,
        key=key.key,
        participant=key.participant,
        by_key=by.key,
        person=by.person,
        explanation=command.explanation,
    )
    note_end(market, revoked)
    return revoked


def _leaves_control(market: Market, key: KeyEnrolled) -> bool:
    """Say whether without a key two persons can still control the market, one of whom may approve."""
    if key.role not in CONTROL_ROLES:
        return True
    others = [market.keys[n - 1] for n in market.control_keys if n != key.key]
    persons = {other.person for other in others}
    is_approved = market.profile.control.approvers == "operators" or any(
        other.role is Role.SUPERVISOR for other in others
    )
    return len(persons) >= CONTROLLERS_MIN and is_approved


def note_end(market: Market, end: KeyRevoked | KeyExpired) -> None:
    """Keep that a key holds no more, where the core looks for it too."""
    key = market.keys[end.key - 1]
    market.key_ends[end.key] = end
    market.person_keys[_person_of(key)] -= 1
    market.dated_keys.pop(end.key, None)
    if key.role in CONTROL_ROLES:
        market.control_keys.remove(end.key)
    is_revoked = isinstance(end, KeyRevoked)
    mark = layout.KEY_REVOKED if is_revoked else layout.KEY_EXPIRED
    market.core.state.keys[end.key]["permissions"] = mark


# ---------------------------------------------------------------- own limits


def _limit(market: Market, command: SetOwnLimits) -> AnyEvent:
    """Limit the orders of a key from now on; what it placed before stands as it is."""
    key, by = market.key(command.key), sender(market)
    if key is None:
        return market.refused((Reason.KEY_UNKNOWN, 0, 0))
    if by.role not in CONTROL_ROLES and key.participant != by.participant:
        return market.refused((Reason.ROLE_NOT_PERMITTED, 0, 0))
    broken = key_broken(market, key.key)
    if broken != OK:
        return market.refused(broken)
    _set_own_limit(market, key.key, command.order_max_t)
    return market.event(
        OwnLimitsSet,
        key=key.key,
        participant=key.participant,
        order_max_t=command.order_max_t,
        person=by.person,
        by_key=by.key,
        explanation=command.explanation,
    )


def _set_own_limit(market: Market, key: int, order_max_t: int) -> None:
    """Keep the most tonnes of one order of a key, where the core looks for it too; 0 is none."""
    if order_max_t:
        market.own_limits_t[key] = order_max_t
    else:
        market.own_limits_t.pop(key, None)
    _mark_own_limit(market, key)


def _mark_own_limit(market: Market, key: int) -> None:
    """Write a limit that every quantity keeps to where the key has none: the core compares once."""
    limit_t = market.own_limits_t.get(key, QUANTITY_T_MAX)
    market.core.state.keys[key]["order_max_t"] = limit_t


# ---------------------------------------------------------------- the last day


def expire(market: Market) -> list[AnyEvent]:
    """End the keys whose last day lies behind, by number, as a day opens.

    Keys without which nobody could control the market hold on until others are enrolled.
    """
    over = [number for number, date in market.dated_keys.items() if date < market.date]
    events: list[AnyEvent] = []
    for number in sorted(over):
        key = market.keys[number - 1]
        if _leaves_control(market, key):
            expired = market.event(KeyExpired, key=number, participant=key.participant)
            note_end(market, expired)
            events.append(expired)
    return events


# ---------------------------------------------------------------- view


def views(market: Market) -> tuple[KeyView, ...]:
    """Return all keys that were ever enrolled, by number."""
    return tuple(_view(market, key) for key in market.keys)


def _view(market: Market, key: KeyEnrolled) -> KeyView:
    end = market.key_ends.get(key.key)
    return KeyView(
        key=key.key,
        public_key=key.public_key,
        role=key.role,
        person=key.person,
        participant=key.participant,
        permissions=key.permissions,
        addresses=key.addresses,
        valid_until=key.valid_until,
        on_disconnect=key.on_disconnect,
        previous=key.previous,
        code=key.code,
        time_ns=key.time_ns,
        state="active" if end is None else "revoked" if isinstance(end, KeyRevoked) else "expired",
        order_max_t=market.own_limits_t.get(key.key, 0),
    )
