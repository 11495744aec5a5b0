"""`ceax participant`: propose that a key emitting unit is suspended, restored or removed; list them."""

import argparse
import json
from typing import TYPE_CHECKING

from gateway.cli_parts import (
    add_exchange,
    add_output,
    add_verbs,
    make_parser,
    propose_all,
    talk,
)

if TYPE_CHECKING:
    from engine.commands import Action
    from engine.views import ParticipantView
    from gateway.cli_parts import Commands
    from gateway.client import Client

STATES = ("active", "suspended", "stopped", "removed")
URL = "--exchange ws://127.0.0.1:7000 --key operator-1.key"


def add_commands(commands: "Commands") -> None:
    """Add `participant`."""
    parser = make_parser(
        commands,
        "participant",
        "suspend, restore, remove and list participants; another operator approves",
        f"ceax participant suspend 12 --reason 逾期未清缴 {URL}",
    )
    verbs = add_verbs(parser)
    for name, summary in (
        ("suspend", "propose that it may only cancel (暂停交易)"),
        ("restore", "propose that a suspended or removed one trades again (恢复)"),
        ("remove", "propose that it leaves the list of key emitting units (移出)"),
    ):
        verb = make_parser(verbs, name, summary, f"ceax participant {name} 12 --reason 演示 {URL}")
        verb.add_argument("participant", type=_number, metavar="N", help="12 or P0012")
        verb.add_argument("--reason", required=True, help="why; it stands in the log")
        if name == "restore":
            verb.add_argument(
                "--year", type=int, default=0, help="compliance year of its new listing (its last)"
            )
        add_exchange(verb)
        add_output(verb)
        verb.set_defaults(run=_change, verb=name)
    listing = make_parser(verbs, "list", "list participants", f"ceax participant list {URL}")
    listing.add_argument("--state", choices=STATES, help="only these")
    add_exchange(listing, "of an operator, clearing or auditor")
    add_output(listing)
    listing.set_defaults(run=_list)


def _number(text: str) -> int:
    digits = text.upper().removeprefix("P")
    if not (digits.isascii() and digits.isdigit() and int(digits)):
        raise argparse.ArgumentTypeError(f"{text!r} is no participant; write 12 or P0012")
    return int(digits)


def _change(arguments: argparse.Namespace) -> int:
    async def work(client: "Client") -> int:
        action = _action(await _view(client, arguments), arguments)
        (number,) = await propose_all(client, [(action,)], arguments.reason)
        return number

    number = talk(arguments, work)
    if arguments.json:
        print(json.dumps({"proposal": number, "participant": arguments.participant}))
    elif arguments.lang == "zh":
        print(f"提议 {number} 等待另一人批准")
    else:
        print(f"proposal that waits for another operator: {number}")
    return 0


async def _view(client: "Client", arguments: argparse.Namespace) -> "ParticipantView":
    from gateway.cli_fixes import mistake

    for view in await client.participants():
        if view.participant == arguments.participant:
            return view
    raise mistake(arguments.lang, "not_admitted", participant=arguments.participant)


def _action(view: "ParticipantView", arguments: argparse.Namespace) -> "Action":
    from engine.commands import (
        RemoveParticipant,
        RestoreParticipant,
        Restriction,
        RestrictParticipant,
    )
    from gateway.cli_fixes import mistake

    number = view.participant
    if arguments.verb == "remove":
        return RemoveParticipant(participant=number, explanation=arguments.reason)
    if arguments.verb == "suspend":
        return RestrictParticipant(participant=number, restriction=Restriction.SUSPENDED)
    if view.status == "removed":
        year = arguments.year or view.compliance_year
        return RestoreParticipant(participant=number, compliance_year=year)
    if view.restriction is Restriction.NONE:
        raise mistake(arguments.lang, "not_barred", participant=number, name=view.name)
    return RestrictParticipant(participant=number, restriction=Restriction.NONE)


def _list(arguments: argparse.Namespace) -> int:
    import msgspec

    from gateway.cli_tables import print_participants

    async def work(client: "Client") -> "tuple[ParticipantView, ...]":
        return await client.participants()

    rows = [
        row
        for row in talk(arguments, work)
        if arguments.state is None or row.status == arguments.state
    ]
    if arguments.json:
        print(json.dumps({"participants": msgspec.to_builtins(rows)}, ensure_ascii=False))
    else:
        print_participants(rows, arguments.lang)
    return 0
