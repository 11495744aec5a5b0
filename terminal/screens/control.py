"""Control (停复牌): halts at once, everything else as a proposal that another operator approves."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.widgets import DataTable

from terminal.keys import OPEN, Key
from terminal.measures import ask_for, ask_to_resume
from terminal.screens.base import FrameScreen
from terminal.widgets.measures import HaltsPanel, MeasuresPanel


class ControlScreen(FrameScreen):
    """The measures, and the halts that stand."""

    NAME = "control"
    TITLE_KEY = "key_control"
    HELP_KEY = "control_help"
    EXTRA_KEYS: ClassVar[tuple[Key, ...]] = (OPEN,)

    def body(self) -> ComposeResult:
        """Lay out both tables; Tab goes from one to the other."""
        yield MeasuresPanel(id="measures")
        yield HaltsPanel(id="halts")

    def on_data_table_row_selected(self, _: DataTable.RowSelected) -> None:
        """Open the form of what is chosen."""
        self.action_open()

    def action_open(self) -> None:
        """Open the form of the measure, or of the halt, under the cursor."""
        halts = self.query_one(HaltsPanel)
        if halts.table.has_focus:
            halt = halts.chosen_halt()
            if halt is not None:
                ask_to_resume(self, halt)
            return
        measure = self.query_one(MeasuresPanel).chosen_measure()
        if measure is not None:
            ask_for(self, measure)
