"""Commands of the bench folder for the `ceax` program; heavy imports happen when a command runs."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from bench.cli_bench import add_bench
from bench.history_cli import add_history

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    Commands = _SubParsersAction[argparse.ArgumentParser]

DEMO_EXAMPLE = """\
examples:
  ceax demo                        a whole day in about a minute and a half
  ceax demo --speed 5 --json       faster, one JSON object on standard output
  ceax demo --keep my-day          keep data, logs, keys and the chart as PNG
  ceax demo --stay                 a live market to try the terminal; Ctrl-C ends it

It ends with a table of published and computed figures; the exit code is 0 only if all match."""


def add_commands(commands: "Commands") -> None:
    """Add this folder's commands."""
    _add_demo(commands)
    add_history(commands)
    add_bench(commands)


def _add_demo(commands: "Commands") -> None:
    parser = commands.add_parser(
        "demo",
        help="run a whole day of the exchange with all its real parts (演示/仿真)",
        description="Run the first day of the national market, 2021-07-16: registry, exchange and"
        " clearing as processes, robots that trade, and the published figures to the fen.",
        epilog=DEMO_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--keep",
        type=Path,
        default=None,
        metavar="DIR",
        help="keep data, logs and keys in a new DIR",
    )
    parser.add_argument(
        "--speed", type=_speed, default=1.0, metavar="N", help="how much faster the day passes (1)"
    )
    parser.add_argument(
        "--lang", choices=("zh", "en"), default="", help="language (that of the locale)"
    )
    parser.add_argument(
        "--stay", action="store_true", help="leave a live market of today's vintages running"
    )
    parser.set_defaults(run=_demo)


def _speed(text: str) -> float:
    speed = float(text)
    if not 0.01 <= speed <= 10_000:  # noqa: PLR2004 - the bounds that the message names
        raise argparse.ArgumentTypeError("a speed is between 0.01 and 10000")
    return speed


def _demo(arguments: argparse.Namespace) -> int:
    from bench.demo import Options, run
    from bench.demo_texts import default_language

    return run(
        Options(
            is_json=arguments.json,
            keep=arguments.keep,
            speed=arguments.speed,
            language="zh" if (arguments.lang or default_language(os.environ)) == "zh" else "en",
            stay=arguments.stay,
        )
    )
