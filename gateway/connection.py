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
from gateway.access import Identity
from gateway.codes import CloseCode, Fault
from gateway.door import Busy
from gateway.explain import explain_events
from gateway.gate import Gate
from gateway.protocol import Close, Conversation, Effect, Perform, Send, State, Welcomed
from gateway.reader import Overrun, Reader
from gateway.sequencer import ClockNotDriven, Stopped

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
            server.access, server.settings, host=host, nonce=secrets.token_hex(32)
        )
        self.reader: Reader | None = None
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

    # ------------------------------------------------------------ reading

    async def run(self) -> None:
        """Talk until either side has enough."""
        self.send(self.conversation.hello(time.time_ns()))
        try:
            while self.conversation.state is not State.CLOSED:
                text = await self._receive()
                if text is None:
                    return
                await self._carry_out(
                    self.conversation.receive(
                        text, time.monotonic(), time.time_ns(), self.server.buckets_of
                    )
                )
        except ConnectionClosed:
            return

    async def _receive(self) -> str | None:
        """Return the next frame; None when the connection was closed for what came, or did not come."""
        is_greeting = self.conversation.state is State.GREETING
        patience_s = (
            self.server.settings.login_s if is_greeting else self.conversation.limits.idle_seconds
        )
        try:
            # The limit is on the whole message: one that drips in fragments is idle too.
            async with asyncio.timeout(patience_s):
                text = await self.socket.recv()
        except TimeoutError:
            code = CloseCode.LOGIN_TIMEOUT if is_greeting else CloseCode.IDLE
            await self.close(code, "no login came in time" if is_greeting else "nothing came")
            return None
        if isinstance(text, str):
            return text
        await self.close(CloseCode.NOT_TEXT, "frames are JSON text")
        return None

    async def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Send(frame):
                self.send(frame)
                if isinstance(frame, wire.LoginRefused):
                    await self.close(CloseCode.LOGIN_REFUSED, frame.code)
            case Welcomed(identity):
                await self._welcome(identity)
            case Perform(request):
                await self._perform(request)
            case Close(code, reason):
                await self.close(code, reason)

    async def _welcome(self, identity: Identity) -> None:
        server = self.server
        try:
            server.enter(self)
        except Fault as fault:
            refusal = self.conversation.refuse_login(fault, time.time_ns())
            self.send(refusal)
            await self.close(CloseCode.LOGIN_REFUSED, fault.code)
            return
        limits = self.conversation.limits
        self.socket.widen(limits)
        self.reader = Reader(server.feed, server.cache, identity, limits.subscriptions)
        self.send(server.welcome(identity, limits))

    # ------------------------------------------------------------ requests

    async def _perform(self, request: wire.Request) -> None:
        """Run a request; commands run side by side, so that they share a batch of the journal."""
        if isinstance(request, wire.Submit | wire.AdvanceClock):
            limit = self.conversation.limits.requests_in_flight
            if len(self._in_flight) >= limit:
                fault = Fault("TOO_MANY_IN_FLIGHT", limit, outcome="not_sent", retry_after_ms=20)
                self.send(fault.frame(request.id, self.conversation.language))
                return
            coroutine = (
                self._submit(request.id, request.command)
                if isinstance(request, wire.Submit)
                else self._advance(request)
            )
            task = asyncio.create_task(coroutine)
            self._in_flight.add(task)
            task.add_done_callback(self._in_flight.discard)
            return
        try:
            self._answer(request)
        except Fault as fault:
            self.send(fault.frame(request.id, self.conversation.language))
        if self.socket.unsent > HIGH_WATER_BYTES:
            await self._drain()

    async def _drain(self) -> None:
        """Let no further question in from a client that asks and does not read."""
        try:
            async with asyncio.timeout(self.server.settings.drain_s):
                await self.socket.drain()
        except TimeoutError:
            self.socket.cut("SLOW_READER")

    def _answer(self, request: wire.Request) -> None:
        reader = self.reader
        assert reader is not None, "requests come after the login"
        if isinstance(request, wire.Subscribe):
            self.server.prepare(request.channel)
            floor = reader.subscribe(request.channel, request.after)
            self.server.subscribed(self, request.channel)
            self.send(
                wire.Subscribed(
                    id=request.id,
                    channel=request.channel,
                    sequence=self.server.feed.sequence,
                    floor=floor,
                )
            )
            self.write()
        elif isinstance(request, wire.Unsubscribe):
            reader.unsubscribe(request.channel)
            self.server.unsubscribed(self, request.channel)
            self.send(
                wire.Subscribed(
                    id=request.id,
                    channel=request.channel,
                    sequence=self.server.feed.sequence,
                    is_active=False,
                )
            )
        else:
            self.send(self.server.desk.answer(request, self.identity))

    async def _submit(self, request: int, command: AnyCommand) -> None:
        language = self.conversation.language
        frame: wire.Outward
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
            seen = self.server.feed.audience.answer(applied.events, self.identity.participant)
            events = tuple(applied.events) if is_staff else seen
            frame = wire.Submitted(
                id=request,
                sequence=applied.sequence,
                time_ns=applied.time_ns,
                events=events,
                texts=explain_events(events, language),
            )
        self.send(frame)

    async def _advance(self, request: wire.AdvanceClock) -> None:
        server = self.server
        frame: wire.Outward
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
        self.send(frame)

    # ------------------------------------------------------------ writing

    def send(self, frame: wire.Outward) -> None:
        """Send a frame of the conversation."""
        self.socket.push(wire.encode(frame))

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

    async def close(self, code: CloseCode, reason: str) -> None:
        """Close the connection with a code and a reason of at most 123 bytes."""
        self.conversation.state = State.CLOSED
        with contextlib.suppress(ConnectionClosed):
            await self.socket.close(code, reason)

    async def finish(self) -> None:
        """Wait until the commands in flight have their answers, read or not."""
        if self._in_flight:
            await asyncio.wait(self._in_flight)
