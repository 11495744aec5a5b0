"""Profiles of test markets that use what the national market leaves off, each so small that streams reach its limits."""

from collections.abc import Callable
from functools import cache, partial

from msgspec import structs

from engine.commands import AuctionFloor, PriceMode
from engine.profile import Auction, FeeRates, Fees, Position, Profile
from tests.markets import coarse_profile, small_profile, with_product
from tests.markets_auction import auction_profile, cancelling_profile


@cache
def matching_profile() -> Profile:
    """Return an order-driven market: crossing orders match, nothing can be picked, three fills a command."""
    small = small_profile()
    listed = structs.replace(
        small.listed, crossing_listings="match", picks=False, reduce=True, quantity_t_max=5_000
    )
    capacity = structs.replace(small.capacity, fills_per_command=3)
    return structs.replace(
        small, name="matching", listed=listed, capacity=capacity, auction=None, published_open=()
    )


@cache
def guangdong_profile() -> Profile:
    """Return a market of best price and then time, whose close needs more than 100 t (R51)."""
    small = small_profile()
    listed = structs.replace(
        small.listed,
        same_price_choice="time",
        reduce=True,
        open_rule="previous_close",
        close_threshold_t=100,
        quantity_t_max=300,
    )
    auction = small_auction(ties="random", undersubscribed="cancel", bid_visibility="best")
    whole = structs.replace(small, name="guangdong", listed=listed, auction=auction)
    return with_product(whole, 1, listed_until="2021-07-24")


@cache
def rich_profile() -> Profile:
    """Return a market with fees, a position limit, deep picks, matches beside picks, and free large blocks."""
    coarse = coarse_profile()
    listed = structs.replace(
        coarse.listed,
        level_choice="any_of_five_levels",
        levels_shown=3,
        reduce=True,
        band_bp=1_000,
    )
    block = structs.replace(coarse.block, free_from_t=5_000, band_bp=1_500)
    trading = FeeRates(
        listed_buyer_bp=7,
        listed_seller_bp=5,
        block_buyer_bp=3,
        block_seller_bp=9,
        auction_buyer_bp=11,
        auction_seller_bp=1,
    )
    settlement = FeeRates(listed_buyer_bp=1, block_seller_bp=2, auction_buyer_bp=1)
    return structs.replace(
        coarse,
        name="rich",
        listed=listed,
        block=block,
        auction=small_auction(ties="pro_rata", bid_withdrawal=False, bid_lot_t=10),
        fees=Fees(trading=trading, settlement=settlement),
        position=Position(limit_t=9_000, is_widened_by_allowance=True, large_holder_t=5_000),
        capacity=structs.replace(coarse.capacity, fills_per_command=2, levels=2_000),
    )


@cache
def both_profile() -> Profile:
    """Return a market that matches on entry and lets picks name any of two levels, with fees."""
    rich = rich_profile()
    listed = structs.replace(rich.listed, crossing_listings="match", levels_shown=2)
    return structs.replace(
        rich, name="both", listed=listed, position=Position(limit_t=20_000), auction=None
    )


def small_auction(
    *,
    ties: str = "time",
    undersubscribed: str = "sell_what_was_bid",
    bid_visibility: str = "ladder",
    bid_withdrawal: bool = True,
    bid_lot_t: int = 1,
) -> Auction:
    """Return auctions of a few hundred tonnes in two sessions of their own."""
    auction = Auction(
        quantity_t_min=100,
        quantity_t_max=2_000,
        sessions=(("09:45", "11:00"), ("13:30", "14:30")),
        floors=(AuctionFloor.PREVIOUS_CLOSE, AuctionFloor.LOWER_LIMIT),
        floor_bp=1_000,
        cap_bp=1_200,
        price_modes=(PriceMode.UNIFORM, PriceMode.PAY_AS_BID),
        bid_t_min=bid_lot_t,
        bid_lot_t=bid_lot_t,
        bidder_share_bp=6_000,
        bid_withdrawal=bid_withdrawal,
    )
    return structs.replace(
        auction, ties=ties, undersubscribed=undersubscribed, bid_visibility=bid_visibility
    )


STREAMED: dict[str, Callable[[], Profile]] = {
    "small": small_profile,
    "coarse": coarse_profile,
    "matching": matching_profile,
    "guangdong": guangdong_profile,
    "rich": rich_profile,
    "both": both_profile,
    "auction-time": auction_profile,
    "auction-pro-rata": partial(auction_profile, "pro_rata"),
    "auction-random": partial(auction_profile, "random"),
    "auction-cancel": cancelling_profile,
}
"""The markets that seeded streams run on."""
