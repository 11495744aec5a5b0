"""From a data directory back to a running exchange: the newest believable snapshot and the tail behind it.

The journal is the truth. Every start verifies all of it: closed days by the digest that the next file
recorded, the rest frame by frame; only what stands behind the snapshot is applied. That costs a start
half a second per gigabyte, and buys that no start ever goes on over a damaged log (the whole journal of
a year of a hundred thousand commands a day is two gigabytes). A snapshot that is wrong in any way is
told and passed over; a journal that ends before a snapshot has lost something and is refused.

The snapshot is loaded in a thread beside the reading of the journal, whose hashing needs no lock of the
interpreter; the first frame behind it waits for it.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from msgspec import Struct

from engine.exchange import SEMANTICS_VERSION, Exchange
from engine.profile import Profile, profile_digest
from engine.units import NANOSECONDS_PER_SECOND
from gateway.disk import Disk
from gateway.errors import UserError
from gateway.history import History
from gateway.journal import CHUNK_BYTES, Journal
from gateway.journal_format import Frame, FrameKind, JournalDamaged
from gateway.journal_scan import Anchor, AnchorDiffers
from gateway.replay import Recovery, ReplayDiffers, note_semantics
from gateway.snapshots import Found, Restored, SnapshotRefused, Snapshots, not_believed


class Recovered(Struct, frozen=True):
    """What a start begins with."""

    exchange: Exchange
    history: History
    journal: Journal
    snapshots: Snapshots


class Place(Struct, frozen=True, kw_only=True):
    """Where a market's records lie, and under which rules they were made."""

    journal: Disk
    snapshots: Disk
    profile: Profile
    profile_text: bytes
    chunk_bytes: int = CHUNK_BYTES


def recover(place: Place, say: Callable[[str], None]) -> Recovered:
    """Open the journal and bring an exchange to where it ends; `say` takes lines for people.

    UserError where another process writes the journal or the profile is another, JournalDamaged where a
    frame does not hold, ReplayDiffers where this engine answers otherwise than the journal says.
    """
    began_ns = time.monotonic_ns()
    snapshots = Snapshots(place.snapshots, profile_digest(place.profile_text), say)
    with ThreadPoolExecutor(1, thread_name_prefix="loading") as helper:
        for found in _beginnings(snapshots, say):
            start = _Start(place, say)
            if found is not None:
                start.load(found.anchor, helper.submit(snapshots.load, found, place.profile))
            try:
                journal = Journal.open(
                    place.journal,
                    place.profile_text,
                    SEMANTICS_VERSION,
                    _checked(start, place),
                    place.chunk_bytes,
                    anchor=start.anchor,
                    done=start.finish,
                )
            except (AnchorDiffers, ReplayDiffers, SnapshotRefused, JournalDamaged) as error:
                refused = start.refused()
                if not refused:
                    if found is None or isinstance(error, JournalDamaged):
                        raise
                    refused = str(not_believed(found.name, error))
                say(f"note: {refused}")
                continue
            recovery = start.recovery
            if found is not None:
                snapshots.begin_with(found)
            _tell(recovery, journal, found, began_ns, say)
            return Recovered(recovery.exchange, recovery.history, journal, snapshots)
    raise AssertionError("the last beginning is the empty market")


class _Start:
    """An attempt to start: from nothing, or from a snapshot that another thread is loading."""

    def __init__(self, place: Place, say: Callable[[str], None]) -> None:
        self.anchor: Anchor | None = None
        """The place in the journal that the snapshot stands for."""
        self._place = place
        self._say = say
        self._loading: Future[Restored] | None = None
        self._recovery: Recovery | None = None

    def load(self, anchor: Anchor, loading: "Future[Restored]") -> None:
        """Begin behind a place in the journal with what another thread is loading."""
        self.anchor, self._loading = anchor, loading

    @property
    def recovery(self) -> Recovery:
        """What takes the frames behind the beginning; waits for the snapshot, SnapshotRefused where it fails."""
        if self._recovery is None:
            if self._loading is None:
                exchange, history = Exchange(self._place.profile), History(self._place.profile)
            else:
                restored = self._loading.result()
                exchange, history = restored.exchange, restored.history
            self._recovery = Recovery(exchange, history, self._say)
        return self._recovery

    def visit(self, frame: Frame) -> None:
        """Take a frame; those before the snapshot say nothing but who wrote them, and wait for nothing."""
        if self.anchor is None or frame.last_sequence >= self.anchor.sequence:
            self.recovery.visit(frame)
        elif frame.header.kind == FrameKind.PROFILE:
            note_semantics(frame.profile(), self._say)

    def finish(self) -> None:
        """Let what was gathered be applied, when all frames were shown."""
        self.recovery.finish()

    def refused(self) -> str:
        """Return why the snapshot is not believed, "" where it is or where there is none.

        Its error is let go of: with the frames that it passed through it would hold the state for good.
        """
        loading, self._loading = self._loading, None
        error = loading.exception() if loading is not None else None
        return str(error) if isinstance(error, SnapshotRefused) else ""


def _beginnings(snapshots: Snapshots, say: Callable[[str], None]) -> Iterator[Found | None]:
    """Yield what a start may begin with: snapshots, the newest first, then nothing."""
    for name in snapshots.newest_first():
        try:
            found = snapshots.look(name)
        except SnapshotRefused as refused:
            say(f"note: {refused}")
        else:
            yield found
    yield None


def _checked(start: _Start, place: Place) -> Callable[[Frame], None]:
    digest = profile_digest(place.profile_text)

    def visit(frame: Frame) -> None:
        if frame.header.kind == FrameKind.PROFILE and frame.profile().profile_digest != digest:
            raise UserError(
                "profile.toml is not the profile of this journal; restore it, or make a new market "
                "with `ceax init`"
            )
        start.visit(frame)

    return visit


def _tell(
    recovery: Recovery,
    journal: Journal,
    found: Found | None,
    began_ns: int,
    say: Callable[[str], None],
) -> None:
    report, exchange = journal.report, recovery.exchange
    if not report.files:
        return
    seconds = (time.monotonic_ns() - began_ns) / NANOSECONDS_PER_SECOND
    source = f"snapshot {found.name} and " if found else ""
    # A snapshot's state was compared already, and hashing a large one takes as long as loading it.
    state = "" if found else f", state {exchange.state_digest().hex()[:16]}"
    say(
        f"recovered {report.commands} commands in {seconds:.1f} s from {source}the journal: last "
        f"sequence {exchange.sequence}, {recovery.commands} applied, {recovery.digests_compared} "
        f"digests agree, events {exchange.event_digest().hex()[:16]}{state}"
    )
    for name in report.changed_files:
        say(
            f"note: {name} is not byte for byte what was closed; every frame in it holds and nothing is "
            "lost, but restore it from a copy and check with `ceax journal verify`"
        )
    if report.dropped_bytes:
        say(
            f"cut a torn tail of {report.dropped_bytes} bytes from {report.last_file}: last sequence "
            f"{report.last_sequence}; nothing that was acknowledged is lost"
        )
