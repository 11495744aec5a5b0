"""`ceax keys code` and `ceax keys enrol`: how a person's key comes to be enrolled, by a one-time code or by hand."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.cli_parts import (
    add_exchange,
    add_output,
    add_passphrase_file,
    make_parser,
    open_key,
    propose_all,
    talk,
)

if TYPE_CHECKING:
    from gateway.cli_parts import Commands
    from gateway.client import Client
    from gateway.frames_replies import Enrolled, Welcome
    from gateway.keys import KeyFile

ROLES = (
    "trader",
    "risk",
    "administrator",
    "operator",
    "supervisor",
    "clearing",
    "reader",
    "auditor",
)
COMPANY_ROLES = ("trader", "risk", "administrator")
PERMISSIONS = ("listed", "block", "auction", "cancel")
WAYS = ("none", "connection", "key")
CODE_HOURS = 24
CODE_HOURS_MAX = 24 * 30
URL = "--exchange ws://127.0.0.1:7000"


def add_code(verbs: "Commands") -> None:
    """Add `code`."""
    code = make_parser(
        verbs,
        "code",
        "propose a one-time code by which a person enrols its own key; printed once",
        f"ceax keys code --person 演示交易员 --role trader --participant 1 {URL} --key operator-1.key",
    )
    _add_terms(code)
    code.add_argument(
        "--list", action="store_true", help="list the issued codes instead (not what they read)"
    )
    code.add_argument(
        "--hours", type=int, default=CODE_HOURS, metavar="N", help=f"how long ({CODE_HOURS})"
    )
    add_exchange(code, "of an operator or administrator")
    add_output(code)
    code.set_defaults(run=_code)


def add_enrol(verbs: "Commands") -> None:
    """Add `enrol`."""
    enrol = make_parser(
        verbs,
        "enrol",
        "enrol one's key with a one-time code, or propose somebody's public key",
        f"ceax keys enrol trader.key --code ABCD-… {URL}\n"
        "  ceax keys enrol --public-key 3f… --person 演示交易员 --role trader --participant 1 "
        f"{URL} --key operator-1.key",
    )
    enrol.add_argument("file", nargs="?", type=Path, metavar="FILE", help="one's own key file")
    enrol.add_argument("--code", metavar="CODE", help="as it was told; asked where it is missing")
    enrol.add_argument("--public-key", metavar="HEX", help="of `ceax keys show`")
    _add_terms(enrol)
    enrol.add_argument("--exchange", required=True, metavar="URL", help="ws://HOST:PORT")
    enrol.add_argument(
        "--key", type=Path, metavar="FILE", help="key file of the operator or administrator"
    )
    enrol.add_argument("--ca", type=Path, metavar="FILE", help="authorities (PEM) for wss://")
    add_passphrase_file(enrol)
    add_output(enrol)
    enrol.set_defaults(run=_enrol, whose="of an operator or administrator")


def _add_terms(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--person", metavar="NAME", help="whose key it is")
    parser.add_argument("--role", choices=ROLES)
    parser.add_argument(
        "--participant", type=int, default=0, metavar="N", help="whom it acts for: 1 is P0001"
    )
    parser.add_argument(
        "--permission", action="append", default=[], choices=PERMISSIONS, help="of a trader (all)"
    )
    parser.add_argument(
        "--address", action="append", default=[], metavar="IP", help="address or prefix (any)"
    )
    parser.add_argument("--valid-until", default="", metavar="DATE", help="last day (open)")
    parser.add_argument(
        "--on-disconnect",
        default="none",
        choices=WAYS,
        help="cancel its orders when a connection, or the last one, is lost (none)",
    )
    parser.add_argument("--reason", default="登记密钥", help="reason of the proposal")


def _terms(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the terms of a key; what the exchange would refuse when somebody approves is told at once."""
    from ipaddress import ip_network

    from engine.units import is_date
    from gateway.cli_fixes import mistake

    if arguments.person is None or arguments.role is None:
        raise mistake(arguments.lang, "whose_terms")
    if (arguments.role in COMPANY_ROLES) != (arguments.participant > 0):
        raise mistake(arguments.lang, "whose_company")
    if arguments.permission and arguments.role != "trader":
        raise mistake(arguments.lang, "whose_permissions")
    for address in arguments.address:
        try:
            ip_network(address)
        except ValueError:
            raise mistake(arguments.lang, "no_address", told=address) from None
    if arguments.valid_until and not is_date(arguments.valid_until):
        raise mistake(arguments.lang, "no_date", told=arguments.valid_until)
    return {
        "role": arguments.role,
        "person": arguments.person,
        "participant": arguments.participant,
        "permissions": arguments.permission,
        "addresses": arguments.address,
        "valid_until": arguments.valid_until,
        "on_disconnect": arguments.on_disconnect,
    }


