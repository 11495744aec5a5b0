"""Taking a total quantity across levels with one order (R40-R43): what is taken, and at which price."""

from typing import Any

import pytest
from msgspec import structs

from engine.commands import Method, OfferBlock, ReferenceBasis, Side, TakeListings
from engine.events import ListingsTaken, Refused, Repeated, Traded
from engine.exchange import Exchange
from engine.profile import FeeRates, Fees
from engine.reasons import Reason
from tests.engine.block_floor import changed
from tests.engine.take_floor import TONNES, TakeFloor, listed
from tests.markets import (
    FIRST_DATE,
    PRODUCT,
    coarse_profile,
    first_day,
    national,
    trader,
    with_product,
)

# ---------------------------------------------------------------- what is taken


def test_every_trade_is_told_then_the_sum() -> None:
    """R41, R43: each listing at its own price, together as much as was ordered."""
    floor = TakeFloor()
    first, second = floor.sell(4_800, 100), floor.sell(4_810, 50, who=3)
    command = floor.command(120, 4_900)
    one, two, total = floor.desk.send(trader(1), command)
    assert isinstance(one, Traded)
    assert isinstance(two, Traded)
    assert one == Traded(
        sequence=total.sequence,
        time_ns=total.time_ns,
        trade=1,
        method=Method.LISTED,
        product=PRODUCT,
        price_fen=4_800,
        quantity_t=100,
        side=Side.BUY,
        order=second + 1,
        resting_order=first,
        participant=1,
        counterparty=2,
        key=trader(1),
        client_order=command.client_order,
        left_t=0,
    )
    assert (two.trade, two.resting_order, two.quantity_t, two.left_t) == (2, second, 20, 30)
    assert (two.counterparty, two.price_fen) == (3, 4_810)
    assert total == ListingsTaken(
        sequence=total.sequence,
        time_ns=total.time_ns,
        order=second + 1,
        participant=1,
        key=trader(1),
        client_order=command.client_order,
        product=PRODUCT,
        side=Side.BUY,
        limit_price_fen=4_900,
        quantity_t=120,
        left_t=0,
        amount_fen=100 * 4_800 + 20 * 4_810,
        trades=2,
    )
    cash = floor.exchange.account(1).cash
    assert (cash.payable_fen, cash.locked_fen) == (576_200, 0)
    assert floor.exchange.account(1).holdings[0].bought_today_t == 120
    assert floor.exchange.account(3).holdings[0].locked_t == 30
    assert [level.quantity_t for level in floor.exchange.book(PRODUCT).asks] == [30]
    quote = floor.exchange.market().products[0]
    assert (quote.open_fen, quote.last_fen, quote.listed_quantity_t) == (4_800, 4_810, 120)


@pytest.mark.parametrize("side", list(Side))
def test_best_price_first_on_both_sides_and_no_further_than_the_limit(side: Side) -> None:
    """R40: price priority."""
    floor = TakeFloor()
    worse = 1 if side is Side.BUY else -1
    place = floor.sell if side is Side.BUY else floor.buy
    behind = place(4_800 + 3 * worse)
    third, first = place(4_800 + 2 * worse), place(4_800)
    second = place(4_800 + worse, who=3)
    taken = floor.fills(1_000, 4_800 + 2 * worse, side)
    assert [order for order, _, _ in taken] == [first, second, third]
    assert [row.side for row in floor.exchange.orders(1)] == [side]
    (row,) = [row for row in floor.exchange.orders(2) if row.is_open]
    assert (row.order, row.left_t) == (behind, 100)


def test_inside_a_level_the_oldest_first() -> None:
    """R42: where the taker prefers none."""
    floor = TakeFloor()
    numbers = [floor.sell(4_800, who=who) for who in (3, 2, 3)]
    assert floor.fills(250, 4_800) == [
        (numbers[0], 100, 4_800),
        (numbers[1], 100, 4_800),
        (numbers[2], 50, 4_800),
    ]


def test_preferred_listings_first_inside_their_level_and_none_across_levels() -> None:
    """R40, R42: the counterparty is free, the level is not."""
    floor = TakeFloor()
    best = [floor.sell(4_800) for _ in range(3)]
    deeper = [floor.sell(4_810) for _ in range(2)]
    preferred = (deeper[1], best[2], best[1])
    assert floor.fills(350, 4_900, preferred=preferred) == [
        (best[2], 100, 4_800),
        (best[1], 100, 4_800),
        (best[0], 100, 4_800),
        (deeper[1], 50, 4_810),
    ]


