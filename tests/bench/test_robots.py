"""Robots keep to the plan, see what they pick, and never guess what became of an order in doubt."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bench.conductor import Conductor, Pace
from bench.flow import ActionKind, DayFigures, DayPlan, PlannedAction, plan_day
from bench.robots import DayLog, Robot, RobotFailed, agendas, play
from engine.commands import (
    AnyCommand,
    CancelCause,
    CancelOrder,
    Method,
    OrderCommand,
    PickListing,
    PlaceListing,
    Side,
)
from engine.events import AnyEvent, Cancelled, ListingPlaced, Refused, Traded
from engine.profile import load_profile
from engine.reasons import Reason
from engine.views import ListingView
from gateway.client import Answer
from gateway.client_errors import SubmitFailed
from gateway.inbox import Disconnected, Message, Reconnected
from gateway.market import built_in_profile

PRODUCT = "CEA19-20"
FIGURES = DayFigures(
    date="2021-07-16",
    product=PRODUCT,
    reference_fen=4_800,
    open_fen=4_800,
    first_trade_fen=5_278,
    close_fen=5_123,
    listed_quantity_t=4_103_953,
    listed_amount_fen=21_023_005_325,
)


def day_plan() -> DayPlan:
    profile = load_profile(built_in_profile("national"))
    return plan_day(FIGURES, profile, 1, participants=42, trades=450, prices=20)


class FakeClient:
    """An exchange as one robot sees it, which can lose a command before or after it is durable."""

    participant = 7

    def __init__(self) -> None:
        self.received: list[OrderCommand] = []
        self.durable: dict[int, Answer] = {}
        self.level: tuple[ListingView, ...] = ()
        self.loses = ""
        """before or after: when the next command's answer is lost."""
        self.refuses = False
        self._pushed: asyncio.Queue[Message] = asyncio.Queue()
        self._numbers = 0

    @property
    def welcome(self) -> Any:
        return self

    def next_client_order(self) -> int:
        self._numbers += 1
        return self._numbers

    async def subscribe(self, *_: str, after: int | None = None) -> None: ...

    async def close(self) -> None: ...

    async def messages(self) -> AsyncIterator[Message]:
        while True:
            yield await self._pushed.get()

    def explain(self, refused: Refused) -> str:
        return refused.reason.name

    async def listings(self, *_: object) -> tuple[ListingView, ...]:
        return self.level

    async def submit(self, command: AnyCommand) -> Answer:
        assert isinstance(command, PlaceListing | PickListing | CancelOrder)
        self.received.append(command)
        lost, self.loses = self.loses, ""
        if lost != "before":
            self.durable[command.client_order] = self._answer(command)
        if lost:
            self._pushed.put_nowait(Disconnected(text="gone", is_final=False))
            back = Reconnected(sequence=1, attempts=1)
            asyncio.get_running_loop().call_later(0.01, self._pushed.put_nowait, back)
            await asyncio.Event().wait()  # the answer never comes
        return self.durable[command.client_order]

    async def find_order(self, client_order: int) -> Answer | None:
        return self.durable.get(client_order)

    def _answer(self, command: OrderCommand) -> Answer:
        number = len(self.durable) + 1
        return Answer(sequence=number, time_ns=number, events=(self._event(command, number),))

    def _event(self, command: OrderCommand, number: int) -> AnyEvent:
        stamp: dict[str, Any] = {"sequence": number, "time_ns": number}
        own: dict[str, Any] = {
            "participant": self.participant,
            "key": 4,
            "client_order": command.client_order,
        }
        if self.refuses:
            return Refused(**stamp, **own, order=number, reason=Reason.PHASE_CLOSED)
        terms: dict[str, Any] = {"product": PRODUCT, "side": Side.BUY, "price_fen": 5_000}
        if isinstance(command, PlaceListing):
            return ListingPlaced(**stamp, **own, **terms, order=number, quantity_t=10, left_t=10)
        if isinstance(command, PickListing):
            others: dict[str, Any] = {
                "counterparty": 3,
                "left_t": 0,
                "resting_order": command.listing,
            }
            deal: dict[str, Any] = {
                "trade": 1,
                "method": Method.LISTED,
                "quantity_t": command.quantity_t,
            }
            return Traded(**stamp, **own, **terms, **others, **deal, order=number)
        ended: dict[str, Any] = {
            "method": Method.LISTED,
            "cause": CancelCause.OWNER,
            "quantity_t": 10,
        }
        return Cancelled(**stamp, **own, **terms, **ended, order=number)


def action(kind: ActionKind, **fields: Any) -> PlannedAction:
    values: dict[str, Any] = {
        "number": 1,
        "kind": kind,
        "time_of_day_ns": 0,
        "participant": 7,
        "side": Side.BUY,
        "price_fen": 5_000,
        "quantity_t": 10,
    }
    return PlannedAction(**(values | fields))


def row(order: int, left_t: int) -> ListingView:
    return ListingView(order=order, side=Side.SELL, price_fen=5_000, left_t=left_t, time_ns=0)


async def robot_of(client: FakeClient) -> Robot:
    robot = Robot("P0007", client, PRODUCT, DayLog())  # type: ignore[arg-type]
    await robot.start()
    return robot


# ---------------------------------------------------------------- the plan


