"""Cancels in one entry: all of them or none, everything, and what a lost key had placed."""

import pytest
from msgspec import structs

from engine.commands import (
    AnnounceAuction,
    ApplyAuction,
    AuctionFloor,
    CancelAll,
    CancelCause,
    CancelForKey,
    CancelOrder,
    CancelOrders,
    PlaceBid,
    PlaceListing,
    PriceMode,
    ReduceOrder,
)
from engine.events import (
    AllCancelled,
    BidPlaced,
    Cancelled,
    Repeated,
)
from engine.reasons import Reason
from tests.engine.batch_desk import BUY, FIRST, SELL, batch, item, kinds, refusal, seen
from tests.markets import PRODUCT, Desk, Twins, first_day, small_profile, trader
from tests.markets import trader_key as key_of
from tests.markets_profiles import rich_profile
from tests.restarts import back, exchange_of

# ---------------------------------------------------------------- cancels


def three_listings() -> Desk:
    desk = first_day(Twins(small_profile()))
    for price in (4_700, 4_710, 4_720):
        desk.listing(1, BUY, price, 10)
    return desk


def test_orders_are_cancelled_together_and_each_is_told_by_number() -> None:
    desk = three_listings()
    command = CancelOrders(orders=(3, 1), client_order=FIRST)
    told = desk.send(trader(1), command)
    assert kinds(told) == [Cancelled] * 2
    assert [getattr(event, "order", 0) for event in told] == [1, 3]
    assert {getattr(event, "client_order", 0) for event in told} == {FIRST}
    assert isinstance(desk.market, Twins)
    desk.market.exchange = back(desk.market.exchange)
    again = desk.send(trader(1), command)
    assert [getattr(event, "answer", None) for event in again] == told


@pytest.mark.parametrize(
    ("orders", "reason", "place"),
    [
        ((1, 2, 99), Reason.ORDER_UNKNOWN, 2),
        ((1, 4, 2), Reason.NOT_ORDER_OWNER, 1),
        ((1, 2, 1), Reason.ORDER_NOT_OPEN, 2),
        ((5, 1), Reason.ORDER_NOT_OPEN, 0),
    ],
)
def test_one_order_that_cannot_be_cancelled_keeps_all(
    orders: tuple[int, ...], reason: Reason, place: int
) -> None:
    desk = three_listings()
    desk.listing(2, BUY, 4_700, 10)
    desk.listing(1, BUY, 4_700, 10)
    desk.send(trader(1), CancelOrder(order=5, client_order=FIRST + 9))
    before = seen(desk)
    command = CancelOrders(orders=orders, client_order=FIRST)
    told = desk.send(trader(1), command)
    assert refusal(told) == (reason, place, 0, FIRST)
    assert seen(desk) == before
    (again,) = desk.send(trader(1), command)
    assert getattr(again, "answer", None) == told[0]


def test_a_cancels_number_is_taken_for_every_other_command() -> None:
    desk = three_listings()
    desk.send(trader(1), CancelOrders(orders=(1,), client_order=FIRST))
    others = (
        CancelOrders(orders=(2,), client_order=FIRST),
        CancelAll(client_order=FIRST),
        CancelOrder(order=1, client_order=FIRST),
        ReduceOrder(order=1, quantity_t=1, client_order=FIRST),
        PlaceListing(**structs.asdict(item(0, BUY, 4_700, 1))),
    )
    for command in others:
        assert refusal(desk.send(trader(1), command))[0] is Reason.CLIENT_ORDER_REUSED, command
    told = desk.send(trader(1), batch((BUY, 4_700, 1)))
    assert refusal(told)[:2] == (Reason.CLIENT_ORDER_REUSED, 0)


def test_everything_of_a_participant_goes_or_one_product_or_side_of_it() -> None:
    desk = three_listings()
    desk.listing(1, SELL, 4_900, 10)
    desk.listing(2, BUY, 4_700, 10)
    told = desk.send(trader(1), CancelAll(client_order=FIRST, side=int(SELL)))
    assert kinds(told) == [Cancelled, AllCancelled]
    told = desk.send(trader(1), CancelAll(client_order=FIRST + 1, product="CEA21"))
    assert kinds(told) == [AllCancelled]
    told = desk.send(trader(1), CancelAll(client_order=FIRST + 2, product="NONE-1"))
    assert refusal(told) == (Reason.PRODUCT_UNKNOWN, -1, 0, FIRST + 2)
    told = desk.send(trader(1), CancelAll(client_order=FIRST + 3, product=PRODUCT))
    assert [getattr(event, "order", 0) for event in told[:-1]] == [1, 2, 3]
    summed = told[-1]
    assert isinstance(summed, AllCancelled)
    assert (summed.cancelled, summed.kept, summed.client_order) == (3, 0, FIRST + 3)
    (again,) = desk.send(trader(1), CancelAll(client_order=FIRST + 3, product=PRODUCT))
    assert getattr(again, "answer", None) == summed
    assert exchange_of(desk).orders(2)[0].is_open


