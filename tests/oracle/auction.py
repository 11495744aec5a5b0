"""The oracle's one-way auction: application, announcement, bids and result (R67-R72)."""

from engine.commands import (
    AnnounceAuction,
    ApplyAuction,
    AuctionFloor,
    CancelCause,
    Method,
    PlaceBid,
    PriceMode,
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
    FailureCause,
)
from engine.profile import Auction as Rules
from engine.reasons import Reason
from tests.oracle.allocation import Bid, Win, allocate
from tests.oracle.ending import fail, result, standing_bids, taken_back
from tests.oracle.groups import Answer
from tests.oracle.questions import (
    CANCEL_PHASES,
    OK,
    first,
    lot_broken,
    may_act,
    means_broken,
    method_halt,
    own_limit_broken,
    price_broken,
    product_broken,
    product_halt,
    product_halt_broken,
    size_broken,
)
from tests.oracle.records import Auction, Order
from tests.oracle.rules import band
from tests.oracle.standing import new_order, stand, trade
from tests.oracle.state import Figures, State

ALL_BP = 10_000


def _rules(state: State) -> Rules:
    rules = state.profile.auction
    assert rules is not None, "asked only where auctions are offered"
    return rules


# ---------------------------------------------------------------- application


def apply(state: State, command: ApplyAuction, party: int) -> Answer:
    """Let an application stand until the exchange announces or refuses it (R67)."""
    broken = _apply_broken(state, command, party)
    if broken != OK:
        return broken
    floor, cap = _limits(state, command)
    number = len(state.auctions) + 1
    order = new_order(
        state,
        command,
        product=command.product,
        side=Side.SELL,
        method=Method.AUCTION,
        price_fen=floor,
        quantity_t=command.quantity_t,
        left_t=command.quantity_t,
        auction=number,
    )
    stand(state, order)
    auction = Auction(
        number=number,
        date=state.date,
        order=order.number,
        participant=party,
        product=command.product,
        quantity_t=command.quantity_t,
        floor_fen=floor,
        cap_fen=cap,
        price_mode=command.price_mode,
        wished_begin_ns=command.wished_begin_ns,
        wished_end_ns=command.wished_end_ns,
        time_ns=state.time_ns,
    )
    state.auctions[number] = auction
    return [
        state.event(
            AuctionApplied,
            auction=number,
            order=order.number,
            participant=party,
            key=state.key,
            client_order=command.client_order,
            product=command.product,
            quantity_t=command.quantity_t,
            floor_fen=floor,
            cap_fen=cap,
            price_mode=command.price_mode,
            wished_begin_ns=command.wished_begin_ns,
            wished_end_ns=command.wished_end_ns,
        )
    ]


def _apply_broken(state: State, command: ApplyAuction, party: int) -> Figures:
    rules = state.profile.auction
    if (
        rules is None
        or command.floor not in rules.floors
        or command.price_mode not in rules.price_modes
    ):
        return Reason.NOT_OFFERED, 0, 0
    tonnes = command.quantity_t
    broken = first(
        may_act(state, Method.AUCTION, party, Side.SELL, *CANCEL_PHASES),
        product_broken(state, command.product),
        lot_broken(state, tonnes),
        size_broken(tonnes, rules.quantity_t_min, rules.quantity_t_max),
        own_limit_broken(state, tonnes),
    )
    if broken != OK:
        return broken
    if not _wish_is_good(state, command.wished_begin_ns, command.wished_end_ns):
        return Reason.AUCTION_WINDOW_INVALID, 0, 0
    limit = state.profile.capacity.auctions
    if sum(auction.date == state.date for auction in state.auctions.values()) >= limit:
        return Reason.AUCTIONS_FULL, limit, 0
    floor, _ = _limits(state, command)
    return means_broken(state, party, command.product, Side.SELL, floor, tonnes, Method.AUCTION)


def _limits(state: State, command: ApplyAuction) -> tuple[int, int]:
    """Return floor and cap: the reference or so much under it, and so much over it (R33)."""
    rules, reference = _rules(state), state.products[command.product].reference_fen
    cap = band(reference, rules.cap_bp)[1]
    if command.floor == AuctionFloor.PREVIOUS_CLOSE:
        return reference, cap
    return band(reference, rules.floor_bp)[0], cap


