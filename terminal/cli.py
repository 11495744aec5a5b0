"""Commands of the terminal folder for the `ceax` program; heavy imports happen when a command runs."""

import argparse
from pathlib import Path

EPILOG = """\
examples:
  ceax terminal                                             ask for server and key file
  ceax terminal --url ws://127.0.0.1:7000 --key trader.key  log in at once
  ceax terminal --url ws://127.0.0.1:7000 --key operator-1.key --lang en"""


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add this folder's commands."""
    parser = commands.add_parser(
        "terminal",
        help="open the terminal as a trader or an operator (演示/仿真)",
        description="Open the terminal of traders and operators. What it may do depends on the key.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--url", default="", help="address of the exchange: ws[s]://HOST:PORT")
    parser.add_argument("--key", default="", metavar="FILE", help="key file of the person")
    parser.add_argument("--lang", choices=("zh", "en"), default="zh", help="language (default: zh)")
    parser.add_argument(
        "--ca", type=Path, metavar="FILE", help="certificate authorities of a wss:// address (PEM)"
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    import sys

    from gateway.errors import UserError

    if not sys.stdin.isatty() or not sys.stdout.isatty():
        raise UserError("the terminal needs a real terminal window; run it without pipes")
    from functools import partial

    from gateway.client import Client
    from terminal.app import Terminal

    connect = partial(Client.connect, authorities=arguments.ca)
    return Terminal(arguments.url, arguments.key, arguments.lang, connect=connect).run() or 0