def test_preferred_numbers_that_stand_elsewhere_or_nowhere_are_passed_over() -> None:
    floor = TakeFloor()
    bid = floor.buy(4_800, who=3)  # at the same place of the other ladder
    mine = floor.sell(4_790, who=1)
    gone = floor.sell(4_800)
    floor.fills(100, 4_800)
    right = floor.sell(4_800)
    wanted = floor.sell(4_800)
    preferred = (999, 2**31 - 1, gone, mine, bid, wanted, wanted)
    assert floor.fills(150, 4_800, preferred=preferred) == [
        (wanted, 100, 4_800),
        (right, 50, 4_800),
    ]


def test_a_preferred_block_offer_is_no_listing() -> None:
    floor = TakeFloor()
    floor.desk.advance("13:00")
    offer = floor.desk.one(
        trader(2),
        OfferBlock(
            product=PRODUCT,
            side=Side.SELL,
            counterparty=1,
            price_fen=4_800,
            quantity_t=100_000,
            client_order=floor.desk.next_client_order(),
        ),
    )
    listing = floor.sell(4_320)  # the best price of the band: place 0 of the ladder
    assert floor.fills(500, 4_800, preferred=(offer.order,)) == [(listing, 100, 4_320)]  # type: ignore[union-attr]


def test_a_preferred_listing_of_another_product_is_passed_over() -> None:
    second = national().products[1].code
    changes = {"listed_from": FIRST_DATE, "first_reference": "administrative"}
    floor = TakeFloor(with_product(national(), 1, **changes))
    floor.desk.set_reference(4_800, second, ReferenceBasis.ADMINISTRATIVE)
    floor.desk.endow(2, 0, 1_000, second)
    other = floor.desk.listing(2, Side.SELL, 4_800, 100, second)
    listing = floor.sell(4_800)
    assert floor.fills(500, 4_800, preferred=(other.order,)) == [(listing, 100, 4_800)]  # type: ignore[union-attr]


def test_own_listings_are_neither_taken_nor_in_the_way_nor_a_level() -> None:
    """R47."""
    floor = TakeFloor(listed(levels_shown=2))
    floor.sell(4_790, who=1)
    floor.sell(4_800, who=1)
    one = floor.sell(4_800)
    floor.sell(4_805, who=1)
    two = floor.sell(4_810)
    floor.sell(4_820)
    assert floor.fills(1_000, 4_900) == [(one, 100, 4_800), (two, 100, 4_810)]
    assert [row.left_t for row in floor.exchange.orders(1) if row.is_open] == [100, 100, 100]


def test_at_most_five_levels() -> None:
    """R40, R44."""
    floor = TakeFloor()
    numbers = [floor.sell(4_800 + place) for place in range(7)]
    taken = floor.fills(1_000, 5_000)
    assert [order for order, _, _ in taken] == numbers[:5]
    assert floor.fills(1_000, 5_000) == [
        (number, 100, 4_805 + i) for i, number in enumerate(numbers[5:])
    ]


def test_levels_far_apart_are_found_word_by_word() -> None:
    floor = TakeFloor()
    prices = (4_320, 4_383, 4_384, 4_900, 5_280)
    numbers = [floor.sell(price) for price in prices]
    assert floor.fills(450, 5_280) == [
        (number, 50 if price == 5_280 else 100, price)
        for number, price in zip(numbers, prices, strict=True)
    ]


def test_what_is_not_taken_is_reported_and_does_not_rest() -> None:
    """R46: a taker never becomes a lister."""
    floor = TakeFloor()
    floor.sell(4_800, 30)
    _, total = floor.take(100, 4_800)
    assert isinstance(total, ListingsTaken)
    assert (total.quantity_t, total.left_t, total.trades) == (100, 70, 1)
    assert floor.exchange.book(PRODUCT).asks == floor.exchange.book(PRODUCT).bids == ()
    (row,) = floor.exchange.orders(1)
    assert (row.order, row.is_open, row.left_t, row.quantity_t) == (total.order, False, 70, 100)
    assert (row.price_fen, row.side, row.method, row.is_pick) == (
        4_800,
        Side.BUY,
        Method.LISTED,
        True,
    )
    assert floor.exchange.account(1).cash.locked_fen == 0


