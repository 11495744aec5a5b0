"""Questions that many commands are asked: phase, halt, restriction, product, price, quantity, means."""

from engine.commands import HaltScope, Method, Restriction, Side
from engine.events import Phase
from engine.reasons import Reason
from tests.oracle.records import Order
from tests.oracle.rules import fee_fen
from tests.oracle.state import Figures, State

OK: Figures = (Reason.NONE, 0, 0)
CANCEL_PHASES = (Phase.PRE_OPEN, Phase.OPEN, Phase.BREAK)
"""Phases in which what stands can be taken back."""


def opposite(side: Side) -> Side:
    """Return the other side."""
    return Side.SELL if side == Side.BUY else Side.BUY


def first(*answers: Figures) -> Figures:
    """Return the first broken rule."""
    return next((answer for answer in answers if answer != OK), OK)


# ---------------------------------------------------------------- who, when


def phase_broken(state: State, method: Method, *allowed: Phase) -> Figures:
    """Say whether a method is in one of the phases."""
    if method not in state.methods:
        return Reason.NOT_OFFERED, 0, 0
    record = state.methods[method]
    if record.phase in allowed:
        return OK
    return Reason.PHASE_CLOSED, int(record.phase), record.next_ns


def method_halt(state: State, method: Method) -> int:
    """Return the halt of the market or of a method that stands longest, 0 if none."""
    return min(
        (
            halt.number
            for halt in state.halts.values()
            if halt.scope == HaltScope.MARKET
            or (halt.scope == HaltScope.METHOD and halt.method == method)
        ),
        default=0,
    )


def product_halt(state: State, product: str) -> int:
    """Return the halt of a product, 0 if none."""
    return next(
        (
            halt.number
            for halt in state.halts.values()
            if halt.scope == HaltScope.PRODUCT and halt.product == product
        ),
        0,
    )


def participant_halt(state: State, participant: int) -> int:
    """Return the halt of a participant, 0 if none."""
    return next(
        (
            halt.number
            for halt in state.halts.values()
            if halt.scope == HaltScope.PARTICIPANT and halt.participant == participant
        ),
        0,
    )


def halted_broken(state: State, method: Method, participant: int) -> Figures:
    """Say whether market, method or sender are halted (R80)."""
    halt = method_halt(state, method) or participant_halt(state, participant)
    return (Reason.HALTED, halt, 0) if halt else OK


def product_halt_broken(state: State, product: str) -> Figures:
    """Say whether a product is halted (R80)."""
    halt = product_halt(state, product)
    return (Reason.HALTED, halt, 0) if halt else OK


def restriction_broken(state: State, participant: int, side: Side | None) -> Figures:
    """Say whether a party may act on a side; removed, suspended or stopped it may on none (R76)."""
    restriction = state.restrictions.get(participant, Restriction.NONE)
    if participant in state.removed:
        return Reason.PARTICIPANT_REMOVED, 0, 0
    if restriction == Restriction.SUSPENDED:
        return Reason.PARTICIPANT_SUSPENDED, 0, 0
    if participant in state.stopped:
        return Reason.TRADING_STOPPED, 0, 0
    match restriction:
        case Restriction.NO_BUYING if side == Side.BUY:
            return Reason.BUYING_RESTRICTED, 0, 0
        case Restriction.NO_SELLING if side == Side.SELL:
            return Reason.SELLING_RESTRICTED, 0, 0
        case _:
            return OK


def may_act(
    state: State,
    method: Method,
    participant: int,
    side: Side | None,
    *phases: Phase,
) -> Figures:
    """Say whether a party may send a new order of a method on a side; phases are OPEN if none is told."""
    return first(
        phase_broken(state, method, *(phases or (Phase.OPEN,))),
        halted_broken(state, method, participant),
        restriction_broken(state, participant, side),
    )


# ---------------------------------------------------------------- what, how much


def product_broken(state: State, code: str) -> Figures:
    """Say whether a product is known, listed, open and not halted."""
    if code not in state.products:
        return Reason.PRODUCT_UNKNOWN, 0, 0
    if not state.listed_on(code, state.date):
        return Reason.PRODUCT_NOT_LISTED, 0, 0
    if state.products[code].reference_fen == 0:
        return Reason.REFERENCE_PRICE_MISSING, 0, 0
    return product_halt_broken(state, code)


