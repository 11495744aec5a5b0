"""How far the copy of the journal is behind: a pause and a turn, by a clock that stands until it is moved."""

import errno
import threading

import pytest

from gateway.disk import File
from gateway.shipping import BEHIND_S_MAX, POLL_SECONDS, RETRY_SECONDS, Copier, Shipping
from tests.gateway.fake_disk import FakeDisk, FakeFile
from tests.gateway.journal_help import fill, open_journal
from tests.gateway.test_shipping import DATES, new_day


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
        let_go.wait(60)
        return open_file(name, is_writable=is_writable)

    turns.shipping._copier.close()
    turns.shipping._copier = Copier(turns.journal.reader, turns.disk, turns.target)
    turns.target.open = hang  # type: ignore[method-assign]
    fill(turns.journal, 1)
    thread = threading.Thread(target=turns.shipping.turn)
    thread.start()
    assert hanging.wait(60)
    turns.now_s += 5
    assert turns.behind_s == pytest.approx(5)
    let_go.set()
    thread.join(60)
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


def test_a_target_whose_files_do_not_even_close_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turns = Turns()
    fill(turns.journal, 1)
    turns.turn()
    fill(turns.journal, 1)
    turns.target.fail("write", 0, errno.ESTALE)

    def stale(file: FakeFile) -> None:
        if file._disk is turns.target:
            raise OSError(errno.ESTALE, "Stale file handle")

    with monkeypatch.context() as patch:
        patch.setattr(FakeFile, "close", stale)
        assert turns.shipping.turn() == RETRY_SECONDS
    turns.target._countdown.clear()
    turns.turn(later_s=RETRY_SECONDS)
    assert (turns.behind_s, turns.shipping.state.problem) == (0, "")


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
