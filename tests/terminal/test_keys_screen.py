"""Keys by keys of the keyboard: a code is shown once, another person approves it, a key is listed and ended."""

import re
from pathlib import Path

import msgspec
import pytest

from engine.commands import Approve, OnDisconnect, Permission, Role
from engine.views import KeyView
from gateway import keys
from gateway.client import Client
from gateway.enrolling import enrol
from terminal.key_management import listed
from terminal.messages import Fetched
from terminal.texts import Language
from terminal.widgets.form import FormDialog
from terminal.widgets.key_list import ROWS_SHOWN_MAX, KeyDetail, KeysPanel
from tests.gateway.gateway_world import OPERATOR_TWO, World, serving
from tests.gateway.test_login_states import enrolled
from tests.terminal.rig import Seat, seat
from tests.terminal.test_forms import LANGUAGES, fill, send
from tests.terminal.test_screens import LOOKS, compare

CODE = r"[0-9A-Z]{4}(-[0-9A-Z]{4}){6}"


def chief(world: World, person: str) -> keys.KeyFile:
    """Enrol an administrator of participant 1."""
    return enrolled(world, role=Role.ADMINISTRATOR, person=person)


def code_on(person: Seat) -> str:
    """Return the code that stands on the screen."""
    found = re.search(CODE, person.text())
    assert found is not None, person.text()
    return found[0]


async def find(person: Seat, wanted: str, count: int = 1) -> None:
    """Filter the list, after which it has the focus and so many rows."""
    await person.press("slash")
    await person.focus("keys-filter")
    await person.type(wanted)
    await person.press("enter")
    panel = person.app.screen.query_one(KeysPanel)
    await person.rows("keys", min(1, count))
    await person.until(lambda: panel.table.row_count == count, f"for {count} keys")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_company_brings_a_key_in_and_ends_it(tmp_path: Path, language: Language) -> None:
    is_chinese = language == "zh"
    async with serving() as world:
        one, two = chief(world, "演示管理员甲"), chief(world, "演示管理员乙")
        async with (
            seat(world, one, tmp_path, language=language) as maker,
            seat(world, two, tmp_path, language=language) as checker,
        ):
            await maker.press("f10")
            await maker.rows("keys", 3)
            await maker.press("insert")
            await fill(maker, "Demo", "1", "1 4", "127.0.0.0/8", "2021-12-31", "3")
            await maker.sees("只显示这一次" if is_chinese else "Shown this once", "127.0.0.0/8")
            code = code_on(maker)
            assert not world.exchange.proposals(), "a check sends nothing"
            await send(maker)
            await maker.until(world.exchange.proposals, "for the proposal")
            assert code not in maker.text()
            assert code not in repr(world.sequencer.applied), "only its hash travels"
            await maker.until(lambda: maker.state.proposals, "for the list of proposals")
            await maker.press("tab")
            await maker.rows("key-proposals")
            await maker.press("enter")
            await maker.sees("须由另一人复核" if is_chinese else "another person must approve")

            await checker.press("f10")
            await checker.rows("keys", 3)
            await checker.press("tab")
            await checker.rows("key-proposals")
            await checker.press("enter")
            await checker.focus("dialog-input")
            await checker.sees(
                *(("挂牌, 撤单", "地址") if is_chinese else ("listed, cancel", "from"))
            )
            assert ("理由" if is_chinese else "Reason") not in checker.text(), "its own words"
            await checker.type("1")
            await checker.press("enter")
            await checker.until(world.exchange.codes, "for the approval")

            key = keys.new_key("Demo", Role.TRADER)
            await enrol(world.server.url, key, code)
            view = world.exchange.keys()[-1]
            assert (view.role, view.participant) == (Role.TRADER, 1)
            assert view.permissions == (Permission.LISTED, Permission.CANCEL)
            assert (view.addresses, view.valid_until) == (("127.0.0.0/8",), "2021-12-31")
            assert view.on_disconnect is OnDisconnect.KEY
            await maker.sees("Demo", "2021-12-31", "168")

            await maker.press("escape", "escape")
            await find(maker, "demo")
            await maker.press("delete")
            await fill(maker, "left")
            await maker.sees("Demo", "吊销" if is_chinese else "revokes key")
            assert world.exchange.keys()[-1].state == "active", "a check sends nothing"
            await send(maker)
            await maker.until(lambda: (maker.state.keys or ())[-1].state == "revoked")
            await maker.sees("已吊销" if is_chinese else "revoked")
            assert world.exchange.keys()[-1].state == "revoked"
            await maker.press("delete")
            await maker.sees("无需吊销" if is_chinese else "nothing to revoke")


