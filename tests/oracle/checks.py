"""The rules of an order as questions, asked in the order that `PRECEDENCE` documents."""

from engine.commands import (
    AcceptBlock,
    CancelOrder,
    Method,
    OfferBlock,
    PickListing,
    PlaceListing,
    Restriction,
    Side,
)
from engine.events import Phase
from engine.reasons import Reason
from tests.oracle.records import Order
from tests.oracle.state import Figures, State

OK: Figures = (Reason.NONE, 0, 0)


def opposite(side: Side) -> Side:
    """Return the other side."""
    return Side.SELL if side == Side.BUY else Side.BUY


def _first(*answers: Figures) -> Figures:
    return next((answer for answer in answers if answer != OK), OK)


def _phase_broken(state: State, method: Method, *allowed: Phase) -> Figures:
    record = state.methods[method]
    if record.phase in allowed:
        return OK
    return Reason.PHASE_CLOSED, int(record.phase), record.next_ns


def _restriction_broken(state: State, participant: int, side: Side | None) -> Figures:
    """Say whether a party may act on a side; suspended it may on none (R76)."""
    match state.restrictions.get(participant, Restriction.NONE):
        case Restriction.SUSPENDED:
            return Reason.PARTICIPANT_SUSPENDED, 0, 0
        case Restriction.NO_BUYING if side == Side.BUY:
            return Reason.BUYING_RESTRICTED, 0, 0
        case Restriction.NO_SELLING if side == Side.SELL:
            return Reason.SELLING_RESTRICTED, 0, 0
        case _:
            return OK


def _taking_side(state: State, number: int, method: Method) -> Side | None:
    """Return the side of whoever takes an order of a method; nobody takes a number that is none."""
    order = state.orders.get(number)
    return opposite(order.side) if order is not None and order.method == method else None


def _product_broken(state: State, code: str) -> Figures:
    if code not in state.products:
        return Reason.PRODUCT_UNKNOWN, 0, 0
    if not state.listed_on(code, state.date):
        return Reason.PRODUCT_NOT_LISTED, 0, 0
    if state.products[code].reference_fen == 0:
        return Reason.REFERENCE_PRICE_MISSING, 0, 0
    return OK


def _price_broken(state: State, price: int, band: tuple[int, int]) -> Figures:
    tick = state.profile.tick_size_fen
    if price % tick != 0:
        return Reason.PRICE_OFF_TICK, tick, 0
    if not band[0] <= price <= band[1]:
        return Reason.PRICE_OUTSIDE_BAND, *band
    return OK


def _lot_broken(state: State, tonnes: int) -> Figures:
    lot = state.profile.lot_size_t
    return (Reason.QUANTITY_OFF_LOT, lot, 0) if tonnes % lot != 0 else OK


def _size_broken(tonnes: int, least: int, most: int) -> Figures:
    if tonnes < least:
        return Reason.QUANTITY_BELOW_MINIMUM, least, 0
    if tonnes > most:
        return Reason.QUANTITY_ABOVE_MAXIMUM, most, 0
    return OK


def _means_broken(
    state: State, participant: int, product: str, side: Side, price: int, tonnes: int
) -> Figures:
    if side == Side.BUY:
        spendable = state.ledger.purses[participant].available
        if spendable < price * tonnes:
            return Reason.CASH_NOT_AVAILABLE, spendable, price * tonnes
        return OK
    sellable = state.ledger.shelves[participant][product].available
    if sellable < tonnes:
        return Reason.HOLDING_NOT_AVAILABLE, sellable, tonnes
    return OK


def place_broken(state: State, command: PlaceListing, participant: int) -> Figures:
    """Return the first rule that a listing breaks (R22, R23, R31, R54, R55)."""
    listed = state.profile.listed
    broken = _first(
        _phase_broken(state, Method.LISTED, Phase.OPEN),
        _restriction_broken(state, participant, command.side),
        _product_broken(state, command.product),
    )
    if broken != OK:
        return broken
    price, tonnes = command.price_fen, command.quantity_t
    return _first(
        _price_broken(state, price, state.products[command.product].listed_band),
        _lot_broken(state, tonnes),
        _size_broken(tonnes, listed.quantity_t_min, listed.quantity_t_max),
        _means_broken(state, participant, command.product, command.side, price, tonnes),
    )


