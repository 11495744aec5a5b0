"""Bounded retries: a call to another process is repeated a few times, then its work stays pending."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Final, TypeVar

from clearing.registry_client import RegistryUnavailable
from gateway.client import ConnectionFailed, RequestFailed

ATTEMPTS_MAX: Final = 8
FIRST_PAUSE_MS: Final = 50
LONGEST_PAUSE_MS: Final = 2_000
Answer = TypeVar("Answer")


class StillPending(Exception):
    """All attempts failed; nothing is lost, the work goes on when the other side is back."""


async def pause(milliseconds: int) -> None:
    """Wait on the machine's own clock."""
    await asyncio.sleep(timedelta(milliseconds=milliseconds).total_seconds())


async def pause_unless(stirred: asyncio.Event, milliseconds: int) -> None:
    """Wait until an event is set, at most so long."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stirred.wait(), timedelta(milliseconds=milliseconds).total_seconds())


def pauses() -> list[int]:
    """Return the pauses between attempts in milliseconds: doubling, capped, one fewer than attempts."""
    return [min(FIRST_PAUSE_MS * 2**n, LONGEST_PAUSE_MS) for n in range(ATTEMPTS_MAX - 1)]


async def persist(what: str, work: Callable[[], Awaitable[Answer]]) -> Answer:
    """Do repeatable work, again where nobody answered; StillPending after `ATTEMPTS_MAX` attempts.

    An answer that says no (`RegistryRefused`, outcome `rejected`) is an answer and passes through.
    """
    waits = pauses()
    while True:
        try:
            return await work()
        except (RegistryUnavailable, ConnectionFailed, RequestFailed) as error:
            if isinstance(error, RequestFailed) and error.outcome == "rejected":
                raise
            if not waits:
                message = f"{what}: no success in {ATTEMPTS_MAX} attempts, still pending: {error}"
                raise StillPending(message) from error
            await pause(waits.pop(0))
