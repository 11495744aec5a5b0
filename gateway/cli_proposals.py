"""`ceax proposals`: what waits for a second person, approved or rejected by operators and administrators."""

import argparse
import json
from typing import TYPE_CHECKING

from gateway.cli_parts import add_exchange, add_output, add_verbs, make_parser, talk

if TYPE_CHECKING:
    from engine.views import ProposalView
    from gateway.cli_parts import Commands
    from gateway.client import Client

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
    from engine.events import ProposalApproved, ProposalRejected
    from gateway.errors import UserError

    async def work(client: "Client") -> tuple[list[str], tuple[str, ...]]:
        if arguments.verb == "approve":
            answer = await client.approve(arguments.proposal)
        else:
            answer = await client.reject(arguments.proposal, arguments.reason)
        if not isinstance(answer.first, ProposalApproved | ProposalRejected):
            raise UserError(" ".join(answer.texts) or "nothing was decided")
        return [type(event).__name__ for event in answer.events], answer.texts

    events, refusals = talk(arguments, work)
    if arguments.json:
        facts = {"proposal": arguments.proposal, "events": events, "refused": refusals}
        print(json.dumps(facts, ensure_ascii=False))
    else:
        done = "approved" if arguments.verb == "approve" else "rejected"
        done_zh = "已批准" if arguments.verb == "approve" else "已拒绝"
        chinese = arguments.lang == "zh"
        print(f"提案 {arguments.proposal} {done_zh}" if chinese else f"{done} {arguments.proposal}")
        for text in refusals:  # an action may be refused though its proposal was approved
            print(f"未执行: {text}" if chinese else f"not done: {text}")
    return 1 if refusals else 0
