"""Time moves only when nobody has anything due, and every actor sees its own moments in order."""

import asyncio
import time

import pytest

from bench import conductor as conductor_module
from bench.conductor import Conductor, Pace, wall_pace

HOUR_NS = 3600 * 10**9
NO_PACE = Pace(exchange_ns=1, wall_s=0.0)


class FakeExchange:
    """A driven clock that remembers where it was sent."""

    def __init__(self) -> None:
        self.moments: list[int] = []

    async def advance(self, time_ns: int) -> int:
        await asyncio.sleep(0)
        self.moments.append(time_ns)
        return time_ns


async def test_time_waits_for_the_slowest() -> None:
    exchange = FakeExchange()
    seen: list[tuple[str, int]] = []
    gate = asyncio.Event()
    conductor = Conductor(0, exchange.advance, NO_PACE)

    async def slow() -> None:
        await conductor.wait_until("slow", 10)
        await gate.wait()  # an answer that does not come yet
        seen.append(("slow", conductor.now_ns))
        conductor.leave("slow")

    async def quick() -> None:
        for moment in (10, 20, 30):
            await conductor.wait_until("quick", moment)
            seen.append(("quick", conductor.now_ns))
        conductor.leave("quick")

    for name in ("slow", "quick"):
        conductor.enter(name)
    running = asyncio.gather(slow(), quick(), conductor.run())
    for _ in range(50):
        await asyncio.sleep(0)
    assert exchange.moments == [10], "time moved on although somebody was still busy"
    gate.set()
    await running
    assert exchange.moments == [10, 20, 30]
    assert seen == [("quick", 10), ("slow", 10), ("quick", 20), ("quick", 30)]
    assert conductor.steps == 3


async def test_actors_of_one_moment_act_together() -> None:
    exchange = FakeExchange()
    conductor = Conductor(0, exchange.advance, NO_PACE)
    both = asyncio.Barrier(2)

    async def actor(name: str) -> None:
        await conductor.wait_until(name, 5)
        await both.wait()
        conductor.leave(name)

    conductor.enter("a")
    conductor.enter("b")
    await asyncio.wait_for(asyncio.gather(actor("a"), actor("b"), conductor.run()), 60)
    assert exchange.moments == [5]


async def test_a_moment_that_has_come_is_not_waited_for() -> None:
    exchange = FakeExchange()
    conductor = Conductor(100, exchange.advance, NO_PACE)
    conductor.enter("a")
    await conductor.wait_until("a", 100)
    conductor.leave("a")
    await conductor.run()
    assert exchange.moments == []


async def test_the_pace_is_kept_and_lost_time_is_not_made_up_for() -> None:
    exchange = FakeExchange()
    conductor = Conductor(0, exchange.advance, wall_pace(0, 10 * HOUR_NS, 0.5, 1.0))
    conductor.enter("a")

    async def actor() -> None:
        await conductor.wait_until("a", 4 * HOUR_NS)
        conductor.leave("a")

    began = time.monotonic()
    await asyncio.gather(actor(), conductor.run())
    assert time.monotonic() - began >= 0.2, "four of ten hours take two fifths of half a second"


async def test_there_is_a_limit_of_actors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conductor_module, "ACTORS_MAX", 2)
    conductor = Conductor(0, FakeExchange().advance, NO_PACE)
    conductor.enter("a")
    conductor.enter("b")
    with pytest.raises(AssertionError, match="too many actors"):
        conductor.enter("c")


async def test_a_failed_advance_ends_the_run() -> None:
    async def advance(_: int) -> int:
        raise ConnectionError("gone")

    conductor = Conductor(0, advance, NO_PACE)
    conductor.enter("a")

    async def actor() -> None:
        await conductor.wait_until("a", 1)

    waiting = asyncio.create_task(actor())
    with pytest.raises(ConnectionError):
        await conductor.run()
    waiting.cancel()
