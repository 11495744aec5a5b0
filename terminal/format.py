"""Integers to screen text and back: prices, quantities, amounts, times and columns counted in cells.

Nothing here is a float: prices are fen, quantities tonnes, times nanoseconds, and text is measured in
terminal cells, because a Chinese character is two of them.
"""

import re
import unicodedata
from typing import Final, Literal

from rich.cells import cell_len, set_cell_size

from engine.commands import Side
from engine.units import (
    NANOSECONDS_PER_SECOND,
    PRICE_FEN_MAX,
    QUANTITY_T_MAX,
    format_yuan,
    parse_yuan,
)
from gateway import words
from gateway.explain import beijing_clock, beijing_moment, yuan_text
from terminal.texts import Language, say

MISSING: Final = "--"
FEN_PER_WAN: Final = 1_000_000
"""Fen in ten thousand yuan (万元)."""
WAN: Final = 10_000
participant = words.trading_code
plain = words.plain
amount = yuan_text
moment = beijing_moment

_QUANTITY = re.compile(r"\A([0-9]{1,12})(?:\.([0-9]{1,4}))?(k|w|万)?\Z", re.IGNORECASE)
_FRACTION = re.compile(r"\A(?:1?/([2-9])|(=))\Z")


def price(value_fen: int) -> str:
    """Return a price in yuan with two decimals, ``--`` where there is none (0)."""
    return format_yuan(value_fen) if value_fen else MISSING


def quantity(value_t: int, *, show_zero: bool = True) -> str:
    """Return tonnes with thousands separated."""
    return f"{value_t:,}" if value_t or show_zero else MISSING


def amount_short(value_fen: int, language: Language) -> str:
    """Return an amount for narrow columns: ``121.08 万`` or ``1.21 M``, cut to two decimals."""
    if value_fen < FEN_PER_WAN:
        return amount(value_fen)
    units = (
        ((FEN_PER_WAN * WAN, "亿"), (FEN_PER_WAN, "万"))
        if language == "zh"
        else ((100_000_000_000, "bn"), (100_000_000, "M"), (100_000, "k"))
    )
    size, unit = next(pair for pair in units if value_fen >= pair[0])
    hundredths = value_fen * 100 // size  # floor: a statistic never shows more than there was
    return f"{hundredths // 100:,}.{hundredths % 100:02d} {unit}"  # exact: whole and rest


def change(value_fen: int, base_fen: int) -> str:
    """Return the difference of two prices with its sign, ``--`` where either is missing."""
    if not value_fen or not base_fen:
        return MISSING
    difference_fen = value_fen - base_fen
    return ("+" if difference_fen > 0 else "") + format_yuan(difference_fen)


def percent(value_fen: int, base_fen: int) -> str:
    """Return the difference in percent of the base, two decimals, half away from zero."""
    if not value_fen or not base_fen:
        return MISSING
    difference_fen = value_fen - base_fen
    # rounds half away from zero, the same for rises and falls
    hundredths = (abs(difference_fen) * 20_000 + base_fen) // (2 * base_fen)
    sign = "" if not hundredths else "+" if difference_fen > 0 else "-"
    return f"{sign}{hundredths // 100}.{hundredths % 100:02d}%"  # exact: whole and rest


def direction(value_fen: int, base_fen: int) -> Literal["up", "down", "flat"]:
    """Say which way a price stands against its base; the colours are named by it."""
    if not value_fen or not base_fen or value_fen == base_fen:
        return "flat"
    return "up" if value_fen > base_fen else "down"


def clock(time_ns: int) -> str:
    """Return Beijing wall time ``HH:MM:SS``, ``--:--:--`` where there is no time."""
    return beijing_clock(time_ns) if time_ns else "--:--:--"


def countdown(left_ns: int) -> str:
    """Return a waiting time ``HH:MM:SS``, rounded up so that it reaches zero when the time has come."""
    seconds = -(-max(0, left_ns) // NANOSECONDS_PER_SECOND)  # rounds up
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"  # floor each


def side_text(side: Side, language: Language) -> str:
    """Return 买 or 卖."""
    return say(language, "buy" if side is Side.BUY else "sell")


def normalised(text: str) -> str:
    """Return typed text as plain ASCII digits and dots: a Chinese input method types １２３。５."""
    text = text.replace("。", ".").replace("．", ".").replace("、", "").replace("，", "")
    return unicodedata.normalize("NFKC", text).replace(",", "").replace(" ", "").strip()


def parse_price(text: str) -> int:
    """Return the fen of a typed price, 0 where it is not one."""
    try:
        value_fen = parse_yuan(normalised(text))
    except ValueError:
        return 0
    return value_fen if 0 < value_fen <= PRICE_FEN_MAX else 0


def parse_quantity(text: str, available_t: int = 0) -> int:
    """Return the tonnes of a typed quantity, 0 where it is not one.

    ``2000`` ``2,000`` ``2k`` ``0.2w`` ``0.2万`` are two thousand; ``/2`` is half and ``=`` all of
    what is available.
    """
    plain = normalised(text)
    fraction = _FRACTION.match(plain)
    if fraction is not None:
        return available_t // int(fraction[1] or 1)  # floor: never more than there is
    found = _QUANTITY.match(plain)
    if found is None:
        return 0
    unit = {"k": 1_000, "w": WAN, "万": WAN}.get((found[3] or "").lower(), 1)
    decimals = found[2] or ""
    scaled, rest = divmod(int(found[1] + decimals) * unit, 10 ** len(decimals))
    return scaled if not rest and scaled <= QUANTITY_T_MAX else 0


def fit(text: str, cells: int, align: Literal["left", "right", "centre"] = "left") -> str:
    """Return text exactly so many cells wide, cut with an ellipsis or filled with spaces."""
    width = cell_len(text)
    if width > cells:
        return set_cell_size(set_cell_size(text, cells - 1).rstrip(" ") + "…", cells)
    room = cells - width
    left = {"left": 0, "right": room, "centre": room // 2}[align]  # floor: the odd cell goes right
    return " " * left + text + " " * (room - left)
