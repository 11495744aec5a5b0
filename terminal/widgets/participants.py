"""The admitted participants as a list, those that are barred first."""

from collections.abc import Iterable
from typing import Final

from rich.text import Text

from engine.commands import Restriction
from engine.views import ParticipantView
from terminal import format as show
from terminal.desk import desk, word
from terminal.widgets.colours import coloured
from terminal.widgets.key_list import ROWS_SHOWN_MAX
from terminal.widgets.table import Column, Row, TablePanel

NARROW: Final = (
    Column("participant", 6),
    Column("name", 32),
    Column("province", 8),
    Column("compliance_year", 8, "right"),
    Column("state", 14),
)
WIDE: Final = (
    Column("participant", 6),
    Column("name", 34),
    Column("credit_code", 18),
    Column("province", 10),
    Column("sector", 12),
    Column("compliance_year", 8, "right"),
    Column("state", 14),
)

LOOKS: Final = {
    "active": "text-success",
    "suspended": "text-warning",
    "stopped": "text-warning",
    "removed": "dim",
}
"""Variables of the theme by the status of a participant."""


def standing(view: ParticipantView) -> str:
    """Return the text key of what bars a participant, "active" where nothing does."""
    if view.status == "active" and view.restriction is not Restriction.NONE:
        return f"restriction_{view.restriction.value}"
    return "halted" if view.status == "active" and view.halt else view.status


def listed(views: Iterable[ParticipantView]) -> list[ParticipantView]:
    """Return participants with those that are barred first, then by number."""
    return sorted(views, key=lambda view: (standing(view) == "active", view.participant))


class ParticipantsPanel(TablePanel):
    """One row a participant."""

    COLUMNS = NARROW

    def repaint(self, topics: frozenset[str]) -> None:
        """Show the participants as they are now."""
        if "*" in topics:
            self.fit_columns(WIDE, NARROW)
        if topics & {"participants", "*"}:
            views = desk(self).state.participants or ()
            self.border_title = word(self, "admission_known", count=len(views))
            cut = word(self, "participants_cut", count=ROWS_SHOWN_MAX)
            self.border_subtitle = cut if len(views) > ROWS_SHOWN_MAX else ""
            rows = [self._row(view) for view in listed(views)[:ROWS_SHOWN_MAX]]
            self.show_rows(rows, word(self, "participants_none"))

    def chosen_participant(self) -> ParticipantView | None:
        """Return the participant under the cursor."""
        number, views = self.chosen(), desk(self).state.participants or ()
        return next((view for view in views if str(view.participant) == number), None)

    def _row(self, view: ParticipantView) -> Row:
        state = standing(view)
        cells: dict[str, Text | str] = {
            "participant": show.participant(view.participant),
            "name": show.plain(view.name),
            "credit_code": view.credit_code,
            "province": show.plain(view.province),
            "sector": show.plain(view.sector),
            "compliance_year": str(view.compliance_year),
            "state": coloured(self, word(self, state), LOOKS.get(state, "text-warning")),
        }
        return str(view.participant), tuple(cells[column.key] for column in self.columns)
