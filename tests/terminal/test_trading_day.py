"""A trading day at the terminals: by keys alone, against a running gateway and exchange."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from textual.widgets import Input

from engine.commands import (
    Method,
    OpenDay,
    Propose,
    ReferenceBasis,
    SetReferencePrice,
    Side,
)
from engine.events import Phase
from terminal.store import IntentState
from terminal.texts import Language
from terminal.widgets.ticket import Stage, Ticket
from tests.gateway.gateway_world import OPERATOR_ONE, World, serving
from tests.markets import FIRST_DATE, PRODUCT, admission
from tests.terminal.rig import Seat, seat


def ticket(person: Seat) -> Ticket:
    return person.app.get_screen("trade").query_one(Ticket)


async def list_by_keys(person: Seat, key: str, price: str, quantity: str) -> None:
    """Fill a ticket, check it and send it, as a person would."""
    await person.press(key)
    await person.focus("price")
    await person.type(price)
    await person.press("enter")
    await person.type(quantity)
    await person.press("enter")
    await person.until(lambda: ticket(person).stage is Stage.CHECKED, "for the summary")
    await person.press(key)


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_one_lists_another_opens_the_level_and_picks_that_listing(
    tmp_path: Path, language: Language
) -> None:
    async with serving() as world:
        world.list(3, Side.SELL, 4_815, 40)  # another listing on the same level
        async with (
            seat(world, world.traders[0], tmp_path, language=language) as seller,
            seat(world, world.traders[1], tmp_path, language=language) as buyer,
        ):
            await list_by_keys(seller, "f3", "48.15", "300")
            await seller.until(lambda: seller.state.orders, "for the order")
            mine = seller.state.orders[0]  # type: ignore[index]
            assert (mine.side, mine.price_fen, mine.quantity_t) == (Side.SELL, 4_815, 300)

            await buyer.press("enter")  # the product
            await buyer.focus("ladder")
            await buyer.sees("48.15", "340")
            await buyer.press("enter")  # the level
            await buyer.rows("listings", 2)
            await buyer.press("down", "enter")  # not the first of the level
            await buyer.settle()
            chosen = ticket(buyer).draft.listing
            assert chosen is not None
            assert chosen.order == mine.order
            await buyer.press(*["backspace"] * 3)
            await buyer.type("120")  # a part of it
            await buyer.press("enter")
            await buyer.until(lambda: ticket(buyer).stage is Stage.CHECKED, "for the summary")
            await buyer.press("f2")

            for person, word in ((seller, "卖" if language == "zh" else "Sell"), (buyer, "")):
                await person.until(lambda p=person: p.state.trades, "for the trade")  # type: ignore[misc]
                trade = person.state.trades[0]  # type: ignore[index]
                assert (trade.buyer, trade.seller, trade.quantity_t) == (2, 1, 120)
                assert trade.sell_order == mine.order
                await person.until(
                    lambda p=person: p.state.tape.get(PRODUCT),  # type: ignore[misc]
                    "for the tape",
                )
                assert word in person.text()
            await seller.until(lambda: seller.state.orders[0].left_t == 180)  # type: ignore[index]
            await buyer.press("f12")
            await buyer.sees("120")
            held = buyer.state.holding(PRODUCT)
            assert held is not None
            assert held.bought_today_t == 120, "bought today, so not sellable"


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_cancelling_shows_with_del_and_sends_with_enter(
    tmp_path: Path, language: Language
) -> None:
    async with serving() as world:
        world.list(1, Side.BUY, 4_790, 500)
        async with seat(world, world.traders[0], tmp_path, language=language) as person:
            await person.press("f4")
            await person.rows("all-orders")
            await person.press("delete", "delete", "delete")
            await person.sees("47.90")
            assert world.exchange.orders(1)[0].is_open, "Del shows and never sends"
            await person.press("enter", "enter", "enter")
            await person.until(lambda: not person.state.orders[0].is_open)  # type: ignore[index]
            assert len(person.state.intents) == 1
            await person.sees("已撤单" if language == "zh" else "cancelled")


@contextlib.asynccontextmanager
async def before_the_reference() -> AsyncIterator[World]:
    """Yield a world whose first day is open and whose product still waits for its reference price."""
    world = World()
    world.sequencer.now_ns = world.clock("08:30")
    world.send(0, OpenDay(date=FIRST_DATE))
    await world.serve()
    try:
        yield world
    finally:
        await world.server.stop()


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_two_operators_set_a_reference_price(tmp_path: Path, language: Language) -> None:
    async with (
        before_the_reference() as world,
        seat(world, world.operators[0], tmp_path, language=language) as maker,
        seat(world, world.operators[1], tmp_path, language=language) as checker,
    ):
        await maker.press("f7")
        await maker.rows("references")
        await maker.press("enter", "enter", "enter")  # an empty field answers nothing
        await maker.type("48.00")
        await maker.press("enter", "enter", "enter")
        assert not world.exchange.proposals(), "typed once is not proposed"
        await maker.type("48.01")
        await maker.press("enter")
        await maker.sees("两次输入不同" if language == "zh" else "differ")
        await maker.type("48.00")
        await maker.press("enter", "enter", "enter")
        await maker.until(lambda: maker.state.proposals, "for the proposal")
        assert len(world.exchange.proposals()) == 1
        await maker.press("escape", "escape", "f4")
        await maker.rows("proposals")
        await maker.press("enter")
        await maker.sees("本人的提议" if language == "zh" else "your own")

        await checker.press("f4")
        await checker.rows("proposals")
        await checker.press("enter", "enter", "enter")
        assert world.exchange.proposals(), "Enter alone approves nothing"
        await checker.type("48.01")
        await checker.press("enter")
        await checker.sees("与提议不符" if language == "zh" else "Differs")
        await checker.type("48.00")
        await checker.press("enter", "enter")
        await checker.until(lambda: checker.state.proposals == (), "for the approval")
        quote = world.exchange.market().products[0]
        assert (quote.has_reference, quote.reference_fen) == (True, 4_800)
        for person in (maker, checker):
            await person.until(lambda p=person: reference(p) == 4_800)  # type: ignore[misc]


def reference(person: Seat) -> int:
    quote = person.state.quote(PRODUCT)
    return quote.reference_fen if quote is not None and quote.has_reference else 0


async def test_a_checker_rejects_with_a_reason(tmp_path: Path) -> None:
    async with (
        before_the_reference() as world,
        seat(world, world.operators[1], tmp_path) as checker,
    ):
        price = SetReferencePrice(
            product=PRODUCT, price_fen=4_900, basis=ReferenceBasis.ADMINISTRATIVE
        )
        world.send(OPERATOR_ONE, Propose(actions=(price,), reason="演示"))
        await checker.press("f4")
        await checker.rows("proposals")
        await checker.press("delete", "delete", "enter", "enter")
        assert world.exchange.proposals(), "no reason, no rejection"
        await checker.type("no")
        await checker.press("enter")
        await checker.until(lambda: checker.state.proposals == (), "for the rejection")
        await checker.sees("被 演示运营员乙 拒绝: no")


async def test_admission_from_csv_is_previewed_then_proposed(tmp_path: Path) -> None:
    rows = [admission(number) for number in (21, 22)]
    columns = ("name", "credit_code", "province", "sector", "registry_account", "funds_account")
    lines = [",".join((*columns, "compliance_year"))]
    lines += [",".join([*(getattr(row, c) for c in columns), "2021"]) for row in rows]
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text("\n".join(lines), encoding="utf-8")
    bad.write_text("\n".join([lines[0], lines[1].replace(rows[0].credit_code, "123")]), "utf-8")
    async with (
        before_the_reference() as world,
        seat(world, world.operators[0], tmp_path) as maker,
        seat(world, world.operators[1], tmp_path) as checker,
    ):
        await maker.press("f10")
        await maker.settle()
        field = maker.app.screen.query_one("#csv-file", Input)
        field.value = str(bad)
        await maker.press("enter")
        await maker.sees("第 2 行, 统一社会信用代码", "1 处错误", "问题")
        await maker.press("f8")
        await maker.sees("没有可提交的行")
        await maker.press("escape")
        field.value = str(good)
        await maker.press("enter")
        await maker.sees(rows[0].credit_code, "2 行可提交")
        await maker.press("f8", "enter", "enter")
        assert not world.exchange.proposals(), "the number of rows must be typed"
        await maker.type("2")
        await maker.press("enter")
        await maker.until(lambda: maker.state.proposals, "for the proposal")

        await checker.press("f4")
        await checker.rows("proposals")
        await checker.press("enter")
        await checker.type("2")
        await checker.press("enter")
        await checker.until(lambda: len(checker.state.participants or ()) == 5, "for the two")
        assert {row.name for row in world.exchange.participants()} >= {row.name for row in rows}


async def test_a_held_key_lists_exactly_once(tmp_path: Path) -> None:
    async with serving() as world, seat(world, world.traders[0], tmp_path) as person:
        await person.press(*["f2"] * 10)
        await person.settle()
        assert not world.exchange.orders(1)
        await person.type("47.90")
        await person.press("enter")
        await person.type("100")
        await person.press(*["enter"] * 10)
        assert not world.exchange.orders(1), "Enter checks and never sends"
        await person.press(*["f2"] * 10)
        await person.until(lambda: person.state.orders, "for the order")
        await person.until(lambda: ticket(person).stage is Stage.EDIT, "for an empty ticket")
        await person.press(*["f2"] * 5, *["enter"] * 5, *["f2"] * 5)
        assert len(world.exchange.orders(1)) == 1
        assert len(person.state.intents) == 1


async def test_the_key_of_the_other_side_does_not_send(tmp_path: Path) -> None:
    async with serving() as world, seat(world, world.traders[0], tmp_path) as person:
        await person.press("f2")
        await person.focus("price")
        await person.type("47.90")
        await person.press("enter")
        await person.type("100")
        await person.press("enter", "f3", "f3")
        assert not world.exchange.orders(1)
        assert ticket(person).draft.side is Side.SELL
        assert ticket(person).draft.quantity_text == ""


async def test_a_refusal_stays_until_it_is_read(tmp_path: Path) -> None:
    async with serving() as world:
        world.list(2, Side.SELL, 4_815, 300)
        async with seat(world, world.traders[0], tmp_path) as person:
            await person.press("enter")
            await person.focus("ladder")
            await person.sees("48.15")
            await person.press("enter")
            await person.rows("listings")
            await person.press("enter", "enter")
            await person.until(lambda: ticket(person).stage is Stage.CHECKED, "for the summary")
            world.sequencer.held.clear()  # the pick is in flight while another takes the listing
            await person.press("f2")
            world.pick(3, 1, 300)
            world.sequencer.held.set()
            await person.sees("拒绝: 委托 1 已成交或已撤", "Esc 已读")
            assert [i.state for i in person.state.intents.values()] == [IntentState.REFUSED]
            await person.press("f6")
            await person.sees("拒绝: 委托 1 已成交或已撤")
            await person.press("ctrl+t")
            await person.sees("Refused: order 1 is filled or cancelled")
            await person.press("escape")
            await person.settle()
            assert "Refused" not in person.text().split("Market")[0]
            assert not person.state.unread


async def test_the_lunch_break_refuses_orders_and_takes_cancels(tmp_path: Path) -> None:
    async with serving() as world:
        world.list(1, Side.BUY, 4_790, 500)
        async with seat(world, world.traders[0], tmp_path) as person:
            world.go_to("11:30")
            await person.until(lambda: phase(person) is Phase.BREAK, "for the break")
            await person.press("f2")
            await person.focus("price")
            await person.type("47.80")
            await person.press("enter")
            await person.type("10")
            await person.press("enter", "f2")
            await person.sees("午间休市", "13:00:00", "01:30:00")
            assert len(world.exchange.orders(1)) == 1
            await person.press("f4")
            await person.rows("all-orders")
            await person.press("delete", "enter")
            await person.until(lambda: not person.state.orders[0].is_open)  # type: ignore[index]


def phase(person: Seat) -> Phase | None:
    view = person.state.method(Method.LISTED)
    return view.phase if view else None


async def test_a_lost_line_is_told_and_what_was_sent_is_found_again(tmp_path: Path) -> None:
    async with serving() as world, seat(world, world.traders[0], tmp_path) as person:
        await person.press("f2")
        await person.focus("price")
        await person.type("47.90")
        await person.press("enter")
        await person.type("100")
        await person.press("enter")
        port = world.server.port
        world.sequencer.held.clear()
        await person.press("f2")
        await person.until(lambda: person.state.intents, "for the order in flight")
        cut_off(world)
        await person.sees("重连中", "1 笔申报结果待确认")
        await person.press("f2", "enter", "f2")
        assert len(person.state.intents) == 1, "nothing else leaves while the outcome is unknown"
        world.sequencer.held.set()
        await world.serve(port=port)
        await person.until(lambda: not person.state.unknown_outcomes(), "for the outcome")
        await person.sees("● 实时")
        await person.until(lambda: person.state.orders, "for the order")
        assert len(world.exchange.orders(1)) == 1


def cut_off(world: World) -> None:
    """Let the gateway's host die: nobody answers any more, and what is in flight stays in flight."""
    server = world.server._socket_server
    assert server is not None
    server.close(close_connections=False)
    for connection in list(world.server.connections):
        connection.socket.transport.abort()


async def test_operators_have_no_ticket_and_traders_no_control(tmp_path: Path) -> None:
    async with serving() as world:
        async with seat(world, world.operators[0], tmp_path) as operator:
            await operator.press("f6")
            await operator.rows("market-table")
            await operator.press("enter")
            await operator.sees("五档", "运营员只看行情")
            assert "挂牌买入" not in operator.text()
        async with seat(world, world.traders[0], tmp_path) as trader:
            await trader.press("f7", "f10")
            await trader.sees("行情")
            assert "准入" not in trader.text()
