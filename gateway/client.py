"""The public client library of the exchange: asyncio, typed, reconnects and resumes by itself.

Typical use::

    client = await Client.connect("ws://127.0.0.1:7000", keys.load("trader.key"))
    answer = await client.place_listing("CEA19-20", Side.BUY, 4_800, 100)
    if answer.refused:
        print(client.explain(answer.refused))
    await client.subscribe("private", "book:CEA19-20")
    async for message in client.messages(): ...

A refusal by a rule is a value (`Answer.refused`); exceptions are for lines and frames: `ConnectionFailed`,
`LoginRefused`, `SubmitFailed` and `RequestFailed`, the latter two with `outcome`, `code` and `text`.
"""

import time
from collections.abc import AsyncIterator, Sequence
from typing import Self

from msgspec import Struct

from engine.commands import (
    AcceptBlock,
    Action,
    AnyCommand,
    Approve,
    CancelOrder,
    OfferBlock,
    PickListing,
    PlaceListing,
    Propose,
    Reject,
    Side,
)
from engine.events import AnyEvent, Refused, Repeated, Traded
from gateway import wire
from gateway.client_errors import (
    ClientError,
    ConnectionFailed,
    LoginRefused,
    RequestFailed,
    SubmitFailed,
)
from gateway.client_queries import Queries, expect
from gateway.dialling import Patience
from gateway.explain import explain
from gateway.inbox import Disconnected, Gap, Message, Reconnected
from gateway.keys import KeyFile
from gateway.link import Link

_NOT_REPEATABLE = (Propose, Approve, Reject)
"""Commands without a number of their own: sent twice they would be carried out twice."""


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
        """The first event, out of its `Repeated` where it is one; None where nothing changed."""
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
        """The trade, None where there was none."""
        return self.first if isinstance(self.first, Traded) else None

    @property
    def order(self) -> int:
        """The order number that an order command got, 0 for other commands."""
        return int(getattr(self.first, "order", 0))

    @property
    def text(self) -> str:
        """The first refusal in words, "" where there was none."""
        return self.texts[0] if self.texts else ""


