"""What the oracle shows of dialogues, auctions, halts and closures, each view computed anew."""

from engine.commands import Side
from engine.events import AuctionState, ClosureAdded
from engine.views import (
    ApplicationView,
    AuctionView,
    Depth,
    DepthLevel,
    GroupView,
    HaltView,
    Level,
    NegotiationView,
    OfferView,
    ShownListing,
)
from tests.oracle.block import OFFERS, may_answer
from tests.oracle.ending import open_orders, standing_bids
from tests.oracle.records import Auction
from tests.oracle.show import book
from tests.oracle.state import State

PUBLIC = (AuctionState.ANNOUNCED, AuctionState.SOLD, AuctionState.FAILED)


def groups(state: State, participant: int) -> tuple[GroupView, ...]:
    """Return a participant's own groups by name."""
    return tuple(
        GroupView(group=name, members=members)
        for (owner, name), members in sorted(state.groups.items())
        if owner == participant
    )


def depth(state: State, product: str, levels: int, count: int) -> Depth:
    """Return the best levels of both sides with the oldest listings of each."""
    shown = book(state, product, levels)
    return Depth(
        product=product,
        bids=tuple(_deep(state, product, Side.BUY, level, count) for level in shown.bids),
        asks=tuple(_deep(state, product, Side.SELL, level, count) for level in shown.asks),
    )


def _deep(state: State, product: str, side: Side, level: Level, count: int) -> DepthLevel:
    rows = list(state.books[product, side][level.price_fen].values())
    return DepthLevel(
        price_fen=level.price_fen,
        quantity_t=level.quantity_t,
        count=len(rows),
        listings=tuple(
            ShownListing(
                order=row.number,
                left_t=row.left_t,
                time_ns=row.time_ns,
                owner=_owner(state, row.participant),
            )
            for row in rows[:count]
        ),
    )


def _owner(state: State, participant: int) -> str:
    """Return what everybody may know of an owner."""
    told = {"code": f"P{participant:04}", "name": state.participants[participant].name}
    return told.get(state.profile.listed.owner_shown, "")


def offers(state: State, participant: int) -> tuple[OfferView, ...]:
    """Return the open offers that a participant made or may answer, by number."""
    return tuple(
        OfferView(
            order=order.number,
            participant=order.participant,
            members=may_answer(order),
            group=order.group if order.participant == participant else "",
            product=order.product,
            side=order.side,
            price_fen=order.price_fen,
            quantity_t=order.left_t,
            time_ns=order.time_ns,
        )
        for order in open_orders(state)
        if order.kind in OFFERS and participant in (order.participant, *may_answer(order))
    )


def negotiations(state: State, participant: int) -> tuple[NegotiationView, ...]:
    """Return the open negotiations of a participant by number."""
    views = []
    for _, talk in sorted(state.negotiations.items()):
        offer = state.orders[talk.offer]
        if participant not in (offer.participant, talk.counterparty):
            continue
        views.append(
            NegotiationView(
                negotiation=talk.number,
                offer=offer.number,
                offerer=offer.participant,
                counterparty=talk.counterparty,
                product=offer.product,
                side=offer.side,
                first_price_fen=offer.first_price_fen,
                first_quantity_t=offer.first_quantity_t,
                price_fen=talk.price_fen,
                quantity_t=talk.quantity_t,
                speaker=talk.speaker,
                text=talk.text,
                round=talk.round,
                terms=talk.terms,
                is_confirmed_by_offerer=offer.participant in talk.confirmed,
                is_confirmed_by_counterparty=talk.counterparty in talk.confirmed,
                time_ns=talk.time_ns,
            )
        )
    return tuple(views)


def auctions(state: State, date: str) -> tuple[AuctionView, ...]:
    """Return the auctions of a day that were announced, of the open or last one if no date."""
    day = date or state.date
    return tuple(
        AuctionView(
            auction=auction.number,
            date=auction.date,
            product=auction.product,
            quantity_t=auction.quantity_t,
            floor_fen=auction.floor_fen,
            cap_fen=auction.cap_fen,
            price_mode=auction.price_mode,
            begin_ns=auction.begin_ns,
            end_ns=auction.end_ns,
            state=auction.state,
            cause=auction.cause,
            bids=_bids(state, auction),
            price_fen=auction.price_fen,
            sold_t=auction.sold_t,
            amount_fen=auction.amount_fen,
            bid_t=auction.bid_t,
            bidders=auction.bidders,
            winners=auction.winners,
        )
        for auction in state.auctions.values()
        if auction.date == day and auction.state in PUBLIC
    )


def _bids(state: State, auction: Auction) -> tuple[Level, ...]:
    """Return the levels of standing bids as far as everybody may see them."""
    rules = state.profile.auction
    if rules is None or auction.state != AuctionState.ANNOUNCED:
        return ()
    rows = standing_bids(state, auction.number)
    levels = []
    for price in sorted({row.price_fen for row in rows}, reverse=True):
        level = [row.left_t for row in rows if row.price_fen == price]
        levels.append(Level(price, sum(level), len(level)))
    shown = {"hidden": 0, "best": 1, "ladder": len(levels)}[rules.bid_visibility]
    return tuple(levels[:shown])


def applications(state: State, participant: int = 0) -> tuple[ApplicationView, ...]:
    """Return a participant's auctions of all days, everybody's where it is 0."""
    return tuple(
        ApplicationView(
            auction=auction.number,
            order=auction.order,
            participant=auction.participant,
            product=auction.product,
            quantity_t=auction.quantity_t,
            floor_fen=auction.floor_fen,
            cap_fen=auction.cap_fen,
            price_mode=auction.price_mode,
            wished_begin_ns=auction.wished_begin_ns,
            wished_end_ns=auction.wished_end_ns,
            state=auction.state,
            time_ns=auction.time_ns,
        )
        for auction in state.auctions.values()
        if participant in (0, auction.participant)
    )


def halts(state: State) -> tuple[HaltView, ...]:
    """Return the halts that stand, by number."""
    return tuple(
        HaltView(
            halt=halt.number,
            scope=halt.scope,
            method=halt.method,
            product=halt.product,
            participant=halt.participant,
            person=halt.person,
            explanation=halt.explanation,
            time_ns=halt.time_ns,
        )
        for halt in state.halts.values()
    )


def closures(state: State) -> tuple[ClosureAdded, ...]:
    """Return the closures by date, past ones too, as they were told."""
    return tuple(state.closures[date] for date in sorted(state.closures))
