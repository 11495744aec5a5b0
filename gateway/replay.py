"""From a journal back to the exchange: the recovery, and the proof that a journal still says the same.

Recovery and replay are one path, and it is the live path without the disk: the same records go through
the same kernel call. Digests that stand in the journal are compared on the way.
"""

from collections.abc import Callable, Sequence

from msgspec import Struct

from engine.commands import Entry
from engine.events import DayClosed, PhaseChanged
from engine.exchange import SEMANTICS_VERSION, Exchange
from engine.profile import Profile, load_profile
from gateway.disk import Disk
from gateway.errors import UserError
from gateway.history import Applied, History, apply_hot
from gateway.journal_format import NO_HASH, Frame, FrameKind, ProfileFrame
from gateway.journal_scan import Report, scan_journal


class ReplayDiffers(UserError):
    """The engine of today answers otherwise than the journal says it did."""


class Recovery:
    """Shows each frame of a journal to an exchange; made for `Journal.open` and `scan_journal`."""

    def __init__(
        self, exchange: Exchange, history: History, say: Callable[[str], None] = lambda _: None
    ) -> None:
        self.exchange = exchange
        self.history = history
        self.digests_compared = 0
        self._say = say
        self._last_file = ""

    def visit(self, frame: Frame) -> None:
        """Apply one frame; ReplayDiffers where a digest of the journal does not fit."""
        if frame.event_digest != NO_HASH:
            self._compare(frame, "event", frame.event_digest, self.exchange.event_digest())
        match frame.header.kind:
            case FrameKind.HOT:
                self.history.add_hot(apply_hot(self.exchange, frame.records()))
            case FrameKind.CONTROL:
                self.history.add_control(apply_control(self.exchange, frame.entries()))
            case FrameKind.DIGEST:
                digest = frame.digest()
                self._compare(frame, "event", digest.event_digest, self.exchange.event_digest())
                self._compare(frame, "state", digest.state_digest, self.exchange.state_digest())
            case FrameKind.PROFILE:
                self._note_semantics(frame.profile())
            case _:
                pass
        if self.exchange.sequence != frame.last_sequence:
            text = f"after sequence {frame.last_sequence} the engine is at {self.exchange.sequence}"
            raise ReplayDiffers(text)

    def _compare(self, frame: Frame, what: str, expected: bytes, found: bytes) -> None:
        self.digests_compared += 1
        if expected != found:
            raise ReplayDiffers(
                f"the {what} digest at sequence {frame.header.first_sequence - 1} is "
                f"{found.hex()[:16]}, the journal says {expected.hex()[:16]}; run the version of "
                "ceax that wrote this journal"
            )

    def _note_semantics(self, written: ProfileFrame) -> None:
        if written.semantics_version != SEMANTICS_VERSION:
            self._say(
                f"note: the journal was written under engine semantics {written.semantics_version}, "
                f"this is {SEMANTICS_VERSION}; answers may differ"
            )


def apply_control(exchange: Exchange, entries: Sequence[Entry]) -> list[Applied]:
    """Apply a run of control commands."""
    return [
        Applied(entry.sequence, entry.time_ns, entry.key, entry.command, exchange.apply(entry))
        for entry in entries
    ]


def changes_phase(applied: Applied) -> bool:
    """Say whether a command changed a phase or ended the day: then the state's digest is kept."""
    return any(isinstance(event, PhaseChanged | DayClosed) for event in applied.events)


class Replayed(Struct, frozen=True, kw_only=True):
    """What a replay came to."""

    report: Report
    exchange: Exchange
    history: History
    profile: Profile
    digests_compared: int


def replay_journal(disk: Disk, say: Callable[[str], None] = lambda _: None) -> Replayed:
    """Replay a whole journal under the profile that stands in it, without changing anything."""
    started: list[Recovery] = []
    profiles: list[Profile] = []

    def visit(frame: Frame) -> None:
        if not started:
            profiles.append(load_profile(frame.profile().profile, "the journal's profile"))
            started.append(Recovery(Exchange(profiles[0]), History(profiles[0]), say))
        started[0].visit(frame)

    report, _, _ = scan_journal(disk, visit)
    if not started:
        raise UserError("the journal is empty; start the exchange once")
    return Replayed(
        report=report,
        exchange=started[0].exchange,
        history=started[0].history,
        profile=profiles[0],
        digests_compared=started[0].digests_compared,
    )
