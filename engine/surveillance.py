"""Surveillance (异常交易监控, R76): a pure consumer of events that finds patterns a person should look at.

It reads the same events as everybody, live or replayed, and decides nothing: the same events give the
same alerts whatever the batches were. Time is that of the events. Logins and groups of companies are
not in the events, so nothing here looks for them. An alert stays told when its trade is voided later.
"""

from collections.abc import Sequence
from typing import Final

from engine.events import (
    AllowanceSet,
    AnyEvent,
    AuctionAnnounced,
    AuctionEnded,
    BidPlaced,
    Cancelled,
    DayClosed,
    DayOpened,
    Halted,
    ListingPlaced,
    PhaseChanged,
    Reduced,
    ReferencePriceCorrected,
    ReferencePriceSet,
    Resumed,
    Traded,
    TradeFailed,
    TradeVoided,
    TransferredIn,
    TransferredOut,
)
from engine.profile import Profile
from engine.surveillance_alerts import RULES, Alert, Bounds, Rule, Severity
from engine.surveillance_auctions import AuctionRules
from engine.surveillance_day import WatchedDay
from engine.surveillance_orders import OrderRules
from engine.surveillance_parties import PartyRules
from engine.surveillance_prices import PriceRules

__all__ = ["RULES", "Alert", "Bounds", "Rule", "Severity", "Watch"]


class Watch:
    """Watches one market from its first event on; thresholds are `profile.surveillance`."""

    def __init__(self, profile: Profile, bounds: Bounds | None = None) -> None:
        self._day: Final = WatchedDay(profile, bounds or Bounds())
        self._prices: Final = PriceRules(self._day)
        self._orders: Final = OrderRules(self._day)
        self._parties: Final = PartyRules(self._day)
        self._auctions: Final = AuctionRules(self._day)
        self._rooms: Final = (self._prices, self._orders, self._parties, self._auctions)

    def take(self, events: Sequence[AnyEvent]) -> list[Alert]:
        """Take events in the order in which they happened and return the alerts that they raise."""
        for event in events:
            self._orders.keep_time(event)
            self._orders.count(event)
            self._see(event)
        return self._day.desk.drain()

    def held(self) -> dict[str, int]:
        """Return how much is remembered, by name of the bound that holds it."""
        held = {"listings": len(self._day.listings), "prints": len(self._day.prints)}
        for room in self._rooms:
            for name, count in room.held().items():
                held[name] = max(held.get(name, 0), count)
        return held

    def _see(self, event: AnyEvent) -> None:
        """Show an event to the rules first and to the day then: they compare with what was before."""
        match event:
            case ListingPlaced() | Traded() | Cancelled() | Reduced():
                self._see_order(event)
            case TradeVoided():
                self._parties.void(event)
                self._day.void(event)
                self._prices.void(event)
            case AuctionAnnounced() | BidPlaced():
                self._auctions.note(event)
            case AuctionEnded():
                self._auctions.end(event)
            case TransferredIn() | TransferredOut():
                self._parties.transfer(event)
            case TradeFailed():
                self._parties.fail(event)
            case AllowanceSet():
                self._parties.allow(event)
            case _:
                self._see_day(event)

    def _see_day(self, event: AnyEvent) -> None:
        match event:
            case DayOpened():
                self._day.open(event)
                for room in self._rooms:
                    room.open_day()
            case ReferencePriceSet() | ReferencePriceCorrected():
                self._day.references[event.product] = event
            case PhaseChanged():
                self._orders.change_phase(event)
            case Halted() | Resumed():
                self._orders.halt(event)
            case DayClosed():
                self._prices.close(event)
                self._parties.close(event)
            case _:
                pass

    def _see_order(self, event: ListingPlaced | Traded | Cancelled | Reduced) -> None:
        match event:
            case ListingPlaced():
                self._day.place(event)
            case Traded():
                self._prices.trade(event)
                self._parties.trade(event)
                self._orders.trade(event)
                self._auctions.trade(event)
                self._day.trade(event)
            case Reduced():
                self._day.reduce(event)
            case Cancelled():
                self._orders.cancel(event)
                self._day.cancel(event)
        self._orders.look_at_cross(event.product, event.time_ns)
