"""What may be seen of auctions: everybody the announced ones, a seller its own."""

from itertools import islice

from engine.auction_book import Auction
from engine.events import AuctionState
from engine.market import Market
from engine.views import ApplicationView, AuctionView, Level

_LEVELS_SHOWN = {"hidden": 0, "best": 1, "ladder": None}
_PUBLIC = (AuctionState.ANNOUNCED, AuctionState.SOLD, AuctionState.FAILED)


def auctions(market: Market, date: str = "") -> tuple[AuctionView, ...]:
    """Return the announced auctions of a day (the open or last one if no date), by number."""
    day = date or market.date
    return tuple(
        _auction_view(market, auction)
        for auction in market.auctions.values()
        if auction.date == day and auction.state in _PUBLIC
    )


def applications(market: Market, participant: int = 0) -> tuple[ApplicationView, ...]:
    """Return a participant's own auctions of all days, by number; 0 = everybody's."""
    return tuple(
        _application_view(market, auction)
        for auction in market.auctions.values()
        if participant in (0, auction.participant)
    )


def _levels(market: Market, auction: Auction) -> tuple[Level, ...]:
    """Return what the profile shows of the standing bids (R72)."""
    rules, bids = market.profile.auction, market.bids.get(auction.number)
    if rules is None or bids is None:
        return ()
    return tuple(islice(bids.levels(), _LEVELS_SHOWN[rules.bid_visibility]))


def _auction_view(market: Market, auction: Auction) -> AuctionView:
    return AuctionView(
        auction=auction.number,
        date=auction.date,
        product=market.codes[auction.product],
        quantity_t=auction.quantity_t,
        floor_fen=auction.floor_fen,
        cap_fen=auction.cap_fen,
        price_mode=auction.price_mode,
        begin_ns=auction.begin_ns,
        end_ns=auction.end_ns,
        state=auction.state,
        cause=auction.cause,
        bids=_levels(market, auction),
        price_fen=auction.price_fen,
        sold_t=auction.sold_t,
        amount_fen=auction.amount_fen,
        bid_t=auction.bid_t,
        bidders=auction.bidders,
        winners=auction.winners,
    )


def _application_view(market: Market, auction: Auction) -> ApplicationView:
    return ApplicationView(
        auction=auction.number,
        order=auction.order,
        participant=auction.participant,
        product=market.codes[auction.product],
        quantity_t=auction.quantity_t,
        floor_fen=auction.floor_fen,
        cap_fen=auction.cap_fen,
        price_mode=auction.price_mode,
        wished_begin_ns=auction.wished_begin_ns,
        wished_end_ns=auction.wished_end_ns,
        state=auction.state,
        time_ns=auction.time_ns,
    )