class Client(Queries):
    """One connection to the exchange with one key, or without one as an observer."""

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        # Unique over restarts of the program, which may reuse the key on the same trading day.
        self._client_order = time.time_ns()

    @classmethod
    async def connect(
        cls,
        url: str,
        key: KeyFile | None,
        *,
        language: wire.Language = "en",
        reconnect: bool = True,
        patience: Patience | None = None,
    ) -> "Client":
        """Connect and log in; LoginRefused with the reason, ConnectionFailed where nobody answers."""
        link = Link(url, key, language=language, patience=patience or Patience())
        await link.open(reconnect=reconnect)
        return cls(link)

    async def close(self) -> None:
        """Close the connection; `messages` ends after what has already come."""
        await self._link.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def welcome(self) -> wire.Welcome:
        """Profile, key, role, person, participant, clock mode and limits, as told at the last login."""
        return self._link.welcome

    @property
    def is_connected(self) -> bool:
        """A connection stands at the moment."""
        return self._link.is_connected

    @property
    def sequence(self) -> int:
        """Last sequence of the log that the gateway told, at least once a second."""
        return self._link.sequence

    @property
    def time_ns(self) -> int:
        """Exchange time that the gateway told last, at least once a second."""
        return self._link.time_ns

    def next_client_order(self) -> int:
        """Return a client order number that this key has not used."""
        self._client_order += 1
        return self._client_order

    def explain(self, refused: Refused) -> str:
        """Return a refusal with its figures in words, in the language of this client."""
        return explain(refused.reason, refused.figure_a, refused.figure_b, self._link.language)

    # ------------------------------------------------------------ commands

    async def submit(self, command: AnyCommand) -> Answer:
        """Send a command and wait until it is durable; SubmitFailed with `outcome`.

        After a lost connection a command with a client order number or a reference is sent again by
        itself, which is safe: the exchange answers a repeat with the first answer. A proposal,
        approval or rejection in flight fails with outcome `unknown` instead.
        """
        try:
            reply, times_sent = await self._link.request(
                lambda n: wire.Submit(id=n, command=command),
                is_repeatable=not isinstance(command, _NOT_REPEATABLE),
            )
        except RequestFailed as error:
            raise SubmitFailed(
                error.outcome, error.code, error.text, error.path, error.retry_after_ms
            ) from error
        frame = expect(reply, wire.Submitted)
        return Answer(
            sequence=frame.sequence,
            time_ns=frame.time_ns,
            events=frame.events,
            texts=frame.texts,
            resent=times_sent > 1,
        )

    async def place_listing(
        self, product: str, side: Side, price_fen: int, quantity_t: int, client_order: int = 0
    ) -> Answer:
        """List a quantity at a price (挂牌); client order 0 takes the next number."""
        return await self.submit(
            PlaceListing(
                product=product,
                side=side,
                price_fen=price_fen,
                quantity_t=quantity_t,
                client_order=client_order or self.next_client_order(),
            )
        )

    async def pick_listing(self, listing: int, quantity_t: int, client_order: int = 0) -> Answer:
        """Take a quantity of one listing (摘牌)."""
        number = client_order or self.next_client_order()
        return await self.submit(
            PickListing(listing=listing, quantity_t=quantity_t, client_order=number)
        )

    async def cancel_order(self, order: int, client_order: int = 0) -> Answer:
        """Take back what is left of an own order (撤单)."""
        number = client_order or self.next_client_order()
        return await self.submit(CancelOrder(order=order, client_order=number))

    async def offer_block(
        self,
        product: str,
        side: Side,
        counterparty: int,
        price_fen: int,
        quantity_t: int,
        client_order: int = 0,
    ) -> Answer:
        """Offer a block to one named participant (大宗协议)."""
        return await self.submit(
            OfferBlock(
                product=product,
                side=side,
                counterparty=counterparty,
                price_fen=price_fen,
                quantity_t=quantity_t,
                client_order=client_order or self.next_client_order(),
            )
        )

    async def accept_block(self, offer: int, client_order: int = 0) -> Answer:
        """Accept a block offer, whole."""
        number = client_order or self.next_client_order()
        return await self.submit(AcceptBlock(offer=offer, client_order=number))

    async def propose(self, actions: Sequence[Action], reason: str) -> Answer:
        """Propose control actions (operator); `ProposalMade` names the proposal."""
        return await self.submit(Propose(actions=tuple(actions), reason=reason))

    async def approve(self, proposal: int) -> Answer:
        """Approve another person's proposal (operator); the events of its actions follow."""
        return await self.submit(Approve(proposal=proposal))

    async def reject(self, proposal: int, reason: str) -> Answer:
        """Reject a proposal or take back one's own (operator)."""
        return await self.submit(Reject(proposal=proposal, reason=reason))

    async def find_order(self, client_order: int) -> Answer | None:
        """Return the first answer to an order command of this key and day, None if it never arrived."""
        reply = await self._ask(
            lambda n: wire.FindOrder(id=n, client_order=client_order), wire.OrderFound
        )
        if not reply.sequence:
            return None
        return Answer(sequence=reply.sequence, time_ns=reply.time_ns, events=reply.events)

    async def advance_clock(self, time_ns: int) -> int:
        """Move the driven clock of a simulated market (operator); return exchange time after it."""
        reply = await self._ask(
            lambda n: wire.AdvanceClock(id=n, to_time_ns=time_ns), wire.ClockAdvanced
        )
        return reply.time_ns

    # ------------------------------------------------------------ pushed messages

    async def subscribe(self, *channels: str, after: int | None = None) -> None:
        """Start channels; RequestFailed where the role or the retention does not allow it.

        `market`: a `MarketSnapshot` at once, then `MarketChanged` (days, phases, references, bulletins)
        and `QuoteChanged`. `book:<product>`: a `BookSnapshot` at once and after changes. `trades`: listed
        trades as `TradesPrinted`. `private`: own events as `PrivateEvents` (for an operator: all control
        events). `drop`: every command and its events as `DropCopy` (operator, clearing). With `after`,
        what followed that sequence comes first (0 = all that is kept: this trading day and the last).
        After a lost connection each channel goes on from its last frame, without gap or repeat.
        """
        for channel in channels:
            await self._link.subscribe(channel, after)

    async def unsubscribe(self, *channels: str) -> None:
        """Stop channels; frames that already came can still be read."""
        for channel in channels:
            await self._link.unsubscribe(channel)

    def cursor(self, channel: str) -> int | None:
        """Return the last sequence of a channel that came in, to `subscribe(after=...)` with later."""
        state = self._link.inbox.channels.get(channel)
        return state.cursor if state is not None else None

    async def next_message(self) -> Message | None:
        """Return the next pushed message or connection notice; None when the client is closed."""
        return await self._link.inbox.get()

    async def messages(self) -> AsyncIterator[Message]:
        """Yield pushed frames and the notices `Disconnected`, `Reconnected`, `Gap` until the end.

        One reader per client. Books, quotes and market snapshots that wait are replaced by newer ones;
        the other channels lose nothing, however slowly they are read.
        """
        while (message := await self.next_message()) is not None:
            yield message


__all__ = [
    "Answer",
    "Client",
    "ClientError",
    "ConnectionFailed",
    "Disconnected",
    "Gap",
    "LoginRefused",
    "Message",
    "Patience",
    "Reconnected",
    "RequestFailed",
    "SubmitFailed",
]
