"""`ceax bench engine --orders FILE`: an outside flow through the whole engine, and what it traded.

Everything is in the figure: checks, client order numbers, ledger, events. The stream is run once without
the clock, where its trades are read off the events, and then timed from the same moment; every timed run
must end with the digest of the one that was not timed.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
from msgspec import Struct, structs

from bench.engine_cases import Records, event_room, profile_of
from bench.measure import DIGITS, Bars
from bench.outside_orders import Market, OutsideFile, market_for, read_orders
from bench.stage import FIRST_TRADER_KEY, STEP_NS, Means, Rewind, Stage
from bench.stream import Columns, Stream, Tally, pack
from engine.answers import Answers
from engine.core.records import EventKind
from engine.exchange import Exchange
from engine.profile import Product, Profile
from gateway.errors import UserError

BATCH: Final = 4096
CHUNK: Final = 16 * BATCH
"""So many commands are packed at a time: records of a large file never stand in memory at once."""
RUNS: Final = 3
PARTIES: Final = 2


class _Shape(Struct, frozen=True):
    participants: int
    products: int


class Outcome(Struct):
    """What a file did."""

    tally: Tally
    orders: int
    dead_cancels: int
    ns_per_command: float
    wall_ns_per_command: float
    digest: str


def profile_for(market: Market, products: tuple[str, ...], orders: int) -> Profile:
    """Return the continuous profile with the products of a file, their band and room for its orders."""
    whole = profile_of("continuous")
    sample = whole.products[0]
    made: tuple[Product, ...] = tuple(
        structs.replace(sample, code=f"P{place}", name_zh=f"P{place}", name_en=f"P{place}")
        for place in range(1, len(products) + 1)
    )
    codes = tuple(product.code for product in made)
    composite = structs.replace(whole.composite[0], members=codes, weights=(1,) * len(codes))
    capacity = structs.replace(whole.capacity, orders_per_day=orders, levels=market.levels)
    return structs.replace(
        whole,
        products=made,
        composite=(composite,),
        capacity=capacity,
        listed=structs.replace(whole.listed, band_bp=market.band_bp),
    )


class _Run:
    """A market made for a file, and the file's commands chunk by chunk."""

    def __init__(self, path: Path, found: OutsideFile, market: Market) -> None:
        self._path = path
        self._found = found
        self._stream = found.stream
        self._numbers = found.stream.numbers()
        products = len(found.products)
        profile = profile_for(market, found.products, len(self._numbers))
        means = Means(
            cash_fen=market.cash_fen,
            holdings_t=market.holdings_t,
            references_fen=market.references_fen,
        )
        stage = Stage(profile, _Shape(PARTIES, products), means)
        stage.open_day()
        self.exchange: Exchange = stage.exchange
        self._rewind = Rewind(self.exchange)
        self._sequence, self._time_ns = self.exchange.sequence, self.exchange.time_ns
        self._clients = pack_clients(found.stream)
        self.tally = Tally()
        self.dead_cancels = 0
        self._rows = 0
        """Most event rows of one batch."""

    def _chunk(self, begin: int) -> Records:
        part = self._stream.part(begin, begin + CHUNK)
        rows = pack(part, FIRST_TRADER_KEY)
        rows["client_order"] = self._clients[begin : begin + CHUNK]
        count = np.arange(begin + 1, begin + len(part) + 1)
        rows["sequence"] = self._sequence + count
        rows["time_ns"] = self._time_ns + count * STEP_NS
        return rows

    def untimed(self, bars: Bars) -> bytes:
        """Run the file once, note its trades and return the digest."""
        for begin in range(0, len(self._stream), CHUNK):
            self._note(self.exchange.apply_records(self._chunk(begin)))
            bars.step("the run that is not timed", begin, len(self._stream))
        return self.exchange.event_digest()

    def _note(self, answers: Answers) -> None:
        events = answers.events
        lasts = [*answers.ends[BATCH - 1 :: BATCH].tolist(), len(events)]
        firsts = [0, *lasts[:-1]]
        self._rows = max(self._rows, *(b - a for a, b in zip(firsts, lasts, strict=True)))
        trades = events[events["kind"] == EventKind.TRADED]
        makers = self._numbers[trades["target"]].tolist()
        takers = self._numbers[trades["order"]].tolist()
        prices, quantities = trades["price_fen"].tolist(), trades["quantity_t"].tolist()
        for fill in zip(makers, takers, prices, quantities, strict=True):
            self.tally.add(*fill)
        odd = events[
            (events["kind"] == EventKind.CANCELLED) | (events["kind"] == EventKind.REFUSED)
        ]
        places = odd["sequence"] - self._sequence - 1
        is_new = self._stream.is_new[places]
        self.dead_cancels += int((~is_new & (odd["kind"] == EventKind.REFUSED)).sum())
        if is_new.any():
            line = int(self._found.lines[places[is_new][0]])
            limit = self.exchange.profile.capacity.fills_per_command
            message = (
                f"{self._path}, line {line}: the engine refused or cut this order; an order takes at"
                f" most {limit:,} others"
            )
            raise UserError(message)

    def timed(self, digest: bytes, bars: Bars, number: int) -> tuple[float, float]:
        """Run the file from the same moment; return nanoseconds per command, thread and wall."""
        self._rewind.back()
        events, apply = event_room(self.exchange, self._rows), self.exchange.run_records
        spent = passed = 0
        for begin in range(0, len(self._stream), CHUNK):
            rows = self._chunk(begin)
            thread, wall = time.thread_time_ns(), time.perf_counter_ns()
            for start in range(0, len(rows), BATCH):
                apply(rows, events, start, min(start + BATCH, len(rows)))
            spent += time.thread_time_ns() - thread
            passed += time.perf_counter_ns() - wall
            bars.step(f"timed run {number} of {RUNS}", begin, len(self._stream))
        if self.exchange.event_digest() != digest:
            raise AssertionError("a timed run ended with another digest than the untimed one")
        return spent / len(self._stream), passed / len(self._stream)


