"""Engine and oracle agree after every command, whatever is sent (the short form; soak has the long one)."""

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from engine.profile import Profile
from tests.machine import SideBySide
from tests.markets import coarse_profile, small_profile
from tests.streams import replay_as_records, replay_in_batches, run_stream

SHORT = bool(os.environ.get("CEAX_SHORT"))
EXAMPLES = 8 if SHORT else 120
COMMANDS = 600 if SHORT else 8_000


@pytest.mark.parametrize(
    ("seed", "profile"),
    [(1, small_profile()), (2, small_profile()), (3, coarse_profile())],
    ids=["small-1", "small-2", "coarse-3"],
)
def test_a_stream_is_answered_alike_in_any_batches_and_as_records(
    seed: int, profile: Profile
) -> None:
    recorder = run_stream(seed, COMMANDS, profile)
    assert recorder.answers
    replay_in_batches(recorder, seed, profile)
    replay_as_records(recorder, seed, profile)


def test_hypothesis_finds_no_quarrel() -> None:
    run_state_machine_as_test(
        SideBySide,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=50,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
