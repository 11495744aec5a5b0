"""From a data directory back to a running exchange: the newest believable snapshot and the tail behind it.

The journal is the truth. Every start verifies all of it: closed days by the digest that the next file
recorded, the rest frame by frame; only what stands behind the snapshot is applied. That costs a start
half a second per gigabyte, and buys that no start ever goes on over a damaged log (the whole journal of
a year of a hundred thousand commands a day is two gigabytes). A snapshot that is wrong in any way is
told and passed over; a journal that ends before a snapshot has lost something and is refused.
"""

import time
from collections.abc import Callable, Iterator
from typing import Final

from msgspec import Struct

from engine.exchange import SEMANTICS_VERSION, Exchange
from engine.profile import Profile, profile_digest
from gateway.disk import Disk
from gateway.errors import UserError
from gateway.history import History
from gateway.journal import CHUNK_BYTES, Journal
from gateway.journal_format import Frame, FrameKind
from gateway.journal_scan import AnchorDiffers
from gateway.replay import Recovery, ReplayDiffers
from gateway.snapshots import Restored, SnapshotRefused, Snapshots

NANOSECONDS: Final = 1_000_000_000


class Recovered(Struct, frozen=True):
    """What a start begins with."""

    exchange: Exchange
    history: History
    journal: Journal
    snapshots: Snapshots
    is_fresh: bool
    """The journal was empty: a new market, not a restart."""


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
    for restored in _beginnings(snapshots, place.profile, say):
        exchange = restored.exchange if restored else Exchange(place.profile)
        history = restored.history if restored else History(place.profile)
        recovery = Recovery(exchange, history, say)
        try:
            journal = Journal.open(
                place.journal,
                place.profile_text,
                SEMANTICS_VERSION,
                _checked(recovery, place),
                place.chunk_bytes,
                anchor=restored.anchor if restored else None,
                done=recovery.finish,
            )
        except (AnchorDiffers, ReplayDiffers) as error:
            if restored is None:
                raise
            say(f"note: snapshot {restored.name} is not believed: {error}")
            continue
        _tell(recovery, journal, restored, began_ns, say)
        return Recovered(exchange, history, journal, snapshots, not journal.report.files)
    raise AssertionError("the last beginning is the empty market")


def _beginnings(
    snapshots: Snapshots, profile: Profile, say: Callable[[str], None]
) -> Iterator[Restored | None]:
    """Yield what a start may begin with: snapshots, the newest first, then nothing."""
    for name in snapshots.newest_first():
        try:
            restored = snapshots.load(name, profile)
        except SnapshotRefused as refused:
            say(f"note: {refused}")
        else:
            yield restored
    yield None


def _checked(recovery: Recovery, place: Place) -> Callable[[Frame], None]:
    digest = profile_digest(place.profile_text)

    def visit(frame: Frame) -> None:
        if frame.header.kind == FrameKind.PROFILE and frame.profile().profile_digest != digest:
            raise UserError(
                "profile.toml is not the profile of this journal; restore it, or make a new market "
                "with `ceax init`"
            )
        recovery.visit(frame)

    return visit


def _tell(
    recovery: Recovery,
    journal: Journal,
    restored: Restored | None,
    began_ns: int,
    say: Callable[[str], None],
) -> None:
    report, exchange = journal.report, recovery.exchange
    if not report.files:
        return
    seconds = (time.monotonic_ns() - began_ns) / NANOSECONDS
    source = f"snapshot {restored.name} and " if restored else ""
    # A snapshot's state was compared already, and hashing a large one takes as long as loading it.
    state = "" if restored else f", state {exchange.state_digest().hex()[:16]}"
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
