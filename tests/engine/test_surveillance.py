"""Surveillance as a whole: the same alerts live, in batches and replayed; pure, bounded, in two languages."""

import ast
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec import structs

import engine.surveillance
from engine.commands import Side
from engine.exchange import Exchange
from engine.profile import Surveillance
from engine.surveillance import RULES, Bounds, Rule, Watch
from tests.engine.surveillance_floor import SECOND_DATE, Floor, Recorder, busy, proves
from tests.markets import FIRST_DATE, national


@pytest.fixture(scope="module")
def market() -> Recorder:
    return busy(Recorder(national()))


def test_the_busy_market_raises_every_rule(market: Recorder) -> None:
    raised = {alert.rule for alert in market.alerts}
    # Large holders and auctions have markets of their own in test_surveillance_markets.
    assert raised == set(Rule) - {Rule.WATCH_LIMIT, Rule.FEW_BIDDERS, Rule.LARGE_HOLDER}
    assert {alert.date for alert in market.alerts} == {FIRST_DATE, SECOND_DATE}
    assert all(proves(market, alert) for alert in market.alerts)


@pytest.mark.parametrize("size", [1, 2, 7, 64, 100_000])
def test_batches_change_nothing(market: Recorder, size: int) -> None:
    watch, alerts = Watch(market.profile), []
    for start in range(0, len(market.events), size):
        alerts += watch.take(market.events[start : start + size])
    assert alerts == market.alerts


def test_a_replay_raises_the_same_alerts(market: Recorder) -> None:
    exchange, watch = Exchange(market.profile), Watch(market.profile)
    answers = exchange.apply_entries(market.entries)
    assert [alert for events in answers for alert in watch.take(events)] == market.alerts


def test_taking_events_changes_neither_them_nor_another_watch(market: Recorder) -> None:
    before = list(market.events)
    one, two = Watch(market.profile), Watch(market.profile)
    assert one.take(market.events) == market.alerts
    assert two.take(()) == []
    assert market.events == before
    assert two.take(market.events) == market.alerts


def test_a_watch_that_starts_late_does_not_fall(market: Recorder) -> None:
    for start in range(0, len(market.events), 5):
        alerts = Watch(market.profile).take(market.events[start:])
        assert all(alert.sequences for alert in alerts)


