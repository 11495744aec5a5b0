"""Text becomes integers and back without loss, and every division rounds as its rule says."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.units import (
    band_fen,
    days_from_civil,
    divide_half_up,
    format_yuan,
    midnight_ns,
    parse_clock,
    parse_yuan,
)
from tests.oracle import rules

HOUR_NS = 3_600_000_000_000


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("0", 0),
        ("48", 4_800),
        ("52.78", 5_278),
        ("52.7", 5_270),
        ("-0.01", -1),
        ("210230053.25", 21_023_005_325),
    ],
)
def test_yuan_is_read(text: str, fen: int) -> None:
    assert parse_yuan(text) == fen


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 1",
        "1 ",
        "1.",
        ".5",
        "1.005",
        "01",
        "+1",
        "1e3",
        "１",
        "1,000",
        "1\n",
        "--1",
        "NaN",
        "9" * 18,
    ],
)
def test_what_is_no_amount_is_refused_by_its_text(text: str) -> None:
    with pytest.raises(ValueError, match="is not an amount of yuan"):
        parse_yuan(text)


@settings(derandomize=True, database=None)
@given(st.integers(-(10**17), 10**17))
def test_yuan_goes_there_and_back(fen: int) -> None:
    assert parse_yuan(format_yuan(fen)) == fen


@pytest.mark.parametrize(
    ("numerator", "denominator", "quotient"),
    [
        (67_155, 10, 6_716),
        (67_154, 10, 6_715),
        (0, 7, 0),
        (1, 2, 1),
        (1, 3, 0),
        (5, 2, 3),
        (7, 2, 4),
    ],
)
def test_a_half_goes_up(numerator: int, denominator: int, quotient: int) -> None:
    assert divide_half_up(numerator, denominator) == quotient


@settings(derandomize=True, database=None)
@given(st.integers(1, 10**9), st.integers(1, 9_999))
def test_bands_are_those_of_the_oracle(reference_fen: int, band_bp: int) -> None:
    assert band_fen(reference_fen, band_bp) == rules.band(reference_fen, band_bp)


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [("00:00", 0), ("09:30", 9 * HOUR_NS + HOUR_NS // 2), ("23:59:59", 24 * HOUR_NS - 10**9)],
)
def test_a_clock_is_read(text: str, nanoseconds: int) -> None:
    assert parse_clock(text) == nanoseconds


@pytest.mark.parametrize("text", ["", "9:30", "09:60", "25:00", "09:30:60", "09.30", "09:30\n"])
def test_what_is_no_clock_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time of day"):
        parse_clock(text)


@settings(derandomize=True, database=None)
@given(st.dates())
def test_dates_count_as_the_calendar_does(date: dt.date) -> None:
    text = date.isoformat()
    assert days_from_civil(text) == (date - dt.date(1970, 1, 1)).days
    if date.year >= 1971:
        assert midnight_ns(text) == rules.midnight(text)


@pytest.mark.parametrize(
    "text", ["2021-02-29", "2021-13-01", "2021-00-10", "2021-04-31", "2100-02-29"]
)
def test_days_that_do_not_exist_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a date of the calendar"):
        days_from_civil(text)


@pytest.mark.parametrize("text", ["", "2021-7-16", "20210716", "2021-07-16\n", "２021-07-16"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a date such as"):
        days_from_civil(text)
