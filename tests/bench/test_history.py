"""Published days come out of the engine as they were published, and what cannot be met is told."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from bench import history as history_module
from bench.bulletins import read_bulletins
from bench.flow import DayPlan, plan_day
from bench.history import History, Replay, differences
from bench.history_market import HistoryMarket, UnexpectedAnswer
from engine.events import ProductDay
from tests.bench.tables import Row, invent_market, national, write_table
from tests.bench.test_flow import DEMO

DATA = Path(os.environ.get("CEAX_DATA", Path(__file__).parents[2] / "../shared/data"))


def replay(path: Path, begin: str = "", end: str = "", **references: int) -> History:
    """Read a table and play it."""
    rows = read_bulletins(path, national()).rows
    given = {name.replace("_", "-"): price for name, price in references.items()}
    return Replay(national(), references=given).run(rows, begin, end)


def assert_all_matched(history: History, days: int) -> None:
    """Hold a history without exceptions: all days matched, only the probes refused."""
    assert history.mismatched == []
    assert (history.days, history.matched) == (days, days - len(history.not_reconstructible))
    assert history.refused == history.probes_refused == 2 * history.matched
    assert history.is_explained


@pytest.mark.parametrize("with_range", [True, False])
def test_514_days_of_an_invented_market(tmp_path: Path, *, with_range: bool) -> None:
    table = write_table(tmp_path / "t.csv", invent_market(514, seed=7), with_range=with_range)
    history = replay(table)
    assert_all_matched(history, 514)
    assert history.not_reconstructible == []
    assert history.exchanges == 1
    assert history.trades > 3_000
    assert [(r.date, r.price_fen, r.basis) for r in history.references] == [
        ("2021-07-16", 4_800, "R37")
    ]
    assert 0 < history.engine_seconds < history.seconds < 60


def test_same_table_same_digest(tmp_path: Path) -> None:
    table = write_table(tmp_path / "t.csv", invent_market(20, seed=3))
    first, second = replay(table), replay(table)
    assert first.digest == second.digest
    assert first.digest != replay(table, end="2021-08-01").digest


def test_first_day_of_the_market(tmp_path: Path) -> None:
    first = Row(
        date="2021-07-16",
        open=4_800,
        high=0,
        low=0,
        close=5_123,
        listed=(4_103_953, 21_023_005_325),
        block=(0, 0),
    )
    history = replay(write_table(tmp_path / "t.csv", [first]))
    assert_all_matched(history, 1)
    (bulletin,) = history.played
    assert (bulletin.open_fen, bulletin.close_fen) == (4_800, 5_123)


def test_composite_rows_are_told_and_not_played(tmp_path: Path) -> None:
    rows = invent_market(12, seed=5)
    rows[8:] = [replace(row, basis="composite") for row in rows[8:]]
    history = replay(write_table(tmp_path / "t.csv", rows))
    assert_all_matched(history, 12)
    assert [gap.reason for gap in history.not_reconstructible] == ["composite_price"] * 4
    assert [gap.date for gap in history.not_reconstructible] == [row.date for row in rows[8:]]


def test_a_range_goes_on_from_the_row_before_it(tmp_path: Path) -> None:
    rows = invent_market(30, seed=11)
    history = replay(write_table(tmp_path / "t.csv", rows), rows[10].date, rows[19].date)
    assert_all_matched(history, 10)
    (first,) = history.references
    assert (first.date, first.price_fen, first.basis) == (
        rows[10].date,
        rows[9].close,
        "published_close",
    )


def by_vintage() -> list[Row]:
    """Return four products over December 2024, with one misprint and amounts that are missing."""
    rows: list[Row] = []
    for place, product in enumerate(("CEA19-20", "CEA21", "CEA22", "CEA23")):
        days = invent_market(12, seed=20 + place, first="2024-12-02", start=10_000 - place)
        rows += [replace(row, product=product) for row in days]
    rows.sort(key=lambda row: (row.date, row.product))
    return rows


def test_a_table_by_vintage_is_one_market(tmp_path: Path) -> None:
    rows = by_vintage()
    history = replay(write_table(tmp_path / "t.csv", rows, with_product=True))
    assert_all_matched(history, 48)
    assert history.exchanges == 1
    assert [first.basis for first in history.references] == ["own_close"] * 4


def test_a_misprint_is_told_and_the_next_day_goes_on(tmp_path: Path) -> None:
    rows = by_vintage()
    bad = next(
        i
        for i, row in enumerate(rows)
        if (row.date, row.product) > ("2024-12-05", "") and row.product == "CEA22" and row.listed[0]
    )
    rows[bad] = replace(rows[bad], open=99_100)
    history = replay(write_table(tmp_path / "t.csv", rows, with_product=True))
    assert_all_matched(history, 48)
    (gap,) = history.not_reconstructible
    assert (gap.date, gap.product, gap.reason) == (rows[bad].date, "CEA22", "open_outside_band")
    assert "991.00 is outside the band" in gap.detail
    # The engine never saw that day, so CEA22 goes on from its published close on a fresh exchange.
    assert history.exchanges == 2
    later = next(row for row in rows[bad + 1 :] if row.product == "CEA22")
    assert [(r.date, r.product, r.price_fen, r.basis) for r in history.references[4:]] == [
        (later.date, "CEA22", rows[bad].close, "published_close")
    ]


def test_rows_without_amounts_are_told(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text(
        "date,product,open,close,listed_volume,listed_amount,block_volume,block_amount,auction_volume\n"
        "2024-12-02,CEA22,100,100,10,1000.00,,,\n"
        "2024-12-03,CEA22,100,101,10,,,,\n"
        "2024-12-04,CEA22,101,101,,,,,\n"
        "2024-12-05,CEA22,101,102,,,,,\n"
        "2024-12-06,CEA22,102,102,10,1020.00,200000,,\n"
        "2024-12-09,CEA22,102,102,10,1020.00,,,5000\n"
        "2024-12-10,CEA22,102,,10,1020.00,,,\n"
        "2024-12-11,CEA22,102,102,10,1020.00,100000,10200000.00,\n"
    )
    history = replay(table)
    assert history.matched == 3
    assert [(gap.date[-2:], gap.reason) for gap in history.not_reconstructible] == [
        ("03", "listed_amount_missing"),
        ("05", "listed_quantity_missing"),
        ("06", "block_amount_missing"),
        ("09", "auction_not_played"),
        ("10", "close_missing"),
    ]
    assert history.is_explained


def test_first_references_say_where_they_come_from(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text(
        "date,product,previous_close,close,listed_volume,listed_amount\n"
        "2024-12-02,CEA21,99.00,100,10,1000.00\n"
        "2024-12-02,CEA22,,100,10,1000.00\n"
        "2024-12-02,CEA23,98.00,100,10,1000.00\n"
        "2024-12-03,CEA23,98.00,101,10,1010.00\n"
    )
    history = replay(table, CEA21=9_500)
    assert_all_matched(history, 4)
    assert [(r.product, r.price_fen, r.basis) for r in history.references] == [
        ("CEA21", 9_500, "given"),
        ("CEA22", 10_000, "own_close"),
        ("CEA23", 9_800, "previous_close"),
    ]


# ---------------------------------------------------------------- what the engine answers is not believed


def test_an_order_refused_out_of_turn_is_a_mismatch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def impoverished(*arguments: object, **named: object) -> DayPlan:
        plan = plan_day(*arguments, **named)  # type: ignore[arg-type]
        needs = tuple(structs.replace(need, cash_fen=0) for need in plan.needs)
        return structs.replace(plan, needs=needs)

    monkeypatch.setattr(history_module, "plan_day", impoverished)
    history = replay(write_table(tmp_path / "t.csv", invent_market(1, seed=1)))
    (mismatch,) = history.mismatched
    assert "CASH_NOT_AVAILABLE" in mismatch.note
    assert not history.is_explained


def test_every_trade_is_settled_before_the_next_day() -> None:
    market = HistoryMarket(national(), 6)
    market.found("2021-07-16")
    plan = plan_day(DEMO, national(), 1, participants=6)
    outcome = market.run_day("2021-07-16", [plan])
    assert outcome.trades == len(plan.listed_trades)
    exchange = market._exchange
    assert exchange.unsettled() == ()
    delivered = sum(
        holding.delivered_t
        for number in range(1, 7)
        for holding in exchange.account(number).holdings
    )
    assert delivered == DEMO.listed_quantity_t


def test_an_operator_who_errs_is_told(tmp_path: Path) -> None:
    """A reference off the engine's own close is refused, so a wrong chain cannot pass."""
    market = HistoryMarket(national(), 4)
    market.found("2021-07-16")
    plan = plan_day(DEMO, national(), 1, participants=4)
    market.run_day("2021-07-16", [plan])
    figures = structs.replace(
        DEMO,
        date="2021-07-19",
        reference_fen=5_000,
        open_fen=0,
        listed_amount_fen=4_103_953 * 5_000,
    )
    next_plan = plan_day(structs.replace(figures, close_fen=5_000), national(), 1, participants=4)
    with pytest.raises(UnexpectedAnswer, match="REFERENCE_PRICE_MISMATCH"):
        market.run_day("2021-07-19", [next_plan])


