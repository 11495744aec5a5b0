"""Nine years of the EU's auctions through our auction: their figures come out again.

A table of results tells of each auction what was offered, how much was bid in how many bids and what
came of it. A seeded bid curve with those totals goes through the engine under the `eex` test profile;
price, volume sold, revenue, cover ratio and the number of successful bids must be the table's. The
table itself is not part of this repository; the same harness is proven on an invented one.
"""

import csv
import io
import os
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from engine.commands import AuctionFloor
from engine.units import days_from_civil
from tests.engine.eex_curves import Figures, bidders_of, curve
from tests.engine.eex_house import FIRST_DATE, LOT_T, AuctionHouse, date_after, differences, play
from tests.engine.eex_table import Row, TableError, read_table, read_text

ROOT = Path(__file__).resolve().parents[2]
FILE = "eex_auctions_2012_2021.csv"
ROWS_WITH_BIDS = 1_938
CANCELLED_DATE = "2020-03-17"


# ---------------------------------------------------------------- the real table


def real_table() -> Path | None:
    folders = [Path(os.environ["CEAX_DATA"])] if os.environ.get("CEAX_DATA") else []
    found = [f / FILE for f in (*folders, ROOT.parent / "shared" / "data") if (f / FILE).exists()]
    return found[0] if found else None


@pytest.mark.skipif(
    real_table() is None, reason=f"{FILE} is neither in $CEAX_DATA nor in ../shared/data"
)
def test_every_real_auction_comes_to_its_figures() -> None:
    path = real_table()
    assert path is not None
    rows = [row for row in read_table(path) if row.bids and row.bid_t]
    assert len(rows) == ROWS_WITH_BIDS
    outcome = play(rows, seed=2012)
    assert not outcome.differences, "\n".join(outcome.differences[:50])
    assert CANCELLED_DATE in outcome.cancelled


# ---------------------------------------------------------------- an invented table


INVENTED_ROWS = 200
HEADINGS = (
    "Date",
    "Status",
    "Auction Price €/tCO2",
    "Auction Volume tCO2",
    "Total Amount of Bids",
    "Number of Bids Submitted",
    "Number of Successful Bids",
    "Total Number of Bidders",
    "Cover Ratio",
    "Total Revenue €",
)


def invented_bids(kind: int, random: Random) -> tuple[int, list[tuple[int, int]]]:
    """Return an invented offer in tonnes and its bids as `(price in cents, lots)`."""
    price = random.randint(300, 6_000)
    count = 1 if kind == 1 else random.randint(2, 90)
    bids = [
        (max(2, price + random.choice((-30, -10, -1, 0, 0, 0, 1, 10, 30))), random.randint(1, 400))
        for _ in range(count)
    ]
    total = sum(lots for _, lots in bids)
    if kind == 1:
        return total * LOT_T, bids
    if kind == 2:
        return (total + random.randint(1, 500)) * LOT_T, bids
    largest = max(lots for _, lots in bids)
    offered_lots = random.randint(largest, total)
    piece = random.choice((0, 0, 0, 137)) if offered_lots < total else 0
    return offered_lots * LOT_T + piece, bids


def invented_bidders(quantities_t: list[int], offered_t: int, random: Random) -> int:
    """Return how many bidders an invented auction had, so many that each could be one."""
    least = min(len(quantities_t), 2 + 2 * sum(quantities_t) // offered_t)
    return random.randint(least, min(len(quantities_t), max(40, least)))


def invented_row(place: int, random: Random) -> list[str]:
    """Return the results of an invented auction, counted here and not by the engine."""
    date = f"{2012 + place // 40}-{place % 40 // 4 + 1:02d}-{place % 4 * 7 + 1:02d}"
    if place == 100:
        date = CANCELLED_DATE
    if place % 50 == 49:
        return [date, "cancelled", "", "1,500,000", "0", "0", "", "", "", ""]
    kind = 2 if place == 100 else place % 10
    offered_t, bids = invented_bids(kind, random)
    bid_t = sum(lots for _, lots in bids) * LOT_T
    bidders = invented_bidders([lots * LOT_T for _, lots in bids], offered_t, random)
    cover = f"{Decimal(bid_t) / offered_t:.2f}"
    head = f"{bid_t:,}" if place % 2 else str(bid_t)
    if bid_t < offered_t:
        return [
            date,
            "cancelled",
            "",
            str(offered_t),
            head,
            str(len(bids)),
            "",
            str(bidders),
            cover,
            "",
        ]
    random.shuffle(bids)
    left_t, winners, price = offered_t, 0, 0
    for price_fen, lots in sorted(bids, key=lambda bid: -bid[0]):
        if left_t <= 0:
            break
        left_t -= lots * LOT_T
        winners, price = winners + 1, price_fen
    revenue = Decimal(price * offered_t) / 100
    return [
        date,
        "successful",
        f"{Decimal(price) / 100:.2f}",
        str(offered_t),
        head,
        str(len(bids)),
        str(winners) if place % 3 else "",
        str(bidders),
        cover,
        f"{revenue:,.2f}" if place % 2 else f"{revenue:.2f}",
    ]


def invented_table(seed: int) -> str:
    random = Random(seed)
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";" if seed % 2 else ",")
    writer.writerow(["Invented auctions", *[""] * (len(HEADINGS) - 1)])
    writer.writerow(HEADINGS)
    writer.writerows(invented_row(place, random) for place in range(INVENTED_ROWS))
    return text.getvalue()


