"""What the exchange keeps of an auction: its record for ever, its standing bids while it is open.

The record is state. The sorted bids follow from the core's order rows and are made again from them.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from msgspec import Struct
from sortedcontainers import SortedKeyList

from engine.auction_allocation import Bid, rank_of
from engine.commands import PriceMode
from engine.core.layout import Rows
from engine.events import AuctionState, FailureCause
from engine.views import Level


class Auction(Struct, kw_only=True):
    """One auction from its application on; numbers run for the life of the market."""

    number: int
    date: str
    order: int
    """Number of its application among the orders of that date."""
    participant: int
    product: int
    """Index in the profile's list."""
    quantity_t: int
    floor_fen: int
    cap_fen: int
    price_mode: PriceMode
    wished_begin_ns: int
    wished_end_ns: int
    time_ns: int
    """When it was applied for."""
    state: AuctionState = AuctionState.APPLIED
    begin_ns: int = 0
    """The announced window, 0 and 0 before."""
    end_ns: int = 0
    cause: FailureCause = FailureCause.NONE
    price_fen: int = 0
    """This and the rest are the result."""
    sold_t: int = 0
    amount_fen: int = 0
    bid_t: int = 0
    bidders: int = 0
    winners: int = 0


def bid_of(orders: Rows, number: int) -> Bid:
    """Return the bid that an order row is."""
    row = orders[number]
    return Bid(
        order=number,
        time_ns=int(row["time_ns"]),
        participant=int(row["participant"]),
        price_fen=int(row["price_fen"]),
        quantity_t=int(row["quantity_t"]),
    )


class Bids:
    """The standing bids of one announced auction, best price first, then by order number (R68)."""

    def __init__(self) -> None:
        self._ranked: Final = SortedKeyList(key=rank_of)
        self._bidders_t: Final[dict[int, int]] = {}
        self.total_t = 0

    def __len__(self) -> int:
        return len(self._ranked)

    def __iter__(self) -> Iterator[Bid]:
        return iter(self._ranked)

    @property
    def bidders(self) -> int:
        """How many participants have bids."""
        return len(self._bidders_t)

    def of(self, participant: int) -> int:
        """Return the tonnes that a participant's bids sum to."""
        return self._bidders_t.get(participant, 0)

    def add(self, bid: Bid) -> None:
        """Let a bid stand."""
        self._ranked.add(bid)
        self._bidders_t[bid.participant] = self.of(bid.participant) + bid.quantity_t
        self.total_t += bid.quantity_t

    def remove(self, bid: Bid) -> None:
        """Take back a bid that stands."""
        self._ranked.remove(bid)
        self._bidders_t[bid.participant] -= bid.quantity_t
        if self._bidders_t[bid.participant] == 0:
            del self._bidders_t[bid.participant]
        self.total_t -= bid.quantity_t

    def levels(self) -> Iterator[Level]:
        """Yield the price levels, best first."""
        for price_fen, at_one_price in groupby(self._ranked, key=lambda bid: bid.price_fen):
            quantities_t = [bid.quantity_t for bid in at_one_price]
            yield Level(price_fen, sum(quantities_t), len(quantities_t))
