"""Damage by the dozen: flipped bytes all over a market's records, and batches torn at any place.

The rule: a start either goes on with exactly what was there, or is refused with file and sequence.
Nothing between the two is ever accepted, least of all a shorter log that looks whole.
"""

import gc
import random
from collections import Counter

from engine.commands import PlaceListing
from engine.profile import Profile
from gateway.journal_format import JournalDamaged
from gateway.recovery import Place, Recovered, recover
from gateway.sequencer import Stopped
from tests.gateway.fake_disk import FakeDisk
from tests.gateway.sequencer_rig import PROFILE_TEXT, TRADER, Rig, listing, moment
from tests.markets import national

State = tuple[int, bytes, bytes]


async def made_market(batches: int = 6) -> Rig:
    """Return a market of two days with closed files, snapshots and their pages, and stop it."""
    rig = Rig()
    rig.snapshot_every = 90
    await rig.start()
    await rig.open_market()
    for batch in range(batches):
        await rig.trade(1 + 100 * batch, 30)
        if rig.policy._writing is not None:
            await rig.policy._writing
    await rig.sequencer.advance_clock(moment("10:00", "2021-07-19"))
    for batch in range(batches):
        await rig.trade(1 + 100 * batch, 30)
        if rig.policy._writing is not None:
            await rig.policy._writing
    await rig.sequencer.stop()
    rig.disk.kill()
    return rig


def begin(journal: FakeDisk, snapshots: FakeDisk, profile: Profile, lines: list[str]) -> Recovered:
    """Start on two disks without serving anybody."""
    place = Place(
        journal=journal,
        snapshots=snapshots,
        profile=profile,
        profile_text=PROFILE_TEXT,
        chunk_bytes=65_536,
    )
    return recover(place, lines.append)


def state_of(found: Recovered) -> State:
    """Return sequence and both digests."""
    exchange = found.exchange
    return exchange.sequence, exchange.event_digest(), exchange.state_digest()


async def flip_bytes(count: int, seed: int) -> str:
    """Flip one byte at a time, evenly over all that lies on the disks; return what became of the starts."""
    rig, dice, profile = await made_market(), random.Random(seed), national()
    whole = state_of(begin(rig.disk.copy(), rig.snapshots.copy(), profile, []))
    told: Counter[str] = Counter()
    places = [
        (disk, name, offset)
        for disk in (rig.disk, rig.snapshots)
        for name, offset in _spread(disk, count // 2, dice)
    ]
    for disk, name, offset in places:
        journal, snapshots = rig.disk.copy(), rig.snapshots.copy()
        sick = journal if disk is rig.disk else snapshots
        sick.files[name].current[offset] ^= dice.randrange(1, 256)
        lines: list[str] = []
        where = f"seed {seed}: {name} at {offset}"
        found, refusal = _try(journal, snapshots, profile, lines)
        if refusal is not None:
            assert sick is journal, f"{where}: a rotten snapshot refused the start: {refusal}"
            assert refusal.file == name, where
            assert 0 < refusal.sequence <= whole[0] + 1, where
            told["refused with file and sequence"] += 1
            continue
        assert found is not None
        assert state_of(found) == whole, f"{where}: a shorter or another log was accepted"
        if any("is not believed" in line for line in lines):
            assert sick is snapshots, where
            told["fell back from a snapshot and said so"] += 1
        elif any("not byte for byte" in line or "torn tail" in line for line in lines):
            told["nothing lost, and said so"] += 1
        else:
            told["nothing lost"] += 1
    return f"{len(places)} flipped bytes: " + ", ".join(f"{n} {what}" for what, n in told.items())


def _try(
    journal: FakeDisk, snapshots: FakeDisk, profile: Profile, lines: list[str]
) -> tuple[Recovered | None, JournalDamaged | None]:
    try:
        return begin(journal, snapshots, profile, lines), None
    except JournalDamaged as damage:
        return None, damage


def _spread(disk: FakeDisk, count: int, dice: random.Random) -> list[tuple[str, int]]:
    """Return places evenly over the bytes in use of all files."""
    used = {name: len(bytes(node.current).rstrip(b"\0")) for name, node in disk.files.items()}
    used = {name: size for name, size in used.items() if size and name != "lock"}
    total = sum(used.values())
    places = []
    for number in range(count):
        at = total * number // count + dice.randrange(max(1, total // count))
        for name, size in used.items():
            if at < size:
                places.append((name, at))
                break
            at -= size
    return places


async def _is_answered(rig: Rig, command: PlaceListing) -> bool:
    try:
        await rig.sequencer.submit(TRADER, command)
    except Stopped as stopped:
        if stopped.outcome != "unknown":
            raise
        return False
    return True


async def tear_tails(count: int, seed: int) -> str:
    """Let the disk fail in the middle of a batch, kill the process, and start again: so many times."""
    dice, rig = random.Random(seed), Rig()
    rig.snapshot_every = 200
    await rig.start()
    await rig.open_market()
    cut, number = 0, 1_000
    sent: dict[int, PlaceListing] = {}
    answered: set[int] = set()
    for turn in range(count):
        if turn % 8 == 0:
            gc.collect()  # a stopped exchange is a ring of references, and a large one
        rig.disk.fail(dice.choice(("write", "sync")), dice.randrange(3), part=dice.random())
        while True:
            number += 1
            sent[number] = listing(number, 4_320 + number % 900)
            if not await _is_answered(rig, sent[number]):
                break
            answered.add(number)
        await rig.sequencer.stop()
        rig.sequencer.failure = None  # its frames hold what the collector does not see into
        rig.disk.kill()
        if dice.random() < 0.5:
            rig.disk.cut_power(dice.randrange(2**32))
        rig.lines.clear()
        await rig.start()
        cut += any("torn tail" in line for line in rig.lines)
        before = rig.sequencer.exchange.sequence
        again = await rig.sequencer.submit(TRADER, sent[number])  # the retry that is always safe
        assert type(again.events[0]).__name__ in {"ListingPlaced", "Repeated"}
        answered.add(number)
        assert rig.sequencer.exchange.sequence == before + 1
        orders = [order.client_order for order in rig.sequencer.exchange.orders(1)]
        assert sorted(orders) == sorted(answered), f"seed {seed}: lost or doubled"
    replayed = rig.replay()
    assert replayed.exchange.state_digest() == rig.sequencer.exchange.state_digest()
    await rig.sequencer.stop()
    return f"{count} torn batches, {cut} tails cut, {len(answered)} answered and all there once"
