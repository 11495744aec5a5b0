"""Fees of a trade, by the profile's rates: per side, rounded down to the fen (R60).

Rounded down, so that the fees of the parts of an order never sum to more than the fee of the whole,
which is what its lock sets aside.
"""

from typing import Final

from msgspec import Struct

from engine.commands import Method, Side
from engine.profile import FeeRates, Fees, Profile
from engine.units import BASIS_POINTS

_NONE: Final = Fees()


class Fee(Struct, frozen=True, kw_only=True):
    """The two fees of one side of a trade."""

    trading_fen: int
    settlement_fen: int

    @property
    def total_fen(self) -> int:
        """Both together."""
        return self.trading_fen + self.settlement_fen


def rate_bp(rates: FeeRates, method: Method, side: Side) -> int:
    """Return the rate of a fee in parts of 10,000."""
    party = "buyer" if side is Side.BUY else "seller"
    rate: int = getattr(rates, f"{method.name.lower()}_{party}_bp")
    return rate


def fee_of(profile: Profile, method: Method, side: Side, amount_fen: int) -> Fee:
    """Return what one side of a trade pays on its amount."""
    trading = rate_bp(profile.fees.trading, method, side)
    settlement = rate_bp(profile.fees.settlement, method, side)
    return Fee(
        trading_fen=amount_fen * trading // BASIS_POINTS,  # rounds down
        settlement_fen=amount_fen * settlement // BASIS_POINTS,  # rounds down
    )


class Sums(Struct, frozen=True, kw_only=True):
    """What a trade moves between the purses of its two sides."""

    amount_fen: int
    payable_fen: int
    """The buyer's: the amount and its fee."""
    proceeds_fen: int
    """The seller's: the amount less its fee."""


def sums_of(profile: Profile, method: Method, amount_fen: int) -> Sums:
    """Return what a trade of an amount posts, the same when it is made, settled, unwound or voided."""
    if profile.fees == _NONE:  # the usual market: many thousand trades are asked for at a time
        return Sums(amount_fen=amount_fen, payable_fen=amount_fen, proceeds_fen=amount_fen)
    return Sums(
        amount_fen=amount_fen,
        payable_fen=amount_fen + fee_of(profile, method, Side.BUY, amount_fen).total_fen,
        proceeds_fen=amount_fen - fee_of(profile, method, Side.SELL, amount_fen).total_fen,
    )
