"""An outside judge of the price-time path: traces that `tracebook-conformance` makes, our engine against its own.

The judge compares outcome, trades and the whole resting queue after every event. `make soak` runs the
same campaigns longer.
"""

import os

import pytest

pytest.importorskip("tracebook.conformance", reason="tracebook-conformance is not installed")

from tracebook.conformance import run_campaign

from tests.engine.outside_judge import CeaxAdapter, Source

PROFILES = ("fifo-limit-v1", "fifo-partial-fill-v1")
SEED = int(os.environ.get("CEAX_SEED", "0")) or 20_261_121
TRACES, EVENTS = (50, 400) if os.environ.get("CEAX_SOAK") else (8, 200)


@pytest.mark.parametrize("profile", PROFILES)
def test_the_judge_finds_no_difference(profile: str) -> None:
    result = run_campaign(CeaxAdapter, profile, seed=SEED, traces=TRACES, events_per_trace=EVENTS)
    assert result.failure is None, result.failure_bundle_dict()
    assert sum(len(trace.events) for trace in result.traces) == TRACES * EVENTS


class LosesItsPlace(CeaxAdapter):
    """A wrong engine: what is reduced goes to the end of its level."""

    def _reduce(self, place: tuple[str, int], quantity_t: int) -> None:
        source: Source = self.live[place]
        left = self._left(source)
        if quantity_t >= left:
            super()._reduce(place, quantity_t)
            return
        self._cancel(place)
        self._place(source, left - quantity_t)


def test_the_judge_names_an_engine_that_loses_the_place_of_a_reduced_order() -> None:
    result = run_campaign(
        LosesItsPlace, PROFILES[0], seed=SEED, traces=TRACES, events_per_trace=EVENTS
    )
    assert result.failure is not None
