"""The daily statement (R87) adds up over trades, settlement, failure and days."""

from msgspec import structs

from engine.commands import (
    FailTrade,
    OpenDay,
    SettleTrade,
    Side,
    TransferOut,
    VoidTrade,
    Withdraw,
)
from engine.profile import FeeRates, Fees
from tests.gateway.gateway_world import (
    CLEARING,
    serving,
)
from tests.markets import national


async def test_a_statement_adds_up_over_trades_settlement_and_failure() -> None:
    async with serving(clock="13:00") as world, await world.trader(1, language="zh") as seller:
        world.list(1, Side.SELL, 4_850, 100)
        world.pick(2, 1, 60)
        world.pick(3, 1, 30)
        during = await seller.statement("2021-07-16")
        assert during.closing_cash_fen == during.opening_cash_fen + 10**10 + 90 * 4_850
        assert during.available_cash_fen == (await seller.account()).cash.available_fen
        world.go_to("15:00")
        world.send(CLEARING, SettleTrade(trade=1, reference="S-1"))
        world.send(CLEARING, FailTrade(trade=2, reason="演示", reference="F-2"))
        statement = await seller.statement("2021-07-16")
        assert statement.name == "演示电厂001"
        assert statement.trading_account == "P0001"
        assert (statement.opening_cash_fen, statement.cash_in_fen) == (0, 10**10)
        assert statement.sell_amount_fen == 90 * 4_850
        assert statement.failed_cash_fen == -30 * 4_850
        assert statement.closing_cash_fen == 10**10 + 60 * 4_850
        assert statement.closing_cash_fen == statement.available_cash_fen
        (row,) = statement.holdings
        assert (row.opening_t, row.transferred_in_t, row.sold_t, row.failed_t, row.closing_t) == (
            0,
            300_000,
            90,
            30,
            300_000 - 60,
        )
        assert [trade.quantity_t for trade in statement.trades] == [60, 30]
        world.sequencer.now_ns = world.clock("08:30", "2021-07-19")
        world.send(0, OpenDay(date="2021-07-19"))
        world.endow(1, cash_fen=5, tonnes=7)
        # A past day does not change with what came after it.
        later = await seller.statement("2021-07-16")
        assert later.closing_cash_fen == statement.closing_cash_fen
        assert later.holdings == statement.holdings
        monday = await seller.statement("2021-07-19")
        assert monday.opening_cash_fen == statement.closing_cash_fen
        assert monday.closing_cash_fen == statement.closing_cash_fen + 5
        assert monday.holdings[0].opening_t == row.closing_t
        async with await world.trader(2) as buyer:
            (bought,) = (await buyer.statement("2021-07-16")).holdings
            assert (bought.bought_t, bought.closing_t) == (60, 300_060)
        async with await world.trader(3) as unlucky:
            failed = await unlucky.statement("2021-07-16")
            assert (failed.buy_amount_fen, failed.failed_cash_fen) == (30 * 4_850, 30 * 4_850)
            assert failed.closing_cash_fen == 10**10
            (nothing,) = failed.holdings
            assert (nothing.bought_t, nothing.failed_t, nothing.closing_t) == (30, -30, 300_000)


async def test_what_left_stands_in_the_statement_of_its_day() -> None:
    """Cash and allowances that leave are columns of their own, today and seen from a later day."""
    async with serving(clock="13:00") as world, await world.trader(1) as client:
        world.send(CLEARING, Withdraw(participant=1, amount_fen=300, reference="W-1"))
        out = TransferOut(participant=1, product="CEA19-20", quantity_t=40, reference="T-1")
        world.send(CLEARING, out)
        during = await client.statement("2021-07-16")
        assert (during.cash_out_fen, during.closing_cash_fen) == (300, 10**10 - 300)
        assert during.available_cash_fen == during.closing_cash_fen
        (row,) = during.holdings
        assert (row.transferred_in_t, row.transferred_out_t) == (300_000, 40)
        assert (row.opening_t, row.closing_t) == (0, 299_960)
        world.go_to("15:00")
        world.sequencer.now_ns = world.clock("08:30", "2021-07-19")
        world.send(0, OpenDay(date="2021-07-19"))
        world.send(CLEARING, Withdraw(participant=1, amount_fen=5, reference="W-2"))
        world.send(CLEARING, structs.replace(out, reference="T-2", quantity_t=7))
        later = await client.statement("2021-07-16")
        assert (later.cash_out_fen, later.closing_cash_fen) == (300, 10**10 - 300)
        assert later.holdings == during.holdings
        monday = await client.statement("2021-07-19")
        assert (monday.opening_cash_fen, monday.cash_out_fen) == (10**10 - 300, 5)
        assert (monday.holdings[0].transferred_out_t, monday.holdings[0].closing_t) == (7, 299_953)


async def test_a_voided_trade_counts_as_if_it_had_not_been() -> None:
    async with serving() as world, await world.trader(2) as buyer:
        world.list(1, Side.SELL, 4_850, 100)
        world.pick(2, 1, 60)
        world.pick(2, 1, 40)
        world.approve(VoidTrade(trade=1, explanation="演示"))
        statement = await buyer.statement("2021-07-16")
        assert statement.buy_amount_fen == 40 * 4_850
        assert statement.opening_cash_fen == 0
        assert statement.closing_cash_fen == 10**10 - 40 * 4_850
        (row,) = statement.holdings
        assert (row.opening_t, row.bought_t, row.closing_t) == (0, 40, 300_040)
        assert [trade.state for trade in statement.trades] == ["voided", "unsettled"]


FEES = Fees(
    trading=FeeRates(listed_buyer_bp=10, listed_seller_bp=20),
    settlement=FeeRates(listed_buyer_bp=5, listed_seller_bp=1),
)


async def test_fees_stand_in_columns_of_their_own_and_come_back_when_a_trade_fails() -> None:
    profile = structs.replace(national(), fees=FEES)
    async with serving(profile=profile) as world:
        seller, buyer = await world.trader(1), await world.trader(2)
        world.list(1, Side.SELL, 5_000, 100)
        world.pick(2, 1, 60)
        world.pick(2, 1, 40)
        world.approve(VoidTrade(trade=2, explanation="演示"))
        paid, got = await buyer.statement("2021-07-16"), await seller.statement("2021-07-16")
        assert (paid.buy_amount_fen, paid.buy_fee_fen, paid.settlement_fee_fen) == (
            300_000,
            300,
            150,
        )
        assert (got.sell_amount_fen, got.sell_fee_fen, got.settlement_fee_fen) == (300_000, 600, 30)
        assert (paid.opening_cash_fen, got.opening_cash_fen) == (0, 0)
        assert paid.closing_cash_fen == 10**10 - 300_450
        assert got.closing_cash_fen == 10**10 + 299_370
        world.go_to("15:00")
        world.send(CLEARING, FailTrade(trade=1, reason="演示", reference="F-1"))
        for client in (seller, buyer):
            failed = await client.statement("2021-07-16")
            assert (failed.opening_cash_fen, failed.closing_cash_fen) == (0, 10**10)
            await client.close()