def test_no_more_trades_than_one_command_may_make() -> None:
    floor = TakeFloor(changed(fills_per_command=3))
    numbers = [floor.sell(4_800, 10) for _ in range(5)]
    assert [order for order, _, _ in floor.fills(50, 4_800)] == numbers[:3]
    assert [order for order, _, _ in floor.fills(50, 4_800)] == numbers[3:]


def test_a_sweep_of_five_thousand_fills() -> None:
    exchange = Exchange(national())
    desk = first_day(exchange)
    for place in range(5_000):
        desk.listing(2 + place % 2, Side.SELL, 4_800 + place % 5, 2)
    command = TakeListings(
        product=PRODUCT,
        side=Side.BUY,
        quantity_t=9_999,
        limit_price_fen=5_280,
        client_order=desk.next_client_order(),
    )
    *trades, total = desk.send(trader(1), command)
    assert isinstance(total, ListingsTaken)
    assert (len(trades), total.trades, total.left_t) == (5_000, 5_000, 0)
    (rest,) = exchange.book(PRODUCT).asks
    assert (rest.price_fen, rest.quantity_t, rest.count) == (4_804, 1, 1)
    exchange.check()


def test_on_a_coarse_market_a_take_finds_its_levels() -> None:
    floor = TakeFloor(coarse_profile())
    near, far = floor.buy(4_750, 100), floor.buy(4_700, 200)
    floor.buy(4_695, 100)
    assert floor.fills(250, 4_700, Side.SELL) == [(near, 100, 4_750), (far, 150, 4_700)]


def test_both_ledgers_keep_their_sums() -> None:
    """R60: fees by trade and side, rounded down."""
    fees = Fees(
        trading=FeeRates(listed_buyer_bp=7, listed_seller_bp=5, block_buyer_bp=900),
        settlement=FeeRates(listed_buyer_bp=3, listed_seller_bp=1),
    )
    floor = TakeFloor(structs.replace(national(), fees=fees))
    floor.sell(4_801, 3)
    floor.sell(4_807, 7, who=3)
    floor.fills(10, 4_900)
    one_fen, two_fen = 3 * 4_801, 7 * 4_807
    buyer_fen = (one_fen * 7) // 10_000 + (one_fen * 3) // 10_000
    buyer_fen += (two_fen * 7) // 10_000 + (two_fen * 3) // 10_000
    cash = [floor.exchange.account(who).cash for who in (1, 2, 3)]
    assert cash[0].payable_fen == one_fen + two_fen + buyer_fen
    assert cash[1].proceeds_fen == one_fen - one_fen * 5 // 10_000 - one_fen // 10_000
    assert cash[2].proceeds_fen == two_fen - two_fen * 5 // 10_000 - two_fen // 10_000
    tonnes = [
        row.available_t + row.locked_t + row.bought_today_t
        for who in (1, 2, 3)
        for row in floor.exchange.account(who).holdings
    ]
    assert sum(tonnes) == 3 * TONNES


# ---------------------------------------------------------------- repeats


def test_a_repeated_take_takes_nothing_and_tells_the_sum_again() -> None:
    floor = TakeFloor()
    floor.sell(4_800)
    other = floor.sell(4_800)
    command = floor.command(50, 4_800, preferred=(other,))
    _, total = floor.desk.send(trader(1), command)
    again = floor.desk.one(trader(1), command)
    assert isinstance(again, Repeated)
    assert (again.sequence, again.time_ns) == (floor.desk.sequence, floor.desk.time_ns)
    assert again.answer == total
    assert len(floor.exchange.trades()) == 1
    changes: list[dict[str, Any]] = [
        {"preferred": ()},
        {"quantity_t": 51},
        {"limit_price_fen": 4_801},
        {"side": Side.SELL},
        {"product": "CEA21"},
    ]
    for change in changes:
        reused = floor.desk.one(trader(1), structs.replace(command, **change))
        assert isinstance(reused, Refused)
        assert (reused.reason, reused.order) == (Reason.CLIENT_ORDER_REUSED, 0)


def test_a_refused_take_is_remembered() -> None:
    floor = TakeFloor()
    command = floor.command(50, 4_800)
    refused = floor.desk.one(trader(1), command)
    assert isinstance(refused, Refused)
    floor.sell(4_800)
    again = floor.desk.one(trader(1), command)
    assert isinstance(again, Repeated)
    assert again.answer == refused
