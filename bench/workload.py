"""A listed flow for the engine's benchmark, made once from a seed, as records that only wait to be run.

45 % listings, 40 % cancels of a random live listing, 15 % picks; participants evenly drawn; the book is
held at its size by picking whole listings when it is above. A fiftieth of the commands is refused, for
ten mistakes in turn. The flow keeps a book of its own, so nothing is asked of the engine. The same flow
can be sent on one trading day after the other: order and client order numbers restart each day.
"""

import random
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from sortedcontainers import SortedDict

from bench.stage import FIRST_TRADER_KEY, REFERENCE_FEN, Stage
from engine.commands import Side
from engine.core.records import COMMAND, CommandKind
from engine.profile import Profile

DEPTH_TICKS: Final = 60
QUANTITY_T_MAX: Final = 2_000
STRANGER: Final = 1 << 30


class Shape(Struct, frozen=True, kw_only=True):
    """What a flow is like; it stands in the conditions of every figure."""

    seed: int = 20_260_105
    participants: int = 3_600
    products: int = 5
    live: int = 5_000
    commands: int = 200_000
    listings_percent: int = 45
    cancels_percent: int = 40
    refused_percent: int = 2


class _Listing(Struct):
    """A live listing as the flow knows it."""

    number: int
    participant: int
    product: int
    side: int
    price: int
    left: int
    place: int
    """Where it stands in the list of live ones."""


