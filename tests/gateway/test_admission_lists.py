"""Lists as offices really make them: titles above, other headings, no accounts, values of table programs."""

import asyncio
import json
from pathlib import Path

import pytest

import ceax
from engine.credit_code import check_sign
from gateway import cli_tables
from gateway.admission import Reading, parse_applicants
from gateway.admission_headings import HEADING_ROWS, HEADINGS_SHOWN, normal
from gateway.errors import UserError
from tests.gateway.gateway_world import World, serving
from tests.gateway.test_admission import HEADING, line
from tests.markets import credit_code

READING = Reading(year=2025, sector="发电")


def real(number: int, **changes: str) -> str:
    cells = {
        "no": str(number),
        "province": "演示省",
        "name": f"演示电厂{number}",
        "credit_code": credit_code(number),
    } | changes
    return ",".join(cells.values())


REAL = "\ufeff序号,省（区、市）,重点排放单位名称,统一社会信用代码（18位）"


def test_a_written_account_is_told_beside_a_bad_code_and_an_empty_one_is_not() -> None:
    """An account that would be made from the code is wrong only because the code is."""
    heading = "登记账户,资金账户," + REAL.lstrip("\ufeff")
    rows = [heading, "有 空格,F-1," + real(1, credit_code="123"), ",," + real(2, credit_code="123")]
    found = parse_applicants("\n".join(rows), "u", READING)
    assert [(cell.row, cell.column) for cell in found.bad] == [
        (2, "credit_code"),
        (2, "registry_account"),
        (3, "credit_code"),
    ]


def test_a_list_without_accounts_gets_them_from_the_code_and_says_so() -> None:
    found = parse_applicants("\n".join([REAL, real(1), real(2)]), "units.csv", READING)
    assert not found.bad
    first = found.rows[0]
    assert first.registry_account == f"REG-{credit_code(1)}"
    assert first.funds_account == f"FUND-{credit_code(1)}"
    assert (first.compliance_year, first.sector, first.province) == (2025, "发电", "演示省")
    assert found.assigned == {
        "sector": 2,
        "registry_account": 2,
        "funds_account": 2,
        "compliance_year": 2,
    }
    assert found.columns == {
        "province": "省（区、市）",
        "name": "重点排放单位名称",
        "credit_code": "统一社会信用代码（18位）",
    }
    assert [normal(heading) for heading in found.unused] == ["序号"]
    again = parse_applicants("\n".join([REAL, real(2), real(1)]), "units.csv", READING)
    assert set(again.rows) == set(found.rows), "the order of a list gives nobody another account"


def test_an_empty_account_is_assigned_and_a_given_one_kept() -> None:
    rows = [HEADING, line(1, registry_account=""), line(2)]
    found = parse_applicants("\n".join(rows), "units.csv")
    assert [row.registry_account for row in found.rows] == [f"REG-{credit_code(1)}", "REG-2"]
    assert found.assigned == {"registry_account": 1}


def test_titles_above_the_heading_are_passed_over_and_lines_still_fit() -> None:
    titles = ["附件,,,", "2025年度全国碳排放权交易市场重点排放单位名录,,,", ",,,"]
    found = parse_applicants(
        "\n".join([*titles, REAL.lstrip("\ufeff"), real(1), real(2, credit_code="9" * 18)]),
        "u",
        READING,
    )
    assert found.places == (5,)
    assert [(cell.row, cell.column) for cell in found.bad] == [(6, "credit_code")]
    with pytest.raises(UserError, match=f"no column name.*'{HEADINGS_SHOWN - 1}'\\Z"):
        parse_applicants(",".join(map(str, range(HEADINGS_SHOWN + 1))), "u", READING)
    deep = ["x,,,"] * HEADING_ROWS
    with pytest.raises(UserError, match="no column name"):
        parse_applicants("\n".join([*deep, REAL, real(1)]), "u", READING)


@pytest.mark.parametrize(
    "heading",
    [
        "单位名称",
        " 企业名称* ",
        "重点排放单位名称(全称)",
        "Company Name",
        "company_name",
        "企业　名称",
        "重点排放单位名称及地址",
    ],
)
def test_headings_are_known_however_they_are_written(heading: str) -> None:
    found = parse_applicants(
        f"省份,{heading},统一社会信用代码\n演示省,演示电厂,{credit_code(1)}", "u", READING
    )
    assert found.columns["name"] == heading.strip()


