"""TLS at the gateway and at its clients: contexts with sane settings, and errors that name file and fix.

For a small installation; each connection costs 280 KiB in asyncio (gateway-notes 0.13), so a large one
puts a proxy in front (`gateway/proxy/`). A certificate that is renewed is read again on SIGHUP: live
connections keep the old one, new ones get the new.
"""

import contextlib
import ssl
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

from gateway.errors import UserError

CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""For TLS 1.2: forward secrecy and authenticated encryption alone; TLS 1.3 has no others."""
SHUTDOWN_S: Final = 2.0
"""How long a client may take to say goodbye."""


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return the gateway's context; UserError names the file that is wrong."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    context.set_alpn_protocols(["http/1.1"])
    load(context, certificate, key)
    return context


def load(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    """Read certificate and key into a context, a live one too; UserError leaves what it had."""
    for path, option in ((certificate, "--tls-cert"), (key, "--tls-key")):
        try:
            with path.open("rb"):
                pass
        except OSError as error:
            raise UserError(f"cannot read {path} ({error.strerror}); see {option}") from None
    # On a context of its own first: a live one must not be left with half of a pair.
    _load_pair(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), certificate, key)
    expires_at(certificate, key)
    _load_pair(context, certificate, key)


def _load_pair(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    def no_passphrase() -> str:
        raise UserError(f"{key} has a passphrase; the gateway needs a key without one (chmod 600)")

    try:
        context.load_cert_chain(certificate, key, password=no_passphrase)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise UserError(f"{key} is not the key of {certificate}; give the pair") from None
        raise UserError(
            f"{certificate} and {key} are no PEM certificate chain and key ({error.reason})"
        ) from None


def expires_at(certificate: Path, key: Path) -> int:
    """Return until when a certificate holds (seconds since 1970, UTC); UserError where that is over.

    The pair shakes hands with itself in memory: what is wrong with it is found before a client finds it.
    """
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _load_pair(server, certificate, key)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    client.load_verify_locations(certificate)
    ends = [(ssl.MemoryBIO(), ssl.MemoryBIO()) for _ in range(2)]
    (in_a, out_a), (in_b, out_b) = ends
    asking = client.wrap_bio(in_a, out_a)
    giving = server.wrap_bio(in_b, out_b, server_side=True)
    try:
        for _ in range(4):  # the flights of a handshake
            for side in (asking, giving):
                with contextlib.suppress(ssl.SSLWantReadError):
                    side.do_handshake()
                in_b.write(out_a.read())
                in_a.write(out_b.read())
    except ssl.SSLCertVerificationError as error:
        raise UserError(f"{certificate}: {error.verify_message}; renew it") from None
    found = asking.getpeercert() or {}
    return int(ssl.cert_time_to_seconds(str(found["notAfter"])))


def check_listening(host: str, *, has_tls: bool, is_insecure: bool) -> None:
    """Refuse to listen beyond this machine in plain text; UserError says the two ways out."""
    if has_tls or is_insecure or is_loopback(host):
        return
    raise UserError(
        f"--host {host or '(all addresses)'} listens beyond this machine without TLS; give --tls-cert "
        "and --tls-key, or put a proxy with TLS in front of 127.0.0.1, or say --insecure"
    )


def is_loopback(host: str) -> bool:
    """Say whether an address or name is this machine alone, whatever a name server says."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def client_context(authorities: Path | None = None) -> ssl.SSLContext:
    """Return a client's context, with an own file of certificate authorities; UserError where it is none."""
    try:
        context = ssl.create_default_context(cafile=authorities)
    except OSError as error:
        problem = error.strerror or "it holds no PEM certificate"
        raise UserError(f"cannot read {authorities} ({problem}); see --ca") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def tls_options(context: ssl.SSLContext | None, handshake_s: float) -> dict[str, Any]:
    """Return what `serve` needs to know of TLS."""
    if context is None:
        return {}
    return {
        "ssl": context,
        "ssl_handshake_timeout": handshake_s,
        "ssl_shutdown_timeout": SHUTDOWN_S,
    }
