"""Commands of the gateway folder for the `ceax` program; heavy imports happen when a command runs."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gateway import cli_alerts, cli_describe, cli_keys

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    Commands = _SubParsersAction[argparse.ArgumentParser]

DAMAGED = 1
"""Exit code of `ceax journal verify` and `replay` where the journal does not hold."""


def add_commands(commands: "Commands") -> None:
    """Add this folder's commands."""
    _add_init(commands)
    _add_exchange(commands)
    _add_journal(commands)
    cli_keys.add_commands(commands)
    cli_describe.add_commands(commands)


def _parser(commands: "Commands", name: str, summary: str, example: str) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _add_init(commands: "Commands") -> None:
    parser = _parser(commands, "init", "make a first empty market", "ceax init my-market")
    parser.add_argument("folder", type=Path, metavar="DIR", help="a new or empty directory")
    parser.add_argument("--profile", default="national", help="rules of the market (national)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_init)


def _add_exchange(commands: "Commands") -> None:
    summary = "run the exchange: gateway, sequencer, journal, engine"
    parser = _parser(commands, "exchange", summary, "ceax exchange serve --data my-market")
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    example = (
        "ceax exchange serve --data my-market --port 7000\n"
        "  ceax exchange serve --data my-market --clock simulated --clock-start 2021-07-16T08:00"
    )
    serve = _parser(verbs, "serve", "serve a market until Ctrl-C or SIGTERM", example)
    serve.add_argument("--data", type=Path, required=True, metavar="DIR", help="of `ceax init`")
    serve.add_argument("--profile", default="", help="refuse a market that has other rules")
    serve.add_argument("--clock", choices=("wall", "simulated"), default="wall")
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
        default=1.0,
        metavar="N",
        help="how fast simulated time runs; 0 = only when an operator moves it (1)",
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
    serve.set_defaults(run=_serve)


def _add_journal(commands: "Commands") -> None:
    summary = "check, replay or watch the journal of a market"
    parser = _parser(commands, "journal", summary, "ceax journal verify my-market")
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, text, handler in (
        ("verify", "read every frame and name the first damage", _verify),
        ("replay", "run the whole journal through the engine and print its digests", _replay),
    ):
        verb = _parser(verbs, name, text, f"ceax journal {name} my-market")
        verb.add_argument("folder", type=Path, metavar="DIR", help="data directory of a market")
        verb.add_argument("--json", action="store_true", help="print one JSON object")
        verb.set_defaults(run=handler)
    cli_alerts.add_alerts(verbs)


def _rate(text: str) -> float:
    rate = float(text)
    if not 0 <= rate <= 100_000:  # noqa: PLR2004 - a day in a second
        raise argparse.ArgumentTypeError("a rate is between 0 and 100000")
    return rate


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:  # noqa: PLR2004 - TCP
        raise argparse.ArgumentTypeError("a port is between 0 and 65535")
    return port


def _init(arguments: argparse.Namespace) -> int:
    from gateway.market import make_market

    folder: Path = arguments.folder
    files = make_market(folder, arguments.profile)
    if arguments.json:
        print(json.dumps({"folder": str(folder), "keys": [str(path) for path in files]}))
        return 0
    first, second, clearing = files
    url = "ws://127.0.0.1:7000"
    print(f"made an empty market (演示/仿真) in {folder}; next, each in a terminal of its own:")
    print(f"  ceax exchange serve --data {folder}")
    print(f"  ceax terminal --url {url} --key {first}   (operator, proposes)")
    print(f"  ceax terminal --url {url} --key {second}   (operator, approves)")
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
        )
    )


def _verify(arguments: argparse.Namespace) -> int:
    from gateway.journal_format import JournalDamaged
    from gateway.journal_scan import scan_journal
    from gateway.market import journal_disk, told

    try:
        with told(arguments.folder):
            report, _, _ = scan_journal(journal_disk(arguments.folder))
    except JournalDamaged as damage:
        if arguments.json:
            print(
                json.dumps(
                    {
                        "ok": False,
                        "file": damage.file,
                        "offset": damage.offset,
                        "sequence": damage.sequence,
                        "problem": damage.what,
                    }
                )
            )
        print(f"ceax: {damage}", file=sys.stderr)
        return DAMAGED
    facts = {name: getattr(report, name) for name in report.__struct_fields__}
    if arguments.json:
        print(json.dumps({"ok": True} | facts))
        return 0
    print(
        f"{report.files} files, {report.frames} frames, {report.commands} commands: every frame holds; "
        f"last sequence {report.last_sequence}, acknowledged {report.acknowledged_sequence}"
    )
    if report.dropped_bytes:
        print(
            f"a torn tail of {report.dropped_bytes} bytes at {report.last_file}, offset "
            f"{report.last_end}; the next start cuts it"
        )
    return 0


def _replay(arguments: argparse.Namespace) -> int:
    import time

    from gateway.journal_format import JournalDamaged
    from gateway.market import journal_disk, told
    from gateway.replay import ReplayDiffers, replay_journal

    def say(text: str) -> None:
        print(text, file=sys.stderr)

    began = time.monotonic()
    try:
        with told(arguments.folder):
            done = replay_journal(journal_disk(arguments.folder), say)
    except (JournalDamaged, ReplayDiffers) as error:
        say(f"ceax: {error}")
        return DAMAGED
    facts = {
        "commands": done.report.commands,
        "sequence": done.exchange.sequence,
        "time_ns": done.exchange.time_ns,
        "event_digest": done.exchange.event_digest().hex(),
        "state_digest": done.exchange.state_digest().hex(),
        "digests_compared": done.digests_compared,
        "seconds": round(time.monotonic() - began, 3),
    }
    if arguments.json:
        print(json.dumps(facts))
    else:
        for name, value in facts.items():
            print(f"{name:<18}{value}")
    return 0