async def test_an_administrator_rejects_what_another_proposed(tmp_path: Path) -> None:
    async with serving() as world:
        one, two = chief(world, "Demo One"), chief(world, "Demo Two")
        async with (
            seat(world, one, tmp_path, language="en") as maker,
            seat(world, two, tmp_path, language="en") as checker,
        ):
            await maker.press("f10", "insert")
            await fill(maker, "Demo", "2", "", "", "", "")
            await send(maker)
            await checker.press("f10")
            await checker.until(lambda: checker.state.proposals, "for the proposal")
            await checker.rows("keys", 3)
            await checker.press("tab")
            await checker.rows("key-proposals")
            await checker.press("delete")
            await checker.focus("dialog-input")
            await checker.type("no")
            await checker.press("enter")
            await checker.until(lambda: not world.exchange.proposals(), "for the rejection")
            await maker.until(lambda: not maker.state.proposals, "for the list")


async def test_who_may_not_manage_keys_sees_why(tmp_path: Path) -> None:
    async with serving() as world:
        key = enrolled(world, valid_until="2021-12-31")
        async with seat(world, key, tmp_path, language="en") as person:
            await person.press("f10")
            number = world.exchange.keys()[-1].key
            await person.sees("administrators of the company", f"key {number}: last day 2021-12-31")
            await person.sees("days left 168", f"ceax keys revoke {number}")
            for pressed in ("insert", "delete", "f8"):
                await person.press(pressed)
                await person.sees("this key may not manage keys")
                assert not isinstance(person.app.screen, FormDialog)
                await person.press("escape")
            await person.press("slash")
            assert person.app.focused is not None
            assert person.app.focused.id != "keys-filter"
            assert person.state.keys is None, "what it may not read is not asked for"


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_risk_officer_limits_a_key_and_lifts_it(tmp_path: Path, language: Language) -> None:
    async with serving() as world:
        key = enrolled(world, role=Role.RISK, person="Demo Risk")
        number = world.trader_key(1)

        def limit() -> int:
            return world.exchange.keys()[number - 1].order_max_t

        async with seat(world, key, tmp_path, language=language) as person:
            await person.press("f10")
            await person.rows("keys", 2)
            await find(person, "p0001 trader")
            for pressed in ("insert", "delete"):
                await person.press(pressed)
                await person.sees("不能管理" if language == "zh" else "may not manage keys")
                await person.press("escape")
            await find(person, "p0001 trader")
            await person.press("f8", "f8")
            await fill(person, "5k", "new here")
            await person.sees("5,000 吨" if language == "zh" else "5,000 t")
            assert not limit(), "a check sends nothing"
            await send(person)
            await person.until(lambda: limit() == 5_000, "for the limit")
            await person.until(lambda: (person.state.keys or ())[0].order_max_t == 5_000)
            await person.sees("5,000")
            await person.press("f8")
            await person.until(lambda: isinstance(person.app.screen, FormDialog))
            await person.press("backspace", *["delete"] * 5, "tab")
            await person.type("done")
            await person.press("enter")
            await person.sees("不再限量" if language == "zh" else "takes the limit of key")
            await send(person)
            await person.until(lambda: not limit(), "for its end")
            assert person.state.proposals is None, "what it may not read is not asked for"


