"""Lists of applicants: headings in two languages, every bad cell with its place, proposals that fit."""

from pathlib import Path

import pytest

from engine.commands import ACTIONS_MAX, Category, Propose
from engine.credit_code import check_sign, is_credit_code
from gateway import wire
from gateway.admission import (
    FILE_BYTES_MAX,
    PROPOSAL_BYTES_MAX,
    ROWS_MAX,
    parse_applicants,
    proposals_of,
    read_applicants,
)
from gateway.errors import UserError
from gateway.limits import LIMITS
from tests.gateway.gateway_world import serving
from tests.markets import admission, credit_code

HEADING = "name,credit_code,category,province,sector,registry_account,funds_account,compliance_year"
CHINESE = "单位名称,统一社会信用代码,类别,省份,行业,登记账户,资金账户,履约年度"


def line(number: int, **changes: str) -> str:
    cells = {
        "name": f"演示电厂{number}",
        "credit_code": credit_code(number),
        "category": "key_emitting_unit",
        "province": "演示省",
        "sector": "发电",
        "registry_account": f"REG-{number}",
        "funds_account": f"BANK-{number}",
        "compliance_year": "2020",
    } | changes
    return ",".join(cells.values())


def test_the_check_character_of_a_published_example() -> None:
    # The example of GB 32100-2015 itself.
    assert is_credit_code("91350100M000100Y43")
    assert check_sign("91350100M000100Y4") == "3"


def test_a_changed_character_breaks_a_code() -> None:
    good = credit_code(7)
    assert is_credit_code(good)
    for place in range(18):
        for sign in "0123456789ABCDEFGHJKLMNPQRTUWXY":
            if sign != good[place]:
                assert not is_credit_code(good[:place] + sign + good[place + 1 :]), (place, sign)
    for bad in ("", good[:-1], good + "0", good.lower(), good.replace("9", "I"), " " + good):
        assert bad == good or not is_credit_code(bad)
    with pytest.raises(ValueError, match="not found"):
        check_sign("I" * 17)


@pytest.mark.parametrize("heading", [HEADING, CHINESE, CHINESE.replace("单位名称", " 企业名称 ")])
def test_headings_in_two_languages(heading: str) -> None:
    rows = "\n".join([heading, line(1), "", line(2, category="重点排放单位")])
    found = parse_applicants(rows, "units.csv")
    assert found.bad == ()
    assert found.rows[0].name == "演示电厂1"
    assert [row.category for row in found.rows] == [Category.KEY_EMITTING_UNIT] * 2
    assert found.places == (2, 4)


def test_a_list_without_categories_holds_key_emitting_units() -> None:
    heading = HEADING.replace("category,", "") + ",remark"
    row = line(1).replace("key_emitting_unit,", "") + ",anything"
    (applicant,) = parse_applicants(f"{heading}\n{row}", "f").rows
    assert applicant.category is Category.KEY_EMITTING_UNIT


def test_every_bad_cell_is_told_with_file_row_and_column() -> None:
    rows = [
        HEADING,
        line(1),
        line(2, credit_code="91990000000000002X"),
        line(3, compliance_year="二〇二〇", province=""),
        line(4, category="广告商"),
        line(5, credit_code=credit_code(1), registry_account="REG-1"),
        line(6, name="演" * 201),
        line(7, registry_account="有空格"),
        line(8, compliance_year="1999"),
        "演示短行",
    ]
    found = parse_applicants("\n".join(rows), "units.csv")
    assert len(found.rows) == 1
    places = [(cell.row, cell.column) for cell in found.bad]
    assert places[:9] == [
        (3, "credit_code"),
        (4, "province"),
        (4, "compliance_year"),
        (5, "category"),
        (6, "credit_code"),
        (6, "registry_account"),
        (7, "name"),
        (8, "registry_account"),
        (9, "compliance_year"),
    ]
    assert {place[0] for place in places[9:]} == {10}
    assert str(found.bad[0]).startswith("units.csv: row 3, column credit_code: ")
    assert "row 2 already" in found.bad[4].problem


def test_tables_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "units.csv"
    with pytest.raises(UserError, match="cannot read"):
        read_applicants(path)
    for text, problem in (
        ("", "no column name"),
        (HEADING.replace("sector", "line"), "no column sector"),
        (HEADING + '\n"open', "row 2"),
    ):
        path.write_text(text)
        with pytest.raises(UserError, match=problem):
            read_applicants(path)
    path.write_bytes(b"\xff\xff\xff\xff")
    with pytest.raises(UserError, match="neither UTF-8"):
        read_applicants(path)


def test_tables_of_chinese_offices_are_read(tmp_path: Path) -> None:
    path = tmp_path / "units.csv"
    text = f"{CHINESE}\r\n{line(1)}\r\n"
    for data in (text.encode("utf-8-sig"), text.encode("gb18030"), text.encode()):
        path.write_bytes(data)
        assert read_applicants(path).rows[0].province == "演示省"


def test_a_table_has_a_largest_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.admission.ROWS_MAX", 3)
    rows = [line(number) for number in range(1, 6)]
    with pytest.raises(UserError, match="more than 3 rows"):
        parse_applicants("\n".join([HEADING, *rows]), "f")
    monkeypatch.setattr("gateway.admission.FILE_BYTES_MAX", 100)
    path = tmp_path / "big.csv"
    path.write_text("x" * 101)
    with pytest.raises(UserError, match="more than 100 bytes"):
        read_applicants(path)
    assert ROWS_MAX >= 3_600
    assert FILE_BYTES_MAX >= ROWS_MAX * 200


def test_proposals_are_cut_to_what_an_operator_may_send() -> None:
    long = {"name": "演" * 200, "sector": "业" * 200, "province": "省" * 200}
    rows = [admission(number, **long) for number in range(1, 451)]
    parts = proposals_of(rows)
    assert [row for part in parts for row in part] == rows
    for part in parts:
        assert len(part) <= ACTIONS_MAX
        command = Propose(actions=part, reason="由" * 200)
        frame = wire.encode(wire.Submit(id=2**53 - 1, command=command))
        assert len(frame) <= LIMITS["operator"].frame_bytes
    assert max(len(part) for part in parts) < ACTIONS_MAX  # the bytes cut first here
    assert LIMITS["operator"].frame_bytes > PROPOSAL_BYTES_MAX
    short = proposals_of([admission(number) for number in range(1, 402)])
    assert [len(part) for part in short] == [200, 200, 1]
    assert proposals_of([]) == []


async def test_a_list_is_admitted_by_two_operators_through_the_gateway(tmp_path: Path) -> None:
    rows = [line(number) for number in range(101, 401)] + [line(401, category="institution")]
    path = tmp_path / "units.csv"
    path.write_text("\n".join([HEADING, *rows]), encoding="utf-8")
    applicants = read_applicants(path)
    async with serving() as world:
        maker = await world.connect(world.operators[0])
        checker = await world.connect(world.operators[1], language="zh")
        for actions in proposals_of(applicants.rows):
            assert (await maker.propose(actions, "名录 2020")).refused is None
        texts: list[str] = []
        for proposal in await checker.proposals():
            texts += (await checker.approve(proposal.proposal)).texts
        assert texts == ["不是重点排放单位,不能准入"]
        assert len(await checker.participants()) == 3 + 300
        await maker.close()
        await checker.close()
