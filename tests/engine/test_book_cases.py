"""Cases in which other engines broke (engine notes, section 6): levels, siblings, edges, what is stale."""

from random import Random

import pytest
from msgspec import structs

from engine.commands import CancelOrder, PickListing, ReferenceBasis, Side
from engine.events import AnyEvent, Cancelled, ListingPlaced, Refused, Repeated, Traded
from engine.profile import Profile
from engine.reasons import Reason
from engine.views import Level
from tests.markets import PRODUCT, Desk, Twins, first_day, national, small_profile, trader

WORD = 64
"""Levels whose occupancy one machine word holds."""


class Floor:
    """A day in which participant 1 takes and 2 and 3 list."""

    def __init__(self, profile: Profile | None = None) -> None:
        self.twins = Twins(profile or national())
        self.desk = first_day(self.twins)

    def sell(self, price_fen: int, quantity_t: int = 100, participant: int = 2) -> int:
        placed = self.desk.listing(participant, Side.SELL, price_fen, quantity_t)
        assert isinstance(placed, ListingPlaced), placed
        return placed.order

    def buy(self, price_fen: int, quantity_t: int = 100, participant: int = 2) -> int:
        placed = self.desk.listing(participant, Side.BUY, price_fen, quantity_t)
        assert isinstance(placed, ListingPlaced), placed
        return placed.order

    def pick(self, listing: int, quantity_t: int = 100, participant: int = 1) -> AnyEvent:
        number = self.desk.next_client_order()
        command = PickListing(listing=listing, quantity_t=quantity_t, client_order=number)
        return self.desk.one(trader(participant), command)

    def cancel(self, order: int, participant: int = 2) -> AnyEvent:
        number = self.desk.next_client_order()
        return self.desk.one(trader(participant), CancelOrder(order=order, client_order=number))

    def level(self, price_fen: int) -> list[int]:
        rows = self.twins.exchange.listings(PRODUCT, Side.SELL, price_fen)
        return [row.order for row in rows]

    def asks(self) -> tuple[Level, ...]:
        return self.twins.exchange.book(PRODUCT).asks


@pytest.mark.parametrize("place", [0, 1, 2, 3])
@pytest.mark.parametrize("way", ["cancel", "pick"])
def test_an_order_leaves_its_level_and_its_siblings_stay(place: int, way: str) -> None:
    floor = Floor()
    orders = [floor.sell(5_000, 10 * (n + 1)) for n in range(4)]
    gone = orders[place]
    answer = floor.cancel(gone) if way == "cancel" else floor.pick(gone, 10 * (place + 1))
    assert isinstance(answer, Cancelled | Traded)
    left = [order for order in orders if order != gone]
    assert floor.level(5_000) == left
    for order in reversed(left):
        assert isinstance(floor.pick(order, 1), Traded)


def test_no_phantom_level_stays_ahead_of_a_level() -> None:
    """Levels emptied by a cancel, by a pick and by several partial picks block nobody."""
    floor = Floor()
    behind = floor.sell(5_100)
    cancelled, picked, in_parts = floor.sell(4_990), floor.sell(4_991), floor.sell(4_992)
    assert isinstance(floor.pick(behind), Refused)
    floor.cancel(cancelled)
    floor.pick(picked)
    for quantity_t in (1, 98, 1):
        assert isinstance(floor.pick(in_parts, quantity_t), Traded)
    assert [row.price_fen for row in floor.asks()] == [5_100]
    assert isinstance(floor.pick(behind), Traded)
    assert floor.asks() == ()


def test_another_behind_an_own_listing_of_a_better_level_still_stands_ahead() -> None:
    """A level is better if anybody else lists on it, not only if its oldest listing is another's."""
    floor = Floor()
    own, another = floor.sell(4_900, participant=1), floor.sell(4_900)
    worse = floor.sell(5_000, participant=3)
    refused = floor.pick(worse)
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.figure_a) == (Reason.BETTER_LEVEL_EXISTS, 4_900)
    floor.cancel(another)
    assert isinstance(floor.pick(worse), Traded)
    assert floor.level(4_900) == [own]


def test_a_partial_pick_then_a_cancel_conserves() -> None:
    floor = Floor()
    before = floor.twins.exchange.account(2)
    order = floor.sell(5_000, 1_000)
    floor.pick(order, 300)
    cancelled = floor.cancel(order)
    assert isinstance(cancelled, Cancelled)
    assert cancelled.quantity_t == 700
    (held,) = floor.twins.exchange.account(2).holdings
    assert held.available_t == before.holdings[0].available_t - 300
    assert (held.locked_t, held.sold_t) == (0, 300)


def test_a_whole_side_is_emptied_and_refilled() -> None:
    floor = Floor()
    for _ in range(3):
        orders = [floor.sell(price) for price in (4_320, 4_400, 4_799, 4_800, 5_280)]
        for order in orders:
            assert isinstance(floor.pick(order), Traded)
        assert floor.asks() == ()


