"""Reads tables of published daily figures: tolerant of names and form, strict about every cell.

Columns are found by their headers: English words (`listed_volume`, `listed_amount_yuan`) or Chinese
(`挂牌协议成交量`), in any order (`bench.bulletin_columns`). Prices and amounts are decimal yuan, or fen
where the header ends in `fen`; quantities are tonnes. Nothing is guessed from positions or values.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from bench.bulletin_columns import accepted_names, find_columns, is_fen
from engine.profile import Profile
from engine.units import days_from_civil, parse_yuan
from gateway.errors import UserError

ROWS_MAX: Final = 200_000
"""Most rows of one table."""
BYTES_MAX: Final = 64 * 1024 * 1024
"""Largest table that is read."""

_MISSING = frozenset({"", "-", "--", "—", "——", "/", "nan", "na", "n/a", "null", "none", "无"})
_DATE = re.compile(r"\A([0-9]{4})(?:-|/|\.|年)?([0-9]{1,2})(?:-|/|\.|月)?([0-9]{1,2})日?\Z")
_COMPOSITE_PRODUCTS = frozenset({"COMCEA", "COMPOSITE", "综合", "综合价格行情"})


class BulletinRow(Struct, frozen=True, kw_only=True):
    """One row of a table; None where nothing was published; prices in fen, amounts in fen."""

    line: int
    """Line of the file, the header being 1."""
    date: str
    product: str
    is_composite: bool
    """Not one book: `price_basis` is not `listed`, or the product is the composite (R52)."""
    previous_close: int | None
    open: int | None
    high: int | None
    low: int | None
    close: int | None
    listed_quantity: int | None
    listed_amount: int | None
    block_quantity: int | None
    block_amount: int | None
    auction_quantity: int | None
    auction_amount: int | None


class BulletinTable(Struct, frozen=True, kw_only=True):
    """A table as read: rows in order of date, and what was not understood."""

    source: str
    rows: tuple[BulletinRow, ...]
    columns: dict[str, str]
    """Header of each column that was found."""
    ignored: tuple[str, ...]
    """Headers that mean nothing here."""


def read_bulletins(
    path: Path, profile: Profile, columns: Mapping[str, str] | None = None
) -> BulletinTable:
    """Read a table of daily figures; UserError names file, row and column of what is wrong."""
    lines = _lines(path)
    if not lines:
        raise UserError(f"{path}: the table is empty; it needs a header with {accepted_names()}")
    header = [cell.strip() for cell in lines[0][1]]
    places = find_columns(str(path), header, dict(columns or {}))
    codes = _product_codes(profile)
    rows = [
        _row(_Cells(str(path), line, cells, header, places), codes, profile.products[0].code)
        for line, cells in lines[1:]
    ]
    rows.sort(key=lambda row: row.date)
    _refuse_twins(str(path), rows)
    used = set(places.values())
    return BulletinTable(
        source=str(path),
        rows=tuple(rows),
        columns={name: header[place] for name, place in places.items()},
        ignored=tuple(name for place, name in enumerate(header) if place not in used and name),
    )


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    """Return line number and cells of every line that is not blank."""
    try:
        if path.stat().st_size > BYTES_MAX:
            raise UserError(f"{path}: larger than {BYTES_MAX} bytes; split the table")
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); check --bulletins") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("gb18030")  # what spreadsheets in Chinese often save
        except UnicodeDecodeError as error:
            raise UserError(f"{path}: neither UTF-8 nor GB 18030; save it as UTF-8") from error
    first = text.partition("\n")[0]
    delimiter = max(",\t;", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    found: list[tuple[int, list[str]]] = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                found.append((reader.line_num, cells))
                if len(found) > ROWS_MAX:
                    raise UserError(f"{path}: more than {ROWS_MAX} rows; split the table")
    except csv.Error as error:
        raise UserError(f"{path}: row {reader.line_num}: {error}") from error
    return found


def _product_codes(profile: Profile) -> dict[str, str]:
    """Return how each product may be written in a table."""
    codes: dict[str, str] = {"CEA": profile.products[0].code}  # its name before 2023-08-28 (R9)
    for product in profile.products:
        short = "-".join(year[2:] for year in product.vintage.split("-"))
        spellings = (product.code, product.vintage, short, f"CEA{short}", f"CEA{product.vintage}")
        for text in (*spellings, product.name_zh, product.name_en, f"碳排放配额{product.vintage}"):
            codes.setdefault(_normal_product(text), product.code)
    codes.setdefault("碳排放配额", profile.products[0].code)
    return codes


def _normal_product(text: str) -> str:
    return re.sub(r"[\s_/–—~至-]+", "-", unicodedata.normalize("NFKC", text).strip().upper())


class _Cells:
    """One line of a table: cells by column name, and errors that say where they are."""

    def __init__(
        self,
        source: str,
        line: int,
        cells: Sequence[str],
        header: Sequence[str],
        places: Mapping[str, int],
    ) -> None:
        self.line = line
        self._source = source
        self._cells = cells
        self._header = header
        self._places = places
        if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
            raise UserError(f"{source}: row {line}: {len(cells)} cells under {len(header)} headers")

    def text(self, name: str) -> str:
        """Return the cell, empty where the column or the value is missing."""
        place = self._places.get(name, -1)
        if not 0 <= place < len(self._cells):
            return ""
        cell = unicodedata.normalize("NFKC", self._cells[place]).strip()
        return "" if cell.casefold() in _MISSING else cell

    def wrong(self, name: str, what: str) -> UserError:
        """Return the error of a bad cell."""
        place = self._places[name]
        column = self._header[place]
        cell = self._cells[place] if place < len(self._cells) else ""
        return UserError(
            f"{self._source}: row {self.line}, column {column}: {cell!r} is not {what}"
        )

    def date(self) -> str:
        """Return the ISO date."""
        found = _DATE.match(self.text("date"))
        if found is None:
            raise self.wrong("date", "a date such as 2021-07-16")
        date = f"{found[1]}-{int(found[2]):02d}-{int(found[3]):02d}"
        try:
            days_from_civil(date)
        except ValueError:
            raise self.wrong("date", "a date of the calendar") from None
        return date

    def money(self, name: str) -> int | None:
        """Return fen, None where nothing is published."""
        cell = self.text(name).replace(",", "").removeprefix("¥").removesuffix("元")
        if not cell:
            return None
        if is_fen(self._header[self._places[name]]):
            return self._whole(name, cell, "a whole number of fen")
        if re.fullmatch(r"[0-9]+\.[0-9]{3,}", cell):
            cell = re.sub(r"(\.[0-9]{2})0+\Z", r"\1", cell)
        try:
            value = parse_yuan(cell)
        except ValueError:
            raise self.wrong(name, "an amount of yuan with at most two decimals") from None
        if value < 0:
            raise self.wrong(name, "a non-negative amount")
        return value

    def price(self, name: str) -> int | None:
        """Return a price in fen; a printed zero means that there is none."""
        return self.money(name) or None

    def quantity(self, name: str) -> int | None:
        """Return tonnes, None where nothing is published."""
        cell = self.text(name).replace(",", "").removesuffix("吨")
        return self._whole(name, cell, "a whole number of tonnes") if cell else None

    def _whole(self, name: str, cell: str, what: str) -> int:
        found = re.fullmatch(r"([0-9]{1,18})(\.0*)?", cell, re.ASCII)
        if found is None:
            raise self.wrong(name, what)
        return int(found[1])


def _row(cells: _Cells, codes: Mapping[str, str], only_product: str) -> BulletinRow:
    named = _normal_product(cells.text("product"))
    is_composite = named in _COMPOSITE_PRODUCTS
    product = only_product if is_composite or not named else codes.get(named, "")
    if not product:
        known = ", ".join(sorted(set(codes.values())))
        raise cells.wrong("product", f"a product of the profile ({known})")
    basis = cells.text("price_basis").casefold()
    return BulletinRow(
        line=cells.line,
        date=cells.date(),
        product=product,
        is_composite=is_composite or basis not in {"", "listed", "挂牌", "挂牌协议"},
        previous_close=cells.price("previous_close"),
        open=cells.price("open"),
        high=cells.price("high"),
        low=cells.price("low"),
        close=cells.price("close"),
        listed_quantity=cells.quantity("listed_quantity"),
        listed_amount=cells.money("listed_amount"),
        block_quantity=cells.quantity("block_quantity"),
        block_amount=cells.money("block_amount"),
        auction_quantity=cells.quantity("auction_quantity"),
        auction_amount=cells.money("auction_amount"),
    )


def _refuse_twins(source: str, rows: Sequence[BulletinRow]) -> None:
    seen: dict[tuple[str, str, bool], int] = {}
    for row in rows:
        first = seen.setdefault((row.date, row.product, row.is_composite), row.line)
        if first != row.line:
            raise UserError(
                f"{source}: row {row.line}: {row.date} {row.product} stands already in row {first}"
            )
