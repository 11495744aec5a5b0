"""Real auctions come to their published sums (G6), and ten thousand bids to theirs."""

from random import Random

import pytest

from engine.commands import (
    AnnounceAuction,
    ApplyAuction,
    AuctionFloor,
    PickListing,
    PlaceBid,
    PriceMode,
    ReferenceBasis,
    Side,
)
from engine.events import AuctionApplied, AuctionEnded, BidPlaced, DayClosed, ListingPlaced, Traded
from engine.exchange import Exchange
from engine.units import parse_yuan
from tests.engine.auction_desk import SELLER, House, auction_rules, ended, with_capacity
from tests.markets import Desk, national, trader

LOWER, CLOSE = AuctionFloor.LOWER_LIMIT, AuctionFloor.PREVIOUS_CLOSE
UNIFORM, PAY_AS_BID = PriceMode.UNIFORM, PriceMode.PAY_AS_BID


def hold(
    desk: Desk, product: str, offered_t: int, floor: AuctionFloor, mode: PriceMode, bids: str
) -> AuctionEnded:
    """Hold an auction from 10:00 to 10:30 of the day in hand; `bids` is `tonnes@yuan ...`."""
    applied = desk.one(
        trader(SELLER),
        ApplyAuction(
            product=product,
            quantity_t=offered_t,
            floor=floor,
            price_mode=mode,
            client_order=desk.next_client_order(),
        ),
    )
    assert isinstance(applied, AuctionApplied), applied
    begin_ns, end_ns = desk.clock("10:00"), desk.clock("10:30")
    desk.approve(AnnounceAuction(auction=applied.auction, begin_ns=begin_ns, end_ns=end_ns))
    desk.advance("10:00")
    for place, text in enumerate(bids.split()):
        tonnes, price = text.split("@")
        placed = desk.one(
            trader(2 + place),
            PlaceBid(
                auction=applied.auction,
                price_fen=parse_yuan(price),
                quantity_t=int(tonnes),
                client_order=desk.next_client_order(),
            ),
        )
        assert isinstance(placed, BidPlaced), placed
    return ended(desk.advance("10:30"))


@pytest.mark.parametrize(
    ("date", "product", "close", "offered_t", "floor", "mode", "bids", "sold_t", "amount"),
    [
        # 2025-09-05: far from covered, what was bid is sold at the lowest bid
        (
            "2025-09-05", "CEA24", "68.50", 100_000, LOWER, UNIFORM,
            "1500@67.50 500@67.30", 2_000, "134600.00",
        ),
        # 2025-10-30: covered, the marginal bid cut
        (
            "2025-10-30", "CEA24", "49.00", 100_000, LOWER, UNIFORM,
            "60000@45.10 50000@44.75 20000@44.70", 100_000, "4475000.00",
        ),
        # 2025-11-04: an average off the tick, so each paid its own
        (
            "2025-11-04", "CEA24", "52.00", 100_000, LOWER, PAY_AS_BID,
            "28500@49.00 70000@48.90 10000@49.10 9000@48.80", 100_000, "4894850.00",
        ),
        # 2026-05-22: the floor is the previous close
        (
            "2026-05-22", "CEA25", "80.43", 100_000, CLOSE, UNIFORM,
            "1000@80.43", 1_000, "80430.00",
        ),
    ],
)  # fmt: skip
def test_g6_real_auctions(
    *,
    date: str,
    product: str,
    close: str,
    offered_t: int,
    floor: AuctionFloor,
    mode: PriceMode,
    bids: str,
    sold_t: int,
    amount: str,
) -> None:
    exchange = Exchange(national())
    desk = Desk(exchange)
    desk.found(6)
    desk.open_day(date)
    for participant in range(1, 7):
        desk.endow(participant, 10**10, 500_000, product)
    desk.set_reference(parse_yuan(close), product, ReferenceBasis.ADMINISTRATIVE)
    result = hold(desk, product, offered_t, floor, mode, bids)
    assert (result.sold_t, result.amount_fen) == (sold_t, parse_yuan(amount))
    if mode is UNIFORM:
        assert result.price_fen * sold_t == parse_yuan(amount)
    exchange.check()
    closed = desk.advance("15:00")[-1]
    assert isinstance(closed, DayClosed)
    row = next(row for row in closed.bulletin.products if row.product == product)
    assert (row.auction_quantity_t, row.auction_amount_fen) == (sold_t, parse_yuan(amount))
    assert (row.close_fen, row.listed_quantity_t) == (parse_yuan(close), 0)


def test_g6_the_floor_is_the_close_of_the_day_before() -> None:
    """80.43 was the close of the eve, made by listed trades, and no bid below it is taken."""
    exchange = Exchange(national())
    desk = Desk(exchange)
    desk.found(3)
    desk.open_day("2026-05-21")
    for participant in (1, 2, 3):
        desk.endow(participant, 10**10, 500_000, "CEA25")
    desk.set_reference(parse_yuan("80.00"), "CEA25", ReferenceBasis.ADMINISTRATIVE)
    desk.advance("09:30")
    placed = desk.listing(SELLER, Side.SELL, parse_yuan("80.43"), 10, "CEA25")
    assert isinstance(placed, ListingPlaced)
    pick = PickListing(listing=placed.order, quantity_t=10, client_order=desk.next_client_order())
    desk.one(trader(2), pick)
    desk.advance("15:00")
    desk.open_day("2026-05-22")
    desk.set_reference(parse_yuan("80.43"), "CEA25")
    result = hold(desk, "CEA25", 100_000, CLOSE, UNIFORM, "1000@80.43")
    assert (result.price_fen, result.sold_t) == (parse_yuan("80.43"), 1_000)
    assert result.amount_fen == parse_yuan("80430.00")
    exchange.check()


@pytest.mark.parametrize("ties", ["time", "pro_rata", "random"])
def test_ten_thousand_bids(ties: str) -> None:
    """Sums and locks come out at any size; the figures are counted here from the bids."""
    house = House(with_capacity(auction_rules(ties=ties), orders_per_day=20_000))
    house.exchange.check()
    house.desk.market = house.exchange
    house.begin(1_000_000)
    random = Random(5)
    prices: dict[int, int] = {}
    for _ in range(10_000):
        price, tonnes = random.randint(4_700, 4_730), random.randint(1, 400)
        house.bid(random.randint(2, 6), price, tonnes)
        prices[price] = prices.get(price, 0) + tonnes
    events = house.desk.advance("10:30")
    left_t, lowest = 1_000_000, 0
    for price in sorted(prices, reverse=True):
        if left_t > 0:
            left_t -= prices[price]
            lowest = price
    result = ended(events)
    assert (result.price_fen, result.sold_t, result.bids) == (lowest, 1_000_000, 10_000)
    assert result.bid_t == sum(prices.values())
    assert result.amount_fen == lowest * 1_000_000
    trades = [event for event in events if isinstance(event, Traded)]
    assert sum(trade.quantity_t for trade in trades) == 1_000_000
    assert result.successful_bids == len(trades)
    assert all(house.locked_fen(participant) == 0 for participant in range(2, 7))
    house.exchange.check()
