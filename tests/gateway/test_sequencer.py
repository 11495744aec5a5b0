"""The sequencer gives order and time, opens days, and tells nobody anything before it is durable."""

import asyncio
import threading
from itertools import pairwise

import pytest

from engine.commands import AdvanceTime, CancelOrder, NoteRestart, OpenDay
from engine.core.records import COMMAND
from engine.events import Refused, Repeated
from engine.reasons import Reason
from gateway.clock import SimulatedClock
from gateway.door import Busy
from gateway.errors import UserError
from gateway.journal_format import FrameKind
from gateway.journal_read import JournalBroken
from gateway.journal_scan import scan_journal
from gateway.replay import ReplayDiffers, replay_journal
from gateway.sequencer import Stopped
from tests.gateway.fake_disk import FakeFile
from tests.gateway.journal_help import control, open_journal
from tests.gateway.sequencer_rig import TRADER, Rig, genesis, kinds, listing, moment


async def test_a_genesis_that_is_refused_is_told() -> None:
    rig = Rig()
    rig.genesis = [*genesis(), genesis()[0]]
    with pytest.raises(UserError, match=r"genesis.json: KEY_ALREADY_ENROLLED"):
        await rig.start()


async def test_a_hot_command_past_a_boundary_finds_the_phase_changed() -> None:
    rig = Rig()
    sequencer = await rig.start()
    await rig.open_market("09:29")
    assert isinstance(sequencer.clock, SimulatedClock)
    sequencer.clock.advance_to(moment("09:30:05"))  # the timekeeper has not woken yet
    batch_count = len(rig.batches)
    answer = await sequencer.submit(TRADER, listing(1))
    assert kinds([answer]) == ["ListingPlaced"]
    assert len(rig.batches) == batch_count + 1
    assert isinstance(rig.batches[-1][0].command, AdvanceTime)
    assert rig.replay().exchange.event_digest() == sequencer.exchange.event_digest()


# ---------------------------------------------------------------- order, time, batches


async def test_time_rises_with_every_batch_and_stands_still_inside_one() -> None:
    rig = Rig()
    await rig.start()
    await rig.open_market()
    for number in range(1, 6):
        await rig.trade(number * 100, 7)
    times = [{item.time_ns for item in batch} for batch in rig.batches]
    assert all(len(stamps) == 1 for stamps in times)
    assert all(max(first) < min(second) for first, second in pairwise(times))
    assert [item.sequence for item in rig.seen] == list(range(1, rig.seen[-1].sequence + 1))


async def test_what_waits_together_is_one_batch_and_each_gets_its_own_answer() -> None:
    rig = Rig()
    sequencer = await rig.start()
    await rig.open_market()
    syncs = rig.disk.syncs
    answers = await asyncio.gather(
        *(sequencer.submit(TRADER, listing(number)) for number in range(1, 101))
    )
    assert rig.disk.syncs - syncs <= 3
    assert [answer.command.client_order for answer in answers] == list(range(1, 101))  # type: ignore[union-attr]
    assert [event.order for answer in answers for event in answer.events] == list(range(1, 101))  # type: ignore[union-attr]


async def test_a_fast_disk_is_written_on_the_loop_and_a_slow_one_in_a_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads: list[str] = []
    sync = FakeFile.sync

    def noting(file: FakeFile) -> None:
        threads.append(threading.current_thread().name)
        sync(file)

    rig = Rig()
    sequencer = await rig.start()
    await rig.open_market()
    monkeypatch.setattr(FakeFile, "sync", noting)
    turns = ((60.0, "MainThread"), (0.0, "journal_0"), (60.0, "MainThread"))
    for number, (limit_s, where) in enumerate(turns, 1):
        monkeypatch.setattr("gateway.sequencer.FAST_S", limit_s)
        await sequencer.submit(TRADER, listing(number))  # the next goes where this one told
        threads.clear()
        await sequencer.submit(TRADER, listing(100 + number))
        assert set(threads) == {where}
    await sequencer.stop()


async def test_hot_runs_are_stored_as_the_records_of_the_core() -> None:
    rig = Rig()
    await rig.start()
    await rig.open_market()
    await rig.trade(1, 50)
    found = []

    def note(frame: object) -> None:
        if frame.header.kind == FrameKind.HOT:  # type: ignore[attr-defined]
            found.append(frame.records())  # type: ignore[attr-defined]

    scan_journal(rig.disk, note)
    rows = found[-1]
    assert rows.dtype == COMMAND
    assert list(rows["client_order"][:3]) == [1, 2, 3]
    assert (rows["sequence"][1:] - rows["sequence"][:-1] == 1).all()


