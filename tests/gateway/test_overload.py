"""An inbox that fills for real: orders are refused and said so, cancels pass, and all is well again afterwards."""

import asyncio
import contextlib
import json
import threading
from collections import Counter
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from engine.commands import EnrolKey, Role
from gateway import enrolling, keys
from gateway.client_errors import LoginRefused
from gateway.codes import FAULTS
from gateway.enrolment_code import new_code
from gateway.limits import Settings
from gateway.logs import Lines
from gateway.sequencer import INBOX_MAX
from gateway.server import Server
from tests.gateway.fake_disk import FakeFile
from tests.gateway.gateway_world import Raw, World, raw, settings
from tests.gateway.sequencer_rig import Rig
from tests.markets import PRODUCT, national

MANY = 10**6


def wide() -> Settings:
    """Return settings that let one client fill the inbox."""
    return settings(
        requests_in_flight=2 * INBOX_MAX,
        orders_per_second=MANY,
        orders_burst=MANY,
        cancels_per_second=MANY,
        cancels_burst=MANY,
        bytes_per_second=100 * MANY,
        bytes_burst=100 * MANY,
        unsent_bytes=100 * MANY,
        idle_seconds=3_600,
        drain_s=3_600.0,
    )


def submit(number: int, command: dict[str, Any]) -> str:
    return json.dumps(
        {"type": "Submit", "id": number, "command": {"client_order": number, **command}}
    )


def order(number: int) -> str:
    return submit(
        number,
        {
            "type": "PlaceListing",
            "product": PRODUCT,
            "side": 1,
            "price_yuan": "44.00",
            "quantity_t": 1,
        },
    )


def cancel(number: int) -> str:
    return submit(number, {"type": "CancelOrder", "order": 1})


async def answers(client: Raw, count: int) -> Counter[str]:
    """Count the next replies by what they are."""
    found: Counter[str] = Counter()
    for _ in range(count):
        frame = await client.take()
        found[frame.get("code", frame["type"])] += 1
    return found


