"""Codes are claimed at the door with proof of possession; each refusal has its own code."""

import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from engine.commands import IssueCode, OnDisconnect, Permission, RemoveParticipant, Role
from engine.events import CodeIssued, KeyEnrolled
from gateway import enrolling, keys, wire
from gateway.client_errors import ConnectionFailed, LoginRefused
from gateway.enrolment_code import BadCode, hash_of, new_code, read_code
from gateway.keys import KeyFile
from tests.gateway.gateway_world import Raw, World, closing, raw, serving, settings

HOUR_NS = 3_600 * 10**9


def issue(world: World, code: str, **changes: Any) -> int:
    terms: dict[str, Any] = {"role": Role.TRADER, "person": "演示新人", "participant": 1}
    terms |= changes
    valid_ns = terms.pop("code_valid_until_ns", world.exchange.time_ns + HOUR_NS)
    action = IssueCode(code_hash=hash_of(read_code(code)), code_valid_until_ns=valid_ns, **terms)
    issued = world.approve(action).events[-1]
    assert isinstance(issued, CodeIssued), issued
    return issued.code


def enrol(client: Raw, key: KeyFile, code: str, **changes: Any) -> dict[str, Any]:
    parts = {
        "host": client.url.removeprefix("ws://"),
        "nonce": client.nonce,
        "time_ns": time.time_ns(),
        "public_key": key.public_key,
        "signed_code": code,
        **changes,
    }
    text = wire.enrol_text(
        parts["host"],
        parts["nonce"],
        parts["public_key"],
        hash_of(read_code(parts["signed_code"])),
        parts["time_ns"],
    )
    return {
        "type": "Enrol",
        "code": read_code(code),
        "public_key": parts["public_key"],
        "time_ns": parts["time_ns"],
        "signature": key.sign(text),
        "language": changes.get("language", "en"),
    }


@contextlib.asynccontextmanager
async def answered(world: World, key: KeyFile, code: str, **changes: Any) -> AsyncIterator[Any]:
    async with raw(world) as client:
        reply = await client.ask(enrol(client, key, code, **changes))
        reply["close"] = (await closing(client))[0]
        yield reply


async def outcome(world: World, key: KeyFile, code: str, **changes: Any) -> str:
    async with answered(world, key, code, **changes) as reply:
        assert reply["close"] == (4007 if reply["type"] == "Enrolled" else 4001)
        return str(reply.get("code", reply["type"]))


def fresh() -> tuple[KeyFile, str]:
    return keys.new_key("演示新人", Role.TRADER), new_code()


async def test_a_code_enrols_a_key_with_the_terms_that_were_approved() -> None:
    async with serving() as world:
        key, code = fresh()
        number = issue(
            world,
            code,
            permissions=(Permission.LISTED, Permission.CANCEL),
            addresses=("127.0.0.1",),
            valid_until="2021-12-31",
            on_disconnect=OnDisconnect.CONNECTION,
        )
        async with answered(world, key, code) as reply:
            assert (reply["type"], reply["person"], reply["participant"]) == (
                "Enrolled",
                "演示新人",
                1,
            )
            assert reply["close"] == 4007
        event = world.sequencer.applied[-1].events[-1]
        assert isinstance(event, KeyEnrolled)
        assert (event.code, event.public_key) == (number, key.public_key)
        assert event.permissions == (Permission.LISTED, Permission.CANCEL)
        async with raw(world) as client:
            welcome = await client.ask(client.login(key))
            assert (welcome["type"], welcome["key"]) == ("Welcome", reply["key"])


