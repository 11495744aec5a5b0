"""Rows of an auction's close: 10,000 bids are ranked, shared out, settled in the ledger and told.

The close is one command, so there is one batch size; its cost is told per bid. Each run begins from a
snapshot of the same moment, and must end with the digest of a run that was not timed.
"""

import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import msgspec
from msgspec import Struct

from bench.engine_cases import Sample, profile_of, roomy
from bench.measure import DIGITS, Bars, row
from bench.stage import FIRST_TRADER_KEY, REFERENCE_FEN, Stage
from engine.auction_allocation import allocate
from engine.commands import (
    AdvanceTime,
    AnnounceAuction,
    ApplyAuction,
    AuctionFloor,
    Entry,
    PlaceBid,
    PriceMode,
)
from engine.events import AuctionEnded, AuctionState
from engine.exchange import SEMANTICS_VERSION, Exchange
from engine.units import NANOSECONDS_PER_SECOND, band_fen
from gateway.disk import FolderDisk
from gateway.journal import Journal

LAYERS: Final = ("book", "full", "journal")
INCLUDES: Final = {
    "book": "the bids in rank, shared out: no ledger, no events",
    "full": "ranking, sharing, ledger, trades, releases and every event, as typed objects",
    "journal": "all of `full`, and the closing command written to the journal and synced before",
}
PRODUCT: Final = "CEA24"
MINUTE_NS: Final = 60 * NANOSECONDS_PER_SECOND
BID_T_MAX: Final = 300


class AuctionShape(Struct, frozen=True, kw_only=True):
    """What the auction is like."""

    seed: int = 20_260_105
    participants: int = 3_600
    products: int = 5
    bids: int = 10_000
    offered_t: int = 1_000_000


def row_names() -> list[str]:
    """Return the names of the rows."""
    return [f"engine/auction/{layer}/1" for layer in LAYERS]


class _Auction:
    """An auction with its bids, a moment before its window ends."""

    def __init__(self, shape: AuctionShape) -> None:
        self.profile = roomy(profile_of("national"), shape.participants, 0)
        stage = Stage(self.profile, shape)
        stage.open_day()
        exchange = stage.exchange
        begin_ns = exchange.time_ns + MINUTE_NS
        self.end_ns = begin_ns + 30 * MINUTE_NS
        stage.tell(
            FIRST_TRADER_KEY,
            ApplyAuction(
                product=PRODUCT,
                quantity_t=shape.offered_t,
                floor=AuctionFloor.PREVIOUS_CLOSE,
                price_mode=PriceMode.UNIFORM,
                client_order=1,
            ),
        )
        stage.agree([AnnounceAuction(auction=1, begin_ns=begin_ns, end_ns=self.end_ns)])
        self.bid_ns = _bid(exchange, shape, begin_ns)
        self.snapshot = exchange.snapshot()
        self._untimed()

    def close(self, exchange: Exchange) -> Entry:
        """Return the command that ends the window."""
        sequence = exchange.sequence + 1
        return Entry(sequence=sequence, time_ns=self.end_ns, key=0, command=AdvanceTime())

    def fresh(self) -> Exchange:
        """Return the market at the moment before the close."""
        return Exchange.from_snapshot(self.profile, self.snapshot)

    def _untimed(self) -> None:
        exchange = self.fresh()
        events = exchange.apply(self.close(exchange))
        exchange.check()
        self.digest = exchange.event_digest()
        (self.ended,) = [event for event in events if isinstance(event, AuctionEnded)]
        assert self.ended.state is AuctionState.SOLD, "the auction of the benchmark must sell"
        self.events = len(events)


def _bid(exchange: Exchange, shape: AuctionShape, begin_ns: int) -> float:
    """Enter the bids and return the nanoseconds that one took."""
    draw = random.Random(shape.seed)  # noqa: S311 - a workload, not a secret
    _, cap_fen = band_fen(REFERENCE_FEN, 1_000)
    clients = [1] * (shape.participants + 1)
    entries = []
    for place in range(shape.bids):
        participant = draw.randint(2, shape.participants)
        command = PlaceBid(
            auction=1,
            price_fen=draw.randint(REFERENCE_FEN, cap_fen),
            quantity_t=draw.randint(1, BID_T_MAX),
            client_order=clients[participant],
        )
        clients[participant] += 1
        key = FIRST_TRADER_KEY - 1 + participant
        sequence, time_ns = exchange.sequence + 1 + place, begin_ns + place
        entries.append(Entry(sequence=sequence, time_ns=time_ns, key=key, command=command))
    start = time.thread_time_ns()
    exchange.apply_entries(entries)
    return (time.thread_time_ns() - start) / shape.bids


