"""The engine's benchmark proves itself: its flow is what it says, and its report has the common form."""

import argparse
import json
from importlib.resources import files

import pytest
from msgspec import structs

from bench import engine_auction, engine_bench, engine_scale
from bench.engine_bench import GOALS_NS, Plan, measure_engine, plans, row_names, run_engine_bench
from bench.engine_book import BareBook
from bench.engine_cases import Case, listed_case
from bench.measure import Bars, print_report, report, row
from bench.stage import Rewind
from bench.workload import Flow, Shape, Stage
from engine.commands import Entry
from engine.core.machine import IS_COMPILED
from engine.core.records import CommandKind, EventKind
from engine.exchange import Exchange
from engine.profile import Profile, load_profile
from gateway.errors import UserError

SHAPE = Shape(participants=50, live=300, commands=6_000)
MISTAKES = 10
compiled_only = pytest.mark.skipif(not IS_COMPILED, reason="measures machine code")


def profile() -> Profile:
    whole = load_profile(files("engine").joinpath("profiles/national.toml").read_bytes())
    capacity = structs.replace(whole.capacity, participants=60, keys=80, orders_per_day=8_000)
    return structs.replace(whole, capacity=capacity)


def test_the_flow_is_mixed_as_it_says() -> None:
    stage = Stage(profile(), SHAPE)
    stage.open_day()
    rows = Flow(profile(), SHAPE).records(SHAPE.live, SHAPE.commands)
    events = stage.exchange.apply_records(stage.stamp(rows)).events
    kinds = rows["kind"][SHAPE.live :].tolist()
    shares = {kind: 100 * kinds.count(kind) / len(kinds) for kind in set(kinds)}
    assert shares[CommandKind.PLACE_LISTING] == pytest.approx(45, abs=2)
    assert shares[CommandKind.CANCEL_ORDER] == pytest.approx(40, abs=2)
    assert shares[CommandKind.PICK_LISTING] == pytest.approx(15, abs=2)
    refused = events[events["kind"] == EventKind.REFUSED]
    assert 100 * len(refused) / SHAPE.commands == pytest.approx(2, abs=0.5)
    assert len(set(refused["reason"].tolist())) == MISTAKES - 1  # two of them are one reason
    books = [stage.exchange.book(product.code, 1_000) for product in profile().products]
    live = sum(level.count for book in books for level in (*book.bids, *book.asks))
    assert live == pytest.approx(SHAPE.live, rel=0.1)
    assert all(book.bids and book.asks for book in books[: SHAPE.products])
    stage.exchange.check()


def test_the_hostile_flow_is_refused_nine_times_in_ten() -> None:
    case = listed_case(structs.replace(SHAPE, refused_percent=90))
    assert case.facts()["refused_percent"] == pytest.approx(90, abs=1.5)


def test_days_follow_each_other_with_the_same_flow() -> None:
    stage = Stage(profile(), SHAPE)
    rows = Flow(profile(), SHAPE).records(SHAPE.live, SHAPE.commands)
    answers = []
    for _ in range(3):
        stage.open_day()
        answers.append(stage.exchange.apply_records(stage.stamp(rows)).events["kind"].tolist())
        stage.close_day()
    assert answers[0] == answers[1] == answers[2]
    assert len(stage.exchange.bulletins()) == len(answers)


def test_a_seed_is_a_flow() -> None:
    def flow(seed: int) -> bytes:
        shape = structs.replace(SHAPE, seed=seed, commands=500)
        return bytes(Flow(profile(), shape).records(shape.live, shape.commands).tobytes())

    assert flow(1) == flow(1) != flow(2)


# ---------------------------------------------------------------- going back


