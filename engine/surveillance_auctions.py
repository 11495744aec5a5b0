"""Surveillance of auctions: sold with hardly anybody bidding."""

from collections import deque
from typing import Final

from msgspec import Struct

from engine.commands import Method
from engine.events import AuctionAnnounced, AuctionEnded, AuctionState, BidPlaced, Traded
from engine.surveillance_alerts import Rule
from engine.surveillance_day import WatchedDay


class Held(Struct):
    """What led to an auction's result: its announcement and its last bids."""

    proof: deque[int]


class AuctionRules:
    """Sees applications, bids and results; the trades of a result come before it in the same command."""

    def __init__(self, day: WatchedDay) -> None:
        self._day: Final = day
        self._auctions: Final[dict[int, Held]] = {}
        self._parties: Final = day.proof()
        """Seller and winners of the result in hand, as many as an alert names."""

    def held(self) -> dict[str, int]:
        """Return how much is remembered, by name of its bound."""
        return {"auctions": len(self._auctions)}

    def open_day(self) -> None:
        """Forget the day before."""
        self._auctions.clear()
        self._parties.clear()

    def note(self, event: AuctionAnnounced | BidPlaced) -> None:
        """Remember the way to a result."""
        fresh = Held(self._day.proof())
        held = self._day.keep(self._auctions, event.auction, fresh, event, "auctions")
        if held is not None:
            held.proof.append(event.sequence)

    def trade(self, event: Traded) -> None:
        """Note the parties of a result."""
        if event.method != Method.AUCTION:
            return
        for number in (event.counterparty, event.participant):
            if number not in self._parties:
                self._parties.append(number)

    def end(self, event: AuctionEnded) -> None:
        """Look at a result."""
        parties = tuple(self._parties)
        self._parties.clear()
        held = self._auctions.get(event.auction)
        if event.state != AuctionState.SOLD or held is None:
            return
        if event.bidders >= self._day.rules.auction_bidders_min:
            return
        figures = {
            "auction": event.auction,
            "bidders": event.bidders,
            "bids": event.bids,
            "quantity_t": event.sold_t,
            "offered_t": event.offered_t,
        }
        proof = (*held.proof, event.sequence)
        self._day.desk.raise_alert(Rule.FEW_BIDDERS, event, event.product, parties, figures, proof)
