"""What is told to whom at the door: the state of a key only to who has it, the same to all strangers."""

import asyncio
import time
from typing import Any

import pytest
import websockets

from engine.commands import (
    EnrolKey,
    OpenDay,
    RemoveParticipant,
    RestoreParticipant,
    Restriction,
    RestrictParticipant,
    RevokeKey,
    Role,
)
from gateway import keys
from gateway.access import Access, Visit
from gateway.codes import Fault
from gateway.keys import KeyFile
from gateway.wire import Login, login_text
from tests.gateway.gateway_world import OPERATOR_ONE, Raw, World, closing, raw, serving, settings

MONDAY = "2021-07-19"


def next_day(world: World) -> None:
    world.go_to("16:00")
    world.sequencer.now_ns = world.clock("08:30", MONDAY)
    world.send(0, OpenDay(date=MONDAY))


async def refusal(world: World, key: KeyFile, **changes: Any) -> dict[str, Any]:
    async with raw(world) as client:
        reply = await client.ask(client.login(key, **changes))
        assert reply["type"] == "LoginRefused", reply
        assert (await closing(client))[0] == 4001
        return reply


async def is_welcome(world: World, key: KeyFile) -> bool:
    async with raw(world) as client:
        return bool((await client.ask(client.login(key)))["type"] == "Welcome")


def enrolled(world: World, **terms: Any) -> KeyFile:
    key = keys.new_key("演示新人", terms.get("role", Role.TRADER))
    given: dict[str, Any] = {"role": Role.TRADER, "person": "演示新人", "participant": 1}
    given |= terms
    events = world.approve(EnrolKey(public_key=key.public_key, **given)).events
    assert type(events[-1]).__name__ == "KeyEnrolled", events
    return key


async def test_a_revoked_key_is_told_so_if_it_is_its_own() -> None:
    async with serving() as world:
        key = world.traders[0]
        world.send(world.trader_key(1), RevokeKey(key=world.trader_key(1), explanation="演示"))
        told = await refusal(world, key)
        assert (told["code"], told["number"]) == ("KEY_REVOKED", 112)
        stranger = await refusal(world, keys.new_key("演示", "trader"), public_key=key.public_key)
        assert stranger["code"] == "KEY_UNKNOWN", "a stranger learns nothing of the key's state"


async def test_a_key_holds_on_its_last_day_and_not_after() -> None:
    async with serving() as world:
        key = enrolled(world, valid_until="2021-07-16")
        assert await is_welcome(world, key)
        next_day(world)
        told = await refusal(world, key)
        assert (told["code"], told["number"]) == ("KEY_EXPIRED", 113)
        assert await is_welcome(world, world.traders[0])


async def test_a_removed_participant_is_refused_until_it_is_restored() -> None:
    async with serving() as world:
        world.approve(RemoveParticipant(participant=1, explanation="演示移出"))
        for key, text in ((world.traders[0], "no longer on the list"),):
            told = await refusal(world, key)
            assert (told["code"], told["number"]) == ("PARTICIPANT_REMOVED", 114)
            assert text in told["text"]
        assert await is_welcome(world, world.traders[1])
        world.approve(RestoreParticipant(participant=1, compliance_year=2021))
        assert await is_welcome(world, world.traders[0])


async def test_a_suspended_participant_comes_in_to_cancel() -> None:
    async with serving() as world:
        world.approve(RestrictParticipant(participant=1, restriction=Restriction.SUSPENDED))
        assert await is_welcome(world, world.traders[0])


async def test_a_key_comes_in_from_its_addresses_alone() -> None:
    async with serving() as world:
        assert await is_welcome(world, enrolled(world, addresses=("127.0.0.0/8",)))
        elsewhere = enrolled(world, addresses=("192.0.2.0/24", "2001:db8::/32"))
        told = await refusal(world, elsewhere)
        assert told["code"] == "ADDRESS_NOT_LISTED"
        assert "127.0.0.1" in told["text"]
        stranger = await refusal(
            world, keys.new_key("演示", "trader"), public_key=elsewhere.public_key
        )
        assert stranger["code"] == "KEY_UNKNOWN"


