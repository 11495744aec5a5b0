"""How standing orders end: each is told, then what follows: talks on an offer, an auction's failure."""

from collections.abc import Iterable

from engine.commands import (
    ApplyAuction,
    CancelCause,
    CounterBlock,
    OfferBlock,
    OfferBlockToGroup,
    PlaceBid,
)
from engine.events import AnyEvent, AuctionEnded, AuctionState, FailureCause
from tests.oracle.records import Auction, Order
from tests.oracle.standing import take_back
from tests.oracle.state import State

FAILURES = {CancelCause.CLOSE: FailureCause.DAY_CLOSED}
"""Why an auction fails whose application ends; for any other cause than these by a halt."""


def open_orders(state: State) -> list[Order]:
    """Return what stands, by number."""
    return [order for _, order in sorted(state.orders.items()) if order.is_open]


def taken_back(state: State, orders: Iterable[Order], cause: CancelCause) -> list[AnyEvent]:
    """End orders by the system and nothing else, in the order of their numbers (R54)."""
    return [
        take_back(state, order, cause, order.key, order.client_order)
        for order in sorted(orders, key=lambda order: order.number)
    ]


def end(state: State, orders: Iterable[Order], cause: CancelCause) -> list[AnyEvent]:
    """End orders by the system, then all that follows from each."""
    ended = sorted(orders, key=lambda order: order.number)
    bids = {order.number: standing_bids(state, order.auction) for order in ended if order.auction}
    events = taken_back(state, ended, cause)
    for order in ended:
        if order.kind == ApplyAuction:
            failure = FAILURES.get(cause, FailureCause.HALTED)
            events += _end_application(state, order, failure, bids[order.number])
        else:
            events += follow(state, order)
    return events


def end_by_owner(state: State, orders: Iterable[Order], client_order: int) -> list[AnyEvent]:
    """End orders by the key in hand, in the order of their numbers, then all that follows from each."""
    ended = sorted(orders, key=lambda order: order.number)
    events: list[AnyEvent] = [
        take_back(state, order, CancelCause.OWNER, state.key, client_order) for order in ended
    ]
    for order in ended:
        events += follow(state, order)
    return events


def follow(state: State, order: Order) -> list[AnyEvent]:
    """Return what follows from the end of an order that was cancelled by its owner or taken."""
    if order.kind in (OfferBlock, OfferBlockToGroup):
        return _end_talks(state, order)
    if order.kind == CounterBlock:
        state.negotiations.pop(order.number, None)
    if order.kind == ApplyAuction:
        return _end_application(state, order, FailureCause.NONE, [])
    return []


def _end_talks(state: State, offer: Order) -> list[AnyEvent]:
    """End the negotiations on an offer that is gone."""
    numbers = [talk.number for talk in state.negotiations.values() if talk.offer == offer.number]
    for number in numbers:
        del state.negotiations[number]
    rows = [state.orders[number] for number in numbers]
    return taken_back(state, [row for row in rows if row.is_open], CancelCause.NEGOTIATION)


# ---------------------------------------------------------------- auctions that sell nothing


def standing_bids(state: State, auction: int) -> list[Order]:
    """Return the bids that stand in an auction, by number."""
    return [
        order for order in open_orders(state) if order.kind == PlaceBid and order.auction == auction
    ]


def _end_application(
    state: State, order: Order, cause: FailureCause, bids: list[Order]
) -> list[AnyEvent]:
    auction = state.auctions[order.auction]
    if auction.state == AuctionState.ANNOUNCED:
        return fail(state, auction, cause, bids)
    auction.state = AuctionState.ENDED
    return []


def fail(state: State, auction: Auction, cause: FailureCause, bids: list[Order]) -> list[AnyEvent]:
    """End what stands of an announced auction, its bids first; nothing is sold."""
    application = state.orders[auction.order]
    rows = [order for order in bids if order.is_open]
    events = taken_back(state, rows, CancelCause.AUCTION)
    if application.is_open:
        events += taken_back(state, [application], CancelCause.AUCTION)
    auction.state, auction.cause = AuctionState.FAILED, cause
    return [*events, result(state, auction, bids, 0)]


def result(state: State, auction: Auction, bids: list[Order], successful_bids: int) -> AuctionEnded:
    """Tell how an auction ended; what was sold is noted in it already."""
    auction.bid_t = sum(bid.quantity_t for bid in bids)
    auction.bidders = len({bid.participant for bid in bids})
    return state.event(
        AuctionEnded,
        auction=auction.number,
        product=auction.product,
        state=auction.state,
        cause=auction.cause,
        price_mode=auction.price_mode,
        price_fen=auction.price_fen,
        offered_t=auction.quantity_t,
        sold_t=auction.sold_t,
        amount_fen=auction.amount_fen,
        bid_t=auction.bid_t,
        bids=len(bids),
        bidders=auction.bidders,
        winners=auction.winners,
        successful_bids=successful_bids,
    )
