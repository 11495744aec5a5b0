"""Cash and holdings of every participant as plain counters, moved by the postings of the rulebook.

Letters as in the design, section 6: cash S settled, L locked, P payable, R proceeds of sales not yet
settled; per product A available, L locked, D sold, I bought, F delivered, J frozen.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from engine.commands import Side


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

    def lock(self, participant: int, product: str, side: Side, price: int, tonnes: int) -> None:
        """Set aside what an accepted order may need (R54)."""
        if side == Side.BUY:
            self.purses[participant].locked += price * tonnes
        else:
            shelf = self.shelves[participant][product]
            shelf.available -= tonnes
            shelf.locked += tonnes

    def unlock(self, participant: int, product: str, side: Side, price: int, tonnes: int) -> None:
        """Give back what an order had set aside."""
        if side == Side.BUY:
            self.purses[participant].locked -= price * tonnes
        else:
            shelf = self.shelves[participant][product]
            shelf.available += tonnes
            shelf.locked -= tonnes

    def trade(self, buyer: int, seller: int, product: str, price: int, tonnes: int) -> None:
        """Post a trade between two parties whose cash and tonnes are both free (locks undone first)."""
        self.shelves[seller][product].available -= tonnes
        self.shelves[seller][product].sold += tonnes
        self.shelves[buyer][product].bought += tonnes
        self.purses[buyer].payable += price * tonnes
        self.purses[seller].proceeds += price * tonnes

    def settle(self, buyer: int, seller: int, product: str, price: int, tonnes: int) -> None:
        """Post the registry's delivery against payment (R91): sellable from the next day."""
        self.shelves[seller][product].sold -= tonnes
        self.shelves[buyer][product].bought -= tonnes
        self.shelves[buyer][product].delivered += tonnes
        self.purses[buyer].settled -= price * tonnes
        self.purses[buyer].payable -= price * tonnes
        self.purses[seller].proceeds -= price * tonnes
        self.purses[seller].settled += price * tonnes

    def unwind(self, buyer: int, seller: int, product: str, price: int, tonnes: int) -> None:
        """Take back a trade that could not be settled."""
        self.shelves[seller][product].sold -= tonnes
        self.shelves[seller][product].available += tonnes
        self.shelves[buyer][product].bought -= tonnes
        self.purses[buyer].payable -= price * tonnes
        self.purses[seller].proceeds -= price * tonnes

    def roll(self) -> None:
        """Begin a trading day: what was delivered becomes sellable (R56)."""
        for shelves in self.shelves.values():
            for shelf in shelves.values():
                shelf.available += shelf.delivered
                shelf.delivered = 0
