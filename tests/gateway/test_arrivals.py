"""New connections are limited by second and address, before the handshake, and the table is bounded."""

import json

import pytest
import websockets
from websockets.exceptions import InvalidStatus

from gateway import arrivals
from gateway.arrivals import Arrivals
from gateway.client import Client, ConnectionFailed
from gateway.limits import Settings
from tests.gateway.gateway_world import eventually, raw, serving, settings


def test_the_rate_holds_for_each_address() -> None:
    come = Arrivals(Settings(connections_per_second=10.0, connections_per_address=3))
    assert [come.wait_s("192.0.2.1", 0.0) for _ in range(3)] == [0.0] * 3
    assert come.wait_s("192.0.2.1", 0.0) == pytest.approx(0.1)
    assert come.wait_s("192.0.2.2", 0.0) == 0.0
    # Who knocks all the time comes in as often as who waits: what was refused is not counted.
    came = sum(not come.wait_s("192.0.2.1", knock / 1_000) for knock in range(1, 1_011))
    assert came == 10


def test_the_usual_burst_lets_everybody_of_an_address_back_in() -> None:
    usual = Settings()
    come = Arrivals(usual)
    waits = [come.wait_s("192.0.2.1", 0.0) for _ in range(usual.connections_per_address + 1)]
    assert not any(waits[:-1])
    assert waits[-1] == pytest.approx(1 / usual.connections_per_second)
    assert usual.connections_per_second == 10, "gateway-notes 1.4"


def test_no_more_addresses_are_remembered_than_there_is_room_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(arrivals, "ADDRESSES_MAX", 3)
    come = Arrivals(Settings(connections_per_second=1.0, connections_per_address=1))
    for address in "abc":
        assert come.wait_s(address, 0.0) == 0.0
    assert come.wait_s("a", 0.0) > 0, "remembered, and now the last seen"
    assert come.wait_s("d", 0.0) == 0.0
    assert len(come) == 3
    assert come.wait_s("a", 0.0) > 0
    assert come.wait_s("b", 0.0) == 0.0, "the longest absent was forgotten"


async def test_who_comes_too_often_is_refused_before_the_handshake() -> None:
    limits = settings(connections_per_second=0.001, connections_per_address=2)
    async with serving(limits, traders=1) as world:
        for _ in range(2):
            async with raw(world):
                pass
        await eventually(lambda: not world.server.connections)
        with pytest.raises(InvalidStatus) as caught:
            await websockets.connect(world.server.url, proxy=None)
        response = caught.value.response
        assert response.status_code == 503
        assert json.loads(response.body or b"")["code"] == "CONNECTIONS_LIMITED"
        assert int(response.headers["Retry-After"]) > 1
        assert world.server.counts["connections"] == 2
        assert world.server.counts["arrivals_refused"] == 1
        with pytest.raises(ConnectionFailed):
            await Client.connect(world.server.url, world.traders[0], reconnect=False)


async def test_a_full_address_uses_up_nothing() -> None:
    limits = settings(connections_per_second=0.001, connections_per_address=2)
    async with serving(limits, traders=1) as world:
        for _ in range(2):
            async with raw(world) as first:
                assert first.nonce
                world.server._addresses["127.0.0.1"] += 2  # as if others held them
                with pytest.raises(InvalidStatus) as caught:
                    await websockets.connect(world.server.url, proxy=None)
                assert json.loads(caught.value.response.body or b"")["code"] == "CONNECTIONS_FULL"
                world.server._addresses["127.0.0.1"] -= 2
            await eventually(lambda: not world.server.connections)
        assert world.server.counts["connections"] == 2


def test_who_is_cut_for_floods_may_soon_open_no_more() -> None:
    come = Arrivals(Settings(connections_per_second=1.0, connections_per_address=16))
    for _ in range(5):  # each costs its one connection and two more
        assert come.wait_s("192.0.2.1", 0.0) == 0.0
        come.flooded("192.0.2.1", 0.0)
    assert come.wait_s("192.0.2.1", 0.0) == 0.0
    for _ in range(100):
        come.flooded("192.0.2.1", 0.0)
    assert come.wait_s("192.0.2.1", 0.0) == 17.0  # a debt of one burst at most
    assert come.wait_s("192.0.2.1", 17.0) == 0.0
    assert come.wait_s("192.0.2.2", 0.0) == 0.0
