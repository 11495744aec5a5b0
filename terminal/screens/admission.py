"""Admission (准入): a list of key emitting units from CSV, previewed row by row, proposed as a whole."""

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import DataTable, Input, Static

from engine.commands import Action, AdmitParticipant, AnyCommand, Propose
from engine.views import ParticipantView
from gateway.admission import Applicants, BadCell, Reading, proposals_of, read_applicants
from gateway.admission_headings import HEADINGS
from gateway.errors import UserError
from terminal import format as show
from terminal.desk import desk, word
from terminal.keys import PROPOSE, Key
from terminal.screens.base import FrameScreen
from terminal.widgets.dialogs import TypedDialog
from terminal.widgets.participants import ParticipantsPanel
from terminal.widgets.table import Column, Row, TablePanel

PREVIEW_ROWS_MAX = 500
"""Most rows, or mistakes, that the preview shows; all rows are proposed."""
NARROW = (
    Column("name", 30),
    Column("credit_code", 18),
    Column("province", 8),
    Column("sector", 12),
)
WIDE = (
    Column("name", 22),
    Column("credit_code", 18),
    Column("province", 8),
    Column("sector", 8),
    Column("registry_account", 16),
    Column("funds_account", 16),
)
BAD_NARROW = (
    Column("bad_row", 5, "right"),
    Column("bad_column", 16),
    Column("bad_problem", 51),
)
BAD_WIDE = (*BAD_NARROW[:-1], Column("bad_problem", 91))


class Preview(TablePanel):
    """The rows of the file; where it has mistakes, one row a mistake."""

    COLUMNS = NARROW
    applicants: Applicants | None = None

    def repaint(self, topics: frozenset[str]) -> None:
        """Show what was read in the chosen language."""
        if "*" in topics:
            self.show_file()

    def show_file(self) -> None:
        """Show the file's rows, or its mistakes."""
        found = self.applicants
        shown: tuple[AdmitParticipant | BadCell, ...] = ()
        if found is not None:
            shown = found.bad or found.rows
            self.fit_columns(*((BAD_WIDE, BAD_NARROW) if found.bad else (WIDE, NARROW)))
        self.show_rows([self._row(n, row) for n, row in enumerate(shown[:PREVIEW_ROWS_MAX])])

    def chosen_text(self) -> str:
        """Return the whole of the mistake under the cursor, or the accounts of the row."""
        found, chosen = self.applicants, self.chosen()
        if found is None or not chosen:
            return ""
        if found.bad:
            cell = found.bad[int(chosen)]
            return str(cell).removeprefix(f"{cell.file}: ")
        return accounts(self, found.rows[int(chosen)])

    def _row(self, number: int, row: AdmitParticipant | BadCell) -> Row:
        if isinstance(row, BadCell):
            heading = HEADINGS[row.column][desk(self).language == "zh"]
            cells: tuple[str, ...] = (str(row.row), heading, row.problem)
        else:
            cells = tuple(str(getattr(row, column.key)) for column in self.columns)
        return str(number), tuple(show.plain(cell) for cell in cells)


def accounts(panel: TablePanel, row: AdmitParticipant | ParticipantView) -> str:
    """Return the accounts of a participant in words."""
    keys = ("registry_account", "funds_account")
    return "  ".join(f"{word(panel, key)} {getattr(row, key)}" for key in keys)


