"""One live connection: reads frames, runs requests side by side, writes what its reader may see."""

import asyncio
import contextlib
import logging
import secrets
import time
from typing import TYPE_CHECKING, Final

from websockets.exceptions import ConnectionClosed

from engine.commands import AnyCommand
from gateway import wire
from gateway.access import Identity, Refusal
from gateway.codes import CloseCode, Fault
from gateway.door import Busy
from gateway.explain import explain_events
from gateway.gate import Gate
from gateway.protocol import (
    Claim,
    Close,
    Conversation,
    Effect,
    Perform,
    Refuse,
    Send,
    State,
    Welcomed,
)
from gateway.reader import Overrun, Reader
from gateway.sequencer import Stopped
from gateway.timekeeper import ClockNotDriven

if TYPE_CHECKING:
    from gateway.server import Server

FRAMES_PER_TURN: Final = 256
"""Most frames that one connection writes before the others get their turn."""
HIGH_WATER_BYTES: Final = 64 * 1024
"""Unsent bytes past which a reader gets nothing new: it is conflated, or resumes by sequence."""
BUSY_RETRY_MS: Final = 50

log = logging.getLogger(__name__)


class Connection:
    """Everything of one client that needs a socket or a task."""

    def __init__(self, server: "Server", socket: Gate, host: str) -> None:
        self.server = server
        self.socket = socket
        self.conversation = Conversation(
            server.access,
            server.settings,
            host=host,
            nonce=secrets.token_hex(32),
            address=socket.client_address,
            form=socket.form,
        )
        self.reader: Reader | None = None
        self.refusals = 0
        """How many requests were refused, for the log lines."""
        self.number = 0
        """Counts the logins of this run of the gateway; 0 before the login and for observers."""
        self.closed_by = ""
        """Name of the close code where the gateway closed it, "" where the client did."""
        self._ending: asyncio.Task[None] | None = None
        self._in_flight: set[asyncio.Task[None]] = set()
        self._stuck_since_s = 0.0
        self._is_turn_due = False
        self._has_more = False
        socket.on_writable = self._go_on
        socket.unsent_max = server.settings.of("observer").unsent_bytes

    @property
    def identity(self) -> Identity:
        """Who is at the other end."""
        return self.conversation.identity

    @property
    def is_over(self) -> bool:
        """Nothing more is taken."""
        return self.conversation.state is State.CLOSED

    # ------------------------------------------------------------ reading

    async def run(self) -> None:
        """Talk until either side has enough."""
        self.send(self.conversation.hello(time.time_ns()))
        try:
            while not self.is_over:
                data = await self._receive()
                if data is None or self.is_over:
                    return  # closed for its silence, or its key ended meanwhile
                now_ns = time.time_ns()
                effect = self.conversation.receive(
                    data, time.monotonic(), now_ns, self.server.buckets_of
                )
                await self._carry_out(effect, now_ns)
        except ConnectionClosed:
            return

    async def _receive(self) -> str | bytes | None:
        """Return the next frame; None when the connection was closed for what came, or did not come."""
        is_greeting = self.conversation.state is State.GREETING
        patience_s = (
            self.server.settings.login_s if is_greeting else self.conversation.limits.idle_seconds
        )
        try:
            # The limit is on the whole message: one that drips in fragments is idle too.
            async with asyncio.timeout(patience_s):
                data = await self.socket.recv()
        except TimeoutError:
            code = CloseCode.LOGIN_TIMEOUT if is_greeting else CloseCode.IDLE
            await self.close(code, "no login came in time" if is_greeting else "nothing came")
            return None
        if isinstance(data, str) is (self.socket.form is wire.Format.JSON):
            return data
        kind = "JSON text" if self.socket.form is wire.Format.JSON else "binary MessagePack"
        await self.close(CloseCode.NOT_TEXT, f"frames are {kind} by this connection's subprotocol")
        return None

    async def _carry_out(self, effect: Effect, received_ns: int) -> None:
        match effect:
            case Send(wire.Reply() as frame):
                self.reply(frame, received_ns)
            case Send(frame):
                self.send(frame)
            case Welcomed(identity, login):
                await self._welcome(identity, login)
            case Refuse():
                await self.server.entrance.refuse(self, effect)
            case Claim():
                await self.server.entrance.claim(self, effect)
            case Perform(request):
                await self._perform(request, received_ns)
            case Close(code, reason):
                await self.close(code, reason)

    async def _welcome(self, identity: Identity, login: wire.Login | None) -> None:
        server = self.server
        try:
            server.entrance.enter(self)
        except Refusal as refusal:
            assert login is not None, "observers are not counted"
            await server.entrance.refuse(self, Refuse(refusal, login))
            return
        limits = self.conversation.limits
        self.socket.widen(limits)
        self.reader = Reader(
            server.feed, server.cache, identity, limits.subscriptions, self.socket.form
        )
        self.send(server.welcome(identity, limits))
        server.entered(self)
        self.write()  # the status comes first

    # ------------------------------------------------------------ requests

    async def _perform(self, request: wire.Request, received_ns: int) -> None:
        """Run a request; commands run side by side, so that they share a batch of the journal."""
        if isinstance(request, wire.Submit | wire.AdvanceClock):
            if self.server.is_stopping:
                fault = Fault("STOPPING", outcome="not_sent")
                self.reply(fault.frame(request.id, self.conversation.language), received_ns)
                return
            limit = self.conversation.limits.requests_in_flight
            if len(self._in_flight) >= limit:
                fault = Fault("TOO_MANY_IN_FLIGHT", limit, outcome="not_sent", retry_after_ms=20)
                self.reply(fault.frame(request.id, self.conversation.language), received_ns)
                return
            coroutine = (
                self._submit(request.id, request.command, received_ns)
                if isinstance(request, wire.Submit)
                else self._advance(request, received_ns)
            )
            task = asyncio.create_task(coroutine)
            self._in_flight.add(task)
            task.add_done_callback(self._in_flight.discard)
            return
        try:
            self._answer(request, received_ns)
        except Fault as fault:
            self.reply(fault.frame(request.id, self.conversation.language), received_ns)
        if self.socket.unsent > HIGH_WATER_BYTES:
            await self._drain()

    async def _drain(self) -> None:
        """Let no further question in from a client that asks and does not read."""
        try:
            async with asyncio.timeout(self.server.settings.drain_s):
                await self.socket.drain()
        except TimeoutError:
            self.socket.cut("SLOW_READER")

    def _answer(self, request: wire.Request, received_ns: int) -> None:
        reader = self.reader
        assert reader is not None, "requests come after the login"
        if isinstance(request, wire.Subscribe):
            self.server.publisher.prepare(request.channel)
            floor = reader.subscribe(request.channel, request.after)
            self.server.publisher.subscribed(self, request.channel)
            self.reply(
                wire.Subscribed(
                    id=request.id,
                    channel=request.channel,
                    sequence=self.server.feed.sequence,
                    floor=floor,
                ),
                received_ns,
            )
            self.write()
        elif isinstance(request, wire.Unsubscribe):
            reader.unsubscribe(request.channel)
            self.server.publisher.unsubscribed(self, request.channel)
            self.reply(
                wire.Subscribed(
                    id=request.id,
                    channel=request.channel,
                    sequence=self.server.feed.sequence,
                    is_active=False,
                ),
                received_ns,
            )
        elif isinstance(request, wire.Ping):
            self.reply(self._pong(request.id, reader), received_ns)
        else:
            self.reply(self.server.desk.answer(request, self.identity), received_ns)

    def _pong(self, request: int, reader: Reader) -> wire.Pong:
        exchange, now_s = self.server.sequencer.exchange, time.monotonic()
        limits = self.conversation.limits
        orders, cancels, queries = self.conversation.left(now_s)
        left = wire.Left(
            orders=orders,
            cancels=cancels,
            queries=queries,
            bytes=self.socket.bytes_left(now_s),
            requests_in_flight=limits.requests_in_flight - len(self._in_flight),
            subscriptions=limits.subscriptions - len(reader.channels),
        )
        return wire.Pong(
            id=request, sequence=exchange.sequence, time_ns=exchange.time_ns, left=left
        )

    async def _submit(self, request: int, command: AnyCommand, received_ns: int) -> None:
        language = self.conversation.language
        frame: wire.Reply
        try:
            applied = await self.server.sequencer.submit(self.identity.key, command)
        except Busy as busy:
            fault = Fault(busy.code, outcome="not_sent", retry_after_ms=BUSY_RETRY_MS)
            frame = fault.frame(request, language)
        except Stopped as error:
            frame = Fault("STOPPED", outcome=error.outcome).frame(request, language)
        else:
            # What an operator or clearing did it reads in the drop copy anyway.
            is_staff = not self.identity.participant
            if is_staff:
                self.server.watch.controlled(self, command, applied.sequence)
            seen = self.server.feed.audience.answer(applied.events, self.identity.participant)
            events = tuple(applied.events) if is_staff else seen
            frame = wire.Submitted(
                id=request,
                sequence=applied.sequence,
                time_ns=applied.time_ns,
                events=events,
                texts=explain_events(events, language),
            )
        self.reply(frame, received_ns)

    async def _advance(self, request: wire.AdvanceClock, received_ns: int) -> None:
        server = self.server
        frame: wire.Reply
        try:
            time_ns = await server.sequencer.advance_clock(request.to_time_ns)
        except ClockNotDriven:
            frame = Fault("CLOCK_NOT_DRIVEN").frame(request.id, self.conversation.language)
        except Stopped as error:
            fault = Fault("STOPPED", outcome=error.outcome)
            frame = fault.frame(request.id, self.conversation.language)
        else:
            sequence = server.sequencer.exchange.sequence
            frame = wire.ClockAdvanced(id=request.id, sequence=sequence, time_ns=time_ns)
        self.reply(frame, received_ns)

    # ------------------------------------------------------------ writing

    def send(self, frame: wire.Outward) -> None:
        """Send a frame that answers no request."""
        self.socket.push(wire.encode(frame, self.socket.form))

    def reply(self, frame: wire.Reply, received_ns: int) -> None:
        """Send the answer to a request that came at a time (ns UTC), stamped with the times of both."""
        if isinstance(frame, wire.Error):
            self.server.watch.refused(self, frame.code, frame.id, frame.path)
        sequence = frame.sequence
        if not sequence and not isinstance(frame, wire.OrderFound):
            sequence = self.server.sequencer.exchange.sequence
        wire.stamp(frame, sequence, received_ns, time.time_ns())
        self.socket.push(wire.encode(frame, self.socket.form))

    def write(self) -> None:
        """Write what the reader may see, as far as the client takes it; cut a slow private reader."""
        reader, socket = self.reader, self.socket
        self._is_turn_due = self._has_more = False
        if reader is None:
            return
        try:
            for _ in range(FRAMES_PER_TURN):
                if not socket.is_open:
                    return
                if socket.unsent > HIGH_WATER_BYTES:
                    self._has_more = True
                    self._check_lag(reader)
                    return
                text = reader.take()
                if text is None:
                    self._stuck_since_s = 0.0
                    return
                socket.push(text)
        except Overrun:
            socket.cut("SLOW_READER")
            return
        if not self._is_turn_due:
            self._is_turn_due = True
            asyncio.get_running_loop().call_soon(self.write)

    def _go_on(self) -> None:
        if self._has_more:
            self.write()

    def _check_lag(self, reader: Reader) -> None:
        """Cut a client whose private frames pile up: it resumes by sequence when it reads again."""
        if reader.lag > self.conversation.limits.lag_frames:
            self.socket.cut("SLOW_READER")

    def check_drain(self, now_s: float) -> None:
        """Cut a client that has taken nothing for too long while something waits for it."""
        if self.socket.unsent <= HIGH_WATER_BYTES:
            self._stuck_since_s = 0.0
        elif not self._stuck_since_s:
            self._stuck_since_s = now_s
        elif now_s - self._stuck_since_s > self.server.settings.drain_s:
            self.socket.cut("SLOW_READER")

    def end(self, code: CloseCode, fault: Fault) -> None:
        """Take nothing more and close: the key may no longer be used.

        What is in flight goes on without an answer; the engine refuses what comes behind the end of
        the key. The answers of the batch that ended it are still written.
        """
        if not self.is_over:
            close = self.conversation.close(code, fault)
            self._ending = asyncio.create_task(self._close_next_turn(close))

    async def _close_next_turn(self, close: Close) -> None:
        await asyncio.sleep(0)  # what the same batch answered is written first
        await self.close(close.code, close.reason)

    async def close(self, code: CloseCode, reason: str) -> None:
        """Close the connection with a code and a reason of at most 123 bytes."""
        self.conversation.state = State.CLOSED
        self.closed_by = self.closed_by or code.name
        with contextlib.suppress(ConnectionClosed):
            await self.socket.close(code, reason)

    async def go_away(self, reason: str, retry_ms: int) -> None:
        """Close because the gateway stops, with a pause after which the client shall dial again."""
        await self.close(CloseCode.GOING_AWAY, f"{reason}; retry_ms={retry_ms}")

    async def finish(self) -> None:
        """Wait until the commands in flight have their answers, read or not."""
        if self._in_flight:
            await asyncio.wait(self._in_flight)
