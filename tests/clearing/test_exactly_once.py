"""Lost, doubled and reordered messages, gaps and crashes: every trade and movement takes effect once."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

from clearing import end_of_day, retry
from clearing.lifecycle import DayState
from clearing.registry_client import RegistryUnavailable
from tests.clearing.desk import FlakyRegistry, Office, office_in, registry_in, token
from tests.clearing.five import LETTERS, found, trade_a_day
from tests.clearing.house import CEA24, DATE, NEXT_DATE, House, Port, copy_of


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "FIRST_PAUSE_MS", 1)
    monkeypatch.setattr(retry, "LONGEST_PAUSE_MS", 2)
    monkeypatch.setattr(end_of_day, "POLL_MS", 1)


@pytest.mark.parametrize("seed", range(8))
async def test_a_bad_line_on_both_sides_changes_nothing(tmp_path: Path, seed: int) -> None:
    house, random = House(), Random(seed)
    async with registry_in(tmp_path / "r", group=3) as registry:
        await found(house, registry)
        flaky = FlakyRegistry(registry.url, token(registry.data, "exchange"), random, faults=20)
        port = Port(house, seed, faults=20)
        office = Office(tmp_path / "c", port, flaky)
        for _ in range(50):
            await office.collect()
            try:
                await office.mover.book_waiting()
            except (RegistryUnavailable, retry.StillPending):
                continue
            if office.store.movements.counts() == {"BOOKED": 10}:
                break
        assert office.store.movements.counts() == {"BOOKED": 10}
        total = trade_a_day(house, random)
        for _ in range(50):
            if await office.end_day() is DayState.RECONCILED:
                break
        report = office.report()
        assert (report.settled_quantity_t, report.failed, report.breaks_found) == (total, 0, 0)
        # A clean run of the same day gives the same balances.
        assert {row.state for row in house.exchange.trades()} == {"settled"}
        held = await registry.holdings()
        for number, letter in enumerate(LETTERS, 1):
            account = house.exchange.account(number)
            (holding,) = account.holdings
            settled = holding.available_t + holding.delivered_t + holding.sold_t
            assert (settled, account.cash.settled_fen) == held[letter]
        office.close()
        await flaky.close()


class Killed(BaseException):
    """The process died here."""


class Mortal:
    """Lets an office die at its n-th write: before that write is durable, or right after."""

    def __init__(self, office: Office, last: int, *, is_durable: bool) -> None:
        self.left = last
        self.is_durable = is_durable
        self.write = office.store.database.write
        office.store.database.write = self.mortal_write  # type: ignore[method-assign]

    @contextmanager
    def mortal_write(self) -> Iterator[Any]:
        """Open a transaction; the n-th one is the last."""
        self.left -= 1
        if self.left:
            with self.write() as connection:
                yield connection
            return
        if self.is_durable:
            with self.write() as connection:
                yield connection
            raise Killed
        with self.write() as connection:
            yield connection
            raise Killed


async def a_short_day(house: House, office: Office, steps: dict[str, bool]) -> None:
    """Fund, trade and end a day of three trades; what the exchange did once stays done."""
    await office.fund()
    if not steps.get("traded") and office.store.movements.counts().get("BOOKED") == 4:
        steps["traded"] = True
        house.open(DATE, CEA24=9_500)
        for buyer, quantity_t in (("B", 10), ("C", 20), ("B", 30)):
            house.trade("A", buyer, quantity_t, 9_500, CEA24)
        house.close()
    await office.end_day()


@pytest.mark.parametrize("is_durable", [False, True])
async def test_clearing_dead_at_any_write_goes_on_where_it_was(
    tmp_path: Path, is_durable: bool
) -> None:
    deaths = 0
    for last in range(1, 100):
        house, folder, steps = House(), tmp_path / str(last), dict[str, bool]()
        async with registry_in(folder / "r") as registry:
            house.found("ABC")
            await registry.endow("A", 1, CEA24=100)
            for letter in "BC":
                await registry.endow(letter, 1_000_000)
            office = Office(folder / "c", Port(house), registry.exchange)
            Mortal(office, last, is_durable=is_durable)
            try:
                await a_short_day(house, office, steps)
            except Killed:
                deaths += 1
            else:
                assert office.store.days()[-1].state is DayState.RECONCILED
                office.close()
                break
            office.close()
            again = Office(folder / "c", Port(house), registry.exchange)
            await a_short_day(house, again, steps)
            assert again.store.days()[-1].state is DayState.RECONCILED, last
            assert {row.state for row in house.exchange.trades()} == {"settled"}
            held = await registry.holdings()
            assert held == {"A": (40, 570_001), "B": (40, 620_000), "C": (20, 810_000)}
            again.close()
    assert deaths > 12  # the run without a death ended the loop


async def test_copies_that_repeat_or_come_in_the_wrong_order_are_stored_once(
    tmp_path: Path,
) -> None:
    house, random = House(), Random(1)
    async with registry_in(tmp_path / "r") as registry:
        await found(house, registry)
        async with office_in(tmp_path / "c", house, registry) as office:
            await office.fund()
            trade_a_day(house, random)
            cursor = office.store.cursor()
            rows = [copy_of(row) for row in house.log[cursor:]]
            random.shuffle(rows)
            await office.collector._take([*rows, *rows])
            assert office.store.cursor() == house.exchange.sequence
            assert len(office.store.trades(DATE)) == 12
            assert await office.end_day() is DayState.RECONCILED


async def test_a_gap_in_the_drop_copy_is_filled_by_questions(tmp_path: Path) -> None:
    house, random = House(), Random(2)
    async with registry_in(tmp_path / "r") as registry:
        await found(house, registry)
        async with office_in(tmp_path / "c", house, registry) as office:
            await office.fund()
            house.open(DATE, CEA24=9_500)
            house.trade("A", "B", 10, 9_500, CEA24)
            await office.collect()
            seen = office.store.cursor()
            house.trade("B", "C", 20, 9_600, CEA24)
            house.trade("C", "D", 30, 9_400, CEA24)
            house.close()
            office.port.skip(seen, house.exchange.sequence)
            await office.collector._take([await skipped(office)])
            assert office.store.cursor() == house.exchange.sequence
            assert [trade.quantity_t for trade in office.store.trades(DATE)] == [10, 20, 30]
            assert await office.end_day() is DayState.RECONCILED
            trade_a_day(house, random, NEXT_DATE)
            assert await office.end_day() is DayState.RECONCILED


async def skipped(office: Office) -> Any:
    while True:
        message = await office.port.messages.get()
        if type(message).__name__ == "Gap":
            return message