async def test_a_full_inbox_says_busy_and_takes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.sequencer.INBOX_MAX", 20)
    rig = Rig()
    sequencer = await rig.start()
    await rig.open_market()
    cancels = [CancelOrder(order=1, client_order=number) for number in range(1, 31)]
    tasks = [asyncio.create_task(sequencer.submit(TRADER, cancel)) for cancel in cancels]
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(answer, Busy) for answer in answers] == [False] * 20 + [True] * 10
    assert (await sequencer.submit(TRADER, listing(31))).events
    assert rig.seen[-1].sequence == rig.replay().exchange.sequence


async def test_more_at_once_than_a_batch_holds_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.sequencer.BATCH_MAX", 10)
    rig = Rig()
    sequencer = await rig.start()
    await rig.open_market()
    with pytest.raises(Busy, match="the limit is 10"):
        await sequencer.submit_many(TRADER, [listing(n) for n in range(1, 12)])
    await asyncio.gather(*(rig.sequencer.submit(TRADER, listing(n)) for n in range(1, 36)))
    assert max(len(batch) for batch in rig.batches) == 10
    assert await sequencer.submit_many(TRADER, []) == []


async def test_a_client_that_goes_away_leaves_its_command_behind() -> None:
    rig = Rig()
    sequencer = await rig.start()
    await rig.open_market()
    task = asyncio.create_task(sequencer.submit(TRADER, listing(1)))
    await asyncio.sleep(0)
    task.cancel()
    await sequencer.submit(TRADER, listing(2))
    assert [order.client_order for order in sequencer.exchange.orders(1)] == [1, 2]


async def test_a_day_that_opens_among_other_commands_begins_a_batch_and_a_file() -> None:
    rig = Rig()
    sequencer = await rig.start()
    await rig.open_market()
    await sequencer.advance_clock(moment("16:00"))
    monday = "2021-07-19"
    tasks = [
        asyncio.create_task(sequencer.submit(key, command))
        for key, command in (
            (TRADER, listing(1)),
            (0, OpenDay(date=monday)),
            (TRADER, listing(2)),
        )
    ]
    await asyncio.gather(*tasks)
    assert [len(batch) for batch in rig.batches[-3:]] == [1, 1, 1]
    scan = rig.journal.read(rig.batches[-2][0].sequence - 1)
    assert next(scan).entries()[0].command == OpenDay(date=monday)
    assert f"{monday}.journal" in rig.disk.names()
    assert rig.replay().exchange.event_digest() == sequencer.exchange.event_digest()


async def test_only_the_system_opens_a_day() -> None:
    rig = Rig()
    sequencer = await rig.start()
    await rig.open_market()
    names = rig.disk.names()
    answer = await sequencer.submit(TRADER, OpenDay(date="2021-07-20"))
    refused = answer.events[0]
    assert isinstance(refused, Refused)
    assert refused.reason == Reason.ROLE_NOT_PERMITTED
    assert rig.disk.names() == names


# ---------------------------------------------------------------- the journal fails


