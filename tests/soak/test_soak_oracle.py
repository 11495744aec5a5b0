"""The long form of the comparison with the oracle: many seeds, which are printed (`make soak`)."""

import os
import secrets

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.machine import MatchingSideBySide, RichSideBySide, SideBySide
from tests.markets_profiles import STREAMED
from tests.reached import Reached
from tests.streams import replay_as_records, replay_in_batches, run_stream
from tests.streams_reached import wanted_in_the_long_form

pytestmark = [
    pytest.mark.soak,
    pytest.mark.timeout(0),
    pytest.mark.skipif(not os.environ.get("CEAX_SOAK"), reason="set CEAX_SOAK=1 for long proofs"),
]
STREAMS = int(os.environ.get("CEAX_SOAK_STREAMS", "80"))
COMMANDS = int(os.environ.get("CEAX_SOAK_COMMANDS", "20000"))
EXAMPLES = int(os.environ.get("CEAX_SOAK_EXAMPLES", "2000"))


def test_many_long_streams_are_answered_alike_and_reach_every_refusal() -> None:
    first = int(os.environ.get("CEAX_SEED", "0")) or secrets.randbelow(2**31)
    names, reached = list(STREAMED), Reached()
    for seed in range(first, first + STREAMS):
        name = names[seed % len(names)]
        profile = STREAMED[name]()
        print(f"seed {seed}, {name}, {COMMANDS} commands", flush=True)
        recorder = run_stream(seed, COMMANDS, profile)
        assert len(recorder.entries) >= COMMANDS
        replay_in_batches(recorder, seed, profile)
        replay_as_records(recorder, seed, profile)
        reached.counts.update(recorder.reached.counts)
    print(reached.table())
    assert reached.missing(wanted_in_the_long_form()) == []


@pytest.mark.parametrize(
    "machine", [SideBySide, MatchingSideBySide, RichSideBySide], ids=lambda kind: kind.__name__
)
def test_hypothesis_finds_no_quarrel_in_many_examples(machine: type[SideBySide]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=80,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