async def test_every_refused_claim_has_its_own_code() -> None:
    async with serving() as world:
        key, code = fresh()
        assert await outcome(world, key, code) == "CODE_UNKNOWN"
        issue(world, code, code_valid_until_ns=world.exchange.time_ns + 100)
        world.sequencer.now_ns = world.exchange.time_ns + 200
        assert await outcome(world, key, code) == "CODE_EXPIRED"
        key, code = fresh()
        issue(world, code)
        assert await outcome(world, key, code) == "Enrolled"
        assert await outcome(world, keys.new_key("演示", "trader"), code) == "CODE_USED"
        second = new_code()
        issue(world, second)
        assert await outcome(world, key, second) == "KEY_ALREADY_ENROLLED"
        third = new_code()
        issue(world, third, participant=2)
        world.approve(RemoveParticipant(participant=2, explanation="演示移出"))
        other = keys.new_key("演示新人", Role.TRADER)
        assert await outcome(world, other, third) == "PARTICIPANT_REMOVED"


async def test_a_claim_must_prove_that_it_has_the_key() -> None:
    async with serving() as world:
        key, code = fresh()
        issue(world, code)
        thief = keys.new_key("演示路人", Role.TRADER)
        assert await outcome(world, thief, code, public_key=key.public_key) == "SIGNATURE_WRONG"
        for change in (
            {"nonce": "00" * 32},
            {"host": "elsewhere:1"},
            {"signed_code": new_code()},
        ):
            assert await outcome(world, key, code, **change) == "SIGNATURE_WRONG"
        late = {"time_ns": time.time_ns() - 6 * 10**9}
        assert await outcome(world, key, code, **late) == "CLOCK_OFF"
        small = "01" + "00" * 31
        assert await outcome(world, key, code, public_key=small) == "SIGNATURE_WRONG"
        assert await outcome(world, key, code) == "Enrolled", "nothing of this used the code up"


async def test_a_login_signature_is_no_claim_and_a_claim_no_login() -> None:
    async with serving() as world:
        key, code = fresh()
        issue(world, code)
        async with raw(world) as client:
            claim = enrol(client, key, code)
            claim["signature"] = client.login(key, time_ns=claim["time_ns"])["signature"]
            assert (await client.ask(claim))["code"] == "SIGNATURE_WRONG"
        trader = world.traders[0]
        async with raw(world) as client:
            login = client.login(trader)
            login["signature"] = enrol(client, trader, code, time_ns=login["time_ns"])["signature"]
            assert (await client.ask(login))["code"] == "KEY_UNKNOWN"


async def test_guessing_codes_is_bounded() -> None:
    limits = settings(login_failures=3, login_failures_per_minute=1, refusal_delay_s=0.0)
    async with serving(limits) as world:
        sequence = world.exchange.sequence
        key = keys.new_key("演示路人", Role.TRADER)
        codes = [await outcome(world, key, new_code()) for _ in range(6)]
        assert codes == ["CODE_UNKNOWN"] * 3 + ["LOGIN_LIMITED"] * 3
        assert world.exchange.sequence == sequence + 3, "only so many reach the log"


async def test_a_refused_claim_tells_in_the_language_asked_for() -> None:
    async with serving() as world:
        key, code = fresh()
        async with answered(world, key, code, language="zh") as reply:
            assert reply["text"] == "没有该开通码"
            assert reply["number"] == 116


async def test_the_client_library_claims_and_then_logs_in() -> None:
    async with serving() as world:
        key, code = fresh()
        issue(world, code)
        with pytest.raises(LoginRefused) as refused:
            await enrolling.enrol(world.server.url, key, new_code())
        assert refused.value.code == "CODE_UNKNOWN"
        enrolled = await enrolling.enrol(world.server.url, key, f" {code.lower()} ")
        assert (enrolled.role, enrolled.participant) == ("trader", 1)
        async with await world.connect(key) as client:
            assert client.welcome.key == enrolled.key


async def test_a_typing_error_never_leaves_the_machine() -> None:
    async with serving() as world:
        code = new_code()
        wrong = code[:-1] + ("A" if code[-1] != "A" else "B")
        with pytest.raises(BadCode):
            await enrolling.enrol(world.server.url, keys.new_key("演示", "trader"), wrong)
        assert not world.server.counts["connections"]
    with pytest.raises(ConnectionFailed):
        await enrolling.enrol(world.server.url, keys.new_key("演示", "trader"), code)