class Flow:
    """Makes commands one by one and follows what they do to the book."""

    def __init__(self, profile: Profile, shape: Shape) -> None:
        self._shape = shape
        self._random = random.Random(shape.seed)  # noqa: S311 - a workload, not a secret
        self._profile = profile
        self._orders = 0
        self._client_orders = [0] * (shape.participants + 1)
        self._live: list[_Listing] = []
        self._levels: list[SortedDict[int, dict[int, _Listing]]] = [
            SortedDict() for _ in range(2 * shape.products)
        ]
        self._gone: list[_Listing] = []
        self._mistakes = 0

    def records(self, prefill: int, count: int) -> NDArray[np.void]:
        """Return `prefill` listings and then `count` mixed commands, without sequence and time."""
        rows = np.zeros(prefill + count, COMMAND)
        for place in range(prefill):
            self._list(rows[place])
        for place in range(prefill, prefill + count):
            if self._random.randrange(100) < self._shape.refused_percent:
                self._mistake(rows[place])
            else:
                self._mixed(rows[place])
        return rows

    def _mixed(self, row: Any) -> None:  # noqa: ANN401 - one row of a structured array
        draw, shape = self._random.randrange(100), self._shape
        if draw < shape.listings_percent or len(self._live) < shape.live // 2:
            self._list(row)
        elif draw < shape.listings_percent + shape.cancels_percent:
            self._cancel(row)
        else:
            self._pick(row)

    def _begin(self, row: Any, kind: CommandKind, participant: int) -> None:  # noqa: ANN401
        self._client_orders[participant] += 1
        row["kind"] = kind
        row["key"] = FIRST_TRADER_KEY - 1 + participant
        row["client_order"] = self._client_orders[participant]
        if kind != CommandKind.CANCEL_ORDER:
            self._orders += 1

    def _someone(self) -> int:
        return self._random.randint(1, self._shape.participants)

    def _list(self, row: Any) -> None:  # noqa: ANN401
        participant = self._someone()
        self._begin(row, CommandKind.PLACE_LISTING, participant)
        product, side = self._random.randrange(self._shape.products), self._random.randint(1, 2)
        away = 1 + min(self._random.randrange(DEPTH_TICKS), self._random.randrange(DEPTH_TICKS))
        price = REFERENCE_FEN - away if side == Side.BUY else REFERENCE_FEN + away
        quantity = self._random.randint(1, QUANTITY_T_MAX)
        row["product"], row["side"] = product, side
        row["price_fen"], row["quantity_t"] = price, quantity
        listing = _Listing(
            self._orders, participant, product, side, price, quantity, len(self._live)
        )
        self._live.append(listing)
        level = self._levels[2 * product + side - 1].setdefault(price, {})
        level[listing.number] = listing

    def _remove(self, listing: _Listing) -> None:
        last = self._live.pop()
        if last is not listing:
            self._live[listing.place] = last
            last.place = listing.place
        levels = self._levels[2 * listing.product + listing.side - 1]
        del levels[listing.price][listing.number]
        if not levels[listing.price]:
            del levels[listing.price]
        self._gone = [*self._gone[-9:], listing]

    def _cancel(self, row: Any) -> None:  # noqa: ANN401
        listing = self._random.choice(self._live)
        self._begin(row, CommandKind.CANCEL_ORDER, listing.participant)
        row["target"] = listing.number
        self._remove(listing)

    def _best(self) -> _Listing:
        """Return any listing of the best level of a random side of a random product."""
        while True:
            levels = self._random.choice(self._levels)
            if levels:
                break
        is_buying = self._levels.index(levels) % 2 == 0
        level = levels.peekitem(-1 if is_buying else 0)[1]
        listing: _Listing = self._random.choice(list(level.values()))
        return listing

    def _pick(self, row: Any) -> None:  # noqa: ANN401
        listing = self._best()
        participant = self._someone()
        while participant == listing.participant:
            participant = self._someone()
        self._begin(row, CommandKind.PICK_LISTING, participant)
        is_whole = len(self._live) > self._shape.live or listing.left == 1
        quantity = listing.left if is_whole else self._random.randint(1, listing.left - 1)
        row["target"], row["quantity_t"] = listing.number, quantity
        listing.left -= quantity
        if listing.left == 0:
            self._remove(listing)

    # ------------------------------------------------------------ mistakes

    def _mistake(self, row: Any) -> None:  # noqa: ANN401
        """Make a command that is refused; the kinds take turns."""
        kinds: tuple[Callable[[Any], None], ...] = (
            self._outside_band,
            self._too_much,
            self._not_listed,
            self._strange_key,
            self._foreign_cancel,
            self._late_cancel,
            self._unknown_cancel,
            self._own_pick,
            self._late_pick,
            self._greedy_pick,
        )
        kinds[self._mistakes % len(kinds)](row)
        self._mistakes += 1

    def _wrong_listing(self, row: Any, product: int, price: int, quantity: int) -> None:  # noqa: ANN401
        self._begin(row, CommandKind.PLACE_LISTING, self._someone())
        row["product"], row["side"] = product, self._random.randint(1, 2)
        row["price_fen"], row["quantity_t"] = price, quantity

    def _outside_band(self, row: Any) -> None:  # noqa: ANN401
        self._wrong_listing(row, 0, 2 * REFERENCE_FEN, 1)  # outside on any day of the flow

    def _too_much(self, row: Any) -> None:  # noqa: ANN401
        self._wrong_listing(row, 1, REFERENCE_FEN, self._profile.listed.quantity_t_max + 1)

    def _not_listed(self, row: Any) -> None:  # noqa: ANN401
        self._wrong_listing(row, self._shape.products, REFERENCE_FEN, 1)

    def _strange_key(self, row: Any) -> None:  # noqa: ANN401
        self._wrong_listing(row, 0, REFERENCE_FEN, 1)
        row["key"] = STRANGER
        self._orders -= 1  # no number for a key that nobody knows

    def _foreign_cancel(self, row: Any) -> None:  # noqa: ANN401
        listing = self._random.choice(self._live)
        stranger = listing.participant % self._shape.participants + 1
        self._begin(row, CommandKind.CANCEL_ORDER, stranger)
        row["target"] = listing.number

    def _late_cancel(self, row: Any) -> None:  # noqa: ANN401
        listing = self._random.choice(self._gone) if self._gone else self._live[0]
        self._begin(row, CommandKind.CANCEL_ORDER, listing.participant)
        row["target"] = listing.number if self._gone else STRANGER

    def _unknown_cancel(self, row: Any) -> None:  # noqa: ANN401
        self._begin(row, CommandKind.CANCEL_ORDER, self._someone())
        row["target"] = STRANGER

    def _own_pick(self, row: Any) -> None:  # noqa: ANN401
        listing = self._best()
        self._begin(row, CommandKind.PICK_LISTING, listing.participant)
        row["target"], row["quantity_t"] = listing.number, 1

    def _late_pick(self, row: Any) -> None:  # noqa: ANN401
        self._begin(row, CommandKind.PICK_LISTING, self._someone())
        row["target"] = self._random.choice(self._gone).number if self._gone else STRANGER
        row["quantity_t"] = 1

    def _greedy_pick(self, row: Any) -> None:  # noqa: ANN401
        listing = self._best()
        other = listing.participant % self._shape.participants + 1
        self._begin(row, CommandKind.PICK_LISTING, other)
        row["target"], row["quantity_t"] = listing.number, listing.left + 1


__all__ = ["Flow", "Shape", "Stage"]
