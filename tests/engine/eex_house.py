"""Holds auctions of a table in one market, a day each, and says what came out otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from random import Random

from engine.commands import (
    AnnounceAuction,
    ApplyAuction,
    AuctionFloor,
    Deposit,
    PlaceBid,
    PriceMode,
    ReferenceBasis,
    TransferIn,
)
from engine.events import (
    AuctionAnnounced,
    AuctionApplied,
    AuctionEnded,
    AuctionState,
    BidPlaced,
    FailureCause,
    Refused,
)
from engine.exchange import Exchange
from engine.profile import Profile, load_profile
from engine.reasons import Reason
from engine.units import QUANTITY_T_MAX
from tests.engine.eex_curves import CurveBid, Figures, NoCurveError, bidders_of, curve
from tests.engine.eex_table import Row
from tests.markets import CLEARING, Desk, trader

ROOT = Path(__file__).resolve().parents[2]
PRODUCT, LOT_T = "EUA", 500
SELLER = 1
BUYERS = 60
FIRST_DATE = "2012-01-02"
ANY_PRICE_FEN = 1_000


def eex() -> Profile:
    path = ROOT / "tests" / "profiles" / "eex.toml"
    return load_profile(path.read_bytes(), "eex")


def date_after(days: int) -> str:
    """Return an invented trading day; the days of the table need not be days of one market."""
    year, day = divmod(days, 336)
    return f"{2013 + year}-{day // 28 + 1:02d}-{day % 28 + 1:02d}"


class AuctionHouse:
    """One market that holds an auction a day."""

    def __init__(self, dearest_fen: int, offered_t: int) -> None:
        self.exchange = Exchange(eex())
        self.desk = Desk(self.exchange)
        self.desk.date = FIRST_DATE
        self.desk.time_ns = self.desk.clock("06:00")
        self.desk.found(BUYERS + 1)
        self.reference_fen = max(2 * dearest_fen, 1_000)
        self.days = 0
        while offered_t > 0:
            part = min(offered_t, QUANTITY_T_MAX)
            self.desk.one(
                CLEARING,
                TransferIn(
                    participant=SELLER,
                    product=PRODUCT,
                    quantity_t=part,
                    reference=self.desk.next_reference(),
                ),
            )
            offered_t -= part
        for buyer in range(2, BUYERS + 2):
            cash = Deposit(
                participant=buyer, amount_fen=10**16, reference=self.desk.next_reference()
            )
            self.desk.one(CLEARING, cash)

    def hold(
        self, offered_t: int, bids: Sequence[CurveBid], bidders: Sequence[int], floor: AuctionFloor
    ) -> AuctionEnded:
        """Hold the next day's auction and return how it ended."""
        desk = self.desk
        desk.open_day(date_after(self.days), "08:00")
        basis = ReferenceBasis.PREVIOUS_CLOSE if self.days else ReferenceBasis.ADMINISTRATIVE
        self.days += 1
        desk.set_reference(self.reference_fen, PRODUCT, basis)
        applied = desk.one(
            trader(SELLER),
            ApplyAuction(
                product=PRODUCT,
                quantity_t=offered_t,
                floor=floor,
                price_mode=PriceMode.UNIFORM,
                client_order=desk.next_client_order(),
            ),
        )
        assert isinstance(applied, AuctionApplied), applied
        window = AnnounceAuction(
            auction=applied.auction, begin_ns=desk.clock("09:00"), end_ns=desk.clock("11:00")
        )
        (announced,) = desk.approve(window)
        assert isinstance(announced, AuctionAnnounced), announced
        desk.advance("09:00")
        for bid, bidder in zip(bids, bidders, strict=True):
            self._bid(applied, bid, 2 + bidder, floor)
        (ended,) = (e for e in desk.advance("11:00") if isinstance(e, AuctionEnded))
        desk.advance("17:00")
        return ended

    def _bid(self, auction: AuctionApplied, bid: CurveBid, buyer: int, floor: AuctionFloor) -> None:
        command = PlaceBid(
            auction=auction.auction,
            price_fen=bid.price_fen,
            quantity_t=bid.quantity_t,
            client_order=self.desk.next_client_order(),
        )
        answer = self.desk.one(trader(buyer), command)
        if floor is AuctionFloor.PREVIOUS_CLOSE:
            assert isinstance(answer, Refused), answer
            assert answer.reason is Reason.PRICE_OUTSIDE_BAND
        else:
            assert isinstance(answer, BidPlaced), answer


