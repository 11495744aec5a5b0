"""A client whose line is cut at random ends with the exchange's own book, orders, holdings and cash.

The short form takes some tens of cuts; `CEAX_SOAK=1` (make soak) goes on for five minutes. The seed is printed.
What the client must hold is summed up here from the events that it was given, by rules written down once
more; what the exchange holds is asked of the engine itself.
"""

import asyncio
import os
import random
import time
from collections.abc import Callable

from engine.commands import CancelOrder, Method, PickListing, PlaceListing, Side
from engine.events import Cancelled, Deposited, ListingPlaced, Repeated, Traded, TransferredIn
from gateway import wire
from gateway.client import Client, Disconnected, Gap, SubmitFailed
from gateway.dialling import Patience
from tests.gateway.cutting_proxy import CuttingProxy, cutting
from tests.gateway.gateway_world import World, settings
from tests.markets import PRODUCT

IS_LONG = bool(os.environ.get("CEAX_SOAK"))
CUTS, LOSSES, SECONDS = (200, 10, 300.0) if IS_LONG else (40, 10, 0.0)
"""So often the line is cut, so often behind a login that was through, and so long it goes on, at least."""
PATIENT = Patience(dial_s=10.0, first_pause_s=0.005, longest_pause_s=0.05, reconnect_s=60.0)
OWN = 1


class Ledger:
    """What a participant's listed orders, cash and holding must be, from its own events alone (R54-R56)."""

    def __init__(self) -> None:
        self.orders: dict[int, list[int]] = {}
        """Side, price and tonnes left of each standing listing."""
        self.settled = self.payable = self.proceeds = 0
        self.owned = self.bought = self.sold = 0
        self.trades: list[int] = []

    def take(self, frame: wire.PrivateEvents) -> None:
        for event in frame.events:
            match event:
                case Deposited():
                    self.settled += event.amount_fen
                case TransferredIn():
                    self.owned += event.quantity_t
                case ListingPlaced():
                    self.orders[event.order] = [event.side, event.price_fen, event.left_t]
                case Cancelled():
                    del self.orders[event.order]
                case Traded():
                    self._trade(event)
                case _:
                    pass

    def _trade(self, event: Traded) -> None:
        self.trades.append(event.trade)
        is_taker = event.participant == OWN
        is_buyer = (event.side is Side.BUY) == is_taker
        if is_buyer:
            self.payable += event.price_fen * event.quantity_t
            self.bought += event.quantity_t
        else:
            self.proceeds += event.price_fen * event.quantity_t
            self.sold += event.quantity_t
        if not is_taker:
            self.orders[event.resting_order][2] = event.left_t
            if not event.left_t:
                del self.orders[event.resting_order]

    def cash(self) -> tuple[int, int, int, int]:
        locked = sum(price * left for side, price, left in self.orders.values() if side == Side.BUY)
        return self.settled, locked, self.payable, self.proceeds

    def holding(self) -> tuple[int, int, int, int]:
        locked = sum(left for side, _, left in self.orders.values() if side == Side.SELL)
        return self.owned - locked - self.sold, locked, self.sold, self.bought


class Robot:
    """Trades at random through a line that is cut, and keeps all that it is told."""

    def __init__(self, client: Client, seed: int) -> None:
        self.client = client
        self.ledger = Ledger()
        self.private: list[int] = []
        self.printed: list[int] = []
        self.losses = self.sent = 0
        self.unknown: list[str] = []
        self.answered: dict[int, int] = {}
        """Order number that the exchange told for each client order number."""
        self._draw = random.Random(seed)

    async def listen(self) -> None:
        async for message in self.client.messages():
            match message:
                case wire.PrivateEvents():
                    self.private.append(message.sequence)
                    self.ledger.take(message)
                case wire.TradesPrinted():
                    self.printed += [trade.trade for trade in message.trades]
                case Disconnected():
                    self.losses += 1
                case Gap():
                    raise AssertionError(f"a gap: {message}")
                case _:
                    pass

    async def trade(self, goes_on: Callable[[], bool]) -> None:
        while goes_on():
            number = self.client.next_client_order()
            self.sent += 1
            try:
                answer = await self.client.submit(self._next(number))
            except SubmitFailed as error:
                self.unknown.append(str(error))
                continue
            event = answer.events[0]
            told = event.answer if isinstance(event, Repeated) else event
            self.answered[number] = int(getattr(told, "order", 0))

    def _next(self, number: int) -> PlaceListing | PickListing | CancelOrder:
        draw, mine = self._draw, list(self.ledger.orders)
        book = self.client.local_book(PRODUCT)
        shown = (
            [item for level in (*book.bids, *book.asks) for item in level.listings] if book else []
        )
        kind = draw.random()
        if kind < 0.25 and mine:
            return CancelOrder(order=draw.choice(mine), client_order=number)
        if kind < 0.5 and shown:
            listing = draw.choice(shown)
            return PickListing(
                listing=listing.order,
                quantity_t=draw.randint(1, listing.left_t),
                client_order=number,
            )
        return PlaceListing(
            product=PRODUCT,
            side=draw.choice((Side.BUY, Side.SELL)),
            price_fen=4_800 + draw.randint(-6, 6),
            quantity_t=draw.randint(1, 50),
            client_order=number,
        )


