"""Who is behind a key, from the exchange's own state, and whether a login is theirs (R12, R14)."""

from collections.abc import Iterable
from typing import Final, Protocol

from msgspec import Struct

from engine.commands import Role
from engine.events import AnyEvent, KeyEnrolled, ParticipantAdmitted
from engine.units import NANOSECONDS_PER_SECOND
from engine.views import ParticipantView
from gateway import keys
from gateway.codes import Fault
from gateway.frames_inward import Login
from gateway.wire import login_text

CLOCK_TOLERANCE_NS: Final = 5 * NANOSECONDS_PER_SECOND


class Identity(Struct, frozen=True, kw_only=True):
    """Who a connection speaks for; role `observer` has no key."""

    key: int
    role: str
    person: str
    participant: int
    participant_name: str


OBSERVER: Final = Identity(key=0, role="observer", person="", participant=0, participant_name="")


class Directory(Protocol):
    """The part of the exchange that access reads at start."""

    def keys(self) -> tuple[KeyEnrolled, ...]:
        """Return the enrolled keys."""
        ...

    def participants(self) -> tuple[ParticipantView, ...]:
        """Return the admitted participants."""
        ...


class Access:
    """All enrolled keys and admitted participants; kept up by the events of the log."""

    def __init__(self, exchange: Directory) -> None:
        self._keys = {event.public_key: event for event in exchange.keys()}  # noqa: SIM118 - not a dict
        self._names = {view.participant: view.name for view in exchange.participants()}

    def learn(self, events: Iterable[AnyEvent]) -> None:
        """Take in what the log says about keys and participants."""
        for event in events:
            if isinstance(event, KeyEnrolled):
                self._keys[event.public_key] = event
            elif isinstance(event, ParticipantAdmitted):
                self._names[event.participant] = event.name

    def check_login(self, login: Login, host: str, nonce: str, now_ns: int) -> Identity:
        """Return who logs in; Fault CLOCK_OFF, KEY_UNKNOWN or PARTICIPANT_UNKNOWN.

        An unknown key and a wrong signature get the same answer after the same work, so that nobody
        learns which keys exist. The host is the one that the client dialled: a signature made for
        another gateway is worth nothing here.
        """
        drift_ns = abs(login.time_ns - now_ns)
        if drift_ns > CLOCK_TOLERANCE_NS:
            seconds = drift_ns // NANOSECONDS_PER_SECOND  # whole seconds, down: a text for people
            raise Fault("CLOCK_OFF", seconds)
        enrolled = self._keys.get(login.public_key)
        text = login_text(host, nonce, login.public_key, login.time_ns)
        public_key = enrolled.public_key if enrolled is not None else keys.NOBODY
        is_genuine = keys.verify(public_key, text, login.signature)
        if enrolled is None or not is_genuine:
            raise Fault("KEY_UNKNOWN")
        if enrolled.role is Role.TRADER and enrolled.participant not in self._names:
            raise Fault("PARTICIPANT_UNKNOWN")
        return Identity(
            key=enrolled.key,
            role=enrolled.role.value,
            person=enrolled.person,
            participant=enrolled.participant,
            participant_name=self._names.get(enrolled.participant, ""),
        )
