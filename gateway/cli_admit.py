"""`ceax admit`: read a list of key emitting units, show what would be proposed, and propose it."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.cli_parts import add_exchange, add_output, make_parser, propose_all, talk

if TYPE_CHECKING:
    from gateway.admission import Applicants
    from gateway.cli_parts import Commands
    from gateway.client import Client
    from gateway.words import Language


def add_commands(commands: "Commands") -> None:
    """Add `admit`."""
    admit = make_parser(
        commands,
        "admit",
        "propose the admission of the key emitting units of a CSV",
        "ceax admit units.csv --preview\n"
        "  ceax admit units.csv --preview --map name=纳管主体 --year 2025 --sector 发电\n"
        "  ceax admit units.csv --exchange ws://127.0.0.1:7000 --key operator-1.key",
    )
    admit.add_argument("file", type=Path, metavar="CSV", help="UTF-8 or GB 18030")
    admit.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="FIELD=HEADING",
        help="take this column for a field; may be said again",
    )
    admit.add_argument("--year", type=int, default=0, help="compliance year of rows without one")
    admit.add_argument("--sector", default="", help="sector of rows without one")
    admit.add_argument(
        "--preview",
        "--check",
        action="store_true",
        dest="preview",
        help="only show good and bad rows; nothing is proposed",
    )
    admit.add_argument(
        "--skip-bad", action="store_true", help="propose only the rows that will be admitted"
    )
    add_exchange(admit, is_needed=False)
    admit.add_argument("--reason", default="按名录准入", help="reason of the proposals")
    add_output(admit)
    admit.set_defaults(run=_admit)


def _admit(arguments: argparse.Namespace) -> int:
    from gateway.admission import Reading, proposals_of, read_applicants

    reading = Reading(
        columns=_wishes(arguments.map, arguments.lang),
        year=arguments.year,
        sector=arguments.sector,
        language=arguments.lang,
    )
    found = read_applicants(arguments.file, reading)
    proposals: list[int] = []
    if not arguments.preview:
        if not arguments.skip_bad:
            _must_be_good(found, arguments.lang)

        async def work(client: "Client") -> list[int]:
            return await propose_all(client, proposals_of(found.expected), arguments.reason)

        proposals = talk(arguments, work)
    _print(found, proposals, arguments)
    return 1 if found.bad or found.outsiders else 0


def _must_be_good(found: "Applicants", language: "Language") -> None:
    """Propose nothing of a list with bad cells, or with rows that the exchange would refuse."""
    from gateway.admission_words import say
    from gateway.cli_tables import rows_text
    from gateway.errors import UserError

    if found.bad:
        _tell_bad(found)
        raise UserError(say(language, "bad_cells", n=len(found.bad)))
    if found.outsiders:
        raise UserError(say(language, "refused_rows", rows=rows_text(found.outsiders)))


def _wishes(pairs: list[str], language: "Language") -> dict[str, str]:
    from gateway.admission_words import say
    from gateway.errors import UserError

    wishes = {}
    for pair in pairs:
        field, sign, heading = pair.partition("=")
        if not sign or not field or not heading:
            raise UserError(say(language, "map_form", pair=pair))
        wishes[field.strip()] = heading
    return wishes


def _tell_bad(found: "Applicants") -> None:
    from gateway.cli_tables import ROWS_SHOWN

    for cell in found.bad[:ROWS_SHOWN]:
        print(cell, file=sys.stderr)


def _print(found: "Applicants", proposals: list[int], arguments: argparse.Namespace) -> None:
    from gateway.cli_tables import print_applicants

    if arguments.json:
        import msgspec

        _tell_bad(found)
        facts = {
            "rows": len(found.rows),
            "expected": len(found.expected),
            "bad_rows": found.bad_rows,
            "outsiders": found.outsiders,
            "bad": [str(cell) for cell in found.bad],
            "cells": msgspec.to_builtins(found.bad),
            "columns": found.columns,
            "unused": found.unused,
            "assigned": found.assigned,
            "units": msgspec.to_builtins(found.rows) if arguments.preview else [],
            "proposals": proposals,
        }
        print(json.dumps(facts, ensure_ascii=False))
        return
    print_applicants(found, arguments.lang)
    if proposals:
        numbers = ", ".join(map(str, proposals))
        waiting = (
            "等待另一人批准的提议"
            if arguments.lang == "zh"
            else "proposals that wait for another operator"
        )
        print(f"{waiting}: {numbers}")
