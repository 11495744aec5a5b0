"""Orders of keys that lost their connection are taken back as their terms say, also by a stop and after a crash."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs

from engine.commands import (
    AnyCommand,
    CancelCause,
    CancelForKey,
    EnrolKey,
    OnDisconnect,
    RevokeKey,
    Role,
    Side,
)
from engine.events import AllCancelled, Cancelled, KeyRevoked
from engine.exchange import Exchange
from engine.views import KeyView
from gateway import keys, wire
from gateway.client import Client
from gateway.disconnects import Disconnects
from gateway.door import SYSTEM_KEY, Busy
from gateway.sequencer import Stopped
from gateway.server import Server
from tests.gateway.gateway_world import (
    OPERATOR_ONE,
    World,
    closing,
    eventually,
    place,
    raw,
    serving,
    settings,
    until,
)
from tests.gateway.sequencer_rig import Rig, listing
from tests.markets import PRODUCT, national, public_key

NEVER_S = 3_600.0


def robot(world: World, terms: OnDisconnect, participant: int = 1) -> keys.KeyFile:
    """Enrol a key with terms."""
    key = keys.new_key(f"演示程序{len(world.exchange.keys())}", Role.TRADER)
    world.approve(structs.replace(world.enrolment(key, participant), on_disconnect=terms))
    return key


def number_of(world: World, key: keys.KeyFile) -> int:
    return key_number(world.exchange, key.public_key)


def key_number(exchange: Exchange, key: str) -> int:
    found: tuple[KeyView, ...] = exchange.keys()
    return next(view.key for view in found if view.public_key == key)


def open_orders(world: World, participant: int = 1) -> set[int]:
    return {order.order for order in world.exchange.orders(participant) if order.is_open}


def taken_back(world: World) -> list[int]:
    """Return for which keys the gateway took orders back, in order."""
    commands = [item.command for item in world.sequencer.applied if item.key == SYSTEM_KEY]
    return [command.key for command in commands if isinstance(command, CancelForKey)]


async def lists(client: Client, count: int = 1) -> set[int]:
    placed = [await client.place_listing(PRODUCT, Side.SELL, 4_850 + n, 10) for n in range(count)]
    return {answer.order for answer in placed}


def lose(world: World, key: keys.KeyFile, which: int = 0) -> None:
    """Drop one connection of a key without a word."""
    number = number_of(world, key)
    found = [c for c in world.server.connections if c.reader and c.identity.key == number]
    found[which].socket.transport.abort()


def end_grace(world: World) -> None:
    """Let the one grace that runs be over now, as its timer would."""
    (grace,) = world.server.disconnects._graces.values()
    assert 0 < grace.when() - asyncio.get_running_loop().time() <= NEVER_S
    grace._run()
    grace.cancel()


async def test_orders_of_people_stay() -> None:
    async with serving(settings(disconnect_grace_s=0.0)) as world:
        async with await world.trader(1) as client:
            orders = await lists(client, 2)
        await eventually(lambda: not world.server.connections)
        await asyncio.sleep(0)
        assert open_orders(world) == orders
        assert taken_back(world) == []


async def test_a_connection_of_a_robot_is_lost_and_all_its_orders_end_at_once() -> None:
    async with serving(settings(disconnect_grace_s=NEVER_S)) as world:
        key = robot(world, OnDisconnect.CONNECTION)
        first = await world.connect(key, reconnect=False)
        second = await world.connect(key)
        person = await world.trader(1)
        await second.subscribe("private")
        mine = await lists(first, 2) | await lists(second)
        others = await lists(person)
        lose(world, key, which=0)
        await eventually(lambda: open_orders(world) == others)
        assert taken_back(world) == [number_of(world, key)]
        last = next(
            item for item in world.sequencer.applied if isinstance(item.command, CancelForKey)
        )
        frames = await until(second, wire.PrivateEvents, last.sequence)
        ended = [event for event in frames[-1].events if isinstance(event, Cancelled)]
        assert {event.order for event in ended} == mine
        assert {event.cause for event in ended} == {CancelCause.DISCONNECT}
        assert isinstance(frames[-1].events[-1], AllCancelled)
        # The connection that is left, or a new one, goes on trading.
        living = second if second.is_connected else first
        assert await lists(living) <= open_orders(world)
        for client in (first, second, person):
            await client.close()


async def test_the_last_connection_of_a_key_has_a_grace() -> None:
    async with serving(settings(disconnect_grace_s=NEVER_S)) as world:
        key = robot(world, OnDisconnect.KEY)
        first = await world.connect(key, reconnect=False)
        second = await world.connect(key, reconnect=False)
        orders = await lists(first, 2)
        lose(world, key)
        await eventually(lambda: first.is_connected + second.is_connected == 1)
        assert not world.server.disconnects._graces  # one is left: nothing runs
        lose(world, key)
        await eventually(lambda: world.server.disconnects._graces)
        assert open_orders(world) == orders  # not yet
        end_grace(world)
        await eventually(lambda: not open_orders(world))
        assert taken_back(world) == [number_of(world, key)]
        for client in (first, second):
            await client.close()


async def test_who_comes_back_within_the_grace_keeps_its_orders() -> None:
    async with serving(settings(disconnect_grace_s=NEVER_S)) as world:
        key = robot(world, OnDisconnect.KEY)
        async with await world.connect(key, reconnect=False) as client:
            orders = await lists(client)
        await eventually(lambda: world.server.disconnects._graces)
        (grace,) = world.server.disconnects._graces.values()
        async with await world.connect(key, reconnect=False):
            assert grace.cancelled()
            assert not world.server.disconnects._graces
            assert open_orders(world) == orders
        await eventually(lambda: world.server.disconnects._graces)
    # The gateway stops in the grace: nobody can come back in time.
    assert not open_orders(world)


async def test_a_login_that_is_refused_is_no_connection() -> None:
    limits = settings(disconnect_grace_s=0.0, connections_per_key=1)
    async with serving(limits) as world:
        key = robot(world, OnDisconnect.CONNECTION)
        async with await world.connect(key) as client:
            orders = await lists(client)
            async with raw(world) as second:
                refused = await second.ask(second.login(key))
                assert refused["code"] == "CONNECTIONS_FULL"
            await eventually(lambda: len(world.server.connections) == 1)
            assert open_orders(world) == orders
        await eventually(lambda: taken_back(world))


async def test_a_robot_whose_key_is_revoked_leaves_nothing_behind() -> None:
    async with serving(settings(disconnect_grace_s=0.0)) as world:
        key = robot(world, OnDisconnect.KEY)
        async with raw(world, key) as client:
            await client.ask(place(1, side=2))
            assert len(open_orders(world)) == 1
            revoke = RevokeKey(key=number_of(world, key), explanation="演示")
            revoked = world.send(OPERATOR_ONE, revoke)
            assert isinstance(revoked.events[0], KeyRevoked)
            assert (await closing(client))[0] == 4004
        await eventually(lambda: not open_orders(world))


async def test_a_gateway_that_stops_takes_back_before_it_closes_and_takes_nothing_more() -> None:
    async with serving(settings(disconnect_grace_s=NEVER_S)) as world:
        by_key, by_connection = (
            robot(world, terms) for terms in (OnDisconnect.KEY, OnDisconnect.CONNECTION)
        )
        person = world.list(2, Side.SELL, 4_900, 5)
        async with raw(world, by_key) as one, raw(world, by_connection) as two:
            await one.ask({"type": "Subscribe", "id": 9, "channel": "private"})
            await one.ask(place(1, side=2))
            await one.take()  # the same on the private stream
            await two.ask(place(2, side=2))
            assert len(open_orders(world)) == 2
            world.sequencer.held.clear()  # so that the stop can be watched half-way
            stopping = asyncio.create_task(world.server.stop())
            await eventually(lambda: len(world.sequencer._inbox) == 2)
            refused = await two.ask(place(3, side=2))
            assert (refused["code"], refused["outcome"]) == ("STOPPING", "not_sent")
            assert two.statuses[-1]["accepts"] == "nothing"
            assert two.statuses[-1]["reason"] == "shutdown"
            world.sequencer.held.set()
            frames = [await one.take() for _ in range(3)]  # the first is its company's other order
            told = [event["type"] for frame in frames[1:] for event in frame["events"]]
            assert told == ["Cancelled", "AllCancelled"] * 2
            assert [(await closing(client))[0] for client in (one, two)] == [1012, 1012]
            await stopping
        assert not open_orders(world)
        assert {order.order for order in world.exchange.orders(2) if order.is_open} == {
            getattr(person.events[0], "order", 0)
        }
        assert sorted(taken_back(world)) == sorted(
            number_of(world, key) for key in (by_key, by_connection)
        )


async def test_after_a_crash_every_such_key_counts_as_just_lost() -> None:
    world = World()
    robots = {
        terms: robot(world, terms, participant)
        for participant, terms in ((1, OnDisconnect.CONNECTION), (2, OnDisconnect.KEY))
    }
    idle = robot(world, OnDisconnect.CONNECTION, 3)  # its participant has no open orders
    world.open()
    for terms, key in robots.items():
        participant = 1 if terms is OnDisconnect.CONNECTION else 2
        world.send(number_of(world, key), listing(1))
        world.list(participant, Side.SELL, 4_900, 1)  # a person's of the same company
    await world.serve(settings(disconnect_grace_s=NEVER_S))
    try:
        # By the time somebody can dial, what goes at once is gone; who has a grace still has it.
        by_connection, by_key = (number_of(world, key) for key in robots.values())
        assert taken_back(world) == [by_connection]
        assert [len(open_orders(world, n)) for n in (1, 2)] == [1, 2]
        end_grace(world)
        await eventually(lambda: len(open_orders(world, 2)) == 1)
        assert taken_back(world) == [by_connection, by_key]
        assert number_of(world, idle) not in taken_back(world)
    finally:
        await world.server.stop()


async def test_who_is_back_in_time_after_a_crash_keeps_its_orders() -> None:
    world = World()
    key = robot(world, OnDisconnect.KEY)
    world.open()
    world.send(number_of(world, key), listing(1))
    await world.serve(settings(disconnect_grace_s=NEVER_S))
    assert world.server.disconnects._graces
    async with raw(world, key):
        assert not world.server.disconnects._graces
        assert taken_back(world) == []
        assert len(open_orders(world)) == 1
    await world.server.stop()
    assert taken_back(world) == [number_of(world, key)]


async def test_a_killed_process_leaves_no_orders_of_its_robots_behind() -> None:
    """The journal of a real sequencer, killed with an order of a robot and one of a person."""
    rig = Rig()
    await rig.start()
    await rig.open_market()
    await rig.approve(
        EnrolKey(
            public_key=public_key(9),
            role=Role.TRADER,
            person="演示程序",
            participant=1,
            on_disconnect=OnDisconnect.CONNECTION,
        )
    )
    number = key_number(rig.sequencer.exchange, public_key(9))
    await rig.sequencer.submit(number, listing(1))
    await rig.sequencer.submit(4, listing(2))
    assert [order.is_open for order in rig.sequencer.exchange.orders(1)] == [True, True]
    rig.disk.kill()
    await rig.start()
    server = Server(rig.sequencer, national(), clock_mode="driven")
    await server.start()
    assert [order.is_open for order in rig.sequencer.exchange.orders(1)] == [False, True]
    await server.stop()
    await rig.sequencer.stop()
    assert rig.replay().exchange.state_digest() == rig.digests()[2]


# ---------------------------------------------------------------- without sockets


class Inbox:
    """A sequencer's inbox that takes a command only after some refusals."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.taken: list[int] = []

    async def submit(self, key: int, command: AnyCommand) -> None:
        assert key == SYSTEM_KEY
        assert isinstance(command, CancelForKey)
        if self.errors:
            raise self.errors.pop(0)
        self.taken.append(command.key)


