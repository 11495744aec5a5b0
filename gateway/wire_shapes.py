"""How our structs look outside: each with money in it gets a twin whose `*_fen` are `*_yuan`.

The twins and the functions between them and the structs are made from the types, once: a struct without
money travels as it is, and a new field or a new struct needs no line here. Functions are generated as
source, because an order passes through two of them and its answers through several more.
"""

import types
from collections.abc import Callable
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Struct

from gateway.money_text import FEN_MAX, Yuan, yuan_between, yuan_of

MONEY: Final = "_fen"
MONEY_OUTSIDE: Final = "_yuan"

Convert = Callable[[Any], Any]


def outside_name(name: str) -> str:
    """Return a field's name on the wire: `price_fen` is `price_yuan` there."""
    return name.removesuffix(MONEY) + MONEY_OUTSIDE if name.endswith(MONEY) else name


class _Outwards(dict[type, Convert | None]):
    """Class → function to its twin, None where it travels as it is; learnt at the first use."""

    def __init__(self, shapes: "Shapes") -> None:
        super().__init__()
        self._shapes = shapes

    def __missing__(self, kind: type) -> Convert | None:
        found = self._shapes.outwards(kind)
        self[kind] = found
        return found


class _Inwards(dict[type, Convert | None]):
    """Class of a decoded value → function to our struct, None where it is one already."""

    def __missing__(self, kind: type) -> None:
        self[kind] = None


class Shapes:
    """The twins of one direction; clients' are `lenient`: they take fields that they do not know."""

    def __init__(self, *, is_lenient: bool) -> None:
        self._is_lenient = is_lenient
        self._twins: dict[type, type] = {}
        self._inwards = _Inwards()
        self.to_wire = _Outwards(self)
        """Class → function from our struct to its twin, None where it is encoded as it is."""

    # ------------------------------------------------------------ what the wire calls

    def from_wire(self, value: Any) -> Any:  # noqa: ANN401 - any struct or twin
        """Return our struct of a decoded value."""
        convert = self._inwards[value.__class__]
        return value if convert is None else convert(value)

    def of(self, annotation: Any) -> Any:  # noqa: ANN401 - any annotation
        """Return the annotation to decode with: twins in the place of the structs that have one."""
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            return Annotated[(self.of(arguments[0]), *annotation.__metadata__)]
        if origin is tuple:
            return _row([a if a is Ellipsis else self.of(a) for a in arguments])
        if origin in (UnionType, Union):
            return Union[tuple(self.of(argument) for argument in arguments)]  # noqa: UP007 - made here
        return self._twin(annotation) if _is_struct(annotation) else annotation

    # ------------------------------------------------------------ twins

    def _needs_twin(self, kind: type) -> bool:
        is_strict = bool(_config(kind).forbid_unknown_fields)
        if self._is_lenient and is_strict:
            return True
        return any(
            _is_money(field.name) or any(map(self._needs_twin, structs_in(field.type)))
            for field in msgspec.structs.fields(kind)
        )

    def _twin(self, kind: type) -> type:
        """Return the twin of a struct, the struct itself where it needs none."""
        found = self._twins.get(kind)
        if found is None:
            found = self._twins[kind] = self._define(kind) if self._needs_twin(kind) else kind
            if found is not kind:
                self._inwards[found] = self._make_inwards(kind)
        return found

    def _define(self, kind: type) -> type:
        config = _config(kind)
        rows: list[Any] = []
        for field in msgspec.structs.fields(kind):
            name = outside_name(field.name)
            kind_outside = _money_type(field.type) if _is_money(field.name) else self.of(field.type)
            if field.default is not NODEFAULT:
                default = msgspec.field(default_factory=_always(self._as_decoded(field.default)))
                rows.append((name, kind_outside, default))
            elif field.default_factory is not NODEFAULT:
                default = self._as_decoded(field.default_factory())
                rows.append((name, kind_outside, msgspec.field(default_factory=_always(default))))
            else:
                rows.append((name, kind_outside))
        return msgspec.defstruct(
            kind.__name__,
            rows,
            kw_only=True,
            gc=False,
            tag=config.tag,
            forbid_unknown_fields=config.forbid_unknown_fields and not self._is_lenient,
            namespace={"__doc__": kind.__doc__},
        )

    def _as_decoded(self, value: Any) -> Any:  # noqa: ANN401 - any default
        """Return a default as decoding leaves it: a twin that holds integer fen."""
        if isinstance(value, tuple):
            return tuple(map(self._as_decoded, value))
        if not isinstance(value, Struct):
            return value
        twin = self._twin(type(value))
        if twin is type(value):
            return value
        return twin(
            **{
                outside_name(name): self._as_decoded(getattr(value, name))
                for name in value.__struct_fields__
            }
        )

    # ------------------------------------------------------------ generated functions

    def outwards(self, kind: type) -> Convert | None:
        """Return the function from a struct to its twin, None where it has no money."""
        if not _is_struct(kind) or not _has_money(kind):
            return None
        parts = []
        for field in msgspec.structs.fields(kind):
            value = f"v.{field.name}"
            if _is_money(field.name):
                is_row = get_origin(_bare(field.type)) is tuple
                value = f"[TEXTS[x] for x in {value}]" if is_row else f"TEXTS[{value}]"
            elif any(map(_has_money, structs_in(field.type))):
                value = _walk(value, field.type, row="list")
            parts.append(f"{outside_name(field.name)}={value}")
        space = {"MAKE": self._twin(kind), "FOUND": self.to_wire, "TEXTS": yuan_of}
        return _compile(kind, parts, space)

    def _make_inwards(self, kind: type) -> Convert:
        parts = []
        for field in msgspec.structs.fields(kind):
            value = f"v.{outside_name(field.name)}"
            inner = structs_in(field.type)
            if not _is_money(field.name) and any(self._twin(one) is not one for one in inner):
                value = _walk(value, field.type, row="tuple")
            parts.append(f"{field.name}={value}")
        return _compile(kind, parts, {"MAKE": kind, "FOUND": self._inwards})


