"""Refusals in words: the engine's texts with their figures as yuan, tonnes, Beijing time and phases."""

from datetime import UTC, datetime, timedelta
from typing import Final

from engine.events import AnyEvent, Phase, Refused, Repeated
from engine.reasons import EXPLANATIONS, Reason
from engine.units import BEIJING_OFFSET_NS, DAY_NS, FEN_PER_YUAN, NANOSECONDS_PER_SECOND

PHASES: Final[dict[Phase, tuple[str, str]]] = {
    Phase.CLOSED: ("未开市", "closed"),
    Phase.PRE_OPEN: ("开市前", "pre-open"),
    Phase.OPEN: ("开市", "open"),
    Phase.BREAK: ("午间休市", "break"),
    Phase.ENDED: ("收市", "ended"),
}
"""The phases in Chinese and English."""
_NO_TIME: Final = ("当日不再变更", "no time today")


def explain(reason: Reason, figure_a: int, figure_b: int, language: str) -> str:
    """Return a refusal with its figures in words, in `zh` or `en`."""
    explanation = EXPLANATIONS[reason]
    text = explanation.zh if language == "zh" else explanation.en
    unit_a, unit_b = explanation.figures
    return text.format(a=_figure(figure_a, unit_a, language), b=_figure(figure_b, unit_b, language))


def explain_events(events: tuple[AnyEvent, ...] | list[AnyEvent], language: str) -> tuple[str, ...]:
    """Return one text per refusal among events, those inside a repeated answer included."""
    texts = []
    for event in events:
        inner = event.answer if isinstance(event, Repeated) else event
        if isinstance(inner, Refused):
            texts.append(explain(inner.reason, inner.figure_a, inner.figure_b, language))
    return tuple(texts)


def yuan_text(value_fen: int) -> str:
    """Return fen as yuan for people: two decimals, thousands separated."""
    sign = "-" if value_fen < 0 else ""
    yuan, fen = divmod(abs(value_fen), FEN_PER_YUAN)  # exact: whole yuan and the fen left over
    return f"{sign}{yuan:,}.{fen:02d}"


def beijing_clock(time_ns: int) -> str:
    """Return a time as Beijing HH:MM:SS."""
    seconds = (
        (time_ns + BEIJING_OFFSET_NS) % DAY_NS // NANOSECONDS_PER_SECOND
    )  # whole seconds, down
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"  # exact parts


def beijing_moment(time_ns: int) -> str:
    """Return a time as Beijing 2021-07-16 09:30:00, for what may lie on another day."""
    seconds = (time_ns + BEIJING_OFFSET_NS) // NANOSECONDS_PER_SECOND  # whole seconds, down
    return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds):%Y-%m-%d %H:%M:%S}"


def _figure(value: int, unit: str, language: str) -> str:
    is_english = language != "zh"
    match unit:
        case "fen":
            return yuan_text(value)
        case "t":
            return f"{value:,}"
        case "time_ns":
            return beijing_clock(value) if value else _NO_TIME[is_english]
        case "moment":
            return beijing_moment(value)
        case "phase":
            return PHASES[Phase(value)][is_english]
        case _:
            return str(value)
