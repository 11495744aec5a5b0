"""The flows of the engine's benchmark made ready: a market with its day open, and the records to run in it.

A flow is prepared once and run as often as rows ask for it; before each run the market is put back to
the same moment and filled again with the orders that only stand there.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec
import numpy as np
from msgspec import Struct, structs
from numpy.typing import NDArray

from bench.engine_flows import SHAPES, ContinuousFlow, FlowShape
from bench.measure import DIGITS
from bench.stage import FIRST_TRADER_KEY, Rewind, Stage
from bench.stream import Tally, pack
from bench.workload import Flow, Shape
from engine.core.records import EVENT, CommandKind, EventKind
from engine.exchange import Exchange
from engine.profile import Profile, load_profile

UNTIMED_BATCH: Final = 1_000
"""The untimed run of a stream is cut otherwise than any timed one: a digest owes nothing to batches."""
SPARE: Final = 64
EVENTS: Final = 3
"""A batch of a flow has fewer events than this for each command."""
FEW: Final = 2
"""How many are admitted by commands where the others are just there."""
HOSTILE_PERCENT: Final = 90

Records = NDArray[np.void]
Span = tuple[int, int]
"""Begin and end of a batch among the records."""
Spans = Sequence[Span]


class Sample(Struct, frozen=True):
    """One timed run: nanoseconds per command."""

    thread_ns: float
    wall_ns: float


@cache
def profile_of(name: str) -> Profile:
    """Return a profile as shipped."""
    text = files("engine").joinpath(f"profiles/{name}.toml").read_bytes()
    return load_profile(text, f"{name}.toml")


def roomy(profile: Profile, participants: int, orders: int) -> Profile:
    """Return a profile with room for a flow; what the shipped one has is never made smaller."""
    capacity = profile.capacity
    larger = structs.replace(
        capacity,
        participants=max(capacity.participants, participants),
        keys=max(capacity.keys, participants + SPARE),
        orders_per_day=max(capacity.orders_per_day, orders),
    )
    return structs.replace(profile, capacity=larger)


class Case:
    """One flow, ready to be run."""

    def __init__(
        self, stage: Stage, shape: Shape | FlowShape, records: Records, prefill: int
    ) -> None:
        self.stage: Final = stage
        self.shape: Final = shape
        self._rewind: Final = Rewind(stage.exchange)
        stamped = stage.stamp(records)
        self.prefill: Final = stamped[:prefill]
        self.records: Final = stamped[prefill:]
        self._digests: dict[int, bytes] = {}
        self.events: Records = self._untimed(len(self.records))

    @property
    def exchange(self) -> Exchange:
        """The market of this flow."""
        return self.stage.exchange

    def _untimed(self, count: int) -> Records:
        """Run the prefill and some commands, keep the digest and return their events."""
        self.rewind()
        rows = self.records[:count]
        answers = [
            self.exchange.apply_records(rows[start : start + UNTIMED_BATCH]).events
            for start in range(0, count, UNTIMED_BATCH)
        ]
        self._digests[count] = self.exchange.event_digest()
        if (
            not self.stage.is_crowd_written
        ):  # its keys are rows that nobody enrolled, so a check must fail
            self.exchange.check()
        return np.concatenate(answers)

    def rewind(self) -> None:
        """Put the market back and fill the book again."""
        self._rewind.back()
        if len(self.prefill):
            self.exchange.apply_records(self.prefill)

    def rewind_bare(self) -> None:
        """Put the market back with an empty book."""
        self._rewind.back()

    def expect(self, count: int) -> None:
        """See to it that the digest of so many commands is known before the clock starts."""
        if count not in self._digests:
            self._untimed(count)

    def check_digest(self, name: str, count: int) -> None:
        """Compare the market with the untimed run; AssertionError if they differ."""
        if self.exchange.event_digest() != self._digests[count]:
            raise AssertionError(
                f"{name}: a timed run ended with another digest than the untimed one"
            )

    def bare_records(self) -> tuple[Records, Records]:
        """Return prefill and commands as the bare book takes them: none refused, numbers told."""
        self.rewind_bare()
        before = self.exchange.apply_records(self.prefill).events
        return _bare(self.prefill, before), _bare(self.records, self.events)

    def all_events(self) -> Records:
        """Return the events of prefill and commands."""
        self.rewind_bare()
        return np.concatenate([self.exchange.apply_records(self.prefill).events, self.events])

    def tally(self, last_sequence: int) -> Tally:
        """Return what the untimed run traded up to a sequence."""
        events = self.events
        traded = events[
            (events["kind"] == EventKind.TRADED) & (events["sequence"] <= last_sequence)
        ]
        tally = Tally()
        fields = ("target", "order", "price_fen", "quantity_t")
        for fill in zip(*(traded[name].tolist() for name in fields), strict=True):
            tally.add(*fill)
        return tally

    def facts(self) -> dict[str, Any]:
        """Return what the flow turned out to be."""
        kinds = Counter(self.events["kind"].tolist())
        refused = self.events[self.events["kind"] == EventKind.REFUSED]
        commands = len(self.records)
        return {
            **msgspec.to_builtins(self.shape),
            "profile": self.exchange.profile.name,
            "new_percent": _percent(self.records["kind"] == CommandKind.PLACE_LISTING),
            "cancels_percent": _percent(self.records["kind"] == CommandKind.CANCEL_ORDER),
            "refused_percent": round(100 * len(refused) / commands, DIGITS),
            "refusal_reasons": len(set(refused["reason"].tolist())),
            "trades": kinds[EventKind.TRADED],
            "events": len(self.events),
            "live_at_end": self.live(),
        }

    def live(self) -> int:
        """Return how many orders stand now."""
        products = self.exchange.profile.products
        books = [self.exchange.book(product.code, 10**6) for product in products]
        return sum(level.count for book in books for level in (*book.bids, *book.asks))


def _bare(records: Records, events: Records) -> Records:
    """Keep what was not refused; orders bear the number that the exchange gave them."""
    sequences, places = np.unique(events["sequence"], return_index=True)
    answers = events[places[np.searchsorted(sequences, records["sequence"])]]
    rows = records.copy()
    rows["client_order"] = answers["order"]
    kept: Records = rows[answers["kind"] != EventKind.REFUSED]
    return kept


def _percent(chosen: NDArray[np.bool_]) -> float:
    return round(float(100 * chosen.mean()), DIGITS)


def time_spans(spans: Sequence[Span], call: Callable[[int, int], object]) -> Sample:
    """Return the nanoseconds per command of calling `call` with the begin and end of each batch."""
    count = sum(end - begin for begin, end in spans)
    thread, wall = time.thread_time_ns(), time.perf_counter_ns()
    for begin, end in spans:
        call(begin, end)
    spent = time.thread_time_ns() - thread
    passed = time.perf_counter_ns() - wall
    return Sample(spent / count, passed / count)


def time_records(exchange: Exchange, records: Records, events: Records, spans: Spans) -> Sample:
    """Return the nanoseconds per command of running batches of the same records into the same rows."""
    run, count = exchange.run_records, sum(end - begin for begin, end in spans)
    thread, wall = time.thread_time_ns(), time.perf_counter_ns()
    for begin, end in spans:
        run(records, events, begin, end)
    spent = time.thread_time_ns() - thread
    passed = time.perf_counter_ns() - wall
    return Sample(spent / count, passed / count)


def cut(count: int, batch: int) -> list[Span]:
    """Return begin and end of each batch of so many commands."""
    return [(begin, min(begin + batch, count)) for begin in range(0, count, batch)]


def event_room(exchange: Exchange, rows: int) -> Records:
    """Return rows for so many events, and for the longest answer to one command behind them."""
    return np.zeros(rows + exchange.profile.capacity.fills_per_command + 1, EVENT)


def listed_case(shape: Shape) -> Case:
    """Return a flow of listings, picks and cancels on the national market."""
    total = shape.live + shape.commands
    profile = roomy(profile_of("national"), shape.participants, total)
    stage = Stage(profile, shape)
    stage.open_day()
    return Case(stage, shape, Flow(profile, shape).records(shape.live, shape.commands), shape.live)


def continuous_case(shape: FlowShape, crowd: Callable[[Stage, int], None] | None = None) -> Case:
    """Return a continuous flow on the continuous market; `crowd` lets all but a few be there at once."""
    stream = ContinuousFlow(shape).stream()
    products = profile_of("continuous").products[: shape.products]
    whole = roomy(profile_of("continuous"), shape.participants, int(stream.is_new.sum()))
    members = tuple(product.code for product in products)
    composite = structs.replace(whole.composite[0], members=members, weights=(1,) * len(members))
    listed = structs.replace(whole.listed, band_bp=1_000)
    profile = structs.replace(whole, products=products, composite=(composite,), listed=listed)
    admitted = structs.replace(shape, participants=FEW) if crowd else shape
    stage = Stage(profile, admitted)
    if crowd is not None:
        crowd(stage, shape.participants)
    stage.open_day()
    return Case(stage, shape, pack(stream, FIRST_TRADER_KEY), shape.live)


def make_case(flow: str, commands: int) -> Case:
    """Return a flow by its name in the rows."""
    if flow in SHAPES:
        return continuous_case(structs.replace(SHAPES[flow], commands=commands))
    refused = HOSTILE_PERCENT if flow == "hostile" else Shape().refused_percent
    return listed_case(Shape(commands=commands, refused_percent=refused))
