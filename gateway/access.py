"""Who is behind a key, from the exchange's own state, and whether a login is theirs (R12, R14)."""

import time
from collections.abc import Iterable
from typing import Final, Protocol

from msgspec import Struct

from engine.commands import OnDisconnect, Permission
from engine.events import (
    AnyEvent,
    KeyEnrolled,
    KeyExpired,
    KeyRevoked,
    ParticipantAdmitted,
    ParticipantRemoved,
    ParticipantRestored,
)
from engine.units import NANOSECONDS_PER_SECOND
from engine.views import KeyView, ParticipantView
from gateway import keys
from gateway.addresses import is_within
from gateway.codes import CLOCK_TOLERANCE_S, Fault
from gateway.enrolment_code import hash_of
from gateway.frames_inward import Enrol, Login
from gateway.limits import Settings
from gateway.login_guard import LoginGuard
from gateway.roles import OBSERVER as OBSERVER_ROLE
from gateway.wire import enrol_text, login_text

REMOVED: Final = "removed"
ENDED: Final = {"revoked": "KEY_REVOKED", "expired": "KEY_EXPIRED"}
"""Code of the refusal by the state of a key."""


class Identity(Struct, frozen=True, kw_only=True):
    """Who a connection speaks for; role `observer` has no key."""

    key: int
    role: str
    person: str
    participant: int
    participant_name: str
    permissions: tuple[Permission, ...] = ()
    """What the key may do of its role's orders."""
    valid_until: str = ""
    on_disconnect: OnDisconnect = OnDisconnect.NONE


OBSERVER: Final = Identity(key=0, role=OBSERVER_ROLE, person="", participant=0, participant_name="")


class Visit(Struct, frozen=True, kw_only=True):
    """What is known of a connection before anybody logs in on it."""

    host: str
    """The host that the client dialled; "" where this gateway does not answer for it."""
    nonce: str
    address: str = ""


class Refusal(Fault):
    """A login that is refused although its signature is genuine: who it is may be told and recorded."""

    def __init__(self, code: str, detail: object, who: KeyView | Identity) -> None:
        super().__init__(code, detail)
        self.key, self.person = who.key, who.person


class Directory(Protocol):
    """The part of the exchange that access reads at start."""

    def keys(self) -> tuple[KeyView, ...]:
        """Return the enrolled keys."""
        ...

    def participants(self) -> tuple[ParticipantView, ...]:
        """Return the admitted participants."""
        ...


class _Key(Struct):
    """A key as the log left it."""

    view: KeyView
    ended: str = ""
    """Code of the refusal that its login gets, "" while it holds."""


class _Participant(Struct):
    name: str
    is_removed: bool = False


