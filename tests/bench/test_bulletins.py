"""Tables of published figures are read whatever their headers, and every bad cell says where it is."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import bulletins
from bench.bulletin_columns import NAMES, meaning, parse_columns
from bench.bulletins import BulletinRow, read_bulletins
from engine.units import format_yuan
from gateway.errors import UserError
from tests.bench.tables import national


def read(path: Path, content: str | bytes, columns: str = "") -> list[BulletinRow]:
    """Write a table and read it back."""
    file = path / "table.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read_bulletins(file, national(), parse_columns(columns)).rows)


def told(path: Path, content: str | bytes, columns: str = "") -> str:
    """Return the one line that a bad table brings."""
    with pytest.raises(UserError) as error:
        read(path, content, columns)
    text = str(error.value)
    assert "\n" not in text
    return text


FIRST_DAY_ENGLISH = """\
date,open,high,low,close,listed_volume_t,listed_amount_yuan,block_volume_t,block_amount_yuan,price_basis
2021-07-16,48.00,52.80,48.00,51.23,4103953,210230053.25,0,0.00,listed
"""
FIRST_DAY_CHINESE = """\
日期,开盘价(元/吨),最高价,最低价,收盘价,挂牌协议成交量(吨),挂牌协议成交额(元),大宗协议成交量,大宗协议成交额
2021年7月16日,48,52.8,48.0,51.23,"4,103,953","210,230,053.25",-,—
"""


@pytest.mark.parametrize(
    "content",
    [
        FIRST_DAY_ENGLISH.encode(),
        FIRST_DAY_ENGLISH.replace("\n", "\r\n").encode("utf-8-sig"),
        FIRST_DAY_ENGLISH.replace(",", "\t").encode(),
        FIRST_DAY_CHINESE.encode(),
        FIRST_DAY_CHINESE.encode("gb18030"),
    ],
)
def test_first_day_in_many_forms(tmp_path: Path, content: bytes) -> None:
    (row,) = read(tmp_path, content)
    assert (row.date, row.product, row.is_composite) == ("2021-07-16", "CEA19-20", False)
    assert (row.open, row.high, row.low, row.close) == (4_800, 5_280, 4_800, 5_123)
    assert (row.listed_quantity, row.listed_amount) == (4_103_953, 21_023_005_325)
    assert not row.block_quantity
    assert not row.block_amount


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Trade Date", "date"),
        ("listed_t", "listed_quantity"),
        ("listed_yuan", "listed_amount"),
        ("Listed Volume (t)", "listed_quantity"),
        ("block_turnover_cny", "block_amount"),
        ("大宗协议交易成交额（元）", "block_amount"),
        ("挂牌成交量", "listed_quantity"),
        ("单向竞价成交量", "auction_quantity"),
        ("open_yuan_per_t", "open"),
        ("close_fen", "close"),
        ("vintage", "product"),
        ("cumulative_listed_volume", ""),
        ("累计挂牌成交量", ""),
        ("挂牌成交均价", ""),
        ("listed_vwap", ""),
        ("大宗协议成交量(万吨)", ""),
        ("change_pct", ""),
    ],
)
def test_meaning_of_headers(header: str, name: str) -> None:
    assert meaning(header) == name


def test_every_accepted_header_is_understood() -> None:
    for name, headers in NAMES.items():
        assert [meaning(header) for header in headers] == [name] * len(headers)


def test_plain_volume_is_listed_only_where_methods_are_not_split(tmp_path: Path) -> None:
    (row,) = read(tmp_path, "date,close,volume,amount\n2022-01-04,58.00,10,580.00\n")
    assert (row.listed_quantity, row.listed_amount) == (10, 58_000)
    text = told(tmp_path, "date,close,volume,amount,block_volume\n2022-01-04,58.00,10,580.00,0\n")
    assert "no column for listed_quantity, listed_amount" in text


def test_fen_columns_are_whole_fen(tmp_path: Path) -> None:
    (row,) = read(tmp_path, "date,close_fen,listed_t,listed_amount_fen\n20220104,5800,10,58000\n")
    assert (row.close, row.listed_amount) == (5_800, 58_000)


def test_products_by_every_name(tmp_path: Path) -> None:
    lines = ["date,vintage,close,listed_volume,listed_amount"]
    names = ["CEA", "CEA21", "22", "2023", "碳排放配额24", "CEA25", "COMCEA"]
    lines += [f"2026-01-05,{name},70,0,0" for name in names]
    rows = read(tmp_path, "\n".join(lines))
    assert [row.product for row in rows[:-1]] == [p.code for p in national().products]
    assert rows[-1].is_composite
    assert [
        r.product
        for r in read(
            tmp_path, "date,code,close,listed_volume,listed_amount\n2024-12-05,2019-2020,9,0,0\n"
        )
    ] == ["CEA19-20"]


def test_price_basis_decides_what_is_one_book(tmp_path: Path) -> None:
    rows = read(
        tmp_path,
        "date,close,listed_volume,listed_amount,price_basis\n"
        "2023-08-25,70,0,0,listed\n2023-08-28,70,0,0,composite\n2023-08-29,70,0,0,\n",
    )
    assert [row.is_composite for row in rows] == [False, True, False]


def test_rows_are_put_in_order_of_date(tmp_path: Path) -> None:
    rows = read(
        tmp_path,
        "date,close,listed_volume,listed_amount\n2022-01-05,58,0,0\n\n2022/1/4,57,0,0\n",
    )
    assert [(row.date, row.line) for row in rows] == [("2022-01-04", 4), ("2022-01-05", 2)]


def test_mapping_of_columns(tmp_path: Path) -> None:
    table = "Tag;Schluss;Menge;Summe\n2022-01-04;58,00;10;580.00\n".replace("58,00", "58.00")
    columns = "date=Tag,close=Schluss,listed_quantity=Menge,listed_amount=Summe"
    (row,) = read(tmp_path, table, columns)
    assert (row.close, row.listed_quantity, row.listed_amount) == (5_800, 10, 58_000)
    assert "'Ende', the headers are Tag, Schluss" in told(tmp_path, table, "close=Ende")
    with pytest.raises(UserError, match="'shut=Schluss' is not name=header"):
        parse_columns("shut=Schluss")


def test_unused_columns_are_named(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("date,close,mood,listed_volume,listed_amount\n2022-01-04,58,good,0,0\n")
    assert read_bulletins(file, national()).ignored == ("mood",)


@pytest.mark.parametrize(
    ("cells", "place", "what"),
    [
        ("2022-02-30,58,1,58.00", "column date", "a date of the calendar"),
        ("yesterday,58,1,58.00", "column date", "a date such as"),
        ("2022-01-04,fifty,1,58.00", "column close", "at most two decimals"),
        ("2022-01-04,58.005,1,58.00", "column close", "at most two decimals"),
        ("2022-01-04,-58,1,58.00", "column close", "non-negative"),
        ("2022-01-04,58,1.5,58.00", "column listed_volume", "whole number of tonnes"),
        ("2022-01-04,58,-1,58.00", "column listed_volume", "whole number of tonnes"),
        ("2022-01-04,58,1,1e9", "column listed_amount", "at most two decimals"),
    ],
)
def test_a_bad_cell_says_file_row_and_column(
    tmp_path: Path, cells: str, place: str, what: str
) -> None:
    text = told(
        tmp_path,
        f"date,close,listed_volume,listed_amount\n2022-01-03,58,1,58.00\n{cells}\n",
    )
    assert "table.csv: row 3, " in text
    assert place in text
    assert what in text


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("", "the table is empty"),
        ("\n\n", "the table is empty"),
        ("date,close,listed_volume\n", "no column for listed_amount among the headers date, close"),
        ("date,open,open_price,close,listed_volume,listed_amount\n", "both mean open"),
        ("date,close,listed_volume,listed_amount\n2022-01-04,58,0,0,7\n", "row 2: 5 cells under 4"),
        (
            "date,close,listed_volume,listed_amount\n2022-01-04,58,0,0\n2022-01-04,58,0,0\n",
            "row 3: 2022-01-04 CEA19-20 stands already in row 2",
        ),
        (
            "date,product,close,listed_volume,listed_amount\n2022-01-04,BEA,58,0,0\n",
            "row 2, column product: 'BEA' is not a product of the profile",
        ),
        (b"date,close\xff\xff\xff\n", "neither UTF-8 nor GB 18030"),
    ],
)
def test_a_bad_table_is_one_line(tmp_path: Path, content: str | bytes, what: str) -> None:
    assert what in told(tmp_path, content)


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(UserError, match="cannot be read"):
            read_bulletins(path, national())


def test_tables_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = "date,close,listed_volume,listed_amount\n2022-01-04,58,0,0\n2022-01-05,58,0,0\n"
    monkeypatch.setattr(bulletins, "ROWS_MAX", 2)
    assert "more than 2 rows" in told(tmp_path, table)
    monkeypatch.setattr(bulletins, "BYTES_MAX", 20)
    assert "larger than 20 bytes" in told(tmp_path, table)


@given(st.integers(0, 10**15), st.booleans())
def test_any_amount_is_read_exactly(
    tmp_path_factory: pytest.TempPathFactory, fen: int, is_split: bool
) -> None:
    yuan, rest = divmod(fen, 100)
    text = f'"{yuan:,}.{rest:02d}"' if is_split else format_yuan(fen)
    path = tmp_path_factory.mktemp("amounts")
    (row,) = read(path, f"date,close,listed_volume,listed_amount\n2022-01-04,58,1,{text}\n")
    assert row.listed_amount == fen