def _code(arguments: argparse.Namespace) -> int:
    import msgspec

    from engine.commands import IssueCode
    from engine.units import NANOSECONDS_PER_SECOND
    from gateway.cli_fixes import mistake
    from gateway.enrolment_code import hash_of, new_code, read_code
    from gateway.malformed import in_words

    if arguments.list:
        return _list_codes(arguments)
    terms = _terms(arguments)
    if not 1 <= arguments.hours <= CODE_HOURS_MAX:
        raise mistake(arguments.lang, "hours", most=CODE_HOURS_MAX)
    code = new_code()

    async def work(client: "Client") -> tuple[int, int]:
        await _must_be_admitted(client, arguments)
        hours_ns = arguments.hours * 3_600 * NANOSECONDS_PER_SECOND
        wish = {
            "type": "IssueCode",
            "code_hash": hash_of(read_code(code)),
            "code_valid_until_ns": client.time_ns + hours_ns,
            **terms,
        }
        try:
            action = msgspec.convert(wish, IssueCode)
        except msgspec.ValidationError as error:
            problem = in_words(str(error), arguments.lang)
            raise mistake(arguments.lang, "terms_bad", problem=problem) from error
        (number,) = await propose_all(client, [(action,)], arguments.reason)
        return number, action.code_valid_until_ns

    number, valid_until_ns = talk(arguments, work)
    if arguments.json:
        facts = {"proposal": number, "code": code, "code_valid_until_ns": valid_until_ns}
        print(json.dumps(facts))
        return 0
    if arguments.lang == "zh":
        print(f"开通码: {code}")
        print(f"只显示这一次, 请当面或电话告知本人。提议 {number} 须经另一人批准后生效, ")
        print(f"有效 {arguments.hours} 小时; 本人执行: ceax keys enrol FILE --exchange URL")
    else:
        print(f"code: {code}")
        print("it is shown this once; tell it to the person face to face or by telephone")
        print(f"proposal {number} waits for another person; the code holds {arguments.hours} hours")
        print("the person then runs: ceax keys enrol FILE --exchange URL")
    return 0


async def _must_be_admitted(client: "Client", arguments: argparse.Namespace) -> None:
    """Refuse a company that is not there now, and not only when somebody approves; 0 is none."""
    from gateway.cli_fixes import mistake

    number = arguments.participant
    if number and number not in {row.participant for row in await client.participants()}:
        raise mistake(arguments.lang, "not_admitted", participant=number)


def _list_codes(arguments: argparse.Namespace) -> int:
    import msgspec

    from gateway.cli_tables import print_codes
    from gateway.expiry import code_state

    async def work(client: "Client") -> tuple[tuple[Any, ...], int]:
        return await client.codes(), client.time_ns

    rows, time_ns = talk(arguments, work)
    if arguments.json:
        told = [{**msgspec.to_builtins(row), "state": code_state(row, time_ns)} for row in rows]
        print(json.dumps({"codes": told}, ensure_ascii=False))
    else:
        print_codes(rows, time_ns, arguments.lang)
    return 0


def _enrol(arguments: argparse.Namespace) -> int:
    from gateway.cli_fixes import mistake

    if (arguments.file is None) == (arguments.public_key is None):
        raise mistake(arguments.lang, "one_way")
    return _claim(arguments) if arguments.file is not None else _enrol_by_hand(arguments)


def _claim(arguments: argparse.Namespace) -> int:
    import asyncio

    from gateway.cli_fixes import mistake
    from gateway.enrolment_code import BadCode, read_code
    from gateway.words import say

    code = arguments.code
    if code is None and sys.stdin.isatty():
        code = input("开通码: " if arguments.lang == "zh" else "code: ")
    if not code:
        raise mistake(arguments.lang, "one_way")
    try:
        read_code(code)
    except BadCode as error:
        wrong = "code_group" if error.group else "code_bad"
        raise mistake(arguments.lang, wrong, group=error.group) from None
    key = open_key(arguments.file, arguments.passphrase_file, arguments.lang)
    enrolled = asyncio.run(_claim_once(arguments, key, code))
    facts = {"key": enrolled.key, "role": enrolled.role, "person": enrolled.person}
    facts["participant"] = enrolled.participant
    if arguments.json:
        print(json.dumps(facts, ensure_ascii=False))
    elif arguments.lang == "zh":
        role = say("zh", f"role_{enrolled.role}")
        print(f"已登记: 密钥 {enrolled.key}, {enrolled.person}, {role}; 现在可以登录")
    else:
        print(f"enrolled as key {enrolled.key}: {enrolled.role} {enrolled.person}; log in with it")
    return 0


async def _claim_once(
    arguments: argparse.Namespace, key: "KeyFile", code: str
) -> "Enrolled | Welcome":
    """Claim a code; where it is used up, see whether this key did it: an answer may have been lost."""
    from gateway.cli_fixes import mistake, told
    from gateway.client import Client
    from gateway.client_errors import ClientError, LoginRefused
    from gateway.enrolling import enrol

    url, language, authorities = arguments.exchange, arguments.lang, arguments.ca
    try:
        return await enrol(url, key, code, language=language, authorities=authorities)
    except LoginRefused as error:
        refusal = error
    except ClientError as error:
        problem = told(error, arguments.whose, language)
        raise mistake(language, "not_enrolled", problem=problem) from error
    if refusal.code in ("CODE_USED", "KEY_ALREADY_ENROLLED"):
        try:
            async with await Client.connect(
                url, key, language=language, reconnect=False, authorities=authorities
            ) as client:
                return client.welcome
        except ClientError:
            pass  # it was somebody else
    problem = told(refusal, arguments.whose, language)
    raise mistake(language, "not_enrolled", problem=problem) from refusal


def _enrol_by_hand(arguments: argparse.Namespace) -> int:
    import msgspec

    from engine.commands import EnrolKey
    from gateway.cli_fixes import mistake
    from gateway.malformed import in_words

    wish = {"type": "EnrolKey", "public_key": arguments.public_key, **_terms(arguments)}
    try:
        action = msgspec.convert(wish, EnrolKey)
    except msgspec.ValidationError as error:
        problem = in_words(str(error), arguments.lang)
        raise mistake(arguments.lang, "key_bad", problem=problem) from error

    async def work(client: "Client") -> list[int]:
        await _must_be_admitted(client, arguments)
        return await propose_all(client, [(action,)], arguments.reason)

    numbers = talk(arguments, work)
    if arguments.json:
        print(json.dumps({"proposals": numbers}))
    elif arguments.lang == "zh":
        print(f"提议 {numbers[0]} 等待另一人批准")
    else:
        print(f"proposal that waits for another person: {numbers[0]}")
    return 0
