"""`ceax keys` and `ceax admit`: make keys, and put a list of applicants before the operators."""

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import _SubParsersAction
    from collections.abc import Iterable, Sequence

    from engine.commands import Action
    from gateway.keys import KeyFile

    Commands = _SubParsersAction[argparse.ArgumentParser]

BAD_ROWS_SHOWN = 50
"""Most bad cells that are printed; the count tells of the others."""


def add_commands(commands: "Commands") -> None:
    """Add `keys` and `admit`."""
    keys = _parser(
        commands,
        "keys",
        "make keys of people and programs",
        "ceax keys new trader.key --person 演示交易员 --role trader",
    )
    verbs = keys.add_subparsers(title="commands", metavar="COMMAND", required=True)
    new = _parser(
        verbs,
        "new",
        "make a key file that only you can read",
        "ceax keys new trader.key --person 演示交易员 --role trader",
    )
    new.add_argument("file", type=Path, metavar="FILE", help="a new file; never overwritten")
    new.add_argument("--person", required=True, metavar="NAME", help="whose key it is")
    new.add_argument("--role", required=True, choices=("trader", "operator", "clearing"))
    new.add_argument("--json", action="store_true", help="print one JSON object")
    new.set_defaults(run=_new_key)
    show = _parser(
        verbs, "show", "print the public half of a key file", "ceax keys show trader.key"
    )
    show.add_argument("file", type=Path, metavar="FILE")
    show.add_argument("--json", action="store_true", help="print one JSON object")
    show.set_defaults(run=_show_key)
    _add_enrol(verbs)
    _add_admit(commands)


def _add_enrol(verbs: "Commands") -> None:
    enrol = _parser(
        verbs,
        "enrol",
        "propose the enrolment of a public key; another operator approves it in the terminal",
        "ceax keys enrol --public-key 3f… --person 演示交易员 --role trader --participant 1 "
        "--exchange ws://127.0.0.1:7000 --key operator-1.key",
    )
    enrol.add_argument("--public-key", required=True, metavar="HEX", help="of `ceax keys show`")
    enrol.add_argument("--person", required=True, metavar="NAME", help="whose key it is")
    enrol.add_argument("--role", required=True, choices=("trader", "operator", "clearing"))
    enrol.add_argument(
        "--participant", type=int, default=0, metavar="N", help="whom a trader acts for: 1 is P0001"
    )
    enrol.add_argument("--exchange", required=True, metavar="URL", help="ws://HOST:PORT")
    enrol.add_argument(
        "--key", required=True, type=Path, metavar="FILE", help="key file of an operator"
    )
    enrol.add_argument("--reason", default="登记密钥", help="reason of the proposal")
    enrol.add_argument("--json", action="store_true", help="print one JSON object")
    enrol.set_defaults(run=_enrol_key)


def _add_admit(commands: "Commands") -> None:
    admit = _parser(
        commands,
        "admit",
        "propose the admission of the key emitting units of a CSV",
        "ceax admit units.csv --check\n"
        "  ceax admit units.csv --exchange ws://127.0.0.1:7000 --key operator-1.key",
    )
    admit.add_argument("file", type=Path, metavar="CSV")
    admit.add_argument("--check", action="store_true", help="only read the table and tell bad rows")
    admit.add_argument("--exchange", metavar="URL", help="where to propose, ws://HOST:PORT")
    admit.add_argument("--key", type=Path, metavar="FILE", help="key file of an operator")
    admit.add_argument("--reason", default="按名录准入", help="reason of the proposals")
    admit.add_argument("--json", action="store_true", help="print one JSON object")
    admit.set_defaults(run=_admit)


def _parser(commands: "Commands", name: str, summary: str, example: str) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _new_key(arguments: argparse.Namespace) -> int:
    from gateway.keys import new_key

    key = new_key(arguments.person, arguments.role)
    key.save(arguments.file)
    _print_key(key, arguments)
    return 0


def _show_key(arguments: argparse.Namespace) -> int:
    from gateway.keys import load

    _print_key(load(arguments.file), arguments)
    return 0


def _print_key(key: "KeyFile", arguments: argparse.Namespace) -> None:
    if arguments.json:
        facts = {"file": str(arguments.file), "person": key.person, "role": key.role.value}
        print(json.dumps({**facts, "public_key": key.public_key}, ensure_ascii=False))
        return
    print(f"{arguments.file}: {key.role.value} key of {key.person}")
    print(f"public key, for the operators who enrol it: {key.public_key}")


def _enrol_key(arguments: argparse.Namespace) -> int:
    import msgspec

    from engine.commands import EnrolKey, Role
    from gateway.errors import UserError

    if (arguments.role == "trader") != (arguments.participant > 0):
        raise UserError("--participant N goes with --role trader, and only with it")
    wish = {
        "public_key": arguments.public_key,
        "role": Role(arguments.role),
        "person": arguments.person,
        "participant": arguments.participant,
    }
    try:
        action = msgspec.convert({"type": "EnrolKey", **wish}, EnrolKey)
    except msgspec.ValidationError as error:
        raise UserError(f"the key cannot be enrolled: {error}") from error
    numbers = asyncio.run(_propose([(action,)], arguments))
    if arguments.json:
        print(json.dumps({"proposals": numbers}))
    else:
        print(f"proposal that waits for another operator: {numbers[0]}")
    return 0


def _admit(arguments: argparse.Namespace) -> int:
    from gateway.admission import proposals_of, read_applicants
    from gateway.errors import UserError

    applicants = read_applicants(arguments.file)
    for cell in applicants.bad[:BAD_ROWS_SHOWN]:
        print(cell, file=sys.stderr)
    proposals: list[int] = []
    if applicants.bad and not arguments.check:
        raise UserError(f"{len(applicants.bad)} bad cells; nothing was proposed, mend the table")
    if not arguments.check:
        if arguments.exchange is None or arguments.key is None:
            raise UserError("say --exchange URL and --key FILE, or --check to only read the table")
        proposals = asyncio.run(_propose(proposals_of(applicants.rows), arguments))
    facts = {
        "rows": len(applicants.rows),
        "bad": [str(cell) for cell in applicants.bad],
        "proposals": proposals,
    }
    if arguments.json:
        print(json.dumps(facts, ensure_ascii=False))
    else:
        numbers = ", ".join(map(str, proposals)) or "none"
        print(f"{len(applicants.rows)} good rows, {len(applicants.bad)} bad cells")
        print(f"proposals that wait for another operator: {numbers}")
    return 1 if applicants.bad else 0


async def _propose(
    proposals: "Iterable[Sequence[Action]]", arguments: argparse.Namespace
) -> list[int]:
    from engine.events import ProposalMade
    from gateway.client import Client, ClientError
    from gateway.errors import UserError
    from gateway.keys import load

    numbers: list[int] = []
    try:
        async with await Client.connect(arguments.exchange, load(arguments.key)) as client:
            for actions in proposals:
                answer = await client.propose(actions, arguments.reason)
                if not isinstance(answer.first, ProposalMade):
                    raise UserError(answer.text or "the exchange did not take the proposal")
                numbers.append(answer.first.proposal)
    except ClientError as error:
        done = f"; proposals made before: {numbers}" if numbers else ""
        raise UserError(f"{error}{done}") from error
    return numbers
