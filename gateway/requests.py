"""What one client asks for: questions are answered at once, commands when they are durable and applied."""

import asyncio
import logging
import time
from functools import partial
from typing import TYPE_CHECKING, Final

from engine.commands import AnyCommand
from gateway import wire
from gateway.codes import Fault
from gateway.door import Busy
from gateway.explain import explain_events
from gateway.reader import Reader
from gateway.roles import STAFF
from gateway.sequencer import Answer, Stopped
from gateway.timekeeper import ClockNotDriven

if TYPE_CHECKING:
    from gateway.connection import Connection

log = logging.getLogger(__name__)
HIGH_WATER_BYTES: Final = 64 * 1024
"""Unsent bytes past which a client gets nothing new and is asked nothing: it reads first."""


class Requests:
    """The requests of one connection that is logged in."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._server = connection.server
        self._conversation = connection.conversation
        self._is_json = connection.socket.form is wire.Format.JSON
        self._in_flight = 0
        """Commands without an answer."""
        self._settled: asyncio.Future[None] | None = None

    def perform(self, request: wire.Request, received_ns: int) -> None:
        """Run a request; commands run side by side, so that they share a batch of the journal."""
        try:
            if isinstance(request, wire.Submit):
                self._check_in_flight()
                self._submit(request, received_ns)
            elif isinstance(request, wire.AdvanceClock):
                self._check_in_flight()
                self._in_flight += 1
                self._connection.begin(self._advance(request, received_ns))
            else:
                self._answer_safely(request, received_ns)
        except Fault as fault:
            self._connection.reply(
                fault.frame(request.id, self._conversation.language), received_ns
            )
        if self._connection.socket.unsent > HIGH_WATER_BYTES:
            # No further question of a client that asks and does not read; `check_drain` has patience.
            self._connection.socket.hold()

    def _check_in_flight(self) -> None:
        """Fault where a command cannot be taken."""
        if self._server.is_stopping:
            raise Fault("STOPPING", outcome="not_sent")
        limit = self._conversation.limits.requests_in_flight
        if self._in_flight >= limit:
            raise Fault("TOO_MANY_IN_FLIGHT", limit, outcome="not_sent", retry_after_ms=20)

    def _answer_safely(self, request: wire.Request, received_ns: int) -> None:
        """Answer a question; one that the gateway fails at costs nobody the line on which orders are answered."""
        try:
            self._answer(request, received_ns)
        except Fault:
            raise
        except Exception as error:
            log.exception("a question could not be answered")
            raise Fault("INTERNAL") from error

    def _answer(self, request: wire.Request, received_ns: int) -> None:
        reader = self._connection.reader
        assert reader is not None, "requests come after the login"
        if isinstance(request, wire.Subscribe):
            self._server.publisher.prepare(request.channel)
            floor = reader.subscribe(request.channel, request.after)
            self._server.publisher.subscribed(self._connection, request.channel)
            self._connection.reply(
                wire.Subscribed(
                    id=request.id,
                    channel=request.channel,
                    sequence=self._server.feed.sequence,
                    floor=floor,
                ),
                received_ns,
            )
            self._connection.write()
        elif isinstance(request, wire.Unsubscribe):
            reader.unsubscribe(request.channel)
            self._server.publisher.unsubscribed(self._connection, request.channel)
            self._connection.reply(
                wire.Subscribed(
                    id=request.id,
                    channel=request.channel,
                    sequence=self._server.feed.sequence,
                    is_active=False,
                ),
                received_ns,
            )
        elif isinstance(request, wire.Ping):
            self._connection.reply(self._pong(request.id, reader), received_ns)
        else:
            self._connection.reply(
                self._server.desk.answer(request, self._connection.identity), received_ns
            )

    def _pong(self, request: int, reader: Reader) -> wire.Pong:
        exchange, now_s = self._server.sequencer.exchange, time.monotonic()
        limits = self._conversation.limits
        orders, cancels, queries = self._conversation.left(now_s)
        left = wire.Left(
            orders=orders,
            cancels=cancels,
            queries=queries,
            bytes=self._connection.socket.bytes_left(now_s),
            requests_in_flight=limits.requests_in_flight - self._in_flight,
            subscriptions=limits.subscriptions - len(reader.channels),
        )
        return wire.Pong(
            id=request, sequence=exchange.sequence, time_ns=exchange.time_ns, left=left
        )

    def _submit(self, request: wire.Submit, received_ns: int) -> None:
        tell = partial(self._tell, request.id, request.command, received_ns)
        try:
            self._server.sequencer.post(self._connection.identity.key, request.command, tell)
        except Busy as busy:
            raise Fault(busy.code, outcome="not_sent") from None
        except Stopped as error:
            raise Fault("STOPPED", outcome=error.outcome) from None
        self._in_flight += 1

    def _tell(self, request: int, command: AnyCommand, received_ns: int, answer: Answer) -> None:
        """Answer a command: it is durable and applied, or its fate is not known."""
        self._settle()
        language, participant = (
            self._conversation.language,
            self._connection.identity.participant,
        )
        if isinstance(answer, Stopped):
            fault = Fault("STOPPED", outcome=answer.outcome)
            self._connection.reply(fault.frame(request, language), received_ns)
            return
        applied, feed = answer[0], self._server.feed
        if self._is_json:
            sent_ns = time.time_ns()
            text = feed.texts.answer(request, applied, participant, received_ns, sent_ns)
            if text is not None:
                self._connection.socket.push(text)
                return
        if self._connection.identity.role in STAFF:
            # What it did it reads in the drop copy anyway.
            self._server.watch.controlled(self._connection, command, applied.sequence)
            events = tuple(applied.events)
        else:
            events = feed.audience.answer(applied.events, participant)
        frame = wire.Submitted(
            id=request,
            sequence=applied.sequence,
            time_ns=applied.time_ns,
            events=events,
            texts=explain_events(events, language),
            received_ns=received_ns,
            sent_ns=time.time_ns(),
        )
        self._connection.send(frame)

    def _settle(self) -> None:
        """Count a command that has its answer."""
        self._in_flight -= 1
        if not self._in_flight and self._settled is not None:
            self._settled.set_result(None)
            self._settled = None

    async def _advance(self, request: wire.AdvanceClock, received_ns: int) -> None:
        sequencer = self._server.sequencer
        frame: wire.Reply
        try:
            time_ns = await sequencer.advance_clock(request.to_time_ns)
            sequence = sequencer.exchange.sequence
            frame = wire.ClockAdvanced(id=request.id, sequence=sequence, time_ns=time_ns)
        except ClockNotDriven:
            frame = Fault("CLOCK_NOT_DRIVEN").frame(request.id, self._conversation.language)
        except Stopped as error:
            fault = Fault("STOPPED", outcome=error.outcome)
            frame = fault.frame(request.id, self._conversation.language)
        finally:
            self._settle()
        self._connection.reply(frame, received_ns)

    async def finish(self) -> None:
        """Wait until the commands in flight have their answers, read or not."""
        if self._in_flight:
            self._settled = self._settled or asyncio.get_running_loop().create_future()
            await self._settled
