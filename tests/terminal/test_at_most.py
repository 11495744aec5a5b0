"""What the terminal shows and follows at once has a limit: the last that goes in, and the first that does not."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.widgets import Input

from engine.commands import AddClosure, Propose
from gateway.admission import FIELDS
from terminal.forms import REASON_MAX
from terminal.link import BOOKS_MAX
from terminal.screens.admission import PREVIEW_ROWS_MAX, Preview
from terminal.screens.deciding import ACTIONS_SHOWN
from terminal.widgets.form import FormDialog
from terminal.widgets.measures import MeasuresPanel
from tests.gateway.gateway_world import OPERATOR_ONE, serving
from tests.markets import admission
from tests.terminal.rig import seat
from tests.terminal.states import welcome
from tests.terminal.test_forms import send
from tests.terminal.test_link import SlowClient, link_of


@pytest.mark.parametrize("count", [BOOKS_MAX, BOOKS_MAX + 1])
async def test_no_more_books_are_followed_than_the_limit(count: int) -> None:
    client: Any = SlowClient()
    told = welcome()
    first = told.profile.products[0]
    products = tuple(msgspec.structs.replace(first, code=f"CEA{n}") for n in range(count))
    profile = msgspec.structs.replace(told.profile, products=products)
    client.welcome = msgspec.structs.replace(told, profile=profile)
    followed: list[str] = []

    async def subscribe(*channels: str, after: int | None = None) -> None:
        assert after in (None, 0)
        followed.extend(channels)

    client.subscribe = subscribe
    await asyncio.wait_for(link_of(client)[0]._subscribe(), 60)
    books = [channel for channel in followed if channel.startswith("book:")]
    assert books == [f"book:CEA{n}" for n in range(BOOKS_MAX)]
    assert {"market", "private", "trades"} <= set(followed)


@pytest.mark.parametrize("count", [ACTIONS_SHOWN, ACTIONS_SHOWN + 1])
async def test_an_approval_shows_so_many_actions_and_counts_the_others(
    tmp_path: Path, count: int
) -> None:
    async with serving() as world:
        closures = tuple(
            AddClosure(date=f"2021-10-{day:02d}", explanation="Demo") for day in range(1, count + 1)
        )
        world.send(OPERATOR_ONE, Propose(actions=closures, reason="Demo"))
        async with seat(world, world.operators[1], tmp_path, language="en") as person:
            await person.press("f4")
            await person.rows("proposals")
            await person.press("enter")
            await person.sees(f"2021-10-0{ACTIONS_SHOWN}")
            shown = [f"2021-10-{day:02d}" in person.text() for day in range(1, count + 1)]
            assert sum(shown) == ACTIONS_SHOWN
            assert ("… and 1 more" in person.text()) == (count > ACTIONS_SHOWN)


async def test_a_proposal_gives_as_much_of_its_measure_for_reason_as_may_be(tmp_path: Path) -> None:
    async with (
        serving() as world,
        seat(world, world.operators[0], tmp_path, language="en") as person,
    ):
        await person.press("f3")
        await person.rows("measures")
        person.app.screen.query_one(MeasuresPanel).choose("measure_notice")
        await person.press("enter")
        await person.until(lambda: isinstance(person.app.screen, FormDialog), "for the form")
        for row in person.app.screen.query(Input):
            row.value = "1" * REASON_MAX
        await person.press("enter")
        await send(person)
        await person.until(world.exchange.proposals, "for the proposal")
        (proposed,) = world.exchange.proposals()
        assert proposed.reason == f"publish a notice: {'1' * REASON_MAX}"[:REASON_MAX]
        assert proposed.actions[0].text_en == "1" * REASON_MAX  # type: ignore[union-attr]


@pytest.mark.parametrize("count", [PREVIEW_ROWS_MAX, PREVIEW_ROWS_MAX + 1])
async def test_a_preview_shows_so_many_rows_and_proposes_all(tmp_path: Path, count: int) -> None:
    rows = [admission(number) for number in range(10, 10 + count)]
    lines = [
        ",".join(FIELDS),
        *(",".join(str(getattr(row, name)) for name in FIELDS) for row in rows),
    ]
    path = tmp_path / "units.csv"
    path.write_text("\n".join(lines), "utf-8")
    async with (
        serving() as world,
        seat(world, world.operators[0], tmp_path, language="en") as person,
    ):
        await person.press("f10")
        await person.focus("csv-file")
        person.app.screen.query_one("#csv-file", Input).value = str(path)
        await person.press("enter")
        preview = person.app.screen.query_one(Preview)
        await person.until(lambda: preview.row_keys, "for the rows")
        assert len(preview.row_keys) == PREVIEW_ROWS_MAX
        await person.sees(f"{count} rows", rows[0].funds_account)
        path.write_text("\n".join(line.replace(",9", ",", 1) for line in lines), "utf-8")
        await person.press("enter")
        await person.sees(f"{count} mistakes", "row 2, column credit_code")
        assert len(preview.row_keys) == PREVIEW_ROWS_MAX
        await person.press("tab", "end")
        await person.sees(f"row {PREVIEW_ROWS_MAX + 1}, column")
