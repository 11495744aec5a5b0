"""Markets that come back from their snapshots, and the comparison of everything inside two of them."""

from random import Random

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from engine.commands import (
    AnyCommand,
    CancelOrder,
    Entry,
    Method,
    OfferBlock,
    OfferBlockToGroup,
    PickListing,
    PlaceBid,
    PlaceListing,
    Propose,
    Side,
)
from engine.core.layout import SINGLE, State
from engine.digest import live_numbers
from engine.events import AnyEvent, AuctionState, BlockOffered, Cancelled, Repeated
from engine.exchange import Exchange
from engine.market import Market
from engine.profile import Profile
from tests.markets import OPERATOR_ONE, PRODUCT, Desk, Twins, admission, first_day, trader

RESTART_EVERY = 40
"""A restart comes on average after so many commands."""
SITUATIONS = {
    "no day yet", "open listings", "open offers", "unsettled today", "unsettled of earlier days",
    "waiting proposals", "remembered orders", "remembered cancels", "day closed", "repeat",
    "groups", "talks", "group offers", "halts", "closures", "voided trades",
}  # fmt: skip
OF_AUCTIONS = {"applications", "announced auctions", "standing bids", "auctions of earlier days"}
"""Where auctions are small enough to be common."""
FLEETING = {"first_times", "ends", "entry"}
"""What lives only while an entry is in hand, or until the next run."""


def market_of(exchange: Exchange) -> Market:
    """Return what is inside an exchange."""
    return exchange._market


def exchange_of(desk: Desk) -> Exchange:
    """Return the engine behind a desk of twins."""
    assert isinstance(desk.market, Twins)
    return desk.market.exchange


def back(exchange: Exchange) -> Exchange:
    """Return the exchange restored from its snapshot, after comparing everything inside both."""
    data = exchange.snapshot()
    restored = Exchange.from_snapshot(exchange.profile, data)
    assert exchange.snapshot() == data, "taking a snapshot changed something"
    assert restored.snapshot() == data, "the snapshot of a snapshot differs"
    assert restored.event_digest() == exchange.event_digest()
    assert restored.state_digest() == exchange.state_digest()
    same_inside(market_of(exchange), market_of(restored))
    return restored


def same_inside(live: Market, restored: Market) -> None:
    """Compare every attribute and every array, also those that no digest covers."""
    for name, value in vars(live).items():
        if name not in {"core", "days", "bids", *FLEETING}:
            assert vars(restored)[name] == value, name
    assert {number: list(bids) for number, bids in live.bids.items()} == {
        number: list(bids) for number, bids in restored.bids.items()
    }
    assert len(live.days) == len(restored.days)
    for old, new in zip(live.days, restored.days, strict=True):
        assert (old.date, old.first) == (new.date, new.first)
        assert np.array_equal(old.rows, new.rows)
        assert new.rows.flags.writeable, "a trade of an earlier day can still be settled"
    assert live_numbers(live) == live_numbers(restored)
    assert live.core.market["boundary_ns"] == restored.core.market["boundary_ns"]
    for name in set(State._fields) - set(SINGLE) - FLEETING:
        assert np.array_equal(_comparable(live, name), _comparable(restored, name)), name


def _comparable(market: Market, name: str) -> NDArray[np.void]:
    """Return an array without what nobody can ask for."""
    state = market.core.state
    rows: NDArray[np.void] = getattr(state, name)
    if name == "orders":
        return rows[1:]  # row 0 takes the links to nobody
    if name == "slots":
        return np.sort(rows)  # answers alike wherever a number stands behind its home
    if name == "ladders":  # where a product has no reference today, an origin is an old one
        rows = rows.copy()
        has_band = np.repeat(state.products["has_reference"] == 1, 2)
        for field in ("origin_fen", "step_fen"):
            rows[field][~has_band] = 0
    return rows


