"""Lists of key emitting units (重点排放单位名录) from CSV, every bad row told; proposals of bounded size."""

import csv
import io
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from engine.commands import ACTIONS_MAX, AdmitParticipant, Category
from engine.credit_code import LENGTH, REGION, check_sign, is_credit_code
from gateway.admission_headings import HEADING_ROWS, HEADINGS, find_columns, listed, no_column
from gateway.admission_words import say
from gateway.errors import UserError
from gateway.provinces import near_province, read_province
from gateway.words import Language, plain

FILE_BYTES_MAX: Final = 32 * 1024 * 1024
ROWS_MAX: Final = 100_000
PROPOSAL_BYTES_MAX: Final = 200 * 1024
"""Most bytes of the actions of one proposal: with its frame it stays below an operator's limit."""
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
ACCOUNTS: Final = {"registry_account": "REG-", "funds_account": "FUND-"}
"""What an account begins with that a list does not name."""
FIELDS: Final = (
    "name",
    "credit_code",
    "category",
    "province",
    "sector",
    "registry_account",
    "funds_account",
    "compliance_year",
)
SAMPLE_CHARACTERS: Final = 4_096
TEXT_MAX: Final = 200
YEAR_LEAST: Final = 2019
YEAR_MOST: Final = 2100
YEAR_DIGITS: Final = 4
"""The bounds of the engine's texts and compliance years, to say them in words (a test holds them equal)."""
_UNIQUE: Final = ("credit_code", "registry_account", "funds_account")


class BadCell(Struct, frozen=True, kw_only=True):
    """What is wrong with one cell; `row` is the line of the file as a table program counts it."""

    file: str
    row: int
    column: str
    """Name of the field."""
    problem: str
    heading: str = ""
    """What the column is called in the file, "" where it has none."""
    value: str = ""

    language: Language = "en"

    def __str__(self) -> str:
        column = HEADINGS[self.column][self.language == "zh"]
        return say(
            self.language,
            "cell",
            file=self.file,
            row=self.row,
            column=column,
            named=f" ({plain(self.heading)})" if self.heading not in ("", column) else "",
            problem=self.problem,
        )


class Applicants(Struct, frozen=True, kw_only=True):
    """A list as read: the good rows as actions, the bad cells with their places."""

    rows: tuple[AdmitParticipant, ...]
    places: tuple[int, ...]
    """Line of the file of each good row."""
    bad: tuple[BadCell, ...]
    columns: dict[str, str]
    """By field: the heading that was taken for it."""
    unused: tuple[str, ...]
    """Headings that were taken for nothing."""
    assigned: dict[str, int]
    """By field: how many rows had no value and got one."""

    @property
    def outsiders(self) -> tuple[int, ...]:
        """Lines of rows that are no key emitting units: the exchange refuses them with its own reason (R12)."""
        return tuple(
            place
            for place, row in zip(self.places, self.rows, strict=True)
            if row.category is not Category.KEY_EMITTING_UNIT
        )

    @property
    def expected(self) -> tuple[AdmitParticipant, ...]:
        """The rows that the exchange is expected to admit."""
        return tuple(row for row in self.rows if row.category is Category.KEY_EMITTING_UNIT)

    @property
    def bad_rows(self) -> int:
        """How many rows have a bad cell."""
        return len({cell.row for cell in self.bad})


class Reading(Struct, frozen=True, kw_only=True):
    """How a list is to be read, beside what its heading says."""

    columns: Mapping[str, str] = {}
    """By field: the heading to take, where the words that are known do not find it."""
    year: int = 0
    """Compliance year of rows that name none."""
    sector: str = ""
    """Sector of rows that name none."""
    language: Language = "en"
    """In which problems are told."""


