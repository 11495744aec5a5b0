"""What the exchange tells everybody: its notices, what it takes now, and in time that a key ends."""

from pathlib import Path

import msgspec
import pytest

from engine.commands import PublishNotice, RevokeKey, Side
from engine.units import midnight_ns
from gateway.disk import Room
from gateway.frames_pushed import StatusChanged
from terminal.messages import IntentFailed, StatusHeard, Welcomed
from terminal.notices_batches import barred_words
from terminal.store import Connection, State, reduce
from terminal.texts import Language
from terminal.widgets.footer import MessageLine
from terminal.widgets.ticket import Stage, Ticket
from tests.gateway.gateway_world import World, serving
from tests.gateway.test_login_states import enrolled
from tests.terminal.rig import seat
from tests.terminal.states import welcome
from tests.terminal.test_forms import LANGUAGES, send
from tests.terminal.test_screens import LOOKS, compare


def publish(world: World, number: int) -> None:
    world.approve(PublishNotice(text_zh=f"演示公告{number}", text_en=f"Demo notice {number}"))


# ---------------------------------------------------------------- notices


@pytest.mark.parametrize(("language", "size"), LOOKS)
async def test_notices_stand_over_the_market_and_under_help(
    tmp_path: Path, language: Language, size: tuple[int, int]
) -> None:
    async with serving() as world:
        publish(world, 1)
        async with seat(world, world.traders[0], tmp_path, language=language, size=size) as person:
            first, second = (
                ("演示公告1", "演示公告2")
                if language == "zh"
                else ("Demo notice 1", "Demo notice 2")
            )
            await person.sees(first)
            publish(world, 2)
            await person.until(lambda: len(person.state.published or ()) == 2, "for the second")
            assert second in person.text()
            assert first not in person.text().split(second)[0]
            compare(person, "notice", language)
            await person.press("f1", *["down"] * 14)
            await person.sees(first, second)


async def test_a_day_without_a_notice_says_so(tmp_path: Path) -> None:
    async with (
        serving() as world,
        seat(world, world.operators[0], tmp_path, language="en") as person,
    ):
        await person.until(lambda: person.state.published == (), "for the notices")
        await person.press("f1")
        await person.sees("no notices today")
        await person.press("escape")
        publish(world, 1)
        await person.press("f6")
        await person.sees("Notice 1 09:30:00  Demo notice 1")
        assert [row.notice for row in person.state.published or ()] == [1]


# ---------------------------------------------------------------- what is taken now


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_header_and_the_ticket_say_that_only_cancels_are_taken(
    tmp_path: Path, language: Language
) -> None:
    async with serving() as world:
        world.list(1, Side.SELL, 4_810, 100)
        async with seat(world, world.traders[0], tmp_path, language=language) as person:
            await person.until(lambda: person.state.status is not None, "for the status")
            await person.press("f2")
            await person.focus("price")
            await person.type("48")
            await person.press("enter")
            await person.type("100")
            await person.press("enter")
            ticket = person.app.screen.query_one(Ticket)
            await person.until(lambda: ticket.stage is Stage.CHECKED, "for the check")
            world.sequencer.door.see_inbox(75, 100)
            short = "只收撤单: 系统繁忙" if language == "zh" else "cancels only: overload"
            await person.sees(short, "不能发出" if language == "zh" else "Nothing can be")
            assert person.text().splitlines()[0].endswith(short)
            await person.until(lambda: ticket.stage is Stage.EDIT, "what was checked is not sent")
            await person.press("enter", "f2", "enter", "f2")
            await person.until(lambda: ticket.stage is Stage.EDIT, "for nothing")
            assert len(world.exchange.orders(1)) == 1
            await person.press("f5", "enter")
            await send(person)
            await person.until(lambda: not world.exchange.orders(1)[0].is_open, "for the cancel")
            world.sequencer.door.see_inbox(0, 100)
            await person.until(lambda: not person.state.is_barred, "for the end")
            assert short not in person.text()
            await person.press("f2")
            await person.focus("price")
            await person.press("enter")
            await person.until(lambda: ticket.stage is Stage.CHECKED)


