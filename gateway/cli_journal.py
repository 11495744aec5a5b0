"""`ceax journal verify | replay | export | tail | alerts | eyes`; heavy imports happen when a command runs."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gateway import cli_alerts, cli_eyes
from gateway.cli_parts import DAMAGED, add_language, add_verbs, make_parser, note

if TYPE_CHECKING:
    from gateway.cli_parts import Commands
    from gateway.journal_lines import Line
    from gateway.journal_scan import Report

INTERRUPTED = 130
COLUMNS = ("sequence", "time", "record", "kind", "key", "text", "fields")
COLOURS = {"Refused": "31", "RecordAccess": "36", "Propose": "33", "Approve": "33", "Halt": "1;31"}
"""Terminal colours of some commands in `tail`; others have the terminal's own."""
DIM = "2"
EXPORT_EXAMPLE = """\
ceax journal export my-market --from 2021-07-16 > day.jsonl
  ceax journal export my-market --kind audit --lang zh --format csv > audit.csv
  ceax journal export my-market --from 4711 --to 4720 --kind Traded --kind command"""
EXPORT_NOTES = """\
--from and --to are included: a sequence, a Beijing date or 2021-07-16T09:30. --kind is command, event,
audit (who came, keys, proposals, approvals, admissions, halts) or the name of a command or event.
Events are made again by a replay, under the profile that stands in the journal."""
TAIL_EXAMPLE = """\
ceax journal tail my-market
  ceax journal tail my-market --after 0 --json | jq .kind"""
TAIL_NOTES = """\
Reads the files of an exchange that may be running, no further than what was acknowledged; Ctrl-C ends it.
With --after N it begins behind that sequence, with --lines N that many commands back, else with what
comes now; with --once it ends at the last acknowledged command."""


def add_journal(commands: "Commands") -> None:
    """Add `ceax journal` with its verbs."""
    summary = "verify, replay, export, follow or watch the journal of a market"
    parser = make_parser(commands, "journal", summary, "ceax journal verify my-market")
    verbs = add_verbs(parser)
    for name, text, handler in (
        ("verify", "read every frame and name the first damage", _verify),
        ("replay", "run the whole journal through the engine and print its digests", _replay),
    ):
        verb = _verb(verbs, name, text, f"ceax journal {name} my-market")
        verb.add_argument("--json", action="store_true", help="print one JSON object")
        verb.set_defaults(run=handler)
    _add_export(verbs)
    _add_tail(verbs)
    cli_alerts.add_alerts(verbs)
    cli_eyes.add_eyes(verbs)


def _verb(
    verbs: "Commands", name: str, summary: str, example: str, notes: str = ""
) -> argparse.ArgumentParser:
    parser = make_parser(verbs, name, summary, example, notes)
    parser.add_argument("folder", type=Path, metavar="DIR", help="data directory of a market")
    return parser


def _add_export(verbs: "Commands") -> None:
    summary = "write commands and events as JSON lines or CSV"
    export = _verb(verbs, "export", summary, EXPORT_EXAMPLE, EXPORT_NOTES)
    export.add_argument("--from", dest="begin", default="", metavar="PLACE", help="first (all)")
    export.add_argument("--to", dest="end", default="", metavar="PLACE", help="last (all)")
    export.add_argument("--kind", action="append", default=[], help="may be given again (all)")
    export.add_argument("--format", choices=("jsonl", "csv"), default="jsonl", help="(jsonl)")
    add_language(export)
    export.set_defaults(run=_export)


def _add_tail(verbs: "Commands") -> None:
    summary = "follow the commands of an exchange that runs"
    tail = _verb(verbs, "tail", summary, TAIL_EXAMPLE, TAIL_NOTES)
    tail.add_argument("--after", type=int, default=-1, metavar="N", help="begin behind a sequence")
    tail.add_argument("--lines", type=int, default=0, metavar="N", help="look back so far first")
    tail.add_argument("--once", action="store_true", help="end where nothing more is written")
    tail.add_argument("--json", action="store_true", help="print one JSON object for each command")
    add_language(tail)
    tail.set_defaults(run=_tail)


# ---------------------------------------------------------------- verify, replay


def _verify(arguments: argparse.Namespace) -> int:
    from gateway.journal_format import JournalDamaged
    from gateway.journal_scan import scan_journal
    from gateway.market import journal_disk, told

    try:
        with told(arguments.folder):
            report, _, _ = scan_journal(journal_disk(arguments.folder))
    except JournalDamaged as damage:
        if arguments.json:
            place = {"file": damage.file, "offset": damage.offset, "sequence": damage.sequence}
            print(json.dumps({"ok": False} | place | {"problem": damage.what}))
        note(f"ceax: {damage}")
        return DAMAGED
    facts = {name: getattr(report, name) for name in report.__struct_fields__}
    is_as_closed = not report.changed_files
    if arguments.json:
        print(json.dumps({"ok": is_as_closed} | facts))
    else:
        _print_report(report)
    for name in report.changed_files:
        note(
            f"ceax: {name} is not byte for byte what was closed, although every frame in it holds; "
            "restore this file from a copy"
        )
    return 0 if is_as_closed else DAMAGED


