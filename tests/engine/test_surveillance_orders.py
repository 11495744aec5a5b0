"""Surveillance of orders and parties: each rule just raised and just not, through the real exchange."""

import pytest

from engine.commands import FailTrade, PlaceListing, Side, TransferOut
from engine.surveillance import Rule
from engine.units import NANOSECONDS_PER_SECOND as SECOND
from tests.engine.surveillance_floor import Floor, crossed
from tests.markets import CLEARING, PRODUCT, trader

# ---------------------------------------------------------------- orders


@pytest.mark.parametrize(("less_ns", "expected"), [(1, 1), (2, 0)])
def test_listings_that_cross_too_long(less_ns: int, expected: int) -> None:
    floor = Floor(crossing_s=60)
    ask, bid = crossed(floor)
    floor.wait(60, less_ns)  # the cancel itself comes a nanosecond later
    floor.cancel(1, ask)
    floor.wait(3_600)
    alerts = floor.close().alerts(Rule.CROSSING_LISTINGS)
    assert len(alerts) == expected
    if expected:
        assert alerts[0].sequences == (ask.sequence, bid.sequence)
        assert alerts[0].participants == (1, 2)
        assert alerts[0].figures == {"bid_fen": 4_800, "ask_fen": 4_800, "crossing_s": 60}


def test_what_happens_behind_a_cross_does_not_time_it_anew() -> None:
    floor = Floor(crossing_s=60)
    crossed(floor)
    for _ in range(4):
        floor.wait(20)
        floor.list_(3, Side.BUY, 4_700, 1)
    assert floor.close().one(Rule.CROSSING_LISTINGS).figures["crossing_s"] == 60


def test_listings_that_do_not_cross_may_rest_all_day() -> None:
    floor = Floor(crossing_s=60)
    floor.list_(1, Side.SELL, 4_801, 100)
    floor.list_(2, Side.BUY, 4_800, 100)
    assert floor.close().alerts(Rule.CROSSING_LISTINGS) == []


def test_a_cross_behind_an_emptied_level_is_seen() -> None:
    floor = Floor(crossing_s=60)
    first = floor.list_(1, Side.SELL, 4_790, 100)
    floor.cancel(1, first)
    again = floor.list_(1, Side.SELL, 4_790, 100)
    floor.pick(3, again)
    floor.list_(1, Side.SELL, 4_810, 100)
    floor.list_(2, Side.BUY, 4_800, 100)
    floor.wait(120)
    floor.list_(3, Side.BUY, 4_815, 100)
    floor.wait(120)
    alert = floor.close().one(Rule.CROSSING_LISTINGS)
    assert alert.figures["bid_fen"] == 4_815
    assert alert.participants == (1, 3)


def test_the_break_does_not_count_as_resting() -> None:
    floor = Floor(crossing_s=60)
    floor.at("11:29:30")
    ask, bid = crossed(floor)
    floor.at("13:00")
    floor.wait(59)
    floor.cancel(2, bid)
    floor.cancel(1, ask)
    assert floor.close().alerts(Rule.CROSSING_LISTINGS) == []


def test_a_cross_is_timed_anew_after_the_break() -> None:
    floor = Floor(crossing_s=60)
    floor.at("11:29:30")
    crossed(floor)
    floor.at("13:00")
    floor.at("13:01")
    assert floor.market.alerts == [], "nothing happened that could tell the time"
    floor.desk.endow(1, 1, 0)
    assert floor.one(Rule.CROSSING_LISTINGS).figures["crossing_s"] == 60


@pytest.mark.parametrize(("rounds", "expected"), [(5, 1), (4, 0)])
def test_listing_and_cancelling_again_and_again(rounds: int, expected: int) -> None:
    floor = Floor(list_cancels=5)
    for _ in range(rounds):
        floor.cancel(1, floor.list_(1, Side.SELL, 4_900, 700))
        floor.cancel(2, floor.list_(2, Side.BUY, 4_700, 1)) if rounds < 4 else None
    alerts = floor.close().alerts(Rule.LIST_AND_CANCEL)
    assert len(alerts) == expected
    if expected:
        assert alerts[0].participants == (1,)
        assert alerts[0].figures == {"cancels": 5, "quantity_t": 3_500}
        assert len(alerts[0].sequences) == 10, "each listing and each cancel"


def test_a_trade_ends_the_streak() -> None:
    floor = Floor(list_cancels=5)
    for round_ in range(8):
        floor.cancel(1, floor.list_(1, Side.SELL, 4_900, 700))
        if round_ == 3:
            floor.trade(1, 2, 4_800, 200)
    assert floor.close().alerts(Rule.LIST_AND_CANCEL) == []


def test_a_listing_that_traded_in_part_or_lapsed_is_no_list_and_cancel() -> None:
    floor = Floor(list_cancels=1)
    listing = floor.list_(1, Side.SELL, 4_900, 700)
    floor.pick(2, listing, 1)
    floor.cancel(1, listing)
    floor.list_(3, Side.SELL, 4_900, 700)
    assert floor.close().alerts(Rule.LIST_AND_CANCEL) == []


