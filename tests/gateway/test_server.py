"""The gateway's manners on real sockets: who comes in, what is refused, who is cut, and that nothing changes."""

import asyncio
import contextlib
import json
import time
from typing import Any

import pytest
import websockets
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

from engine.commands import EnrolKey, OpenDay, Role, Side
from gateway import keys, wire
from gateway.errors import UserError
from gateway.limits import LIMITS
from gateway.server import Server
from tests.gateway.gateway_world import Raw, World, eventually, raw, serving, settings
from tests.markets import PRODUCT, national


def place(number: int = 1, **changes: Any) -> dict[str, Any]:
    command = {
        "type": "PlaceListing",
        "product": PRODUCT,
        "side": 1,
        "price_fen": 4_800,
        "quantity_t": 10,
        "client_order": number,
    }
    return {"type": "Submit", "id": number, "command": command | changes}


async def closing(client: Raw) -> tuple[int, str]:
    """Return code and reason of the close that must come."""
    async with asyncio.timeout(10):
        with contextlib.suppress(ConnectionClosed):
            async for _ in client.socket:
                pass
        await client.socket.wait_closed()
    return client.socket.close_code or 0, client.socket.close_reason or ""


# ---------------------------------------------------------------- login


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
        for drift_s in (-6, 6):
            late = await refusal(good, time_ns=time.time_ns() + drift_s * 10**9)
            assert late["code"] == "CLOCK_OFF"
        inside = time.time_ns() - 4 * 10**9
        async with raw(world) as client:
            assert (await client.ask(client.login(good, time_ns=inside)))["type"] == "Welcome"
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
        world.server.access._keys[stranger.public_key] = world.exchange.keys()[-1].__class__(
            sequence=1,
            time_ns=1,
            key=99,
            public_key=stranger.public_key,
            role=Role.TRADER,
            person="演示外人",
            participant=77,
        )
        async with raw(world) as client:
            reply = await client.ask(client.login(stranger))
            assert (reply["code"], reply["number"]) == ("PARTICIPANT_UNKNOWN", 104)
    finally:
        await world.server.stop()


async def test_a_key_enrolled_during_the_day_may_log_in_at_once() -> None:
    newcomer = keys.new_key("演示新人", Role.TRADER)
    async with serving() as world:
        world.approve(world.enrolment(newcomer, 1))
        async with raw(world, newcomer):
            pass


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


async def test_a_silent_client_is_cut_and_pings_keep_it() -> None:
    async with (
        serving(settings(idle_seconds=1)) as world,
        raw(world, world.traders[0]) as quiet,
        raw(world, world.traders[1]) as lively,
    ):
        closed = asyncio.create_task(closing(quiet))
        while not closed.done():
            assert (await lively.ask({"type": "Ping", "id": 1}))["type"] == "Pong"
            await asyncio.sleep(0.1)
        assert (await closed)[0] == 4008


async def test_a_dripped_message_does_not_keep_a_connection() -> None:
    async with serving(settings(idle_seconds=1)) as world, raw(world, world.traders[0]) as client:

        async def drip() -> Any:
            while True:
                yield " "
                await asyncio.sleep(0.05)

        with pytest.raises(ConnectionClosed) as caught:
            async with asyncio.timeout(10):
                await client.socket.send(drip())
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 4008


# ---------------------------------------------------------------- frames


async def test_malformed_frames_get_their_path_and_change_nothing() -> None:
    async with serving() as world, raw(world, world.traders[0]) as client:
        before = world.exchange.sequence
        unknown = await client.ask(place(5, owner=2))
        assert unknown["code"] == "MALFORMED"
        assert unknown["path"] == "$.command.owner"
        assert (unknown["id"], unknown["outcome"]) == (5, "rejected")
        wrong = await client.ask(place(6, quantity_t="10"))
        assert wrong["path"] == "$.command.quantity_t"
        broken = await client.ask("{")
        assert (broken["id"], broken["path"]) == (0, "$")
        assert world.exchange.sequence == before
        assert (await client.ask(place(7)))["type"] == "Submitted"


async def test_a_client_that_sends_nothing_but_rubbish_is_closed() -> None:
    async with (
        serving(settings(malformed_frames=3)) as world,
        raw(world, world.traders[0]) as client,
    ):
        for _ in range(3):
            assert (await client.ask("{"))["code"] == "MALFORMED"
        await client.send("{")
        assert (await closing(client))[0] == 4002


