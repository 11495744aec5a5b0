"""The one-way auction (单向竞价, R67-R72): application, announcement, bids.

An application and a bid are order rows like any other, so their locks, lapses and restrictions need no
rules of their own. How auctions end is told in `auction_end`.
"""

from collections.abc import Callable
from itertools import takewhile
from typing import Final

from engine import operations
from engine.auction_book import Auction, Bids, bid_of
from engine.commands import (
    AnnounceAuction,
    ApplyAuction,
    AuctionFloor,
    CancelCause,
    Method,
    PlaceBid,
    RefuseAuction,
    Side,
)
from engine.events import (
    AnyEvent,
    AuctionAnnounced,
    AuctionApplied,
    AuctionRefused,
    AuctionState,
    BidPlaced,
)
from engine.market import OK, Figures, Market
from engine.profile import Auction as Rules
from engine.reasons import Reason
from engine.units import BASIS_POINTS, band_fen

_IRREVOCABLE: Final = 1
"""What binds a bid's row where bids cannot be withdrawn."""


# ---------------------------------------------------------------- application


def apply(market: Market, command: ApplyAuction) -> list[AnyEvent]:
    """Apply for an auction; its allowances are locked until it is over (R67)."""
    index = operations.index_of(market, command.product)
    number = operations.number_order(
        market, command, product=index, side=Side.SELL, quantity_t=command.quantity_t
    )
    if not isinstance(number, int):
        return number
    broken = _apply_broken(market, command, index)
    if broken != OK:
        return operations.refuse_order(market, number, broken)
    auction = _applied(market, command, index, number)
    market.auctions[auction.number] = auction
    operations.stand(
        market,
        number,
        product=index,
        side=Side.SELL,
        price_fen=auction.floor_fen,
        quantity_t=auction.quantity_t,
        target=auction.number,
    )
    event = market.event(
        AuctionApplied,
        auction=auction.number,
        order=number,
        participant=auction.participant,
        key=market.hand.key,
        client_order=command.client_order,
        product=command.product,
        quantity_t=auction.quantity_t,
        floor_fen=auction.floor_fen,
        cap_fen=auction.cap_fen,
        price_mode=auction.price_mode,
        wished_begin_ns=auction.wished_begin_ns,
        wished_end_ns=auction.wished_end_ns,
    )
    return operations.answered(market, number, [event])


def _applied(market: Market, command: ApplyAuction, index: int, number: int) -> Auction:
    rules, reference = rules_of(market), market.references_fen[index]
    is_lower = command.floor is AuctionFloor.LOWER_LIMIT
    return Auction(
        number=len(market.auctions) + 1,
        date=market.date,
        order=number,
        participant=market.participant_of(market.hand.key),
        product=index,
        quantity_t=command.quantity_t,
        floor_fen=band_fen(reference, rules.floor_bp)[0] if is_lower else reference,  # R33
        cap_fen=band_fen(reference, rules.cap_bp)[1],
        price_mode=command.price_mode,
        wished_begin_ns=command.wished_begin_ns,
        wished_end_ns=command.wished_end_ns,
        time_ns=market.hand.time_ns,
    )


def _apply_broken(market: Market, command: ApplyAuction, index: int) -> Figures:
    rules = market.profile.auction
    if rules is None or command.floor not in rules.floors:
        return Reason.NOT_OFFERED, 0, 0
    if command.price_mode not in rules.price_modes:
        return Reason.NOT_OFFERED, 0, 0
    participant, tonnes = market.participant_of(market.hand.key), command.quantity_t
    lot_t, limit = market.profile.lot_size_t, market.profile.capacity.auctions
    return _first(
        lambda: operations.may_act(market, Method.AUCTION, participant, Side.SELL, is_wide=True),
        lambda: operations.product(market, index),
        lambda: operations.quantity(
            market, tonnes, lot_t, rules.quantity_t_min, rules.quantity_t_max
        ),
        lambda: OK if _can_wish(market, command) else (Reason.AUCTION_WINDOW_INVALID, 0, 0),
        lambda: OK if len(of_today(market)) < limit else (Reason.AUCTIONS_FULL, limit, 0),
        lambda: operations.means(market, participant, index, Side.SELL, 0, tonnes, Method.AUCTION),
    )


def _first(*checks: Callable[[], Figures]) -> Figures:
    """Return the first broken rule; a check may build on those before it."""
    for check in checks:
        broken = check()
        if broken != OK:
            return broken
    return OK


def _can_wish(market: Market, command: ApplyAuction) -> bool:
    begin, end = command.wished_begin_ns, command.wished_end_ns
    if begin == end == 0:
        return True
    return end > market.hand.time_ns and _is_window(market, begin, end)


def _is_window(market: Market, begin_ns: int, end_ns: int) -> bool:
    """Say whether a window lies inside one auction session of the day."""
    sessions = market.sessions[Method.AUCTION]
    return begin_ns < end_ns and any(
        opens <= begin_ns and end_ns <= closes for opens, closes in sessions
    )


# ---------------------------------------------------------------- decision


