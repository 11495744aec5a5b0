"""Every limit of the gateway, each reached: rates, counts, bytes, connections."""

import asyncio
from collections import Counter
from typing import Any

import pytest
import websockets
from websockets.exceptions import ConnectionClosed, InvalidStatus

from engine.commands import Role
from gateway import keys
from gateway.limits import LIMITS
from tests.gateway.gateway_world import (
    closing,
    eventually,
    place,
    raw,
    serving,
    settings,
)
from tests.markets import PRODUCT


@pytest.mark.usefixtures("no_refill")
async def test_orders_past_the_rate_are_not_sent_and_told_when() -> None:
    async with (
        serving(settings(orders_per_second=1, orders_burst=2)) as world,
        raw(world, world.traders[0]) as client,
    ):
        for number in (1, 2):
            assert (await client.ask(place(number)))["type"] == "Submitted"
        before = world.exchange.sequence
        limited = await client.ask(place(3))
        assert (limited["code"], limited["outcome"]) == ("RATE_LIMITED", "not_sent")
        assert 0 < limited["retry_after_ms"] <= 1_001
        assert world.exchange.sequence == before
        cancel = {"type": "CancelOrder", "order": 1, "client_order": 9}
        reply = await client.ask({"type": "Submit", "id": 9, "command": cancel})
        assert reply["type"] == "Submitted"  # cancels have their own bucket
        # Another connection of the same key shares the bucket.
        async with raw(world, world.traders[0]) as twin:
            assert (await twin.ask(place(4)))["code"] == "RATE_LIMITED"
        async with raw(world, world.traders[1]) as other:
            assert (await other.ask(place(5)))["type"] == "Submitted"


@pytest.mark.usefixtures("no_refill")
async def test_a_batch_costs_as_many_tokens_as_it_has_orders() -> None:
    def batch(number: int, count: int) -> dict[str, Any]:
        rows = [
            {
                "product": PRODUCT,
                "side": 1,
                "price_yuan": "47.00",
                "quantity_t": 1,
                "client_order": 100 * number + row,
            }
            for row in range(count)
        ]
        return {
            "type": "Submit",
            "id": number,
            "command": {"type": "PlaceListings", "orders": rows},
        }

    limits = settings(orders_per_second=1, orders_burst=25, cancels_per_second=1, cancels_burst=5)
    async with serving(limits) as world, raw(world, world.traders[0]) as client:
        assert (await client.ask(batch(1, 20)))["type"] == "Submitted"
        limited = await client.ask(batch(2, 6))
        assert limited["code"] == "RATE_LIMITED"
        assert limited["outcome"] == "not_sent"
        assert (await client.ask(batch(3, 5)))["type"] == "Submitted"
        cancel = {"type": "CancelOrders", "orders": [1, 2, 3, 4], "client_order": 9}
        ask = {"type": "Submit", "id": 9, "command": cancel}
        assert (await client.ask(ask))["type"] == "Submitted"
        again = ask | {"command": cancel | {"orders": [5, 6], "client_order": 10}}
        assert (await client.ask(again))["code"] == "RATE_LIMITED"
    # What costs more than the burst is taken from a full bucket, which then is in debt.
    async with (
        serving(settings(orders_per_second=1, orders_burst=4)) as world,
        raw(world, world.traders[0]) as client,
    ):
        assert (await client.ask(batch(1, 20)))["type"] == "Submitted"
        left = (await client.ask({"type": "Ping", "id": 2}))["left"]
        assert left["orders"] == 0


async def test_malformed_frames_have_an_end() -> None:
    async with (
        serving(settings(malformed_frames=3)) as world,
        raw(world, world.traders[0]) as client,
    ):
        for _ in range(3):
            assert (await client.ask("{"))["code"] == "MALFORMED"
        await client.send("{")
        code, reason = await closing(client)
        assert code == 4002
        assert reason.startswith("MALFORMED")


@pytest.mark.usefixtures("no_refill")
async def test_a_client_that_sends_orders_far_too_fast_is_told_and_then_cut() -> None:
    limits = settings(orders_per_second=1, orders_burst=1, limited_in_a_row=50, bytes_burst=10**7)
    async with serving(limits) as world, raw(world, world.traders[0], max_queue=None) as client:
        before = world.exchange.sequence
        for number in range(1, 53):
            await client.send(place(number))
        counted = Counter([(await client.take()).get("code") for _ in range(51)])
        assert counted == {None: 1, "RATE_LIMITED": 50}
        assert (await closing(client))[0] == 4029
        assert world.exchange.sequence == before + 1
        async with raw(world, world.traders[1]) as other:
            assert (await other.ask(place(1)))["type"] == "Submitted"


