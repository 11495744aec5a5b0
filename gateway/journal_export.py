"""A stretch of a journal as lines: its commands from the files, their events from a replay."""

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from string import ascii_lowercase
from typing import Final, get_args

from msgspec import Struct

from engine.commands import Action, AnyCommand
from engine.events import AnyEvent
from engine.units import DAY_NS, midnight_ns, parse_clock
from gateway.disk import Disk
from gateway.errors import UserError
from gateway.history import Applied
from gateway.journal_lines import AUDIT, AUDIT_KINDS, COMMAND, EVENT, Line, lines_of
from gateway.journal_scan import Report
from gateway.replay import Recovery, replay_journal

NO_END: Final = 2**63 - 1


class Bound(Struct, frozen=True):
    """One end of a stretch: a sequence or a time (ns), whichever was asked for; both ends are included."""

    sequence: int = 0
    time_ns: int = 0


class Selection(Struct, frozen=True, kw_only=True):
    """What is wanted of a journal."""

    begin: Bound = Bound(1, 0)
    end: Bound = Bound(NO_END, NO_END)
    kinds: frozenset[str] = frozenset()
    """`command`, `event`, `audit`, names of commands and events; empty for all."""
    language: str = "en"

    def takes(self, line: Line) -> bool:
        """Say whether a line of the stretch is of a kind that is wanted."""
        kinds = self.kinds
        if not kinds or line.kind in kinds or line.record in kinds:
            return True
        return AUDIT in kinds and line.record == EVENT and line.kind in AUDIT_KINDS


def parse_bound(text: str, *, is_end: bool) -> Bound:
    """Return the bound of `4711`, `2021-07-16` or `2021-07-16T09:30` (Beijing); UserError else."""
    if not text:
        return Bound(NO_END, NO_END) if is_end else Bound(1, 0)
    if text.isascii() and text.isdigit():
        return Bound(min(int(text), NO_END), NO_END if is_end else 0)
    date, _, clock = text.replace(" ", "T").partition("T")
    try:
        time_ns = midnight_ns(date) + (parse_clock(clock) if clock else 0)
    except ValueError as error:
        what = "write a sequence, 2021-07-16 or 2021-07-16T09:30 (Beijing time)"
        raise UserError(f"{text}: {error}; {what}") from None
    if is_end and not clock:
        time_ns += DAY_NS - 1
    return Bound(NO_END if is_end else 1, time_ns)


def unknown_kind(name: str) -> str:
    """Return what to say of a word that is no kind: the event of an action, or what comes near."""
    known = sorted(known_kinds())
    actions = {kind.__name__ for kind in get_args(Action)}
    if name in actions:
        fix = f"it is an action of a proposal; take the event it makes: {_event_of(name)}"
    elif near := get_close_matches(name, known, 3):
        fix = f"did you mean {' or '.join(near)}?"
    else:
        fix = f"choose of: {', '.join(known)}"
    return f"no command or event is called {name}; {fix}"


def _event_of(action: str) -> str:
    """Return the event of an action: AdmitParticipant makes ParticipantAdmitted."""
    noun = action[1:].lstrip(ascii_lowercase)
    verb = action.removesuffix(noun)
    events = [kind.__name__ for kind in get_args(AnyEvent)]
    near: list[str] = get_close_matches(noun + verb, events, 1, 0.0)
    return near[0]


def known_kinds() -> frozenset[str]:
    """Return every word that `kinds` may hold."""
    names = {kind.__name__ for kind in (*get_args(AnyCommand), *get_args(AnyEvent))}
    return frozenset(names | {COMMAND, EVENT, AUDIT})


def export_journal(
    disk: Disk,
    selection: Selection,
    write: Callable[[Line], None],
    say: Callable[[str], None] = lambda _: None,
) -> Report:
    """Write what is wanted, in the order of the log; errors as of `replay_journal`."""
    begin, end = selection.begin, selection.end

    def look(recovery: Recovery, log: Iterable[Applied]) -> None:
        exchange = recovery.exchange
        if exchange.sequence < begin.sequence or exchange.time_ns < begin.time_ns:
            return  # nothing of it is read
        for applied in log:
            if applied.sequence < begin.sequence or applied.time_ns < begin.time_ns:
                continue
            if applied.sequence > end.sequence or applied.time_ns > end.time_ns:
                break
            for line in filter(selection.takes, lines_of(applied, selection.language)):
                write(line)

    return replay_journal(disk, say, look).report
