"""A registry that contradicts the batch is not confirmed, and its outcomes are not booked (R92)."""

from pathlib import Path
from random import Random
from typing import Any

import pytest
from msgspec import structs

from clearing.lifecycle import DayState
from clearing.messages import BatchView, ClearingResult, Outcome, Rejection, Snapshot
from clearing.registry_client import RegistryClient
from clearing.settle import outcome_hash
from tests.clearing.desk import Office, registry_in, token
from tests.clearing.five import found, trade_a_day
from tests.clearing.house import DATE, House, Port


class Liar(RegistryClient):
    """A registry whose answers of one kind are changed on the way."""

    def __init__(self, url: str, key: str, kind: Any, lie: Any) -> None:
        super().__init__(url, key)
        self.kind = kind
        self.lie = lie
        self.asked: list[str] = []

    async def _ask(self, verb: str, path: str, kind: Any, message: Any = None) -> Any:
        self.asked.append(path)
        answer = await super()._ask(verb, path, kind, message)
        return self.lie(answer) if kind == self.kind else answer


def wrong_sum(result: ClearingResult) -> ClearingResult:
    return structs.replace(result, amount_fen=result.amount_fen + 1)


def one_less(result: ClearingResult) -> ClearingResult:
    return structs.replace(result, accepted=result.accepted - 1)


def invented_rejection(result: ClearingResult) -> ClearingResult:
    return structs.replace(result, rejections=(Rejection(tx_id="S1", code="SAFE"),))


def another_seal(result: ClearingResult) -> ClearingResult:
    return structs.replace(result, seal_hash="0" * 64)


@pytest.mark.parametrize("lie", [wrong_sum, one_less, invented_rejection, another_seal])
async def test_a_clearing_result_that_differs_is_never_confirmed(tmp_path: Path, lie: Any) -> None:
    house = House()
    async with registry_in(tmp_path / "r") as registry:
        await found(house, registry)
        liar = Liar(registry.url, token(registry.data, "exchange"), ClearingResult, lie)
        office = Office(tmp_path / "c", Port(house), liar)
        await office.fund()
        trade_a_day(house, Random(1))
        assert await office.end_day() is DayState.SENT
        assert "clearing result" in office.store.days()[-1].problem
        assert not [path for path in liar.asked if path.endswith("confirm")]
        assert (await registry.exchange.batch("B2026010501")).state == "CLEARED"
        office.close()
        await liar.close()


def swapped(rows: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
    return rows[::-1]


def one_turned(rows: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
    return rows and (structs.replace(rows[0], state="FAILED", code="LACK", txn=0), *rows[1:])


def one_lost(rows: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
    return rows[1:]


@pytest.mark.parametrize("lie", [swapped, one_turned, one_lost])
async def test_outcomes_that_are_not_those_of_their_hash_are_not_booked(
    tmp_path: Path, lie: Any
) -> None:
    house = House()
    async with registry_in(tmp_path / "r") as registry:
        await found(house, registry)
        liar = Liar(registry.url, token(registry.data, "exchange"), tuple[Outcome, ...], lie)
        office = Office(tmp_path / "c", Port(house), liar)
        await office.fund()
        trade_a_day(house, Random(1))
        assert await office.end_day() is DayState.CONFIRMED
        assert "outcomes" in office.store.days()[-1].problem
        assert {view.state for view in house.exchange.trades()} == {"unsettled"}
        office.close()
        await liar.close()


async def test_an_outcome_that_was_turned_with_its_hash_is_found_by_reconciliation(
    tmp_path: Path,
) -> None:
    """X15 in the whole: the registry settled a trade and clearing was told that it failed."""
    house = House()
    async with registry_in(tmp_path / "r") as registry:
        await found(house, registry)
        key = token(registry.data, "exchange")
        honest = Office(tmp_path / "c", Port(house), registry.exchange)
        await honest.fund()
        trade_a_day(house, Random(1))
        turned: dict[str, str] = {}

        class Forger(Liar):
            """Turns the first outcome and fits the hash, until clearing has booked it."""

            async def _ask(self, verb: str, path: str, kind: Any, message: Any = None) -> Any:
                answer = await RegistryClient._ask(self, verb, path, kind, message)
                if honest.store.day(DATE).state is not DayState.CONFIRMED:
                    return answer
                if kind == tuple[Outcome, ...] and answer:
                    return one_turned(answer)
                if kind is BatchView and answer.state == "DONE":
                    rows = one_turned(
                        await RegistryClient.outcomes(registry.exchange, answer.batch)
                    )
                    turned["tx_id"] = rows[0].tx_id
                    return structs.replace(answer, outcome_hash=outcome_hash(rows))
                return answer

        forger = Forger(registry.url, key, None, None)
        honest.days.registry = forger
        assert await honest.end_day() is DayState.BREAKS
        breaks = honest.report().breaks
        assert {row.level for row in breaks} == {0, 2, 3}
        named = {row.suspects for row in breaks if row.level == 2}
        assert named == {(turned["tx_id"],)}
        assert [row.key for row in breaks if row.level == 3] == [turned["tx_id"]]
        honest.close()
        await forger.close()


async def test_a_snapshot_one_tonne_off_is_a_break(tmp_path: Path) -> None:
    def off(snapshot: Snapshot) -> Snapshot:
        first, *rest = snapshot.holdings
        wrong = structs.replace(first, trading_t=first.trading_t + 1)
        return structs.replace(snapshot, holdings=(wrong, *rest))

    house = House()
    async with registry_in(tmp_path / "r") as registry:
        await found(house, registry)
        liar = Liar(registry.url, token(registry.data, "exchange"), Snapshot, off)
        office = Office(tmp_path / "c", Port(house), liar)
        await office.fund()
        trade_a_day(house, Random(1))
        assert await office.end_day() is DayState.BREAKS
        found_breaks = {(row.level, row.key, row.difference) for row in office.report().breaks}
        assert found_breaks == {(1, "total CEA24", 0), (2, "R-A CEA24", -1)}
        office.close()
        await liar.close()
