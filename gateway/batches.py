"""How a batch of entries is cut for the journal: runs of hot records, runs of control commands."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.codec import HOT, record_values
from engine.commands import Entry
from engine.core.records import COMMAND
from engine.profile import Profile

CONTROL_RUN_MAX: Final = 64
"""Most control commands in one frame: a proposal may be large."""

Run = tuple[list[Entry], NDArray[np.void] | None]
"""Entries of one kind, with their records where they are hot."""


def runs_of(entries: list[Entry], profile: Profile) -> list[Run]:
    """Cut a batch into runs of hot commands, with their records, and of control commands."""
    runs: list[Run] = []
    start = 0
    while start < len(entries):
        hot = entries[start].command.__class__ in HOT
        end = start + 1
        while end < len(entries) and (entries[end].command.__class__ in HOT) is hot:
            if not hot and end - start == CONTROL_RUN_MAX:
                break
            end += 1
        run = entries[start:end]
        runs.append((run, records_of(run, profile) if hot else None))
        start = end
    return runs


def records_of(run: list[Entry], profile: Profile) -> "NDArray[np.void]":
    """Return the COMMAND rows of hot entries."""
    return np.array([record_values(entry, profile) for entry in run], COMMAND)
