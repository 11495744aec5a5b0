"""How a client tells the exchange something, and the answer as a value."""

import time

from msgspec import Struct

from engine.commands import (
    AllowTrading,
    AnyCommand,
    Approve,
    Halt,
    Propose,
    Reject,
    Resume,
    RevokeKey,
    RotateKey,
    SetOwnLimits,
    StopTrading,
)
from engine.events import AnyEvent, Refused, Repeated, Traded
from gateway import wire
from gateway.client_errors import RequestFailed, SubmitFailed
from gateway.client_queries import Queries, expect
from gateway.link import Link

_NOT_REPEATABLE = (
    Propose,
    Approve,
    Reject,
    Halt,
    Resume,
    RotateKey,
    RevokeKey,
    SetOwnLimits,
    StopTrading,
    AllowTrading,
)
"""Commands without a number of their own: sent twice they might be carried out twice."""


class Answer(Struct, frozen=True, kw_only=True):
    """What a command did: its place in the log, its exchange time, its events in order."""

    sequence: int
    time_ns: int
    events: tuple[AnyEvent, ...]
    texts: tuple[str, ...] = ()
    """One text per refusal, in the client's language."""
    resent: bool = False
    """The command was sent again after a lost connection."""

    @property
    def is_repeat(self) -> bool:
        """The exchange already had this command; `events` hold its first answer inside `Repeated`."""
        return bool(self.events) and isinstance(self.events[0], Repeated)

    @property
    def first(self) -> AnyEvent | None:
        """The first event, out of its `Repeated` where it is one; None where nothing changed.

        A command may have several: a listing that matched tells its trades before what rests of it.
        """
        if not self.events:
            return None
        event = self.events[0]
        return event.answer if isinstance(event, Repeated) else event

    @property
    def refused(self) -> Refused | None:
        """The refusal, None where the command was carried out."""
        for event in self.events:
            inner = event.answer if isinstance(event, Repeated) else event
            if isinstance(inner, Refused):
                return inner
        return None

    @property
    def traded(self) -> Traded | None:
        """The first trade, None where there was none."""
        if isinstance(self.first, Traded):
            return self.first
        return next(iter(self.trades), None)

    @property
    def trades(self) -> tuple[Traded, ...]:
        """All trades of the command; a repeat tells only the last event of the first answer."""
        return tuple(event for event in self.events if isinstance(event, Traded))

    @property
    def order(self) -> int:
        """The order number that an order command got, 0 for other commands."""
        return int(getattr(self.first, "order", 0))

    @property
    def text(self) -> str:
        """The first refusal in words, "" where there was none."""
        return self.texts[0] if self.texts else ""


class Submitting(Queries):
    """Submits commands; a refusal by a rule is a value of the answer."""

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        # Unique over restarts of the program, which may reuse the key on the same trading day.
        self._client_order = time.time_ns()

    def next_client_order(self) -> int:
        """Return a client order number that this key has not used."""
        self._client_order += 1
        return self._client_order

    async def submit(self, command: AnyCommand) -> Answer:
        """Send a command and wait until it is durable; SubmitFailed with `outcome`.

        After a lost connection a command with a client order number or a reference is sent again by
        itself, which is safe: the exchange answers a repeat with the first answer. A proposal,
        approval, halt, change of keys or stop of trading in flight fails with outcome `unknown` instead,
        and so does every command that was meant more than ten seconds ago (`not_sent` where it never left).
        """
        try:
            reply, times_sent = await self._link.request(
                lambda n: wire.Submit(id=n, command=command),
                is_repeatable=not isinstance(command, _NOT_REPEATABLE),
            )
        except RequestFailed as error:
            raise SubmitFailed.from_request(error) from error
        frame = expect(reply, wire.Submitted, self._link.language)
        return Answer(
            sequence=frame.sequence,
            time_ns=frame.time_ns,
            events=frame.events,
            texts=frame.texts,
            resent=times_sent > 1,
        )

    async def find_order(self, client_order: int) -> Answer | None:
        """Return the first answer to an order command of this key and day, None if it never arrived."""
        reply = await self._ask(
            lambda n: wire.FindOrder(id=n, client_order=client_order), wire.OrderFound
        )
        if not reply.sequence:
            return None
        return Answer(sequence=reply.sequence, time_ns=reply.time_ns, events=reply.events)
