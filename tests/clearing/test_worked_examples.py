"""The worked examples X10, X11 and X18 through exchange, clearing and registry."""

from pathlib import Path

import pytest

from clearing.lifecycle import DayState
from engine.commands import SettleTrade
from tests.clearing.desk import Office, Registry, office_in, registry_in
from tests.clearing.house import CEA23, CEA24, CLEARING, DATE, House


async def x10_day(
    house: House, office: Office, registry: Registry, *, with_d: bool = False
) -> None:
    """Trade X10 (and T4 of X11): A 1,000 t, B 500 t and 100,000 yuan, C 80,000 yuan, D 500 t CEA23."""
    house.found("ABCD" if with_d else "ABC")
    await registry.endow("A", 0, CEA24=1_000)
    await registry.endow("B", 10_000_000, CEA24=500)
    await registry.endow("C", 8_000_000)
    if with_d:
        await registry.endow("D", 0, CEA23=500)
    await office.fund()
    house.open(DATE, CEA24=9_500, CEA23=9_000)
    house.trade("A", "B", 600, 9_500, CEA24)
    house.trade("B", "C", 400, 9_600, CEA24)
    house.trade("A", "C", 400, 9_450, CEA24)
    if with_d:
        house.trade("D", "A", 500, 9_000, CEA23)
    house.close()


async def freeze_a(registry: Registry) -> None:
    """Let a court freeze 450 t of A after the close."""
    await registry.admin.freeze_holding("R-A", CEA24, 450, date=DATE, reference="COURT-1")


async def test_x10a_all_three_trades_settle(tmp_path: Path) -> None:
    house = House()
    async with (
        registry_in(tmp_path / "r") as registry,
        office_in(tmp_path / "c", house, registry) as office,
    ):
        await x10_day(house, office, registry)
        assert await office.end_day() is DayState.RECONCILED
        assert await registry.holdings() == {
            "A": (0, 9_480_000),
            "B": (700, 8_140_000),
            "C": (800, 380_000),
        }
        report = office.report()
        assert (report.settled, report.failed, report.breaks_found) == (3, 0, 0)
        assert report.settled_quantity_t == 1_400
        assert report.settled_amount_fen == 13_320_000
        assert [view.state for view in house.exchange.trades()] == ["settled"] * 3


async def test_x10b_a_court_freeze_fails_one_trade_alone(tmp_path: Path) -> None:
    house = House()
    async with (
        registry_in(tmp_path / "r") as registry,
        office_in(tmp_path / "c", house, registry) as office,
    ):
        await x10_day(house, office, registry)
        await freeze_a(registry)
        # The exchange knows of no freeze yet, so the frozen part is the one difference.
        assert await office.end_day() is DayState.BREAKS
        report = office.report()
        assert [(b.level, b.kind, b.key) for b in report.breaks] == [(2, "FROZEN", "R-A CEA24")]
        assert [(f.trade, f.code) for f in report.failures] == [(1, "LACK")]
        assert await registry.holdings() == {
            "A": (600, 3_780_000),
            "B": (100, 13_840_000),
            "C": (800, 380_000),
        }
        states = [view.state for view in house.exchange.trades()]
        assert states == ["failed", "settled", "settled"]
        assert house.exchange.account(1).holdings[0].available_t == 600
        await registry.admin.release("COURT-1", date=DATE, reference="COURT-2")
        assert await office.end_day(again=True) is DayState.RECONCILED
        assert office.report().breaks == ()


async def test_x11_a_failed_sale_takes_the_purchase_paid_from_it_along(tmp_path: Path) -> None:
    house = House()
    async with (
        registry_in(tmp_path / "r") as registry,
        office_in(tmp_path / "c", house, registry) as office,
    ):
        await x10_day(house, office, registry, with_d=True)
        await freeze_a(registry)
        await office.end_day()
        failures = office.report().failures
        assert [(f.trade, f.code) for f in failures] == [(1, "LACK"), (4, "MONY")]
        assert failures[1].because_of == (failures[0].tx_id,)
        cash = {
            row.account: row.settlement_fen for row in (await registry.exchange.snapshot()).cash
        }
        assert (cash["R-A"], cash["R-B"], cash["R-C"]) == (3_780_000, 13_840_000, 380_000)
        kept = house.exchange.account(4).holdings
        assert [(h.product, h.available_t) for h in kept] == [(CEA23, 500)]


async def test_a_trade_that_somebody_else_settled_stops_the_day_and_says_so(tmp_path: Path) -> None:
    house = House()
    async with (
        registry_in(tmp_path / "r") as registry,
        office_in(tmp_path / "c", house, registry) as office,
    ):
        await x10_day(house, office, registry)
        await freeze_a(registry)
        house.apply(CLEARING, SettleTrade(trade=1, reference="WRONG"))
        await office.end_day()
        day = office.store.days()[-1]
        assert day.state is DayState.DELIVERED
        assert "TRADE_ALREADY_SETTLED" in day.problem


@pytest.mark.parametrize("times", [2, 3])
async def test_x18_the_same_day_finished_again_changes_nothing(tmp_path: Path, times: int) -> None:
    house = House()
    async with (
        registry_in(tmp_path / "r") as registry,
        office_in(tmp_path / "c", house, registry) as office,
    ):
        await x10_day(house, office, registry)
        await office.end_day()
        before, sequence = await registry.exchange.snapshot(), house.exchange.sequence
        for number in range(times):
            # Clearing lost everything: it reads the log again and sends all of it again.
            async with office_in(tmp_path / f"c{number}", house, registry) as again:
                await again.fund()
                assert await again.end_day() is DayState.RECONCILED
        assert await registry.exchange.snapshot() == before
        silent = [row for row in house.log[sequence:] if row.events]
        assert silent == []
