"""A client claims an enrolment code for its new key: one connection, one answer, then it can log in."""

import asyncio
import time
from pathlib import Path

import msgspec
from websockets.exceptions import ConnectionClosed

from gateway import wire
from gateway.client_errors import ConnectionFailed, LoginRefused
from gateway.dialling import Patience, dial, greeting, login_host
from gateway.enrolment_code import hash_of, read_code
from gateway.keys import KeyFile
from gateway.tls import client_context


async def enrol(
    url: str,
    key: KeyFile,
    code: str,
    *,
    language: wire.Language = "en",
    patience: Patience | None = None,
    authorities: Path | None = None,
) -> wire.Enrolled:
    """Claim a code with the proof that one has the key; BadCode, LoginRefused, ConnectionFailed.

    A code with a typing error never leaves this machine. Where the answer was lost, log in with the
    key: the claim was taken or not, and a second one is refused as CODE_USED.
    """
    letters = read_code(code)
    patience = patience or Patience()
    tls = client_context(authorities) if url.startswith("wss:") else None
    socket = await dial(url, tls, patience, language=language)
    try:
        async with asyncio.timeout(patience.dial_s):
            hello = greeting(wire.decode_outward(await socket.recv()), url)
            now_ns = time.time_ns()
            text = wire.enrol_text(
                login_host(url), hello.nonce, key.public_key, hash_of(letters), now_ns
            )
            claim = wire.Enrol(
                code=letters,
                public_key=key.public_key,
                time_ns=now_ns,
                signature=key.sign(text),
                language=language,
            )
            await socket.send(wire.encode(claim), text=True)
            answer = wire.decode_outward(await socket.recv())
    except (ConnectionClosed, TimeoutError, msgspec.DecodeError) as error:
        raise ConnectionFailed(f"no answer to the claim at {url}: {error}") from error
    finally:
        await socket.close()
    if isinstance(answer, wire.LoginRefused):
        raise LoginRefused(answer)
    if not isinstance(answer, wire.Enrolled):
        raise ConnectionFailed(f"{url} did not answer the claim")
    return answer
