"""Whoever approves reads what the proposal does: every action has words in both languages."""

from typing import Any, get_args

import pytest

from engine.commands import Action, IssueCode, RemoveParticipant, RestoreParticipant, Role
from gateway.action_words import action_text
from terminal.texts import LANGUAGES
from tests.sample_events import sample


@pytest.mark.parametrize("kind", get_args(Action), ids=lambda kind: kind.__name__)
def test_every_action_has_words_of_its_own_in_both_languages(kind: Any) -> None:
    texts = [action_text(sample(kind, participant=9), language) for language in LANGUAGES]
    assert all(text.strip() for text in texts)
    assert texts[0] != texts[1]


def test_the_words_name_who_it_is_about() -> None:
    code = sample(IssueCode, role=Role.RISK, person="演示风控", participant=9)
    assert "演示风控" in action_text(code, "zh")
    assert "risk officer" in action_text(code, "en")
    removal = RemoveParticipant(participant=9, explanation="不在名录")
    assert "不在名录" in action_text(removal, "zh")
    assert "2022" in action_text(RestoreParticipant(participant=9, compliance_year=2022), "en")
