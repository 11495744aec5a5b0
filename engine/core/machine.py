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
from numba.extending import intrinsic
from numba.np import arrayobj

from engine.core import compile_cache
from engine.core.layout import Rows

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


@intrinsic
def _view(_context: Any, address: Any, length: Any, dtype: Any) -> Any:
    array_type = types.Array(dtype.dtype, 1, "C")

    def make(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        array = arrayobj.make_array(array_type)(context, builder)
        size = context.get_abi_sizeof(context.get_data_type(array_type.dtype))
        stride = context.get_constant(types.intp, size)
        arrayobj.populate_array(
            array,
            data=builder.inttoptr(arguments[0], array.data.type),
            shape=[arguments[1]],
            strides=[stride],
            itemsize=stride,
            meminfo=None,
        )
        return array._getvalue()  # noqa: SLF001 - numba's own way to read a structure

    return array_type(types.int64, types.int64, dtype), make


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

    def prefetch(array: Rows, index: int) -> None:
        """Do nothing: there is no cache line to ask for."""

    def lowest_bit(value: int) -> int:
        """Return the place of the lowest set bit of a word that is not 0."""
        number = int(value)
        return (number & -number).bit_length() - 1
