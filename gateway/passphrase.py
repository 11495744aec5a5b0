"""Passphrases of key files: where they come from, and the box that they lock (argon2id, secretbox)."""

import os
import unicodedata
from pathlib import Path
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct
from nacl import pwhash, secret
from nacl.exceptions import CryptoError
from nacl.utils import random

from gateway.errors import UserError
from gateway.private_file import read_private

VARIABLE: Final = "CEAX_PASSPHRASE"
"""Variable of the environment that holds the passphrase for programs."""
LENGTH_MIN: Final = 8
"""Fewest characters of a passphrase."""
BYTES_MAX: Final = 1_024
OPERATIONS: Final = 3
MEMORY_BYTES: Final = 64 * 1024 * 1024
"""Cost of one guess: some 0.15 s and 64 MiB (gateway-notes 3.1)."""

Hex = Annotated[str, Meta(pattern=r"^[0-9a-f]{32,256}\Z")]


class WrongPassphrase(UserError):
    """The passphrase does not open the key file."""


class Sealed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A secret under a passphrase; the costs are bounded, so that no file can ask for all memory."""

    derivation: Literal["argon2id"]
    operations: Annotated[int, Meta(ge=1, le=16)]
    memory_bytes: Annotated[int, Meta(ge=8 * 1024, le=1024 * 1024 * 1024)]
    salt: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
    box: Hex
    """Nonce, tag and secret of NaCl's secretbox (XSalsa20-Poly1305)."""


def seal(data: bytes, passphrase: str) -> Sealed:
    """Lock a secret; UserError for a passphrase that is too short or too long."""
    check(passphrase)
    salt = random(pwhash.argon2id.SALTBYTES)
    box = secret.SecretBox(_derive(passphrase, salt, OPERATIONS, MEMORY_BYTES))
    return Sealed(
        derivation="argon2id",
        operations=OPERATIONS,
        memory_bytes=MEMORY_BYTES,
        salt=salt.hex(),
        box=bytes(box.encrypt(data)).hex(),
    )


def unseal(sealed: Sealed, passphrase: str) -> bytes:
    """Return the secret; WrongPassphrase where the passphrase, or the file, is not the right one."""
    salt = bytes.fromhex(sealed.salt)
    key = _derive(passphrase, salt, sealed.operations, sealed.memory_bytes)
    try:
        return bytes(secret.SecretBox(key).decrypt(bytes.fromhex(sealed.box)))
    except (CryptoError, ValueError):
        raise WrongPassphrase("the passphrase is wrong", "口令不对") from None


def check(passphrase: str) -> None:
    """Refuse a passphrase that is too short to be one, or longer than any; UserError."""
    if len(passphrase) < LENGTH_MIN:
        raise UserError(
            f"a passphrase has at least {LENGTH_MIN} characters; choose a longer one",
            f"口令至少 {LENGTH_MIN} 个字符; 请换一个更长的",
        )
    if len(passphrase.encode()) > BYTES_MAX:
        raise UserError(
            f"a passphrase has at most {BYTES_MAX} bytes; choose a shorter one",
            f"口令至多 {BYTES_MAX} 字节; 请换一个更短的",
        )


def from_program(file: Path | None = None) -> str:
    """Return the passphrase for a program, of its file or the environment; "" where there is none."""
    if file is None:
        source, text = VARIABLE, os.environb.get(VARIABLE.encode(), b"")
    else:
        line = read_private(file, "passphrase file", BYTES_MAX + 2)
        source, text = str(file), line.removesuffix(b"\n").removesuffix(b"\r")
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise UserError(
            f"the passphrase of {source} is not UTF-8 text; write it so",
            f"{source} 的口令不是 UTF-8 文本; 请改用 UTF-8",
        ) from None


def _derive(passphrase: str, salt: bytes, operations: int, memory_bytes: int) -> bytes:
    # Keyboards write the same letters in several ways; one form for all of them.
    text = unicodedata.normalize("NFKC", passphrase).encode()
    size = secret.SecretBox.KEY_SIZE
    return bytes(pwhash.argon2id.kdf(size, text, salt, opslimit=operations, memlimit=memory_bytes))