def test_a_column_can_be_named_by_hand_and_comes_first() -> None:
    text = f"甲,乙,单位名称,丙\n{credit_code(1)},演示电厂,别名,演示省"
    wishes = {"credit_code": "甲", "name": "乙", "province": "丙"}
    found = parse_applicants(text, "u", Reading(columns=wishes, year=2025, sector="发电"))
    assert (found.rows[0].name, found.unused) == ("演示电厂", ("单位名称",))
    with pytest.raises(UserError, match=r"no column '丁'.*'甲', '乙'"):
        parse_applicants(text, "u", Reading(columns=wishes | {"name": "丁"}, year=2025))
    with pytest.raises(UserError, match="no field colour"):
        parse_applicants(text, "u", Reading(columns=wishes | {"colour": "甲"}, year=2025))


@pytest.mark.parametrize(
    ("gone", "said"),
    [("compliance_year", "--year"), ("sector", "--sector"), ("province", "--map province")],
)
def test_what_a_list_lacks_is_asked_for(gone: str, said: str) -> None:
    cells = dict(zip(HEADING.split(","), line(1).split(","), strict=True))
    del cells[gone]
    text = ",".join(cells) + "\n" + ",".join(cells.values())
    with pytest.raises(UserError, match=said):
        parse_applicants(text, "u")


@pytest.mark.parametrize("separator", ["\t", ";", ","])
def test_separators_of_table_programs(separator: str) -> None:
    text = "\n".join([HEADING, line(1)]).replace(",", separator)
    assert len(parse_applicants(text, "u").rows) == 1


def test_codes_are_read_as_table_programs_write_them() -> None:
    code = credit_code(1)
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in code)
    for written in (code.lower(), wide, f"'{code}", f"{code[:8]} {code[8:]}"):
        found = parse_applicants("\n".join([HEADING, line(1, credit_code=written)]), "u")
        assert found.rows[0].credit_code == code


def test_a_bad_code_says_what_is_wrong_with_it() -> None:
    code = credit_code(1)
    wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
    region = "91ABCDEF" + code[8:-1]
    codes = enumerate((wrong, code[:-1], "I" + code[1:], region + check_sign(region)), 2)
    rows = [HEADING, *(line(number, credit_code=text) for number, text in codes)]
    problems = [cell.problem for cell in parse_applicants("\n".join(rows), "u").bad]
    assert f"last sign must be {code[-1]}" in problems[0]
    assert "has 17 signs" in problems[1]
    assert "a sign that none has" in problems[2]
    assert "signs 3 to 8 must be digits" in problems[3]


def test_others_than_key_emitting_units_are_told_before_the_exchange_refuses_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [HEADING, line(1, category="机构"), line(2, category="individual"), line(3)]
    found = parse_applicants("\n".join(rows), "u")
    assert (len(found.rows), found.outsiders) == (3, (2, 3))
    path = write(tmp_path, *rows)
    assert ceax.main(["admit", str(path), "--preview", "--lang", "zh"]) == 1
    shown = capsys.readouterr().out
    assert "交易所将拒绝准入的行: 2, 3" in shown
    assert "可准入 1 行, 交易所将拒绝 2 行, 有问题 0 行" in shown
    assert ceax.main(["admit", str(path), "--preview"]) == 1
    counts = "1 good rows, 2 rows that the exchange will refuse, 0 bad rows"
    assert counts in " ".join(capsys.readouterr().out.split())
    assert ceax.main(["admit", str(path), "--preview", "--json"]) == 1
    facts = json.loads(capsys.readouterr().out)
    assert (facts["rows"], facts["expected"], facts["outsiders"]) == (3, 1, [2, 3])
    assert ceax.main(["admit", str(path)]) == 2, "and nothing is proposed unless one wishes it"
    assert "rows 2, 3 are no key emitting units" in capsys.readouterr().err


def test_normal_headings() -> None:
    assert (
        normal("统一社会信用代码（18位）*") == normal(" 统一 社会信用代码 ") == "统一社会信用代码"
    )


# ---------------------------------------------------------------- the command


