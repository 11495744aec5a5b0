"""How long keys and enrolment codes still hold: the one rule by which people are told, in time, what ends."""

from typing import Final

from engine.units import BEIJING_OFFSET_NS, DAY_NS, days_from_civil
from engine.views import CodeView

WARNING_DAYS: Final = 30
"""A key that holds for fewer days more is told to its person at each login."""


def days_left(valid_until: str, time_ns: int) -> int | None:
    """Return the days that a key holds beyond the Beijing date of a time (ns UTC); None = until revoked.

    0 is its last day. Below 0 it ends as the next trading day opens, unless it is one of the last
    operators' keys, which hold on.
    """
    if not valid_until:
        return None
    today = (time_ns + BEIJING_OFFSET_NS) // DAY_NS  # floor: whole days since 1970-01-01
    return days_from_civil(valid_until) - today


def ends_soon(left: int | None) -> bool:
    """Say whether so many days left are few enough to tell."""
    return left is not None and left < WARNING_DAYS


def code_state(row: CodeView, time_ns: int) -> str:
    """Return `claimed`, `expired` or `waiting` for an enrolment code at a time (ns UTC)."""
    if row.key:
        return "claimed"
    return "expired" if row.code_valid_until_ns < time_ns else "waiting"
