"""Rows of the engine's benchmark that ask how it grows: live orders, participants, memory, compiling."""

import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from msgspec import structs

import engine
from bench.engine_cases import (
    EVENTS,
    Case,
    Sample,
    continuous_case,
    cut,
    event_room,
    profile_of,
    roomy,
    time_records,
)
from bench.engine_flows import DEPTH_TICKS_DEEP, FlowShape
from bench.measure import DIGITS, Bars, row
from bench.stage import CASH_FEN, FIRST_TRADER_KEY, HOLDING_T, Stage
from bench.workload import Shape
from engine.core.layout import MAY_ALL
from engine.exchange import Exchange
from engine.units import QUANTITY_T_MAX

LIVE: Final = (1_000, 10_000, 100_000, 1_000_000)
PARTICIPANTS: Final = (3_600, 1_000_000)
ADMITTED_MAX: Final = 20_000
"""More participants than this are written into the core's rows, as loading a snapshot would."""
BATCH: Final = 4096
COMMANDS: Final = 200_000
GOALS: Final = {
    "engine/scale/participants/1000000": 80,
    "engine/compile/cold": 15,
    "engine/compile/warm": 0.5,
}
COMPILE: Final = (
    "import time\n"
    "from engine.core import warm_up\n"
    "start = time.perf_counter()\n"
    "warm_up()\n"
    "print(time.perf_counter() - start)\n"
)
WARM_RUNS: Final = 10
PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


def row_names() -> list[str]:
    """Return the names of all rows of scale."""
    return [name for name, _ in _plans(0, Bars(is_shown=False))]


def _plans(runs: int, bars: Bars) -> list[tuple[str, Callable[[str], dict[str, Any]]]]:
    live = [(f"engine/scale/live/{n}", lambda name, n=n: _live(name, n, runs, bars)) for n in LIVE]
    crowd = [
        (f"engine/scale/participants/{n}", lambda name, n=n: _participants(name, n, runs, bars))
        for n in PARTICIPANTS
    ]
    return [
        *live,
        *crowd,
        ("engine/memory/participant", _memory_of_participant),
        ("engine/compile/cold", lambda name: _compile(name, is_cold=True, bars=bars)),
        ("engine/compile/warm", lambda name: _compile(name, is_cold=False, bars=bars)),
    ]


def measure(runs: int, prefixes: tuple[str, ...], bars: Bars) -> list[dict[str, Any]]:
    """Return the rows of scale whose names begin with one of the prefixes."""
    return [run(name) for name, run in _plans(runs, bars) if name.startswith(prefixes)]


# ---------------------------------------------------------------- live orders and participants


def _live(name: str, live: int, runs: int, bars: Bars) -> dict[str, Any]:
    bars.say(f"{name}: making the flow and its market")
    case = continuous_case(FlowShape(live=live, commands=COMMANDS, depth_ticks=DEPTH_TICKS_DEEP))
    return _timed(name, case, runs, bars, {"bytes_per_live_order": _bytes_per_order(case)})


def _participants(name: str, participants: int, runs: int, bars: Bars) -> dict[str, Any]:
    bars.say(f"{name}: making the flow and its market")
    shape = FlowShape(participants=participants, commands=COMMANDS)
    case = continuous_case(shape, crowd=_crowd if participants > ADMITTED_MAX else None)
    extra = {
        "admission": "written into the core's rows"
        if participants > ADMITTED_MAX
        else "by commands",
        "core_bytes_per_participant": _bytes_per_participant(case.exchange),
    }
    return _timed(name, case, runs, bars, extra)


def _crowd(stage: Stage, participants: int) -> None:
    """Let participants and their keys be there without four commands for each of a million."""
    stage.is_crowd_written = True
    market = stage.exchange._market  # noqa: SLF001 - what loading a snapshot would fill
    state = market.core.state
    begin = int(state.market["participant_count"]) + 1
    numbers = range(begin, participants + 1)
    keys = slice(FIRST_TRADER_KEY - 1 + begin, FIRST_TRADER_KEY + participants)
    state.keys["participant"][keys] = numbers
    state.keys["permissions"][keys] = MAY_ALL
    state.keys["order_max_t"][keys] = QUANTITY_T_MAX
    state.cash["settled_fen"][begin : participants + 1] = CASH_FEN
    products = int(state.rules["products"])
    rows = slice(begin * products, (participants + 1) * products)
    state.holdings["available_t"][rows] = HOLDING_T
    market.deposits_fen += CASH_FEN * len(numbers)
    for place in range(products):
        market.transfers_t[place] += HOLDING_T * len(numbers)
    state.market["participant_count"] = participants
    state.market["key_count"] = FIRST_TRADER_KEY - 1 + participants


