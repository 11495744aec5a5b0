"""Golden vectors G1-G5 of the rulebook, each reached through commands and read from events."""

from dataclasses import dataclass

import pytest

from engine.commands import (
    AcceptBlock,
    OfferBlock,
    PickListing,
    ReferenceBasis,
    SetReferencePrice,
    SettleTrade,
    Side,
)
from engine.events import (
    AnyEvent,
    BlockOffered,
    Bulletin,
    DayClosed,
    ListingPlaced,
    ProductDay,
    ReferencePriceSet,
    Refused,
    Traded,
)
from engine.reasons import Reason
from engine.units import parse_yuan
from tests.markets import CLEARING, Desk, Twins, national, trader

BUYER, SELLER = 1, 2
LISTED_MAX_T = 99_999


class Days:
    """A market of two traders with plenty, whose days are told by their trades."""

    def __init__(self) -> None:
        self.twins = Twins(national())
        self.twins.looks_at_everything = False
        self.desk = Desk(self.twins)
        self.desk.found(2)
        for product in national().products:
            self.desk.endow(SELLER, 0, 50_000_000, product.code)
        self.desk.endow(BUYER, 10**13, 0)
        self.closes: dict[str, int] = {}

    def open(self, date: str, first: dict[str, str]) -> dict[str, ReferencePriceSet]:
        """Open a day; a product with a close keeps it as reference, the others get one by decision."""
        self.desk.open_day(date)
        references = {}
        for product in {**self.closes, **dict.fromkeys(first, 0)}:
            price, basis = self.closes.get(product, 0), ReferenceBasis.PREVIOUS_CLOSE
            if not price:
                price, basis = parse_yuan(first[product]), ReferenceBasis.ADMINISTRATIVE
            references[product] = self.desk.set_reference(price, product, basis)
        self.desk.advance("09:30")
        return references

    def trade(self, product: str, price_fen: int, quantity_t: int) -> None:
        """List and pick until a quantity has changed hands at a price."""
        while quantity_t:
            part = min(quantity_t, LISTED_MAX_T)
            placed = self.desk.listing(SELLER, Side.SELL, price_fen, part, product)
            assert isinstance(placed, ListingPlaced), placed
            pick = PickListing(
                listing=placed.order, quantity_t=part, client_order=self.desk.next_client_order()
            )
            traded = self.desk.one(trader(BUYER), pick)
            assert isinstance(traded, Traded), traded
            quantity_t -= part

    def average(self, product: str, close_fen: int) -> None:
        """Trade so that the volume-weighted price is a quarter fen above a close: it rounds to it."""
        self.trade(product, close_fen + 1, 1)
        self.trade(product, close_fen, 3)

    def block(self, product: str, price_fen: int, quantity_t: int) -> None:
        """Offer and accept a block."""
        offered = self.offer(product, price_fen, quantity_t)
        assert isinstance(offered, BlockOffered), offered
        accept = AcceptBlock(offer=offered.order, client_order=self.desk.next_client_order())
        assert isinstance(self.desk.one(trader(BUYER), accept), Traded)

    def offer(self, product: str, price_fen: int, quantity_t: int) -> AnyEvent:
        """Offer a block to the buyer."""
        command = OfferBlock(
            product=product,
            side=Side.SELL,
            counterparty=BUYER,
            price_fen=price_fen,
            quantity_t=quantity_t,
            client_order=self.desk.next_client_order(),
        )
        return self.desk.one(trader(SELLER), command)

    def close(self) -> Bulletin:
        """End the day, settle its trades and return its bulletin."""
        closed = self.desk.advance("15:00")[-1]
        assert isinstance(closed, DayClosed)
        self.closes = {
            row.product: row.close_fen for row in closed.bulletin.products if row.close_fen
        }
        for trade in self.twins.oracle.unsettled():
            self.desk.send(
                CLEARING, SettleTrade(trade=trade.trade, reference=self.desk.next_reference())
            )
        self.twins.compare()
        return closed.bulletin


def row_of(bulletin: Bulletin, product: str) -> ProductDay:
    return next(row for row in bulletin.products if row.product == product)


