"""`ceax journal`: what the operator of a market reads of its log, in words, lines and exit codes."""

import asyncio
import csv
import io
import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import ceax
from engine.commands import AccessKind, CancelCause, CancelForKey, RecordAccess
from engine.events import Cancelled, Repeated
from gateway.disk import FolderDisk
from gateway.errors import UserError
from gateway.journal_export import NO_END, Bound, parse_bound
from gateway.journal_follow import Follower
from gateway.journal_format import JournalDamaged
from gateway.journal_lines import plain
from tests.gateway.fake_disk import FakeDisk
from tests.gateway.journal_help import fill, open_day, open_journal, sequences
from tests.gateway.sequencer_rig import PROFILE_TEXT, TRADER, Rig, listing, moment
from tests.sample_events import sample

DAY_TWO = "2021-07-19"


def on_disk(disk: FakeDisk, folder: Path) -> Path:
    """Write what a fake disk holds as the journal of a market."""
    journal = folder / "journal"
    journal.mkdir(parents=True, exist_ok=True)
    (folder / "profile.toml").write_bytes(PROFILE_TEXT)
    for name, inode in disk.files.items():
        (journal / name).write_bytes(bytes(inode.current))
    return folder


@pytest.fixture
async def market(tmp_path: Path) -> Path:
    """Return a market of two days with a refusal and a login in it."""
    rig = Rig()
    await rig.start()
    await rig.open_market()
    await rig.trade(1, 5)
    await rig.sequencer.submit(TRADER, listing(60, price_fen=9_999))
    login = RecordAccess(
        kind=AccessKind.LOGIN_REFUSED,
        person="演示交易员",
        address="10.0.0.1",
        code="CLOCK_OFF",
        count=3,
    )
    await rig.sequencer.submit(0, login)
    await rig.sequencer.advance_clock(moment("10:00", DAY_TWO))
    await rig.sequencer.stop()
    return on_disk(rig.disk, tmp_path / "market")


