"""Looks how much room the journal's disk has, once a second, and tells the door."""

import asyncio
from collections.abc import Callable
from typing import Final

from gateway.disk import Disk, Room

LOOK_SECONDS: Final = 1.0


class DiskWatch:
    """Asks a disk for its room; `look` at once, `run` for as long as the exchange lives."""

    def __init__(self, disk: Disk, tell: Callable[[Room], None]) -> None:
        self._disk = disk
        self._tell = tell

    def look(self) -> None:
        """Look now. A disk that does not even say that is left to the next write: that decides."""
        try:
            room = self._disk.room()
        except OSError:
            return
        self._tell(room)

    async def run(self) -> None:
        """Look once a second."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_SECONDS)