class Mortal(Twins):
    """Twins whose engine ends now and then and comes back from its snapshot."""

    def __init__(self, profile: Profile) -> None:
        super().__init__(profile)
        self.random = Random(7)
        self.restarted_at = 0
        self.restarts = 0
        self.seen: set[str] = set()

    def apply(self, entry: Entry) -> list[AnyEvent]:
        """Take one entry, perhaps after a restart."""
        if self.random.randrange(RESTART_EVERY) == 0 or self.restarts == 0:
            self.restart()
        events = super().apply(entry)
        for event in events:
            if isinstance(event, Repeated) and event.answer.sequence <= self.restarted_at:
                self.seen.add("repeat")
        return events

    def restart(self) -> None:
        """Go on with the restored exchange and note in which situations that was."""
        self._look_around()
        self.exchange = back(self.exchange)
        self.restarted_at = self.exchange.sequence
        self.restarts += 1

    def _look_around(self) -> None:
        exchange, market = self.exchange, market_of(self.exchange)
        numbers = [row.participant for row in exchange.participants()]
        standing = [row for number in numbers for row in exchange.orders(number) if row.is_open]
        is_true = {
            "no day yet": not market.date,
            "open listings": any(row.method == Method.LISTED for row in standing),
            "open offers": any(row.method == Method.BLOCK for row in standing),
            "unsettled today": len(exchange.unsettled()) > len(market.unsettled),
            "unsettled of earlier days": bool(market.unsettled),
            "waiting proposals": bool(exchange.proposals()),
            "remembered orders": bool(market.core.market["order_count"]),
            "remembered cancels": bool(market.core.market["cancel_count"]),
            "day closed": bool(market.bulletins) and not market.is_day_open,
        }
        is_true |= self._look_at_dialogues()
        self.seen |= {name for name, holds in is_true.items() if holds}

    def _look_at_dialogues(self) -> dict[str, bool]:
        state = self.oracle.state
        standing = [order for order in state.orders.values() if order.is_open]
        auctions = state.auctions.values()
        return {
            "groups": bool(state.groups),
            "talks": bool(state.negotiations),
            "group offers": any(order.kind is OfferBlockToGroup for order in standing),
            "halts": bool(state.halts),
            "closures": bool(state.closures),
            "voided trades": any(trade.state == "voided" for trade in state.day_trades),
            "applications": any(row.state == AuctionState.APPLIED for row in auctions),
            "announced auctions": any(row.state == AuctionState.ANNOUNCED for row in auctions),
            "standing bids": any(order.kind is PlaceBid for order in standing),
            "auctions of earlier days": any(row.date < state.date for row in auctions),
        }


Remembered = dict[AnyCommand, AnyEvent]
"""Order commands of participant 1 and their first answers."""


def middle_of_a_day(profile: Profile) -> tuple[Desk, Remembered]:
    """Return a second day at half past one: two listings on a level, an offer, a proposal, an open trade."""
    desk = first_day(Twins(profile))
    desk.listing(1, Side.SELL, 4_800, 100)
    desk.one(trader(2), PickListing(listing=1, quantity_t=100, client_order=1))
    desk.advance("15:00")
    desk.open_day("2021-07-19")
    desk.set_reference(4_800)
    desk.advance("13:30")
    listing = PlaceListing(
        product=PRODUCT, side=Side.SELL, price_fen=4_810, quantity_t=50, client_order=77
    )
    offer = OfferBlock(
        product=PRODUCT,
        side=Side.SELL,
        price_fen=4_700,
        quantity_t=100_000,
        counterparty=2,
        client_order=78,
    )
    remembered: Remembered = {listing: desk.one(trader(1), listing)}
    desk.listing(3, Side.SELL, 4_810, 60)
    remembered[offer] = desk.one(trader(1), offer)
    assert isinstance(remembered[offer], BlockOffered)
    desk.listing(1, Side.SELL, 4_820, 70)
    cancel = CancelOrder(order=4, client_order=79)
    remembered[cancel] = desk.one(trader(1), cancel)
    assert isinstance(remembered[cancel], Cancelled)
    refused = structs.replace(listing, price_fen=9_620, client_order=80)  # outside the band
    remembered[refused] = desk.one(trader(1), refused)
    desk.one(OPERATOR_ONE, Propose(actions=(admission(4),), reason="演示"))
    return desk, remembered
