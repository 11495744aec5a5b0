"""Every table of `tests/scenarios` is played on engine and oracle, row by row."""

from pathlib import Path

import pytest

from engine.commands import Approve, OpenDay, Propose, Side
from engine.events import AnyEvent
from tests.markets import OPERATOR_ONE, OPERATOR_TWO, Desk, Twins, national
from tests.scenario_language import (
    Row,
    Scenario,
    action,
    command,
    expect,
    figure,
    moment,
    participant,
    read,
    sender,
)

FOLDER = Path(__file__).resolve().parents[1] / "scenarios"
PATHS = sorted(FOLDER.glob("*.txt"))
SETTING_UP = "06:00"


class Player:
    """Plays one scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self.twins = Twins(national())
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
            made = desk.one(OPERATOR_ONE, Propose(actions=(action(words),), reason="演示"), time_ns)
            return desk.send(OPERATOR_TWO, Approve(proposal=getattr(made, "proposal", 0)))[1:]
        told = command(row.text, desk.next_client_order() + 1_000_000, desk.next_reference())
        if isinstance(told, OpenDay):
            desk.date = told.date
        return desk.send(sender(row.who), told, time_ns)

    def look(self, row: Row) -> str:
        """Compare a view with `field value` pairs; events were compared with both exchanges already."""
        kind, *words = row.text.split()
        exchange = self.twins.exchange
        if kind == "book":
            book = exchange.book(words[0])
            levels = book.asks if words[1] == "sell" else book.bids
            shown = ", ".join(
                f"{figure(level, 'price')} {level.quantity_t} {level.listings}" for level in levels
            )
            return "" if shown == row.expected else f"{row.expected} expected, {shown} shown"
        if kind == "listings":
            side, price = Side[words[1].upper()], round(float(words[2]) * 100)
            level = exchange.listings(words[0], side, price)
            shown = ", ".join(f"{listing.order} {listing.left_t}" for listing in level)
            return "" if shown == row.expected else f"{row.expected} expected, {shown} shown"
        return expect_figures(self.subject(kind, words), row.expected)

    def subject(self, kind: str, words: list[str]) -> object:
        exchange = self.twins.exchange
        if kind == "cash":
            return exchange.account(participant(words[0])).cash
        if kind == "holding":
            holdings = exchange.account(participant(words[0])).holdings
            return next(row for row in holdings if row.product == words[1])
        if kind == "order":
            orders = exchange.orders(participant(words[0]))
            return next(row for row in orders if row.order == int(words[1]))
        if kind == "bulletin":
            return exchange.bulletins()[-1]
        if kind == "day":
            rows = exchange.bulletins()[-1].products
            return next(row for row in rows if row.product == words[0])
        if kind == "participant":
            return exchange.participants()[participant(words[0]) - 1]
        if kind == "quote":
            return next(row for row in exchange.market().products if row.product == words[0])
        message = f"no view is called {kind}"
        raise ValueError(message)


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
    } <= names


def test_a_wrong_expectation_is_caught(tmp_path: Path) -> None:
    """The runner itself bites: one figure of a good table is changed."""
    good = (FOLDER / "first_day.txt").read_text(encoding="utf-8")
    assert "left 600" in good
    (tmp_path / "wrong.txt").write_text(good.replace("left 600", "left 601"), encoding="utf-8")
    scenario = read(tmp_path / "wrong.txt")
    player = Player(scenario)
    assert any(player.play(row) for row in scenario.rows)
