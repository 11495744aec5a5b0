"""What only the core can break: its machine code, its bounds, its records, its compile cache."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import numba
import numpy as np
import pytest
from msgspec import structs

from bench.workload import Flow, Shape, Stage
from engine.core import arrays, compile_cache, is_warm, warm_up
from engine.core.arrays import FEW, BadRecord
from engine.core.layout import DTYPES, SINGLE
from engine.core.machine import IS_COMPILED, OPTIONS
from engine.core.records import COMMAND, EVENT, CommandKind, EventKind
from engine.core.run import BATCH_MAX, run_table
from engine.exchange import Exchange
from engine.profile import Profile, load_profile

SHAPE = Shape(participants=40, live=120, commands=500)
compiled_only = pytest.mark.skipif(not IS_COMPILED, reason="looks at machine code")


def profile() -> Profile:
    text = files("engine").joinpath("profiles/national.toml").read_bytes()
    whole = load_profile(text)
    capacity = structs.replace(whole.capacity, participants=60, keys=80, orders_per_day=2_000)
    return structs.replace(whole, capacity=capacity)


def opened() -> tuple[Exchange, np.ndarray]:
    """Return an exchange in its session and a flow that is stamped for it."""
    stage = Stage(profile(), SHAPE)
    stage.open_day()
    records = Flow(profile(), SHAPE).records(SHAPE.live, SHAPE.commands)
    return stage.exchange, stage.stamp(records)


def day_digests(days: int) -> list[str]:
    """Return event and state digest after each of some days of the flow."""
    stage = Stage(profile(), SHAPE)
    records = Flow(profile(), SHAPE).records(SHAPE.live, SHAPE.commands)
    found = []
    for _ in range(days):
        stage.open_day()
        stage.exchange.apply_records(stage.stamp(records))
        stage.close_day()
        found.append(stage.exchange.event_digest().hex() + stage.exchange.state_digest().hex())
    return found


# ---------------------------------------------------------------- machine code


@pytest.fixture(scope="module")
def body() -> str:
    """Return the machine-independent code of the entry, compiled anew: a cached one cannot be read."""
    fresh = numba.njit(**OPTIONS)(getattr(run_table, "py_func"))  # noqa: B009 - untyped by numba
    fresh.compile((numba.int64,) * 5)
    text = str(fresh.inspect_llvm(fresh.signatures[0]))
    start = re.search(r"define [^\n]*i32 @_ZN6engine4core3run9run_table", text)
    assert start, "the entry was not found"
    return text[start.start() : text.index("\n}", start.start())]


@compiled_only
def test_the_entry_counts_no_references_and_knows_no_floats(body: str) -> None:
    assert "getelementptr" in body
    assert not re.findall(r"call [^\n]*@NRT_\w+", body), "an array is counted: see lowering.py"
    assert not re.findall(r"\b(?:double|float)\b", body), "signs were mixed: cast with word()"


@compiled_only
def test_no_helper_stays_a_call(body: str) -> None:
    """Every kernel is inlined; a call inside the loop would cost more than a command."""
    calls = set(re.findall(r"call [^\n]*?@([\w.]+)", body))
    assert {name for name in calls if not name.startswith("llvm.")} == set()


def test_compiled_and_plain_give_the_same_digests() -> None:
    source = "from tests.engine.test_core import day_digests; print(*day_digests(2))"
    plain = subprocess.run(
        [sys.executable, "-c", source],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert plain.stdout.split() == day_digests(2)


# ---------------------------------------------------------------- bounds


def test_a_row_outside_its_array_is_an_error_and_not_a_crash() -> None:
    """Bounds are checked in production: a damaged link stops the run with an IndexError."""
    exchange, rows = opened()
    exchange.apply_records(rows[: SHAPE.live])
    state = exchange._market.core.state
    row = rows[SHAPE.live : SHAPE.live + 1].copy()
    row["kind"] = CommandKind.CANCEL_ORDER
    number = int(np.flatnonzero(state.orders["state"] == 1)[0])
    row["key"] = state.orders[number]["key"]
    row["target"] = number
    row["client_order"] = 10**9
    state.orders[number]["next"] = len(state.orders)
    with pytest.raises(IndexError):
        exchange.apply_records(row)
    state.orders[number]["next"] = -1
    with pytest.raises((IndexError, OverflowError)):
        exchange.apply_records(row)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", 0),
        ("kind", 7),
        ("side", 0),
        ("side", 3),
        ("price_fen", 0),
        ("price_fen", 10**9 + 1),
        ("quantity_t", 0),
        ("quantity_t", -1),
        ("quantity_t", 10**9 + 1),
        ("client_order", 0),
        ("product", 6),
        ("sequence", 0),
    ],
)
def test_a_record_that_no_command_can_be_is_a_fault_of_its_maker(field: str, value: int) -> None:
    exchange, rows = opened()
    exchange.apply_records(rows[:3])
    before = exchange.state_digest(), exchange.sequence
    row = rows[3:4].copy()
    row[field] = value
    with pytest.raises(BadRecord):
        exchange.apply_records(row)
    assert (exchange.state_digest(), exchange.sequence) == before
    answered = exchange.apply_records(rows[3:4])
    assert answered.events[0]["kind"] == EventKind.LISTING_PLACED


def test_batches_of_every_size_give_the_same_events() -> None:
    whole, rows = opened()
    expected = whole.apply_records(rows)
    for size in (1, FEW, FEW + 1, 97):
        exchange, _ = opened()
        events = np.zeros(size, EVENT)
        told = [
            events[: exchange.run_records(rows[start : start + size], events)].copy()
            for start in range(0, len(rows), size)
        ]
        assert np.array_equal(np.concatenate(told), expected.events)
        assert exchange.event_digest() == whole.event_digest()
        assert exchange.state_digest() == whole.state_digest()


def test_more_records_than_one_call_takes_are_cut_into_calls() -> None:
    shape = structs.replace(SHAPE, live=0, commands=2 * BATCH_MAX + 5, refused_percent=0)
    stage = Stage(profile(), shape)
    stage.open_day()
    rows = np.zeros(shape.commands, COMMAND)
    rows["kind"], rows["key"], rows["target"] = CommandKind.CANCEL_ORDER, 4, 1
    rows["client_order"] = np.arange(1, shape.commands + 1)
    answered = stage.exchange.apply_records(stage.stamp(rows)).events
    assert len(answered) == shape.commands
    assert set(answered["kind"].tolist()) == {EventKind.REFUSED}
    assert stage.exchange.sequence == int(answered["sequence"][-1])


def test_arrays_of_another_kind_are_not_taken() -> None:
    exchange, rows = opened()
    with pytest.raises(AssertionError, match="command records"):
        exchange.apply_records(np.zeros(4, EVENT))
    with pytest.raises(AssertionError, match="event records"):
        exchange.run_records(rows[:4], np.zeros(4, COMMAND))
    with pytest.raises(AssertionError, match="behind the other"):
        exchange.apply_records(rows[: 4 * FEW : 2])
    with pytest.raises(ValueError, match="do not hold"):
        exchange.run_records(rows[:4], np.zeros(3, EVENT))


def test_every_byte_of_a_row_is_a_named_field() -> None:
    for name, dtype in DTYPES.items():
        if dtype.names is None:
            continue
        sizes = [dtype[field].itemsize for field in dtype.names]
        assert sum(sizes) == dtype.itemsize, f"{name} hides padding"
        is_small = dtype.itemsize <= 128 or name in SINGLE
        assert is_small, f"a row of {name} is larger than two lines"
    assert DTYPES["orders"].itemsize == 64


# ---------------------------------------------------------------- the compile cache


@pytest.fixture
def _own_directory() -> Iterator[None]:
    before = list(compile_cache._directory)
    yield
    compile_cache._directory[:] = before


@pytest.mark.usefixtures("_own_directory")
def test_the_cache_belongs_to_sources_and_options(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CEAX_CACHE", str(tmp_path))
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    names = []
    for options in ("checked", "checked", "unchecked"):
        compile_cache.choose_directory(options)
        names.append(compile_cache._directory[0])
        assert compile_cache._directory[0].parent == tmp_path / "ceax"
    assert names[0] == names[1] != names[2]


@pytest.mark.usefixtures("_own_directory")
def test_a_home_that_cannot_be_written_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a directory")
    monkeypatch.setenv("CEAX_CACHE", str(blocked))
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    compile_cache.choose_directory("checked")
    assert compile_cache._directory[0].is_dir()
    compile_cache._directory[0].rmdir()


@pytest.mark.usefixtures("_own_directory")
def test_one_process_compiles_at_a_time(tmp_path: Path) -> None:
    """`flock` holds between open files, so two threads show what two processes would."""
    compile_cache._directory[:] = [tmp_path]
    order: list[str] = []
    is_inside, may_end = threading.Event(), threading.Event()

    def first() -> None:
        with compile_cache.compiling():
            is_inside.set()
            may_end.wait(60)
            order.append("first")

    def second() -> None:
        is_inside.wait(60)
        may_end.set()
        with compile_cache.compiling():
            order.append("second")

    threads = [threading.Thread(target=work) for work in (first, second)]
    assert not compile_cache.is_stamped()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert order == ["first", "second"]
    assert compile_cache.is_stamped()


def test_a_second_start_is_warm() -> None:
    warm_up()
    assert is_warm()
    assert arrays.is_warm()


@compiled_only
def test_two_first_starts_at_once_both_work(tmp_path: Path) -> None:
    """Parallel first compiles crash numba's cache; the lock lets the second one load."""
    source = (
        "import time; from engine.core import is_warm, warm_up; cold = is_warm(); "
        "start = time.process_time(); warm_up(); print(cold, is_warm(), time.process_time() - start)"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", source],
            cwd=Path(__file__).parents[2],
            env=os.environ | {"CEAX_CACHE": str(tmp_path)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    told = [process.communicate(timeout=600)[0].split() for process in started]
    assert [process.returncode for process in started] == [0, 0]
    assert [row[:2] for row in told] == [["False", "True"]] * 2
    spent = sorted(float(row[2]) for row in told)
    assert spent[0] * 3 < spent[1], "both compiled: the second should have loaded"
