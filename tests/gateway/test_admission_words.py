"""What a list is told: in the language of the reader, with provinces and headings that real lists have."""

import json
import re
import string
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

import ceax
from engine.commands import AdmitParticipant, ComplianceYear
from gateway import admission
from gateway.admission import Reading, parse_applicants
from gateway.admission_words import PROBLEMS
from gateway.provinces import CORPS, PROVINCES, near_province, read_province
from gateway.words import Language
from tests.gateway.test_admission import HEADING, line
from tests.gateway.test_admission_lists import write
from tests.markets import credit_code

HAN = re.compile(r"[\u4e00-\u9fff]")
ENGLISH = re.compile(r"\b(is|has|the|must|none|row|column|empty|stands|Expected)\b")


@pytest.mark.parametrize("key", PROBLEMS)
def test_both_languages_say_the_same(key: str) -> None:
    zh, en = PROBLEMS[key]
    values = [
        {name for _, name, _, _ in string.Formatter().parse(text) if name} for text in (zh, en)
    ]
    assert values[0] == values[1]
    assert HAN.search(zh)
    assert not ENGLISH.search(re.sub(r"{.*?}", "", zh))


BAD = (
    line(2, credit_code="91990000000000002X"),
    line(3, credit_code="123"),
    line(4, credit_code="I" * 18),
    line(5, name=""),
    line(6, name="演" * 201),
    line(7, name="演\u202e示"),
    line(8, registry_account="有空格"),
    line(9, compliance_year="二〇二〇"),
    line(10, compliance_year="1999"),
    line(11, category="广告商"),
    line(12, province="火星"),
    line(13, province="湖北武汉"),
    line(14, credit_code=credit_code(1)),
)


def problems(language: Language) -> list[str]:
    text = "\n".join([HEADING, line(1), *BAD])
    found = parse_applicants(text, "units.csv", Reading(language=language))
    assert len(found.bad) == len(BAD)
    return [str(cell) for cell in found.bad]


def test_every_problem_of_a_cell_is_told_in_the_chosen_language() -> None:
    for told in problems("zh"):
        assert re.match(r"units\.csv: 第 \d+ 行, \S+ 列", told), told
        assert not ENGLISH.search(told), told
    for told in problems("en"):
        assert re.match(r"units\.csv: row \d+, column [a-z_]+: .*\b\w", told), told


def test_the_bounds_that_are_told_are_those_of_the_engine() -> None:
    (year,) = (item for item in get_args(ComplianceYear) if isinstance(item, msgspec.Meta))
    assert (year.ge, year.le) == (admission.YEAR_LEAST, admission.YEAR_MOST)
    (name,) = (
        item
        for item in get_args(AdmitParticipant.__annotations__["name"])
        if isinstance(item, msgspec.Meta)
    )
    assert name.max_length == admission.TEXT_MAX


def test_the_command_speaks_chinese_in_tables_and_errors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, HEADING, line(1), *BAD)
    words = ["admit", str(path), "--lang", "zh"]
    assert ceax.main([*words, "--preview"]) == 1
    shown = capsys.readouterr().out
    assert "末位应为" in shown
    assert not ENGLISH.search(shown)
    assert ceax.main(words) == 2
    shown = capsys.readouterr().err
    assert f"{len(BAD)} 处有误; 未提议任何单位" in shown
    assert not ENGLISH.search(shown.replace(str(path), ""))
    assert ceax.main([*words, "--preview", "--json"]) == 1
    assert "末位应为" in json.loads(capsys.readouterr().out)["cells"][0]["problem"]


