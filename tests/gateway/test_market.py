"""A data directory: made once, read with care, and every mistake answered in one line."""

import errno
import os
import stat
from pathlib import Path

import pytest

import ceax
from engine.commands import EnrolKey, Role
from gateway import keys
from gateway.calendar import Calendar, Timetable, load_calendar, make_calendar
from gateway.clock import Clock, SimulatedClock, WallClock, clock_text, parse_moment
from gateway.errors import UserError
from gateway.market import GENESIS_KEYS_MAX, KeptClock, load_market, make_market, put, told
from tests.gateway.sequencer_rig import moment
from tests.markets import national


@pytest.fixture(scope="module")
def calendar() -> Calendar:
    return load_calendar(make_calendar(), "calendar.toml")


@pytest.mark.parametrize(("year", "days"), [(2021, 114), (2023, 242), (2024, 242), (2025, 243)])
def test_the_calendar_has_the_known_numbers_of_trading_days(
    calendar: Calendar, year: int, days: int
) -> None:
    # R30: published numbers of trading days.
    assert sum(day.startswith(str(year)) for day in calendar.days) == days


def test_the_calendar_begins_with_the_market_and_knows_its_end(calendar: Calendar) -> None:
    assert calendar.days[:2] == ("2021-07-16", "2021-07-19")
    assert calendar.known_until == calendar.days[-1] == "2026-12-31"
    assert sum(day <= "2025-12-31" for day in calendar.days) == 1_083
    assert "2021-10-01" not in calendar.days


def test_the_timetable_finds_the_day_that_is_due() -> None:
    days = ("2021-07-16", "2021-07-19")
    timetable = Timetable(Calendar(source="", known_until=days[-1], days=days), national())
    assert timetable.opens_ns("2021-07-16") == moment("08:30")
    assert timetable.ends_ns("2021-07-16") == moment("15:00")
    assert timetable.next_day("", moment("14:59:59")) == "2021-07-16"
    assert timetable.next_day("", moment("15:00")) == "2021-07-19"
    assert timetable.next_day("2021-07-16", moment("09:00")) == "2021-07-19"
    assert timetable.next_day("2021-07-19", moment("09:00")) == ""


def test_a_closed_day_is_passed_over() -> None:
    days = ("2021-07-16", "2021-07-19", "2021-07-20")
    timetable = Timetable(Calendar(source="", known_until=days[-1], days=days), national())
    closed = {"2021-07-16", "2021-07-19"}
    assert timetable.next_day("", moment("08:00"), closed) == "2021-07-20"
    assert timetable.next_day("2021-07-16", moment("16:00"), {"2021-07-20"}) == "2021-07-19"
    assert timetable.next_day("", moment("08:00"), frozenset(days)) == ""


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('source=""\nknown_until="2021-07-19"\ndays=["2021-07-19","2021-07-16"]', "must rise"),
        ('source=""\nknown_until="2021-02-30"\ndays=[]', "not a date"),
        ('source=""\nknown_until="2021-07-19"\ndays=["16.7."]', r"\$\.days\[0\]"),
        ('source=""\nknown_until="2021-07-19"\ndays=[]\nholidays=[]', "holidays"),
        ("days = [", "calendar.toml"),
    ],
)
def test_a_bad_calendar_is_refused_with_its_place(text: str, problem: str) -> None:
    with pytest.raises(UserError, match=problem):
        load_calendar(text.encode(), "calendar.toml")


def test_init_makes_a_market_with_keys_of_two_operators_and_of_clearing(tmp_path: Path) -> None:
    folder = tmp_path / "market"
    files = make_market(folder)
    market = load_market(folder, "national")
    assert market.profile == national()
    assert [key.role for key in market.genesis] == [Role.OPERATOR, Role.OPERATOR, Role.CLEARING]
    assert len({key.person for key in market.genesis}) == 3
    for path, enrolled in zip(files, market.genesis, strict=True):
        assert keys.load(path).public_key == enrolled.public_key
        assert path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    with pytest.raises(UserError, match="is not empty; choose a new directory"):
        make_market(folder)


