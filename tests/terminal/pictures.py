"""Makes the pictures of the READMEs from a real gateway and real keys: `python -m tests.terminal.pictures`."""

import asyncio
import tempfile
from pathlib import Path

from engine.commands import (
    OnDisconnect,
    Permission,
    Propose,
    ReferenceBasis,
    Role,
    SetReferencePrice,
    Side,
)
from terminal.picture import svg
from tests.gateway.gateway_world import OPERATOR_ONE, World, serving
from tests.gateway.test_login_states import enrolled
from tests.markets import PRODUCT
from tests.terminal.rig import Seat, seat
from tests.terminal.test_forms import fill as fill_form

FOLDER = Path(__file__).parents[2] / "terminal" / "pictures"
ASKS = ((1, 4_845, 300), (3, 4_855, 1_200), (2, 4_855, 2_000), (1, 4_855, 300), (2, 4_860, 2_400))
MORE_ASKS = ((3, 4_880, 800), (2, 4_890, 5_000))
BIDS = ((2, 4_835, 1_000), (3, 4_830, 200), (1, 4_825, 5_000), (2, 4_810, 3_600), (3, 4_800, 900))


def fill(world: World) -> None:
    """Let a few trades happen and a book stand."""
    for number, (price_fen, quantity_t) in enumerate(
        ((4_820, 500), (4_850, 300), (4_840, 1_000)), 1
    ):
        world.list(1 + number % 2, Side.SELL if number % 2 else Side.BUY, price_fen, quantity_t)
        world.pick(3, 2 * number - 1, quantity_t)  # a pick has a number too
        world.sequencer.now_ns += 97_000_000_000 * number
    for participant, price_fen, quantity_t in ASKS + MORE_ASKS:
        world.list(participant, Side.SELL, price_fen, quantity_t)
        world.sequencer.now_ns += 31_000_000_000
    for participant, price_fen, quantity_t in BIDS:
        world.list(participant, Side.BUY, price_fen, quantity_t)
        world.sequencer.now_ns += 17_000_000_000


def keep(person: Seat, name: str, title: str) -> None:
    """Write the screen as it stands."""
    (FOLDER / f"{name}.svg").write_text(svg(person.app, title), encoding="utf-8")


async def trader_pictures(world: World, folder: Path) -> None:
    """Take market and trade, the latter with an open level and a checked ticket."""
    async with seat(world, world.traders[0], folder, size=(120, 30)) as person:
        await person.rows("market-table")
        await person.sees("48.45")
        keep(person, "market", "行情 · market watch")
        await person.press("enter")
        await person.focus("ladder")
        await person.press("up", "enter")
        await person.rows("listings", 3)
        await person.press("enter")
        await person.focus("quantity")
        await person.press("escape", "f2")
        await person.focus("price")
        await person.type("48.40")
        await person.press("enter")
        await person.type("2000")
        await person.press("enter")
        await person.sees("请核对")
        keep(person, "trade", "交易 · book, listings of a level, ticket")


async def operator_picture(world: World, folder: Path) -> None:
    """Take the approvals with a proposal being checked."""
    async with seat(world, world.operators[1], folder, size=(120, 30)) as person:
        await person.press("f4")
        await person.rows("proposals")
        await person.press("enter")
        await person.focus("dialog-input")
        keep(person, "operator", "复核 · approval of a reference price")


async def keys_picture(world: World, folder: Path) -> None:
    """Take the keys of a company with the code of a new one being issued."""
    chief = enrolled(world, role=Role.ADMINISTRATOR, person="演示管理员")
    enrolled(world, role=Role.RISK, person="演示风控", on_disconnect=OnDisconnect.KEY)
    enrolled(world, permissions=(Permission.LISTED,), valid_until="2021-08-01")
    async with seat(world, chief, folder, size=(120, 30)) as person:
        await person.press("f10")
        await person.rows("keys", 4)
        await person.press("insert")
        await fill_form(person, "演示新人", "1", "1 4", "192.0.2.0/24", "2021-12-31", "3")
        await person.sees("只显示这一次")
        keep(person, "keys", "密钥 · keys of a company, a code for a new one")


async def main() -> None:
    """Write all pictures."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        async with serving() as world:
            fill(world)
            price = SetReferencePrice(
                product=PRODUCT, price_fen=4_800, basis=ReferenceBasis.ADMINISTRATIVE
            )
            world.send(OPERATOR_ONE, Propose(actions=(price,), reason="首日基准价"))
            await trader_pictures(world, Path(name))
            await operator_picture(world, Path(name))
            await keys_picture(world, Path(name))


if __name__ == "__main__":
    asyncio.run(main())
