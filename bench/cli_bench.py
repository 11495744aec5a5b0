"""The commands below `ceax bench`; heavy imports happen when one runs."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    Commands = _SubParsersAction[argparse.ArgumentParser]

ENGINE_TEXT = """\
Rows are named engine/<flow>/<layer>/<batch>.
flows    listed    45 % listings, 40 % cancels, 15 % picks on the national market
         one five  half passive orders, two fifths cancels of a random live order, a tenth through
                   the touch, on one product and on five of the continuous market
         deep      the same with 200,000 live orders
         hostile   the listed flow with nine commands in ten refused
         auction   the close of an auction with 10,000 bids, per bid
layers   book      the book only: matching, links and bitmaps in a bare loop over the core's own code;
                   no checks, owners, ledger or events, and refused commands are left out
         full      all checks, client order numbers, the ledger, event records, the event digest
         journal   all of that, each batch first written to a journal file and synced
batches  1, 16, 64 or 4096 commands in one call
Then engine/scale/live/<n>, engine/scale/participants/<n>, engine/memory/... and engine/compile/....

Figures are thread CPU time, with wall time beside them, worst and median of ten runs. Every timed run
must end with the digest of a run that was not timed; commands already stand in packed records."""

ENGINE_EXAMPLE = """\
examples:
  ceax bench engine                          everything, in a few minutes
  ceax bench engine --rows one --rows five   two flows
  ceax bench engine --rows deep/full --json  four rows as one JSON object
  ceax bench engine --list                   the names of all rows
  ceax bench engine --orders FILE --json     an outside flow, price-time

An order file is CSV with the columns action,order,side,product,price,quantity: new or cancel, an order
number, buy or sell, a product's name, yuan, tonnes. Its products are made for the run; all buys are one
participant's, all sells another's, both amply funded. hash runs over the trades in order:
h = (h*1000003 + maker*31 + taker*17 + price_fen*7 + quantity) mod 2^64."""

PEERS_EXAMPLE = """\
examples:
  pip install 'ceax[bench]'
  ceax bench peers
  ceax bench peers --flow five --json

Runs the order books of other projects that are importable, and our own sortedcontainers baseline, on the
same flow in one run. A peer that does not trade the same (trades, quantity, hash) is named and not timed."""


JOURNAL_TEXT = """\
journal/records_per_s               appended in full batches of 4096: hash, write, fdatasync, mark
journal/ratio_to_fdatasync          the same beside raw writes of the same bytes, in the same run
journal/recovery_s/<n>              a start from the journal alone: verified, applied, digests compared
journal/recovery_with_snapshot_s/<n>  a start from a snapshot seven eighths into the day, all verified
Rows with /batch-<n> behind are the same with smaller batches."""

JOURNAL_EXAMPLE = """\
examples:
  ceax bench journal
  ceax bench journal --commands 100000 --runs 3 --json
  ceax bench journal --folder /var/lib/ceax"""


GATEWAY_TEXT = """\
The whole exchange as a process, with sockets and a journal on a real disk, beside a `websockets` echo of
the same frames with the same server class and settings; the load comes from a third process.

gateway/ack_ratio_to_echo        orders made durable and acknowledged per second of server CPU, over the
                                 echo's messages: 100 connections with 4 in flight, JSON, all checks,
                                 private reports and the book feed to 100 readers included
gateway/ack_p99_ms/RATE          from an order's scheduled time to its answer, open load, p50 beside
gateway/fanout_per_cpu_s         frames of one book to 1,000 readers
gateway/idle_kib_per_connection  memory of 5,000 connections that are logged in
gateway/slow_reader_p99_ratio    p99 of the others with bad clients at work, over p99 without

