"""The operators' measures as a list to choose from, and the halts that stand."""

from engine.views import HaltView
from terminal import format as show
from terminal.desk import desk, word
from terminal.measures import MEASURES, Measure
from terminal.notices_dialogue import halt_words
from terminal.widgets.table import Column, Row, TablePanel


class MeasuresPanel(TablePanel):
    """One row a measure."""

    COLUMNS = (Column("measure", 30), Column("measure_who", 34))

    def repaint(self, topics: frozenset[str]) -> None:
        """Show the measures in the chosen language."""
        if "*" in topics:
            self.relabel()
            self.border_title = word(self, "measures_title")
            self.show_rows([self._row(measure) for measure in MEASURES])

    def chosen_measure(self) -> Measure | None:
        """Return the measure under the cursor."""
        key = self.chosen()
        return next((measure for measure in MEASURES if measure.key == key), None)

    def _row(self, measure: Measure) -> Row:
        who = word(self, "measure_at_once" if measure.is_direct else "measure_by_two")
        return measure.key, (word(self, measure.key), who)


class HaltsPanel(TablePanel):
    """One row a halt that stands."""

    COLUMNS = (
        Column("halt_number", 5, "right"),
        Column("scope", 12),
        Column("time", 8),
        Column("person", 12),
        Column("reason", 30),
    )

    def repaint(self, topics: frozenset[str]) -> None:
        """Show the halts as they are now."""
        if "*" in topics:
            self.relabel()
        if topics & {"halts", "*"}:
            halts = desk(self).state.halts or ()
            self.border_title = word(self, "halts_title", count=len(halts))
            self.show_rows([self._row(halt) for halt in halts], word(self, "halts_empty"))

    def chosen_halt(self) -> HaltView | None:
        """Return the halt under the cursor."""
        number = self.chosen()
        halts = desk(self).state.halts or ()
        return next((halt for halt in halts if str(halt.halt) == number), None)

    def _row(self, halt: HaltView) -> Row:
        return str(halt.halt), (
            str(halt.halt),
            halt_words(halt, desk(self).language),
            show.clock(halt.time_ns),
            show.plain(halt.person),
            show.plain(halt.explanation),
        )