@pytest.mark.parametrize("seed", [1, 2])
def test_an_invented_table_comes_to_its_figures(seed: int) -> None:
    told = read_text(invented_table(seed), "invented")
    assert len(told) == INVENTED_ROWS
    rows = [row for row in told if row.bids and row.bid_t]
    assert len(rows) == INVENTED_ROWS - INVENTED_ROWS // 50
    assert any(row.bids == 1 for row in rows)
    assert any(row.offered_t % LOT_T for row in rows)
    outcome = play(rows, seed)
    assert not outcome.differences, "\n".join(outcome.differences[:20])
    short = {row.date for row in rows if row.bid_t < row.offered_t}
    assert set(outcome.cancelled) == short
    assert CANCELLED_DATE in short


def test_the_judge_sees_every_wrong_figure() -> None:
    """A row with one wrong figure differs in that figure, so the proof above is one."""
    good = Row(
        line=2,
        date="2013-05-06",
        price_fen=310,
        offered_t=1_000_000,
        bid_t=1_500_000,
        bids=20,
        bidders=7,
        revenue=Decimal("3100000.00"),
        cover=Decimal("1.50"),
        successful_bids=13,
    )
    wrong = {
        "revenue": Decimal("3100000.01"),
        "cover": Decimal("1.51"),
        "sold_t": 999_500,
        "status": "cancelled",
    }
    house = AuctionHouse(310, good.offered_t)
    figures = Figures(good.offered_t, good.bid_t, good.bids, 310, 13, LOT_T)
    bids = curve(figures, Random(5))
    bidders = bidders_of(bids, 7, good.offered_t)
    ended = house.hold(good.offered_t, bids, bidders, AuctionFloor.LOWER_LIMIT)
    assert differences(good, ended) == []
    for name, value in wrong.items():
        fields = {**good.__dict__, name: value}
        assert differences(Row(**fields), ended), name
    for name in ("price_fen", "offered_t", "bid_t", "bids", "bidders", "successful_bids"):
        fields = {**good.__dict__, name: good.__dict__[name] + 1}
        assert differences(Row(**fields), ended), name


def test_a_covered_auction_under_its_reserve_is_cancelled() -> None:
    """A cancelled row whose bids cover the offer stayed under the reserve: no bid reaches the floor."""
    row = Row(line=2, date=CANCELLED_DATE, price_fen=None, offered_t=50_000, bid_t=60_000, bids=9)
    outcome = play([row], seed=7)
    assert outcome.differences == ()
    assert outcome.cancelled == (CANCELLED_DATE,)


def test_a_table_without_a_needed_column_says_what_it_found() -> None:
    text = "Date,Auction Price,Auction Volume\n2013-01-01,1.00,500\n"
    with pytest.raises(TableError, match=r"bid_t.*total amount of bids.*'Auction Volume'"):
        read_text(text, "short.csv")


@pytest.mark.parametrize(
    "headings",
    [
        "date,price,volume,total_bids,n_bids,bidders,revenue,cover_ratio,successful_bids",
        (
            "Auction Date,Clearing Price (EUR/t),Volume offered [t],Bid volume (t),Bids submitted,"
            "Number of bidders,Revenue (EUR),Bid-to-cover,Successful bids"
        ),
        (
            "auction_date,auction_price_eur_per_t,auction_volume_t,total_amount_of_bids_t,"
            "total_number_of_bids_submitted,total_number_of_bidders,total_revenue_eur,cover_ratio,"
            "number_of_successful_bids"
        ),
    ],
)
def test_headings_are_met_by_their_words(headings: str) -> None:
    others = "Mean price,Minimum bid,Number of successful bidders,Average volume won per bidder"
    text = f"{others},{headings}\n1,2,3,4,2013-01-08,6.10,500000,900000,31,12,3050000,1.8,20\n"
    (row,) = read_text(text, "other.csv")
    assert (row.date, row.price_fen, row.offered_t) == ("2013-01-08", 610, 500_000)
    assert (row.bid_t, row.bids, row.bidders) == (900_000, 31, 12)
    assert (row.revenue, row.cover) == (Decimal(3_050_000), Decimal("1.8"))
    assert row.successful_bids == 20


def test_days_of_the_house_rise() -> None:
    dates = [date_after(days) for days in range(2_000)]
    numbers = [days_from_civil(date) for date in dates]
    assert numbers == sorted(set(numbers))
    assert dates[0] >= FIRST_DATE
