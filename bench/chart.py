"""Price and volume of a trading day as a chart: in the terminal, and as a PNG file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from bench.flow import session_times
from engine.profile import Profile
from engine.units import FEN_PER_YUAN, midnight_ns

MINUTE_NS: Final = 60 * 1_000_000_000
COLUMNS_MIN: Final = 40
PRICE_ROWS: Final = 12
VOLUME_ROWS: Final = 7
LABEL_COLUMNS: Final = 9
"""Width of the labels left of both charts, so that their minutes stand under each other."""
TITLE_ROWS: Final = 1
CJK_FONTS: Final = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "Microsoft YaHei",
    "PingFang SC",
    "SimHei",
)


class Print(Struct, frozen=True):
    """One listed trade as the public feed tells it; ns UTC, fen, tonnes."""

    time_ns: int
    price_fen: int
    quantity_t: int


class Sketch(Struct, frozen=True, kw_only=True):
    """A day ready to be drawn: x in trading minutes, the lunch break taken out."""

    title: str
    price_label: str
    volume_label: str
    minutes: int
    ticks: tuple[tuple[int, str], ...]
    times: tuple[float, ...]
    prices: tuple[float, ...]
    """Yuan per tonne."""
    bars: tuple[float, ...]
    """Thousand tonnes in each slice of the day."""
    slice_minutes: int


def sketch(
    prints: Sequence[Print],
    date: str,
    profile: Profile,
    *,
    labels: tuple[str, str, str],
    slice_minutes: int = 5,
) -> Sketch:
    """Return the drawing of a day's trades; labels are title, price and volume (thousand t)."""
    midnight = midnight_ns(date)
    sessions = session_times(profile.listed)
    total = sum(end - begin for begin, end in sessions) // MINUTE_NS
    times = [_trading_minute(p.time_ns - midnight, sessions) for p in prints]
    bars = [0.0] * -(-total // slice_minutes)
    for minute, trade in zip(times, prints, strict=True):
        place = min(int(minute) // slice_minutes, len(bars) - 1)
        bars[place] += trade.quantity_t / 1000
    title, price_label, volume_label = labels
    return Sketch(
        title=title,
        price_label=price_label,
        volume_label=volume_label,
        minutes=total,
        ticks=_ticks(sessions),
        times=tuple(times),
        prices=tuple(p.price_fen / FEN_PER_YUAN for p in prints),
        bars=tuple(bars),
        slice_minutes=slice_minutes,
    )


def _trading_minute(time_of_day_ns: int, sessions: Sequence[tuple[int, int]]) -> float:
    """Return the minutes of trading before a moment: the first session begins at 0."""
    passed_ns = 0
    for begin, end in sessions:
        passed_ns += min(max(time_of_day_ns - begin, 0), end - begin)
    return passed_ns / MINUTE_NS


def _ticks(sessions: Sequence[tuple[int, int]]) -> tuple[tuple[int, str], ...]:
    """Return a label for each half hour; where two sessions meet, both clocks."""
    found: dict[int, str] = {}
    for begin, end in sessions:
        step_ns = 30 * MINUTE_NS
        moments = [begin, *range(begin - begin % step_ns + step_ns, end, step_ns), end]
        for moment in moments:
            minute = round(_trading_minute(moment, sessions))
            text = f"{moment // (60 * MINUTE_NS):02d}:{moment // MINUTE_NS % 60:02d}"
            found[minute] = f"{found[minute]}/{text}" if minute in found else text
    return tuple(sorted(found.items()))


# ---------------------------------------------------------------- terminal


def terminal_lines(drawing: Sketch, columns: int) -> tuple[list[str], list[str]]:
    """Return the rows of the price chart and of the volume chart, without colours."""
    columns = max(columns, COLUMNS_MIN)
    return _price_rows(drawing, columns), _volume_rows(drawing, columns)


def _price_rows(drawing: Sketch, columns: int) -> list[str]:
    figure = _figure(drawing, columns, PRICE_ROWS)
    if drawing.prices:
        signal = figure.signal(list(drawing.times), list(drawing.prices), marker="braille")
        figure.draw(signal.lines())
    _label(figure, *_range(drawing.prices), "{:.2f}")
    figure.ruler("x").ticks([], [])
    return _rows(figure)


def _volume_rows(drawing: Sketch, columns: int) -> list[str]:
    figure = _figure(drawing, columns, VOLUME_ROWS)
    middles = [(n + 0.5) * drawing.slice_minutes for n in range(len(drawing.bars))]
    if any(drawing.bars):
        figure.draw(figure.bar(middles, list(drawing.bars), width=1, _reset_ticks=False))
    _label(figure, 0.0, max(drawing.bars, default=1.0) or 1.0, "{:,.0f}")
    figure.ruler("x").ticks(*_sparse(drawing.ticks, columns))
    return _rows(figure)


def _figure(drawing: Sketch, columns: int, rows: int) -> Any:  # noqa: ANN401 - untyped library
    """Return plotext's one figure, emptied: it must be built before the next is begun."""
    import plotext  # noqa: PLC0415 - slow, and only for a chart

    plotext.terminal.limit(False, False)  # noqa: FBT003 - the caller knows the width
    figure = plotext.figure
    figure.clear()
    figure.plot_size(columns, rows)
    figure.ruler("x").lim(0, drawing.minutes)
    return figure


def _label(figure: Any, low: float, high: float, form: str) -> None:  # noqa: ANN401 - untyped
    places = [low, (low + high) / 2, high]
    figure.ruler("y").lim(low, high)
    figure.ruler("y").ticks(places, [form.format(p).rjust(LABEL_COLUMNS) for p in places])


def _range(prices: Sequence[float]) -> tuple[float, float]:
    if not prices:
        return 0.0, 1.0
    low, high = min(prices), max(prices)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _sparse(ticks: Sequence[tuple[int, str]], columns: int) -> tuple[list[int], list[str]]:
    """Return the ticks that have room: all of them, or the ends of the sessions."""
    fits = sum(len(text) + 2 for _, text in ticks) <= columns - LABEL_COLUMNS
    last = ticks[-1][0] if ticks else 0
    kept = [(m, t) for m, t in ticks if fits or m in {0, last} or "/" in t]
    return [minute for minute, _ in kept], [text for _, text in kept]


def _rows(figure: Any) -> list[str]:  # noqa: ANN401 - untyped library
    text: str = figure.build().string(colorless=True)
    return text.rstrip("\n").split("\n")


# ---------------------------------------------------------------- PNG


def find_cjk_font() -> str:
    """Return the name of an installed font with Chinese characters, "" where there is none."""
    from matplotlib import font_manager  # noqa: PLC0415 - slow, and only for a picture

    installed = {font.name for font in font_manager.fontManager.ttflist}
    return next((name for name in CJK_FONTS if name in installed), "")


def write_png(drawing: Sketch, path: Path, font: str = "") -> None:
    """Write the chart as a picture; labels need `font` where they are Chinese."""
    from matplotlib import rc_context  # noqa: PLC0415 - slow, and only for a picture
    from matplotlib.figure import Figure  # noqa: PLC0415

    with rc_context({"font.sans-serif": [font, "DejaVu Sans"]} if font else {}):
        figure = Figure(figsize=(11, 6), dpi=130, layout="constrained")
        price, volume = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        price.plot(drawing.times, drawing.prices, linewidth=0.9, drawstyle="steps-post")
        price.set_ylabel(drawing.price_label)
        price.set_title(drawing.title)
        starts = [n * drawing.slice_minutes for n in range(len(drawing.bars))]
        volume.bar(starts, drawing.bars, width=drawing.slice_minutes * 0.9, align="edge")
        volume.set_ylabel(drawing.volume_label)
        volume.set_xlim(0, drawing.minutes)
        volume.set_xticks([m for m, _ in drawing.ticks], [t for _, t in drawing.ticks])
        for axes in (price, volume):
            axes.grid(visible=True, alpha=0.3)
        figure.savefig(path)
