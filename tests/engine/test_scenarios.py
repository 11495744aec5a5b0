"""Every table of `tests/scenarios` is played on engine and oracle, row by row."""

from pathlib import Path

import pytest
from msgspec import structs

from engine.commands import Approve, ConfirmBlock, OpenDay, Propose
from engine.events import AnyEvent
from tests.markets import OPERATOR_ONE, OPERATOR_TWO, Desk, Twins
from tests.scenario_language import (
    Row,
    Scenario,
    action,
    command,
    expect,
    figure,
    read,
    sender,
)
from tests.scenario_looks import row_of, text_of
from tests.scenario_profiles import scenario_profile
from tests.scenario_words import TERMS_THAT_STAND, moment, participant

FOLDER = Path(__file__).resolve().parents[1] / "scenarios"
PATHS = sorted(FOLDER.glob("*.txt"))
SETTING_UP = "06:00"


class Player:
    """Plays one scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self.twins = Twins(scenario_profile(scenario.profile))
        self.desk = Desk(self.twins)
        self.desk.date = scenario.rows[0].text.split()[1]
        self.desk.time_ns = moment(self.desk.date, SETTING_UP)
        self.desk.found(scenario.traders)

    def play(self, row: Row) -> str:
        """Play a row and return what differs."""
        if row.who == "look":
            return self.look(row)
        return expect(self.send(row), row.expected)

    def send(self, row: Row) -> list[AnyEvent]:
        desk = self.desk
        words = row.text.split()
        if words[0] == "open":
            desk.date = words[1]
        time_ns = max(moment(desk.date, row.time), desk.time_ns + 1)
        if row.who == "operators":
            made = desk.one(
                OPERATOR_ONE, Propose(actions=(action(words, desk.date),), reason="演示"), time_ns
            )
            return desk.send(OPERATOR_TWO, Approve(proposal=getattr(made, "proposal", 0)))[1:]
        client_order = desk.next_client_order() + 1_000_000
        told = command(row.text, client_order, desk.next_reference(), desk.date)
        if isinstance(told, OpenDay):
            desk.date = told.date
        if isinstance(told, ConfirmBlock) and told.terms == TERMS_THAT_STAND:
            told = structs.replace(told, terms=self.terms(participant(row.who), told))
        return desk.send(sender(row.who), told, time_ns)

    def terms(self, party: int, told: ConfirmBlock) -> str:
        """Return the digest of the terms that stand between a party and its counterparty."""
        for talk in self.twins.oracle.negotiations(party):
            if talk.offer == told.offer and told.counterparty in (talk.offerer, talk.counterparty):
                return talk.terms
        return "0" * 16

    def look(self, row: Row) -> str:
        """Compare a view with `field value` pairs; events were compared with both exchanges already."""
        kind, *words = row.text.split()
        exchange = self.twins.exchange
        shown = text_of(exchange, kind, words)
        if shown is not None:
            return "" if shown == row.expected else f"{row.expected} expected, {shown} shown"
        return expect_figures(row_of(exchange, kind, words), row.expected)


def expect_figures(shown: object, expected: str) -> str:
    words = expected.split()
    for field, value in zip(words[::2], words[1::2], strict=True):
        found = figure(shown, field)
        if found != value:
            return f"{field} {value} expected, {found} shown"
    return ""


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_the_day_goes_as_the_table_says(path: Path) -> None:
    scenario = read(path)
    player = Player(scenario)
    for row in scenario.rows:
        differs = player.play(row)
        assert not differs, f"{path.name}:{row.line}: {row.text}: {differs}"


def test_all_days_that_were_promised_are_there() -> None:
    names = {path.stem for path in PATHS}
    assert {
        "first_day",
        "better_level",
        "block_afternoon",
        "lapse_at_the_close",
        "no_trade_day",
        "lunch_break",
        "repeated_numbers",
        "limits_of_means",
        "what_may_leave",
        "restrictions",
        "frozen_by_order",
        "halt_and_resume",
        "halt_ends_auction",
        "void_a_trade",
        "reference_corrected",
        "phases_by_hand",
        "closures",
        "suspended_in_dialogue",
        "position_limit",
        "quotes_in_batches",
        "dead_mans_switch",
        "notices",
        "keys_of_a_company",
        "removed_and_restored",
    } <= names


def test_a_wrong_expectation_is_caught(tmp_path: Path) -> None:
    """The runner itself bites: one figure of a good table is changed."""
    good = (FOLDER / "first_day.txt").read_text(encoding="utf-8")
    assert "left 600" in good
    (tmp_path / "wrong.txt").write_text(good.replace("left 600", "left 601"), encoding="utf-8")
    scenario = read(tmp_path / "wrong.txt")
    player = Player(scenario)
    assert any(player.play(row) for row in scenario.rows)
