"""What the commands that talk to an exchange share: options, key files with passphrases, proposals."""

import argparse
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from engine.commands import Action
    from gateway.client import Client
    from gateway.client_answer import Answer
    from gateway.keys import KeyFile
    from gateway.words import Language

    Commands = _SubParsersAction[argparse.ArgumentParser]

T = TypeVar("T")
E = TypeVar("E")
DAMAGED = 1
"""Exit code where a journal does not hold, or does not say what it should."""


def make_parser(
    commands: "Commands", name: str, summary: str, example: str, notes: str = ""
) -> argparse.ArgumentParser:
    """Add a command with its summary, an example and notes."""
    return commands.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=f"example:\n  {example}" + (f"\n\n{notes}" if notes else ""),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def note(text: str) -> None:
    """Tell a person something beside the output of a command."""
    print(text, file=sys.stderr)


def add_verbs(parser: argparse.ArgumentParser) -> "Commands":
    """Let a command have verbs of its own."""
    return parser.add_subparsers(title="commands", metavar="COMMAND", required=True)


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add how answers are shown."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_language(parser)


def add_language(parser: argparse.ArgumentParser) -> None:
    """Add the language in which a command speaks."""
    parser.add_argument("--lang", choices=("zh", "en"), default="en", help="of texts (en)")


def add_passphrase_file(parser: argparse.ArgumentParser) -> None:
    """Add where a program keeps the passphrase of a key."""
    parser.add_argument(
        "--passphrase-file",
        type=Path,
        metavar="FILE",
        help="holds the key's passphrase, readable by you alone; else CEAX_PASSPHRASE, else it is asked",
    )


def add_exchange(
    parser: argparse.ArgumentParser, whose: str = "of an operator", *, is_needed: bool = True
) -> None:
    """Add the exchange to talk to, and the key to talk with."""
    parser.add_argument("--exchange", required=is_needed, metavar="URL", help="ws://HOST:PORT")
    parser.add_argument(
        "--key", required=is_needed, type=Path, metavar="FILE", help=f"key file {whose}"
    )
    parser.add_argument(
        "--ca", type=Path, metavar="FILE", help="authorities (PEM) for a wss:// address"
    )
    add_passphrase_file(parser)
    parser.set_defaults(whose=whose)


def open_key(
    path: Path, passphrase_file: Path | None = None, language: "Language" = "en"
) -> "KeyFile":
    """Read a key file, and ask for its passphrase where somebody sits at a terminal; UserError."""
    from getpass import getpass

    from gateway import keys, passphrase

    given = passphrase.from_program(passphrase_file)
    if not given and keys.describe(path).is_sealed and sys.stdin.isatty():
        given = getpass(f"{path} 的口令: " if language == "zh" else f"passphrase of {path}: ")
    return keys.load(path, given)


def new_passphrase(arguments: argparse.Namespace) -> str:
    """Return the passphrase for a new key: asked twice, of a file or the environment; "" with a warning."""
    from getpass import getpass

    from gateway import passphrase
    from gateway.cli_fixes import mistake

    is_chinese = arguments.lang == "zh"
    if arguments.passphrase:
        if not sys.stdin.isatty():
            raise mistake(arguments.lang, "passphrase_asked")
        given = getpass("口令: " if is_chinese else "passphrase: ")
        passphrase.check(given)
        if getpass("请再输入一次: " if is_chinese else "the same again: ") != given:
            raise mistake(arguments.lang, "passphrases_differ")
        return given
    given = passphrase.from_program(arguments.passphrase_file)
    if given:
        passphrase.check(given)
    else:
        note(
            "注意: 没有口令, 能读到该文件的人即持有该密钥; 见 --passphrase"
            if is_chinese
            else "warning: no passphrase: whoever can read the file has the key; see --passphrase"
        )
    return given


def talk(
    arguments: argparse.Namespace,
    work: "Callable[[Client], Awaitable[T]]",
    key: "KeyFile | None" = None,
) -> T:
    """Log in, by default with the key of the options, do some work and log out; UserError where that fails."""
    import asyncio

    from gateway.cli_fixes import mistake

    if arguments.exchange is None or arguments.key is None:
        raise mistake(arguments.lang, "no_exchange")
    key = key or open_key(arguments.key, arguments.passphrase_file, arguments.lang)
    return asyncio.run(_talk(arguments, key, work))


async def _talk(
    arguments: argparse.Namespace, key: "KeyFile", work: "Callable[[Client], Awaitable[T]]"
) -> T:
    from gateway.cli_fixes import told
    from gateway.client import Client, ClientError
    from gateway.errors import Declined, UserError

    try:
        client = await Client.connect(
            arguments.exchange,
            key,
            language=arguments.lang,
            reconnect=False,
            authorities=arguments.ca,
        )
        async with client:
            return await work(client)
    except (ClientError, Declined) as error:
        raise UserError(told(error, arguments.whose, arguments.lang)) from error


def done(answer: "Answer", *kinds: type[E]) -> E:
    """Return the event that a command was sent for; Declined where the exchange answered another."""
    from gateway.errors import Declined

    first = answer.first
    if isinstance(first, kinds):
        return first
    code = answer.refused.reason.name if answer.refused is not None else ""
    raise Declined(" ".join(answer.texts), code)


async def propose_all(
    client: "Client", proposals: "Iterable[Sequence[Action]]", reason: str
) -> list[int]:
    """Propose one after the other and return their numbers; UserError tells those made before a refusal."""
    from engine.events import ProposalMade
    from gateway.client import ClientError
    from gateway.errors import Declined

    numbers: list[int] = []
    for actions in proposals:
        try:
            numbers.append(done(await client.propose(actions, reason), ProposalMade).proposal)
        except (ClientError, Declined) as error:
            if not numbers:
                raise
            text, code = getattr(error, "text", str(error)), getattr(error, "code", "")
            if getattr(error, "outcome", "") == "unknown":
                code = ""  # whoever reads it has to look first
            raise Declined(f"{text}; proposals made before: {numbers}", code) from error
    return numbers
