"""What stands around every demo: its directory, Ctrl-C, and an eye on its processes."""

import asyncio
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from bench.demo_market import Market, unpacked
from gateway.errors import UserError

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(Exception):
    """Ctrl-C or SIGTERM came."""


@contextmanager
def data_folder(keep: Path | None) -> Iterator[Path]:
    """Yield the demo's directory: the given new one, or a temporary one that is removed with its keys."""
    if keep is not None:
        try:
            keep.mkdir(mode=0o700, parents=True, exist_ok=True)
            is_used = any(keep.iterdir())
        except OSError as error:
            raise UserError(f"--keep {keep}: {error.strerror}; choose another directory") from None
        if is_used:
            raise UserError(f"--keep {keep} is not empty; choose a new directory")
        yield keep.resolve()
        return
    folder = Path(tempfile.mkdtemp(prefix="ceax-demo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def until_interrupted(work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 - either demo's
    """Run to the end, or cancel at the first SIGINT or SIGTERM and raise Interrupted."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    came: list[int] = []

    def interrupt(number: int) -> None:
        came.append(number)
        task.cancel()

    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, interrupt, number)
    try:
        return await task
    except asyncio.CancelledError:
        if came:
            raise Interrupted from None
        raise
    finally:
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)


async def guarded(market: Market, work: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401
    """Do the work while watching the processes; close all connections in the end."""
    found: list[Any] = []
    try:
        with unpacked():
            async with asyncio.TaskGroup() as group:
                watch = group.create_task(market.watch())
                found.append(await work())
                watch.cancel()
    finally:
        await market.close()
    return found[0]


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def seconds_since(began: float) -> float:
    """Return the seconds since a monotonic moment, to the tenth."""
    return round(time.monotonic() - began, 1)
