"""`ceax journal alerts`: replay a market's journal and print what surveillance finds."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.cli_parts import DAMAGED, add_output, make_parser, note

if TYPE_CHECKING:
    from engine.surveillance import Alert
    from gateway.alerts import Watched
    from gateway.cli_parts import Commands

COLOURS = {"notice": "cyan", "warning": "yellow", "alarm": "bold red"}
SEVERITIES = {"notice": "提示", "warning": "警示", "alarm": "严重"}
HEADS = {
    "en": ("time", "severity", "finding", "sequences"),
    "zh": ("时间", "级别", "情况", "序号"),
}
SEQUENCES_SHOWN = 4
"""Most sequence numbers in a row of the table; --json has them all."""
EXAMPLE = """\
ceax journal alerts my-market
  ceax journal alerts my-market --lang zh
  ceax journal alerts my-market --json"""
NOTES = """\
Thresholds are those of the profile in the journal, table [surveillance]. A sequence number is a command
of the journal. An alert is a question to a person, no finding against a participant (演示/仿真)."""


def add_alerts(verbs: "Commands") -> None:
    """Add `alerts` to the verbs of `ceax journal`."""
    summary = "replay the journal and print what surveillance finds"
    parser = make_parser(verbs, "alerts", summary, EXAMPLE, NOTES)
    parser.add_argument("folder", type=Path, metavar="DIR", help="data directory of a market")
    add_output(parser)
    parser.set_defaults(run=_alerts)


def _alerts(arguments: argparse.Namespace) -> int:
    from rich.console import Console

    from gateway.alerts import watch_journal
    from gateway.journal_format import JournalDamaged
    from gateway.market import journal_disk, told
    from gateway.replay import ReplayDiffers

    console = Console(stderr=True)

    try:
        with told(arguments.folder), console.status("replaying the journal") as status:

            def tell(date: str, sequence: int, alerts: int) -> None:
                status.update(f"replaying {date or 'the beginning'}: {sequence:,}, {alerts} alerts")

            watched = watch_journal(journal_disk(arguments.folder), note, tell)
    except (JournalDamaged, ReplayDiffers) as error:
        note(f"ceax: {error}")
        return DAMAGED
    if arguments.json:
        print(json.dumps(_facts(watched), ensure_ascii=False))
    else:
        _print_table(watched, arguments.lang)
    return 0


def _facts(watched: "Watched") -> dict[str, object]:
    """Return everything as plain values."""
    import msgspec

    return {
        "days": watched.days,
        "commands": watched.report.commands,
        "last_sequence": watched.report.last_sequence,
        "count": len(watched.alerts),
        "alerts": [msgspec.to_builtins(alert) for alert in watched.alerts],
    }


def _print_table(watched: "Watched", language: str) -> None:
    """Print a row for each alert, oldest first, and one line that sums up."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if watched.alerts:
        table = Table(box=box.SIMPLE, pad_edge=False)
        time, severity, finding, sequences = HEADS[language]
        table.add_column(time, no_wrap=True)
        table.add_column(severity, no_wrap=True)
        table.add_column(finding, overflow="fold", ratio=1)
        table.add_column(sequences, overflow="fold", max_width=14)
        for alert in watched.alerts:
            table.add_row(*_row(alert, language), style=COLOURS[alert.severity])
        console.print(table)
    commands, days, count = watched.report.commands, watched.days, len(watched.alerts)
    if language == "zh":
        print(f"交易日 {days} 个,指令 {commands:,} 条,监控提示 {count} 条 (演示/仿真)")
    else:
        print(f"trading days: {days}, commands: {commands:,}, alerts: {count} (simulation)")


def _row(alert: "Alert", language: str) -> tuple[str, ...]:
    from rich.markup import escape

    from gateway.explain import beijing_clock

    is_chinese = language == "zh"
    proof = " ".join(str(number) for number in alert.sequences[-SEQUENCES_SHOWN:])
    if len(alert.sequences) > SEQUENCES_SHOWN:
        proof = f"… {proof}"
    return (
        f"{alert.date}\n{beijing_clock(alert.time_ns)}",
        SEVERITIES[alert.severity] if is_chinese else str(alert.severity),
        f"{alert.rule}\n{escape(alert.zh if is_chinese else alert.en)}",
        proof,
    )
