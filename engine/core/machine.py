"""What the kernels need of the machine, each with a plain twin for runs without the compiler.

`kernel` decorates every helper: force-inlined by LLVM, bounds-checked, and only ever used on arrays
without an owner (`view`). Either alone leaves three to six times the cost (kernel notes).
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.imputils import lower_getattr_generic
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.extending import intrinsic, models, register_model
from numba.np import arrayobj

from engine.core import compile_cache
from engine.core.layout import DTYPES, SINGLE, Rows, State

BOUNDS_CHECKED: Final = True
"""One constant and not the environment: a warm cache would ignore a changed environment."""
IS_COMPILED: Final = not numba.config.DISABLE_JIT
OPTIONS: Final = {"error_model": "numpy", "boundscheck": BOUNDS_CHECKED}

compile_cache.choose_directory(str(OPTIONS))

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(function: Function) -> Function:
    """Mark a helper of the core: compiled into its caller."""
    return numba.njit(forceinline=True, **OPTIONS)(function)  # type: ignore[no-any-return]


def entry(function: Function) -> Function:
    """Mark a function that Python calls: compiled once and cached on disk."""
    return numba.njit(cache=True, **OPTIONS)(function)  # type: ignore[no-any-return]


@kernel
def at(index: int) -> int:
    """Return an index as unsigned: no wrap-around code, and a negative one is out of bounds."""
    return np.uint64(index)  # type: ignore[return-value]


@kernel
def whole(value: int) -> int:
    """Return a field widened to 64 bits, so that products of fields cannot wrap in 32."""
    return np.int64(value)  # type: ignore[return-value]


@kernel
def word(value: int) -> int:
    """Return a value as unsigned word; mixing signs would give a float."""
    return np.uint64(value)  # type: ignore[return-value]


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
def _view(_context: Any, _address: Any, _length: Any, dtype: Any) -> Any:
    def make(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return _borrow(context, builder, dtype.dtype, arguments[0], arguments[1])

    return types.Array(dtype.dtype, 1, "C")(types.int64, types.int64, dtype), make


class _StateType(types.Type):  # type: ignore[misc]
    """`State` as the kernels see it: one address of a table of (address, rows) pairs.

    A namedtuple of arrays would be 150 values in every call, and half a minute of compiling.
    """

    def __init__(self) -> None:
        super().__init__(name="ceax.State")


_STATE: Final = _StateType()


@register_model(_StateType)
class _StateModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, ir.IntType(64))


def _element(name: str) -> Any:
    return numba.from_dtype(DTYPES[name])


@infer_getattr
class _StateAttributes(AttributeTemplate):  # type: ignore[misc]
    key = _StateType

    def generic_resolve(self, _state: Any, name: str) -> Any:
        """Return the type of one concept: a row where there is only one, else an array of rows."""
        return _element(name) if name in SINGLE else types.Array(_element(name), 1, "C")


@lower_getattr_generic(_StateType)  # type: ignore[untyped-decorator]
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
def _state_at(_context: Any, _address: Any) -> Any:
    def make(_context: Any, _builder: Any, _signature: Any, arguments: Any) -> Any:
        return arguments[0]

    return _STATE(types.int64), make


@intrinsic
def _prefetch(_context: Any, array: Any, index: Any) -> Any:
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
def _trailing_zeros(_context: Any, value: Any) -> Any:
    def make(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), make


if IS_COMPILED:
    view = _view
    state_at = _state_at

    @kernel
    def prefetch(array: Rows, index: int) -> None:
        """Ask for a row's cache line early; a hint that may name any row."""
        _prefetch(array, index)

    @kernel
    def lowest_bit(value: int) -> int:
        """Return the place of the lowest set bit of a word that is not 0."""
        return np.int64(_trailing_zeros(value))  # type: ignore[return-value]

else:

    def view(address: int, length: int, dtype: object) -> Rows:
        """Exists compiled only: without the compiler the entry takes the arrays themselves."""
        raise NotImplementedError

    def state_at(address: int) -> State:
        """Exists compiled only, like `view`."""
        raise NotImplementedError

    def prefetch(array: Rows, index: int) -> None:
        """Do nothing: there is no cache line to ask for."""

    def lowest_bit(value: int) -> int:
        """Return the place of the lowest set bit of a word that is not 0."""
        number = int(value)
        return (number & -number).bit_length() - 1
