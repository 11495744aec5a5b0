"""`ceax exchange serve` as people run it: start, stop, and every mistake answered in one line."""

import json
import resource
import signal
import socket
from pathlib import Path

import pytest

import ceax
from gateway import keys
from gateway import process as process_module
from gateway.client import Client, SubmitFailed
from gateway.disk import FolderDisk
from gateway.journal_format import HEADER_BYTES, Frame
from gateway.journal_scan import scan_journal
from gateway.market import load_market, make_market
from tests.gateway.exchange_process import ExchangeProcess
from tests.gateway.gateway_world import eventually
from tests.gateway.sequencer_rig import moment
from tests.markets import admission

pytestmark = pytest.mark.process
DRIVEN = ("--clock", "simulated", "--clock-rate", "0", "--clock-start", "2021-07-16T08:00")


@pytest.fixture
def market(tmp_path: Path) -> Path:
    folder = tmp_path / "market"
    make_market(folder)
    return folder


def frames(market: Path) -> list[Frame]:
    found: list[Frame] = []
    scan_journal(FolderDisk(market / "journal"), found.append)
    return found


def contents(folder: Path) -> dict[Path, bytes]:
    """Return what lies in a folder, but for the number of the process that locked it."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "lock")
    return {path: path.read_bytes() for path in files}


def flip(path: Path, offset: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 1]))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_serves_says_where_and_stops_cleanly(market: Path, number: signal.Signals) -> None:
    process = ExchangeProcess(market, *DRIVEN)
    url = await process.start()
    assert str(market) in process.line("exchange national")
    assert "演示" in process.line("exchange national")
    port = int((market / "exchange.port").read_text())
    assert url == f"ws://127.0.0.1:{port}"
    key = keys.load(market / "keys" / "operator-1.key")
    client = await Client.connect(url, key, reconnect=False)
    assert client.welcome.clock == "driven"
    assert await client.advance_clock(moment("09:30")) == moment("09:30")
    await client.close()
    assert await process.stop(number) == 0
    assert str(market) in process.line("stopped cleanly at sequence")
    assert not (market / "exchange.port").exists()


async def test_a_disk_that_refuses_stops_it_and_clients_are_told_unknown(market: Path) -> None:
    process = ExchangeProcess(market, *DRIVEN)
    key = keys.load(market / "keys" / "operator-1.key")
    client = await Client.connect(await process.start(), key, reconnect=False)
    while (await client.market()).sequence < 4:
        pass  # the record of the login is on its way
    # No write of the process may go beyond the head of a file any more.
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (4096, 4096))
    with pytest.raises(SubmitFailed) as caught:
        await client.propose((admission(1),), "演示")
    assert caught.value.outcome == "unknown"
    assert await process.ended() == 1
    assert "sequence 4 is safe; check the disk and start again" in process.line(
        "the exchange stopped"
    )
    await client.close()
    assert await process.start()
    assert await process.stop() == 0


async def test_its_clock_goes_on_from_the_last_journaled_time(market: Path) -> None:
    process = ExchangeProcess(market, *DRIVEN)
    key = keys.load(market / "keys" / "operator-1.key")
    client = await Client.connect(await process.start(), key, reconnect=False)
    await client.advance_clock(moment("10:10"))
    await process.kill()
    await client.close()
    client = await Client.connect(await process.start(), key, reconnect=False)
    assert client.welcome.time_ns - moment("10:10") in (0, 1), (
        "the note of the restart is a command"
    )
    assert (await client.market()).date == "2021-07-16"
    await client.close()
    assert await process.stop() == 0


def test_a_cold_compile_is_told_before_it_begins(
    market: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(process_module, "is_warm", lambda: bool(told))
    monkeypatch.setattr(process_module, "warm_up", lambda: told.append(capsys.readouterr().err))
    for expected in (True, False):
        process_module.recover(load_market(market)).journal.close()
        assert told[-1].startswith("compiling the engine's core") == expected


async def test_a_busy_port_is_one_line(market: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = ExchangeProcess(market, *DRIVEN, port=port)
        assert await process.run() == 2
    assert f"cannot listen on 127.0.0.1:{port}" in process.line("ceax: ")
    assert "Traceback" not in "".join(process.lines)


async def test_a_second_exchange_on_the_same_market_is_kept_out(market: Path) -> None:
    first, second = ExchangeProcess(market, *DRIVEN), ExchangeProcess(market, *DRIVEN)
    url = await first.start()
    told = (market / "exchange.port").read_text()
    assert await second.run() == 2
    assert (market / "exchange.port").read_text() == told, "the first is still to be found"
    assert "writes this journal; stop it first" in second.line("ceax: ")
    key = keys.load(market / "keys" / "operator-1.key")
    client = await Client.connect(url, key, reconnect=False)
    assert (await client.market()).sequence >= 3
    await client.close()
    assert await first.stop() == 0


async def test_a_torn_tail_is_cut_and_told_and_damage_is_refused(
    market: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    process = ExchangeProcess(market, *DRIVEN)
    await process.start()
    await process.kill()
    last = frames(market)[-1]
    path = max((market / "journal").glob("*.journal"))
    with path.open("r+b") as file:
        file.seek(last.end)
        file.write(b"torn" * 25)

    assert ceax.main(["journal", "verify", str(market), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["ok"], report["dropped_bytes"]) == (True, 100)
    await process.start()
    line = process.line("cut a torn tail of 100 bytes")
    assert f"last sequence {last.last_sequence}" in line
    await process.kill()

    victim = frames(market)[2]
    flip(path, victim.offset + HEADER_BYTES + 3)
    assert await process.run() == 2
    place = f"{path.name}, offset {victim.offset}, sequence {victim.header.first_sequence}"
    assert place in process.line("ceax: the journal is damaged")
    assert ceax.main(["journal", "verify", str(market), "--json"]) == 1
    told = capsys.readouterr()
    assert place in told.err
    assert json.loads(told.out)["offset"] == victim.offset
    assert ceax.main(["journal", "replay", str(market)]) == 1


async def test_verify_and_replay_tell_digests(
    market: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    process = ExchangeProcess(market, *DRIVEN)
    await process.start()
    assert await process.stop() == 0
    assert ceax.main(["journal", "verify", str(market)]) == 0
    assert "every frame holds" in capsys.readouterr().out
    assert ceax.main(["journal", "replay", str(market), "--json"]) == 0
    replayed = json.loads(capsys.readouterr().out)
    assert replayed["sequence"] == 3
    assert len(replayed["event_digest"]) == 64
    await process.start()
    line = process.line("recovered ")
    assert replayed["event_digest"][:16] in line
    assert replayed["state_digest"][:16] in line
    await process.stop()


async def test_a_changed_profile_is_refused(market: Path) -> None:
    process = ExchangeProcess(market, *DRIVEN)
    await process.start()
    assert await process.stop() == 0
    profile = market / "profile.toml"
    profile.write_text(profile.read_text().replace("band_bp = 1_000", "band_bp = 500"))
    assert await process.run() == 2
    assert "is not the profile of this journal; restore it" in process.line("ceax: ")


async def test_a_simulated_market_is_not_served_on_a_wall_clock_behind_it(market: Path) -> None:
    ahead = ("--clock", "simulated", "--clock-rate", "0", "--clock-start", "2121-01-01")
    process = ExchangeProcess(market, *ahead)
    await process.start()
    assert "trading days are known until" in process.line("note: ")
    assert await process.stop() == 0
    process = ExchangeProcess(market, "--clock", "wall")
    assert await process.run() == 2
    assert "--clock simulated" in process.line("ceax: ")


async def test_a_market_keeps_the_clock_that_it_was_begun_with(market: Path) -> None:
    process = ExchangeProcess(market, *DRIVEN)
    await process.start()
    assert await process.stop() == 0
    kept = market / "clock.toml"
    assert kept.read_text() == 'clock = "simulated"\nrate = 0.0\n'
    for options, told in (
        ((), "clock driven"),
        (("--clock-rate", "2"), "clock simulated, rate 2;"),
    ):
        for start in (options, ()):
            process = ExchangeProcess(market, *start)
            await process.start()
            assert told in process.line("exchange national")
            assert await process.stop() == 0
    process = ExchangeProcess(market, "--clock", "wall")
    assert await process.run() == 2
    assert "was begun with --clock simulated; leave --clock out" in process.line("ceax: ")


async def test_a_directory_that_is_no_market_is_one_line(tmp_path: Path) -> None:
    process = ExchangeProcess(tmp_path)
    assert await process.run() == 2
    assert "ceax init" in process.line("ceax: ")
    assert len(process.lines) == 1


async def test_a_copy_is_shipped_while_it_runs_and_survives_a_kill(
    market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy"
    process = ExchangeProcess(market, *DRIVEN, "--ship", str(copy))
    key = keys.load(market / "keys" / "operator-1.key")
    client = await Client.connect(await process.start(), key, reconnect=False)
    await client.advance_clock(moment("09:30"))
    await eventually(lambda: list((copy / "journal").glob("*.journal")))
    await process.kill()
    await client.close()
    assert ceax.main(["journal", "verify", str(copy)]) == 0
    await process.start()
    assert await process.stop() == 0
    capsys.readouterr()
    reports = []
    for folder in (market, copy):
        assert ceax.main(["journal", "verify", str(folder), "--json"]) == 0
        reports.append(json.loads(capsys.readouterr().out))
    assert reports[0]["last_sequence"] == reports[1]["last_sequence"] > 4
    process = ExchangeProcess(copy, *DRIVEN)
    await process.start()
    assert f"last sequence {reports[0]['last_sequence']}," in process.line("recovered ")
    assert await process.stop() == 0
    other = tmp_path / "other"
    make_market(other)
    for place, problem in (
        (market, "it is the market itself"),
        (other, "it is another market; choose an empty folder"),
        (copy, "that this journal has not; choose an empty folder"),  # somebody went on with it
    ):
        before = contents(place)
        process = ExchangeProcess(market, *DRIVEN, "--ship", str(place))
        assert await process.run() == 2
        assert problem in process.line("ceax: ")
        assert place == market or contents(place) == before
