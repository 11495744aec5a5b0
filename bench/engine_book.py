"""The bare book: the core's own ladders, links and bitmaps in a loop without checks, owners or events.

It runs on the arrays of an exchange whose day is open, on records of which none would be refused: a
listing takes what crosses it (where the market matches) and rests, a pick takes from the listing it
names, a cancel unlinks. Every trade is rolled into the flow's own hash, so that it can be seen that the
book traded what the whole engine trades. What the whole engine costs more is the price of its rules.
"""

from typing import Final

import numpy as np

from bench.stream import HASH_STEP, Tally
from engine.commands import Side
from engine.core.ladder import ladder_of, link, position_of, price_at, shrink, unlink
from engine.core.layout import Rows, State
from engine.core.machine import (
    IS_COMPILED,
    at,
    entry,
    kernel,
    prefetch,
    state_at,
    view,
    whole,
    word,
)
from engine.core.records import COMMAND, CommandKind
from engine.exchange import Exchange
from gateway.errors import UserError

PLACE: Final = int(CommandKind.PLACE_LISTING)
PICK: Final = int(CommandKind.PICK_LISTING)
CANCEL: Final = int(CommandKind.CANCEL_ORDER)
SIDES: Final = int(Side.BUY) + int(Side.SELL)
FAR: Final = 16
NEAR: Final = 6
TALLY_WORDS: Final = 3
"""Trades, traded tonnes, hash."""


@kernel
def _note(tally: Rows, maker: int, taker: int, price: int, quantity: int) -> None:
    mixed = word(maker) * word(31) + word(taker) * word(17) + word(price) * word(7) + word(quantity)
    tally[at(0)] += word(1)
    tally[at(1)] += word(quantity)
    tally[at(2)] = tally[at(2)] * word(HASH_STEP) + mixed


@kernel
def _take(state: State, resting: int, quantity: int) -> int:
    """Take up to a quantity of a resting order and return how much."""
    other = state.orders[at(resting)]
    left = whole(other["left_t"])
    if quantity >= left:
        unlink(state, resting)
        other["left_t"] = 0
        return left
    shrink(state, resting, quantity)
    other["left_t"] = left - quantity
    return quantity


@kernel
def _match(state: State, tally: Rows, number: int, left: int) -> int:
    """Take what crosses an order, best price first, and return what is left of it."""
    order = state.orders[at(number)]
    ladder = ladder_of(order["product"], SIDES - whole(order["side"]))
    limit = position_of(state, ladder, whole(order["price_fen"]))
    best = whole(state.ladders[at(ladder)]["best"])
    while left > 0 and best >= 0 and best <= limit:
        price = price_at(state, ladder, best)
        resting = whole(state.levels[at(ladder * state.rules["levels"] + best)]["head"])
        taken = _take(state, resting, left)
        _note(tally, resting, number, price, taken)
        left -= taken
        best = whole(state.ladders[at(ladder)]["best"])
    return left


@kernel
def _place(state: State, tally: Rows, commands: Rows, i: int, matches: int) -> None:
    command = commands[at(i)]
    number = command["client_order"]  # the records of this loop bear the order's number there
    order = state.orders[at(number)]
    order["product"] = command["product"]
    order["side"] = command["side"]
    order["price_fen"] = command["price_fen"]
    left = command["quantity_t"]
    if matches != 0:
        left = _match(state, tally, number, left)
    order["left_t"] = left
    if left > 0:
        ladder = ladder_of(command["product"], command["side"])
        order["position"] = position_of(state, ladder, command["price_fen"])
        link(state, number)


@kernel
def _run(state: State, tally: Rows, commands: Rows, count: int, matches: int) -> int:
    for i in range(count):
        if i + FAR < count:
            prefetch(state.orders, whole(commands[at(i + FAR)]["target"]))
        if i + NEAR < count:
            near = state.orders[at(commands[at(i + NEAR)]["target"])]
            prefetch(state.orders, whole(near["next"]))
            prefetch(state.orders, whole(near["previous"]))
        command = commands[at(i)]
        target = whole(command["target"])
        if command["kind"] == PLACE:
            _place(state, tally, commands, i, matches)
        elif command["kind"] == CANCEL:
            unlink(state, target)
        else:
            price = whole(state.orders[at(target)]["price_fen"])
            taken = _take(state, target, command["quantity_t"])
            _note(tally, target, command["client_order"], price, taken)
    return count


@entry
def _book_table(table: int, tally_at: int, commands_at: int, count: int, matches: int) -> int:
    """Run on arrays given by their addresses; the caller keeps them alive."""
    tally = view(tally_at, TALLY_WORDS, np.uint64)
    commands = view(commands_at, count, COMMAND)
    return _run(state_at(table), tally, commands, count, matches)


class BareBook:
    """The book of an exchange without the exchange; what it does to the state, a rewind takes back."""

    def __init__(self, exchange: Exchange) -> None:
        if not IS_COMPILED:
            raise UserError("the bare book exists compiled only; unset NUMBA_DISABLE_JIT")
        self._core: Final = exchange._market.core  # noqa: SLF001 - the book is measured without the rest
        self._matches = int(exchange.profile.listed.crossing_listings == "match")
        self._tally = np.zeros(TALLY_WORDS, np.uint64)
        self._tally_at = int(self._tally.ctypes.data)

    def forget(self) -> None:
        """Begin a new tally."""
        self._tally[:] = 0

    def run(self, address: int, count: int) -> None:
        """Run records that stand at an address."""
        table = self._core.table_address
        _book_table(table, self._tally_at, address, count, self._matches)

    def tally(self) -> Tally:
        """Return what was traded since `forget`."""
        return Tally(int(self._tally[0]), int(self._tally[1]), int(self._tally[2]))
