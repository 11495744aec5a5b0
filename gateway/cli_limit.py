"""`ceax keys limit`: how large one order of a key may be."""

import argparse
import json
from typing import TYPE_CHECKING

from gateway.cli_called import add_which, number_of
from gateway.cli_enrol import URL
from gateway.cli_parts import add_exchange, add_output, done, make_parser, talk

if TYPE_CHECKING:
    from engine.events import OwnLimitsSet
    from gateway.cli_parts import Commands
    from gateway.client import Client


def add_limit(verbs: "Commands") -> None:
    """Add `limit`."""
    limit = make_parser(
        verbs,
        "limit",
        "limit the tonnes of one order of a key: one of the own company's, or as an operator any",
        f"ceax keys limit 12 --order-max-t 5000 --explanation 新员工 {URL} --key risk.key",
    )
    add_which(limit)
    limit.add_argument(
        "--order-max-t",
        type=int,
        required=True,
        metavar="N",
        help="most tonnes of one order from now on; 0 takes the limit away",
    )
    limit.add_argument("--explanation", required=True, metavar="TEXT", help="why")
    add_exchange(limit, "of a risk officer, administrator or operator")
    add_output(limit)
    limit.set_defaults(run=_limit)


def _limit(arguments: argparse.Namespace) -> int:
    from engine.events import OwnLimitsSet
    from engine.units import QUANTITY_T_MAX
    from gateway.cli_fixes import mistake

    if not 0 <= arguments.order_max_t <= QUANTITY_T_MAX:
        raise mistake(arguments.lang, "order_max_t", most=QUANTITY_T_MAX)

    async def work(client: "Client") -> "OwnLimitsSet":
        number = await number_of(client, arguments)
        answer = await client.set_own_limits(number, arguments.order_max_t, arguments.explanation)
        return done(answer, OwnLimitsSet)

    event = talk(arguments, work)
    key, most = event.key, f"{event.order_max_t:,}"
    if arguments.json:
        print(json.dumps({"key": key, "order_max_t": event.order_max_t}))
    elif arguments.lang == "zh":
        print(
            f"密钥 {key} 单笔委托至多 {most} 吨; 已有委托不受影响"
            if event.order_max_t
            else f"密钥 {key} 单笔委托不再限量"
        )
    else:
        print(
            f"an order of key {key} has at most {most} t from now on; what stands is left alone"
            if event.order_max_t
            else f"orders of key {key} have no own limit any more"
        )
    return 0
