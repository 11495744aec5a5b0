"""`ceax demo`: the first day of the national market with all its real parts, from accounts to the next day.

The parts are processes on loopback ports; the demo speaks to them as anybody would. It compares what comes
out with what was published of 2021-07-16 and ends every process that it started, whatever happens.
"""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from bench.demo_guard import Interrupted, data_folder, until_interrupted
from bench.demo_market import DemoFailed, Market, Places
from bench.demo_texts import Words
from bench.processes import ProcessFailed, Supervisor, end_of_log
from bench.robots import RobotFailed
from bench.screen import Screen
from clearing.registry_client import RegistryRefused, RegistryUnavailable
from gateway.client_errors import ClientError
from gateway.wire import Language

FAILED: Final = 1
INTERRUPTED: Final = 130
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
