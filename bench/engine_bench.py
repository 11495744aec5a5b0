"""`ceax bench engine`: nanoseconds per command of a listed flow through the compiled core.

All checks, the ledger, the client order table, event records and the digest are inside the figure.
Commands already stand in records when the clock starts. Each run has an exchange of its own; its final
digest must equal that of an untimed run.
"""

import argparse
import sys
import time
from collections import Counter
from importlib import resources
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from bench.measure import print_report, row
from bench.workload import Flow, Shape, open_market
from engine.core.machine import BOUNDS_CHECKED
from engine.core.records import EVENT, EventKind
from engine.exchange import Exchange
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
    """One timed run."""

    thread_ns: float
    wall_ns: float
    digest: bytes


def _run(
    exchange: Exchange, prefill: NDArray[np.void], flow: NDArray[np.void], batch: int
) -> _Sample:
    events = np.zeros(max(batch, len(prefill)), EVENT)
    exchange.apply_records(prefill, events)
    thread, wall = time.thread_time_ns(), time.perf_counter_ns()
    for start in range(0, len(flow), batch):
        exchange.apply_records(flow[start : start + batch], events)
    spent = time.thread_time_ns() - thread
    passed = time.perf_counter_ns() - wall
    return _Sample(spent / len(flow), passed / len(flow), exchange.event_digest())


def _untimed(
    profile: Profile, shape: Shape, prefill: NDArray[np.void], flow: NDArray[np.void]
) -> tuple[bytes, dict[str, Any]]:
    """Return the digest of the whole flow in one call, and what the flow turned out to be."""
    exchange = open_market(profile, shape)
    exchange.apply_records(prefill)
    events = exchange.apply_records(flow)
    exchange.check()
    kinds = Counter(events["kind"].tolist())
    refused = events[events["kind"] == EventKind.REFUSED]
    books = [exchange.book(product.code, 10_000) for product in profile.products]
    live = sum(level.listings for book in books for level in (*book.bids, *book.asks))
    facts = {
        "refused_percent": round(100 * len(refused) / len(events), 2),
        "refusal_reasons": len(set(refused["reason"].tolist())),
        "traded": kinds[EventKind.TRADED],
        "live_at_end": live,
    }
    return exchange.event_digest(), facts


def _measure(profile: Profile, shape: Shape, batch: int, runs: int) -> dict[str, Any]:
    records = Flow(open_market(profile, shape), shape).records(shape.live, shape.commands)
    prefill, flow = records[: shape.live], records[shape.live :]
    expected, facts = _untimed(profile, shape, prefill, flow)
    samples = []
    for number in range(runs):
        _note(f"engine/listed/full/{batch}: run {number + 1} of {runs}")
        sample = _run(open_market(profile, shape), prefill, flow, batch)
        if sample.digest != expected:
            message = f"run {number + 1} ended with another digest than the untimed run"
            raise AssertionError(message)
        samples.append(sample)
    walls = sorted(sample.wall_ns for sample in samples)
    conditions = {
        **msgspec.to_builtins(shape),
        **facts,
        "batch": batch,
        "wall_median": round(walls[len(walls) // 2], 2),
        "bounds_checked": BOUNDS_CHECKED,
        "digest": expected.hex(),
        "includes": "checks, client order table, ledger, book, event records, event digest",
    }
    name = f"engine/listed/full/{batch}"
    return row(name, "ns/command", [sample.thread_ns for sample in samples], conditions)


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