# ---------------------------------------------------------------- comparing


def is_sale(row: Row) -> bool:
    return row.price_fen is not None and "cancel" not in row.status


def same(told: Decimal, found: Decimal) -> bool:
    """Say whether a figure is the table's, which may be rounded to as many decimals as it shows."""
    exponent = told.as_tuple().exponent
    decimals = min(6, -exponent) if isinstance(exponent, int) and exponent < 0 else 0
    half = Decimal(1).scaleb(-decimals) / 2
    return abs(told - found) <= half + Decimal("0.000001")


def differences(row: Row, ended: AuctionEnded) -> list[str]:
    """Return what came out otherwise than the row says."""
    found: list[str] = []

    def compare(name: str, told: object, wanted: object) -> None:
        if told != wanted:
            found.append(f"{row.name}: {name} {wanted} in the table, {told} came out")

    compare("volume offered", ended.offered_t, row.offered_t)
    if not is_sale(row):
        compare("state", ended.state, AuctionState.FAILED)
        short = row.bid_t < row.offered_t
        cause = FailureCause.UNDERSUBSCRIBED if short else FailureCause.NO_BIDS
        compare("cause", ended.cause, cause)
        compare("volume sold", ended.sold_t, 0)
        return found
    compare("state", ended.state, AuctionState.SOLD)
    compare("price", ended.price_fen, row.price_fen)
    compare("volume sold", ended.sold_t, row.offered_t)
    compare("total bids", ended.bid_t, row.bid_t)
    compare("number of bids", ended.bids, row.bids)
    if row.sold_t:
        compare("volume sold", ended.sold_t, row.sold_t)
    if row.successful_bids:
        compare("number of successful bids", ended.successful_bids, row.successful_bids)
    if row.bidders and row.bidders <= BUYERS:
        compare("number of bidders", ended.bidders, row.bidders)
    revenue, cover = Decimal(ended.amount_fen) / 100, Decimal(ended.bid_t) / ended.offered_t
    if row.revenue and not same(row.revenue, revenue):
        found.append(f"{row.name}: revenue {row.revenue} in the table, {revenue} came out")
    if row.cover and not same(row.cover, cover):
        found.append(f"{row.name}: cover ratio {row.cover} in the table, {cover} came out")
    return found


@dataclass(frozen=True)
class Outcome:
    """What playing a table came to."""

    sold: int
    cancelled: tuple[str, ...]
    """Dates of the auctions that were cancelled."""
    differences: tuple[str, ...]


def play(rows: Sequence[Row], seed: int) -> Outcome:
    """Send a curve of each row that has bids through the auction."""
    dearest = max((row.price_fen or ANY_PRICE_FEN) for row in rows)
    house = AuctionHouse(dearest, sum(row.offered_t for row in rows))
    differ: list[str] = []
    cancelled: list[str] = []
    for place, row in enumerate(rows):
        random = Random(f"{seed} {place}")
        price_fen = row.price_fen or ANY_PRICE_FEN
        figures = Figures(
            row.offered_t, row.bid_t, row.bids, price_fen, row.successful_bids or None, LOT_T
        )
        try:
            bids = curve(figures, random)
            count = min(row.bidders or len(bids), len(bids), BUYERS)
            bidders = bidders_of(bids, count, row.offered_t)
        except NoCurveError as error:
            differ.append(f"{row.name}: {error}")
            continue
        is_under_reserve = not is_sale(row) and row.bid_t >= row.offered_t
        floor = AuctionFloor.PREVIOUS_CLOSE if is_under_reserve else AuctionFloor.LOWER_LIMIT
        ended = house.hold(row.offered_t, bids, bidders, floor)
        differ += differences(row, ended)
        if ended.state is AuctionState.FAILED:
            cancelled.append(row.date)
    house.exchange.check()
    return Outcome(len(rows) - len(cancelled), tuple(cancelled), tuple(differ))
