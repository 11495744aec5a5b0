"""Every reason can be told in Chinese and English, with its figures and their units."""

import re
from typing import get_args

import pytest

from engine.commands import BatchCommand, OrderCommand
from engine.reasons import EXPLANATIONS, PRECEDENCE, Reason

UNITS = {"", "fen", "t", "time_ns", "moment", "phase", "number"}
HUNDREDS = {1, 2, 3, 4, 5, 6, 9}
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_every_reason_is_explained_and_nothing_else() -> None:
    assert set(EXPLANATIONS) == set(Reason)


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.name)
def test_texts_show_the_figures_that_have_a_unit(reason: Reason) -> None:
    explanation = EXPLANATIONS[reason]
    assert set(explanation.figures) <= UNITS
    shown = {name for name, unit in zip("ab", explanation.figures, strict=True) if unit}
    for text in (explanation.zh, explanation.en):
        assert set(re.findall(r"\{(\w+)\}", text)) == shown
        assert text.format(a="A", b="B").strip()
    assert CHINESE.search(explanation.zh)
    assert not CHINESE.search(explanation.en)


def test_numbers_are_in_the_ranges_that_the_module_names() -> None:
    numbers = [int(reason) for reason in Reason if reason != Reason.NONE]
    assert len(set(numbers)) == len(numbers)
    assert {number // 100 for number in numbers} <= HUNDREDS


def test_precedence_speaks_of_every_order_command_and_names_no_rule_twice() -> None:
    """Save for halts: the first is of market, method or participant, the second of the product."""
    assert set(PRECEDENCE) == {kind.__name__ for kind in get_args(OrderCommand | BatchCommand)}
    for kind, reasons in PRECEDENCE.items():
        halts = reasons.count(Reason.HALTED)
        assert halts <= 2, kind
        assert len(set(reasons)) == len(reasons) - max(0, halts - 1), kind
        assert reasons[:5] == (
            Reason.KEY_UNKNOWN,
            Reason.KEY_REVOKED,
            Reason.KEY_EXPIRED,
            Reason.ROLE_NOT_PERMITTED,
            Reason.CLIENT_ORDER_REUSED,
        )


def test_numbers_of_reasons_are_never_changed() -> None:
    """Journals and clients hold these numbers: add, never renumber."""
    frozen = {
        "KEY_UNKNOWN": 101,
        "CLIENT_ORDER_REUSED": 109,
        "PHASE_CLOSED": 201,
        "REFERENCE_PRICE_MISSING": 207,
        "PRICE_OUTSIDE_BAND": 302,
        "QUANTITY_ABOVE_MAXIMUM": 305,
        "CASH_NOT_AVAILABLE": 401,
        "HOLDING_NOT_AVAILABLE": 402,
        "BETTER_LEVEL_EXISTS": 505,
        "LISTING_QUANTITY_NOT_AVAILABLE": 506,
        "SAME_PERSON": 603,
        "ORDERS_FULL": 901,
    }
    assert {name: int(Reason[name]) for name in frozen} == frozen
