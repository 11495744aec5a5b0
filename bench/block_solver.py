"""Splits a day's block volume and amount into block trades, each at least the block minimum, exactly.

A block cannot be cut below its minimum, so not every amount has a solution: with B tonnes, blocks of
at least m tonnes and k of them, the amount is m × (sum of the prices) + Σ price × (tonnes above m).
First a natural day is drawn and repaired; if that fails, one, two and three blocks are searched in
order (four minima or more always have one of three blocks, unless the average lies within a fen of
the band's edge).
"""

from random import Random
from typing import Final

import numpy as np
from msgspec import Struct

from bench.solver import BLOCKS_MAX, USUAL_BLOCK_T, NotReconstructible, Trade, split_quantity
from engine.units import format_yuan

TRIES: Final = 12
"""Natural days drawn before the search in order."""
SPREADS_SEARCHED: Final = 64
"""Price distances tried between two of three blocks."""


class BlockTask(Struct, frozen=True, kw_only=True):
    """What the block trades of a day must add up to, within the block band (R24, R32)."""

    quantity_t: int
    amount_fen: int
    floor_fen: int
    cap_fen: int
    quantity_t_min: int


def solve_blocks(task: BlockTask, random: Random) -> list[Trade]:
    """Return block trades that meet the task exactly; NotReconstructible where none are found."""
    if task.quantity_t == 0 and task.amount_fen == 0:
        return []
    check_blocks(task)
    for _ in range(TRIES):
        found = _natural(task, random)
        if found is not None:
            return found
    for search in (_one, _two, _three):
        found = search(task)
        if found is not None:
            random.shuffle(found)
            return found
    raise NotReconstructible(
        "block_no_whole_split",
        f"no blocks of at least {task.quantity_t_min} t were found that make"
        f" {task.quantity_t} t for {format_yuan(task.amount_fen)} yuan",
    )


def check_blocks(task: BlockTask) -> None:
    """Raise NotReconstructible where the total alone rules out every split."""
    if task.quantity_t < task.quantity_t_min:
        raise NotReconstructible(
            "block_below_minimum",
            f"block volume {task.quantity_t} t is below the minimum of one trade,"
            f" {task.quantity_t_min} t",
        )
    least_fen = task.floor_fen * task.quantity_t
    most_fen = task.cap_fen * task.quantity_t
    if not least_fen <= task.amount_fen <= most_fen:
        raise NotReconstructible(
            "block_outside_band",
            f"block average {format_yuan(task.amount_fen // task.quantity_t)} is outside the band"
            f" {format_yuan(task.floor_fen)}–{format_yuan(task.cap_fen)}",
        )