def test_every_action_has_one_place_and_dependent_ones_never_share_a_moment() -> None:
    plan = day_plan()
    parts = agendas(plan, 0)
    assert Counter(a.number for part in parts.values() for _, a in part) == Counter(
        a.number for a in plan.actions
    )
    moments = {a.number: t for part in parts.values() for t, a in part}
    in_order = [moments[a.number] for a in plan.actions]
    assert in_order == sorted(in_order)
    shared = Counter(in_order)
    for a in plan.actions:
        if a.kind is not ActionKind.LIST:
            assert shared[moments[a.number]] == 1
        if a.target:
            assert moments[a.target] < moments[a.number]
    assert max(shared.values()) > 1, "no robots ever act together"
    for part in parts.values():
        own = [t for t, _ in part]
        assert len(set(own)) == len(own), "a robot cannot do two things at once"


def test_a_moment_never_leaves_its_session() -> None:
    noon_ns = 12 * 3600 * 10**9
    for part in agendas(day_plan(), 0).values():
        for moment_ns, a in part:
            assert (moment_ns < noon_ns) == (a.time_of_day_ns < noon_ns)


async def test_a_robot_does_its_part_in_time_and_leaves() -> None:
    client = FakeClient()
    robot = await robot_of(client)
    moments: list[int] = []

    async def advance(time_ns: int) -> int:
        moments.append(time_ns)
        return time_ns

    conductor = Conductor(0, advance, Pace(exchange_ns=1, wall_s=0.0))
    conductor.enter(robot.name)
    client.level = (row(1, 10),)
    agenda = [
        (100, action(ActionKind.LIST, number=1)),
        (200, action(ActionKind.PICK, number=2, target=1)),
        (300, action(ActionKind.CANCEL, number=3, target=1)),
    ]
    orders: dict[int, int] = {}
    await asyncio.gather(play(robot, agenda, orders, conductor), conductor.run())
    assert moments == [100, 200, 300]
    assert [type(c) for c in client.received] == [PlaceListing, PickListing, CancelOrder]
    assert orders == {1: 1}
    assert (robot.log.listings, robot.log.picks, robot.log.cancels) == (1, 1, 1)
    assert len(robot.log.latencies_ns) == 3
    await robot.close()


@pytest.mark.parametrize(
    ("level", "quantity_t", "partial", "later"),
    [
        ((row(5, 10),), 10, 0, 0),
        ((row(5, 30),), 10, 1, 0),
        ((row(4, 10), row(5, 10)), 10, 0, 1),
        ((row(4, 10), row(5, 30)), 10, 1, 1),
    ],
)
async def test_a_pick_counts_parts_and_places(
    level: tuple[ListingView, ...], quantity_t: int, partial: int, later: int
) -> None:
    client = FakeClient()
    client.level = level
    robot = await robot_of(client)
    pick = action(ActionKind.PICK, number=2, target=1, quantity_t=quantity_t)
    await robot.act(pick, {1: 5})
    assert (robot.log.partial_picks, robot.log.later_picks) == (partial, later)
    await robot.close()


async def test_an_answer_that_was_not_planned_stops_the_demo() -> None:
    client = FakeClient()
    robot = await robot_of(client)
    with pytest.raises(RobotFailed, match=r"does not see listing 5 at 50.00"):
        await robot.act(action(ActionKind.PICK, target=1), {1: 5})
    client.refuses = True
    with pytest.raises(RobotFailed, match=r"P0007: LIST of 10 t at 50.00"):
        await robot.act(action(ActionKind.LIST), {})
    client.refuses = False
    with pytest.raises(RobotFailed):
        await robot.act(action(ActionKind.LIST, is_refused=True), {})
    with pytest.raises(RobotFailed, match="OFFER"):
        await robot.act(action(ActionKind.OFFER), {})
    await robot.close()


# ---------------------------------------------------------------- lost connections


async def test_an_order_that_was_durable_is_found_and_not_sent_again() -> None:
    client = FakeClient()
    client.loses = "after"
    robot = await robot_of(client)
    orders: dict[int, int] = {}
    await asyncio.wait_for(robot.act(action(ActionKind.LIST), orders), 60)
    assert len(client.received) == 1
    assert orders == {1: 1}
    (found,) = robot.log.in_doubt
    assert (found.was_journaled, found.order, found.event) == (True, 1, "ListingPlaced")
    assert robot.log.latencies_ns == [], "an outage is not a latency"
    await robot.close()


async def test_an_order_that_never_arrived_is_sent_again_under_its_number() -> None:
    client = FakeClient()
    client.loses = "before"
    robot = await robot_of(client)
    await asyncio.wait_for(robot.act(action(ActionKind.LIST), {}), 60)
    assert len(client.received) == 2
    assert client.received[0] == client.received[1]
    (found,) = robot.log.in_doubt
    assert (found.was_journaled, found.order) == (False, 1)
    await robot.close()


async def test_a_failure_that_is_no_lost_line_is_raised() -> None:
    client = FakeClient()
    robot = await robot_of(client)

    async def submit(_: AnyCommand) -> Answer:
        raise SubmitFailed("rejected", "TOO_FAST", "too fast")

    client.submit = submit  # type: ignore[method-assign, assignment]
    with pytest.raises(SubmitFailed):
        await robot.act(action(ActionKind.LIST), {})
    await robot.close()
