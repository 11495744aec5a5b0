"""What the gateway counts and says of its connections, for metrics and log lines; never per order."""

from collections import Counter
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from engine.commands import AccessKind, AnyCommand, RecordAccess
from gateway import logs
from gateway.door import Acceptance
from gateway.tally import Histogram

if TYPE_CHECKING:
    from gateway.connection import Connection

REFUSAL_LINES: Final = 20
"""Refusals of one connection that get a line; the others are counted."""
CONTROLLERS: Final = frozenset({"operator", "supervisor"})
_WARNINGS: Final = frozenset({AccessKind.LOGIN_REFUSED, AccessKind.ENROL_REFUSED, AccessKind.CUT})


class Traffic(Struct):
    """What went over sockets."""

    bytes_in: int = 0
    bytes_out: int = 0
    frames_out: int = 0


class Watch:
    """Counts of one gateway; every method is called from the loop's thread."""

    def __init__(self) -> None:
        self.refusals: Counter[str] = Counter()
        """Requests that the gateway refused, by code."""
        self.controls: Counter[str] = Counter()
        """Commands of operators and clearing, by name."""
        self.loop_lag = Histogram()
        """How late the beat comes."""
        self.gone = Traffic()
        """Of connections that are over."""

    def left(self, connection: "Connection") -> None:
        """Take over the counts of a connection that is over."""
        socket, gone = connection.socket, self.gone
        gone.bytes_in += socket.bytes_in
        gone.bytes_out += socket.bytes_out
        gone.frames_out += socket.frames_out
        if not connection.number:  # a login that is over is an entry of the audit, and its line
            logs.info(
                "left",
                address=socket.client_address,
                code=socket.cut_reason or connection.closed_by,
                close_code=socket.close_code,
                received_bytes=socket.bytes_in,
            )

    def accepts(self, acceptance: Acceptance) -> None:
        """Tell whoever runs the process that less is taken now, or all again."""
        logs.warning("accepts", mode=acceptance.mode, reason=acceptance.reason)

    def refused(self, connection: "Connection", code: str, request: int, path: str = "") -> None:
        """Count a refused request, and tell the first ones of a connection."""
        self.refusals[code] += 1
        connection.refusals += 1
        if connection.refusals <= REFUSAL_LINES:
            identity = connection.identity
            logs.info(
                "refused",
                code=code,
                request=request,
                path=path,
                key=identity.key,
                participant=identity.participant,
                address=connection.socket.client_address,
                is_last_line=connection.refusals == REFUSAL_LINES or None,
            )

    def controlled(self, connection: "Connection", command: AnyCommand, sequence: int) -> None:
        """Tell a command of the exchange's own people; clearing's come per trade and are counted alone."""
        identity = connection.identity
        self.controls[type(command).__name__] += 1
        if identity.role in CONTROLLERS:
            logs.info(
                "control",
                command=type(command).__name__,
                sequence=sequence,
                key=identity.key,
                person=identity.person,
                role=identity.role,
                session=connection.number,
            )


def access_line(entry: RecordAccess) -> None:
    """Write the line of an access entry."""
    write = logs.warning if entry.kind in _WARNINGS else logs.info
    write(
        entry.kind.value,
        key=entry.key or None,
        public_key=entry.public_key,
        person=entry.person,
        address=entry.address,
        code=entry.code,
        session=entry.connection or None,
    )