def _natural(task: BlockTask, random: Random) -> list[Trade] | None:
    """Draw sizes and prices as on a real day and repair the amount; None where the repair fails."""
    least_t = task.quantity_t_min
    wished = max(round(task.quantity_t * random.uniform(0.5, 1.6) / USUAL_BLOCK_T), 1)
    count = min(wished, task.quantity_t // least_t, BLOCKS_MAX)  # floor: every block full
    sizes = split_quantity(task.quantity_t, count, least_t, task.quantity_t, random)
    average_fen = task.amount_fen // task.quantity_t  # floor: centre of the prices
    width_fen = max(average_fen // 100, 2)  # floor: about one percent either way
    prices = [
        min(max(average_fen + random.randint(-width_fen, width_fen), task.floor_fen), task.cap_fen)
        for _ in sizes
    ]
    missing_fen = task.amount_fen - sum(p * q for p, q in zip(prices, sizes, strict=True))
    missing_fen = _move_prices(task, prices, sizes, missing_fen)
    if missing_fen and not _move_tonnes(task, prices, sizes, missing_fen):
        return None
    return list(zip(prices, sizes, strict=True))


def _move_prices(task: BlockTask, prices: list[int], sizes: list[int], missing_fen: int) -> int:
    """Move whole fens, largest block first, and return what is still missing."""
    for index in sorted(range(len(sizes)), key=lambda i: -sizes[i]):
        wished = missing_fen // sizes[index]  # floor: the rest stays non-negative
        price = min(max(prices[index] + wished, task.floor_fen), task.cap_fen)
        missing_fen -= (price - prices[index]) * sizes[index]
        prices[index] = price
    return missing_fen


def _move_tonnes(task: BlockTask, prices: list[int], sizes: list[int], missing_fen: int) -> bool:
    """Move tonnes from a cheaper block to a dearer one until the amount is met exactly."""
    pairs = [
        (prices[high] - prices[low], low, high)
        for low in range(len(sizes))
        for high in range(len(sizes))
        if prices[high] > prices[low]
    ]
    for gap_fen, low, high in sorted(pairs, reverse=True):
        source, target = (low, high) if missing_fen > 0 else (high, low)
        moved_t = min(abs(missing_fen) // gap_fen, sizes[source] - task.quantity_t_min)  # floor
        sizes[source] -= moved_t
        sizes[target] += moved_t
        missing_fen -= moved_t * gap_fen if missing_fen > 0 else -moved_t * gap_fen
        if missing_fen == 0:
            return True
    return False


def _one(task: BlockTask) -> list[Trade] | None:
    price_fen, rest = divmod(task.amount_fen, task.quantity_t)  # exact or no solution
    return None if rest else [(price_fen, task.quantity_t)]


def _two(task: BlockTask) -> list[Trade] | None:
    """Search all pairs of prices: (dearer − cheaper) × tonnes of the dearer = amount above cheaper."""
    most_t = task.quantity_t - task.quantity_t_min
    if most_t < task.quantity_t_min:
        return None
    for cheap_fen in range(task.amount_fen // task.quantity_t, task.floor_fen - 1, -1):  # floor
        above_fen = task.amount_fen - cheap_fen * task.quantity_t
        gaps = np.arange(1, task.cap_fen - cheap_fen + 1, dtype=np.int64)
        tonnes = above_fen // gaps  # floor, taken only where exact
        fits = (tonnes * gaps == above_fen) & (tonnes >= task.quantity_t_min) & (tonnes <= most_t)
        if fits.any():
            place = int(np.argmax(fits))
            dear_t = int(tonnes[place])
            dear_fen = cheap_fen + int(gaps[place])
            return [(cheap_fen, task.quantity_t - dear_t), (dear_fen, dear_t)]
    return None


def _three(task: BlockTask) -> list[Trade] | None:
    """Search the sum of three prices: it fixes what the tonnes above the minimum must come to.

    Those tonnes are shared by two of the blocks; the third stays at the minimum and its price makes
    the sum.
    """
    least_t = task.quantity_t_min
    above_t = task.quantity_t - 3 * least_t
    if above_t < 0:
        return None
    middle = 3 * task.amount_fen // task.quantity_t  # floor: sums near three averages first
    reach = 3 * (task.cap_fen - task.floor_fen) + 3
    for distance in range(reach):
        for price_sum in {middle + distance, middle - distance}:
            rest_fen = task.amount_fen - least_t * price_sum
            if task.floor_fen * above_t <= rest_fen <= task.cap_fen * above_t:
                found = _share(task, price_sum, above_t, rest_fen)
                if found is not None:
                    return found
    return None


def _share(task: BlockTask, price_sum: int, above_t: int, rest_fen: int) -> list[Trade] | None:
    least_t, low, high = task.quantity_t_min, task.floor_fen, task.cap_fen
    if above_t == 0:
        prices = [price_sum // 3, (price_sum + 1) // 3, (price_sum + 2) // 3]  # floors that add up
        return [(p, least_t) for p in prices] if low <= prices[0] and prices[2] <= high else None
    first_fen = rest_fen // above_t  # floor: the second block lies above
    for lower in range(SPREADS_SEARCHED):
        for gap in range(1, SPREADS_SEARCHED):
            cheap, dear = first_fen - lower, first_fen - lower + gap
            third = price_sum - cheap - dear
            extra_fen = rest_fen - cheap * above_t
            if extra_fen % gap or extra_fen > gap * above_t:
                continue
            if low <= cheap and dear <= high and low <= third <= high:
                dear_t = extra_fen // gap  # exact: tested above
                blocks = [(cheap, above_t - dear_t), (dear, dear_t), (third, 0)]
                return [(p, q + least_t) for p, q in blocks]
    return None
