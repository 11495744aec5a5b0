"""How a client dials: what it waits for, and which host its login is signed for."""

from msgspec import Struct
from websockets.uri import parse_uri


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
