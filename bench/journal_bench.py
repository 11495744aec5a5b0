"""`ceax bench journal`: records a second beside a raw fdatasync, how far a copy is behind, what a start costs.

Each figure stands beside its limit in the same run: the raw writer puts the very bytes of the frames into
a preallocated file and calls fdatasync, nothing else. Journal and raw runs alternate.
"""

import argparse
import gc
import os
import shutil
import sys
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.journal_day import Day, DayShape, start
from bench.measure import Bars, print_report, row
from engine.core import warm_up
from engine.core.records import COMMAND
from engine.exchange import SEMANTICS_VERSION
from gateway.disk import FolderDisk
from gateway.journal import CHUNK_BYTES, Journal
from gateway.journal_format import HEADER_BYTES
from gateway.shipping import Shipping

FULL: Final = 4_096
"""Records of a full batch."""
BATCHES: Final = {FULL: 400, 64: 500, 1: 500}
"""How many batches a run of each size has."""
RECOVERED_IN: Final = {FULL: "", 64: "/batch-64", 16: "/batch-16"}
"""Batch sizes of the day that is recovered, and what their rows are called behind the name."""
TAIL: Final = 8
"""The snapshot of a day stands before its last eighth: half the distance between two."""
DAY: Final = 1_000_000
"""Commands of the day for which the goals of a start are set; a day of another size has none."""
RECORDS_GOAL: Final = 1_000_000
COPIED_BATCHES: Final = 1_000
"""Batches that are appended as fast as it goes while a copy is kept."""
COPY_GOAL_MS: Final = 1_000
RECOVERY_GOAL_S: Final = 2.0
SNAPSHOT_GOAL_S: Final = 0.5


def run_journal_bench(arguments: argparse.Namespace) -> int:
    """Measure and print; 0 always: a missed goal is a figure, not an error."""
    warm_up()
    rows: list[dict[str, Any]] = []
    is_shown = sys.stderr.isatty() and not arguments.json
    with Bars(is_shown=is_shown) as bars:
        with TemporaryDirectory(prefix="ceax-bench-", dir=arguments.folder) as name:
            for batch, batches in BATCHES.items():
                bars.say(f"batches of {batch}")
                rows += _throughput(Path(name), batch, batches, arguments.runs)
            bars.say("a copy beside the journal")
            rows.append(_copied(Path(name), arguments.runs))
        rows += _recovery(arguments, bars)
    print_report(rows, as_json=arguments.json)
    return 0


# ---------------------------------------------------------------- appending


def _throughput(folder: Path, batch: int, batches: int, runs: int) -> Iterator[dict[str, Any]]:
    rates, raw_rates, cpu = [], [], []
    frame_bytes = HEADER_BYTES + batch * COMMAND.itemsize
    for number in range(runs + 1):
        own, own_cpu = _append(folder / f"journal-{batch}-{number}", batch, batches)
        raw = _raw(folder / f"raw-{batch}-{number}", frame_bytes, batches)
        if number:  # the first run is not counted
            rates.append(batch * batches / own)
            raw_rates.append(batch * batches / raw)
            cpu.append(own_cpu / (batch * batches) * 1e9)
    ratios = [own / raw for own, raw in zip(rates, raw_rates, strict=True)]
    tail = "" if batch == FULL else f"/batch-{batch}"
    conditions = {
        "records_per_batch": batch,
        "batches": batches,
        "bytes_per_batch": frame_bytes,
        "includes": "hash, write, fdatasync, mark; the fence's look at the tail",
        "raw_fdatasync_per_s": round(float(np.median(raw_rates)), 1),
        "cpu_ns_per_record": round(float(np.median(cpu)), 1),
        "folder": str(folder.parent),
        "direction": "higher is better; worst is the lowest",
    }
    goal = RECORDS_GOAL if batch == FULL else None
    yield _rate_row(f"journal/records_per_s{tail}", "records/s", rates, conditions, goal)
    yield _rate_row(f"journal/ratio_to_fdatasync{tail}", "ratio", ratios, conditions)


def _rate_row(
    name: str,
    unit: str,
    samples: list[float],
    conditions: dict[str, Any],
    goal: float | None = None,
) -> dict[str, Any]:
    """Return a row of which more is better."""
    made = row(name, unit, samples, conditions, at_least=goal)
    made["worst"] = round(min(samples), 2)
    return made


