"""Surveillance of prices: each rule just raised and just not, through the real exchange."""

from collections.abc import Sequence

import pytest
from msgspec import structs

from engine.commands import PickListing, ReferenceBasis, Side
from engine.events import ListingPlaced
from engine.profile import Surveillance
from engine.surveillance import Rule
from tests.engine.surveillance_floor import Floor, Recorder
from tests.markets import Desk, national, trader

# ---------------------------------------------------------------- R51


def test_r51_one_tonne_sets_the_close() -> None:
    """2025-05-14: CEA22 traded one tonne at 70.00, and the close moved from 69.60 to 70.00."""
    profile = structs.replace(national(), surveillance=Surveillance())
    market = Recorder(profile)
    desk = Desk(market)
    desk.found(2)
    desk.open_day("2025-05-14")
    desk.endow(1, 0, 1_000, "CEA22")
    desk.endow(2, 10**9, 1_000, "CEA22")
    desk.set_reference(6_960, "CEA22", ReferenceBasis.ADMINISTRATIVE)
    desk.advance("09:30")
    listed = desk.listing(1, Side.SELL, 7_000, 1, "CEA22")
    assert isinstance(listed, ListingPlaced)
    traded = desk.one(trader(2), PickListing(listing=listed.order, quantity_t=1, client_order=900))
    desk.advance("15:00")
    alerts = [alert for alert in market.alerts if alert.rule == Rule.CLOSE_BY_FEW_TONNES]
    (alert,) = alerts
    assert (alert.date, alert.product, alert.participants) == ("2025-05-14", "CEA22", (1, 2))
    assert alert.figures["close_fen"] == 7_000
    assert alert.figures["quantity_t"] == alert.figures["trades"] == 1
    assert alert.sequences == (traded.sequence, desk.sequence)
    assert "70.00" in alert.en
    assert "仅由 1 吨" in alert.zh


@pytest.mark.parametrize(("quantity_t", "expected"), [(99, 1), (100, 0)])
def test_r51_a_close_by_fewer_tonnes_than_the_threshold(quantity_t: int, expected: int) -> None:
    floor = Floor(close_quantity_t_min=100)
    floor.trade(1, 2, 4_800, quantity_t - 40)
    floor.trade(3, 4, 4_810, 40)
    alerts = floor.close().alerts(Rule.CLOSE_BY_FEW_TONNES)
    assert len(alerts) == expected
    if expected:
        assert alerts[0].participants == (1, 2, 3, 4)
        assert alerts[0].figures["quantity_t"] == quantity_t


def test_r51_a_day_without_listed_trades_has_no_close_of_its_own() -> None:
    floor = Floor(close_quantity_t_min=100)
    floor.at("13:00")
    floor.block(1, 2, 4_800)
    assert floor.close().alerts(Rule.CLOSE_BY_FEW_TONNES) == []


# ---------------------------------------------------------------- prices


@pytest.mark.parametrize(
    ("price_fen", "edge_fen"),
    [(4_320, 4_320), (4_321, 0), (5_280, 5_280), (5_279, 0)],
)
def test_a_trade_at_the_edge_of_the_band(price_fen: int, edge_fen: int) -> None:
    floor = Floor()
    traded = floor.trade(1, 2, price_fen, 200)
    floor.trade(1, 2, price_fen, 200)  # told once a day of the same two
    alerts = floor.close().alerts(Rule.TRADE_AT_BAND_EDGE)
    assert [alert.figures["edge_fen"] for alert in alerts] == [edge_fen] * bool(edge_fen)
    if edge_fen:
        assert alerts[0].sequences[-1] == traded.sequence
        assert alerts[0].participants == (1, 2)


@pytest.mark.parametrize(("price_fen", "expected"), [(5_278, 1), (5_277, 0)])
def test_the_edge_is_as_wide_as_the_profile_says(price_fen: int, expected: int) -> None:
    floor = Floor(band_edge_fen=2)
    floor.trade(1, 2, price_fen, 200)
    assert len(floor.close().alerts(Rule.TRADE_AT_BAND_EDGE)) == expected


def late_day(clock: str, first_fen: int, late_fen: int, buyers: Sequence[int] = (2,)) -> Floor:
    """One trade in the morning, others late at another price, all sold by 1."""
    floor = Floor(late_extreme_bp=50)
    floor.trade(3, 4, first_fen, 200)
    floor.at(clock)
    for buyer in buyers:
        floor.trade(1, buyer, late_fen, 200)
    return floor.close()


@pytest.mark.parametrize("late_fen", [4_824, 4_776])
def test_a_late_extreme_is_printed_by_one(late_fen: int) -> None:
    alert = late_day("14:50", 4_800, late_fen, buyers=(2, 3)).one(Rule.LATE_EXTREME)
    assert alert.participants == (1,), "1 is a party to both trades"
    assert alert.figures == {"price_fen": late_fen, "before_fen": 4_800, "window_s": 600}
    assert len(alert.sequences) == 2


