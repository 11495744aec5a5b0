"""Every screen as plain text, in both languages and at the smallest size: what people see is reviewed.

`CEAX_UPDATE_SCREENS=1 pytest tests/terminal/test_screens.py` writes them anew; read the difference.
"""

import os
from pathlib import Path

import pytest
from rich.text import Text
from textual.app import App, ComposeResult
from textual.widgets import Input

from engine.commands import (
    Action,
    FreezeHolding,
    Propose,
    ReferenceBasis,
    ReleaseHolding,
    Restriction,
    RestrictParticipant,
    SetReferencePrice,
    Side,
)
from terminal.app import Terminal
from terminal.crash import write_report
from terminal.texts import Language
from terminal.widgets.number_input import PRICE_PATTERN, NumberInput
from tests.gateway.gateway_world import OPERATOR_ONE, World, serving
from tests.markets import PRODUCT
from tests.terminal.rig import Seat, screen_text, seat

FOLDER = Path(__file__).parent / "screens"
LOOKS: list[tuple[Language, tuple[int, int]]] = [
    ("zh", (80, 24)),
    ("en", (80, 24)),
    ("zh", (120, 36)),
]


def compare(person: Seat, name: str, language: str) -> None:
    """Compare the screen with the one that was reviewed."""
    width, height = person.app.size
    path = FOLDER / f"{name}-{language}-{width}x{height}.txt"
    shown = person.text()
    if os.environ.get("CEAX_UPDATE_SCREENS"):
        path.write_text(shown, encoding="utf-8")
    assert path.exists(), f"no {path.name}; write it with CEAX_UPDATE_SCREENS=1 and read it"
    assert shown == path.read_text(encoding="utf-8"), f"{path.name} looks different:\n{shown}"


def fill(world: World) -> None:
    """Let one trade happen, and a book with an own level stand."""
    world.list(1, Side.SELL, 4_810, 300)
    world.pick(2, 1, 100)
    for participant, price_fen, quantity_t in (
        (1, 4_815, 3_500),
        (2, 4_815, 1_200),
        (3, 4_830, 5_000),
        (1, 4_840, 120),
    ):
        world.list(participant, Side.SELL, price_fen, quantity_t)
    for price_fen, quantity_t in ((4_790, 1_000), (4_780, 200), (4_760, 3_000)):
        world.list(2, Side.BUY, price_fen, quantity_t)


@pytest.mark.parametrize(("language", "size"), LOOKS)
async def test_trader_screens(tmp_path: Path, language: Language, size: tuple[int, int]) -> None:
    async with serving() as world:
        fill(world)
        async with seat(world, world.traders[0], tmp_path, language=language, size=size) as person:
            await person.rows("market-table", 2)
            await person.sees("48.10", "47.90")
            compare(person, "market", language)
            await person.press("enter")
            await person.focus("ladder")
            await person.until(lambda: person.state.tape.get(PRODUCT), "for the tape")
            compare(person, "trade", language)
            await person.press("up", "enter")
            await person.rows("listings", 2)
            compare(person, "level", language)
            await person.press("down", "enter")
            await person.focus("quantity")
            await person.press("enter")
            compare(person, "pick-checked", language)
            await person.press("escape", "f3")
            await person.focus("price")
            await person.type("47.90")
            await person.press("enter")
            await person.type("400000")
            compare(person, "ticket-hints", language)
            await person.press("escape", "f4")
            await person.rows("all-orders", 3)
            compare(person, "orders", language)
            await person.press("delete")
            await person.settle()
            compare(person, "cancel", language)
            await person.press("escape", "f12")
            await person.settle()
            compare(person, "account", language)
            await person.press("f1")
            await person.settle()
            compare(person, "help", language)


@pytest.mark.parametrize(("language", "size"), LOOKS)
async def test_operator_screens(tmp_path: Path, language: Language, size: tuple[int, int]) -> None:
    async with serving() as world:
        fill(world)
        price = SetReferencePrice(
            product="CEA21", price_fen=4_800, basis=ReferenceBasis.COMPOSITE_CLOSE
        )
        world.send(OPERATOR_ONE, Propose(actions=(price,), reason="演示"))
        key = world.operators[1]
        async with seat(world, key, tmp_path, language=language, size=size) as person:
            await person.until(lambda: person.state.participants, "for the participants")
            await person.rows("methods")
            compare(person, "phases", language)
            await person.press("f7")
            await person.rows("references")
            compare(person, "reference", language)
            await person.press("f10")
            await person.focus("csv-file")
            compare(person, "admission", language)
            await person.press("f4")
            await person.rows("proposals")
            compare(person, "approvals", language)
            await person.press("enter")
            await person.focus("dialog-input")
            compare(person, "approve", language)