async def others_trade(world: World, seed: int, goes_on: Callable[[], bool]) -> None:
    """Let two others list and pick past the sockets, so that books and trades move meanwhile."""
    draw = random.Random(seed + 1)
    while goes_on():
        who = draw.randint(2, 3)
        orders = world.exchange.orders(OWN)
        open_orders = [order.order for order in orders if order.left_t and order.is_open]
        if open_orders and draw.random() < 0.5:
            world.pick(who, draw.choice(open_orders), 1)
        else:
            side = draw.choice((Side.BUY, Side.SELL))
            world.list(who, side, 4_800 + draw.randint(-6, 6), draw.randint(1, 50))
        await asyncio.sleep(0.01)


async def settled(robot: Robot, world: World, proxy: CuttingProxy) -> None:
    """Wait until the client has all that the log holds; the line is left alone now."""
    proxy.is_cutting = False
    expected = own_frames(world)
    async with asyncio.timeout(120):
        while robot.private != expected or not is_current(robot, world):  # noqa: ASYNC110 - lies behind a socket
            await asyncio.sleep(0.02)


def own_frames(world: World) -> list[int]:
    stream = world.server.feed.private(OWN)
    return list(stream.sequences)


def is_current(robot: Robot, world: World) -> bool:
    book = robot.client.local_book(PRODUCT)
    depth = world.exchange.depth(PRODUCT)
    return book is not None and (book.bids, book.asks) == (depth.bids, depth.asks)


async def one_run(seed: int) -> tuple[Robot, World, int]:
    world = World(3)
    world.open()
    async with cutting(seed) as proxy:
        wide = {"orders_per_second": 10_000, "orders_burst": 10_000}
        wide |= {"cancels_per_second": 10_000, "cancels_burst": 10_000}
        wide |= {"queries_per_second": 10_000, "queries_burst": 10_000}
        hosts = (f"127.0.0.1:{proxy.port}",)
        await world.serve(settings(hosts=hosts, connections_per_key=64, **wide))
        proxy.target = ("127.0.0.1", world.server.port)
        proxy.is_cutting = False
        client = await Client.connect(proxy.url, world.traders[0], patience=PATIENT)
        try:
            await client.subscribe("private", after=0)
            await client.subscribe("trades", after=0)
            await client.subscribe(f"book:{PRODUCT}")
            robot = Robot(client, seed)
            proxy.is_cutting = True
            listening = asyncio.create_task(robot.listen())
            until_s = time.monotonic() + SECONDS

            def goes_on() -> bool:
                is_cut_enough = proxy.cuts >= CUTS and robot.losses >= LOSSES
                return time.monotonic() < until_s or not is_cut_enough

            await asyncio.gather(
                robot.trade(goes_on), robot.trade(goes_on), others_trade(world, seed, goes_on)
            )
            await settled(robot, world, proxy)
            await client.close()
            await listening
        finally:
            await client.close()
            await world.server.stop()
    return robot, world, proxy.cuts


async def test_a_line_cut_at_random_loses_and_doubles_nothing() -> None:
    seed = int(os.environ.get("CEAX_SEED") or random.randrange(10**6))
    print(f"CEAX_SEED={seed}", flush=True)
    robot, world, cuts = await one_run(seed)
    print(f"{cuts} cuts, {robot.sent} commands, {len(robot.private)} own frames")
    assert cuts >= CUTS
    assert robot.unknown == []
    # Every command was taken once, under the number that the client was told.
    orders = {order.client_order: order.order for order in world.exchange.orders(OWN)}
    accepted = {client: order for client, order in robot.answered.items() if client in orders}
    assert accepted == orders
    # Trades, orders, cash and tonnes: what the events sum to is what the exchange holds.
    views = world.exchange.trades(OWN)
    assert robot.ledger.trades == [view.trade for view in views]
    everybodys = [view.trade for view in world.exchange.trades() if view.method is Method.LISTED]
    assert robot.printed == everybodys
    open_orders = {
        order.order: [order.side, order.price_fen, order.left_t]
        for order in world.exchange.orders(OWN)
        if order.is_open
    }
    assert robot.ledger.orders == open_orders
    account = world.exchange.account(OWN)
    cash, (holding,) = account.cash, account.holdings
    assert robot.ledger.cash() == (
        cash.settled_fen,
        cash.locked_fen,
        cash.payable_fen,
        cash.proceeds_fen,
    )
    assert robot.ledger.holding() == (
        holding.available_t,
        holding.locked_t,
        holding.sold_t,
        holding.bought_today_t,
    )
