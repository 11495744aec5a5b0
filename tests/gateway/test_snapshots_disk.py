"""A snapshot on a disk that is full, fails or dies costs a slower start, and the market nothing."""

import asyncio
import random

import pytest

from engine.commands import AdvanceTime, CancelOrder
from gateway.disk import Room
from tests.gateway.sequencer_rig import TRADER
from tests.gateway.test_snapshots import again, names, settled, traded


async def test_a_full_disk_costs_the_snapshot_and_nothing_else() -> None:
    rig = await traded(batches=0)
    rig.snapshots.capacity = 100
    await rig.trade(1, 150)
    await settled(rig)
    assert any("no snapshot at sequence" in line for line in rig.lines)
    assert not names(rig, ".snapshot")
    assert not names(rig, ".new"), "its room is given back, or the door would stay shut"
    rig.snapshots.capacity = 1 << 30
    await rig.trade(1_000, 150)
    await settled(rig)
    assert names(rig, ".snapshot")
    before = rig.digests()
    await again(rig)
    assert rig.recovered == before


@pytest.mark.parametrize("seed", range(12))
async def test_a_power_cut_while_snapshots_are_written_loses_nothing(seed: int) -> None:
    rig = await traded(every=40, batches=2)
    dice = random.Random(seed)
    rig.snapshots.fail(dice.choice(("write", "sync")), dice.randrange(6))
    await rig.trade(1_000, 120)
    await settled(rig)
    before = rig.digests()
    rig.snapshots.cut_power(seed)
    await again(rig)
    assert rig.recovered == before
    done = await rig.sequencer.submit(TRADER, CancelOrder(order=1, client_order=77_777))
    assert done.events


async def test_a_snapshot_that_cannot_be_taken_is_told_and_the_market_lives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rig = await traded(every=50, batches=0)

    def broken(_: object) -> bytes:
        message = "a bug"
        raise ValueError(message)

    with monkeypatch.context() as patch:
        patch.setattr("engine.exchange.Exchange.gather_snapshot", broken)
        await rig.trade(1, 80)
    assert any("no snapshot at sequence" in line and "a bug" in line for line in rig.lines)
    assert rig.sequencer.failure is None
    await rig.trade(1_000, 80)
    await settled(rig)
    assert names(rig, ".snapshot")


async def test_the_end_of_a_day_is_not_forgotten_while_another_is_written() -> None:
    rig = await traded(every=10**6, batches=1)
    policy = rig.policy
    policy._writing = asyncio.get_running_loop().create_future()
    policy.consider(day_ended=True, is_quiet=True)
    assert policy.taken == 0
    policy._writing.set_result(True)
    policy.consider(day_ended=False, is_quiet=False)
    assert policy.taken == 1
    await settled(rig)


async def test_none_is_taken_on_a_disk_that_runs_low() -> None:
    rig = await traded(every=50, batches=0)
    rig.sequencer._door.see_room(Room(49, 1_000))
    taken = rig.policy.taken
    for _ in range(60):
        await rig.sequencer.submit(0, AdvanceTime())
    assert rig.policy.taken == taken
    rig.sequencer._door.see_room(Room(500, 1_000))
    await rig.sequencer.submit(0, AdvanceTime())
    assert rig.policy.taken == taken + 1
    await settled(rig)
