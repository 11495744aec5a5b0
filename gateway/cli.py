"""Commands of the gateway folder for the `ceax` program; heavy imports happen when a command runs."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from gateway import (
    cli_admit,
    cli_describe,
    cli_journal,
    cli_keys,
    cli_outside,
    cli_participant,
    cli_proposals,
)
from gateway.cli_parts import add_output, add_verbs, make_parser

if TYPE_CHECKING:
    from gateway.cli_parts import Commands


def add_commands(commands: "Commands") -> None:
    """Add this folder's commands."""
    _add_init(commands)
    _add_exchange(commands)
    cli_journal.add_journal(commands)
    cli_keys.add_commands(commands)
    cli_admit.add_commands(commands)
    cli_participant.add_commands(commands)
    cli_proposals.add_commands(commands)
    cli_describe.add_commands(commands)


def _add_init(commands: "Commands") -> None:
    parser = make_parser(commands, "init", "make a first empty market", "ceax init my-market")
    parser.add_argument("folder", type=Path, metavar="DIR", help="a new or empty directory")
    parser.add_argument("--profile", default="national", help="rules of the market (national)")
    add_output(parser)
    parser.set_defaults(run=_init)


def _add_exchange(commands: "Commands") -> None:
    summary = "run the exchange: gateway, sequencer, journal, engine"
    parser = make_parser(commands, "exchange", summary, "ceax exchange serve --data my-market")
    verbs = add_verbs(parser)
    example = (
        "ceax exchange serve --data my-market --port 7000\n"
        "  ceax exchange serve --data my-market --clock simulated --clock-start 2021-07-16T08:00"
    )
    serve = make_parser(verbs, "serve", "serve a market until Ctrl-C or SIGTERM", example)
    serve.add_argument("--data", type=Path, required=True, metavar="DIR", help="of `ceax init`")
    serve.add_argument("--profile", default="", help="refuse a market that has other rules")
    serve.add_argument(
        "--clock",
        choices=("wall", "simulated"),
        default="",
        help="of a new market (wall); later starts keep the clock it was begun with",
    )
    serve.add_argument(
        "--clock-start",
        default="",
        metavar="TIME",
        help="Beijing time at which a simulated market begins, such as 2021-07-16T08:00; "
        "later starts go on from the last journaled time",
    )
    serve.add_argument(
        "--clock-rate",
        type=_rate,
        metavar="N",
        help="how fast simulated time runs, from this start on; 0 = only when an operator moves it "
        "(that of the last start, 1 at first)",
    )
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    serve.add_argument(
        "--port", type=_port, default=7000, help="0 = any; DIR/exchange.port tells (7000)"
    )
    serve.add_argument(
        "--settings",
        type=Path,
        metavar="FILE",
        help="TOML with other limits than the usual ones, such as connections_per_address = 2000",
    )
    serve.add_argument(
        "--snapshot-every",
        type=_commands,
        default=250_000,
        metavar="N",
        help="commands between two snapshots of a day; one is taken at its end too (250000)",
    )
    serve.add_argument(
        "--ship",
        type=Path,
        metavar="DIR",
        help="keep a copy of the journal there, best on another machine's disk; it verifies by itself",
    )
    cli_outside.add_options(serve, _port)
    serve.set_defaults(run=_serve)


def _rate(text: str) -> float:
    from gateway.clock import RATE_MAX

    try:
        rate = float(text)
    except ValueError:
        rate = -1.0
    if not 0 <= rate <= RATE_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is no rate from 0 to {RATE_MAX}")
    return rate


def _whole(text: str, least: int, most: int) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(most))
    if not is_number or not least <= int(text) <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least} to {most}")
    return int(text)


def _port(text: str) -> int:
    return _whole(text, 0, 65_535)


def _commands(text: str) -> int:
    return _whole(text, 1, 10**9)


def _init(arguments: argparse.Namespace) -> int:
    from gateway.market import make_market

    folder: Path = arguments.folder
    files = make_market(folder, arguments.profile)
    if arguments.json:
        print(json.dumps({"folder": str(folder), "keys": [str(path) for path in files]}))
        return 0
    first, second, clearing = files
    serve = f"  ceax exchange serve --data {folder}"
    url = "ws://127.0.0.1:7000"
    makes, checks = (f"  ceax terminal --url {url} --key {key}   " for key in (first, second))
    if arguments.lang == "zh":
        print(f"已在 {folder} 建立一个空市场 (演示/仿真); 接着各开一个终端执行:")
        print(f"{serve}\n{makes}(运营员, 提议)\n{checks}(运营员, 复核)")
        print(f"清算服务用 {clearing} 登录, 见 ceax clearing serve --help")
        print("密钥文件只有您可读; 持有者即可以该人员的身份操作")
    else:
        print(f"made an empty market (演示/仿真) in {folder}; next, each in a terminal of its own:")
        print(f"{serve}\n{makes}(operator, proposes)\n{checks}(operator, approves)")
        print(f"the clearing service logs in with {clearing}; see: ceax clearing serve --help")
        print("keys are readable by you alone; whoever holds one acts as that person")
    return 0


def _serve(arguments: argparse.Namespace) -> int:
    from gateway.process import Settings, run
    from gateway.settings import read_settings

    return run(
        Settings(
            folder=arguments.data,
            profile=arguments.profile,
            clock=arguments.clock,
            clock_start=arguments.clock_start,
            clock_rate=arguments.clock_rate,
            host=arguments.host,
            port=arguments.port,
            limits=read_settings(arguments.settings),
            ship=arguments.ship,
            snapshot_every=arguments.snapshot_every,
            outside=cli_outside.read_options(arguments),
        )
    )