@pytest.fixture
def disk_gate(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """While it is cleared, the disk does not finish a sync; every disk counts as a slow one."""
    monkeypatch.setattr("gateway.sequencer.FAST_S", 0.0)
    gate = threading.Event()
    gate.set()
    sync = FakeFile.sync

    def slow_sync(file: FakeFile) -> None:
        assert gate.wait(120)
        sync(file)

    monkeypatch.setattr(FakeFile, "sync", slow_sync)
    return gate


@contextlib.asynccontextmanager
async def real(rig: Rig, key: keys.KeyFile) -> AsyncIterator[World]:
    """Yield a gateway before a real sequencer and journal, on its first day, with a trader's key."""
    sequencer = await rig.start()
    await rig.open_market()
    await rig.approve(
        EnrolKey(public_key=key.public_key, role=key.role, person=key.person, participant=1)
    )
    server = Server(sequencer, national(), clock_mode="driven", settings=wide())
    await server.start()
    try:
        yield cast("World", SimpleNamespace(server=server))
    finally:
        await server.stop()
        await sequencer.stop()


async def test_a_full_inbox_takes_cancels_only_and_says_so(disk_gate: threading.Event) -> None:
    rig, key = Rig(), keys.new_key("演示程序", Role.TRADER)
    async with real(rig, key) as world:
        try:
            async with raw(world, key, max_queue=None) as busy, raw(world) as other:
                await other.ask({"type": "Observe"})
                await fill(busy, other, disk_gate)
                before = rig.sequencer.exchange.sequence
                # All that was refused was never sent: the same numbers are taken now.
                again = await busy.ask(order(20_000))
                assert again["type"] == "Submitted"
                assert again["events"][0]["type"] == "ListingPlaced"
                assert rig.sequencer.exchange.sequence == before + 1
        finally:
            disk_gate.set()


async def test_a_disk_that_fills_is_told_at_the_socket_too(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    monkeypatch.setattr("gateway.logs._Holder.lines", Lines("warning", "json", lines.append))
    rig, key = Rig(), keys.new_key("演示程序", Role.TRADER)
    async with real(rig, key) as world, raw(world, key) as client:
        for number in (1, 2, 3):
            assert (await client.ask(order(number)))["type"] == "Submitted"
        used = sum(len(inode.current) for inode in rig.disk.files.values())
        rig.disk.capacity = used * 100 // 96  # 4 % free
        await told(client, "cancels")
        assert client.statuses[-1]["reason"] == "disk_low"
        refused = await client.ask(order(4))
        assert (refused["code"], refused["outcome"], refused["retry_after_ms"]) == (
            "CANCEL_ONLY",
            "not_sent",
            1_000,
        )
        done = await client.ask(cancel(5))
        assert done["events"][0]["type"] == "Cancelled"
        rig.disk.capacity = used * 100 // 99  # 1 % free
        await told(client, "nothing")
        assert client.statuses[-1]["reason"] == "disk_full"
        refused = await client.ask(cancel(6))
        assert (refused["code"], refused["outcome"]) == ("DISK_FULL", "not_sent")
        with pytest.raises(LoginRefused) as caught:
            await enrolling.enrol(world.server.url, keys.new_key("演示", "trader"), new_code())
        assert (caught.value.code, caught.value.outcome) == ("DISK_FULL", "not_sent")
        assert caught.value.retry_after_ms == FAULTS["DISK_FULL"].retry_after_ms
        assert (await client.ask({"type": "QueryMarket", "id": 7}))["type"] == "MarketReply"
        rig.disk.capacity = 1 << 30
        await told(client, "all")
        assert (await client.ask(order(8)))["type"] == "Submitted"
    said = [json.loads(line) for line in lines if '"event":"accepts"' in line]
    assert [(line["mode"], line.get("reason", "")) for line in said[:3]] == [
        ("cancels", "disk_low"),
        ("nothing", "disk_full"),
        ("all", ""),
    ]


async def fill(busy: Raw, other: Raw, disk_gate: threading.Event) -> None:
    """Fill the inbox while the disk stands, look at what is taken, and let it go on."""
    disk_gate.clear()
    sent = 0
    while not await is_told(other, "cancels"):
        for _ in range(512):
            sent += 1
            await busy.send(order(sent))
        assert sent < INBOX_MAX, "the door shuts before the inbox is full"
    assert (other.statuses[-1]["reason"], other.statuses[-1]["accepts"]) == ("overload", "cancels")
    # Another question is answered at once: only commands wait for the disk.
    assert (await other.ask({"type": "QueryMarket", "id": 1}))["type"] == "MarketReply"
    await busy.send(order(20_000))
    while (refused := await busy.take())["id"] != 20_000:
        assert refused["code"] == "CANCEL_ONLY"
        sent -= 1
    assert (refused["code"], refused["outcome"]) == ("CANCEL_ONLY", "not_sent")
    assert refused["retry"] == "after"
    assert refused["retry_after_ms"] > 0
    number = 30_000
    while number < 30_000 + INBOX_MAX:  # even cancels find an end
        await busy.send(cancel(number))
        number += 1
    sent += number - 30_000
    counted = await answers(busy, 1)
    assert set(counted) == {"BUSY"}
    disk_gate.set()
    counted += await answers(busy, sent - 1)
    assert set(counted) == {"BUSY", "Submitted"}
    assert counted["Submitted"] >= INBOX_MAX
    await told(other, "all")


async def told(client: Raw, accepts: str) -> None:
    """Read what is pushed until the client was told what is taken."""
    async with asyncio.timeout(60):
        while client.statuses[-1]["accepts"] != accepts:
            frame = json.loads(await client.socket.recv())
            assert frame["type"] in ("Beat", "StatusChanged")
            if frame["type"] == "StatusChanged":
                client.statuses.append(frame)


async def is_told(client: Raw, accepts: str) -> bool:
    """Say whether a client was told what is taken, after a question that makes it read."""
    await client.ask({"type": "Ping", "id": 1})
    return bool(client.statuses and client.statuses[-1]["accepts"] == accepts)