@dataclass(frozen=True)
class Limit:
    """One row of G1: the day before, the day, previous close, which limit, what was observed."""

    eve: str
    date: str
    product: str
    previous: str
    edge: str
    observed: str


G1 = (
    Limit("2021-07-22", "2021-07-23", "CEA19-20", "55.52", "listed cap", "61.07"),
    Limit("2021-11-18", "2021-11-19", "CEA19-20", "43.16", "block floor", "30.21"),
    Limit("2025-12-22", "2025-12-23", "CEA24", "67.56", "listed cap", "74.32"),
    Limit("2025-12-22", "2025-12-23", "CEA24", "67.56", "listed floor", "60.80"),
    Limit("2025-12-22", "2025-12-23", "CEA22", "61.05", "listed cap", "67.16"),
    Limit("2025-12-23", "2025-12-24", "CEA21", "70.10", "listed cap", "77.11"),
    Limit("2025-12-23", "2025-12-24", "CEA24", "70.47", "listed cap", "77.52"),
    Limit("2025-12-23", "2025-12-24", "CEA23", "67.26", "listed cap", "73.99"),
    Limit("2025-12-24", "2025-12-25", "CEA21", "75.08", "listed cap", "82.59"),
    Limit("2025-12-24", "2025-12-25", "CEA23", "68.08", "listed cap", "74.89"),
    Limit("2025-12-24", "2025-12-25", "CEA23", "68.08", "listed floor", "61.27"),
    Limit("2025-12-24", "2025-12-25", "CEA24", "75.50", "listed cap", "83.05"),
    Limit("2025-12-25", "2025-12-26", "CEA19-20", "60.00", "listed cap", "66.00"),
    Limit("2025-12-25", "2025-12-26", "CEA21", "82.59", "listed floor", "74.33"),
    Limit("2025-12-25", "2025-12-26", "CEA22", "65.77", "listed cap", "72.35"),
    Limit("2025-12-25", "2025-12-26", "CEA23", "73.27", "listed cap", "80.60"),
    Limit("2025-12-25", "2025-12-26", "CEA24", "81.28", "listed floor", "73.15"),
    Limit("2026-01-22", "2026-01-23", "CEA24", "79.00", "listed floor", "71.10"),
    Limit("2026-05-12", "2026-05-13", "CEA25", "82.10", "listed floor", "73.89"),
)


@pytest.mark.parametrize("limit", G1, ids=lambda row: f"{row.date} {row.product} {row.edge}")
def test_g1_limits_are_rounded_to_the_nearest_fen(limit: Limit) -> None:
    days = Days()
    days.open(limit.eve, {limit.product: limit.previous})
    days.average(limit.product, parse_yuan(limit.previous))
    assert row_of(days.close(), limit.product).close_fen == parse_yuan(limit.previous)
    reference = days.open(limit.date, {})[limit.product]
    observed = parse_yuan(limit.observed)
    method, end = limit.edge.split()
    assert getattr(reference, f"{method}_{end}_fen") == observed
    days.desk.advance("13:00")
    outside = observed + (1 if end == "cap" else -1)
    band = (
        (reference.listed_floor_fen, reference.listed_cap_fen)
        if method == "listed"
        else (reference.block_floor_fen, reference.block_cap_fen)
    )
    for side in Side if method == "listed" else (Side.SELL,):
        if method == "listed":
            party = SELLER if side == Side.SELL else BUYER
            accepted = days.desk.listing(party, side, observed, 1, limit.product)
            refused = days.desk.listing(party, side, outside, 1, limit.product)
        else:
            accepted = days.offer(limit.product, observed, 1_246_829)
            refused = days.offer(limit.product, outside, 1_246_829)
        assert isinstance(accepted, ListingPlaced | BlockOffered), accepted
        assert isinstance(refused, Refused)
        assert refused.reason == Reason.PRICE_OUTSIDE_BAND
        assert (refused.figure_a, refused.figure_b) == band


