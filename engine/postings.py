"""What becomes of a trade's postings: delivered against payment, or taken back in both ledgers (R91, R92)."""

from typing import Any

from msgspec import Struct
from numpy.typing import NDArray

from engine.commands import Method
from engine.fees import sums_of
from engine.market import Market


class TradeTerms(Struct, frozen=True, kw_only=True):
    """What a trade's row says of its two sides."""

    buyer: int
    seller: int
    product: int
    method: Method
    price_fen: int
    quantity_t: int

    @property
    def amount_fen(self) -> int:
        """Price times quantity."""
        return self.price_fen * self.quantity_t


def terms_of(row: NDArray[Any]) -> TradeTerms:
    """Return the terms of the one trade in an array of one row."""
    names = ("buyer", "seller", "product", "price_fen", "quantity_t")
    fields = {name: int(row[name][0]) for name in names}
    return TradeTerms(method=Method(int(row["method"][0])), **fields)


def settle(market: Market, terms: TradeTerms) -> None:
    """Post the delivery against payment, fees included; it may be sold from the next day (R56, R60)."""
    state, products, quantity = market.core.state, len(market.codes), terms.quantity_t
    sums = sums_of(market.profile, terms.method, terms.amount_fen)
    state.holdings[terms.seller * products + terms.product]["sold_t"] -= quantity
    state.holdings[terms.buyer * products + terms.product]["bought_t"] -= quantity
    state.stored[terms.buyer * products + terms.product]["delivered_t"] += quantity
    state.cash[terms.buyer]["settled_fen"] -= sums.payable_fen
    state.cash[terms.buyer]["payable_fen"] -= sums.payable_fen
    state.cash[terms.seller]["proceeds_fen"] -= sums.proceeds_fen
    state.cash[terms.seller]["settled_fen"] += sums.proceeds_fen


def unwind(market: Market, terms: TradeTerms) -> None:
    """Take a trade back in both ledgers.

    A seller who spent the proceeds of a failed trade has less than nothing, and it shows; a trade that
    an operator voids is refused in that case.
    """
    state, products, quantity = market.core.state, len(market.codes), terms.quantity_t
    sums = sums_of(market.profile, terms.method, terms.amount_fen)
    state.holdings[terms.seller * products + terms.product]["sold_t"] -= quantity
    state.holdings[terms.seller * products + terms.product]["available_t"] += quantity
    state.holdings[terms.buyer * products + terms.product]["bought_t"] -= quantity
    state.cash[terms.buyer]["payable_fen"] -= sums.payable_fen
    state.cash[terms.seller]["proceeds_fen"] -= sums.proceeds_fen