def pack_clients(stream: Stream) -> Columns:
    """Return the client order number of each command: both parties count upwards."""
    clients = np.zeros(len(stream), np.int64)
    for party in range(1, PARTIES + 1):
        chosen = stream.participant == party
        clients[chosen] = np.arange(1, int(chosen.sum()) + 1)
    return clients


def measure_outside(path: Path, references: list[str], bars: Bars) -> Outcome:
    """Run a file and return what it did; UserError names the row where it cannot."""
    bars.say(f"reading {path}")
    found = read_orders(path, lambda rows: bars.say(f"reading {path}: {rows:,} rows"))
    run = _Run(path, found, market_for(path, found, references))
    digest = run.untimed(bars)
    run.exchange.check()
    samples = [run.timed(digest, bars, number) for number in range(1, RUNS + 1)]
    return Outcome(
        tally=run.tally,
        orders=int(found.stream.is_new.sum()),
        dead_cancels=run.dead_cancels,
        ns_per_command=round(statistics.median(thread for thread, _ in samples), DIGITS),
        wall_ns_per_command=round(statistics.median(wall for _, wall in samples), DIGITS),
        digest=digest.hex(),
    )


def run_outside(arguments: argparse.Namespace) -> int:
    """Run `ceax bench engine --orders FILE`."""
    with Bars(is_shown=True) as bars:
        found = measure_outside(arguments.orders, arguments.reference or [], bars)
    told: dict[str, Any] = {
        "orders": found.orders,
        "trades": found.tally.trades,
        "traded_quantity": found.tally.traded_quantity_t,
        "hash": found.tally.text(),
        "dead_cancels": found.dead_cancels,
        "ns_per_command": found.ns_per_command,
    }
    if arguments.json:
        sys.stdout.write(json.dumps(told) + "\n")
    else:
        sys.stdout.writelines(f"{name:<16} {value}\n" for name, value in told.items())
        sys.stdout.write(f"{'wall_ns':<16} {found.wall_ns_per_command}\n")
        sys.stdout.write(f"{'digest':<16} {found.digest}\n")
    return 0
