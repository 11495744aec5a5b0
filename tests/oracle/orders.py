"""Orders of the oracle: who sent it, is it a repeat, which rule does it break, what does it do."""

from engine.commands import (
    AcceptBlock,
    CancelOrder,
    Method,
    OfferBlock,
    OrderCommand,
    PickListing,
    PlaceListing,
    Role,
    Side,
)
from engine.events import (
    AnyEvent,
    BlockOffered,
    CancelCause,
    Cancelled,
    ListingPlaced,
    Repeated,
    Traded,
)
from engine.reasons import Reason
from tests.oracle.checks import (
    OK,
    accept_broken,
    cancel_broken,
    offer_broken,
    opposite,
    pick_broken,
    place_broken,
)
from tests.oracle.records import Order, Trade
from tests.oracle.rules import composite_row, weighted_mean
from tests.oracle.state import Answer, State


def take_order(state: State, command: OrderCommand) -> list[AnyEvent]:
    """Answer an order command: who, repeated or not, numbered, checked, done."""
    number = command.client_order
    sender = state.keys.get(state.key)
    if state.key != 0 and sender is None:
        return [state.refused((Reason.KEY_UNKNOWN, 0, 0), client_order=number)]
    if sender is None or sender.role != Role.TRADER:
        return [state.refused((Reason.ROLE_NOT_PERMITTED, 0, 0), client_order=number)]
    if (state.key, number) in state.client_orders:
        content, answer = state.client_orders[state.key, number]
        if content == command:
            return [state.event(Repeated, answer=answer)]
        return [state.refused((Reason.CLIENT_ORDER_REUSED, 0, 0), client_order=number)]
    if not isinstance(command, CancelOrder):
        limit = state.profile.capacity.orders_per_day
        if state.order_number >= limit:
            return [state.refused((Reason.ORDERS_FULL, limit, 0), client_order=number)]
        state.order_number += 1
    answer = _answer(state, command, sender.participant)
    state.client_orders[state.key, number] = (command, answer)
    return [answer]


def _answer(state: State, command: OrderCommand, participant: int) -> Answer:
    match command:
        case PlaceListing():
            broken = place_broken(state, command, participant)
        case PickListing():
            broken = pick_broken(state, command, participant)
        case OfferBlock():
            broken = offer_broken(state, command, participant)
        case AcceptBlock():
            broken = accept_broken(state, command, participant)
        case CancelOrder():
            broken = cancel_broken(state, command, participant)
    if broken != OK:
        order = 0 if isinstance(command, CancelOrder) else state.order_number
        return state.refused(broken, client_order=command.client_order, order=order)
    match command:
        case PlaceListing() | OfferBlock():
            return _rest(state, command, participant)
        case PickListing():
            return _trade(state, command, state.orders[command.listing], command.quantity_t)
        case AcceptBlock():
            offer = state.orders[command.offer]
            return _trade(state, command, offer, offer.left_t)
        case CancelOrder():
            order_taken_back = state.orders[command.order]
            return take_back(
                state, order_taken_back, CancelCause.OWNER, state.key, command.client_order
            )


# ---------------------------------------------------------------- what an accepted order does


def _rest(
    state: State, command: PlaceListing | OfferBlock, participant: int
) -> ListingPlaced | BlockOffered:
    is_block = isinstance(command, OfferBlock)
    order = Order(
        number=state.order_number,
        key=state.key,
        client_order=command.client_order,
        participant=participant,
        counterparty=command.counterparty if isinstance(command, OfferBlock) else 0,
        product=command.product,
        side=command.side,
        method=Method.BLOCK if is_block else Method.LISTED,
        price_fen=command.price_fen,
        quantity_t=command.quantity_t,
        left_t=command.quantity_t,
        is_open=True,
        is_pick=False,
        time_ns=state.time_ns,
    )
    state.orders[order.number] = order
    state.ledger.lock(participant, order.product, order.side, order.price_fen, order.left_t)
    fields = {
        "order": order.number,
        "participant": participant,
        "key": state.key,
        "client_order": order.client_order,
        "product": order.product,
        "side": order.side,
        "price_fen": order.price_fen,
        "quantity_t": order.quantity_t,
    }
    if is_block:
        return state.event(BlockOffered, counterparty=order.counterparty, **fields)
    level = state.books[order.product, order.side].setdefault(
        order.price_fen, type(state.books[order.product, order.side])()
    )
    level[order.number] = order
    return state.event(ListingPlaced, **fields)


