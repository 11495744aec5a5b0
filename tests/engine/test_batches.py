"""Listings in one entry: all of them or none, checked as if those before each rested."""

import pytest
from msgspec import structs

from engine.commands import (
    CancelAll,
    CancelCause,
    CancelOrders,
    PlaceListing,
    PlaceListings,
    Side,
)
from engine.events import (
    Cancelled,
    ListingPlaced,
    Refused,
    Repeated,
    Traded,
)
from engine.profile import Position, Profile
from engine.reasons import Reason
from tests.engine.batch_desk import BUY, FIRST, SELL, batch, item, kinds, refusal, seen
from tests.markets import CLEARING, PRODUCT, Desk, Twins, first_day, small_profile, trader
from tests.markets_profiles import both_profile, matching_profile, rich_profile
from tests.restarts import back, exchange_of

# ---------------------------------------------------------------- listings: all or none


def test_all_listings_of_a_batch_rest_and_each_is_told() -> None:
    desk = first_day(Twins(small_profile()))
    told = desk.send(trader(1), batch((BUY, 4_700, 100), (BUY, 4_710, 50), (SELL, 4_900, 70)))
    assert kinds(told) == [ListingPlaced] * 3
    assert [getattr(event, "order", 0) for event in told] == [1, 2, 3]
    assert {event.sequence for event in told} == {desk.sequence}
    book = exchange_of(desk).book(PRODUCT)
    assert [(level.price_fen, level.quantity_t) for level in book.bids] == [
        (4_710, 50),
        (4_700, 100),
    ]
    single = PlaceListing(**structs.asdict(item(9, SELL, 4_900, 1)))
    assert getattr(desk.one(trader(2), single), "order", 0) == 4


@pytest.mark.parametrize("place", range(4))
def test_one_bad_listing_refuses_the_batch_and_names_its_place(place: int) -> None:
    """Nothing is changed but that the numbers are used up, as many as there are listings."""
    desk = first_day(Twins(small_profile()))
    rows = [(BUY, 4_700 + number, 10) for number in range(4)]
    rows[place] = (BUY, 9_000, 10)
    before = seen(desk)
    told = desk.send(trader(1), batch(*rows))
    assert refusal(told) == (Reason.PRICE_OUTSIDE_BAND, place, place + 1, FIRST + place)
    assert seen(desk) == before
    assert getattr(desk.listing(1, BUY, 4_700, 1), "order", 0) == 5


def test_the_first_bad_listing_is_the_one_that_is_told() -> None:
    desk = first_day(Twins(small_profile()))
    told = desk.send(trader(1), batch((BUY, 4_700, 10), (BUY, 4_700, 10**8), (BUY, 9_000, 10)))
    assert refusal(told)[:2] == (Reason.QUANTITY_ABOVE_MAXIMUM, 1)


def test_products_may_differ_and_an_unknown_one_refuses_the_batch() -> None:
    desk = first_day(Twins(small_profile()))
    orders = (item(0, BUY, 4_700, 10), item(1, BUY, 4_700, 10, product="NONE-1"))
    command = PlaceListings(orders=orders)
    assert refusal(desk.send(trader(1), command))[:2] == (Reason.PRODUCT_UNKNOWN, 1)
    assert kinds(desk.send(trader(1), command)) == [Repeated]
    other = structs.replace(orders[1], product="NONE-2")
    told = desk.send(trader(1), PlaceListings(orders=(orders[0], other)))
    assert refusal(told)[:3] == (Reason.CLIENT_ORDER_REUSED, 1, 0)


# ---------------------------------------------------------------- listings: means of all together


def with_means(profile: Profile, cash_fen: int, tonnes: int) -> Desk:
    return first_day(Twins(profile), cash_fen=cash_fen, tonnes=tonnes)


