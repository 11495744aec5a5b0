"""The journal gives back what it took, one file a day, and stops at the first sign of trouble."""

import asyncio
import errno
import multiprocessing
import os
from pathlib import Path

import numpy as np
import pytest

from gateway.disk import FolderDisk
from gateway.errors import UserError
from gateway.journal import Fenced, Journal
from gateway.journal_format import FRAME_BYTES_MAX, Digest, Frame, FrameKind
from gateway.journal_read import JournalBroken
from gateway.journal_scan import scan_journal
from tests.gateway.fake_disk import FakeDisk
from tests.gateway.journal_help import (
    FIRST,
    PROFILE,
    control,
    fill,
    hot,
    open_day,
    open_journal,
    recovered,
    sequences,
)


def test_what_was_appended_is_read_again() -> None:
    disk = FakeDisk()
    journal = open_journal(disk)
    rows = hot(1, 5, time_ns=11)
    assert journal.append(0, [rows, control(6, 2)], b"e" * 32) == 7
    assert journal.append(7, [Digest(sequence=7, event_digest=b"e", state_digest=b"s")]) == 7
    journal.close()

    seen: list[Frame] = []
    again = open_journal(disk, seen)
    assert [frame.header.kind for frame in seen] == [
        FrameKind.PROFILE,
        FrameKind.EPOCH,
        FrameKind.HOT,
        FrameKind.CONTROL,
        FrameKind.DIGEST,
    ]
    assert seen[0].profile().profile == PROFILE.decode()
    assert seen[0].profile().semantics_version == 1
    assert np.array_equal(seen[2].records(), rows)
    assert seen[2].event_digest == b"e" * 32
    assert seen[3].entries() == control(6, 2)
    assert seen[4].digest().state_digest == b"s"
    assert again.last == 7
    assert again.report.dropped_bytes == 0


def test_each_process_is_an_epoch_of_its_own() -> None:
    disk = FakeDisk()
    for number in (1, 2, 3):
        journal = open_journal(disk)
        assert journal.epoch() == number
        fill(journal, 1)
        journal.close()
    epochs: list[int] = []
    scan_journal(disk, lambda frame: epochs.append(frame.header.epoch))
    assert epochs == sorted(epochs)
    assert set(epochs) == {1, 2, 3}


def test_a_trading_day_has_a_file_and_the_chain_goes_through() -> None:
    disk = FakeDisk()
    journal = open_journal(disk)
    fill(journal, 2)
    journal.append(journal.last, [open_day(journal.last + 1, "2021-07-16")])
    fill(journal, 2)
    journal.append(journal.last, [open_day(journal.last + 1, "2021-07-19")])
    fill(journal, 1)
    assert disk.names() == [FIRST, "2021-07-16.journal", "2021-07-19.journal"]
    assert recovered(disk) == list(range(1, journal.last + 1))
    assert [sequences(frame)[0] for frame in journal.read(9)] == [9, 10, 13, 14, 17, 18, 19, 22][1:]
    journal.close()
    assert open_journal(disk).last == journal.last


def test_a_closed_day_gives_back_what_it_reserved() -> None:
    disk = FakeDisk()
    journal = open_journal(disk)
    fill(journal, 1)
    journal.append(journal.last, [open_day(journal.last + 1, "2021-07-16")])
    assert len(disk.files[FIRST].current) < 8192 + 4096
    assert recovered(disk) == [1, 2, 3, 4, 5]


def test_read_begins_behind_any_sequence() -> None:
    disk = FakeDisk()
    journal = open_journal(disk)
    fill(journal, 4)
    journal.append(journal.last, [open_day(journal.last + 1, "2021-07-16")])
    for after in range(journal.last + 2):
        found = [n for frame in journal.read(after) for n in sequences(frame)]
        assert [n for n in found if n > after] == list(range(after + 1, journal.last + 1))
        assert len(found) <= journal.last - after + 3  # at most the run that holds the place


def test_what_is_not_durable_is_never_read() -> None:
    disk = FakeDisk()
    journal = open_journal(disk)
    fill(journal, 1)
    disk.fail("sync", 3)  # the file of the day bears its name, its first batch is not on the disk
    with pytest.raises(JournalBroken):
        journal.append(journal.last, [open_day(5, "2021-07-16")])
    assert disk.names() == [FIRST, "2021-07-16.journal"]
    assert [n for frame in journal.read(0) for n in sequences(frame)] == [1, 2, 3, 4]


