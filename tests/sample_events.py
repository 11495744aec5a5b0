"""An event or a command of any class with plausible content, for tests of those who read events."""

from enum import Enum
from typing import Annotated, Any, get_args, get_origin

import msgspec

from engine.events import ListingPlaced, Repeated


def sample(kind: Any, **values: Any) -> Any:
    """Return an event or a command of a class with the values that it has a field for; the rest is plain."""
    given: dict[str, Any] = {"sequence": 5, "time_ns": 6} | values
    if kind is Repeated:
        given.setdefault("answer", sample(ListingPlaced, **values))
    made = {}
    for field in msgspec.structs.fields(kind):
        if field.name in given:
            made[field.name] = given[field.name]
        elif field.required:
            made[field.name] = _plain(field.type)
    return kind(**made)


def _plain(wanted: Any) -> Any:
    if get_origin(wanted) is Annotated:
        return _plain(get_args(wanted)[0])
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        return next(iter(wanted))
    if isinstance(wanted, type) and issubclass(wanted, msgspec.Struct):
        return sample(wanted)
    if wanted is str:
        return "x"
    return {int: 1, bool: True}.get(wanted, ())
