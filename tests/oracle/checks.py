"""The rules of listed orders, acceptances, cancels and reductions, in the order of `PRECEDENCE`."""

from engine.commands import (
    AcceptBlock,
    ApplyAuction,
    CancelOrder,
    Command,
    Method,
    OfferBlock,
    OfferBlockToGroup,
    PickListing,
    PlaceBid,
    PlaceListing,
    ReduceOrder,
    Side,
    TakeListings,
)
from engine.events import AuctionState
from engine.reasons import Reason
from tests.oracle.block import is_in_negotiation, may_answer
from tests.oracle.questions import (
    CANCEL_PHASES,
    OK,
    block_price_broken,
    first,
    lot_broken,
    may_act,
    means_broken,
    opposite,
    own_limit_broken,
    phase_broken,
    price_broken,
    product_broken,
    product_halt_broken,
    size_broken,
)
from tests.oracle.records import Order
from tests.oracle.state import Figures, State

NOT_OFFERED: Figures = (Reason.NOT_OFFERED, 0, 0)
OFFERS = (OfferBlock, OfferBlockToGroup)


def place_broken(state: State, command: PlaceListing, participant: int) -> Figures:
    """Return the first rule that a listing breaks (R22, R23, R31, R54, R55)."""
    broken = first(
        may_act(state, Method.LISTED, participant, command.side),
        product_broken(state, command.product),
    )
    if broken != OK:
        return broken
    return first(
        priced_broken(state, command.product, command.price_fen, command.quantity_t),
        means_broken(
            state,
            participant,
            command.product,
            command.side,
            command.price_fen,
            command.quantity_t,
            Method.LISTED,
        ),
    )


def priced_broken(state: State, product: str, price: int, tonnes: int) -> Figures:
    """Say whether price and quantity of a listed order keep to the listed rules."""
    rules = state.profile.listed
    return first(
        price_broken(state, price, state.products[product].listed_band),
        lot_broken(state, tonnes),
        size_broken(tonnes, rules.quantity_t_min, rules.quantity_t_max),
        own_limit_broken(state, tonnes),
    )


def offer_broken(state: State, command: OfferBlock, participant: int) -> Figures:
    """Return the first rule that a block offer breaks (R24, R32, R63)."""
    broken = first(
        may_act(state, Method.BLOCK, participant, command.side),
        product_broken(state, command.product),
    )
    if broken != OK:
        return broken
    if command.counterparty not in state.participants or command.counterparty in state.removed:
        return Reason.COUNTERPARTY_UNKNOWN, command.counterparty, 0
    if command.counterparty == participant:
        return Reason.OWN_COUNTERPARTY, 0, 0
    rules = state.profile.block
    price, tonnes = command.price_fen, command.quantity_t
    return first(
        block_price_broken(state, command.product, price, tonnes),
        lot_broken(state, tonnes),
        size_broken(tonnes, rules.quantity_t_min, rules.quantity_t_max),
        own_limit_broken(state, tonnes),
        means_broken(
            state, participant, command.product, command.side, price, tonnes, Method.BLOCK
        ),
    )


# ---------------------------------------------------------------- taking what stands


def levels_ahead(state: State, product: str, side: Side, participant: int) -> list[int]:
    """Return the prices of a side, best first, at which somebody else than a taker lists.

    The taker's own listings cannot be taken by it, so they never stand in its way (R45, R47).
    """
    levels = state.books[product, side]
    best_first = list(levels) if side == Side.SELL else list(reversed(levels))
    return [
        price
        for price in best_first
        if any(order.participant != participant for order in levels[price].values())
    ]


def level_broken(state: State, listing: Order, participant: int) -> Figures:
    """Say whether a pick may name this level and this listing of it (R42, R45)."""
    rules = state.profile.listed
    prices = levels_ahead(state, listing.product, listing.side, participant)
    place = prices.index(listing.price_fen)
    if rules.level_choice == "strict_best_first":
        if place > 0:
            return Reason.BETTER_LEVEL_EXISTS, prices[0], 0
    elif place >= rules.levels_shown:
        return Reason.LEVEL_TOO_DEEP, prices[rules.levels_shown - 1], rules.levels_shown
    if rules.same_price_choice == "time":
        level = state.books[listing.product, listing.side][listing.price_fen]
        others = [order.number for order in level.values() if order.participant != participant]
        if others[0] != listing.number:
            return Reason.EARLIER_LISTING_EXISTS, others[0], 0
    return OK


def _named(state: State, number: int, *kinds: type[Command]) -> Order | None:
    """Return the accepted order that a pick or an acceptance names, None for a number of another kind."""
    order = state.orders.get(number)
    return order if order is not None and order.kind in kinds else None


def _taking_side(order: Order | None) -> Side | None:
    """Return the side of whoever takes an order; nobody takes a number that is none."""
    return opposite(order.side) if order is not None else None