def offer_broken(state: State, command: OfferBlock, participant: int) -> Figures:
    """Return the first rule that a block offer breaks (R24, R32, R63)."""
    block = state.profile.block
    broken = _first(
        _phase_broken(state, Method.BLOCK, Phase.OPEN),
        _restriction_broken(state, participant, command.side),
        _product_broken(state, command.product),
    )
    if broken != OK:
        return broken
    if command.counterparty not in state.participants:
        return Reason.COUNTERPARTY_UNKNOWN, command.counterparty, 0
    if command.counterparty == participant:
        return Reason.OWN_COUNTERPARTY, 0, 0
    price, tonnes = command.price_fen, command.quantity_t
    return _first(
        _price_broken(state, price, state.products[command.product].block_band),
        _lot_broken(state, tonnes),
        _size_broken(tonnes, block.quantity_t_min, block.quantity_t_max),
        _means_broken(state, participant, command.product, command.side, price, tonnes),
    )


def better_level_fen(state: State, listing: Order, participant: int) -> int:
    """Return the best price ahead of a listing at which somebody else than the taker lists, or 0.

    The taker's own listings cannot be taken by it, so they never stand in its way (R45, R47).
    """
    levels = state.books[listing.product, listing.side]
    if listing.side == Side.SELL:
        ahead = [price for price in levels if price < listing.price_fen]
    else:
        ahead = [price for price in reversed(levels) if price > listing.price_fen]
    for price in ahead:
        if any(order.participant != participant for order in levels[price].values()):
            return int(price)
    return 0


def pick_broken(state: State, command: PickListing, participant: int) -> Figures:
    """Return the first rule that a pick breaks (R40-R45)."""
    side = _taking_side(state, command.listing, Method.LISTED)
    broken = _first(
        _phase_broken(state, Method.LISTED, Phase.OPEN),
        _restriction_broken(state, participant, side),
    )
    if broken != OK:
        return broken
    listing = state.orders.get(command.listing)
    if listing is None or listing.method != Method.LISTED:
        return Reason.ORDER_UNKNOWN, command.listing, 0
    if not listing.is_open:
        return Reason.ORDER_NOT_OPEN, command.listing, 0
    if listing.participant == participant:
        return Reason.OWN_LISTING, command.listing, 0
    better = better_level_fen(state, listing, participant)
    if better:
        return Reason.BETTER_LEVEL_EXISTS, better, 0
    lot_broken = _lot_broken(state, command.quantity_t)
    if lot_broken != OK:
        return lot_broken
    if command.quantity_t > listing.left_t:
        return Reason.LISTING_QUANTITY_NOT_AVAILABLE, listing.left_t, 0
    return _means_broken(
        state,
        participant,
        listing.product,
        opposite(listing.side),
        listing.price_fen,
        command.quantity_t,
    )


def accept_broken(state: State, command: AcceptBlock, participant: int) -> Figures:
    """Return the first rule that the acceptance of a block offer breaks (R61)."""
    side = _taking_side(state, command.offer, Method.BLOCK)
    broken = _first(
        _phase_broken(state, Method.BLOCK, Phase.OPEN),
        _restriction_broken(state, participant, side),
    )
    if broken != OK:
        return broken
    offer = state.orders.get(command.offer)
    if offer is None or offer.method != Method.BLOCK:
        return Reason.ORDER_UNKNOWN, command.offer, 0
    if not offer.is_open:
        return Reason.ORDER_NOT_OPEN, command.offer, 0
    if offer.counterparty != participant:
        return Reason.NOT_OFFER_COUNTERPARTY, command.offer, 0
    return _means_broken(
        state, participant, offer.product, opposite(offer.side), offer.price_fen, offer.left_t
    )


def cancel_broken(state: State, command: CancelOrder, participant: int) -> Figures:
    """Return the first rule that a cancel breaks (R54)."""
    order = state.orders.get(command.order)
    method = order.method if order else Method.LISTED
    broken = _phase_broken(state, method, Phase.PRE_OPEN, Phase.OPEN, Phase.BREAK)
    if broken != OK:
        return broken
    if order is None:
        return Reason.ORDER_UNKNOWN, command.order, 0
    if order.participant != participant:
        return Reason.NOT_ORDER_OWNER, command.order, 0
    if not order.is_open:
        return Reason.ORDER_NOT_OPEN, command.order, 0
    return OK
