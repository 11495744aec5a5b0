"""The core as Python sees it: its arrays, made once from a profile, and one call that runs a batch."""

import contextlib
import mmap
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.commands import MEMBERS_MAX, Method, Side
from engine.core import compile_cache
from engine.core.layout import (
    BAD_RECORD,
    DTYPES,
    SEQUENCE_GAP,
    SINGLE,
    Rows,
    State,
)
from engine.core.machine import IS_COMPILED
from engine.core.memory import LINE_SHIFT, PAGE_SHIFT
from engine.core.operate import Step, operate_plain, operate_table
from engine.core.rebuild import lay_again, lay_again_table, rebuild_plain, rebuild_table
from engine.core.records import COMMAND, EVENT, RECORD_BYTES
from engine.core.run import BATCH_MAX, ROWS_SHIFT, STATUS_SHIFT, run_plain, run_table
from engine.fees import rate_bp
from engine.profile import Profile

WORD_BITS: Final = 64
SLOTS_MIN: Final = 4096
LINE: Final = 64
HUGE_PAGE: Final = 1 << 21
FEW: Final = 16
"""Up to so many records are copied into the core's own place."""
DONE_MASK: Final = (1 << ROWS_SHIFT) - 1
ROWS_MASK: Final = (1 << (STATUS_SHIFT - ROWS_SHIFT)) - 1
_warm: list[bool] = []


class BadRecord(ValueError):
    """A record or its sequence cannot be: a fault of the program that made it, nothing was applied."""