MEASURES: dict[Action, tuple[str, str]] = {
    RestrictParticipant(participant=2, restriction=Restriction.NO_SELLING): (
        "交易限制 P0002 演示电厂002: 限制卖出",
        "restrict P0002 演示电厂002: no selling",
    ),
    FreezeHolding(participant=3, product=PRODUCT, quantity_t=12_345, document="(2026)演示1号"): (
        f"冻结 P0003 演示电厂003 {PRODUCT} 12,345 吨",
        f"freeze P0003 演示电厂003 {PRODUCT} 12,345 t",
    ),
    ReleaseHolding(participant=3, product=PRODUCT, quantity_t=45, document="(2026)演示2号"): (
        f"解冻 P0003 演示电厂003 {PRODUCT} 45 吨",
        f"release P0003 演示电厂003 {PRODUCT} 45 t",
    ),
}


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_checker_reads_what_each_measure_does(tmp_path: Path, language: Language) -> None:
    async with serving() as world:
        world.send(OPERATOR_ONE, Propose(actions=tuple(MEASURES), reason="演示"))
        key = world.operators[1]
        async with seat(world, key, tmp_path, language=language, size=(120, 30)) as person:
            await person.press("f4")
            await person.rows("proposals")
            await person.press("enter")
            await person.focus("dialog-input")
            await person.sees(*(texts[language == "en"] for texts in MEASURES.values()))


@pytest.mark.parametrize(("language", "size"), LOOKS)
async def test_login_screen(language: Language, size: tuple[int, int]) -> None:
    app = Terminal(language=language)
    async with app.run_test(size=size) as pilot:
        person = Seat(app, pilot)
        await person.focus("server")
        compare(person, "login", language)
        assert "演示/仿真" in person.text() or "SIMULATION" in person.text()


@pytest.mark.parametrize("size", [(79, 24), (80, 23), (40, 10)])
async def test_a_window_too_small_says_so(tmp_path: Path, size: tuple[int, int]) -> None:
    async with serving() as world, seat(world, world.traders[0], tmp_path, size=size) as person:
        assert "80×24" in person.text()
        await person.pilot.resize_terminal(80, 24)
        await person.sees("行情", "CEA19-20")


async def test_screens_hold_at_every_size_language_and_colour(tmp_path: Path) -> None:
    async with serving() as world:
        fill(world)
        async with seat(world, world.traders[0], tmp_path, size=(200, 60)) as person:
            for width, height in ((200, 60), (160, 45), (100, 30), (80, 24)):
                await person.pilot.resize_terminal(width, height)
                for key in ("f6", "f2", "f4", "f12"):
                    await person.press(key, "ctrl+t")
                    person.app.action_colour()
                    await person.settle()
                    assert "\u2718" not in person.text()
                    assert f"{width}" == str(person.app.size.width)


async def test_full_width_digits_mean_what_they_say() -> None:
    class Field(App[None]):
        def compose(self) -> ComposeResult:
            yield NumberInput(id="price", pattern=PRICE_PATTERN)

    app = Field()
    async with app.run_test():
        field = app.query_one(Input)
        for mark in "１２３。５":
            field.insert_text_at_cursor(mark)
        assert field.value == "123.5", "not 1235: ten times the price"
        field.insert_text_at_cursor("x")
        assert field.value == "123.5"


def test_a_crash_report_holds_no_local_variables() -> None:
    secret = "ab" * 32

    def fail(key: str) -> None:
        raise ValueError(f"演示 {len(key)}")

    with pytest.raises(ValueError, match="演示") as caught:
        fail(secret)
    path = write_report(caught.value)
    text = path.read_text(encoding="utf-8")
    path.unlink()
    assert "ValueError: 演示 64" in text
    assert secret not in text
    assert path.name.startswith("ceax-terminal-")


async def test_colours_follow_the_convention_and_signs_do_not(tmp_path: Path) -> None:
    async with serving() as world:
        fill(world)
        async with seat(world, world.traders[0], tmp_path) as person:
            red_up = person.app.theme_variables["up"], person.app.theme_variables["down"]
            person.app.action_colour()
            person.app.action_colour()
            await person.settle()
            green_up = person.app.theme_variables["up"], person.app.theme_variables["down"]
            assert green_up == red_up[::-1]
            assert "+0.10" in screen_text(person.app)
            assert Text("+0.10").plain in person.text()


async def test_leaving_works_from_a_question_too(tmp_path: Path) -> None:
    async with serving() as world:
        fill(world)
        async with seat(world, world.traders[0], tmp_path) as person:
            await person.press("f4")
            await person.rows("all-orders")
            await person.press("delete", "f2")
            await person.sees("撤单确认")
            await person.press("ctrl+q")
            await person.until(lambda: not person.app.is_running, "for the end")
        assert world.exchange.orders(1)[0].is_open
