"""Which column of a list is which: offices name and order them as they like, and put titles above them."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

from gateway.admission_words import say
from gateway.errors import UserError
from gateway.words import Language

HEADING_ROWS: Final = 10
"""The heading is looked for in the first rows: lists have titles above it."""
HEADINGS: Final[dict[str, tuple[str, ...]]] = {
    "name": (
        "name",
        "名称",
        "单位名称",
        "企业名称",
        "重点排放单位名称",
        "重点排放单位",
        "排放单位名称",
        "重点排放单位全称",
        "纳入单位名称",
        "纳入企业名称",
        "控排企业名称",
        "控排单位名称",
        "履约单位名称",
        "企业全称",
        "单位全称",
        "公司名称",
        "公司全称",
        "纳入单位",
        "控排企业",
        "企业",
        "unit",
        "unit name",
        "entity",
        "entity name",
        "company",
        "company name",
        "enterprise",
    ),
    "credit_code": (
        "credit_code",
        "统一社会信用代码",
        "社会信用代码",
        "信用代码",
        "统一信用代码",
        "统一代码",
        "统一社会信用编码",
        "社会统一信用代码",
        "组织机构统一社会信用代码",
        "企业信用代码",
        "credit code",
        "social credit code",
        "unified social credit code",
        "uscc",
    ),
    "category": ("category", "类别", "主体类别", "主体类型"),
    "province": (
        "province",
        "省份",
        "省",
        "所在省份",
        "省市",
        "省区市",
        "省级行政区",
        "所属省份",
        "所属省",
        "所在省",
        "所在省区市",
        "省级",
        "地区",
        "region",
    ),
    "sector": (
        "sector",
        "行业",
        "所属行业",
        "行业领域",
        "重点行业",
        "纳入行业",
        "行业子类",
        "行业类别",
        "行业分类",
        "行业名称",
        "industry",
    ),
    "registry_account": (
        "registry_account",
        "登记账户",
        "注册登记账户",
        "注册登记账号",
        "登记账号",
    ),
    "funds_account": ("funds_account", "资金账户", "资金账号", "结算资金账户"),
    "compliance_year": (
        "compliance_year",
        "履约年度",
        "履约年份",
        "纳入年度",
        "管控年度",
        "年度",
        "年份",
        "名录年度",
        "清缴年度",
        "year",
    ),
}
"""Words for each column; case, spaces, marks and what stands in brackets do not matter."""
HEADINGS_SHOWN: Final = 20
"""Most headings that an error tells of a row."""
LONG: Final = 4
"""A word of so many Chinese characters may also stand inside a longer heading."""
_MIN_FOUND: Final = 2
_ALWAYS: Final = ("name", "credit_code")


def normal(heading: str) -> str:
    """Return a heading without what offices add to it: brackets, stars, spaces, underscores, full-width signs."""
    text = unicodedata.normalize("NFKC", heading).lower()
    text = re.sub(r"[((\[【].*?[))\]】]", "", text)
    return re.sub(r"[\s_*:·\-/、\ufeff]", "", text)


_WORDS: Final = {normal(word): name for name, words in HEADINGS.items() for word in words}


def find_columns(
    rows: Sequence[Sequence[str]], wishes: Mapping[str, str], file: str, language: Language = "en"
) -> tuple[int, dict[str, int]]:
    """Return the index of the heading's row and the place of each column that was found.

    `wishes` name headings by hand (`--map field=heading`) and come first. UserError where a wish names
    no heading, or where no row has a name and a credit code.
    """
    best: tuple[int, dict[str, int]] = (0, {})
    for number, cells in enumerate(rows[:HEADING_ROWS]):
        places = _columns_of(cells, wishes)
        if len(places) > len(best[1]):
            best = (number, places)
    number, places = best
    heading = rows[number] if rows else ()
    found = listed(heading) or say(language, "nothing")
    for name, wish in wishes.items():
        if name not in HEADINGS:
            raise UserError(say(language, "no_field", name=name, known=", ".join(HEADINGS)))
        if name not in places:
            raise UserError(say(language, "no_heading", file=file, wish=wish, found=found))
    for name in _ALWAYS:
        if name not in places:
            raise no_column(name, file, found, language)
    return number, places


def _columns_of(cells: Sequence[str], wishes: Mapping[str, str]) -> dict[str, int]:
    headings = [normal(cell) for cell in cells]
    places = {
        name: headings.index(normal(wish))
        for name, wish in wishes.items()
        if normal(wish) in headings
    }
    for place, heading in enumerate(headings):
        name = _WORDS.get(heading)
        if name is not None and name not in wishes and place not in places.values():
            places.setdefault(name, place)
    if len(places) < _MIN_FOUND:
        return places
    for place, heading in enumerate(headings):
        inside = {name for word, name in _WORDS.items() if len(word) >= LONG and word in heading}
        name = inside.pop() if len(inside) == 1 else None
        if name is not None and name not in wishes and place not in places.values():
            places.setdefault(name, place)
    return places


def no_column(name: str, file: str, found: str, language: Language) -> UserError:
    """Return the error of a list whose heading lacks a column."""
    chinese = HEADINGS[name][1]
    return UserError(say(language, "no_column", file=file, name=name, chinese=chinese, found=found))


def listed(cells: Sequence[str]) -> str:
    """Return the first headings of a row, for an error."""
    return ", ".join(repr(cell.strip()) for cell in cells[:HEADINGS_SHOWN] if cell.strip())
