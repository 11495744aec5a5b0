"""`ceax bench engine`: nanoseconds per command of a listed flow through the compiled core.

All checks, the ledger, the client order table, event records and the digest are inside the figure, and
commands already stand in records when the clock starts. Runs are trading days of one exchange; the
first is not counted, for on it the machine hands out its memory. Each day must end with the digest of
an exchange that was not timed and got the day in one call.
"""

import argparse
import statistics
import sys
import time
from collections import Counter
from importlib import resources
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from bench.measure import DIGITS, print_report, row
from bench.workload import Flow, Shape, Stage
from engine.core.machine import BOUNDS_CHECKED
from engine.core.records import EVENT, EventKind
from engine.profile import Profile, load_profile
from gateway.errors import UserError

RUNS_MIN: Final = 10
BATCHES: Final = (4096, 1)
SINGLES: Final = 20_000
"""Commands of a run at batch size 1, where a call costs more than a command."""


def _note(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _profile() -> Profile:
    text = resources.files("engine").joinpath("profiles/national.toml").read_bytes()
    return load_profile(text, "national.toml")


class _Sample(msgspec.Struct, frozen=True):
    """One timed run: nanoseconds per command."""

    thread_ns: float
    wall_ns: float


def _timed_day(
    stage: Stage, records: NDArray[np.void], prefill: int, batch: int, events: NDArray[np.void]
) -> _Sample:
    stage.open_day()
    rows = stage.stamp(records)
    stage.exchange.apply_records(rows[:prefill], events)
    parts = [rows[start : start + batch] for start in range(prefill, len(rows), batch)]
    apply = stage.exchange.apply_records
    thread, wall = time.thread_time_ns(), time.perf_counter_ns()
    for part in parts:
        apply(part, events)
    spent = time.thread_time_ns() - thread
    passed = time.perf_counter_ns() - wall
    stage.close_day()
    count = len(records) - prefill
    return _Sample(spent / count, passed / count)


def _untimed_day(stage: Stage, records: NDArray[np.void]) -> NDArray[np.void]:
    stage.open_day()
    events = stage.exchange.apply_records(stage.stamp(records))
    stage.close_day()
    return events


def _facts(profile: Profile, events: NDArray[np.void], prefill: int) -> dict[str, Any]:
    """Return what a day's flow turned out to be."""
    flow = events[prefill:]
    kinds = Counter(flow["kind"].tolist())
    refused = flow[flow["kind"] == EventKind.REFUSED]
    filled = (events["kind"] == EventKind.TRADED) & (events["left_t"] == 0)
    placed = (events["kind"] == EventKind.LISTING_PLACED).sum()
    return {
        "profile": profile.name,
        "refused": round(100 * len(refused) / len(flow), DIGITS),
        "refusal_reasons": len(set(refused["reason"].tolist())),
        "trades": kinds[EventKind.TRADED],
        "live_at_end": int(placed - kinds[EventKind.CANCELLED] - filled.sum()),
    }


def _measure(profile: Profile, shape: Shape, batch: int, runs: int) -> dict[str, Any]:
    name = f"engine/listed/full/{batch}"
    records = Flow(profile, shape).records(shape.live, shape.commands)
    timed, untimed = Stage(profile, shape), Stage(profile, shape)
    events = np.zeros(max(batch, shape.live), EVENT)
    samples: list[_Sample] = []
    facts: dict[str, Any] = {}
    for number in range(runs + 1):
        _note(f"{name}: run {number} of {runs}" if number else f"{name}: first day, not counted")
        samples.append(_timed_day(timed, records, shape.live, batch, events))
        facts = _facts(profile, _untimed_day(untimed, records), shape.live)
        if timed.exchange.event_digest() != untimed.exchange.event_digest():
            message = f"{name}: day {number} ended with another digest than the untimed one"
            raise AssertionError(message)
    untimed.exchange.check()
    walls = [sample.wall_ns for sample in samples[1:]]
    conditions = {
        **msgspec.to_builtins(shape),
        **facts,
        "batch": batch,
        "clock": "thread CPU time",
        "wall_median": round(statistics.median(walls), DIGITS),
        "wall_worst": round(max(walls), DIGITS),
        "bounds_checked": BOUNDS_CHECKED,
        "digest": timed.exchange.event_digest().hex(),
        "includes": "checks, client order table, ledger, book, event records, event digest",
    }
    return row(name, "ns/command", [sample.thread_ns for sample in samples[1:]], conditions)


def measure_engine(runs: int, commands: int) -> list[dict[str, Any]]:
    """Return the rows of the benchmark."""
    profile = _profile()
    rows = []
    for batch in BATCHES:
        count = commands if batch > 1 else min(commands, SINGLES)
        rows.append(_measure(profile, Shape(commands=count), batch, runs))
    return rows


def run_engine_bench(arguments: argparse.Namespace) -> int:
    """Run `ceax bench engine`; `--runs` below ten is refused, for a median needs them."""
    runs = int(getattr(arguments, "runs", RUNS_MIN))
    commands = int(getattr(arguments, "commands", Shape().commands))
    if runs < RUNS_MIN:
        message = f"--runs {runs}: a figure needs at least {RUNS_MIN} runs"
        raise UserError(message)
    print_report(measure_engine(runs, commands), as_json=arguments.json)
    return 0
