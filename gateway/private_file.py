"""Files that hold a secret: read only where nobody but their owner could have read or made them."""

import os
import stat
from pathlib import Path
from typing import Final, Literal

from gateway.errors import UserError

What = Literal["key file", "passphrase file"]
CHINESE: Final[dict[What, str]] = {"key file": "密钥文件", "passphrase file": "口令文件"}


def read_private(path: Path | str, what: What, bytes_max: int) -> bytes:
    """Return the content of a secret's file; UserError where it is missing, too large, or not private.

    `what` names it in errors. The checks are made on the open file, so that it cannot be changed for
    another one in between.
    """
    zh = CHINESE[what]
    try:
        link = os.lstat(path)
        if stat.S_ISLNK(link.st_mode) and link.st_uid not in (0, os.geteuid()):
            raise UserError(
                f"the {what} {path} is a link that somebody else made; give the file",
                f"{zh} {path} 是他人所建的链接; 请直接指明文件",
            )
        # A named pipe would block for ever.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        reason = error.strerror
        raise UserError(
            f"cannot read the {what} {path}: {reason}", f"无法读取{zh} {path}: {reason}"
        ) from None
    try:
        _check_facts(os.fstat(handle), path, what)
        with os.fdopen(handle, "rb", closefd=False) as file:
            data = file.read(bytes_max + 1)
    finally:
        os.close(handle)
    if len(data) > bytes_max:
        raise UserError(
            f"the {what} {path} has more than {bytes_max} bytes; it is something else",
            f"{zh} {path} 超过 {bytes_max} 字节; 它是别的文件",
        )
    return data


def _check_facts(facts: os.stat_result, path: Path | str, what: What) -> None:
    zh = CHINESE[what]
    if not stat.S_ISREG(facts.st_mode):
        raise UserError(f"the {what} {path} is not a plain file", f"{zh} {path} 不是普通文件")
    if facts.st_uid != os.geteuid():
        raise UserError(
            f"the {what} {path} belongs to another user; make a copy of your own",
            f"{zh} {path} 属于另一用户; 请自己复制一份",
        )
    if facts.st_mode & 0o077:
        raise UserError(
            f"the {what} {path} is readable by others; run: chmod 600 {path}",
            f"{zh} {path} 他人可读; 请执行: chmod 600 {path}",
        )
