"""The door for people: logins, claims of codes, refusals, and the end of connections whose key ended.

All of it stands in the journal afterwards (`audit`), and nothing here waits for that.
"""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from engine.commands import AccessKind, AnyCommand, ClaimKey, RecordAccess
from engine.events import KeyEnrolled, Refused
from gateway import wire
from gateway.access import Access, Identity, Refusal
from gateway.audit import Audit
from gateway.codes import CloseCode, Fault
from gateway.door import SYSTEM_KEY, Busy
from gateway.explain import explain
from gateway.history import Applied
from gateway.limits import Settings
from gateway.protocol import Claim, Refuse
from gateway.sequencer import Stopped

if TYPE_CHECKING:
    from gateway.connection import Connection

CLOSE_CODES: Final = {
    "KEY_REVOKED": CloseCode.KEY_REVOKED,
    "KEY_EXPIRED": CloseCode.KEY_EXPIRED,
    "PARTICIPANT_REMOVED": CloseCode.PARTICIPANT_REMOVED,
}
"""How a live connection is closed by what ended its key."""
_STRANGE: Final = frozenset({"KEY_UNKNOWN", "SIGNATURE_WRONG"})
"""Refusals that say nothing, not even by the time that they take."""


class Writer(Protocol):
    """The part of the sequencer that the entrance uses."""

    async def submit(self, key: int, command: AnyCommand) -> Applied:
        """Carry a command through journal and engine; Busy, Stopped."""
        ...

    async def submit_many(self, key: int, commands: Sequence[AnyCommand]) -> Any:  # noqa: ANN401 - nobody reads it
        """Carry several; Busy, Stopped."""
        ...


class Entrance:
    """Lets clients in and out; counts them by key and participant."""

    def __init__(self, access: Access, writer: Writer, settings: Settings) -> None:
        self.audit = Audit(writer.submit_many, settings)
        self.counts: Counter[str] = Counter()
        """Logins and ends of logged-in connections, by the name of their kind."""
        self.refusals: Counter[str] = Counter()
        """Refused logins and claims, by code."""
        self._access = access
        self._writer = writer
        self._settings = settings
        self._numbers = itertools.count(1)
        self._connections: dict[int, set[Connection]] = {}
        """By number of the key: who is in."""
        self._participants: Counter[int] = Counter()

    # ------------------------------------------------------------ coming in

    def enter(self, connection: "Connection") -> None:
        """Let a login in; Refusal CONNECTIONS_FULL past the limits of its key or participant."""
        identity = connection.identity
        if not identity.key:
            return
        settings = self._settings
        same_key = self._connections.get(identity.key, ())
        if len(same_key) >= settings.connections_per_key:
            raise Refusal("CONNECTIONS_FULL", settings.connections_per_key, identity)
        same_participant = self._participants[identity.participant]
        if identity.participant and same_participant >= settings.connections_per_participant:
            raise Refusal("CONNECTIONS_FULL", settings.connections_per_participant, identity)
        self._connections.setdefault(identity.key, set()).add(connection)
        self._participants[identity.participant] += 1
        connection.number = next(self._numbers)
        self._note(AccessKind.LOGIN, connection)

    def left(self, connection: "Connection") -> None:
        """Note that a connection is over."""
        identity = connection.identity
        if not connection.number:
            return
        same_key = self._connections[identity.key]
        same_key.discard(connection)
        if not same_key:
            del self._connections[identity.key]
        self._participants[identity.participant] -= 1
        if not self._participants[identity.participant]:
            del self._participants[identity.participant]
        code = connection.socket.cut_reason or connection.closed_by
        is_cut = code not in ("", CloseCode.GOING_AWAY.name)
        self._note(AccessKind.CUT if is_cut else AccessKind.LOGOUT, connection, code)

    async def refuse(self, connection: "Connection", refuse: Refuse) -> None:
        """Answer a refused login or claim, and close; strangers all wait equally long."""
        fault = refuse.fault
        await self._turn_away(
            connection,
            refuse.frame,
            connection.conversation.refuse_login(fault, time.time_ns()),
            proven=(fault.key, fault.person) if isinstance(fault, Refusal) else (0, ""),
            is_strange=fault.code in _STRANGE,
        )

    async def claim(self, connection: "Connection", claim: Claim) -> None:
        """Let the exchange decide on a claim, answer it and close."""
        frame = claim.frame
        command = ClaimKey(code_hash=claim.code_hash, public_key=frame.public_key)
        try:
            applied = await self._writer.submit(SYSTEM_KEY, command)
        except Busy as busy:
            await self.refuse(connection, Refuse(Fault(busy.code), frame))
            return
        except Stopped as stopped:
            fault = Fault("STOPPED", outcome=stopped.outcome)
            await self.refuse(connection, Refuse(fault, frame))
            return
        for event in applied.events:
            if isinstance(event, KeyEnrolled):
                connection.send(_enrolled(event, applied.sequence))
                await connection.close(CloseCode.ENROLLED, "enrolled; log in with the key")
                return
        refused = next(event for event in applied.events if isinstance(event, Refused))
        self._access.claim_failed(connection.conversation.visit)
        reason = refused.reason
        text = explain(reason, refused.figure_a, refused.figure_b, frame.language)
        answer = wire.LoginRefused(
            code=reason.name,
            number=reason.value,
            text=text,
            time_ns=time.time_ns(),
            outcome="rejected",
            retry="never",
        )
        await self._turn_away(connection, frame, answer, is_strange=True)

    # ------------------------------------------------------------ going out

    def learn(self, batch: Iterable[Applied]) -> None:
        """Take in what the log says about keys, and end the connections of those that ended."""
        for entry in batch:
            for key, code in self._access.learn(entry.events).items():
                for connection in tuple(self._connections.get(key, ())):
                    connection.end(CLOSE_CODES[code], Fault(code))

    # ------------------------------------------------------------ helpers

    async def _turn_away(
        self,
        connection: "Connection",
        frame: wire.Login | wire.Enrol,
        answer: wire.LoginRefused,
        *,
        proven: tuple[int, str] = (0, ""),
        is_strange: bool,
    ) -> None:
        is_login = isinstance(frame, wire.Login)
        self.refusals[answer.code] += 1
        key, person = proven
        self.audit.record(
            RecordAccess(
                kind=AccessKind.LOGIN_REFUSED if is_login else AccessKind.ENROL_REFUSED,
                key=key,
                # Whoever is turned away for its many failures may name a new key each time.
                public_key="" if key or answer.code == "LOGIN_LIMITED" else frame.public_key,
                person=person,
                address=connection.socket.client_address,
                code=answer.code,
            )
        )
        if is_strange:
            # Counted from the arrival of the frame: the work on it does not show.
            due_s = connection.conversation.greeted_s + self._settings.refusal_delay_s
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        connection.send(answer)
        await connection.close(CloseCode.LOGIN_REFUSED, answer.code)

    def _note(self, kind: AccessKind, connection: "Connection", code: str = "") -> None:
        identity: Identity = connection.identity
        self.counts[kind.value] += 1
        self.audit.record(
            RecordAccess(
                kind=kind,
                key=identity.key,
                person=identity.person,
                address=connection.socket.client_address,
                code=code,
                connection=connection.number,
            )
        )


def _enrolled(event: KeyEnrolled, sequence: int) -> wire.Enrolled:
    return wire.Enrolled(
        key=event.key,
        role=event.role.value,
        person=event.person,
        participant=event.participant,
        sequence=sequence,
        time_ns=event.time_ns,
    )
