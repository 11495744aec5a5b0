"""The copy of the journal: behind by a moment, proved at every moment, and never in the exchange's way."""

import errno
import random
import threading
from pathlib import Path

import pytest

from gateway.disk import FolderDisk
from gateway.errors import UserError
from gateway.journal import Journal
from gateway.journal_format import HEAD_BYTES
from gateway.journal_scan import journal_names, scan_journal
from gateway.shipping import (
    STEP_BYTES,
    Copier,
    Shipping,
    ShippingRefused,
    check_target,
)
from tests.gateway.fake_disk import FakeDisk
from tests.gateway.journal_help import fill, hot, open_day, open_journal, recovered

DATES = [f"2021-07-{day}" for day in range(16, 31)]


def copy_all(copier: Copier) -> None:
    for _ in range(1_000):
        if not copier.step():
            return
    raise AssertionError("it never comes to an end")


def content(disk: FakeDisk) -> dict[str, bytes]:
    return {name: bytes(disk.files[name].current) for name in journal_names(disk)}


def new_day(journal: Journal, date: str) -> None:
    journal.append(journal.last, [open_day(journal.last + 1, date)])


def test_the_copy_verifies_after_every_step_and_closed_days_are_equal_byte_for_byte() -> None:
    disk, target = FakeDisk(), FakeDisk()
    journal = open_journal(disk)
    copier = Copier(journal.reader, disk, target)
    for date in DATES[:4]:
        for _ in range(3):
            fill(journal, 2)
            copy_all(copier)
            assert recovered(target) == recovered(disk)
            assert copier.sequence == journal.last
        new_day(journal, date)
        copy_all(copier)
        for name, data in content(disk).items():
            if name < max(content(disk)):
                assert content(target)[name] == data
        assert target.protected == disk.protected == set(journal_names(disk)[:-1])
    report, _, _ = scan_journal(target)
    assert (report.closed_days, report.changed_files) == (4, [])


def test_what_is_not_durable_is_never_copied() -> None:
    disk, target = FakeDisk(), FakeDisk()
    journal = open_journal(disk)
    fill(journal, 2)
    copier = Copier(journal.reader, disk, target)
    copy_all(copier)
    last = journal.last
    disk.fail("sync", 0)
    with pytest.raises(Exception, match="fake disk"):
        fill(journal, 1)
    copy_all(copier)
    assert recovered(target) == list(range(1, last + 1))
    report, _, _ = scan_journal(target)
    assert report.dropped_bytes == 0


