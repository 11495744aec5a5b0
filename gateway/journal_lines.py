"""Commands and events of a journal as lines for people and programs: times in Beijing, money in yuan."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec import Struct

from engine.codec import record_to_entry
from engine.commands import AnyCommand, CancelCause, Entry, RecordAccess
from engine.events import AccessRecorded, AnyEvent, FailureCause, Refused, Repeated
from engine.profile import Profile
from engine.units import NANOSECONDS_PER_SECOND
from gateway.explain import beijing_moment, explain
from gateway.history import Applied
from gateway.journal_format import Frame, FrameKind
from gateway.money_text import yuan_of

COMMAND: Final = "command"
EVENT: Final = "event"
AUDIT: Final = "audit"
AUDIT_KINDS: Final = frozenset(
    (
        "AccessRecorded",
        "ExchangeRestarted",
        "ProposalMade",
        "ProposalApproved",
        "ProposalRejected",
        "ParticipantAdmitted",
        "ParticipantRemoved",
        "ParticipantRestored",
        "ParticipantRestricted",
        "KeyEnrolled",
        "KeyRevoked",
        "KeyExpired",
        "OwnLimitsSet",
        "CodeIssued",
        "TradingStopped",
        "TradingAllowed",
        "Halted",
        "Resumed",
        "TradeVoided",
        "ReferencePriceCorrected",
    )
)
"""Who came and was turned away, who may do what, and what operators did."""
_FEN: Final = "_fen"
_ACCESS: Final[dict[str, tuple[str, str]]] = {
    "login": ("登录", "logged in"),
    "login_refused": ("登录被拒绝", "login refused"),
    "logout": ("退出", "logged out"),
    "enrol_refused": ("登记被拒绝", "enrolment refused"),
    "cut": ("连接被中断", "connection cut"),
}


class Line(Struct, frozen=True):
    """One command or event of the log."""

    sequence: int
    time_ns: int
    time: str
    """Beijing time."""
    record: str
    """`command` or `event`."""
    kind: str
    key: int
    """Of the command; 0 is the exchange itself."""
    text: str
    """In words, where there are any: why something was refused, who came."""
    fields: dict[str, Any]


def beijing_time(time_ns: int) -> str:
    """Return a time as 2021-07-16 09:30:00.000 in Beijing, cut to milliseconds."""
    rest = time_ns % NANOSECONDS_PER_SECOND
    return (
        f"{beijing_moment(time_ns)}.{rest // 1_000_000:03d}"  # floor: a time is never in the future
    )


def lines_of(applied: Applied, language: str) -> Iterator[Line]:
    """Yield a command and then its events."""
    entry = Entry(applied.sequence, applied.time_ns, applied.key, applied.command)
    yield line_of(entry, language)
    for event in applied.events:
        yield Line(
            applied.sequence,
            applied.time_ns,
            beijing_time(applied.time_ns),
            EVENT,
            type(event).__name__,
            applied.key,
            text_of(event, language),
            plain(event),
        )


def lines_of_frame(frame: Frame, profile: Profile, language: str) -> Iterator[Line]:
    """Yield the commands of a frame; a product that the profile does not know keeps its code."""
    if frame.header.kind == FrameKind.CONTROL:
        entries = frame.entries()
    elif frame.header.kind == FrameKind.HOT:
        entries = [record_to_entry(row, profile) for row in frame.records()]
    else:
        return
    for entry in entries:
        yield line_of(entry, language)


def line_of(entry: Entry, language: str) -> Line:
    """Return the line of a command alone."""
    return Line(
        entry.sequence,
        entry.time_ns,
        beijing_time(entry.time_ns),
        COMMAND,
        type(entry.command).__name__,
        entry.key,
        text_of(entry.command, language),
        plain(entry.command),
    )


def text_of(what: AnyCommand | AnyEvent, language: str) -> str:
    """Return a command or event in words, in `zh` or `en`; "" where its fields say it all."""
    inner = what.answer if isinstance(what, Repeated) else what
    if isinstance(inner, Refused):
        return explain(inner.reason, inner.figure_a, inner.figure_b, language)
    if isinstance(inner, AccessRecorded | RecordAccess):
        words = _ACCESS[str(inner.kind)][language != "zh"]
        who = inner.person or inner.public_key[:16] or "?"
        parts = [who, words, inner.code, inner.address, f"x{inner.count}" * (inner.count > 1)]
        return " ".join(filter(None, parts))
    return ""


def plain(value: object) -> dict[str, Any]:
    """Return the fields of a struct as plain values; `*_fen` becomes `*_yuan` with two decimals, a cause a word."""
    fields: dict[str, Any] = _in_yuan(msgspec.to_builtins(value))
    fields.pop("type", None)
    if isinstance(value, Repeated):
        _name_cause(value.answer, fields["answer"])
    _name_cause(value, fields)
    return fields


def _name_cause(value: object, fields: dict[str, Any]) -> None:
    cause = getattr(value, "cause", None)
    if isinstance(cause, CancelCause | FailureCause):
        fields["cause"] = cause.name.lower()


def _in_yuan(value: Any) -> Any:  # noqa: ANN401 - plain values
    if isinstance(value, list | tuple):
        return [_in_yuan(item) for item in value]
    if not isinstance(value, dict):
        return value
    done: dict[str, Any] = {}
    for name, item in value.items():
        if isinstance(name, str) and name.endswith(_FEN) and isinstance(item, int):
            done[name.removesuffix(_FEN) + "_yuan"] = yuan_of[item]
        else:
            done[name] = _in_yuan(item)
    return done
