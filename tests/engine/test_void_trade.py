"""A voided trade (R81): both ledgers go back, prices are as if it had not been, orders stay as they are."""

import pytest
from msgspec import structs

from engine.commands import (
    AcceptBlock,
    FailTrade,
    OfferBlock,
    PickListing,
    ReferenceBasis,
    Restriction,
    RestrictParticipant,
    SettleTrade,
    Side,
    VoidTrade,
)
from engine.events import (
    BlockOffered,
    DayClosed,
    ListingPlaced,
    Traded,
    TradeFailed,
    TradeSettled,
    TradeVoided,
)
from engine.profile import FeeRates, Fees, Profile
from engine.reasons import Reason
from engine.views import Account, ProductView
from tests.engine.control_desk import (
    OTHER,
    STRANGER,
    exchange_of,
    refusal,
    refused_action,
    roomy_profile,
    two_products,
    watched_day,
)
from tests.markets import CLEARING, PRODUCT, Desk, trader

SELLER, BUYER, THIRD = 1, 2, 3


def with_fees() -> Profile:
    """Return rules under which buyers pay 50 and sellers 30 basis points, blocks 10 and 400."""
    trading = FeeRates(
        listed_buyer_bp=40, listed_seller_bp=30, block_buyer_bp=10, block_seller_bp=400
    )
    fees = Fees(trading=trading, settlement=FeeRates(listed_buyer_bp=10))
    return structs.replace(roomy_profile(), fees=fees)


def without_published_open() -> Profile:
    """Return rules under which the first trade is the first day's open too."""
    return structs.replace(roomy_profile(), published_open=())


def void(trade: int) -> VoidTrade:
    return VoidTrade(trade=trade, explanation="操纵")


def trade(desk: Desk, price_fen: int, quantity_t: int, product: str = PRODUCT) -> Traded:
    """Let the seller list and the buyer pick all of it."""
    placed = desk.listing(SELLER, Side.SELL, price_fen, quantity_t, product)
    assert isinstance(placed, ListingPlaced), placed
    pick = PickListing(
        listing=placed.order, quantity_t=quantity_t, client_order=desk.next_client_order()
    )
    traded = desk.one(trader(BUYER), pick)
    assert isinstance(traded, Traded), traded
    return traded


def block(desk: Desk, price_fen: int, quantity_t: int) -> Traded:
    offer = OfferBlock(
        product=PRODUCT,
        side=Side.SELL,
        counterparty=BUYER,
        price_fen=price_fen,
        quantity_t=quantity_t,
        client_order=desk.next_client_order(),
    )
    offered = desk.one(trader(SELLER), offer)
    assert isinstance(offered, BlockOffered), offered
    accept = AcceptBlock(offer=offered.order, client_order=desk.next_client_order())
    traded = desk.one(trader(BUYER), accept)
    assert isinstance(traded, Traded), traded
    return traded


def accounts(desk: Desk) -> list[Account]:
    return [exchange_of(desk).account(number) for number in (SELLER, BUYER, THIRD)]


def quote(desk: Desk, index: int = 0) -> ProductView:
    return exchange_of(desk).market().products[index]


# ---------------------------------------------------------------- the ledgers


@pytest.mark.parametrize("profile", [roomy_profile(), with_fees()], ids=["free", "fees"])
def test_both_ledgers_go_back_and_the_trade_shows_it(profile: Profile) -> None:
    desk = watched_day(profile)
    desk.advance("13:00")
    before = accounts(desk)
    listed, big = trade(desk, 4_807, 33), block(desk, 4_900, 100_000)
    assert accounts(desk) != before
    (voided,) = desk.approve(void(big.trade))
    assert voided == TradeVoided(
        sequence=voided.sequence,
        time_ns=voided.time_ns,
        trade=big.trade,
        method=big.method,
        product=PRODUCT,
        price_fen=4_900,
        quantity_t=100_000,
        buyer=BUYER,
        seller=SELLER,
        explanation="操纵",
    )
    desk.approve(void(listed.trade))
    assert accounts(desk) == before
    exchange = exchange_of(desk)
    assert [row.state for row in exchange.trades()] == ["voided", "voided"]
    assert exchange.unsettled() == ()
    assert [row.left_t for row in exchange.orders(SELLER)] == [0, 0]  # orders stay as they are
    for command in (
        SettleTrade(trade=listed.trade, reference="S-1"),
        FailTrade(trade=listed.trade, reason="演示", reference="F-1"),
    ):
        told = refusal(desk, CLEARING, command)
        assert told == (Reason.TRADE_ALREADY_VOIDED, listed.trade, 0)


