"""Who is admitted, as operators see it: those that are barred first, each with its accounts."""

from pathlib import Path

import msgspec
import pytest
from textual.widgets import Input

from engine.commands import Halt, HaltScope, RemoveParticipant, Restriction, RestrictParticipant
from engine.views import ParticipantView
from terminal.messages import Fetched
from terminal.texts import TEXTS, Language
from terminal.widgets.key_list import ROWS_SHOWN_MAX
from terminal.widgets.participants import ParticipantsPanel, listed, standing
from tests.gateway.gateway_world import OPERATOR_ONE, World, serving
from tests.terminal.rig import Seat, seat
from tests.terminal.test_forms import LANGUAGES, fill, pick, send


def view(number: int, **changes: object) -> ParticipantView:
    """Return a participant of whom nothing bars anything."""
    made = ParticipantView(
        participant=number,
        name=f"演示电厂{number}",
        credit_code="0" * 18,
        province="演示省",
        sector="发电",
        registry_account=f"REG-{number}",
        funds_account=f"BANK-{number}",
        compliance_year=2021,
    )
    return msgspec.structs.replace(made, **changes)


def bar(world: World) -> None:
    """Suspend the second participant and remove the third."""
    world.approve(RestrictParticipant(participant=2, restriction=Restriction.SUSPENDED))
    world.approve(RemoveParticipant(participant=3, explanation="演示移出"))


async def first_rows(person: Seat, *keys: str) -> None:
    """Wait until the list begins with these participants."""
    panel = person.app.screen.query_one(ParticipantsPanel)
    await person.until(lambda: panel.row_keys[: len(keys)] == list(keys), f"for {keys}")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_an_operator_sees_who_is_admitted_and_who_is_barred(
    tmp_path: Path, language: Language
) -> None:
    async with (
        serving() as world,
        seat(world, world.operators[0], tmp_path, language=language) as person,
    ):
        await person.press("f10")
        await first_rows(person, "1", "2", "3")
        assert "REG-000001" in person.text()
        bar(world)
        await first_rows(person, "2", "3", "1")
        await person.sees(
            *(("暂停交易", "已移出") if language == "zh" else ("suspended", "removed"))
        )
        await person.press("tab", "up")
        await person.sees("P0003", "REG-000003", "BANK-000003")


async def test_a_file_stands_over_the_list_until_esc(tmp_path: Path) -> None:
    async with (
        serving() as world,
        seat(world, world.operators[0], tmp_path, language="en") as person,
    ):
        await person.press("f10")
        await first_rows(person, "1")
        panel = person.app.screen.query_one(ParticipantsPanel)
        path = tmp_path / "units.csv"
        heading = "name,credit_code,province,sector,compliance_year"
        path.write_text(f"{heading}\nDemo,123,湖北,发电,2021\n", "utf-8")
        person.app.screen.query_one("#csv-file", Input).value = str(path)
        await person.press("enter")
        await person.sees("mistakes")
        assert not panel.display
        await person.press("escape")
        await person.sees("3 admitted so far", "No file read yet")
        person.app.screen.query_one("#csv-file", Input).value = str(tmp_path / "none.csv")
        await person.press("enter")
        await person.sees("The file has a mistake")
        world.send(
            OPERATOR_ONE, Halt(scope=HaltScope.PARTICIPANT, participant=1, explanation="演示")
        )
        await person.press("tab", "down")
        await person.sees("The file has a mistake", "REG-000002")


async def test_who_proposes_and_who_approves_read_the_name_of_whom_it_concerns(
    tmp_path: Path,
) -> None:
    async with (
        serving() as world,
        seat(world, world.operators[0], tmp_path) as maker,
        seat(world, world.operators[1], tmp_path, language="en") as checker,
    ):
        await pick(maker, "measure_remove")
        await fill(maker, "2", "left P0099")
        await maker.sees("移出交易主体 P0002 演示电厂002: left P0099")
        await send(maker)
        await checker.until(lambda: checker.state.proposals, "for the proposal")
        await checker.press("f4")
        await checker.rows("proposals")
        await checker.press("enter")
        await checker.sees("remove P0002 演示电厂002 from the market: left P0099")
        assert world.exchange.participants()[1].status == "active", "nothing is approved by looking"


async def test_a_list_too_long_is_cut_and_says_where_all_are(tmp_path: Path) -> None:
    async with (
        serving() as world,
        seat(world, world.operators[0], tmp_path, language="en") as person,
    ):
        await person.press("f10")
        await first_rows(person, "1")
        panel = person.app.screen.query_one(ParticipantsPanel)
        for count in (ROWS_SHOWN_MAX, ROWS_SHOWN_MAX + 1):
            rows = tuple(view(number) for number in range(1, count + 1))
            person.app.receive(Fetched("participants", rows))
            await person.settle()
            assert panel.table.row_count == ROWS_SHOWN_MAX
            assert ("ceax participant list" in str(panel.border_subtitle)) == (
                count > ROWS_SHOWN_MAX
            )


def test_what_bars_somebody_is_told_in_its_order() -> None:
    rows = {
        "active": view(1),
        "removed": view(2, status="removed", restriction=Restriction.NO_BUYING),
        "suspended": view(3, status="suspended", restriction=Restriction.SUSPENDED),
        "stopped": view(4, status="stopped", halt=1),
        "restriction_no_buying": view(5, restriction=Restriction.NO_BUYING, halt=1),
        "halted": view(6, halt=1),
    }
    assert [standing(row) for row in rows.values()] == list(rows)
    assert set(rows) <= set(TEXTS)
    assert [row.participant for row in listed(rows.values())] == [2, 3, 4, 5, 6, 1]
