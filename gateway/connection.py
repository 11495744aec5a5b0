"""One live connection: reads frames, runs requests side by side, writes what its reader may see."""

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Final

from websockets.exceptions import ConnectionClosed

from gateway import wire
from gateway.access import Identity, Refusal
from gateway.codes import CloseCode, Fault
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
from gateway.requests import HIGH_WATER_BYTES, Requests

if TYPE_CHECKING:
    from gateway.server import Server

FRAMES_PER_TURN: Final = 256
"""Most frames that one connection writes before the others get their turn."""

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
        self._tasks: set[asyncio.Task[None]] = set()
        """What takes more than one turn: closings, movements of the clock."""
        self._heard_s = 0.0
        self._is_text = socket.form is wire.Format.JSON
        self.requests = Requests(self)
        self._stuck_since_s = 0.0
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
                if self.reader is not None and not self.socket.has_messages:
                    await self._listen()
                    return
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

    async def _listen(self) -> None:
        """Take each frame as it comes, until the end; a task for each would cost more than the frame."""
        self._heard_s = time.monotonic()
        watching = asyncio.create_task(self._watch_silence())
        self.socket.listen(self._take)
        try:
            await self.socket.wait_closed()
        finally:
            watching.cancel()

    async def _watch_silence(self) -> None:
        """Close when no message came for too long; one that drips in fragments is silence too."""
        patience_s = self.conversation.limits.idle_seconds
        while (left_s := self._heard_s + patience_s - time.monotonic()) > 0:  # noqa: ASYNC110 - an event per frame would cost more
            await asyncio.sleep(left_s)
        await self.close(CloseCode.IDLE, "nothing came")

    def _take(self, data: str | bytes) -> None:
        """Take one message of a client that is logged in."""
        conversation = self.conversation
        if conversation.state is State.CLOSED:
            return
        self._heard_s, now_ns = time.monotonic(), time.time_ns()
        if isinstance(data, str) is not self._is_text:
            self.begin(self.close(CloseCode.NOT_TEXT, self._other_format()))
            return
        effect = conversation.receive(data, self._heard_s, now_ns, self.server.buckets_of)
        match effect:
            case Perform():
                self.requests.perform(effect.request, now_ns)
            case Send(wire.Reply() as frame):
                self.reply(frame, now_ns)
            case Close(code, reason):
                self.begin(self.close(code, reason))
            case _:
                message = f"{type(effect).__name__} comes before the login alone"
                raise AssertionError(message)

    def _other_format(self) -> str:
        """Return what to close with where a message is not text or binary as was agreed."""
        kind = "JSON text" if self._is_text else "binary MessagePack"
        return f"frames are {kind} by this connection's subprotocol"

    def begin(self, work: Coroutine[None, None, None]) -> None:
        """Start what takes more than one turn of the loop."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

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
        if isinstance(data, str) is not self._is_text:
            await self.close(CloseCode.NOT_TEXT, self._other_format())
            return None
        return data

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
                self.requests.perform(request, received_ns)
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

    # ------------------------------------------------------------ writing

    def send(self, frame: wire.Outward) -> None:
        """Send a frame that answers no request, or an answer that was made with its times."""
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

    @property
    def is_gathering(self) -> bool:
        """Frames leave at the end of this turn of the loop."""
        return self.socket.gathered > 0

    def write(self) -> None:
        """Write what the reader may see, as far as the client takes it; cut a slow private reader."""
        reader, socket = self.reader, self.socket
        self._has_more = False
        if reader is None:
            return
        room = HIGH_WATER_BYTES - socket.unsent
        try:
            frames, has_all = reader.take(FRAMES_PER_TURN, room)
        except Overrun:
            socket.cut("SLOW_READER")
            return
        if frames and not socket.push(*frames):
            return
        if has_all:
            self._stuck_since_s = 0.0
        elif len(frames) < FRAMES_PER_TURN:
            self._has_more = True
            self._check_lag(reader)
        else:
            asyncio.get_running_loop().call_soon(self.write)

    def _go_on(self) -> None:
        if self._has_more:
            self.write()
        if self.socket.is_held and self.socket.unsent <= HIGH_WATER_BYTES:
            self.socket.release()

    def _check_lag(self, reader: Reader) -> None:
        """Cut a client whose private frames pile up: it resumes by sequence when it reads again."""
        if reader.lag > self.conversation.limits.lag_frames:
            self.socket.cut("SLOW_READER")

    def check_drain(self, now_s: float) -> None:
        """Cut a client that has taken nothing for too long while something waits for it."""
        if self.socket.unsent <= HIGH_WATER_BYTES:
            self._stuck_since_s = 0.0
            self._go_on()  # the library tells of room only below its own low mark
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
