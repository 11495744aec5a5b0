"""Refusals in words: every reason in both languages, figures as a person writes them."""

import pytest

from engine.events import Phase
from engine.reasons import EXPLANATIONS, Reason
from engine.units import midnight_ns, parse_clock
from gateway.explain import PHASES, beijing_clock, explain

NOON_NS = midnight_ns("2021-07-16") + parse_clock("13:00")
CASES = [
    (Reason.PRICE_OUTSIDE_BAND, 4_320, 5_280, "价格超出涨跌幅 43.20 – 52.80"),
    (Reason.CASH_NOT_AVAILABLE, 1_00, 4_810_00, "可用资金 1.00 元不足,需要 4,810.00 元"),
    (Reason.HOLDING_NOT_AVAILABLE, 1_500, 99_999, "可卖数量 1,500 吨不足,需要 99,999 吨"),
    (Reason.PHASE_CLOSED, Phase.BREAK, NOON_NS, "当前阶段 午间休市 不接受该申报,下次变更 13:00:00"),
    (Reason.PHASE_CLOSED, Phase.ENDED, 0, "当前阶段 收市 不接受该申报,下次变更 当日不再变更"),
    (Reason.CODE_EXPIRED, NOON_NS, 0, "开通码已于 2021-07-16 13:00:00 失效"),
    (Reason.ORDER_NOT_OPEN, 17, 0, "委托 17 已成交或已撤"),
]


@pytest.mark.parametrize(("reason", "a", "b", "text"), CASES)
def test_figures_are_told_as_people_write_them(reason: Reason, a: int, b: int, text: str) -> None:
    assert explain(reason, a, b, "zh") == text


def test_phases_and_times_in_english() -> None:
    text = explain(Reason.PHASE_CLOSED, Phase.BREAK, NOON_NS, "en")
    assert text == "not accepted in phase break; it changes at 13:00:00"
    assert "no time today" in explain(Reason.PHASE_CLOSED, Phase.CLOSED, 0, "en")


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_a_text_without_holes(reason: Reason) -> None:
    for language in ("zh", "en"):
        text = explain(reason, 1, 2, language)
        assert text
        assert "{" not in text
    figures = EXPLANATIONS[reason].figures
    for place, unit in zip("ab", figures, strict=True):
        assert bool(unit) == ("{" + place + "}" in EXPLANATIONS[reason].en), reason


def test_every_phase_has_a_name() -> None:
    assert set(PHASES) == set(Phase)


def test_the_clock_is_beijing_whatever_the_machine_says() -> None:
    assert beijing_clock(midnight_ns("2021-07-16") + parse_clock("09:30:05")) == "09:30:05"
    assert beijing_clock(midnight_ns("2021-07-16")) == "00:00:00"
