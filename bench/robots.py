"""Robots that trade a planned day through the public client, each on a connection of its own.

A robot knows its own part of the plan and what everybody can see: before it picks it opens the level, as a
person does. When the connection is lost under an order it does not guess: it asks what became of it, and
sends it again only if it never arrived.
"""

import asyncio
import contextlib
import time
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from bench.conductor import Conductor
from bench.flow import ActionKind, DayPlan, PlannedAction
from engine.commands import CancelOrder, OrderCommand, PickListing, PlaceListing, Side
from engine.events import Cancelled, ListingPlaced, Refused, Traded
from engine.units import format_yuan
from gateway.client import Answer, Client
from gateway.client_errors import SubmitFailed
from gateway.frames_pushed import PrivateEvents
from gateway.inbox import Disconnected, Gap, Reconnected

RECONNECT_SECONDS: Final = 120.0
"""Longest wait for the exchange to come back while an order is in doubt."""


class RobotFailed(Exception):
    """The exchange answered a planned action otherwise than planned; the text names both."""


class InDoubt(Struct, frozen=True, kw_only=True):
    """An order that was in flight when the connection was lost, and what became of it."""

    robot: str
    participant: int
    command: OrderCommand
    client_order: int
    was_journaled: bool
    """Durable before the loss; else it never arrived and was sent again under the same number."""
    sequence: int
    order: int
    event: str
    """The name of the event that answered it in the end."""
    refusal: str
    """Why it was refused in the end, "" where it was carried out."""


class DayLog(Struct, kw_only=True):
    """What all robots of a day saw together; latencies in ns from sending to the answer."""

    latencies_ns: list[int] = []
    in_doubt: list[InDoubt] = []
    listings: int = 0
    picks: int = 0
    partial_picks: int = 0
    later_picks: int = 0
    """Picks of a listing that was not the first of its level."""
    cancels: int = 0
    refused: int = 0
    prices: set[int] = set()


