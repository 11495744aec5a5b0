"""Ed25519 keys of people and programs: made on their own machine, kept in a file that only they can read."""

import os
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from engine.commands import PublicKey, Role, Text
from gateway.errors import UserError

KEY_FILE_MODE: Final = 0o600
NOBODY: Final = bytes(SigningKey(bytes(32)).verify_key).hex()
"""A public key that nobody has: an unknown key's signature is checked against it, to cost the same."""


class KeyFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key pair as kept on disk (JSON, mode 0600); only the public half ever travels."""

    person: Text
    role: Role
    public_key: PublicKey
    secret_key: PublicKey
    """The 32-byte seed in hexadecimal; it has the form of a public key."""

    def __repr__(self) -> str:
        # A key file must be safe to print: logs and tracebacks show reprs.
        return (
            f"KeyFile(person={self.person!r}, role={self.role!r}, public_key={self.public_key!r})"
        )

    def sign(self, message: bytes) -> str:
        """Return the signature over a message, 128 hexadecimal digits."""
        return SigningKey(bytes.fromhex(self.secret_key)).sign(message).signature.hex()

    def save(self, path: Path | str) -> None:
        """Write the key file, readable by its owner alone; UserError where it exists or cannot be written."""
        data = msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"
        try:
            # O_EXCL: a key that is overwritten is lost for ever.
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, KEY_FILE_MODE)
        except FileExistsError:
            raise UserError(f"{path} exists; choose another file or remove it first") from None
        except OSError as error:
            raise UserError(f"cannot write the key file {path}: {error.strerror}") from None
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), KEY_FILE_MODE)  # whatever the umask says
            file.write(data)
            file.flush()
            os.fsync(file.fileno())


def new_key(person: str, role: Role | str) -> KeyFile:
    """Make a key pair from the system's randomness."""
    signing = SigningKey.generate()
    return KeyFile(
        person=person,
        role=Role(role),
        public_key=bytes(signing.verify_key).hex(),
        secret_key=bytes(signing).hex(),
    )


def load(path: Path | str) -> KeyFile:
    """Read a key file; UserError where it is missing, readable by others, or not a key file."""
    try:
        with Path(path).open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read()
    except OSError as error:
        raise UserError(f"cannot read the key file {path}: {error.strerror}") from None
    if mode & 0o077:
        raise UserError(f"the key file {path} is readable by others; run: chmod 600 {path}")
    try:
        key = msgspec.json.decode(data, type=KeyFile)
    except msgspec.DecodeError as error:
        raise UserError(f"{path} is not a key file: {error}") from None
    if bytes(SigningKey(bytes.fromhex(key.secret_key)).verify_key).hex() != key.public_key:
        raise UserError(f"{path}: the public key does not belong to the secret key")
    return key


def verify(public_key: str, message: bytes, signature: str) -> bool:
    """Say whether a signature is the key's; False also for a malformed or small-order key."""
    try:
        VerifyKey(bytes.fromhex(public_key)).verify(message, bytes.fromhex(signature))
    except (BadSignatureError, ValueError):
        return False
    return True
