"""Several orders in one entry: listings and cancels all or none, and cancels of all that may be cancelled."""

from msgspec.structs import asdict

from engine.commands import (
    CancelAll,
    CancelCause,
    CancelForKey,
    CancelOrder,
    CancelOrders,
    Method,
    PlaceListing,
    PlaceListings,
)
from engine.events import AllCancelled, AnyEvent, Refused, Repeated
from engine.reasons import Reason
from tests.oracle import listed
from tests.oracle.checks import cancel_broken, place_broken
from tests.oracle.ending import end, end_by_owner, open_orders
from tests.oracle.questions import OK, lock_of
from tests.oracle.records import Order
from tests.oracle.state import Figures, State
from tests.oracle.who import sender_broken

REUSED: Figures = (Reason.CLIENT_ORDER_REUSED, 0, 0)


def singles(command: PlaceListings) -> list[PlaceListing]:
    """Return the listings of a batch as commands of their own."""
    return [PlaceListing(**asdict(item)) for item in command.orders]


# ---------------------------------------------------------------- listings


def place_listings(state: State, command: PlaceListings) -> list[AnyEvent]:
    """List all or none: each must keep the rules where those before it rest."""
    items = singles(command)
    broken = sender_broken(state, items[0])
    if broken != OK:
        return [state.refused(broken)]
    place = _first_reused(state, items)
    if place is not None:
        return [_refused(state, REUSED, items, place)]
    if (state.key, items[0].client_order) in state.client_orders:
        return _again(state, command, items)
    limit = state.profile.capacity.orders_per_day
    room = limit - state.order_number
    if room < len(items):
        return [_refused(state, (Reason.ORDERS_FULL, limit, 0), items, room)]
    place, broken = _first_broken(state, items)
    if broken != OK:
        return _refuse(state, command, items, place, broken)
    events: list[AnyEvent] = []
    for item in items:
        state.order_number += 1
        told = listed.place(state, item, state.keys[state.key].participant)
        assert isinstance(told, list), "a listing that fits with all before it is accepted"
        state.client_orders[state.key, item.client_order] = (item, told[-1])
        events += told
    return events


def _first_reused(state: State, items: list[PlaceListing]) -> int | None:
    """Return the place of the first number that stands for another content, None if none does."""
    known = [state.client_orders.get((state.key, item.client_order)) for item in items]
    is_repeat = None not in known
    numbers = [item.client_order for item in items]
    for place, (item, first) in enumerate(zip(items, known, strict=True)):
        if item.client_order in numbers[:place]:
            return place
        if first is not None and (not is_repeat or first[0] != item):
            return place
    return None


def _again(state: State, command: PlaceListings, items: list[PlaceListing]) -> list[AnyEvent]:
    """Answer a batch that came before: its refusal, or the answer to each of its listings."""
    refused = state.refused_batches.get((state.key, items[0].client_order))
    if refused is not None and refused[0] == command:
        return [state.event(Repeated, answer=refused[1])]
    answers = [state.client_orders[state.key, item.client_order][1] for item in items]
    return [state.event(Repeated, answer=answer) for answer in answers]


def _first_broken(state: State, items: list[PlaceListing]) -> tuple[int, Figures]:
    """Check each listing while those before it are set aside as if they rested; then forget them."""
    participant = state.keys[state.key].participant
    resting: list[Order] = []
    broken = OK
    for item in items:
        broken = place_broken(state, item, participant)
        if broken != OK:
            break
        order = Order(
            number=-1 - len(resting),
            key=state.key,
            client_order=item.client_order,
            participant=participant,
            product=item.product,
            side=item.side,
            method=Method.LISTED,
            price_fen=item.price_fen,
            quantity_t=item.quantity_t,
            left_t=item.quantity_t,
            time_ns=state.time_ns,
            is_open=True,
        )
        _set_aside(state, order, 1)
        state.orders[order.number] = order
        resting.append(order)
    for order in resting:
        _set_aside(state, order, -1)
        del state.orders[order.number]
    return len(resting), broken


def _set_aside(state: State, order: Order, sign: int) -> None:
    cash_fen, tonnes = lock_of(state, order)
    state.ledger.lock(order.participant, order.product, sign * cash_fen, sign * tonnes)


def _refused(
    state: State, broken: Figures, items: list[PlaceListing], place: int, order: int = 0
) -> Refused:
    client_order = items[place].client_order
    return state.refused(broken, client_order=client_order, order=order, place=place)


