"""The client's waiting messages: bounded, newest of what only shows state, no gap and no repeat."""

import asyncio

import pytest

from engine.events import Deposited
from gateway import wire
from gateway.client import Disconnected
from gateway.inbox import NOTICES_MAX, ChannelState, Inbox


def private(sequence: int, previous: int, part: int = 0, parts: int = 1) -> wire.PrivateEvents:
    event = Deposited(
        sequence=sequence, time_ns=1, participant=1, amount_fen=part + 1, reference="R"
    )
    return wire.PrivateEvents(
        sequence=sequence, previous=previous, time_ns=1, events=(event,), part=part, parts=parts
    )


def book(sequence: int, product: str = "A") -> wire.BookSnapshot:
    return wire.BookSnapshot(
        sequence=sequence,
        time_ns=1,
        product=product,
        checksum=wire.book_checksum((), ()),
        bids=(),
        asks=(),
    )


def inbox(cursor: int | None = 0, messages_max: int = 4) -> Inbox:
    made = Inbox(messages_max)
    for channel in ("private", "book:A", "book:B"):
        made.channels[channel] = ChannelState(cursor)
        made.channels[channel].confirm(0, 0)
    return made


async def everything(box: Inbox) -> list[int]:
    box.close()
    found = []
    while (message := await box.get()) is not None:
        found.append(getattr(message, "sequence", -1))
    return found


async def test_repeats_are_dropped_and_a_gap_stalls_the_channel() -> None:
    box = inbox()
    for frame in (private(3, 0), private(3, 0), private(5, 3), private(9, 7)):
        box.put(frame)
    assert box.stalled() == ["private"]
    box.put(private(10, 9))
    assert await everything(box) == [3, 5]


async def test_a_full_inbox_stalls_and_asks_again_when_it_has_room() -> None:
    box = inbox()
    for number in range(1, 8):
        box.put(private(number, number - 1))
    assert len(box) == 4
    assert box.channels["private"].cursor == 4
    assert box.stalled() == []  # no room yet
    assert [getattr(await box.get(), "sequence", 0) for _ in range(2)] == [1, 2]
    assert box.stalled() == ["private"]
    box.channels["private"].confirm(7, 0)
    for number in range(5, 8):
        box.put(private(number, number - 1))
    assert await everything(box) == [3, 4, 5, 6]
    assert box.stalled() == ["private"]


async def test_only_the_newest_book_of_a_product_waits() -> None:
    box = inbox(messages_max=2)
    for number in range(1, 100):
        box.put(book(number))
        box.put(book(number, "B"))
        box.put(book(number, "C"))  # not subscribed
    assert len(box) == 2
    assert await everything(box) == [99, 99]


async def test_notices_are_bounded_and_the_oldest_go_first() -> None:
    box = inbox()
    for number in range(NOTICES_MAX + 5):
        box.notice(Disconnected(text=str(number), is_final=False))
    assert len(box) == NOTICES_MAX
    first = await box.get()
    assert isinstance(first, Disconnected)
    assert first.text == "5"


async def test_parts_are_joined_and_given_once() -> None:
    box = inbox()
    box.put(private(4, 0, 0, 3))
    box.put(private(4, 0, 1, 3))
    # The connection is lost in the middle: everything of the command comes again.
    box.channels["private"].is_live = False
    box.put(private(4, 0, 2, 3))
    box.channels["private"].confirm(4, 0)
    for part in range(3):
        box.put(private(4, 0, part, 3))
    box.put(private(6, 4, 1, 2))
    assert box.stalled() == ["private"]
    whole = await box.get()
    assert isinstance(whole, wire.PrivateEvents)
    assert [event.amount_fen for event in whole.events] == [1, 2, 3]  # type: ignore[union-attr]
    assert await everything(box) == []


@pytest.mark.parametrize("next_one", [private(4, 0, 2, 3), private(4, 0)], ids=["later", "whole"])
async def test_a_part_that_is_missing_stalls_the_channel_at_once(
    next_one: wire.PrivateEvents,
) -> None:
    box = inbox()
    box.put(private(4, 0, 0, 3))
    box.put(next_one)
    assert box.stalled() == ["private"]
    assert box.has_room.is_set()  # the link asks again now, not at its next ping
    assert await everything(box) == []


async def test_a_replay_from_the_beginning_starts_at_the_floor() -> None:
    box = inbox(cursor=0)
    box.channels["private"].confirm(100, 40)
    box.put(private(50, 40))
    assert await everything(box) == [50]


async def test_a_reader_wakes_when_something_comes_and_ends_when_it_is_over() -> None:
    box = inbox()
    reading = asyncio.create_task(box.get())
    await asyncio.sleep(0)
    box.put(private(1, 0))
    assert getattr(await reading, "sequence", 0) == 1
    reading = asyncio.create_task(box.get())
    await asyncio.sleep(0)
    box.close()
    assert await reading is None


@pytest.mark.parametrize("channel", ["trades", "drop", "market"])
async def test_frames_of_channels_that_nobody_asked_for_are_dropped(channel: str) -> None:
    box = inbox()
    assert channel not in box.channels
    box.put(wire.TradesPrinted(sequence=1, previous=0, time_ns=1, trades=()))
    assert await everything(box) == []
