"""From a journal back to the exchange: the recovery, and the proof that a journal still says the same.

Recovery and replay are one path, and it is the live path without the disk: the same records go through
the same kernel call. Digests that stand in the journal are compared on the way.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import numpy as np
from msgspec import Struct

from engine.commands import Entry
from engine.core.records import COMMAND
from engine.events import DayClosed, PhaseChanged
from engine.exchange import SEMANTICS_VERSION, Exchange
from engine.profile import load_profile
from gateway.disk import Disk
from gateway.errors import UserError
from gateway.history import Applied, History, apply_hot
from gateway.journal_format import NO_HASH, Frame, FrameKind, ProfileFrame
from gateway.journal_scan import Report, scan_journal

APPLIED_TOGETHER: Final = 4_096
"""How many hot commands are gathered at least before they are applied, where so many follow."""


class ReplayDiffers(UserError):
    """The engine of today answers otherwise than the journal says it did."""


class Recovery:
    """Shows each frame of a journal to an exchange; made for `Journal.open` and `scan_journal`.

    Hot frames that follow each other are applied together, so that a day of small batches costs little
    more than one of large ones. After the last frame comes `finish`.
    """

    def __init__(
        self, exchange: Exchange, history: History, say: Callable[[str], None] = lambda _: None
    ) -> None:
        self.exchange = exchange
        self.history = history
        self.digests_compared = 0
        self.commands = 0
        """Applied so far; a snapshot spares those before it."""
        self._say = say
        self._start = exchange.sequence
        self._waiting: list[memoryview] = []
        self._count = 0

    def visit(self, frame: Frame) -> None:
        """Apply one frame; ReplayDiffers where a digest of the journal does not fit."""
        header = frame.header
        if header.kind == FrameKind.PROFILE:
            note_semantics(frame.profile(), self._say)
        if frame.last_sequence < self._start or (
            header.count and header.first_sequence <= self._start
        ):
            return  # the snapshot stands behind it
        if header.kind != FrameKind.HOT or self._count >= APPLIED_TOGETHER:
            self.finish()
        if frame.event_digest != NO_HASH and not self._waiting:
            self._compare(frame, "event", frame.event_digest, self.exchange.event_digest())
        self.commands += header.count
        match header.kind:
            case FrameKind.HOT:
                self._waiting.append(frame.payload)
                self._count += header.count
                return
            case FrameKind.CONTROL:
                self.history.add_control(apply_control(self.exchange, frame.entries()))
            case FrameKind.DIGEST:
                digest = frame.digest()
                self._compare(frame, "event", digest.event_digest, self.exchange.event_digest())
                self._compare(frame, "state", digest.state_digest, self.exchange.state_digest())
            case _:
                pass
        if self.exchange.sequence != frame.last_sequence:
            text = f"after sequence {frame.last_sequence} the engine is at {self.exchange.sequence}"
            raise ReplayDiffers(text)

    def finish(self) -> None:
        """Apply the hot commands that were gathered; ReplayDiffers where their numbers do not follow."""
        if not self._waiting:
            return
        records = np.frombuffer(bytearray().join(self._waiting), COMMAND)  # as bytes: one copy each
        self._waiting.clear()
        self._count = 0
        self.history.add_hot(apply_hot(self.exchange, records))
        last = int(records["sequence"][-1])
        if self.exchange.sequence != last:
            text = f"after sequence {last} the engine is at {self.exchange.sequence}"
            raise ReplayDiffers(text)

    def _compare(self, frame: Frame, what: str, expected: bytes, found: bytes) -> None:
        self.digests_compared += 1
        if expected != found:
            raise ReplayDiffers(
                f"the {what} digest at sequence {frame.header.first_sequence - 1} is "
                f"{found.hex()[:16]}, the journal says {expected.hex()[:16]}; run the version of "
                "ceax that wrote this journal"
            )


def note_semantics(written: ProfileFrame, say: Callable[[str], None]) -> None:
    """Tell where a file of the journal was written under other answers than those of today."""
    if written.semantics_version != SEMANTICS_VERSION:
        say(
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


def ends_day(applied: Applied) -> bool:
    """Say whether a command ended the trading day."""
    return any(isinstance(event, DayClosed) for event in applied.events)


class Replayed(Struct, frozen=True, kw_only=True):
    """What a replay came to."""

    report: Report
    exchange: Exchange
    history: History
    digests_compared: int


Look = Callable[[Recovery, Iterable[Applied]], None]
"""Is shown how far a replay came, and what was applied since."""


def replay_journal(
    disk: Disk,
    say: Callable[[str], None] = lambda _: None,
    look: Look = lambda _recovery, _log: None,
) -> Replayed:
    """Replay a whole journal under the profile that stands in it, without changing anything.

    `look` sees each command with what it did, once, in the order of the log. JournalDamaged and
    ReplayDiffers where the journal does not hold, UserError where nothing was journaled.
    """
    started: list[Recovery] = []
    seen = 0

    def show() -> None:
        nonlocal seen
        look(started[0], started[0].history.after(seen))
        seen = started[0].exchange.sequence

    def visit(frame: Frame) -> None:
        if not started:
            profile = load_profile(frame.profile().profile, "the journal's profile")
            started.append(Recovery(Exchange(profile), History(profile), say))
        started[0].visit(frame)
        if started[0].exchange.sequence > seen:
            show()

    report, _, _ = scan_journal(disk, visit)
    if not started:
        raise UserError("the journal is empty; start the exchange once")
    started[0].finish()
    show()
    return Replayed(
        report=report,
        exchange=started[0].exchange,
        history=started[0].history,
        digests_compared=started[0].digests_compared,
    )
