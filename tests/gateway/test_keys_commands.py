"""`ceax keys` and `ceax participant` against a running gateway, by their words and their exit codes."""

import argparse
import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

import ceax
from engine.commands import OnDisconnect, Permission, Role
from gateway import cli_fixes, keys, passphrase
from gateway.client_errors import RequestFailed
from tests.gateway.gateway_world import OPERATOR_TWO, World, raw, serving
from tests.gateway.test_login_states import enrolled, is_welcome

WORDS = "一二三四五六七八"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passphrase, "OPERATIONS", 1)
    monkeypatch.setattr(passphrase, "MEMORY_BYTES", 8 * 1024)
    monkeypatch.delenv(passphrase.VARIABLE, raising=False)


class Shell:
    """Runs commands in a thread, as somebody beside the exchange would."""

    def __init__(self, world: World, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.world, self.folder, self._capsys = world, folder, capsys
        self.operator = folder / "operator.key"
        world.operators[0].save(self.operator)

    async def run(self, *words: object, key: Path | None = None) -> tuple[int, str, str]:
        where = ["--exchange", self.world.server.url]
        if key is not None:
            where += ["--key", str(key)]
        told = [str(word) for word in words]
        code = await asyncio.to_thread(ceax.main, [*told, *where])
        captured = self._capsys.readouterr()
        return code, captured.out, captured.err

    async def facts(self, *words: object, key: Path | None = None) -> dict[str, Any]:
        code, out, err = await self.run(*words, "--json", key=key)
        assert code == 0, err
        found: dict[str, Any] = json.loads(out)
        return found

    def approve(self, proposal: int) -> Any:
        from engine.commands import Approve

        return self.world.send(OPERATOR_TWO, Approve(proposal=proposal)).events


@pytest.fixture
async def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> AsyncIterator[Shell]:
    async with serving() as world:
        yield Shell(world, tmp_path, capsys)


async def test_from_a_code_to_a_login(shell: Shell) -> None:
    told = await shell.facts(
        *("keys", "code", "--person", "演示新人", "--role", "trader", "--participant", 2),
        *("--permission", "listed", "--permission", "cancel", "--address", "127.0.0.0/8"),
        *("--valid-until", "2021-12-31", "--on-disconnect", "key"),
        key=shell.operator,
    )
    made = repr(shell.world.sequencer.applied)
    assert told["code"] not in made
    assert told["code"].replace("-", "") not in made, "only its hash travels"
    path = shell.folder / "new.key"
    keys.new_key("演示新人", "trader").save(path)
    code, _, err = await shell.run("keys", "enrol", path, "--code", told["code"])
    assert (code, "no such enrolment code" in err) == (2, True), "nobody approved it yet"
    shell.approve(told["proposal"])
    enrolled_as = await shell.facts("keys", "enrol", path, "--code", told["code"].lower())
    assert (enrolled_as["role"], enrolled_as["participant"]) == ("trader", 2)
    again = await shell.facts("keys", "enrol", path, "--code", told["code"])
    assert again == enrolled_as, "an answer that was lost does no harm"
    _, out, _ = await shell.run("keys", "enrol", path, "--code", told["code"], "--lang", "zh")
    assert "演示新人, 交易员; 现在可以登录" in out
    _, out, _ = await shell.run("keys", "code", "--list", "--lang", "zh", key=shell.operator)
    assert "挂牌, 撤单" in out
    other = shell.folder / "other.key"
    keys.new_key("演示路人", "trader").save(other)
    code, _, err = await shell.run("keys", "enrol", other, "--code", told["code"])
    assert (code, "the code is taken already" in err) == (2, True)
    view = shell.world.exchange.keys()[-1]
    assert view.permissions == (Permission.LISTED, Permission.CANCEL)
    assert (view.addresses, view.valid_until) == (("127.0.0.0/8",), "2021-12-31")
    assert view.on_disconnect is OnDisconnect.KEY
    assert await is_welcome(shell.world, keys.load(path))


async def test_a_code_is_printed_once_in_both_languages(shell: Shell) -> None:
    words = ("keys", "code", "--person", "演示", "--role", "reader")
    for lang, sign in (("en", "waits for another person"), ("zh", "须经另一人批准")):
        code, out, _ = await shell.run(*words, "--lang", lang, key=shell.operator)
        assert code == 0
        assert sign in out


async def test_a_typing_error_is_told_with_its_group(shell: Shell) -> None:
    path = shell.folder / "new.key"
    keys.new_key("演示", "trader").save(path)
    typed = "AAAA-AAAA-BAAA-AAAA-AAAA-AAAA-AAAA"
    code, _, err = await shell.run("keys", "enrol", path, "--code", typed)
    assert code == 2
    assert "typing error (group 3)" in err
    assert not shell.world.server.counts["connections"]


@pytest.mark.parametrize(
    "words",
    [
        ("--role", "trader", "--person", "演示"),
        ("--role", "operator", "--person", "演示", "--participant", "1"),
        ("--role", "reader"),
        ("--role", "reader", "--person", "演示", "--hours", "0"),
        ("--role", "reader", "--person", "演示" * 101),
        ("--role", "reader", "--person", "演示", "--permission", "cancel"),
        ("--role", "reader", "--person", "演示", "--address", "nowhere!"),
        ("--role", "reader", "--person", "演示", "--address", "192.0.2.7/24"),
        ("--role", "reader", "--person", "演示", "--valid-until", "soon"),
        ("--role", "reader", "--person", "演示", "--valid-until", "2022-02-29"),
    ],
)
async def test_terms_that_cannot_be_are_told_before_anything_is_proposed(
    shell: Shell, words: tuple[str, ...]
) -> None:
    code, out, err = await shell.run("keys", "code", *words, key=shell.operator)
    assert (code, out) == (2, "")
    assert err.startswith("ceax: ")
    assert not shell.world.exchange.proposals()


async def test_a_public_key_is_enrolled_by_hand(shell: Shell) -> None:
    key = keys.new_key("演示风控", Role.RISK)
    found = await shell.facts(
        *("keys", "enrol", "--public-key", key.public_key, "--person", "演示风控"),
        *("--role", "risk", "--participant", 1),
        key=shell.operator,
    )
    shell.approve(found["proposals"][0])
    assert await is_welcome(shell.world, key)
    code, _, err = await shell.run("keys", "enrol", key=shell.operator)
    assert (code, "either" in err) == (2, True)


async def test_a_key_is_followed_by_the_next_and_ended(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = shell.folder / "old.key", shell.folder / "new.key"
    words = shell.folder / "words"
    words.write_text(WORDS)
    words.chmod(0o600)
    shell.world.traders[0].save(old, WORDS)
    rotate = ("keys", "rotate", new, "--revoke-old", "--passphrase-file", words)
    found = await shell.facts(*rotate, key=old)
    assert found["previous"] == shell.world.trader_key(1)
    assert found["is_revoked"]
    assert not await is_welcome(shell.world, shell.world.traders[0])
    assert await is_welcome(shell.world, keys.load(new, WORDS))
    code, _, err = await shell.run(*rotate, key=old)
    assert (code, "exists" in err) == (2, True), "a key file is never overwritten"


async def test_the_next_key_may_have_another_passphrase_than_the_old_one(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = shell.folder / "old.key", shell.folder / "new.key"
    shell.world.traders[0].save(old, WORDS)
    monkeypatch.setenv(passphrase.VARIABLE, WORDS)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda _: WORDS[::-1])
    rotate = ("keys", "rotate", new, "--revoke-old", "--passphrase")
    assert (await shell.facts(*rotate, key=old))["is_revoked"]
    assert await is_welcome(shell.world, keys.load(new, WORDS[::-1]))


async def test_a_refused_rotation_leaves_no_file(shell: Shell) -> None:
    old = shell.folder / "old.key"
    shell.world.traders[0].save(old)
    for number in (1, 2):
        code, _, err = await shell.run("keys", "rotate", shell.folder / f"{number}.key", key=old)
    assert code == 2
    assert "valid keys" in err
    assert (shell.folder / "1.key").exists()
    assert not (shell.folder / "2.key").exists()


async def test_a_rotation_whose_login_is_refused_leaves_no_file(shell: Shell) -> None:
    stranger, new = shell.folder / "stranger.key", shell.folder / "next.key"
    keys.new_key("演示外人", Role.TRADER).save(stranger)
    code, _, err = await shell.run("keys", "rotate", new, key=stranger)
    assert (code, "not enrolled" in err, new.exists()) == (2, True, False)


async def test_a_code_for_a_company_that_is_not_there_is_refused_at_once(shell: Shell) -> None:
    wish = ("--person", "演示新人", "--role", "trader", "--participant", 99)
    code, _, err = await shell.run("keys", "code", *wish, key=shell.operator)
    assert (code, "participant 99 is not admitted" in err) == (2, True)
    hand = ("--public-key", keys.new_key("演示新人", Role.TRADER).public_key)
    code, _, err = await shell.run("keys", "enrol", *hand, *wish, key=shell.operator)
    assert (code, "participant 99 is not admitted" in err) == (2, True)
    assert shell.world.exchange.proposals() == ()


async def test_revocation_by_number_ends_connections(shell: Shell) -> None:
    async with raw(shell.world, shell.world.traders[0]) as client:
        number = shell.world.trader_key(1)
        found = await shell.facts("keys", "revoke", number, "--reason", "离职", key=shell.operator)
        assert found == {"key": number, "state": "revoked"}
        await client.socket.wait_closed()
    code, _, err = await shell.run("keys", "revoke", 1, "--reason", "x", key=shell.operator)
    assert (code, "two persons must remain" in err) == (2, True)


async def test_who_revokes_its_own_key_is_told_so(shell: Shell) -> None:
    own = shell.folder / "own.key"
    shell.world.traders[0].save(own)
    number = shell.world.trader_key(1)
    found = await shell.facts("keys", "revoke", number, "--reason", "离职", key=own)
    assert found["state"] == "revoked"


async def test_keys_are_listed_with_their_state(shell: Shell) -> None:
    enrolled(
        shell.world,
        permissions=(Permission.LISTED,),
        addresses=("192.0.2.0/24",),
        on_disconnect=OnDisconnect.CONNECTION,
    )
    rows = (await shell.facts("keys", "list", key=shell.operator))["keys"]
    assert [row["state"] for row in rows] == ["active"] * len(rows)
    assert rows[-1]["addresses"] == ["192.0.2.0/24"]
    code, out, _ = await shell.run("keys", "list", "--lang", "zh", key=shell.operator)
    assert code == 0
    for text in ("演示运营员甲", "有效", "192.0.2.0/24", "P0001", "挂牌", "运营员", "任一连接断开"):
        assert text in out
    for text in ("listed", "trader", "operator"):
        assert text not in out
    code, out, _ = await shell.run("keys", "list", key=shell.operator)
    for text in ("cancels when lost", "any connection", "nothing", "listed", "trader"):
        assert text in out
    trader = shell.folder / "trader.key"
    shell.world.traders[0].save(trader)
    code, _, err = await shell.run("keys", "list", key=trader)
    fix = "this role may not do that; use the key of an operator, auditor or administrator: --key"
    assert (code, err.startswith(f"ceax: {fix}")) == (2, True), "the fix, and no code in front"
    code, _, err = await shell.run("keys", "list", "--lang", "zh", key=trader)
    assert (code, "该角色无此权限; 请用运营员、审计员或企业管理员的密钥" in err) == (2, True)
    words = ("keys", "code", "--person", "演示", "--role", "reader")
    code, _, err = await shell.run(*words, key=trader)
    assert (code, "use the key of an operator or administrator" in err) == (2, True)


async def test_a_key_that_ended_is_told_with_what_to_do(shell: Shell) -> None:
    trader = shell.folder / "trader.key"
    shell.world.traders[0].save(trader)
    views = shell.world.exchange.keys()
    (row,) = (view for view in views if view.public_key == shell.world.traders[0].public_key)
    await shell.facts("keys", "revoke", row.key, "--reason", "离职", key=shell.operator)
    for lang, fix in (("en", "take another key with --key"), ("zh", "请用 --key 换一把有效的密钥")):
        new = shell.folder / f"{lang}.key"
        code, _, err = await shell.run("keys", "rotate", new, "--lang", lang, key=trader)
        assert (code, fix in err) == (2, True)
        assert not new.exists()


def test_whoever_a_command_asks_for_has_words_in_both_languages() -> None:
    def walk(parser: argparse.ArgumentParser) -> Iterator[str]:
        yield from filter(None, [parser.get_default("whose")])
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                for inner in action.choices.values():
                    yield from walk(inner)

    asked = set(walk(ceax.build_parser()))
    assert len(asked) >= 7
    for whose in asked:
        for lang in ("zh", "en"):
            error = RequestFailed("rejected", "ROLE_NOT_PERMITTED", "x")
            assert "--key" in cli_fixes.told(error, whose, lang)


async def test_an_administrator_lists_the_keys_of_its_own_company(shell: Shell) -> None:
    path = shell.folder / "administrator.key"
    enrolled(shell.world, role=Role.ADMINISTRATOR).save(path)
    rows = (await shell.facts("keys", "list", key=path))["keys"]
    assert [row["participant"] for row in rows] == [1, 1]


async def test_a_participant_is_suspended_restored_and_removed_by_two(shell: Shell) -> None:
    def status(number: int) -> str:
        return shell.world.exchange.participants()[number - 1].status

    async def propose(*words: object) -> None:
        found = await shell.facts("participant", *words, key=shell.operator)
        assert found["participant"] == 2
        shell.approve(found["proposal"])

    await propose("suspend", "P0002", "--reason", "演示")
    assert status(2) == "suspended"
    await propose("restore", 2, "--reason", "演示")
    assert status(2) == "active"
    code, _, err = await shell.run("participant", "restore", 2, "--reason", "x", key=shell.operator)
    assert (code, "neither suspended nor removed" in err) == (2, True)
    await propose("remove", 2, "--reason", "演示移出")
    assert status(2) == "removed"
    found = await shell.facts("participant", "list", "--state", "removed", key=shell.operator)
    assert [row["participant"] for row in found["participants"]] == [2]
    await propose("restore", 2, "--reason", "演示", "--year", 2022)
    assert status(2) == "active"
    assert shell.world.exchange.participants()[1].compliance_year == 2022
    code, out, _ = await shell.run("participant", "list", "--lang", "zh", key=shell.operator)
    assert (code, "演示电厂002" in out) == (0, True)
    code, _, err = await shell.run("participant", "remove", 99, "--reason", "x", key=shell.operator)
    assert (code, "participant 99 is not admitted" in err) == (2, True)


# ---------------------------------------------------------------- a company's own administrators


async def test_two_administrators_manage_the_keys_of_their_company(shell: Shell) -> None:
    files = []
    for number in (1, 2):
        key = enrolled(shell.world, role=Role.ADMINISTRATOR, person=f"演示管理员{number}")
        files.append(shell.folder / f"administrator-{number}.key")
        key.save(files[-1])
    first, second = files
    code = ("keys", "code", "--person", "演示同事", "--role", "trader", "--permission", "block")
    told = await shell.facts(*code, "--participant", 1, key=first)
    waiting = (await shell.facts("proposals", "list", key=second))["proposals"]
    assert [(row["proposal"], row["participant"]) for row in waiting] == [(told["proposal"], 1)]
    words = ("proposals", "approve", told["proposal"])
    exit_code, _, err = await shell.run(*words, key=first)
    assert (exit_code, "ceax:" in err) == (2, True), "nobody approves the own proposal"
    done = await shell.facts(*words, key=second)
    assert done["events"] == ["ProposalApproved", "CodeIssued"]
    path = shell.folder / "colleague.key"
    keys.new_key("演示同事", "trader").save(path)
    await shell.facts("keys", "enrol", path, "--code", told["code"])
    assert shell.world.exchange.keys()[-1].permissions == (Permission.BLOCK,)
    exit_code, _, err = await shell.run(*code, "--participant", 2, key=first)
    assert (exit_code, "may not" in err) == (2, True), "of its own company alone"


async def test_proposals_are_listed_and_rejected(shell: Shell) -> None:
    told = await shell.facts("participant", "suspend", 1, "--reason", "演示", key=shell.operator)
    number = told["proposal"]
    exit_code, out, _ = await shell.run("proposals", "list", "--lang", "zh", key=shell.operator)
    assert exit_code == 0
    assert "交易限制 P0001: 暂停交易" in out
    exit_code, out, _ = await shell.run("proposals", "list", key=shell.operator)
    assert (exit_code, "restrict P0001: suspended" in out) == (0, True)
    assert "RestrictParticipant" not in out
    (row,) = (await shell.facts("proposals", "list", key=shell.operator))["proposals"]
    assert row["actions"][0]["type"] == "RestrictParticipant", "programs still read the action"
    reject = ("proposals", "reject", number, "--reason", "演示")
    exit_code, out, _ = await shell.run(*reject, "--lang", "zh", key=shell.operator)
    assert (exit_code, "已拒绝" in out) == (0, True)
    exit_code, _, err = await shell.run("proposals", "approve", number, key=shell.operator)
    assert (exit_code, err.startswith("ceax: ")) == (2, True)
