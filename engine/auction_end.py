"""How an auction ends: by its window, by a failure, or from outside (R68-R71).

Who gets what is decided in `auction_allocation`; here it becomes trades, and what is left is free again.
"""

from collections.abc import Iterable

from engine import operations
from engine.auction import of_today, rules_of
from engine.auction_allocation import allocate, uniform_price_fen
from engine.auction_book import Auction, Bids, bid_of
from engine.commands import (
    CancelCause,
    Method,
    PriceMode,
)
from engine.core.layout import BY_OPERATORS, REMOVED, STANDS, SUSPENDED
from engine.core.records import CommandKind
from engine.events import AnyEvent, AuctionEnded, AuctionState, FailureCause
from engine.market import Market

# ---------------------------------------------------------------- the end of a window


def end_due(market: Market, boundary_ns: int) -> list[AnyEvent]:
    """End the auctions whose window ends at a boundary, by number."""
    events: list[AnyEvent] = []
    for auction in _announced(market):
        if auction.end_ns <= boundary_ns:
            events += _end(market, auction)
    return events


def _announced(market: Market) -> list[Auction]:
    return [market.auctions[number] for number in sorted(market.bids)]


def _end(market: Market, auction: Auction) -> list[AnyEvent]:
    cause = _failure(market, auction)
    if cause is not FailureCause.NONE:
        return _fail(market, auction, cause)
    rules, bids = rules_of(market), market.bids.pop(auction.number)
    awards = allocate(list(bids), auction.quantity_t, rules.ties, rules.bid_lot_t)
    if auction.price_mode is PriceMode.UNIFORM:
        auction.price_fen = uniform_price_fen(awards)
    auction.state = AuctionState.SOLD
    auction.sold_t = sum(award.quantity_t for award in awards)
    prices = [auction.price_fen or award.bid.price_fen for award in awards]
    auction.amount_fen = sum(
        price_fen * award.quantity_t for price_fen, award in zip(prices, awards, strict=True)
    )
    auction.winners = len({award.bid.participant for award in awards})
    _tell_bids(auction, bids)
    events: list[AnyEvent] = list(
        operations.trade_many(
            market,
            auction.order,
            [award.bid.order for award in awards],
            [award.quantity_t for award in awards],
            prices,
        )
    )
    events += _take_back(market, (bid.order for bid in bids), auction)
    return [*events, _ended(market, auction, bids, len(awards))]


def _failure(market: Market, auction: Auction) -> FailureCause:
    bids, state = market.bids[auction.number], market.core.state
    if state.methods[Method.AUCTION]["halt"] or state.products[auction.product]["halt"]:
        return FailureCause.HALTED
    if not len(bids):
        return FailureCause.NO_BIDS
    is_short = bids.total_t < auction.quantity_t
    if is_short and rules_of(market).undersubscribed == "cancel":
        return FailureCause.UNDERSUBSCRIBED
    return FailureCause.NONE


def _fail(market: Market, auction: Auction, cause: FailureCause) -> list[AnyEvent]:
    """End an announced auction that sells nothing (流拍)."""
    bids = market.bids.pop(auction.number)
    auction.state, auction.cause = AuctionState.FAILED, cause
    _tell_bids(auction, bids)
    events = _take_back(market, (bid.order for bid in bids), auction)
    return [*events, _ended(market, auction, bids, 0)]


def _tell_bids(auction: Auction, bids: Bids) -> None:
    auction.bid_t, auction.bidders = bids.total_t, bids.bidders


def _take_back(market: Market, bids: Iterable[int], auction: Auction) -> list[AnyEvent]:
    """Take back what is left of an auction's bids, by number, then of its application."""
    orders = market.core.state.orders
    standing = [order for order in bids if orders[order]["state"] == STANDS]
    events = operations.end(market, standing, CancelCause.AUCTION)
    if orders[auction.order]["state"] == STANDS:
        events += operations.end(market, [auction.order], CancelCause.AUCTION)
    return events


def _ended(market: Market, auction: Auction, bids: Bids, successful_bids: int) -> AuctionEnded:
    return market.event(
        AuctionEnded,
        auction=auction.number,
        product=market.codes[auction.product],
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


# ---------------------------------------------------------------- what ends from outside


def follow(market: Market, order: int) -> list[AnyEvent]:
    """Follow an application or a bid that was ended: withdrawn, lapsed, by a suspension or a removal.

    Bids that lapse with their application stay in the count, so that the result still tells of them.
    """
    orders = market.core.state.orders
    row = orders[order]
    auction = market.auctions[int(row["target"])]
    if row["kind"] == CommandKind.APPLY_AUCTION:
        if auction.state is AuctionState.APPLIED:
            auction.state = AuctionState.ENDED
        elif auction.state is AuctionState.ANNOUNCED:
            barred = int(market.core.state.restrictions[auction.participant])
            is_out = barred & REMOVED != 0 or barred & BY_OPERATORS == SUSPENDED
            return _fail(market, auction, FailureCause.HALTED) if is_out else []
        return []
    if auction.state is AuctionState.ANNOUNCED and orders[auction.order]["state"] == STANDS:
        market.bids[auction.number].remove(bid_of(orders, order))
    return []


def fail_open(market: Market, cause: FailureCause) -> list[AnyEvent]:
    """Fail the auctions that are still announced when the day closes, by number."""
    events: list[AnyEvent] = []
    for auction in _announced(market):
        events += _fail(market, auction, cause)
    return events


def correct(market: Market, product: int) -> list[AnyEvent]:
    """End a product's auctions after its reference price was corrected: their floors were wrong."""
    events: list[AnyEvent] = []
    for auction in reversed(of_today(market)):
        if auction.product != product:
            continue
        if auction.state is AuctionState.APPLIED:
            events += operations.end(market, [auction.order], CancelCause.AUCTION)
        elif auction.state is AuctionState.ANNOUNCED:
            events += _fail(market, auction, FailureCause.REFERENCE)
    return events


# ---------------------------------------------------------------- what is not stored


def rebuild_bids(market: Market) -> None:
    """Make the sorted bids of the announced auctions again from the order rows."""
    market.bids = standing_bids(market)


def standing_bids(market: Market) -> dict[int, Bids]:
    """Return the bids that the order rows hold, by auction."""
    found = {
        number: Bids()
        for number, auction in market.auctions.items()
        if auction.state is AuctionState.ANNOUNCED
    }
    rows = market.core.state.orders[: int(market.core.market["order_count"]) + 1]
    is_bid = (rows["kind"] == CommandKind.PLACE_BID) & (rows["state"] == STANDS)
    for order in is_bid.nonzero()[0].tolist():
        found[int(rows[order]["target"])].add(bid_of(market.core.state.orders, order))
    return found
