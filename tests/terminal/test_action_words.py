"""Whoever approves reads what the proposal does: every action has words in both languages."""

from types import SimpleNamespace
from typing import Any, cast, get_args

import pytest
from textual.dom import DOMNode

from engine.commands import Action, IssueCode, RemoveParticipant, RestoreParticipant, Role
from terminal.action_words import action_text
from terminal.texts import LANGUAGES, Language
from tests.sample_events import sample


def told(action: Any, language: Language) -> str:
    """Return an action in words, as a screen in that language would say it."""
    node = SimpleNamespace(app=SimpleNamespace(language=language))
    return action_text(cast("DOMNode", node), action)


@pytest.mark.parametrize("kind", get_args(Action), ids=lambda kind: kind.__name__)
def test_every_action_has_words_of_its_own_in_both_languages(kind: Any) -> None:
    texts = [told(sample(kind, participant=9), language) for language in LANGUAGES]
    assert all(text.strip() for text in texts)
    assert texts[0] != texts[1]


def test_the_words_name_who_it_is_about() -> None:
    code = sample(IssueCode, role=Role.RISK, person="演示风控", participant=9)
    assert "演示风控" in told(code, "zh")
    assert "risk officer" in told(code, "en")
    removal = RemoveParticipant(participant=9, explanation="不在名录")
    assert "不在名录" in told(removal, "zh")
    assert "2022" in told(RestoreParticipant(participant=9, compliance_year=2022), "en")
