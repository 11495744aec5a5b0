"""A company's own trading by keys: all orders are taken back, trading is stopped and allowed again."""

from pathlib import Path

import msgspec
import pytest

from engine.commands import CancelAll, CancelOrder, Permission, Role, Side
from terminal.keys import CANCEL, TAKE, keys_of
from terminal.notices import Severity
from terminal.own_trading import ORDERS_TOLD, may_allow, may_cancel_all, may_stop, told_orders
from terminal.palette import commands
from terminal.texts import Language
from terminal.widgets.form import FormDialog
from tests.gateway.gateway_world import World, serving
from tests.gateway.test_login_states import enrolled
from tests.markets import PRODUCT
from tests.terminal.rig import Seat, seat
from tests.terminal.states import order, standing
from tests.terminal.test_forms import LANGUAGES, fill, send
from tests.terminal.test_screens import LOOKS, compare


def list_three(world: World) -> None:
    for price_fen in (4_810, 4_820, 4_830):
        world.list(1, Side.SELL, price_fen, 100)


def is_open(world: World) -> list[bool]:
    return [order.is_open for order in world.exchange.orders(1)]


async def choose(person: Seat, text: str) -> None:
    """Run a command of the palette by a part of its name."""
    await person.press("ctrl+p")
    await person.type(text)
    await person.sees(text)
    await person.pilot.pause(0.3)
    await person.press("enter")
    if not isinstance(person.app.screen, FormDialog):
        await person.press("enter")
    await person.until(lambda: isinstance(person.app.screen, FormDialog), "for the form")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_all_orders_are_taken_back_once_confirmed(tmp_path: Path, language: Language) -> None:
    async with serving() as world:
        list_three(world)
        async with seat(world, world.traders[0], tmp_path, language=language) as person:
            await person.press("f5", "f5")
            await person.until(lambda: isinstance(person.app.screen, FormDialog))
            await person.press("f8")
            assert isinstance(person.app.screen, FormDialog), "what was not checked is not sent"
            await person.press("enter")
            await person.sees("3 笔" if language == "zh" else "orders: 3", "48.10", "48.30")
            assert all(is_open(world)), "a check sends nothing"
            world.list(1, Side.SELL, 4_840, 100)
            await person.sees("4 笔" if language == "zh" else "orders: 4", "48.40")
            await person.press("escape")
            assert all(is_open(world))
            await person.press("f5", "enter")
            await send(person)
            await person.until(lambda: not any(is_open(world)), "for the cancels")
            await person.sees("已撤 4 笔" if language == "zh" else "4 cancelled")
            await person.until(lambda: not person.state.own_open(), "for the orders")
            await person.press("f5")
            await person.sees("没有未成交的委托" if language == "zh" else "no open orders")
            assert not isinstance(person.app.screen, FormDialog)


CHOICES = [
    ("", "1", [True, True, False]),
    (PRODUCT.lower(), "", [False, False, False]),
    (PRODUCT, "sell", [False, False, True]),
]


@pytest.mark.parametrize(("product", "side", "left"), CHOICES)
async def test_only_a_product_or_a_side_is_taken_back(
    tmp_path: Path, product: str, side: str, left: list[bool]
) -> None:
    async with serving() as world:
        for number, (way, price_fen) in enumerate(
            ((Side.SELL, 4_820), (Side.SELL, 4_830), (Side.BUY, 4_700)), 1
        ):
            world.list(1, way, price_fen, 100 * number)
        async with seat(world, world.traders[0], tmp_path, language="en") as person:
            await person.press("f5")
            await fill(person, product, side)
            await person.sees(f"orders: {left.count(False)}")
            await send(person)
            await person.sees(f"{left.count(False)} cancelled")
            assert is_open(world) == left


async def test_a_choice_without_orders_sends_nothing(tmp_path: Path) -> None:
    async with serving() as world:
        list_three(world)
        async with seat(world, world.traders[0], tmp_path, language="en") as person:
            await person.press("f5")
            none = "no open orders of that"
            for values, wrong in (
                (("", "buy"), none),
                (("CEA99", ""), none),
                (("", "both"), "Not what is asked for: Side"),
            ):
                await fill(person, *values)
                await person.sees(wrong)
                await person.press("f8", "shift+tab")
                assert isinstance(person.app.screen, FormDialog)
            await person.press("end", *["backspace"] * 5, "tab", *["backspace"] * 4, "enter")
            await person.sees("orders: 3")
            for order in world.exchange.orders(1):
                command = CancelOrder(order=order.order, client_order=700 + order.order)
                world.send(world.trader_key(1), command)
            await person.sees("no open orders of that")
            await person.press("f8")
            assert isinstance(person.app.screen, FormDialog), "what is gone is not sent"


