"""What accepted listed and plain block orders do: rest, match on entry, pick, take, accept, reduce."""

from engine.commands import (
    AcceptBlock,
    CancelCause,
    CancelOrder,
    Method,
    OfferBlock,
    PickListing,
    PlaceListing,
    ReduceOrder,
    Side,
    TakeListings,
)
from engine.events import AnyEvent, BlockOffered, ListingPlaced, ListingsTaken, Reduced
from engine.reasons import Reason
from tests.oracle.checks import (
    accept_broken,
    cancel_broken,
    levels_ahead,
    offer_broken,
    pick_broken,
    place_broken,
    reduce_broken,
    take_broken,
)
from tests.oracle.ending import follow
from tests.oracle.questions import (
    OK,
    cost_fen,
    first,
    opposite,
    position_broken,
    sum_broken,
)
from tests.oracle.records import Order
from tests.oracle.standing import cancelled, lessen, new_order, stand, take_back, trade
from tests.oracle.state import Figures, State

Answered = Figures | list[AnyEvent]
"""A broken rule, or what an accepted order did."""
Plan = list[tuple[Order, int]]
"""Which listings a taking order takes, and how much of each."""


def place(state: State, command: PlaceListing, participant: int) -> Answered:
    """List; where crossing listings match, take first what stands across (R46)."""
    broken = place_broken(state, command, participant)
    if broken != OK:
        return broken
    order = new_order(
        state,
        command,
        product=command.product,
        side=command.side,
        method=Method.LISTED,
        price_fen=command.price_fen,
        quantity_t=command.quantity_t,
        left_t=command.quantity_t,
        is_pick=False,
    )
    events: list[AnyEvent] = []
    if state.profile.listed.crossing_listings == "match":
        while order.left_t and (resting := best_across(state, order)) is not None:
            if resting.participant == participant:
                return [*events, _give_up(state, order, CancelCause.OWN_LISTING)]
            if len(events) == state.profile.capacity.fills_per_command:
                return [*events, _give_up(state, order, CancelCause.FILLS_LIMIT)]
            tonnes = min(order.left_t, resting.left_t)
            order.left_t -= tonnes
            events.append(trade(state, resting, order, tonnes, resting.price_fen))
    if order.left_t == 0:
        return events
    stand(state, order)
    placed = state.event(
        ListingPlaced,
        order=order.number,
        participant=participant,
        key=order.key,
        client_order=order.client_order,
        product=order.product,
        side=order.side,
        price_fen=order.price_fen,
        quantity_t=order.quantity_t,
        left_t=order.left_t,
    )
    return [*events, placed]


def best_across(state: State, order: Order) -> Order | None:
    """Return the listing that an incoming order would take next: best price, then time."""
    levels = state.books[order.product, opposite(order.side)]
    if not levels:
        return None
    if order.side == Side.BUY:
        price = levels.keys()[0]
        crosses = price <= order.price_fen
    else:
        price = levels.keys()[-1]
        crosses = price >= order.price_fen
    resting: Order = levels[price].values()[0]
    return resting if crosses else None


def _give_up(state: State, order: Order, cause: CancelCause) -> AnyEvent:
    """Cancel the rest of an incoming order; it never stood, so it holds no lock."""
    return cancelled(state, order, cause, order.key, order.client_order)


def offer(state: State, command: OfferBlock, participant: int) -> Answered:
    """Offer a block to one named participant (R62)."""
    broken = offer_broken(state, command, participant)
    if broken != OK:
        return broken
    order = new_order(
        state,
        command,
        counterparty=command.counterparty,
        members=(command.counterparty,),
        product=command.product,
        side=command.side,
        method=Method.BLOCK,
        price_fen=command.price_fen,
        quantity_t=command.quantity_t,
        left_t=command.quantity_t,
    )
    stand(state, order)
    return [
        state.event(
            BlockOffered,
            order=order.number,
            participant=participant,
            counterparty=order.counterparty,
            key=order.key,
            client_order=order.client_order,
            product=order.product,
            side=order.side,
            price_fen=order.price_fen,
            quantity_t=order.quantity_t,
        )
    ]


def _taker(
    state: State, command: PickListing | AcceptBlock, resting: Order, tonnes: int
) -> list[AnyEvent]:
    """Take tonnes of what stands, at its price."""
    order = new_order(
        state,
        command,
        product=resting.product,
        side=opposite(resting.side),
        method=resting.method,
        price_fen=resting.price_fen,
        quantity_t=tonnes,
        left_t=0,
    )
    traded = trade(state, resting, order, tonnes, resting.price_fen)
    return [traded, *([] if resting.is_open else follow(state, resting))]


