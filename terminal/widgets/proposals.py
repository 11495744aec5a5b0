"""What waits for a second person: all proposals, or those that concern keys."""

from engine.commands import EnrolKey, IssueCode
from engine.views import ProposalView
from gateway.action_words import action_text
from terminal import format as show
from terminal.desk import desk, word
from terminal.widgets.table import Column, Row, TablePanel

NARROW = (
    Column("proposal", 6, "right"),
    Column("time", 8),
    Column("maker", 12),
    Column("content", 44),
)
WIDE = (
    Column("proposal", 6, "right"),
    Column("time", 8),
    Column("maker", 14),
    Column("content", 82),
)


class ProposalsPanel(TablePanel):
    """Proposals that wait, oldest first."""

    COLUMNS = NARROW

    def __init__(self, *, id: str, of_keys: bool = False) -> None:  # noqa: A002
        super().__init__(id=id)
        self.of_keys = of_keys

    def repaint(self, topics: frozenset[str]) -> None:
        """Show the proposals as they are now."""
        if "*" in topics:
            self.fit_columns(WIDE, NARROW)
        if topics & {"proposals", "*"}:
            proposals = self._proposals()
            self.border_title = word(self, "approvals_title", count=len(proposals))
            rows = [self._row(proposal) for proposal in proposals]
            self.show_rows(rows, word(self, "approvals_empty"))

    def chosen_proposal(self) -> ProposalView | None:
        """Return the proposal under the cursor."""
        number = self.chosen()
        return next((row for row in self._proposals() if str(row.proposal) == number), None)

    def _proposals(self) -> list[ProposalView]:
        rows = desk(self).state.proposals or ()
        return [row for row in rows if not self.of_keys or _is_of_keys(row)]

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


def _is_of_keys(proposal: ProposalView) -> bool:
    return any(isinstance(action, EnrolKey | IssueCode) for action in proposal.actions)
