"""Counts that the metrics read: kept as plain numbers by whoever does the work, collected at a scrape."""

import time
from pathlib import Path
from typing import Final, Protocol

from msgspec import Struct

FINEST_NS: Final = 100_000
"""Upper bound of the first bucket: 0.1 ms; each next one is twice as wide."""
BUCKETS: Final = 16
"""The last bounded bucket ends at 0.1 ms × 2^15 = 3.3 s."""


class Histogram:
    """Durations by powers of two; one observation is a shift and two additions, without a lock."""

    __slots__ = ("counts", "total_ns")

    def __init__(self) -> None:
        self.counts = [0] * (BUCKETS + 1)
        """Observations by bucket, the last one without a bound."""
        self.total_ns = 0

    def observe(self, duration_ns: int) -> None:
        """Count a duration."""
        place = (max(0, duration_ns - 1) // FINEST_NS).bit_length()
        self.counts[min(place, BUCKETS)] += 1
        self.total_ns += duration_ns

    def cumulative(self) -> list[tuple[str, float]]:
        """Return (upper bound in seconds, observations up to it), as Prometheus wants them."""
        found: list[tuple[str, float]] = []
        count = 0
        for place, observed in enumerate(self.counts):
            count += observed
            bound = FINEST_NS * 2**place / 1e9
            found.append((f"{bound:g}" if place < BUCKETS else "+Inf", float(count)))
        return found


class WriterTally:
    """What the sequencer counts, once per batch."""

    __slots__ = ("append", "apply", "batches", "commands", "publish")

    def __init__(self) -> None:
        self.batches = 0
        self.commands = 0
        self.append = Histogram()
        """From the stamp of a batch until it is durable."""
        self.apply = Histogram()
        """The engine's work on a batch."""
        self.publish = Histogram()
        """From applied until answers and feed are handed to the sockets."""

    def note(self, commands: int, began_ns: int, durable_ns: int, applied_ns: int) -> None:
        """Count a batch by the moments of its way, all of the monotonic clock."""
        self.batches += 1
        self.commands += commands
        self.append.observe(durable_ns - began_ns)
        self.apply.observe(applied_ns - durable_ns)
        self.publish.observe(time.monotonic_ns() - applied_ns)


class Writer(Protocol):
    """The part of the sequencer that is watched."""

    @property
    def tally(self) -> WriterTally:
        """What it has counted."""
        ...

    @property
    def waiting(self) -> int:
        """Commands that wait for their batch."""
        ...


class Copy(Protocol):
    """How the copy of the journal off this machine stands."""

    @property
    def sequence(self) -> int:
        """Last sequence that the copy holds."""
        ...

    @property
    def behind_s(self) -> float:
        """For how long the oldest command that is not there has been durable."""
        ...

    @property
    def problem(self) -> str:
        """Why the copy does not go on, "" where it does."""
        ...


class Ships(Protocol):
    """What sends the copy."""

    @property
    def state(self) -> Copy:
        """How it stands."""
        ...


class Inside(Struct, frozen=True, kw_only=True):
    """What is watched of a process beside its gateway; None where a test has no such part."""

    writer: Writer | None = None
    folder: Path | None = None
    """Where the journal's files lie."""
    shipping: Ships | None = None
