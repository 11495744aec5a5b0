"""Money as the outside sees it: yuan in a decimal string with two decimals; inside it stays integer fen.

A text is exactly what `format_yuan` writes: `98.50`, never `98.5`, `+98.50`, `098.50` or `9.85e1`. So a
figure has one text, and a client may compare texts. Both directions are remembered: a market has few prices.
"""

import re
from functools import cache
from typing import Any, Final

from engine.units import format_yuan

KNOWN_MAX: Final = 16_384
"""Most texts that are remembered in either direction; past it all are forgotten and learnt again."""
FEN_MAX: Final = 2**63 - 1

_EXACT = re.compile(r"-?(?:0|[1-9][0-9]{0,16})\.[0-9]{2}", re.ASCII)
_FORM: Final = 'a string of yuan with exactly two decimals, such as "98.50"'


class _Texts(dict[int, str]):
    """Fen → text, learnt at the first use."""

    def __missing__(self, fen: int) -> str:
        if len(self) >= KNOWN_MAX:
            self.clear()
        text = self[fen] = format_yuan(fen)
        return text


yuan_of: Final = _Texts()
"""The text of an amount of fen: `yuan_of[9850]` is `98.50`."""


class _Known(dict[str, int]):
    """Text → fen inside the bounds of one kind of money."""

    def __init__(self, least_fen: int, most_fen: int) -> None:
        super().__init__()
        self.least_fen = least_fen
        self.most_fen = most_fen

    def __missing__(self, text: str) -> int:
        fen = self._parse(text)
        if len(self) >= KNOWN_MAX:
            self.clear()
        self[text] = fen
        return fen

    def _parse(self, text: str) -> int:
        if _EXACT.fullmatch(text) is None or text == "-0.00":
            raise ValueError(f"Expected {_FORM}")
        fen = int(
            text.replace(".", "")
        )  # the point stands before the last two digits: now it is fen
        if not self.least_fen <= fen <= self.most_fen:
            least, most = format_yuan(self.least_fen), format_yuan(self.most_fen)
            raise ValueError(f"Expected yuan from {least} to {most}")
        return fen


class _Kind(type):
    """Lets the decoder take a plain integer for money: no class of its own travels into the engine."""

    least_fen: int
    most_fen: int
    known: _Known

    def __instancecheck__(cls, instance: object) -> bool:
        return type(instance) is int


class Yuan(metaclass=_Kind):
    """Annotation of a money field outside; its values are text on the wire and integer fen once decoded."""

    least_fen = -FEN_MAX
    most_fen = FEN_MAX
    known = _Known(least_fen, most_fen)


@cache
def yuan_between(least_fen: int, most_fen: int) -> type[Yuan]:
    """Return the annotation of money between two bounds, both in fen."""
    known = _Known(least_fen, most_fen)
    space = {"least_fen": least_fen, "most_fen": most_fen, "known": known}
    made: type[Yuan] = _Kind("Yuan", (Yuan,), space)  # type: ignore[assignment]
    return made


def decode_yuan(kind: type[Yuan], value: Any) -> int:  # noqa: ANN401 - whatever a client sent
    """Return the fen of a decoded text (msgspec's `dec_hook`); ValueError becomes a fault with its path."""
    if type(value) is not str:
        raise ValueError(f"Expected {_FORM}")
    return kind.known[value]


def yuan_schema(kind: type) -> dict[str, Any]:
    """Return the JSON schema of a money field (msgspec's `schema_hook`)."""
    if not isinstance(kind, _Kind):
        raise NotImplementedError(kind)
    sign = "-?" if kind.least_fen < 0 else ""
    schema: dict[str, Any] = {
        "type": "string",
        "pattern": rf"^{sign}(0|[1-9][0-9]{{0,16}})\.[0-9]{{2}}$",
        "format": "yuan",
    }
    if kind.most_fen < FEN_MAX:
        bounds = f"{format_yuan(kind.least_fen)} to {format_yuan(kind.most_fen)}"
        schema["description"] = f"yuan, {bounds}"
    return schema