def price_broken(state: State, price: int, band: tuple[int, int] | None) -> Figures:
    """Say whether a price is on the tick and inside a band, where one holds."""
    tick = state.profile.tick_size_fen
    if price % tick != 0:
        return Reason.PRICE_OFF_TICK, tick, 0
    if band is not None and not band[0] <= price <= band[1]:
        return Reason.PRICE_OUTSIDE_BAND, *band
    return OK


def lot_broken(state: State, tonnes: int, lot: int = 0) -> Figures:
    """Say whether a quantity is whole lots: those of the profile if none is told."""
    step = lot or state.profile.lot_size_t
    return (Reason.QUANTITY_OFF_LOT, step, 0) if tonnes % step != 0 else OK


def size_broken(tonnes: int, least: int, most: int) -> Figures:
    """Say whether a quantity is not too small and not too large."""
    if tonnes < least:
        return Reason.QUANTITY_BELOW_MINIMUM, least, 0
    if tonnes > most:
        return Reason.QUANTITY_ABOVE_MAXIMUM, most, 0
    return OK


def own_limit_broken(state: State, tonnes: int) -> Figures:
    """Say whether an order is larger than its company lets the sender's key send."""
    most = state.keys[state.key].order_max_t
    return (Reason.OWN_LIMIT, most, tonnes) if most and tonnes > most else OK


def block_price_broken(state: State, product: str, price: int, tonnes: int) -> Figures:
    """Say whether the price of a block is right; for one large enough no band holds."""
    free_from = state.profile.block.free_from_t
    is_free = free_from > 0 and tonnes >= free_from
    return price_broken(state, price, None if is_free else state.products[product].block_band)


# ---------------------------------------------------------------- means


def cost_fen(state: State, method: Method, price: int, tonnes: int) -> int:
    """Return what a buyer pays: the amount and its fees (R55, R60)."""
    amount = price * tonnes
    return amount + fee_fen(state.profile, method, Side.BUY, amount)


def lock_of(state: State, order: Order) -> tuple[int, int]:
    """Return what an order sets aside while it stands: cash, tonnes (R54, R63)."""
    if not order.is_open:
        return 0, 0
    if order.side == Side.BUY:
        return cost_fen(state, order.method, order.price_fen, order.left_t), 0
    return 0, order.left_t


def held_t(state: State, participant: int, product: str, own: Order | None = None) -> int:
    """Return what a participant holds of a product or is about to buy, but for one own order (R73)."""
    shelf = state.ledger.shelves[participant][product]
    held = shelf.available + shelf.locked + shelf.bought + shelf.delivered + shelf.frozen
    return held + sum(
        order.left_t
        for order in state.orders.values()
        if order.is_open
        and order is not own
        and order.side == Side.BUY
        and (order.participant, order.product) == (participant, product)
    )


def position_broken(
    state: State, participant: int, product: str, tonnes: int, own: Order | None = None
) -> Figures:
    """Say whether buying would lead past the position limit (R73)."""
    rules = state.profile.position
    if rules.limit_t == 0:
        return OK
    limit = rules.limit_t
    if rules.is_widened_by_allowance:
        limit += state.allowances.get(participant, 0)
    reached = held_t(state, participant, product, own) + tonnes
    return (Reason.POSITION_LIMIT_EXCEEDED, limit, reached) if reached > limit else OK


def sum_broken(
    state: State, participant: int, product: str, cash_fen: int, tonnes: int, own: Order | None
) -> Figures:
    """Say whether a party can pay a sum, or deliver the tonnes where the sum is 0."""
    own_fen, own_t = lock_of(state, own) if own is not None else (0, 0)
    if cash_fen:
        spendable = state.ledger.purses[participant].available + own_fen
        return (Reason.CASH_NOT_AVAILABLE, spendable, cash_fen) if spendable < cash_fen else OK
    sellable = state.ledger.shelves[participant][product].available + own_t
    return (Reason.HOLDING_NOT_AVAILABLE, sellable, tonnes) if sellable < tonnes else OK


def means_broken(
    state: State,
    participant: int,
    product: str,
    side: Side,
    price: int,
    tonnes: int,
    method: Method,
    own: Order | None = None,
) -> Figures:
    """Say whether a party may hold, pay or deliver what an order asks.

    The lock of `own`, a standing order that the new terms replace, counts as free.
    """
    if side == Side.SELL:
        return sum_broken(state, participant, product, 0, tonnes, own)
    cost = cost_fen(state, method, price, tonnes)
    return first(
        position_broken(state, participant, product, tonnes, own),
        sum_broken(state, participant, product, cost, tonnes, own),
    )
