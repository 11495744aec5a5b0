"""A reference price found wrong and replaced in a halt: bands, what falls outside, the book laid again."""

import pytest
from msgspec import structs

from engine.commands import (
    AcceptBlock,
    CancelCause,
    CorrectReferencePrice,
    CounterBlock,
    HaltScope,
    Method,
    OfferBlock,
    OfferBlockToGroup,
    PickListing,
    ReferenceBasis,
    SetBlockGroup,
    Side,
)
from engine.events import (
    BlockCountered,
    BlockOffered,
    BlockOfferedToGroup,
    Cancelled,
    DayClosed,
    ListingPlaced,
    ReferencePriceCorrected,
    Refused,
    Traded,
)
from engine.profile import Profile
from engine.reasons import Reason
from tests.engine.control_desk import (
    OTHER,
    exchange_of,
    halt,
    refused_action,
    resume,
    roomy_profile,
    two_products,
    watched_day,
)
from tests.markets import PRODUCT, Desk, coarse_profile, trader


def correct(price_fen: int, product: str = PRODUCT) -> CorrectReferencePrice:
    return CorrectReferencePrice(product=product, price_fen=price_fen, explanation="录入错误")


def offer(desk: Desk, price_fen: int, quantity_t: int = 100_000) -> int:
    command = OfferBlock(
        product=PRODUCT,
        side=Side.SELL,
        counterparty=3,
        price_fen=price_fen,
        quantity_t=quantity_t,
        client_order=desk.next_client_order(),
    )
    offered = desk.one(trader(1), command)
    assert isinstance(offered, BlockOffered), offered
    return offered.order


def levels(desk: Desk) -> list[tuple[Side, int, list[int]]]:
    """Return every level of the book, best first, with its orders in their order."""
    exchange = exchange_of(desk)
    book = exchange.book(PRODUCT, 1_000)
    return [
        (
            side,
            level.price_fen,
            [row.order for row in exchange.listings(PRODUCT, side, level.price_fen)],
        )
        for side, rows in ((Side.BUY, book.bids), (Side.SELL, book.asks))
        for level in rows
    ]


# ---------------------------------------------------------------- what happens


def test_orders_outside_the_new_bands_end_and_the_rest_keeps_its_place() -> None:
    """48.00 was meant to be 50.00: bands 45.00 - 55.00 listed, 35.00 - 65.00 block."""
    desk = watched_day(roomy_profile())
    desk.advance("13:00")
    for participant, side, price in (
        (2, Side.BUY, 4_320),  # 1: the old floor, outside now
        (2, Side.BUY, 4_500),  # 2: the new floor
        (2, Side.BUY, 4_499),  # 3: a fen below it
        (3, Side.BUY, 4_500),  # 4: behind 2
        (1, Side.SELL, 5_280),  # 5: the old cap, inside
        (1, Side.SELL, 5_100),  # 6
        (3, Side.SELL, 5_100),  # 7: behind 6
    ):
        assert isinstance(desk.listing(participant, side, price, 10), ListingPlaced)
    assert [offer(desk, price) for price in (3_360, 3_499, 3_500, 6_240)] == [8, 9, 10, 11]
    halt(desk, HaltScope.PRODUCT, product=PRODUCT)
    corrected, *ended = desk.approve(correct(5_000))
    assert isinstance(corrected, ReferencePriceCorrected)
    assert (corrected.price_fen, corrected.previous_fen) == (5_000, 4_800)
    assert (corrected.listed_floor_fen, corrected.listed_cap_fen) == (4_500, 5_500)
    assert (corrected.block_floor_fen, corrected.block_cap_fen) == (3_500, 6_500)
    assert [
        (event.order, event.method, event.cause) for event in ended if isinstance(event, Cancelled)
    ] == [
        (1, Method.LISTED, CancelCause.BAND),
        (3, Method.LISTED, CancelCause.BAND),
        (8, Method.BLOCK, CancelCause.BAND),
        (9, Method.BLOCK, CancelCause.BAND),
    ]
    assert len(ended) == 4
    assert levels(desk) == [
        (Side.BUY, 4_500, [2, 4]),
        (Side.SELL, 5_100, [6, 7]),
        (Side.SELL, 5_280, [5]),
    ]
    resume(desk, 1)
    refused = desk.listing(1, Side.SELL, 5_501, 10)
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.figure_a, refused.figure_b) == (
        Reason.PRICE_OUTSIDE_BAND,
        4_500,
        5_500,
    )
    assert isinstance(desk.listing(1, Side.SELL, 5_500, 10), ListingPlaced)
    assert isinstance(desk.listing(2, Side.BUY, 5_300, 10), ListingPlaced)  # above the old cap
    assert levels(desk)[0] == (Side.BUY, 5_300, [14])
    accept = AcceptBlock(offer=10, client_order=desk.next_client_order())
    assert isinstance(desk.one(trader(3), accept), Traded)


