"""The one door to everything: `ceax` composes the command line and holds no logic."""

import argparse
import sys

from bench import cli as bench_cli
from clearing import cli as clearing_cli
from gateway import cli as gateway_cli
from gateway.errors import UserError
from terminal import cli as terminal_cli

VERSION = "0.1.0"
DESCRIPTION = """\
An open carbon allowance exchange: 演示/仿真, a simulation.
Independent project, without connection to the real exchange, registry or ministry."""
EPILOG = """\
examples:
  ceax demo                         run the first day of the national market, 2021-07-16
  ceax demo --stay                  leave a live market running, to try the terminal
  ceax init my-market               make a first empty market and print the next commands"""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; nothing heavy is imported for it."""
    parser = argparse.ArgumentParser(
        prog="ceax",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"ceax {VERSION}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in (bench_cli, gateway_cli, clearing_cli, terminal_cli):
        module.add_commands(commands)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code: 2 for a mistake of the caller, told in one line."""
    parsed = build_parser().parse_args(arguments)
    try:
        return int(parsed.run(parsed))
    except UserError as error:
        print(f"ceax: {error.told(getattr(parsed, 'lang', 'en'))}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
