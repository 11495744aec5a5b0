"""The HTTP mirror on real sockets: every route, its bounds, its cost, and that it changes nothing."""

import asyncio
import json
import time
from typing import Any

import msgspec
import pytest
from msgspec import Struct
from websockets.datastructures import Headers
from websockets.http11 import Request

from engine.commands import PickListing, Side, VoidTrade
from engine.events import Repeated, Traded
from gateway import mirror as module
from gateway.mirror import FIELDS_MAX
from gateway.mirror_routes import BULLETINS_MAX, CANDLES_MAX, ROUTES, TRADES_MAX
from tests.gateway.gateway_world import World, serving, settings
from tests.markets import PRODUCT


class Answer(Struct):
    """A HTTP response as it came."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


async def get(world: World, target: str, method: str = "GET", **headers: str) -> Answer:
    reader, writer = await asyncio.open_connection("127.0.0.1", world.server.port)
    lines = [f"{method} {target} HTTP/1.1", f"Host: 127.0.0.1:{world.server.port}"]
    lines += [f"{name.replace('_', '-')}: {text}" for name, text in headers.items()]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    async with asyncio.timeout(60):
        raw = await reader.read()
    writer.close()
    await writer.wait_closed()
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *rest = head.decode().split("\r\n")
    fields = {
        name.lower(): text.strip() for name, _, text in (line.partition(":") for line in rest)
    }
    return Answer(int(first.split()[1]), fields, body)


def trade(world: World, price_fen: int, quantity_t: int = 10) -> int:
    """Make a listed trade and return its number."""
    listed = world.list(1, Side.SELL, price_fen, quantity_t).events[0]
    done = world.pick(2, getattr(listed, "order", 0), quantity_t).events
    return next(event.trade for event in done if hasattr(event, "trade"))


async def test_every_route_answers_and_nothing_changes() -> None:
    async with serving(settings(http_burst=100)) as world:
        trade(world, 4_800)
        before = world.exchange.sequence, world.exchange.state_digest()
        for route in ROUTES:
            target = route.path.replace("{product}", PRODUCT)
            if route.name == "trades":
                target += f"?product={PRODUCT}"
            answer = await get(world, target)
            assert answer.status == 200, (route.name, answer.body)
            assert answer.headers["content-type"] == "application/json"
            assert answer.headers["x-content-type-options"] == "nosniff"
            names = set(answer.json())
            for field in msgspec.structs.fields(route.reply):
                assert field.encode_name.replace("_fen", "_yuan") in names, (route.name, field)
        assert (world.exchange.sequence, world.exchange.state_digest()) == before


async def test_money_is_text_in_yuan_and_no_party_is_told() -> None:
    async with serving() as world:
        number = trade(world, 4_801, 7)
        (row,) = (await get(world, f"/v1/trades?product={PRODUCT}")).json()["trades"]
        assert (row["price_yuan"], row["quantity_t"]) == ("48.01", 7)
        assert row["trade"] == number
        assert not {"buyer", "seller", "participant", "counterparty", "key"} & set(row)
        world.list(1, Side.SELL, 4_850, 30)
        book = (await get(world, f"/v1/book/{PRODUCT}")).json()
        assert book["asks"][0]["price_yuan"] == "48.50"
        assert book["asks"][0]["quantity_t"] == 30


async def test_trades_go_on_after_a_number_without_gap_or_repeat() -> None:
    async with serving() as world:
        numbers = [trade(world, 4_800 + place, 1) for place in range(7)]
        newest = (await get(world, f"/v1/trades?product={PRODUCT}&limit=2")).json()
        assert [row["trade"] for row in newest["trades"]] == numbers[-2:]
        seen: list[int] = []
        after, has_more = 0, True
        while has_more:
            page = (await get(world, f"/v1/trades?product={PRODUCT}&after={after}&limit=3")).json()
            seen += [row["trade"] for row in page["trades"]]
            after, has_more = seen[-1], page["has_more"]
        assert seen == numbers


async def test_a_voided_trade_is_marked_and_leaves_the_candles() -> None:
    async with serving() as world:
        trade(world, 4_800, 5)
        wrong = trade(world, 5_200, 5)
        trade(world, 4_810, 5)
        target = f"/v1/candles/{PRODUCT}?interval=1m"
        (candle,) = (await get(world, target)).json()["candles"]
        assert (candle["high_yuan"], candle["trades"]) == ("52.00", 3)
        world.go_to("11:40")
        world.approve(VoidTrade(trade=wrong, explanation="演示"))
        rows = (await get(world, f"/v1/trades?product={PRODUCT}&limit=10")).json()["trades"]
        assert [row["is_voided"] for row in rows] == [False, True, False]
        (candle,) = (await get(world, f"{target}&limit=9")).json()["candles"]
        assert (candle["open_yuan"], candle["high_yuan"], candle["close_yuan"]) == (
            "48.00",
            "48.10",
            "48.10",
        )
        assert (candle["quantity_t"], candle["trades"]) == (10, 2)


async def test_a_repeated_answer_is_no_second_trade() -> None:
    async with serving() as world:
        listed = world.list(1, Side.SELL, 4_800, 10).events[0]
        pick = PickListing(listing=getattr(listed, "order", 0), quantity_t=10, client_order=9_999)
        done = [world.send(world.trader_key(2), pick).events for _ in range(2)]
        assert [type(events[0]) for events in done] == [Traded, Repeated]
        rows = (await get(world, f"/v1/trades?product={PRODUCT}")).json()["trades"]
        assert len(rows) == 1


async def test_candles_of_every_interval_hold_the_same_trades() -> None:
    async with serving(settings(http_burst=100)) as world:
        for clock in ("09:31", "09:36", "09:50", "10:40"):
            world.go_to(clock)
            trade(world, 4_800, 2)
        counts = {}
        for interval in ("1m", "5m", "15m", "1h", "1d"):
            found = await get(world, f"/v1/candles/{PRODUCT}?interval={interval}")
            candles = found.json()["candles"]
            assert sum(candle["quantity_t"] for candle in candles) == 8, interval
            assert sum(candle["trades"] for candle in candles) == 4
            counts[interval] = len(candles)
        assert counts == {"1m": 4, "5m": 4, "15m": 3, "1h": 2, "1d": 1}


@pytest.mark.parametrize(
    ("target", "place"),
    [
        ("/v1/markets?x=1", "x"),
        (f"/v1/book/{PRODUCT}?levels=3", "levels"),
        ("/v1/book/cea", "product"),
        ("/v1/book/%2e%2e%2fetc", "product"),
        ("/v1/trades", "product"),
        (f"/v1/trades?product={PRODUCT}&product={PRODUCT}", "product"),
        (f"/v1/trades?product={PRODUCT}&limit=0", "limit"),
        (f"/v1/trades?product={PRODUCT}&limit={TRADES_MAX + 1}", "limit"),
        (f"/v1/trades?product={PRODUCT}&after=1e3", "after"),
        (f"/v1/trades?product={PRODUCT}&after=-1", "after"),
        (f"/v1/trades?product={PRODUCT}&after=%EF%BC%91", "after"),
        (f"/v1/trades?product={PRODUCT}&after=1{'0' * 400}", "after"),
        (f"/v1/trades?product={PRODUCT}&after=9007199254740992", "after"),
        (f"/v1/candles/{PRODUCT}?interval=2m", "interval"),
        (f"/v1/candles/{PRODUCT}?limit={CANDLES_MAX + 1}", "limit"),
        (f"/v1/bulletins?limit={BULLETINS_MAX + 1}", "limit"),
        ("/v1/bulletins?after=2021-7-1", "after"),
        ("/v1/bulletins?after=%00", "after"),
        ("/v1/markets?%FF=1", "query"),
        ("/v1/markets?a&b", "query"),
        ("/v1/markets?" + "&".join(f"a{n}=1" for n in range(FIELDS_MAX + 1)), "query"),
        ("/v1/time?" + "x" * 600, "path"),
    ],
)
async def test_what_is_outside_its_bounds_is_named(target: str, place: str) -> None:
    async with serving(traders=1) as world:
        answer = await get(world, target)
        assert answer.status == 400, answer
        error = answer.json()
        assert (error["code"], error["place"]) == ("PARAMETER_INVALID", place)
        told = error["outcome"], error["retry"], error["retry_after_ms"]
        assert told == ("rejected", "never", 0)


async def test_head_is_answered_as_get_without_a_body() -> None:
    async with serving(traders=1) as world:
        for target, status in (("/v1/markets", 200), ("/readyz", 200), ("/v1/secrets", 404)):
            whole, head = await get(world, target), await get(world, target, "HEAD")
            assert (head.status, head.body) == (whole.status, b"") == (status, b"")
            assert int(head.headers["content-length"]) == len(whole.body) > 0
            assert head.headers.get("etag") == whole.headers.get("etag")
        posted = await get(world, "/v1/markets", "POST")
        assert (posted.status, posted.headers["allow"]) == (405, "GET, HEAD")


async def test_other_refusals_and_their_language() -> None:
    async with serving(traders=1) as world:
        odd = await get(world, f"/v1/candles/{PRODUCT}?interval=2m")
        assert odd.json()["text"].endswith(": interval: must be one of 1m, 5m, 15m, 1h, 1d")
        missing = await get(world, "/v1/book/NOTHING")
        assert (missing.status, missing.json()["code"]) == (404, "PRODUCT_UNKNOWN")
        nowhere = await get(world, "/v1/secrets")
        assert (nowhere.status, nowhere.json()["code"]) == (404, "PATH_UNKNOWN")
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            refused = await get(world, "/v1/time", method)
            assert refused.status == 405, method
            assert refused.headers["allow"] == "GET, HEAD"
        chinese = await get(world, "/v1/book/NOTHING", Accept_Language="zh-CN,zh;q=0.9")
        assert chinese.json()["text"] == "没有该标的物"
        chinese = await get(world, "/v1/trades", Accept_Language="zh")
        assert chinese.json()["text"] == "参数无效:product 缺少该参数"


async def test_an_unchanged_answer_is_not_sent_again() -> None:
    async with serving() as world:
        first = await get(world, f"/v1/book/{PRODUCT}")
        assert first.headers["cache-control"] == "public, max-age=1"
        again = await get(world, f"/v1/book/{PRODUCT}", If_None_Match=first.headers["etag"])
        assert (again.status, again.body) == (304, b"")
        assert (await get(world, "/v1/time")).headers["cache-control"] == "no-store"


async def test_each_address_has_its_bucket_and_large_answers_cost_more() -> None:
    limits = settings(http_per_second=0.01, http_burst=4, proxies=("127.0.0.1",))
    async with serving(limits) as world:
        for _ in range(4):
            assert (await get(world, "/v1/time")).status == 200
        refused = await get(world, "/v1/time")
        assert (refused.status, refused.json()["code"]) == (429, "RATE_LIMITED")
        assert int(refused.headers["retry-after"]) > 1
        error = refused.json()
        assert (error["outcome"], error["retry"]) == ("not_sent", "after")
        assert 1_000 < error["retry_after_ms"] <= 1_000 * int(refused.headers["retry-after"])
        other = await get(world, "/v1/time", X_Forwarded_For="192.0.2.7")
        assert other.status == 200
        large = f"/v1/trades?product={PRODUCT}&limit=1000"
        assert (await get(world, large, X_Forwarded_For="192.0.2.8")).status == 429
        # The watchdog is never locked out.
        assert (await get(world, "/livez")).status == 200
        assert (await get(world, "/readyz")).status == 200


@pytest.mark.usefixtures("no_refill")
async def test_all_addresses_together_have_one_bucket() -> None:
    limits = settings(http_total=1.0, proxies=("127.0.0.1",))
    async with serving(limits, traders=1) as world:
        statuses = [
            (await get(world, "/v1/time", X_Forwarded_For=f"192.0.2.{n}")).status for n in range(6)
        ]
        assert statuses[:2] == [200, 200]
        assert 429 in statuses


async def test_an_answer_is_made_once_for_many() -> None:
    async with serving(settings(http_burst=100, http_total=10**6)) as world:
        made = 0
        answers = world.server.mirror._answers
        original = answers.markets

        def counting() -> Any:
            nonlocal made
            made += 1
            return original()

        answers.markets = counting  # type: ignore[method-assign]
        mirror = world.server.mirror
        request = Request("/v1/markets", Headers())
        now_s = time.monotonic()
        for place in range(50):
            answer = mirror.respond(request, "192.0.2.1", now_s + place * 0.001)
            assert answer.status_code == 200
        assert made == 1
        mirror.respond(request, "192.0.2.1", now_s + 1)
        assert made == 2


async def test_kept_answers_and_addresses_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CACHE_BYTES", 2_000)
    monkeypatch.setattr(module, "ADDRESSES_MAX", 5)
    async with serving(settings(http_total=10**6)) as world:
        mirror = world.server.mirror
        for number in range(50):
            request = Request(f"/v1/trades?product={PRODUCT}&after={number}", Headers())
            mirror.respond(request, f"192.0.2.{number}", time.monotonic())
        assert len(mirror._buckets) == 5
        assert sum(len(kept.body) for kept in mirror._kept.values()) == mirror._kept_bytes <= 2_000
        assert len(mirror._kept) > 1
        mirror.respond(request, "192.0.2.9", time.monotonic() + module.FRESH_S)
        assert len(mirror._kept) == 1, "nothing is kept that is not given again"


async def test_readiness_names_what_is_missing() -> None:
    async with serving(traders=1) as world:
        assert (await get(world, "/readyz")).json()["is_ready"] is True
        world.sequencer.failure = OSError("演示")
        answer = await get(world, "/readyz")
        assert (answer.status, answer.json()["has_journal"]) == (503, False)
        status = (await get(world, "/status")).json()
        assert status["readiness"]["is_ready"] is False
        assert status["role"] == "primary"
