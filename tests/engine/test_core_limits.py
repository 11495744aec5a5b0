"""Position limits to the tonne (R73), and fees that a profile may not have (R60)."""

from importlib.resources import files

import pytest
from msgspec import structs

from engine.commands import CancelOrder, PlaceListing, ReduceOrder, Side
from engine.events import AnyEvent, Cancelled, ListingPlaced, Reduced, Refused, Traded
from engine.profile import Position, Profile, ProfileError, load_profile
from engine.reasons import Reason
from tests.markets import PRODUCT, Desk, Twins, first_day, small_profile, trader

OWNED_T = 500_000
LIMIT_T = 501_000
ROOM_T = LIMIT_T - OWNED_T


def limited(crossing: str) -> Profile:
    """Return a market in which each may hold 1,000 t more than it begins with."""
    small = small_profile()
    listed = structs.replace(
        small.listed, crossing_listings=crossing, reduce=True, quantity_t_max=99_999
    )
    return structs.replace(small, listed=listed, position=Position(limit_t=LIMIT_T))


def buy(desk: Desk, quantity_t: int, price_fen: int = 4_700) -> AnyEvent:
    """Buy for participant 1 and return the last event."""
    command = PlaceListing(
        product=PRODUCT,
        side=Side.BUY,
        price_fen=price_fen,
        quantity_t=quantity_t,
        client_order=desk.next_client_order(),
    )
    return desk.send(trader(1), command)[-1]


def is_beyond(event: AnyEvent, held_t: int) -> bool:
    """Say whether a purchase was refused, for the holding would reach so many tonnes."""
    if not isinstance(event, Refused):
        return False
    return (event.reason, event.figure_a, event.figure_b) == (
        Reason.POSITION_LIMIT_EXCEEDED,
        LIMIT_T,
        held_t,
    )


@pytest.mark.parametrize("crossing", ["rest", "match"])
def test_standing_purchases_count_until_they_are_cancelled_or_reduced(crossing: str) -> None:
    desk = first_day(Twins(limited(crossing)), tonnes=OWNED_T)
    assert is_beyond(buy(desk, ROOM_T + 1), LIMIT_T + 1)
    first = buy(desk, ROOM_T)
    assert isinstance(first, ListingPlaced)
    assert is_beyond(buy(desk, 1), LIMIT_T + 1)
    reduced = desk.one(
        trader(1),
        ReduceOrder(order=first.order, quantity_t=300, client_order=desk.next_client_order()),
    )
    assert isinstance(reduced, Reduced)
    assert is_beyond(buy(desk, 301), LIMIT_T + 1)
    assert isinstance(buy(desk, 300), ListingPlaced)
    cancel = CancelOrder(order=first.order, client_order=desk.next_client_order())
    assert isinstance(desk.one(trader(1), cancel), Cancelled)
    assert is_beyond(buy(desk, 701), LIMIT_T + 1)
    assert isinstance(buy(desk, 700), ListingPlaced)


def test_what_is_bought_on_entry_and_what_rests_count_once_each() -> None:
    desk = first_day(Twins(limited("match")), tonnes=OWNED_T)
    desk.listing(2, Side.SELL, 4_800, 400)
    placed = buy(desk, ROOM_T, 4_800)
    assert isinstance(placed, ListingPlaced)
    assert placed.left_t == ROOM_T - 400
    assert is_beyond(buy(desk, 1), LIMIT_T + 1)
    desk.listing(2, Side.SELL, 4_800, 100)
    desk.listing(1, Side.SELL, 5_000, 100)
    assert is_beyond(buy(desk, 1), LIMIT_T + 1)


def test_tonnes_that_are_sold_make_room() -> None:
    desk = first_day(Twins(limited("match")), tonnes=OWNED_T)
    desk.listing(2, Side.BUY, 4_800, 250)
    command = PlaceListing(
        product=PRODUCT,
        side=Side.SELL,
        price_fen=4_800,
        quantity_t=250,
        client_order=desk.next_client_order(),
    )
    assert isinstance(desk.one(trader(1), command), Traded)
    assert is_beyond(buy(desk, ROOM_T + 251), LIMIT_T + 1)
    assert isinstance(buy(desk, ROOM_T + 250), ListingPlaced)


@pytest.mark.parametrize("settlement_bp", [4_000, 4_001])
def test_a_profile_whose_sellers_would_get_less_than_nothing_is_refused(settlement_bp: int) -> None:
    text = files("engine").joinpath("profiles/national.toml").read_text("utf-8")
    text += "\n[fees.trading]\nblock_seller_bp = 6000\n"
    text += f"[fees.settlement]\nblock_seller_bp = {settlement_bp}\n"
    if settlement_bp == 4_000:
        assert load_profile(text).fees.settlement.block_seller_bp == settlement_bp
        return
    with pytest.raises(ProfileError, match="block_seller_bp"):
        load_profile(text)