def test_a_large_batch_goes_in_steps_and_is_marked_at_its_end() -> None:
    disk, target = FakeDisk(), FakeDisk()
    journal = open_journal(disk)
    fill(journal, 1)
    copier = Copier(journal.reader, disk, target)
    copy_all(copier)
    journal.append(journal.last, [hot(journal.last + 1, STEP_BYTES // 64 + 10)])
    assert copier.step(), "there is more"
    assert recovered(target) == [1, 2, 3, 4], "a torn tail, not a shorter batch"
    assert scan_journal(target)[0].dropped_bytes > STEP_BYTES // 2
    copy_all(copier)
    assert recovered(target) == recovered(disk)


@pytest.mark.parametrize("seed", range(40))
def test_the_copy_survives_restarts_power_cuts_and_full_targets(seed: int) -> None:
    dice = random.Random(seed)
    disk, target = FakeDisk(), FakeDisk()
    journal = open_journal(disk)
    copier = Copier(journal.reader, disk, target)
    dates = iter(DATES)
    for _ in range(25):
        match dice.randrange(7):
            case 0 | 1:
                fill(journal, dice.randint(1, 3), dice.randint(1, 40))
            case 2:
                new_day(journal, next(dates, "")) if dice.random() < 0.4 else fill(journal, 1)
            case 3:  # the target's machine dies
                target.cut_power(dice.randrange(2**32))
                copier = Copier(journal.reader, disk, target)
            case 4:  # the exchange is killed and starts again
                disk.kill()
                journal = open_journal(disk)
                copier = Copier(journal.reader, disk, target)
            case 5:
                target.fail(dice.choice(("write", "sync")), dice.randrange(4), errno.ENOSPC)
            case _:
                target.kill()  # it works again
        try:
            for _ in range(dice.randrange(4)):
                copier.step()
        except OSError:
            copier.close()
            copier = Copier(journal.reader, disk, target)
        if journal_names(target):
            found = recovered(target)
            assert found == recovered(disk)[: len(found)]
    target.kill()
    target.capacity = 1 << 30
    copy_all(Copier(journal.reader, disk, target))
    assert recovered(target) == recovered(disk)


def test_a_copy_that_was_tampered_with_is_made_again() -> None:
    disk, target = FakeDisk(), FakeDisk()
    journal = open_journal(disk)
    fill(journal, 3)
    copy_all(Copier(journal.reader, disk, target))
    target.flip(journal_names(target)[0], 9_000, 3)
    fill(journal, 1)
    copy_all(Copier(journal.reader, disk, target))
    assert recovered(target) == recovered(disk)


def test_a_folder_with_another_journal_is_refused_and_left_alone() -> None:
    disk, other = FakeDisk(), FakeDisk()
    journal, strange = open_journal(disk), open_journal(other)
    fill(journal, 1)
    new_day(strange, "2021-07-16")
    strange.close()
    before = content(other)
    shipping = Shipping(journal.reader, disk, other, lambda _: None)
    with pytest.raises(ShippingRefused, match="does not know"):
        shipping.start()
    assert content(other) == before
    assert not other.owner
    alike, one = FakeDisk(), open_journal(FakeDisk())
    second = open_journal(alike)
    fill(second, 2, size=5)
    second.close()
    fill(one, 2)
    with pytest.raises(ShippingRefused, match=r"\(sequence 1\) that this journal has not"):
        Shipping(one.reader, one.disk, alike, lambda _: None).start()
    other.owner = "77"
    with pytest.raises(ShippingRefused, match="process 77 writes there"):
        Shipping(journal.reader, disk, other, lambda _: None).start()


@pytest.mark.parametrize("more", [0, 1, 9])
def test_a_copy_that_knows_more_than_the_journal_is_kept(more: int) -> None:
    """An older journal was put back, and perhaps went on: what was acknowledged is in the copy alone."""
    disk, target = FakeDisk(), FakeDisk()
    journal = open_journal(disk)
    fill(journal, 40, 20)
    early = disk.copy()
    fill(journal, 2)
    copy_all(Copier(journal.reader, disk, target))
    before = content(target)
    older = open_journal(early)
    fill(older, more, 5)
    target.kill()
    with pytest.raises(ShippingRefused, match="that this journal has not"):
        Shipping(older.reader, early, target, lambda _: None).start()
    assert content(target) == before
    assert not target.owner


def test_a_damaged_copy_is_replaced_in_one_step_and_no_start_is_refused_for_it() -> None:
    disk, target = FakeDisk(), FakeDisk()
    journal = open_journal(disk)
    fill(journal, 40, 20)
    copy_all(Copier(journal.reader, disk, target))
    (name,) = journal_names(target)
    inode = target.files[name]
    inode.current[-4_096:] = inode.current[HEAD_BYTES : HEAD_BYTES + 4_096] = bytes(4_096)
    check_target(journal.reader, disk, target)
    target.fail("sync", 1)
    copier = Copier(journal.reader, disk, target)
    with pytest.raises(OSError, match="fake disk"):
        copy_all(copier)
    assert target.files[name] is inode, "nothing is taken away before all is there"
    target.kill()
    copy_all(Copier(journal.reader, disk, target))
    assert recovered(target) == recovered(disk)
    assert journal_names(target) == [name]


def test_a_start_looks_at_the_targets_folder_once_however_many_days_lie_there() -> None:
    disk, target = FakeDisk(), FakeDisk()
    journal = open_journal(disk)
    for date in DATES:
        new_day(journal, date)
    copy_all(Copier(journal.reader, disk, target))
    looks, names = [0], target.names

    def look() -> list[str]:
        looks[0] += 1
        return names()

    target.names = look  # type: ignore[method-assign]
    fill(journal, 1)
    target.protected.clear()  # a crash came between
    copy_all(Copier(journal.reader, disk, target))
    assert looks == [1]
    assert recovered(target) == recovered(disk)
    assert target.protected == disk.protected


# ---------------------------------------------------------------- the thread, on real files


class Told:
    """What the thread said, to be waited for."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.arrived = threading.Condition()

    def __call__(self, text: str) -> None:
        with self.arrived:
            self.lines.append(text)
            self.arrived.notify_all()

    def wait(self, part: str) -> None:
        with self.arrived:
            assert self.arrived.wait_for(lambda: any(part in line for line in self.lines), 60), (
                self.lines
            )


def folder(path: Path) -> FolderDisk:
    disk = FolderDisk(path)
    disk.make()
    return disk


def wait_until_there(shipping: Shipping, sequence: int) -> None:
    pause = threading.Event()
    for _ in range(6_000):
        if shipping.state.sequence >= sequence:
            return
        pause.wait(0.01)
    raise AssertionError(f"the copy stands at {shipping.state}")


def test_the_thread_keeps_a_real_folder_close_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.shipping.STOP_SECONDS", 60.0)  # a real disk may stall
    disk, target, told = folder(tmp_path / "a"), folder(tmp_path / "b"), Told()
    journal = open_journal(disk)
    shipping = Shipping(journal.reader, disk, target, told, clock_s=lambda: 0.0)
    shipping.start()
    with pytest.raises(UserError, match="writes this journal; stop it first"):
        open_journal(folder(tmp_path / "b"))
    for date in DATES[:2]:
        fill(journal, 20)
        wait_until_there(shipping, journal.last)
        assert shipping.state.behind_s == 0.0
        new_day(journal, date)
    fill(journal, 5)
    journal.close()
    shipping.stop()
    assert not told.lines
    assert recovered(target) == recovered(disk)
    for name in journal_names(disk)[:-1]:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    again = open_journal(folder(tmp_path / "b"))
    assert again.last == journal.last, "the copy can be started from"
    with pytest.raises(ShippingRefused, match="writes there"):
        Shipping(journal.reader, disk, folder(tmp_path / "b"), told).start()
    again.close()


def test_a_full_target_is_told_and_caught_up_and_the_journal_never_waits() -> None:
    disk, target, told = FakeDisk(), FakeDisk(), Told()
    journal = open_journal(disk)
    fill(journal, 1)
    shipping = Shipping(journal.reader, disk, target, told)
    shipping.start()
    wait_until_there(shipping, journal.last)
    target.fail("write", 0, errno.ENOSPC)
    fill(journal, 50)
    told.wait("failed a write; the exchange goes on")
    assert shipping.state.problem
    fill(journal, 50)
    target._countdown.clear()
    told.wait("has caught up at sequence")
    wait_until_there(shipping, journal.last)
    shipping.stop()
    assert recovered(target) == recovered(disk)


def test_a_target_that_hangs_does_not_hold_up_the_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.shipping.STOP_SECONDS", 0.05)
    disk, target, told = FakeDisk(), FakeDisk(), Told()
    journal = open_journal(disk)
    hanging = threading.Event()
    target.names = lambda: (hanging.wait(60) and []) or []  # type: ignore[method-assign]
    shipping = Shipping(journal.reader, disk, target, told)
    shipping._thread.start()
    fill(journal, 30)
    shipping.stop()
    told.wait("ends at sequence 0")
    assert journal.last == 120
    hanging.set()
    shipping._thread.join(60)
