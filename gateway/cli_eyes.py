"""`ceax journal eyes`: prove from the journal alone that two persons did what two must do."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.cli_parts import DAMAGED, make_parser, note

if TYPE_CHECKING:
    from gateway.cli_parts import Commands

FINDINGS_SHOWN = 50
NOTES = """\
Persons are those of the keys that the journal enrolled. One person may halt and revoke at once; all other
control commands, and the end of a halt, need a second one. Exit code 1 where one was alone."""


def add_eyes(verbs: "Commands") -> None:
    """Add `eyes` to the verbs of `ceax journal`."""
    summary = "prove that no control command had one pair of eyes"
    parser = make_parser(verbs, "eyes", summary, "ceax journal eyes my-market", NOTES)
    parser.add_argument("folder", type=Path, metavar="DIR", help="data directory of a market")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_eyes)


def _eyes(arguments: argparse.Namespace) -> int:
    import msgspec

    from gateway.four_eyes import watch_journal
    from gateway.journal_format import JournalDamaged
    from gateway.market import journal_disk, told
    from gateway.replay import ReplayDiffers

    try:
        with told(arguments.folder):
            watched = watch_journal(journal_disk(arguments.folder), note)
    except (JournalDamaged, ReplayDiffers) as error:
        note(f"ceax: {error}")
        return DAMAGED
    eyes = watched.eyes
    if arguments.json:
        facts = {
            "commands": watched.report.commands,
            "approvals": eyes.approvals,
            "count": eyes.count,
            "findings": msgspec.to_builtins(eyes.findings),
        }
        print(json.dumps(facts, ensure_ascii=False))
    else:
        for finding in eyes.findings[:FINDINGS_SHOWN]:
            print(finding)
        verdict = (
            f"{eyes.count} had one pair of eyes" if eyes.count else "none had one pair of eyes"
        )
        print(f"{watched.report.commands} commands, {eyes.approvals} approvals: {verdict}")
    return DAMAGED if eyes.count else 0