class Access:
    """All enrolled keys and admitted participants; kept up by the events of the log."""

    def __init__(self, exchange: Directory, settings: Settings | None = None) -> None:
        settings = settings or Settings()
        self.guard = LoginGuard(settings.login_failures, settings.login_failures_per_minute)
        self._keys: dict[str, _Key] = {}
        self._public_keys: dict[int, str] = {}
        for view in exchange.keys():  # noqa: SIM118 - not a dict
            self._keep(view)
        self._participants = {
            view.participant: _Participant(view.name, view.status == REMOVED)
            for view in exchange.participants()
        }

    # ------------------------------------------------------------ from the log

    def learn(self, events: Iterable[AnyEvent]) -> dict[int, str]:
        """Take in what the log says about keys and participants; return the keys that ended, each with its code."""
        ended: dict[int, str] = {}
        for event in events:
            if type(event) in _LEARNT:
                ended |= self._learn(event)
        return ended

    def _learn(self, event: AnyEvent) -> dict[int, str]:
        match event:
            case KeyEnrolled():
                self._keep(_view_of(event))
            case KeyRevoked():
                return self._end(event.key, ENDED["revoked"])
            case KeyExpired():
                return self._end(event.key, ENDED["expired"])
            case ParticipantAdmitted():
                self._participants[event.participant] = _Participant(event.name)
            case ParticipantRestored():
                self._participants[event.participant].is_removed = False
            case ParticipantRemoved():
                self._participants[event.participant].is_removed = True
                views = (key.view for key in self._keys.values())
                theirs = (view.key for view in views if view.participant == event.participant)
                return dict.fromkeys(theirs, "PARTICIPANT_REMOVED")
        return {}

    def _keep(self, view: KeyView) -> None:
        self._keys[view.public_key] = _Key(view, ENDED.get(view.state, ""))
        self._public_keys[view.key] = view.public_key

    def _end(self, key: int, code: str) -> dict[int, str]:
        self._keys[self._public_keys[key]].ended = code
        return {key: code}

    # ------------------------------------------------------------ at the door

    def check_login(self, login: Login, visit: Visit, now_ns: int) -> Identity:
        """Return who logs in; Fault says why not, Refusal where the signature was genuine.

        The order is: too many failures, host, clock, signature; then, told only to who has the key:
        the key's end, its participant, its addresses. An unknown key and a wrong signature get the
        same answer after the same work, so that nobody learns which keys exist. The host is the one
        that the client dialled: a signature made for another gateway is worth nothing here.
        """
        self._check_visit(login, visit, now_ns)
        known = self._keys.get(login.public_key)
        text = login_text(visit.host, visit.nonce, login.public_key, login.time_ns)
        public_key = known.view.public_key if known is not None else keys.NOBODY
        is_genuine = keys.verify(public_key, text, login.signature)
        if known is None or not is_genuine:
            self.guard.failed(visit.address, login.public_key, time.monotonic())
            raise Fault("KEY_UNKNOWN")
        try:
            identity = self._identity(known, visit)
        except Refusal:
            # Others behind the same address are not to blame.
            self.guard.failed("", login.public_key, time.monotonic())
            raise
        self.guard.came_in(visit.address, login.public_key)
        return identity

    def check_enrol(self, enrol: Enrol, visit: Visit, now_ns: int) -> str:
        """Return the hash of the code that is claimed; Fault where the claim is not the key's own."""
        self._check_visit(enrol, visit, now_ns)
        code_hash = hash_of(enrol.code)
        text = enrol_text(visit.host, visit.nonce, enrol.public_key, code_hash, enrol.time_ns)
        if not keys.verify(enrol.public_key, text, enrol.signature):
            self.claim_failed(visit)
            raise Fault("SIGNATURE_WRONG")
        return code_hash

    def claim_failed(self, visit: Visit) -> None:
        """Count a claim that was refused."""
        self.guard.failed(visit.address, "", time.monotonic())

    def _check_visit(self, frame: Login | Enrol, visit: Visit, now_ns: int) -> None:
        """Check what may be told to everybody; no key is looked at."""
        public_key = frame.public_key if isinstance(frame, Login) else ""
        wait_s = self.guard.wait_s(visit.address, public_key, time.monotonic())
        if wait_s:
            raise Fault("LOGIN_LIMITED", retry_after_ms=int(wait_s * 1000) + 1)
        if not visit.host:
            raise Fault("HOST_UNKNOWN")
        drift_ns = abs(frame.time_ns - now_ns)
        if drift_ns > CLOCK_TOLERANCE_S * NANOSECONDS_PER_SECOND:
            seconds = -(-drift_ns // NANOSECONDS_PER_SECOND)  # whole seconds, up: more than allowed
            raise Fault("CLOCK_OFF", seconds)

    def _identity(self, known: _Key, visit: Visit) -> Identity:
        view = known.view
        if known.ended:
            raise Refusal(known.ended, "", view)
        participant = self._participants.get(view.participant)
        if view.participant and participant is None:
            raise Refusal("PARTICIPANT_UNKNOWN", "", view)
        if participant is not None and participant.is_removed:
            raise Refusal("PARTICIPANT_REMOVED", "", view)
        if not is_within(visit.address, view.addresses):
            raise Refusal("ADDRESS_NOT_LISTED", visit.address, view)
        return Identity(
            key=view.key,
            role=view.role.value,
            person=view.person,
            participant=view.participant,
            participant_name=participant.name if participant is not None else "",
            permissions=view.permissions,
            valid_until=view.valid_until,
            on_disconnect=view.on_disconnect,
        )


_LEARNT: Final = frozenset(
    {
        KeyEnrolled,
        KeyRevoked,
        KeyExpired,
        ParticipantAdmitted,
        ParticipantRemoved,
        ParticipantRestored,
    }
)


def _view_of(event: KeyEnrolled) -> KeyView:
    return KeyView(
        key=event.key,
        public_key=event.public_key,
        role=event.role,
        person=event.person,
        participant=event.participant,
        permissions=event.permissions,
        addresses=event.addresses,
        valid_until=event.valid_until,
        on_disconnect=event.on_disconnect,
        previous=event.previous,
        code=event.code,
        time_ns=event.time_ns,
    )