def pick_broken(state: State, command: PickListing, participant: int) -> Figures:
    """Return the first rule that a pick breaks (R40-R45)."""
    if not state.profile.listed.picks:
        return NOT_OFFERED
    listing = _named(state, command.listing, PlaceListing, PickListing, TakeListings)
    broken = may_act(state, Method.LISTED, participant, _taking_side(listing))
    if broken != OK:
        return broken
    if listing is None:
        return Reason.ORDER_UNKNOWN, command.listing, 0
    if not listing.is_open:
        return Reason.ORDER_NOT_OPEN, command.listing, 0
    broken = product_halt_broken(state, listing.product)
    if broken != OK:
        return broken
    if listing.participant == participant:
        return Reason.OWN_LISTING, command.listing, 0
    broken = level_broken(state, listing, participant)
    if broken != OK:
        return broken
    broken = first(
        lot_broken(state, command.quantity_t), own_limit_broken(state, command.quantity_t)
    )
    if broken != OK:
        return broken
    if command.quantity_t > listing.left_t:
        return Reason.LISTING_QUANTITY_NOT_AVAILABLE, listing.left_t, 0
    return means_broken(
        state,
        participant,
        listing.product,
        opposite(listing.side),
        listing.price_fen,
        command.quantity_t,
        Method.LISTED,
    )


def take_broken(state: State, command: TakeListings, participant: int) -> Figures:
    """Return the first rule that a taking order breaks before its plan is made (R40-R43)."""
    rules = state.profile.listed
    if not rules.picks or (rules.same_price_choice == "time" and command.preferred):
        return NOT_OFFERED
    broken = first(
        may_act(state, Method.LISTED, participant, command.side),
        product_broken(state, command.product),
    )
    if broken != OK:
        return broken
    return priced_broken(state, command.product, command.limit_price_fen, command.quantity_t)


def accept_broken(state: State, command: AcceptBlock, participant: int) -> Figures:
    """Return the first rule that the acceptance of a block offer breaks (R61, R62)."""
    offer = _named(state, command.offer, *OFFERS, AcceptBlock)
    broken = may_act(state, Method.BLOCK, participant, _taking_side(offer))
    if broken != OK:
        return broken
    if offer is None:
        return Reason.ORDER_UNKNOWN, command.offer, 0
    if not offer.is_open:
        return Reason.ORDER_NOT_OPEN, command.offer, 0
    broken = product_halt_broken(state, offer.product)
    if broken != OK:
        return broken
    if participant not in may_answer(offer):
        return Reason.NOT_OFFER_COUNTERPARTY, command.offer, 0
    if is_in_negotiation(state, offer):
        return Reason.OFFER_IN_NEGOTIATION, command.offer, 0
    return first(
        own_limit_broken(state, offer.left_t),
        means_broken(
            state,
            participant,
            offer.product,
            opposite(offer.side),
            offer.price_fen,
            offer.left_t,
            Method.BLOCK,
        ),
    )


# ---------------------------------------------------------------- taking back


def _own_broken(
    state: State, order: Order | None, number: int, participant: int, method: Method
) -> Figures:
    broken = phase_broken(state, method, *CANCEL_PHASES)
    if broken != OK:
        return broken
    if order is None:
        return Reason.ORDER_UNKNOWN, number, 0
    if order.participant != participant:
        return Reason.NOT_ORDER_OWNER, number, 0
    if not order.is_open:
        return Reason.ORDER_NOT_OPEN, number, 0
    return OK


def cancel_broken(state: State, command: CancelOrder, participant: int) -> Figures:
    """Return the first rule that a cancel breaks (R54)."""
    order = state.orders.get(command.order)
    method = order.method if order else Method.LISTED
    broken = _own_broken(state, order, command.order, participant, method)
    if broken != OK or order is None:
        return broken
    if order.kind is ApplyAuction:
        auction = state.auctions[order.auction]
        if auction.state == AuctionState.ANNOUNCED:
            return Reason.AUCTION_ANNOUNCED, auction.number, 0
    rules = state.profile.auction
    if order.kind is PlaceBid and rules is not None and not rules.bid_withdrawal:
        return Reason.BID_IRREVOCABLE, order.number, 0
    return OK


def reduce_broken(state: State, command: ReduceOrder, participant: int) -> Figures:
    """Return the first rule that a reduction breaks (R59)."""
    if not state.profile.listed.reduce:
        return NOT_OFFERED
    order = state.orders.get(command.order)
    if order is not None and order.kind is not PlaceListing:
        order = None
    broken = _own_broken(state, order, command.order, participant, Method.LISTED)
    if broken != OK or order is None:
        return broken
    broken = lot_broken(state, command.quantity_t)
    if broken != OK:
        return broken
    if command.quantity_t >= order.left_t:
        return Reason.REDUCTION_NOT_LESS, order.left_t, 0
    return OK
