"""What a trader's client can tell the exchange: one verb for each order command."""

from collections.abc import Sequence

from engine.commands import (
    AcceptBlock,
    ApplyAuction,
    ArmSwitch,
    AuctionFloor,
    CancelAll,
    CancelOrder,
    CancelOrders,
    ConfirmBlock,
    CounterBlock,
    NewListing,
    OfferBlock,
    OfferBlockToGroup,
    PickListing,
    PlaceBid,
    PlaceListing,
    PlaceListings,
    PriceMode,
    ReduceOrder,
    RefuseBlock,
    SetBlockGroup,
    Side,
    TakeListings,
)
from gateway.client_answer import Answer, Submitting


class Orders(Submitting):
    """Orders of every method; client order 0 takes the next number."""

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

    async def place_listings(self, orders: Sequence[NewListing]) -> Answer:
        """List up to 20 quantities, all or none; a refusal names the `place` of the bad one."""
        return await self.submit(PlaceListings(orders=tuple(orders)))

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

    async def cancel_orders(self, orders: Sequence[int], client_order: int = 0) -> Answer:
        """Take back up to 20 own orders, all or none."""
        number = client_order or self.next_client_order()
        return await self.submit(CancelOrders(orders=tuple(orders), client_order=number))

    async def cancel_all(
        self, product: str = "", side: Side | None = None, client_order: int = 0
    ) -> Answer:
        """Take back everything that can be taken back now; `AllCancelled` counts it and what stays."""
        number = client_order or self.next_client_order()
        return await self.submit(
            CancelAll(product=product, side=int(side or 0), client_order=number)
        )

    async def arm_switch(self, timeout_s: int, client_order: int = 0) -> Answer:
        """Let the exchange cancel this key's orders unless this comes again in time; 0 disarms."""
        number = client_order or self.next_client_order()
        return await self.submit(ArmSwitch(timeout_s=timeout_s, client_order=number))

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