A row whose client used more than 80 % of its core is marked."""

GATEWAY_EXAMPLE = """\
examples:
  ceax bench gateway                              everything, in some minutes
  ceax bench gateway --rows ack_ratio --json      one row as one JSON object
  ceax bench gateway --rows idle --seconds 1"""


def add_bench(commands: "Commands") -> None:
    """Add `ceax bench` with its own commands."""
    parser = commands.add_parser(
        "bench",
        help="measure the parts of the exchange",
        description="Measure the parts of the exchange.",
        epilog="example:\n  ceax bench engine --rows one --json",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_engine(verbs)
    _add_peers(verbs)
    _add_journal(verbs)
    _add_gateway(verbs)


def _add_engine(verbs: "Commands") -> None:
    engine = verbs.add_parser(
        "engine",
        help="nanoseconds per command of the compiled core",
        description="Nanoseconds per command of the compiled core.\n\n" + ENGINE_TEXT,
        epilog=ENGINE_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    engine.add_argument("--json", action="store_true", help="print one JSON object")
    engine.add_argument(
        "--rows",
        action="append",
        metavar="PREFIX",
        help="only rows whose names begin so; may be given again (all rows)",
    )
    engine.add_argument("--list", action="store_true", help="print the names of all rows and stop")
    engine.add_argument("--runs", type=int, default=10, metavar="N", help="runs of a figure (10)")
    engine.add_argument(
        "--commands", type=int, default=200_000, metavar="N", help="commands of a flow (200000)"
    )
    engine.add_argument("--orders", type=Path, metavar="FILE", help="run an outside flow instead")
    engine.add_argument(
        "--reference",
        action="append",
        metavar="[PRODUCT=]PRICE",
        help="with --orders: reference price in yuan, of one product or of all (amid its prices)",
    )
    engine.set_defaults(run=_run_engine)


def _add_peers(verbs: "Commands") -> None:
    peers = verbs.add_parser(
        "peers",
        help="the same flow through other order books, and the ratio to ours",
        description="The same continuous flow through other order books, and the ratio to ours.",
        epilog=PEERS_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    peers.add_argument("--json", action="store_true", help="print one JSON object")
    peers.add_argument(
        "--flow", choices=("one", "five"), default="one", help="one product or five (one)"
    )
    peers.add_argument("--runs", type=int, default=10, metavar="N", help="runs of a figure (10)")
    peers.add_argument(
        "--commands", type=int, default=20_000, metavar="N", help="commands of the flow (20000)"
    )
    peers.set_defaults(run=_run_peers)


def _add_journal(verbs: "Commands") -> None:
    journal = verbs.add_parser(
        "journal",
        help="records a second beside a raw fdatasync, and how long a start takes",
        description="Records a second beside a raw fdatasync, and how long a start takes.\n\n"
        + JOURNAL_TEXT,
        epilog=JOURNAL_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    journal.add_argument("--json", action="store_true", help="print one JSON object")
    journal.add_argument("--runs", type=_runs, default=5, metavar="N", help="of a figure (5)")
    journal.add_argument(
        "--commands", type=_day, default=1_000_000, metavar="N", help="of the day (1000000)"
    )
    journal.add_argument(
        "--folder", type=Path, metavar="DIR", help="on the disk to be measured (a temporary one)"
    )
    journal.set_defaults(run=_run_journal)


def _runs(text: str) -> int:
    return _between(text, 1, 100)


def _day(text: str) -> int:
    return _between(text, 20_000, 10_000_000)


def _between(text: str, least: int, most: int) -> int:
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise argparse.ArgumentTypeError(f"a whole number from {least} to {most}")
    return int(text)


def _run_journal(arguments: argparse.Namespace) -> int:
    from bench.journal_bench import run_journal_bench

    return run_journal_bench(arguments)


def _add_gateway(verbs: "Commands") -> None:
    gateway = verbs.add_parser(
        "gateway",
        help="orders through real sockets and journal, beside an echo",
        description=GATEWAY_TEXT,
        epilog=GATEWAY_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    gateway.add_argument("--json", action="store_true", help="print one JSON object")
    gateway.add_argument(
        "--rows",
        action="append",
        metavar="PREFIX",
        help="only rows whose names begin so; may be given again (all rows)",
    )
    gateway.add_argument("--list", action="store_true", help="print the names of all rows and stop")
    gateway.add_argument(
        "--seconds", type=float, default=5.0, metavar="N", help="how long each run lasts (5)"
    )
    gateway.add_argument("--seed", type=int, default=1, metavar="N", help="of orders and times (1)")
    gateway.set_defaults(run=_run_gateway)


def _run_gateway(arguments: argparse.Namespace) -> int:
    from bench.gateway_bench import run_gateway_bench

    return run_gateway_bench(arguments)


def _run_engine(arguments: argparse.Namespace) -> int:
    if arguments.orders is not None:
        from bench.outside_run import run_outside

        return run_outside(arguments)
    from bench.engine_bench import run_engine_bench

    return run_engine_bench(arguments)


def _run_peers(arguments: argparse.Namespace) -> int:
    from bench.peers import run_peers

    return run_peers(arguments)
