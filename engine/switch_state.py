"""What the engine keeps of a dead man's switch."""

from msgspec import Struct

from engine.commands import ArmSwitch
from engine.events import SwitchArmed


class Arming(Struct, frozen=True, kw_only=True):
    """The last arming of a key's switch and what a repeat of it is answered with."""

    command: ArmSwitch
    answer: SwitchArmed


class Switch(Struct, kw_only=True):
    """An armed switch: it runs until its deadline, or waits with what was left of its time."""

    key: int
    timeout_s: int
    deadline_ns: int
    """0 while it waits."""
    left_ns: int
    """0 while it runs."""
