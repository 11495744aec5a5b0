"""A key that ends takes its live connections with it, at once, also with requests in flight."""

import asyncio
import contextlib
from typing import Any

import pytest

from engine.commands import (
    RemoveParticipant,
    Restriction,
    RestrictParticipant,
    RevokeKey,
    RotateKey,
)
from engine.events import KeyEnrolled, Refused
from engine.reasons import Reason
from gateway import keys
from tests.gateway.gateway_world import (
    OPERATOR_ONE,
    Raw,
    World,
    closing,
    eventually,
    place,
    raw,
    serving,
)
from tests.gateway.test_login_states import enrolled, is_welcome, next_day


async def ping(client: Raw) -> str:
    return str((await client.ask({"type": "Ping", "id": 9}))["type"])


async def test_revocation_closes_every_connection_of_the_key_and_no_other() -> None:
    async with serving() as world:
        colleague = enrolled(world)
        async with (
            raw(world, world.traders[0]) as first,
            raw(world, world.traders[0]) as second,
            raw(world, colleague) as other,
        ):
            world.send(OPERATOR_ONE, RevokeKey(key=world.trader_key(1), explanation="演示"))
            for client in (first, second):
                code, reason = await closing(client)
                assert code == 4004
                assert reason.startswith("KEY_REVOKED")
            assert await ping(other) == "Pong"
        assert not world.server.entrance._connections.get(world.trader_key(1))


async def test_expiry_closes_as_the_next_day_opens() -> None:
    async with serving() as world:
        key = enrolled(world, valid_until="2021-07-16")
        async with raw(world, key) as client, raw(world, world.traders[0]) as other:
            next_day(world)
            code, reason = await closing(client)
            assert (code, reason.partition(":")[0]) == (4005, "KEY_EXPIRED")
            assert await ping(other) == "Pong"


async def test_removal_closes_all_keys_of_the_participant() -> None:
    async with serving() as world:
        colleague = enrolled(world)
        async with (
            raw(world, world.traders[0]) as client,
            raw(world, colleague) as second,
            raw(world, world.traders[1]) as other,
        ):
            world.approve(RemoveParticipant(participant=1, explanation="演示移出"))
            for one in (client, second):
                assert (await closing(one))[0] == 4006
            assert await ping(other) == "Pong"


async def test_suspension_leaves_the_connection_to_cancel_on() -> None:
    async with serving() as world, raw(world, world.traders[0]) as client:
        placed = await client.ask(place(1))
        order = placed["events"][0]["order"]
        world.approve(RestrictParticipant(participant=1, restriction=Restriction.SUSPENDED))
        assert order
        assert await ping(client) == "Pong"


async def test_what_is_in_flight_behind_a_revocation_is_refused_by_the_engine() -> None:
    async with serving() as world, raw(world, world.traders[0]) as client:
        world.sequencer.held.clear()
        key = world.trader_key(1)
        revoking = asyncio.create_task(
            world.sequencer.submit(key, RevokeKey(key=key, explanation="演示"))
        )
        await eventually(lambda: world.sequencer._inbox)
        for number in (1, 2):
            await client.send(place(number))
        await eventually(lambda: len(world.sequencer._inbox) == 3)
        world.sequencer.held.set()
        await revoking
        assert (await closing(client))[0] == 4004
        last = [item.events[0] for item in world.sequencer.applied[-2:]]
        for event in last:
            assert isinstance(event, Refused)
            assert event.reason is Reason.KEY_REVOKED
        await eventually(lambda: not world.server.connections)


async def test_what_was_in_flight_before_a_revocation_is_answered() -> None:
    async with serving() as world, raw(world, world.traders[0]) as client:
        world.sequencer.held.clear()
        key = world.trader_key(1)
        await client.send(place(1))
        await eventually(lambda: world.sequencer._inbox)
        revoking = asyncio.create_task(
            world.sequencer.submit(key, RevokeKey(key=key, explanation="演示"))
        )
        await eventually(lambda: len(world.sequencer._inbox) == 2)
        world.sequencer.held.set()
        await revoking
        answer = await client.take()
        assert (answer["type"], answer["events"][0]["type"]) == ("Submitted", "ListingPlaced")
        assert (await closing(client))[0] == 4004


async def test_a_frame_that_came_behind_the_end_is_not_taken() -> None:
    async with serving() as world, raw(world, world.traders[0]) as client:
        world.send(OPERATOR_ONE, RevokeKey(key=world.trader_key(1), explanation="演示"))
        sequence = world.exchange.sequence
        with contextlib.suppress(Exception):
            for number in range(1, 20):
                await client.send(place(number))
        assert (await closing(client))[0] == 4004
        assert world.exchange.sequence == sequence


async def test_rotation_lets_both_keys_in_until_the_old_one_is_revoked() -> None:
    async with serving() as world:
        old, new = world.traders[0], keys.new_key("演示交易员1", "trader")
        async with await world.trader(1) as client:
            applied = await client.submit(RotateKey(public_key=new.public_key))
            rotated = applied.first
            assert isinstance(rotated, KeyEnrolled)
            assert rotated.previous == world.trader_key(1)
            async with raw(world, new) as second:
                assert await is_welcome(world, old)
                revoke: dict[str, Any] = {
                    "type": "RevokeKey",
                    "key": world.trader_key(1),
                    "explanation": "轮换",
                }
                await second.ask({"type": "Submit", "id": 1, "command": revoke})
                assert await ping(second) == "Pong"
        assert not await is_welcome(world, old)
        assert await is_welcome(world, new)


@pytest.mark.parametrize("count", [1, 3])
async def test_places_are_free_again_after_an_end(count: int) -> None:
    world = World()
    world.open()
    await world.serve()
    try:
        clients = [await world.trader(1) for _ in range(count)]
        world.approve(RemoveParticipant(participant=1, explanation="演示移出"))
        await eventually(lambda: not world.server.connections)
        assert not world.server.entrance._participants
        for client in clients:
            await client.close()
    finally:
        await world.server.stop()
