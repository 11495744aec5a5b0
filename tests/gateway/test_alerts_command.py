"""`ceax journal alerts`: what surveillance finds in the journal of a market, as a table and as JSON."""

import json
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import msgspec
import numpy as np
import pytest

import ceax
from engine.codec import is_hot, write_record
from engine.commands import Entry, OpenDay
from engine.core.records import COMMAND
from engine.exchange import SEMANTICS_VERSION
from engine.surveillance import Alert, Rule
from gateway import cli_alerts
from gateway.alerts import watch_journal
from gateway.disk import FolderDisk
from gateway.journal import Journal, Part
from gateway.journal_format import HEAD_BYTES
from tests.engine.surveillance_floor import Recorder, busy
from tests.gateway.sequencer_rig import PROFILE_TEXT
from tests.markets import national


@pytest.fixture(scope="module")
def market() -> Recorder:
    return busy(Recorder(national()))


def kind(entry: Entry) -> tuple[bool, int]:
    """Group what may share a part of the journal: a day opens alone, as the sequencer has it."""
    opens = isinstance(entry.command, OpenDay)
    return is_hot(entry.command), entry.sequence if opens else 0


def write(folder: Path, entries: Sequence[Entry], profile: bytes = PROFILE_TEXT) -> Path:
    """Journal entries in a data directory and return it."""
    disk = FolderDisk(folder / "journal")
    (folder / "journal").mkdir()
    journal = Journal.open(disk, profile, SEMANTICS_VERSION, None, chunk_bytes=65_536)
    for (hot, _), group in groupby(entries, kind):
        run = list(group)
        part: Part = run
        if hot:
            rows = np.zeros(len(run), COMMAND)
            for place, entry in enumerate(run):
                write_record(rows, place, entry, national())
            part = rows
        journal.append(journal.last, [part])
    journal.close()
    return folder


@pytest.fixture
def folder(tmp_path: Path, market: Recorder) -> Path:
    return write(tmp_path, market.entries)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "journal").iterdir())}


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = ceax.main(["journal", "alerts", *arguments])
    told = capsys.readouterr()
    return code, told.out, told.err


def test_json_has_the_alerts_that_were_raised_live(
    folder: Path, market: Recorder, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(folder)
    code, out, _ = run(capsys, str(folder), "--json")
    told = json.loads(out)
    assert code == 0
    assert out.count("\n") == 1, "one object and nothing else"
    assert msgspec.convert(told["alerts"], list[Alert]) == market.alerts
    assert told["count"] == len(market.alerts) > 0
    assert (told["days"], told["commands"]) == (2, len(market.entries))
    assert contents(folder) == before


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("severity", "alarm", "close_by_few_tonnes", "was decided by", "alerts: ")),
        ("zh", ("级别", "严重", "close_by_few_tonnes", "挂牌成交决定", "演示/仿真")),
    ],
)
def test_the_table_speaks_both_languages(
    folder: Path,
    market: Recorder,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    words: tuple[str, ...],
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(cli_alerts, "SEQUENCES_SHOWN", 1)
    code, out, _ = run(capsys, str(folder), "--lang", language)
    assert code == 0
    assert out.count("… ") == sum(len(alert.sequences) > 1 for alert in market.alerts) > 0
    for word in words:
        assert word in out
    last = market.alerts[-1]
    assert (last.zh if language == "zh" else last.en) in out
    assert str(len(market.alerts)) in out.splitlines()[-1]


def test_thresholds_are_those_of_the_journals_own_profile(tmp_path: Path, market: Recorder) -> None:
    text = PROFILE_TEXT.replace(b"close_quantity_t_min = 100 ", b"close_quantity_t_min = 1 ")
    assert text != PROFILE_TEXT
    watched = watch_journal(FolderDisk(write(tmp_path, market.entries, text) / "journal"))
    kept = [alert for alert in market.alerts if alert.rule != Rule.CLOSE_BY_FEW_TONNES]
    assert watched.alerts == kept != market.alerts


def test_a_journal_older_than_the_thresholds_has_the_defaults(
    tmp_path: Path, market: Recorder
) -> None:
    text = PROFILE_TEXT[: PROFILE_TEXT.index(b"[surveillance]")]
    watched = watch_journal(FolderDisk(write(tmp_path, market.entries, text) / "journal"))
    assert watched.alerts == market.alerts


def test_a_quiet_journal_says_so(
    tmp_path: Path, market: Recorder, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, market.entries[:8])
    code, out, _ = run(capsys, str(tmp_path))
    assert code == 0
    assert out == "trading days: 0, commands: 8, alerts: 0 (simulation)\n"


def test_progress_is_told_after_each_frame(folder: Path, market: Recorder) -> None:
    told: list[tuple[str, int, int]] = []
    watch_journal(FolderDisk(folder / "journal"), tell=lambda *facts: told.append(facts))
    assert told[-1] == ("2021-07-19", len(market.entries), len(market.alerts))
    assert told == sorted(told)


def test_mistakes_are_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, error = run(capsys, str(tmp_path), "--json")
    assert (code, out) == (2, "")
    assert "holds no journal" in error
    (tmp_path / "journal").mkdir()
    code, out, error = run(capsys, str(tmp_path))
    assert (code, out) == (2, "")
    assert "the journal is empty" in error


def test_damage_is_told_and_is_no_alert(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "journal" / "2021-07-16.journal"
    damaged = bytearray(path.read_bytes())
    damaged[HEAD_BYTES + 500] ^= 1
    path.write_bytes(damaged)
    code, out, error = run(capsys, str(folder), "--json")
    assert (code, out) == (1, "")
    assert "2021-07-16.journal" in error


def test_help_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        ceax.main(["journal", "alerts", "--help"])
    assert left.value.code == 0
    assert "ceax journal alerts my-market" in capsys.readouterr().out
