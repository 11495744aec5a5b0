"""The programs of the README, run as they stand there, each in a process of its own."""

import asyncio
import re
import sys
from pathlib import Path

from engine.commands import Side
from tests.gateway.gateway_world import World, eventually, serving
from tests.markets import PRODUCT

README = Path(__file__).parents[2] / "README.md"
WATCH, PICK, ROBOT = range(3)


def programs() -> list[str]:
    """Return the Python programs of the README in order."""
    return re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def program(place: int, world: World, folder: Path) -> Path:
    """Write a program for the market of the test: its address, key, product and price."""
    key = folder / "trader.key"
    if not key.exists():
        world.traders[0].save(key)
    text = programs()[place]
    for there, here in (
        ("ws://127.0.0.1:7000", world.server.url),
        ("trader.key", str(key)),
        ("CEA24", PRODUCT),
        ("7_639", "4_850"),
    ):
        text = text.replace(there, here)
    path = folder / f"program_{place}.py"
    path.write_text(text, encoding="utf-8")
    return path


async def start(path: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        str(path),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.communicate()


def test_there_are_three() -> None:
    assert len(programs()) == ROBOT + 1


async def test_the_first_watches_the_market(tmp_path: Path) -> None:
    async with serving() as world:
        process = await start(program(WATCH, world, tmp_path))
        assert process.stdout is not None
        try:
            first = await process.stdout.readline()
            world.list(2, Side.SELL, 4_850, 100)
            world.pick(1, 1, 40)
            seen = [first]
            while not seen[-1].startswith(b"TradesPrinted"):
                seen.append(await process.stdout.readline())
        finally:
            await end(process)
    kinds = {line.partition(b"(")[0] for line in seen}
    assert kinds >= {b"MarketSnapshot", b"BookSnapshot", b"TradesPrinted"}


async def test_the_second_places_and_picks(tmp_path: Path) -> None:
    async with serving() as world:
        world.list(2, Side.BUY, 4_790, 30)
        process = await start(program(PICK, world, tmp_path))
        told, errors = await process.communicate()
        assert errors.decode() == ""
        account = world.exchange.account(1)
    lines = told.decode().splitlines()
    assert lines[:2] == ["listing 2 rests", "sold 30 t at 47.90 yuan"]
    assert str(account.cash) == lines[2]
    assert account.cash.proceeds_fen == 30 * 4_790


async def test_the_third_stays_best_and_leaves_nothing_behind(tmp_path: Path) -> None:
    def own_prices() -> list[int]:
        return [order.price_fen for order in world.exchange.orders(1) if order.is_open]

    async with serving() as world:
        process = await start(program(ROBOT, world, tmp_path))
        try:
            world.list(2, Side.SELL, 4_850, 100)
            await eventually(lambda: own_prices() == [4_849])
            world.list(3, Side.SELL, 4_840, 100)
            await eventually(lambda: own_prices() == [4_839])
        finally:
            await end(process)
        world.go_to("09:32")
        assert own_prices() == []