@pytest.mark.parametrize("price", [4_900, 4_700, 4_801, 4_321, 5_300])
def test_the_book_laid_again_trades_on(price: int) -> None:
    """Positions move with the origin; best level, depth and time order do not."""
    desk = watched_day(roomy_profile(), traders=4)
    for number in range(40):
        side = Side.BUY if number % 2 else Side.SELL
        away = 3 * (number % 7)
        desk.listing(1 + number % 3, side, 4_780 - away if number % 2 else 4_820 + away, 5)
    before = levels(desk)
    halt(desk, HaltScope.MARKET)
    desk.approve(correct(price))
    view = exchange_of(desk).market().products[0]
    inside = [row for row in before if view.listed_floor_fen <= row[1] <= view.listed_cap_fen]
    assert levels(desk) == inside
    resume(desk, 1)
    for _, price_now, orders in inside:
        for number in orders:
            pick = PickListing(listing=number, quantity_t=5, client_order=desk.next_client_order())
            answer = desk.one(trader(4), pick)  # somebody without listings: nothing is skipped
            assert isinstance(answer, Traded), answer
            assert answer.price_fen == price_now
    assert levels(desk) == []


def test_a_coarse_tick_keeps_its_prices() -> None:
    """Tick 0.05, ±7.77 %: from 48.00 to 47.00 the cap falls from 51.73 to 50.65."""
    desk = watched_day(coarse_profile())
    for price in (5_170, 4_800, 5_065):
        placed = desk.listing(1, Side.SELL, price, 20)
        assert isinstance(placed, ListingPlaced), placed
    assert isinstance(desk.listing(2, Side.BUY, 4_430, 20), ListingPlaced)
    halt(desk, HaltScope.MARKET)
    corrected, ended = desk.approve(correct(4_700))
    assert isinstance(corrected, ReferencePriceCorrected)
    assert (corrected.listed_floor_fen, corrected.listed_cap_fen) == (4_335, 5_065)
    assert isinstance(ended, Cancelled)
    assert (ended.order, ended.price_fen) == (1, 5_170)
    assert levels(desk) == [
        (Side.BUY, 4_430, [4]),
        (Side.SELL, 4_800, [2]),
        (Side.SELL, 5_065, [3]),
    ]


def test_offers_to_groups_and_counter_offers_have_the_block_band_too() -> None:
    """Block band 35.00 - 65.00: an offer outside takes its talks with it, an ended talk frees its offer."""
    desk = watched_day(roomy_profile())
    desk.advance("13:00")
    desk.one(trader(1), SetBlockGroup(group="all", members=(2, 3)))
    offers = [offer_to_group(desk, price) for price in (3_400, 3_600)]
    counters = [counter(desk, offers[0], 2, 3_600), counter(desk, offers[1], 2, 3_400)]
    inside = counter(desk, offers[1], 3, 3_700)
    halt(desk, HaltScope.PRODUCT, product=PRODUCT)
    _, *ended = desk.approve(correct(5_000))
    assert [(event.order, event.cause) for event in ended if isinstance(event, Cancelled)] == [
        (offers[0], CancelCause.BAND),
        (counters[1], CancelCause.BAND),
        (counters[0], CancelCause.NEGOTIATION),  # the talk about the offer that ended
    ]
    assert len(ended) == 3
    exchange = exchange_of(desk)
    assert [row.negotiation for row in exchange.negotiations(1)] == [inside]
    assert [row.order for row in exchange.offers(1)] == [offers[1]]


def offer_to_group(desk: Desk, price_fen: int) -> int:
    command = OfferBlockToGroup(
        product=PRODUCT,
        side=Side.SELL,
        group="all",
        price_fen=price_fen,
        quantity_t=100_000,
        client_order=desk.next_client_order(),
    )
    offered = desk.one(trader(1), command)
    assert isinstance(offered, BlockOfferedToGroup), offered
    return offered.order


def counter(desk: Desk, number: int, participant: int, price_fen: int) -> int:
    command = CounterBlock(
        offer=number,
        counterparty=1,
        price_fen=price_fen,
        quantity_t=100_000,
        client_order=desk.next_client_order(),
    )
    countered = desk.one(trader(participant), command)
    assert isinstance(countered, BlockCountered), countered
    return countered.order


