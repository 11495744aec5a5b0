"""Orders that the system itself ends, at the close or on a suspension (系统撤单, R20, R54, R76)."""

import numpy as np
from numpy.typing import NDArray

from engine.codec import events_from_records
from engine.core.layout import STANDS
from engine.core.records import COMMAND, EVENT
from engine.core.run import BATCH_MAX
from engine.events import AnyEvent
from engine.market import Market


def open_orders(market: Market) -> NDArray[np.int64]:
    """Return the numbers of all orders of the day that stand, in rising order."""
    orders = market.core.state.orders[: int(market.core.market["order_count"]) + 1]
    return np.flatnonzero(orders["state"] == STANDS)


def end_orders(market: Market, numbers: NDArray[np.int64], cause: int) -> list[AnyEvent]:
    """End open orders in the order given; `cause` is the flag of their cancelled events."""
    core = market.core
    typed: list[AnyEvent] = []
    core.market["ending"] = cause
    for start in range(0, len(numbers), BATCH_MAX):
        part = numbers[start : start + BATCH_MAX]
        commands, events = np.zeros(len(part), COMMAND), np.zeros(len(part), EVENT)
        commands["target"] = part
        commands["sequence"] = market.hand.sequence
        commands["time_ns"] = market.hand.time_ns
        done = core.run(commands, events, 0, len(part))
        assert done == len(part)
        typed += events_from_records(events, commands, market.profile)
    core.market["ending"] = 0
    return typed
