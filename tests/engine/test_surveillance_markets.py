"""Surveillance beside the real exchange: an auction with one bidder, a matched order, a voided trade."""

from msgspec import structs

from engine.commands import (
    AnnounceAuction,
    ApplyAuction,
    AuctionFloor,
    PlaceBid,
    PlaceListing,
    PriceMode,
    Side,
    VoidTrade,
)
from engine.events import AuctionEnded, ListingPlaced, Traded
from engine.profile import Position, Profile, Surveillance
from engine.surveillance import Rule
from tests.engine.surveillance_floor import QUIET, Recorder
from tests.markets import PRODUCT, Desk, first_day, national, trader


def market_of(profile: Profile) -> tuple[Recorder, Desk]:
    market = Recorder(profile)
    return market, first_day(market, 4, cash_fen=10**13, tonnes=500_000)


def hold_auction(desk: Desk, bidders: tuple[int, ...]) -> AuctionEnded:
    """Let participant 1 sell 100,000 t to these bidders by auction."""
    applied = desk.one(
        trader(1),
        ApplyAuction(
            product=PRODUCT,
            quantity_t=100_000,
            floor=AuctionFloor.LOWER_LIMIT,
            price_mode=PriceMode.UNIFORM,
            client_order=desk.next_client_order(),
        ),
    )
    auction = int(getattr(applied, "auction"))  # noqa: B009
    begin_ns, end_ns = desk.clock("10:00"), desk.clock("10:30")
    desk.approve(AnnounceAuction(auction=auction, begin_ns=begin_ns, end_ns=end_ns))
    desk.advance("10:00")
    for number in bidders:
        bid = PlaceBid(
            auction=auction,
            price_fen=4_800,
            quantity_t=1_000,
            client_order=desk.next_client_order(),
        )
        desk.send(trader(number), bid)
    (ended,) = [event for event in desk.advance("10:30") if isinstance(event, AuctionEnded)]
    return ended


def test_an_auction_with_one_bidder_is_told_and_one_with_two_is_not() -> None:
    for bidders, expected in (((2,), 1), ((2, 3), 0)):
        market, desk = market_of(structs.replace(national(), surveillance=Surveillance()))
        ended = hold_auction(desk, bidders)
        alerts = [alert for alert in market.alerts if alert.rule is Rule.FEW_BIDDERS]
        assert len(alerts) == expected
        for alert in alerts:
            assert alert.participants == (1, 2)
            assert alert.sequences[-1] == ended.sequence
            assert alert.figures["quantity_t"] == 1_000


def test_what_is_bought_at_auction_makes_a_large_holder() -> None:
    profile = structs.replace(
        national(), surveillance=QUIET, position=Position(large_holder_t=501_000)
    )
    market, desk = market_of(profile)
    hold_auction(desk, (2, 3))
    desk.advance("15:00")
    assert {(alert.rule, alert.participants) for alert in market.alerts} == {
        (Rule.LARGE_HOLDER, (2,)),
        (Rule.LARGE_HOLDER, (3,)),
    }


def test_a_matched_order_with_a_rest_stands_and_a_voided_trade_sets_no_close() -> None:
    listed = structs.replace(national().listed, crossing_listings="match")
    rules = structs.replace(QUIET, close_quantity_t_min=100)
    market, desk = market_of(structs.replace(national(), listed=listed, surveillance=rules))
    desk.listing(1, Side.SELL, 4_800, 10)
    desk.listing(2, Side.SELL, 4_810, 10)
    command = PlaceListing(
        product=PRODUCT,
        side=Side.BUY,
        price_fen=4_820,
        quantity_t=30,
        client_order=desk.next_client_order(),
    )
    events = desk.send(trader(3), command)
    assert [type(event) for event in events] == [Traded, Traded, ListingPlaced]
    day = market.watch._day
    ((order, standing),) = day.listings.items()
    assert (order, standing.left_t, standing.is_touched) == (3, 10, True)
    for trade in (1, 2):
        desk.approve(VoidTrade(trade=trade, explanation="演示"))
    desk.advance("15:00")
    assert market.alerts == [], "a close by few tonnes would be told"
