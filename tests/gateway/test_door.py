"""The door: withdrawals only under a flood or on a low disk, nothing on a full one, and everybody hears of it."""

import asyncio

import pytest

from engine.commands import AdvanceTime, CancelOrder, OpenDay
from gateway.clock import SimulatedClock
from gateway.disk import FolderDisk, Room
from gateway.door import WATCHERS_MAX, Acceptance, Busy, Door, Shut
from gateway.journal_read import JournalBroken
from tests.gateway.fake_disk import FakeDisk
from tests.gateway.journal_help import hot, open_journal
from tests.gateway.sequencer_rig import TRADER, Rig, kinds, listing, moment

CANCELS = Acceptance("cancels", "overload")
LOW = Acceptance("cancels", "disk_low")
FULL = Acceptance("nothing", "disk_full")


def watched() -> tuple[Door, list[Acceptance]]:
    door = Door()
    told: list[Acceptance] = []
    door.watch(lambda: told.append(door.acceptance))
    return door, told


def test_three_quarters_of_the_inbox_shut_the_door_and_a_quarter_opens_it() -> None:
    door, told = watched()
    for waiting, mode in ((11, "all"), (12, "cancels"), (5, "cancels"), (4, "all"), (11, "all")):
        door.see_inbox(waiting, 16)
        assert door.acceptance.mode == mode, waiting
    assert told == [CANCELS, Acceptance()]


@pytest.mark.parametrize(
    ("free", "expected"),
    [
        ((60, 50, 49, 59), [LOW]),
        ((49, 60), [LOW, Acceptance()]),
        ((20, 19, 29, 30), [LOW, FULL, LOW]),
        ((0, 1000), [FULL, Acceptance()]),
    ],
)
def test_the_free_permille_of_the_disk_decides(
    free: tuple[int, ...], expected: list[Acceptance]
) -> None:
    door, told = watched()
    for permille in free:
        door.see_room(Room(permille, 1000))
    assert told == expected


def test_a_full_disk_outweighs_a_flood_and_the_flood_is_not_forgotten() -> None:
    door, told = watched()
    door.see_inbox(16, 16)
    door.see_room(Room(10, 1000))
    door.see_room(Room(1000, 1000))
    door.see_inbox(0, 16)
    assert told == [CANCELS, FULL, CANCELS, Acceptance()]


def test_who_passes_the_door() -> None:
    door, _ = watched()
    cancel, place = CancelOrder(order=1, client_order=1), listing(2)
    door.see_room(Room(49, 1000))
    door.check(4, [cancel, cancel])
    door.check(0, [AdvanceTime()])
    with pytest.raises(Shut) as caught:
        door.check(4, [cancel, place])
    assert caught.value.code == "CANCEL_ONLY"
    assert isinstance(caught.value, Busy), "whoever knows only Busy says: not sent"
    door.see_room(Room(19, 1000))
    with pytest.raises(Shut) as caught:
        door.check(4, [cancel])
    assert caught.value.code == "DISK_FULL"
    door.check(0, [AdvanceTime()])


def test_watchers_are_limited() -> None:
    door = Door()
    for _ in range(WATCHERS_MAX):
        door.watch(lambda: None)
    with pytest.raises(ValueError, match="16 watch the door"):
        door.watch(lambda: None)


def test_a_real_folder_tells_its_room(tmp_path: object) -> None:
    room = FolderDisk(tmp_path).room()  # type: ignore[arg-type]
    assert 0 < room.free_bytes < room.total_bytes


# ---------------------------------------------------------------- in the sequencer


async def test_under_a_flood_only_withdrawals_come_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.sequencer.INBOX_MAX", 20)
    rig = Rig()
    sequencer = await rig.start()
    await rig.open_market()
    told: list[str] = []
    sequencer.watch(lambda: told.append(sequencer.acceptance.mode))
    flood = [asyncio.create_task(sequencer.submit(TRADER, listing(n))) for n in range(1, 19)]
    await asyncio.sleep(0)
    assert sequencer.acceptance == CANCELS
    cancel = await sequencer.submit(TRADER, CancelOrder(order=1, client_order=99))
    answers = await asyncio.gather(*flood, return_exceptions=True)
    assert [isinstance(answer, Shut) for answer in answers] == [False] * 15 + [True] * 3
    assert kinds([cancel]) == ["Cancelled"]
    assert told == ["cancels", "all"]
    assert kinds([await sequencer.submit(TRADER, listing(30))]) == ["ListingPlaced"]
    assert rig.replay().exchange.sequence == sequencer.exchange.sequence


async def test_a_disk_that_fills_shuts_the_door_by_steps_and_time_goes_on() -> None:
    rig = Rig()
    sequencer = await rig.start()
    await rig.open_market()
    await rig.trade(1, 2)
    used = sum(len(inode.current) for inode in rig.disk.files.values())
    told: list[Acceptance] = []
    arrived = asyncio.Event()

    def hear() -> None:
        told.append(sequencer.acceptance)
        arrived.set()

    sequencer.watch(hear)
    rig.disk.capacity = used * 100 // 96  # 4 % free
    await asyncio.wait_for(arrived.wait(), 60)
    with pytest.raises(Shut):
        await sequencer.submit(TRADER, listing(90))
    done = await sequencer.submit(TRADER, CancelOrder(order=1, client_order=91))
    assert kinds([done]) == ["Cancelled"]
    arrived.clear()
    rig.disk.capacity = used * 100 // 99
    await asyncio.wait_for(arrived.wait(), 60)
    with pytest.raises(Shut):
        await sequencer.submit(TRADER, CancelOrder(order=2, client_order=92))
    assert await sequencer.advance_clock(moment("11:30")) >= moment("11:30")
    arrived.clear()
    rig.disk.capacity = 1 << 30
    await asyncio.wait_for(arrived.wait(), 60)
    assert told == [LOW, FULL, Acceptance()]
    assert rig.replay().exchange.event_digest() == sequencer.exchange.event_digest()


async def test_the_room_is_looked_at_when_the_file_grows_not_a_second_later() -> None:
    rig = Rig()
    sequencer = await rig.start()
    await rig.open_market()
    used = sum(len(inode.current) for inode in rig.disk.files.values())
    rig.disk.capacity = (used + 65_536 + 3_072) * 100 // 98
    grown = rig.journal.reserved_bytes
    number = 0
    while rig.journal.reserved_bytes == grown:
        number += 1
        assert number < 100
        await rig.trade(1 + number * 100, 50)
    assert sequencer.acceptance == LOW


async def test_no_day_is_opened_on_a_full_disk() -> None:
    disk = FakeDisk()
    rig = Rig(disk)
    moments: list[int] = [0]
    await rig.start("05:00", lambda start_ns: SimulatedClock(start_ns, 1.0, lambda: moments[0]))
    disk.capacity = sum(len(inode.current) for inode in disk.files.values())
    rig.sequencer._disk_watch.look()
    assert rig.sequencer.acceptance == FULL
    due = rig.sequencer._timekeeper.due()
    assert due is not None
    assert isinstance(due[1], OpenDay)
    moments[0] = due[0] - moment("05:00") + 1
    for _ in range(50):
        await asyncio.sleep(0)
    await rig.sequencer.advance_clock(due[0] + 1)
    assert rig.sequencer.failure is None
    assert len(disk.names()) == 1
    await rig.sequencer.stop()


def test_a_file_that_cannot_grow_is_a_broken_journal() -> None:
    disk = FakeDisk(capacity=20_000)
    journal = open_journal(disk)
    with pytest.raises(JournalBroken, match="free space"):
        journal.append(0, [hot(1, 400)])
    assert journal.last == 0
