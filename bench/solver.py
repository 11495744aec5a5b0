"""Splits a day's published volume and amount into single trades, exact to the tonne and the fen.

Everything here is integer arithmetic on fen and tonnes; chance only chooses among exact solutions.
Listed trades always have a solution where `check_listed` finds no contradiction: with the forced
trades (first, high, low) set aside as one tonne each, any amount between lowest and highest price
times the rest can be met by whole tonnes at whole fen. Blocks are harder, because a block cannot be
split below its minimum; `solve_blocks` searches and says so when it finds nothing.
"""

from collections.abc import Sequence
from random import Random
from typing import Final

from msgspec import Struct

TRADES_MAX: Final = 50_000
"""Most listed trades of one planned day."""
BLOCKS_MAX: Final = 400
"""Most block trades of one planned day."""
USUAL_TRADE_T: Final = 1_000
"""Usual size of a listed trade (rulebook 6.5)."""
USUAL_BLOCK_T: Final = 250_000

Trade = tuple[int, int]
"""Price in fen and quantity in tonnes."""


class NotReconstructible(ValueError):
    """Published figures that no set of trades can meet: a short code and a sentence with the figures."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class ListedTask(Struct, frozen=True, kw_only=True):
    """What the listed trades of a day must add up to; prices in fen, 0 where not given."""

    quantity_t: int
    amount_fen: int
    floor_fen: int
    """Lowest price allowed: the band's floor or the published low."""
    cap_fen: int
    first_fen: int = 0
    high_fen: int = 0
    low_fen: int = 0
    quantity_t_max: int
    """Most tonnes of one trade (R23)."""

    def forced_prices(self) -> tuple[int, ...]:
        """Return the prices that must occur, the first trade's first, none twice."""
        return tuple(dict.fromkeys(p for p in (self.first_fen, self.high_fen, self.low_fen) if p))


def check_listed(task: ListedTask) -> None:
    """Raise NotReconstructible unless whole tonnes at whole fen can meet the task; else return."""
    forced = task.forced_prices()
    if task.quantity_t < len(forced):
        raise NotReconstructible(
            "quantity_too_small", f"{task.quantity_t} t cannot trade at {len(forced)} prices"
        )
    rest_t = task.quantity_t - len(forced)
    rest_fen = task.amount_fen - sum(forced)
    if not task.floor_fen * rest_t <= rest_fen <= task.cap_fen * rest_t:
        raise NotReconstructible(
            "amount_out_of_reach",
            f"{task.quantity_t} t between {task.floor_fen} and {task.cap_fen} fen"
            f" cannot come to {task.amount_fen} fen",
        )


def solve_listed(task: ListedTask, trades: int, random: Random) -> list[Trade]:
    """Return about `trades` trades (0: about one per 1,000 t) that meet the task exactly, in order.

    Raises NotReconstructible where no solution exists.
    """
    check_listed(task)
    if task.quantity_t == 0:
        return []
    forced = task.forced_prices()
    count = max(_trade_count(task, trades, random), len(forced))
    sizes = split_quantity(task.quantity_t, count, 1, task.quantity_t_max, random)
    forced_sizes = _forced_sizes(task, forced, sizes, random)
    path = _price_path(task, len(sizes) - len(forced), random)
    free_sizes = sizes[len(forced) :]
    target_fen = task.amount_fen - sum(p * q for p, q in zip(forced, forced_sizes, strict=True))
    spare_t = sum(sizes[: len(forced)]) - sum(forced_sizes)
    free_sizes, path = _give_spare(free_sizes, path, spare_t, task, random)
    free = _meet_amount(path, free_sizes, target_fen, task, random)
    return _arrange(task, list(zip(forced, forced_sizes, strict=True)), free, random)