class AdmissionScreen(FrameScreen):
    """Shows who is admitted; reads a file, shows it, proposes it; another operator approves."""

    NAME = "admission"
    TITLE_KEY = "admission_title"
    HELP_KEY = "admission_help"
    EXTRA_KEYS: ClassVar[tuple[Key, ...]] = (PROPOSE,)
    BINDINGS: ClassVar[list[BindingType]] = [Binding("f8", "propose", show=False)]
    problem = ""
    """Why the last file could not be read."""

    def body(self) -> ComposeResult:
        """Lay out the field above who is admitted, or above the preview of a file."""
        with Vertical(id="admission-form"):
            with Horizontal(classes="field"):
                yield Static("", id="file-label", classes="label", markup=False)
                yield Input(id="csv-file", compact=True, placeholder="applicants.csv")
            yield Static("", id="admission-state", markup=False)
        yield ParticipantsPanel(id="participants")
        yield Preview(id="preview")

    def begin(self) -> None:
        """Work starts with the path."""
        self.set_focus(self.query_one("#csv-file"))

    def repaint(self, topics: frozenset[str]) -> None:
        """Paint, and label the form in the chosen language."""
        super().repaint(topics)
        if self.is_mounted and "*" in topics:
            self.query_one("#file-label", Static).update(word(self, "admission_file"))
            self.query_one("#admission-form").border_title = word(self, "admission_title")
            self._tell()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Read the file and show it; nothing is sent."""
        event.stop()
        path = Path(event.value.strip()).expanduser()
        try:
            self._show(read_applicants(path, Reading(language=desk(self).language)))
        except UserError as error:
            self._show(None, word(self, "admission_error", reason=error))

    def step_back(self) -> None:
        """Forget the file, back to who is admitted."""
        self._show(None)
        self.begin()

    def _show(self, found: Applicants | None, problem: str = "") -> None:
        preview, self.problem = self.query_one(Preview), problem
        preview.applicants = found
        preview.show_file()
        preview.display = found is not None
        self.query_one(ParticipantsPanel).display = found is None
        self._tell()

    def on_data_table_row_highlighted(self, _: DataTable.RowHighlighted) -> None:
        """Tell the whole of what the cursor came to."""
        self._tell()

    def _tell(self) -> None:
        """Say what is wrong, or what stands ready; below it the whole of the chosen row."""
        preview, admitted = self.query_one(Preview), self.query_one(ParticipantsPanel)
        found, problem = preview.applicants, self.problem
        if found is None:
            place = desk(self).language == "zh"
            columns = ", ".join(words[place] for words in HEADINGS.values())
            ready = word(self, "admission_empty", columns=columns)
            row = admitted.chosen_participant()
            chosen = (
                f"{show.participant(row.participant)}: {accounts(admitted, row)}" if row else ""
            )
        else:
            problem = word(self, "admission_bad", count=len(found.bad)) if found.bad else ""
            ready = word(self, "admission_rows", count=len(found.rows))
            chosen = preview.chosen_text()
        colour = self.app.theme_variables.get("text-error", "") if problem else ""
        told = Text(show.plain(problem or ready), style=colour)
        if chosen:
            told.append("\n" + show.plain(chosen), "default")
        self.query_one("#admission-state", Static).update(told)

    def action_propose(self) -> None:
        """Ask for the number of rows to be typed, then propose them all."""
        found = self.query_one(Preview).applicants
        if found is None or found.bad or not found.rows:
            desk(self).note("admission_nothing")
            return
        count = len(found.rows)
        dialog = TypedDialog(
            word(self, "admission_dialog"),
            word(self, "admission_rows", count=count),
            word(self, "admission_confirm", count=count),
            lambda typed: (
                "" if show.parse_quantity(typed) == count else word(self, "approve_differs")
            ),
        )
        self.app.push_screen(dialog, lambda typed: self._propose(found.rows, typed))

    def _propose(self, rows: tuple[AdmitParticipant, ...], typed: str | None) -> None:
        if typed is None:
            return
        file = Path(self.query_one("#csv-file", Input).value).name
        reason = word(self, "admission_reason", count=len(rows), file=show.plain(file)[:80])
        for actions in proposals_of(rows):
            desk(self).send(_proposal(actions, reason))
        self._show(None)


def _proposal(actions: tuple[Action, ...], reason: str) -> Callable[[int], AnyCommand]:
    def make(_: int) -> AnyCommand:
        return Propose(actions=actions, reason=reason)

    return make