def read_applicants(path: Path, reading: Reading | None = None) -> Applicants:
    """Read a CSV of applicants; UserError where it is no table of the right columns."""
    reading = reading or Reading()
    language = reading.language
    try:
        with path.open("rb") as file:
            data = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UserError(say(language, "unreadable", file=path, reason=reason)) from None
    if len(data) > FILE_BYTES_MAX:
        raise UserError(say(language, "bytes", file=path, most=FILE_BYTES_MAX))
    return parse_applicants(_decode(data, str(path), language), str(path), reading)


def parse_applicants(text: str, file: str, reading: Reading | None = None) -> Applicants:
    """Read applicants from the text of a CSV; UserError where the heading lacks a column.

    A row without accounts gets them from its credit code, so that the same list always gives the same
    accounts: `REG-` and `FUND-` with the code behind.
    """
    reading = reading or Reading()
    language = reading.language
    table = _table(text, file, language)
    number, places = find_columns([cells for _, cells in table], reading.columns, file, language)
    if len(table) - number - 1 > ROWS_MAX:
        raise UserError(say(language, "rows", file=file, most=ROWS_MAX))
    heading = table[number][1] if table else []
    _check_defaults(places, reading, file, heading)
    rows: list[AdmitParticipant] = []
    lines: list[int] = []
    bad: list[BadCell] = []
    seen: dict[tuple[str, str], int] = {}
    assigned: Counter[str] = Counter()
    for line, cells in table[number + 1 :]:
        values, given, problems = _row(cells, places, reading)
        problems += _repeats(values, seen, line, language)
        if problems:
            for column, problem in problems:
                place = places.get(column, -1)
                called = heading[place].strip() if place >= 0 else ""
                value = cells[place].strip() if 0 <= place < len(cells) else ""
                bad.append(
                    BadCell(
                        file=file,
                        row=line,
                        column=column,
                        problem=problem,
                        heading=called,
                        value=value,
                        language=language,
                    )
                )
        else:
            assigned.update(given)
            rows.append(msgspec.convert(values, AdmitParticipant))
            lines.append(line)
    used = set(places.values())
    unused = tuple(cell.strip() for n, cell in enumerate(heading) if n not in used and cell.strip())
    return Applicants(
        rows=tuple(rows),
        places=tuple(lines),
        bad=tuple(bad),
        columns={name: heading[place].strip() for name, place in places.items()},
        unused=unused,
        assigned=dict(assigned),
    )


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


def _decode(data: bytes, file: str, language: Language) -> str:
    # Chinese offices save tables as UTF-8 with a mark or as GB 18030.
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UserError(say(language, "encoding", file=file))


