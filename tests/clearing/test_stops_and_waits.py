"""What stops a day, what waits, what is a break: and that each says so."""

from pathlib import Path
from random import Random
from typing import Any

import pytest

from clearing import end_of_day, retry
from clearing.lifecycle import DayState
from gateway.client import SubmitFailed
from tests.clearing.desk import FlakyRegistry, Office, office_in, registry_in
from tests.clearing.five import found, trade_a_day
from tests.clearing.house import CEA24, DATE, NEXT_DATE, House, Port


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "FIRST_PAUSE_MS", 1)
    monkeypatch.setattr(retry, "LONGEST_PAUSE_MS", 2)
    monkeypatch.setattr(end_of_day, "POLL_MS", 1)


async def test_a_trade_that_the_bulletin_counts_and_clearing_does_not_know_stops_the_day(
    tmp_path: Path,
) -> None:
    house = House()
    async with registry_in(tmp_path / "r") as registry:
        await found(house, registry)
        async with office_in(tmp_path / "c", house, registry) as office:
            await office.fund()
            trade_a_day(house, Random(3))
            await office.collect()
            db = office.store.database.connection
            db.execute("UPDATE day SET quantity_t = quantity_t + 1")
            await office.days.run()
            day = office.store.days()[-1]
            assert day.state is DayState.CLOSED
            assert "the bulletin to" in day.problem


async def test_a_trade_that_the_exchange_lists_otherwise_stops_the_day(tmp_path: Path) -> None:
    house = House()
    async with registry_in(tmp_path / "r") as registry:
        await found(house, registry)
        async with office_in(tmp_path / "c", house, registry) as office:
            await office.fund()
            trade_a_day(house, Random(3))
            await office.collect()
            db = office.store.database.connection
            db.execute("DROP TRIGGER trade_update")
            db.execute("UPDATE trade SET buyer = seller, seller = buyer WHERE trade = 7")
            await office.days.run()
            day = office.store.days()[-1]
            assert day.state is DayState.CLOSED
            assert day.problem == "trade 7 differs from the drop copy or is missing"


async def test_a_page_of_movements_may_come_twice_but_never_with_a_gap(tmp_path: Path) -> None:
    house = House()
    async with registry_in(tmp_path / "r") as registry:
        await found(house, registry)
        async with office_in(tmp_path / "c", house, registry) as office:
            page = await registry.exchange.movements()
            for rows in (page, page, page[3:]):
                office.store.movements.take(rows)
            assert office.store.movements.counts() == {"WAITING": 10}
        async with office_in(tmp_path / "c2", house, registry) as fresh:
            with pytest.raises(AssertionError, match="movement 1 is missing"):
                fresh.store.movements.take(page[1:])


async def test_an_answer_that_says_no_is_not_asked_again(tmp_path: Path) -> None:
    house = House()
    async with registry_in(tmp_path / "r") as registry:
        await found(house, registry)
        async with office_in(tmp_path / "c", house, registry) as office:
            await office.collect()
            calls = []

            async def reject(command: Any) -> Any:
                calls.append(command)
                raise SubmitFailed("rejected", "ROLE", "not permitted")

            office.port.submit = reject  # type: ignore[method-assign]
            with pytest.raises(SubmitFailed, match="not permitted"):
                await office.mover.book_waiting()
            assert len({command.reference for command in calls}) == len(calls) == 10
            assert office.store.movements.counts() == {"WAITING": 10}


async def test_reconciliation_holds_while_the_next_day_trades(tmp_path: Path) -> None:
    """What is locked, sold or bought and not settled yet is not part of the settled positions."""
    house = House()
    async with registry_in(tmp_path / "r") as registry:
        await found(house, registry)
        async with office_in(tmp_path / "c", house, registry) as office:
            await office.fund()
            trade_a_day(house, Random(3))
            await registry.admin.freeze_holding("R-E", CEA24, 1, date=DATE, reference="COURT")
            assert await office.end_day() is DayState.BREAKS
            house.open(NEXT_DATE, CEA24=9_500)
            house.trade("A", "B", 40, 9_400, CEA24)
            house.trade("B", "C", 50, 9_500, CEA24)
            await registry.admin.release("COURT", date=DATE, reference="COURT-END")
            await office.end_day(again=True)
            assert [row.state for row in office.store.days()] == [
                DayState.RECONCILED,
                DayState.OPEN,
            ]