def _leave_book(state: State, order: Order) -> None:
    if order.method == Method.LISTED:
        levels = state.books[order.product, order.side]
        del levels[order.price_fen][order.number]
        if not levels[order.price_fen]:
            del levels[order.price_fen]


def _note_taker(
    state: State, command: PickListing | AcceptBlock, resting: Order, tonnes: int
) -> int:
    """Keep the taker's order, which is filled at once, and return its number."""
    number = state.order_number
    state.orders[number] = Order(
        number=number,
        key=state.key,
        client_order=command.client_order,
        participant=state.keys[state.key].participant,
        counterparty=0,
        product=resting.product,
        side=opposite(resting.side),
        method=resting.method,
        price_fen=resting.price_fen,
        quantity_t=tonnes,
        left_t=0,
        is_open=False,
        is_pick=True,
        time_ns=state.time_ns,
    )
    return number


def _trade(state: State, command: PickListing | AcceptBlock, resting: Order, tonnes: int) -> Traded:
    taker = state.keys[state.key].participant
    side = opposite(resting.side)
    buyer, seller = (
        (taker, resting.participant) if side == Side.BUY else (resting.participant, taker)
    )
    state.ledger.unlock(
        resting.participant, resting.product, resting.side, resting.price_fen, tonnes
    )
    state.ledger.trade(buyer, seller, resting.product, resting.price_fen, tonnes)
    resting.left_t -= tonnes
    if resting.left_t == 0:
        resting.is_open = False
        _leave_book(state, resting)
    number = _note_taker(state, command, resting, tonnes)
    trade = Trade(
        number=len(state.trades) + 1,
        date=state.date,
        time_ns=state.time_ns,
        method=resting.method,
        product=resting.product,
        price_fen=resting.price_fen,
        quantity_t=tonnes,
        buyer=buyer,
        seller=seller,
        taker_side=side,
        buy_order=number if side == Side.BUY else resting.number,
        sell_order=resting.number if side == Side.BUY else number,
    )
    state.trades[trade.number] = trade
    _publish(state, trade)
    return state.event(
        Traded,
        trade=trade.number,
        method=trade.method,
        product=trade.product,
        price_fen=trade.price_fen,
        quantity_t=tonnes,
        side=side,
        order=number,
        resting_order=resting.number,
        participant=taker,
        counterparty=resting.participant,
        key=state.key,
        client_order=command.client_order,
        left_t=resting.left_t,
    )


def _publish(state: State, trade: Trade) -> None:
    """Count a trade in the day's figures; only listed trades move public prices (R48, R49, R65)."""
    record = state.products[trade.product]
    if trade.method == Method.BLOCK:
        record.block.append((trade.price_fen, trade.quantity_t))
        return
    record.listed.append((trade.price_fen, trade.quantity_t))
    row = composite_row(state.profile, state.date)
    if row is not None and trade.product in row.members:
        state.running_composite.append(weighted_mean(row, latest_fen(state)))


def latest_fen(state: State) -> dict[str, int]:
    """Return each product's latest listed price of the day, before its first trade its base (R53)."""
    return {
        code: record.listed[-1][0] if record.listed else record.base_fen()
        for code, record in state.products.items()
    }


def take_back(
    state: State, order: Order, cause: CancelCause, key: int, client_order: int
) -> Cancelled:
    """End what is left of an order and release its lock (R54)."""
    state.ledger.unlock(order.participant, order.product, order.side, order.price_fen, order.left_t)
    order.is_open = False
    _leave_book(state, order)
    return state.event(
        Cancelled,
        order=order.number,
        participant=order.participant,
        key=key,
        client_order=client_order,
        product=order.product,
        side=order.side,
        method=order.method,
        price_fen=order.price_fen,
        quantity_t=order.left_t,
        cause=cause,
    )