async def test_who_ends_its_own_key_is_warned(tmp_path: Path) -> None:
    async with serving() as world:
        key = chief(world, "Demo Chief")
        async with seat(world, key, tmp_path, language="en") as person:
            await person.press("f10")
            await person.rows("keys", 2)
            await find(person, "chief")
            await person.press("delete")
            await person.sees("You are logged in with this key", "the company's last administrator")
            await person.press("escape")
            await find(person, "nobody", 0)
            await person.press("delete")
            await person.sees("choose a key in the list first")
            await person.press("escape", "escape")
            await person.rows("keys", 2)
            assert world.exchange.keys()[-1].state == "active"


# ---------------------------------------------------------------- operators


@pytest.mark.parametrize("language", LANGUAGES)
async def test_operators_find_any_key_and_end_it(tmp_path: Path, language: Language) -> None:
    async with (
        serving() as world,
        seat(world, world.operators[0], tmp_path, language=language) as person,
    ):
        number = world.trader_key(2)
        await person.press("f12")
        await person.rows("keys", len(world.exchange.keys()))
        await find(person, "p0002 交易员" if language == "zh" else "p0002 trader")
        await person.press("delete")
        await fill(person, "left")
        await person.sees("立即吊销" if language == "zh" else "at once", str(number))
        await send(person)
        await person.until(lambda: world.exchange.keys()[number - 1].state == "revoked")
        assert not world.exchange.proposals()
        await person.sees("已吊销" if language == "zh" else "revoked")


async def test_an_operators_code_enrols_its_person(tmp_path: Path) -> None:
    async with (
        serving() as world,
        seat(world, world.operators[0], tmp_path, language="en") as person,
    ):
        await person.press("f12", "insert")
        await fill(person, "Demo", "2", "P0002", "", "", "", "")
        await person.sees("Shown this once")
        code = code_on(person)
        await send(person)
        await person.until(world.exchange.proposals, "for the proposal")
        (waiting,) = world.exchange.proposals()
        world.send(OPERATOR_TWO, Approve(proposal=waiting.proposal))
        key = keys.new_key("Demo", Role.RISK)
        await enrol(world.server.url, key, code)
        async with await Client.connect(world.server.url, key) as client:
            assert (client.welcome.role, client.welcome.participant) == ("risk", 2)


async def test_each_form_has_a_code_of_its_own(tmp_path: Path) -> None:
    async with (
        serving() as world,
        seat(world, world.operators[0], tmp_path, language="en") as person,
    ):
        await person.press("f12")
        for count in (1, 2):
            await person.press("insert")
            await fill(person, "Demo", "reader", "", "", "", "", "")
            await send(person)
            await person.until(lambda n=count: len(world.exchange.proposals()) == n)  # type: ignore[misc]
        hashes = {getattr(row.actions[0], "code_hash", "") for row in world.exchange.proposals()}
        assert len(hashes) == 2


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (("Demo", "trader", "", "", "", "", ""), "One of the fields"),
        (("Demo", "operator", "P0001", "", "", "", ""), "One of the fields"),
        (("Demo", "reader", "", "1 7", "", "", ""), "May do"),
        (("Demo", "reader", "", "", "nowhere!", "", ""), "One of the fields"),
        (("Demo", "reader", "", "", "", "2021-02-30", ""), "Last day"),
        (("Demo", "reader", "", "", "", "", "never"), "When lost"),
    ],
)
async def test_terms_that_cannot_be_are_told(
    tmp_path: Path, values: tuple[str, ...], problem: str
) -> None:
    async with (
        serving() as world,
        seat(world, world.operators[0], tmp_path, language="en") as person,
    ):
        await person.press("f12", "insert")
        await fill(person, *values)
        await person.sees(problem)
        form = person.app.screen
        assert isinstance(form, FormDialog)
        assert form.checked is None
        assert "Shown this once" not in person.text()


# ---------------------------------------------------------------- the list


