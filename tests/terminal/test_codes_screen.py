"""Enrolment codes in the place of the keys: which wait, which were claimed, which are over, and what to do."""

from pathlib import Path

import msgspec
import pytest
from rich.style import Style

from engine.commands import ClaimKey, IssueCode, Permission, Role
from engine.views import CodeView
from terminal.key_management import listed_codes
from terminal.messages import Fetched
from terminal.texts import Language
from terminal.widgets.code_list import CodesPanel
from terminal.widgets.form import FormDialog
from terminal.widgets.key_list import LOOKS, ROWS_SHOWN_MAX, KeyDetail, KeysPanel
from tests.gateway.gateway_world import World, serving
from tests.gateway.test_login_states import enrolled
from tests.terminal.rig import Seat, seat
from tests.terminal.test_forms import LANGUAGES
from tests.terminal.test_keys_screen import chief
from tests.terminal.test_screens import LOOKS as SIZES
from tests.terminal.test_screens import compare


def issue(world: World, person: str, participant: int = 1, until: str = "20:00") -> None:
    """Let two operators issue a code that can be claimed until a time of the day."""
    number = len(world.exchange.codes()) + 1
    world.approve(
        IssueCode(
            code_hash=f"{number:064x}",
            code_valid_until_ns=world.clock(until),
            role=Role.TRADER,
            person=person,
            participant=participant,
            permissions=(Permission.LISTED, Permission.CANCEL),
            addresses=("192.0.2.0/24",),
        )
    )


def claim(world: World, code: int) -> None:
    """Let somebody enrol a key with a code."""
    world.send(0, ClaimKey(code_hash=f"{code:064x}", public_key=f"{code:02x}" * 32))


async def codes(person: Seat, count: int) -> CodesPanel:
    """Go from the keys to the codes and wait for so many."""
    await person.press("space")
    panel = person.app.screen.query_one(CodesPanel)
    await person.until(lambda: panel.table.row_count == count, f"for {count} codes")
    return panel


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_company_follows_its_codes(tmp_path: Path, language: Language) -> None:
    is_chinese = language == "zh"
    async with serving() as world:
        issue(world, "Demo One", until="09:40")
        issue(world, "Demo Two", participant=2)
        issue(world, "Demo Three")
        async with seat(world, chief(world, "Demo Chief"), tmp_path, language=language) as person:
            await person.press("f10")
            await person.rows("keys", 2)
            await person.sees("看开通码: 待使用 2" if is_chinese else "codes, 2 waiting")
            await codes(person, 2)
            await person.rows("codes", 2)
            await person.sees("2021-07-16 09:40", "Demo Three")
            assert "Demo Two" not in person.text(), "another company's"
            claim(world, 3)
            await person.sees("已使用" if is_chinese else "claimed")
            await person.sees(*(("新密钥", "已登记") if is_chinese else ("New key", "is enrolled")))
            world.go_to("09:41")
            await person.sees("已过期" if is_chinese else "expired")
            await person.sees("待使用 0 / 共 2" if is_chinese else "0 waiting of 2")
            for pressed, told in (
                ("delete", "吊销它登记的密钥" if is_chinese else "claimed, revoke its key"),
                ("f8", "先在列表中选一个密钥" if is_chinese else "choose a key in the list"),
            ):
                await person.press(pressed)
                await person.sees(told)
                assert not isinstance(person.app.screen, FormDialog)
                await person.press("escape")
            await person.press("space")
            await person.rows("keys", 3)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_without_codes_it_says_how_one_comes_to_be(
    tmp_path: Path, language: Language
) -> None:
    async with (
        serving() as world,
        seat(world, world.operators[0], tmp_path, language=language) as person,
    ):
        await person.press("f12")
        await person.rows("keys")
        await codes(person, 0)
        await person.sees("Ins 发一个" if language == "zh" else "Ins proposes one")
        assert person.state.codes == ()
        issue(world, "Demo")
        await person.rows("codes", 1)
        await person.press("slash")
        await person.type("nobody")
        await person.sees("没有符合筛选的开通码" if language == "zh" else "No code matches")
        await person.press("escape")
        await person.rows("codes", 1)


async def test_who_only_lists_keys_is_shown_no_codes(tmp_path: Path) -> None:
    async with serving() as world:
        issue(world, "Demo")
        key = enrolled(world, role=Role.RISK, person="Demo Risk")
        async with seat(world, key, tmp_path, language="en") as person:
            await person.press("f10")
            await person.rows("keys", 2)
            await person.press("space")
            assert person.app.screen.query_one(KeysPanel).display
            assert person.state.codes is None, "what it may not read is not asked for"
            await person.press("f1")
            assert "Space" not in person.text()


def code_view(number: int, **changes: object) -> CodeView:
    """Return a code for a trader that waits until 9."""
    made = CodeView(
        code=number,
        code_hash=f"{number:064x}",
        code_valid_until_ns=9,
        role=Role.TRADER,
        person=f"演示{number}",
        participant=1,
    )
    return msgspec.structs.replace(made, **changes)


def test_what_waits_stands_first_then_the_newest() -> None:
    rows = [
        code_view(1, key=7),
        code_view(2, role=Role.RISK),
        code_view(3, participant=12, code_valid_until_ns=8),
        code_view(4),
    ]
    found = {
        "": [4, 2, 3, 1],
        "风控员": [2],
        "waiting": [4, 2],
        "p0012 expired": [3],
        "已使用": [1],
        "演示4": [4],
    }
    for wanted, numbers in found.items():
        assert [row.code for row in listed_codes(rows, wanted, 9)] == numbers, wanted


async def test_a_list_too_long_is_cut_and_says_so(tmp_path: Path) -> None:
    async with (
        serving() as world,
        seat(world, world.operators[0], tmp_path, language="en") as person,
    ):
        await person.press("f12")
        panel = await codes(person, 0)
        for count, told in ((ROWS_SHOWN_MAX, "Space: keys"), (ROWS_SHOWN_MAX + 1, "first 500")):
            rows = tuple(code_view(number) for number in range(1, count + 1))
            person.app.receive(Fetched("codes", rows))
            await person.settle()
            assert panel.table.row_count == ROWS_SHOWN_MAX
            assert told in str(panel.border_subtitle)
        colours = {Style.parse(person.app.theme_variables[look]).color for look in LOOKS.values()}
        assert len(colours) == len(set(LOOKS.values())), "what holds, waits and is over look alike"
        lines = person.app.screen.query_one(KeyDetail)
        assert lines.look("dim").color != lines.look("strong").color


@pytest.mark.parametrize(("language", "size"), SIZES)
async def test_the_screen_is_reviewed(
    tmp_path: Path, language: Language, size: tuple[int, int]
) -> None:
    async with serving() as world:
        issue(world, "演示新人甲", until="09:31")
        for person_name, participant in (("演示新人乙", 2), ("演示新人丙", 3)):
            issue(world, person_name, participant)
        claim(world, 2)
        world.go_to("09:32")
        async with seat(
            world, world.operators[0], tmp_path, language=language, size=size
        ) as person:
            await person.press("f12")
            await person.rows("keys", len(world.exchange.keys()))
            await codes(person, 3)
            await person.rows("codes", 3)
            await person.settle()
            compare(person, "codes", language)