def _print_report(report: "Report") -> None:
    print(
        f"{report.files} files, {report.frames} frames, {report.commands} commands: every frame holds; "
        f"last sequence {report.last_sequence}, acknowledged {report.acknowledged_sequence}; "
        f"{report.closed_days - len(report.changed_files)} closed days are as they were closed"
    )
    if report.dropped_bytes:
        print(
            f"a torn tail of {report.dropped_bytes} bytes at {report.last_file}, offset "
            f"{report.last_end}; the next start cuts it"
        )


def _replay(arguments: argparse.Namespace) -> int:
    import time

    from gateway.journal_format import JournalDamaged
    from gateway.market import journal_disk, told
    from gateway.replay import ReplayDiffers, replay_journal

    began = time.monotonic()
    try:
        with told(arguments.folder):
            done = replay_journal(journal_disk(arguments.folder), note)
    except (JournalDamaged, ReplayDiffers) as error:
        note(f"ceax: {error}")
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


# ---------------------------------------------------------------- export, tail


def _export(arguments: argparse.Namespace) -> int:
    import csv

    import msgspec

    from gateway.journal_export import (
        Selection,
        export_journal,
        known_kinds,
        parse_bound,
        unknown_kind,
    )
    from gateway.journal_format import JournalDamaged
    from gateway.market import journal_disk, told
    from gateway.replay import ReplayDiffers

    for name in sorted(set(arguments.kind) - known_kinds()):
        note(f"ceax: {unknown_kind(name)}")
        return 2
    selection = Selection(
        begin=parse_bound(arguments.begin, is_end=False),
        end=parse_bound(arguments.end, is_end=True),
        kinds=frozenset(arguments.kind),
        language=arguments.lang,
    )
    table = csv.writer(sys.stdout)

    def write(line: "Line") -> None:
        if arguments.format == "jsonl":
            print(msgspec.json.encode(line).decode())
        else:
            fields = msgspec.json.encode(line.fields).decode()
            row = [getattr(line, name) for name in COLUMNS[:-1]]
            table.writerow([*(_safe(value) for value in row), fields])

    if arguments.format == "csv":
        table.writerow(COLUMNS)
    try:
        with told(arguments.folder):
            export_journal(journal_disk(arguments.folder), selection, write, note)
    except (JournalDamaged, ReplayDiffers) as error:
        note(f"ceax: {error}")
        return DAMAGED
    except BrokenPipeError:
        sys.stderr.close()  # the reader has enough
    return 0


def _safe(value: object) -> object:
    """Keep a spreadsheet from taking a text for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@" and value else value


def _tail(arguments: argparse.Namespace) -> int:
    from gateway.journal_follow import Follower, follow, journal_profile, last_acknowledged
    from gateway.journal_format import JournalDamaged
    from gateway.journal_lines import lines_of_frame
    from gateway.market import journal_disk, told

    is_coloured = sys.stdout.isatty()
    try:
        with told(arguments.folder):
            disk = journal_disk(arguments.folder)
            profile = journal_profile(disk)
            after = arguments.after
            if arguments.lines > 0:
                after = max(0, last_acknowledged(disk) - arguments.lines)
            frames = Follower(disk, after).poll() if arguments.once else follow(disk, after)
            for frame in frames:
                for line in lines_of_frame(frame, profile, arguments.lang):
                    if line.sequence > after:
                        print(_shown(line, arguments, is_coloured=is_coloured), flush=True)
    except JournalDamaged as damage:
        note(f"ceax: {damage}")
        return DAMAGED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
    return 0


def _shown(line: "Line", arguments: argparse.Namespace, *, is_coloured: bool) -> str:
    import msgspec

    if arguments.json:
        return msgspec.json.encode(line).decode()
    words = line.text or " ".join(f"{name}={value}" for name, value in line.fields.items())
    head = f"{line.sequence:>9} {line.time}"
    if not is_coloured:
        return f"{head} {line.kind:<18} key {line.key:<5} {words}"
    colour = COLOURS.get(line.kind, "0")
    return (
        f"\x1b[{DIM}m{head}\x1b[0m \x1b[{colour}m{line.kind:<18}\x1b[0m key {line.key:<5} {words}"
    )
