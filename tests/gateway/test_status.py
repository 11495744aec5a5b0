"""What the exchange takes is told without asking: first of all, and whenever it changes."""

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest

from engine.commands import Halt, HaltScope, Resume, Side
from gateway import wire
from gateway.limits import LIMITS
from gateway.publisher import WRITES_PER_TURN
from tests.gateway.gateway_world import (
    OPERATOR_ONE,
    OPERATOR_TWO,
    Raw,
    World,
    eventually,
    place,
    raw,
    serving,
    settings,
)
from tests.markets import PRODUCT


async def any_frame(client: Raw) -> dict[str, Any]:
    """Return the next frame of any kind but a beat."""
    while True:
        frame: dict[str, Any] = json.loads(await asyncio.wait_for(client.socket.recv(), 60))
        if frame["type"] != "Beat":
            return frame


async def statuses(client: Raw, count: int) -> list[dict[str, Any]]:
    """Return the first statuses that a client is told."""
    while len(client.statuses) < count:
        frame = await any_frame(client)
        assert frame["type"] == "StatusChanged"
        client.statuses.append(frame)
    return client.statuses[:count]


async def test_the_status_is_the_first_frame_after_the_welcome_for_everybody() -> None:
    async with serving() as world:
        for greeting in ("observer", "trader"):
            async with raw(world) as client:
                login = (
                    {"type": "Observe"}
                    if greeting == "observer"
                    else client.login(world.traders[0])
                )
                await client.send(login)
                assert (await any_frame(client))["type"] == "Welcome"
                status = await any_frame(client)
                assert status["type"] == "StatusChanged"
                assert (status["accepts"], status["reason"], status["until_ns"]) == ("all", "", 0)
                assert (status["date"], status["sequence"]) == (
                    "2021-07-16",
                    world.exchange.sequence,
                )
                phases = {row["method"]: row["phase"] for row in status["phases"]}
                wanted = {
                    view.method.value: view.phase.value for view in world.exchange.market().methods
                }
                assert phases == wanted


async def test_phases_and_halts_are_told_and_trades_are_not() -> None:
    async with serving() as world, raw(world, world.traders[0]) as client:
        await statuses(client, 1)
        world.list(1, Side.SELL, 4_850, 100)
        world.pick(2, 1, 100)
        halted = world.send(OPERATOR_ONE, Halt(scope=HaltScope.MARKET, explanation="演示停市"))
        found = await statuses(client, 2)
        assert found[1]["sequence"] == halted.sequence  # nothing in between was told
        halts = {row["halt"] for row in found[1]["phases"]}
        assert halts == {getattr(halted.events[0], "halt", 0)}
        resumed = world.send(OPERATOR_TWO, Resume(halt=halts.pop(), explanation="演示"))
        found = await statuses(client, 3)
        assert found[2]["sequence"] == resumed.sequence
        assert {row["halt"] for row in found[2]["phases"]} == {0}
        world.go_to("11:30")
        found = await statuses(client, 4)
        assert found[3]["phases"] != found[2]["phases"]


async def test_a_door_that_shuts_is_told_without_a_command() -> None:
    async with serving() as world, raw(world, world.traders[0]) as one, raw(world) as two:
        await two.ask({"type": "Observe"})
        before = world.exchange.sequence
        world.sequencer.door.see_inbox(75, 100)
        for client in (one, two):
            told = (await statuses(client, 2))[1]
            assert (told["accepts"], told["reason"]) == ("cancels", "overload")
        world.sequencer.door.see_inbox(60, 100)  # it stays so until a quarter is left
        world.sequencer.door.see_inbox(25, 100)
        for client in (one, two):
            assert (await statuses(client, 3))[2]["accepts"] == "all"
        assert world.exchange.sequence == before
        assert world.server.publisher.status_frame().accepts == "all"


