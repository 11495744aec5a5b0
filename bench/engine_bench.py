"""`ceax bench engine`: nanoseconds per command of the compiled core, by flow, layer and batch.

Commands already stand in records when the clock starts, a market is put back to the same moment before
each run, and each run must end with the digest of a run that was not timed and was cut into other
batches. Figures are thread CPU time; wall time stands beside them.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
from msgspec import Struct

from bench import engine_auction, engine_scale
from bench.engine_book import BareBook
from bench.engine_cases import (
    EVENTS,
    Case,
    Sample,
    cut,
    event_room,
    make_case,
    time_records,
    time_spans,
)
from bench.measure import DIGITS, Bars, print_report, row
from bench.stream import Tally
from engine.codec import record_to_entry, write_record
from engine.core.machine import BOUNDS_CHECKED
from engine.core.records import COMMAND
from engine.exchange import SEMANTICS_VERSION
from gateway.disk import FolderDisk
from gateway.errors import UserError
from gateway.journal import Journal

RUNS_MIN: Final = 10
COMMANDS: Final = 200_000
FLOWS: Final = ("listed", "one", "five", "deep", "hostile")
LAYERS: Final = ("book", "full", "journal")
BATCHES: Final = (1, 16, 64, 4096)
CALLS_MAX: Final = 20_000
"""Calls of a run, so that small batches do not take minutes ..."""
SYNCS_MAX: Final = 100
"""... and how often a run may wait for the disk."""
GOALS_NS: Final = {
    "engine/one/full/4096": 40,
    "engine/five/full/4096": 40,
    "engine/deep/full/4096": 50,
    "engine/one/full/16": 75,
    "engine/five/full/16": 75,
    "engine/one/full/1": 600,
    "engine/five/full/1": 600,
}
INCLUDES: Final = {
    "book": "matching, links and bitmaps only; refused commands are left out",
    "full": "all checks, client order table, ledger, book, event records, event digest",
    "journal": "all of `full`, and each batch written to the journal and synced before it is applied",
}


class Plan(Struct, frozen=True):
    """One row that may be asked for."""

    flow: str
    layer: str
    batch: int

    @property
    def name(self) -> str:
        """Name of the row."""
        return f"engine/{self.flow}/{self.layer}/{self.batch}"


def plans() -> Iterator[Plan]:
    """Return every row of flows, in the order in which they are run: flow by flow."""
    for flow in FLOWS:
        for layer in LAYERS:
            for batch in BATCHES:
                yield Plan(flow, layer, batch)


def row_names() -> list[str]:
    """Return the names of all rows."""
    flows = [plan.name for plan in plans()]
    return [*flows, *engine_auction.row_names(), *engine_scale.row_names()]


class _Bench:
    """Runs the rows of flows; a flow is prepared when its first row is asked for."""

    def __init__(self, runs: int, commands: int, bars: Bars) -> None:
        self._runs = runs
        self._commands = commands
        self._bars = bars
        self._flow = ""
        self._case: Case

    def measure(self, plan: Plan) -> dict[str, Any]:
        """Return one row."""
        if self._flow != plan.flow:
            self._bars.say(f"{plan.flow}: making the flow and its market")
            self._case, self._flow = make_case(plan.flow, self._commands), plan.flow
        limit = SYNCS_MAX if plan.layer == "journal" else CALLS_MAX
        count = min(len(self._case.records), plan.batch * limit)
        run = {"book": self._book, "full": self._full, "journal": self._journal}[plan.layer]
        samples: list[Sample] = []
        for sample in run(plan, count):
            samples.append(sample)
            self._bars.step(plan.name, len(samples), self._runs + 1)
        return self._row(plan, count, samples[1:])

    def _row(self, plan: Plan, count: int, samples: Sequence[Sample]) -> dict[str, Any]:
        walls = [sample.wall_ns for sample in samples]
        conditions = {
            **self._case.facts(),
            "commands_run": count,
            "batch": plan.batch,
            "clock": "thread CPU time",
            "wall_median": round(statistics.median(walls), DIGITS),
            "wall_worst": round(max(walls), DIGITS),
            "bounds_checked": BOUNDS_CHECKED,
            "includes": INCLUDES[plan.layer],
            **self._extra(plan, count),
        }
        threads = [sample.thread_ns for sample in samples]
        return row(plan.name, "ns/command", threads, conditions, goal=GOALS_NS.get(plan.name))

    def _extra(self, plan: Plan, count: int) -> dict[str, Any]:
        if plan.layer == "book":
            return {"trade_hash": self._tally.text(), "trades_run": self._tally.trades}
        found: dict[str, Any] = {"digest": self._case.exchange.event_digest().hex()}
        if plan.batch == 1 and plan.layer == "full":
            found["packing_ns"] = _packing_ns(self._case, count)
        return found

    def _full(self, plan: Plan, count: int) -> Iterator[Sample]:
        case, spans = self._case, cut(count, plan.batch)
        events = event_room(case.exchange, EVENTS * plan.batch)
        case.expect(count)
        for _ in range(self._runs + 1):
            case.rewind()
            sample = time_records(case.exchange, case.records, events, spans)
            case.check_digest(plan.name, count)
            yield sample

    def _journal(self, plan: Plan, count: int) -> Iterator[Sample]:
        case, exchange, records = self._case, self._case.exchange, self._case.records
        events = event_room(exchange, EVENTS * plan.batch)
        case.expect(count)
        for _ in range(self._runs + 1):
            case.rewind()
            with TemporaryDirectory(prefix="ceax-bench-") as folder:
                disk = FolderDisk(Path(folder) / "journal")
                disk.make()
                journal = Journal.open(disk, b"", SEMANTICS_VERSION)

                def keep_and_run(begin: int, end: int, journal: Journal = journal) -> None:
                    journal.append(journal.last, [records[begin:end]], exchange.event_digest())
                    exchange.run_records(records, events, begin, end)

                sample = time_spans(cut(count, plan.batch), keep_and_run)
                journal.close()
            case.check_digest(plan.name, count)
            yield sample

    def _book(self, plan: Plan, count: int) -> Iterator[Sample]:
        case, book = self._case, BareBook(self._case.exchange)
        prefill, records = case.bare_records()
        records = records[:count]
        expected = case.tally(int(records["sequence"][-1]))
        start, size = int(records.ctypes.data), COMMAND.itemsize
        spans = cut(len(records), plan.batch)
        for _ in range(self._runs + 1):
            case.rewind_bare()
            if len(prefill):
                book.run(int(prefill.ctypes.data), len(prefill))
            book.forget()
            sample = time_spans(
                spans, lambda begin, end: book.run(start + size * begin, end - begin)
            )
            self._tally: Tally = book.tally()
            if self._tally != expected:
                raise AssertionError(f"{plan.name}: the bare book traded otherwise than the engine")
            yield sample


def _packing_ns(case: Case, count: int) -> float:
    """Return what it costs to write one typed command into a record."""
    profile = case.exchange.profile
    entries = [record_to_entry(record, profile) for record in case.records[:count]]
    rows = np.zeros(1, COMMAND)
    start = time.thread_time_ns()
    for entry in entries:
        write_record(rows, 0, entry, profile)
    return round((time.thread_time_ns() - start) / count, DIGITS)


def measure_engine(
    runs: int, commands: int, chosen: Sequence[str] = (), bars: Bars | None = None
) -> list[dict[str, Any]]:
    """Return the rows whose names begin with one of the chosen prefixes, all of them if none is given."""
    prefixes = tuple(chosen) or ("engine/",)
    shown = bars or Bars(is_shown=False)
    bench = _Bench(runs, commands, shown)
    rows = [bench.measure(plan) for plan in plans() if plan.name.startswith(prefixes)]
    rows += engine_auction.measure(runs, prefixes, shown)
    return rows + engine_scale.measure(runs, prefixes, shown)


def run_engine_bench(arguments: argparse.Namespace) -> int:
    """Run `ceax bench engine`; `--runs` below ten is refused, for a median needs them."""
    runs = int(getattr(arguments, "runs", RUNS_MIN))
    commands = int(getattr(arguments, "commands", COMMANDS))
    chosen = [_prefix(text) for text in getattr(arguments, "rows", None) or ()]
    if runs < RUNS_MIN:
        raise UserError(f"--runs {runs}: a figure needs at least {RUNS_MIN} runs")
    if commands < 1:
        raise UserError(f"--commands {commands}: a flow has at least one command")
    if getattr(arguments, "list", False):
        sys.stdout.write("\n".join(row_names()) + "\n")
        return 0
    with Bars(is_shown=True) as bars:
        rows = measure_engine(runs, commands, chosen, bars)
    print_report(rows, as_json=arguments.json)
    return 0


def _prefix(text: str) -> str:
    """Return a prefix with `engine/` before it; UserError if no row begins so."""
    prefix = text if text.startswith("engine") else f"engine/{text}"
    if not any(name.startswith(prefix) for name in row_names()):
        raise UserError(f"--rows {text}: no row begins so; `ceax bench engine --list` names them")
    return prefix
