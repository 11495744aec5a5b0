"""The enrolment codes as a list: for whom, until when they can be claimed, and the key that was."""

from typing import Final

from rich.text import Text

from engine.views import CodeView
from gateway.expiry import code_state
from terminal import format as show
from terminal.desk import desk, word
from terminal.key_management import codes_waiting, listed_codes
from terminal.widgets.colours import coloured
from terminal.widgets.key_list import LOOKS, ROWS_SHOWN_MAX, permissions_words, subtitle
from terminal.widgets.table import Column, Row, TablePanel

MINUTES: Final = len("2021-07-16 09:30")
"""Letters of a moment without its seconds."""
NARROW = (
    Column("key_number", 4, "right"),
    Column("participant", 5),
    Column("code_person", 10),
    Column("role", 13),
    Column("code_until", 16),
    Column("state", 7),
    Column("code_key", 4, "right"),
)
WIDE = (
    Column("key_number", 5, "right"),
    Column("participant", 6),
    Column("code_person", 17),
    Column("role", 14),
    Column("permissions", 24),
    Column("code_until", 16),
    Column("state", 8),
    Column("code_key", 6, "right"),
)


class CodesPanel(TablePanel):
    """One row an enrolment code, those that wait to be claimed first."""

    COLUMNS = NARROW
    wanted = ""
    """The filter: words that must all be found in a code."""

    def repaint(self, topics: frozenset[str]) -> None:
        """Show the codes as they are now."""
        if "*" in topics:
            self.fit_columns(WIDE, NARROW)
        if topics & {"codes", "*"}:
            self.show_found()

    def show_found(self) -> None:
        """Show what the filter leaves, or say how a code comes to be."""
        state = desk(self).state
        codes = state.codes or ()
        found = listed_codes(codes, self.wanted, state.time_ns)
        waiting = codes_waiting(state)
        self.border_title = word(self, "codes_title", waiting=waiting, count=len(codes))
        self.border_subtitle = subtitle(self, len(found), word(self, "codes_to_keys"))
        none = "keys_wait" if state.codes is None else "codes_unmatched" if codes else "codes_none"
        self.show_rows([self._row(code) for code in found[:ROWS_SHOWN_MAX]], word(self, none))

    def chosen_code(self) -> CodeView | None:
        """Return the code under the cursor."""
        number = self.chosen()
        codes = desk(self).state.codes or ()
        return next((code for code in codes if str(code.code) == number), None)

    def _row(self, code: CodeView) -> Row:
        state = code_state(code, desk(self).state.time_ns)
        cells: dict[str, Text | str] = {
            "key_number": str(code.code),
            "participant": show.participant(code.participant),
            "code_person": show.plain(code.person),
            "role": word(self, f"role_{code.role.value}"),
            "permissions": permissions_words(self, code.permissions),
            "code_until": show.moment(code.code_valid_until_ns)[:MINUTES],
            "state": coloured(self, word(self, state), LOOKS[state]),
            "code_key": str(code.key or show.MISSING),
        }
        return str(code.code), tuple(cells[column.key] for column in self.columns)
