"""The command palette: every key of the role by name, found in Chinese and in English."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Final

from textual.app import SystemCommand

from terminal.keys import keys_of
from terminal.own_trading import may_allow, may_stop
from terminal.texts import LANGUAGES, say

if TYPE_CHECKING:
    from terminal.app import Terminal


_OWN: Final = (
    ("key_stop", "about_key_stop", may_stop, "app.stop_trading"),
    ("key_allow", "about_key_allow", may_allow, "app.allow_trading"),
)
"""Too rare and too grave for a key of the keyboard; the form that opens asks again."""


def commands(app: "Terminal") -> Iterable[SystemCommand]:
    """Return the commands of the role that is logged in; their help names key and other language."""
    return tuple(_commands(app))


def _commands(app: "Terminal") -> Iterator[SystemCommand]:
    other = LANGUAGES[1 - LANGUAGES.index(app.language)]
    for key in keys_of(app.state):
        if key.id != "app.palette" and app.state.welcome is not None:
            name, also = say(app.language, key.text_key), say(other, key.text_key)
            run = partial(app.call_later, app.run_action, key.action)
            yield SystemCommand(f"{name} · {also}", key.label, run)
    for text_key, about, may, action in _OWN:
        if may(app.state):
            name, also = say(app.language, text_key), say(other, text_key)
            run = partial(app.call_later, app.run_action, action)
            yield SystemCommand(f"{name} · {also}", say(app.language, about), run)
    name, also = say(app.language, "key_colour"), say(other, "key_colour")
    yield SystemCommand(f"{name} · {also}", say(app.language, "about_colour"), app.action_colour)
