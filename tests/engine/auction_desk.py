"""A market with one seller and some bidders whose auctions are told in a few words.

The reference is 48.00, so the floors are 48.00 or 43.20 and the cap is 52.80. Whatever is sent, the
exchange checks all its invariants afterwards, and a refusal must leave every account as it was.
"""

from typing import Any

from msgspec import structs

from engine.commands import (
    AnnounceAuction,
    AnyCommand,
    ApplyAuction,
    AuctionFloor,
    CancelOrder,
    Entry,
    PlaceBid,
    PriceMode,
    ReferenceBasis,
    RefuseAuction,
)
from engine.events import (
    AnyEvent,
    AuctionAnnounced,
    AuctionApplied,
    AuctionEnded,
    BidPlaced,
    Cancelled,
    Refused,
    Traded,
)
from engine.exchange import Exchange
from engine.profile import Profile
from engine.reasons import Reason
from engine.views import ApplicationView, AuctionView
from tests.markets import FIRST_DATE, PRODUCT, Desk, national, trader

SELLER = 1
REFERENCE_FEN, LOWER_FEN, CAP_FEN = 4_800, 4_320, 5_280
CASH_FEN, TONNES = 10**11, 1_000_000
LOWER, CLOSE = AuctionFloor.LOWER_LIMIT, AuctionFloor.PREVIOUS_CLOSE
UNIFORM, PAY_AS_BID = PriceMode.UNIFORM, PriceMode.PAY_AS_BID


def auction_rules(**changes: Any) -> Profile:
    """Return the national profile with other rules of auctions."""
    profile = national()
    assert profile.auction is not None
    return structs.replace(profile, auction=structs.replace(profile.auction, **changes))


def with_capacity(profile: Profile, **changes: int) -> Profile:
    """Return a profile with other limits."""
    return structs.replace(profile, capacity=structs.replace(profile.capacity, **changes))


class Checked:
    """An exchange that checks itself after every command and lets a refusal change no account."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.entries: list[Entry] = []

    def apply(self, entry: Entry) -> list[AnyEvent]:
        before = self._all()
        events = self.exchange.apply(entry)
        self.entries.append(entry)
        self.exchange.check()
        if events and all(isinstance(event, Refused) for event in events):
            assert self._all() == before, events
        return events

    def _all(self) -> object:
        exchange = self.exchange
        accounts = [exchange.account(row.participant) for row in exchange.participants()]
        return accounts, exchange.auctions(), exchange.applications(0)


class House:
    """The national market at 08:30 of its first day; participant 1 sells, the others bid."""

    def __init__(self, profile: Profile | None = None, bidders: int = 5) -> None:
        whole = profile or national()
        if whole.capacity == national().capacity:  # a small market starts sooner
            whole = with_capacity(whole, participants=16, keys=32, orders_per_day=400, levels=2_000)
        self.exchange = Exchange(whole)
        self.checked = Checked(self.exchange)
        self.desk = Desk(self.checked)
        self.desk.found(bidders + 1)
        self.desk.open_day(FIRST_DATE)
        for participant in range(1, bidders + 2):
            self.desk.endow(participant, CASH_FEN, TONNES)

    def open(self) -> None:
        """Set the reference price of the day."""
        self.desk.set_reference(REFERENCE_FEN, basis=ReferenceBasis.ADMINISTRATIVE)

    # ------------------------------------------------------------ commands

    def apply(
        self, quantity_t: int = 100_000, participant: int = SELLER, **fields: Any
    ) -> AnyEvent:
        """Apply for an auction."""
        whole = {"product": PRODUCT, "floor": LOWER, "price_mode": UNIFORM} | fields
        command = ApplyAuction(
            quantity_t=quantity_t,
            client_order=whole.pop("client_order", 0) or self.desk.next_client_order(),
            **whole,
        )
        return self.desk.one(trader(participant), command)

    def announce(self, auction: int = 1, begin: str = "10:00", end: str = "10:30") -> AnyEvent:
        """Let two operators announce an auction."""
        action = AnnounceAuction(
            auction=auction, begin_ns=self.desk.clock(begin), end_ns=self.desk.clock(end)
        )
        (event,) = self.desk.approve(action)
        return event

    def refuse(self, auction: int = 1) -> list[AnyEvent]:
        """Let two operators refuse an application."""
        return self.desk.approve(RefuseAuction(auction=auction, explanation="演示"))

    def begin(self, quantity_t: int = 100_000, **fields: Any) -> None:
        """Apply, announce and let the window begin at 10:00."""
        self.open()
        assert isinstance(self.apply(quantity_t, **fields), AuctionApplied)
        assert isinstance(self.announce(), AuctionAnnounced)
        self.desk.advance("10:00")

    def try_bid(
        self, participant: int, price_fen: int, quantity_t: int, auction: int = 1
    ) -> AnyEvent:
        """Bid, whatever the answer."""
        return self.desk.one(trader(participant), self.bid_command(price_fen, quantity_t, auction))

    def bid_command(self, price_fen: int, quantity_t: int, auction: int = 1) -> PlaceBid:
        """Return a bid with a new client order number."""
        return PlaceBid(
            auction=auction,
            price_fen=price_fen,
            quantity_t=quantity_t,
            client_order=self.desk.next_client_order(),
        )

    def bid(self, participant: int, price_fen: int, quantity_t: int, auction: int = 1) -> int:
        """Bid and return the order number."""
        placed = self.try_bid(participant, price_fen, quantity_t, auction)
        assert isinstance(placed, BidPlaced), placed
        return placed.order

    def cancel(self, participant: int, order: int) -> AnyEvent:
        """Take back an order."""
        command = CancelOrder(order=order, client_order=self.desk.next_client_order())
        return self.desk.one(trader(participant), command)

    def send(self, key: int, command: AnyCommand) -> list[AnyEvent]:
        """Send any command."""
        return self.desk.send(key, command)

    # ------------------------------------------------------------ looking

    def auction(self, number: int = 1) -> AuctionView:
        """Return what everybody sees of an auction of the day."""
        return next(row for row in self.exchange.auctions() if row.auction == number)

    def application(self, number: int = 1) -> ApplicationView:
        """Return what the seller sees of its auction."""
        return next(row for row in self.exchange.applications(SELLER) if row.auction == number)

    def locked_fen(self, participant: int) -> int:
        """Return the cash that a participant's orders lock."""
        return self.exchange.account(participant).cash.locked_fen

    def locked_t(self, participant: int = SELLER) -> int:
        """Return the tonnes that a participant's orders lock."""
        return self.exchange.account(participant).holdings[0].locked_t


def broken(event: AnyEvent) -> tuple[Reason, int, int]:
    """Return reason and figures of a refusal."""
    assert isinstance(event, Refused), event
    return event.reason, event.figure_a, event.figure_b


def taken_back(events: list[AnyEvent]) -> list[tuple[int, int]]:
    """Return order and tonnes of the cancelled events, in their order."""
    return [(event.order, event.quantity_t) for event in events if isinstance(event, Cancelled)]


def ended(events: list[AnyEvent]) -> AuctionEnded:
    """Return the one result among events."""
    (result,) = (event for event in events if isinstance(event, AuctionEnded))
    return result


def told(events: list[AnyEvent]) -> list[tuple[int, int, int]]:
    """Return order, price and tonnes of each trade."""
    return [(e.order, e.price_fen, e.quantity_t) for e in events if isinstance(e, Traded)]