def test_a_late_extreme_just_short() -> None:
    short = late_day("14:50", 4_800, 4_823)  # 50 basis points of 48.00 are 24 fen
    early = late_day("14:49:59", 4_800, 4_824)
    same = late_day("14:50", 4_800, 4_800)
    for floor in (short, early, same):
        assert floor.alerts(Rule.LATE_EXTREME) == []


@pytest.mark.parametrize(("before_ns", "expected"), [(0, 1), (1, 0)])
def test_the_last_minutes_begin_to_the_nanosecond(before_ns: int, expected: int) -> None:
    floor = Floor(late_extreme_bp=50)
    floor.trade(3, 4, 4_800, 200)
    floor.at("13:00")
    floor.desk.time_ns = floor.desk.clock("14:50") - before_ns - 2  # list, then pick, a ns apart
    traded = floor.trade(1, 2, 4_900, 200)
    assert traded.time_ns == floor.desk.clock("14:50") - before_ns
    assert len(floor.close().alerts(Rule.LATE_EXTREME)) == expected


def test_a_late_extreme_of_many_is_nobodys() -> None:
    floor = Floor(late_extreme_bp=50)
    floor.trade(3, 4, 4_800, 200)
    floor.at("14:55")
    floor.trade(1, 2, 4_900, 200)
    floor.trade(3, 4, 4_900, 200)
    assert floor.close().alerts(Rule.LATE_EXTREME) == []


def test_a_late_high_that_is_passed_again_counts_anew() -> None:
    floor = Floor(late_extreme_bp=50)
    floor.trade(3, 4, 4_800, 200)
    floor.at("14:55")
    floor.trade(1, 2, 4_900, 200)
    last = floor.trade(3, 4, 4_901, 200)
    alert = floor.close().one(Rule.LATE_EXTREME)
    assert alert.participants == (3, 4)
    assert alert.sequences == (last.sequence,)


@pytest.mark.parametrize(
    ("price_fen", "seconds", "less_ns", "expected"),
    [
        (4_560, 10, 1, 1),  # 5 % below 48.00, taken after ten seconds to the nanosecond
        (5_040, 10, 1, 1),
        (4_561, 10, 1, 0),
        (4_560, 10, 0, 0),
    ],
)
def test_a_listing_far_from_the_rest_taken_at_once(
    price_fen: int, seconds: int, less_ns: int, expected: int
) -> None:
    floor = Floor(far_listing_bp=500, far_listing_s=10)
    floor.trade(3, 4, 4_800, 1_000)
    listing = floor.list_(1, Side.SELL, price_fen, 500)
    floor.wait(seconds, less_ns)
    traded = floor.pick(2, listing, 300)
    alerts = floor.close().alerts(Rule.FAR_LISTING_TAKEN)
    assert len(alerts) == expected
    if expected:
        assert alerts[0].sequences == (listing.sequence, traded.sequence)
        assert alerts[0].figures["off_bp"] == 500
        assert alerts[0].figures["elapsed_s"] == 10
        assert alerts[0].participants == (1, 2)


def test_far_is_measured_from_the_mean_of_the_day_before_the_trade() -> None:
    floor = Floor(far_listing_bp=500)
    floor.trade(3, 4, 5_000, 1_000)  # 4.2 % off the reference
    floor.trade(1, 2, 4_751, 1_000)  # 4.98 % off 50.00
    floor.trade(1, 2, 5_119, 500)  # 4.996 % off the mean of both, 48.755
    assert floor.close().alerts(Rule.FAR_LISTING_TAKEN) == []


@pytest.mark.parametrize(("price_fen", "edge_fen"), [(3_360, 3_360), (6_240, 6_240), (3_361, 0)])
def test_a_block_at_the_edge_of_its_band(price_fen: int, edge_fen: int) -> None:
    floor = Floor()
    floor.at("13:00")
    traded = floor.block(1, 2, price_fen)
    alerts = floor.close().alerts(Rule.BLOCK_AT_BAND_EDGE)
    assert [alert.figures["edge_fen"] for alert in alerts] == [edge_fen] * bool(edge_fen)
    if edge_fen:
        assert traded.sequence in alerts[0].sequences


@pytest.mark.parametrize(("price_fen", "expected"), [(4_079, 1), (4_080, 0), (6_121, 1)])
def test_a_block_off_the_listed_mean_of_the_whole_day(price_fen: int, expected: int) -> None:
    floor = Floor(block_off_listed_bp_max=2_000)
    floor.trade(3, 4, 5_000, 100)
    floor.at("13:00")
    traded = floor.block(1, 2, price_fen)
    floor.trade(3, 4, 5_200, 100)  # the mean of the day is 51.00, known after the block
    alerts = floor.close().alerts(Rule.BLOCK_OFF_LISTED)
    assert len(alerts) == expected
    if expected:
        assert alerts[0].figures["mean_fen"] == 5_100
        assert alerts[0].sequences[0] == traded.sequence


def test_a_block_without_listed_trades_is_compared_with_nothing() -> None:
    floor = Floor(block_off_listed_bp_max=1)
    floor.at("13:00")
    floor.block(1, 2, 4_000)
    assert floor.close().alerts(Rule.BLOCK_OFF_LISTED) == []
