"""The oracle's people: which key may do what, how keys come, follow each other and end, codes to claim them."""

import socket
from calendar import monthrange
from typing import Any

from engine.commands import (
    AcceptBlock,
    AnyCommand,
    ApplyAuction,
    CancelOrder,
    ClaimKey,
    ConfirmBlock,
    CounterBlock,
    EnrolKey,
    IssueCode,
    OfferBlock,
    OfferBlockToGroup,
    Permission,
    PickListing,
    PlaceBid,
    PlaceListing,
    RecordAccess,
    ReduceOrder,
    RefuseBlock,
    RevokeKey,
    Role,
    RotateKey,
    SetBlockGroup,
    TakeListings,
)
from engine.events import (
    AccessRecorded,
    AnyEvent,
    CodeIssued,
    KeyEnrolled,
    KeyExpired,
    KeyRevoked,
)
from engine.reasons import Reason
from engine.views import CodeView, KeyView
from tests.oracle.records import CodeRecord, KeyRecord
from tests.oracle.state import Figures, State

OK: Figures = (Reason.NONE, 0, 0)
DENIED: Figures = (Reason.ROLE_NOT_PERMITTED, 0, 0)
OF_A_COMPANY = {Role.TRADER, Role.RISK, Role.ADMINISTRATOR}
IN_CONTROL = {Role.OPERATOR, Role.SUPERVISOR}
NEEDS: dict[type, Permission] = {
    kind: permission
    for kinds, permission in (
        ((PlaceListing, PickListing, TakeListings), Permission.LISTED),
        ((OfferBlock, AcceptBlock, OfferBlockToGroup, CounterBlock), Permission.BLOCK),
        ((ConfirmBlock, RefuseBlock, SetBlockGroup), Permission.BLOCK),
        ((ApplyAuction, PlaceBid), Permission.AUCTION),
        ((CancelOrder, ReduceOrder), Permission.CANCEL),
    )
    for kind in kinds
}
"""What a trader must be permitted to send each command about orders."""


# ---------------------------------------------------------------- may it


def key_broken(record: KeyRecord | None) -> Figures:
    """Say whether a key exists and holds."""
    if record is None:
        return Reason.KEY_UNKNOWN, 0, 0
    if record.state == "revoked":
        return Reason.KEY_REVOKED, record.number, 0
    return (Reason.KEY_EXPIRED, 0, 0) if record.state == "expired" else OK


def role_broken(state: State, *roles: Role | None) -> Figures:
    """Say whether the sender may send this kind; role None stands for the sequencer's own."""
    if state.key == 0:
        return OK if None in roles else DENIED
    record = state.keys.get(state.key)
    broken = key_broken(record)
    if record is None or broken != OK:
        return broken
    return OK if record.role in roles else DENIED


def sender_broken(state: State, command: AnyCommand) -> Figures:
    """Say whether the sender may send a command about orders."""
    if state.key == 0:
        return DENIED
    record = state.keys.get(state.key)
    broken = key_broken(record)
    if record is None or broken != OK:
        return broken
    return OK if NEEDS[type(command)] in record.permissions else DENIED


def allowed(role: Role) -> set[Permission]:
    """Return what a role may send at most."""
    if role == Role.TRADER:
        return set(Permission)
    return {Permission.CANCEL} if role == Role.RISK else set()


# ---------------------------------------------------------------- a new key


def address_is_good(text: str) -> bool:
    """Say whether the system's own reading of addresses takes a text, and a prefix leaves no host bits."""
    host, slash, length = text.partition("/")
    for family, size in ((socket.AF_INET, 32), (socket.AF_INET6, 128)):
        try:
            number = int.from_bytes(socket.inet_pton(family, host), "big")
        except OSError:
            continue
        bits = int(length) if slash else size
        return bits <= size and number % (1 << (size - bits)) == 0
    return False


def terms_broken(state: State, terms: EnrolKey | IssueCode | CodeRecord | KeyRecord) -> Figures:
    """Return the first rule that the terms of a key break."""
    if terms.role not in OF_A_COMPANY and terms.participant:
        return DENIED
    if terms.role in OF_A_COMPANY:
        if terms.participant not in state.participants:
            return Reason.PARTICIPANT_UNKNOWN, terms.participant, 0
        if terms.participant in state.removed:
            return Reason.PARTICIPANT_REMOVED, 0, 0
    if any(row not in allowed(terms.role) for row in terms.permissions):
        return DENIED
    bad = [place for place, row in enumerate(terms.addresses) if not address_is_good(row)]
    if bad:
        return Reason.KEY_ADDRESS_INVALID, bad[0] + 1, 0
    if terms.valid_until:
        year, month, day = map(int, terms.valid_until.split("-"))
        if not 1 <= month <= 12 or not 1 <= day <= monthrange(year or 2000, month)[1]:
            return Reason.DATE_INVALID, 0, 0
        if terms.valid_until < state.date:
            return Reason.KEY_EXPIRED, 0, 0
    return OK


