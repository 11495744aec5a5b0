"""`ceax proposals`: what waits for a second person, approved or rejected by operators and administrators."""

import argparse
import json
from typing import TYPE_CHECKING

from gateway.cli_parts import add_exchange, add_output, add_verbs, done, make_parser, talk

if TYPE_CHECKING:
    from engine.views import ProposalView
    from gateway.cli_parts import Commands
    from gateway.client import Client
    from gateway.client_answer import Answer

WHOSE = "of an operator, supervisor or administrator"
URL = "--exchange ws://127.0.0.1:7000 --key administrator-2.key"


def add_commands(commands: "Commands") -> None:
    """Add `proposals`."""
    parser = make_parser(
        commands,
        "proposals",
        "list, approve and reject what waits for a second person",
        f"ceax proposals approve 12 {URL}",
    )
    verbs = add_verbs(parser)
    listing = make_parser(verbs, "list", "list what waits", f"ceax proposals list {URL}")
    add_exchange(listing, WHOSE)
    add_output(listing)
    listing.set_defaults(run=_list)
    for name, summary in (
        ("approve", "approve another person's proposal; its actions take effect"),
        ("reject", "reject a proposal, or take back one's own"),
    ):
        verb = make_parser(verbs, name, summary, f"ceax proposals {name} 12 {URL}")
        verb.add_argument("proposal", type=int, metavar="N", help="of `ceax proposals list`")
        if name == "reject":
            verb.add_argument("--reason", required=True, help="why; it stands in the log")
        add_exchange(verb, WHOSE)
        add_output(verb)
        verb.set_defaults(run=_decide, verb=name)


def _list(arguments: argparse.Namespace) -> int:
    import msgspec

    from gateway.cli_tables import print_proposals

    async def work(client: "Client") -> "tuple[ProposalView, ...]":
        return await client.proposals()

    rows = talk(arguments, work)
    if arguments.json:
        print(json.dumps({"proposals": msgspec.to_builtins(rows)}, ensure_ascii=False))
    else:
        print_proposals(rows, arguments.lang)
    return 0


def _decide(arguments: argparse.Namespace) -> int:
    from engine.events import ProposalApproved, ProposalRejected, Refused
    from gateway.cli_fixes import answer_told

    async def work(client: "Client") -> "Answer":
        if arguments.verb == "approve":
            answer = await client.approve(arguments.proposal)
        else:
            answer = await client.reject(arguments.proposal, arguments.reason)
        done(answer, ProposalApproved, ProposalRejected)
        return answer

    answer = talk(arguments, work)
    if arguments.json:
        events = [type(event).__name__ for event in answer.events]
        facts = {"proposal": arguments.proposal, "events": events, "refused": answer.texts}
        print(json.dumps(facts, ensure_ascii=False))
        return 1 if answer.texts else 0
    decided = "approved" if arguments.verb == "approve" else "rejected"
    decided_zh = "已批准" if arguments.verb == "approve" else "已拒绝"
    chinese, number = arguments.lang == "zh", arguments.proposal
    print(f"提议 {number} {decided_zh}" if chinese else f"{decided} {number}")
    # An action may be refused though its proposal was approved.
    refused = [event for event in answer.events if isinstance(event, Refused)]
    for event, text in zip(refused, answer.texts, strict=True):
        why = answer_told(text, event.reason.name, arguments.whose, arguments.lang)
        print(f"未执行: {why}" if chinese else f"not done: {why}")
    return 1 if refused else 0
