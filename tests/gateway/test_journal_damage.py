"""A torn tail is cut and told; damage is refused with file, offset and sequence, wherever a bit flips."""

import pytest

from gateway.journal import Journal
from gateway.journal_format import (
    HEAD_BYTES,
    HEADER_BYTES,
    MARK_OFFSETS,
    Frame,
    JournalDamaged,
    Mark,
    encode_mark,
    read_mark,
)
from gateway.journal_scan import scan_journal
from tests.gateway.fake_disk import FakeDisk, FakeFile
from tests.gateway.journal_help import (
    FIRST,
    control,
    fill,
    hot,
    open_day,
    open_journal,
    recovered,
)

DAY = "2021-07-16.journal"


def filled(*, days: int = 1) -> tuple[FakeDisk, Journal]:
    disk = FakeDisk()
    journal = open_journal(disk)
    fill(journal, 2)
    if days > 1:
        journal.append(journal.last, [open_day(journal.last + 1, "2021-07-16")])
        fill(journal, 2)
    return disk, journal


def frames_of(disk: FakeDisk, name: str) -> list[Frame]:
    found: list[tuple[str, Frame]] = []
    current = [""]
    names = iter(disk.names())

    def note(frame: Frame) -> None:
        if frame.offset == HEAD_BYTES:
            current[0] = next(names)
        found.append((current[0], frame))

    scan_journal(disk, note)
    return [frame for place, frame in found if place == name]


@pytest.mark.parametrize("name", [FIRST, DAY])
def test_a_flipped_bit_anywhere_before_the_mark_refuses_the_start(name: str) -> None:
    disk, journal = filled(days=2)
    for frame in frames_of(disk, name):
        for offset in range(frame.offset, frame.end):
            rotten = disk.copy()
            rotten.flip(name, offset, offset % 8)
            before = {key: bytes(inode.current) for key, inode in rotten.files.items()}
            with pytest.raises(JournalDamaged) as caught:
                open_journal(rotten)
            assert caught.value.file == name
            assert caught.value.offset == frame.offset
            assert caught.value.sequence == frame.header.first_sequence
            assert "restore this file" in str(caught.value)
            assert before == {key: bytes(inode.current) for key, inode in rotten.files.items()}
            assert not rotten.owner  # the lock is free again
    assert open_journal(disk.copy()).last == journal.last


def test_one_rotten_mark_is_survived_and_two_are_damage() -> None:
    disk, journal = filled()
    for offset in MARK_OFFSETS:
        for byte in range(64):
            rotten = disk.copy()
            rotten.flip(FIRST, offset + byte, 3)
            assert recovered(rotten) == list(range(1, journal.last + 1))
    rotten = disk.copy()
    rotten.flip(FIRST, MARK_OFFSETS[0] + 9, 0)
    rotten.flip(FIRST, MARK_OFFSETS[1] + 9, 0)
    with pytest.raises(JournalDamaged, match="neither mark"):
        open_journal(rotten)


def test_a_flip_in_unused_space_is_cut_and_told() -> None:
    disk, journal = filled()
    end = frames_of(disk, FIRST)[-1].end
    disk.flip(FIRST, end + 100, 5)
    disk.kill()
    again = open_journal(disk)
    assert again.report.dropped_bytes == 101
    assert again.last == journal.last
    fill(again, 1)
    assert recovered(disk) == list(range(1, again.last + 1))


def unacknowledged(disk: FakeDisk, journal: Journal, size: int = 40) -> tuple[int, int]:
    """Write a batch of two frames whose sync fails: it lies behind the mark."""
    begin = frames_of(disk, FIRST)[-1].end
    disk.fail("sync", 0)
    with pytest.raises(Exception, match="fake disk failed a sync"):
        journal.append(
            journal.last, [hot(journal.last + 1, size), control(journal.last + size + 1, 2)]
        )
    disk.kill()
    return begin, begin + HEADER_BYTES + 64 * size


def test_a_torn_tail_is_cut_at_every_length() -> None:
    source, journal = filled()
    last = journal.last
    begin, second = unacknowledged(source, journal)
    whole = bytes(source.files[FIRST].current)
    end = frames_of(source, FIRST)[-1].end
    for length in [*range(begin, end, 37), begin, begin + 1, second - 1, second, second + 1, end]:
        disk = source.copy()
        torn = whole[:length].ljust(len(whole), b"\0")
        disk.files[FIRST].current[:] = torn
        again = open_journal(disk)
        # A cut through zeros takes nothing away.
        kept = max(place for place in (begin, second, end) if not any(whole[length:place]))
        expected = last + {begin: 0, second: 40, end: 42}[kept]
        assert again.last == expected, length
        dirty = len(torn.rstrip(b"\0")) - kept
        assert again.report.dropped_bytes == max(0, dirty), length
        fill(again, 1)
        again.close()
        assert recovered(disk) == list(range(1, expected + 5))


