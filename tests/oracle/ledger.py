"""Cash and holdings of every participant as plain counters, moved by the postings of the rulebook.

Letters as in the design, section 6: cash S settled, L locked, P payable, R proceeds of sales not yet
settled; per product A available, L locked, D sold, I bought, F delivered, J frozen.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from tests.oracle.records import Trade


@dataclass
class Purse:
    """Cash of one participant in fen."""

    settled: int = 0
    locked: int = 0
    payable: int = 0
    proceeds: int = 0

    @property
    def available(self) -> int:
        """What can be spent on purchases: sale proceeds count at once (R56)."""
        return self.settled + self.proceeds - self.locked - self.payable

    @property
    def withdrawable(self) -> int:
        """What can leave: never proceeds that are not settled (R57)."""
        return max(0, self.settled - self.locked - self.payable)


@dataclass
class Shelf:
    """One participant's tonnes of one product."""

    available: int = 0
    locked: int = 0
    sold: int = 0
    bought: int = 0
    delivered: int = 0
    frozen: int = 0

    def is_empty(self) -> bool:
        """Say whether no letter holds a tonne."""
        return self == Shelf()


def _shelves() -> "defaultdict[str, Shelf]":
    return defaultdict(Shelf)


@dataclass
class Ledger:
    """All purses and shelves."""

    purses: defaultdict[int, Purse] = field(default_factory=lambda: defaultdict(Purse))
    shelves: defaultdict[int, defaultdict[str, Shelf]] = field(
        default_factory=lambda: defaultdict(_shelves)
    )

    def lock(self, participant: int, product: str, cash_fen: int, tonnes: int) -> None:
        """Set aside what an accepted order may need (R54): cash of a buyer, tonnes of a seller."""
        self.purses[participant].locked += cash_fen
        shelf = self.shelves[participant][product]
        shelf.available -= tonnes
        shelf.locked += tonnes

    def trade(self, trade: Trade) -> None:
        """Post a trade between two parties whose cash and tonnes are both free (locks undone first)."""
        self.shelves[trade.seller][trade.product].available -= trade.quantity_t
        self.shelves[trade.seller][trade.product].sold += trade.quantity_t
        self.shelves[trade.buyer][trade.product].bought += trade.quantity_t
        self.purses[trade.buyer].payable += trade.amount_fen + trade.buyer_fee_fen
        self.purses[trade.seller].proceeds += trade.amount_fen - trade.seller_fee_fen

    def settle(self, trade: Trade) -> None:
        """Post the registry's delivery against payment (R91): sellable from the next day."""
        self.shelves[trade.seller][trade.product].sold -= trade.quantity_t
        self.shelves[trade.buyer][trade.product].bought -= trade.quantity_t
        self.shelves[trade.buyer][trade.product].delivered += trade.quantity_t
        paid, received = self._sums(trade)
        self.purses[trade.buyer].settled -= paid
        self.purses[trade.buyer].payable -= paid
        self.purses[trade.seller].proceeds -= received
        self.purses[trade.seller].settled += received

    def unwind(self, trade: Trade) -> None:
        """Take back a trade that could not be settled, or was voided."""
        self.shelves[trade.seller][trade.product].sold -= trade.quantity_t
        self.shelves[trade.seller][trade.product].available += trade.quantity_t
        self.shelves[trade.buyer][trade.product].bought -= trade.quantity_t
        paid, received = self._sums(trade)
        self.purses[trade.buyer].payable -= paid
        self.purses[trade.seller].proceeds -= received

    def _sums(self, trade: Trade) -> tuple[int, int]:
        """Return what the buyer pays and what the seller gets."""
        return trade.amount_fen + trade.buyer_fee_fen, trade.amount_fen - trade.seller_fee_fen

    def roll(self) -> None:
        """Begin a trading day: what was delivered becomes sellable (R56)."""
        for shelves in self.shelves.values():
            for shelf in shelves.values():
                shelf.available += shelf.delivered
                shelf.delivered = 0
