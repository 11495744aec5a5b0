"""Test markets with auctions: the small market under every rule that an auction's profile can choose."""

from functools import cache
from typing import Literal

from msgspec import structs

from engine.profile import Profile
from tests.markets import national, small_profile

Ties = Literal["time", "pro_rata", "random"]


@cache
def auction_profile(ties: Ties = "time") -> Profile:
    """Return the small market with short limits of an auction and one rule for ties.

    Under `pro_rata` bids come in lots of 50 t and the offered quantity need not be a whole number of
    them; under `random` one bidder may only have half and bids bind.
    """
    small = small_profile()
    auction = national().auction
    assert auction is not None
    rules = structs.replace(
        auction,
        quantity_t_min=1_000,
        quantity_t_max=5_000,
        ties=ties,
        bid_visibility={"time": "best", "pro_rata": "ladder", "random": "hidden"}[ties],
        bid_withdrawal=ties != "random",
        bidder_share_bp=5_000 if ties == "random" else 10_000,
        bid_lot_t=50 if ties == "pro_rata" else 1,
        bid_t_min=100 if ties == "pro_rata" else 1,
        sessions=(("09:30", "11:30"), ("13:00", "15:00")),
    )
    capacity = structs.replace(
        small.capacity, auctions=6, bids=12, groups=2, negotiations=2, rounds=3, halts=3, closures=3
    )
    return structs.replace(small, auction=rules, capacity=capacity)


@cache
def cancelling_profile() -> Profile:
    """Return a market whose auctions fail where the bids do not cover the quantity, in one mode only."""
    profile = auction_profile()
    assert profile.auction is not None
    auction = structs.replace(
        profile.auction,
        undersubscribed="cancel",
        price_modes=profile.auction.price_modes[:1],
        floors=profile.auction.floors[1:],
        floor_bp=1_500,
        cap_bp=2_500,
        sessions=(("10:00", "10:30"), ("10:30", "11:00"), ("14:00", "15:30")),
    )
    return structs.replace(profile, auction=auction)