def lines(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert ceax.main(["journal", "export", *arguments]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


async def test_an_export_tells_every_command_with_its_events(
    market: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = lines(capsys, str(market))
    commands = [row["sequence"] for row in rows if row["record"] == "command"]
    assert commands == list(range(1, commands[-1] + 1))
    assert all(first["sequence"] <= second["sequence"] for first, second in pairwise(rows))
    placed = next(row for row in rows if row["kind"] == "ListingPlaced")
    assert placed["time"] == "2021-07-16 09:30:00.000"
    assert placed["fields"]["price_yuan"] == "43.21"
    assert "price_fen" not in json.dumps(rows)
    refused = next(row for row in rows if row["kind"] == "Refused")
    assert refused["text"] == "the price is outside the band 43.20 – 52.80"


async def test_an_export_can_be_cut_by_place_and_kind(
    market: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = lines(capsys, str(market), "--from", "5", "--to", "7", "--kind", "command")
    assert [row["sequence"] for row in rows] == [5, 6, 7]
    rows = lines(capsys, str(market), "--from", DAY_TWO)
    assert rows
    assert all(row["time"] >= DAY_TWO for row in rows)
    rows = lines(capsys, str(market), "--to", "2021-07-16T09:00", "--kind", "DayOpened")
    assert [row["fields"]["date"] for row in rows] == ["2021-07-16"]
    rows = lines(capsys, str(market), "--kind", "audit", "--lang", "zh")
    kinds = {row["kind"] for row in rows}
    assert kinds >= {"KeyEnrolled", "ProposalMade", "ParticipantAdmitted", "AccessRecorded"}
    assert not kinds & {"ListingPlaced", "Refused", "Deposited"}
    texts = [row["text"] for row in rows if row["kind"] == "AccessRecorded"]
    assert texts == ["演示交易员 登录被拒绝 CLOCK_OFF 10.0.0.1 x3"]


async def test_a_table_for_a_spreadsheet_holds_no_formula(
    market: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from gateway.cli_journal import _safe

    assert ceax.main(["journal", "export", str(market), "--format", "csv", "--kind", "event"]) == 0
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert rows[0] == ["sequence", "time", "record", "kind", "key", "text", "fields"]
    assert {row[2] for row in rows[1:]} == {"event"}
    assert json.loads(rows[1][-1])["key"] == 1
    assert [_safe(text) for text in ("=1+1", "@a", "-b", "a", "", 7)] == [
        "'=1+1", "'@a", "'-b", "a", "", 7,
    ]  # fmt: skip


async def test_a_wrong_kind_or_place_is_one_line(
    market: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ceax.main(["journal", "export", str(market), "--kind", "Trade"]) == 2
    assert "no command or event is called Trade" in capsys.readouterr().err
    assert ceax.main(["journal", "export", str(market), "--from", "yesterday"]) == 2
    assert "write a sequence" in capsys.readouterr().err
    for text in ("2021-13-01", "2021-07-16T25:00", "-1", "１２"):
        with pytest.raises(UserError):
            parse_bound(text, is_end=False)
    assert parse_bound("", is_end=True) == Bound(NO_END, NO_END)
    assert parse_bound("99999999999999999999", is_end=True).sequence == NO_END


# ---------------------------------------------------------------- closed days


async def test_verify_compares_closed_days_with_what_they_were(
    market: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ceax.main(["journal", "verify", str(market), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["files"], report["closed_days"], report["changed_files"]) == (3, 2, [])
    closed = market / "journal" / "2021-07-16.journal"
    data = bytearray(closed.read_bytes())
    data[2_000] ^= 1  # between the marks: no frame stands there
    closed.write_bytes(data)
    assert ceax.main(["journal", "verify", str(market)]) == 1
    told = capsys.readouterr()
    assert "2021-07-16.journal is not byte for byte what was closed" in told.err
    assert "1 closed days are as they were closed" in told.out


def test_a_closed_day_says_its_digest_in_the_next_file_and_is_read_only(tmp_path: Path) -> None:
    import hashlib

    from gateway.journal_scan import first_frame

    disk = FolderDisk(tmp_path / "journal")
    disk.make()
    journal = open_journal(disk)
    fill(journal, 3)
    journal.append(journal.last, [open_day(journal.last + 1, "2021-07-16")])
    fill(journal, 2)
    first = tmp_path / "journal" / "0000-00-00.journal"
    assert first.stat().st_mode & 0o777 == 0o400
    frame = first_frame(disk, "2021-07-16.journal")
    assert frame is not None
    closed = frame.profile().closed
    assert closed is not None
    assert closed.file == first.name
    assert closed.length == first.stat().st_size
    assert closed.sha256 == hashlib.sha256(first.read_bytes()).hexdigest()
    journal.close()
    first.chmod(0o600)  # as a crash right after the new name leaves it
    again = open_journal(disk)
    assert first.stat().st_mode & 0o777 == 0o400
    assert again.last == journal.last
    again.close()


# ---------------------------------------------------------------- following


def test_a_follower_sees_what_was_acknowledged_and_no_more() -> None:
    disk = FakeDisk()
    journal = open_journal(disk)
    fill(journal, 2)
    follower, late = Follower(disk, 0), Follower(disk)
    found = [n for frame in follower.poll() for n in sequences(frame)]
    assert found == list(range(1, 9))
    assert list(late.poll()) == []
    disk.fail("sync", 0)
    with pytest.raises(Exception, match="fake disk failed a sync"):
        fill(journal, 1)
    assert list(follower.poll()) == [], "written, but nobody was told"
    disk.kill()
    again = open_journal(disk)
    again.append(again.last, [open_day(again.last + 1, "2021-07-16")])
    fill(again, 1)
    found += [n for frame in follower.poll() for n in sequences(frame)]
    assert found == list(range(1, again.last + 1))
    assert [n for frame in late.poll() for n in sequences(frame)] == found[8:]


def test_a_follower_can_begin_behind_any_sequence_and_waits_for_the_first_file() -> None:
    disk = FakeDisk()
    early = Follower(disk, 0)
    assert list(early.poll()) == []
    journal = open_journal(disk)
    fill(journal, 3)
    journal.append(journal.last, [open_day(journal.last + 1, "2021-07-16")])
    fill(journal, 3)
    for after in range(journal.last + 1):
        found = [n for frame in Follower(disk, after).poll() for n in sequences(frame)]
        assert [n for n in found if n > after] == list(range(after + 1, journal.last + 1))
    assert [n for frame in early.poll() for n in sequences(frame)][-1] == journal.last


def test_a_follower_names_damage() -> None:
    disk = FakeDisk()
    journal = open_journal(disk)
    fill(journal, 3)
    followers = [Follower(disk, 0), Follower(disk)]
    assert [len(list(follower.poll())) for follower in followers] == [6, 0]
    fill(journal, 1)
    disk.flip(disk.names()[0], journal.reader.tip.end - 70, 3)
    for follower in followers:
        with pytest.raises(JournalDamaged, match="sequence 16 was acknowledged") as caught:
            list(follower.poll())
        assert caught.value.sequence == 16


async def test_tail_prints_lines_and_objects(
    market: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("gateway.journal_follow.follow.__defaults__", (-1, stop))
    assert ceax.main(["journal", "tail", str(market), "--after", "0", "--lang", "zh"]) == 130
    shown = capsys.readouterr().out.splitlines()
    assert any("PlaceListing" in line and "price_yuan=43.21" in line for line in shown)
    assert any("演示交易员 登录被拒绝" in line for line in shown)
    assert "\x1b" not in "".join(shown), "no colours where nobody looks"
    assert ceax.main(["journal", "tail", str(market), "--after", "5", "--json"]) == 130
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["sequence"] for row in rows] == list(range(6, rows[-1]["sequence"] + 1))


async def test_a_reader_that_has_enough_ends_an_export_quietly(market: Path) -> None:
    command = f"{sys.executable} -m ceax journal export {market} | head -1"
    process = await asyncio.create_subprocess_shell(
        command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    told, errors = await process.communicate()
    assert errors.decode() == ""
    assert json.loads(told)["sequence"] == 1


def test_a_cause_is_a_word() -> None:
    assert plain(CancelForKey(key=11, cause=CancelCause.DISCONNECT))["cause"] == "disconnect"
    cancelled = sample(Cancelled, cause=CancelCause.SWITCH, price_fen=4_321)
    assert plain(cancelled)["cause"] == "switch"
    assert plain(sample(Repeated, answer=cancelled))["answer"]["cause"] == "switch"
    assert plain(sample(Repeated, answer=cancelled))["answer"]["price_yuan"] == "43.21"


async def test_tail_looks_back_so_many_lines_and_ends_where_it_shall(
    market: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def shown(*options: str) -> list[int]:
        assert ceax.main(["journal", "tail", str(market), "--once", "--json", *options]) == 0
        return [json.loads(line)["sequence"] for line in capsys.readouterr().out.splitlines()]

    every = shown("--after", "0")
    assert shown("--lines", "3") == every[-3:]
    assert shown("--lines", "100000") == every
    assert shown() == []


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("audti", "did you mean audit?"),
        (
            "AdmitParticipant",
            "an action of a proposal; take the event it makes: ParticipantAdmitted",
        ),
        ("FreezeHolding", "take the event it makes: HoldingFrozen"),
        ("zzz", "choose of: AcceptBlock, AccessRecorded, "),
    ],
)
async def test_a_kind_that_is_none_is_answered_with_one_that_is(
    market: Path, kind: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ceax.main(["journal", "export", str(market), "--kind", kind]) == 2
    assert told in capsys.readouterr().err
