"""A key named at the shell as `ceax keys list` shows it: by number, by person, or by public key."""

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.client import Client


def add_which(parser: argparse.ArgumentParser) -> None:
    """Add the key that a command is about."""
    parser.add_argument(
        "which", metavar="WHICH", help="number, person or public key as `ceax keys list` shows it"
    )


async def number_of(client: "Client", arguments: argparse.Namespace) -> int:
    """Return the number of the one key that holds and is called so; UserError where it is none or several."""
    from gateway.cli_fixes import mistake
    from gateway.client_errors import RequestFailed
    from gateway.words import PUBLIC_SHOWN, say

    called, lang = arguments.which.strip(), arguments.lang
    if called.isascii() and called.isdigit() and len(called) < PUBLIC_SHOWN:
        return int(called)
    try:
        rows = await client.keys()
    except RequestFailed as error:
        if error.code != "ROLE_NOT_PERMITTED":
            raise
        raise mistake(lang, "key_by_number", key=client.welcome.key) from error
    is_public = len(called) >= PUBLIC_SHOWN
    found = [
        row
        for row in rows
        if row.state == "active"
        and (row.person == called or (is_public and row.public_key.startswith(called.lower())))
    ]
    if not found:
        raise mistake(lang, "key_none", told=called)
    if len(found) > 1:
        keys = ", ".join(f"{row.key} ({say(lang, f'role_{row.role.value}')})" for row in found)
        raise mistake(lang, "key_many", told=called, keys=keys)
    return int(found[0].key)