async def test_a_movement_waits_until_its_account_is_admitted(tmp_path: Path) -> None:
    house = House()
    async with registry_in(tmp_path / "r") as registry:
        await found(house, registry)
        await registry.endow("Z", 5_000, CEA24=7)
        async with office_in(tmp_path / "c", house, registry) as office:
            await office.fund()
            assert office.store.movements.counts() == {"BOOKED": 10, "WAITING": 2}
            trade_a_day(house, Random(4))
            # What the registry holds for somebody who is not admitted is no difference.
            assert await office.end_day() is DayState.RECONCILED
            assert office.report().movements_waiting == 2
            number = house.admit("Z")
            await office.fund()
            assert office.store.movements.counts() == {"BOOKED": 12}
            account = house.exchange.account(number)
            assert account.cash.settled_fen == 5_000
            assert account.holdings[0].available_t == 7


async def test_a_movement_that_the_exchange_refuses_is_kept_and_is_a_break(tmp_path: Path) -> None:
    house = House()
    async with registry_in(tmp_path / "r") as registry:
        await found(house, registry)
        await registry.admin.issue("R-A", "NOSUCH", 5, date=DATE, reference="I")
        await registry.admin.transfer_in("R-A", "NOSUCH", 5, date=DATE, reference="T")
        async with office_in(tmp_path / "c", house, registry) as office:
            await office.fund()
            assert office.store.movements.counts() == {"BOOKED": 10, "REFUSED": 1}
            trade_a_day(house, Random(5))
            assert await office.end_day() is DayState.BREAKS
            kinds = {(row.level, row.kind, row.key) for row in office.report().breaks}
            assert (0, "TRANSPORT", "refused movements") in kinds
            assert (2, "MISSING_EXCH", "R-A NOSUCH") in kinds


async def test_retries_are_bounded_and_the_day_says_that_it_waits(tmp_path: Path) -> None:
    house = House()
    async with registry_in(tmp_path / "r") as registry:
        await found(house, registry)
        port = Port(house)
        office = Office(tmp_path / "c", port, registry.exchange)
        await office.fund()
        trade_a_day(house, Random(6))
        await office.collect()
        dead = FlakyRegistry(registry.url, "x", Random(0), faults=300)
        calls = 0
        ask = dead._ask

        async def counted(*what: Any) -> Any:
            nonlocal calls
            calls += 1
            return await ask(*what)

        dead._ask = counted  # type: ignore[method-assign,assignment]
        office.days.registry = dead
        await office.days.run()
        day = office.store.days()[-1]
        assert calls == retry.ATTEMPTS_MAX
        assert day.state is DayState.SEALED
        assert "still pending" in day.problem
        office.days.registry = registry.exchange
        await office.days.run()
        assert office.store.days()[-1].state is DayState.RECONCILED
        assert office.store.days()[-1].problem == ""
        office.close()
        await dead.close()


def test_pauses_double_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert retry.pauses() == [50, 100, 200, 400, 800, 1_600, 2_000]


async def test_a_day_without_trades_is_confirmed_by_both_sides_too(tmp_path: Path) -> None:
    house = House()
    async with registry_in(tmp_path / "r") as registry:
        await found(house, registry)
        async with office_in(tmp_path / "c", house, registry) as office:
            await office.fund()
            house.open(DATE, CEA24=9_500)
            house.close()
            assert await office.end_day() is DayState.RECONCILED
            assert (await registry.exchange.batch("B2026010501")).state == "DONE"


async def test_t_plus_one_after_the_registry_confirmed(tmp_path: Path) -> None:
    house = House()
    async with registry_in(tmp_path / "r") as registry:
        house.found("AB")
        await registry.endow("A", 0, CEA24=100)
        await registry.endow("B", 10_000_000)
        async with office_in(tmp_path / "c", house, registry) as office:
            await office.fund()
            house.open(DATE, CEA24=9_500)
            house.trade("A", "B", 100, 9_500, CEA24)
            house.close()
            assert await office.end_day() is DayState.RECONCILED
            (held,) = house.exchange.account(2).holdings
            assert (held.available_t, held.delivered_t) == (0, 100)
            house.open(NEXT_DATE, CEA24=9_500)
            house.trade("B", "A", 60, 9_600, CEA24)
            house.close(NEXT_DATE)
            assert await office.end_day() is DayState.RECONCILED
            assert [row.state for row in office.store.days()] == [DayState.RECONCILED] * 2
            assert await registry.holdings() == {
                "A": (60, 950_000 - 576_000),
                "B": (40, 9_050_000 + 576_000),
            }