def _trade_count(task: ListedTask, trades: int, random: Random) -> int:
    wished = trades or round(task.quantity_t * random.uniform(0.85, 1.2) / USUAL_TRADE_T)
    fewest = -(-task.quantity_t * 10 // (task.quantity_t_max * 8))  # rounds up: 80 % of the maximum
    return min(max(wished, fewest, 1), task.quantity_t, max(TRADES_MAX, fewest))


def split_quantity(
    total_t: int, count: int, least_t: int, most_t: int, random: Random
) -> list[int]:
    """Return `count` uneven, mostly round quantities within [least, most] that add up to the total."""
    assert count * least_t <= total_t <= count * most_t, (total_t, count, least_t, most_t)
    weights = [random.lognormvariate(0.0, 0.9) for _ in range(count)]
    spread_t = total_t - count * least_t
    scale = spread_t / sum(weights)
    sizes = []
    for weight in weights:
        size = min(least_t + int(weight * scale), most_t)
        step = 100 if size >= 2 * USUAL_TRADE_T else 10
        rounded = size - size % step
        sizes.append(rounded if size >= 20 * step and rounded >= least_t else size)
    rest_t = total_t - sum(sizes)
    index = random.randrange(count)
    while rest_t:
        room_t = most_t - sizes[index] if rest_t > 0 else sizes[index] - least_t
        step_t = min(abs(rest_t), room_t)
        sizes[index] += step_t if rest_t > 0 else -step_t
        rest_t += -step_t if rest_t > 0 else step_t
        index = (index + 1) % count
    return sizes


def _forced_sizes(
    task: ListedTask, forced: Sequence[int], sizes: Sequence[int], random: Random
) -> list[int]:
    """Return quantities of the forced trades that leave the rest within reach of the amount."""
    wished = [min(size, random.randint(1, USUAL_TRADE_T)) for size in sizes[: len(forced)]]
    for candidate in (wished, [min(size, 10) for size in wished]):
        rest_t = task.quantity_t - sum(candidate)
        rest_fen = task.amount_fen - sum(p * q for p, q in zip(forced, candidate, strict=True))
        # One fen of room on either side, so that the path need not lie on the edge.
        if (task.floor_fen + 1) * rest_t <= rest_fen <= (task.cap_fen - 1) * rest_t:
            return candidate
    return [1] * len(forced)


def _give_spare(
    sizes: list[int], path: list[int], spare_t: int, task: ListedTask, random: Random
) -> tuple[list[int], list[int]]:
    """Add the tonnes that the forced trades did not need to the free trades, or make new ones."""
    sizes = list(sizes)
    for index in range(len(sizes)):
        added_t = min(spare_t, task.quantity_t_max - sizes[index], USUAL_TRADE_T)
        sizes[index] += added_t
        spare_t -= added_t
    prices = list(path)
    while spare_t:
        added_t = min(spare_t, task.quantity_t_max)
        sizes.append(added_t)
        prices.append(prices[-1] if prices else random.randint(task.floor_fen, task.cap_fen))
        spare_t -= added_t
    return sizes, prices


def _price_path(task: ListedTask, count: int, random: Random) -> list[int]:
    """Return a wandering path of prices around the day's average, inside the allowed range."""
    average_fen = task.amount_fen // task.quantity_t  # floor: only a centre for the path
    start_fen = task.first_fen or average_fen
    # Without a published high and low the day keeps to about two percent beyond open and average.
    room_fen = max(average_fen // 50, 3)  # floor: a width by feel
    low_fen = task.low_fen or max(task.floor_fen, min(start_fen, average_fen) - room_fen)
    high_fen = task.high_fen or min(task.cap_fen, max(start_fen, average_fen) + room_fen)
    step_fen = max((high_fen - low_fen) / 40, 0.8)
    path = []
    price = float(start_fen)
    for _ in range(count):
        price += random.gauss(0.0, step_fen) + (average_fen - price) * 0.04
        price = min(max(price, low_fen), high_fen)
        path.append(round(price))
    return path


def _meet_amount(
    path: list[int], sizes: list[int], target_fen: int, task: ListedTask, random: Random
) -> list[Trade]:
    """Shift the path as a whole until it falls short by less than one fen a tonne, then raise trades.

    The shift keeps the shape of the day. What is missing then is less than the tonnes that can still
    rise by a fen, so whole trades rise and at most one is cut in two.
    """
    low, high = task.floor_fen, task.cap_fen

    def amount(shift_fen: int) -> int:
        return sum(min(max(p + shift_fen, low), high) * q for p, q in zip(path, sizes, strict=True))

    least, most = low - high, high - low
    while least < most:  # largest shift that does not pass the target
        middle = (least + most + 1) // 2  # rounds up: the loop must shrink
        if amount(middle) <= target_fen:
            least = middle
        else:
            most = middle - 1
    prices = [min(max(price + least, low), high) for price in path]
    missing_fen = target_fen - sum(p * q for p, q in zip(prices, sizes, strict=True))
    order = list(range(len(prices)))
    random.shuffle(order)
    cut: tuple[int, int] | None = None
    for index in order:
        if missing_fen == 0:
            break
        if prices[index] >= high:
            continue
        if sizes[index] <= missing_fen:
            prices[index] += 1
            missing_fen -= sizes[index]
        elif cut is None:
            cut = (index, 0)
    if missing_fen:
        assert cut is not None
        index = cut[0]
        sizes[index] -= missing_fen
        prices.insert(index + 1, prices[index] + 1)
        sizes.insert(index + 1, missing_fen)
    return list(zip(prices, sizes, strict=True))


def _arrange(
    task: ListedTask, forced: list[Trade], free: list[Trade], random: Random
) -> list[Trade]:
    """Put the first trade first and the high and low where the path comes nearest to them."""
    first = [forced.pop(0)] if task.first_fen else []
    for price_fen, quantity_t in forced:
        nearest = sorted(range(len(free)), key=lambda i: abs(free[i][0] - price_fen))[:5]
        place = random.choice(nearest) if nearest else 0
        free.insert(place, (price_fen, quantity_t))
    return first + free
