"""Lists of key emitting units (重点排放单位名录) from CSV, every bad row told; proposals of bounded size."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from engine.commands import ACTIONS_MAX, AdmitParticipant, Category
from gateway.credit_code import is_valid
from gateway.errors import UserError

FILE_BYTES_MAX: Final = 32 * 1024 * 1024
ROWS_MAX: Final = 100_000
PROPOSAL_BYTES_MAX: Final = 200 * 1024
"""Most bytes of the actions of one proposal: with its frame it stays below an operator's limit."""
HEADERS: Final[dict[str, tuple[str, ...]]] = {
    "name": ("name", "名称", "单位名称", "企业名称", "重点排放单位名称"),
    "credit_code": ("credit_code", "统一社会信用代码", "信用代码"),
    "category": ("category", "类别", "主体类别", "主体类型"),
    "province": ("province", "省份", "省", "所在省份"),
    "sector": ("sector", "行业", "所属行业"),
    "registry_account": ("registry_account", "登记账户", "注册登记账户"),
    "funds_account": ("funds_account", "资金账户", "资金账号"),
    "compliance_year": ("compliance_year", "履约年度", "年度"),
}
"""Headings of each column; case and spaces around do not matter, other columns are left alone."""
CATEGORIES: Final[dict[str, Category]] = {
    "": Category.KEY_EMITTING_UNIT,
    "key_emitting_unit": Category.KEY_EMITTING_UNIT,
    "重点排放单位": Category.KEY_EMITTING_UNIT,
    "institution": Category.INSTITUTION,
    "机构": Category.INSTITUTION,
    "individual": Category.INDIVIDUAL,
    "个人": Category.INDIVIDUAL,
}
"""Words for a category; a list without the column holds key emitting units."""
_UNIQUE: Final = ("credit_code", "registry_account", "funds_account")


class BadCell(Struct, frozen=True, kw_only=True):
    """What is wrong with one cell; `row` is the line of the file, the heading is line 1."""

    file: str
    row: int
    column: str
    problem: str

    def __str__(self) -> str:
        return f"{self.file}: row {self.row}, column {self.column}: {self.problem}"


class Applicants(Struct, frozen=True, kw_only=True):
    """A list as read: the good rows as actions, the bad cells with their places."""

    rows: tuple[AdmitParticipant, ...]
    bad: tuple[BadCell, ...]


def read_applicants(path: Path) -> Applicants:
    """Read a CSV of applicants; UserError where it is no table of the right columns."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    if len(data) > FILE_BYTES_MAX:
        raise UserError(f"{path} has more than {FILE_BYTES_MAX} bytes; split it")
    return parse_applicants(_decode(data, str(path)), str(path))


def parse_applicants(text: str, file: str) -> Applicants:
    """Read applicants from the text of a CSV; UserError where the heading lacks a column."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[AdmitParticipant] = []
    bad: list[BadCell] = []
    seen: dict[tuple[str, str], int] = {}
    try:
        columns = _columns(next(reader, []), file)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(rows) >= ROWS_MAX:
                raise UserError(f"{file} has more than {ROWS_MAX} rows; split it")
            values, problems = _row(cells, columns)
            problems += _repeats(values, seen, reader.line_num)
            if problems:
                for column, problem in problems:
                    cell = BadCell(file=file, row=reader.line_num, column=column, problem=problem)
                    bad.append(cell)
            else:
                rows.append(msgspec.convert(values, AdmitParticipant))
    except csv.Error as error:
        raise UserError(f"{file}: row {reader.line_num}: {error}") from None
    return Applicants(rows=tuple(rows), bad=tuple(bad))


def proposals_of(rows: Sequence[AdmitParticipant]) -> list[tuple[AdmitParticipant, ...]]:
    """Cut admissions into proposals of at most 200 actions that fit into an operator's frame."""
    found: list[tuple[AdmitParticipant, ...]] = []
    part: list[AdmitParticipant] = []
    size = 0
    for row in rows:
        length = len(msgspec.json.encode(row)) + 1
        if part and (len(part) >= ACTIONS_MAX or size + length > PROPOSAL_BYTES_MAX):
            found.append(tuple(part))
            part, size = [], 0
        part.append(row)
        size += length
    if part:
        found.append(tuple(part))
    return found


def _decode(data: bytes, file: str) -> str:
    # Chinese offices save tables as UTF-8 with a mark or as GB 18030.
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UserError(f"{file} is neither UTF-8 nor GB 18030 text")


def _columns(heading: list[str], file: str) -> dict[str, int]:
    places = {cell.strip().lower(): place for place, cell in enumerate(heading)}
    columns: dict[str, int] = {}
    for name, words in HEADERS.items():
        place = next((places[word] for word in words if word in places), None)
        if place is not None:
            columns[name] = place
        elif name != "category":
            raise UserError(f"{file}: the heading has no column {name} ({' / '.join(words[1:])})")
    return columns


def _row(
    cells: list[str], columns: dict[str, int]
) -> tuple[dict[str, object], list[tuple[str, str]]]:
    values: dict[str, object] = {"type": "AdmitParticipant", "category": Category.KEY_EMITTING_UNIT}
    problems: list[tuple[str, str]] = []
    for name, place in columns.items():
        text = cells[place].strip() if place < len(cells) else ""
        try:
            values[name] = _value(name, text)
        except ValueError as error:
            problems.append((name, str(error)))
    return values, problems


def _value(name: str, text: str) -> object:
    """Return a cell's value; ValueError says what is wrong with it."""
    if name == "category":
        if text.lower() not in CATEGORIES:
            raise ValueError(f"{text!r} is none of {', '.join(filter(None, CATEGORIES))}")
        return CATEGORIES[text.lower()]
    if not text:
        raise ValueError("empty")
    if name == "credit_code" and not is_valid(text):
        raise ValueError(f"{text!r} is not a unified social credit code of GB 32100")
    value: object = text
    if name == "compliance_year":
        if not (text.isascii() and text.isdigit()):
            raise ValueError(f"{text!r} is not a year")
        value = int(text)
    try:
        return msgspec.convert(value, _TYPES[name])
    except msgspec.ValidationError as error:
        raise ValueError(f"{text!r}: {error}") from None


def _repeats(
    values: dict[str, object], seen: dict[tuple[str, str], int], row: int
) -> list[tuple[str, str]]:
    """Return what stands in an earlier row already: one account per entity (R14)."""
    problems: list[tuple[str, str]] = []
    for name in _UNIQUE:
        if name not in values:
            continue
        text = str(values[name])
        first = seen.setdefault((name, text), row)
        if first != row:
            problems.append((name, f"{text!r} stands in row {first} already"))
    return problems


_TYPES: Final = {field.name: field.type for field in msgspec.structs.fields(AdmitParticipant)}