async def test_behind_a_proxy_of_ours_its_last_word_is_the_address_and_no_other() -> None:
    forged = {"X-Forwarded-For": "192.0.2.7, 198.51.100.1"}
    honest = {"X-Forwarded-For": "198.51.100.1, 192.0.2.7"}
    for proxies, headers, expected in (
        (("127.0.0.1",), honest, "Welcome"),
        (("127.0.0.1",), forged, "LoginRefused"),
        ((), honest, "LoginRefused"),
    ):
        async with serving(settings(proxies=proxies)) as world:
            key = enrolled(world, addresses=("192.0.2.0/24",))
            async with raw(world, additional_headers=headers) as client:
                reply = await client.ask(client.login(key))
                assert reply["type"] == expected, (proxies, headers)
                assert reply.get("code", "ADDRESS_NOT_LISTED") == "ADDRESS_NOT_LISTED"


async def test_welcome_tells_what_the_key_may_do_and_until_when() -> None:
    async with serving() as world:
        key = enrolled(world, permissions=("listed", "cancel"), valid_until="2021-12-31")
        async with raw(world) as client:
            welcome = await client.ask(client.login(key))
            assert welcome["permissions"] == ["listed", "cancel"]
            assert welcome["valid_until"] == "2021-12-31"


@pytest.mark.parametrize("is_doubled", [False, True])
async def test_a_host_that_this_gateway_does_not_answer_for_is_told_so(is_doubled: bool) -> None:
    async with serving() as world:
        port = world.server.port
        url = f"ws://127.0.0.1:{port}" if is_doubled else "ws://bank.example"
        headers = {"Host": f"127.0.0.1:{port}"} if is_doubled else {}
        dial = websockets.connect(
            url, host="127.0.0.1", port=port, proxy=None, additional_headers=headers
        )
        async with dial as socket:
            client = Raw(socket, url)
            client.nonce = (await client.take())["nonce"]
            told = await client.ask(client.login(world.traders[0]))
            assert told["code"] == "HOST_UNKNOWN"


async def test_strangers_wait_equally_long_and_cost_equal_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    verified: list[str] = []
    honest = keys.verify

    def verify(public_key: str, message: bytes, signature: str) -> bool:
        verified.append(public_key)
        return honest(public_key, message, signature)

    monkeypatch.setattr(keys, "verify", verify)
    async with serving(settings(refusal_delay_s=0.3)) as world:
        stranger = keys.new_key("演示路人", Role.TRADER)
        for public_key in (stranger.public_key, world.traders[0].public_key):
            before = len(verified)
            began_s = time.monotonic()
            told = await refusal(world, stranger, public_key=public_key)
            assert told["code"] == "KEY_UNKNOWN"
            assert time.monotonic() - began_s >= 0.3
            assert len(verified) == before + 1, "one signature is checked, known key or not"
    async with serving(settings(refusal_delay_s=3_600)) as world:
        assert await is_welcome(world, world.traders[0]), "who is no stranger does not wait"


async def test_a_connection_has_one_try() -> None:
    async with serving(settings(refusal_delay_s=0.05)) as world, raw(world) as client:
        stranger = keys.new_key("演示路人", Role.TRADER)
        await client.send(client.login(stranger))
        await client.send(client.login(world.traders[0]))
        assert (await client.take())["type"] == "LoginRefused"
        assert (await closing(client))[0] == 4001
        assert not world.server.entrance.counts["login"]


