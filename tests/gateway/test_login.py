"""Who comes in: one signature per connection, the same answer to every stranger, within the time."""

import asyncio
import json
import time
from types import SimpleNamespace
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from engine.commands import Role
from engine.events import KeyEnrolled
from gateway import keys, wire
from tests.gateway.gateway_world import (
    World,
    closing,
    place,
    raw,
    serving,
    settings,
)
from tests.markets import national


async def test_a_login_is_welcomed_with_who_what_and_how_much() -> None:
    async with serving() as world, raw(world) as client:
        reply = await client.ask(client.login(world.traders[1]))
        welcome = wire.decode_outward(json.dumps(reply))
        assert isinstance(welcome, wire.Welcome)
        assert (welcome.role, welcome.participant, welcome.clock) == ("trader", 2, "driven")
        assert welcome.participant_name == "演示电厂002"
        assert welcome.person == "演示交易员2"
        assert welcome.profile == national()
        assert welcome.sequence == world.exchange.sequence
        assert welcome.limits == world.server.settings.of("trader")
        assert welcome.date == "2021-07-16"


async def test_every_wrong_login_is_refused_and_closed() -> None:
    stranger = keys.new_key("演示路人", Role.TRADER)
    async with serving() as world:
        good = world.traders[0]

        async def refusal(key: keys.KeyFile, **changes: Any) -> dict[str, Any]:
            async with raw(world) as client:
                reply = await client.ask(client.login(key, **changes))
                assert reply["type"] == "LoginRefused"
                assert (await closing(client))[0] == 4001
                return {name: reply[name] for name in ("code", "number", "text")}

        unknown = await refusal(stranger)
        assert unknown["code"] == "KEY_UNKNOWN"
        assert unknown["number"] == 101
        assert "admitted key emitting units" in unknown["text"]
        # A stranger cannot tell an unknown key from a wrong signature.
        assert await refusal(stranger, public_key=good.public_key) == unknown
        assert await refusal(good, nonce="00" * 32) == unknown
        assert await refusal(good, host="elsewhere:1") == unknown
        for drift_s in (-60, 60):  # the limit itself is asked of `Access`, whose clock stands
            late = await refusal(good, time_ns=time.time_ns() + drift_s * 10**9)
            assert late["code"] == "CLOCK_OFF"
        assert (await refusal(stranger, language="zh"))["text"].startswith("密钥未登记")


async def test_a_recorded_login_is_worth_nothing_on_another_connection() -> None:
    async with serving() as world:
        async with raw(world) as first:
            recorded = first.login(world.traders[0])
            assert (await first.ask(recorded))["type"] == "Welcome"
        async with raw(world) as second:
            assert second.nonce != first.nonce
            assert (await second.ask(recorded))["code"] == "KEY_UNKNOWN"


async def test_a_key_whose_participant_is_not_admitted_is_refused_with_its_reason() -> None:
    world = World()
    stranger = keys.new_key("演示外人", Role.TRADER)
    world.open()
    await world.serve()
    try:
        # The engine would refuse this enrolment; a gateway must not rely on it.
        enrolled = KeyEnrolled(
            sequence=1,
            time_ns=1,
            key=99,
            public_key=stranger.public_key,
            role=Role.TRADER,
            person="演示外人",
            participant=77,
        )
        world.server.access.learn([enrolled])
        async with raw(world) as client:
            reply = await client.ask(client.login(stranger))
            assert (reply["code"], reply["number"]) == ("PARTICIPANT_UNKNOWN", 104)
    finally:
        await world.server.stop()


async def test_a_key_enrolled_during_the_day_may_log_in_at_once() -> None:
    newcomer = keys.new_key("演示新人", Role.TRADER)
    async with serving() as world:
        world.approve(world.enrolment(newcomer, 1))
        async with raw(world, newcomer) as client:
            assert (await client.ask({"type": "Ping", "id": 1}))["type"] == "Pong"


async def test_only_a_login_may_come_first_and_only_once() -> None:
    async with serving() as world:
        for first in ({"type": "Ping", "id": 1}, place(), {"type": "Ping"}, "x"):
            async with raw(world) as client:
                await client.send(first)
                code, reason = await closing(client)
                assert code in (4001, 4002), reason
        async with raw(world, world.traders[0]) as client:
            again = await client.ask(client.login(world.traders[0]))
            assert (again["type"], again["code"]) == ("Error", "ALREADY_LOGGED_IN")


async def test_silence_instead_of_a_login_is_cut() -> None:
    async with serving(settings(login_s=0.05)) as world, raw(world) as client:
        assert (await closing(client))[0] == 4003


async def test_a_silent_client_is_cut_and_pings_keep_it(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = time.monotonic()
    clock = SimpleNamespace(**vars(time) | {"monotonic": lambda: now_s})
    monkeypatch.setattr("gateway.connection.time", clock)
    async with (
        serving(settings(idle_seconds=1)) as world,
        raw(world, world.traders[0]) as quiet,
        raw(world, world.traders[1]) as lively,
    ):
        now_s += 0.9
        assert (await lively.ask({"type": "Ping", "id": 1}))["type"] == "Pong"
        now_s += 0.1
        assert (await closing(quiet))[0] == 4008
        assert (await lively.ask({"type": "Ping", "id": 2}))["type"] == "Pong"


async def test_a_dripped_message_does_not_keep_a_connection() -> None:
    async with serving(settings(idle_seconds=1)) as world, raw(world, world.traders[0]) as client:

        async def drip() -> Any:
            while True:
                yield " "
                await asyncio.sleep(0.05)

        with pytest.raises(ConnectionClosed) as caught:
            async with asyncio.timeout(60):
                await client.socket.send(drip())
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 4008
