"""Who came, went and was turned away stands in the log: bounded, counted, and never a secret."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from engine.commands import AccessKind, RecordAccess, RevokeKey
from engine.events import AccessRecorded
from gateway import audit, keys
from gateway.audit import REFUSALS_WAITING_MAX, WAITING_MAX, Audit, Lane
from gateway.door import Busy
from gateway.enrolment_code import new_code
from tests.gateway.gateway_world import World, closing, eventually, raw, serving, settings
from tests.gateway.test_login_enrol import enrol, outcome
from tests.gateway.test_login_states import refusal


def entry(number: int, code: str = "KEY_UNKNOWN") -> RecordAccess:
    public_key = f"{number:016x}"
    return RecordAccess(kind=AccessKind.LOGIN_REFUSED, public_key=public_key, code=code)


def recorded(world: World) -> list[AccessRecorded]:
    return [
        event
        for item in world.sequencer.applied
        for event in item.events
        if isinstance(event, AccessRecorded)
    ]


async def logged(world: World, *kinds: AccessKind) -> list[AccessRecorded]:
    await eventually(lambda: [event.kind for event in recorded(world)] == list(kinds))
    return recorded(world)


async def test_a_login_and_a_logout_stand_in_the_log() -> None:
    async with serving(is_audited=True) as world:
        async with raw(world, world.traders[0]):
            (login,) = await logged(world, AccessKind.LOGIN)
            assert (login.key, login.person) == (world.trader_key(1), "演示交易员1")
            assert (login.address, login.public_key) == ("127.0.0.1", "")
        _, logout = await logged(world, AccessKind.LOGIN, AccessKind.LOGOUT)
        assert (logout.key, logout.code, logout.count) == (world.trader_key(1), "", 1)
        assert logout.connection == login.connection == 1


async def test_refusals_tell_the_key_that_was_proven_and_of_others_sixteen_digits() -> None:
    async with serving(settings(refusal_delay_s=0.0), is_audited=True) as world:
        stranger = keys.new_key("演示路人", "trader")
        await refusal(world, stranger)
        await refusal(world, stranger, public_key=world.traders[0].public_key)
        world.send(world.trader_key(1), RevokeKey(key=world.trader_key(1), explanation="演示"))
        await refusal(world, world.traders[0])
        events = await logged(world, *[AccessKind.LOGIN_REFUSED] * 3)
        assert [event.public_key for event in events] == [
            stranger.public_key[:16],
            world.traders[0].public_key[:16],
            "",
        ]
        assert [event.key for event in events] == [0, 0, world.trader_key(1)]
        assert [event.code for event in events] == ["KEY_UNKNOWN", "KEY_UNKNOWN", "KEY_REVOKED"]


async def test_a_refused_claim_and_a_cut_stand_in_the_log() -> None:
    async with serving(settings(refusal_delay_s=0.0), is_audited=True) as world:
        stranger = keys.new_key("演示路人", "trader")
        assert await outcome(world, stranger, new_code()) == "CODE_UNKNOWN"
        (claim,) = await logged(world, AccessKind.ENROL_REFUSED)
        assert (claim.code, claim.public_key) == ("CODE_UNKNOWN", stranger.public_key[:16])
        async with raw(world, world.traders[0]) as client:
            await logged(world, AccessKind.ENROL_REFUSED, AccessKind.LOGIN)
            world.send(world.trader_key(1), RevokeKey(key=world.trader_key(1), explanation="演示"))
            await closing(client)
        kinds = AccessKind.ENROL_REFUSED, AccessKind.LOGIN, AccessKind.CUT
        assert (await logged(world, *kinds))[-1].code == "KEY_REVOKED"


async def test_no_code_signature_or_secret_is_in_the_log() -> None:
    async with serving(settings(refusal_delay_s=0.0), is_audited=True) as world:
        trader, stranger, code = world.traders[0], keys.new_key("演示", "trader"), new_code()
        secrets = [trader.secret_key, stranger.secret_key, stranger.public_key, code]
        async with raw(world) as client:
            claim = enrol(client, stranger, code)
            secrets += [claim["code"], claim["signature"], client.nonce]
            await client.ask(claim)
        async with raw(world) as client:
            login = client.login(trader)
            secrets.append(login["signature"])
            await client.ask(login)
        await logged(world, AccessKind.ENROL_REFUSED, AccessKind.LOGIN, AccessKind.LOGOUT)
        book = repr(list(recorded(world)))
        for secret in secrets:
            assert secret not in book


async def test_observers_are_not_recorded() -> None:
    async with serving(is_audited=True) as world:
        async with raw(world) as client:
            assert (await client.ask({"type": "Observe"}))["type"] == "Welcome"
        async with raw(world, world.traders[0]):
            await logged(world, AccessKind.LOGIN)


async def test_a_stop_writes_what_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "LAST_S", 60.0)
    async with serving(is_audited=True) as world, raw(world, world.traders[0]):
        world.sequencer.held.clear()
        stopping = asyncio.create_task(world.server.stop())
        await eventually(lambda: not world.server.connections)
        world.sequencer.held.set()
        await stopping
        assert [event.kind for event in recorded(world)][-1] is AccessKind.LOGOUT
        assert recorded(world)[-1].code == "GOING_AWAY"


def test_equal_entries_become_one_with_a_count() -> None:
    lane = Lane(10, 100, 0.0)
    for number in (1, 1, 2, 1):
        lane.add(entry(number))
    assert [(item.public_key[-1], item.count) for item in lane.take(0.0)] == [("1", 3), ("2", 1)]


def test_a_flood_is_told_by_its_count_and_takes_no_more_room() -> None:
    lane = Lane(10, 5, 0.0)
    for number in range(1_000):
        lane.add(entry(number))
    lane.add(entry(0))
    assert len(lane) == 6, "five, and one for all others"
    first = lane.take(0.0)
    assert sum(item.count for item in first) == 1_001
    rest = next(item for item in first if not item.public_key)
    assert (rest.count, rest.code) == (995, "KEY_UNKNOWN")


async def test_what_waits_about_strangers_and_about_keys_has_a_limit_each() -> None:
    written: list[RecordAccess] = []
    sizes: list[int] = []

    async def submit_many(_: int, entries: Sequence[RecordAccess]) -> None:
        sizes.append(len(entries))
        written.extend(entries)

    book = Audit(submit_many, settings())
    for number in range(WAITING_MAX + 5):
        book.record(RecordAccess(kind=AccessKind.LOGIN, key=number + 1))
    for number in range(REFUSALS_WAITING_MAX + 7):
        book.record(entry(number))
    book.start()
    await book.stop()
    rest = {item.kind: item.count for item in written if not item.key and not item.public_key}
    assert rest == {AccessKind.LOGIN: 5, AccessKind.LOGIN_REFUSED: 7}
    assert len(written) == WAITING_MAX + REFUSALS_WAITING_MAX + 2
    assert max(sizes) == audit.BATCH_MAX


def test_what_is_alike_within_an_interval_is_one_entry() -> None:
    lane = Lane(10, 100, 0.0, interval_s=1.0)
    lane.add(entry(1))
    first = lane.take(0.0)
    lane.written(first)
    for _ in range(500):
        lane.add(entry(1))
        assert lane.take(0.9) == []
    (rest,) = lane.take(1.0)
    assert (len(first), rest.count) == (1, 500)


async def test_who_is_turned_away_fills_the_log_with_one_entry_however_many_keys_it_names() -> None:
    limits = settings(login_failures=1, login_failures_per_minute=0.1, refusal_delay_s=0.0)
    async with serving(limits) as world:
        for _ in range(5):
            await refusal(world, keys.new_key("演示路人", "trader"))
        turned = [item for item in world.heard.entries if item.code == "LOGIN_LIMITED"]
        assert len(turned) == 4
        assert len(set(turned)) == 1


def test_entries_leave_no_faster_than_the_rate() -> None:
    lane = Lane(10, 1_000, 0.0)
    for number in range(500):
        lane.add(entry(number))
    written = 0
    for tenth in range(50):
        taken = lane.take(tenth / 10)
        lane.written(taken)
        written += len(taken)
    assert 20 <= written <= 20 + 10 * 5


def test_what_comes_while_it_is_written_is_kept() -> None:
    lane = Lane(10, 100, 0.0)
    lane.add(entry(1))
    taken = lane.take(0.0)
    lane.add(entry(1))
    lane.add(entry(2))
    lane.written(taken)
    assert [item.count for item in lane.take(1.0)] == [1, 1]


async def test_a_shut_door_is_waited_for_and_nobody_waits_for_the_audit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(audit, "PAUSE_S", 0.0)
    tries: list[int] = []
    written: list[RecordAccess] = []

    async def submit_many(key: int, entries: Sequence[Any]) -> None:
        tries.append(len(entries))
        await asyncio.sleep(0)
        if len(tries) < 3:
            raise Busy
        written.extend(entries)

    book = Audit(submit_many, settings())
    book.start()
    for number in range(3):
        book.record(entry(number))
    await book.stop()
    assert len(tries) >= 3
    assert [item.public_key for item in written] == [entry(n).public_key for n in range(3)]


async def test_a_stop_waits_for_a_shut_door_so_long_and_no_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(audit, "LAST_S", 0.01)
    tries: list[int] = []

    async def submit_many(_: int, entries: Sequence[Any]) -> None:
        tries.append(len(entries))
        raise Busy

    book = Audit(submit_many, settings())
    book.start()
    book.record(entry(1))
    async with asyncio.timeout(60):
        await book.stop()
    assert set(tries) == {1}


@pytest.mark.usefixtures("no_refill")
async def test_a_flood_of_strangers_does_not_hide_a_login() -> None:
    written: list[RecordAccess] = []

    async def submit_many(key: int, entries: Sequence[Any]) -> None:
        await asyncio.sleep(0)
        written.extend(entries)

    book = Audit(submit_many, settings(audit_per_second=10))
    book.start()
    for number in range(5_000):
        book.record(entry(number))
    book.record(RecordAccess(kind=AccessKind.LOGIN, key=4, person="演示"))
    await eventually(lambda: any(item.kind is AccessKind.LOGIN for item in written))
    assert len(written) <= 30
    await book.stop()
    assert sum(item.count for item in written) == 5_001, "a stop writes all that waits"


async def test_a_login_does_not_wait_behind_refusals_that_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a kill may lose of logins is what the journal has in hand, however many are turned away."""
    monkeypatch.setattr(audit, "REFUSALS_INTERVAL_S", 3_600.0)
    written: list[RecordAccess] = []

    async def submit_many(_: int, entries: Sequence[RecordAccess]) -> None:
        written.extend(entries)

    book = Audit(submit_many, settings())
    book.start()
    for number in range(3):
        book.record(entry(number))
        await turns()
    assert [item.kind for item in written] == [AccessKind.LOGIN_REFUSED], "the others wait a second"
    for number in range(1, 4):
        book.record(RecordAccess(kind=AccessKind.LOGIN, key=number))
        await turns()
        assert written[-1].key == number
    await book.stop()
    assert len(written) == 6, "a stop writes what waits"


async def turns() -> None:
    """Let what is ready run, and no time pass."""
    for _ in range(10):
        await asyncio.sleep(0)
