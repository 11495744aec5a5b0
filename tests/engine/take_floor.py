"""A floor for tests of taking orders: a morning of the national market whose every step is checked."""

from typing import Any

from msgspec import structs

from engine.commands import Side, TakeListings
from engine.events import AnyEvent, ListingPlaced, ListingsTaken, Refused, Traded
from engine.profile import Profile
from engine.reasons import Reason
from tests.engine.block_floor import Checked
from tests.markets import PRODUCT, Desk, first_day, national, trader

CASH_FEN = 10**11
TONNES = 500_000


def listed(**changes: Any) -> Profile:
    """Return the national profile with other rules of listed trading."""
    return structs.replace(national(), listed=structs.replace(national().listed, **changes))


class TakeFloor:
    """A morning in which participants 2 and 3 list and 1 takes."""

    def __init__(self, profile: Profile | None = None) -> None:
        self.market = Checked(profile or national())
        self.exchange = self.market.exchange
        self.desk: Desk = first_day(self.market)

    def place(self, side: Side, price_fen: int, quantity_t: int = 100, who: int = 2) -> int:
        placed = self.desk.listing(who, side, price_fen, quantity_t)
        assert isinstance(placed, ListingPlaced), placed
        return placed.order

    def sell(self, price_fen: int, quantity_t: int = 100, who: int = 2) -> int:
        return self.place(Side.SELL, price_fen, quantity_t, who)

    def buy(self, price_fen: int, quantity_t: int = 100, who: int = 2) -> int:
        return self.place(Side.BUY, price_fen, quantity_t, who)

    def command(
        self, quantity_t: int, limit_price_fen: int, side: Side = Side.BUY, **fields: Any
    ) -> TakeListings:
        fields.setdefault("client_order", self.desk.next_client_order())
        return TakeListings(
            **{
                "product": PRODUCT,
                "side": side,
                "quantity_t": quantity_t,
                "limit_price_fen": limit_price_fen,
                **fields,
            }
        )

    def take(self, *args: Any, who: int = 1, **fields: Any) -> list[AnyEvent]:
        return self.desk.send(trader(who), self.command(*args, **fields))

    def fills(self, *args: Any, **fields: Any) -> list[tuple[int, int, int]]:
        """Take, and return which listings were taken, how much of each and at which price."""
        *trades, total = self.take(*args, **fields)
        assert isinstance(total, ListingsTaken), total
        found = []
        for trade in trades:
            assert isinstance(trade, Traded)
            assert trade.order == total.order
            found.append((trade.resting_order, trade.quantity_t, trade.price_fen))
        assert total.trades == len(found)
        assert total.amount_fen == sum(quantity * price for _, quantity, price in found)
        assert total.left_t == total.quantity_t - sum(quantity for _, quantity, _ in found)
        return found

    def why(self, *args: Any, who: int = 1, **fields: Any) -> tuple[Reason, int, int]:
        """Return why a take is refused."""
        (event,) = self.take(*args, who=who, **fields)
        assert isinstance(event, Refused), event
        return event.reason, event.figure_a, event.figure_b
