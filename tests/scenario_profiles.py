"""The national market with one rule changed, by the name that a scenario's `profile` line gives."""

from typing import Any

from msgspec import structs

from engine.profile import FeeRates, Fees, Position, Profile
from tests.markets import national

AUCTIONS: dict[str, dict[str, Any]] = {
    "pro_rata": {"ties": "pro_rata", "bid_lot_t": 100},
    "random": {"ties": "random"},
    "cancel": {"undersubscribed": "cancel"},
    "irrevocable": {"bid_withdrawal": False},
    "ladder": {"bid_visibility": "ladder"},
    "best": {"bid_visibility": "best"},
    "shares": {"bidder_share_bp": 5_000},
}
"""What each name changes in the rules of auctions."""
FEES = FeeRates(
    listed_buyer_bp=10,
    listed_seller_bp=5,
    block_buyer_bp=10,
    block_seller_bp=5,
    auction_buyer_bp=10,
    auction_seller_bp=5,
)


def scenario_profile(name: str) -> Profile:
    """Return the rules that a scenario is played by."""
    whole = national()
    if name in AUCTIONS:
        assert whole.auction is not None
        return structs.replace(whole, auction=structs.replace(whole.auction, **AUCTIONS[name]))
    if name == "fees":
        return structs.replace(whole, fees=Fees(trading=FEES))
    if name == "match":
        listed = structs.replace(whole.listed, crossing_listings="match", reduce=True)
        return structs.replace(whole, listed=listed)
    if name == "owners":
        return structs.replace(whole, listed=structs.replace(whole.listed, owner_shown="code"))
    if name == "position":
        limit = Position(limit_t=1_000, is_widened_by_allowance=True)
        return structs.replace(whole, position=limit)
    assert name == "national", name
    return whole
