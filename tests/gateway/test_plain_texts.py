"""Frames from patterns are, byte by byte, the frames that are built field by field."""

from collections import Counter
from itertools import count
from typing import Any, get_args

import pytest

from engine.commands import CancelOrder, PickListing, PlaceListing, Side
from engine.events import (
    AnyEvent,
    BlockOffered,
    Cancelled,
    ListingPlaced,
    Reduced,
    Traded,
)
from gateway import plain_texts, wire
from gateway.client import Client
from gateway.history import Applied
from gateway.plain_texts import PlainTexts
from tests.gateway.gateway_world import World, serving, until
from tests.markets import PRODUCT
from tests.sample_events import sample

OWNER, OTHER, SEQUENCE, TIME_NS = 7, 8, 2**40, 1_626_399_000_000_000_001
PLAIN = (ListingPlaced, Traded, Cancelled, Reduced, BlockOffered)
OTHERS = sorted(set(get_args(AnyEvent)) - set(PLAIN), key=lambda kind: str(kind.__name__))
COMMAND = PlaceListing(
    product=PRODUCT, side=Side.BUY, price_fen=4_800, quantity_t=1, client_order=1
)


def applied(*events: Any) -> Applied:
    return Applied(SEQUENCE, TIME_NS, 3, COMMAND, list(events))


def own(kind: Any, **changes: Any) -> Any:
    return sample(
        kind, participant=OWNER, price_fen=123_456_789, key=44, order=2**31 - 1, **changes
    )


@pytest.mark.parametrize("kind", PLAIN, ids=lambda kind: kind.__name__)
def test_a_pattern_writes_what_the_codec_writes(kind: Any) -> None:
    texts, event = PlainTexts(), own(kind)
    answer = texts.answer(9_007_199_254_740_991, applied(event), OWNER, 12, 34)
    assert answer == wire.encode(
        wire.Submitted(
            id=9_007_199_254_740_991,
            sequence=SEQUENCE,
            received_ns=12,
            sent_ns=34,
            time_ns=TIME_NS,
            events=(event,),
        )
    )
    assert texts.private(SEQUENCE, 17, OWNER) == wire.encode(
        wire.PrivateEvents(sequence=SEQUENCE, previous=17, time_ns=TIME_NS, events=(event,))
    )
    assert texts.private(SEQUENCE, 17, OTHER) is None, "another one may see less of it"
    assert texts.private(SEQUENCE - 1, 17, OWNER) is None


@pytest.mark.parametrize("kind", OTHERS, ids=lambda kind: str(kind.__name__))
def test_what_has_words_or_other_readers_goes_the_usual_way(kind: Any) -> None:
    texts = PlainTexts()
    assert texts.answer(1, applied(sample(kind, participant=OWNER)), OWNER, 1, 2) is None
    assert texts.private(SEQUENCE, 0, OWNER) is None


def test_of_several_events_or_of_another_ones_nothing_is_plain() -> None:
    texts = PlainTexts()
    assert texts.answer(1, applied(own(Traded), own(ListingPlaced)), OWNER, 1, 2) is None
    assert texts.answer(1, applied(), OWNER, 1, 2) is None
    assert texts.answer(1, applied(own(Cancelled)), OTHER, 1, 2) is None
    assert texts.private(SEQUENCE, 0, OWNER) is None


def test_no_more_texts_are_kept_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_texts, "KEPT_MAX", 3)
    texts = PlainTexts()
    for sequence in range(1, 5):
        entry = Applied(sequence, TIME_NS, 3, COMMAND, [own(ListingPlaced)])
        assert texts.answer(sequence, entry, OWNER, 1, 2) is not None
    kept = [number for number in range(1, 5) if texts.private(number, 0, OWNER) is not None]
    assert kept == [4], "the rest goes the usual way"


async def test_one_stream_alone_tells_what_it_tells_beside_others() -> None:
    """The private stream is read in few steps where it is a reader's only one, and else step by step."""
    async with serving(clock="13:00") as world:
        alone, watching, beside = [await world.trader(1) for _ in range(3)]
        packed = await Client.connect(
            world.server.url, world.traders[0], form=wire.Format.MESSAGEPACK
        )
        readers = (alone, watching, beside, packed)
        for client in readers:
            await client.subscribe("private")
        await beside.subscribe("trades")
        last = await trade_a_little(world, alone, packed)
        told = [
            [
                frame
                for frame in await until(client, wire.PrivateEvents, last)
                if isinstance(frame, wire.PrivateEvents)
            ]
            for client in readers
        ]
        assert told[0] == told[1] == told[2] == told[3]
        kinds = Counter(type(frame.events[0]).__name__ for frame in told[0])
        assert kinds == {"ListingPlaced": 5, "Traded": 2, "Refused": 1, "Cancelled": 1}
        for client in readers:
            await client.close()


async def trade_a_little(world: World, sender: Client, packed: Client) -> int:
    """Let a participant do what is plain and what is not; return the last sequence that it is told."""
    number = count(1)

    def listing(side: Side = Side.SELL, price_fen: int = 4_850) -> PlaceListing:
        return PlaceListing(
            product=PRODUCT,
            side=side,
            price_fen=price_fen,
            quantity_t=10,
            client_order=next(number),
        )

    placed = [await sender.submit(listing()) for _ in range(4)]
    world.pick(2, placed[0].order, 4)
    assert (await sender.submit(listing(price_fen=1))).refused
    cancel = CancelOrder(order=placed[1].order, client_order=next(number))
    await sender.submit(cancel)
    assert (await sender.submit(cancel)).is_repeat
    theirs = world.list(2, Side.SELL, 4_860, 10).events[0]
    assert isinstance(theirs, ListingPlaced)
    await sender.submit(PickListing(listing=theirs.order, quantity_t=5, client_order=next(number)))
    return (await packed.submit(listing(side=Side.BUY, price_fen=4_800))).sequence
