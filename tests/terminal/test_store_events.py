"""Every event of the exchange at the terminal: taken in, asked for again, said once and in both languages."""

from typing import Any, get_args

import pytest

from engine import events as happened
from gateway import wire
from terminal.messages import IntentAnswered, IntentSent, Welcomed
from terminal.notices import words
from terminal.store import State, follow_up, reduce
from terminal.texts import LANGUAGES
from tests.sample_events import sample
from tests.terminal.states import standing, welcome
from tests.terminal.test_store import CANCEL, answer, private, traded


def test_talks_auctions_and_halts_are_asked_for_when_something_happened_to_them() -> None:
    state = standing()
    usual = follow_up(state, private(traded()))
    for kind, asked in (
        (happened.BlockCountered, {"offers", "negotiations"}),
        (happened.BidPlaced, {"auctions", "applications"}),
        (happened.ListingPlaced, set()),
        (happened.Halted, set()),
    ):
        assert follow_up(state, private(sample(kind))) == usual | asked
    operator = State()
    reduce(operator, Welcomed(welcome("operator", key=1, participant=0)))
    assert "halts" in follow_up(operator, private(sample(happened.Halted)))
    assert "offers" not in follow_up(operator, private(sample(happened.BlockCountered)))


def test_keys_codes_and_proposals_are_asked_for_by_who_manages_keys_alone() -> None:
    keys = {"keys", "codes", "proposals"}
    for role, participant, asked in (
        ("administrator", 1, keys),
        ("supervisor", 0, keys),
        ("trader", 1, set()),
        ("risk", 1, {"keys"}),
    ):
        state = State()
        message = Welcomed(welcome(role, participant=participant))
        reduce(state, message)
        assert follow_up(state, message) & keys == asked
        for kind in (
            happened.CodeIssued,
            happened.KeyEnrolled,
            happened.OwnLimitsSet,
            happened.ProposalMade,
            happened.DayOpened,
        ):
            assert follow_up(state, private(sample(kind))) & keys == asked


@pytest.mark.parametrize("kind", get_args(happened.AnyEvent), ids=lambda kind: kind.__name__)
def test_every_event_is_taken_in_and_said_in_both_languages(kind: Any) -> None:
    event = sample(kind, participant=9, counterparty=8, buyer=9, seller=8, key=77)
    for message in (
        private(event),
        wire.MarketChanged(sequence=6, previous=0, time_ns=6, events=(event,)),
        IntentAnswered(1, answer(event)),
    ):
        state = standing()
        reduce(state, IntentSent(1, CANCEL))
        reduce(state, message)
        follow_up(state, message)
        for notice in state.notices:
            for language in LANGUAGES:
                assert words(notice, language, 1).strip(), kind


def test_what_was_told_as_an_answer_is_not_told_again() -> None:
    state = standing()
    halted = sample(happened.Halted, key=0)
    reduce(state, IntentSent(1, CANCEL))
    reduce(state, IntentAnswered(1, answer(halted)))
    told = len(state.notices)
    reduce(state, wire.MarketChanged(sequence=6, previous=0, time_ns=6, events=(halted,)))
    reduce(state, private(halted))
    assert len(state.notices) == told


def test_a_colleagues_mistake_is_told_to_the_colleague_alone() -> None:
    state = standing()
    reduce(state, private(sample(happened.Refused, participant=1, key=77)))
    assert not state.notices
    reduce(state, private(sample(happened.ListingPlaced, participant=1, key=77)))
    assert len(state.notices) == 1  # what the colleague did is the company's own