async def test_who_fails_too_often_is_turned_away_and_others_are_not(
    no_refill: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = settings(login_failures=3, login_failures_per_minute=60, refusal_delay_s=0.0)
    async with serving(limits) as world:
        assert await is_welcome(world, world.traders[0])
        stranger = keys.new_key("演示路人", Role.TRADER)
        codes = [(await refusal(world, stranger))["code"] for _ in range(4)]
        assert codes == ["KEY_UNKNOWN"] * 3 + ["LOGIN_LIMITED"]
        told = await refusal(world, world.traders[1])
        assert told["code"] == "LOGIN_LIMITED", "the address is known for its failures"
        assert 0 < told["retry_after_ms"] <= 1_001
        assert await is_welcome(world, world.traders[0]), "it came in from here before"
        monkeypatch.undo()  # time passes again
        await asyncio.sleep(told["retry_after_ms"] / 1000)
        assert await is_welcome(world, world.traders[1])


def test_the_order_of_the_checks() -> None:
    """Each check hides those behind it: a login that is wrong in all ways is told the first."""
    world = World()
    key = enrolled(world, addresses=("192.0.2.1",))
    access = Access(world.exchange, settings(login_failures=1))
    now_ns = time.time_ns()
    good = Visit(host="h:1", nonce="ab", address="192.0.2.1")

    def login(drift_s: int = 0, signer: KeyFile = key) -> Login:
        time_ns = now_ns + drift_s * 10**9
        text = login_text(good.host, good.nonce, key.public_key, time_ns)
        return Login(public_key=key.public_key, time_ns=time_ns, signature=signer.sign(text))

    def told(frame: Login, visit: Visit) -> str:
        with pytest.raises(Fault) as caught:
            access.check_login(frame, visit, now_ns)
        return caught.value.code

    thief = keys.new_key("演示", "trader")
    elsewhere = Visit(host="h:1", nonce="ab", address="198.51.100.1")
    nowhere = Visit(host="", nonce="ab", address="198.51.100.1")
    assert told(login(9, thief), nowhere) == "HOST_UNKNOWN"
    assert told(login(9, thief), elsewhere) == "CLOCK_OFF"
    assert told(login(0, thief), elsewhere) == "KEY_UNKNOWN"
    assert told(login(0, thief), nowhere) == "LOGIN_LIMITED"
    access = Access(world.exchange, settings())
    assert told(login(), elsewhere) == "ADDRESS_NOT_LISTED"
    for drift_s in (-5, 0, 5):
        assert access.check_login(login(drift_s), good, now_ns).person == "演示新人"
    for over_ns in (-1, 1):  # told as more than what is allowed
        with pytest.raises(Fault) as caught:
            access.check_login(login(over_ns * 5), good, now_ns - over_ns)
        assert (caught.value.code, caught.value.detail) == ("CLOCK_OFF", 6)
    number = access.check_login(login(), good, now_ns).key
    access.learn(world.send(OPERATOR_ONE, RevokeKey(key=number, explanation="演示")).events)
    assert told(login(), elsewhere) == "KEY_REVOKED"


def test_a_gateway_that_starts_later_knows_what_ended_before() -> None:
    world = World()
    world.open()
    dated = enrolled(world, valid_until="2021-07-16")
    world.send(OPERATOR_ONE, RevokeKey(key=world.trader_key(1), explanation="演示"))
    world.approve(RemoveParticipant(participant=2, explanation="演示移出"))
    next_day(world)
    access = Access(world.exchange, settings())
    visit, now_ns = Visit(host="h:1", nonce="ab"), time.time_ns()
    told = []
    for key in (world.traders[0], dated, world.traders[1]):
        text = login_text(visit.host, visit.nonce, key.public_key, now_ns)
        login = Login(public_key=key.public_key, time_ns=now_ns, signature=key.sign(text))
        with pytest.raises(Fault) as caught:
            access.check_login(login, visit, now_ns)
        told.append(caught.value.code)
    assert told == ["KEY_REVOKED", "KEY_EXPIRED", "PARTICIPANT_REMOVED"]


@pytest.mark.usefixtures("no_refill")
async def test_a_refused_login_says_what_became_of_it_and_whether_to_try_again() -> None:
    limits = settings(login_failures=1, login_failures_per_minute=60, refusal_delay_s=0.0)
    async with serving(limits) as world:
        stranger = keys.new_key("演示路人", Role.TRADER)
        unknown = await refusal(world, stranger)
        limited = await refusal(world, stranger)
    for told, code, outcome, retry in (
        (unknown, "KEY_UNKNOWN", "rejected", "never"),
        (limited, "LOGIN_LIMITED", "not_sent", "after"),
    ):
        assert (told["code"], told["outcome"], told["retry"]) == (code, outcome, retry)
        assert (told["retry"] == "after") == bool(told["retry_after_ms"])
