"""How a client dials: what it waits for, which host its login is signed for, and the socket itself."""

import re
import time
from ssl import SSLCertVerificationError, SSLContext, SSLError
from typing import Final

import msgspec
from msgspec import Struct
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidMessage, InvalidStatus, InvalidURI
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from gateway import wire
from gateway.client_errors import ConnectionFailed
from gateway.keys import KeyFile

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


def greeting(frame: wire.AnyOutward, url: str) -> wire.Hello:
    """Return the first frame of a gateway; ConnectionFailed where it is none, or of another protocol."""
    if not isinstance(frame, wire.Hello):
        raise ConnectionFailed(f"{url} is not a gateway of this exchange")
    if frame.version != wire.PROTOCOL_VERSION:
        raise ConnectionFailed(
            f"{url} speaks version {frame.version} of the protocol, this client version "
            f"{wire.PROTOCOL_VERSION}; install the release that the exchange runs"
        )
    return frame


def login_frame(
    hello: wire.Hello, url: str, key: KeyFile | None, language: wire.Language
) -> wire.Login | wire.Observe:
    """Return what a client answers to `Hello`: signed with its key, or as an observer."""
    if key is None:
        return wire.Observe(language=language)
    now_ns = time.time_ns()
    text = wire.login_text(login_host(url), hello.nonce, key.public_key, now_ns)
    return wire.Login(
        public_key=key.public_key, time_ns=now_ns, signature=key.sign(text), language=language
    )


def asked_pause_s(reason: str) -> float:
    """Return how long a gateway that went away asks its clients to wait, so that not all return at once."""
    asked = re.search(r"retry_ms=([0-9]{1,6})", reason)
    return int(asked.group(1)) / 1000 if asked else 0.0


async def dial(
    url: str,
    tls: SSLContext | None,
    patience: Patience,
    form: wire.Format = wire.Format.JSON,
    language: wire.Language = "en",
) -> ClientConnection:
    """Open the socket of a client and ask for a format; ConnectionFailed where nobody answers in time.

    `language` is that of what a gateway says of a connection that it does not open.
    """
    try:
        return await connect(
            url,
            ssl=tls,
            subprotocols=[Subprotocol(form)],
            additional_headers={"Accept-Language": language},
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


class _Refusal(Struct):
    """What a gateway says of a connection that it does not open (`mirror_routes.HttpError`)."""

    code: str
    text: str


def _advice(url: str, error: Exception) -> str:
    """Return why a gateway refused, or what to do about the usual slips with TLS; empty for anything else."""
    if isinstance(error, InvalidStatus):
        try:
            told = msgspec.json.decode(error.response.body, type=_Refusal)
        except msgspec.DecodeError:  # of a proxy in front, or of something else altogether
            return ""
        return f"; {told.code}: {told.text}"
    if isinstance(error, SSLCertVerificationError):
        return "; for a certificate of your own authority give it with --ca FILE"
    if isinstance(error, SSLError):
        return f"; where it speaks no TLS the address is ws://{url.partition('://')[2]}"
    if isinstance(error, InvalidMessage) and url.startswith("ws://"):
        return f"; where it speaks TLS the address is wss://{url.partition('://')[2]}"
    return ""
