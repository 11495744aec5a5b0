"""Whoever approves reads what the proposal does: every action has words in both languages."""

from typing import Any, get_args

import pytest
from msgspec import structs

from engine.commands import (
    Action,
    EnrolKey,
    IssueCode,
    OnDisconnect,
    Permission,
    RemoveParticipant,
    RestoreParticipant,
    Role,
)
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


def test_whoever_approves_reads_every_term_that_narrows_the_key() -> None:
    free = IssueCode(
        code_hash="0" * 64, code_valid_until_ns=1, role=Role.TRADER, person="演示", participant=9
    )
    assert action_text(free, "zh") == "发放开通码: 演示 (交易员) P0009"
    whole = structs.replace(free, permissions=tuple(Permission))
    assert action_text(whole, "zh") == action_text(free, "zh")
    narrow = structs.replace(
        free,
        permissions=(Permission.LISTED, Permission.CANCEL),
        addresses=("192.0.2.0/24", "2001:db8::/32"),
        valid_until="2026-12-31",
        on_disconnect=OnDisconnect.KEY,
    )
    chinese = action_text(narrow, "zh")
    assert "; 权限 挂牌, 撤单; 地址 192.0.2.0/24, 2001:db8::/32; 有效至 2026-12-31; " in chinese
    assert chinese.endswith("; 断线撤单: 全部连接断开")
    english = action_text(narrow, "en")
    assert "; may listed, cancel; from 192.0.2.0/24, 2001:db8::/32; until 2026-12-31; " in english
    assert english.endswith("; orders cancelled when lost: last connection")
    enrolment = EnrolKey(public_key="1" * 64, role=Role.READER, person="演示", addresses=("::1",))
    assert action_text(enrolment, "en").endswith("; from ::1")
    risk = structs.replace(free, role=Role.RISK, permissions=(Permission.CANCEL,))
    assert "权限" not in action_text(risk, "zh"), "it is all of the role"
