"""Attack table (gateway-notes 2.4), time and floods: who is slow, who drips, who floods, who never reads."""

import asyncio
import contextlib
import socket
import time

import pytest

from engine.commands import Side
from gateway import gate, server
from tests.gateway.gateway_world import closing, eventually, raw, serving, settings
from tests.gateway.raw_socket import (
    CLOSE,
    CONTINUATION,
    CUT,
    PING,
    PONG,
    TEXT,
    RawSocket,
    frame,
    observer,
    tcp,
    upgrade,
    websocket,
)
from tests.gateway.test_attacks_frames import check_unharmed
from tests.markets import PRODUCT

NEVER_S = 3_600.0


async def cut(client: RawSocket) -> None:
    """Return when the gateway has closed the socket; TimeoutError after a minute."""
    async with asyncio.timeout(60):
        with contextlib.suppress(ConnectionError):
            while await client.reader.read(65_536):
                pass


async def send_quietly(client: RawSocket, data: bytes) -> bool:
    """Send, and say whether the other side still took it."""
    try:
        await client.send(data)
    except ConnectionError:
        return False
    return True


async def test_slowloris_silence_and_a_byte_at_a_time() -> None:
    async with serving(settings(open_s=0.5), traders=1) as world:
        sequence = world.exchange.sequence
        began_s = time.monotonic()
        async with tcp(world) as silent:
            await cut(silent)
        assert time.monotonic() - began_s >= 0.5
        async with tcp(world) as dripping:
            ended = asyncio.create_task(cut(dripping))
            for byte in upgrade(world):
                if ended.done() or not await send_quietly(dripping, bytes((byte,))):
                    break
                await asyncio.wait({ended}, timeout=0.05)
            else:
                raise AssertionError("a request of a byte at a time was waited for")
            await ended
        await check_unharmed(world, sequence)


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\n" + b"X-A: " + b"a" * 100_000,
        b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: a\r\n" % n for n in range(2_000)),
        b"GET /" + b"a" * 100_000,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500,
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
        b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
        b"\r\n\r\n",
        b"GET / HTTP/1.1\nHost: a\n\n",
        "GET /交易 HTTP/1.1\r\n\r\n".encode(),
    ],
    ids=lambda head: head[:20].hex(),
)
async def test_requests_that_are_no_websockets(head: bytes) -> None:
    async with serving(settings(open_s=0.5), traders=1) as world:
        sequence = world.exchange.sequence
        async with tcp(world) as client:
            await send_quietly(client, head)
            await cut(client)
        await check_unharmed(world, sequence)


async def test_half_a_frame_and_then_silence() -> None:
    async with serving(settings(ping_s=0.2, login_s=NEVER_S), traders=1) as world:
        async with websocket(world) as client:
            await client.send(frame(TEXT, b"x" * 50, length=100))
            # Half a frame cannot be followed by a pong: the ping finds out.
            assert await client.closing() in {1011, CUT}
        await eventually(lambda: not world.server.connections)


async def test_no_login_comes() -> None:
    async with serving(settings(login_s=0.2), traders=1) as world:
        async with websocket(world) as client:
            assert await client.closing() == 4003
        async with websocket(world) as dripping:
            await dripping.send(frame(TEXT, b'{"type"', fin=False))
            assert await dripping.closing() == 4003


async def test_a_message_dripped_in_fragments_while_pings_are_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options = server.socket_options
    # However late a pong of a busy machine comes, it is no reason to cut.
    monkeypatch.setattr(
        server, "socket_options", lambda of: options(of) | {"ping_timeout": NEVER_S}
    )
    async with (
        serving(settings(ping_s=0.1, idle_seconds=2), traders=1) as world,
        observer(world) as client,
    ):
        await client.send(frame(TEXT, b'{"type":', fin=False))
        pongs = 0
        async with asyncio.timeout(60):
            while True:
                opcode, data = await client.take()
                if opcode in {CLOSE, CUT}:
                    break
                if opcode == PING:
                    pongs += 1
                    await send_quietly(client, frame(PONG, data))
                    await send_quietly(client, frame(CONTINUATION, b" ", fin=False))
        assert pongs  # it lived as far as the socket could tell
        assert opcode == CLOSE
        assert int.from_bytes(data[:2], "big") == 4008