@pytest.mark.parametrize(
    ("rows", "extra", "told"),
    [
        ([HEADING.replace("name", "x")], [], "表头没有名称列 (name); 请用 --map name=表头"),
        ([HEADING.replace("province", "x")], [], "表头没有省份列"),
        ([HEADING.replace("sector", "x")], [], "请用 --sector"),
        ([HEADING.replace("compliance_year", "x")], [], "请用 --year"),
        ([HEADING], ["--map", "name"], "请写 字段=表头"),
        ([HEADING], ["--map", "colour=甲"], "没有字段 colour"),
        ([HEADING], ["--map", "name=甲"], "没有 '甲' 列; 其表头为"),
        ([HEADING, '"open'], [], "引号没有闭合"),
        ([HEADING, line(1, category="机构")], [], "第 2 行不是重点排放单位"),
    ],
)
def test_errors_of_the_command_are_chinese_too(
    rows: list[str],
    extra: list[str],
    told: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = write(tmp_path, *rows)
    assert ceax.main(["admit", str(path), "--lang", "zh", *extra]) == 2
    assert told in capsys.readouterr().err


def test_a_file_that_cannot_be_read_is_told_in_chinese(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "units.csv"
    words = ["admit", str(path), "--lang", "zh"]
    assert ceax.main(words) == 2
    assert "无法读取" in capsys.readouterr().err
    path.write_bytes(b"\xff\xff\xff\xff")
    assert ceax.main(words) == 2
    assert "另存为" in capsys.readouterr().err
    monkeypatch.setattr(admission, "FILE_BYTES_MAX", 3)
    assert ceax.main(words) == 2
    assert "请拆分" in capsys.readouterr().err


# ---------------------------------------------------------------- headings and provinces


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("企业全称", "社会信用代码"),
        ("单位全称", "统一信用代码"),
        ("纳入单位名称", "统一社会信用编码"),
        ("重点排放单位全称", "信用代码"),
        ("控排企业名称(盖章)", "企业信用代码"),
        ("公司名称", "统一社会信用代码(或组织机构代码)"),
        ("履约单位名称", "Credit Code"),
    ],
)
def test_headings_of_real_lists_are_known(name: str, code: str) -> None:
    rows = f"所在省（区、市）,{name},{code},行业领域,纳入年度\n湖北省,演示电厂,{credit_code(1)},发电,2025"
    found = parse_applicants(rows, "u")
    assert (found.columns["name"], found.columns["credit_code"]) == (name, code)
    assert (found.rows[0].province, found.rows[0].sector) == ("湖北", "发电")
    assert found.rows[0].compliance_year == 2025


def test_provinces_are_known_with_and_without_what_their_names_end_in() -> None:
    assert len(PROVINCES) == 31
    for short, rest in PROVINCES.items():
        assert read_province(short) == read_province(short + rest) == short
    for text in ("新疆生产建设兵团", "新疆兵团", " 新疆生产 建设兵团"):
        assert read_province(text) == CORPS
    assert read_province("广西自治区") == "广西"
    for text in ("", "火星", "北京省", "湖北市", "湖北武汉", "省", "台北县"):
        assert not read_province(text), text


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("北京省", "北京市"),
        ("湖北武汉", "湖北省"),
        ("内蒙", "内蒙古自治区"),
        ("黑龙江生", "黑龙江省"),
        ("广西壮族", "广西壮族自治区"),
        ("陜西省", "陕西省"),
        ("新疆建设兵团", CORPS),
        ("火星", ""),
        ("x" * 200, ""),
    ],
)
def test_a_wrong_province_is_answered_with_the_nearest(text: str, near: str) -> None:
    assert near_province(text) == near
    told: dict[Language, str] = {}
    languages: tuple[Language, ...] = ("zh", "en")
    for language in languages:
        rows = "\n".join([HEADING, line(1, province=text)])
        (cell,) = parse_applicants(rows, "u", Reading(language=language)).bad
        assert cell.column == "province"
        told[language] = cell.problem
    assert near in told["zh"]
    assert near in told["en"]
    assert "不是省级行政区" in told["zh"]
    assert "is no province" in told["en"]


def test_a_province_is_taken_in_its_short_form() -> None:
    rows: Any = [HEADING, line(1, province="内蒙古自治区"), line(2, province="重庆市")]
    found = parse_applicants("\n".join(rows), "u")
    assert [row.province for row in found.rows] == ["内蒙古", "重庆"]
