"""A disk that can do everything a real one does to a journal: lose, tear, flip, fill up and fail, by a seed."""

import errno
import random
from collections.abc import Callable

from gateway.disk import File, Locked, Room

SECTOR_BYTES = 512


class FakeInode:
    """What the process sees (`current`) and what a power cut leaves (`durable` and some of `pending`)."""

    def __init__(self) -> None:
        self.current = bytearray()
        self.durable = bytearray()
        self.pending: list[tuple[int, bytes]] = []


class FakeFile:
    def __init__(self, disk: "FakeDisk", name: str, inode: FakeInode) -> None:
        self._disk = disk
        self._name = name
        self._inode = inode

    def size(self) -> int:
        return len(self._inode.current)

    def read(self, offset: int, length: int) -> bytes:
        return bytes(self._inode.current[offset : offset + length])

    def view(self) -> memoryview:
        return memoryview(bytes(self._inode.current))

    def write(self, offset: int, data: bytes | bytearray) -> None:
        part = self._disk.fault("write", self._name)
        written = bytes(data) if part is None else bytes(data)[: int(len(data) * part)]
        self._inode.current[offset : offset + len(written)] = written
        self._inode.pending.append((offset, written))
        self._disk.writes += 1
        if part is not None:
            raise OSError(self._disk.error, "the fake disk failed a write")

    def reserve(self, size: int) -> None:
        used = sum(len(inode.current) for inode in self._disk.files.values())
        if used - self.size() + size > self._disk.capacity:
            raise OSError(errno.ENOSPC, "No space left on device")
        self._inode.current.extend(bytes(max(0, size - self.size())))

    def shrink(self, size: int) -> None:
        del self._inode.current[size:]

    def sync(self) -> None:
        self._disk.syncs += 1
        if self._disk.fault("sync", self._name) is not None:
            # The kernel marks the pages clean after a failed sync: a second one says "done" and
            # what was written is seen, but never reaches the disk unless it is written again.
            self._inode.pending.clear()
            raise OSError(self._disk.error, "the fake disk failed a sync")
        inode = self._inode
        size = len(inode.current)
        del inode.durable[size:]
        inode.durable.extend(bytes(size - len(inode.durable)))
        for offset, data in inode.pending:
            inode.durable[offset : offset + len(data)] = data
        del inode.durable[size:]
        inode.pending.clear()

    def close(self) -> None:
        pass


class FakeDisk:
    """One folder in memory."""

    def __init__(self, capacity: int = 1 << 30) -> None:
        self.files: dict[str, FakeInode] = {}
        self.durable_names: dict[str, FakeInode] = {}
        self.steps: list[Callable[[dict[str, FakeInode]], None]] = []
        self.capacity = capacity
        self.protected: set[str] = set()
        self.owner = ""
        self.error = errno.EIO
        self.writes = 0
        self.syncs = 0
        self._countdown: dict[str, int] = {}
        self._part = 0.0

    # ------------------------------------------------------------ the interface

    def names(self) -> list[str]:
        return sorted(self.files)

    def create(self, name: str, size: int) -> File:
        inode = FakeInode()
        self._step(lambda names: names.__setitem__(name, inode))
        file = FakeFile(self, name, inode)
        file.reserve(size)
        return file

    def open(self, name: str, *, is_writable: bool) -> File:
        return FakeFile(self, name, self.files[name])

    def rename(self, old: str, new: str) -> None:
        def step(names: dict[str, FakeInode]) -> None:
            if old in names:
                names[new] = names.pop(old)

        self.protected.discard(new)
        self._step(step)

    def remove(self, name: str) -> None:
        def step(names: dict[str, FakeInode]) -> None:
            names.pop(name, None)

        self._step(step)

    def sync(self) -> None:
        if self.fault("sync", "") is not None:
            raise OSError(self.error, "the fake disk failed a sync of the folder")
        self.durable_names = dict(self.files)
        self.steps.clear()

    def protect(self, name: str) -> None:
        self.protected.add(name)

    def is_protected(self, name: str) -> bool:
        return name in self.protected

    def room(self) -> Room:
        used = sum(len(inode.current) for inode in self.files.values())
        return Room(max(0, self.capacity - used), self.capacity)

    def lock(self, name: str) -> None:
        if self.owner:
            raise Locked(self.owner)
        self.owner = "1"

    def unlock(self) -> None:
        self.owner = ""

    def _step(self, step: Callable[[dict[str, FakeInode]], None]) -> None:
        step(self.files)
        self.steps.append(step)

    # ------------------------------------------------------------ what can go wrong

    def fail(self, operation: str, after: int, error: int = errno.EIO, part: float = 0.5) -> None:
        """Fail a `write` or `sync` after so many that go well, and every later one."""
        self._countdown[operation] = after
        self.error = error
        self._part = part

    def fault(self, operation: str, name: str) -> float | None:
        left = self._countdown.get(operation)
        if left is None:
            return None
        self._countdown[operation] = left - 1
        return self._part if left <= 0 else None

    def flip(self, name: str, offset: int, bit: int) -> None:
        """Rot: one bit changes in what is stored."""
        inode = self.files[name]
        inode.current[offset] ^= 1 << bit
        if offset < len(inode.durable):
            inode.durable[offset] ^= 1 << bit

    def copy(self) -> "FakeDisk":
        """Return another disk with the same content, all of it durable."""
        other = FakeDisk(self.capacity)
        for name, inode in self.files.items():
            twin = other.files[name] = FakeInode()
            twin.current[:] = inode.current
            twin.durable[:] = inode.current
        other.durable_names = dict(other.files)
        other.protected = set(self.protected)
        return other

    def kill(self) -> None:
        """Let the process die and the machine live: the lock is gone, what was written is seen."""
        self.owner = ""
        self._countdown.clear()

    def cut_power(self, seed: int) -> None:
        """Let the machine die: of what was not synced any sectors are on the disk, or torn."""
        dice = random.Random(seed)
        names = dict(self.durable_names)
        for step in self.steps[: dice.randint(0, len(self.steps))]:
            step(names)
        self.files = names
        for inode in set(names.values()):
            inode.current[:] = self._after_power_cut(inode, dice)
            inode.durable[:] = inode.current
            inode.pending.clear()
        self.durable_names = dict(names)
        self.steps.clear()
        self.kill()

    @staticmethod
    def _after_power_cut(inode: FakeInode, dice: random.Random) -> bytearray:
        left = bytearray(inode.durable)
        if dice.random() < 0.5 and len(inode.current) > len(left):
            left.extend(bytes(len(inode.current) - len(left)))  # the new length reached the disk
        chance = dice.choice((0.0, 0.1, 0.5, 0.9, 1.0))
        for offset, data in inode.pending:
            place = offset
            while place < offset + len(data):
                end = min(place - place % SECTOR_BYTES + SECTOR_BYTES, offset + len(data))
                piece = data[place - offset : end - offset]
                if dice.random() < chance:
                    if dice.random() < 0.1:  # torn inside the sector
                        piece = piece[: dice.randint(0, len(piece))]
                    if place + len(piece) > len(left):
                        piece = piece[: max(0, len(left) - place)]
                    left[place : place + len(piece)] = piece
                place = end
        return left