def test_the_composite_goes_on_from_the_new_reference() -> None:
    """Weights 1 and 2: 54.00 instead of 48.00 for the silent one, 60.30 traded -> 58.20."""
    desk = watched_day(two_products())
    desk.set_reference(6_000, OTHER, ReferenceBasis.ADMINISTRATIVE)
    desk.endow(1, 0, 1_000, OTHER)
    halt(desk, HaltScope.PRODUCT, product=PRODUCT)
    desk.approve(correct(5_400))
    placed = desk.listing(1, Side.SELL, 6_030, 10, OTHER)
    assert isinstance(placed, ListingPlaced)
    pick = PickListing(listing=placed.order, quantity_t=10, client_order=desk.next_client_order())
    assert isinstance(desk.one(trader(2), pick), Traded)
    assert exchange_of(desk).market().composite_last_fen == 5_820


def test_only_the_products_own_orders_end() -> None:
    desk = watched_day(two_products())
    desk.set_reference(6_000, OTHER, ReferenceBasis.ADMINISTRATIVE)
    desk.endow(1, 0, 1_000, OTHER)
    assert isinstance(desk.listing(1, Side.SELL, 6_500, 10, OTHER), ListingPlaced)
    halt(desk, HaltScope.MARKET)
    assert len(desk.approve(correct(4_700))) == 1
    assert [row.is_open for row in exchange_of(desk).orders(1)] == [True]


def test_large_blocks_without_a_band_stay() -> None:
    rules = roomy_profile()
    block = structs.replace(rules.block, free_from_t=200_000)
    desk = watched_day(structs.replace(rules, block=block))
    desk.advance("13:00")
    small, large = offer(desk, 6_240), offer(desk, 6_240, 200_000)
    halt(desk, HaltScope.PRODUCT, product=PRODUCT)
    _, *ended = desk.approve(correct(4_500))
    assert [event.order for event in ended if isinstance(event, Cancelled)] == [small]
    assert [row.order for row in exchange_of(desk).orders(1) if row.is_open] == [large]


def test_trades_stand_and_a_silent_product_closes_at_the_new_reference() -> None:
    desk = watched_day(roomy_profile())
    halt(desk, HaltScope.MARKET)
    desk.approve(correct(5_000))
    view = exchange_of(desk).market().products[0]
    assert (view.reference_fen, view.previous_close_fen) == (5_000, 0)
    closed = desk.advance("15:00")[-1]
    assert isinstance(closed, DayClosed)
    assert closed.bulletin.products[0].close_fen == 5_000
    desk.open_day("2021-07-19")
    assert desk.set_reference(5_000).listed_cap_fen == 5_500


def test_a_previous_close_stays_what_it_was() -> None:
    """With a close of the day before, a silent day carries that close, whatever the reference."""
    desk = watched_day(roomy_profile())
    desk.advance("15:00")
    desk.open_day("2021-07-19")
    desk.set_reference(4_800)
    halt(desk, HaltScope.MARKET)
    desk.approve(correct(5_000))
    closed = desk.advance("15:00")[-1]
    assert isinstance(closed, DayClosed)
    assert closed.bulletin.products[0].close_fen == 4_800


# ---------------------------------------------------------------- what is refused


def narrow() -> Profile:
    rules = roomy_profile()
    return structs.replace(rules, capacity=structs.replace(rules.capacity, levels=1_000, halts=9))


def test_refusals_of_a_correction() -> None:
    desk = watched_day(narrow())
    for action, told in (
        (correct(4_900, "CEA99"), (Reason.PRODUCT_UNKNOWN, 0, 0)),
        (correct(4_900, OTHER), (Reason.PRODUCT_NOT_LISTED, 0, 0)),
        (correct(4_900), (Reason.NOT_HALTED, 0, 0)),
    ):
        assert refused_action(desk, action) == told
    halt(desk, HaltScope.METHOD, method=Method.LISTED)
    halt(desk, HaltScope.PARTICIPANT, participant=1)
    halt(desk, HaltScope.PRODUCT, product=OTHER)
    assert refused_action(desk, correct(4_900)) == (Reason.NOT_HALTED, 0, 0)
    halt(desk, HaltScope.PRODUCT, product=PRODUCT)
    told = refused_action(desk, correct(4_800))
    assert told == (Reason.REFERENCE_PRICE_ALREADY_SET, 4_800, 0)
    # 50.05 gives 45.05 - 55.06, half up: 1002 levels
    assert refused_action(desk, correct(5_005)) == (Reason.BAND_TOO_WIDE, 1_002, 1_000)
    desk.advance("15:00")
    assert refused_action(desk, correct(4_900)) == (Reason.DAY_NOT_OPEN, 0, 0)
    desk.open_day("2021-07-20")
    assert refused_action(desk, correct(4_900)) == (Reason.REFERENCE_PRICE_MISSING, 0, 0)