def test_init_says_which_profiles_there_are(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"choose one of: .*national"):
        make_market(tmp_path / "market", "lunar")
    assert not (tmp_path / "market").exists()


def test_a_directory_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="choose a directory that you may write to"):
        make_market(tmp_path / "file" / "market")


@pytest.mark.parametrize(
    ("number", "fix", "chinese"),
    [
        (errno.ENOSPC, "free space there", "请腾出空间"),
        (errno.EDQUOT, "free space there", "请腾出空间"),
        (errno.EIO, "check the disk", "请检查磁盘"),
        (errno.EACCES, "choose a directory that you may write to", "请选择可写入的目录"),
    ],
)
def test_what_a_disk_refuses_is_told_with_its_fix(number: int, fix: str, chinese: str) -> None:
    with pytest.raises(UserError) as caught, told(Path("/market")):
        raise OSError(number, os.strerror(number), "/market/journal")
    assert str(caught.value) == f"/market/journal: {os.strerror(number)}; {fix}"
    assert caught.value.told("zh") == f"/market/journal: {os.strerror(number)}; {chinese}"


def test_a_file_is_put_in_one_step_that_a_power_cut_leaves_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, seen = tmp_path / "clock.toml", list[tuple[bool, str]]()

    def sync(handle: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(handle).st_mode)
        seen.append((is_folder, path.read_text() if path.exists() else ""))

    monkeypatch.setattr("os.fsync", sync)
    for old, new in (("", "a"), ("a", "b")):
        seen.clear()
        put(path, new.encode())
        assert seen == [(False, old), (True, new)]
    assert [found.name for found in tmp_path.iterdir()] == ["clock.toml"]


