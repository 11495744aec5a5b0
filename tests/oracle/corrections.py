"""The oracle's rare measures: a voided trade, a corrected reference, closures, allowances."""

from calendar import monthrange

from engine.commands import (
    AddClosure,
    CancelCause,
    CorrectReferencePrice,
    HaltScope,
    Method,
    PublishNotice,
    RemoveClosure,
    SetAllowance,
    VoidTrade,
)
from engine.events import (
    AllowanceSet,
    AnyEvent,
    ClosureAdded,
    ClosureRemoved,
    NoticePublished,
    ReferencePriceCorrected,
    TradeVoided,
)
from engine.reasons import Reason
from tests.oracle.auction import correct
from tests.oracle.bulletin import publish_again
from tests.oracle.ending import end, open_orders
from tests.oracle.questions import OK, block_price_broken, price_broken, product_halt
from tests.oracle.records import Order
from tests.oracle.rules import band
from tests.oracle.state import Figures, State

# ---------------------------------------------------------------- voided trades


def void_trade(state: State, action: VoidTrade, place: int) -> AnyEvent:
    """Take back a trade of the open day in both ledgers and in the public prices (R81)."""
    broken = _void_broken(state, action.trade)
    if broken != OK:
        return state.refused(broken, action=place)
    trade = state.trades[action.trade]
    state.ledger.unwind(trade)
    trade.state = "voided"
    publish_again(state)
    return state.event(
        TradeVoided,
        trade=trade.number,
        method=trade.method,
        product=trade.product,
        price_fen=trade.price_fen,
        quantity_t=trade.quantity_t,
        buyer=trade.buyer,
        seller=trade.seller,
        explanation=action.explanation,
    )


def _void_broken(state: State, number: int) -> Figures:
    if not state.is_day_open:
        return Reason.DAY_NOT_OPEN, 0, 0
    trade = state.trades.get(number)
    if trade is None or trade.date != state.date:
        return Reason.TRADE_UNKNOWN, number, 0
    if trade.state == "voided":
        return Reason.TRADE_ALREADY_VOIDED, number, 0
    if trade.state != "unsettled":
        return Reason.TRADE_ALREADY_SETTLED, number, 0
    proceeds = trade.amount_fen - trade.seller_fee_fen
    free = state.ledger.purses[trade.seller].available
    return (Reason.PROCEEDS_USED, free, proceeds) if free < proceeds else OK


# ---------------------------------------------------------------- corrected references


def correct_reference(state: State, action: CorrectReferencePrice, place: int) -> list[AnyEvent]:
    """Replace a wrong reference in a halt; what stands outside the new bands ends, trades stand."""
    broken = _correction_broken(state, action)
    if broken != OK:
        return [state.refused(broken, action=place)]
    record = state.products[action.product]
    previous, record.reference_fen = record.reference_fen, action.price_fen
    record.listed_band = band(action.price_fen, state.profile.listed.band_bp)
    record.block_band = band(action.price_fen, state.profile.block.band_bp)
    corrected = state.event(
        ReferencePriceCorrected,
        product=action.product,
        price_fen=action.price_fen,
        previous_fen=previous,
        listed_floor_fen=record.listed_band[0],
        listed_cap_fen=record.listed_band[1],
        block_floor_fen=record.block_band[0],
        block_cap_fen=record.block_band[1],
        explanation=action.explanation,
    )
    outside = [
        order
        for order in open_orders(state)
        if order.product == action.product and _is_outside(state, order)
    ]
    ended = end(state, outside, CancelCause.BAND)
    return [corrected, *ended, *correct(state, action.product)]


def _is_outside(state: State, order: Order) -> bool:
    """Say whether a listing, offer or counter-offer lies outside the band of its method."""
    if order.method == Method.BLOCK:
        return block_price_broken(state, order.product, order.price_fen, order.left_t) != OK
    listed_band = state.products[order.product].listed_band
    is_listed = order.method == Method.LISTED
    return is_listed and price_broken(state, order.price_fen, listed_band) != OK


def _correction_broken(state: State, action: CorrectReferencePrice) -> Figures:
    if not state.is_day_open:
        return Reason.DAY_NOT_OPEN, 0, 0
    if action.product not in state.products:
        return Reason.PRODUCT_UNKNOWN, 0, 0
    if not state.listed_on(action.product, state.date):
        return Reason.PRODUCT_NOT_LISTED, 0, 0
    record = state.products[action.product]
    if record.reference_fen == 0:
        return Reason.REFERENCE_PRICE_MISSING, 0, 0
    is_market_halted = any(halt.scope == HaltScope.MARKET for halt in state.halts.values())
    if not is_market_halted and not product_halt(state, action.product):
        return Reason.NOT_HALTED, 0, 0
    if record.reference_fen == action.price_fen:
        return Reason.REFERENCE_PRICE_ALREADY_SET, record.reference_fen, 0
    floor, cap = band(action.price_fen, state.profile.listed.band_bp)
    levels, limit = cap - floor + 1, state.profile.capacity.levels
    return (Reason.BAND_TOO_WIDE, levels, limit) if levels > limit else OK


# ---------------------------------------------------------------- calendar and allowances


def _is_real(date: str) -> bool:
    """Say whether the calendar has a date; the year 0 of the proleptic calendar counts (ISO 8601)."""
    year, month, day = (int(part) for part in date.split("-"))
    return 1 <= month <= 12 and 1 <= day <= monthrange(year or 2000, month)[1]


def publish_notice(state: State, action: PublishNotice, place: int) -> AnyEvent:
    """Tell everybody something in both languages."""
    limit = state.profile.capacity.notices
    if len(state.notices) >= limit:
        return state.refused((Reason.NOTICES_FULL, limit, 0), action=place)
    state.notice_number += 1
    told = state.event(
        NoticePublished,
        notice=state.notice_number,
        text_zh=action.text_zh,
        text_en=action.text_en,
    )
    state.notices.append(told)
    return told


def add_closure(state: State, action: AddClosure, place: int) -> AnyEvent:
    """Close the market on a date that lies ahead (R26)."""
    limit = state.profile.capacity.closures
    broken = OK
    if not _is_real(action.date):
        broken = Reason.DATE_INVALID, 0, 0
    elif action.date <= state.date:
        broken = Reason.DATE_NOT_LATER, 0, 0
    elif action.date in state.closures:
        broken = Reason.DATE_CLOSED, 0, 0
    elif sum(date > state.date for date in state.closures) >= limit:
        broken = Reason.CLOSURES_FULL, limit, 0
    if broken != OK:
        return state.refused(broken, action=place)
    added = state.event(ClosureAdded, date=action.date, explanation=action.explanation)
    state.closures[action.date] = added
    return added


def remove_closure(state: State, action: RemoveClosure, place: int) -> AnyEvent:
    """Take a closure back before its date."""
    if action.date not in state.closures:
        return state.refused((Reason.CLOSURE_UNKNOWN, 0, 0), action=place)
    if action.date <= state.date:
        return state.refused((Reason.DATE_NOT_LATER, 0, 0), action=place)
    del state.closures[action.date]
    return state.event(ClosureRemoved, date=action.date)


def set_allowance(state: State, action: SetAllowance, place: int) -> AnyEvent:
    """Widen a participant's position limit by its allocation of the year (R73)."""
    if action.participant not in state.participants:
        unknown = (Reason.PARTICIPANT_UNKNOWN, action.participant, 0)
        return state.refused(unknown, action=place)
    state.allowances[action.participant] = action.quantity_t
    return state.event(AllowanceSet, participant=action.participant, quantity_t=action.quantity_t)