def key_view(number: int, **changes: object) -> KeyView:
    """Return a trader's key."""
    made = KeyView(
        key=number,
        public_key=f"{number:02x}" * 32,
        role=Role.TRADER,
        person=f"演示{number}",
        participant=1,
        permissions=tuple(Permission),
    )
    return msgspec.structs.replace(made, **changes)


def test_all_words_of_a_filter_must_be_found_and_what_holds_stands_first() -> None:
    rows = [
        key_view(1, state="revoked"),
        key_view(2, role=Role.RISK),
        key_view(3, participant=12, person="Demo Zhang"),
    ]
    found = {
        "": [2, 3, 1],
        "风控员": [2],
        "RISK": [2],
        "p0012": [3],
        "demo zhang": [3],
        "zhang revoked": [],
        "已吊销": [1],
        "0303": [3],
    }
    for wanted, numbers in found.items():
        assert [row.key for row in listed(rows, wanted)] == numbers, wanted


async def test_a_list_too_long_is_cut_and_says_so(tmp_path: Path) -> None:
    async with (
        serving() as world,
        seat(world, world.operators[0], tmp_path, language="en", size=(80, 24)) as person,
    ):
        await person.press("f12")
        await person.rows("keys", len(world.exchange.keys()))
        panel = person.app.screen.query_one(KeysPanel)
        for count, told in ((ROWS_SHOWN_MAX, "Space"), (ROWS_SHOWN_MAX + 1, "first 500")):
            rows = tuple(key_view(number) for number in range(1, count + 1))
            person.app.receive(Fetched("keys", rows))
            await person.until(lambda n=count: len(person.state.keys or ()) == n)  # type: ignore[misc]
            await person.settle()
            assert panel.table.row_count == ROWS_SHOWN_MAX
            assert told in str(panel.border_subtitle)
            assert panel.table.scrollable_content_region.height == panel.table.region.height
        await find(person, "演示501")
        assert person.app.screen.query_one(KeyDetail).chosen == rows[-1]


@pytest.mark.parametrize(("language", "size"), LOOKS)
async def test_the_screen_is_reviewed(
    tmp_path: Path,
    language: Language,
    size: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("terminal.key_management.new_code", lambda: "-".join(["AAAA"] * 7))
    async with serving() as world:
        one, two = chief(world, "演示管理员甲"), chief(world, "演示管理员乙")
        trader = enrolled(
            world, permissions=(Permission.LISTED, Permission.CANCEL), valid_until="2021-08-01"
        )
        enrolled(world, role=Role.RISK, person="演示风控", on_disconnect=OnDisconnect.KEY)
        async with (
            seat(world, one, tmp_path, language=language, size=size) as person,
            seat(world, two, tmp_path, language=language, size=size) as other,
        ):
            await other.press("f10", "insert")
            await fill(other, "演示新人", "1", "1", "192.0.2.0/24", "", "")
            await send(other)
            await person.until(lambda: person.state.proposals, "for the proposal")
            rows = [
                msgspec.structs.replace(row, public_key=f"{row.key:02x}" * 32)
                for row in person.state.keys or ()
            ]
            rows[0] = msgspec.structs.replace(rows[0], state="revoked")
            rows[3] = msgspec.structs.replace(rows[3], order_max_t=12_345)
            person.app.receive(Fetched("keys", tuple(rows)))
            await person.press("f10")
            await person.rows("keys", 5)
            await person.press("down", "down")
            compare(person, "keys", language)
            await person.press("insert")
            await fill(person, "演示新人", "1", "1 4", "192.0.2.0/24", "2021-12-31", "3")
            await person.sees("小时内有效" if language == "zh" else "holds 24 h")
            compare(person, "keys-code", language)
            await person.press("escape", "delete")
            await fill(person, "离职")
            await person.sees("断开其连接" if language == "zh" else "ends its connections")
            compare(person, "keys-revoke", language)
        async with seat(world, trader, tmp_path, language=language, size=size) as person:
            await person.press("f10")
            await person.settle()
            compare(person, "keys-others", language)
