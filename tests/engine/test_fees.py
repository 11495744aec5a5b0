"""Fees (R60): per side, rounded down to the fen, set aside with the lock, settled with the trade."""

import pytest
from msgspec import structs

from engine.commands import (
    CancelOrder,
    FailTrade,
    Method,
    PickListing,
    SettleTrade,
    Side,
    Withdraw,
)
from engine.events import Cancelled, ListingPlaced, Traded, TradeFailed, TradeSettled, Withdrawn
from engine.fees import Fee, Sums, fee_of, sums_of
from engine.profile import FeeRates, Fees, Profile
from engine.reasons import Reason
from engine.views import Cash
from tests.engine.control_desk import exchange_of, refusal, roomy_profile, watched_day
from tests.markets import CLEARING, Desk, national, trader

SELLER, BUYER = 1, 2
CASH_FEN = 1_000_000


def rules() -> Profile:
    """Return rules in which listed buyers pay 33 + 7 parts of 10,000 and listed sellers 21 + 4."""
    trading = FeeRates(listed_buyer_bp=33, listed_seller_bp=21, auction_seller_bp=300)
    settlement = FeeRates(listed_buyer_bp=7, listed_seller_bp=4, block_buyer_bp=1)
    return structs.replace(roomy_profile(), fees=Fees(trading=trading, settlement=settlement))


def cash(desk: Desk, participant: int) -> Cash:
    return exchange_of(desk).account(participant).cash


def list_and_pick(desk: Desk, lister: int, side: Side, quantity_t: int, picked_t: int) -> int:
    """List at 47.01 and let the other one pick a part; return the trade's number."""
    placed = desk.listing(lister, side, 4_701, quantity_t)
    assert isinstance(placed, ListingPlaced), placed
    picker = SELLER + BUYER - lister
    number = desk.next_client_order()
    pick = PickListing(listing=placed.order, quantity_t=picked_t, client_order=number)
    traded = desk.one(trader(picker), pick)
    assert isinstance(traded, Traded), traded
    return traded.trade


# ---------------------------------------------------------------- the figures


@pytest.mark.parametrize(
    ("method", "side", "amount_fen", "fee"),
    [
        (Method.LISTED, Side.BUY, 299, (0, 0)),  # 0.98 and 0.20 fen
        (Method.LISTED, Side.BUY, 304, (1, 0)),  # 1.0032 fen
        (Method.LISTED, Side.BUY, 1_429, (4, 1)),  # 4.7157 and 1.0003: each down by itself
        (Method.LISTED, Side.SELL, 10_000, (21, 4)),
        (Method.BLOCK, Side.BUY, 19_999, (0, 1)),
        (Method.BLOCK, Side.SELL, 10**15, (0, 0)),
        (Method.AUCTION, Side.BUY, 10**15, (0, 0)),
        (Method.AUCTION, Side.SELL, 10**17 + 99, (3 * 10**15 + 2, 0)),
    ],
)
def test_each_fee_is_rounded_down_by_itself(
    method: Method, side: Side, amount_fen: int, fee: tuple[int, int]
) -> None:
    told = fee_of(rules(), method, side, amount_fen)
    assert told == Fee(trading_fen=fee[0], settlement_fen=fee[1])
    assert told.total_fen == sum(fee)


def test_what_a_trade_moves() -> None:
    assert sums_of(rules(), Method.LISTED, 10_000) == Sums(
        amount_fen=10_000, payable_fen=10_040, proceeds_fen=9_975
    )
    for method in Method:  # the national rates are not published, so nobody pays
        assert sums_of(national(), method, 10_000).payable_fen == 10_000
        assert sums_of(national(), method, 10_000).proceeds_fen == 10_000


# ---------------------------------------------------------------- the lock


