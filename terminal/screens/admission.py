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
from gateway.admission import Applicants, BadCell, Reading, proposals_of, read_applicants
from gateway.admission_headings import HEADINGS
from gateway.errors import UserError
from terminal import format as show
from terminal.desk import desk, word
from terminal.keys import PROPOSE, Key
from terminal.screens.base import FrameScreen
from terminal.widgets.dialogs import TypedDialog
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
        """Show what was read, and how many are admitted already."""
        if topics & {"participants", "*"}:
            admitted = len(desk(self).state.participants or ())
            self.border_subtitle = word(self, "admission_known", count=admitted)
        if "*" in topics:
            self.show_file()

    def show_file(self) -> None:
        """Show the file's rows, or its mistakes."""
        found, empty = self.applicants, ""
        if found is None:
            chinese = desk(self).language == "zh"
            columns = [words[1 if chinese else 0] for words in HEADINGS.values()]
            empty = word(self, "admission_empty", columns=", ".join(columns))
        sets = (BAD_WIDE, BAD_NARROW) if found is not None and found.bad else (WIDE, NARROW)
        self.fit_columns(*sets)
        shown: tuple[AdmitParticipant | BadCell, ...] = ()
        if found is not None:
            shown = found.bad or found.rows
        rows = [self._row(number, row) for number, row in enumerate(shown[:PREVIEW_ROWS_MAX])]
        self.show_rows(rows, empty)

    def chosen_text(self) -> str:
        """Return the whole of the mistake under the cursor, or the accounts of the row."""
        found, chosen = self.applicants, self.chosen()
        if found is None or not chosen:
            return ""
        if found.bad:
            cell = found.bad[int(chosen)]
            return str(cell).removeprefix(f"{cell.file}: ")
        row = found.rows[int(chosen)]
        accounts = ("registry_account", "funds_account")
        return "  ".join(f"{word(self, key)} {getattr(row, key)}" for key in accounts)

    def _row(self, number: int, row: AdmitParticipant | BadCell) -> Row:
        if isinstance(row, BadCell):
            heading = HEADINGS[row.column][desk(self).language == "zh"]
            cells: tuple[str, ...] = (str(row.row), heading, row.problem)
        else:
            cells = tuple(str(getattr(row, column.key)) for column in self.columns)
        return str(number), tuple(show.plain(cell) for cell in cells)


class AdmissionScreen(FrameScreen):
    """Reads a file, shows it, proposes it; another operator approves."""

    NAME = "admission"
    TITLE_KEY = "admission_title"
    HELP_KEY = "admission_help"
    EXTRA_KEYS: ClassVar[tuple[Key, ...]] = (PROPOSE,)
    BINDINGS: ClassVar[list[BindingType]] = [Binding("f8", "propose", show=False)]

    def body(self) -> ComposeResult:
        """Lay out the field above the preview."""
        with Vertical(id="admission-form"):
            with Horizontal(classes="field"):
                yield Static("", id="file-label", classes="label", markup=False)
                yield Input(id="csv-file", compact=True, placeholder="applicants.csv")
            yield Static("", id="admission-state", markup=False)
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
        preview = self.query_one(Preview)
        try:
            path = Path(event.value.strip()).expanduser()
            preview.applicants = read_applicants(path, Reading(language=desk(self).language))
        except UserError as error:
            preview.applicants = None
            preview.show_file()
            self._tell(word(self, "admission_error", reason=error))
            return
        preview.show_file()
        self._tell()

    def on_data_table_row_highlighted(self, _: DataTable.RowHighlighted) -> None:
        """Tell the whole of what the cursor came to."""
        self._tell()

    def _tell(self, problem: str = "") -> None:
        """Say how many rows stand ready, or what is wrong; below it the whole of the chosen row."""
        preview = self.query_one(Preview)
        found = preview.applicants
        if not problem and found is not None and found.bad:
            problem = word(self, "admission_bad", count=len(found.bad))
        ready = word(self, "admission_rows", count=len(found.rows)) if found else ""
        colour = self.app.theme_variables.get("text-error", "") if problem else ""
        told = Text(show.plain(problem or ready), style=colour)
        if chosen := preview.chosen_text():
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
        preview = self.query_one(Preview)
        preview.applicants = None
        preview.show_file()
        self._tell()


def _proposal(actions: tuple[Action, ...], reason: str) -> Callable[[int], AnyCommand]:
    def make(_: int) -> AnyCommand:
        return Propose(actions=actions, reason=reason)

    return make