def _refuse(
    state: State, command: PlaceListings, items: list[PlaceListing], place: int, broken: Figures
) -> list[AnyEvent]:
    """Refuse the batch; every listing uses up its number and is told that reason if it comes again."""
    first = state.order_number + 1
    for item in items:
        state.order_number += 1
        alone = state.refused(broken, client_order=item.client_order, order=state.order_number)
        state.client_orders[state.key, item.client_order] = (item, alone)
    refused = _refused(state, broken, items, place, first + place)
    state.refused_batches[state.key, items[0].client_order] = (command, refused)
    return [refused]


# ---------------------------------------------------------------- cancels


def _begin(state: State, command: CancelOrders | CancelAll) -> list[AnyEvent] | None:
    """Return the answer to who may not send, or to a number that came before; None for new ones."""
    number = command.client_order
    broken = sender_broken(state, CancelOrder(order=1, client_order=number))
    if broken != OK:
        return [state.refused(broken, client_order=number)]
    if (state.key, number) not in state.client_orders:
        return None
    if state.client_orders[state.key, number][0] != command:
        return [state.refused(REUSED, client_order=number)]
    answers = state.batch_answers[state.key, number]
    return [state.event(Repeated, answer=answer) for answer in answers]


def _done(
    state: State, command: CancelOrders | CancelAll, events: list[AnyEvent], own: list[AnyEvent]
) -> list[AnyEvent]:
    state.client_orders[state.key, command.client_order] = (command, own[-1])
    state.batch_answers[state.key, command.client_order] = own
    return events


def cancel_orders(state: State, command: CancelOrders) -> list[AnyEvent]:
    """Take back all or none of the named orders."""
    answer = _begin(state, command)
    if answer is not None:
        return answer
    number, participant = command.client_order, state.keys[state.key].participant
    for place, order in enumerate(command.orders):
        broken = cancel_broken(state, CancelOrder(order=order, client_order=number), participant)
        if broken == OK and order in command.orders[:place]:
            broken = Reason.ORDER_NOT_OPEN, order, 0
        if broken != OK:
            refused = state.refused(broken, client_order=number, place=place)
            return _done(state, command, [refused], [refused])
    rows = [state.orders[order] for order in command.orders]
    events = end_by_owner(state, rows, number)
    return _done(state, command, events, events[: len(rows)])


def cancel_all(state: State, command: CancelAll) -> list[AnyEvent]:
    """Take back whatever of the participant's own, of a product or side, may be taken back now."""
    answer = _begin(state, command)
    if answer is not None:
        return answer
    number, participant = command.client_order, state.keys[state.key].participant
    if command.product and command.product not in state.products:
        refused = state.refused((Reason.PRODUCT_UNKNOWN, 0, 0), client_order=number)
        return _done(state, command, [refused], [refused])
    rows = [
        order
        for order in open_orders(state)
        if order.participant == participant
        and command.product in ("", order.product)
        and command.side in (0, order.side)
    ]
    free = may_go(state, rows)
    events = end_by_owner(state, free, number)
    summed = state.event(
        AllCancelled,
        participant=participant,
        key=state.key,
        client_order=number,
        cancelled=len(free),
        kept=len(rows) - len(free),
    )
    return _done(state, command, [*events, summed], [summed])


def may_go(state: State, rows: list[Order]) -> list[Order]:
    """Return those orders that their own participant may cancel now."""
    return [
        order
        for order in rows
        if cancel_broken(state, CancelOrder(order=order.number, client_order=1), order.participant)
        == OK
    ]


def placed_by(state: State, key: int) -> list[Order]:
    """Return the open orders that a key placed."""
    return [order for order in open_orders(state) if order.key == key]


def cancel_for_key(state: State, command: CancelForKey) -> list[AnyEvent]:
    """Take back what a key placed, as far as that may be taken back now."""
    if command.key not in state.keys:
        return [state.refused((Reason.KEY_UNKNOWN, 0, 0))]
    rows = placed_by(state, command.key)
    free = may_go(state, rows)
    summed = state.event(
        AllCancelled,
        participant=state.keys[command.key].participant,
        key=command.key,
        client_order=0,
        cancelled=len(free),
        kept=len(rows) - len(free),
    )
    return [*end(state, free, CancelCause(command.cause)), summed]
