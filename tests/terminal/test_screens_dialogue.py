"""The screens of auctions, blocks in talk and control as plain text; written anew like the others."""

from pathlib import Path

import pytest

from engine.commands import CounterBlock, Halt, HaltScope
from terminal.texts import Language
from terminal.widgets.form import FormDialog
from tests.gateway.gateway_world import OPERATOR_ONE, serving
from tests.markets import PRODUCT
from tests.terminal.rig import seat
from tests.terminal.test_forms import announced, offer
from tests.terminal.test_screens import LOOKS, compare


@pytest.mark.parametrize(("language", "size"), LOOKS)
async def test_auctions_and_blocks(
    tmp_path: Path, language: Language, size: tuple[int, int]
) -> None:
    async with serving(clock="09:45") as world:
        announced(world)
        world.go_to("13:00")
        world.endow(1)
        talk = offer(world)
        counter = CounterBlock(
            offer=talk,
            counterparty=1,
            price_fen=4_650,
            quantity_t=120_000,
            text="ok",
            client_order=902,
        )
        world.send(world.trader_key(2), counter)
        async with seat(world, world.traders[0], tmp_path, language=language, size=size) as person:
            await person.press("f7")
            await person.rows("talks")
            await person.sees("46.50")
            compare(person, "blocks", language)
            await person.press("f9")
            await person.rows("auctions")
            await person.until(lambda: person.state.auctions)
            compare(person, "auctions", language)
            await person.press("f8")
            await person.until(lambda: isinstance(person.app.screen, FormDialog))
            compare(person, "apply", language)


@pytest.mark.parametrize(("language", "size"), LOOKS)
async def test_control(tmp_path: Path, language: Language, size: tuple[int, int]) -> None:
    async with serving() as world:
        world.send(OPERATOR_ONE, Halt(scope=HaltScope.PRODUCT, product=PRODUCT, explanation="演示"))
        async with seat(
            world, world.operators[0], tmp_path, language=language, size=size
        ) as person:
            await person.press("f3")
            await person.rows("measures")
            await person.until(lambda: person.state.halts)
            compare(person, "control", language)
            await person.press("enter")
            await person.until(lambda: isinstance(person.app.screen, FormDialog))
            compare(person, "halt", language)
