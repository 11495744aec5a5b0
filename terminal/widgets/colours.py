"""Colours of price moves by convention: red up (China), green up, or orange and blue."""

from typing import Final, Literal

from rich.text import Text
from textual.dom import DOMNode

Convention = Literal["red_up", "green_up", "blue_orange"]
CONVENTIONS: Final[tuple[Convention, ...]] = ("red_up", "green_up", "blue_orange")

_RED, _GREEN = ("#ff6b6b", "#b3261e"), ("#2fbf71", "#146c43")
_ORANGE, _BLUE = ("#f4a340", "#8a4b00"), ("#6cb2ff", "#0b5cad")
_UP_DOWN: Final = {
    "red_up": (_RED, _GREEN),
    "green_up": (_GREEN, _RED),
    "blue_orange": (_ORANGE, _BLUE),
}
OTHERS: Final = {
    "flat": ("#d7dbe0", "#2b2f36"),
    "dim": ("#9aa3ad", "#5a616b"),
    "own": ("#e8c547", "#7a5b00"),
}


def variables(convention: Convention, *, dark: bool) -> dict[str, str]:
    """Return the theme variables `up`, `down`, `flat`, `dim` and `own` for a dark or a light theme."""
    place = 0 if dark else 1
    up, down = _UP_DOWN[convention]
    return {
        "up": up[place],
        "down": down[place],
        **{name: pair[place] for name, pair in OTHERS.items()},
    }


def coloured(node: DOMNode, text: str, direction: str) -> Text:
    """Return a table cell in the colour of a direction, by the theme's variables."""
    return Text(text, style=node.app.theme_variables.get(direction, ""))
