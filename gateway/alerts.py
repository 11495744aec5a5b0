"""Surveillance over a journal: a replay whose events go through a watch."""

from collections.abc import Callable, Iterable

from msgspec import Struct

from engine.surveillance import Alert, Watch
from gateway.disk import Disk
from gateway.history import Applied
from gateway.journal_scan import Report
from gateway.replay import Recovery, replay_journal


class Watched(Struct, frozen=True, kw_only=True):
    """What the watch over a journal found."""

    report: Report
    alerts: list[Alert]
    days: int


def watch_journal(
    disk: Disk,
    say: Callable[[str], None] = lambda _: None,
    tell: Callable[[str, int, int], None] = lambda _date, _sequence, _alerts: None,
) -> Watched:
    """Replay a whole journal under its own profile and watch it, without changing anything.

    `say` takes notes for people, `tell` on the way the date, the sequence and the number of alerts. A
    profile older than its `[surveillance]` table has the defaults. Errors as of `replay_journal`.
    """
    watches: list[Watch] = []
    alerts: list[Alert] = []
    dates: set[str] = set()

    def look(recovery: Recovery, log: Iterable[Applied]) -> None:
        history = recovery.history
        if not watches:
            watches.append(Watch(history.profile))
        for applied in log:
            alerts.extend(watches[0].take(applied.events))
        dates.add(history.last_date)
        tell(history.last_date, recovery.exchange.sequence, len(alerts))

    done = replay_journal(disk, say, look)
    return Watched(report=done.report, alerts=alerts, days=len(dates - {""}))
