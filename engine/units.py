"""Fen, tonnes, basis points and nanoseconds: the only place where text becomes an integer and back.

A price is an integer number of fen (0.01 yuan) per tonne, a quantity an integer number of tonnes, an
amount an integer number of fen, a time an integer number of nanoseconds since 1970-01-01 UTC (R22).
"""

import re
from typing import Final

FEN_PER_YUAN: Final = 100
BASIS_POINTS: Final = 10_000
NANOSECONDS_PER_SECOND: Final = 1_000_000_000
BEIJING_OFFSET_NS: Final = 8 * 3600 * NANOSECONDS_PER_SECOND
DAY_NS: Final = 24 * 3600 * NANOSECONDS_PER_SECOND

# Bounds that keep every product of a price and a quantity inside 63 bits: compiled integers wrap
# silently. 10^9 fen is ten million yuan a tonne; 10^9 t is a fifth of a year's whole allocation.
PRICE_FEN_MAX: Final = 1_000_000_000
QUANTITY_T_MAX: Final = 1_000_000_000
AMOUNT_FEN_MAX: Final = 1_000_000_000_000_000_000

_YUAN = re.compile(r"\A(-?)(0|[1-9][0-9]{0,15})(?:\.([0-9]{1,2}))?\Z", re.ASCII)


def parse_yuan(text: str) -> int:
    """Return the fen of a decimal string of yuan such as ``52.78``; ValueError names the text."""
    found = _YUAN.match(text)
    if found is None:
        message = f"{text!r} is not an amount of yuan with at most two decimals"
        raise ValueError(message)
    sign, yuan, fen = found.groups()
    value = int(yuan) * FEN_PER_YUAN + int((fen or "").ljust(2, "0"))
    return -value if sign else value


def format_yuan(value_fen: int) -> str:
    """Return fen as yuan with two decimals: ``5278`` is ``52.78``."""
    sign = "-" if value_fen < 0 else ""
    yuan, fen = divmod(abs(value_fen), FEN_PER_YUAN)  # exact: whole yuan and the fen left over
    return f"{sign}{yuan}.{fen:02d}"


def divide_half_up(numerator: int, denominator: int) -> int:
    """Return numerator ÷ denominator rounded half up (四舍五入; R34, R50, R52), both non-negative."""
    return (2 * numerator + denominator) // (2 * denominator)  # rounds half up


def band_fen(reference_price_fen: int, band_bp: int) -> tuple[int, int]:
    """Return floor and cap of a price band: reference × (1 ± band), each half up to the fen (R31-R34)."""
    floor = divide_half_up(reference_price_fen * (BASIS_POINTS - band_bp), BASIS_POINTS)
    cap = divide_half_up(reference_price_fen * (BASIS_POINTS + band_bp), BASIS_POINTS)
    return floor, cap


def parse_clock(text: str) -> int:
    """Return the nanoseconds since Beijing midnight of ``HH:MM`` or ``HH:MM:SS``."""
    found = re.match(r"\A([01][0-9]|2[0-4]):([0-5][0-9])(?::([0-5][0-9]))?\Z", text, re.ASCII)
    if found is None:
        message = f"{text!r} is not a time of day such as 09:30"
        raise ValueError(message)
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return (hours * 3600 + minutes * 60 + seconds) * NANOSECONDS_PER_SECOND


def participant_code(number: int) -> str:
    """Return a participant's trading code for people: 1 is ``P0001``."""
    return f"P{number:04d}"


def days_from_civil(date: str) -> int:
    """Return the days since 1970-01-01 of an ISO date, without a clock or a time zone (Hinnant 2013)."""
    found = re.match(r"\A([0-9]{4})-([0-9]{2})-([0-9]{2})\Z", date, re.ASCII)
    if found is None:
        message = f"{date!r} is not a date such as 2021-07-16"
        raise ValueError(message)
    year, month, day = (int(part) for part in found.groups())
    lengths = (31, 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28)
    days_in_month = (*lengths, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    if not 1 <= month <= 12 or not 1 <= day <= days_in_month[month - 1]:  # noqa: PLR2004 - months
        message = f"{date!r} is not a date of the calendar"
        raise ValueError(message)
    shifted_year = year - (month <= 2)  # noqa: PLR2004 - the civil year starts in March
    era = shifted_year // 400  # floor: 400-year eras
    year_of_era = shifted_year - era * 400
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1  # noqa: PLR2004 floor
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year  # floors
    return era * 146_097 + day_of_era - 719_468


def is_date(text: str) -> bool:
    """Say whether a text is a date that the calendar has."""
    try:
        days_from_civil(text)
    except ValueError:
        return False
    return True


def midnight_ns(date: str) -> int:
    """Return the time (ns UTC) of Beijing midnight at the start of an ISO date."""
    return days_from_civil(date) * DAY_NS - BEIJING_OFFSET_NS
