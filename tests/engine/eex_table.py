"""Reads a table of auction results whose columns are known by their names, not by their places.

The file is not part of this repository. Its headings are matched without case, units and signs; where a
needed one is missing the error lists what was found.
"""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

NEEDED = ("date", "price", "offered_t", "bid_t", "bids")
ALIASES: dict[str, tuple[str, ...]] = {
    "date": ("date", "auction date", "trading date", "day"),
    "price": ("auction price", "clearing price", "settlement price", "price"),
    "offered_t": (
        "auction volume",
        "volume offered",
        "offered volume",
        "volume on offer",
        "offered",
        "volume",
    ),
    "sold_t": ("volume sold", "sold volume", "volume auctioned", "sold"),
    "bid_t": (
        "total amount of bids",
        "total volume of bids",
        "total bid volume",
        "total bids",
        "bids total",
        "bid volume",
        "volume bid",
        "amount of bids",
        "total volume bid",
    ),
    "bids": (
        "number of bids submitted",
        "total number of bids",
        "number of bids",
        "bids submitted",
        "bid count",
        "num bids",
        "n bids",
        "bids",
    ),
    "bidders": (
        "total number of bidders",
        "number of bidders",
        "bidders",
        "num bidders",
        "n bidders",
    ),
    "revenue": ("total revenue", "auction revenue", "revenue"),
    "cover": ("cover ratio", "coverage ratio", "bid to cover ratio", "bid to cover", "cover"),
    "successful_bids": (
        "number of successful bids",
        "successful bids",
        "num successful bids",
        "n successful bids",
    ),
    "status": ("status", "auction status", "result"),
}
"""Headings by meaning, the most telling first."""
_SPARE = {
    "mean",
    "median",
    "average",
    "avg",
    "min",
    "max",
    "minimum",
    "maximum",
    "std",
    "deviation",
}
WORDS: dict[str, tuple[set[str], set[str], set[str]]] = {
    "date": ({"date"}, set(), set()),
    "price": ({"price"}, set(), {"bid"}),
    "bids": (
        {"bids"},
        {"number", "count", "no", "n", "num", "submitted"},
        {"successful", "bidder"},
    ),
    "bid_t": ({"bids"}, {"total", "amount", "volume", "sum"}, {"number", "count", "successful"}),
    "successful_bids": ({"bids", "successful"}, set(), {"volume"}),
    "bidders": ({"bidders"}, set(), {"successful", "bids", "volume"}),
    "revenue": ({"revenue"}, set(), set()),
    "cover": ({"cover"}, set(), set()),
    "sold_t": ({"volume"}, {"sold", "awarded", "allocated"}, {"bidder"}),
    "offered_t": ({"volume"}, set(), {"bid", "bids", "bidder", "bidders", "won", "sold"}),
}
"""Where no alias is met: words that a heading must have, some of which it must have, and may not."""
_UNITS = {
    "per",
    "eur",
    "euro",
    "euros",
    "tco2",
    "tco2e",
    "t",
    "co2",
    "eua",
    "cents",
    "unit",
    "units",
}
_DATES = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%Y/%m/%d", "%d-%m-%Y", "%d.%m.%y", "%d %b %Y")


class TableError(ValueError):
    """The table cannot be read; the text says what was looked for and what was found."""


@dataclass(frozen=True)
class Row:
    """One auction as a table tells it; None where it says nothing."""

    line: int
    date: str
    price_fen: int | None
    offered_t: int
    bid_t: int
    bids: int
    sold_t: int | None = None
    bidders: int | None = None
    revenue: Decimal | None = None
    cover: Decimal | None = None
    successful_bids: int | None = None
    status: str = ""

    @property
    def name(self) -> str:
        """How a failure calls the row."""
        return f"line {self.line} ({self.date})"


def plain(heading: str) -> str:
    """Return a heading without case, signs, units and brackets."""
    text = re.sub(r"\([^)]*\)|\[[^]]*\]", " ", heading.lower()).replace("€", " eur ")
    words = re.findall(r"[a-z0-9]+", text)
    return " ".join(word for word in words if word not in _UNITS)


def number(text: str) -> Decimal | None:
    """Return a number written with a point or a comma, with or without thousands; None for none."""
    digits = re.sub(r"[\s€'\u00a0]|EUR", "", text)
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", digits):
        digits = digits.replace(",", "")
    elif re.fullmatch(r"-?\d{1,3}(\.\d{3})+,\d+|-?\d{1,3}(\.\d{3}){2,}", digits):
        digits = digits.replace(".", "").replace(",", ".")
    else:
        digits = digits.replace(",", ".")
    try:
        value = Decimal(digits)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def read_table(path: Path) -> list[Row]:
    """Return the rows of a file that name an auction, with or without bids."""
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return read_text(text, path.name)


def read_text(text: str, name: str) -> list[Row]:
    """Return the rows of a table; TableError if no line of it holds the needed headings."""
    sign = max(",;\t|", key=text[:4_000].count)
    lines = list(csv.reader(io.StringIO(text), delimiter=sign))
    for place, cells in enumerate(lines[:20]):
        columns = columns_of(cells)
        if all(meaning in columns for meaning in NEEDED):
            told = (
                _row(line, row, columns) for line, row in enumerate(lines[place + 1 :], place + 2)
            )
            return [row for row in told if row is not None]
    headings = [cell for cell in lines[0] if cell.strip()] if lines else []
    found = columns_of(lines[0]) if lines else {}
    missing = {meaning: ALIASES[meaning] for meaning in NEEDED if meaning not in found}
    message = f"{name}: no column for {missing}; the headings found are {headings}"
    raise TableError(message)


def columns_of(headings: Sequence[str]) -> dict[str, int]:
    """Return the place of each meaning among headings; a place serves one meaning."""
    names = [plain(heading) for heading in headings]
    found: dict[str, int] = {}
    for meaning, aliases in ALIASES.items():
        for alias in aliases:
            if alias in names and names.index(alias) not in found.values():
                found[meaning] = names.index(alias)
                break
    for meaning, (must, some, never) in WORDS.items():
        if meaning not in found:
            fitting = [
                place
                for place, name in enumerate(names)
                if must <= (words := set(name.split()))
                and (not some or words & some)
                and not words & (never | _SPARE)
                and place not in found.values()
            ]
            if len(fitting) == 1:
                found[meaning] = fitting[0]
    return found


def date_of(text: str) -> str:
    """Return a date in ISO form, the text itself where its form is not known."""
    day = text.strip().split("T")[0]
    for candidate in (day, day.split(" ")[0]):
        for form in _DATES:
            try:
                return datetime.strptime(candidate, form).date().isoformat()  # noqa: DTZ007 - a date
            except ValueError:
                continue
    return text.strip()


def _row(line: int, cells: list[str], columns: dict[str, int]) -> Row | None:
    def text(meaning: str) -> str:
        place = columns.get(meaning, -1)
        return cells[place].strip() if 0 <= place < len(cells) else ""

    def whole(meaning: str) -> int | None:
        value = number(text(meaning))
        return None if value is None else int(value)

    offered = whole("offered_t")
    if not offered or not text("date"):
        return None
    price = number(text("price"))
    return Row(
        line=line,
        date=date_of(text("date")),
        price_fen=int(price * 100) if price else None,
        offered_t=offered,
        bid_t=whole("bid_t") or 0,
        bids=whole("bids") or 0,
        sold_t=whole("sold_t"),
        bidders=whole("bidders"),
        revenue=number(text("revenue")),
        cover=number(text("cover")),
        successful_bids=whole("successful_bids"),
        status=text("status").lower(),
    )
