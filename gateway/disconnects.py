"""Takes back the orders of keys that lost their connection, as the terms of each key say (断线撤单).

    none        people: nothing happens
    connection  robots: the key's orders end as soon as any of its connections is gone
    key         the key's orders end when its last connection has been gone for a grace period

Every end of a connection counts, a polite one too. The cancel is a command of the log (`CancelForKey`), so
a replay needs no sockets. When the gateway stops, every key with such terms and a connection (or in its
grace) is taken back at once. When it starts nobody is connected, so every key with such terms whose
participant has open orders is treated as if its last connection had been lost just then: after a crash this
needs no record of who was connected, and after a clean stop there is nothing left to take back.

Source: gateway-notes 1.1 (cancel on disconnect).
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Final, Protocol

from engine.commands import AnyCommand, CancelCause, CancelForKey, OnDisconnect
from engine.views import KeyView, OrderView
from gateway.door import SYSTEM_KEY, Busy
from gateway.sequencer import Stopped

RETRY_S: Final = 0.01
"""Pause before a cancel that the full inbox did not take is sent again; what the key sends waits behind it:
a door that is that full takes no orders until much of it has drained."""

log = logging.getLogger(__name__)


class Keys(Protocol):
    """The part of the exchange that says which keys there are and who has open orders."""

    def keys(self) -> tuple[KeyView, ...]: ...  # noqa: D102
    def orders(self, participant: int) -> tuple[OrderView, ...]: ...  # noqa: D102


class Disconnects:
    """Counts the connections of keys and cancels when they are gone."""

    def __init__(
        self,
        submit: Callable[[int, AnyCommand], Coroutine[Any, Any, Any]],
        *,
        grace_s: float,
    ) -> None:
        self._submit = submit
        self._grace_s = grace_s
        self._connected: Counter[int] = Counter()
        self._graces: dict[int, asyncio.TimerHandle] = {}
        self._cancels: set[asyncio.Task[None]] = set()
        self._is_stopped = False

    def entered(self, key: int, terms: str) -> None:
        """Note a login of a key."""
        if terms == OnDisconnect.NONE:
            return
        self._connected[key] += 1
        grace = self._graces.pop(key, None)
        if grace is not None:
            grace.cancel()

    def left(self, key: int, terms: str) -> None:
        """Note the end of a connection that had logged in."""
        if terms == OnDisconnect.NONE or self._is_stopped:
            return
        self._connected[key] -= 1
        is_last = not self._connected[key]
        if is_last:
            del self._connected[key]
        if terms == OnDisconnect.CONNECTION:
            self._cancel(key)
        elif is_last:
            self._give_grace(key)

    async def recover(self, exchange: Keys) -> None:
        """Treat every key with terms and open orders as just lost; before the first login is taken."""
        has_orders: dict[int, bool] = {}
        for view in exchange.keys():  # noqa: SIM118 - not a dict
            if view.on_disconnect is OnDisconnect.NONE:
                continue
            if view.participant not in has_orders:
                orders = exchange.orders(view.participant)
                has_orders[view.participant] = any(order.is_open for order in orders)
            if not has_orders[view.participant]:
                continue
            if view.on_disconnect is OnDisconnect.KEY:
                self._give_grace(view.key)
            else:
                self._cancel(view.key)
        await self._settle()

    async def stop(self) -> None:
        """Take back, without grace, the orders of all keys that are connected or in their grace."""
        self._is_stopped = True
        keys: Iterable[int] = dict.fromkeys((*self._connected, *self._graces))
        for grace in self._graces.values():
            grace.cancel()
        self._graces.clear()
        self._connected.clear()
        for key in keys:
            self._cancel(key)
        await self._settle()

    # ------------------------------------------------------------ steps

    def _give_grace(self, key: int) -> None:
        def is_over() -> None:
            self._graces.pop(key, None)
            self._cancel(key)

        loop = asyncio.get_running_loop()
        self._graces[key] = loop.call_later(self._grace_s, is_over)

    def _cancel(self, key: int) -> None:
        task = asyncio.create_task(self._take_back(key))
        self._cancels.add(task)
        task.add_done_callback(self._cancels.discard)

    async def _take_back(self, key: int) -> None:
        command = CancelForKey(key=key, cause=CancelCause.DISCONNECT)
        while True:
            try:
                await self._submit(SYSTEM_KEY, command)
            except Busy:
                await asyncio.sleep(RETRY_S)
            except Stopped:
                log.warning("orders of key=%d are taken back at the next start", key)
                return
            else:
                return

    async def _settle(self) -> None:
        if self._cancels:
            await asyncio.wait(self._cancels)
