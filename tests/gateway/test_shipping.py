"""The copy of the journal: behind by a moment, proved at every moment, and never in the exchange's way."""

import errno
import random
import threading
from pathlib import Path

import pytest

from gateway.disk import File, FolderDisk
from gateway.journal import Journal
from gateway.journal_scan import journal_names, scan_journal
from gateway.shipping import (
    BEHIND_S_MAX,
    POLL_SECONDS,
    RETRY_SECONDS,
    STEP_BYTES,
    Copier,
    Shipping,
    ShippingRefused,
)
from tests.gateway.fake_disk import FakeDisk, FakeFile
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
                assert name in target.protected
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
    with pytest.raises(ShippingRefused, match="is another journal's"):
        Shipping(one.reader, one.disk, alike, lambda _: None).start()
    other.owner = "77"
    with pytest.raises(ShippingRefused, match="process 77 ships to it"):
        Shipping(journal.reader, disk, other, lambda _: None).start()


# ---------------------------------------------------------------- how far it is behind


class Turns:
    """A copy that is kept turn by turn, by a clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.disk, self.target = FakeDisk(), FakeDisk()
        self.journal = open_journal(self.disk)
        self.lines: list[str] = []
        reader, say = self.journal.reader, self.lines.append
        self.shipping = Shipping(reader, self.disk, self.target, say, clock_s=lambda: self.now_s)

    def turn(self, *, later_s: float = POLL_SECONDS) -> None:
        """Let time pass, and the thread have its turn."""
        self.now_s += later_s
        self.shipping.turn()

    @property
    def behind_s(self) -> float:
        return self.shipping.state.behind_s


def test_a_turn_copies_all_that_was_durable_before_it_and_ends_under_any_load(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So a copy is behind by a pause and a turn, which leaves nine tenths of a second to the target."""
    monkeypatch.setattr("gateway.shipping.STEP_BYTES", 1_000)
    turns = Turns()
    journal, behind = turns.journal, []
    syncing = FakeFile.sync

    def sync(file: FakeFile) -> None:  # the writer goes on while the target writes, as fast as it
        if file._disk is turns.target:
            fill(journal, 1, 5)
            turns.now_s += 0.01
        syncing(file)

    monkeypatch.setattr(FakeFile, "sync", sync)
    dates = iter(DATES)
    for number in range(60):
        fill(journal, 1 + number % 7)
        if number % 9 == 0:
            new_day(journal, next(dates))
        durable, began_s = journal.last, turns.now_s + POLL_SECONDS
        turns.turn()
        assert turns.shipping.state.sequence >= durable
        behind.append(journal.last - turns.shipping.state.sequence)
        is_whole = turns.shipping.state.sequence == journal.last
        assert turns.behind_s == (0.0 if is_whole else turns.now_s - began_s), "since it began"
        assert turns.behind_s < BEHIND_S_MAX
    assert max(behind) > 0, "the writer was never waited for"
    assert not turns.lines
    assert POLL_SECONDS <= BEHIND_S_MAX / 10


def test_a_copy_that_is_whole_is_not_behind_however_long_nothing_comes() -> None:
    turns = Turns()
    for later_s in (0.1, 3_600):
        turns.turn(later_s=later_s)
        assert turns.behind_s == 0
        turns.now_s += later_s
        assert turns.behind_s == 0
        fill(turns.journal, 1)
        assert turns.behind_s == pytest.approx(later_s), "at most: since it was last seen whole"


def test_a_target_that_lets_the_thread_wait_is_seen_from_outside() -> None:
    """The thread itself can say nothing while it hangs: how far it is behind is told when it is asked."""
    turns = Turns()
    turns.turn()
    hanging, let_go = threading.Event(), threading.Event()
    open_file = turns.target.open

    def hang(name: str, *, is_writable: bool) -> File:
        hanging.set()
        let_go.wait(20)
        return open_file(name, is_writable=is_writable)

    turns.shipping._copier.close()
    turns.shipping._copier = Copier(turns.journal.reader, turns.disk, turns.target)
    turns.target.open = hang  # type: ignore[method-assign]
    fill(turns.journal, 1)
    thread = threading.Thread(target=turns.shipping.turn)
    thread.start()
    assert hanging.wait(20)
    turns.now_s += 5
    assert turns.behind_s == pytest.approx(5)
    let_go.set()
    thread.join(20)
    assert turns.behind_s == 0


def test_more_than_a_second_behind_is_told_once_and_so_is_its_end() -> None:
    turns = Turns()
    turns.turn()
    fill(turns.journal, 2)
    turns.target.fail("write", 0, errno.ENOSPC)
    assert turns.shipping.turn() == RETRY_SECONDS
    for _ in range(3):
        turns.turn(later_s=RETRY_SECONDS)
    assert turns.behind_s > BEHIND_S_MAX
    assert turns.shipping.state.problem == "the fake disk failed a write"
    turns.target._countdown.clear()
    turns.turn(later_s=RETRY_SECONDS)
    assert (turns.behind_s, turns.shipping.state.problem) == (0, "")
    told, over = turns.lines
    assert "the fake disk failed a write; the exchange goes on" in told
    assert f"has caught up at sequence {turns.journal.last}" in over


def test_a_target_that_is_too_slow_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = Turns()
    turns.turn()
    fill(turns.journal, 40, 50)
    monkeypatch.setattr("gateway.shipping.STEP_BYTES", 20_000)
    syncing = FakeFile.sync

    def slowly(file: FakeFile) -> None:
        if file._disk is turns.target:
            turns.now_s += 0.6
        syncing(file)

    monkeypatch.setattr(FakeFile, "sync", slowly)
    turns.turn()
    told, over = turns.lines
    assert "it is more than 1 s behind; the exchange goes on" in told
    assert "has caught up" in over
    assert turns.shipping.state.problem == ""


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
            assert self.arrived.wait_for(lambda: any(part in line for line in self.lines), 20), (
                self.lines
            )


def folder(path: Path) -> FolderDisk:
    disk = FolderDisk(path)
    disk.make()
    return disk


def wait_until_there(shipping: Shipping, sequence: int) -> None:
    pause = threading.Event()
    for _ in range(2_000):
        if shipping.state.sequence >= sequence:
            return
        pause.wait(0.01)
    raise AssertionError(f"the copy stands at {shipping.state}")


def test_the_thread_keeps_a_real_folder_close_behind(tmp_path: Path) -> None:
    disk, target, told = folder(tmp_path / "a"), folder(tmp_path / "b"), Told()
    journal = open_journal(disk)
    shipping = Shipping(journal.reader, disk, target, told)
    shipping.start()
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
    told.wait("the exchange goes on")
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
    target.names = lambda: (hanging.wait(20) and []) or []  # type: ignore[method-assign]
    shipping = Shipping(journal.reader, disk, target, told)
    shipping._thread.start()
    fill(journal, 30)
    shipping.stop()
    told.wait("ends at sequence 0")
    assert journal.last == 120
    hanging.set()
    shipping._thread.join(10)
