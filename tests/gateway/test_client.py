"""The client library against a real gateway: orders, queries, loss of the line, resume, safe repeats."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from engine.commands import EnrolKey, Role, Side
from engine.events import Cancelled, ListingPlaced
from engine.reasons import Reason
from gateway import keys, wire
from gateway.client import (
    Client,
    ConnectionFailed,
    Disconnected,
    LoginRefused,
    Patience,
    Reconnected,
    RequestFailed,
    SubmitFailed,
)
from gateway.dialling import login_host
from tests.gateway.gateway_world import QUICK, World, eventually, serving, settings
from tests.markets import PRODUCT


@contextlib.asynccontextmanager
async def patiently(seconds: float = 60) -> AsyncIterator[None]:
    async with asyncio.timeout(seconds):
        yield


async def private_until(client: Client, sequence: int) -> list[wire.PrivateEvents]:
    """Return the private frames up to a sequence."""
    found: list[wire.PrivateEvents] = []
    async with patiently():
        async for message in client.messages():
            if isinstance(message, wire.PrivateEvents):
                found.append(message)
                if message.sequence >= sequence:
                    break
    return found


def lose(world: World, key: keys.KeyFile) -> None:
    """Cut the connections of a key, as a network does."""
    for connection in list(world.server.connections):
        if connection.identity.person == key.person:
            connection.socket.transport.abort()


async def until_lost(client: Client) -> None:
    await eventually(lambda: not client.is_connected)


async def test_two_traders_list_and_pick() -> None:
    async with serving() as world, await world.trader(1) as seller, await world.trader(2) as buyer:
        placed = await seller.place_listing(PRODUCT, Side.SELL, 4_850, 1_000)
        assert isinstance(placed.first, ListingPlaced)
        book = await buyer.book(PRODUCT)
        assert [(level.price_fen, level.quantity_t) for level in book.asks] == [(4_850, 1_000)]
        (listing,) = await buyer.listings(PRODUCT, Side.SELL, 4_850)
        picked = await buyer.pick_listing(listing.order, 400)
        assert picked.traded is not None
        assert picked.traded.left_t == 600
        assert (await buyer.trades())[0].quantity_t == 400
        assert (await seller.orders())[0].left_t == 600
        cancelled = await seller.cancel_order(placed.order)
        assert isinstance(cancelled.first, Cancelled)
        account = await seller.account()
        assert account.cash.proceeds_fen == 4_850 * 400


async def test_a_block_is_offered_and_accepted() -> None:
    async with (
        serving(clock="13:00") as world,
        await world.trader(1) as seller,
        await world.trader(2) as buyer,
    ):
        offer = await seller.offer_block(PRODUCT, Side.SELL, 2, 5_000, 100_000)
        assert offer.refused is None
        accepted = await buyer.accept_block(offer.order)
        assert accepted.traded is not None
        assert accepted.traded.quantity_t == 100_000


async def test_a_refusal_is_a_value_with_words() -> None:
    async with serving() as world, await world.trader(1, language="zh") as client:
        answer = await client.place_listing(PRODUCT, Side.BUY, 5_281, 1)
        assert answer.refused is not None
        assert answer.refused.reason is Reason.PRICE_OUTSIDE_BAND
        assert answer.text == client.explain(answer.refused) == "价格超出涨跌幅 43.20 – 52.80"


async def test_operators_propose_and_approve() -> None:
    newcomer = keys.new_key("演示新人", Role.TRADER)
    async with serving() as world:
        maker = await world.connect(world.operators[0])
        checker = await world.connect(world.operators[1])
        await checker.subscribe("private")
        made = await maker.propose([world.enrolment(newcomer, 2)], "新人")
        same = await maker.approve(1 + len(await checker.bulletins()) + 99)
        assert same.refused is not None
        (waiting,) = await checker.proposals()
        assert waiting.person == world.operators[0].person
        own = await maker.approve(waiting.proposal)
        assert own.refused is not None
        assert own.refused.reason is Reason.SAME_PERSON
        done = await checker.approve(waiting.proposal)
        assert done.refused is None
        frames = await private_until(checker, done.sequence)
        kinds = [type(event).__name__ for frame in frames for event in frame.events]
        assert kinds == ["ProposalMade", "Refused", "Refused", "ProposalApproved", "KeyEnrolled"]
        assert frames[0].sequence == made.sequence
        assert await checker.proposals() == ()
        rejected = await maker.propose([world.enrolment(newcomer, 2)], "again")
        assert rejected.first is not None
        await checker.reject(rejected.first.proposal, "演示")  # type: ignore[union-attr]
        assert len(await checker.keys()) == 7
        for client in (maker, checker):
            await client.close()


async def test_a_stranger_is_told_why_and_an_observer_sees_the_market() -> None:
    async with serving() as world:
        with pytest.raises(LoginRefused) as caught:
            await world.connect(keys.new_key("演示路人", Role.TRADER), language="zh")
        assert caught.value.code == "KEY_UNKNOWN"
        assert "只有已准入的重点排放单位可以登录" in caught.value.text
        async with await world.connect(None) as observer:
            assert observer.welcome.role == "observer"
            assert (await observer.market()).date == "2021-07-16"


async def test_nobody_there_is_a_connection_that_failed() -> None:
    for url in ("ws://127.0.0.1:1", "http://x", "ws://127.0.0.1:1/path"):
        with pytest.raises(ConnectionFailed):
            await Client.connect(url, None, patience=QUICK)


def test_the_host_that_is_signed_is_the_one_that_is_dialled() -> None:
    assert login_host("ws://127.0.0.1:7000") == "127.0.0.1:7000"
    assert login_host("ws://trade.example/") == "trade.example"
    assert login_host("wss://trade.example:443") == "trade.example"
    assert login_host("wss://trade.example:8443/v1") == "trade.example:8443"
    assert login_host("ws://[::1]:7000") == "[::1]:7000"


# ---------------------------------------------------------------- resume


async def test_the_private_stream_resumes_without_gap_or_repeat() -> None:
    async with serving() as world, await world.trader(1) as client:
        await client.subscribe("private", "trades", after=0)
        wanted: list[int] = [
            item.sequence
            for item in world.sequencer.applied
            if any(getattr(event, "participant", 0) == 1 for event in item.events)
        ]
        listed = world.list(1, Side.SELL, 4_849, 10)
        best = listed.events[0].order  # type: ignore[union-attr]
        wanted.append(listed.sequence)
        for round_number in range(5):
            wanted += [
                world.list(1, Side.SELL, 4_850 + round_number, 10).sequence for _ in range(3)
            ]
            lose(world, world.traders[0])
            # Sent while nobody listens, and at the moment of coming back.
            wanted += [world.list(1, Side.SELL, 4_860, 10).sequence]
            await until_lost(client)
            wanted += [world.list(1, Side.BUY, 4_700, 10).sequence]
            wanted.append(world.pick(2, best, 1).sequence)
        frames = await private_until(client, wanted[-1])
        assert [frame.sequence for frame in frames] == wanted
        assert client.cursor("private") == wanted[-1]


async def test_a_client_is_told_of_loss_and_return() -> None:
    async with serving() as world, await world.trader(1) as client:
        lose(world, world.traders[0])
        async with patiently():
            lost, back = await client.next_message(), await client.next_message()
        assert isinstance(lost, Disconnected)
        assert not lost.is_final
        assert isinstance(back, Reconnected)
        assert back.attempts == 1
        assert back.sequence == world.exchange.sequence


async def test_books_and_market_come_anew_after_a_reconnect() -> None:
    async with serving() as world, await world.connect(None) as client:
        await client.subscribe("market", f"book:{PRODUCT}", "trades")
        for connection in world.server.connections:
            connection.socket.transport.abort()
        await until_lost(client)
        world.list(1, Side.SELL, 4_900, 7)
        world.pick(2, 1, 3)
        seen: dict[str, object] = {}
        async with patiently():
            while {"BookSnapshot", "TradesPrinted", "MarketSnapshot", "Reconnected"} - set(seen):
                message = await client.next_message()
                if isinstance(message, Reconnected) or "Reconnected" in seen:
                    seen[type(message).__name__] = message
        book = seen["BookSnapshot"]
        assert isinstance(book, wire.BookSnapshot)
        assert [(level.price_fen, level.quantity_t) for level in book.book.asks] == [(4_900, 4)]


async def test_orders_in_flight_at_a_loss_are_sent_again_and_happen_once() -> None:
    async with serving() as world, await world.trader(1) as client:
        before = world.exchange.sequence
        world.sequencer.held.clear()
        orders = [
            asyncio.create_task(client.place_listing(PRODUCT, Side.BUY, 4_700, 10))
            for _ in range(8)
        ]
        await eventually(lambda: len(world.sequencer._inbox) == 8)
        lose(world, world.traders[0])
        await until_lost(client)
        world.sequencer.held.set()
        async with patiently():
            answers = await asyncio.gather(*orders)
        assert all(answer.resent and answer.is_repeat for answer in answers)
        assert len({answer.order for answer in answers}) == 8
        assert len(world.exchange.orders(1)) == 8
        assert world.exchange.sequence == before + 16
        found = await client.find_order(answers[3].first.client_order)  # type: ignore[union-attr]
        assert found is not None
        assert not found.is_repeat
        assert found.first == answers[3].first


async def test_orders_lost_on_the_way_are_sent_again() -> None:
    async with serving() as world, await world.trader(1) as client:
        lose(world, world.traders[0])
        answer = await client.place_listing(PRODUCT, Side.BUY, 4_700, 10, client_order=77)
        assert answer.refused is None
        assert not answer.is_repeat
        assert await client.find_order(78) is None
        # Another key of the participant has numbers of its own.
        colleague = keys.new_key("演示同事", Role.TRADER)
        world.approve(world.enrolment(colleague, 1))
        async with await world.connect(colleague) as other:
            assert await other.find_order(77) is None
        assert [order.client_order for order in world.exchange.orders(1)] == [77]


async def test_an_approval_in_flight_at_a_loss_has_an_unknown_outcome() -> None:
    newcomer = keys.new_key("演示新人", Role.TRADER)
    async with serving() as world, await world.connect(world.operators[0]) as maker:
        world.sequencer.held.clear()
        proposing = asyncio.create_task(maker.propose([world.enrolment(newcomer, 1)], "演示"))
        await eventually(lambda: world.sequencer._inbox)
        lose(world, world.operators[0])
        with pytest.raises(SubmitFailed) as caught:
            async with patiently():
                await proposing
        world.sequencer.held.set()
        assert (caught.value.outcome, caught.value.code) == ("unknown", "CONNECTION_LOST")
        assert len(await maker.proposals()) == 1


async def test_without_a_gateway_requests_fail_and_the_messages_end() -> None:
    world = World()
    world.open()
    await world.serve()
    patience = Patience(dial_s=60, first_pause_s=0.01, longest_pause_s=0.02, reconnect_s=0.2)
    client = await world.trader(1, patience=patience)
    unsure = await world.trader(2, reconnect=False)
    world.sequencer.held.clear()
    sent = asyncio.create_task(unsure.place_listing(PRODUCT, Side.BUY, 4_700, 1))
    await eventually(lambda: world.sequencer._inbox)
    for connection in list(world.server.connections):
        connection.socket.transport.abort()
    with pytest.raises(SubmitFailed) as caught:
        await sent
    assert caught.value.outcome == "unknown"
    world.sequencer.held.set()
    await world.server.stop()
    await until_lost(client)
    with pytest.raises(RequestFailed) as failed:
        await client.market()
    assert failed.value.outcome == "not_sent"
    notices = [message async for message in client.messages()]
    assert isinstance(notices[-1], Disconnected)
    assert notices[-1].is_final
    assert await client.next_message() is None
    for one in (client, unsure):
        await one.close()


async def test_a_restarted_gateway_is_found_again_by_its_clients() -> None:
    world = World()
    world.open()
    await world.serve()
    async with await world.trader(1) as client:
        await client.subscribe("private")
        first = world.list(1, Side.BUY, 4_700, 10)
        await private_until(client, first.sequence)
        await world.server.stop("restart")
        world.sequencer._listeners.clear()
        order = asyncio.create_task(client.place_listing(PRODUCT, Side.BUY, 4_701, 10))
        between = world.list(1, Side.BUY, 4_702, 10)
        await world.serve(port=world.server.port)
        async with patiently():
            answer = await order
        frames = await private_until(client, answer.sequence)
        assert [frame.sequence for frame in frames] == [between.sequence, answer.sequence]
    await world.server.stop()


async def test_a_retry_never_crosses_the_trading_day() -> None:
    async with serving() as world, await world.trader(1) as client:
        lose(world, world.traders[0])
        client._link.welcome = client.welcome
        world.sequencer.held.clear()
        await until_lost(client)
        await eventually(lambda: client.is_connected)
        order = asyncio.create_task(client.place_listing(PRODUCT, Side.BUY, 4_700, 10))
        await eventually(lambda: world.sequencer._inbox)
        # The client believes that it sent the order on the day before.
        (pending,) = client._link._pending.values()
        pending.date = "2021-07-15"
        lose(world, world.traders[0])
        with pytest.raises(SubmitFailed) as caught:
            async with patiently():
                await order
        world.sequencer.held.set()
        assert caught.value.outcome == "unknown"


async def test_errors_of_the_gateway_come_as_errors_with_their_outcome() -> None:
    async with serving() as world, await world.trader(1) as client:
        enrol = EnrolKey(public_key="0" * 64, role=Role.OPERATOR, person="x")
        with pytest.raises(SubmitFailed) as caught:
            await client.submit(enrol)
        assert (caught.value.outcome, caught.value.code) == ("rejected", "ROLE_NOT_PERMITTED")
        with pytest.raises(SubmitFailed) as caught:
            await client.place_listing(PRODUCT, Side.BUY, -1, 1)
        assert (caught.value.code, caught.value.path) == ("MALFORMED", "$.command.price_yuan")
        with pytest.raises(RequestFailed) as failed:
            await client.subscribe("drop")
        assert failed.value.code == "ROLE_NOT_PERMITTED"
        assert client.cursor("drop") is None
        with pytest.raises(SubmitFailed) as caught:
            await client.submit(
                enrol.__class__(public_key="0" * 20_000, role=Role.TRADER, person="x")
            )
        assert (caught.value.code, caught.value.outcome) == ("FRAME_TOO_LARGE", "not_sent")


async def test_long_answers_come_in_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.queries.PAGE_BYTES", 600)
    async with serving(settings(queries_burst=1_000)) as world:
        for number in range(12):
            world.list(1, Side.SELL, 4_850, 10 + number)
            world.pick(2, 2 * number + 1, 3)
        async with await world.trader(1) as client:
            assert await client.orders() == world.exchange.orders(1)
            assert len(await client.trades()) == 12
            assert await client.listings(PRODUCT, Side.SELL, 4_850) == world.exchange.listings(
                PRODUCT, Side.SELL, 4_850
            )
            assert len(await client.participants()) == 3
        async with await world.connect(world.operators[0]) as operator:
            assert await operator.trades() == world.exchange.trades()
            assert await operator.keys() == world.exchange.keys()
            assert len(await operator.unsettled()) == 12
            monkeypatch.setattr("gateway.client_queries.PAGES_MAX", 2)
            with pytest.raises(RequestFailed, match="more than 2 pages") as caught:
                await operator.trades()
            assert caught.value.code == "PROTOCOL"


async def test_a_line_that_falls_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.link.PING_S", 0.1)
    monkeypatch.setattr("gateway.link.SILENCE_S", 0.3)
    async with (
        serving(settings(beat_s=30, idle_seconds=30)) as world,
        await world.trader(1) as client,
    ):
        for connection in world.server.connections:
            connection.socket.transport.pause_reading()  # answers no ping any more
        client._link._socket.transport.write(bytes(20_000_000))  # nor takes one
        async with patiently():
            assert isinstance(await client.next_message(), Disconnected)
            monkeypatch.setattr("gateway.link.SILENCE_S", 60)
            assert isinstance(await client.next_message(), Reconnected)
        assert (await client.market()).sequence == world.exchange.sequence


async def test_time_and_sequence_are_told_every_beat() -> None:
    async with serving(settings(beat_s=0.02)) as world, await world.trader(1) as client:
        last = world.list(2, Side.BUY, 4_700, 1)
        await eventually(lambda: client.sequence >= last.sequence)
        assert client.time_ns == last.time_ns
