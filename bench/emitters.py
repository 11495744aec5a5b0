"""Invents key emitting units for demos: plainly not real, with codes that pass GB 32100."""

import csv
from pathlib import Path
from typing import Final

from msgspec import Struct

from engine.credit_code import check_sign

REGION: Final = "990000"
"""An administrative division that is not assigned, so that no real company is meant."""
COLUMNS: Final = (
    "name",
    "credit_code",
    "category",
    "province",
    "sector",
    "registry_account",
    "funds_account",
    "compliance_year",
)
UNITS_MAX: Final = 999

_BODY_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)
_DIGITS: Final = "零一二三四五六七八九"
_KINDS: Final = {"发电": "电厂", "钢铁": "钢铁厂", "水泥": "水泥厂", "铝冶炼": "铝厂"}


class Emitter(Struct, frozen=True, kw_only=True):
    """One row of the list of applicants, named as the columns of the file."""

    name: str
    credit_code: str
    category: str
    province: str
    sector: str
    registry_account: str
    funds_account: str
    compliance_year: int


def chinese_number(value: int) -> str:
    """Return 1 to 999 in Chinese numerals: 42 is 四十二."""
    assert 1 <= value <= UNITS_MAX, value
    hundreds, rest = divmod(value, 100)
    tens, ones = divmod(rest, 10)
    text = f"{_DIGITS[hundreds]}百" if hundreds else ""
    if tens:
        text += "十" if tens == 1 and not hundreds else f"{_DIGITS[tens]}十"
    elif hundreds and ones:
        text += "零"
    return text + (_DIGITS[ones] if ones else "")


def credit_code(serial: int) -> str:
    """Return the unified social credit code of an invented enterprise (GB 32100 check character)."""
    body = f"{serial:08d}"
    rest = 11 - sum(int(d) * w for d, w in zip(body, _BODY_WEIGHTS, strict=True)) % 11
    body += {10: "X", 11: "0"}.get(rest, str(rest))  # GB 11714
    code = f"91{REGION}{body}"
    return code + check_sign(code)


def invent_emitters(
    count: int, year: int, sectors: tuple[str, ...] = ("发电",), first: int = 1
) -> list[Emitter]:
    """Return `count` invented key emitting units, 演示一号电厂 and so on."""
    return [
        Emitter(
            name=f"演示{chinese_number(number)}号{_KINDS[sectors[number % len(sectors)]]}",
            credit_code=credit_code(number),
            category="key_emitting_unit",
            province="演示省",
            sector=sectors[number % len(sectors)],
            registry_account=f"DEMO-R{number:04d}",
            funds_account=f"DEMO-F{number:04d}",
            compliance_year=year,
        )
        for number in range(first, first + count)
    ]


def invent_institution(number: int, year: int) -> Emitter:
    """Return an applicant that is no key emitting unit: it must be refused (R12)."""
    return Emitter(
        name="演示碳资产投资公司",
        credit_code=credit_code(number),
        category="institution",
        province="演示省",
        sector="金融",
        registry_account=f"DEMO-R{number:04d}",
        funds_account=f"DEMO-F{number:04d}",
        compliance_year=year,
    )


def write_emitters(path: Path, emitters: list[Emitter]) -> None:
    """Write the list as CSV with a header."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows([getattr(emitter, name) for name in COLUMNS] for emitter in emitters)
