"""A start from a snapshot is the start from the journal, only sooner; a wrong one is told and passed over."""

import gc
import hashlib
import random
import weakref

import msgspec
import pytest

from engine.exchange import SEMANTICS_VERSION, Exchange
from engine.profile import Profile
from gateway.history_pages import MAGIC, decode_page
from gateway.journal_format import HEAD_BYTES, JournalDamaged
from gateway.sequencer import Sequencer
from gateway.snapshots import KEPT
from tests.gateway.fake_disk import FakeDisk
from tests.gateway.sequencer_rig import TRADER, Rig, kinds, listing, moment
from tests.gateway.test_journal_damage import frames_of

DAY_TWO = "2021-07-19"


async def traded(every: int = 100, batches: int = 8) -> Rig:
    """Return a market that has traded, with a snapshot every so many commands."""
    rig = Rig()
    rig.snapshot_every = every
    await rig.start()
    await rig.open_market()
    for batch in range(batches):
        await rig.trade(1 + 100 * batch, 40)
        await settled(rig)
    return rig


async def settled(rig: Rig) -> None:
    """Wait until what is being written is on the disk."""
    if rig.policy._writing is not None:
        await rig.policy._writing


async def again(rig: Rig) -> Sequencer:
    """Kill the process and start another on the same disks."""
    rig.disk.kill()
    rig.snapshots.kill()
    rig.lines.clear()
    return await rig.start()


def names(rig: Rig, suffix: str) -> list[str]:
    return [name for name in rig.snapshots.names() if name.endswith(suffix)]


def applied(rig: Rig) -> int:
    """Return how many commands the last start applied."""
    line = next(line for line in rig.lines if line.startswith("recovered "))
    return int(line.split(" applied")[0].split()[-1])


async def test_a_start_from_a_snapshot_is_the_same_and_applies_the_tail_alone() -> None:
    rig = await traded()
    before, told = rig.digests(), list(rig.sequencer.history.after(0))
    assert rig.policy.taken >= 3
    newest = int(names(rig, ".snapshot")[-1].split(".")[0])
    sequencer = await again(rig)
    assert rig.recovered == before
    assert applied(rig) == before[0] - newest < before[0]
    assert list(sequencer.history.after(0))[: len(told)] == told
    for after in (1, newest - 1, newest, before[0] - 1, before[0]):
        assert next(sequencer.history.after(after)).sequence == after + 1
    repeat = await sequencer.submit(TRADER, listing(1, 4_321))
    assert kinds([repeat]) == ["Repeated"]
    placed = await sequencer.submit(TRADER, listing(9_999))
    assert kinds([placed]) == ["ListingPlaced"]
    replayed = rig.replay()
    assert replayed.exchange.state_digest() == sequencer.exchange.state_digest()


async def test_without_any_snapshot_everything_is_applied() -> None:
    rig = await traded()
    before = rig.digests()
    rig.snapshots = FakeDisk()
    await again(rig)
    assert rig.recovered == before
    assert applied(rig) == before[0]


async def test_three_are_kept_and_no_page_that_nobody_names() -> None:
    rig = await traded(every=30, batches=6)
    rig.snapshots.create("000000000000007-000000000000009.page.new", 10)  # of a killed process
    for batch in range(6):
        await rig.trade(2_000 + 100 * batch, 40)
        await settled(rig)
    assert rig.policy.taken > KEPT
    assert len(names(rig, ".snapshot")) == KEPT
    assert not names(rig, ".new")
    for date in ("2021-07-16", DAY_TWO, "2021-07-20", "2021-07-21"):
        await rig.sequencer.advance_clock(moment("16:00", date))
        await settled(rig)
    assert len(names(rig, ".snapshot")) == KEPT
    named = {page for pages in rig.policy._snapshots._pages_of.values() for page in pages}
    assert names(rig, ".page") == sorted(named)
    sequencer = await again(rig)
    assert applied(rig) < 10
    assert sequencer.history.floor > 0
    assert next(sequencer.history.after(0)).sequence == sequencer.history.floor + 1


async def test_what_a_start_had_to_apply_counts_for_the_next_snapshot() -> None:
    """Else a market that is killed again and again within a period would start slower each time."""
    rig = await traded(every=250, batches=3)
    assert not names(rig, ".snapshot")
    await again(rig)
    assert applied(rig) > 150
    await rig.trade(1_000, 100)
    await settled(rig)
    assert len(names(rig, ".snapshot")) == 1
    before = rig.sequencer.exchange.sequence
    await again(rig)
    assert applied(rig) < before


async def test_the_end_of_a_day_is_a_snapshot() -> None:
    rig = await traded(every=10**6, batches=2)
    assert not names(rig, ".snapshot")
    await rig.sequencer.advance_clock(moment("16:00"))
    await settled(rig)
    assert len(names(rig, ".snapshot")) == 1
    await again(rig)
    assert applied(rig) == 1, "the clock alone went on behind the end of the day"