def _timed(name: str, case: Case, runs: int, bars: Bars, extra: dict[str, Any]) -> dict[str, Any]:
    count = len(case.records)
    events, spans = event_room(case.exchange, EVENTS * BATCH), cut(count, BATCH)
    samples: list[Sample] = []
    for number in range(runs + 1):
        case.rewind()
        samples.append(time_records(case.exchange, case.records, events, spans))
        case.check_digest(name, count)
        bars.step(name, number + 1, runs + 1)
    walls = [sample.wall_ns for sample in samples[1:]]
    conditions = {
        **case.facts(),
        "batch": BATCH,
        "clock": "thread CPU time",
        "wall_median": round(statistics.median(walls), DIGITS),
        "wall_worst": round(max(walls), DIGITS),
        "digest": case.exchange.event_digest().hex(),
        **extra,
    }
    threads = [sample.thread_ns for sample in samples[1:]]
    return row(name, "ns/command", threads, conditions, goal=GOALS.get(name))


# ---------------------------------------------------------------- memory


def _resident_bytes() -> int:
    fields = Path("/proc/self/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * PAGE_BYTES


def _bytes_per_order(case: Case) -> float:
    """Return the bytes of the core's rows that an order which stands takes: its own and its slot."""
    state = case.exchange._market.core.state  # noqa: SLF001 - its rows are what is counted
    slots = state.slots.nbytes / case.exchange.profile.capacity.orders_per_day
    return round(state.orders.itemsize + slots, DIGITS)


def _bytes_per_participant(exchange: Exchange) -> float:
    """Return the bytes of the core's rows per participant: key, restriction, cash, holdings."""
    state = exchange._market.core.state  # noqa: SLF001 - its rows are what is counted
    products = int(state.rules["products"])
    single = (state.keys, state.restrictions, state.cash)
    held = (state.holdings, state.stored)
    return sum(rows.itemsize for rows in single) + products * sum(rows.itemsize for rows in held)


def _memory_of_participant(name: str) -> dict[str, Any]:
    """Admit many by commands and say what the process grew by, in bytes of memory in use."""
    shape = Shape(participants=ADMITTED_MAX, products=1)
    profile = roomy(profile_of("continuous"), ADMITTED_MAX, 1)
    products = profile.products[:1]
    composite = structs.replace(profile.composite[0], members=(products[0].code,), weights=(1,))
    profile = structs.replace(profile, products=products, composite=(composite,))
    Exchange(profile)  # what a process needs once is not counted
    before = _resident_bytes()
    stage = Stage(profile, shape)
    grown = _resident_bytes() - before
    held = _bytes_per_participant(stage.exchange)
    conditions = {"participants": ADMITTED_MAX, "products": 1, "core_bytes": held}
    return row(name, "bytes", [grown / ADMITTED_MAX], conditions)


# ---------------------------------------------------------------- compiling


def _compile(name: str, *, is_cold: bool, bars: Bars) -> dict[str, Any]:
    """Compile in processes of their own, from an empty cache or from a full one."""
    runs = 1 if is_cold else WARM_RUNS
    samples: list[float] = []
    with TemporaryDirectory(prefix="ceax-bench-") as folder:
        if not is_cold:
            _compile_once(folder)
        for number in range(runs):
            samples.append(_compile_once(folder))
            bars.step(name, number + 1, runs)
    cache = "empty" if is_cold else "full"
    conditions = {"cache": cache, "clock": "wall time, imports not counted"}
    return row(name, "s", samples, conditions, goal=GOALS.get(name))


def _compile_once(folder: str) -> float:
    root = Path(engine.__file__).parents[1]
    environment = {**os.environ, "CEAX_CACHE": folder, "PYTHONPATH": str(root)}
    done = subprocess.run(  # noqa: S603 - our own interpreter and text
        [sys.executable, "-c", COMPILE],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout)
