"""The line of the client library: what it passes over, and how it comes back to a gateway that went away."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec.structs import replace
from websockets.asyncio.server import ServerConnection, serve

from engine.commands import NewListing, Side
from gateway import server, wire
from gateway.client import (
    Client,
    ConnectionFailed,
    Disconnected,
    Format,
    Patience,
    Reconnected,
    RequestFailed,
    SubmitFailed,
)
from gateway.client_pending import LATE_S
from gateway.codes import FAULTS, Fault
from gateway.door import Busy
from gateway.limits import Settings
from gateway.link import LIMITED_RETRIES
from gateway.metrics import MetricsServer, MetricsSource
from gateway.protocol import Conversation
from tests.gateway.gateway_world import QUICK, eventually, serving, settings, until
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
    # The pauses between attempts are the client's own; this one is the gateway's, which spreads its clients.
    patience = Patience(first_pause_s=0.001, longest_pause_s=0.01, reconnect_s=10.0)
    async with serving() as world, await world.trader(1, patience=patience) as client:
        port, loop = world.server.port, asyncio.get_running_loop()
        (connection,) = world.server.connections
        began = loop.time()
        await connection.go_away("the exchange is stopping", retry_ms=400)
        await eventually(lambda: not client.is_connected)
        await eventually(lambda: client.is_connected)
        assert loop.time() - began >= 0.4
        assert world.server.port == port


@pytest.mark.parametrize("form", Format)
async def test_the_library_trades_resumes_and_fails_alike_in_both_formats(form: Format) -> None:
    async with serving() as world, await world.trader(1, form=form) as client:
        (connection,) = world.server.connections
        assert connection.socket.form is form
        await client.subscribe("private", f"book:{PRODUCT}")
        first = await client.place_listing(PRODUCT, Side.SELL, 4_850, 10)
        connection.socket.transport.abort()
        await eventually(lambda: not client.is_connected)
        between = world.pick(2, first.order, 4)
        (_, traded) = [
            message
            for message in await until(client, wire.PrivateEvents, between.sequence)
            if isinstance(message, wire.PrivateEvents)
        ]
        assert traded.sequence == between.sequence
        (again,) = world.server.connections
        assert again.socket.form is form
        await eventually(lambda: book_of(client) == [(4_850, 6)])
        assert [(order.order, order.left_t) for order in await client.orders()] == [(1, 6)]
        with pytest.raises(SubmitFailed) as caught:
            await client.place_listing("cea", Side.SELL, 4_850, 10)
        assert (caught.value.code, caught.value.path) == ("MALFORMED", "$.command.product")
        assert client.status is not None


def book_of(client: Client) -> list[tuple[int, int]]:
    book = client.local_book(PRODUCT)
    return [(level.price_fen, level.quantity_t) for level in book.asks] if book else []


async def test_a_gateway_that_agrees_on_no_format_is_spoken_to_in_json(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options = server.socket_options

    def without(limits: Settings) -> dict[str, Any]:
        return options(limits) | {"subprotocols": None, "select_subprotocol": None}

    monkeypatch.setattr(server, "socket_options", without)
    async with serving() as world, await world.trader(1, form=Format.MESSAGEPACK) as client:
        (connection,) = world.server.connections
        assert connection.socket.form is Format.JSON
        assert (await client.market()).sequence == world.exchange.sequence


async def test_a_gateway_of_another_version_is_not_logged_in_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hello = Conversation.hello

    def of_later(self: Conversation, now_ns: int) -> wire.Hello:
        return replace(hello(self, now_ns), version=wire.PROTOCOL_VERSION + 1)

    monkeypatch.setattr(Conversation, "hello", of_later)
    async with serving() as world:
        with pytest.raises(
            ConnectionFailed, match="version 2 of the protocol, this client version 1"
        ):
            await world.trader(1)
        await eventually(lambda: not world.server.connections)
        assert not world.heard.entries  # nothing was signed


async def test_a_full_gateway_and_a_stranger_in_its_place_are_told_apart() -> None:
    limits = settings(connections_per_address=1)
    async with serving(limits) as world, await world.trader(1):
        with pytest.raises(ConnectionFailed, match="HTTP 503; CONNECTIONS_FULL: the limit of 1 "):
            await world.trader(2)
        with pytest.raises(ConnectionFailed, match="CONNECTIONS_FULL: 连接数已达上限 1"):
            await world.trader(2, language="zh")
        strange = f"{world.server.url}/secrets"
        with pytest.raises(ConnectionFailed, match="HTTP 404; PATH_UNKNOWN: no such address"):
            await Client.connect(strange, None)
    async with scraped() as url:
        with pytest.raises(ConnectionFailed, match=r"HTTP 404$"):
            await Client.connect(url, None)


@contextlib.asynccontextmanager
async def scraped() -> AsyncIterator[str]:
    """Yield the address of something that is no gateway."""
    async with serving() as world:
        metrics = MetricsServer(MetricsSource(world.server), 0)
        await metrics.start()
        try:
            yield f"ws://127.0.0.1:{metrics.port}"
        finally:
            await metrics.stop()


@pytest.mark.parametrize(
    ("language", "lost", "closed"),
    [
        ("zh", "连接中断,未收到答复", "与交易系统没有连接:the client was closed"),
        (
            "en",
            "the connection was lost before the answer came",
            "there is no connection to the exchange: the client was closed",
        ),
    ],
)
async def test_what_the_library_finds_itself_is_told_as_the_gateway_tells(
    language: str, lost: str, closed: str
) -> None:
    async with serving() as world, await world.trader(1, language=language) as client:
        world.sequencer.held.clear()
        order = asyncio.create_task(client.place_listing(PRODUCT, Side.SELL, 4_850, 10))
        await eventually(lambda: world.sequencer._inbox)
        await client.close()
        with pytest.raises(SubmitFailed) as caught:
            await order
        world.sequencer.held.set()
        error = caught.value
        assert (error.code, error.number, error.outcome) == ("CONNECTION_LOST", 2060, "unknown")
        # An order has a number of its own: sent again on a new connection it is done once.
        assert (error.retry, error.text) == ("same", lost)
        with pytest.raises(RequestFailed) as failed:
            await client.market()
        with pytest.raises(RequestFailed) as again:
            await client.market()
        assert again.value is not failed.value  # who asks on and on collects no traceback
        assert (failed.value.code, failed.value.number) == ("NOT_CONNECTED", 2061)
        assert (failed.value.outcome, failed.value.text) == ("not_sent", closed)


async def test_a_client_waits_by_itself_however_many_orders_came_too_fast() -> None:
    async with serving(settings(orders_per_second=250, orders_burst=10)) as world:
        async with await world.trader(1) as client:
            orders = [client.place_listing(PRODUCT, Side.BUY, 4_700, 1) for _ in range(100)]
            answers = await asyncio.gather(*orders)
        assert len({answer.order for answer in answers}) == 100


async def test_a_request_waits_so_long_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = 0

    def busy(*_: object) -> None:
        nonlocal tried
        tried += 1
        raise Busy

    async with serving() as world, await world.trader(1) as client:
        monkeypatch.setattr("gateway.link.LATE_S", 60.0)
        monkeypatch.setattr(world.sequencer, "post", busy)
        monkeypatch.setitem(FAULTS, "BUSY", replace(FAULTS["BUSY"], retry_after_ms=1))
        with pytest.raises(SubmitFailed) as caught:
            await client.place_listing(PRODUCT, Side.SELL, 4_850, 10)
        assert (caught.value.code, caught.value.outcome) == ("BUSY", "not_sent")
        assert tried == 1 + LIMITED_RETRIES


@pytest.mark.usefixtures("no_refill")
async def test_an_order_that_would_have_to_wait_too_long_comes_back() -> None:
    slow = settings(orders_per_second=1, orders_burst=1)
    async with serving(slow) as world, await world.trader(1) as client:
        batch = [
            NewListing(
                product=PRODUCT, side=Side.SELL, price_fen=4_850, quantity_t=1, client_order=number
            )
            for number in range(1, 21)
        ]
        assert len((await client.place_listings(batch)).events) == 20
        async with asyncio.timeout(60):
            with pytest.raises(SubmitFailed) as caught:
                await client.place_listing(PRODUCT, Side.SELL, 4_850, 10)
        assert (caught.value.code, caught.value.retry) == ("RATE_LIMITED", "after")
        assert caught.value.retry_after_ms > 1_000 * LATE_S


async def test_a_refused_login_is_tried_again_when_the_gateway_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refused: list[float] = []
    async with serving() as world, await world.trader(1) as client:
        check = world.server.access.check_login

        def limited(*arguments: Any) -> Any:
            if len(refused) < 2:
                refused.append(asyncio.get_running_loop().time())
                raise Fault("LOGIN_LIMITED", retry_after_ms=300)
            return check(*arguments)

        monkeypatch.setattr(world.server.access, "check_login", limited)
        (connection,) = world.server.connections
        connection.socket.transport.abort()
        await eventually(lambda: not client.is_connected)
        await eventually(lambda: client.is_connected)
        assert refused[1] - refused[0] >= 0.3


@pytest.mark.parametrize(("code", "is_over"), [("CLOCK_OFF", False), ("KEY_EXPIRED", True)])
async def test_of_refusals_for_good_only_a_clock_may_be_mended(
    code: str, is_over: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving() as world, await world.trader(1) as client:
        check = world.server.access.check_login
        faults = [Fault(code, 9)]

        def refusing(*arguments: Any) -> Any:
            if faults:
                raise faults.pop()
            return check(*arguments)

        monkeypatch.setattr(world.server.access, "check_login", refusing)
        (connection,) = world.server.connections
        connection.socket.transport.abort()
        lost, after = await client.next_message(), await client.next_message()
        assert isinstance(lost, Disconnected)
        assert isinstance(after, Disconnected if is_over else Reconnected)
        assert client.is_connected != is_over


@pytest.mark.parametrize("is_given_up", [False, True])
async def test_a_gateway_that_says_nothing_is_left(is_given_up: bool) -> None:
    came, left = asyncio.Event(), asyncio.Event()

    async def silent(socket: ServerConnection) -> None:
        came.set()
        await socket.wait_closed()
        left.set()

    async with serve(silent, "127.0.0.1", 0) as stranger:
        url = f"ws://127.0.0.1:{stranger.sockets[0].getsockname()[1]}"
        patience = replace(QUICK, dial_s=60.0 if is_given_up else 1.0)
        connecting = asyncio.create_task(Client.connect(url, None, patience=patience))
        await came.wait()
        if is_given_up:
            connecting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await connecting
        else:
            with pytest.raises(ConnectionFailed, match=r"no login at .*: no answer in time"):
                await connecting
        await asyncio.wait_for(left.wait(), 60)


async def test_a_frame_beyond_all_measure_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.dialling.FRAME_BYTES_MAX", 64 * 1024)
    async with serving() as world, await world.trader(1) as client:
        (connection,) = world.server.connections
        connection.socket.push(b'{"type":"Weather","told":"%b"}' % (b"x" * 64 * 1024))
        lost, back = await client.next_message(), await client.next_message()
        assert isinstance(lost, Disconnected)
        assert "1009" in lost.text
        assert isinstance(back, Reconnected)