def test_what_binds_is_kept_and_counted() -> None:
    """A final bid and an announced application stay, as they would for a single cancel."""
    desk = first_day(Twins(rich_profile()), tonnes=3_000)
    application = ApplyAuction(
        product=PRODUCT,
        quantity_t=500,
        floor=AuctionFloor.LOWER_LIMIT,
        price_mode=PriceMode.UNIFORM,
        client_order=FIRST,
    )
    desk.one(trader(1), application)
    desk.approve(
        AnnounceAuction(auction=1, begin_ns=desk.clock("10:00"), end_ns=desk.clock("10:30"))
    )
    desk.advance("10:00")
    bid = PlaceBid(auction=1, price_fen=4_800, quantity_t=100, client_order=FIRST)
    assert isinstance(desk.one(trader(2), bid), BidPlaced)
    for participant in (1, 2):
        desk.listing(participant, SELL, 4_900, 20)
        told = desk.send(trader(participant), CancelAll(client_order=FIRST + 5))
        summed = told[-1]
        assert isinstance(summed, AllCancelled)
        assert (summed.cancelled, summed.kept) == (1, 1)


def test_a_lost_connection_ends_what_that_key_placed_and_nothing_else() -> None:
    desk = first_day(Twins(small_profile()))
    desk.approve(structs.replace(key_of(50), participant=1))
    second = 8
    for key, number in ((trader(1), 0), (second, 0), (trader(2), 0), (second, 1)):
        desk.send(key, PlaceListing(**structs.asdict(item(number, BUY, 4_700, 10))))
    told = desk.send(0, CancelForKey(key=second))
    assert [getattr(event, "order", 0) for event in told[:-1]] == [2, 4]
    assert {getattr(event, "cause", None) for event in told[:-1]} == {CancelCause.DISCONNECT}
    assert {getattr(event, "key", 0) for event in told} == {second}
    summed = told[-1]
    assert isinstance(summed, AllCancelled)
    assert (summed.participant, summed.cancelled, summed.kept, summed.client_order) == (1, 2, 0, 0)
    assert kinds(desk.send(0, CancelForKey(key=second))) == [AllCancelled]
    assert [row.is_open for row in exchange_of(desk).orders(1)] == [True, False, False]
    assert refusal(desk.send(0, CancelForKey(key=99)))[0] is Reason.KEY_UNKNOWN
    assert refusal(desk.send(trader(1), CancelForKey(key=second)))[0] is Reason.ROLE_NOT_PERMITTED


def test_after_the_close_there_is_nothing_to_cancel() -> None:
    desk = three_listings()
    desk.advance("15:00")
    told = desk.send(trader(1), CancelAll(client_order=FIRST))
    assert kinds(told) == [AllCancelled]
    assert refusal(desk.send(trader(1), CancelOrders(orders=(1,), client_order=FIRST + 1)))[0] is (
        Reason.PHASE_CLOSED
    )


def test_a_full_memory_forgets_only_what_took_back_nothing() -> None:
    rules = small_profile()
    rules = structs.replace(rules, capacity=structs.replace(rules.capacity, orders_per_day=2))
    twins = Twins(rules)
    desk = first_day(twins)
    desk.listing(1, BUY, 4_700, 10)
    market = twins.exchange  # the oracle forgets nothing, so from here on the engine is alone
    desk.market = market
    room = int(market._market.core.state.rules["cancels_max"]) - rules.capacity.orders_per_day
    nothing = CancelAll(client_order=FIRST, product="CEA21")
    for number in range(room + 1):
        desk.send(trader(1), structs.replace(nothing, client_order=FIRST + number))
    assert kinds(desk.send(trader(1), structs.replace(nothing, client_order=FIRST + room - 1))) == [
        Repeated
    ]
    assert kinds(desk.send(trader(1), structs.replace(nothing, client_order=FIRST + room))) == [
        AllCancelled
    ]
    last = CancelAll(client_order=FIRST + room + 1)
    assert kinds(desk.send(trader(1), last)) == [Cancelled, AllCancelled]
    assert kinds(desk.send(trader(1), last)) == [Repeated]
    market.check()
