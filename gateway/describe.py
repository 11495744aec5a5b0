"""What the wire speaks, read from the types themselves: the one source of every description of it.

Sentences are the docstrings of classes and fields, bounds are those that decoding enforces, roles are the
table that the gateway asks. Nothing here is written twice, so nothing can drift.
"""

import ast
import inspect
import re
import sys
from enum import Enum, IntEnum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import msgspec
from msgspec import Struct

from engine import commands, events, reasons
from engine.units import format_yuan
from gateway import wire, wire_shapes
from gateway.describe_words import COMMON
from gateway.frames_inward import Request
from gateway.frames_pushed import MarketEvent
from gateway.money_text import FEN_MAX

NOTICE: Final = wire.DEMO_NOTICE
INWARD: Final[tuple[type, ...]] = get_args(wire.AnyInward)
OUTWARD: Final[tuple[type, ...]] = get_args(wire.AnyOutward)
COMMANDS: Final[tuple[type, ...]] = tuple(
    kind
    for kind in get_args(commands.AnyCommand)
    if kind not in get_args(commands.SystemCommand) or kind in get_args(commands.Action)
)
"""Commands that somebody may send; those of the gateway itself stand in the drop copy only."""
SYSTEM_COMMANDS: Final[tuple[type, ...]] = tuple(
    kind for kind in get_args(commands.AnyCommand) if kind not in COMMANDS
)
ACTIONS: Final[tuple[type, ...]] = get_args(commands.Action)
EVENTS: Final[tuple[type, ...]] = get_args(events.AnyEvent)
_TAGGED: Final = (*INWARD, *OUTWARD, *COMMANDS, *SYSTEM_COMMANDS, *ACTIONS, *EVENTS)
UNIONS: Final[dict[frozenset[Any], str]] = {
    frozenset(get_args(commands.AnyCommand)): "any command",
    frozenset(get_args(commands.Action)): "any action",
    frozenset(get_args(events.AnyEvent)): "any event",
    frozenset(get_args(events.Answer)): "any event that answers an order",
    frozenset(get_args(MarketEvent)): "any public event",
}
ENUM_TOLD_MAX: Final = 16
"""An enumeration with more members is told by its name: its table stands elsewhere on the page."""
UNITS: Final[tuple[tuple[str, str], ...]] = (
    ("_yuan", "yuan"),
    ("_ns", "ns, UTC since 1970"),
    ("_ms", "ms"),
    ("_s", "s"),
    ("_seconds", "s"),
    ("_t", "t"),
    ("_bp", "1/10,000"),
    ("_bytes", "bytes"),
)


class Field(Struct, frozen=True, kw_only=True):
    """One field as it stands on the wire."""

    name: str
    kind: str
    """Type with its bounds, in words."""
    unit: str
    default: str
    """JSON text of the value that it has when left out, "" where it must be given."""
    text: str


def replies_of(kind: type) -> tuple[type, ...]:
    """Return the frame that answers a request; its docstring names it."""
    named = re.findall(r"`(\w+)`", kind.__doc__ or "")
    found = [getattr(wire, name, None) for name in named]
    return tuple(one for one in found if isinstance(one, type) and issubclass(one, wire.Reply))


def is_request(kind: type) -> bool:
    """Say whether a frame gets a reply with its id."""
    return issubclass(kind, Request)


def text_of(kind: type) -> str:
    """Return a class's docstring as one line, a long one as its paragraphs."""
    return inspect.cleandoc(kind.__doc__ or "")


def fields_of(kind: type) -> tuple[Field, ...]:
    """Return the fields of a struct as they stand on the wire."""
    texts = _field_texts(kind)
    return tuple(
        Field(
            name=wire_shapes.outside_name(field.name),
            kind=kind_of(field.name, field.type),
            unit=unit_of(wire_shapes.outside_name(field.name)),
            default=_default(field),
            text=texts.get(field.name) or COMMON.get(field.name, ""),
        )
        for field in msgspec.structs.fields(kind)
    )


def unit_of(name: str) -> str:
    """Return the unit that the end of a field's name tells, "" where it has none."""
    return next((unit for end, unit in UNITS if name.endswith(end)), "")


def every_kind() -> tuple[type, ...]:
    """Return every struct that stands on the wire."""
    return (*_TAGGED, *structs_reached())


def structs_reached() -> tuple[type, ...]:
    """Return every other struct inside frames, commands and events, by name."""
    return structs_in(*_TAGGED)


def structs_in(*kinds: type) -> tuple[type, ...]:
    """Return the structs inside others, by name, without these themselves."""
    known = set(kinds)
    found: dict[str, type] = {}
    waiting = list(kinds)
    while waiting:
        for field in msgspec.structs.fields(waiting.pop()):
            for inner in wire_shapes.structs_in(field.type):
                if inner not in known:
                    known.add(inner)
                    found[inner.__name__] = inner
                    waiting.append(inner)
    return tuple(found[name] for name in sorted(found))


def annotate(schemas: dict[str, Any], *kinds: type) -> None:
    """Write units and sentences of fields into JSON schemas of structs, which msgspec leaves out."""
    by_name = {kind.__name__: kind for kind in kinds}
    for name, schema in schemas.items():
        members = _enumerations().get(name)
        if members is not None and "enum" in schema:
            named = {member.value: member.name for member in members}
            schema["x-enum-varnames"] = [named[value] for value in schema["enum"]]
        for field in fields_of(by_name[name]) if name in by_name else ():
            told = schema["properties"][field.name]
            if "$ref" in told:
                continue  # what stands beside a reference is not read
            if field.unit:
                told["x-unit"] = field.unit
            if field.text:
                text = (
                    f"{field.text} ({told['description']})" if "description" in told else field.text
                )
                told["description"] = text