def test_fees_are_given_back_to_the_fen() -> None:
    """33 t at 48.07 are 1586.31 yuan: the buyer pays 6.34 + 1.58, the seller 4.75, each rounded down."""
    desk = watched_day(with_fees())
    traded = trade(desk, 4_807, 33)
    (row,) = exchange_of(desk).trades()
    assert (row.buyer_fee_fen, row.seller_fee_fen) == (634 + 158, 475)
    seller, buyer, _ = (account.cash for account in accounts(desk))
    assert (seller.proceeds_fen, buyer.payable_fen) == (158_631 - 475, 158_631 + 792)
    desk.approve(void(traded.trade))
    seller, buyer, _ = (account.cash for account in accounts(desk))
    assert (seller.proceeds_fen, buyer.payable_fen) == (0, 0)


# ---------------------------------------------------------------- the prices


def test_prices_of_one_product_are_as_if_it_had_not_been() -> None:
    desk = watched_day(without_published_open())
    for price, quantity in ((4_820, 10), (5_000, 20), (4_700, 30), (4_810, 40)):
        trade(desk, price, quantity)
    row = quote(desk)
    assert (row.open_fen, row.high_fen, row.low_fen, row.last_fen) == (4_820, 5_000, 4_700, 4_810)
    told = []
    for number in (2, 1, 4, 3):
        desk.approve(void(number))
        row = quote(desk)
        prices = row.open_fen, row.high_fen, row.low_fen, row.last_fen
        told.append((*prices, row.listed_quantity_t, row.listed_amount_fen, row.listed_trades))
    assert told == [
        (4_820, 4_820, 4_700, 4_810, 80, 4_820 * 10 + 4_700 * 30 + 4_810 * 40, 3),
        (4_700, 4_810, 4_700, 4_810, 70, 4_700 * 30 + 4_810 * 40, 2),
        (4_700, 4_700, 4_700, 4_700, 30, 4_700 * 30, 1),
        (0, 0, 0, 0, 0, 0, 0),
    ]
    assert exchange_of(desk).market().composite_last_fen == 0
    closed = desk.advance("15:00")[-1]
    assert isinstance(closed, DayClosed)
    assert closed.bulletin.quantity_t == 0
    assert (closed.bulletin.high_fen, closed.bulletin.low_fen) == (0, 0)  # of the composite too
    assert closed.bulletin.products[0].close_fen == 4_800  # no trade: the reference


def test_the_composite_is_walked_again_without_it() -> None:
    """Weights 1 and 2, bases 48.00 and 60.00; the running value after each trade, half up.

    51.00 + 2 x 60.00 -> 57.00; 51.00 + 2 x 64.00 -> 59.67; 45.00 + 2 x 64.00 -> 57.67.
    Without the second trade: 57.00, then 45.00 + 2 x 60.00 -> 55.00.
    """
    desk = watched_day(two_products())
    desk.set_reference(6_000, OTHER, ReferenceBasis.ADMINISTRATIVE)
    desk.endow(SELLER, 0, 1_000, OTHER)
    trade(desk, 5_100, 10)
    wrong = trade(desk, 6_400, 10, OTHER)
    trade(desk, 4_500, 10)
    assert exchange_of(desk).market().composite_last_fen == 5_767
    desk.approve(void(wrong.trade))
    assert exchange_of(desk).market().composite_last_fen == 5_500
    closed = desk.advance("15:00")[-1]
    assert isinstance(closed, DayClosed)
    bulletin = closed.bulletin
    assert (bulletin.open_fen, bulletin.high_fen, bulletin.low_fen) == (5_700, 5_700, 5_500)
    assert bulletin.close_fen == 5_600  # (48.00 + 2 x 60.00) / 3 by the day's means
    assert (bulletin.listed_quantity_t, bulletin.products[1].listed_quantity_t) == (20, 0)


