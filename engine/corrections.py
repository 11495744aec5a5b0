"""What was wrong and is put right on the open day: a voided trade, a replaced reference price (R81, R31).

A voided trade is taken back in both ledgers and leaves the day's prices as if it had not been; orders
stay as they are. A reference price is replaced in a halt only, so nobody trades between two bands.
"""

import numpy as np
from numpy.typing import NDArray

from engine import auction_end, operations
from engine.commands import (
    CancelCause,
    CorrectReferencePrice,
    Method,
    VoidTrade,
)
from engine.core.layout import UNSETTLED, VOIDED
from engine.core.records import CommandKind
from engine.events import AnyEvent, ReferencePriceCorrected, TradeVoided
from engine.fees import sums_of
from engine.halts import is_halted
from engine.market import OK, Figures, Market
from engine.postings import TradeTerms, terms_of, unwind
from engine.prices import band_broken, count_again, place_bands, place_ladders, weigh
from engine.reasons import Reason

# ---------------------------------------------------------------- a trade


def void(market: Market, action: VoidTrade, place: int) -> AnyEvent:
    """Void a trade of the open day (R81)."""
    broken = _void_broken(market, action)
    if broken != OK:
        return market.refused(broken, place)
    found = market.trade_row(action.trade)
    assert found is not None
    row = found[1]
    terms = terms_of(row)
    row["state"] = VOIDED
    unwind(market, terms)
    count_again(market)
    return market.event(
        TradeVoided,
        trade=action.trade,
        method=terms.method,
        product=market.codes[terms.product],
        price_fen=terms.price_fen,
        quantity_t=terms.quantity_t,
        buyer=terms.buyer,
        seller=terms.seller,
        explanation=action.explanation,
    )


def _void_broken(market: Market, action: VoidTrade) -> Figures:
    if not market.is_day_open:
        return Reason.DAY_NOT_OPEN, 0, 0
    found = market.trade_row(action.trade)
    if found is None or action.trade <= int(market.core.market["trade_base"]):
        return Reason.TRADE_UNKNOWN, action.trade, 0
    state = int(found[1]["state"][0])
    if state == VOIDED:
        return Reason.TRADE_ALREADY_VOIDED, action.trade, 0
    if state != UNSETTLED:
        return Reason.TRADE_ALREADY_SETTLED, action.trade, 0
    return _proceeds_broken(market, terms_of(found[1]))


def _proceeds_broken(market: Market, terms: TradeTerms) -> Figures:
    """Say whether the seller still has what it would give back; nobody is left below zero by an operator."""
    row = market.core.state.cash[terms.seller]
    left = int(row["settled_fen"]) + int(row["proceeds_fen"])
    left -= int(row["locked_fen"]) + int(row["payable_fen"])
    wanted = sums_of(market.profile, terms.method, terms.amount_fen).proceeds_fen
    return (Reason.PROCEEDS_USED, left, wanted) if left < wanted else OK


# ---------------------------------------------------------------- a reference price


def correct_reference(market: Market, action: CorrectReferencePrice, place: int) -> list[AnyEvent]:
    """Replace a reference price; what lies outside the new bands ends, auctions too, trades stand."""
    broken = _correction_broken(market, action)
    if broken != OK:
        return [market.refused(broken, place)]
    index = market.profile.product_index(action.product)
    previous = market.references_fen[index]
    bands = place_bands(market, index, action.price_fen)
    corrected = market.event(
        ReferencePriceCorrected,
        product=action.product,
        price_fen=action.price_fen,
        previous_fen=previous,
        explanation=action.explanation,
        **bands,
    )
    ended = operations.end(market, _outside(market, index), CancelCause.BAND)
    place_ladders(market, index)
    market.core.relay(index)
    weigh(market)
    return [corrected, *ended, *auction_end.correct(market, index)]


def _correction_broken(market: Market, action: CorrectReferencePrice) -> Figures:
    index = market.profile.product_index(action.product)
    if not market.is_day_open:
        return Reason.DAY_NOT_OPEN, 0, 0
    if index < 0:
        return Reason.PRODUCT_UNKNOWN, 0, 0
    if not market.is_listed(index):
        return Reason.PRODUCT_NOT_LISTED, 0, 0
    if not market.references_fen[index]:
        return Reason.REFERENCE_PRICE_MISSING, 0, 0
    if not is_halted(market, action.product):
        return Reason.NOT_HALTED, 0, 0
    if action.price_fen == market.references_fen[index]:
        return Reason.REFERENCE_PRICE_ALREADY_SET, action.price_fen, 0
    return band_broken(market, action.price_fen)


def _outside(market: Market, index: int) -> NDArray[np.int64]:
    """Return the listings, offers and counter-offers of a product outside its bands, by number."""
    numbers = operations.open_orders(market)
    rows, product = market.core.state.orders[numbers], market.core.state.products[index]
    chosen = np.zeros(len(numbers), np.bool_)
    free_from = market.profile.block.free_from_t
    for method, kinds in _BANDED.items():
        name = method.name.lower()
        is_kind = np.isin(rows["kind"], kinds)
        is_out = rows["price_fen"] < product[f"{name}_floor_fen"]
        is_out |= rows["price_fen"] > product[f"{name}_cap_fen"]
        if method is Method.BLOCK and free_from:
            is_out &= rows["quantity_t"] < free_from
        chosen |= is_kind & is_out
    outside: NDArray[np.int64] = numbers[chosen & (rows["product"] == index)]
    return outside


_BANDED = {
    Method.LISTED: (CommandKind.PLACE_LISTING,),
    Method.BLOCK: (
        CommandKind.OFFER_BLOCK,
        CommandKind.OFFER_BLOCK_TO_GROUP,
        CommandKind.COUNTER_BLOCK,
    ),
}
"""Kinds of orders that a band of the reference price holds; auctions end as a whole."""