def test_what_is_stale_is_refused_and_numbers_are_never_used_again() -> None:
    floor = Floor()
    filled, ended = floor.sell(5_000), floor.sell(5_000)
    floor.pick(filled)
    floor.cancel(ended)
    for order in (filled, ended):
        for answer in (floor.cancel(order), floor.pick(order)):
            assert isinstance(answer, Refused)
            assert answer.reason == Reason.ORDER_NOT_OPEN
    never = floor.pick(9_999)
    assert isinstance(never, Refused)
    assert never.reason == Reason.ORDER_UNKNOWN
    assert floor.sell(5_000) > never.order


def test_an_order_that_was_refused_never_was() -> None:
    floor = Floor()
    refused = floor.desk.listing(2, Side.SELL, 5_281, 1)
    assert isinstance(refused, Refused)
    for answer in (floor.cancel(refused.order), floor.pick(refused.order)):
        assert isinstance(answer, Refused)
        assert answer.reason == Reason.ORDER_UNKNOWN
    assert floor.twins.exchange.orders(2) == ()


def test_both_ways_trade_at_the_resting_price() -> None:
    floor = Floor()
    sold, bought = floor.sell(5_000), floor.buy(5_200, participant=3)
    taken = floor.pick(sold)
    assert isinstance(taken, Traded)
    assert (taken.price_fen, taken.side) == (5_000, Side.BUY)
    hit = floor.pick(bought)
    assert isinstance(hit, Traded)
    assert (hit.price_fen, hit.side) == (5_200, Side.SELL)


def test_crossing_listings_rest_until_somebody_picks() -> None:
    floor = Floor()
    floor.buy(5_000)
    floor.sell(4_900, participant=3)
    book = floor.twins.exchange.book(PRODUCT)
    assert (book.bids[0].price_fen, book.asks[0].price_fen) == (5_000, 4_900)
    assert floor.twins.exchange.trades() == ()


def wide_profile(levels: int) -> Profile:
    """Return a one-product market whose band has so many levels."""
    whole = small_profile()
    rows = tuple(structs.replace(row, first_reference_fen=0) for row in whole.products[:1])
    capacity = structs.replace(whole.capacity, levels=levels, orders_per_day=4_000)
    return structs.replace(
        whole,
        products=rows,
        composite=whole.composite[:1],
        published_open=(),
        capacity=capacity,
    )


@pytest.mark.parametrize(
    ("reference_fen", "levels"),
    [(100, 21), (20_000, 4_001), (320_000, 64_001), (3_000_000, 600_001)],
)
@pytest.mark.parametrize("side", Side)
def test_levels_at_the_edges_of_words_come_and_go(
    reference_fen: int, levels: int, side: Side
) -> None:
    """The occupancy of a ladder is kept in words of 64 levels, and words of words: look at every seam."""
    twins = Twins(wide_profile(levels))
    twins.looks_at_everything = False
    desk = Desk(twins)
    desk.found(2)
    desk.open_day("2021-07-16")
    desk.endow(2, 10**15, 10**6)
    floor_fen = desk.set_reference(
        reference_fen, basis=ReferenceBasis.ADMINISTRATIVE
    ).listed_floor_fen
    desk.advance("09:30")
    seams = {0, 1, levels - 1}
    for size in (WORD, WORD**2, WORD**3):
        for multiple in (1, 2, levels // size):
            seams |= {multiple * size - 1, multiple * size, multiple * size + 1}
    prices = sorted(floor_fen + place for place in seams if 0 <= place < levels)
    random, orders = Random(levels), {}
    for _ in range(2):
        for price in random.sample(prices, len(prices)):
            orders[price] = desk.listing(2, side, price, 1)
            twins.compare()
        for price in random.sample(prices, len(prices)):
            number = getattr(orders[price], "order", 0)
            cancel = CancelOrder(order=number, client_order=desk.next_client_order())
            assert isinstance(desk.one(trader(2), cancel), Cancelled)
            twins.compare()


def test_the_memory_of_refused_cancels_is_bounded() -> None:
    """A flood of refused cancels changes nothing and fills nothing; accepted ones stay remembered."""
    floor = Floor(small_profile())
    exchange, desk = floor.twins.exchange, floor.desk
    floor.twins.looks_at_everything = False
    desk.market = exchange
    order = floor.sell(5_000)
    for _ in range(6_000):
        answer = floor.cancel(9_999)
        assert isinstance(answer, Refused)
    number = desk.next_client_order()
    cancel = CancelOrder(order=order, client_order=number)
    assert isinstance(desk.one(trader(2), cancel), Cancelled)
    again = desk.one(trader(2), cancel)
    assert isinstance(again, Repeated)
    assert isinstance(again.answer, Cancelled)
    exchange.check()