def test_a_rewound_market_is_the_same_to_the_last_byte() -> None:
    stage = Stage(profile(), SHAPE)
    stage.open_day()
    rows = stage.stamp(Flow(profile(), SHAPE).records(SHAPE.live, SHAPE.commands))
    rewind, before = Rewind(stage.exchange), stage.exchange.snapshot()
    digests = set()
    for _ in range(2):
        stage.exchange.apply_records(rows)
        assert stage.exchange.snapshot() != before
        digests.add(stage.exchange.event_digest())
        stage.exchange.check()
        rewind.back()
        assert stage.exchange.snapshot() == before
        stage.exchange.check()
    assert len(digests) == 1


def test_a_market_with_orders_cannot_be_gone_back_to() -> None:
    stage = Stage(profile(), SHAPE)
    stage.open_day()
    stage.exchange.apply_records(stage.stamp(Flow(profile(), SHAPE).records(SHAPE.live, 0)))
    with pytest.raises(AssertionError, match="a day has begun"):
        Rewind(stage.exchange)


# ---------------------------------------------------------------- rows


def test_the_rows_have_the_names_that_were_agreed() -> None:
    names = row_names()
    assert len(set(names)) == len(names)
    for flow in ("listed", "one", "five", "deep", "hostile"):
        for layer in ("book", "full", "journal"):
            for batch in (1, 16, 64, 4096):
                assert f"engine/{flow}/{layer}/{batch}" in names
    assert {f"engine/auction/{layer}/1" for layer in ("book", "full", "journal")} <= set(names)
    for live in (1_000, 10_000, 100_000, 1_000_000):
        assert f"engine/scale/live/{live}" in names
    assert {"engine/scale/participants/3600", "engine/scale/participants/1000000"} <= set(names)
    assert set(GOALS_NS) | set(engine_scale.GOALS) <= set(names)


@compiled_only
def test_every_layer_and_batch_of_a_flow_has_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_bench, "SYNCS_MAX", 5)
    rows = {line["name"]: line for line in measure_engine(10, 600, ["engine/one/"])}
    assert set(rows) == {plan.name for plan in plans() if plan.flow == "one"}
    for line in rows.values():
        assert line["unit"] == "ns/command"
        assert line["runs"] == 10
        assert 0 < line["median"] <= line["worst"]
        assert {"seed", "wall_median", "batch", "live_at_end"} <= set(line["conditions"])
    full = rows["engine/one/full/1"]["conditions"]
    assert {"digest", "packing_ns"} <= set(full)
    assert full["digest"] == rows["engine/one/full/4096"]["conditions"]["digest"]
    assert rows["engine/one/full/4096"]["goal"] == 40


