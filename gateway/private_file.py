"""Files that hold a secret: read only where nobody but their owner could have read or made them."""

import os
import stat
from pathlib import Path

from gateway.errors import UserError


def read_private(path: Path | str, what: str, bytes_max: int) -> bytes:
    """Return the content of a secret's file; UserError where it is missing, too large, or not private.

    `what` names it in errors, such as "key file". The checks are made on the open file, so that it
    cannot be changed for another one in between.
    """
    try:
        link = os.lstat(path)
        if stat.S_ISLNK(link.st_mode) and link.st_uid not in (0, os.geteuid()):
            raise UserError(f"the {what} {path} is a link that somebody else made; give the file")
        # A named pipe would block for ever.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise UserError(f"cannot read the {what} {path}: {error.strerror}") from None
    try:
        _check_facts(os.fstat(handle), path, what)
        with os.fdopen(handle, "rb", closefd=False) as file:
            data = file.read(bytes_max + 1)
    finally:
        os.close(handle)
    if len(data) > bytes_max:
        raise UserError(f"the {what} {path} has more than {bytes_max} bytes; it is something else")
    return data


def _check_facts(facts: os.stat_result, path: Path | str, what: str) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise UserError(f"the {what} {path} is not a plain file")
    if facts.st_uid != os.geteuid():
        raise UserError(f"the {what} {path} belongs to another user; make a copy of your own")
    if facts.st_mode & 0o077:
        raise UserError(f"the {what} {path} is readable by others; run: chmod 600 {path}")