@cache
def _enumerations() -> dict[str, type[Enum]]:
    """Return the enumerations of the vocabulary by name."""
    return {
        name: kind
        for module in (commands, events, reasons)
        for name, kind in vars(module).items()
        if isinstance(kind, type) and issubclass(kind, Enum)
    }


def portable(value: Any) -> Any:  # noqa: ANN401 - JSON
    r"""Return a schema whose patterns every regular expression engine reads: `\Z` is Python's alone."""
    if isinstance(value, dict):
        return {
            key: inner.replace(r"\Z", "$") if key == "pattern" else portable(inner)
            for key, inner in value.items()
        }
    return [portable(inner) for inner in value] if isinstance(value, list) else value


def kind_of(name: str, annotation: Any) -> str:  # noqa: ANN401 - any annotation
    """Return a type with its bounds in words."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    metadata = annotation.__metadata__ if origin is Annotated else ()
    bare = arguments[0] if origin is Annotated else annotation
    origin, arguments = get_origin(bare), get_args(bare)
    if origin is tuple:
        most = next((meta.max_length for meta in metadata if meta.max_length is not None), None)
        inner = kind_of(name, arguments[0])
        if arguments[-1] is not Ellipsis:
            return f"pair of {inner}"
        return f"list of {inner}" + (f", at most {most}" if most is not None else "")
    if origin in (UnionType, Union):
        return _union(name, arguments)
    if origin is Literal:
        return " \\| ".join(f"`{value}`" for value in arguments)
    return _plain(name, bare, metadata)


def _union(name: str, arguments: tuple[Any, ...]) -> str:
    known = UNIONS.get(frozenset(arguments))
    if known:
        return known
    words = [kind_of(name, one) for one in arguments if one is not NoneType]
    return " or ".join([*words, *(["null"] if NoneType in arguments else [])])


def _plain(name: str, bare: Any, metadata: tuple[Any, ...]) -> str:  # noqa: ANN401
    least = max((meta.ge for meta in metadata if meta.ge is not None), default=None)
    most = min((meta.le for meta in metadata if meta.le is not None), default=None)
    pattern = next((meta.pattern for meta in metadata if meta.pattern is not None), None)
    length = next((meta.max_length for meta in metadata if meta.max_length is not None), None)
    if name.endswith("_fen"):
        if least is None and most is None:
            return "yuan as text"
        return f"yuan as text, {format_yuan(least or 0)} to {format_yuan(most or FEN_MAX)}"
    if isinstance(bare, type) and issubclass(bare, IntEnum):
        if len(bare) > ENUM_TOLD_MAX:
            return f"number of a {bare.__name__}"
        return ", ".join(f"{member.value} {member.name}" for member in bare)
    if isinstance(bare, type) and issubclass(bare, Enum):
        return " \\| ".join(f"`{member.value}`" for member in bare)
    if isinstance(bare, type) and issubclass(bare, Struct):
        return f"[{bare.__name__}](#{bare.__name__.lower()})"
    if bare is int:
        return f"integer, {least} to {most}" if least is not None else "integer"
    if bare is str:
        words = ["text"]
        words += [f"at most {length} characters"] if length is not None else []
        words += [f"`{_shown(pattern)}`"] if pattern is not None else []
        return ", ".join(words)
    return {bool: "true or false", float: "number"}[bare]


def _shown(pattern: str) -> str:
    """Return a pattern for a cell of a Markdown table."""
    return pattern.replace(r"\Z", "$").replace("|", "\\|")


def _default(field: Any) -> str:  # noqa: ANN401 - msgspec's own
    if field.required:
        return ""
    value = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
    if isinstance(value, Struct):
        return "{…}"
    if field.name.endswith("_fen"):
        return f'"{format_yuan(value)}"'
    return msgspec.json.encode(value).decode()


def member_texts(kind: type[Enum]) -> dict[str, str]:
    """Return the docstrings of an enumeration's members by name."""
    return _module_texts(kind.__module__)[kind.__name__]


def _field_texts(kind: type) -> dict[str, str]:
    """Return the docstrings of a struct's fields, those of its bases included."""
    texts: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if issubclass(base, Struct) and base is not Struct:
            texts |= _module_texts(base.__module__).get(base.__name__, {})
    return texts


@cache
def _module_texts(module: str) -> dict[str, dict[str, str]]:
    """Return class → field or member → docstring of a module, read from its source."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    found: dict[str, dict[str, str]] = {}
    for node in tree.body:
        if not isinstance(node, ast.ClassDef):
            continue
        rows = found.setdefault(node.name, {})
        for first, second in zip(node.body, node.body[1:], strict=False):
            is_text = isinstance(second, ast.Expr) and isinstance(second.value, ast.Constant)
            target: ast.expr
            if isinstance(first, ast.AnnAssign):
                target = first.target
            elif isinstance(first, ast.Assign):  # a member of an enumeration
                target = first.targets[0]
            else:
                continue
            if is_text and isinstance(target, ast.Name):
                rows[target.id] = " ".join(str(second.value.value).split())  # type: ignore[attr-defined]
    return found
