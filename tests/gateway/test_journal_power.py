"""On a disk that loses what was not synced: what was acknowledged is recovered, and a prefix, always."""

import os
from contextlib import suppress

from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.journal import Journal
from gateway.journal_read import JournalBroken
from tests.gateway.fake_disk import FakeDisk
from tests.gateway.journal_help import control, hot, open_day, open_journal, recovered

EXAMPLES = 20_000 if os.environ.get("CEAX_SOAK") else 300

DATES = [f"2021-08-{day:02d}" for day in range(1, 32)]
run = st.tuples(st.sampled_from(["hot", "control"]), st.integers(1, 40))
step = st.one_of(
    st.tuples(st.just("append"), st.lists(run, min_size=1, max_size=4)),
    st.tuples(st.just("day"), st.just([])),
    st.tuples(st.just("power"), st.integers(0, 2**32)),
    st.tuples(st.just("kill"), st.just(0)),
    st.tuples(st.just("fail"), st.tuples(st.sampled_from(["write", "sync"]), st.integers(0, 4))),
    st.tuples(st.just("full"), st.integers(0, 20_000)),
)


class Run:
    """One market on the fake disk; it remembers what was sent and what was acknowledged."""

    def __init__(self) -> None:
        self.disk = FakeDisk()
        self.journal: Journal | None = None
        self.acknowledged = 0
        self.sent = 0
        self.days = 0
        self.restart()

    def restart(self) -> None:
        self.journal = None
        with suppress(OSError):  # a disk that still fails: nothing was promised
            self.journal = open_journal(self.disk)
        if self.journal is not None:
            self.check(recovered(self.disk))
            assert self.journal.last == len(recovered(self.disk))
            # What the recovery found is shown to clients, so from here on it is acknowledged.
            self.acknowledged = self.sent = self.journal.last

    def check(self, found: list[int]) -> None:
        assert found == list(range(1, len(found) + 1)), "not a prefix"
        assert self.acknowledged <= len(found) <= self.sent, "lost or invented"

    def append(self, runs: list[tuple[str, int]]) -> None:
        if self.journal is None:
            return
        first, batch = self.journal.last + 1, []
        for kind, count in runs:
            batch.append(hot(first, count) if kind == "hot" else control(first, count))
            first += count
        self.sent = max(self.sent, first - 1)
        with suppress(JournalBroken):
            self.acknowledged = self.journal.append(self.journal.last, batch)

    def day(self) -> None:
        if self.journal is None or self.days == len(DATES):
            return
        first = self.journal.last + 1
        self.sent = max(self.sent, first)
        date, self.days = DATES[self.days], self.days + 1
        with suppress(JournalBroken):
            self.acknowledged = self.journal.append(first - 1, [open_day(first, date)])


@settings(max_examples=EXAMPLES)
@given(st.lists(step, max_size=25), st.integers(0, 2**32))
@example(  # a file's name that the next process saw and the disk did not have
    steps=[
        ("append", [("hot", 1)]),
        ("fail", ("sync", 1)),
        ("day", []),
        ("kill", 0),
        ("append", [("hot", 1)]),
    ],
    seed=0,
)
@example(  # frames whose sync failed: the next process saw them and the disk never got them
    steps=[
        ("append", [("hot", 1)]),
        ("fail", ("sync", 0)),
        ("append", [("hot", 9)]),
        ("kill", 0),
    ],
    seed=0,
)
@example(  # a mark whose sync failed: the next one tore in the only slot that the disk had
    steps=[("fail", ("sync", 0)), ("append", [("hot", 1)]), ("kill", 0)],
    seed=39916801,
)
def test_acknowledged_is_recovered_and_recovered_is_a_prefix(
    steps: list[tuple[str, object]], seed: int
) -> None:
    market = Run()
    for name, argument in steps:
        match name, argument:
            case "append", list(runs):
                market.append(runs)
            case "day", _:
                market.day()
            case "power", int(dice):
                market.disk.cut_power(dice)
                market.disk.capacity = 1 << 30
                market.restart()
            case "kill", _:
                market.disk.kill()
                market.restart()
            case "fail", (str(operation), int(after)):
                market.disk.fail(operation, after)
            case "full", int(spare):
                used = sum(len(inode.current) for inode in market.disk.files.values())
                market.disk.capacity = used + spare
    market.disk.cut_power(seed)
    market.disk.capacity = 1 << 30
    market.restart()
    assert market.journal is not None
