"""The line of the client library: what it passes over, and how it comes back to a gateway that went away."""

import asyncio

from engine.commands import Side
from gateway.client import Patience
from tests.gateway.gateway_world import eventually, serving
from tests.markets import PRODUCT


async def test_a_frame_of_a_later_protocol_is_passed_over() -> None:
    async with serving() as world, await world.trader(1) as client:
        (connection,) = world.server.connections
        connection.socket.push(b'{"type":"Weather","celsius":21}')
        answer = await client.place_listing(PRODUCT, Side.SELL, 4_850, 10)
        assert answer.order == 1
        assert not answer.resent
        assert client.is_connected


async def test_a_gateway_that_goes_away_is_given_the_time_that_it_asks_for() -> None:
    patience = Patience(first_pause_s=0.001, longest_pause_s=5.0, reconnect_s=10.0)
    async with serving() as world, await world.trader(1, patience=patience) as client:
        port, loop = world.server.port, asyncio.get_running_loop()
        (connection,) = world.server.connections
        began = loop.time()
        await connection.go_away("the exchange is stopping", retry_ms=400)
        await eventually(lambda: not client.is_connected)
        await eventually(lambda: client.is_connected)
        assert loop.time() - began >= 0.4
        assert world.server.port == port
