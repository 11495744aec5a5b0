"""`ceax keys`: make keys, let one follow another, end them, list them."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.cli_called import add_which, number_of
from gateway.cli_enrol import ROLES, URL, add_code, add_enrol
from gateway.cli_limit import add_limit
from gateway.cli_parts import (
    add_exchange,
    add_output,
    add_passphrase_file,
    add_verbs,
    done,
    make_parser,
    new_passphrase,
    talk,
)

if TYPE_CHECKING:
    from engine.events import KeyEnrolled
    from gateway.cli_parts import Commands
    from gateway.client import Client
    from gateway.keys import PublicHalf


def add_commands(commands: "Commands") -> None:
    """Add `keys`."""
    keys = make_parser(
        commands,
        "keys",
        "make, enrol, follow up, end and list keys of people and programs",
        "ceax keys new trader.key --person 演示交易员 --role trader --passphrase",
    )
    verbs = add_verbs(keys)
    _add_new(verbs)
    show = make_parser(
        verbs, "show", "print the public half of a key file", "ceax keys show trader.key"
    )
    show.add_argument("file", type=Path, metavar="FILE")
    add_output(show)
    show.set_defaults(run=_show)
    add_code(verbs)
    add_enrol(verbs)
    _add_rotate(verbs)
    _add_revoke(verbs)
    add_limit(verbs)
    listing = make_parser(
        verbs, "list", "list the enrolled keys", f"ceax keys list {URL} --key operator-1.key"
    )
    add_exchange(listing, "of an operator, auditor or administrator")
    add_output(listing)
    listing.set_defaults(run=_list)


def _add_new(verbs: "Commands") -> None:
    new = make_parser(
        verbs,
        "new",
        "make a key file that only you can read",
        "ceax keys new trader.key --person 演示交易员 --role trader --passphrase",
    )
    new.add_argument("file", type=Path, metavar="FILE", help="a new file; never overwritten")
    new.add_argument("--person", required=True, metavar="NAME", help="whose key it is")
    new.add_argument("--role", required=True, choices=ROLES)
    _add_new_passphrase(new)
    add_passphrase_file(new)
    add_output(new)
    new.set_defaults(run=_new)


def _add_new_passphrase(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--passphrase", action="store_true", help="ask for a passphrase, twice")


def _add_rotate(verbs: "Commands") -> None:
    rotate = make_parser(
        verbs,
        "rotate",
        "make the next key of the same person on the same terms, and try it",
        f"ceax keys rotate next.key {URL} --key trader.key --revoke-old",
    )
    rotate.add_argument("file", type=Path, metavar="NEW", help="a new file; never overwritten")
    _add_new_passphrase(rotate)
    rotate.add_argument("--revoke-old", action="store_true", help="end the old key as well")
    add_exchange(rotate, "that shall be followed")
    add_output(rotate)
    rotate.set_defaults(run=_rotate)


def _add_revoke(verbs: "Commands") -> None:
    revoke = make_parser(
        verbs,
        "revoke",
        "end a key for good, and its live connections: one's own, the company's, or any",
        f"ceax keys revoke 12 --reason 离职 {URL} --key operator-1.key\n"
        f"  ceax keys revoke 演示交易员 --reason 离职 {URL} --key administrator-1.key",
    )
    add_which(revoke)
    revoke.add_argument("--reason", required=True, help="why")
    add_exchange(revoke, "of its person, its administrator or an operator")
    add_output(revoke)
    revoke.set_defaults(run=_revoke)


# ---------------------------------------------------------------- without an exchange


def _new(arguments: argparse.Namespace) -> int:
    from gateway.keys import describe, new_key

    key = new_key(arguments.person, arguments.role)
    key.save(arguments.file, new_passphrase(arguments))
    _print_key(describe(arguments.file), arguments)
    return 0


def _show(arguments: argparse.Namespace) -> int:
    from gateway.keys import describe

    _print_key(describe(arguments.file), arguments)
    return 0


def _print_key(key: "PublicHalf", arguments: argparse.Namespace) -> None:
    from gateway.words import say

    if arguments.json:
        facts = {"file": str(arguments.file), "person": key.person, "role": key.role.value}
        facts["public_key"] = key.public_key
        print(json.dumps({**facts, "has_passphrase": key.is_sealed}, ensure_ascii=False))
        return
    if arguments.lang == "zh":
        print(f"{arguments.file}: {key.person} 的密钥 ({say('zh', f'role_{key.role.value}')})")
        print(f"公钥, 供运营员登记: {key.public_key}")
    else:
        print(f"{arguments.file}: {key.role.value} key of {key.person}")
        print(f"public key, for the operators who enrol it: {key.public_key}")


# ---------------------------------------------------------------- following, ending, listing


def _rotate(arguments: argparse.Namespace) -> int:
    from engine.events import KeyRevoked
    from gateway.keys import already_there, describe, new_key

    old = describe(arguments.key)
    if arguments.file.exists():
        raise already_there(arguments.file)
    key = new_key(old.person, old.role)
    passphrase = new_passphrase(arguments)

    async def follow(client: "Client") -> "KeyEnrolled":
        key.save(arguments.file, passphrase)  # before it is enrolled, or a loss would lock one out
        return await _follow(client, key.public_key, arguments.file)

    enrolled = talk(arguments, follow)
    is_chinese, new, previous = arguments.lang == "zh", enrolled.key, enrolled.previous
    if not arguments.json:
        print(
            f"{arguments.file} 是密钥 {new}, 接替密钥 {previous}"
            if is_chinese
            else f"{arguments.file} is key {new} and follows key {previous}"
        )

    async def end_old(client: "Client") -> bool:
        if not arguments.revoke_old:
            return False
        done(await client.revoke_key(previous, "轮换"), KeyRevoked)
        return True

    is_revoked = talk(arguments, end_old, key)  # a login with the new key proves it
    if arguments.json:
        facts = {"key": new, "previous": previous, "is_revoked": is_revoked}
        print(json.dumps({**facts, "file": str(arguments.file)}))
    elif not is_revoked:
        end = f"ceax keys revoke {previous} …"
        print(
            f"原密钥仍有效; 吊销: {end}"
            if is_chinese
            else f"the old key still holds; end it with: {end}"
        )
    return 0


async def _follow(client: "Client", public_key: str, file: Path) -> "KeyEnrolled":
    """Enrol the next key; its file goes again where nobody enrolled it, for then it is worth nothing."""
    from engine.events import KeyEnrolled
    from gateway.client import SubmitFailed
    from gateway.errors import Declined

    try:
        return done(await client.rotate_key(public_key), KeyEnrolled)
    except (SubmitFailed, Declined) as error:
        if getattr(error, "outcome", "") != "unknown":
            file.unlink()  # noqa: ASYNC240 - one name of a small file
        raise


def _revoke(arguments: argparse.Namespace) -> int:
    from engine.events import KeyRevoked
    from gateway.client import SubmitFailed

    async def work(client: "Client") -> int:
        number = await number_of(client, arguments)
        try:
            done(await client.revoke_key(number, arguments.reason), KeyRevoked)
        except SubmitFailed as error:
            # Who revokes the own key loses the connection with it, and maybe the answer.
            if client.welcome.key != number or error.outcome != "unknown":
                raise
        return number

    number = talk(arguments, work)
    if arguments.json:
        print(json.dumps({"key": number, "state": "revoked"}))
    elif arguments.lang == "zh":
        print(f"密钥 {number} 已吊销; 其连接已断开")
    else:
        print(f"key {number} is revoked; its connections are closed")
    return 0


def _list(arguments: argparse.Namespace) -> int:
    import msgspec

    from gateway.cli_tables import print_keys
    from gateway.expiry import days_left

    async def work(client: "Client") -> tuple[tuple[Any, ...], int]:
        return await client.keys(), client.time_ns

    rows, time_ns = talk(arguments, work)
    if arguments.json:
        told = [
            {**msgspec.to_builtins(row), "days_left": days_left(row.valid_until, time_ns)}
            for row in rows
        ]
        print(json.dumps({"keys": told}, ensure_ascii=False))
    else:
        print_keys(rows, time_ns, arguments.lang)
    return 0
