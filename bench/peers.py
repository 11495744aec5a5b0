"""`ceax bench peers`: one continuous flow through other order books and through ours, and the ratio.

Nothing is installed here: what is importable is run. A peer must first trade what the flow trades, trade
by trade (number, quantity, hash), or it is named and not timed. Peers are called from Python one command
at a time, each in its own best way; ours is shown both in batches and one command at a time.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, Final

from msgspec import Struct, structs

from bench.engine_cases import EVENTS, Case, continuous_case, cut, event_room, time_records
from bench.engine_flows import SHAPES, ContinuousFlow, FlowShape
from bench.measure import DIGITS, Bars, machine, versions
from bench.peers_adapters import PEERS, Baseline, Maker
from bench.stream import Stream, Tally
from engine.core.records import EventKind
from gateway.errors import UserError

RUNS_MIN: Final = 10
OURS: Final = ("ceax, batches of 4096", "ceax, one at a time")
BATCHES: Final = (4096, 1)


class Judged(Struct, kw_only=True):
    """What became of one peer."""

    name: str
    tally: Tally | None = None
    """None if it was not run."""
    note: str = ""
    """Why it is not timed, empty if it is."""
    samples_ns: list[float] = []
    """Thread CPU nanoseconds per command of each run."""


def tally_of(fills: Sequence[tuple[int, int, int, int]]) -> Tally:
    """Return trades, quantity and hash of fills in order."""
    tally = Tally()
    for fill in fills:
        tally.add(*fill)
    return tally


def judge(name: str, make: Maker, stream: Stream, products: int, expected: Tally) -> Judged:
    """Let a peer trade the flow once without the clock and compare."""
    try:
        peer = make(stream, products)
        for call, arguments in peer.steps:
            call(*arguments)
        found = tally_of(peer.fills())
    except Exception as error:  # noqa: BLE001 - whatever a stranger's book raises is its answer
        return Judged(name=name, note=f"failed: {type(error).__name__}: {error}")
    if found != expected:
        note = (
            f"trades otherwise: {found.trades} trades, {found.traded_quantity_t} t, {found.text()}"
            f" instead of {expected.trades}, {expected.traded_quantity_t} t, {expected.text()}"
        )
        return Judged(name=name, tally=found, note=note)
    return Judged(name=name, tally=found)


def time_peer(make: Maker, stream: Stream, products: int, prefill: int) -> float:
    """Return thread CPU nanoseconds per command behind the prefill."""
    peer = make(stream, products)
    for call, arguments in peer.steps[:prefill]:
        call(*arguments)
    steps = peer.steps[prefill:]
    start = time.thread_time_ns()
    for call, arguments in steps:
        call(*arguments)
    return (time.thread_time_ns() - start) / len(steps)


def _ours(case: Case, batch: int, runs: int, bars: Bars, name: str) -> list[float]:
    count = len(case.records)
    events, spans = event_room(case.exchange, EVENTS * batch), cut(count, batch)
    samples = []
    for number in range(runs + 1):
        case.rewind()
        samples.append(time_records(case.exchange, case.records, events, spans).thread_ns)
        case.check_digest(name, count)
        bars.step(name, number + 1, runs + 1)
    return samples[1:]


def _engine_tally(case: Case, stream: Stream) -> Tally:
    """Return what the whole engine traded on the flow, in the flow's own numbers."""
    numbers = stream.numbers()
    events = case.all_events()
    trades = events[events["kind"] == EventKind.TRADED]
    columns = (numbers[trades["target"]], numbers[trades["order"]])
    figures = (trades["price_fen"], trades["quantity_t"])
    return tally_of(list(zip(*(c.tolist() for c in (*columns, *figures)), strict=True)))


