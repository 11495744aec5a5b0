"""The whole demo as a person starts it: everything matches, and nothing is left behind."""

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.demo_guard import data_folder
from bench.demo_report import Check, Result, change_text, figure, latency
from bench.demo_texts import TEXTS, Words, default_language
from gateway.errors import UserError

RUN_SECONDS = 600


def ceax(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "ceax", *arguments]


def environment(folder: Path, **extra: str) -> dict[str, str]:
    """Return an environment in which everything temporary lies in a folder of the test's own."""
    return os.environ | {"TMPDIR": str(folder), "LANG": "C.UTF-8"} | extra


def processes_of(folder: Path) -> list[str]:
    """Return the command lines of living processes that name a folder."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = place.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if str(folder) in line:
            found.append(line)
    return found


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """One whole demo at high speed, kept: its directory and its JSON object."""
    temporary = tmp_path_factory.mktemp("tmp")
    folder = tmp_path_factory.mktemp("kept") / "day"
    done = subprocess.run(
        ceax("demo", "--json", "--speed", "100", "--lang", "en", "--keep", str(folder)),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=RUN_SECONDS,
        env=environment(temporary),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert list(temporary.iterdir()) == []
    assert processes_of(folder) == []
    lines = done.stdout.splitlines()
    assert len(lines) == 1, "one JSON object and nothing else"
    return folder, json.loads(lines[0])


# ---------------------------------------------------------------- the whole day


@pytest.mark.process
@pytest.mark.xdist_group("demo")
def test_every_published_figure_comes_out(kept: tuple[Path, dict[str, Any]]) -> None:
    _, found = kept
    assert found["all_match"]
    assert {f["name"]: f["computed"] for f in found["figures"]} == {
        "reference": "48.00",
        "band": "43.20 – 52.80",
        "open": "48.00",
        "first_trade": "52.78",
        "quantity": "4,103,953",
        "amount": "210,230,053.25",
        "close": "51.23",
        "block": "0",
        "next_reference_price": "51.23",
        "next_band": "46.11 – 56.35",
    }
    assert all(f["match"] and f["published"] == f["computed"] for f in found["figures"])
    assert [c["name"] for c in found["checks"] if not c["ok"]] == []


@pytest.mark.process
@pytest.mark.xdist_group("demo")
def test_the_day_is_a_market(kept: tuple[Path, dict[str, Any]]) -> None:
    _, found = kept
    assert found["participants"] >= 40
    assert found["trades"] >= 300
    assert found["prices"] >= 20
    assert found["cancels"] > 0
    assert found["lapsed"] > 0
    assert found["bulletin"]["listed_quantity_t"] == 4_103_953
    assert found["bulletin"]["listed_amount_fen"] == 21_023_005_325
    assert found["latency"]["orders"] > 1_000
    assert 0 < found["latency"]["median_ms"] <= found["latency"]["p99_ms"]
    statement = found["statement"]
    assert statement["closing_cash_fen"] == (
        statement["opening_cash_fen"]
        + statement["cash_in_fen"]
        - statement["buy_amount_fen"]
        + statement["sell_amount_fen"]
    )


@pytest.mark.process
@pytest.mark.xdist_group("demo")
def test_orders_in_flight_at_the_kill_are_accounted_for(kept: tuple[Path, dict[str, Any]]) -> None:
    folder, found = kept
    assert len(found["in_flight"]) >= 1
    assert all(row["order"] > 0 for row in found["in_flight"])
    assert any(not row["was_journaled"] for row in found["in_flight"]), "the late one never arrived"
    log = (folder / "logs" / "exchange.log").read_text(encoding="utf-8")
    assert log.count("recovered ") == 1, "the exchange was killed and came back once"


@pytest.mark.process
@pytest.mark.xdist_group("demo")
def test_the_journal_says_the_same_compiled_and_not(kept: tuple[Path, dict[str, Any]]) -> None:
    folder, found = kept
    for extra in ({}, {"NUMBA_DISABLE_JIT": "1"}):
        done = subprocess.run(
            ceax("journal", "replay", str(folder / "exchange"), "--json"),
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            env=os.environ | extra,
            check=True,
        )
        replayed = json.loads(done.stdout)
        assert replayed["event_digest"] == found["event_digest"]
        assert replayed["state_digest"] == found["state_digest"]
        assert replayed["sequence"] == found["commands"]


@pytest.mark.process
@pytest.mark.xdist_group("demo")
def test_what_is_kept_is_complete_and_private(kept: tuple[Path, dict[str, Any]]) -> None:
    folder, found = kept
    assert found["data"] == str(folder)
    keys = list(folder.rglob("*.key"))
    assert len(keys) == 48
    assert {stat.S_IMODE(path.stat().st_mode) for path in keys} == {0o600}
    secrets = [json.loads(path.read_text(encoding="utf-8"))["secret_key"] for path in keys]
    assert len(set(secrets)) == len(secrets)
    assert (folder / "day.png").read_bytes().startswith(b"\x89PNG")
    assert {path.name for path in (folder / "logs").iterdir()} == {
        "registry.log",
        "exchange.log",
        "clearing.log",
    }


@pytest.mark.process
@pytest.mark.xdist_group("demo")
@pytest.mark.parametrize(
    ("until", "number"), [("2  the trading day", signal.SIGINT), ("3  ", signal.SIGTERM)]
)
def test_an_interrupt_leaves_nothing_behind(tmp_path: Path, until: str, number: int) -> None:
    running = subprocess.Popen(
        ceax("demo", "--speed", "100", "--lang", "en"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=environment(tmp_path),
    )
    assert running.stderr is not None
    for line in running.stderr:
        if line.startswith(until):
            break
    assert len(processes_of(tmp_path)) >= 3
    running.send_signal(number)
    _, errors = running.communicate(timeout=RUN_SECONDS)
    assert running.returncode == 130, errors
    assert "Traceback" not in errors
    assert processes_of(tmp_path) == []
    assert list(tmp_path.iterdir()) == [], "keys and data are gone"


@pytest.mark.process
def test_a_directory_in_use_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    command = ceax("demo", "--keep", str(tmp_path))
    done = subprocess.run(command, capture_output=True, text=True, timeout=RUN_SECONDS, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "not empty" in done.stderr
    assert (tmp_path / "mine").read_text() == "precious"


# ---------------------------------------------------------------- its parts


def test_a_temporary_folder_goes_with_its_keys() -> None:
    made: list[Path] = []

    def fail() -> None:
        with data_folder(None) as folder:
            made.append(folder)
            (folder / "a.key").write_text("secret")
            raise RuntimeError("the demo fails")

    with pytest.raises(RuntimeError, match="demo"):
        fail()
    assert not made[0].exists()


def test_a_kept_folder_stays_and_must_be_new(tmp_path: Path) -> None:
    with data_folder(tmp_path / "a" / "b") as folder:
        (folder / "x").write_text("data")
    assert (tmp_path / "a" / "b" / "x").exists()
    with pytest.raises(UserError, match="not empty"), data_folder(tmp_path / "a" / "b"):
        pass


def test_the_result_matches_only_if_everything_does() -> None:
    good, bad = figure("close", "51.23", "51.23"), figure("close", "51.23", "51.22")
    held, broken = Check(name="a", found="1", ok=True), Check(name="b", found="0", ok=False)
    for figures, checks, expected in (
        ([good], [held], True),
        ([good, bad], [held], False),
        ([good], [held, broken], False),
        ([], [held], False),
        ([good], [], False),
    ):
        result = Result(figures=figures, checks=checks)
        result.close()
        assert result.all_match is expected


def test_latencies_are_the_nearest_rank() -> None:
    found = latency([n * 1_000_000 for n in range(1, 201)])
    assert (found.median_ms, found.p99_ms, found.worst_ms) == (100.5, 198.0, 200.0)
    assert latency([]).orders == 0


@pytest.mark.parametrize(
    ("close", "previous", "text"),
    [
        (5_123, 4_800, "+6.73%"),
        (5_777, 5_800, "-0.40%"),
        (4_800, 4_800, "+0.00%"),
        (4_800, 0, "-"),
    ],
)
def test_a_change_is_rounded_half_up(close: int, previous: int, text: str) -> None:
    assert change_text(close, previous) == text


def test_both_languages_name_the_same_fields() -> None:
    import string

    for name, texts in TEXTS.items():
        fields = [{f for _, f, _, _ in string.Formatter().parse(t) if f} for t in texts]
        assert fields[0] == fields[1], name
    assert Words("zh")("trading") == "交易中"
    assert default_language({"LANG": "zh_CN.UTF-8"}) == "zh"
    assert default_language({"LC_ALL": "en_US.UTF-8", "LANG": "zh_CN.UTF-8"}) == "en"
    assert default_language({}) == "en"