async def test_a_failed_disk_stops_the_exchange_and_tells_unknown_from_not_sent() -> None:
    rig = Rig()
    sequencer = await rig.start()
    await rig.open_market()
    sequence = sequencer.exchange.sequence
    rig.disk.fail("sync", 0)
    flying = asyncio.create_task(sequencer.submit(TRADER, listing(1)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting = asyncio.create_task(sequencer.submit(TRADER, listing(2)))
    outcomes = await asyncio.gather(flying, waiting, return_exceptions=True)
    assert [getattr(outcome, "outcome", None) for outcome in outcomes] == ["unknown", "not_sent"]
    await asyncio.wait_for(sequencer.wait_failed(), 60)
    with pytest.raises(Stopped) as caught:
        await sequencer.submit(TRADER, listing(3))
    assert caught.value.outcome == "not_sent"
    assert sequencer.exchange.sequence == sequence, "applied what is not durable"
    await sequencer.stop()
    assert "fake disk failed a sync" in str(sequencer.failure)


async def test_a_listener_that_breaks_stops_the_exchange() -> None:
    rig = Rig()
    sequencer = await rig.start()

    def broken(_: object) -> None:
        message = "a bug"
        raise AssertionError(message)

    sequencer.listen(broken)
    await sequencer.submit(0, AdvanceTime())
    await asyncio.wait_for(sequencer.wait_failed(), 60)
    with pytest.raises(Stopped):
        await sequencer.submit(0, AdvanceTime())
    await sequencer.stop()


# ---------------------------------------------------------------- recovery and replay


async def test_a_killed_exchange_comes_back_the_same_and_its_clock_stands() -> None:
    rig = Rig()
    sequencer = await rig.start()
    await rig.open_market("10:15")
    first = (await rig.trade(1, 120))[0]
    repeat = (await sequencer.submit(TRADER, listing(1, 4_321))).events[0]
    assert isinstance(repeat, Repeated)
    assert repeat.answer == first.events[0], "a repeat tells the first answer, its time too"
    before = rig.digests()
    told = list(sequencer.history.after(0))
    time_ns = sequencer.exchange.time_ns
    rig.disk.kill()

    again = await rig.start("08:00")
    assert rig.recovered == before
    assert again.clock.now_ns() == time_ns
    now = list(again.history.after(0))
    assert now[: len(told)] == told
    assert isinstance(now[len(told)].command, NoteRestart)
    assert list(again.history.after(100)) == now[100:]
    replayed = rig.replay()
    now_digests = rig.digests()
    assert (replayed.exchange.sequence, replayed.exchange.event_digest()) == now_digests[:2]
    assert replayed.exchange.state_digest() == now_digests[2]
    assert replayed.digests_compared > 10
    answer = await again.submit(TRADER, listing(1, 4_321))
    assert kinds([answer]) == ["Repeated"]


async def test_the_note_of_a_restart_comes_before_any_time_that_passed() -> None:
    rig = Rig()
    await rig.start()
    await rig.open_market("10:00")
    last = rig.sequencer.exchange.sequence
    rig.disk.kill()
    again = await rig.start(make=lambda _: SimulatedClock(moment("16:00"), 0))
    after = [type(item.command).__name__ for item in again.history.after(last)]
    assert after[0] == "NoteRestart"
    assert "DayClosed" in kinds(list(again.history.after(last)))
    assert rig.replay().exchange.event_digest() == again.exchange.event_digest()


async def test_a_clean_stop_keeps_the_last_digest() -> None:
    rig = Rig()
    sequencer = await rig.start()
    await rig.open_market()
    await rig.trade(1, 20)
    event_digest = sequencer.exchange.event_digest()
    await sequencer.stop()
    kept = []
    scan_journal(
        rig.disk,
        lambda frame: (
            kept.append(frame.digest()) if frame.header.kind == FrameKind.DIGEST else None
        ),
    )
    assert kept[-1].sequence == sequencer.exchange.sequence
    assert kept[-1].event_digest == event_digest
    assert {digest.sequence for digest in kept} >= {kept[-1].sequence}
    assert len(kept) >= 3, "one per change of phase"
    with pytest.raises(Stopped):
        await sequencer.submit(TRADER, listing(99))


async def test_what_waits_is_finished_before_a_clean_stop() -> None:
    rig = Rig()
    sequencer = await rig.start()
    await rig.open_market()
    tasks = [asyncio.create_task(sequencer.submit(TRADER, listing(n))) for n in range(1, 11)]
    await asyncio.sleep(0)
    await sequencer.stop()
    assert kinds(await asyncio.gather(*tasks)) == ["ListingPlaced"] * 10


async def test_a_restart_in_a_later_day_goes_on_with_that_day() -> None:
    rig = Rig()
    sequencer = await rig.start()
    await sequencer.advance_clock(moment("10:00", "2021-07-19"))
    rig.disk.kill()
    again = await rig.start()
    await again.advance_clock(moment("16:00", "2021-07-19"))
    assert kinds(rig.seen).count("DayOpened") == 2
    assert again.exchange.next_boundary_ns() == 0


async def test_memory_keeps_this_and_the_last_trading_day() -> None:
    rig = Rig()
    sequencer = await rig.start()
    await sequencer.advance_clock(moment("16:00", "2021-07-20"))
    opened = [item.sequence for item in rig.seen if kinds([item]) and "DayOpened" in kinds([item])]
    assert sequencer.history.floor == opened[1] - 1
    assert next(iter(sequencer.history.after(0))).sequence == opened[1]
    rig.disk.kill()
    again = await rig.start()
    assert again.history.floor == opened[1] - 1
    assert next(again.history.after(opened[2])).sequence == opened[2] + 1


async def test_a_replay_that_differs_names_the_sequence() -> None:
    rig = Rig()
    await rig.start()
    await rig.open_market()
    rig.disk.kill()
    journal = open_journal(rig.disk)
    last = journal.last
    journal.append(last, [control(last + 1)], b"\x01" * 32)
    with pytest.raises(ReplayDiffers, match=f"digest at sequence {last} is"):
        replay_journal(rig.disk)


async def test_other_semantics_are_told_before_the_replay() -> None:
    rig = Rig()
    await rig.start()
    told: list[str] = []
    from engine import exchange as engine_exchange
    from gateway import replay

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replay, "SEMANTICS_VERSION", engine_exchange.SEMANTICS_VERSION + 1)
        replay_journal(rig.disk, told.append)
    assert "answers may differ" in told[0]


async def test_a_disk_that_fails_at_the_last_moment_of_a_clean_stop_is_told() -> None:
    rig = Rig()
    sequencer = await rig.start()
    await rig.open_market()
    last = sequencer.exchange.sequence
    rig.disk.fail("sync", 1)  # the last digest still goes well, the last mark does not
    await sequencer.stop()
    assert isinstance(sequencer.failure, JournalBroken)
    assert f"sequence {last} is safe; check the disk" in str(sequencer.failure)
    assert not rig.disk.owner, "the lock is let go of"
