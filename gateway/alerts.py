"""Surveillance over a journal: a replay whose events go through a watch."""

from collections.abc import Callable, Iterator

from msgspec import Struct

from engine.exchange import Exchange
from engine.profile import load_profile
from engine.surveillance import Alert, Watch
from gateway.disk import Disk
from gateway.errors import UserError
from gateway.history import History
from gateway.journal_format import Frame
from gateway.journal_scan import Report, scan_journal
from gateway.replay import Recovery


class Watched(Struct, frozen=True, kw_only=True):
    """What the watch over a journal found."""

    report: Report
    alerts: list[Alert]
    days: int


class _Journey:
    """A recovery and a watch that walk through the same frames."""

    def __init__(self, first: Frame, say: Callable[[str], None]) -> None:
        profile = load_profile(first.profile().profile, "the journal's profile")
        self.history = History(profile)
        self.recovery = Recovery(Exchange(profile), self.history, say)
        self.watch = Watch(profile)
        self._seen = 0

    def visit(self, frame: Frame) -> Iterator[Alert]:
        """Apply a frame, which digests are compared of, and yield the alerts on its events."""
        self.recovery.visit(frame)
        self.recovery.finish()
        for applied in self.history.after(self._seen):
            yield from self.watch.take(applied.events)
            self._seen = applied.sequence


def watch_journal(
    disk: Disk,
    say: Callable[[str], None] = lambda _: None,
    tell: Callable[[str, int, int], None] = lambda _date, _sequence, _alerts: None,
) -> Watched:
    """Replay a whole journal under its own profile and watch it, without changing anything.

    `say` takes notes for people, `tell` after each frame the date, the sequence and the number of alerts.
    A profile older than its `[surveillance]` table has the defaults. ReplayDiffers and JournalDamaged
    as in a replay, UserError where nothing was journaled.
    """
    started: list[_Journey] = []
    alerts: list[Alert] = []
    dates: set[str] = set()

    def visit(frame: Frame) -> None:
        if not started:
            started.append(_Journey(frame, say))
        alerts.extend(started[0].visit(frame))
        dates.add(started[0].history.last_date)
        tell(started[0].history.last_date, frame.last_sequence, len(alerts))

    report, _, _ = scan_journal(disk, visit)
    if not started:
        raise UserError("the journal is empty; start the exchange once")
    return Watched(report=report, alerts=alerts, days=len(dates - {""}))
