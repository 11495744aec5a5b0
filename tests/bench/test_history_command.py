"""`ceax history` prints one JSON object or tables, says what it ignores, and fails where a day differs."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from bench.flow import DayPlan
from bench.history_cli import add_history
from bench.history_market import DayOutcome, HistoryMarket
from gateway.errors import UserError
from tests.bench.tables import invent_market, write_table


def command(*arguments: str) -> int:
    """Run `ceax history` in process."""
    parser = argparse.ArgumentParser()
    add_history(parser.add_subparsers())
    parsed = parser.parse_args(["history", *arguments])
    return int(parsed.run(parsed))


def test_a_bulletin_that_differs_is_a_mismatch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    honest = HistoryMarket.run_day

    def falsified(market: HistoryMarket, date: str, plans: Sequence[DayPlan]) -> DayOutcome:
        outcome = honest(market, date, plans)
        first, *others = outcome.bulletin.products
        wrong = structs.replace(first, listed_amount_fen=first.listed_amount_fen + 1)
        bulletin = structs.replace(outcome.bulletin, products=(wrong, *others))
        return structs.replace(outcome, bulletin=bulletin)

    monkeypatch.setattr(HistoryMarket, "run_day", falsified)
    table = write_table(tmp_path / "t.csv", invent_market(1, seed=1))
    assert command("--bulletins", str(table), "--json") == 1
    (mismatch,) = json.loads(capsys.readouterr().out)["mismatched"]
    assert [row["figure"] for row in mismatch["differences"]] == ["listed_amount"]


def test_json_is_one_object_and_progress_is_elsewhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = invent_market(6, seed=2)
    rows[5] = replace(rows[5], basis="composite")
    table = write_table(tmp_path / "t.csv", rows)
    assert command("--bulletins", str(table), "--from", rows[1].date, "--json") == 0
    printed = capsys.readouterr()
    told = json.loads(printed.out)
    assert printed.out.count("\n") == 1
    assert {
        "days",
        "matched",
        "mismatched",
        "not_reconstructible",
        "orders",
        "trades",
        "refused",
    } <= set(told)
    assert (told["days"], told["matched"], told["refused"]) == (5, 4, 8)
    assert told["not_reconstructible"][0]["reason"] == "composite_price"
    assert len(told["digest"]) == 64
    assert "history" in printed.err or rows[5].date in printed.err


def test_table_for_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = invent_market(60, seed=2)
    rows[30] = replace(rows[30], open=99_100, listed=(10, 50_000))
    table = write_table(tmp_path / "t.csv", rows)
    assert command("--bulletins", str(table), "--seed", "5") == 0
    out = capsys.readouterr().out
    assert "演示/仿真" in out
    assert "2021-08" in out
    assert "open_outside_band" in out
    assert "59" in out


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["--from", "2021-13-01"], "--from: '2021-13-01' is not a date"),
        (["--from", "2030-01-01"], "no row from 2030-01-01"),
        (["--reference", "BEA=48"], "no such product"),
        (["--reference", "CEA21=much"], "not an amount of yuan"),
        (["--reference", "CEA21=0"], "not a price above zero"),
        (["--columns", "shut=close"], "is not name=header"),
        (["--profile", "atlantis"], "neither a known profile nor a file"),
    ],
)
def test_bad_options_are_one_line(tmp_path: Path, arguments: list[str], what: str) -> None:
    table = write_table(tmp_path / "t.csv", invent_market(2, seed=2))
    with pytest.raises(UserError, match=what):
        command("--bulletins", str(table), *arguments)


def test_what_is_not_used_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "t.csv"
    table.write_text(
        "date,close,mood,listed_volume,listed_amount\n"
        "2022-01-04,58,good,0,0\n2022-01-05,58,bad,10,580.00\n"
    )
    arguments = ("--bulletins", str(table), "--from", "2022-01-05", "--reference", "CEA19-20=57")
    assert command(*arguments, "--json") == 0
    printed = capsys.readouterr()
    assert "columns not used: mood" in printed.err
    assert "--reference CEA19-20: not used" in printed.err
