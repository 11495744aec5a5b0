"""Bad orders on a real connection: nothing changes, and the client is told what, where and in its language."""

from typing import Any

import pytest

from engine.commands import NewListing, PublishNotice, Side
from engine.events import NoticePublished
from engine.reasons import Reason
from gateway import wire
from gateway.client import Client, Format, RequestFailed, SubmitFailed
from tests.gateway.gateway_world import place, raw, serving, until
from tests.markets import PRODUCT


def listings(*prices_fen: int, product: str = PRODUCT) -> list[NewListing]:
    return [
        NewListing(
            product=product, side=Side.SELL, price_fen=price, quantity_t=10, client_order=number
        )
        for number, price in enumerate(prices_fen, 1)
    ]


@pytest.mark.parametrize("form", Format)
async def test_of_a_batch_with_one_bad_item_nothing_is_done_and_the_item_is_named(
    form: Format,
) -> None:
    async with serving() as world, await world.trader(1, form=form, language="zh") as client:
        before = world.exchange.sequence
        answer = await client.place_listings(listings(4_850, 4_851, 99_999, 4_852))
        assert answer.refused is not None
        assert (answer.refused.reason, answer.refused.place) == (Reason.PRICE_OUTSIDE_BAND, 2)
        assert len(answer.events) == 1
        assert answer.text == "价格超出涨跌幅 43.20 – 52.80"
        # What no listing can be at all is told by its place in the frame, and never reaches the log.
        with pytest.raises(SubmitFailed) as caught:
            await client.place_listings(listings(4_850, -1))
        assert (caught.value.place, caught.value.path) == (1, "$.command.orders[1].price_yuan")
        assert caught.value.text == (
            "报文格式错误:$.command.orders[1].price_yuan 须在 0.01 至 10000000.00 元之间"
        )
        assert world.exchange.orders(1) == ()
        assert world.exchange.sequence == before + 1  # the refusal by a rule has its number


async def test_of_a_batch_of_cancels_with_a_strange_order_all_stay() -> None:
    async with serving() as world, await world.trader(1) as client:
        for participant in (1, 1, 2):
            world.list(participant, Side.SELL, 4_850, 10)
        answer = await client.cancel_orders([1, 3, 2])
        assert answer.refused is not None
        assert (answer.refused.reason, answer.refused.place) == (Reason.NOT_ORDER_OWNER, 1)
        assert answer.text == "order 3 is not yours"
        assert all(order.is_open for order in world.exchange.orders(1))


async def cancels_anothers(client: Client) -> Any:
    return (await client.cancel_order(1)).refused


async def reduces_anothers(client: Client) -> Any:
    return (await client.reduce_order(1, 5)).refused


async def names_no_product(client: Client) -> Any:
    return (await client.place_listing("CEA99", Side.SELL, 4_850, 1)).refused


BY_A_RULE = {
    cancels_anothers: (Reason.NOT_ORDER_OWNER, 1),
    reduces_anothers: (Reason.NOT_OFFERED, 0),
    names_no_product: (Reason.PRODUCT_UNKNOWN, 0),
}


@pytest.mark.parametrize("ask", BY_A_RULE, ids=lambda ask: ask.__name__)
async def test_an_order_that_concerns_another_or_nothing_is_refused_by_a_rule(ask: Any) -> None:
    async with serving() as world, await world.trader(2) as client:
        world.list(1, Side.SELL, 4_850, 10)
        refused = await ask(client)
        assert (refused.reason, refused.figure_a) == BY_A_RULE[ask]
        assert world.exchange.orders(1)[0].left_t == 10


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.account(1),
        lambda client: client.orders(1),
        lambda client: client.trades(1),
        lambda client: client.statement("2021-07-16", 1),
        lambda client: client.keys(),
        lambda client: client.proposals(),
    ],
    ids=["account", "orders", "trades", "statement", "keys", "proposals"],
)
async def test_what_is_anothers_cannot_be_asked_for(ask: Any) -> None:
    async with serving() as world, await world.trader(2) as client:
        world.list(1, Side.SELL, 4_850, 10)
        with pytest.raises(RequestFailed) as caught:
            await ask(client)
        assert (caught.value.code, caught.value.outcome) == ("ROLE_NOT_PERMITTED", "rejected")


async def test_an_order_cannot_name_the_account_that_it_is_for() -> None:
    async with serving() as world, raw(world, world.traders[1]) as client:
        before = world.exchange.sequence
        refused = await client.ask(place(1, participant=1))
        assert (refused["code"], refused["path"]) == ("MALFORMED", "$.command.participant")
        assert refused["text"].endswith("$.command: there is no field participant")
        assert world.exchange.sequence == before


async def test_a_notice_reaches_everybody_as_it_is_published() -> None:
    async with serving() as world, await world.connect(None) as observer:
        await observer.subscribe("market")
        told = world.approve(PublishNotice(text_zh="演示公告", text_en="demo notice"))
        frames = await until(observer, wire.MarketChanged, told.sequence)
        events = [
            event
            for frame in frames
            if isinstance(frame, wire.MarketChanged)
            for event in frame.events
        ]
        (notice,) = [event for event in events if isinstance(event, NoticePublished)]
        assert (notice.text_zh, notice.text_en) == ("演示公告", "demo notice")
        assert await observer.notices() == (notice,)


async def test_a_question_that_the_gateway_fails_at_costs_nobody_the_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving() as world:
        client = await world.trader(reconnect=False)

        def breaks(*_: object) -> None:
            raise ZeroDivisionError("planted")

        with monkeypatch.context() as patch:
            patch.setattr(world.server.desk, "answer", breaks)
            with pytest.raises(RequestFailed) as refused:
                await client.account()
        assert refused.value.code == "INTERNAL"
        assert "planted" in caplog.text
        assert (await client.account()).participant == 1, "on the same line"
        await client.close()