async def test_frames_past_the_limit() -> None:
    async with serving() as world:
        limit = LIMITS["trader"].frame_bytes
        async with raw(world, world.traders[0]) as client:
            fitting = '{"type":"Ping","id":1}'
            assert (await client.ask(fitting.ljust(limit)))["type"] == "Pong"
            large = await client.ask(fitting.ljust(limit + 1))
            assert (large["code"], large["path"]) == ("FRAME_TOO_LARGE", "$")
            wide = await client.ask('{"type":"Ping","id":1,"x":"' + "电" * (limit // 3) + '"}')
            assert wide["code"] == "FRAME_TOO_LARGE"  # bytes count, not characters
        async with raw(world, world.traders[0]) as client:
            await client.send(fitting.ljust(2 * limit + 1))
            assert (await closing(client))[0] == 1009
        async with raw(world) as client:
            await client.send("x" * (2 * limit + 1))
            assert (await closing(client))[0] == 1009


async def test_binary_frames_are_not_json_text() -> None:
    async with serving() as world, raw(world, world.traders[0]) as client:
        await client.socket.send(b'{"type":"Ping","id":1}')
        assert (await closing(client))[0] == 1003


async def test_a_refusal_by_a_rule_tells_its_figures_in_two_languages() -> None:
    async with serving() as world:
        texts = {}
        for language in ("zh", "en"):
            async with raw(world) as client:
                await client.ask(client.login(world.traders[0], language=language))
                number = 10 if language == "zh" else 11
                reply = await client.ask(place(number, price_fen=5_281))
                assert reply["type"] == "Submitted"
                (event,) = reply["events"]
                assert (event["figure_a"], event["figure_b"]) == (4_320, 5_280)
                texts[language] = reply["texts"]
        assert texts["zh"] == ["价格超出涨跌幅 43.20 – 52.80"]
        assert texts["en"] == ["the price is outside the band 43.20 – 52.80"]


async def test_an_order_in_the_break_is_told_phase_and_change_a_cancel_is_taken() -> None:
    async with serving() as world, raw(world) as client:
        await client.ask(client.login(world.traders[0], language="zh"))
        order = (await client.ask(place(1)))["events"][0]["order"]
        world.go_to("11:45")
        reply = await client.ask(place(2))
        assert reply["texts"] == ["当前阶段 午间休市 不接受该申报,下次变更 13:00:00"]
        cancel = {"type": "CancelOrder", "order": order, "client_order": 3}
        reply = await client.ask({"type": "Submit", "id": 3, "command": cancel})
        assert reply["events"][0]["type"] == "Cancelled"


# ---------------------------------------------------------------- roles


async def test_what_a_role_may_not_do_is_refused_before_the_log() -> None:
    async with serving() as world:
        people = {
            "trader": world.traders[0],
            "operator": world.operators[0],
            "clearing": world.clearing,
            "observer": None,
        }
        enrol = EnrolKey(public_key="0" * 64, role=Role.OPERATOR, person="x")
        requests: list[tuple[wire.Request, set[str]]] = [
            (wire.Submit(id=1, command=OpenDay(date="2021-07-19")), set()),
            (wire.Submit(id=1, command=enrol), set()),
            (wire.Subscribe(id=1, channel="drop"), {"operator", "clearing"}),
            (wire.Subscribe(id=1, channel="private"), {"trader", "operator"}),
            (wire.Subscribe(id=1, channel="market"), set(people)),
            (wire.QueryMarket(id=1), set(people)),
            (wire.QueryAccount(id=1, participant=1), {"trader", "operator", "clearing"}),
            (wire.QueryAccount(id=1, participant=2), {"operator", "clearing"}),
            (wire.QueryTrades(id=1), {"trader", "operator", "clearing"}),
            (wire.QueryUnsettled(id=1), {"operator", "clearing"}),
            (wire.QueryKeys(id=1), {"operator"}),
            (wire.QueryProposals(id=1), {"operator"}),
            (wire.AdvanceClock(id=1, to_time_ns=1), {"operator"}),
            (wire.FindOrder(id=1, client_order=1), {"trader"}),
        ]
        for role, key in people.items():
            async with raw(world) as client:
                hello = client.login(key) if key is not None else {"type": "Observe"}
                assert (await client.ask(hello))["role"] == role
                for request, permitted in requests:
                    before = world.exchange.sequence
                    reply = await client.ask(wire.encode(request).decode())
                    while "id" not in reply:  # what is pushed comes in between
                        reply = await client.take()
                    if role in permitted:
                        assert reply["type"] != "Error", (role, request, reply)
                    else:
                        assert reply["code"] == "ROLE_NOT_PERMITTED", (role, request, reply)
                        assert world.exchange.sequence == before


async def test_a_trader_sees_names_of_others_and_no_more() -> None:
    async with (
        serving() as world,
        await world.trader(1) as trader,
        await world.connect(world.operators[0]) as operator,
    ):
        own, other, _ = await trader.participants()
        assert own.credit_code
        assert (other.name, other.credit_code, other.funds_account) == ("演示电厂002", "", "")
        assert all(row.credit_code for row in await operator.participants())


# ---------------------------------------------------------------- limits


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


async def test_a_ping_flood_is_cut_before_the_handler_sees_it() -> None:
    limits = settings(bytes_per_second=1_024, bytes_burst=4_096)
    async with serving(limits) as world, raw(world, world.traders[0]) as client:

        async def flood() -> None:
            while True:
                client.socket.protocol.send_ping(b"x" * 100)
                client.socket.send_data()
                await asyncio.sleep(0)

        with pytest.raises((ConnectionClosed, websockets.InvalidState)):
            async with asyncio.timeout(10):
                await flood()
        assert (await closing(client))[0] == 1006
        await eventually(lambda: world.server.counts["BYTES_LIMIT"])


async def test_rates_of_all_roles_are_told_at_login() -> None:
    async with serving() as world, await world.connect(world.operators[0]) as operator:
        assert operator.welcome.limits.frame_bytes == 256 * 1024
        assert operator.welcome.limits == LIMITS["operator"]


# ---------------------------------------------------------------- around


async def test_plain_http_is_answered_and_nothing_else() -> None:
    async with serving() as world:

        async def http(line: str) -> str:
            reader, writer = await asyncio.open_connection("127.0.0.1", world.server.port)
            writer.write(f"{line} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            async with asyncio.timeout(10):
                answer = await reader.read()
            writer.close()
            await writer.wait_closed()
            return answer.decode().splitlines()[0]

        assert "200" in await http("GET /livez")
        assert "404" in await http("GET /secrets")
        assert "426" in await http("GET /")
        assert "405" in await http("POST /livez")


async def test_foreign_origins_are_refused() -> None:
    async with serving(settings(origins=("https://trade.example",))) as world:
        with pytest.raises(InvalidStatus) as caught:
            await websockets.connect(
                world.server.url, proxy=None, origin=Origin("https://evil.example")
            )
        assert caught.value.response.status_code == 403
        async with websockets.connect(
            world.server.url, proxy=None, origin=Origin("https://trade.example")
        ) as socket:
            assert json.loads(await socket.recv())["type"] == "Hello"


async def test_a_busy_port_is_one_line_that_says_what_to_do() -> None:
    async with serving() as world:
        second = Server(world.sequencer, national(), clock_mode="driven", port=world.server.port)
        with pytest.raises(UserError, match="--port"):
            await second.start()


async def test_stopping_answers_what_is_in_flight_and_says_why() -> None:
    async with serving() as world, raw(world, world.traders[0]) as client:
        world.sequencer.held.clear()
        await client.send(place(1))
        await eventually(lambda: world.sequencer._inbox)
        stopping = asyncio.create_task(world.server.stop())
        await asyncio.sleep(0)
        world.sequencer.held.set()
        assert (await client.take())["type"] == "Submitted"
        code, reason = await closing(client)
        await stopping
        assert (code, reason) == (1012, "the exchange is stopping")


async def test_an_operator_drives_the_clock() -> None:
    async with serving() as world, await world.connect(world.operators[0]) as operator:
        target = world.clock("13:00")
        assert await operator.advance_clock(target) >= target
        market = await operator.market()
        assert [method.phase.name for method in market.methods] == ["OPEN", "OPEN"]
        # Sent again, as after a lost connection, it changes nothing and is no error.
        assert await operator.advance_clock(target) >= target
        world.sequencer._is_driven = False
        with pytest.raises(Exception, match="CLOCK_NOT_DRIVEN"):
            await operator.advance_clock(target + 1)


async def test_a_query_for_what_is_not_there() -> None:
    async with serving() as world, await world.connect(world.operators[0]) as operator:
        for request, code in (
            (operator.book("NOTHING"), "PRODUCT_UNKNOWN"),
            (operator.listings("NOTHING", Side.BUY, 1), "PRODUCT_UNKNOWN"),
            (operator.account(99), "PARTICIPANT_UNKNOWN"),
            (operator.account(), "PARTICIPANT_UNKNOWN"),
            (operator.statement("2021-07-16"), "PARTICIPANT_UNKNOWN"),
            (operator.statement("2021-07-01", 1), "DATE_NOT_KEPT"),
        ):
            with pytest.raises(Exception, match=code):
                await request
