"""Every word that the terminal shows, once (those of commands are gateway.words, of phases gateway.explain), in Chinese and English; refusals come from engine.reasons."""

from typing import Final, Literal

from gateway.explain import PHASES
from gateway.words import WORDS
from terminal.texts_access import ACCESS
from terminal.texts_batches import BATCHES
from terminal.texts_dialogue import DIALOGUE
from terminal.texts_frame import FRAME
from terminal.texts_operator import OPERATOR
from terminal.texts_trader import TRADER

Language = Literal["zh", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")

TEXTS: Final[dict[str, tuple[str, str]]] = {
    **WORDS,
    **{f"phase_{phase.value}": told for phase, told in PHASES.items()},
    **FRAME,
    **TRADER,
    **OPERATOR,
    **DIALOGUE,
    **BATCHES,
    **ACCESS,
}


def say(language: Language, key: str, /, **values: object) -> str:
    """Return a text in a language with its values filled in; an unknown key is a mistake of ours."""
    return TEXTS[key][LANGUAGES.index(language)].format(**values)