async def test_a_client_that_reads_late_is_told_the_newest_status_once() -> None:
    async with serving() as world:
        status = world.server.feed.newest["status"]
        for waiting in (75, 0, 75, 0, 75):
            world.sequencer.door.see_inbox(waiting, 100)
        assert status.version == 6
        async with raw(world, world.traders[0]) as client:
            assert (await statuses(client, 1))[0]["accepts"] == "cancels"
            world.list(1, Side.SELL, 4_850, 1)
            assert (await client.ask({"type": "Ping", "id": 1}))["type"] == "Pong"
            assert len(client.statuses) == 1


async def test_beats_carry_the_last_sequence_and_the_time() -> None:
    async with serving(settings(beat_s=0.01)) as world, raw(world, world.traders[0]) as client:
        last = world.list(1, Side.SELL, 4_850, 1)

        async def beat() -> dict[str, Any]:
            while True:
                frame: dict[str, Any] = json.loads(await client.socket.recv())
                if frame["type"] == "Beat" and frame["sequence"] >= last.sequence:
                    return frame

        async with asyncio.timeout(60):
            told = await beat()
        assert told["sequence"] == last.sequence
        assert told["time_ns"] >= last.time_ns


async def test_beats_to_very_many_leave_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand writes in one turn of the loop would hold up every order for tens of milliseconds."""
    told: list[object] = []

    def listener() -> Any:
        def push(_: bytes) -> None:
            told.append(socket)

        socket = SimpleNamespace(unsent=0, form=wire.Format.JSON, push=push)
        return SimpleNamespace(reader=object(), socket=socket, check_drain=lambda _: None)

    everybody = [listener() for _ in range(5 * WRITES_PER_TURN + 1)]
    async with serving(settings(beat_s=0.01)) as world:
        monkeypatch.setattr(world.server, "connections", everybody)
        while len(told) < len(everybody):
            before = len(told)
            await asyncio.sleep(0)
            assert len(told) - before <= WRITES_PER_TURN
        monkeypatch.undo()
        first = [id(one) for one in told[: len(everybody)]]
        assert len(set(first)) == len(everybody), "each once before one of them again"


@pytest.mark.usefixtures("no_refill")
async def test_limits_are_told_at_login_and_what_is_left_of_them_in_each_pong() -> None:
    limits = settings(orders_per_second=1, orders_burst=30)
    async with serving(limits) as world, raw(world) as client:
        welcome = await client.ask(client.login(world.traders[0]))
        told = welcome["limits"]
        assert set(told) == set(wire.Limits.__struct_fields__)
        trader = LIMITS["trader"]
        for name in ("subscriptions", "bytes_per_second", "bytes_burst", "requests_in_flight"):
            assert told[name] == getattr(trader, name)
        await client.ask({"type": "Subscribe", "id": 1, "channel": "trades"})
        for number in (1, 2, 3):
            await client.ask(place(number))
        left = (await client.ask({"type": "Ping", "id": 9}))["left"]
        assert left["orders"] == 27
        assert left["cancels"] == trader.cancels_burst
        assert trader.queries_burst - 1 <= left["queries"] <= trader.queries_burst
        assert 0 < left["bytes"] < trader.bytes_burst
        assert left["subscriptions"] == trader.subscriptions - 1
        assert left["requests_in_flight"] == trader.requests_in_flight
        world.sequencer.held.clear()
        await client.send(place(4))
        left = (await client.ask({"type": "Ping", "id": 10}))["left"]
        assert left["requests_in_flight"] == trader.requests_in_flight - 1
        world.sequencer.held.set()
        assert (await client.take())["type"] == "Submitted"


async def test_a_connection_that_ends_is_told_nothing_more() -> None:
    async with serving() as world:
        async with raw(world, world.traders[0]) as client:
            await client.ask({"type": "Subscribe", "id": 1, "channel": f"book:{PRODUCT}"})
        await eventually(lambda: not world.server.connections)
        assert not world.server.publisher._readers
        world.list(1, Side.SELL, 4_850, 1)
        assert isinstance(world, World)
