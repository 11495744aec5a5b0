"""Every pair of state and step, for instructions and for days: in the table it leads on, else it raises."""

from enum import StrEnum
from itertools import product
from typing import Any

import pytest

from clearing.lifecycle import (
    DAY_TABLE,
    FINAL,
    INSTRUCTION_TABLE,
    DayState,
    DayStep,
    LifecycleError,
    State,
    Step,
    advance,
)

INSTRUCTION_WAY = {
    ("CREATED", "send"): "SENT",
    ("SENT", "send"): "SENT",
    ("SENT", "acknowledge"): "ACKED",
    ("SENT", "reject"): "REJECTED",
    ("ACKED", "clear"): "CLEARED",
    ("CLEARED", "confirm"): "CONFIRMED",
    ("CONFIRMED", "deliver"): "SETTLED",
    ("CONFIRMED", "fall_short"): "FAILING",
    ("FAILING", "give_up"): "UNWOUND",
    ("REJECTED", "give_up"): "UNWOUND",
}
DAY_WAY = {
    ("OPEN", "close"): "CLOSED",
    ("CLOSED", "seal"): "SEALED",
    ("SEALED", "send"): "SENT",
    ("SENT", "clear"): "CLEARED",
    ("CLEARED", "confirm"): "CONFIRMED",
    ("CONFIRMED", "deliver"): "DELIVERED",
    ("DELIVERED", "book"): "BOOKED",
    ("BOOKED", "reconcile"): "RECONCILED",
    ("BOOKED", "find_breaks"): "BREAKS",
    ("BREAKS", "reconcile"): "RECONCILED",
    ("BREAKS", "find_breaks"): "BREAKS",
}


@pytest.mark.parametrize(
    ("table", "states", "steps", "way"),
    [
        pytest.param(INSTRUCTION_TABLE, State, Step, INSTRUCTION_WAY, id="instruction"),
        pytest.param(DAY_TABLE, DayState, DayStep, DAY_WAY, id="day"),
    ],
)
def test_every_pair(
    table: Any, states: type[StrEnum], steps: type[StrEnum], way: dict[tuple[str, str], str]
) -> None:
    for state, step in product(states, steps):
        wanted = way.get((state.value, step.value))
        if wanted is None:
            with pytest.raises(LifecycleError, match=f"no step '{step}' from '{state}'"):
                advance(table, state, step)
        else:
            assert advance(table, state, step) == wanted


def test_what_is_final_has_no_way_out() -> None:
    assert {state for state, _ in INSTRUCTION_TABLE} | FINAL == set(State)
    assert not {state for state, _ in INSTRUCTION_TABLE} & FINAL


def test_nothing_settles_before_both_sides_confirmed() -> None:
    before = [state for (state, step) in INSTRUCTION_TABLE if step is Step.DELIVER]
    assert before == [State.CONFIRMED]
    assert [s for (s, step) in INSTRUCTION_TABLE if step is Step.CONFIRM] == [State.CLEARED]
