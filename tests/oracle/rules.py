"""The rules of the rulebook that are arithmetic: bands, rounding, timetable, weights, credit codes.

Everything is recomputed here with `Fraction` and the standard calendar, so that a mistake in
`engine/units.py` or in the core cannot hide behind a shared helper.
"""

import datetime as dt
from fractions import Fraction
from math import floor

from engine.commands import Method, Side
from engine.events import Phase
from engine.profile import Auction, Composite, Profile, Sessions
from engine.units import parse_clock

HUNDRED_PERCENT_BP = 10_000
BEIJING = dt.timezone(dt.timedelta(hours=8))
NANOSECONDS = 1_000_000_000
CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def nearest(value: Fraction) -> int:
    """Return the nearest whole number, a half goes up (四舍五入: R34, R50, R52)."""
    return floor(value + Fraction(1, 2))


def band(reference_fen: int, band_bp: int) -> tuple[int, int]:
    """Return the lowest and the highest price of a band (R31-R34)."""
    width = Fraction(band_bp, HUNDRED_PERCENT_BP)
    return nearest(reference_fen * (1 - width)), nearest(reference_fen * (1 + width))


def fee_fen(profile: Profile, method: Method, side: Side, amount_fen: int) -> int:
    """Return what one side of a trade pays: trading and settlement fee, each cut to the fen (R60)."""
    party = {Side.BUY: "buyer", Side.SELL: "seller"}[side]
    name = f"{method.name.lower()}_{party}_bp"
    return sum(
        floor(Fraction(amount_fen * getattr(rates, name), HUNDRED_PERCENT_BP))
        for rates in (profile.fees.trading, profile.fees.settlement)
    )


def midnight(date: str) -> int:
    """Return the nanosecond of Beijing midnight at the start of a date."""
    year, month, day = (int(part) for part in date.split("-"))
    moment = dt.datetime(year, month, day, tzinfo=BEIJING)
    return int(moment.timestamp()) * NANOSECONDS


def timetable(rules: Sessions | Auction, date: str) -> list[tuple[int, int]]:
    """Return the sessions of a method on a date as (begin, end) in nanoseconds (R26, R27)."""
    start = midnight(date)
    return [(start + parse_clock(begin), start + parse_clock(end)) for begin, end in rules.sessions]


def phase_at(sessions: list[tuple[int, int]], time_ns: int) -> Phase:
    """Return where a method stands at a time of its day; a session is [begin, end)."""
    if time_ns < sessions[0][0]:
        return Phase.PRE_OPEN
    if time_ns >= sessions[-1][1]:
        return Phase.ENDED
    in_session = any(begin <= time_ns < end for begin, end in sessions)
    return Phase.OPEN if in_session else Phase.BREAK


def next_change(sessions: list[tuple[int, int]], time_ns: int) -> int:
    """Return when the phase changes next after a time, 0 if not on this day."""
    moments = sorted({moment for session in sessions for moment in session})
    now = phase_at(sessions, time_ns)
    for moment in moments:
        if moment > time_ns and phase_at(sessions, moment) != now:
            return moment
    return 0


def composite_row(profile: Profile, date: str) -> Composite | None:
    """Return the weights that are in force on a date (R52), none before the first row."""
    in_force = [row for row in profile.composite if row.effective_from <= date]
    return in_force[-1] if in_force else None


def weighted_mean(row: Composite | None, price_fen: dict[str, int]) -> int:
    """Return the composite of the members that have a price, nearest fen (R52); 0 if none has."""
    if row is None:
        return 0
    pairs = [
        (weight, price_fen.get(member, 0))
        for member, weight in zip(row.members, row.weights, strict=True)
    ]
    pairs = [(weight, price) for weight, price in pairs if price > 0]
    if not pairs:
        return 0
    total = sum(weight * price for weight, price in pairs)
    return nearest(Fraction(total, sum(weight for weight, _ in pairs)))


def credit_code_is_good(code: str) -> bool:
    """Say whether a unified social credit code passes GB 32100-2015: 18 signs, region, check sign."""
    if len(code) != 18 or any(sign not in CREDIT_ALPHABET for sign in code):
        return False
    if not code[2:8].isdigit():
        return False
    total = sum(
        CREDIT_ALPHABET.index(sign) * pow(3, place, 31) for place, sign in enumerate(code[:17])
    )
    return CREDIT_ALPHABET.index(code[17]) == -total % 31
