"""Widgets drawn line by line: fixed rows of styled text, cheap to repaint while the market moves."""

from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.strip import Strip
from textual.widget import Widget

from terminal.desk import Painted

Part = str | tuple[str, str]
"""A text, or a text with the name of its style (up, down, flat, dim, own, good, warn, strong)."""


class Lines(Widget, Painted):
    """Base: `rows` returns what stands on each line for a width and a height."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "lines--up",
        "lines--down",
        "lines--flat",
        "lines--dim",
        "lines--own",
        "lines--good",
        "lines--warn",
        "lines--strong",
        "lines--cursor",
        "lines--badge",
        "lines--key",
    }
    DEFAULT_CSS = """
    Lines { height: 1; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._rows: list[Text] = []
        self._painted: tuple[int, int] | None = None

    def rows(self, width: int, height: int) -> list[Text]:
        """Return the lines to show."""
        raise NotImplementedError

    def cursor_row(self) -> int:
        """Return the line that is marked as chosen, -1 for none."""
        return -1

    def repaint(self, topics: frozenset[str]) -> None:  # noqa: ARG002 - a subclass may look
        """Draw the lines anew."""
        self._painted = None
        self.refresh()

    def look(self, name: str) -> Style:
        """Return the style of a named part."""
        return self.get_component_rich_style(f"lines--{name}", partial=True)

    def text(self, *parts: Part) -> Text:
        """Return a line put together from parts."""
        line = Text(no_wrap=True, end="")
        for part in parts:
            if isinstance(part, str):
                line.append(part)
            else:
                line.append(part[0], self.look(part[1]))
        return line

    def render_line(self, y: int) -> Strip:
        """Return one line for the compositor; the rows are worked out once per size and change."""
        # The first paint may come before the first resize event, so the size is looked at here.
        width, height = self.size
        if self._painted != (width, height):
            self._rows = self.rows(width, height)
            self._painted = (width, height)
        base = self.rich_style
        line = self._rows[y] if y < len(self._rows) else Text()
        if y == self.cursor_row():
            line = line.copy()
            line.stylize(self.look("cursor"))
            base += self.look("cursor")
        strip = Strip(line.render(self.app.console))
        return strip.adjust_cell_length(width, base).apply_style(self.rich_style)