def key_of(state: State, public_key: str) -> int:
    """Return the key that was ever enrolled under a public key, 0 if none."""
    return next((row.number for row in state.keys.values() if row.public_key == public_key), 0)


def new_key_broken(
    state: State, public_key: str, terms: EnrolKey | CodeRecord | KeyRecord
) -> Figures:
    """Say whether a key may be enrolled."""
    known = key_of(state, public_key)
    if known:
        return Reason.KEY_ALREADY_ENROLLED, known, 0
    broken = terms_broken(state, terms)
    limit = state.profile.capacity.keys
    return (Reason.KEYS_FULL, limit, 0) if broken == OK and len(state.keys) >= limit else broken


def enrol(
    state: State,
    public_key: str,
    terms: EnrolKey | CodeRecord | KeyRecord,
    previous: int = 0,
    code: int = 0,
) -> KeyEnrolled:
    """Enrol a key, whatever asked for it."""
    number = len(state.keys) + 1
    wanted = set(terms.permissions) or allowed(terms.role)
    record = KeyRecord(
        number,
        public_key,
        terms.role,
        terms.person,
        terms.participant,
        permissions=tuple(row for row in Permission if row in wanted),
        addresses=terms.addresses,
        valid_until=terms.valid_until,
        on_disconnect=terms.on_disconnect,
        previous=previous,
        code=code,
        time_ns=state.entry_ns,
    )
    state.keys[number] = record
    return state.event(KeyEnrolled, key=number, **_told(record), previous=previous, code=code)


def _told(record: KeyRecord) -> dict[str, Any]:
    return {"public_key": record.public_key, **_terms_told(record)}


def _terms_told(row: KeyRecord | CodeRecord) -> dict[str, Any]:
    names = ("role", "person", "participant", "permissions", "addresses")
    return {name: getattr(row, name) for name in (*names, "valid_until", "on_disconnect")}


def enrol_action(state: State, action: EnrolKey, place: int) -> AnyEvent:
    """Enrol a key that two persons want, or the sequencer."""
    broken = new_key_broken(state, action.public_key, action)
    if broken != OK:
        return state.refused(broken, action=place)
    return enrol(state, action.public_key, action)


# ---------------------------------------------------------------- rotation, revocation, expiry


def take_access(state: State, command: RotateKey | RevokeKey) -> list[AnyEvent]:
    """Answer what every key may do about keys: follow itself, end some."""
    broken = role_broken(state, *Role)
    if broken != OK:
        return [state.refused(broken)]
    me = state.keys[state.key]
    if isinstance(command, RotateKey):
        broken = new_key_broken(state, command.public_key, me)
        alike = [row for row in state.keys.values() if row.holds and row.who == me.who]
        if broken == OK and len(alike) >= 2:
            broken = Reason.PERSON_KEYS_FULL, 2, 0
        if broken == OK:
            told = enrol(state, command.public_key, me, previous=me.number)
            state.keys[told.key].order_max_t = me.order_max_t
            return [told]
        return [state.refused(broken)]
    broken = _revoke_broken(state, me, state.keys.get(command.key))
    if broken != OK:
        return [state.refused(broken)]
    gone = state.keys[command.key]
    gone.state = "revoked"
    return [
        state.event(
            KeyRevoked,
            key=gone.number,
            participant=gone.participant,
            by_key=me.number,
            person=me.person,
            explanation=command.explanation,
        )
    ]


def _revoke_broken(state: State, me: KeyRecord, target: KeyRecord | None) -> Figures:
    if target is None:
        return Reason.KEY_UNKNOWN, 0, 0
    is_mine = me.person == target.person and me.participant == target.participant
    is_ours = me.role == Role.ADMINISTRATOR and me.participant == target.participant
    if me.role not in IN_CONTROL and not is_mine and not is_ours:
        return DENIED
    broken = key_broken(target)
    if broken == OK and locks_out(state, target):
        return Reason.LAST_OPERATORS, 0, 0
    return broken