def test_the_day_with_a_voided_trade_equals_the_day_without_it() -> None:
    """All tallies and composite sums, the last of which no view shows, as if it had never been."""
    rows = []
    for has_wrong in (True, False):
        desk = watched_day(two_products())
        desk.set_reference(6_000, OTHER, ReferenceBasis.ADMINISTRATIVE)
        desk.set_reference(7_000, STRANGER, ReferenceBasis.ADMINISTRATIVE)
        desk.endow(SELLER, 0, 1_000, OTHER)
        desk.endow(SELLER, 0, 1_000, STRANGER)
        desk.advance("13:00")
        trade(desk, 7_100, 5, STRANGER)  # outside the composite: moves nothing but its own prices
        trade(desk, 4_900, 10)
        block(desk, 6_000, 100_000)  # moves no price at all
        trade(desk, 6_100, 7, OTHER)
        wrong = trade(desk, 5_280, 99, PRODUCT) if has_wrong else None
        trade(desk, 6_200, 3, OTHER)
        if wrong is not None:
            desk.approve(void(wrong.trade))
        market = exchange_of(desk)._market
        named = [name for name in market.core.market.dtype.names if name.startswith("composite")]
        composite = [int(market.core.market[name]) for name in named]
        rows.append((market.core.state.tallies.tolist(), composite))
    assert rows[0] == rows[1]


# ---------------------------------------------------------------- what is refused


def test_refusals_of_a_void() -> None:
    desk = watched_day(roomy_profile())
    old = trade(desk, 4_800, 10)
    desk.advance("15:00")
    assert refused_action(desk, void(old.trade)) == (Reason.DAY_NOT_OPEN, 0, 0)
    desk.open_day("2021-07-19")
    desk.set_reference(4_800)
    desk.advance("09:30")
    settled, failed, voided = (trade(desk, 4_800, 10).trade for _ in range(3))
    assert isinstance(desk.one(CLEARING, SettleTrade(trade=settled, reference="S-1")), TradeSettled)
    fail = FailTrade(trade=failed, reason="演示", reference="F-1")
    assert isinstance(desk.one(CLEARING, fail), TradeFailed)
    desk.approve(void(voided))
    for number, reason in (
        (old.trade, Reason.TRADE_UNKNOWN),  # not of the open day
        (voided + 1, Reason.TRADE_UNKNOWN),
        (2**62, Reason.TRADE_UNKNOWN),
        (settled, Reason.TRADE_ALREADY_SETTLED),
        (failed, Reason.TRADE_ALREADY_SETTLED),
        (voided, Reason.TRADE_ALREADY_VOIDED),
    ):
        assert refused_action(desk, void(number)) == (reason, number, 0)


def test_a_seller_who_spent_the_proceeds_cannot_give_them_back() -> None:
    """The seller has 100.00 of its own, sells for 4800.00 less 14.40 and lists to buy for 4500.00 + 22.50."""
    desk = watched_day(with_fees(), cash_fen=0)
    desk.endow(SELLER, 10_000, 0)
    desk.endow(BUYER, 10**9, 0)
    traded = trade(desk, 4_800, 100)
    left = 10_000 + 480_000 - 1_440
    assert accounts(desk)[0].cash.available_fen == left
    listing = desk.listing(SELLER, Side.BUY, 4_500, 100)
    assert isinstance(listing, ListingPlaced), listing
    left -= 450_000 + 2_250
    told = refused_action(desk, void(traded.trade))
    assert told == (Reason.PROCEEDS_USED, left, 478_560)
    desk.endow(SELLER, 478_560 - left - 1, 0)
    told = refused_action(desk, void(traded.trade))
    assert told == (Reason.PROCEEDS_USED, 478_559, 478_560)
    desk.endow(SELLER, 1, 0)
    (voided,) = desk.approve(void(traded.trade))
    assert isinstance(voided, TradeVoided)
    assert accounts(desk)[0].cash.available_fen == 0


def test_suspended_sides_can_be_voided_too() -> None:
    desk = watched_day(roomy_profile())
    before = accounts(desk)
    traded = trade(desk, 4_800, 100)
    desk.approve(RestrictParticipant(participant=SELLER, restriction=Restriction.SUSPENDED))
    desk.approve(void(traded.trade))
    assert accounts(desk) == before