async def test_a_clean_stop_of_a_busy_market_leaves_a_snapshot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.snapshot_policy.AT_STOP", 50)
    rig = await traded(every=10**6, batches=2)
    before = rig.sequencer.exchange.sequence
    await rig.sequencer.stop()
    assert len(names(rig, ".snapshot")) == 1
    await again(rig)
    assert (applied(rig), rig.recovered[0]) == (0, before)


async def test_under_load_a_snapshot_waits_for_a_quiet_moment_but_not_for_ever() -> None:
    rig = await traded(every=100, batches=0)
    at = rig.sequencer.exchange.sequence
    policy, taken = rig.policy, rig.policy.taken
    await rig.trade(1, 40)
    policy._at = rig.sequencer.exchange.sequence - 100
    policy.consider(day_ended=False, is_quiet=False)
    assert policy.taken == taken, "not in the middle of a flood"
    policy._at = rig.sequencer.exchange.sequence - 200
    policy.consider(day_ended=False, is_quiet=False)
    assert policy.taken == taken + 1, "but a flood without end must not put it off for ever"
    await settled(rig)
    assert rig.sequencer.exchange.sequence > at


# ---------------------------------------------------------------- what is not believed


async def test_a_flipped_bit_anywhere_in_a_snapshot_or_a_page_falls_back_and_says_so() -> None:
    rig = await traded()
    before, told = rig.digests(), list(rig.sequencer.history.after(0))
    dice = random.Random(20_210_716)
    newest = names(rig, ".snapshot")[-1]
    for name in [newest, *names(rig, ".page")]:
        size = len(rig.snapshots.files[name].current)
        for offset in [0, 7, 8, size - 1, *(dice.randrange(size) for _ in range(6))]:
            whole = rig.snapshots
            rig.snapshots = whole.copy()
            journal = rig.disk
            rig.disk = journal.copy()
            rig.snapshots.flip(name, offset, dice.randrange(8))
            sequencer = await again(rig)
            assert rig.recovered == before
            note = next(line for line in rig.lines if "is not believed" in line)
            assert (name in note) or "snapshot" in note
            assert list(sequencer.history.after(0))[: len(told)] == told
            await sequencer.stop()
            rig.snapshots, rig.disk = whole, journal


