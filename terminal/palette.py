"""The command palette: every key of the role by name, found in Chinese and in English."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from textual.app import SystemCommand

from terminal.keys import KEYS
from terminal.texts import LANGUAGES, say

if TYPE_CHECKING:
    from terminal.app import Terminal


def commands(app: "Terminal") -> Iterable[SystemCommand]:
    """Return the commands of the role that is logged in; their help names key and other language."""
    return tuple(_commands(app))


def _commands(app: "Terminal") -> Iterator[SystemCommand]:
    other = LANGUAGES[1 - LANGUAGES.index(app.language)]
    role = "operator" if app.state.is_operator else "trader"
    for key in KEYS:
        if role in key.roles and key.id != "app.palette" and app.state.welcome is not None:
            name, also = say(app.language, key.text_key), say(other, key.text_key)
            run = partial(app.call_later, app.run_action, key.action)
            yield SystemCommand(f"{name} · {also}", key.label, run)
    name, also = say(app.language, "key_colour"), say(other, "key_colour")
    yield SystemCommand(f"{name} · {also}", say(app.language, "about_colour"), app.action_colour)
