"""`ceax keys limit` against a running gateway: who may, what it says, and what an order hears afterwards."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.commands import Role, Side
from engine.reasons import Reason
from engine.units import QUANTITY_T_MAX
from gateway.words import PUBLIC_SHOWN
from tests.gateway.gateway_world import serving
from tests.gateway.test_keys_commands import Shell
from tests.gateway.test_login_states import enrolled
from tests.markets import PRODUCT


@pytest.fixture
async def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> AsyncIterator[Shell]:
    async with serving() as world:
        yield Shell(world, tmp_path, capsys)


def words(number: int, most: int) -> tuple[object, ...]:
    return ("keys", "limit", number, "--order-max-t", most, "--explanation", "演示")


async def test_a_risk_officer_limits_its_companys_trader_and_an_operator_lifts_it(
    shell: Shell,
) -> None:
    path, number = shell.folder / "risk.key", shell.world.trader_key(1)
    enrolled(shell.world, role=Role.RISK).save(path)
    found = await shell.facts(*words(number, 1_500), key=path)
    assert found == {"key": number, "order_max_t": 1_500}
    rows = (await shell.facts("keys", "list", key=path))["keys"]
    assert {row["key"]: row["order_max_t"] for row in rows} == {number: 1_500, rows[-1]["key"]: 0}
    assert {row["participant"] for row in rows} == {1}
    _, out, _ = await shell.run("keys", "list", "--lang", "zh", key=path)
    assert "单笔上限" in out
    assert "1,500" in out
    async with await shell.world.trader(1) as trader:
        answer = await trader.place_listing(PRODUCT, Side.BUY, 4_800, 1_501)
        assert answer.refused is not None
        assert answer.refused.reason is Reason.OWN_LIMIT
        assert answer.text == "the own limit of this key is 1,500 t an order, this one has 1,501 t"
        assert (await trader.place_listing(PRODUCT, Side.BUY, 4_800, 1_500)).refused is None
        code, out, _ = await shell.run(*words(number, 0), "--lang", "zh", key=shell.operator)
        assert (code, "不再限量" in out) == (0, True)
        assert (await trader.place_listing(PRODUCT, Side.BUY, 4_800, 1_501)).refused is None


async def test_it_says_what_holds_now_in_both_languages(shell: Shell) -> None:
    number = shell.world.trader_key(1)
    for lang, most, sign in (
        ("en", 2_000, "at most 2,000 t"),
        ("zh", 2_000, "至多 2,000 吨"),
        ("en", 0, "no own limit any more"),
    ):
        code, out, _ = await shell.run(*words(number, most), "--lang", lang, key=shell.operator)
        assert (code, sign in out) == (0, True), out


async def test_who_may_not_and_what_cannot_be_are_told_with_the_way_out(shell: Shell) -> None:
    own, risk = shell.folder / "own.key", shell.folder / "risk.key"
    shell.world.traders[0].save(own)
    enrolled(shell.world, role=Role.RISK).save(risk)
    mine, other = shell.world.trader_key(1), shell.world.trader_key(2)
    for key, number, lang, sign in (
        (own, mine, "en", "use the key of a risk officer, administrator or operator"),
        (own, mine, "zh", "请用风控员、企业管理员或运营员的密钥"),
        (risk, other, "en", "this role may not do that"),
        (risk, 99, "en", "the key is not enrolled"),
    ):
        code, _, err = await shell.run(*words(number, 5), "--lang", lang, key=key)
        assert (code, sign in err) == (2, True), err
    for wrong in (-1, QUANTITY_T_MAX + 1):
        code, _, err = await shell.run(*words(mine, wrong), key=risk)
        assert (code, f"between 0 and {QUANTITY_T_MAX}" in err) == (2, True)
    views = shell.world.exchange.keys()
    assert {row.order_max_t for row in views} == {0}


async def test_a_key_is_limited_by_whatever_the_list_calls_it(shell: Shell) -> None:
    trader = shell.world.traders[1]
    for called, most in ((trader.person, 700), (trader.public_key[:PUBLIC_SHOWN], 0)):
        named = ("keys", "limit", called, "--order-max-t", most, "--explanation", "演示")
        found = await shell.facts(*named, key=shell.operator)
        assert found == {"key": shell.world.trader_key(2), "order_max_t": most}
