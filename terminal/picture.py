"""A screen as an SVG whose Chinese stands in its cells: each wide character gets its own place.

Rich's export squeezes Chinese (Textualize/rich#2742): it counts characters where cells are meant.
"""

from html import escape
from itertools import groupby
from typing import Final

from rich.cells import cell_len, get_character_cell_size
from rich.segment import Segment
from rich.terminal_theme import DIMMED_MONOKAI
from textual._context import visible_screen_stack
from textual.app import App
from textual.strip import Strip

CELL_WIDTH: Final = 9
LINE_HEIGHT: Final = 19
BASELINE: Final = 14
MARGIN: Final = 10
FONT_PX: Final = 15
FONTS: Final = (
    "'DejaVu Sans Mono',Menlo,Consolas,'Sarasa Mono SC','Noto Sans Mono CJK SC',monospace"
)


def strips_of(app: App[int]) -> list[Strip]:
    """Return the rows of the screen as it stands, with the screens under a question."""
    # As App.export_screenshot does; without the screens below, one that was not painted yet keeps an empty ground.
    visible_screen_stack.set(app._background_screens)  # noqa: SLF001
    return app.screen._compositor.render_strips()  # noqa: SLF001


def svg(app: App[int], title: str) -> str:
    """Return the screen of a running app as an SVG document."""
    width = app.size.width * CELL_WIDTH + 2 * MARGIN
    height = app.size.height * LINE_HEIGHT + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
        f"<title>{escape(title)}</title>",
        f'<g font-family="{FONTS}" font-size="{FONT_PX}">',
        f'<rect width="{width}" height="{height}" rx="8" fill="{_ground(app)}"/>',
    ]
    for y, strip in enumerate(strips_of(app)):
        x = 0
        for segment in strip:
            parts += _segment(segment, x, y, _ground(app))
            x += cell_len(segment.text)
    return "\n".join([*parts, "</g></svg>", ""])


def _ground(app: App[int]) -> str:
    return app.theme_variables.get("background", "#121212")


def _segment(segment: Segment, x: int, y: int, ground: str) -> list[str]:
    """Return the ground and the words of one run of a style."""
    style = segment.style
    colour, behind = "#e0e0e0", ""
    if style is not None:
        colour = style.color.get_truecolor(DIMMED_MONOKAI).hex if style.color else colour
        behind = style.bgcolor.get_truecolor(DIMMED_MONOKAI).hex if style.bgcolor else ""
        if style.reverse:
            colour, behind = behind or ground, colour
    found = []
    top = MARGIN + y * LINE_HEIGHT
    if behind and behind.lower() != ground.lower():
        found.append(
            f'<rect x="{MARGIN + x * CELL_WIDTH}" y="{top}" '
            f'width="{cell_len(segment.text) * CELL_WIDTH}" height="{LINE_HEIGHT}" fill="{behind}"/>'
        )
    weight = ' font-weight="bold"' if style is not None and style.bold else ""
    for cells, word in _words(segment.text):
        place = MARGIN + (x + cells) * CELL_WIDTH
        found.append(
            f'<text x="{place}" y="{top + BASELINE}" fill="{colour}"{weight}>{escape(word)}</text>'
        )
    return found


def _words(text: str) -> list[tuple[int, str]]:
    """Return the runs between spaces with the cell where each begins; a wide character stands alone.

    Only so no font can move a column: not every reader of SVG heeds a list of places.
    """
    found: list[tuple[int, str]] = []
    cells = 0
    for kind, marks in groupby(text, key=_kind):
        word = "".join(marks)
        if kind == "narrow":
            found.append((cells, word))
        elif kind == "wide":
            found += [(cells + 2 * place, mark) for place, mark in enumerate(word)]
        cells += cell_len(word)
    return found


def _kind(mark: str) -> str:
    if mark.isspace():
        return "space"
    return "wide" if get_character_cell_size(mark) > 1 else "narrow"
