"""Logging in at the terminal by keys: refusals with their reason, a locked key, a code at the first time."""

from pathlib import Path

import pytest
from textual.widgets import Input

from engine.commands import Role
from gateway import keys, passphrase
from terminal.app import Terminal
from tests.gateway.gateway_world import serving
from tests.gateway.test_login_enrol import fresh, issue
from tests.terminal.rig import Seat


async def test_a_login_that_is_refused_says_why_and_may_be_tried_again(tmp_path: Path) -> None:
    async with serving() as world:
        stranger = keys.new_key("演示生人", Role.TRADER)
        path = tmp_path / "stranger.key"
        stranger.save(path)
        app = Terminal(world.server.url, str(path), "zh")
        async with app.run_test(size=(80, 24)) as pilot:
            person = Seat(app, pilot)
            await person.sees("未能登录", "演示/仿真", "独立项目")
            app.screen.query_one("#key-file", Input).value = str(tmp_path / "none.key")
            await person.press("enter")
            await person.sees("无法读取密钥文件")
            assert person.state.welcome is None


async def test_a_clearing_key_is_not_for_the_terminal(tmp_path: Path) -> None:
    async with serving() as world:
        path = tmp_path / "clearing.key"
        world.clearing.save(path)
        app = Terminal(world.server.url, str(path), "en")
        async with app.run_test(size=(80, 24)) as pilot:
            await Seat(app, pilot).sees("role clearing")
            assert app.link is None, "it never went to the exchange"


async def test_a_locked_key_opens_with_its_passphrase(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passphrase, "OPERATIONS", 1)
    monkeypatch.setattr(passphrase, "MEMORY_BYTES", 8 * 1024)
    monkeypatch.delenv(passphrase.VARIABLE, raising=False)
    async with serving() as world:
        path = tmp_path / "locked.key"
        world.traders[0].save(path, "demo words")
        app = Terminal(world.server.url, str(path), "zh")
        async with app.run_test(size=(80, 24)) as pilot:
            person = Seat(app, pilot)
            await person.sees("请输入正确的口令")
            await person.focus("passphrase")
            await person.press(*"wrong", "enter")
            await person.until(lambda: not app.screen.query_one("#passphrase", Input).value, "x")
            await person.sees("请输入正确的口令")
            await person.press(*"demo", "space", *"words")
            assert "demo words" not in person.text(), "a passphrase is not shown"
            await person.press("enter")
            await person.until(lambda: person.state.welcome is not None, "for the login")
            assert app.link is not None
            await app.link.close()


async def test_a_code_enrols_the_key_at_the_first_login(tmp_path: Path) -> None:
    async with serving() as world:
        key, code = fresh()
        issue(world, code)
        path = tmp_path / "new.key"
        key.save(path)
        app = Terminal(world.server.url, str(path), "en")
        async with app.run_test(size=(80, 24)) as pilot:
            person = Seat(app, pilot)
            await person.sees("Not logged in")
            wrong = code[:-1] + ("A" if code[-1] != "A" else "B")
            app.screen.query_one("#code", Input).value = wrong
            app.screen.query_one("#code").focus()
            await person.press("enter")
            await person.sees("typing error (group 7)")
            app.screen.query_one("#code", Input).value = code
            await person.press("enter")
            await person.until(lambda: person.state.welcome is not None, "for the login")
            assert person.state.welcome is not None
            assert person.state.welcome.key == world.exchange.keys()[-1].key
            assert app.link is not None
            await app.link.close()