@pytest.mark.usefixtures("no_refill")
async def test_queries_have_a_rate_too_and_persistence_is_cut() -> None:
    limits = settings(queries_per_second=1, queries_burst=1, limited_in_a_row=4)
    async with serving(limits) as world, raw(world, world.traders[0]) as client:
        query = {"type": "QueryMarket", "id": 1}
        assert (await client.ask(query))["type"] == "MarketReply"
        for _ in range(4):
            assert (await client.ask(query))["code"] == "RATE_LIMITED"
        await client.send(query)
        assert (await closing(client))[0] == 4029


async def test_requests_in_flight_are_limited() -> None:
    async with (
        serving(settings(requests_in_flight=2)) as world,
        raw(world, world.traders[0]) as client,
    ):
        world.sequencer.held.clear()
        for number in (1, 2):
            await client.send(place(number))
        refused = await client.ask(place(3))
        assert (refused["code"], refused["outcome"]) == ("TOO_MANY_IN_FLIGHT", "not_sent")
        world.sequencer.held.set()
        assert {(await client.take())["id"], (await client.take())["id"]} == {1, 2}


async def test_subscriptions_are_limited_and_unknown_books_refused() -> None:
    async with serving(settings(subscriptions=2)) as world, raw(world, world.traders[0]) as client:
        ask = {"type": "Subscribe", "id": 1}
        assert (await client.ask(ask | {"channel": "trades"}))["type"] == "Subscribed"
        assert (await client.ask(ask | {"channel": "private"}))["type"] == "Subscribed"
        full = await client.ask(ask | {"channel": "market"})
        assert full["code"] == "TOO_MANY_SUBSCRIPTIONS"
        assert (await client.ask(ask | {"channel": "trades"}))["type"] == "Subscribed"
        stop = {"type": "Unsubscribe", "id": 2, "channel": "trades"}
        assert (await client.ask(stop))["is_active"] is False
        assert (await client.ask(stop))["code"] == "NOT_SUBSCRIBED"
        nothing = await client.ask(ask | {"channel": "book:NOTHING"})
        assert nothing["code"] == "PRODUCT_UNKNOWN"


async def test_connections_are_limited_by_key_participant_address_and_in_all() -> None:
    limits = settings(connections_per_key=2, connections_per_participant=3)
    second = keys.new_key("演示同事", Role.TRADER)
    async with serving(limits) as world:
        world.approve(world.enrolment(second, 1))
        async with raw(world, world.traders[0]), raw(world, world.traders[0]):
            async with raw(world) as third:
                refused = await third.ask(third.login(world.traders[0]))
                assert refused["code"] == "CONNECTIONS_FULL"
            async with raw(world, second), raw(world) as fourth:
                refused = await fourth.ask(fourth.login(second))
                assert refused["code"] == "CONNECTIONS_FULL"
        async with raw(world, world.traders[0]):
            pass  # there is room again
    for limit in ({"connections_per_address": 1}, {"connections": 1}):
        async with serving(settings(**limit)) as world, raw(world):
            with pytest.raises(InvalidStatus) as caught:
                await websockets.connect(world.server.url, proxy=None)
            assert caught.value.response.status_code == 503


@pytest.mark.usefixtures("no_refill")
async def test_rates_of_keys_outlive_connections_and_only_so_many_are_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.server.BUCKETS_MAX", 2)
    async with serving(settings(orders_burst=1)) as world:

        async def lists(trader: int, number: int) -> str:
            async with raw(world, world.traders[trader]) as client:
                reply = await client.ask(place(number))
                return str(reply.get("code", reply["type"]))

        assert [await lists(0, 1), await lists(0, 2)] == ["Submitted", "RATE_LIMITED"]
        assert [await lists(1, 1), await lists(2, 1)] == ["Submitted", "Submitted"]
        # The key that was away longest is forgotten, and begins anew.
        assert [await lists(2, 2), await lists(0, 3)] == ["RATE_LIMITED", "Submitted"]


async def test_a_ping_flood_is_cut_before_the_handler_sees_it() -> None:
    limits = settings(bytes_per_second=1_024, bytes_burst=4_096)
    async with serving(limits) as world, raw(world, world.traders[0]) as client:

        async def flood() -> None:
            while True:
                client.socket.protocol.send_ping(b"x" * 100)
                client.socket.send_data()
                await asyncio.sleep(0)

        with pytest.raises((ConnectionClosed, websockets.InvalidState)):
            async with asyncio.timeout(60):
                await flood()
        assert (await closing(client))[0] == 1006
        await eventually(lambda: world.server.counts["BYTES_LIMIT"])


async def test_rates_of_all_roles_are_told_at_login() -> None:
    async with serving() as world, await world.connect(world.operators[0]) as operator:
        assert operator.welcome.limits.frame_bytes == 256 * 1024
        assert operator.welcome.limits == LIMITS["operator"]
