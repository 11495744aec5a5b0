"""Readers that are slow: conflated or cut, never a burden for others; what is cut resumes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from websockets.exceptions import ConnectionClosed, InvalidState

from engine.commands import Side
from gateway import wire
from tests.gateway.gateway_world import (
    eventually,
    place,
    raw,
    serving,
    settings,
    stop_reading,
    until,
)
from tests.markets import PRODUCT


async def test_a_slow_public_reader_skips_to_the_newest_book_and_slows_nobody() -> None:
    async with (
        serving(settings(unsent_bytes=10**9)) as world,
        raw(world, max_queue=1, write_limit=1) as slow,
    ):
        await slow.ask({"type": "Observe"})
        await slow.ask({"type": "Subscribe", "id": 1, "channel": f"book:{PRODUCT}"})
        connection = next(iter(world.server.connections))
        stop_reading(slow, connection)
        changes = 0
        while connection.socket.unsent <= 64 * 1024:
            world.list(1, Side.SELL, 4_850 + changes % 300, 1)
            changes += 1
            if changes % 50 == 0:
                await asyncio.sleep(0)
        high = connection.socket.unsent
        for number in range(300):
            last = world.list(2, Side.BUY, 4_400 + number, 1)
        await asyncio.sleep(0)
        assert connection.socket.unsent <= high + 4_096  # nothing is queued for it meanwhile
        slow.socket.transport.resume_reading()
        seen: list[int] = []
        while not seen or seen[-1] < last.sequence:
            seen.append((await slow.take())["sequence"])
        assert seen == sorted(seen)
        assert len(seen) < changes + 300


async def test_a_slow_private_reader_is_cut_and_resumes_without_gap() -> None:
    limits = settings(lag_frames=50, unsent_bytes=10**9)
    async with serving(limits) as world, raw(world, world.traders[0], max_queue=1) as slow:
        after = world.exchange.sequence
        await slow.ask({"type": "Subscribe", "id": 1, "channel": "private"})
        connection = next(iter(world.server.connections))
        stop_reading(slow, connection)
        wanted = []
        while connection.socket.is_open:
            wanted.append(world.list(1, Side.SELL, 4_850, 1).sequence)
            assert len(wanted) < 90_000
            if len(wanted) % 100 == 0:
                await asyncio.sleep(0)
        assert connection.socket.cut_reason == "SLOW_READER"
        async with await world.trader(1) as client:
            await client.subscribe("private", after=after)
            frames = await until(client, wire.PrivateEvents, wanted[-1])
            assert [frame.sequence for frame in frames] == wanted


async def test_a_reader_that_takes_nothing_for_too_long_is_cut() -> None:
    limits = settings(drain_s=0.02, beat_s=0.02, unsent_bytes=10**9)
    async with serving(limits) as world, raw(world, max_queue=1) as slow:
        await slow.ask({"type": "Observe"})
        await slow.ask({"type": "Subscribe", "id": 1, "channel": f"book:{PRODUCT}"})
        connection = next(iter(world.server.connections))
        stop_reading(slow, connection)
        number = 0
        while connection.socket.is_open and number < 90_000:
            world.list(1, Side.SELL, 4_850 + number % 300, 1)
            number += 1
            if number % 50 == 0:
                await asyncio.sleep(0)
        await eventually(lambda: not connection.socket.is_open)
        assert connection.socket.cut_reason == "SLOW_READER"


async def test_unsent_bytes_have_a_limit_whoever_reads() -> None:
    async with serving(settings(unsent_bytes=16_384)) as world, raw(world, max_queue=1) as slow:
        await slow.ask({"type": "Observe"})
        connection = next(iter(world.server.connections))
        stop_reading(slow, connection)
        beat = wire.encode(wire.Beat(sequence=1, time_ns=2)) + b" " * 1_000
        sent = 0
        while connection.socket.push(beat):
            sent += 1
            assert sent < 1_000_000
        assert connection.socket.cut_reason == "SLOW_READER"
        assert connection.socket.unsent <= 16_384 + 2_000


async def test_a_long_replay_is_no_slowness_and_a_small_inbox_loses_nothing() -> None:
    limits = settings(lag_frames=50, queries_per_second=10_000, queries_burst=10_000)
    async with serving(limits) as world:
        after = world.exchange.sequence
        wanted = [world.list(1, Side.SELL, 4_850, 1).sequence for _ in range(3_000)]
        for room in (4_096, 64):
            async with await world.trader(1) as client:
                client._link.inbox._messages_max = room
                await client.subscribe("private", after=after)
                found = await until(client, wire.PrivateEvents, wanted[-1])
                # Nothing but the frames: the connection was never cut.
                assert [message.sequence for message in found] == wanted
        assert not world.server.counts["SLOW_READER"]


async def test_bad_neighbours_slow_nobody() -> None:
    """One stops reading, one drips a message, one floods orders, one floods pings; the others see it all."""
    limits = settings(
        bytes_burst=64 * 1024, orders_per_second=1, orders_burst=100, limited_in_a_row=10**6
    )
    async with (
        serving(limits) as world,
        raw(world, world.traders[0], max_queue=1) as silent,
        raw(world, world.traders[1], max_queue=None) as flooding,
        raw(world, max_queue=None) as pinging,
        raw(world) as dripping,
        raw(world, world.traders[2]) as good,
        await world.connect(None) as reader,
    ):
        for client in (pinging, dripping):
            await client.ask({"type": "Observe"})
        for number, channel in enumerate(("private", "trades", f"book:{PRODUCT}")):
            await silent.ask({"type": "Subscribe", "id": number + 1, "channel": channel})
        number_one = world.trader_key(1)
        connection = next(c for c in world.server.connections if c.identity.key == number_one)
        stop_reading(silent, connection)
        await reader.subscribe("trades")
        stop = asyncio.Event()

        async def misbehave(send: Callable[[int], Awaitable[object]]) -> None:
            number = 0
            with contextlib.suppress(ConnectionClosed, InvalidState):
                while not stop.is_set():
                    number += 1
                    await send(number)
                    await asyncio.sleep(0)

        async def drip() -> AsyncIterator[str]:
            yield '{"type":'
            while not stop.is_set():
                await asyncio.sleep(0.001)
                yield " "

        tasks = [
            asyncio.create_task(misbehave(lambda n: flooding.send(place(n)))),
            asyncio.create_task(misbehave(lambda _: pinging.socket.ping())),
            asyncio.create_task(misbehave(lambda _: dripping.socket.send(drip()))),
        ]
        sequences = []
        for number in range(1, 41):
            listed = world.list(1, Side.SELL, 4_850, 1)
            order = getattr(listed.events[0], "order", 0)
            pick = {"type": "PickListing", "listing": order, "quantity_t": 1}
            reply = await good.ask(
                {"type": "Submit", "id": number, "command": {**pick, "client_order": number}}
            )
            assert [event["type"] for event in reply["events"]] == ["Traded"]
            sequences.append(reply["sequence"])
        frames = await until(reader, wire.TradesPrinted, sequences[-1])
        assert [frame.sequence for frame in frames] == sequences
        assert connection.socket.unsent <= 256 * 1024
        await eventually(lambda: world.server.counts["BYTES_LIMIT"])  # floods come to an end
        stop.set()
        await asyncio.gather(*tasks)


async def test_a_held_client_that_is_owed_little_is_read_again() -> None:
    """The library tells of room below its own low mark alone, and a client may stop above it."""
    async with serving(settings(beat_s=0.01), traders=1) as world, raw(world) as client:
        await client.ask({"type": "Observe"})
        (connection,) = world.server.connections
        connection.socket.paused = True
        connection.socket.hold()
        assert (await client.ask({"type": "Ping", "id": 1}))["type"] == "Pong"
        connection.socket.paused = False
