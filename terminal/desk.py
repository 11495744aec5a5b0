"""What widgets and screens may ask of the program: the model, the language, and that something be sent."""

import re
from collections.abc import Callable
from typing import Final, Protocol, cast

from textual.dom import DOMNode

from engine.commands import AnyCommand
from gateway.words import plain
from terminal.messages import LevelKey
from terminal.store import State
from terminal.texts import Language, say

_TRADING_CODE: Final = re.compile(r"(?<![A-Za-z0-9])P([0-9]{4,})(?![0-9])")


class Desk(Protocol):
    """The program as its parts see it."""

    state: State
    language: Language
    product: str
    """The product that the trade screen shows."""

    def send(self, make: Callable[[int], AnyCommand]) -> int:
        """Send the command made from a new client order number; return the intent's number, 0 = not sent."""

    def open_level(self, key: LevelKey | None) -> None:
        """Open the listings of a level, None closes it."""

    async def open_product(self, product: str) -> None:
        """Show a product on the trade screen."""

    def read_notice(self) -> bool:
        """Mark the oldest refusal as read; False where there is none."""

    def note(self, text_key: str) -> None:
        """Tell the user something that went wrong on this side."""


def desk(node: DOMNode) -> Desk:
    """Return the program of a widget or screen as a desk."""
    return cast("Desk", node.app)


def word(node: DOMNode, key: str, /, **values: object) -> str:
    """Return a text in the chosen language."""
    return say(desk(node).language, key, **values)


def named(node: DOMNode, text: str) -> str:
    """Return a text with the name behind each trading code, so that nobody means one and types another."""
    names = desk(node).state.names

    def tell(found: re.Match[str]) -> str:
        name = names.get(int(found[1]))
        return f"{found[0]} {plain(name)}" if name else found[0]

    return _TRADING_CODE.sub(tell, text)


class Painted:
    """Mixed into widgets that are painted from the store."""

    def repaint(self, topics: frozenset[str]) -> None:
        """Paint again what these topics changed."""
        raise NotImplementedError


EVERYTHING = frozenset({"*"})
"""The topic of a change of language, colours or screen: all is painted again."""