def test_a_long_list_of_orders_is_cut_and_counted() -> None:
    class Node:
        """A screen as far as a question looks at it."""

        def __init__(self) -> None:
            self.app = self
            self.language = "en"
            self.state = standing()

    for count, tail in ((ORDERS_TOLD, ""), (ORDERS_TOLD + 1, "… and 1 more")):
        node = Node()
        node.state.orders = tuple(order(n, Side.SELL, 4_810, 5) for n in range(1, count + 1))
        lines = told_orders(node, CancelAll(client_order=1)).splitlines()  # type: ignore[arg-type]
        assert lines[0] == f"takes back orders: {count}"
        assert len(lines) == 1 + ORDERS_TOLD + bool(tail)
        assert not tail or lines[-1] == tail


@pytest.mark.parametrize(("language", "size"), LOOKS)
async def test_the_question_is_reviewed(
    tmp_path: Path, language: Language, size: tuple[int, int]
) -> None:
    async with serving() as world:
        list_three(world)
        async with seat(world, world.traders[0], tmp_path, language=language, size=size) as person:
            await person.press("f4")
            await person.rows("all-orders", 3)
            await person.press("f5")
            await fill(person, "", "2" if language == "zh" else "sell")
            await person.sees("48.30")
            compare(person, "cancel-all", language)
            await person.press("escape")
            person.app.action_stop_trading()
            await fill(person, "demo")
            compare(person, "stop", language)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_trading_is_stopped_by_one_and_allowed_by_another(
    tmp_path: Path, language: Language
) -> None:
    async with serving() as world:
        list_three(world)
        risk = enrolled(world, role=Role.RISK, person="演示风控")
        chief = enrolled(world, role=Role.ADMINISTRATOR, person="演示管理员")
        async with (
            seat(world, risk, tmp_path, language=language) as stopper,
            seat(world, chief, tmp_path, language=language) as allower,
        ):
            stop, allow = (
                ("停止本方", "恢复本方") if language == "zh" else ("Stop own", "Allow own")
            )
            await choose(stopper, stop)
            await fill(stopper, "drill")
            assert all(is_open(world)), "a check sends nothing"
            await send(stopper)
            await stopper.until(lambda: not any(is_open(world)), "for the stop")
            assert world.exchange.participants()[0].status == "stopped"
            await allower.sees("drill")
            await choose(stopper, allow)
            await fill(stopper, "again")
            await send(stopper)
            await stopper.until(
                lambda: any(row.severity is Severity.REFUSAL for row in stopper.state.unread),
                "for the refusal of the same person",
            )
            assert world.exchange.participants()[0].status == "stopped"
            await choose(allower, allow)
            await fill(allower, "again")
            await send(allower)
            await allower.until(lambda: world.exchange.participants()[0].status == "active")


async def test_a_key_without_the_permission_is_told_so(tmp_path: Path) -> None:
    async with serving() as world:
        list_three(world)
        narrow = enrolled(world, permissions=(Permission.LISTED,))
        async with seat(world, narrow, tmp_path, language="en") as person:
            await person.press("f5")
            await person.sees("this key may not do that")
            person.app.action_stop_trading()
            person.app.action_allow_trading()
            await person.settle()
            assert not isinstance(person.app.screen, FormDialog)
            assert "Stop own trading" not in str([row.title for row in commands(person.app)])
        assert all(is_open(world))


ALL = tuple(Permission)


@pytest.mark.parametrize(
    ("role", "permissions", "expected"),
    [
        ("trader", ALL, (True, True, False)),
        ("trader", (Permission.CANCEL,), (True, False, False)),
        ("trader", (Permission.LISTED,), (False, False, False)),
        ("risk", (Permission.CANCEL,), (True, True, True)),
        ("administrator", (), (False, True, True)),
        ("operator", (), (False, False, False)),
    ],
)
def test_who_may_do_what(
    role: str, permissions: tuple[Permission, ...], expected: tuple[bool, ...]
) -> None:
    state = standing()
    assert state.welcome is not None
    state.welcome = msgspec.structs.replace(state.welcome, role=role, permissions=permissions)
    assert (may_cancel_all(state), may_stop(state), may_allow(state)) == expected
    offered = {key.id for key in keys_of(state, (CANCEL, TAKE))}
    is_trading, is_cancelling = Permission.LISTED in permissions, Permission.CANCEL in permissions
    assert ("trade.buy" in offered) == ("trade.take" in offered) == is_trading
    assert ("orders.cancel" in offered) == is_cancelling
    assert ("orders.cancel_all" in offered) == is_cancelling
    state.welcome = None
    assert not any((may_cancel_all(state), may_stop(state), may_allow(state)))
