"""What a taking order takes: which listings, and how much of each, decided before anything changes (R40-R43)."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Resting(NamedTuple):
    """A listing of a level, with what is left of it."""

    order: int
    participant: int
    left_t: int


class Step(NamedTuple):
    """A level in front of the taker."""

    price_fen: int
    preferred: tuple[Resting, ...]
    """Listings of this level that the taker prefers, in the order in which it named them."""
    queue: Iterable[Resting]
    """All listings of this level, oldest first."""


class Fill(NamedTuple):
    """What is taken of one listing, at its own price (R41)."""

    order: int
    quantity_t: int
    price_fen: int


def plan(
    steps: Iterable[Step], *, taker: int, quantity_t: int, levels_max: int, fills_max: int
) -> tuple[Fill, ...]:
    """Return the fills of a taking order, best level first; `steps` come best first, inside the limit.

    A level from which nothing can be taken holds own listings alone, and counts for nothing.
    """
    fills: list[Fill] = []
    left_t, levels = quantity_t, 0
    for step in steps:
        before = len(fills)
        for resting in _in_turn(step, taker):
            taken_t = min(left_t, resting.left_t)
            fills.append(Fill(resting.order, taken_t, step.price_fen))
            left_t -= taken_t
            if left_t == 0 or len(fills) == fills_max:
                return tuple(fills)
        levels += len(fills) > before
        if levels == levels_max:
            break
    return tuple(fills)


def _in_turn(step: Step, taker: int) -> Iterator[Resting]:
    """Return the listings of a level that can be taken: the preferred ones, then the others by time."""
    seen: set[int] = set()
    for resting in step.preferred:
        if resting.order not in seen and resting.participant != taker:
            seen.add(resting.order)
            yield resting
    for resting in step.queue:
        if resting.order not in seen and resting.participant != taker:
            yield resting