@pytest.mark.parametrize(
    ("orders", "last_wait_ns", "expected"),
    [(6, 0, 1), (5, 0, 0), (6, SECOND - 8, 0), (6, SECOND - 9, 1)],
)
def test_the_rate_of_order_commands(orders: int, last_wait_ns: int, expected: int) -> None:
    floor = Floor(order_rate_max=5, order_rate_window_s=1)
    for number in range(orders):
        if number == orders - 1:
            floor.desk.time_ns += last_wait_ns  # eight commands came since the first, a ns apart
        command = PlaceListing(
            product=PRODUCT,
            side=Side.SELL,
            price_fen=1 if number % 2 else 4_900,  # refused ones are commands too
            quantity_t=1,
            client_order=floor.desk.next_client_order(),
        )
        floor.desk.one(trader(1), command)
        floor.list_(2, Side.BUY, 4_700, 1) if number < 3 else None
    alerts = floor.close().alerts(Rule.ORDER_RATE)
    assert len(alerts) == expected
    if expected:
        assert alerts[0].participants == (1,)
        assert alerts[0].figures == {"orders": 6, "window_s": 1}
        assert len(alerts[0].sequences) == 6


# ---------------------------------------------------------------- parties


def test_the_same_two_back_and_forth() -> None:
    floor = Floor(paired_trades=2)
    for seller, buyer in ((1, 2), (2, 1), (1, 2), (1, 2)):
        floor.trade(seller, buyer, 4_800, 300)
    assert floor.market.alerts == []
    floor.trade(2, 1, 4_800, 300)
    floor.trade(2, 1, 4_800, 300)  # told once
    alert = floor.close().one(Rule.PAIRED_TRADES)
    assert alert.participants == (1, 2)
    assert alert.figures == {"trades": 5, "quantity_t": 1_500}
    assert len(alert.sequences) == 5


def test_trades_in_one_direction_or_with_others_are_no_pair() -> None:
    floor = Floor(paired_trades=2)
    for seller, buyer in ((1, 2), (1, 2), (1, 2), (2, 3), (3, 1), (2, 1), (2, 3)):
        floor.trade(seller, buyer, 4_800, 300)
    assert floor.close().alerts(Rule.PAIRED_TRADES) == []


def test_a_pair_is_seen_from_either_side_of_the_book_and_in_blocks() -> None:
    floor = Floor(paired_trades=1)
    floor.pick(1, floor.list_(2, Side.BUY, 4_800, 300))  # 1 sells to 2 by taking a buy listing
    assert floor.market.alerts == []
    floor.at("13:00")
    floor.block(2, 1, 4_800)
    assert floor.one(Rule.PAIRED_TRADES).participants == (1, 2)


@pytest.mark.parametrize(
    ("own_t", "other_t", "expected"), [(6_001, 3_999, 2), (6_000, 4_000, 0), (6_001, 3_998, 0)]
)
def test_a_share_of_the_volume(own_t: int, other_t: int, expected: int) -> None:
    floor = Floor(volume_share_bp_max=6_000, volume_share_t_min=10_000)
    floor.trade(1, 2, 4_800, own_t)
    floor.trade(3, 4, 4_800, other_t)
    floor.at("13:00")
    floor.block(3, 4, 4_800)  # blocks are no listed volume
    alerts = floor.close().alerts(Rule.VOLUME_SHARE)
    assert [alert.participants for alert in alerts] == [(2,), (1,)][::-1][:expected]
    for alert in alerts:
        assert alert.figures == {"share_bp": 6_001, "quantity_t": own_t, "volume_t": 10_000}


@pytest.mark.parametrize(("bought_t", "expected"), [(100_001, 1), (100_000, 0)])
def test_a_share_of_all_holdings(bought_t: int, expected: int) -> None:
    """Four hold 500,000 t each, of 2,000,000; 30 % are 600,000."""
    floor = Floor(holding_share_bp_max=3_000)
    floor.trade(1, 2, 4_800, 50_000)
    floor.trade(3, 2, 4_800, bought_t - 50_000)
    assert floor.market.alerts == []
    alerts = floor.close().alerts(Rule.HOLDING_SHARE)
    assert len(alerts) == expected
    if expected:
        assert alerts[0].participants == (2,)
        assert alerts[0].figures["holding_t"] == 600_001
        assert alerts[0].figures["total_t"] == 2_000_000
        floor.next_day(4_800)
        assert len(floor.close().alerts(Rule.HOLDING_SHARE)) == 1, "told once while it lasts"


def test_what_went_back_to_the_registry_is_held_by_nobody() -> None:
    """One of four takes 300,000 of its 500,000 t out: 500,000 of 1,700,000 are 29.41 %."""
    left = TransferOut(participant=1, product=PRODUCT, quantity_t=300_000, reference="O-1")
    above, below = Floor(holding_share_bp_max=2_941), Floor(holding_share_bp_max=2_942)
    for floor in (above, below):
        floor.desk.send(CLEARING, left)
        floor.close()
    alerts = above.alerts(Rule.HOLDING_SHARE)
    assert [alert.participants for alert in alerts] == [(2,), (3,), (4,)]
    assert alerts[0].figures["total_t"] == 1_700_000
    assert below.alerts(Rule.HOLDING_SHARE) == []


def test_a_trade_that_failed_gives_the_holding_back() -> None:
    floor = Floor(holding_share_bp_max=3_000)
    floor.at("13:00")
    first, second = floor.block(1, 2, 4_800), floor.block(3, 2, 4_800)
    floor.desk.send(CLEARING, FailTrade(trade=second.trade, reason="演示", reference="F-1"))
    assert first.trade != second.trade
    assert floor.close().alerts(Rule.HOLDING_SHARE) == []
