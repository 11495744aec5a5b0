"""Engine and oracle agree after every command, whatever is sent (the short form; soak has the long one)."""

import os
from functools import cache

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.machine import MatchingSideBySide, RichSideBySide, SideBySide
from tests.markets_profiles import STREAMED
from tests.reached import Reached
from tests.streams import Recorder, replay_as_records, replay_in_batches, run_stream
from tests.streams_reached import wanted

SHORT = bool(os.environ.get("CEAX_SHORT"))
EXAMPLES = 6 if SHORT else 50
COMMANDS = 400 if SHORT else 2_000
SEED, *OTHERS = 1, 2, 3

pytestmark = pytest.mark.xdist_group("streams")


@cache
def streamed(name: str, seed: int = SEED) -> Recorder:
    """Return the stream of a market, run once for all tests of this file."""
    return run_stream(seed, COMMANDS, STREAMED[name]())


@pytest.mark.parametrize("name", STREAMED)
def test_a_stream_is_answered_alike_in_any_batches_and_as_records(name: str) -> None:
    recorder = streamed(name)
    assert recorder.answers
    replay_in_batches(recorder, SEED, recorder.twins.profile)
    replay_as_records(recorder, SEED, recorder.twins.profile)


@pytest.mark.skipif(SHORT, reason="streams of this length do not get everywhere")
def test_the_streams_reach_every_command_event_reason_and_step() -> None:
    """The table is printed: with -rP, or when something was never reached."""
    reached = Reached()
    for name in STREAMED:
        for seed in (SEED, *OTHERS):
            reached.counts.update(streamed(name, seed).reached.counts)
    print(reached.table())
    assert reached.missing(wanted()) == []


@pytest.mark.parametrize(
    "machine", [SideBySide, MatchingSideBySide, RichSideBySide], ids=lambda kind: kind.__name__
)
def test_hypothesis_finds_no_quarrel(machine: type[SideBySide]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=50,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