def test_a_file_grows_past_what_it_reserved() -> None:
    disk = FakeDisk()
    journal = open_journal(disk)
    journal.append(0, [hot(1, 1000)])
    assert len(disk.files[FIRST].current) > 64_000
    assert recovered(disk) == list(range(1, 1001))


def test_one_write_and_one_sync_and_a_mark_per_batch() -> None:
    disk = FakeDisk()
    journal = open_journal(disk)
    writes, syncs = disk.writes, disk.syncs
    journal.append(0, [hot(1, 10), control(11, 3), hot(14, 2)])
    assert (disk.writes - writes, disk.syncs - syncs) == (2, 1)  # the batch and its mark


# ---------------------------------------------------------------- stopping


def test_an_unexpected_last_sequence_is_fenced() -> None:
    journal = open_journal(FakeDisk())
    fill(journal, 1)
    with pytest.raises(Fenced, match="expected 3"):
        journal.append(3, [hot(4, 1)])
    assert journal.append(4, [hot(5, 1)]) == 5


def test_a_writer_whose_tail_another_wrote_stops() -> None:
    disk = FakeDisk()
    first = open_journal(disk)
    fill(first, 1)
    disk.owner = ""  # somebody broke the lock
    second = open_journal(disk)
    assert second.epoch() == first.epoch() + 1
    with pytest.raises(Fenced, match="another writer"):
        first.append(first.last, [hot(5, 1)])
    with pytest.raises(JournalBroken):
        first.append(first.last, [hot(5, 1)])
    fill(second, 1)
    assert recovered(disk) == list(range(1, 9))


@pytest.mark.parametrize("size", [1, 1_000], ids=["in what is reserved", "past it"])
@pytest.mark.parametrize("day", ["", "2021-07-16"], ids=["open", "closed"])
def test_what_another_writer_wrote_is_never_overwritten(size: int, day: str) -> None:
    disk = FakeDisk()
    first = open_journal(disk)
    fill(first, 1)
    disk.owner = ""  # somebody broke the lock
    second = open_journal(disk)
    fill(second, 1)
    if day:
        second.append(second.last, [open_day(second.last + 1, day)])
    with pytest.raises(Fenced, match="another writer"):
        first.append(first.last, [hot(5, size)])
    assert recovered(disk) == list(range(1, second.last + 1))


@pytest.mark.parametrize("operation", ["write", "sync"])
@pytest.mark.parametrize("after", [0, 1])
def test_an_error_is_never_retried(operation: str, after: int) -> None:
    disk = FakeDisk()
    journal = open_journal(disk)
    fill(journal, 2)
    acknowledged = journal.last
    disk.fail(operation, after if operation == "write" else 0)
    with pytest.raises(JournalBroken, match=r"sequence (8|48) is safe"):
        journal.append(acknowledged, [hot(acknowledged + 1, 40)])
    writes, syncs = disk.writes, disk.syncs
    with pytest.raises(JournalBroken):
        journal.append(acknowledged, [hot(acknowledged + 1, 40)])
    journal.close()
    assert (disk.writes, disk.syncs) == (writes, syncs)
    disk.kill()
    found = recovered(disk)
    assert found[:acknowledged] == list(range(1, acknowledged + 1))


def test_a_full_disk_stops_the_journal_and_says_what_to_do() -> None:
    disk = FakeDisk(capacity=40_000)
    journal = open_journal(disk)
    with pytest.raises(JournalBroken, match="free space and start again") as caught:
        fill(journal, 1000, size=20)
    assert f"sequence {journal.last} is safe" in str(caught.value)
    journal.close()
    disk.kill()
    disk.capacity = 1 << 30
    again = open_journal(disk)
    assert again.last == journal.last
    fill(again, 1)
    assert recovered(disk) == list(range(1, again.last + 1))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_under_a_write_is_an_error_too(number: int) -> None:
    disk = FakeDisk()
    journal = open_journal(disk)
    disk.fail("write", 0, number)
    with pytest.raises(JournalBroken, match="free space"):
        journal.append(0, [hot(1, 1)])


