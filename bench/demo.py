"""`ceax demo`: the first day of the national market with all its real parts, from accounts to the next day.

The parts are processes on loopback ports; the demo speaks to them as anybody would. It compares what comes
out with what was published of 2021-07-16 and ends every process that it started, whatever happens.
"""

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

import msgspec
from msgspec import Struct

from bench.demo_market import DemoFailed, Market, Places, unpacked
from bench.demo_texts import Words
from bench.processes import ProcessFailed, Supervisor, end_of_log
from bench.robots import RobotFailed
from bench.screen import Screen
from clearing.registry_client import RegistryRefused, RegistryUnavailable
from gateway.client_errors import ClientError
from gateway.errors import UserError
from gateway.wire import Language

FAILED: Final = 1
INTERRUPTED: Final = 130
STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
EXPECTED: Final = (
    DemoFailed,
    ProcessFailed,
    RobotFailed,
    ClientError,
    RegistryRefused,
    RegistryUnavailable,
)
"""Errors that are told in words; any other is a bug and shows its traceback."""


class Options(Struct, frozen=True, kw_only=True):
    """What the person asked for."""

    is_json: bool = False
    keep: Path | None = None
    speed: float = 1.0
    language: Language = "en"
    stay: bool = False


class Interrupted(Exception):
    """Ctrl-C or SIGTERM came."""


def run(options: Options) -> int:
    """Run the demo; 0 if everything matches, 1 if not or if it failed, 130 after Ctrl-C.

    The market that stays is meant to be ended by Ctrl-C, so for it that is 0.
    """
    screen = Screen(quiet=options.is_json)
    words = Words(options.language)
    with data_folder(options.keep) as folder, Supervisor(folder / "logs") as supervisor:
        market = Market(Places(folder=folder), supervisor, options.language)
        try:
            market.places.make()
            result = asyncio.run(until_interrupted(_work(options, market, words, screen)))
        except Interrupted:
            screen.progress.print(f"\n{words('stopped')}")
            return 0 if options.stay else INTERRUPTED
        except EXPECTED as error:
            screen.progress.print(f"\n[red]{words('failed', text='')}[/red]")
            screen.progress.print(str(error), markup=False)
            if not isinstance(error, ProcessFailed):
                _quote_logs(market, screen)
            return FAILED
    if options.is_json:
        screen.results.file.write(msgspec.json.encode(result).decode() + "\n")
    return 0 if result is None or result.all_match else FAILED


def _quote_logs(market: Market, screen: Screen) -> None:
    """Print the end of each process's log: a temporary directory takes the logs with it."""
    for child in market.supervisor.children:
        screen.progress.print(f"{child.log.name}:\n{end_of_log(child.log)}", markup=False)


def _work(
    options: Options, market: Market, words: Words, screen: Screen
) -> Coroutine[Any, Any, Any]:
    if options.stay:
        from bench.demo_stay import stay  # noqa: PLC0415 - only the chosen demo is loaded

        return stay(market, words, screen)
    from bench.demo_historic import play_historic_day  # noqa: PLC0415 - likewise

    return play_historic_day(market, words, screen, speed=options.speed, keep=options.keep)


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