def compare(shape: FlowShape, runs: int, bars: Bars, peers: Sequence[Any] = PEERS) -> list[Judged]:
    """Return ours and every peer, judged and, where it trades the same, timed."""
    bars.say("making the flow and its market")
    stream, case = ContinuousFlow(shape).stream(), continuous_case(shape)
    baseline = Baseline(stream, shape.products)
    for call, arguments in baseline.steps:
        call(*arguments)
    expected = tally_of(baseline.fills())
    ours = _engine_tally(case, stream)
    if ours != expected:
        raise AssertionError(f"the engine traded {ours.text()}, the baseline {expected.text()}")
    found = [Judged(name=name, tally=ours) for name in OURS]
    for judged, batch in zip(found, BATCHES, strict=True):
        judged.samples_ns = _ours(case, batch, runs, bars, judged.name)
    for name, module, make in peers:
        found.append(_peer(name, module, make, stream, shape, (expected, runs, bars)))
    return found


def _peer(
    name: str,
    module: str,
    make: Maker,
    stream: Stream,
    shape: FlowShape,
    rest: tuple[Tally, int, Bars],
) -> Judged:
    expected, runs, bars = rest
    if find_spec(module) is None:
        return Judged(name=name, note="not installed")
    judged = judge(name, make, stream, shape.products, expected)
    if not judged.note:
        for number in range(runs):
            judged.samples_ns.append(time_peer(make, stream, shape.products, shape.live))
            bars.step(name, number + 1, runs)
    return judged


def _row(judged: Judged, ours: Sequence[float]) -> dict[str, Any]:
    median = statistics.median(judged.samples_ns) if judged.samples_ns else None
    return {
        "name": judged.name,
        "median": None if median is None else round(median, DIGITS),
        "worst": round(max(judged.samples_ns), DIGITS) if judged.samples_ns else None,
        "runs": len(judged.samples_ns),
        "ratio": None if median is None else round(median / ours[0], DIGITS),
        "ratio_one_at_a_time": None if median is None else round(median / ours[1], DIGITS),
        "trades": judged.tally.trades if judged.tally else None,
        "traded_quantity": judged.tally.traded_quantity_t if judged.tally else None,
        "hash": judged.tally.text() if judged.tally else None,
        "note": judged.note,
    }


def run_peers(arguments: argparse.Namespace) -> int:
    """Run `ceax bench peers`; exit code 1 if a peer that ran traded otherwise."""
    if arguments.runs < RUNS_MIN:
        raise UserError(f"--runs {arguments.runs}: a figure needs at least {RUNS_MIN} runs")
    if arguments.commands < 1:
        raise UserError(f"--commands {arguments.commands}: a flow has at least one command")
    shape = structs.replace(SHAPES[arguments.flow], commands=arguments.commands)
    with Bars(is_shown=True) as bars:
        found = compare(shape, arguments.runs, bars)
    ours = [statistics.median(judged.samples_ns) for judged in found[: len(OURS)]]
    rows = [_row(judged, ours) for judged in found]
    if arguments.json:
        told = {
            "machine": machine(),
            "versions": versions(),
            "flow": arguments.flow,
            "unit": "ns/command",
            "seed": shape.seed,
            "rows": rows,
        }
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    else:
        _print(rows)
    return int(any(judged.note.startswith("trades otherwise") for judged in found))


LINE: Final = "{:<28} {:>14} {:>14} {:>9} {:>14}\n"


def _print(rows: Sequence[dict[str, Any]]) -> None:
    sys.stdout.write(LINE.format("book", "median", "worst", "ratio", "to one by one"))
    for line in rows:
        if line["note"]:
            sys.stdout.write(f"{line['name']:<28} {line['note']}\n")
            continue
        figures = (f"{line[name]:,.1f} ns" for name in ("median", "worst"))
        ratios = (f"{line[name]:,.1f}" for name in ("ratio", "ratio_one_at_a_time"))
        sys.stdout.write(LINE.format(line["name"], *figures, *ratios))
    first = rows[0]
    same = f"{first['trades']:,} trades, {first['traded_quantity']:,} t, hash {first['hash']}"
    sys.stdout.write(f"all that are timed traded the same: {same}\n")
