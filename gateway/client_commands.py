"""What a client can tell the exchange: one verb for each command, and the answer as a value."""

import time
from collections.abc import Sequence

from msgspec import Struct

from engine.commands import (
    AcceptBlock,
    Action,
    AnyCommand,
    ApplyAuction,
    Approve,
    AuctionFloor,
    CancelOrder,
    ConfirmBlock,
    CounterBlock,
    Halt,
    HaltScope,
    Method,
    OfferBlock,
    OfferBlockToGroup,
    PickListing,
    PlaceBid,
    PlaceListing,
    PriceMode,
    Propose,
    ReduceOrder,
    RefuseBlock,
    Reject,
    Resume,
    SetBlockGroup,
    Side,
    TakeListings,
)
from engine.events import AnyEvent, Refused, Repeated, Traded
from gateway import wire
from gateway.client_errors import RequestFailed, SubmitFailed
from gateway.client_queries import Queries, expect
from gateway.link import Link

_NOT_REPEATABLE = (Propose, Approve, Reject, Halt, Resume)
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


class Commands(Queries):
    """Everything that tells the exchange something; a refusal by a rule is a value of the answer."""

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
        approval, rejection, halt or resumption in flight fails with outcome `unknown` instead.
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

    async def take_listings(
        self,
        product: str,
        side: Side,
        quantity_t: int,
        limit_price_fen: int,
        preferred: Sequence[int] = (),
        client_order: int = 0,
    ) -> Answer:
        """Take a total quantity level by level up to a limit; `ListingsTaken` ends the answer."""
        return await self.submit(
            TakeListings(
                product=product,
                side=side,
                quantity_t=quantity_t,
                limit_price_fen=limit_price_fen,
                preferred=tuple(preferred),
                client_order=client_order or self.next_client_order(),
            )
        )

    async def reduce_order(self, order: int, quantity_t: int, client_order: int = 0) -> Answer:
        """Take back a part of an own listing, which keeps its place (减量)."""
        number = client_order or self.next_client_order()
        return await self.submit(
            ReduceOrder(order=order, quantity_t=quantity_t, client_order=number)
        )

    async def set_block_group(self, group: str, members: Sequence[int]) -> Answer:
        """Set the members of an own group (群组); nobody removes it."""
        return await self.submit(SetBlockGroup(group=group, members=tuple(members)))

    async def offer_block_to_group(
        self,
        product: str,
        side: Side,
        group: str,
        price_fen: int,
        quantity_t: int,
        client_order: int = 0,
    ) -> Answer:
        """Offer a block to every member of an own group; the first who accepts has it."""
        return await self.submit(
            OfferBlockToGroup(
                product=product,
                side=side,
                group=group,
                price_fen=price_fen,
                quantity_t=quantity_t,
                client_order=client_order or self.next_client_order(),
            )
        )

    async def counter_block(
        self,
        offer: int,
        counterparty: int,
        price_fen: int,
        quantity_t: int,
        text: str = "",
        client_order: int = 0,
    ) -> Answer:
        """Answer a block offer, or the other side's last word on it, with other terms (议价)."""
        return await self.submit(
            CounterBlock(
                offer=offer,
                counterparty=counterparty,
                price_fen=price_fen,
                quantity_t=quantity_t,
                text=text,
                client_order=client_order or self.next_client_order(),
            )
        )

    async def confirm_block(
        self, offer: int, counterparty: int, terms: str, client_order: int = 0
    ) -> Answer:
        """Confirm the terms of a negotiation by their digest; the second confirmation trades."""
        number = client_order or self.next_client_order()
        return await self.submit(
            ConfirmBlock(offer=offer, counterparty=counterparty, terms=terms, client_order=number)
        )

    async def refuse_block(self, offer: int, counterparty: int, client_order: int = 0) -> Answer:
        """End a negotiation, or refuse an offer before any."""
        number = client_order or self.next_client_order()
        return await self.submit(
            RefuseBlock(offer=offer, counterparty=counterparty, client_order=number)
        )

    async def apply_auction(
        self,
        product: str,
        quantity_t: int,
        floor: AuctionFloor,
        price_mode: PriceMode,
        wished_window_ns: tuple[int, int] = (0, 0),
        client_order: int = 0,
    ) -> Answer:
        """Apply to sell by one-way auction (单向竞价申请); `AuctionApplied` names the auction."""
        return await self.submit(
            ApplyAuction(
                product=product,
                quantity_t=quantity_t,
                floor=floor,
                price_mode=price_mode,
                wished_begin_ns=wished_window_ns[0],
                wished_end_ns=wished_window_ns[1],
                client_order=client_order or self.next_client_order(),
            )
        )

    async def place_bid(
        self, auction: int, price_fen: int, quantity_t: int, client_order: int = 0
    ) -> Answer:
        """Bid in an open auction (竞价申报)."""
        return await self.submit(
            PlaceBid(
                auction=auction,
                price_fen=price_fen,
                quantity_t=quantity_t,
                client_order=client_order or self.next_client_order(),
            )
        )

    async def propose(self, actions: Sequence[Action], reason: str) -> Answer:
        """Propose control actions (operator); `ProposalMade` names the proposal."""
        return await self.submit(Propose(actions=tuple(actions), reason=reason))

    async def approve(self, proposal: int) -> Answer:
        """Approve another person's proposal (operator); the events of its actions follow."""
        return await self.submit(Approve(proposal=proposal))

    async def reject(self, proposal: int, reason: str) -> Answer:
        """Reject a proposal or take back one's own (operator)."""
        return await self.submit(Reject(proposal=proposal, reason=reason))

    async def halt(
        self,
        scope: HaltScope,
        explanation: str,
        *,
        method: Method = Method.LISTED,
        product: str = "",
        participant: int = 0,
    ) -> Answer:
        """Halt at once (operator, 暂停交易); `Halted` names the halt that somebody else resumes."""
        return await self.submit(
            Halt(
                scope=scope,
                explanation=explanation,
                method=method,
                product=product,
                participant=participant,
            )
        )

    async def resume(self, halt: int, explanation: str) -> Answer:
        """End another operator's halt (operator, 恢复交易)."""
        return await self.submit(Resume(halt=halt, explanation=explanation))

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