@pytest.mark.usefixtures("no_refill")
async def test_a_ping_flood_is_cut_and_slows_nobody() -> None:
    async with (
        serving(settings(bytes_burst=1024 * 1024)) as world,
        raw(world, world.traders[0]) as other,
        observer(world) as client,
    ):
        flood = frame(PING, b"") * 500
        ended = asyncio.create_task(cut(client))
        sent = 0
        while not ended.done() and await send_quietly(client, flood):
            sent += 500
            assert sent < 1_000_000
            await asyncio.sleep(0)
        await ended
        await eventually(lambda: world.server.counts["BYTES_LIMIT"])
        # Each ping costs more than its bytes: half a packet of what the bucket would let in ends it.
        assert world.server.watch.gone.bytes_in < 512 * 1024
        assert (await other.ask({"type": "Ping", "id": 1}))["type"] == "Pong"


async def test_packets_of_one_byte_cost_more_than_their_byte() -> None:
    async with (
        serving(settings(bytes_burst=2_000, bytes_per_second=1), traders=1) as world,
        observer(world) as client,
    ):
        connection = next(iter(world.server.connections))
        packets = 0
        for byte in frame(TEXT, b" " * 1_000):
            taken = connection.socket.bytes_in
            await send_quietly(client, bytes((byte,)))
            await eventually(
                lambda taken=taken: (  # type: ignore[misc]
                    connection.socket.bytes_in > taken or not connection.socket.is_open
                )
            )
            if not connection.socket.is_open:
                break
            packets += 1
        await cut(client)
        await eventually(lambda: world.server.counts["BYTES_LIMIT"])
        assert packets < 2_000 // 16


async def test_a_flood_of_requests_whose_answers_nobody_reads() -> None:
    limits = settings(queries_per_second=10**6, queries_burst=10**6, bytes_burst=10**9, drain_s=0.3)
    async with serving(limits) as world, observer(world) as client:
        connection = next(iter(world.server.connections))
        question = frame(TEXT, b'{"type":"QueryMarket","id":1}') * 50
        high = 0
        async with asyncio.timeout(60):
            while connection.socket.is_open and await send_quietly(client, question):
                high = max(high, connection.socket.unsent)
                await asyncio.sleep(0)
        assert connection.socket.cut_reason == "SLOW_READER"
        assert high < 512 * 1024


async def test_a_reader_that_stops_is_cut_and_others_get_every_book() -> None:
    limits = settings(drain_s=0.3, beat_s=0.05, unsent_bytes=128 * 1024)
    async with serving(limits) as world, raw(world) as other, observer(world, 4_096) as stopped:
        stopped.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await other.ask({"type": "Observe"})
        subscribe = b'{"type":"Subscribe","id":1,"channel":"book:%s"}' % PRODUCT.encode()
        await stopped.send(frame(TEXT, subscribe))
        await other.ask({"type": "Subscribe", "id": 1, "channel": f"book:{PRODUCT}"})
        await eventually(lambda: len(world.server.connections) == 2)
        here = stopped.writer.get_extra_info("sockname")
        slow = next(c for c in world.server.connections if c.socket.remote_address == here)
        # The kernel shall not keep megabytes for it, or the test takes long.
        slow.socket.transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_SNDBUF, 8_192
        )
        taken = asyncio.create_task(_take_until_last(other))
        number = 0
        while slow.socket.is_open:
            last = world.list(1, Side.SELL, 4_850 + number % 300, 1)
            number += 1
            assert slow.socket.unsent < 256 * 1024
            assert number < 60_000
            if number % 20 == 0:
                await asyncio.sleep(0)
        assert slow.socket.cut_reason == "SLOW_READER"
        world.list(2, Side.BUY, 4_321, 77)
        seen = await taken
        assert seen == sorted(seen)
        assert seen[-1] > last.sequence