@pytest.mark.parametrize("name", ["calendar.toml", "genesis.json"])
def test_a_missing_file_is_told(tmp_path: Path, name: str) -> None:
    make_market(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(UserError, match=f"cannot read .*{name}.*restore it"):
        load_market(tmp_path)


def test_a_directory_without_a_market_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no market; make one with: ceax init"):
        load_market(tmp_path)


def test_another_profile_than_expected_is_refused(tmp_path: Path) -> None:
    make_market(tmp_path)
    with pytest.raises(UserError, match="was made with the profile national, not hubei"):
        load_market(tmp_path, "hubei")


def test_a_bad_profile_key_is_told_with_its_path(tmp_path: Path) -> None:
    make_market(tmp_path)
    profile = tmp_path / "profile.toml"
    profile.write_text(profile.read_text().replace("[listed]", "[listed]\nspread = 1", 1))
    with pytest.raises(UserError, match=r"spread.*\$\.listed"):
        load_market(tmp_path)


def test_genesis_is_checked_and_bounded(tmp_path: Path) -> None:
    make_market(tmp_path)
    genesis = tmp_path / "genesis.json"
    genesis.write_text("[]")
    with pytest.raises(UserError, match="genesis"):
        load_market(tmp_path)
    row = '{"type":"EnrolKey","public_key":"' + "0" * 64 + '","role":"operator","person":"x"}'
    genesis.write_text("[" + ",".join([row] * GENESIS_KEYS_MAX) + "]")
    assert isinstance(load_market(tmp_path).genesis[0], EnrolKey)
    genesis.write_text("[" + ",".join([row] * (GENESIS_KEYS_MAX + 1)) + "]")
    with pytest.raises(UserError, match="genesis"):
        load_market(tmp_path)


# ---------------------------------------------------------------- clocks


def test_a_driven_clock_moves_only_forward_and_only_when_driven() -> None:
    clock = SimulatedClock(1_000, 0)
    assert clock.mode == "driven"
    assert clock.seconds_until(1_001) == float("inf")
    clock.advance_to(5_000)
    clock.advance_to(4_000)
    assert clock.now_ns() == 5_000
    assert clock.seconds_until(5_000) == 0


def test_a_simulated_clock_runs_at_its_rate() -> None:
    machine_ns = [0]
    clock = SimulatedClock(moment("09:30"), 60.0, lambda: machine_ns[0])
    machine_ns[0] = 10**9
    assert clock.mode == "simulated"
    assert clock.now_ns() == moment("09:31")
    assert clock.seconds_until(moment("09:33")) == pytest.approx(2.0)
    assert clock.seconds_until(moment("09:30")) == 0


def test_the_wall_clock_is_the_machines() -> None:
    clock = WallClock()
    now_ns = clock.now_ns()
    assert now_ns > moment("00:00")
    assert 0 < clock.seconds_until(now_ns + 10**10) <= 10
    assert clock.seconds_until(now_ns - 1) == 0


def test_a_moment_is_beijing_time() -> None:
    assert parse_moment("2021-07-16T09:30") == moment("09:30")
    assert parse_moment("2021-07-16 09:30:01") == moment("09:30:01")
    assert parse_moment("2021-07-16") == moment("00:00")
    for text in ("noon", "2021-07-16T9:30", "2021-02-30"):
        with pytest.raises(UserError, match="write Beijing time as"):
            parse_moment(text)


# ---------------------------------------------------------------- the command line


def test_init_prints_the_next_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "market"
    assert ceax.main(["init", str(folder)]) == 0
    told = capsys.readouterr().out
    assert f"ceax exchange serve --data {folder}" in told
    assert "演示" in told
    assert ceax.main(["init", str(folder)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("verb", ["verify", "replay"])
def test_a_missing_journal_is_one_line(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ceax.main(["journal", verb, str(tmp_path)]) == 2
    assert "holds no journal" in capsys.readouterr().err


def test_a_market_goes_on_with_the_clock_it_was_begun_with(tmp_path: Path) -> None:
    make_market(tmp_path / "market")
    market = load_market(tmp_path / "market")
    assert [market.clock_for(asked).clock for asked in ("", "wall", "simulated")] == [
        "wall",
        "wall",
        "simulated",
    ], "nothing is kept before the first start"
    for kept, other in (("simulated", "wall"), ("wall", "simulated")):
        market.clock_file.unlink(missing_ok=True)
        market.keep_clock(market.clock_for(kept))
        assert market.clock_for("") == market.clock_for(kept)
        assert market.clock_for("").clock == kept
        with pytest.raises(UserError, match=f"begun with --clock {kept}; leave --clock out"):
            market.clock_for(other)
    for text in ('clock = "sun"', 'clock = "simulated"\nrate = -1', 'clock = "wall"\nrate = nan'):
        market.clock_file.write_text(text)
        with pytest.raises(UserError, match=r'clock\.toml: .*write clock = "wall"'):
            market.clock_for("")


def test_a_rate_holds_until_another_is_asked_for(tmp_path: Path) -> None:
    make_market(tmp_path / "market")
    market = load_market(tmp_path / "market")
    assert market.clock_for("simulated").rate == 1.0
    market.keep_clock(market.clock_for("simulated", 0.0))
    assert market.clock_for("") == market.clock_for("simulated") == KeptClock("simulated", 0.0)
    market.keep_clock(market.clock_for("", 60.0))
    assert market.clock_for("") == KeptClock("simulated", 60.0)
    assert market.clock_file.read_text() == 'clock = "simulated"\nrate = 60.0\n'
    market.clock_file.write_text('clock = "simulated"\n')  # as it was before rates were kept
    assert market.clock_for("") == KeptClock("simulated", 1.0)
    assert not market.clock_file.with_suffix(".new").exists()


def test_the_wall_clock_has_no_rate(tmp_path: Path) -> None:
    make_market(tmp_path / "market")
    market = load_market(tmp_path / "market")
    for _ in range(2):
        for asked in ("", "wall"):
            with pytest.raises(UserError, match=r"--clock-rate 60: the wall clock .* has no rate"):
                market.clock_for(asked, 60.0)
        market.keep_clock(market.clock_for("wall"))
    assert market.clock_file.read_text() == 'clock = "wall"\n'


def test_a_clock_is_told_with_its_rate() -> None:
    clocks: list[Clock] = [WallClock(), *(SimulatedClock(1, rate) for rate in (0, 1, 2.5))]
    assert [clock_text(clock) for clock in clocks] == [
        "wall",
        "driven",
        "simulated",
        "simulated, rate 2.5",
    ]