def write(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "units.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def test_a_preview_tells_every_bad_row_and_proposes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, REAL, real(1), real(2, credit_code="123"), real(3, name=""))
    words = ["admit", str(path), "--preview", "--year", "2025", "--sector", "发电"]
    assert ceax.main(words) == 1
    shown = capsys.readouterr().out
    for text in ("演示电厂1", "123", "3 signs", "empty", "1 good rows, 2 bad rows"):
        assert text in " ".join(shown.split()), text
    assert ceax.main([*words, "--lang", "zh"]) == 1
    assert "可准入 1 行, 有问题 2 行" in capsys.readouterr().out
    assert ceax.main([*words, "--json"]) == 1
    facts = json.loads(capsys.readouterr().out)
    assert (facts["rows"], facts["bad_rows"], facts["proposals"]) == (1, 2, [])
    assert facts["columns"]["name"] == "重点排放单位名称"
    assert facts["assigned"]["registry_account"] == 1
    cell = facts["cells"][0]
    assert (cell["row"], cell["column"], cell["value"]) == (3, "credit_code", "123")


def test_a_cell_is_no_markup_of_the_preview(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, account = "\\[red]演示[/red]", "CN:A:1"  # rich reads :A: as a picture
    path = write(tmp_path, HEADING, line(1, name=name, registry_account=account))
    assert ceax.main(["admit", str(path), "--preview"]) == 0
    shown = capsys.readouterr().out
    assert name in shown
    assert account in shown


def test_a_list_repaints_no_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    heading = HEADING.replace("name", "name\x1b[2J") + ",\x1b]0;x\x07"
    path = write(tmp_path, heading, line(1, name="\x1b[2J演示"), line(2, province="\x1b[31m湖北"))
    for words in (["--preview"], []):
        assert ceax.main(["admit", str(path), "--map", "name=name\x1b[2J", *words]) > 0
        captured = capsys.readouterr()
        assert "has control signs" in captured.out + captured.err
        assert "\x1b" not in captured.out + captured.err


def test_so_many_rows_are_shown_and_the_others_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    most = cli_tables.ROWS_SHOWN
    for cells, shown, told in (
        ({"name": "演示"}, "2 more rows are not shown", "--exchange URL"),
        ({"province": "火星"}, "2 more rows are not shown", f"{most + 2} bad cells; nothing was"),
        ({"category": "机构"}, f", {most + 1}, …", f", {most + 1}, … are no key emitting units"),
    ):
        path = write(tmp_path, HEADING, *(line(n + 1, **cells) for n in range(most + 2)))
        ceax.main(["admit", str(path), "--preview"])
        out = capsys.readouterr().out
        assert shown in out
        assert out.count("│\n") == most
        assert ceax.main(["admit", str(path)]) == 2
        *rows, last = capsys.readouterr().err.splitlines()
        assert told in last
        assert len(rows) in (0, most)


def test_columns_are_mapped_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, HEADING.replace("name", "甲").replace("sector", "乙"), line(1))
    words = ["admit", str(path), "--preview", "--json"]
    assert ceax.main(words) == 2
    assert "--map name=HEADING" in capsys.readouterr().err
    assert ceax.main([*words, "--map", "name=甲", "--map", "sector=乙"]) == 0
    assert json.loads(capsys.readouterr().out)["units"][0]["name"] == "演示电厂1"
    assert ceax.main([*words, "--map", "name"]) == 2
    assert "FIELD=HEADING" in capsys.readouterr().err


def test_without_an_exchange_nothing_is_proposed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, HEADING, line(1), line(2, compliance_year="x"))
    assert ceax.main(["admit", str(path)]) == 2
    captured = capsys.readouterr()
    assert "nothing was proposed" in captured.err
    assert "row 3, column compliance_year" in captured.err
    assert ceax.main(["admit", str(path), "--skip-bad"]) == 2
    assert "--exchange URL" in capsys.readouterr().err


def key_file(world: World, tmp_path: Path) -> Path:
    path = tmp_path / "operator.key"
    world.operators[0].save(path)
    return path


async def test_the_good_rows_are_proposed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(
        tmp_path,
        HEADING,
        *(line(number) for number in range(101, 351)),
        line(400, name=""),
        line(401, category="机构"),
    )
    async with serving() as world:
        where = ["--exchange", world.server.url, "--key", str(key_file(world, tmp_path))]
        words = ["admit", str(path), "--skip-bad", "--json", *where]
        assert await asyncio.to_thread(ceax.main, words) == 1
        facts = json.loads(capsys.readouterr().out)
        assert (facts["rows"], facts["expected"]) == (251, 250)
        waiting = world.exchange.proposals()
        assert [view.proposal for view in waiting] == facts["proposals"]
        assert sum(len(view.actions) for view in waiting) == 250
