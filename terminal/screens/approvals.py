"""Approvals (复核): what other operators proposed; the checker types the value again before it takes effect."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import DataTable

from engine.commands import Approve, CorrectReferencePrice, Reject, SetReferencePrice
from engine.views import ProposalView
from gateway.action_words import action_text
from terminal import format as show
from terminal.desk import desk, word
from terminal.keys import OPEN, REJECT, Key
from terminal.screens.base import FrameScreen
from terminal.widgets.dialogs import Check, TypedDialog
from terminal.widgets.table import Column, Row, TablePanel

ACTIONS_SHOWN = 8


class ProposalsPanel(TablePanel):
    """Proposals that wait, oldest first."""

    COLUMNS = (
        Column("proposal", 6, "right"),
        Column("time", 8),
        Column("maker", 12),
        Column("content", 44),
    )

    def repaint(self, topics: frozenset[str]) -> None:
        """Show the proposals as they are now."""
        if "*" in topics:
            self.relabel()
        if topics & {"proposals", "*"}:
            proposals = desk(self).state.proposals or ()
            self.border_title = word(self, "approvals_title", count=len(proposals))
            rows = [self._row(proposal) for proposal in proposals]
            self.show_rows(rows, word(self, "approvals_empty"))

    def _row(self, proposal: ProposalView) -> Row:
        first = action_text(proposal.actions[0], desk(self).language)
        more = len(proposal.actions) - 1
        tail = " " + word(self, "actions_more", count=more) if more else ""
        return str(proposal.proposal), (
            str(proposal.proposal),
            show.clock(proposal.time_ns),
            show.plain(proposal.person),
            first + tail,
        )


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
        proposal = self._chosen()
        if proposal is None:
            return
        me = desk(self).state.welcome
        if me is not None and proposal.person == me.person:
            desk(self).note("approve_own")
            return
        title = word(
            self, "approve_dialog", proposal=proposal.proposal, person=show.plain(proposal.person)
        )
        dialog = TypedDialog(title, self._details(proposal), *self._proof(proposal))
        self.app.push_screen(dialog, lambda typed: self._approve(proposal, typed))

    def action_reject(self) -> None:
        """Ask for the reason and reject."""
        proposal = self._chosen()
        if proposal is None:
            return
        dialog = TypedDialog(
            word(self, "reject_dialog", proposal=proposal.proposal),
            self._details(proposal),
            word(self, "reject_reason"),
            lambda _: "",
            number=False,
        )
        self.app.push_screen(dialog, lambda reason: self._reject(proposal, reason))

    def _chosen(self) -> ProposalView | None:
        number = self.query_one(ProposalsPanel).chosen()
        rows = desk(self).state.proposals or ()
        return next((row for row in rows if str(row.proposal) == number), None)

    def _details(self, proposal: ProposalView) -> str:
        lines = [
            action_text(action, desk(self).language) for action in proposal.actions[:ACTIONS_SHOWN]
        ]
        more = len(proposal.actions) - ACTIONS_SHOWN
        if more > 0:
            lines.append(word(self, "actions_more", count=more))
        return "\n".join([*lines, f"{word(self, 'reason')}: {proposal.reason}"])

    def _proof(self, proposal: ProposalView) -> tuple[str, Check]:
        only = proposal.actions[0]
        if len(proposal.actions) == 1 and isinstance(
            only, SetReferencePrice | CorrectReferencePrice
        ):
            price_fen = only.price_fen
            return (
                word(self, "approve_price"),
                lambda typed: (
                    "" if show.parse_price(typed) == price_fen else word(self, "approve_differs")
                ),
            )
        count = len(proposal.actions)
        return (
            word(self, "approve_count", count=count),
            lambda typed: (
                "" if show.parse_quantity(typed) == count else word(self, "approve_differs")
            ),
        )

    def _approve(self, proposal: ProposalView, typed: str | None) -> None:
        if typed is not None:
            desk(self).send(lambda _: Approve(proposal=proposal.proposal))

    def _reject(self, proposal: ProposalView, reason: str | None) -> None:
        if reason is not None:
            desk(self).send(lambda _: Reject(proposal=proposal.proposal, reason=reason))