@compiled_only
def test_the_report_has_the_common_form(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = argparse.Namespace(
        json=True, runs=10, commands=300, rows=["listed/full", "engine/hostile/book/4096"]
    )
    assert run_engine_bench(arguments) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {"machine", "versions", "rows"}
    assert [line["name"] for line in told["rows"]] == [
        *(f"engine/listed/full/{batch}" for batch in (1, 16, 64, 4096)),
        "engine/hostile/book/4096",
    ]


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(UserError, match="at least 10 runs"):
        run_engine_bench(argparse.Namespace(json=True, runs=9))
    with pytest.raises(UserError, match="at least one command"):
        run_engine_bench(argparse.Namespace(json=True, runs=10, commands=0))
    with pytest.raises(UserError, match="no row begins so"):
        run_engine_bench(argparse.Namespace(json=True, runs=10, rows=["ones"]))


def test_the_names_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_engine_bench(argparse.Namespace(json=False, runs=10, list=True)) == 0
    assert capsys.readouterr().out.split() == row_names()


def test_a_timed_run_with_another_digest_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof of the bench is broken on purpose: the timed runs get another flow."""
    rewind = Case.rewind
    calls = []

    def damaged(case: Case) -> None:
        calls.append(1)
        rewind(case)
        case.records["quantity_t"][0] += len(calls) > 1

    monkeypatch.setattr(Case, "rewind", damaged)
    with pytest.raises(AssertionError, match="another digest"):
        measure_engine(10, 300, ["engine/listed/full/4096"])


@compiled_only
def test_a_bare_book_that_trades_otherwise_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tally is broken on purpose."""
    run = BareBook.run

    def damaged(book: BareBook, address: int, count: int) -> None:
        run(book, address, count)
        book._tally[2] += 1

    monkeypatch.setattr(BareBook, "run", damaged)
    with pytest.raises(AssertionError, match="traded otherwise"):
        measure_engine(10, 300, ["engine/one/book/4096"])


# ---------------------------------------------------------------- the auction


SMALL_AUCTION = engine_auction.AuctionShape(participants=50, bids=300, offered_t=100_000)


def test_the_close_of_an_auction_has_three_rows() -> None:
    shape = structs.replace(SMALL_AUCTION, offered_t=100_000, bids=1_500)
    rows = engine_auction.measure(10, ("engine/auction",), Bars(is_shown=False), shape)
    assert [line["name"] for line in rows] == engine_auction.row_names()
    for line in rows:
        assert line["conditions"]["sold_t"] == 100_000
        assert 0 < line["conditions"]["winners"] <= 50
        assert line["runs"] == 10


def test_a_timed_close_with_another_digest_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof is broken on purpose: the timed close comes a nanosecond late."""
    close = engine_auction._Auction.close
    calls = []

    def late(auction: engine_auction._Auction, exchange: Exchange) -> Entry:
        calls.append(1)
        entry = close(auction, exchange)
        return structs.replace(entry, time_ns=entry.time_ns + (len(calls) > 1))

    monkeypatch.setattr(engine_auction._Auction, "close", late)
    with pytest.raises(AssertionError, match="another digest"):
        engine_auction.measure(10, ("engine/auction/full",), Bars(is_shown=False), SMALL_AUCTION)


# ---------------------------------------------------------------- scale


def test_a_crowd_is_there_as_if_it_had_been_admitted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The short cut of the scale rows gives the same answers as admission by commands."""
    monkeypatch.setattr(engine_scale, "PARTICIPANTS", (40,))
    monkeypatch.setattr(engine_scale, "COMMANDS", 2_000)
    digests = {}
    for limit in (20_000, 20):
        monkeypatch.setattr(engine_scale, "ADMITTED_MAX", limit)
        (found,) = measure_engine(10, 1, ["engine/scale/participants/40"])
        assert found["conditions"]["refused_percent"] == 0
        digests[found["conditions"]["admission"]] = found["conditions"]["trades"]
    assert len(digests) == 2
    assert len(set(digests.values())) == 1


def test_memory_of_live_orders_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_scale, "LIVE", (100,))
    monkeypatch.setattr(engine_scale, "COMMANDS", 500)
    (found,) = measure_engine(10, 1, ["engine/scale/live/100"])
    assert 64 <= found["conditions"]["bytes_per_live_order"] <= 200


# ---------------------------------------------------------------- the report


def test_a_row_tells_median_and_worst() -> None:
    found = report([row("a/b", "ns", [3.0, 1.0, 2.0], {"seed": 1})])["rows"][0]
    assert (found["median"], found["worst"], found["runs"]) == (2.0, 3.0, 3)
    assert found["goal"] is None


def test_the_table_shows_rates_and_goals(capsys: pytest.CaptureFixture[str]) -> None:
    wall = {"wall_median": 60.0}
    rows = [
        row("kept", "ns/command", [40.0], wall, goal=40),
        row("missed", "ns/command", [50.0], wall, goal=40),
        row("free", "s", [2.0], {}),
    ]
    print_report(rows, as_json=False)
    kept, missed, free = capsys.readouterr().out.splitlines()[-3:]
    assert kept.endswith("<= 40 ns: kept")
    assert missed.endswith("<= 40 ns: MISSED")
    assert "25,000,000" in kept
    assert free.split() == ["free", "2.00", "s", "2.00", "s", "1"]


def test_a_plan_is_named_by_flow_layer_and_batch() -> None:
    assert Plan("one", "full", 16).name == "engine/one/full/16"
