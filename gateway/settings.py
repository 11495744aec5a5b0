"""Reads the limits of a gateway from a file: what the file does not name keeps its default.

connections_per_address = 2000
[limits.trader]
orders_per_second = 500
"""

from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import structs

from gateway.errors import UserError
from gateway.frames_replies import Limits
from gateway.limits import LIMITS, Settings

WORDS: Final[dict[Any, str]] = {
    int: "a whole number",
    float: "a number",
    tuple[str, ...]: 'a list of texts, such as ["exchange.example"]',
    dict[str, Limits]: "sections, such as [limits.trader]",
}
"""What a field of a kind wants, in words."""


def load_settings(text: bytes, source: str) -> Settings:
    """Return the settings of a TOML file; UserError names the file and the field that is wrong."""
    try:
        named = msgspec.toml.decode(text, type=dict[str, Any])
        changes = msgspec.convert(named.pop("limits", {}), dict[str, dict[str, Any]])
    except msgspec.DecodeError as error:
        raise UserError(f"{source}: {error}") from None
    limits = {role: _limits(role, fields, source) for role, fields in changes.items()}
    _check(named, Settings, source)
    try:
        return msgspec.convert({**named, "limits": limits}, Settings)
    except msgspec.ValidationError as error:
        raise UserError(f"{source}: {error}") from None


def read_settings(path: Path | None) -> Settings:
    """Return the settings of a file, the usual ones where none is given; UserError as above."""
    if path is None:
        return Settings()
    try:
        text = path.read_bytes()
    except OSError as error:
        what = error.strerror or str(error)
        raise UserError(f"cannot read {path}: {what}; give a TOML file of limits") from None
    return load_settings(text, str(path))


def _limits(role: str, changes: dict[str, Any], source: str) -> Limits:
    """Return the limits of a role with changes."""
    if role not in LIMITS:
        raise UserError(f"{source}: there is no role {role!r}; choose of: {', '.join(LIMITS)}")
    place = f"{source}, limits.{role}"
    _check(changes, Limits, place)
    try:
        return msgspec.convert(structs.asdict(LIMITS[role]) | changes, Limits)
    except msgspec.ValidationError as error:
        raise UserError(f"{place}: {error}") from None


def _check(fields: dict[str, Any], kind: type[Settings | Limits], place: str) -> None:
    """Refuse names that do not exist and figures that would let nobody in."""
    for name, value in fields.items():
        if name not in kind.__struct_fields__:
            known = ", ".join(kind.__struct_fields__)
            raise UserError(f"{place}: there is no field {name!r}; choose of: {known}")
        wanted = kind.__annotations__[name]
        try:
            msgspec.convert(value, wanted)
        except msgspec.ValidationError:
            raise UserError(f"{place}: {name} = {value!r}: write {WORDS[wanted]}") from None
        if isinstance(value, int | float) and not isinstance(value, bool) and value <= 0:
            raise UserError(f"{place}: {name} = {value}: write a figure above 0")
