"""Engine and oracle agree after every command, whatever is sent (the short form; soak has the long one)."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from engine.core.machine import IS_COMPILED
from tests.machine import MatchingSideBySide, RichSideBySide, SideBySide
from tests.markets_profiles import STREAMED
from tests.reached import Reached
from tests.replay_child import digests
from tests.streams import Recorder, replay_as_records, replay_in_batches, run_stream
from tests.streams_reached import wanted

SHORT = bool(os.environ.get("CEAX_SHORT"))
EXAMPLES = 6 if SHORT else 50
COMMANDS = 400 if SHORT else 4_000
FORM_COMMANDS = 500
SEED, *OTHERS = 1, 2, 3, 4

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


@pytest.mark.skipif(not IS_COMPILED, reason="compares the compiled core with its other forms")
@pytest.mark.parametrize("form", ["NUMBA_DISABLE_JIT", "NUMBA_BOUNDSCHECK"])
def test_every_form_of_the_core_gives_the_same_digests(form: str) -> None:
    """Plain Python, and numba's own switch for bounds checks; ours are always on."""
    journals = {name: streamed(name).entries[:FORM_COMMANDS] for name in STREAMED}
    child = subprocess.run(
        [sys.executable, "-m", "tests.replay_child"],
        cwd=Path(__file__).parents[2],
        env=os.environ | {form: "1"},
        input=msgspec.json.encode(journals),
        capture_output=True,
        check=True,
    )
    told = msgspec.json.decode(child.stdout)
    assert told == {name: digests(name, entries) for name, entries in journals.items()}


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
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
