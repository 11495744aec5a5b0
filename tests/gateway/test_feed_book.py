"""The book on the wire: a snapshot, then what changed, and a snapshot again for whom something was left out."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from msgspec import structs

from engine.commands import NewListing, PlaceListings, Side
from engine.profile import Profile
from engine.views import Depth
from gateway import wire
from gateway.frames_book import LISTINGS_SHOWN
from gateway.history import Applied
from gateway.local_book import LocalBook
from tests.gateway.gateway_world import Raw, World, eventually, raw, serving, settings, until
from tests.markets import PRODUCT, national

BOOK = f"book:{PRODUCT}"
SUBSCRIBE = {"type": "Subscribe", "id": 1, "channel": BOOK}


def typed(frame: dict[str, Any]) -> Any:
    return wire.decode_outward(json.dumps(frame))


def same(world: World, book: LocalBook) -> bool:
    depth = Depth(product=PRODUCT, bids=book.bids, asks=book.asks)
    return depth == world.exchange.depth(PRODUCT)


@contextlib.asynccontextmanager
async def observing(world: World) -> AsyncIterator[Raw]:
    """Yield a client without a key."""
    async with raw(world) as client:
        assert (await client.ask({"type": "Observe"}))["type"] == "Welcome"
        yield client


async def subscribe(client: Raw, **changes: Any) -> None:
    assert (await client.ask(SUBSCRIBE | changes))["type"] == "Subscribed"


async def test_a_snapshot_comes_first_and_then_only_what_changed() -> None:
    async with serving() as world, observing(world) as client:
        for number in range(6):
            world.list(1, Side.SELL, 4_850 + number, 100 + number)
        await subscribe(client)
        frame, book = await client.take(), LocalBook(PRODUCT)
        assert (frame["type"], frame["is_gap"], frame["product"]) == (
            "BookSnapshot",
            False,
            PRODUCT,
        )
        assert frame["asks"][0]["price_yuan"] == "48.50"
        assert frame["asks"][0]["listings"] == [
            {
                "order": 1,
                "left_t": 100,
                "time_ns": frame["asks"][0]["listings"][0]["time_ns"],
                "owner": "",
            }
        ]
        assert len(frame["asks"]) == 5
        assert book.apply(typed(frame))
        steps: list[Callable[[], Applied]] = [
            lambda: world.list(2, Side.BUY, 4_700, 5),
            lambda: world.pick(3, 1, 40),
            lambda: world.pick(3, 1, 60),  # the level goes, the sixth moves up
            lambda: world.list(1, Side.SELL, 4_849, 1),  # and goes again
        ]
        for step in steps:
            before = book.sequence
            done = step()
            changed = await client.take()
            assert (changed["type"], changed["previous"]) == ("BookChanged", before)
            assert changed["sequence"] == done.sequence
            assert book.apply(typed(changed))
            assert same(world, book)
        prices = [(change["price_yuan"], change["quantity_t"]) for change in changed["changes"]]
        assert prices == [("48.55", 0), ("48.49", 1)]


async def test_a_batch_of_listings_is_one_change() -> None:
    async with serving() as world, observing(world) as client:
        await subscribe(client)
        book = LocalBook(PRODUCT)
        book.apply(typed(await client.take()))
        listings = tuple(
            NewListing(
                product=PRODUCT,
                side=Side.SELL,
                price_fen=4_850 + number % 3,
                quantity_t=1,
                client_order=100 + number,
            )
            for number in range(20)
        )
        done = world.send(world.trader_key(1), PlaceListings(orders=listings))
        changed = typed(await client.take())
        assert changed.sequence == done.sequence
        assert len(changed.changes) == 3
        assert book.apply(changed)
        assert same(world, book)


async def test_commands_behind_the_five_levels_move_the_sequence_only() -> None:
    async with serving() as world, observing(world) as client:
        for number in range(5):
            world.list(1, Side.SELL, 4_850 + number, 1)
        await subscribe(client)
        book = LocalBook(PRODUCT)
        book.apply(typed(await client.take()))
        done = world.list(1, Side.SELL, 4_900, 1)
        changed = typed(await client.take())
        assert (changed.changes, changed.sequence) == ((), done.sequence)
        assert book.apply(changed)


async def test_a_resumed_book_needs_a_snapshot_only_where_something_changed() -> None:
    async with serving() as world:
        async with observing(world) as client:
            await subscribe(client)
            world.list(1, Side.SELL, 4_850, 1)
            frames = [await client.take(), await client.take()]
            known = frames[-1]["sequence"]
        async with observing(world) as client:
            await subscribe(client, after=known)
            done = world.list(1, Side.SELL, 4_851, 1)
            frame = await client.take()
            assert (frame["type"], frame["previous"]) == ("BookChanged", known)
            assert frame["sequence"] == done.sequence
        world.list(2, Side.BUY, 4_700, 1)
        async with observing(world) as client:
            await subscribe(client, after=known)
            frame = await client.take()
            assert (frame["type"], frame["is_gap"]) == ("BookSnapshot", True)
            ahead = await client.ask(SUBSCRIBE | {"after": world.exchange.sequence + 1})
            assert ahead["code"] == "RESUME_AHEAD"
            again = await client.ask(SUBSCRIBE | {"after": 0})
            assert again["type"] == "Subscribed"
            assert (await client.take())["is_gap"] is False


async def test_a_restarted_gateway_tells_the_same_sequences() -> None:
    async with serving() as world:
        world.list(1, Side.SELL, 4_850, 1)
        world.approve(world.enrolment(world.traders[0], 1))  # a command that is no book's business
        async with observing(world) as client:
            await subscribe(client)
            first = await client.take()
        await world.server.stop()
        await world.serve()
        async with observing(world) as client:
            await subscribe(client, after=first["sequence"])
            world.list(1, Side.SELL, 4_851, 1)
            frame = await client.take()
            assert (frame["type"], frame["previous"]) == ("BookChanged", first["sequence"])
            await client.ask(SUBSCRIBE | {"after": 0})


async def test_a_newcomer_within_the_interval_gets_what_the_others_get() -> None:
    async with (
        serving(settings(book_interval_s=0.1)) as world,
        observing(world) as one,
        observing(world) as two,
    ):
        await subscribe(one)
        books = [LocalBook(PRODUCT), LocalBook(PRODUCT)]
        books[0].apply(typed(await one.take()))
        world.list(1, Side.SELL, 4_850, 1)  # waits for its interval
        await subscribe(two)
        for number in range(50):
            last = world.list(1, Side.SELL, 4_851 + number % 7, 1)
            if number % 10 == 0:
                await asyncio.sleep(0.03)
        for client, book in zip((one, two), books, strict=True):
            frames = 0
            while book.sequence < last.sequence:
                frame = typed(await client.take())
                assert not getattr(frame, "is_gap", False)  # nobody was behind
                assert book.apply(frame)
                frames += 1
            assert frames < 20  # far fewer than commands
            assert same(world, book)
        assert (books[0].bids, books[0].asks) == (books[1].bids, books[1].asks)


async def test_levels_tell_at_most_twenty_listings_and_how_many_there_are() -> None:
    async with serving(settings(book_interval_s=0.0)) as world, observing(world) as client:
        for _ in range(LISTINGS_SHOWN + 5):
            world.list(1, Side.SELL, 4_850, 2)
        await subscribe(client)
        level = (await client.take())["asks"][0]
        assert (level["count"], len(level["listings"])) == (LISTINGS_SHOWN + 5, LISTINGS_SHOWN)
        assert [row["order"] for row in level["listings"]] == list(range(1, LISTINGS_SHOWN + 1))


def showing(owner: str) -> Profile:
    profile = national()
    return structs.replace(profile, listed=structs.replace(profile.listed, owner_shown=owner))


@pytest.mark.parametrize("owner", ["hidden", "code", "name"])
async def test_the_profile_says_whether_an_owner_is_shown(owner: str) -> None:
    async with serving(profile=showing(owner)) as world, observing(world) as client:
        world.list(1, Side.SELL, 4_850, 1)
        await subscribe(client)
        (listing,) = (await client.take())["asks"][0]["listings"]
        name = world.exchange.participants()[0].name
        assert (listing["owner"] == "") == (owner == "hidden")
        assert (listing["owner"] == name) == (owner == "name")


async def test_a_query_tells_the_same_levels_as_the_snapshot() -> None:
    async with serving() as world, observing(world) as client:
        for number in range(LISTINGS_SHOWN + 1):
            world.list(1, Side.SELL, 4_850, 1 + number)
        world.list(2, Side.BUY, 4_700, 5)
        asked = await client.ask({"type": "QueryBook", "id": 2, "product": PRODUCT})
        await subscribe(client)
        shown = await client.take()
        assert asked["book"] == {name: shown[name] for name in ("product", "bids", "asks")}
        (level,) = asked["book"]["asks"]
        assert (level["count"], len(level["listings"])) == (LISTINGS_SHOWN + 1, LISTINGS_SHOWN)


async def test_a_client_whose_book_does_not_fit_asks_again_by_itself() -> None:
    async with serving() as world, await world.connect(None) as client:
        await client.subscribe(BOOK)
        world.list(1, Side.SELL, 4_850, 1)
        await until(client, wire.BookSnapshot, world.exchange.sequence)
        book = client._link.inbox.books[BOOK]
        book._asks.clear()  # as if a frame had been mangled on its way
        last = world.list(1, Side.SELL, 4_851, 1)
        shown = (await until(client, wire.BookSnapshot, last.sequence))[-1]
        assert [level.price_fen for level in shown.book.asks] == [4_850, 4_851]
        await eventually(lambda: same(world, client._link.inbox.books[BOOK]))
