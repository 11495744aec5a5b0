"""The compiled core: record layouts, state arrays and kernels. Only the rooms of `engine/` use it.

`is_warm()` says whether the first start is behind us, `warm_up()` compiles or loads the kernels.
"""


def is_warm() -> bool:
    """Say whether the core is compiled already: in this process, or on disk by an earlier one."""
    from engine.core import arrays  # noqa: PLC0415 - numba loads only when it is needed

    return arrays.is_warm()


def warm_up() -> None:
    """Compile the core or load it from the cache; the first time takes some seconds."""
    from engine.core import arrays  # noqa: PLC0415 - numba loads only when it is needed

    arrays.warm_up()