def structs_in(annotation: Any) -> list[type]:  # noqa: ANN401 - any annotation
    """Return the structs that a field may hold."""
    return [leaf for leaf in leaves(annotation) if _is_struct(leaf)]


def leaves(annotation: Any) -> list[Any]:  # noqa: ANN401 - any annotation
    """Return what an annotation is made of: classes, and each Literal as one."""
    if get_origin(annotation) is Literal:
        return [annotation]
    arguments = get_args(annotation)
    return [leaf for one in arguments for leaf in leaves(one)] if arguments else [annotation]


def _walk(value: str, annotation: Any, *, row: str) -> str:  # noqa: ANN401 - any annotation
    """Return the source that converts a field: one struct, or a row of them."""
    one = "{0} if (f := FOUND[{0}.__class__]) is None else f({0})"
    if get_origin(_bare(annotation)) is tuple:
        made = f"[{one.format('x')} for x in {value}]"
        return made if row == "list" else f"tuple({made})"
    return f"({one.format(value)})"


def _compile(kind: type, parts: list[str], space: dict[str, Any]) -> Convert:
    source = f"def convert(v):\n    return MAKE({', '.join(parts)})\n"
    exec(compile(source, f"<{kind.__name__} on the wire>", "exec"), space)  # noqa: S102 - from our types
    made: Convert = space["convert"]
    return made


def _always(value: Any) -> Callable[[], Any]:  # noqa: ANN401 - any default
    return lambda: value


def _config(kind: type) -> Any:  # noqa: ANN401 - msgspec's own
    return kind.__struct_config__  # type: ignore[attr-defined]


def _is_struct(kind: Any) -> bool:  # noqa: ANN401 - any annotation
    return isinstance(kind, type) and issubclass(kind, Struct)


def _is_money(name: str) -> bool:
    return name.endswith(MONEY)


def _has_money(kind: type) -> bool:
    return any(
        _is_money(field.name) or any(map(_has_money, structs_in(field.type)))
        for field in msgspec.structs.fields(kind)
    )


def _bare(annotation: Any) -> Any:  # noqa: ANN401 - any annotation
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _money_type(annotation: Any) -> Any:  # noqa: ANN401 - any annotation
    """Return the annotation of a money field outside, with the bounds that it has inside."""
    if get_origin(_bare(annotation)) is tuple:
        arguments = get_args(_bare(annotation))
        inner = _row([a if a is Ellipsis else _money_type(a) for a in arguments])
        extra = getattr(annotation, "__metadata__", ())
        return Annotated[(inner, *extra)] if extra else inner
    options = get_args(annotation) if get_origin(annotation) in (UnionType, Union) else ()
    assert NoneType not in options, "money is never null: 0 stands where there is none"
    least, most = -FEN_MAX, FEN_MAX
    for meta in getattr(annotation, "__metadata__", ()):
        assert (meta.gt, meta.lt) == (None, None), "money is bounded by ge and le"
        least = least if meta.ge is None else max(least, int(meta.ge))
        most = most if meta.le is None else min(most, int(meta.le))
    return Yuan if (least, most) == (-FEN_MAX, FEN_MAX) else yuan_between(least, most)


def _row(members: list[Any]) -> Any:  # noqa: ANN401 - any annotation
    """Return the annotation of a tuple of these members."""
    return types.GenericAlias(tuple, tuple(members))
