"""Clients that lose their connection at any frame: what they recorded equals the log, without gap or repeat.

Raw clients, none of the library's help: each remembers the last whole sequence of a channel, dials again
and subscribes after it. The gateway itself is stopped and made anew on the way.
"""

import asyncio
import contextlib
import gc
import json
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from engine.commands import CancelOrder, Method, OfferBlock, PublishNotice, Side
from engine.events import AnyEvent, ListingPlaced, Traded
from engine.exchange import Exchange
from engine.views import Depth
from gateway import wire
from gateway.history import Applied
from gateway.keys import KeyFile
from gateway.local_book import LocalBook
from gateway.routing import OPERATORS, Audience, as_public, as_seen_by, is_public
from gateway.server import Server
from tests.gateway.gateway_world import World, raw, settings
from tests.markets import PRODUCT

BOOK = f"book:{PRODUCT}"
STEPS = 260
SILENCE_S = 0.2
"""When nothing more comes for so long a visit ends too."""
Record = list[tuple[int, tuple[Any, ...]]]


class Recorder:
    """A client that is lost every few frames and keeps what each channel told."""

    def __init__(
        self, world: World, key: KeyFile | None, channels: tuple[str, ...], seed: int
    ) -> None:
        self.world = world
        self.key = key
        self.records: dict[str, Record] = {channel: [] for channel in channels}
        self.book = LocalBook(PRODUCT)
        self.books: list[tuple[int, Depth]] = []
        self.losses = 0
        self.gaps = 0
        self._random = Random(seed)
        self._cursors: dict[str, int] = dict.fromkeys(channels, 0)
        self._parts: dict[str, list[Any]] = {}

    async def run(self, is_done: Callable[[], bool]) -> None:
        """Record until the log has ended and everything of it was told."""
        while not (is_done() and self.has_all()):
            with contextlib.suppress(ConnectionClosed, OSError, InvalidHandshake, TimeoutError):
                await self._visit(self._random.randrange(1, self._random.choice((10, 40, 400))))
            self._parts.clear()
            self.losses += 1

    def has_all(self) -> bool:
        """Say whether every record has the last entry that it will ever have."""
        wanted = expectations(self.world, self.key)
        return all(
            record == wanted[channel] for channel, record in self.records.items() if channel != BOOK
        ) and (BOOK not in self.records or self.book.sequence == last_touch(self.world))

    async def _visit(self, frames: int) -> None:
        """Dial, subscribe after what is known, take some frames, and drop the line."""
        async with raw(self.world, self.key) as client:
            if self.key is None:
                await client.ask({"type": "Observe"})
            for number, channel in enumerate(self.records):
                after = self.book.sequence if channel == BOOK else self._cursors[channel]
                ask = {"type": "Subscribe", "id": number + 1, "channel": channel, "after": after}
                await client.send(ask)
            for _ in range(frames):
                async with asyncio.timeout(SILENCE_S):
                    frame = await client.take()
                self._take(wire.decode_outward(json.dumps(frame)))
            client.socket.transport.abort()

    def _take(self, frame: wire.AnyOutward) -> None:
        match frame:
            case wire.BookSnapshot() | wire.BookChanged():
                self.gaps += getattr(frame, "is_gap", False)
                assert self.book.apply(frame)
                depth = Depth(product=PRODUCT, bids=self.book.bids, asks=self.book.asks)
                self.books.append((frame.sequence, depth))
            case wire.TradesPrinted():
                self._join("trades", frame, frame.trades)
            case wire.MarketChanged():
                self._join("market", frame, frame.events)
            case wire.PrivateEvents():
                self._join("private", frame, frame.events)
            case wire.DropCopy():
                self._join("drop", frame, frame.events)
            case wire.Error():
                raise AssertionError(frame)
            case _:
                pass

    def _join(self, channel: str, frame: Any, rows: tuple[Any, ...]) -> None:
        parts = self._parts.setdefault(channel, [])
        assert frame.part == len(parts)
        parts.append(rows)
        if len(parts) == frame.parts:
            self._note(channel, frame, tuple(row for part in parts for row in part))
            parts.clear()

    def _note(self, channel: str, frame: Any, content: tuple[Any, ...]) -> None:
        previous = frame.sequence - 1 if channel == "drop" else frame.previous
        if self._cursors[channel]:
            assert previous == self._cursors[channel], "the stream's own links agree"
        self._cursors[channel] = frame.sequence
        self.records[channel].append((frame.sequence, content))


def expectations(world: World, key: KeyFile | None) -> dict[str, Record]:
    """Return what the log has for a reader, sorted without the feed."""
    numbers = {key.public_key: n for n, key in enumerate(world.traders, 1)}
    participant = numbers.get(key.public_key, OPERATORS) if key is not None else OPERATORS
    audience = Audience()
    found: dict[str, Record] = {"trades": [], "market": [], "private": [], "drop": []}
    for item in world.sequencer.applied:
        rows: dict[str, list[Any]] = {name: [] for name in found}
        for event in item.events:
            audience.note(event)
            if isinstance(event, Traded) and event.method is Method.LISTED:
                rows["trades"].append(printed(event))
            if is_public(event):
                rows["market"].append(as_public(event))
            if participant in audience.parties(event):
                rows["private"].append(as_seen_by(event, participant))
        rows["drop"] = list(item.events)
        for name, events in rows.items():
            if events or name == "drop":
                found[name].append((item.sequence, tuple(events)))
    return found


