"""What the exchange takes at the moment, and who is told when that changes.

Everything; withdrawals only, where too many commands wait or the disk runs low; or nothing, where the
disk is nearly full. A command that is refused here never reached the journal: the client may send it
again. The market's own halts are the engine's and have nothing to do with this door.

Source: gateway-notes 4.3 rule 4 (free space), 3.4 (cancel-only on overload).
"""

from collections.abc import Callable, Sequence
from typing import Final, Literal

from msgspec import Struct

from engine.commands import (
    AnyCommand,
    ArmSwitch,
    CancelAll,
    CancelOrder,
    CancelOrders,
    ClaimKey,
    Halt,
    ReduceOrder,
    RefuseBlock,
    RevokeKey,
    StopTrading,
)
from gateway.disk import Room

Mode = Literal["all", "cancels", "nothing"]
Cause = Literal["", "overload", "disk_low", "disk_full"]
Watcher = Callable[[], None]
"""Called without an argument: what is taken now stands in `acceptance`."""

SYSTEM_KEY: Final = 0
WITHDRAWALS: Final = (
    CancelOrder,
    CancelOrders,
    CancelAll,
    ReduceOrder,
    RefuseBlock,
    ArmSwitch,
    StopTrading,
    RevokeKey,
    Halt,
)
"""What takes risk away, and is taken as long as anything is; it has a rate of its own, too."""
WATCHERS_MAX: Final = 16
DISK_CAUSES: Final[frozenset[Cause]] = frozenset(("disk_low", "disk_full"))
PERMILLE: Final = 1_000
DISK_LOW: Final = (50, 60)
"""Free permille of the disk below which only withdrawals are taken, and from which on all are again."""
DISK_FULL: Final = (20, 30)
"""The same for nothing at all."""


class Acceptance(Struct, frozen=True):
    """What is taken now, why not more, and until when (ns, 0 = nobody knows)."""

    mode: Mode = "all"
    reason: Cause = ""
    until_ns: int = 0


class Busy(Exception):
    """The inbox is full; nothing was taken, the same may be sent again soon."""

    code = "BUSY"


class Shut(Busy):
    """The door is shut for this command; `code` says whether for want of room or of time."""

    def __init__(self, acceptance: Acceptance) -> None:
        self.code = "DISK_FULL" if acceptance.mode == "nothing" else "CANCEL_ONLY"
        self.acceptance = acceptance
        super().__init__(f"the exchange takes {acceptance.mode}: {acceptance.reason}")


class Door:
    """Lets commands into the inbox or not; all calls from the event loop's thread."""

    def __init__(self) -> None:
        self.acceptance = Acceptance()
        self._is_overloaded = False
        self._is_low = False
        self._is_full = False
        self._watchers: list[Watcher] = []

    def watch(self, watcher: Watcher) -> None:
        """Call a watcher with every change from now on."""
        if len(self._watchers) == WATCHERS_MAX:
            message = f"{WATCHERS_MAX} watch the door already; let one tell the others"
            raise ValueError(message)
        self._watchers.append(watcher)

    def check(self, key: int, commands: Sequence[AnyCommand]) -> None:
        """Raise Shut where these commands of a key are not taken now.

        What the gateway itself sends is: the market's time goes on whatever the disk says. A claim is a
        stranger's wish, although no key sends it.
        """
        mode = self.acceptance.mode
        if mode == "all" or (key == SYSTEM_KEY and not isinstance(commands[0], ClaimKey)):
            return
        if mode == "nothing" or not all(isinstance(command, WITHDRAWALS) for command in commands):
            raise Shut(self.acceptance)

    def see_inbox(self, waiting: int, limit: int) -> None:
        """Note how many commands wait: past three quarters withdrawals only, until a quarter is left."""
        quarters = 4 * waiting
        is_overloaded = quarters > limit if self._is_overloaded else quarters >= 3 * limit
        if is_overloaded != self._is_overloaded:
            self._is_overloaded = is_overloaded
            self._settle()

    def see_room(self, room: Room) -> None:
        """Note how much of the disk is free."""
        free = PERMILLE * room.free_bytes // max(1, room.total_bytes)  # floor: rather too careful
        self._is_low = free < DISK_LOW[self._is_low]
        self._is_full = free < DISK_FULL[self._is_full]
        self._settle()

    def _settle(self) -> None:
        acceptance = self._judge()
        if acceptance == self.acceptance:
            return
        self.acceptance = acceptance
        for watcher in self._watchers:
            watcher()

    def _judge(self) -> Acceptance:
        if self._is_full:
            return Acceptance("nothing", "disk_full")
        if self._is_low:
            return Acceptance("cancels", "disk_low")
        if self._is_overloaded:
            return Acceptance("cancels", "overload")
        return Acceptance()