@pytest.mark.parametrize(
    "figure",
    [
        "open",
        "high",
        "low",
        "close",
        "listed_quantity",
        "listed_amount",
        "block_quantity",
        "block_amount",
    ],
)
def test_every_figure_is_compared(figure: str) -> None:
    figures = structs.replace(DEMO, high_fen=5_280, low_fen=4_800)
    same = ProductDay(
        product="CEA19-20",
        previous_close_fen=4_800,
        open_fen=4_800,
        high_fen=5_280,
        low_fen=4_800,
        close_fen=5_123,
        listed_quantity_t=4_103_953,
        listed_amount_fen=21_023_005_325,
        listed_trades=1,
        block_quantity_t=0,
        block_amount_fen=0,
        block_trades=0,
    )
    assert differences(figures, same) == ()
    names = {"listed_quantity": "listed_quantity_t", "block_quantity": "block_quantity_t"}
    field = names.get(figure, f"{figure}_fen")
    wrong = structs.replace(same, **{field: getattr(same, field) + 1})
    assert [d.figure for d in differences(figures, wrong)] == [figure]


# ---------------------------------------------------------------- the real figures, where they are


def real_table(name: str) -> Path:
    """Return a table of the shared data, or skip where it is not on this machine."""
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"{name} is not in {DATA}: set CEAX_DATA to the folder with the real figures")
    return path


def test_514_real_days() -> None:
    table = real_table("cea_daily_2021_2025.csv")
    history = replay(table, "2021-07-16", "2023-08-25")
    assert_all_matched(history, 514)
    assert history.not_reconstructible == []
    assert history.seconds < 60


def test_real_composite_days_are_all_told() -> None:
    table = real_table("cea_daily_2021_2025.csv")
    history = replay(table, "2023-08-28")
    assert history.matched == 0
    assert {gap.reason for gap in history.not_reconstructible} == {"composite_price"}
    assert len(history.not_reconstructible) == history.days


def test_real_table_by_vintage() -> None:
    history = replay(real_table("cea_by_vintage_2024-12.csv"))
    assert history.mismatched == []
    assert history.refused == history.probes_refused
    assert history.matched >= 41
    reasons = {(gap.date, gap.product): gap.reason for gap in history.not_reconstructible}
    assert reasons[("2024-12-05", "CEA22")] == "open_outside_band"
    assert {reason for place, reason in reasons.items() if place != ("2024-12-05", "CEA22")} <= {
        "listed_amount_missing",
        "block_amount_missing",
        "listed_quantity_missing",
        "composite_price",
    }
