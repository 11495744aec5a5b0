"""How a client dials: what it waits for, which host its login is signed for, and the socket itself."""

from ssl import SSLCertVerificationError, SSLContext, SSLError
from typing import Final

from msgspec import Struct
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidMessage, InvalidURI
from websockets.uri import parse_uri

from gateway.client_errors import ConnectionFailed

FRAME_BYTES_MAX: Final = 4 * 1024 * 1024
"""Largest frame that a client takes from the gateway."""


class Patience(Struct, frozen=True, kw_only=True):
    """How long a client waits: for a connection, between attempts, and altogether after a loss."""

    dial_s: float = 10.0
    first_pause_s: float = 0.05
    longest_pause_s: float = 1.0
    reconnect_s: float = 300.0


def login_host(url: str) -> str:
    """Return the host of a URL as dialled and as the Host header names it; it is part of the signature."""
    uri = parse_uri(url)
    host = f"[{uri.host}]" if ":" in uri.host else uri.host
    return host if uri.port == (443 if uri.secure else 80) else f"{host}:{uri.port}"


async def dial(url: str, tls: SSLContext | None, patience: Patience) -> ClientConnection:
    """Open the socket of a client; ConnectionFailed where nobody answers in time."""
    try:
        return await connect(
            url,
            ssl=tls,
            compression=None,
            proxy=None,
            ping_interval=None,
            open_timeout=patience.dial_s,
            close_timeout=2,
            max_size=FRAME_BYTES_MAX,
            user_agent_header=None,
        )
    except (OSError, TimeoutError, InvalidHandshake, InvalidURI, EOFError) as error:
        raise ConnectionFailed(
            f"cannot reach the exchange at {url}: {error}{_advice(url, error)}"
        ) from error


def _advice(url: str, error: Exception) -> str:
    """Return what to do about the usual slips with TLS, empty for anything else."""
    if isinstance(error, SSLCertVerificationError):
        return "; for a certificate of your own authority give it with --ca FILE"
    if isinstance(error, SSLError):
        return f"; where it speaks no TLS the address is ws://{url.partition('://')[2]}"
    if isinstance(error, InvalidMessage) and url.startswith("ws://"):
        return f"; where it speaks TLS the address is wss://{url.partition('://')[2]}"
    return ""