def _append(folder: Path, batch: int, batches: int) -> tuple[float, float]:
    """Return wall and CPU seconds of so many appends."""
    disk = FolderDisk(folder)
    disk.make()
    # What a day holds is reserved before it, as by the hour in a running exchange.
    size = (HEADER_BYTES + batch * COMMAND.itemsize) * batches + CHUNK_BYTES
    journal = Journal.open(disk, b"", SEMANTICS_VERSION, chunk_bytes=size)
    rows: NDArray[np.void] = np.zeros(batch, COMMAND)
    rows["kind"] = 1
    digest = bytes(range(32))
    began, cpu = time.perf_counter(), time.thread_time()
    for _ in range(batches):
        journal.append(journal.last, [rows], digest)
    spent = time.perf_counter() - began, time.thread_time() - cpu
    journal.close()
    for path in folder.iterdir():
        path.unlink()
    return spent


def _raw(path: Path, length: int, count: int) -> float:
    """Return the seconds of so many writes of so many bytes, each with its fdatasync."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.posix_fallocate(handle, 0, length * count)
        os.fdatasync(handle)
        data = bytes(length)
        began = time.perf_counter()
        for number in range(count):
            os.pwrite(handle, data, number * length)
            os.fdatasync(handle)
        return time.perf_counter() - began
    finally:
        os.close(handle)
        path.unlink()


# ---------------------------------------------------------------- the copy


def _copied(folder: Path, runs: int) -> dict[str, Any]:
    """Return how long the oldest durable command was at most not in the copy, run by run."""
    samples = [_behind_ms(folder / f"copied-{number}") for number in range(runs + 1)]
    conditions = {
        "records_per_batch": 64,
        "batches": COPIED_BATCHES,
        "includes": "the worst moment of each run, seen at each append; both on the same disk",
    }
    return row("journal/copy_behind_ms", "ms", samples[1:], conditions, goal=COPY_GOAL_MS)


def _behind_ms(folder: Path) -> float:
    source, target = FolderDisk(folder), FolderDisk(folder.with_suffix(".copy"))
    source.make()
    target.make()
    journal = Journal.open(source, b"", SEMANTICS_VERSION)
    shipping = Shipping(journal.reader, source, target, lambda _: None)
    shipping.start()
    waiting: deque[tuple[int, float]] = deque()
    worst_s = 0.0
    rows: NDArray[np.void] = np.zeros(64, COMMAND)
    rows["kind"] = 1
    for _ in range(COPIED_BATCHES):
        last = journal.append(journal.last, [rows], bytes(range(32)))
        now_s = time.perf_counter()
        waiting.append((last, now_s))
        copied = shipping.state.sequence
        while waiting and waiting[0][0] <= copied:
            waiting.popleft()
        worst_s = max(worst_s, now_s - waiting[0][1] if waiting else 0.0)
    journal.close()
    shipping.stop()
    for disk in (source, target):
        shutil.rmtree(disk.folder)
    return worst_s * 1e3


# ---------------------------------------------------------------- starting


def _recovery(arguments: argparse.Namespace, bars: Bars) -> Iterator[dict[str, Any]]:
    count: int = arguments.commands
    bars.say(f"making a day of {count:,} commands")
    day = Day(DayShape(commands=count))
    for batch, tail in RECOVERED_IN.items():
        for snapshot_at in (0, count - count // TAIL):  # floor: about an eighth
            bars.say(f"recovering {count:,} commands in batches of {batch}")
            with TemporaryDirectory(prefix="ceax-bench-", dir=arguments.folder) as name:
                place = day.write(Path(name), batch, snapshot_at)
                samples, cpu = [], []
                for number in range(arguments.runs + 1):
                    gc.collect()  # what the run before left is not this one's work
                    began, began_cpu = time.perf_counter(), time.process_time()
                    start(place)
                    if number:
                        samples.append(time.perf_counter() - began)
                        cpu.append(time.process_time() - began_cpu)
            what = "recovery_with_snapshot_s" if snapshot_at else "recovery_s"
            conditions = {
                "commands_per_batch": batch,
                "snapshot_behind": snapshot_at,
                "cpu_s": round(float(np.median(cpu)), 3),
                "includes": "the whole journal verified, history, sequencer, feed and server made, engine warm",
            }
            goal = (SNAPSHOT_GOAL_S if snapshot_at else RECOVERY_GOAL_S) if count == DAY else None
            yield row(f"journal/{what}/{count}{tail}", "s", samples, conditions, goal=goal)