def test_a_bid_sets_its_fee_aside_and_pays_from_it() -> None:
    """70 t at 47.01 are 3290.70 yuan, fee 10.85 + 2.30; after 30 t were sold to it 40 t are left.

    40 t: 1880.40, fee 6.20 + 1.31. 30 t: 1410.30, fee 4.65 + 0.98: one fen less than the lock gives back.
    """
    desk = watched_day(rules(), cash_fen=CASH_FEN)
    placed = desk.listing(BUYER, Side.BUY, 4_701, 70)
    assert isinstance(placed, ListingPlaced)
    assert cash(desk, BUYER).locked_fen == 329_070 + 1_085 + 230
    pick = PickListing(listing=placed.order, quantity_t=30, client_order=desk.next_client_order())
    assert isinstance(desk.one(trader(SELLER), pick), Traded)
    buyer = cash(desk, BUYER)
    assert buyer.locked_fen == 188_040 + 620 + 131
    assert buyer.payable_fen == 141_030 + 465 + 98
    lock_before, lock_now = 330_385, 188_791
    assert lock_before - lock_now - buyer.payable_fen == 1
    assert buyer.available_fen == CASH_FEN - lock_now - buyer.payable_fen
    assert cash(desk, SELLER).proceeds_fen == 141_030 - 296 - 56
    cancel = CancelOrder(order=placed.order, client_order=desk.next_client_order())
    assert isinstance(desk.one(trader(BUYER), cancel), Cancelled)
    assert cash(desk, BUYER).locked_fen == 0


def test_cash_must_cover_the_fee() -> None:
    """212 t at 47.01 are 9966.12 yuan; with fees of 32.88 + 6.97 that is more than the 10000.00 there are."""
    desk = watched_day(rules(), cash_fen=CASH_FEN)
    refused = desk.listing(BUYER, Side.BUY, 4_701, 212)
    assert getattr(refused, "reason", None) is Reason.CASH_NOT_AVAILABLE
    assert (getattr(refused, "figure_a", 0), getattr(refused, "figure_b", 0)) == (
        CASH_FEN,
        996_612 + 3_288 + 697,
    )
    assert isinstance(desk.listing(BUYER, Side.BUY, 4_701, 211), ListingPlaced)


# ---------------------------------------------------------------- settled or failed


@pytest.mark.parametrize("lister", [SELLER, BUYER])
def test_settling_moves_what_was_promised(lister: int) -> None:
    """30 t at 47.01: the buyer pays 1415.93, the seller gets 1406.78, 9.15 yuan are fees."""
    desk = watched_day(rules(), cash_fen=CASH_FEN)
    side = Side.SELL if lister == SELLER else Side.BUY
    number = list_and_pick(desk, lister, side, 30, 30)
    settle = SettleTrade(trade=number, reference="S-1")
    assert isinstance(desk.one(CLEARING, settle), TradeSettled)
    assert cash(desk, BUYER).settled_fen == CASH_FEN - 141_593
    assert cash(desk, SELLER).settled_fen == CASH_FEN + 140_678
    for participant in (SELLER, BUYER):
        row = cash(desk, participant)
        assert (row.payable_fen, row.proceeds_fen, row.locked_fen) == (0, 0, 0)
    more = Withdraw(participant=SELLER, amount_fen=CASH_FEN + 140_679, reference="W-1")
    told = refusal(desk, CLEARING, more)
    assert told == (Reason.CASH_NOT_WITHDRAWABLE, CASH_FEN + 140_678, CASH_FEN + 140_679)
    all_of_it = structs.replace(more, amount_fen=CASH_FEN + 140_678, reference="W-2")
    assert isinstance(desk.one(CLEARING, all_of_it), Withdrawn)


def test_a_failed_trade_costs_nobody_a_fee() -> None:
    desk = watched_day(rules(), cash_fen=CASH_FEN)
    before = [exchange_of(desk).account(party) for party in (SELLER, BUYER)]
    number = list_and_pick(desk, SELLER, Side.SELL, 30, 30)
    fail = FailTrade(trade=number, reason="演示", reference="F-1")
    assert isinstance(desk.one(CLEARING, fail), TradeFailed)
    assert [exchange_of(desk).account(party) for party in (SELLER, BUYER)] == before
