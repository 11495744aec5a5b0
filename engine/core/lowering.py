"""How the kernels' state and a few machine instructions become code: the only use of numba's inside.

numba promises nothing about these interfaces, so its version is pinned and a test counts the calls of
its reference counting in the compiled entry, which must be none.
"""

# mypy: disable-error-code="no-untyped-call, misc, override, untyped-decorator"

from typing import Any, Final

import numba
from llvmlite import ir
from numba import types
from numba.core import cgutils, codegen
from numba.core.imputils import lower_getattr_generic
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.extending import intrinsic, models, register_model
from numba.np import arrayobj

from engine.core.layout import DTYPES, SINGLE, State


def _borrow(context: Any, builder: Any, dtype: Any, address: Any, length: Any) -> Any:
    """Build an array without an owner: nothing is counted, the caller keeps the memory alive."""
    array_type = types.Array(dtype, 1, "C")
    array = arrayobj.make_array(array_type)(context, builder)
    size = context.get_abi_sizeof(context.get_data_type(dtype))
    stride = context.get_constant(types.intp, size)
    arrayobj.populate_array(
        array,
        data=builder.inttoptr(address, array.data.type),
        shape=[length],
        strides=[stride],
        itemsize=stride,
        meminfo=None,
    )
    return array._getvalue()  # noqa: SLF001 - numba's own way to read a structure


@intrinsic
def view(_context: Any, _address: Any, _length: Any, dtype: Any) -> Any:
    """Make an array of `length` rows at an address, owned by nobody."""

    def make(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return _borrow(context, builder, dtype.dtype, arguments[0], arguments[1])

    return types.Array(dtype.dtype, 1, "C")(types.int64, types.int64, dtype), make


class _StateType(types.Type):
    """`State` as the kernels see it: one address of a table of (address, rows) pairs.

    A namedtuple of arrays would be 150 values in every call, and half a minute of compiling.
    """

    def __init__(self) -> None:
        super().__init__(name="ceax.State")


_STATE: Final = _StateType()


@register_model(_StateType)
class _StateModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, ir.IntType(64))


def _element(name: str) -> Any:
    return numba.from_dtype(DTYPES[name])


@infer_getattr
class _StateAttributes(AttributeTemplate):
    key = _StateType

    def generic_resolve(self, _state: Any, name: str) -> Any:
        """Return the type of one concept: a row where there is only one, else an array of rows."""
        return _element(name) if name in SINGLE else types.Array(_element(name), 1, "C")


@lower_getattr_generic(_StateType)
def _read_attribute(context: Any, builder: Any, _type: Any, table: Any, name: str) -> Any:
    def load(place: int) -> Any:
        whole_type = ir.IntType(64)
        address = builder.add(table, whole_type(8 * place))
        loaded = builder.load(builder.inttoptr(address, whole_type.as_pointer()))
        # the table does not change while a run lasts, so a load need not be repeated after a store
        loaded.set_metadata("invariant.load", builder.module.add_metadata([]))
        return loaded

    place = 2 * State._fields.index(name)
    if name in SINGLE:
        return builder.inttoptr(load(place), context.get_value_type(_element(name)))
    return _borrow(context, builder, _element(name), load(place), load(place + 1))


@intrinsic
def state_at(_context: Any, _address: Any) -> Any:
    """Make the state of the table at an address."""

    def make(_context: Any, _builder: Any, _signature: Any, arguments: Any) -> Any:
        return arguments[0]

    return _STATE(types.int64), make


@intrinsic
def prefetch(_context: Any, array: Any, _index: Any) -> Any:
    """Ask for the cache line of a row; the row need not exist."""

    def make(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row = arrayobj.make_array(signature.args[0])(context, builder, arguments[0])
        pointer = builder.gep(row.data, [arguments[1]])
        flag = ir.IntType(32)
        form = ir.FunctionType(ir.VoidType(), [pointer.type, flag, flag, flag])
        hint = cgutils.get_or_insert_function(builder.module, form, "llvm.prefetch.p0")
        builder.call(hint, [pointer, flag(1), flag(3), flag(1)])  # write, keep near, data
        return context.get_dummy_value()

    return types.void(array, types.int64), make


@intrinsic
def trailing_zeros(_context: Any, _value: Any) -> Any:
    """Count the zeros below the lowest set bit of a word that is not 0."""

    def make(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), make


# ---------------------------------------------------------------- helpers without code of their own

_helpers: list[str] = []
"""Names of the helpers that are being compiled now, the innermost last."""


def _widened(kind: Any) -> Any:
    """Return the type in which a helper takes an argument: one for all whole numbers but unsigned words."""
    plain = types.unliteral(kind)
    is_word = isinstance(plain, types.Integer) and plain != types.uint64
    return types.int64 if is_word or isinstance(plain, types.IntEnumMember) else plain


def as_helper(dispatcher: Any) -> Any:
    """Let a function be only a part of the entries that use it.

    Its arguments are widened, so that one compiled form serves every call, and it is neither optimized
    nor made machine code by itself, for its entries do both with all of it: half of the cold compile.
    """
    template = dispatcher.get_call_template

    def get_call_template(arguments: Any, keywords: Any) -> Any:
        _helpers.append(dispatcher.py_func.__name__)
        try:
            return template(tuple(_widened(kind) for kind in arguments), keywords)
        finally:
            _helpers.pop()

    dispatcher.get_call_template = get_call_template
    return dispatcher


def _let_helpers_be(owner: Any, name: str) -> None:
    """Let one of numba's steps towards machine code pass helpers by."""
    method = getattr(owner, name)

    def step(this: Any, *arguments: Any) -> None:
        if not _helpers:
            method(this, *arguments)
        elif isinstance(this, codegen.JITCodeLibrary):
            this._finalized = True  # noqa: SLF001 - what numba's own last step leaves behind

    setattr(owner, name, step)


_let_helpers_be(codegen.JITCodeLibrary, "_optimize_final_module")
_let_helpers_be(codegen.JITCodeLibrary, "_finalize_final_module")
_let_helpers_be(codegen.JITCPUCodegen, "set_env")
