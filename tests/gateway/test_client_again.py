"""What a client asks again on a new connection, and what it must not."""

import asyncio

import pytest
from msgspec.structs import replace

from engine.commands import OpenDay, Role, Side
from gateway import keys, wire
from gateway.client import Client, Gap, RequestFailed, SubmitFailed
from gateway.codes import Fault
from tests.gateway.gateway_world import QUICK, World, eventually, serving, until
from tests.gateway.test_client_line import book_of
from tests.markets import PRODUCT

SLOW = replace(QUICK, first_pause_s=0.1, longest_pause_s=0.1)


async def test_a_command_that_would_go_out_late_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.client_pending.LATE_S", 0.0)
    async with serving() as world, await world.trader(1, patience=SLOW) as client:
        world.sequencer.held.clear()
        sent = asyncio.create_task(client.place_listing(PRODUCT, Side.SELL, 4_850, 10))
        await eventually(lambda: world.sequencer._inbox)
        await lose(world, client)
        unsent = asyncio.create_task(client.place_listing(PRODUCT, Side.SELL, 4_860, 10))
        asked = asyncio.create_task(client.market())
        for order, outcome in ((sent, "unknown"), (unsent, "not_sent")):
            with pytest.raises(SubmitFailed) as caught:
                await order
            assert (caught.value.outcome, caught.value.retry) == (outcome, "same")
        world.sequencer.held.set()
        assert (await asked).date == "2021-07-16"  # a question is never late
        await eventually(lambda: len(world.exchange.orders(1)) == 1)


async def test_a_channel_is_stopped_while_the_line_is_down() -> None:
    async with serving() as world, await world.trader(1, patience=SLOW) as client:
        await client.subscribe("private", "trades")
        await lose(world, client)
        await client.unsubscribe("trades")
        assert client.is_connected
        (connection,) = world.server.connections
        assert connection.reader is not None
        assert connection.reader.channels == {"private"}
        with pytest.raises(RequestFailed, match="NOT_SUBSCRIBED"):
            await client.unsubscribe("trades")


async def test_a_line_knows_the_day_that_opened_while_it_stood() -> None:
    async with serving() as world, await world.trader(1) as client:
        world.go_to("15:00")
        world.sequencer.now_ns = world.clock("08:30", "2021-07-19")
        world.send(0, OpenDay(date="2021-07-19"))
        await eventually(lambda: client.status and client.status.date == "2021-07-19")
        world.sequencer.held.clear()
        sent = asyncio.create_task(client.place_listing(PRODUCT, Side.SELL, 4_850, 10))
        await eventually(lambda: world.sequencer._inbox)
        await lose(world, client)
        world.sequencer.held.set()
        assert (await sent).resent  # and not of unknown fate


async def test_a_request_that_always_costs_the_line_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.client_pending.SENDINGS_MAX", 3)
    async with serving() as world, await world.trader(1) as client:
        asked = 0

        def cut(*_: object) -> wire.Error:
            nonlocal asked
            asked += 1
            for connection in world.server.connections:
                connection.socket.transport.abort()
            return Fault("MALFORMED").frame(0, "en")

        monkeypatch.setattr(world.server.desk, "answer", cut)
        with pytest.raises(RequestFailed) as caught:
            await client.market()
        assert (caught.value.code, caught.value.outcome) == ("CONNECTION_LOST", "unknown")
        assert asked == 3


async def lose(world: World, client: Client) -> None:
    """Cut the only connection."""
    (connection,) = world.server.connections
    connection.socket.transport.abort()
    await eventually(lambda: not client.is_connected)


async def test_what_is_asked_while_the_line_resumes_goes_out_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with serving() as world, await world.connect(world.operators[0]) as maker:
        await maker.subscribe("private")
        renewing, asked, renew = asyncio.Event(), asyncio.Event(), maker._link._renew

        async def slowly(channel: str) -> None:
            renewing.set()
            await asked.wait()
            await renew(channel)

        monkeypatch.setattr(maker._link, "_renew", slowly)
        world.sequencer.held.clear()
        await lose(world, maker)
        await renewing.wait()
        newcomer = world.enrolment(keys.new_key("演示新人", Role.TRADER), 1)
        proposing = asyncio.create_task(maker.propose([newcomer], "演示"))
        await eventually(lambda: world.sequencer._inbox)
        asked.set()
        assert await maker.proposals() == ()  # answered behind all that was sent again
        world.sequencer.held.set()
        assert not (await proposing).resent
        assert len(await maker.proposals()) == 1


async def test_a_book_ahead_of_the_gateway_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.link.PING_S", 0.1)
    async with serving() as world, await world.trader(1) as client:
        await client.subscribe(f"book:{PRODUCT}")
        await until(client, wire.BookSnapshot, 0)
        book = client.local_book(PRODUCT)
        assert book is not None
        book._sequence = ahead = 1_000_000  # of a gateway whose journal was set back
        await lose(world, client)
        (gap,) = [m for m in await until(client, Gap, 0) if isinstance(m, Gap)]
        assert (gap.channel, gap.after) == (f"book:{PRODUCT}", ahead)
        assert gap.sequence == world.exchange.sequence
        listed = world.list(2, Side.SELL, 4_850, 7)
        await eventually(lambda: book_of(client) == [(4_850, 7)])
        assert book.sequence == listed.sequence
