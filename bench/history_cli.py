"""The arguments of `ceax history`; nothing heavy is imported before it runs."""

import argparse
from pathlib import Path

EPILOG = """\
example:
  ceax history --bulletins cea_daily.csv --from 2021-07-16 --to 2023-08-25
  ceax history --bulletins by_vintage.csv --reference CEA23=98.00 --json
  ceax history --bulletins other.csv --columns date=Tag,close=Schluss,listed_quantity=Menge

Columns are found by their headers, English (date, open, high, low, close, listed_volume,
listed_amount, block_volume, block_amount, price_basis, product) or Chinese (日期, 开盘价,
收盘价, 挂牌协议成交量, ...); date, close, listed volume and listed amount are needed."""


def add_history(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `history` command."""
    parser = commands.add_parser(
        "history",
        help="rebuild published trading days and compare the engine's bulletins",
        description="Build an order flow for each day of a table of published figures, run it"
        " through the engine and compare the bulletins, to the tonne and the fen.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--bulletins", type=Path, required=True, metavar="FILE", help="CSV table")
    parser.add_argument("--from", dest="begin", default="", metavar="DATE", help="first day")
    parser.add_argument("--to", dest="end", default="", metavar="DATE", help="last day")
    parser.add_argument(
        "--reference",
        action="append",
        default=[],
        metavar="PRODUCT=YUAN",
        help="reference price of a product's first row (repeatable)",
    )
    parser.add_argument(
        "--columns", default="", metavar="NAME=HEADER,…", help="headers of a table of another form"
    )
    parser.add_argument("--seed", type=int, default=None, help="seed of the flows")
    parser.add_argument(
        "--profile", default="national", metavar="NAME|FILE", help="market profile (national)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run_history)


def run_history(arguments: argparse.Namespace) -> int:
    """Run the command; 0 where every row matched or is explained, else 1."""
    from bench.history_command import run  # noqa: PLC0415 - numba and numpy only when it runs

    return run(arguments)
