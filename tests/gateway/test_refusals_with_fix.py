"""Whatever a command is refused for, it says what to do, in Chinese and English; keys are found by their names."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.commands import EnrolKey, OnDisconnect, Permission, Propose, RevokeKey, Role
from engine.reasons import EXPLANATIONS, Reason
from gateway import cli_enrol, cli_fixes, cli_tables, keys
from gateway.client_errors import ConnectionFailed, RequestFailed
from gateway.codes import FAULTS
from gateway.errors import Declined
from gateway.words import PUBLIC_SHOWN, Language
from tests.gateway.gateway_world import OPERATOR_ONE, serving
from tests.gateway.test_keys_commands import Shell
from tests.gateway.test_login_states import enrolled
from tests.markets import admission

LANGS = ("zh", "en")
WHOSE = "of an operator, supervisor or administrator"


@pytest.fixture
async def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> AsyncIterator[Shell]:
    async with serving() as world:
        yield Shell(world, tmp_path, capsys)


@pytest.mark.parametrize("lang", LANGS)
def test_every_reason_and_code_is_told_with_what_to_do(lang: Language) -> None:
    names = [reason.name for reason in Reason]
    for text in (cli_fixes.answer_told("x", name, WHOSE, lang) for name in names):
        assert text.startswith("x; ")
        assert len(text) > len("x; ")
        assert "{" not in text
    for name, fault in FAULTS.items():
        error = RequestFailed("rejected", name, "x", retry=fault.retry)
        text = cli_fixes.told(error, WHOSE, lang)
        assert text.startswith("x; ")
        assert "{" not in text


def test_an_exchange_that_is_not_reached_is_told_in_chinese_too() -> None:
    told = cli_fixes.told(ConnectionFailed("no route"), WHOSE, "zh")
    assert told.startswith("未能连接交易系统 (no route); 请核对 --exchange")


def test_every_fix_is_of_a_code_that_there_is() -> None:
    known = {reason.name for reason in EXPLANATIONS} | set(FAULTS)
    assert set(cli_fixes.FIXES) | set(cli_fixes.ANSWERS) <= known


@pytest.mark.parametrize(
    ("error", "fix"),
    [
        (ConnectionFailed("no route"), "check the address of --exchange"),
        (RequestFailed("unknown", "CONNECTION_LOST", "x"), "look whether it was done"),
        (RequestFailed("not_sent", "BUSY", "x", retry="after"), "try again in a moment"),
        (RequestFailed("rejected", "MALFORMED", "x"), "MALFORMED is explained in"),
        (RequestFailed("rejected", "KEY_REVOKED", "x"), "take another key"),
        (Declined("x", "KEY_REVOKED"), "ceax keys list"),
        (Declined("", ""), "look whether it was done"),
    ],
)
def test_the_fix_fits_what_kept_one_from_it(error: Declined | ConnectionFailed, fix: str) -> None:
    assert fix in cli_fixes.told(error, WHOSE, "en")


@pytest.mark.parametrize("lang", LANGS)
async def test_decisions_that_are_refused_end_with_what_to_do(shell: Shell, lang: str) -> None:
    is_chinese = lang == "zh"
    made = shell.world.send(OPERATOR_ONE, Propose(actions=(admission(9),), reason="演示"))
    number = made.events[0].proposal  # type: ignore[union-attr]
    for words, fix in (
        (("approve", number), "须由另一人" if is_chinese else "another person approves it"),
        (("approve", 99), "ceax proposals list"),
        (("reject", 99, "--reason", "x"), "ceax proposals list"),
    ):
        told = ("proposals", *words, "--lang", lang)
        code, out, err = await shell.run(*told, key=shell.operator)
        assert (code, out) == (2, "")
        assert fix in err.split("; ")[-1], err


async def test_an_action_that_is_refused_says_what_to_do(shell: Shell) -> None:
    trader = shell.world.traders[0]
    twice = EnrolKey(
        public_key=trader.public_key, role=Role.TRADER, person=trader.person, participant=1
    )
    second = shell.folder / "second.key"
    shell.world.operators[1].save(second)
    for lang, fix in (("en", "or make another: ceax keys new"), ("zh", "另做一把: ceax keys new")):
        made = shell.world.send(OPERATOR_ONE, Propose(actions=(twice,), reason="演示"))
        number = made.events[0].proposal  # type: ignore[union-attr]
        code, out, _ = await shell.run("proposals", "approve", number, "--lang", lang, key=second)
        assert code == 1
        assert fix in out.splitlines()[-1]


async def test_words_that_cannot_be_are_told_in_chinese_too(shell: Shell) -> None:
    new = shell.folder / "new.key"
    keys.new_key("演示", "trader").save(new)
    code = ("keys", "code", "--lang", "zh", "--person", "演示")
    for words, fix in (
        ((*code, "--role", "trader"), "--participant N 只用于"),
        (code, "--person 姓名 --role 角色"),
        ((*code, "--role", "reader", "--hours", 0), "1 与 720 之间"),
        (("keys", "code", "--lang", "zh", "--person", "", "--role", "reader"), "至少 1 个字符"),
        ((*code, "--role", "reader", "--permission", "cancel"), "只用于 trader"),
        ((*code, "--role", "reader", "--address", "nowhere!"), "请写如 192.0.2.7"),
        ((*code, "--role", "reader", "--valid-until", "2022-02-29"), "请写如 2026-12-31"),
        ((*code, "--role", "trader", "--participant", 99), "ceax participant list"),
        (("participant", "restore", 1, "--reason", "x", "--lang", "zh"), "无需恢复"),
        (("keys", "rotate", new, "--lang", "zh"), "换一个文件名"),
        (("keys", "enrol", "--lang", "zh"), "--public-key HEX"),
        (("keys", "enrol", new, "--lang", "zh"), "及 --code"),
    ):
        exit_code, out, err = await shell.run(*words, key=shell.operator)
        assert (exit_code, out) == (2, "")
        assert fix in err, err
    for typed, fix in (("AAAA-AAAA-BAAA-AAAA-AAAA-AAAA-AAAA", "第 3 组"), ("ABCD", "不是完整的")):
        exit_code, _, err = await shell.run("keys", "enrol", new, "--code", typed, "--lang", "zh")
        assert (exit_code, fix in err) == (2, True)
    unknown = "-".join(["AAAA"] * 7)
    for lang, fix in (("zh", "并确认另一人已批准"), ("en", "that another person has approved")):
        exit_code, _, err = await shell.run("keys", "enrol", new, "--code", unknown, "--lang", lang)
        assert (exit_code, fix in err) == (2, True)


def test_the_command_line_offers_what_the_vocabulary_has() -> None:
    assert set(cli_enrol.ROLES) == {role.value for role in Role}
    assert set(cli_enrol.PERMISSIONS) == {permission.value for permission in Permission}
    assert set(cli_enrol.WAYS) == {way.value for way in OnDisconnect}


async def test_a_code_holds_a_month_at_most(shell: Shell) -> None:
    most = cli_enrol.CODE_HOURS_MAX
    words = ("keys", "code", "--person", "演示", "--role", "reader", "--hours")
    code, _, err = await shell.run(*words, most + 1, key=shell.operator)
    assert (code, f"between 1 and {most}" in err) == (2, True)
    code, out, _ = await shell.run(*words, most, key=shell.operator)
    assert (code, f"holds {most} hours" in out) == (0, True)


# ---------------------------------------------------------------- keys by their names


async def test_a_key_is_revoked_by_whatever_the_list_calls_it(shell: Shell) -> None:
    world = shell.world
    revoke = ("keys", "revoke")
    for place, called in (
        (1, world.traders[0].person),
        (2, world.traders[1].public_key[:PUBLIC_SHOWN].upper()),
        (3, world.traders[2].public_key),
    ):
        told = await shell.facts(*revoke, called, "--reason", "离职", key=shell.operator)
        assert told == {"key": world.trader_key(place), "state": "revoked"}
    code, _, err = await shell.run(
        *revoke, world.traders[0].person, "--reason", "x", key=shell.operator
    )
    assert (code, "see ceax keys list for numbers and names" in err) == (2, True), (
        "it holds no more"
    )
    short = world.operators[1].public_key[: PUBLIC_SHOWN - 1]
    code, _, err = await shell.run(*revoke, short, "--reason", "x", key=shell.operator)
    assert code == 2
    for number, fix in ((world.trader_key(1), "nothing is left to do"), (99, "see the numbers")):
        code, _, err = await shell.run(*revoke, number, "--reason", "x", key=shell.operator)
        assert (code, fix in err) == (2, True), err
    states = [row.state for row in world.exchange.keys()]  # noqa: SIM118
    assert states.count("revoked") == 3


@pytest.mark.parametrize("lang", LANGS)
async def test_a_name_with_two_keys_asks_for_the_number(shell: Shell, lang: str) -> None:
    first = enrolled(shell.world, person="演示两把")
    enrolled(shell.world, person="演示两把", role=Role.RISK)
    rows = shell.world.exchange.keys()
    numbers = [row.key for row in rows if row.person == "演示两把"]
    words = ("keys", "revoke", "演示两把", "--reason", "x", "--lang", lang)
    code, _, err = await shell.run(*words, key=shell.operator)
    role = "交易员" if lang == "zh" else "trader"
    assert (code, f"{numbers[0]} ({role}), {numbers[1]} (" in err) == (2, True), err
    own = shell.folder / "own.key"
    first.save(own)
    code, _, err = await shell.run(*words, key=own)
    assert (code, str(numbers[0]) in err) == (2, True), "who may not list is told its own number"
    command = RevokeKey(key=numbers[1], explanation="演示")
    shell.world.send(OPERATOR_ONE, command)
    told = await shell.facts(*words[:-2], key=shell.operator)
    assert told["key"] == numbers[0], "one that ended is not in the way"


# ---------------------------------------------------------------- many actions in one proposal


async def test_a_proposal_of_many_actions_is_listed_and_cut(shell: Shell) -> None:
    shown = cli_tables.ACTIONS_SHOWN
    for count in (shown, shown + 1):
        actions = tuple(admission(20 + count * 10 + n) for n in range(count))
        shell.world.send(OPERATOR_ONE, Propose(actions=actions, reason="演示"))
    for lang, more in (("en", "… and 1 more"), ("zh", "… 另 1 项")):
        code, out, _ = await shell.run("proposals", "list", "--lang", lang, key=shell.operator)
        assert (code, out.count(more)) == (0, 1)
