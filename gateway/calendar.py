"""The trading calendar of a market: a file of dates, so that a newer library never changes an old day.

Source: the exchange follows the State Council's holidays (R26); the days are those of the Shanghai
exchanges (XSHG) as the library `exchange_calendars` knows them, and they are known until a date.
"""

import warnings
from bisect import bisect_right
from collections.abc import Container
from itertools import pairwise
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from engine.commands import IsoDate
from engine.profile import Profile
from engine.units import midnight_ns, parse_clock
from gateway.errors import UserError

FIRST_DATE: Final = "2021-07-16"
"""The first trading day of the national market (R30)."""


class Calendar(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Trading days in rising order; nothing is known behind `known_until`."""

    source: Annotated[str, Meta(max_length=200)]
    known_until: IsoDate
    days: tuple[IsoDate, ...]


class Timetable:
    """When trading days of a market open and end."""

    def __init__(self, calendar: Calendar, profile: Profile) -> None:
        self.calendar = calendar
        self._opens_ns = parse_clock(profile.day_opens_at)
        auctions = profile.auction.sessions if profile.auction is not None else ()
        sessions = (*profile.listed.sessions, *profile.block.sessions, *auctions)
        self._ends_ns = max(parse_clock(end) for _, end in sessions)

    def opens_ns(self, date: str) -> int:
        """Return when a trading day opens (ns UTC)."""
        return midnight_ns(date) + self._opens_ns

    def ends_ns(self, date: str) -> int:
        """Return when the last session of a trading day ends (ns UTC)."""
        return midnight_ns(date) + self._ends_ns

    def next_day(self, after: str, now_ns: int, closed: Container[str] = ()) -> str:
        """Return the first trading day after a date that has not ended at a moment, "" if unknown.

        Days that the operators have `closed` are no trading days, whatever the calendar says.
        """
        days = self.calendar.days
        for index in range(bisect_right(days, after), len(days)):
            if days[index] not in closed and self.ends_ns(days[index]) > now_ns:
                return days[index]
        return ""


def load_calendar(text: bytes, source: str) -> Calendar:
    """Decode and check a calendar file; UserError names the file and the place."""
    try:
        calendar = msgspec.toml.decode(text, type=Calendar)
        for date in (*calendar.days, calendar.known_until):
            midnight_ns(date)
    except (msgspec.DecodeError, ValueError) as error:
        raise UserError(f"{source}: {error}") from None
    days = calendar.days
    if any(first >= second for first, second in pairwise(days)):
        raise UserError(f"{source}: the days must rise - at `$.days`")
    return calendar


def make_calendar() -> bytes:
    """Return the text of a calendar file with every trading day that the library knows."""
    import exchange_calendars  # noqa: PLC0415 - half a second, and only `ceax init` needs it

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the library about its own library
        sessions = exchange_calendars.get_calendar("XSHG").sessions
    days = [str(day.date()) for day in sessions]
    days = [day for day in days if day >= FIRST_DATE]
    source = f"exchange_calendars {exchange_calendars.__version__}, XSHG"
    rows = "".join(f'    "{day}",\n' for day in days)
    return (
        "# Trading days of this market. A day is opened by the sequencer and stands in the journal,\n"
        "# so a change here never changes a day that was. Add days before `known_until` passes.\n"
        f'source = "{source}"\nknown_until = "{days[-1]}"\ndays = [\n{rows}]\n'
    ).encode()