async def test_a_full_inbox_is_tried_again_and_a_stopped_exchange_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.disconnects.RETRY_S", 0.001)
    full = Inbox(Busy("full"), Busy("full"))
    disconnects = Disconnects(full.submit, grace_s=0.0)
    disconnects.entered(7, OnDisconnect.CONNECTION)
    disconnects.left(7, OnDisconnect.CONNECTION)
    await disconnects.stop()
    assert full.taken == [7]
    stopped = Inbox(Stopped("the journal broke", "not_sent"))
    disconnects = Disconnects(stopped.submit, grace_s=0.0)
    disconnects.entered(8, OnDisconnect.KEY)
    await disconnects.stop()
    assert stopped.taken == []
    disconnects.left(8, OnDisconnect.KEY)  # its socket closes behind the stop
    assert not disconnects._cancels


async def test_a_key_is_taken_back_once_whatever_it_is_in() -> None:
    inbox = Inbox()
    disconnects = Disconnects(inbox.submit, grace_s=NEVER_S)
    steps: list[Callable[[int, Any], None]] = [disconnects.entered, disconnects.entered]
    for step in (*steps, disconnects.left, disconnects.left):
        step(5, OnDisconnect.KEY)
    disconnects.entered(6, OnDisconnect.KEY)
    disconnects.entered(4, OnDisconnect.NONE)
    await disconnects.stop()
    assert sorted(inbox.taken) == [5, 6]