@pytest.mark.parametrize(
    ("date", "product", "amount", "tonnes", "close"),
    [
        ("2021-07-16", "CEA19-20", "210230053.25", 4_103_953, "51.23"),
        ("2021-08-02", "CEA19-20", "2184609.40", 42_022, "51.99"),
        ("2021-08-25", "CEA19-20", "1677280.00", 35_210, "47.64"),
        ("2021-09-14", "CEA19-20", "179877.50", 3_950, "45.54"),
        ("2021-11-10", "CEA19-20", "1312819.82", 30_719, "42.74"),
        ("2026-07-24", "CEA25", "12497888.50", 133_560, "93.58"),
    ],
)
def test_g2_close_is_the_listed_average(
    date: str, product: str, amount: str, tonnes: int, close: str
) -> None:
    days = Days()
    low_fen, dearer_t = divmod(parse_yuan(amount), tonnes)
    days.open(date, {product: "48.00" if date == "2021-07-16" else f"{low_fen // 100}.00"})
    days.trade(product, low_fen, tonnes - dearer_t)
    days.trade(product, low_fen + 1, dearer_t)
    days.desk.advance("13:00")
    days.block(product, low_fen - 100, 100_000)
    row = row_of(days.close(), product)
    assert (row.listed_quantity_t, row.listed_amount_fen) == (tonnes, parse_yuan(amount))
    assert row.close_fen == parse_yuan(close)
    assert row.block_quantity_t == 100_000


FIVE = ("CEA19-20", "CEA21", "CEA22", "CEA23", "CEA24")


def trade_to_closes(days: Days, products: tuple[str, ...], closes: str, first: str = "") -> None:
    """Trade one tonne of each product at its close; `first` = product and price traded before all."""
    if first:
        product, price = first.split()
        close = parse_yuan(dict(zip(products, closes.split(), strict=True))[product])
        days.trade(product, parse_yuan(price), 1)
        days.trade(product, 2 * close - parse_yuan(price), 1)
    for product, close_text in zip(products, closes.split(), strict=True):
        if not first.startswith(f"{product} "):
            days.trade(product, parse_yuan(close_text), 1)


def test_g3_g3b_g4_composite_of_five_vintages_and_the_sixth() -> None:
    """The real days 2025-12-22 to 2026-01-05 in one market, each day on the closes of the last."""
    days = Days()
    for date, closes, first, composite, opened in (
        ("2025-12-22", "61.00 64.00 61.05 64.00 67.56", "", "63.52", ""),
        ("2025-12-23", "60.00 70.10 67.15 67.26 70.47", "", "67.00", ""),
        ("2025-12-24", "60.00 75.08 65.77 68.08 75.50", "", "68.89", ""),
        ("2025-12-25", "60.00 82.59 65.77 73.27 81.28", "", "72.58", ""),
        ("2025-12-26", "66.00 74.42 70.49 74.71 76.14", "", "72.35", ""),
        ("2025-12-29", "70.00 71.00 70.58 72.02 72.02", "", "71.12", ""),
        ("2025-12-30", "72.43 73.00 73.05 72.80 73.08", "CEA24 73.00", "72.87", "71.32"),
        ("2025-12-31", "74.00 74.52 73.81 74.43 76.39", "CEA24 74.00", "74.63", "73.06"),
    ):
        references = dict(zip(FIVE, closes.split(), strict=True))
        days.open(date, references if date == "2025-12-22" else {})
        trade_to_closes(days, FIVE, closes, first)
        bulletin = days.close()
        assert [row.close_fen for row in bulletin.products] == [
            parse_yuan(close) for close in closes.split()
        ]
        assert bulletin.close_fen == parse_yuan(composite), date
        if opened:
            assert bulletin.open_fen == parse_yuan(opened), date
    days.open("2026-01-05", {})
    first_reference(days, "CEA25", "74.63")
    bulletin = days.close()
    assert row_of(bulletin, "CEA25").close_fen == parse_yuan("74.63")
    assert bulletin.close_fen == parse_yuan("74.63")