class Robot:
    """One trader of one participant, with its connection and its part of the plan."""

    def __init__(self, name: str, client: Client, product: str, log: DayLog) -> None:
        self.name = name
        self.client = client
        self.product = product
        self.log = log
        self.reported: dict[int, Traded] = {}
        """Own trades by number, as the private channel told them."""
        self.gaps = 0
        self.reconnects = 0
        self._back = asyncio.Event()
        self._sending: asyncio.Task[Answer] | None = None
        self._reader: asyncio.Task[None] | None = None

    @property
    def participant(self) -> int:
        """The participant that this robot trades for."""
        return self.client.welcome.participant

    @property
    def is_sending(self) -> bool:
        """Whether an order of it waits for its answer."""
        return self._sending is not None and not self._sending.done()

    async def start(self) -> None:
        """Subscribe to the own private events and begin to read."""
        self._reader = asyncio.create_task(self._read())
        await self.client.subscribe("private", after=0)

    async def close(self) -> None:
        """Close the connection and stop reading."""
        await self.client.close()
        if self._reader is not None:
            self._reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reader

    async def _read(self) -> None:
        async for message in self.client.messages():
            match message:
                case PrivateEvents():
                    self._take(message)
                case Disconnected():
                    self._back.clear()
                    # Withdrawn before the client would send it again: first ask, then decide.
                    if self._sending is not None:
                        self._sending.cancel()
                case Reconnected():
                    self.reconnects += 1
                    self._back.set()
                case Gap():
                    self.gaps += 1
                case _:
                    pass

    def _take(self, message: PrivateEvents) -> None:
        for event in message.events:
            if isinstance(event, Traded):
                self.reported[event.trade] = event

    # ------------------------------------------------------------ orders

    async def send(self, command: OrderCommand) -> Answer:
        """Send an order command and return its answer, through a lost connection if need be."""
        began_ns = time.perf_counter_ns()
        self._sending = asyncio.create_task(self.client.submit(command))
        try:
            await asyncio.wait({self._sending})
            if not self._is_lost(self._sending):
                answer = self._sending.result()
                self.log.latencies_ns.append(time.perf_counter_ns() - began_ns)
                return answer
        finally:
            self._sending.cancel()
            self._sending = None
        return await self._find_out(command)

    def _is_lost(self, sending: "asyncio.Task[Answer]") -> bool:
        if sending.cancelled():
            return True
        error = sending.exception()
        if not isinstance(error, SubmitFailed):
            return False
        # A command that waited too long for a connection never left.
        return error.outcome == "unknown" or error.code == "CONNECTION_LOST"

    async def _find_out(self, command: OrderCommand) -> Answer:
        async with asyncio.timeout(RECONNECT_SECONDS):
            await self._back.wait()
        found = await self.client.find_order(command.client_order)
        answer = found or await self.client.submit(command)
        self.log.in_doubt.append(
            InDoubt(
                robot=self.name,
                participant=self.participant,
                command=command,
                client_order=command.client_order,
                was_journaled=found is not None,
                sequence=answer.sequence,
                order=answer.order,
                event=type(answer.first).__name__,
                refusal=self.client.explain(answer.refused) if answer.refused else "",
            )
        )
        return answer

    # ------------------------------------------------------------ the plan

    async def act(self, action: PlannedAction, orders: dict[int, int]) -> None:
        """Do one planned action; RobotFailed where the answer is not the planned one."""
        if action.kind is ActionKind.LIST:
            await self._list(action, orders)
        elif action.kind is ActionKind.PICK:
            await self._pick(action, orders)
        elif action.kind is ActionKind.CANCEL:
            await self._cancel(action, orders)
        else:
            raise RobotFailed(f"{self.name} does not know how to {action.kind.name}")

    async def _list(self, action: PlannedAction, orders: dict[int, int]) -> None:
        answer = await self.send(
            PlaceListing(
                product=self.product,
                side=action.side,
                price_fen=action.price_fen,
                quantity_t=action.quantity_t,
                client_order=self.client.next_client_order(),
            )
        )
        self._expect(answer, Refused if action.is_refused else ListingPlaced, action)
        orders[action.number] = answer.order
        self.log.refused += action.is_refused
        self.log.listings += not action.is_refused

    async def _pick(self, action: PlannedAction, orders: dict[int, int]) -> None:
        target = orders[action.target]
        resting_side = Side.SELL if action.side is Side.BUY else Side.BUY
        level = await self.client.listings(self.product, resting_side, action.price_fen)
        listing = next((row for row in level if row.order == target), None)
        if listing is None:
            raise RobotFailed(
                f"{self.name} does not see listing {target} at {format_yuan(action.price_fen)}"
            )
        answer = await self.send(
            PickListing(
                listing=target,
                quantity_t=action.quantity_t,
                client_order=self.client.next_client_order(),
            )
        )
        self._expect(answer, Traded, action)
        self.log.picks += 1
        self.log.partial_picks += action.quantity_t < listing.left_t
        self.log.later_picks += level[0].order != target
        self.log.prices.add(action.price_fen)

    async def _cancel(self, action: PlannedAction, orders: dict[int, int]) -> None:
        answer = await self.send(
            CancelOrder(order=orders[action.target], client_order=self.client.next_client_order())
        )
        self._expect(answer, Cancelled, action)
        self.log.cancels += 1

    def _expect(
        self,
        answer: Answer,
        kind: type[ListingPlaced] | type[Traded] | type[Cancelled] | type[Refused],
        action: PlannedAction,
    ) -> None:
        if not isinstance(answer.first, kind):
            told = answer.text or answer.first
            raise RobotFailed(
                f"{self.name}: {action.kind.name} of {action.quantity_t} t at "
                f"{format_yuan(action.price_fen)} was answered: {told}"
            )


async def play(
    robot: Robot,
    agenda: Iterable[tuple[int, PlannedAction]],
    orders: dict[int, int],
    conductor: Conductor,
) -> None:
    """Do a robot's part of a day, each action at its moment (ns); the robot must have entered."""
    try:
        for time_ns, action in agenda:
            await conductor.wait_until(robot.name, time_ns)
            await robot.act(action, orders)
    finally:
        conductor.leave(robot.name)


def agendas(plan: DayPlan, midnight_ns: int) -> dict[int, list[tuple[int, PlannedAction]]]:
    """Return each participant's part of a plan with its moments.

    Listings of different participants that follow each other share the moment of the last of them:
    nothing depends on their order, so those robots act at the same time.
    """
    parts: dict[int, list[tuple[int, PlannedAction]]] = {}
    run: list[PlannedAction] = []

    def end_run() -> None:
        for action in run:
            moment_ns = midnight_ns + run[-1].time_of_day_ns
            parts.setdefault(action.participant, []).append((moment_ns, action))
        run.clear()

    for action in plan.actions:
        if action.kind is not ActionKind.LIST:
            end_run()
            run.append(action)
            end_run()
            continue
        if any(action.participant == other.participant for other in run) or _session(action) != (
            _session(run[0]) if run else _session(action)
        ):
            end_run()
        run.append(action)
    end_run()
    return parts


def _session(action: PlannedAction) -> bool:
    """Return whether an action belongs to the afternoon."""
    return action.time_of_day_ns >= NOON_NS


NOON_NS: Final = 12 * 3600 * 1_000_000_000
