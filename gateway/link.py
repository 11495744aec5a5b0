"""One client's line to the gateway: dial, log in, read, and after a loss resume without gap or repeat."""

import asyncio
import contextlib
import logging
import random
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeGuard

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from gateway import wire
from gateway.client_errors import ConnectionFailed, LoginRefused, RequestFailed
from gateway.client_pending import LATE_S, Pending
from gateway.dialling import Patience, asked_pause_s, dial, greeting, login_frame
from gateway.inbox import ChannelState, Disconnected, Inbox, Reconnected
from gateway.keys import KeyFile
from gateway.tls import client_context

PING_S: Final = 2.0
"""Longest pause between two pings."""
SILENCE_S: Final = 15.0
"""The gateway beats every second; a line silent for so long is given up."""
LIMITED_RETRIES: Final = 20
"""How often a request waits and tries again that came too early, and no longer than `LATE_S`."""

_NOT_KEPT: Final = frozenset({"RESUME_TOO_OLD", "RESUME_AHEAD"})
"""Refusals of a resumed subscription that only a new beginning mends; others pass by waiting."""

log = logging.getLogger(__name__)


def _came_too_early(reply: wire.Reply) -> TypeGuard[wire.Error]:
    return isinstance(reply, wire.Error) and reply.retry == "after"