def _is_inside_a_session(state: State, begin_ns: int, end_ns: int) -> bool:
    sessions = state.methods[Method.AUCTION].sessions
    return begin_ns < end_ns and any(
        first_ns <= begin_ns and end_ns <= last_ns for first_ns, last_ns in sessions
    )


def _wish_is_good(state: State, begin_ns: int, end_ns: int) -> bool:
    if (begin_ns, end_ns) == (0, 0):
        return True
    return _is_inside_a_session(state, begin_ns, end_ns) and end_ns > state.time_ns


# ---------------------------------------------------------------- the exchange's decision


def _waiting_broken(state: State, number: int) -> Figures:
    if number not in state.auctions:
        return Reason.AUCTION_UNKNOWN, number, 0
    if state.auctions[number].state != AuctionState.APPLIED:
        return Reason.AUCTION_NOT_APPLIED, number, 0
    return OK


def announce(state: State, action: AnnounceAuction, place: int) -> list[AnyEvent]:
    """Publish an auction with its window; from now on it binds its seller."""
    broken = _waiting_broken(state, action.auction)
    if broken == OK and not (
        action.begin_ns >= state.time_ns
        and _is_inside_a_session(state, action.begin_ns, action.end_ns)
    ):
        broken = Reason.AUCTION_WINDOW_INVALID, 0, 0
    if broken != OK:
        return [state.refused(broken, action=place)]
    auction = state.auctions[action.auction]
    auction.state = AuctionState.ANNOUNCED
    auction.begin_ns, auction.end_ns = action.begin_ns, action.end_ns
    if auction.end_ns not in state.agenda:
        state.agenda.add(auction.end_ns)
    return [
        state.event(
            AuctionAnnounced,
            auction=auction.number,
            product=auction.product,
            quantity_t=auction.quantity_t,
            floor_fen=auction.floor_fen,
            cap_fen=auction.cap_fen,
            price_mode=auction.price_mode,
            begin_ns=auction.begin_ns,
            end_ns=auction.end_ns,
        )
    ]


def refuse(state: State, action: RefuseAuction, place: int) -> list[AnyEvent]:
    """Refuse an application; its allowances are free again."""
    broken = _waiting_broken(state, action.auction)
    if broken != OK:
        return [state.refused(broken, action=place)]
    auction = state.auctions[action.auction]
    auction.state = AuctionState.ENDED
    refused = state.event(
        AuctionRefused,
        auction=auction.number,
        order=auction.order,
        participant=auction.participant,
        explanation=action.explanation,
    )
    return [refused, *taken_back(state, [state.orders[auction.order]], CancelCause.AUCTION)]


# ---------------------------------------------------------------- bids


def bid(state: State, command: PlaceBid, party: int) -> Answer:
    """Let a bid stand until the window ends (R68)."""
    broken = _bid_broken(state, command, party)
    if broken != OK:
        return broken
    auction = state.auctions[command.auction]
    order = new_order(
        state,
        command,
        product=auction.product,
        side=Side.BUY,
        method=Method.AUCTION,
        price_fen=command.price_fen,
        quantity_t=command.quantity_t,
        left_t=command.quantity_t,
        auction=auction.number,
    )
    stand(state, order)
    return [
        state.event(
            BidPlaced,
            auction=auction.number,
            order=order.number,
            participant=party,
            key=state.key,
            client_order=command.client_order,
            product=auction.product,
            price_fen=command.price_fen,
            quantity_t=command.quantity_t,
        )
    ]


