"""Ed25519 keys of people and programs: made on their own machine, kept in a file that only they can read."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from engine.commands import PublicKey, Role, Text
from gateway import passphrase as passphrases
from gateway.errors import UserError
from gateway.malformed import in_words
from gateway.private_file import read_private

KEY_FILE_MODE: Final = 0o600
KEY_FILE_BYTES_MAX: Final = 16 * 1024
NOBODY: Final = bytes(SigningKey(bytes(32)).verify_key).hex()
"""A public key that nobody has: an unknown key's signature is checked against it, to cost the same."""


class PassphraseNeeded(UserError):
    """The key file is locked and nobody said the passphrase."""


class _Stored(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A key file as it stands on disk: the secret in clear, or sealed under a passphrase."""

    person: Text
    role: Role
    public_key: PublicKey
    secret_key: PublicKey = ""
    sealed: passphrases.Sealed | None = None


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

    def save(self, path: Path | str, passphrase: str = "") -> None:
        """Write the key file, readable by its owner alone; UserError where it exists or cannot be written.

        With a passphrase the secret half is sealed; without one, whoever reads the file has the key.
        """
        stored = _Stored(person=self.person, role=self.role, public_key=self.public_key)
        if passphrase:
            sealed = passphrases.seal(bytes.fromhex(self.secret_key), passphrase)
            stored = msgspec.structs.replace(stored, sealed=sealed)
        else:
            stored = msgspec.structs.replace(stored, secret_key=self.secret_key)
        data = msgspec.json.format(msgspec.json.encode(stored), indent=2) + b"\n"
        try:
            # O_EXCL: a key that is overwritten is lost for ever.
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, KEY_FILE_MODE)
            with os.fdopen(handle, "wb") as file:
                os.fchmod(file.fileno(), KEY_FILE_MODE)  # whatever the umask says
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except FileExistsError:
            raise already_there(path) from None
        except OSError as error:
            reason = error.strerror
            raise UserError(
                f"cannot write the key file {path}: {reason}", f"无法写入密钥文件 {path}: {reason}"
            ) from None


def already_there(path: Path | str) -> UserError:
    """Return the error of a new key whose file exists: none is ever overwritten."""
    return UserError(
        f"{path} exists; choose another file or remove it first",
        f"{path} 已存在; 请换一个文件名, 或先移走它",
    )


def new_key(person: str, role: Role | str) -> KeyFile:
    """Make a key pair from the system's randomness; UserError for a name that no log would take."""
    signing = SigningKey.generate()
    pair = {"public_key": bytes(signing.verify_key).hex(), "secret_key": bytes(signing).hex()}
    try:
        return msgspec.convert({"person": person, "role": role, **pair}, KeyFile)
    except msgspec.ValidationError as error:
        raise UserError(
            f"no key can be made for that person: {in_words(str(error), 'en')}",
            f"不能为该人员制作密钥: {in_words(str(error), 'zh')}",
        ) from None


class PublicHalf(Struct, frozen=True, kw_only=True):
    """What a key file tells without its secret."""

    person: str
    role: Role
    public_key: str
    is_sealed: bool


def describe(path: Path | str) -> PublicHalf:
    """Return what stands in the clear in a key file; UserError as for `load`, no passphrase is needed."""
    stored = _read(path)
    return PublicHalf(
        person=stored.person,
        role=stored.role,
        public_key=stored.public_key,
        is_sealed=stored.sealed is not None,
    )


def load(path: Path | str, passphrase: str | Callable[[], str] | None = None) -> KeyFile:
    """Read a key file; UserError where it is missing, readable by others, or not a key file.

    A sealed one is opened with the passphrase, or with what a function returns that asks for it; by
    default with that of the environment. PassphraseNeeded where there is none, WrongPassphrase.
    """
    stored = _read(path)
    secret_key = stored.secret_key
    if stored.sealed is not None:
        secret_key = _open(path, stored.sealed, passphrase)
    if bytes(SigningKey(bytes.fromhex(secret_key)).verify_key).hex() != stored.public_key:
        raise UserError(
            f"{path}: the public key does not belong to the secret key; take the file as it was made",
            f"{path}: 公钥与私钥不符; 请用制作时的原文件",
        )
    return KeyFile(
        person=stored.person,
        role=stored.role,
        public_key=stored.public_key,
        secret_key=secret_key,
    )


def _read(path: Path | str) -> _Stored:
    data = read_private(path, "key file", KEY_FILE_BYTES_MAX)
    try:
        stored = msgspec.json.decode(data, type=_Stored)
    except msgspec.DecodeError as error:
        problems = in_words(str(error), "en"), in_words(str(error), "zh")
        raise _no_key_file(path, *problems) from None
    if (stored.sealed is None) == (not stored.secret_key):
        raise _no_key_file(
            path, "it needs either secret_key or sealed", "须有 secret_key 或 sealed 之一"
        )
    return stored


def _no_key_file(path: Path | str, problem: str, zh: str) -> UserError:
    return UserError(f"{path} is not a key file: {problem}", f"{path} 不是密钥文件: {zh}")


def _open(
    path: Path | str, sealed: passphrases.Sealed, passphrase: str | Callable[[], str] | None
) -> str:
    """Return the seed of a sealed key file in hexadecimal."""
    if passphrase is None:
        passphrase = passphrases.from_program
    text = passphrase if isinstance(passphrase, str) else passphrase()
    if not text:
        variable = passphrases.VARIABLE
        raise PassphraseNeeded(
            f"{path} is locked; say its passphrase, for programs in {variable}",
            f"{path} 有口令; 请给出口令, 程序可用 {variable}",
        )
    try:
        seed = passphrases.unseal(sealed, text)
    except passphrases.WrongPassphrase:
        raise passphrases.WrongPassphrase(
            f"{path}: the passphrase is wrong", f"{path}: 口令不对"
        ) from None
    if len(seed) != len(bytes.fromhex(NOBODY)):
        raise _no_key_file(path, "what it seals is no key", "封存的不是密钥")
    return seed.hex()


def verify(public_key: str, message: bytes, signature: str) -> bool:
    """Say whether a signature is the key's; False also for a malformed or small-order key."""
    try:
        VerifyKey(bytes.fromhex(public_key)).verify(message, bytes.fromhex(signature))
    except (BadSignatureError, ValueError):
        return False
    return True
