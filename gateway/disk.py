"""The small door to the disk: one folder of files, so that a test can put a worse disk behind it.

Every method raises OSError where the system does. Nothing here retries and nothing syncs by itself.
"""

import errno
import fcntl
import mmap
import os
import stat
from pathlib import Path
from typing import Final, Protocol

from msgspec import Struct

FOLDER_MODE: Final = 0o700
FILE_MODE: Final = 0o600
CLOSED_MODE: Final = 0o400


class Room(Struct, frozen=True):
    """How much of a disk is free for this process, in bytes."""

    free_bytes: int
    total_bytes: int


class Locked(Exception):
    """Another process holds the lock; its text is what that process wrote there (its number)."""


class File(Protocol):
    """One open file of a folder."""

    def size(self) -> int:
        """Return the length in bytes, the reserved part included."""

    def read(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset`."""

    def view(self) -> memoryview:
        """Return the whole content as one read-only buffer."""

    def write(self, offset: int, data: bytes | bytearray) -> None:
        """Write all of `data` at `offset`; OSError where only a part went in."""

    def reserve(self, size: int) -> None:
        """Make the file `size` bytes long with real blocks behind the zeros."""

    def shrink(self, size: int) -> None:
        """Cut the file to `size` bytes."""

    def sync(self) -> None:
        """Return when everything written so far, and the length, survives a power cut."""

    def close(self) -> None:
        """Give the file back; no sync."""


class Disk(Protocol):
    """One folder."""

    def names(self) -> list[str]:
        """Return the names of its files, sorted."""

    def create(self, name: str, size: int) -> File:
        """Make an empty file of `size` reserved bytes; what bore the name before is gone."""

    def open(self, name: str, *, is_writable: bool) -> File:
        """Open an existing file."""

    def rename(self, old: str, new: str) -> None:
        """Give a file another name, in one step."""

    def remove(self, name: str) -> None:
        """Remove a file."""

    def sync(self) -> None:
        """Return when the names of the files survive a power cut."""

    def protect(self, name: str) -> None:
        """Let nobody write a file any more by mistake: read-only for its owner too."""

    def is_protected(self, name: str) -> bool:
        """Say whether a file is read-only for its owner."""

    def room(self) -> Room:
        """Return how much room the disk under the folder has."""

    def lock(self, name: str) -> None:
        """Take the folder's lock or raise Locked; a process that dies lets go of it."""

    def unlock(self) -> None:
        """Let go of the lock."""


class FolderFile:
    """A file of the real file system."""

    def __init__(self, handle: int, *, is_mapped: bool) -> None:
        self._handle = handle
        self._is_mapped = is_mapped

    def size(self) -> int:
        """Return the length in bytes, the reserved part included."""
        return os.fstat(self._handle).st_size

    def read(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset`; the system gives at most 2 GiB at a time."""
        pieces = []
        while length and (piece := os.pread(self._handle, length, offset)):
            pieces.append(piece)
            offset += len(piece)
            length -= len(piece)
        return b"".join(pieces)

    def view(self) -> memoryview:
        """Return the whole content: mapped for the owner, read for others.

        A file that its owner shortens would kill a process that has it mapped, so others read.
        """
        size = self.size()
        if self._is_mapped and size > 0:
            return memoryview(mmap.mmap(self._handle, size, prot=mmap.PROT_READ))
        return memoryview(self.read(0, size))

    def write(self, offset: int, data: bytes | bytearray) -> None:
        """Write all of `data` at `offset`; OSError where only a part went in."""
        written = os.pwrite(self._handle, data, offset)
        if written != len(data):
            raise OSError(errno.ENOSPC, f"only {written} of {len(data)} bytes were written")

    def reserve(self, size: int) -> None:
        """Make the file `size` bytes long with real blocks behind the zeros."""
        os.posix_fallocate(self._handle, 0, size)

    def shrink(self, size: int) -> None:
        """Cut the file to `size` bytes."""
        os.ftruncate(self._handle, size)

    def sync(self) -> None:
        """Return when everything written so far, and the length, survives a power cut."""
        os.fdatasync(self._handle)

    def close(self) -> None:
        """Give the file back; no sync."""
        os.close(self._handle)


class FolderDisk:
    """A folder of the real file system; made where it is missing (readable by its owner alone)."""

    make_file = FolderFile
    """What its files are."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = -1

    def make(self) -> None:
        """Make the folder, and make it last."""
        if not self.folder.is_dir():
            self.folder.mkdir(mode=FOLDER_MODE, parents=True)
            sync_folder(self.folder.parent)

    def names(self) -> list[str]:
        """Return the names of its files, sorted."""
        return sorted(path.name for path in self.folder.iterdir() if path.is_file())

    def create(self, name: str, size: int) -> File:
        """Make an empty file of `size` reserved bytes; what bore the name before is gone."""
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        file = self.make_file(os.open(self.folder / name, flags, FILE_MODE), is_mapped=True)
        try:
            file.reserve(size)
        except OSError:
            file.close()
            raise
        return file

    def open(self, name: str, *, is_writable: bool) -> File:
        """Open an existing file; the owner, who may write, maps it."""
        flags = (os.O_RDWR if is_writable else os.O_RDONLY) | os.O_CLOEXEC
        return self.make_file(os.open(self.folder / name, flags), is_mapped=is_writable)

    def rename(self, old: str, new: str) -> None:
        """Give a file another name, in one step."""
        (self.folder / old).rename(self.folder / new)

    def remove(self, name: str) -> None:
        """Remove a file."""
        (self.folder / name).unlink()

    def sync(self) -> None:
        """Return when the names of the files survive a power cut."""
        sync_folder(self.folder)

    def protect(self, name: str) -> None:
        """Let nobody write a file any more by mistake: read-only for its owner too."""
        (self.folder / name).chmod(CLOSED_MODE)

    def is_protected(self, name: str) -> bool:
        """Say whether a file is read-only for its owner."""
        return not (self.folder / name).stat().st_mode & stat.S_IWUSR

    def room(self) -> Room:
        """Return how much room the disk under the folder has."""
        found = os.statvfs(self.folder)
        return Room(found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize)

    def lock(self, name: str) -> None:
        """Take the folder's lock or raise Locked; a process that dies lets go of it."""
        handle = os.open(self.folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(handle, 32, 0).decode("ascii", "replace").strip()
            os.close(handle)
            raise Locked(owner) from None
        except OSError:
            os.close(handle)
            raise
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        self._lock = handle

    def unlock(self) -> None:
        """Let go of the lock; its file stays, since removing it would let two processes in."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def sync_folder(folder: Path) -> None:
    """Return when the names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
