"""Loading accounts from a table: bad cells are named, good rows reach the outbox once, however often."""

from pathlib import Path

import pytest

from clearing.registry_load import load, read_funding
from gateway.errors import UserError
from tests.clearing.desk import registry_in, token
from tests.clearing.house import DATE

HEADER = "registry_account,funds_account,name,credit_code,cash_yuan,CEA23,CEA24\n"
ROW = "DEMO-R1,DEMO-F1,演示一号电厂,91990000MA00000001,1000.50,,300\n"


def table(folder: Path, text: str) -> Path:
    path = folder / "accounts.csv"
    path.write_text(text, encoding="utf-8-sig")
    return path


def test_rows_are_read_with_their_products(tmp_path: Path) -> None:
    (row,) = read_funding(table(tmp_path, HEADER + ROW))
    assert (row.account, row.cash_fen, row.tonnes) == ("DEMO-R1", 100_050, (("CEA24", 300),))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("name,cash_yuan\nA,1\n", "no column registry_account, funds_account, credit_code"),
        (HEADER, "0 rows"),
        (HEADER + ROW.replace("1000.50", "1000.505"), "row 2, column cash_yuan"),
        (HEADER + ROW.replace("1000.50", "-1"), "row 2, column cash_yuan"),
        (HEADER + ROW + ROW.replace("300", "3e2"), "row 3, column CEA24"),
        (HEADER + ROW.replace("300", "1000000001"), "row 2, column CEA24"),
        (HEADER + ROW.replace("DEMO-F1", " "), "row 2, column funds_account"),
        (HEADER + ROW.replace(",300", ",300,7"), "row 2: has more cells"),
    ],
)
def test_a_bad_table_names_its_place(tmp_path: Path, text: str, place: str) -> None:
    with pytest.raises(UserError) as found:
        read_funding(table(tmp_path, text))
    assert place in str(found.value)


async def test_a_table_loaded_twice_moves_once(tmp_path: Path) -> None:
    rows = read_funding(table(tmp_path, HEADER + ROW))
    async with registry_in(tmp_path / "registry") as registry:
        admin = token(registry.data, "admin")
        for date in (DATE, DATE):
            assert await load(rows, registry.url, admin, date) == (1, 100_050, 300)
        movements = await registry.exchange.movements()
        assert [(m.kind, m.amount_fen, m.quantity_t) for m in movements] == [
            ("deposit", 100_050, 0),
            ("transfer_in", 0, 300),
        ]


async def test_an_account_that_stands_is_funded_on_a_later_day(tmp_path: Path) -> None:
    rows = read_funding(table(tmp_path, HEADER + ROW))
    async with registry_in(tmp_path / "registry") as registry:
        admin = token(registry.data, "admin")
        await load(rows, registry.url, admin, DATE)
        await load(rows, registry.url, admin, "2030-01-02")
        assert len(await registry.exchange.movements()) == 4


async def test_a_wrong_token_and_a_silent_registry_are_told(tmp_path: Path) -> None:
    rows = read_funding(table(tmp_path, HEADER + ROW))
    async with registry_in(tmp_path / "registry") as registry:
        with pytest.raises(UserError, match="row 2, DEMO-R1: AUTH"):
            await load(rows, registry.url, "nonsense", DATE)
        url = registry.url
    with pytest.raises(UserError, match="is the registry serving"):
        await load(rows, url, "nonsense", DATE)