def _bid_broken(state: State, command: PlaceBid, party: int) -> Figures:
    broken = may_act(state, Method.AUCTION, party, Side.BUY)
    if broken != OK:
        return broken
    auction = state.auctions.get(command.auction)
    if auction is None:
        return Reason.AUCTION_UNKNOWN, command.auction, 0
    is_on = auction.begin_ns <= state.time_ns < auction.end_ns
    if auction.state != AuctionState.ANNOUNCED or not is_on:
        return Reason.AUCTION_NOT_OPEN, auction.number, auction.begin_ns
    broken = product_halt_broken(state, auction.product)
    if broken != OK:
        return broken
    if auction.participant == party:
        return Reason.OWN_AUCTION, auction.number, 0
    rules, price, tonnes = _rules(state), command.price_fen, command.quantity_t
    return first(
        price_broken(state, price, (auction.floor_fen, auction.cap_fen)),
        lot_broken(state, tonnes, rules.bid_lot_t),
        size_broken(tonnes, rules.bid_t_min, auction.quantity_t),
        own_limit_broken(state, tonnes),
        _share_broken(state, auction, party, tonnes),
        means_broken(state, party, auction.product, Side.BUY, price, tonnes, Method.AUCTION),
    )


def _share_broken(state: State, auction: Auction, party: int, tonnes: int) -> Figures:
    """Say whether a bidder's bids sum to more than its share, or the auction has room for no more."""
    bids = standing_bids(state, auction.number)
    most = auction.quantity_t * _rules(state).bidder_share_bp // ALL_BP  # rounds down
    total = tonnes + sum(order.left_t for order in bids if order.participant == party)
    if total > most:
        return Reason.BIDDER_SHARE_EXCEEDED, most, total
    limit = state.profile.capacity.bids
    return (Reason.BIDS_FULL, limit, 0) if len(bids) >= limit else OK


# ---------------------------------------------------------------- results


def end_due(state: State, boundary_ns: int) -> list[AnyEvent]:
    """End the auctions whose window ends at a boundary, by number."""
    events: list[AnyEvent] = []
    for auction in state.auctions.values():
        if auction.state == AuctionState.ANNOUNCED and auction.end_ns == boundary_ns:
            events += _end(state, auction)
    return events


def _end(state: State, auction: Auction) -> list[AnyEvent]:
    bids = standing_bids(state, auction.number)
    if method_halt(state, Method.AUCTION) or product_halt(state, auction.product):
        return fail(state, auction, FailureCause.HALTED, bids)
    if not bids:
        return fail(state, auction, FailureCause.NO_BIDS, bids)
    is_covered = sum(order.left_t for order in bids) >= auction.quantity_t
    if _rules(state).undersubscribed == "cancel" and not is_covered:
        return fail(state, auction, FailureCause.UNDERSUBSCRIBED, bids)
    return _sell(state, auction, bids)


def _sell(state: State, auction: Auction, bids: list[Order]) -> list[AnyEvent]:
    rules, application = _rules(state), state.orders[auction.order]
    wins: list[Win] = allocate(
        [Bid(row.number, row.time_ns, row.price_fen, row.left_t) for row in bids],
        auction.quantity_t,
        rules.ties,
        rules.bid_lot_t,
    )
    is_uniform = auction.price_mode == PriceMode.UNIFORM
    lowest = min(win.price_fen for win in wins)
    events: list[AnyEvent] = []
    for win in wins:
        price = lowest if is_uniform else win.price_fen
        traded = trade(state, application, state.orders[win.order], win.quantity_t, price)
        auction.sold_t += win.quantity_t
        auction.amount_fen += price * win.quantity_t
        events.append(traded)
    events += taken_back(state, [row for row in bids if row.is_open], CancelCause.AUCTION)
    if application.is_open:
        events += taken_back(state, [application], CancelCause.AUCTION)
    auction.state = AuctionState.SOLD
    auction.price_fen = lowest if is_uniform else 0
    auction.winners = len({state.orders[win.order].participant for win in wins})
    return [*events, result(state, auction, bids, len(wins))]


def correct(state: State, product: str) -> list[AnyEvent]:
    """End the auctions of a product whose reference price was corrected, by number."""
    events: list[AnyEvent] = []
    for auction in state.auctions.values():
        if auction.product != product:
            continue
        if auction.state == AuctionState.ANNOUNCED:
            bids = standing_bids(state, auction.number)
            events += fail(state, auction, FailureCause.REFERENCE, bids)
        elif auction.state == AuctionState.APPLIED:
            auction.state = AuctionState.ENDED
            events += taken_back(state, [state.orders[auction.order]], CancelCause.AUCTION)
    return events