def locks_out(state: State, target: KeyRecord) -> bool:
    """Say whether the end of a key would leave nobody to make and approve the exchange's proposals."""
    if target.role not in IN_CONTROL:
        return False
    rest = [row for row in state.keys.values() if row.holds and row is not target]
    people = {row.person for row in rest if row.role in IN_CONTROL}
    if len(people) < 2:
        return True
    is_strict = state.profile.control.approvers == "supervisors"
    return is_strict and not any(row.role == Role.SUPERVISOR for row in rest)


def expire(state: State) -> list[AnyEvent]:
    """End the keys whose last day is over, but for those that control cannot do without."""
    events: list[AnyEvent] = []
    for row in state.keys.values():
        is_over = row.holds and row.valid_until != "" and row.valid_until < state.date
        if is_over and not locks_out(state, row):
            row.state = "expired"
            events.append(state.event(KeyExpired, key=row.number, participant=row.participant))
    return events


# ---------------------------------------------------------------- codes


def issue_code(state: State, action: IssueCode, place: int) -> AnyEvent:
    """Issue an enrolment code that two persons want."""
    broken = _issue_broken(state, action)
    if broken != OK:
        return state.refused(broken, action=place)
    state.code_number += 1
    wanted = set(action.permissions) or allowed(action.role)
    record = CodeRecord(
        state.code_number,
        action.code_hash,
        action.code_valid_until_ns,
        action.role,
        action.person,
        action.participant,
        tuple(row for row in Permission if row in wanted),
        action.addresses,
        action.valid_until,
        action.on_disconnect,
        state.entry_ns,
    )
    state.codes[record.number] = record
    return state.event(
        CodeIssued,
        code=record.number,
        code_hash=record.code_hash,
        code_valid_until_ns=record.until_ns,
        **_terms_told(record),
    )


def _issue_broken(state: State, action: IssueCode) -> Figures:
    for row in state.codes.values():
        if row.code_hash == action.code_hash:
            return Reason.CODE_USED, row.number, 0
    if state.entry_ns > action.code_valid_until_ns:
        return Reason.CODE_EXPIRED, action.code_valid_until_ns, 0
    broken = terms_broken(state, action)
    if broken != OK:
        return broken
    limit = state.profile.capacity.codes
    waiting = [row for row in state.codes.values() if not claimed_by(state, row)]
    return (Reason.CODES_FULL, limit, 0) if len(waiting) >= limit else OK


def claimed_by(state: State, code: CodeRecord) -> int:
    """Return the key that was claimed with a code, 0 if none was."""
    return next((row.number for row in state.keys.values() if row.code == code.number), 0)


def claim_key(state: State, command: ClaimKey) -> AnyEvent:
    """Enrol the key of who knows a code."""
    found = [row for row in state.codes.values() if row.code_hash == command.code_hash]
    if not found:
        return state.refused((Reason.CODE_UNKNOWN, 0, 0))
    code = found[0]
    if claimed_by(state, code):
        return state.refused((Reason.CODE_USED, code.number, 0))
    if state.entry_ns > code.until_ns:
        return state.refused((Reason.CODE_EXPIRED, code.until_ns, 0))
    broken = new_key_broken(state, command.public_key, code)
    if broken != OK:
        return state.refused(broken)
    return enrol(state, command.public_key, code, code=code.number)


def drop_codes(state: State) -> None:
    """Forget, as a day opens, the codes that nobody can claim any more."""
    for row in list(state.codes.values()):
        if row.until_ns < state.entry_ns and not claimed_by(state, row):
            del state.codes[row.number]


# ---------------------------------------------------------------- records and views


def record_access(state: State, command: RecordAccess) -> AnyEvent:
    """Repeat in the log what the gateway saw."""
    names = ("kind", "key", "public_key", "person", "address", "code", "connection", "count")
    return state.event(AccessRecorded, **{name: getattr(command, name) for name in names})


def show_keys(state: State) -> tuple[KeyView, ...]:
    """Return all keys with what became of them."""
    return tuple(
        KeyView(
            key=row.number,
            **_told(row),
            previous=row.previous,
            code=row.code,
            time_ns=row.time_ns,
            state=row.state,
            order_max_t=row.order_max_t,
        )
        for row in state.keys.values()
    )


def show_codes(state: State) -> tuple[CodeView, ...]:
    """Return the codes that wait or were claimed."""
    return tuple(
        CodeView(
            code=row.number,
            code_hash=row.code_hash,
            code_valid_until_ns=row.until_ns,
            **_terms_told(row),
            time_ns=row.time_ns,
            key=claimed_by(state, row),
        )
        for row in state.codes.values()
    )
