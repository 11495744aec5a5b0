"""The client without async, as a script uses it: in a thread of its own beside a real gateway."""

import asyncio
import inspect
import signal
import sys
import threading
from typing import Any

import pytest

from engine.commands import NewListing, Role, Side
from engine.events import AllCancelled, Cancelled, ListingPlaced
from engine.reasons import Reason
from gateway import keys, wire
from gateway.client import Client, LoginRefused, RequestFailed
from gateway.sync_client import SyncClient
from tests.gateway.gateway_world import QUICK, World, eventually, serving
from tests.markets import PRODUCT

WITHOUT_WAITING = {"next_message", "messages"}
"""Verbs of the client that the other face has in its own form."""


def connect(world: World, participant: int) -> SyncClient:
    key = world.traders[participant - 1]
    return SyncClient.connect(world.server.url, key, patience=QUICK)


def test_every_verb_of_the_client_is_there_too() -> None:
    verbs = {
        name: verb
        for name, verb in inspect.getmembers(Client, inspect.iscoroutinefunction)
        if not name.startswith("_")
    }
    missing = set(verbs) - set(dir(SyncClient)) - {"connect"}
    assert missing == set()
    for name in set(verbs) - WITHOUT_WAITING - {"connect", "close"}:
        mine = getattr(SyncClient, name)
        assert inspect.signature(mine) == inspect.signature(verbs[name]), name
        assert mine.__doc__ == verbs[name].__doc__


def test_what_the_client_knows_without_asking_is_there_too() -> None:
    known = {name for name in dir(Client) if not name.startswith("_")}
    assert {"sequence", "cursor", "status", "next_client_order"} <= known <= set(dir(SyncClient))
    for name in known:
        mine, theirs = getattr(SyncClient, name), getattr(Client, name)
        assert isinstance(mine, property) == isinstance(theirs, property), name
    ways_in = (inspect.signature(Client.connect), inspect.signature(SyncClient.connect))
    assert list(ways_in[0].parameters.values()) == list(ways_in[1].parameters.values())


def script(world: World) -> dict[str, Any]:
    """List, watch, pick, cancel; return what was seen."""
    seen: dict[str, Any] = {}
    with connect(world, 1) as seller, connect(world, 2) as buyer:
        buyer.subscribe("private", f"book:{PRODUCT}")
        orders = [
            NewListing(
                product=PRODUCT, side=Side.SELL, price_fen=price, quantity_t=100, client_order=price
            )
            for price in (4_850, 4_860)
        ]
        seen["placed"] = seller.place_listings(orders).events
        message = None
        while not (isinstance(message, wire.BookSnapshot) and len(message.asks) == 2):
            message = buyer.next_message(timeout_s=60)
        book = buyer.local_book(PRODUCT)
        assert book is not None
        seen["asks"] = [(level.price_fen, level.quantity_t) for level in book.asks]
        seen["picked"] = buyer.pick_listing(book.asks[0].listings[0].order, 40).traded
        while now_left(buyer) == 100:
            buyer.market()
        seen["kept"] = book.asks[0].quantity_t, now_left(buyer)
        refused = buyer.place_listing(PRODUCT, Side.BUY, 1, 1).refused
        assert refused is not None
        seen["refused"] = buyer.explain(refused)
        seen["reason"] = refused.reason
        private = (m for m in buyer.messages(timeout_s=60) if isinstance(m, wire.PrivateEvents))
        told = [next(private), next(private)]
        seen["private"] = [type(event).__name__ for frame in told for event in frame.events]
        seen["last"] = told[-1].sequence, told[-1].time_ns
        seen["cursor"] = buyer.cursor("private"), buyer.time_ns
        seen["is_behind"] = buyer.sequence < told[-1].sequence
        numbers = [buyer.next_client_order() for _ in range(3)]
        seen["is_rising"] = numbers == sorted(set(numbers))
        seen["cancelled"] = seller.cancel_all().events
        seen["nothing"] = seller.next_message(timeout_s=0.01)
        seen["market"] = seller.market().date
        seller.close()
        with pytest.raises(RequestFailed, match=r"NOT_CONNECTED: .*the client was closed"):
            seller.market()
    return seen


def now_left(client: SyncClient) -> int:
    book = client.local_book(PRODUCT)
    return book.asks[0].quantity_t if book else 0