def test_surveillance_imports_vocabulary_and_nothing_of_the_machine() -> None:
    folder = Path(engine.surveillance.__file__).parent
    allowed = {"collections", "collections.abc", "enum", "heapq", "typing", "msgspec"}
    allowed |= {f"engine.{name}" for name in ("commands", "events", "profile", "units")}
    for path in sorted(folder.glob("surveillance*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            else:
                continue
            for name in names:
                assert name in allowed or name.startswith("engine.surveillance_"), (path.name, name)


@pytest.mark.parametrize("rule", list(Rule))
def test_every_rule_speaks_both_languages(rule: Rule, market: Recorder) -> None:
    assert RULES[rule].zh.strip()
    assert RULES[rule].en.strip()
    for alert in market.alerts:
        if alert.rule == rule:
            for text in (alert.zh, alert.en):
                assert "{" not in text
                assert not alert.product or alert.product in text
                assert all(f"P{number:04d}" in text for number in alert.participants) or (
                    rule == Rule.CLOSE_BY_FEW_TONNES
                )
            assert any("\u4e00" <= sign <= "\u9fff" for sign in alert.zh)
            assert alert.en.isascii()


def test_every_figure_is_an_integer_with_a_known_unit(market: Recorder) -> None:
    counts = {"trades", "cancels", "orders"}
    for alert in market.alerts:
        for name, value in alert.figures.items():
            assert type(value) is int
            assert name in counts or name.rsplit("_", 1)[1] in {"fen", "t", "bp", "s"}, name


# ---------------------------------------------------------------- bounds


def listings(floor: Floor) -> None:
    for number in range(5):
        floor.list_(1 + number % 4, Side.BUY, 4_700 - number, 1)


def cancels(floor: Floor) -> None:
    for who in (1, 2, 3, 4):
        floor.cancel(who, floor.list_(who, Side.BUY, 4_700, 1))


def pairs(floor: Floor) -> None:
    for buyer in (2, 3, 4):
        floor.trade(1, buyer, 4_800, 1)


def blocks(floor: Floor) -> None:
    floor.at("13:00")
    for buyer in (2, 3, 4):
        floor.block(1, buyer, 4_800)


@pytest.mark.parametrize(
    ("bound", "act"),
    [
        ("listings", listings),
        ("activities", cancels),
        ("activities", pairs),
        ("pairs", pairs),
        ("rates", listings),
        ("blocks", blocks),
        ("prints", pairs),
        ("holdings", listings),
    ],
)
def test_what_is_remembered_is_bounded(bound: str, act: Callable[[Floor], None]) -> None:
    floor = Floor(structs.replace(Bounds(), **{bound: 2}))
    act(floor)
    assert floor.market.watch.held()[bound] == 2
    floor.close()
    told = [alert for alert in floor.market.alerts if alert.rule == Rule.WATCH_LIMIT]
    assert [(alert.figures, bound in alert.en) for alert in told] == [({"limit": 2}, True)]
    whole = Floor()
    act(whole)
    assert whole.market.watch.held()[bound] > 2
    assert whole.close().market.alerts == []


def test_alerts_of_a_rule_are_bounded_for_a_day_and_it_is_said() -> None:
    floor = Floor(Bounds(alerts=2))
    for buyer in (2, 3, 4):
        floor.trade(1, buyer, 4_320, 10)
    rules = [alert.rule for alert in floor.market.alerts]
    assert rules == [Rule.TRADE_AT_BAND_EDGE, Rule.TRADE_AT_BAND_EDGE, Rule.WATCH_LIMIT]
    floor.close()
    floor.next_day(4_320)
    floor.trade(1, 2, 4_752, 10)
    assert [alert.rule for alert in floor.market.alerts[3:]] == [Rule.TRADE_AT_BAND_EDGE]


def test_rules_that_speak_each_time_are_bounded_too() -> None:
    floor = Floor(Bounds(alerts=2))
    floor.at("13:00")
    for buyer in (2, 3, 4):
        floor.block(1, buyer, 3_360)
    rules = [alert.rule for alert in floor.market.alerts]
    assert rules == [Rule.BLOCK_AT_BAND_EDGE, Rule.BLOCK_AT_BAND_EDGE, Rule.WATCH_LIMIT]
    assert floor.close().market.alerts[3:] == []


def test_the_proof_is_bounded_and_keeps_the_last() -> None:
    floor = Floor(Bounds(proof=3), close_quantity_t_min=100)
    last = [floor.trade(1, 2, 4_800, 1) for _ in range(8)][-1]
    alert = floor.close().market.alerts[0]
    assert len(alert.sequences) == 3
    assert alert.sequences[1] == last.sequence


def test_a_new_day_forgets_the_old_one() -> None:
    floor = Floor(paired_trades=1, list_cancels=2)
    floor.trade(1, 2, 4_800, 10)
    floor.cancel(3, floor.list_(3, Side.SELL, 4_900, 700))
    floor.list_(4, Side.SELL, 4_900, 700)
    floor.close()
    floor.next_day(4_800)
    held = floor.market.watch.held()
    assert {name for name, count in held.items() if count} == {"holdings"}
    assert not floor.market.watch._day._ladders, "prices of one day are not kept for the next"
    floor.trade(2, 1, 4_800, 10)
    floor.cancel(3, floor.list_(3, Side.SELL, 4_900, 700))
    assert floor.close().market.alerts == []


# ---------------------------------------------------------------- thresholds


def test_the_defaults_are_those_of_the_national_profile() -> None:
    assert national().surveillance == Surveillance()


def test_thresholds_are_obeyed_from_the_profile() -> None:
    for name in Surveillance.__struct_fields__:
        assert any(
            f"rules.{name}" in path.read_text(encoding="utf-8")
            for path in Path(engine.surveillance.__file__).parent.glob("surveillance*.py")
        ), f"nothing reads {name}"
