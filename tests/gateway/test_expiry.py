"""Keys that end soon are told in time: the rule, the client, and the list of keys."""

import json
from pathlib import Path

import pytest

import ceax
from engine.units import DAY_NS, midnight_ns
from gateway.expiry import WARNING_DAYS, days_left, ends_soon
from tests.gateway.gateway_world import serving
from tests.gateway.test_keys_commands import Shell
from tests.gateway.test_login_states import enrolled


@pytest.mark.parametrize(
    ("valid_until", "today", "left"),
    [
        ("2021-07-16", "2021-07-16", 0),
        ("2021-07-17", "2021-07-16", 1),
        ("2021-07-15", "2021-07-16", -1),
        ("2022-01-01", "2021-12-31", 1),
        ("2024-03-01", "2024-02-28", 2),
    ],
)
def test_days_are_counted_by_the_date_of_beijing(valid_until: str, today: str, left: int) -> None:
    midnight = midnight_ns(today)
    assert days_left(valid_until, midnight) == left
    assert days_left(valid_until, midnight + DAY_NS - 1) == left
    assert days_left(valid_until, midnight - 1) == left + 1


def test_a_key_is_told_from_the_thirtieth_last_day_on() -> None:
    assert not ends_soon(None), "it holds until it is revoked"
    assert days_left("", 0) is None
    assert [ends_soon(left) for left in (WARNING_DAYS, WARNING_DAYS - 1, 0, -1)] == [
        False,
        True,
        True,
        True,
    ]


async def test_a_client_knows_how_long_its_key_holds() -> None:
    async with serving() as world:
        key = enrolled(world, valid_until="2021-07-30")
        async with await world.connect(key) as client:
            assert client.days_left == 14
        async with await world.trader() as client:
            assert client.days_left is None


async def test_the_list_of_keys_tells_what_ends_soon(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with serving() as world:
        shell = Shell(world, tmp_path, capsys)
        for number, date in enumerate(("2021-07-30", "2021-12-31")):
            enrolled(world, person=f"演示{number}", valid_until=date)
        rows = (await shell.facts("keys", "list", key=shell.operator))["keys"]
        assert [row["days_left"] for row in rows] == [None] * (len(rows) - 2) + [14, 168]
        code, out, _ = await shell.run("keys", "list", "--lang", "zh", key=shell.operator)
        assert code == 0
        assert "剩余天数" in out
        assert "14" in out
        assert "有 1 个密钥将在 30 天内到期" in out
        _, out, _ = await shell.run("keys", "list", key=shell.operator)
        assert "1 key holds for fewer than 30 days more" in out


async def test_issued_codes_are_listed_without_what_they_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with serving() as world:
        shell = Shell(world, tmp_path, capsys)
        told = await shell.facts(
            *("keys", "code", "--person", "演示新人", "--role", "trader", "--participant", 2),
            key=shell.operator,
        )
        shell.approve(told["proposal"])
        (row,) = (await shell.facts("keys", "code", "--list", key=shell.operator))["codes"]
        assert (row["person"], row["participant"], row["state"]) == ("演示新人", 2, "waiting")
        assert told["code"] not in json.dumps(row)
        path = tmp_path / "new.key"
        assert (
            ceax.main(["keys", "new", str(path), "--person", "演示新人", "--role", "trader"]) == 0
        )
        capsys.readouterr()
        await shell.facts("keys", "enrol", path, "--code", told["code"])
        (row,) = (await shell.facts("keys", "code", "--list", key=shell.operator))["codes"]
        assert (row["state"], row["key"]) == ("claimed", world.exchange.keys()[-1].key)
        for lang, sign in (("zh", "已使用"), ("en", "claimed")):
            words = ("keys", "code", "--list", "--lang", lang)
            code, out, _ = await shell.run(*words, key=shell.operator)
            assert (code, sign in out) == (0, True)