@pytest.mark.parametrize("profile", [small_profile(), matching_profile()], ids=["rest", "match"])
@pytest.mark.parametrize("short", [0, 1])
def test_the_cash_must_suffice_for_all_of_them(profile: Profile, short: int) -> None:
    desk = with_means(profile, 3 * 4_700 * 100 - short, 1_000)
    told = desk.send(trader(1), batch(*[(BUY, 4_700, 100)] * 3))
    if short:
        assert refusal(told)[:2] == (Reason.CASH_NOT_AVAILABLE, 2)
        assert (getattr(told[0], "figure_a", 0), getattr(told[0], "figure_b", 0)) == (
            470_000 - 1,
            470_000,
        )
    else:
        assert kinds(told) == [ListingPlaced] * 3
        assert exchange_of(desk).account(1).cash.available_fen == 0


@pytest.mark.parametrize("short", [0, 1])
def test_the_fees_count_for_each_of_them(short: int) -> None:
    """0.05 % on 4,800.00 yuan, rounded down for each listing by itself."""
    rules = small_profile()
    rates = structs.replace(rules.fees.trading, listed_buyer_bp=5)
    rules = structs.replace(rules, fees=structs.replace(rules.fees, trading=rates))
    one = 4_799 * 100 + 4_799 * 100 * 5 // 10_000
    desk = with_means(rules, 2 * one - short, 10)
    told = desk.send(trader(1), batch(*[(BUY, 4_799, 100)] * 2))
    assert kinds(told) == ([Refused] if short else [ListingPlaced] * 2)


@pytest.mark.parametrize("more", [0, 1])
def test_the_tonnes_must_suffice_for_all_of_them(more: int) -> None:
    desk = with_means(small_profile(), 10**9, 1_000)
    told = desk.send(trader(1), batch((SELL, 4_900, 600), (SELL, 4_910, 400 + more)))
    if more:
        assert refusal(told)[:2] == (Reason.HOLDING_NOT_AVAILABLE, 1)
    else:
        assert kinds(told) == [ListingPlaced] * 2


@pytest.mark.parametrize("more", [0, 1])
def test_the_position_limit_counts_all_of_them(more: int) -> None:
    rules = structs.replace(small_profile(), position=Position(limit_t=1_000))
    desk = with_means(rules, 10**9, 100)
    told = desk.send(trader(1), batch((BUY, 4_700, 400), (BUY, 4_710, 500 + more)))
    if more:
        assert refusal(told)[:2] == (Reason.POSITION_LIMIT_EXCEEDED, 1)
        assert (getattr(told[0], "figure_a", 0), getattr(told[0], "figure_b", 0)) == (1_000, 1_001)
    else:
        assert kinds(told) == [ListingPlaced] * 2


def test_what_a_listing_sells_on_entry_pays_for_no_later_one() -> None:
    """The check takes listings as if they rested: certain for all of them, and told before any trades."""
    desk = with_means(matching_profile(), 0, 1_000)
    desk.endow(2, 10**9, 0)
    desk.listing(2, BUY, 4_800, 100)
    rows = batch((SELL, 4_800, 100), (BUY, 4_700, 1))
    before = seen(desk)
    assert refusal(desk.send(trader(1), rows))[:2] == (Reason.CASH_NOT_AVAILABLE, 1)
    assert seen(desk) == before
    assert kinds(desk.send(trader(1), batch((SELL, 4_800, 100), start=5))) == [Traded]
    assert kinds(desk.send(trader(1), batch((BUY, 4_700, 1), start=8))) == [ListingPlaced]


# ---------------------------------------------------------------- listings: on entry


def test_each_listing_takes_what_it_crosses_in_turn() -> None:
    desk = first_day(Twins(matching_profile()))
    desk.listing(2, BUY, 4_800, 100)
    told = desk.send(trader(1), batch((SELL, 4_790, 60), (SELL, 4_790, 60), (SELL, 4_790, 60)))
    assert kinds(told) == [Traded, Traded, ListingPlaced, ListingPlaced]
    assert [getattr(event, "client_order", 0) for event in told] == [
        FIRST,
        FIRST + 1,
        FIRST + 1,
        FIRST + 2,
    ]
    again = desk.send(trader(1), batch((SELL, 4_790, 60), (SELL, 4_790, 60), (SELL, 4_790, 60)))
    assert kinds(again) == [Repeated] * 3
    assert [getattr(event, "answer", None) for event in again] == [told[0], told[2], told[3]]


