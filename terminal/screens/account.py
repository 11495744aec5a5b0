"""Account (账户): cash, holdings with what T+1 keeps back, and the trades of the day."""

from textual.app import ComposeResult
from textual.widgets import Static

from terminal.desk import word
from terminal.screens.base import FrameScreen
from terminal.widgets.account import CashPanel, HoldingsPanel, TradesPanel


class AccountScreen(FrameScreen):
    """What the own participant has, and why some of it cannot be used today."""

    NAME = "account"
    TITLE_KEY = "account_title"
    HELP_KEY = "account_help"

    def body(self) -> ComposeResult:
        """Lay out cash above holdings above trades."""
        yield CashPanel(id="cash")
        yield HoldingsPanel(id="holdings")
        yield Static("", id="account-note", markup=False)
        yield TradesPanel(id="trades")

    def repaint(self, topics: frozenset[str]) -> None:
        """Paint, and explain T+1 in the chosen language."""
        super().repaint(topics)
        if self.is_mounted and "*" in topics:
            self.query_one("#account-note", Static).update(word(self, "account_t1"))