def measure(
    runs: int, prefixes: tuple[str, ...], bars: Bars, shape: AuctionShape | None = None
) -> list[dict[str, Any]]:
    """Return the rows of the auction whose names begin with one of the prefixes."""
    names = [name for name in row_names() if name.startswith(prefixes)]
    if not names:
        return []
    bars.say("auction: entering the bids")
    chosen = shape or AuctionShape()
    auction = _Auction(chosen)
    rows = []
    for name in names:
        layer = name.split("/")[2]
        run = {"book": _book, "full": _full, "journal": _journal}[layer]
        samples = []
        for number in range(runs + 1):
            samples.append(run(auction, chosen))
            bars.step(name, number + 1, runs + 1)
        rows.append(_row(name, layer, auction, chosen, samples[1:]))
    return rows


def _row(
    name: str, layer: str, auction: _Auction, shape: AuctionShape, samples: list[Sample]
) -> dict[str, Any]:
    walls = [sample.wall_ns for sample in samples]
    ended = auction.ended
    conditions = {
        **msgspec.to_builtins(shape),
        "profile": auction.profile.name,
        "commands_run": shape.bids,
        "batch": 1,
        "clock": "thread CPU time, per bid",
        "wall_median": round(statistics.median(walls), DIGITS),
        "wall_worst": round(max(walls), DIGITS),
        "live": shape.bids + 1,
        "winners": ended.winners,
        "sold_t": ended.sold_t,
        "price_fen": ended.price_fen,
        "events": auction.events,
        "bid_entry_ns": round(auction.bid_ns, DIGITS),
        "digest": auction.digest.hex(),
        "includes": INCLUDES[layer],
    }
    return row(name, "ns/command", [sample.thread_ns for sample in samples], conditions)


def _timed(act: Callable[[], object], bids: int) -> Sample:
    thread, wall = time.thread_time_ns(), time.perf_counter_ns()
    act()
    spent = time.thread_time_ns() - thread
    passed = time.perf_counter_ns() - wall
    return Sample(spent / bids, passed / bids)


def _book(auction: _Auction, shape: AuctionShape) -> Sample:
    market = auction.fresh()._market  # noqa: SLF001 - the bids are shared out without the market
    rules, bids = auction.profile.auction, market.bids[1]
    assert rules is not None
    awards: list[Any] = []

    def share() -> None:
        awards.extend(allocate(list(bids), shape.offered_t, rules.ties, rules.bid_lot_t))

    sample = _timed(share, shape.bids)
    if sum(award.quantity_t for award in awards) != auction.ended.sold_t:
        raise AssertionError("engine/auction/book: shared out otherwise than the engine does")
    return sample


def _full(auction: _Auction, shape: AuctionShape) -> Sample:
    exchange = auction.fresh()
    close = auction.close(exchange)
    sample = _timed(lambda: exchange.apply(close), shape.bids)
    _check(auction, exchange)
    return sample


def _journal(auction: _Auction, shape: AuctionShape) -> Sample:
    exchange = auction.fresh()
    close = auction.close(exchange)
    with TemporaryDirectory(prefix="ceax-bench-") as folder:
        disk = FolderDisk(Path(folder) / "journal")
        disk.make()
        journal = Journal.open(disk, b"", SEMANTICS_VERSION)

        def keep_and_close() -> None:
            journal.append(journal.last, [[close]], exchange.event_digest())
            exchange.apply(close)

        sample = _timed(keep_and_close, shape.bids)
        journal.close()
    _check(auction, exchange)
    return sample


def _check(auction: _Auction, exchange: Exchange) -> None:
    if exchange.event_digest() != auction.digest:
        raise AssertionError("engine/auction: a timed close ended with another digest")