def test_a_batch_that_meets_itself_is_no_refusal() -> None:
    desk = first_day(Twins(matching_profile()))
    told = desk.send(trader(1), batch((SELL, 4_800, 60), (BUY, 4_800, 50)))
    assert kinds(told) == [ListingPlaced, Cancelled]
    assert getattr(told[1], "cause", None) is CancelCause.OWN_LISTING
    again = desk.send(trader(1), batch((SELL, 4_800, 60), (BUY, 4_800, 50)))
    assert [getattr(event, "answer", None) for event in again] == told


def test_each_listing_has_its_own_limit_of_fills() -> None:
    desk = first_day(Twins(matching_profile()))
    limit = matching_profile().capacity.fills_per_command
    for _ in range(2 * limit + 2):
        desk.listing(2, BUY, 4_800, 10)
    rows = batch((SELL, 4_800, 10 * limit + 5), (SELL, 4_800, 10 * limit + 5))
    told = desk.send(trader(1), rows)
    assert kinds(told) == ([Traded] * limit + [Cancelled]) * 2
    assert getattr(told[limit], "cause", None) is CancelCause.FILLS_LIMIT


@pytest.mark.parametrize("profile", [rich_profile(), both_profile()], ids=["rich", "both"])
def test_whatever_passes_together_is_accepted_together(profile: Profile) -> None:
    """Each batch uses up all that its sender has, to the fen and the tonne, into a book that it crosses."""
    desk = first_day(Twins(profile), cash_fen=10**9, tonnes=3_000)
    accepted = 0
    for turn in range(12):
        price = 4_790 + 5 * (turn % 5)
        desk.listing(2, BUY if turn % 2 else SELL, price, 20 + 10 * (turn % 7))
        cash_fen = exchange_of(desk).account(1).cash.available_fen
        per_tonne = price + price * 8 // 10_000 + 1  # the two fees of a buyer
        lots = min(cash_fen // per_tonne, 900) // 10
        sizes = [max(20, lots // 3 * 10)] * 2
        rows = [(BUY if turn % 2 == 0 else SELL, price, size) for size in sizes]
        told = desk.send(trader(1), batch(*rows, (SELL, price + 10, 20), start=10 * turn))
        accepted += not isinstance(told[0], Refused)
    assert accepted > 6


# ---------------------------------------------------------------- listings: numbers


def test_a_repeat_is_told_the_first_answers_also_after_a_restart() -> None:
    desk = first_day(Twins(small_profile()))
    good = batch((BUY, 4_700, 10), (SELL, 4_900, 20))
    bad = batch((BUY, 4_700, 10), (SELL, 9_900, 20), start=5)
    first, refused = desk.send(trader(1), good), desk.send(trader(1), bad)
    assert isinstance(desk.market, Twins)
    for _ in range(2):
        repeated = desk.send(trader(1), good)
        assert [getattr(event, "answer", None) for event in repeated] == first
        again = desk.one(trader(1), bad)
        assert isinstance(again, Repeated)
        assert again.answer == refused[0]
        desk.market.exchange = back(desk.market.exchange)


def test_listings_of_an_accepted_batch_can_be_repeated_one_by_one() -> None:
    desk = first_day(Twins(small_profile()))
    command = batch((BUY, 4_700, 10), (SELL, 4_900, 20))
    first = desk.send(trader(1), command)
    for row, answer in zip(command.orders, first, strict=True):
        alone = desk.one(trader(1), PlaceListing(**structs.asdict(row)))
        assert getattr(alone, "answer", None) == answer
    single = PlaceListing(**structs.asdict(item(7, BUY, 4_600, 10)))
    placed = desk.one(trader(1), single)
    told = desk.send(trader(1), PlaceListings(orders=(item(7, BUY, 4_600, 10),)))
    assert [getattr(event, "answer", None) for event in told] == [placed]


def test_a_listing_of_a_refused_batch_stays_refused_by_itself() -> None:
    """Else a client that sends its batch again one by one would get a part of what was all or none."""
    desk = first_day(Twins(small_profile()))
    command = batch((BUY, 4_700, 10), (SELL, 9_900, 20))
    desk.send(trader(1), command)
    told = desk.one(trader(1), PlaceListing(**structs.asdict(command.orders[0])))
    assert isinstance(told, Repeated)
    assert isinstance(told.answer, Refused)
    assert (told.answer.reason, told.answer.order) == (Reason.PRICE_OUTSIDE_BAND, 1)


@pytest.mark.parametrize(
    ("rows", "place"),
    [
        ([(BUY, 4_700, 10), (SELL, 4_900, 21)], 1),  # other content
        ([(BUY, 4_700, 10), (SELL, 4_900, 20), (SELL, 4_900, 1)], 0),  # some known, one new
        ([(BUY, 4_701, 10)], 0),
    ],
)
def test_numbers_that_stand_for_something_else_refuse_the_batch(
    rows: list[tuple[Side, int, int]], place: int
) -> None:
    desk = first_day(Twins(small_profile()))
    desk.send(trader(1), batch((BUY, 4_700, 10), (SELL, 4_900, 20)))
    before = seen(desk)
    told = desk.send(trader(1), batch(*rows))
    assert refusal(told) == (Reason.CLIENT_ORDER_REUSED, place, 0, FIRST + place)
    assert seen(desk) == before
    assert getattr(desk.listing(1, BUY, 4_600, 1), "order", 0) == 3, "no number was used up"


def test_a_number_twice_in_one_batch_refuses_it() -> None:
    desk = first_day(Twins(small_profile()))
    twice = PlaceListings(
        orders=(item(0, BUY, 4_700, 10), item(1, BUY, 4_700, 10, client_order=FIRST))
    )
    assert refusal(desk.send(trader(1), twice))[:2] == (Reason.CLIENT_ORDER_REUSED, 1)
    assert kinds(desk.send(trader(1), batch((BUY, 4_700, 10)))) == [ListingPlaced]


def test_a_day_without_room_for_all_of_them_refuses_them_all() -> None:
    rules = small_profile()
    rules = structs.replace(rules, capacity=structs.replace(rules.capacity, orders_per_day=5))
    desk = first_day(Twins(rules))
    for _ in range(3):
        desk.listing(1, BUY, 4_700, 1)
    told = desk.send(trader(1), batch(*[(BUY, 4_700, 1)] * 3))
    assert refusal(told) == (Reason.ORDERS_FULL, 2, 0, FIRST + 2)
    assert kinds(desk.send(trader(1), batch(*[(BUY, 4_700, 1)] * 2))) == [ListingPlaced] * 2
    told = desk.send(trader(1), batch((BUY, 4_700, 1), start=5))
    assert refusal(told)[:2] == (Reason.ORDERS_FULL, 0)


@pytest.mark.parametrize("key", [0, 1, CLEARING, 999])
def test_only_a_traders_key_may_send_a_batch(key: int) -> None:
    desk = first_day(Twins(small_profile()))
    wanted = Reason.KEY_UNKNOWN if key == 999 else Reason.ROLE_NOT_PERMITTED
    assert refusal(desk.send(key, batch((BUY, 4_700, 1)))) == (wanted, -1, 0, 0)
    cancels = (
        CancelOrders(orders=(1,), client_order=FIRST),
        CancelAll(client_order=FIRST),
    )
    for command in cancels:
        assert refusal(desk.send(key, command)) == (wanted, -1, 0, FIRST)
