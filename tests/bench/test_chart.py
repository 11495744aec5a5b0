"""The chart takes out the lunch break, loses no tonne, and says where there is nothing."""

from pathlib import Path

from bench.chart import Print, sketch, terminal_lines, write_png
from engine.profile import Profile, load_profile
from engine.units import midnight_ns, parse_clock
from gateway.market import built_in_profile

DATE = "2021-07-16"
LABELS = ("a day", "yuan/t", "thousand t")


def profile() -> Profile:
    return load_profile(built_in_profile("national"))


def prints(*rows: tuple[str, int, int]) -> list[Print]:
    return [Print(midnight_ns(DATE) + parse_clock(clock), p, q) for clock, p, q in rows]


def test_the_break_takes_no_room() -> None:
    rows = prints(("09:30", 4800, 1), ("11:30", 4800, 1), ("13:00", 4800, 1), ("15:00", 4800, 1))
    drawing = sketch(rows, DATE, profile(), labels=LABELS)
    assert drawing.minutes == 240
    assert drawing.times == (0.0, 120.0, 120.0, 240.0)
    assert dict(drawing.ticks)[120] == "11:30/13:00"
    assert [text for _, text in drawing.ticks][::4] == ["09:30", "11:30/13:00", "15:00"]


def test_every_tonne_stands_in_a_bar() -> None:
    rows = prints(("09:31", 5278, 81), ("09:34", 5279, 4_800), ("15:00", 5100, 119))
    drawing = sketch(rows, DATE, profile(), labels=LABELS, slice_minutes=5)
    assert len(drawing.bars) == 48
    assert round(sum(drawing.bars) * 1000) == 5_000
    assert drawing.bars[0] == 4.881
    assert drawing.bars[-1] == 0.119
    assert drawing.prices == (52.78, 52.79, 51.0)


def test_the_terminal_chart_has_the_asked_width_and_the_prices() -> None:
    rows = prints(("09:31", 5278, 81), ("10:34", 5123, 4_800), ("14:50", 5075, 119))
    drawing = sketch(rows, DATE, profile(), labels=LABELS)
    for columns in (60, 98):
        price, volume = terminal_lines(drawing, columns)
        assert {len(line) for line in (*price, *volume)} == {columns}
        text = "\n".join(price)
        assert "52.78" in text
        assert "50.75" in text
        assert "11:30/13:00" in volume[-1]


def test_a_day_without_trades_is_drawn_empty() -> None:
    drawing = sketch([], DATE, profile(), labels=LABELS)
    price, volume = terminal_lines(drawing, 60)
    assert not any("█" in line for line in (*price, *volume))


def test_the_picture_is_written(tmp_path: Path) -> None:
    drawing = sketch(prints(("09:31", 5278, 81)), DATE, profile(), labels=LABELS)
    write_png(drawing, tmp_path / "day.png")
    assert (tmp_path / "day.png").read_bytes().startswith(b"\x89PNG")
