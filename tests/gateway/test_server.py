"""The gateway's manners on real sockets: what is malformed, not permitted, or not for websockets."""

import asyncio
import json
import re

import pytest
import websockets
from websockets.exceptions import InvalidStatus
from websockets.protocol import State
from websockets.typing import Origin

from engine.commands import EnrolKey, OpenDay, Role, Side
from gateway import wire
from gateway.errors import UserError
from gateway.limits import LIMITS
from gateway.server import Server
from tests.gateway.gateway_world import (
    closing,
    eventually,
    place,
    raw,
    serving,
    settings,
)
from tests.markets import national


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
                reply = await client.ask(place(number, price_yuan="52.81"))
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
            (wire.QueryCodes(id=1), {"operator"}),
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


async def test_plain_http_is_answered_and_nothing_else() -> None:
    async with serving() as world:

        async def http(line: str) -> str:
            reader, writer = await asyncio.open_connection("127.0.0.1", world.server.port)
            writer.write(f"{line} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            async with asyncio.timeout(60):
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
        done, _ = await asyncio.wait({stopping}, timeout=0.1)
        assert not done
        assert client.socket.state is State.OPEN
        world.sequencer.held.set()
        assert (await client.take())["type"] == "Submitted"
        code, reason = await closing(client)
        await stopping
        assert code == 1012
        told = re.fullmatch(r"the exchange is stopping; retry_ms=(\d+)", reason)
        assert told is not None
        assert int(told[1]) < 503  # one client was connected


async def test_an_operator_drives_the_clock() -> None:
    async with serving() as world, await world.connect(world.operators[0]) as operator:
        target = world.clock("13:00")
        assert await operator.advance_clock(target) >= target
        market = await operator.market()
        assert [method.phase.name for method in market.methods] == ["OPEN"] * 3
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
