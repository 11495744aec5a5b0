"""Numbers, times and columns as the screen shows them, and what people type."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from engine.units import PRICE_FEN_MAX, QUANTITY_T_MAX, midnight_ns, parse_clock
from terminal import format as show


def test_prices_quantities_and_amounts() -> None:
    assert show.price(9_840) == "98.40"
    assert show.price(0) == "--"
    assert show.quantity(12_340) == "12,340"
    assert show.quantity(0) == "0"
    assert show.quantity(0, show_zero=False) == "--"
    assert show.amount(21_023_005_325) == "210,230,053.25"
    assert show.amount(-105) == "-1.05"
    assert show.participant(21) == "P0021"


@pytest.mark.parametrize(
    ("value_fen", "zh", "en"),
    [
        (999_999, "9,999.99", "9,999.99"),
        (121_080_000, "121.08 万", "1.21 M"),
        (146_300_000_000, "14.63 亿", "1.46 bn"),
        (1_000_000, "1.00 万", "10.00 k"),
    ],
)
def test_short_amounts(value_fen: int, zh: str, en: str) -> None:
    assert show.amount_short(value_fen, "zh") == zh
    assert show.amount_short(value_fen, "en") == en


@pytest.mark.parametrize(
    ("value_fen", "base_fen", "change", "percent", "direction"),
    [
        (5_123, 4_800, "+3.23", "+6.73%", "up"),
        (4_477, 4_800, "-3.23", "-6.73%", "down"),
        (4_800, 4_800, "0.00", "0.00%", "flat"),
        (0, 4_800, "--", "--", "flat"),
        (4_800, 0, "--", "--", "flat"),
    ],
)
def test_changes(value_fen: int, base_fen: int, change: str, percent: str, direction: str) -> None:
    assert show.change(value_fen, base_fen) == change
    assert show.percent(value_fen, base_fen) == percent
    assert show.direction(value_fen, base_fen) == direction


def test_times_are_beijing_times() -> None:
    time_ns = midnight_ns("2021-07-16") + parse_clock("13:41:58")
    assert show.clock(time_ns) == "13:41:58"
    assert show.moment(time_ns) == "2021-07-16 13:41:58"
    assert show.clock(0) == "--:--:--"
    assert show.countdown(4_673_000_000_000) == "01:17:53"
    assert show.countdown(1) == "00:00:01", "rounded up: zero means that the time has come"
    assert show.countdown(-5) == "00:00:00"


@pytest.mark.parametrize(
    ("typed", "price_fen"),
    [
        ("98.40", 9_840),
        ("98.4", 9_840),
        ("１２３。５", 12_350),
        ("1,234.56", 123_456),
        ("98", 9_800),
        ("", 0),
        ("abc", 0),
        ("1.234", 0),
        ("0", 0),
        ("-5", 0),
        (str(PRICE_FEN_MAX), 0),
    ],
)
def test_typed_prices(typed: str, price_fen: int) -> None:
    assert show.parse_price(typed) == price_fen


@pytest.mark.parametrize(
    ("typed", "quantity_t"),
    [
        ("2000", 2_000),
        ("2,000", 2_000),
        ("２０００", 2_000),
        ("2k", 2_000),
        ("0.5w", 5_000),
        ("0.5万", 5_000),
        ("/2", 4_500),
        ("1/4", 2_250),
        ("=", 9_000),
        ("0.00001w", 0),
        ("1.5", 0),
        ("", 0),
        ("9" * 12, 0),
    ],
)
def test_typed_quantities(typed: str, quantity_t: int) -> None:
    assert show.parse_quantity(typed, 9_000) == quantity_t


@given(st.integers(1, PRICE_FEN_MAX), st.integers(1, QUANTITY_T_MAX))
def test_what_is_shown_can_be_typed_back(price_fen: int, quantity_t: int) -> None:
    assert show.parse_price(show.price(price_fen)) == price_fen
    assert show.parse_quantity(show.quantity(quantity_t)) == quantity_t


@given(st.text(max_size=40), st.integers(1, 30), st.sampled_from(["left", "right", "centre"]))
def test_fitted_text_is_exactly_as_wide_as_asked(text: str, cells: int, align: str) -> None:
    fitted = show.fit(show.plain(text), cells, align)  # type: ignore[arg-type]
    assert cell_len(fitted) == cells


def test_columns_are_counted_in_cells() -> None:
    assert show.fit("碳排放配额25", 15) == "碳排放配额25   "
    assert show.fit("买", 4, "right") == "  买"
    assert show.fit("碳排放配额", 6) == "碳排… "


def test_untrusted_text_cannot_steer_the_screen() -> None:
    assert show.plain("厂\x1b[2J\u202e名\n") == "厂[2J名"