def _table(text: str, file: str, language: Language) -> list[tuple[int, list[str]]]:
    """Return the rows that hold anything, each with its line, by the separator that the text uses."""
    head = text[:SAMPLE_CHARACTERS]
    separator = max(",\t;", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
    rows: list[tuple[int, list[str]]] = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((reader.line_num, cells))
            if len(rows) > ROWS_MAX + HEADING_ROWS:
                raise UserError(say(language, "rows", file=file, most=ROWS_MAX))
    except csv.Error:
        raise UserError(say(language, "torn", file=file, row=reader.line_num)) from None
    return rows


def _check_defaults(
    places: dict[str, int], reading: Reading, file: str, heading: Sequence[str]
) -> None:
    if "compliance_year" not in places and not reading.year:
        raise UserError(say(reading.language, "no_year", file=file))
    if "sector" not in places and not reading.sector:
        raise UserError(say(reading.language, "no_sector", file=file))
    if "province" not in places:
        raise no_column("province", file, listed(heading), reading.language)


def _row(
    cells: list[str], places: dict[str, int], reading: Reading
) -> tuple[dict[str, object], list[str], list[tuple[str, str]]]:
    """Return a row's values, the fields that it got a value for, and what is wrong."""
    values: dict[str, object] = {"type": "AdmitParticipant", "category": Category.KEY_EMITTING_UNIT}
    problems: list[tuple[str, str]] = []
    given: list[str] = []
    written: set[str] = set()
    for name in FIELDS:
        place = places.get(name, -1)
        text = cells[place].strip() if 0 <= place < len(cells) else ""
        if text:
            written.add(name)
        else:
            text = _default(name, str(values.get("credit_code", "")), reading)
            if text:
                given.append(name)
        try:
            values[name] = _value(name, text, reading.language)
        except ValueError as error:
            problems.append((name, str(error)))
    if "credit_code" not in values:
        # An account that would be made from a bad code is nobody's mistake of its own.
        problems = [item for item in problems if item[0] in written or item[0] not in ACCOUNTS]
    return values, given, problems


def _default(name: str, credit_code: str, reading: Reading) -> str:
    match name:
        case "registry_account" | "funds_account" if credit_code:
            return f"{ACCOUNTS[name]}{credit_code}"
        case "compliance_year" if reading.year:
            return str(reading.year)
        case "sector":
            return reading.sector
        case _:
            return ""


def _value(name: str, text: str, language: Language) -> object:
    """Return a cell's value; ValueError says what is wrong with it."""
    if name == "category":
        return _category(text, language)
    if not text:
        raise ValueError(say(language, "empty"))
    match name:
        case "credit_code":
            return _credit_code(text, language)
        case "province":
            return _province(text, language)
        case "compliance_year":
            return _year(text, language)
    try:
        return msgspec.convert(text, _TYPES[name])
    except msgspec.ValidationError:
        if name in ACCOUNTS:
            problem = say(language, "token", text=text)
        elif len(text) > TEXT_MAX:
            problem = say(language, "long", n=len(text), most=TEXT_MAX)
        else:
            problem = say(language, "signs", text=text)
        raise ValueError(problem) from None


def _category(text: str, language: Language) -> Category:
    if text.lower() not in CATEGORIES:
        known = ", ".join(filter(None, CATEGORIES))
        raise ValueError(say(language, "category", text=text, known=known))
    return CATEGORIES[text.lower()]


def _province(text: str, language: Language) -> str:
    found = read_province(text)
    if found:
        return found
    near = near_province(text)
    raise ValueError(say(language, "province_near" if near else "province", text=text, near=near))


def _year(text: str, language: Language) -> int:
    digits = text.removesuffix("年度").removesuffix("年")
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError(say(language, "year", text=text))
    if len(digits) > YEAR_DIGITS or not YEAR_LEAST <= int(digits) <= YEAR_MOST:
        problem = say(language, "year_bounds", text=text, least=YEAR_LEAST, most=YEAR_MOST)
        raise ValueError(problem)
    return int(digits)


def _credit_code(text: str, language: Language) -> str:
    # Table programs write full-width signs, small letters, spaces, and a mark that a cell is text.
    code = unicodedata.normalize("NFKC", text).upper().lstrip("'`")
    code = "".join(code.split())
    if is_credit_code(code):
        return code
    if len(code) != LENGTH:
        raise ValueError(say(language, "code_length", text=text, n=len(code), length=LENGTH))
    try:
        expected = check_sign(code[:-1])
    except ValueError:
        raise ValueError(say(language, "code_signs", text=text)) from None
    if not code[REGION].isdigit():
        raise ValueError(say(language, "code_region", text=text))
    raise ValueError(say(language, "code_check", text=text, expected=expected))


def _repeats(
    values: dict[str, object], seen: dict[tuple[str, str], int], row: int, language: Language
) -> list[tuple[str, str]]:
    """Return what stands in an earlier row already: one account per entity (R14)."""
    problems: list[tuple[str, str]] = []
    for name in _UNIQUE:
        if name not in values:
            continue
        text = str(values[name])
        first = seen.setdefault((name, text), row)
        if first != row:
            problems.append((name, say(language, "repeated", text=text, row=first)))
    return problems


_TYPES: Final = {field.name: field.type for field in msgspec.structs.fields(AdmitParticipant)}