def announce(market: Market, action: AnnounceAuction, place: int) -> list[AnyEvent]:
    """Publish an auction with its window; from here on it binds its seller (R67)."""
    broken = _first(
        lambda: _decision_broken(market, action.auction),
        lambda: OK if _can_announce(market, action) else (Reason.AUCTION_WINDOW_INVALID, 0, 0),
    )
    if broken != OK:
        return [market.refused(broken, place)]
    auction = market.auctions[action.auction]
    auction.state = AuctionState.ANNOUNCED
    auction.begin_ns, auction.end_ns = action.begin_ns, action.end_ns
    operations.bind(market, auction.order, auction.number)
    market.bids[auction.number] = Bids()
    market.add_boundary(auction.end_ns)
    return [
        market.event(
            AuctionAnnounced,
            auction=auction.number,
            product=market.codes[auction.product],
            quantity_t=auction.quantity_t,
            floor_fen=auction.floor_fen,
            cap_fen=auction.cap_fen,
            price_mode=auction.price_mode,
            begin_ns=auction.begin_ns,
            end_ns=auction.end_ns,
        )
    ]


def _can_announce(market: Market, action: AnnounceAuction) -> bool:
    is_ahead = action.begin_ns >= market.hand.time_ns
    return is_ahead and _is_window(market, action.begin_ns, action.end_ns)


def _decision_broken(market: Market, number: int) -> Figures:
    auction = market.auctions.get(number)
    if auction is None:
        return Reason.AUCTION_UNKNOWN, number, 0
    if auction.state is not AuctionState.APPLIED:
        return Reason.AUCTION_NOT_APPLIED, number, 0
    return OK


def refuse(market: Market, action: RefuseAuction, place: int) -> list[AnyEvent]:
    """Refuse an application; its allowances are free again, and with its order the auction is over."""
    broken = _decision_broken(market, action.auction)
    if broken != OK:
        return [market.refused(broken, place)]
    auction = market.auctions[action.auction]
    refused = market.event(
        AuctionRefused,
        auction=auction.number,
        order=auction.order,
        participant=auction.participant,
        explanation=action.explanation,
    )
    return [refused, *operations.end(market, [auction.order], CancelCause.AUCTION)]


# ---------------------------------------------------------------- bids


def bid(market: Market, command: PlaceBid) -> list[AnyEvent]:
    """Bid in an open auction; the cash is locked until it is over or the bid withdrawn (R68)."""
    auction = market.auctions.get(command.auction)
    number = operations.number_order(
        market,
        command,
        product=auction.product if auction else operations.UNKNOWN,
        side=Side.BUY,
        price_fen=command.price_fen,
        quantity_t=command.quantity_t,
        target=command.auction,
    )
    if not isinstance(number, int):
        return number
    broken = _bid_broken(market, command, auction)
    if broken != OK or auction is None:
        return operations.refuse_order(market, number, broken)
    operations.stand(
        market,
        number,
        product=auction.product,
        side=Side.BUY,
        price_fen=command.price_fen,
        quantity_t=command.quantity_t,
        target=auction.number,
    )
    if not rules_of(market).bid_withdrawal:
        operations.bind(market, number, _IRREVOCABLE)
    market.bids[auction.number].add(bid_of(market.core.state.orders, number))
    event = market.event(
        BidPlaced,
        auction=auction.number,
        order=number,
        participant=market.participant_of(market.hand.key),
        key=market.hand.key,
        client_order=command.client_order,
        product=market.codes[auction.product],
        price_fen=command.price_fen,
        quantity_t=command.quantity_t,
    )
    return operations.answered(market, number, [event])


def _bid_broken(market: Market, command: PlaceBid, auction: Auction | None) -> Figures:
    participant, rules = market.participant_of(market.hand.key), market.profile.auction
    if rules is None:
        return Reason.NOT_OFFERED, 0, 0
    broken = operations.may_act(market, Method.AUCTION, participant, Side.BUY)
    if broken != OK:
        return broken
    if auction is None:
        return Reason.AUCTION_UNKNOWN, command.auction, 0
    index, price_fen, tonnes = auction.product, command.price_fen, command.quantity_t
    return _first(
        lambda: _not_open(market, auction),
        lambda: operations.product(market, index),
        lambda: (
            (Reason.OWN_AUCTION, auction.number, 0) if auction.participant == participant else OK
        ),
        lambda: operations.price(market, price_fen, auction.floor_fen, auction.cap_fen),
        lambda: operations.quantity(
            market, tonnes, rules.bid_lot_t, rules.bid_t_min, auction.quantity_t
        ),
        lambda: _no_room(market, auction, participant, tonnes),
        lambda: operations.means(
            market, participant, index, Side.BUY, price_fen, tonnes, Method.AUCTION
        ),
    )


def _not_open(market: Market, auction: Auction) -> Figures:
    is_announced = auction.state is AuctionState.ANNOUNCED
    if is_announced and auction.begin_ns <= market.hand.time_ns < auction.end_ns:
        return OK
    return Reason.AUCTION_NOT_OPEN, auction.number, auction.begin_ns


def _no_room(market: Market, auction: Auction, participant: int, quantity_t: int) -> Figures:
    """Say whether the bidder's share or the number of bids would be passed."""
    bids, limit = market.bids[auction.number], market.profile.capacity.bids
    most_t = auction.quantity_t * rules_of(market).bidder_share_bp // BASIS_POINTS  # rounds down
    sum_t = bids.of(participant) + quantity_t
    if sum_t > most_t:
        return Reason.BIDDER_SHARE_EXCEEDED, most_t, sum_t
    return (Reason.BIDS_FULL, limit, 0) if len(bids) >= limit else OK


# ---------------------------------------------------------------- shared with the end


def rules_of(market: Market) -> Rules:
    """Return the rules of auctions in a market that has them."""
    rules = market.profile.auction
    assert rules is not None
    return rules


def of_today(market: Market) -> list[Auction]:
    """Return the auctions applied for on the open day, the last one first."""
    return list(takewhile(lambda row: row.date == market.date, reversed(market.auctions.values())))