def test_a_run_has_a_largest_size() -> None:
    journal = open_journal(FakeDisk())
    with pytest.raises(JournalBroken, match="too large"):
        journal.append(0, [hot(1, FRAME_BYTES_MAX // 64 + 1)])


# ---------------------------------------------------------------- followers


async def test_a_follower_sees_every_frame_once_also_over_a_new_day() -> None:
    disk = FakeDisk()
    journal = open_journal(disk)
    fill(journal, 2)
    found: list[int] = []

    async def follow() -> None:
        async for frame in journal.tail(0):
            found.extend(sequences(frame))
            if found[-1] == 18:
                return

    follower = asyncio.create_task(follow())
    for _ in range(20):
        await asyncio.sleep(0)
    assert found == list(range(1, 9))
    await asyncio.to_thread(fill, journal, 1)
    await asyncio.to_thread(
        journal.append, journal.last, [open_day(journal.last + 1, "2021-07-16")]
    )
    await asyncio.to_thread(fill, journal, 1, 4)
    await asyncio.wait_for(follower, 60)
    assert found == list(range(1, 19))


async def test_followers_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.journal_read.TAILS_MAX", 2)
    journal = open_journal(FakeDisk())

    async def follow() -> None:
        async for _ in journal.tail(0):
            pass

    waiting = [asyncio.create_task(follow()) for _ in range(2)]
    for _ in range(20):
        await asyncio.sleep(0)
    with pytest.raises(JournalBroken, match="2 followers"):
        await follow()
    for task in waiting:
        task.cancel()


# ---------------------------------------------------------------- the real disk


def test_a_real_folder_holds_the_same(tmp_path: Path) -> None:
    disk = FolderDisk(tmp_path / "a" / "journal")
    disk.make()
    journal = open_journal(disk)
    fill(journal, 3)
    journal.append(journal.last, [open_day(journal.last + 1, "2021-07-16")])
    fill(journal, 40, size=9)
    found = [n for frame in journal.read(5) for n in sequences(frame) if n > 5]
    assert found == list(range(6, journal.last + 1))
    journal.close()
    assert recovered(disk) == list(range(1, journal.last + 1))
    assert open_journal(disk).last == journal.last


def test_a_file_is_read_whole_however_little_the_system_gives_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gives 2 GiB: less than a busy day."""
    disk, give = FolderDisk(tmp_path), os.pread
    journal = open_journal(disk)
    fill(journal, 40)
    with monkeypatch.context() as patch:
        patch.setattr("os.pread", lambda handle, size, at: give(handle, min(size, 1_000), at))
        patch.setattr("gateway.journal_scan.PIECE_BYTES", 3_000)
        journal.append(journal.last, [open_day(journal.last + 1, "2021-07-16")])
        fill(journal, 40)
        report = scan_journal(disk)[0]
        assert (report.closed_days, report.changed_files) == (1, [])
        assert report.last_sequence == journal.last
        file = disk.open(FIRST, is_writable=False)
        assert file.read(file.size() - 10, 99) == file.view()[-10:]
        assert file.read(file.size(), 9) == b""
        file.close()
    assert disk.is_protected(FIRST)
    assert not disk.is_protected("2021-07-16.journal")
    assert scan_journal(disk)[0] == report


def _hold(folder: str, ready: "multiprocessing.synchronize.Event") -> None:
    disk = FolderDisk(Path(folder))
    journal = open_journal(disk)
    fill(journal, 1)
    ready.set()
    multiprocessing.Event().wait(60)


@pytest.mark.process
def test_a_second_process_is_kept_out_until_the_first_dies(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=_hold, args=(str(tmp_path), ready))
    process.start()
    assert ready.wait(60)
    with pytest.raises(UserError, match=rf"process {process.pid}\) writes this journal"):
        open_journal(FolderDisk(tmp_path))
    process.kill()
    process.join(60)
    journal = open_journal(FolderDisk(tmp_path))
    assert journal.last == 4
    assert journal.epoch() == 2
    journal.close()


def test_a_failed_start_lets_go_of_the_lock() -> None:
    disk = FakeDisk()
    open_journal(disk).close()
    disk.fail("write", 0)
    with pytest.raises(OSError, match="fake disk"):
        open_journal(disk)
    disk.kill()
    assert isinstance(open_journal(disk), Journal)
