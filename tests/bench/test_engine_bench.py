"""The engine's benchmark proves itself: its flow is what it says, and its report has the common form."""

import argparse
import json
from importlib.resources import files

import numpy as np
import pytest
from msgspec import structs
from numpy.typing import NDArray

from bench.engine_bench import measure_engine, run_engine_bench
from bench.measure import report, row
from bench.workload import Flow, Shape, Stage
from engine.core.records import CommandKind, EventKind
from engine.profile import Profile, load_profile
from gateway.errors import UserError

SHAPE = Shape(participants=50, live=300, commands=6_000)
MISTAKES = 10


def profile() -> Profile:
    whole = load_profile(files("engine").joinpath("profiles/national.toml").read_bytes())
    capacity = structs.replace(whole.capacity, participants=60, keys=80, orders_per_day=8_000)
    return structs.replace(whole, capacity=capacity)


def test_the_flow_is_mixed_as_it_says() -> None:
    stage = Stage(profile(), SHAPE)
    stage.open_day()
    rows = Flow(profile(), SHAPE).records(SHAPE.live, SHAPE.commands)
    events = stage.exchange.apply_records(stage.stamp(rows))
    kinds = rows["kind"][SHAPE.live :].tolist()
    shares = {kind: 100 * kinds.count(kind) / len(kinds) for kind in set(kinds)}
    assert shares[CommandKind.PLACE_LISTING] == pytest.approx(45, abs=2)
    assert shares[CommandKind.CANCEL_ORDER] == pytest.approx(40, abs=2)
    assert shares[CommandKind.PICK_LISTING] == pytest.approx(15, abs=2)
    refused = events[events["kind"] == EventKind.REFUSED]
    assert 100 * len(refused) / SHAPE.commands == pytest.approx(2, abs=0.5)
    assert len(set(refused["reason"].tolist())) == MISTAKES - 1  # two of them are one reason
    books = [stage.exchange.book(product.code, 1_000) for product in profile().products]
    live = sum(level.listings for book in books for level in (*book.bids, *book.asks))
    assert live == pytest.approx(SHAPE.live, rel=0.1)
    assert all(book.bids and book.asks for book in books[: SHAPE.products])
    stage.exchange.check()


def test_days_follow_each_other_with_the_same_flow() -> None:
    stage = Stage(profile(), SHAPE)
    rows = Flow(profile(), SHAPE).records(SHAPE.live, SHAPE.commands)
    answers = []
    for _ in range(3):
        stage.open_day()
        answers.append(stage.exchange.apply_records(stage.stamp(rows))["kind"].tolist())
        stage.close_day()
    assert answers[0] == answers[1] == answers[2]
    assert len(stage.exchange.bulletins()) == len(answers)


def test_a_seed_is_a_flow() -> None:
    def flow(seed: int) -> bytes:
        shape = structs.replace(SHAPE, seed=seed, commands=500)
        return bytes(Flow(profile(), shape).records(shape.live, shape.commands).tobytes())

    assert flow(1) == flow(1) != flow(2)


def test_the_report_has_the_common_form(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_engine_bench(argparse.Namespace(json=True, runs=10, commands=300)) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {"machine", "versions", "rows"}
    assert [line["name"] for line in told["rows"]] == [
        "engine/listed/full/4096",
        "engine/listed/full/1",
    ]
    for line in told["rows"]:
        assert line["unit"] == "ns/command"
        assert line["runs"] == 10
        assert 0 < line["median"] <= line["worst"]
        assert {"seed", "wall_median", "digest", "batch"} <= set(line["conditions"])


def test_fewer_than_ten_runs_are_no_figure() -> None:
    with pytest.raises(UserError, match="at least 10 runs"):
        run_engine_bench(argparse.Namespace(json=True, runs=9))


def test_a_timed_day_with_another_digest_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof of the bench is broken on purpose: the timed days get another flow."""
    stamp = Stage.stamp
    calls = []

    def damaged(stage: Stage, rows: NDArray[np.void]) -> NDArray[np.void]:
        calls.append(1)
        stamped = stamp(stage, rows)
        if len(calls) % 2:
            stamped["quantity_t"][0] += 1
        return stamped

    monkeypatch.setattr(Stage, "stamp", damaged)
    with pytest.raises(AssertionError, match="another digest"):
        measure_engine(10, 300)


def test_a_row_tells_median_and_worst() -> None:
    found = report([row("a/b", "ns", [3.0, 1.0, 2.0], {"seed": 1})])["rows"][0]
    assert (found["median"], found["worst"], found["runs"]) == (2.0, 3.0, 3)
