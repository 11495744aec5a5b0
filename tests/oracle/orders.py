"""Orders of the oracle: who sent it, is it a repeat, which number does it get, what is the answer."""

from engine.commands import (
    AcceptBlock,
    ApplyAuction,
    CancelCause,
    CancelOrder,
    ConfirmBlock,
    CounterBlock,
    OfferBlock,
    OfferBlockToGroup,
    OrderCommand,
    PickListing,
    PlaceBid,
    PlaceListing,
    ReduceOrder,
    RefuseBlock,
    TakeListings,
)
from engine.events import AnyEvent, Cancelled, Repeated
from engine.reasons import Reason
from tests.oracle import auction, block, groups, listed
from tests.oracle.questions import OK
from tests.oracle.state import State
from tests.oracle.who import sender_broken

FOLLOW_UPS = (CancelCause.NEGOTIATION, CancelCause.AUCTION)
"""What ends with another order is nobody's answer to a repeat."""


def take_order(state: State, command: OrderCommand) -> list[AnyEvent]:
    """Answer an order command: who, repeated or not, numbered, checked, done."""
    number = command.client_order
    broken = sender_broken(state, command)
    if broken != OK:
        return [state.refused(broken, client_order=number)]
    if (state.key, number) in state.client_orders:
        content, answer = state.client_orders[state.key, number]
        if content == command:
            return [state.event(Repeated, answer=answer)]
        return [state.refused((Reason.CLIENT_ORDER_REUSED, 0, 0), client_order=number)]
    has_number = not isinstance(command, CancelOrder | ReduceOrder)
    if has_number:
        limit = full_limit(state, command)
        if limit:
            return [state.refused((Reason.ORDERS_FULL, limit, 0), client_order=number)]
        state.order_number += 1
    answered = _answer(state, command, state.keys[state.key].participant)
    if isinstance(answered, tuple):
        order = state.order_number if has_number else 0
        answered = [state.refused(answered, client_order=number, order=order)]
    state.client_orders[state.key, number] = (command, own_answer(answered))
    return answered


def full_limit(state: State, command: OrderCommand) -> int:
    """Return the limit of the day's orders that is reached, 0 if none is."""
    capacity = state.profile.capacity
    if state.order_number >= capacity.orders_per_day:
        return capacity.orders_per_day
    if isinstance(command, OfferBlockToGroup):
        offers = sum(order.kind is OfferBlockToGroup for order in state.orders.values())
        return capacity.group_offers if offers >= capacity.group_offers else 0
    return 0


def own_answer(events: list[AnyEvent]) -> AnyEvent:
    """Return the event that a repeat is told: the last that is no follow-up."""
    own = [
        event
        for event in events
        if not (isinstance(event, Cancelled) and event.cause in FOLLOW_UPS)
    ]
    return own[-1]


def _answer(state: State, command: OrderCommand, participant: int) -> listed.Answered:
    match command:
        case PlaceListing():
            return listed.place(state, command, participant)
        case PickListing():
            return listed.pick(state, command, participant)
        case TakeListings():
            return listed.take(state, command, participant)
        case ReduceOrder():
            return listed.reduce(state, command, participant)
        case CancelOrder():
            return listed.cancel(state, command, participant)
        case OfferBlock():
            return listed.offer(state, command, participant)
        case AcceptBlock():
            return listed.accept(state, command, participant)
        case _:
            return _dialogue(state, command, participant)


def _dialogue(
    state: State,
    command: OfferBlockToGroup
    | CounterBlock
    | ConfirmBlock
    | RefuseBlock
    | ApplyAuction
    | PlaceBid,
    participant: int,
) -> listed.Answered:
    match command:
        case OfferBlockToGroup():
            return groups.offer_to_group(state, command, participant)
        case CounterBlock():
            return block.counter(state, command, participant)
        case ConfirmBlock():
            return block.confirm(state, command, participant)
        case RefuseBlock():
            return block.refuse(state, command, participant)
        case ApplyAuction():
            return auction.apply(state, command, participant)
        case PlaceBid():
            return auction.bid(state, command, participant)
