"""What the kernels need of the machine, each with a plain twin for runs without the compiler.

`kernel` decorates every helper: force-inlined by LLVM, bounds-checked, and only ever used on arrays
without an owner (`view`). Either alone leaves three to six times the cost (kernel notes).
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

import numba
import numpy as np

from engine.core import compile_cache, lowering
from engine.core.layout import Rows, State

BOUNDS_CHECKED: Final = True
"""One constant and not the environment: a warm cache would ignore a changed environment."""
IS_COMPILED: Final = not numba.config.DISABLE_JIT  # type: ignore[attr-defined]
OPTIONS: Final[dict[str, Any]] = {"error_model": "numpy", "boundscheck": BOUNDS_CHECKED}

compile_cache.choose_directory(str(OPTIONS))

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(function: Function) -> Function:
    """Mark a helper of the core: compiled into its callers and nowhere else."""
    options: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, **OPTIONS}
    made = numba.njit(forceinline=True, **options)(function)
    return lowering.as_helper(made) if IS_COMPILED else made


def entry(function: Function) -> Function:
    """Mark a function that Python calls: compiled once and cached on disk."""
    return numba.njit(cache=True, **OPTIONS)(function)


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


if IS_COMPILED:
    view: Callable[[int, int, object], Rows] = lowering.view  # type: ignore[assignment]
    state_at: Callable[[int], State] = lowering.state_at  # type: ignore[assignment]
    _prefetch: Callable[[Rows, int], None] = lowering.prefetch  # type: ignore[assignment]
    _trailing_zeros: Callable[[int], int] = lowering.trailing_zeros  # type: ignore[assignment]

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
