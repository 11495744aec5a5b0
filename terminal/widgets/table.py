"""A table whose rows keep their identity: the cursor stays on its row when figures change or rows come."""

from collections.abc import Sequence
from typing import ClassVar, Literal

from msgspec import Struct
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import DataTable, Static

from terminal.desk import Painted, word


class Column(Struct, frozen=True):
    """One column: key of its title, width in cells, where its text stands."""

    key: str
    width: int
    align: Literal["left", "right"] = "left"


def fitting(sets: Sequence[Sequence[Column]], room: int) -> tuple[Column, ...]:
    """Return the first of some sets of columns that fits into so many cells, the last where none does."""
    for columns in sets:
        if sum(column.width + 2 for column in columns) + 2 <= room:  # spaces beside cells, a border
            return tuple(columns)
    return tuple(sets[-1])


Row = tuple[str, tuple[Text | str, ...]]
"""Key and cells of one row."""


class PlainTable(DataTable[Text], inherit_bindings=False):
    """Textual's table without the keys that this terminal gives another meaning."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", show=False),
        Binding("up", "cursor_up", show=False),
        Binding("down", "cursor_down", show=False),
        Binding("home", "scroll_top", show=False),
        Binding("end", "scroll_bottom", show=False),
    ]


class TablePanel(Vertical, Painted):
    """A bordered table, or one sentence that says why it is empty and what to do."""

    COLUMNS: tuple[Column, ...] = ()

    def __init__(self, *, id: str, columns: Sequence[Column] = ()) -> None:  # noqa: A002
        super().__init__(id=id, classes="table-panel")
        self.columns: tuple[Column, ...] = tuple(columns) or self.COLUMNS
        self.row_keys: list[str] = []
        self._shown: dict[str, tuple[Text, ...]] = {}

    def compose(self) -> ComposeResult:
        """Lay out table and sentence."""
        yield Static("", classes="empty-note", markup=False)
        yield PlainTable(cursor_type="row", zebra_stripes=True, cell_padding=1)

    @property
    def table(self) -> PlainTable:
        """The table itself."""
        return self.query_one(PlainTable)

    def on_mount(self) -> None:
        """Make the columns in the chosen language."""
        self._make_columns()

    def _make_columns(self) -> None:
        self.table.clear(columns=True)
        self.row_keys, self._shown = [], {}
        for column in self.columns:
            title = Text(word(self, column.key), justify=column.align, no_wrap=True)
            self.table.add_column(title, width=column.width, key=column.key)

    def relabel(self) -> None:
        """Make columns anew after a change of language."""
        chosen = self.chosen()
        self._make_columns()
        self._wanted_row = chosen

    def fit_columns(self, *sets: Sequence[Column]) -> None:
        """Show the widest of these sets of columns that the screen has room for."""
        self.columns = fitting(sets, self.app.size.width)
        self.relabel()

    _wanted_row: str = ""

    def show_rows(self, rows: Sequence[Row], empty: str = "") -> None:
        """Show these rows; cells that did not change are not painted again."""
        table, note = self.table, self.query_one(".empty-note", Static)
        note.update(empty)
        note.display = not rows
        # Never hidden: a hidden table loses the focus, and its first row could not be opened.
        table.show_header = bool(rows)
        table.set_class(not rows, "empty")
        cells = {key: self._texts(values) for key, values in rows}
        keys = list(cells)
        if keys == self.row_keys:
            for key in keys:
                for column, old, new in zip(
                    self.columns, self._shown[key], cells[key], strict=True
                ):
                    if old != new:
                        table.update_cell(key, column.key, new)
        else:
            chosen = self._wanted_row or self.chosen()
            table.clear()
            for key in keys:
                table.add_row(*cells[key], key=key)
            if chosen in keys:
                table.move_cursor(row=keys.index(chosen), animate=False)
            self.row_keys, self._wanted_row = keys, ""
        self._shown = cells

    def chosen(self) -> str:
        """Return the key of the row under the cursor, "" where there is none."""
        row = self.table.cursor_row
        return self.row_keys[row] if 0 <= row < len(self.row_keys) else ""

    def choose(self, key: str) -> None:
        """Move the cursor to a row."""
        if key in self.row_keys:
            self.table.move_cursor(row=self.row_keys.index(key), animate=False)

    def _texts(self, values: tuple[Text | str, ...]) -> tuple[Text, ...]:
        texts = []
        for column, value in zip(self.columns, values, strict=True):
            text = Text(value) if isinstance(value, str) else value
            text.justify, text.no_wrap, text.overflow = column.align, True, "ellipsis"
            texts.append(text)
        return tuple(texts)