@pytest.mark.parametrize(("language", "size"), LOOKS)
async def test_a_full_disk_is_reviewed(
    tmp_path: Path, language: Language, size: tuple[int, int]
) -> None:
    async with (
        serving() as world,
        seat(world, world.traders[0], tmp_path, language=language, size=size) as person,
    ):
        await person.until(lambda: person.state.status is not None, "for the status")
        await person.press("f2")
        await person.focus("price")
        world.sequencer.door.see_room(Room(10, 1_000))
        await person.until(lambda: person.state.is_barred, "for the status")
        await person.settle()
        compare(person, "barred", language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", ["overload", "disk_low", "disk_full", "shutdown", "unheard_of"])
def test_every_reason_has_words_and_a_new_one_its_name(reason: str, language: Language) -> None:
    status = StatusChanged(
        sequence=1, time_ns=1, date="", phases=(), accepts="cancels", reason=reason
    )
    state = State()
    before = state.is_barred
    assert "status" in reduce(state, StatusHeard(status))
    assert (before, state.is_barred) == (False, True)
    told = barred_words(status, language)
    assert (reason in told) == (reason in ("unheard_of", "overload" if language == "en" else ""))


# ---------------------------------------------------------------- what waits to be read


@pytest.mark.parametrize(
    ("count", "rows", "is_whole"), [(7, 1, True), (8, 2, True), (25, 3, True), (26, 3, False)]
)
async def test_a_refusal_is_told_whole_in_three_lines_at_most(
    tmp_path: Path, count: int, rows: int, is_whole: bool
) -> None:
    async with (
        serving() as world,
        seat(world, world.traders[0], tmp_path, language="en", size=(80, 24)) as person,
    ):
        # After "Not taken up:" seven words stand on the first line, nine on each of the others.
        text = " ".join(f"word{n:02d}" for n in range(1, count + 1))
        person.app.receive(IntentFailed(1, "rejected", text))
        await person.settle()
        line = person.app.screen.query_one(MessageLine)
        assert line.size.height == rows
        shown = " ".join(row.plain.strip() for row in line.rows(80, rows))
        assert (f"word{count:02d}" in shown) == is_whole
        assert ("…" in shown) != is_whole
        assert shown.endswith("Esc = read")
        await person.press("escape")
        assert line.size.height == 1


@pytest.mark.parametrize("language", LANGUAGES)
async def test_who_loses_the_line_for_good_reads_why(tmp_path: Path, language: Language) -> None:
    async with (
        serving() as world,
        seat(world, world.traders[0], tmp_path, language=language) as person,
    ):
        world.send(world.trader_key(1), RevokeKey(key=world.trader_key(1), explanation="Demo"))
        await person.until(lambda: person.state.connection is Connection.CLOSED, "for the end")
        await person.sees(
            *(("连接已断开", "吊销") if language == "zh" else ("Disconnected", "revoked"))
        )
        ends = [notice for notice in person.state.notices if notice.key == "told_ended"]
        assert len(ends) == 1, "once, whoever tells it first"


# ---------------------------------------------------------------- keys that end


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_key_that_ends_soon_is_told_at_login_until_it_is_read(
    tmp_path: Path, language: Language
) -> None:
    async with serving() as world:
        key = enrolled(world, valid_until="2021-07-30")
        async with seat(world, key, tmp_path, language=language) as person:
            await person.sees("14", "到期" if language == "zh" else "This key ends in")
            assert len(person.state.unread) == 1
            await person.press("escape")
            assert not person.state.unread


@pytest.mark.parametrize(
    ("valid_until", "value"),
    [("", ""), ("2021-08-15", ""), ("2021-08-14", "29"), ("2021-07-16", "0"), ("2021-07-01", "0")],
)
def test_it_is_told_from_the_thirtieth_last_day_on_and_once(valid_until: str, value: str) -> None:
    state = State()
    frame = msgspec.structs.replace(
        welcome(), valid_until=valid_until, time_ns=midnight_ns("2021-07-16")
    )
    for _ in range(2):
        reduce(state, Welcomed(frame))
    assert [notice.value for notice in state.notices] == ([value] if value else [])
    assert len(state.unread) == len(state.notices)