def printed(event: Traded) -> wire.PublicTrade:
    return wire.PublicTrade(
        trade=event.trade,
        product=event.product,
        price_fen=event.price_fen,
        quantity_t=event.quantity_t,
        side=event.side,
    )


def last_touch(world: World) -> int:
    return world.server.feed.book_snapshot(PRODUCT).sequence


class Crowd:
    """Random commands of everybody, and the book after each of them."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.depths: dict[int, Depth] = {}
        self._random = Random(seed)
        self._open: dict[int, int] = {}
        self._client_order = 10**6
        self._mark()
        world.sequencer.listen(self._mark)

    def step(self) -> None:
        """Let one command happen."""
        random, world = self._random, self.world
        participant = random.randrange(1, 4)
        choice = random.random()
        if choice < 0.5:
            side = random.choice(list(Side))
            price = (
                4_801 + random.randrange(7) if side is Side.SELL else 4_799 - random.randrange(7)
            )
            self._note(world.list(participant, side, price, random.randrange(1, 50)))
        elif choice < 0.7 and self._open:
            listing = random.choice(list(self._open))
            taker = next(p for p in (1, 2, 3) if p != self._open[listing])
            self._note(world.pick(taker, listing, 1))
        elif choice < 0.85 and self._open:
            listing = random.choice(list(self._open))
            owner = self._open.pop(listing)
            self._note(self._send(owner, CancelOrder(order=listing, client_order=self._number())))
        elif choice < 0.93:
            offer = OfferBlock(
                product=PRODUCT,
                side=Side.BUY,
                counterparty=participant % 3 + 1,
                price_fen=4_800,
                quantity_t=100_000,
                client_order=self._number(),
            )
            self._note(self._send(participant, offer))
        else:
            self._note(world.approve(PublishNotice(text_zh="演示公告", text_en="a demo notice")))

    def _send(self, participant: int, command: Any) -> Applied:
        return self.world.send(self.world.trader_key(participant), command)

    def _number(self) -> int:
        self._client_order += 1
        return self._client_order

    def _note(self, applied: Applied) -> None:
        for event in applied.events:
            if isinstance(event, ListingPlaced):
                self._open[event.order] = event.participant

    def _mark(self, _: Any = None) -> None:
        self.depths[self.world.exchange.sequence] = self.world.exchange.depth(PRODUCT)


@pytest.mark.filterwarnings(
    # A socket that asyncio accepts in the very turn in which its server closes is left to the collector,
    # as it is or in its transport.
    "ignore:Exception ignored in. <(socket|function _SelectorTransport):"
    "pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_what_clients_record_over_many_losses_equals_the_log(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.reader.EVENTS_PER_FRAME", 3)
    limits = settings(
        queries_per_second=10**6, queries_burst=10**6, connections_per_key=100, login_failures=10**6
    )
    world = World()
    world.open("13:00")
    await world.serve(limits)
    crowd, random = Crowd(world, seed), Random(seed)
    recorders = [
        Recorder(world, None, ("trades", "market", BOOK), seed),
        Recorder(world, world.traders[0], ("private", "trades", "market", BOOK), seed + 10),
        Recorder(world, world.traders[1], ("private", BOOK), seed + 20),
        Recorder(world, world.operators[0], ("private", "market"), seed + 30),
        Recorder(world, world.clearing, ("drop",), seed + 40),
    ]
    over = asyncio.Event()
    tasks = [asyncio.create_task(recorder.run(over.is_set)) for recorder in recorders]
    for step in range(STEPS):
        crowd.step()
        if step in (STEPS // 3, 2 * STEPS // 3):
            await again(world, limits)
        await asyncio.sleep(0.002 * random.random())
    world.go_to("15:00")  # the close cancels everything in one command
    over.set()
    async with asyncio.timeout(60):
        await asyncio.gather(*tasks)
    await world.server.stop()
    gc.collect()
    for recorder in recorders:
        wanted = expectations(world, recorder.key)
        for channel, record in recorder.records.items():
            if channel != BOOK:
                assert record == wanted[channel], (seed, channel)
        for sequence, depth in recorder.books:
            assert depth == crowd.depths[sequence], (seed, sequence)
    assert sum(recorder.losses for recorder in recorders) > 30
    assert any(len(record) > 50 for recorder in recorders for record in recorder.records.values())


async def again(world: World, limits: Any) -> Server:
    """Stop the gateway and start another one at the same port over the same log."""
    port = world.server.port
    await world.server.stop()
    return await world.serve(limits, port)


def events_of(record: Record) -> list[AnyEvent]:
    return [event for _, events in record for event in events]


def test_the_recorders_of_a_world_have_something_to_record() -> None:
    """The proof above would be empty if the crowd did nothing on some channel."""
    world = World()
    world.open("13:00")
    assert isinstance(world.exchange, Exchange)
    crowd = Crowd(world, 1)
    for _ in range(STEPS):
        crowd.step()
    world.go_to("15:00")
    for key, channels in (
        (world.traders[0], ("private", "trades", "market")),
        (world.operators[0], ("private", "drop")),
    ):
        found = expectations(world, key)
        for channel in channels:
            assert len(events_of(found[channel])) > 10, channel
    largest = max(len(events) for _, events in expectations(world, world.traders[0])["private"])
    assert largest > 6  # three parts at least
