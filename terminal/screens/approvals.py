"""Approvals (复核): what other operators proposed; the checker types the value again before it takes effect."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import DataTable

from terminal.keys import OPEN, REJECT, Key
from terminal.screens.base import FrameScreen
from terminal.screens.deciding import ask_to_approve, ask_to_reject
from terminal.widgets.proposals import ProposalsPanel


class ApprovalsScreen(FrameScreen):
    """Looks at a proposal, approves or rejects it."""

    NAME = "approvals"
    TITLE_KEY = "key_approvals"
    HELP_KEY = "approvals_help"
    EXTRA_KEYS: ClassVar[tuple[Key, ...]] = (OPEN, REJECT)
    BINDINGS: ClassVar[list[BindingType]] = [Binding("delete,backspace", "reject", show=False)]

    def body(self) -> ComposeResult:
        """Lay out the table."""
        yield ProposalsPanel(id="proposals")

    def on_data_table_row_selected(self, _: DataTable.RowSelected) -> None:
        """Look at the chosen proposal."""
        self.action_open()

    def action_open(self) -> None:
        """Show the proposal; the checker types its price, or the number of its actions."""
        ask_to_approve(self, self.query_one(ProposalsPanel).chosen_proposal())

    def action_reject(self) -> None:
        """Ask for the reason and reject."""
        ask_to_reject(self, self.query_one(ProposalsPanel).chosen_proposal())