@pytest.mark.parametrize("suffix", [".snapshot", ".page"])
async def test_what_is_not_believed_is_given_back_at_once(
    monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    """A start runs without the collector: a state in a ring of references would stay for good."""
    rig, made = await traded(), list[weakref.ref[Exchange]]()
    for name in names(rig, suffix):
        rig.snapshots.flip(name, len(rig.snapshots.files[name].current) - 9, 3)
    make = Exchange.__init__

    def making(exchange: Exchange, profile: Profile) -> None:
        made.append(weakref.ref(exchange))
        make(exchange, profile)

    monkeypatch.setattr(Exchange, "__init__", making)
    rig.disk.kill()
    gc.disable()
    try:
        await rig.start()
        assert len(made) == KEPT + 1
        assert [exchange() for exchange in made[:-1]] == [None] * KEPT
    finally:
        gc.enable()


@pytest.mark.parametrize("controls", [b"\xc1", b"", msgspec.msgpack.encode([{"sequence": 1}])])
def test_a_page_that_is_sealed_and_cannot_be_read_is_refused(controls: bytes) -> None:
    body = MAGIC + msgspec.msgpack.encode([1, 1, b"", b"", b"", b"", {}, {}, controls])
    with pytest.raises(ValueError, match="it cannot be read"):
        decode_page(memoryview(body), hashlib.sha256(body).digest())


async def test_the_older_snapshot_is_tried_before_the_whole_journal() -> None:
    rig = await traded()
    newest, older = list(reversed(names(rig, ".snapshot")))[:2]
    rig.snapshots.flip(newest, 200, 1)
    await again(rig)
    assert any(newest in line and "checksum" in line for line in rig.lines)
    assert any(f"from snapshot {older}" in line for line in rig.lines)


async def test_a_snapshot_of_other_semantics_or_another_profile_is_not_believed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rig = await traded()
    rig.snapshot_every = 10**6
    before = rig.digests()
    with monkeypatch.context() as patch:
        patch.setattr("gateway.snapshots.SEMANTICS_VERSION", SEMANTICS_VERSION + 1)
        await again(rig)
    assert rig.recovered == before
    assert sum("is of engine semantics" in line for line in rig.lines) == KEPT
    with monkeypatch.context() as patch:
        patch.setattr("gateway.recovery.profile_digest", lambda _: "another")
        patch.setattr("gateway.recovery._checked", lambda recovery, _: recovery.visit)
        rig.disk.kill()
        rig.lines.clear()
        await rig.start()
    assert sum("is of another profile" in line for line in rig.lines) == KEPT


async def test_a_snapshot_of_another_journal_is_passed_over() -> None:
    rig, other = await traded(), Rig()
    other.snapshot_every = 100
    await other.start()
    await other.open_market()
    await other.trade(2, 160)
    await settled(other)
    rig.snapshots = other.snapshots
    before = rig.digests()
    await again(rig)
    assert rig.recovered == before
    assert any("is not believed" in line and "offset" in line for line in rig.lines)


async def test_a_snapshot_of_a_twin_that_traded_otherwise_is_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both journals are alike to the byte's place, and no tail follows whose digests would tell."""
    monkeypatch.setattr("gateway.snapshot_policy.AT_STOP", 1)
    twins = [await traded(every=10**6, batches=0) for _ in range(2)]
    for first, rig in zip((1, 4), twins, strict=True):
        await rig.trade(first, 40)
    before = twins[0].digests()
    for rig in twins:
        await rig.sequencer.stop()
    places = [{name: len(node.current) for name, node in rig.disk.files.items()} for rig in twins]
    assert places[0] == places[1]
    twins[0].snapshots = twins[1].snapshots
    await again(twins[0])
    assert twins[0].recovered == before
    assert any("another hash stands there" in line for line in twins[0].lines)


async def test_the_pages_of_another_journal_are_never_taken_for_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A page is named by its stretch of the log alone."""
    monkeypatch.setattr("gateway.snapshot_policy.AT_STOP", 1)
    rig, other = [await traded(every=10**6, batches=0) for _ in range(2)]
    for first, market in ((1, rig), (4, other)):
        await market.trade(first, 40)
        await market.sequencer.advance_clock(moment("09:30", DAY_TWO))
        await market.trade(200, 9)
    await other.sequencer.stop()
    await rig.trade(300, 9)
    told = list(rig.sequencer.history.after(0))
    rig.snapshots = other.snapshots
    await again(rig)
    assert any("is not believed" in line for line in rig.lines)
    theirs = {name: bytes(rig.snapshots.files[name].current) for name in names(rig, ".page")}
    await rig.sequencer.stop()
    assert any(bytes(rig.snapshots.files[name].current) != theirs[name] for name in theirs)
    sequencer = await again(rig)
    assert any(" from snapshot " in line for line in rig.lines)
    assert list(sequencer.history.after(0))[: len(told)] == told


async def test_a_journal_that_ends_before_a_snapshot_is_refused() -> None:
    rig = await traded(every=60)
    frames = frames_of(rig.disk, f"{rig.disk.names()[-1]}")
    newest = int(names(rig, ".snapshot")[-1].split(".")[0])
    cut = next(frame for frame in frames if frame.last_sequence >= newest - 45)
    name = rig.disk.names()[-1]
    shorter = rig.disk.copy()
    shorter.files[name].current[cut.offset :] = bytes(4096)
    head = bytes(shorter.files[name].current[:HEAD_BYTES])
    assert b"CEAXMARK" in head
    rig.disk = shorter
    with pytest.raises(JournalDamaged) as caught:
        await again(rig)
    assert caught.value.file == name


async def test_only_a_snapshot_that_is_believed_says_that_the_journal_has_lost_something() -> None:
    """The journal is read while the snapshot is loaded, and it is the snapshot that may be wrong."""
    rig = await traded(every=10**6, batches=2)
    before, early = rig.digests(), rig.disk.copy()
    rig.policy._every = 60
    await rig.trade(5_000, 100)
    await settled(rig)
    (name,) = names(rig, ".snapshot")
    rig.disk = early.copy()
    with pytest.raises(JournalDamaged, match="a snapshot was taken behind it"):
        await again(rig)
    rig.disk = early.copy()
    rig.snapshots.flip(name, len(rig.snapshots.files[name].current) - 9, 3)
    await again(rig)
    assert rig.recovered == before
    assert [line for line in rig.lines if "is not believed" in line and name in line]


async def test_a_missing_newest_file_is_seen_by_the_snapshot() -> None:
    rig = await traded()
    name = rig.disk.names()[-1]
    del rig.disk.files[name]
    with pytest.raises(JournalDamaged, match="the file is missing") as caught:
        await again(rig)
    assert caught.value.file == name
    assert caught.value.sequence > 0


async def test_damage_that_a_snapshot_stands_behind_still_refuses_the_start() -> None:
    rig = await traded()
    await rig.sequencer.advance_clock(moment("10:00", DAY_TWO))
    await rig.trade(5_000, 40)
    await rig.sequencer.advance_clock(moment("16:00", DAY_TWO))
    await settled(rig)
    for name in rig.disk.names():
        for frame in frames_of(rig.disk, name)[::5]:
            source = rig.disk
            rig.disk = source.copy()
            rig.disk.flip(name, frame.offset + 200 % (frame.end - frame.offset), 4)
            with pytest.raises(JournalDamaged) as caught:
                await again(rig)
            assert caught.value.file == name
            assert caught.value.offset == frame.offset
            rig.disk = source