def test_a_batch_whose_pages_came_in_another_order_is_a_torn_tail() -> None:
    disk, journal = filled()
    last = journal.last
    begin, second = unacknowledged(disk, journal)
    disk.files[FIRST].current[begin : begin + 512] = bytes(512)  # its first sector never came
    assert disk.files[FIRST].current[second : second + 8] == b"CEAXFRAM"
    again = open_journal(disk)
    assert again.last == last
    assert again.report.dropped_bytes > 64 * 40
    fill(again, 1)
    assert recovered(disk) == list(range(1, last + 5))


def test_an_invalid_frame_before_one_of_a_later_batch_is_damage_whatever_the_mark_says() -> None:
    disk, _ = filled()
    frames = frames_of(disk, FIRST)
    low = encode_mark(Mark(99, 0, HEAD_BYTES))
    for offset in MARK_OFFSETS:  # a power cut may have left a mark that is far too low
        disk.files[FIRST].current[offset : offset + 64] = low
    victim = next(frame for frame in frames if frame.header.count)
    disk.flip(FIRST, victim.offset + 7, 1)
    disk.kill()
    with pytest.raises(JournalDamaged, match="behind it is") as caught:
        open_journal(disk)
    assert (caught.value.offset, caught.value.sequence) == (victim.offset, 1)


def test_a_file_that_is_written_while_it_is_read_is_not_damaged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The system copies page by page: what stands behind may be younger than what stands before."""
    disk, journal = filled()
    early = bytes(disk.files[FIRST].current)
    begin = frames_of(disk, FIRST)[-1].end
    fill(journal, 3)
    late = bytes(disk.files[FIRST].current)
    seen = early[: begin + 128] + late[begin + 128 :]
    views = iter((seen, late))
    with monkeypatch.context() as patch:
        patch.setattr(FakeFile, "view", lambda _: memoryview(next(views)))
        assert recovered(disk) == list(range(1, journal.last + 1))
        for rest in ((seen,), (seen, seen)):  # whoever writes it reads it once
            views = iter(rest)
            with pytest.raises(JournalDamaged, match="behind it is"):
                scan_journal(disk, is_writable=len(rest) == 1)


def test_the_mark_alone_tells_a_damaged_last_batch_from_a_torn_one() -> None:
    disk, journal = filled()
    last = frames_of(disk, FIRST)[-1]
    disk.flip(FIRST, last.offset + 40, 0)
    with pytest.raises(JournalDamaged, match=f"sequence {journal.last} was acknowledged"):
        open_journal(disk.copy())


def test_a_missing_or_exchanged_file_is_damage() -> None:
    disk, journal = filled(days=2)
    journal.append(journal.last, [open_day(journal.last + 1, "2021-07-19")])
    for gone in (DAY, FIRST):
        missing = disk.copy()
        del missing.files[gone]
        with pytest.raises(JournalDamaged, match="the file is missing, and 2021-") as caught:
            open_journal(missing)
        assert caught.value.file == gone
    other, second = filled()
    exchanged = disk.copy()
    exchanged.files[FIRST] = other.files[FIRST]
    exchanged.files[FIRST].current[HEAD_BYTES:] = bytes(len(other.files[FIRST].current))
    with pytest.raises(JournalDamaged):
        open_journal(exchanged)
    assert second.last == 8


def test_a_missing_newest_file_is_seen_by_the_one_before() -> None:
    disk, journal = filled(days=2)
    del disk.files[DAY]
    disk.kill()
    assert recovered(disk) == list(range(1, 9)), "whoever reads days that were put away may"
    with pytest.raises(JournalDamaged, match="begun behind it, and that is missing") as caught:
        open_journal(disk)
    assert (caught.value.file, caught.value.sequence) == (FIRST, 9)
    assert not disk.owner
    disk.protected.clear()
    assert open_journal(disk).last == 8 < journal.last


def test_a_torn_end_of_an_earlier_day_is_damage() -> None:
    disk, _ = filled(days=2)
    end = frames_of(disk, FIRST)[-1].end
    disk.files[FIRST].current.extend(bytes(256))
    disk.flip(FIRST, end + 70, 2)
    with pytest.raises(JournalDamaged, match="a later file follows"):
        open_journal(disk.copy())


def test_a_frame_of_a_newer_format_is_refused_and_not_cut() -> None:
    disk, _ = filled()
    first = frames_of(disk, FIRST)[0]
    disk.files[FIRST].current[first.offset + 8] = 2
    with pytest.raises(JournalDamaged):
        open_journal(disk.copy())


def test_marks_alternate_and_the_newest_counts() -> None:
    disk, journal = filled()
    view = memoryview(bytes(disk.files[FIRST].current))
    mark = read_mark(view)
    assert mark is not None
    assert mark.sequence == journal.last
    slots = [bytes(view[offset : offset + 8]) for offset in MARK_OFFSETS]
    assert slots == [b"CEAXMARK", b"CEAXMARK"]