def first_reference(days: Days, product: str, composite: str) -> None:
    """Approve a new vintage's first reference: only the composite close is accepted (R36)."""
    price = parse_yuan(composite)
    for wrong_price, basis in (
        (price + 1, ReferenceBasis.COMPOSITE_CLOSE),
        (price, ReferenceBasis.PREVIOUS_CLOSE),
        (price, ReferenceBasis.ADMINISTRATIVE),
    ):
        action = SetReferencePrice(product=product, price_fen=wrong_price, basis=basis)
        (refused,) = days.desk.approve(action)
        assert isinstance(refused, Refused)
        assert refused.reason == Reason.REFERENCE_PRICE_MISMATCH
        assert refused.figure_a == price
    event = days.desk.set_reference(price, product, ReferenceBasis.COMPOSITE_CLOSE)
    assert event.price_fen == price


@pytest.mark.parametrize(
    ("date", "closes", "composite"),
    [
        ("2025-12-16", "59.26 58.06 58.14 58.98 59.12", "58.71"),
        ("2025-12-18", "61.00 60.41 60.00 60.82 61.00", "60.65"),
    ],
)
def test_g3_composite_close_on_single_days(date: str, closes: str, composite: str) -> None:
    days = Days()
    days.open(date, dict(zip(FIVE, closes.split(), strict=True)))
    for product, close in zip(FIVE, closes.split(), strict=True):
        days.average(product, parse_yuan(close))
    assert days.close().close_fen == parse_yuan(composite)


def test_g3_g3b_three_vintages_of_2023_09_14() -> None:
    """Open 73.35 and low 73.20 from latest prices, close 74.01 from the vintages' averages (R53)."""
    days = Days()
    three = FIVE[:3]
    days.open("2023-09-13", dict(zip(three, ("74.10", "73.50", "71.46"), strict=True)))
    trade_to_closes(days, three, "74.10 73.50 71.46")
    days.close()
    days.open("2023-09-14", {})
    days.trade("CEA21", parse_yuan("74.50"), 210)
    days.trade("CEA19-20", parse_yuan("75.00"), 100)
    days.trade("CEA22", parse_yuan("73.94"), 100)
    days.trade("CEA22", parse_yuan("72.00"), 100)
    days.trade("CEA21", parse_yuan("72.60"), 61)
    days.trade("CEA21", parse_yuan("74.50"), 1)
    bulletin = days.close()
    assert [row.close_fen for row in bulletin.products] == [7_500, 7_407, 7_297]
    assert bulletin.open_fen == parse_yuan("73.35")
    assert bulletin.low_fen == parse_yuan("73.20")
    assert bulletin.close_fen == parse_yuan("74.01")


def test_g4_reference_of_the_fifth_vintage_is_yesterdays_composite() -> None:
    days = Days()
    four = FIVE[:4]
    closes = "73.00 73.00 73.00 73.68"
    days.open("2025-04-28", dict(zip(four, closes.split(), strict=True)))
    trade_to_closes(days, four, closes)
    assert days.close().close_fen == parse_yuan("73.17")
    days.open("2025-04-29", {})
    first_reference(days, "CEA24", "73.17")
    row = row_of(days.close(), "CEA24")
    assert (row.listed_quantity_t, row.close_fen) == (0, parse_yuan("73.17"))


def test_g5_a_day_without_listed_trades_carries_the_close() -> None:
    days = Days()
    days.open("2026-01-12", {"CEA25": "78.31"})
    days.trade("CEA25", parse_yuan("78.31"), 1)
    days.close()
    days.open("2026-01-13", {})
    days.desk.advance("13:00")
    days.block("CEA25", parse_yuan("62.74"), 1_070_000)
    bulletin = days.close()
    row = row_of(bulletin, "CEA25")
    assert (row.listed_quantity_t, row.block_quantity_t) == (0, 1_070_000)
    assert (row.open_fen, row.high_fen, row.low_fen) == (parse_yuan("78.31"), 0, 0)
    assert row.close_fen == parse_yuan("78.31")
    assert bulletin.close_fen == parse_yuan("78.31")
    days.open("2026-01-14", {})
    days.trade("CEA25", parse_yuan("72.50"), 13_700)
    row = row_of(days.close(), "CEA25")
    assert row.close_fen == parse_yuan("72.50")
    assert (row.listed_quantity_t, row.listed_amount_fen) == (13_700, 99_325_000)