async def test_a_script_lists_watches_picks_and_cancels() -> None:
    async with serving() as world:
        seen = await asyncio.to_thread(script, world)
    assert [type(event) for event in seen["placed"]] == [ListingPlaced, ListingPlaced]
    assert seen["asks"] == [(4_850, 100), (4_860, 100)]
    assert seen["picked"].quantity_t == 40
    assert seen["kept"] == (100, 60), "a book that was asked for stays as it was"
    assert seen["reason"] is Reason.PRICE_OUTSIDE_BAND
    assert "43.20" in seen["refused"]
    assert seen["private"] == ["Traded", "Refused"]
    assert [type(event) for event in seen["cancelled"]] == [Cancelled, Cancelled, AllCancelled]
    assert seen["nothing"] is None
    assert seen["market"] == "2021-07-16"
    assert seen["cursor"] == seen["last"]
    assert (seen["is_behind"], seen["is_rising"]) == (False, True)


def lost_line(world: World, loop: asyncio.AbstractEventLoop) -> int:
    with connect(world, 1) as client:
        cut = asyncio.run_coroutine_threadsafe(lose(world), loop)
        cut.result(60)
        return client.place_listing(PRODUCT, Side.SELL, 4_850, 10).order


async def lose(world: World) -> None:
    for connection in list(world.server.connections):
        connection.socket.transport.abort()
    await eventually(lambda: not world.server.connections)


async def test_a_lost_line_is_found_again_while_the_script_waits() -> None:
    async with serving() as world:
        order = await asyncio.to_thread(lost_line, world, asyncio.get_running_loop())
        assert order == 1
        assert [view.quantity_t for view in world.exchange.orders(1)] == [10]


def refused_login(url: str) -> tuple[str, set[str]]:
    stranger = keys.new_key("演示外人", Role.TRADER)
    with pytest.raises(LoginRefused) as problem:
        SyncClient.connect(url, stranger)
    return problem.value.code, {thread.name for thread in threading.enumerate()}


async def test_a_refused_login_leaves_no_thread_behind() -> None:
    async with serving() as world:
        code, living = await asyncio.to_thread(refused_login, world.server.url)
    assert code == "KEY_UNKNOWN"
    assert "ceax-client" not in living


def observed(url: str) -> list[str]:
    with SyncClient.connect(url, None) as observer:
        observer.subscribe("market")
        message = observer.next_message(timeout_s=60)
        return [type(message).__name__, observer.welcome.role, str(observer.is_connected)]


async def test_an_observer_needs_no_key() -> None:
    async with serving() as world:
        assert await asyncio.to_thread(observed, world.server.url) == [
            "MarketSnapshot",
            "observer",
            "True",
        ]


ENDS_WITHOUT_A_WORD = """
import sys
from gateway.client import Patience
from gateway.sync_client import SyncClient
market = SyncClient.connect(sys.argv[1], None, patience=Patience(dial_s=240.0))
market.subscribe("market")
print(type(market.next_message()).__name__, flush=True)
"""
STOPPED_WHILE_IT_WAITS = (
    ENDS_WITHOUT_A_WORD
    + """
for message in market.messages():
    pass
"""
)


@pytest.mark.parametrize("script", [ENDS_WITHOUT_A_WORD, STOPPED_WHILE_IT_WAITS])
async def test_the_end_of_a_script_closes_its_line(script: str) -> None:
    async with serving() as world:
        process = await started(script, world.server.url)
        assert process.stdout is not None
        assert await process.stdout.readline() == b"MarketSnapshot\n"
        (connection,) = world.server.connections
        if script is STOPPED_WHILE_IT_WAITS:
            process.send_signal(signal.SIGINT)
        _, errors = await process.communicate()
        await eventually(lambda: not world.server.connections)
        assert connection.socket.close_code == 1_000
        assert errors.endswith(b"KeyboardInterrupt\n" * (script is STOPPED_WHILE_IT_WAITS))


async def test_a_script_that_is_stopped_while_it_connects_leaves_nothing_open() -> None:
    called = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        called.set()
        await reader.read()
        writer.close()

    stranger = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with stranger:
        url = f"ws://127.0.0.1:{stranger.sockets[0].getsockname()[1]}"
        process = await started(ENDS_WITHOUT_A_WORD, url)
        await asyncio.wait_for(called.wait(), 60)
        process.send_signal(signal.SIGINT)
        _, errors = await process.communicate()
    assert errors.endswith(b"KeyboardInterrupt\n")
    assert b"Task was destroyed" not in errors
    assert b"unclosed" not in errors


async def started(script: str, url: str) -> asyncio.subprocess.Process:
    """Run a script of its own, with what Python says of things left open."""
    command = (sys.executable, "-X", "dev", "-c", script, url)
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