def pick(state: State, command: PickListing, participant: int) -> Answered:
    """Take a quantity of one listing (R41-R43)."""
    broken = pick_broken(state, command, participant)
    if broken != OK:
        return broken
    return _taker(state, command, state.orders[command.listing], command.quantity_t)


def accept(state: State, command: AcceptBlock, participant: int) -> Answered:
    """Accept a block offer whole (R61)."""
    broken = accept_broken(state, command, participant)
    if broken != OK:
        return broken
    resting = state.orders[command.offer]
    return _taker(state, command, resting, resting.left_t)


# ---------------------------------------------------------------- level by level


def take(state: State, command: TakeListings, participant: int) -> Answered:
    """Take a total level by level, each listing at its own price (R40-R43)."""
    broken = take_broken(state, command, participant)
    if broken != OK:
        return broken
    plan = planned(state, command, participant)
    if not plan:
        return Reason.NOTHING_TO_TAKE, 0, 0
    broken = _plan_broken(state, command, plan, participant)
    if broken != OK:
        return broken
    taken_t = sum(tonnes for _, tonnes in plan)
    order = new_order(
        state,
        command,
        product=command.product,
        side=command.side,
        method=Method.LISTED,
        price_fen=command.limit_price_fen,
        quantity_t=command.quantity_t,
        left_t=command.quantity_t - taken_t,
    )
    amount = sum(resting.price_fen * tonnes for resting, tonnes in plan)
    events: list[AnyEvent] = [
        trade(state, resting, order, tonnes, resting.price_fen) for resting, tonnes in plan
    ]
    taken = state.event(
        ListingsTaken,
        order=order.number,
        participant=participant,
        key=order.key,
        client_order=order.client_order,
        product=order.product,
        side=order.side,
        limit_price_fen=order.price_fen,
        quantity_t=order.quantity_t,
        left_t=order.left_t,
        amount_fen=amount,
        trades=len(plan),
    )
    return [*events, taken]


def planned(state: State, command: TakeListings, participant: int) -> Plan:
    """Return what a taking order takes: best level first, inside it the preferred, then by time."""
    plan: Plan = []
    wanted, side = command.quantity_t, opposite(command.side)
    prices = levels_ahead(state, command.product, side, participant)
    for price in prices[: state.profile.listed.levels_shown]:
        is_inside = (
            price <= command.limit_price_fen
            if command.side == Side.BUY
            else price >= command.limit_price_fen
        )
        if not is_inside:
            break
        level = state.books[command.product, side][price]
        chosen = [level[number] for number in dict.fromkeys(command.preferred) if number in level]
        others = [order for order in level.values() if order not in chosen]
        for order in [*chosen, *others]:
            if len(plan) == state.profile.capacity.fills_per_command or wanted == 0:
                return plan
            if order.participant != participant:
                tonnes = min(wanted, order.left_t)
                plan.append((order, tonnes))
                wanted -= tonnes
    return plan


def _plan_broken(state: State, command: TakeListings, plan: Plan, participant: int) -> Figures:
    tonnes = sum(part for _, part in plan)
    if command.side == Side.SELL:
        return sum_broken(state, participant, command.product, 0, tonnes, None)
    cost = sum(cost_fen(state, Method.LISTED, order.price_fen, part) for order, part in plan)
    return first(
        position_broken(state, participant, command.product, tonnes),
        sum_broken(state, participant, command.product, cost, tonnes, None),
    )


# ---------------------------------------------------------------- taking back


def cancel(state: State, command: CancelOrder, participant: int) -> Answered:
    """Take back what is left of an own order (R54)."""
    broken = cancel_broken(state, command, participant)
    if broken != OK:
        return broken
    order = state.orders[command.order]
    told = take_back(state, order, CancelCause.OWNER, state.key, command.client_order)
    return [told, *follow(state, order)]


def reduce(state: State, command: ReduceOrder, participant: int) -> Answered:
    """Take back a part of an own listing; the rest keeps its place (R59)."""
    broken = reduce_broken(state, command, participant)
    if broken != OK:
        return broken
    order = state.orders[command.order]
    lessen(state, order, command.quantity_t)
    return [
        state.event(
            Reduced,
            order=order.number,
            participant=participant,
            key=state.key,
            client_order=command.client_order,
            product=order.product,
            side=order.side,
            price_fen=order.price_fen,
            quantity_t=command.quantity_t,
            left_t=order.left_t,
        )
    ]