async def _take_until_last(client: object) -> list[int]:
    """Return the sequences of books up to the one with the last listing."""
    seen: list[int] = []
    while True:
        message = await client.take()  # type: ignore[attr-defined]
        seen.append(message["sequence"])
        if '"43.21"' in str(message).replace("'", '"'):
            return seen


async def test_an_http_reader_that_stops_is_not_waited_for() -> None:
    async with serving(settings(open_s=0.3), traders=2) as world:
        for _ in range(600):
            listed = world.list(1, Side.SELL, 4_800, 1).events[0]
            world.pick(2, getattr(listed, "order", 0), 1)
        sequence = world.exchange.sequence
        server = world.server._socket_server
        assert server is not None
        # What is accepted inherits it: the kernel shall not keep the whole answer.
        server.sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8_192)
        async with tcp(world, 4_096) as client:
            client.writer.transport.pause_reading()  # type: ignore[attr-defined]
            target = f"/v1/trades?product={PRODUCT}&limit=600"
            await client.send(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            await eventually(lambda: world.server.mirror.requests.get(200))
            assert server.handler_tasks  # the answer waits in part
            await eventually(lambda: not server.handler_tasks)
            # Cut, not left to flush for ever: the rest of the answer is gone.
            client.writer.transport.resume_reading()  # type: ignore[attr-defined]
            received = 0
            with contextlib.suppress(ConnectionError):
                async with asyncio.timeout(60):
                    while part := await client.reader.read(65_536):
                        received += len(part)
            assert received < 60_000 < world.server.mirror._kept_bytes
            await check_unharmed(world, sequence)


async def test_more_sockets_than_may_be_are_cut_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "OPENINGS_MAX", 3)
    async with (
        serving(settings(connections=2, open_s=NEVER_S), traders=1) as world,
        contextlib.AsyncExitStack() as stack,
    ):
        clients = [await stack.enter_async_context(tcp(world)) for _ in range(5)]
        server = world.server._socket_server
        assert server is not None
        await eventually(lambda: len(server.handler_tasks) == 5)
        async with tcp(world) as sixth:
            await cut(sixth)
        # Those inside are untouched.
        await clients[0].send(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b" 200 " in await clients[0].reader.readline()


async def test_one_address_cannot_take_all_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "OPENINGS_PER_ADDRESS", 2)
    async with (
        serving(settings(connections_per_address=1, open_s=NEVER_S), traders=1) as world,
        contextlib.AsyncExitStack() as stack,
    ):
        for _ in range(3):
            await stack.enter_async_context(tcp(world))
        server = world.server._socket_server
        assert server is not None
        await eventually(lambda: len(server.handler_tasks) == 3)
        async with tcp(world) as fourth:
            await cut(fourth)
        await stack.aclose()
        await eventually(lambda: not server.handler_tasks)
        async with observer(world):
            pass
    held = gate.Sockets(settings(connections_per_address=1, proxies=("127.0.0.1",)))
    assert all(held.enter("127.0.0.1") for _ in range(100))
    assert [held.enter("192.0.2.7") for _ in range(4)] == [True, True, True, False]
    for _ in range(4):
        held.leave("192.0.2.7")
    assert len(held) == 1


async def test_a_full_house_says_so_with_a_pause() -> None:
    async with (
        serving(settings(connections=1), traders=1) as world,
        observer(world),
        tcp(world) as second,
    ):
        await second.send(upgrade(world))
        answer = await second.reader.read()
        assert b" 503 " in answer.splitlines()[0]
        assert b"retry-after:" in answer.lower()


async def test_a_stop_spreads_the_clients_that_come_back() -> None:
    async with serving(traders=3) as world, contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(raw(world, key)) for key in world.traders]
        closings = [asyncio.create_task(closing(client)) for client in clients]
        await world.server.stop()
        found = [await one for one in closings]
        assert {code for code, _ in found} == {1012}
        pauses_ms = [int(reason.rpartition("retry_ms=")[2]) for _, reason in found]
        assert all(0 <= pause_ms <= 30_000 for pause_ms in pauses_ms)
        assert len(set(pauses_ms)) > 1