class Link:
    """The line itself; `Client` gives it names and types."""

    def __init__(
        self,
        url: str,
        key: KeyFile | None,
        *,
        language: wire.Language,
        patience: Patience,
        authorities: Path | None = None,
        form: wire.Format = wire.Format.JSON,
    ) -> None:
        self.url = url
        self.key = key
        self.language: wire.Language = language
        self.patience = patience
        self._tls = client_context(authorities) if url.startswith("wss:") else None
        self._wanted_form = form
        self._form = form
        self.inbox = Inbox()
        self.welcome: wire.Welcome
        self.sequence = 0
        self.time_ns = 0
        self.status: wire.StatusChanged | None = None
        self.is_connected = False
        self._socket: ClientConnection
        self._date = ""
        self._heard_s = 0.0
        self._next_id = 0
        self._pending: dict[int, Pending] = {}
        self._renewals: dict[int, str] = {}
        self._in_flight: asyncio.Semaphore
        self._turns: defaultdict[type[object], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._tasks: list[asyncio.Task[None]] = []
        self._over: str | None = None
        """Why the line has ended for good, None while it has not."""

    # ------------------------------------------------------------ opening and closing

    async def open(self, *, reconnect: bool) -> None:
        """Dial and log in once; LoginRefused, ConnectionFailed."""
        await self._dial()
        self._in_flight = asyncio.Semaphore(self.welcome.limits.requests_in_flight)
        running = asyncio.create_task(self._run(reconnect=reconnect))
        running.add_done_callback(self._ended)
        helpers = (self._keep_alive(), self._renew_stalled())
        self._tasks = [running, *(asyncio.create_task(helper) for helper in helpers)]

    async def close(self) -> None:
        """Close the line; requests in flight fail, messages already received can still be read."""
        self._end("the client was closed")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        with contextlib.suppress(ConnectionClosed):
            await self._socket.close()

    async def _dial(self) -> None:
        form, language = self._wanted_form, self.language
        self._socket = await dial(self.url, self._tls, self.patience, form, language)
        self._form = wire.Format(self._socket.subprotocol or wire.Format.JSON)
        try:
            async with asyncio.timeout(self.patience.dial_s):
                await self._log_in()
        except BaseException as error:
            await self._socket.close()
            if isinstance(error, (ConnectionClosed, TimeoutError, msgspec.DecodeError)):
                why = str(error) or "no answer in time"
                raise ConnectionFailed(f"no login at {self.url}: {why}") from error
            raise
        self.is_connected = True

    async def _log_in(self) -> None:
        hello = greeting(wire.decode_outward(await self._socket.recv(), self._form), self.url)
        await self._write(login_frame(hello, self.url, self.key, self.language))
        reply = wire.decode_outward(await self._socket.recv(), self._form)
        if isinstance(reply, wire.LoginRefused):
            raise LoginRefused(reply)
        if not isinstance(reply, wire.Welcome):
            raise ConnectionFailed(f"{self.url} did not answer the login")
        self.welcome = reply
        self.sequence, self.time_ns, self._date = reply.sequence, reply.time_ns, reply.date
        self._heard_s = time.monotonic()

    # ------------------------------------------------------------ requests

    async def request(
        self, make: Callable[[int], wire.Request], *, is_repeatable: bool = True
    ) -> tuple[wire.Reply, int]:
        """Send a request and return its reply and how often it was sent; RequestFailed.

        A repeatable one is sent again after a reconnect. Those that came too early wait and try again,
        of each kind one at a time: all told the same moment, they would come too early together.
        """
        async with self._in_flight:
            until_s = time.monotonic() + LATE_S
            reply, pending = await self._request_once(make, is_repeatable=is_repeatable)
            if _came_too_early(reply):
                async with self._turns[pending.kind]:
                    for _ in range(LIMITED_RETRIES):
                        pause_s = reply.retry_after_ms / 1000
                        if time.monotonic() + pause_s >= until_s:
                            break
                        await asyncio.sleep(pause_s)
                        reply, pending = await self._request_once(make, is_repeatable=is_repeatable)
                        if not _came_too_early(reply):
                            break
            if isinstance(reply, wire.Error):
                raise RequestFailed.of(reply)
            return reply, pending.times_sent

    async def _request_once(
        self, make: Callable[[int], wire.Request], *, is_repeatable: bool
    ) -> tuple[wire.Reply, Pending]:
        if self._over is not None:
            raise RequestFailed.here("not_sent", "NOT_CONNECTED", self.language, self._over)
        self._next_id += 1
        number = self._next_id
        pending = self._pending[number] = Pending(make(number), is_repeatable=is_repeatable)
        try:
            if self.is_connected:
                await self._send(pending)
            return await pending.future, pending
        finally:
            self._pending.pop(number, None)

    async def _send(self, pending: Pending) -> None:
        text = wire.encode(pending.frame, self._form)
        if len(text) > self.welcome.limits.frame_bytes:
            raise RequestFailed.here("not_sent", "FRAME_TOO_LARGE", self.language, len(text))
        pending.times_sent += 1
        pending.date = self._date
        with contextlib.suppress(ConnectionClosed):  # the reader notices and sends it again
            await self._socket.send(text, text=self._form is wire.Format.JSON)

    async def _write(self, frame: wire.AnyInward) -> None:
        await self._socket.send(wire.encode(frame, self._form), text=self._form is wire.Format.JSON)

    async def subscribe(self, channel: str, after: int | None) -> None:
        """Start a channel, from `after` on; RequestFailed where the gateway refuses it."""
        state = self.inbox.channels[channel] = ChannelState(after)
        try:
            await self.request(lambda n: wire.Subscribe(id=n, channel=channel, after=after))
        except RequestFailed:
            if self.inbox.channels.get(channel) is state:
                del self.inbox.channels[channel]
            raise

    async def unsubscribe(self, channel: str) -> None:
        """Stop a channel; RequestFailed where it was not started."""
        was_started = self.inbox.channels.pop(channel, None) is not None
        try:
            await self.request(lambda n: wire.Unsubscribe(id=n, channel=channel))
        except RequestFailed as error:
            if not was_started or error.code != "NOT_SUBSCRIBED":
                raise  # a new connection never had the channel

    # ------------------------------------------------------------ reading and resuming

    async def _run(self, *, reconnect: bool) -> None:
        while True:
            text = await self._read()
            self.is_connected = False
            for state in self.inbox.channels.values():
                state.is_live = False
            self._renewals.clear()
            if not reconnect:
                self._end(text)
                return
            self.inbox.notice(Disconnected(text=text, is_final=False))
            attempts = await self._dial_again(asked_pause_s(text))
            if not attempts:
                return
            self.inbox.notice(Reconnected(sequence=self.sequence, attempts=attempts))
            await self._resume()

    async def _read(self) -> str:
        """Take frames until the connection is lost; return why."""
        try:
            async for text in self._socket:
                self._heard_s = time.monotonic()
                self._take_text(text)
                if self.inbox.is_filling:
                    # Frames that have come do not wait for each other: the program's turn to read.
                    await asyncio.sleep(0)
        except (ConnectionClosed, OSError) as error:
            return str(error)
        except msgspec.DecodeError as error:
            self._socket.transport.abort()
            return f"the gateway sent a frame that is none: {error}"
        return self._socket.close_reason or "the gateway closed the connection"

    def _take_text(self, text: str | bytes) -> None:
        try:
            self._take(wire.decode_outward(text, self._form))
        except wire.UnknownFrame as error:
            log.debug("a newer gateway: %s", error)  # the protocol may grow

    def _take(self, frame: wire.AnyOutward) -> None:
        match frame:
            case wire.Beat():
                self.sequence, self.time_ns = frame.sequence, frame.time_ns
            case (
                wire.BookSnapshot()
                | wire.BookChanged()
                | wire.TradesPrinted()
                | wire.MarketSnapshot()
                | wire.MarketChanged()
                | wire.QuoteChanged()
                | wire.PrivateEvents()
                | wire.DropCopy()
            ):
                self.inbox.put(frame)
            case wire.StatusChanged():
                self.status, self._date = frame, frame.date
            case wire.Hello() | wire.Welcome() | wire.Enrolled() | wire.LoginRefused():
                log.warning("a frame of the login came again")
            case _:
                self._take_reply(frame)

    def _take_reply(self, frame: wire.Reply) -> None:
        if isinstance(frame, wire.Subscribed) and frame.is_active:
            self.inbox.confirm(frame.channel, frame.sequence, frame.floor)
        if isinstance(frame, wire.Submitted | wire.Pong | wire.ClockAdvanced):
            self.sequence = max(self.sequence, frame.sequence)
            self.time_ns = max(self.time_ns, frame.time_ns)
        channel = self._renewals.pop(frame.id, None)
        if channel is not None and isinstance(frame, wire.Error) and frame.code in _NOT_KEPT:
            self.inbox.start_anew(channel, is_too_old=frame.code == "RESUME_TOO_OLD")
        pending = self._pending.get(frame.id)
        if pending is not None and not pending.future.done():
            pending.future.set_result(frame)

    async def _renew_stalled(self) -> None:
        """Subscribe again to what had to wait, as soon as the program has read on."""
        while True:
            await self.inbox.has_room.wait()
            self.inbox.has_room.clear()
            for channel in self.inbox.stalled():
                if self.is_connected and channel not in self._renewals.values():
                    await self._renew(channel)

    async def _renew(self, channel: str) -> None:
        self._next_id += 1
        self._renewals[self._next_id] = channel
        frame = wire.Subscribe(id=self._next_id, channel=channel, after=self.inbox.cursor(channel))
        with contextlib.suppress(ConnectionClosed):
            await self._write(frame)

    async def _dial_again(self, asked_s: float) -> int:
        """Return the attempts it took, 0 where it is over; `asked_s` is what the gateway asked to wait."""
        began_s = time.monotonic()
        await asyncio.sleep(min(asked_s, self.patience.reconnect_s))
        pause_s = self.patience.first_pause_s
        attempts = 0
        while time.monotonic() - began_s < self.patience.reconnect_s:
            attempts += 1
            # Full jitter: clients that lost the same gateway must not return in one moment.
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))  # noqa: S311 - not a secret
            pause_s = min(2 * pause_s, self.patience.longest_pause_s)
            try:
                await self._dial()
            except ConnectionFailed:
                continue
            except LoginRefused as error:
                # A clock may be set meanwhile; all else that is refused for good stays so.
                if error.retry == "never" and error.code != "CLOCK_OFF":
                    self._end(error.text)
                    return 0
                await asyncio.sleep(min(error.retry_after_ms / 1000, self.patience.reconnect_s))
                continue
            return attempts
        self._end(f"no connection for {self.patience.reconnect_s:.0f} s")
        return 0

    async def _resume(self) -> None:
        waiting = list(self._pending.values())  # whatever is asked from now on sends itself
        for channel, state in list(self.inbox.channels.items()):
            if state.is_confirmed:
                await self._renew(channel)
        for pending in waiting:
            if pending.future.done():
                continue
            try:
                pending.check_again(self._date, self.language)
                await self._send(pending)
            except RequestFailed as error:
                pending.fail(error)

    async def _keep_alive(self) -> None:
        """Ping well inside the idle limit, and give up a line that has fallen silent."""
        while True:
            await asyncio.sleep(min(PING_S, self.welcome.limits.idle_seconds / 4))
            if not self.is_connected:
                continue
            if time.monotonic() - self._heard_s > SILENCE_S:
                self._socket.transport.abort()
                continue
            self._next_id += 1
            with contextlib.suppress(ConnectionClosed, TimeoutError):
                async with asyncio.timeout(SILENCE_S):  # a line that takes nothing stops no watch
                    await self._write(wire.Ping(id=self._next_id))
            if self.inbox.stalled():
                self.inbox.has_room.set()

    # ------------------------------------------------------------ the end

    def _ended(self, running: "asyncio.Task[None]") -> None:
        """Leave nobody waiting when the line ends, for whatever reason."""
        error = None if running.cancelled() else running.exception()
        if error is not None:
            log.error("the client library failed", exc_info=error)
        self._end(f"the client library failed: {error}" if error else "the line has ended")

    def _end(self, text: str) -> None:
        self.is_connected = False
        if self._over is not None:
            return
        self._over = text
        for pending in list(self._pending.values()):
            pending.fail(pending.lost(self.language))
        self.inbox.notice(Disconnected(text=text, is_final=True))
        self.inbox.close()
