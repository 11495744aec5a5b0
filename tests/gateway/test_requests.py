"""Commands without a task of their own: each is answered once, and no answer can stop the market."""

import asyncio
import logging

import pytest

from engine.events import ListingPlaced
from gateway.door import Busy
from gateway.history import Applied
from gateway.sequencer import INBOX_MAX, Answer, Stopped
from tests.gateway.sequencer_rig import TRADER, Rig, listing


async def open_rig() -> Rig:
    rig = Rig()
    await rig.start()
    await rig.open_market()
    return rig


async def test_a_posted_command_is_told_when_it_is_durable() -> None:
    rig = await open_rig()
    told: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    rig.sequencer.post(TRADER, listing(1), told.set_result)
    assert not told.done()
    answer = await told
    assert isinstance(answer, list)
    applied: Applied = answer[0]
    assert isinstance(applied.events[0], ListingPlaced)
    assert rig.journal.last == applied.sequence
    await rig.sequencer.stop()


async def test_an_answer_that_cannot_be_told_stops_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rig = await open_rig()

    def fail(_: Answer) -> None:
        raise ValueError("planted")

    rig.sequencer.post(TRADER, listing(1), fail)
    with caplog.at_level(logging.ERROR):
        applied = await rig.sequencer.submit(TRADER, listing(2))
    assert isinstance(applied.events[0], ListingPlaced)
    assert "an answer could not be told" in caplog.text
    assert rig.sequencer.failure is None
    await rig.sequencer.stop()


async def test_what_cannot_be_taken_is_said_at_once_and_never_told() -> None:
    rig = await open_rig()
    told: list[Answer] = []
    limit = 3 * INBOX_MAX // 4  # from there on the door takes withdrawals only
    for number in range(1, limit + 1):
        rig.sequencer.post(TRADER, listing(number, quantity_t=1), told.append)
    with pytest.raises(Busy):
        rig.sequencer.post(TRADER, listing(limit + 1), told.append)
    await rig.sequencer.stop()
    assert len(told) == limit
    with pytest.raises(Stopped):
        rig.sequencer.post(TRADER, listing(1), told.append)