def _rows_up(count: int, size: int) -> int:
    return -(-count // size)  # rounds up


def _lengths(profile: Profile) -> dict[str, int]:
    capacity, products = profile.capacity, len(profile.products)
    orders, ladders = capacity.orders_per_day, 2 * products
    slots = max(SLOTS_MIN, 1 << (4 * orders - 1).bit_length())
    cancels = slots * 3 // 4 - orders  # exact: three quarters of a power of two
    words = _rows_up(capacity.levels, WORD_BITS)
    groups = _rows_up(words, WORD_BITS)
    return {
        "market": 1,
        "rules": 1,
        "methods": len(Method),
        "keys": capacity.keys + 1,
        "restrictions": capacity.participants + 1,
        "halts": capacity.participants + 1,
        "limits": capacity.participants + 1,
        "products": products,
        "tallies": products,
        "cash": capacity.participants + 1,
        "holdings": (capacity.participants + 1) * products,
        "stored": (capacity.participants + 1) * products,
        "wanted": (capacity.participants + 1) * products,
        "orders": orders + 1,
        "cancels": cancels + 1,
        "refusals": orders + cancels + 1,
        "trades": orders,  # each trade ends at least one order
        "levels": capacity.levels * ladders,
        "ladders": ladders,
        "bits": words * ladders,
        "groups": groups * ladders,
        "blocks": _rows_up(groups, WORD_BITS) * ladders,
        "slots": slots,
        "members": capacity.group_offers * MEMBERS_MAX,
        "first_times": BATCH_MAX,
        "ends": BATCH_MAX,
    }


def _zeroed(size: int) -> Rows:
    """Return zeroed bytes, large arrays in huge pages: every look at a far row costs a page's walk less.

    The kernel gives huge pages only where they are asked for, and numpy does not for zeroed arrays.
    """
    if size < HUGE_PAGE or not hasattr(mmap, "MADV_HUGEPAGE"):
        return np.zeros(size, np.uint8)
    room = mmap.mmap(-1, size + HUGE_PAGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with contextlib.suppress(OSError):  # a kernel without huge pages serves small ones
        room.madvise(mmap.MADV_HUGEPAGE)
    raw = np.frombuffer(room, np.uint8)  # keeps the memory alive
    start = -raw.ctypes.data % HUGE_PAGE
    return raw[start : start + size]


def _aligned(length: int, dtype: "np.dtype[np.void]") -> Rows:
    """Return zeroed rows that begin on a cache line, so that a 64-byte row is one line."""
    size = length * dtype.itemsize
    raw = _zeroed(size + LINE)
    start = -raw.ctypes.data % LINE
    return raw[start : start + size].view(dtype)


class Core:
    """Owner of the core's arrays; only the rooms of `engine/` look into them."""

    def __init__(self, profile: Profile) -> None:
        lengths = _lengths(profile)
        self._rows: Final = {name: _aligned(lengths[name], DTYPES[name]) for name in State._fields}
        self.state: Final = State(
            **{n: rows[0] if n in SINGLE else rows for n, rows in self._rows.items()}
        )
        self.market: Final = self.state.market
        table = [n for rows in self._rows.values() for n in (rows.ctypes.data, len(rows))]
        self._table: Final = np.array(table, np.int64)
        self.table_address: Final = int(self._table.ctypes.data)
        few = np.zeros(FEW * RECORD_BYTES, np.uint8)
        self._few: Final = memoryview(few)  # type: ignore[arg-type]
        self._few_at: Final = int(few.ctypes.data)
        # The arrays of the last call and their addresses; holding them keeps the addresses true.
        # `Exchange.run_records` reads them: a call of Python between would cost a third of one command.
        self.commands_known = self.events_known = np.zeros(0, COMMAND)
        self.commands_at = self.events_at = self.events_count = 0
        self._write_rules(profile, lengths)
        if IS_COMPILED:
            warm_up()

    def _write_rules(self, profile: Profile, lengths: dict[str, int]) -> None:
        rules, ladders = self.state.rules, lengths["ladders"]
        rules["tick_fen"] = profile.tick_size_fen
        rules["lot_t"] = profile.lot_size_t
        rules["products"] = len(profile.products)
        rules["levels"] = profile.capacity.levels
        rules["words"] = lengths["bits"] // ladders  # exact: so many a ladder
        rules["groups"] = lengths["groups"] // ladders  # exact
        rules["blocks"] = lengths["blocks"] // ladders  # exact
        rules["orders_max"] = profile.capacity.orders_per_day
        rules["cancels_max"] = lengths["cancels"] - 1
        rules["slots"] = lengths["slots"]
        pages = lengths["slots"] >> (PAGE_SHIFT + LINE_SHIFT)
        rules["page_shift"] = WORD_BITS + 1 - pages.bit_length()  # both are powers of two
        rules["group_offers_max"] = profile.capacity.group_offers
        rules["fills_max"] = profile.capacity.fills_per_command
        listed = profile.listed
        rules["matches"] = listed.crossing_listings == "match"
        rules["picks"] = listed.picks
        rules["reduces"] = listed.reduce
        is_free = listed.level_choice == "any_of_five_levels"
        rules["level_depth"] = listed.levels_shown if is_free else 0
        rules["by_time"] = listed.same_price_choice == "time"
        rules["limits"] = profile.position.limit_t > 0
        rules["block_free_from_t"] = profile.block.free_from_t
        for method, terms in enumerate((profile.listed, profile.block, profile.auction)):
            row = self.state.methods[method]
            if terms is not None:
                row["quantity_t_min"] = terms.quantity_t_min
                row["quantity_t_max"] = terms.quantity_t_max
            self._write_fees(profile, Method(method), row)
        self.state.ladders["best"] = -1

    def _write_fees(self, profile: Profile, method: Method, row: Any) -> None:  # noqa: ANN401 - one row
        """Write a method's rates in parts of 10,000 (R60)."""
        for fee, rates in (
            ("trading", profile.fees.trading),
            ("settlement", profile.fees.settlement),
        ):
            for party, side in (("buyer", Side.BUY), ("seller", Side.SELL)):
                row[f"{party}_{fee}_bp"] = rate_bp(rates, method, side)
                row["has_fees"] |= rate_bp(rates, method, side) > 0

    def run(
        self, commands: Rows, events: Rows, begin: int, end: int, first: int
    ) -> tuple[int, int, int]:
        """Answer rows begin to end, at most 4,096, into rows of `events` from `first` on.

        Return how many were answered, how many rows that took, and the status, which says what is to be
        done before the next; BadRecord for what no command can be.
        """
        if commands is self.commands_known and events is self.events_known:
            commands_at, events_at = self.commands_at, self.events_at
        else:
            commands_at = self._commands_address(commands)
            events_at = self._events_address(events)
        if IS_COMPILED:
            word = run_table(
                self.table_address,
                commands_at + begin * RECORD_BYTES,
                events_at + first * RECORD_BYTES,
                end - begin,
                len(events) - first,
            )
        else:
            room = len(events) - first
            word = run_plain(self.state, commands[begin:end], events[first:], end - begin, room)
        return self.read(word, commands, begin)

    def read(self, word: int, commands: Rows, begin: int) -> tuple[int, int, int]:
        """Return what a run's word says, as `run` does; BadRecord for what no command can be."""
        status, done = word >> STATUS_SHIFT, word & DONE_MASK
        self._complain(commands, begin + done, status)
        return done, (word >> ROWS_SHIFT) & ROWS_MASK, status

    def operate(self, step: int, commands: Rows, events: Rows, count: int) -> int:
        """Do a single step (operate.py) on commands, with room for events; return a reason or figure."""
        if not IS_COMPILED:
            return operate_plain(self.state, step, commands, events, count)
        number = int(step)  # numba would look up the type of an enumeration's member at each call
        commands_at, events_at = int(commands.ctypes.data), int(events.ctypes.data)
        room = len(events)
        return int(operate_table(self.table_address, number, commands_at, events_at, count, room))

    def _commands_address(self, commands: Rows) -> int:
        """Return where rows stand; a few rows are copied, which is cheaper than asking numpy."""
        if commands is self.commands_known:
            return self.commands_at
        assert commands.dtype == COMMAND, "not an array of command records"
        if len(commands) <= FEW:
            self._few[: len(commands) * RECORD_BYTES] = commands.tobytes()
            return self._few_at
        assert commands.flags.c_contiguous, "records must stand one behind the other"
        self.commands_known, self.commands_at = commands, int(commands.ctypes.data)
        return self.commands_at

    def _events_address(self, events: Rows) -> int:
        if events is self.events_known:
            return self.events_at
        assert events.dtype == EVENT, "not an array of event records"
        assert events.flags.c_contiguous, "records must stand one behind the other"
        assert events.flags.writeable, "events are written"
        self.events_known, self.events_at = events, int(events.ctypes.data)
        self.events_count = len(events)
        return self.events_at

    def _complain(self, commands: Rows, done: int, status: int) -> None:
        if status == SEQUENCE_GAP:
            message = (
                f"sequence {commands[done]['sequence']} does not follow {self.market['sequence']}"
            )
            raise BadRecord(message)
        if status == BAD_RECORD:
            message = f"the record of sequence {commands[done]['sequence']} is no command"
            raise BadRecord(message)

    def rebuild(self) -> None:
        """Make book and client order table from the rows of a snapshot; IndexError for a bad row."""
        if IS_COMPILED:
            rebuild_table(self.table_address)
        else:
            rebuild_plain(self.state)

    def relay(self, product: int) -> None:
        """Enter a product's listings in its ladders anew after their origins have moved."""
        if IS_COMPILED:
            lay_again_table(self.table_address, product)
        else:
            lay_again(self.state, product)

    def clear_day(self) -> None:
        """Forget the orders, client order numbers, refusals and trades of the day before."""
        market, state = self.market, self.state
        state.orders[: int(market["order_count"]) + 1] = 0
        state.cancels[: int(market["cancel_count"]) + 1] = 0
        state.refusals[: int(market["refusal_count"]) + 1] = 0
        state.trades[: int(market["trade_count"])] = 0
        state.members[: int(market["group_count"]) * MEMBERS_MAX] = 0
        if market["order_count"] or market["cancel_count"]:
            state.slots[:] = 0
        market["trade_base"] += market["trade_count"]
        for name in ("order_count", "cancel_count", "refusal_count", "trade_count", "group_count"):
            market[name] = 0


def is_warm() -> bool:
    """Say whether the core is compiled already: in this process, or on disk by an earlier one."""
    return not IS_COMPILED or bool(_warm) or compile_cache.is_stamped()


def warm_up() -> None:
    """Compile the core or load it from the cache; the first time takes some seconds."""
    if _warm or not IS_COMPILED:
        return
    if compile_cache.is_stamped():
        _compile()
    else:
        with compile_cache.compiling():
            _compile()
    _warm.append(True)


def _compile() -> None:
    """Call the entries on nothing at all, which is enough to compile them."""
    rows: list[NDArray[np.void]] = [np.zeros(1, DTYPES[name]) for name in State._fields]
    table = np.array([number for row in rows for number in (row.ctypes.data, len(row))], np.int64)
    commands, events = np.zeros(1, COMMAND), np.zeros(1, EVENT)
    run_table(table.ctypes.data, commands.ctypes.data, events.ctypes.data, 0, 0)
    step, rows_at = int(Step.TRADE), (commands.ctypes.data, events.ctypes.data)
    operate_table(table.ctypes.data, step, *rows_at, 0, 0)
    rebuild_table(table.ctypes.data)
    lay_again_table(table.ctypes.data, 0)
