"""Rows of the core's state: one structured array per concept, and the `State` that holds them.

Every byte of a row is a named field. 0 means "none" for orders, trades and participants, so zeroed
memory is an empty exchange. A reader opens this file first; the kernels only move these numbers.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[Any]
"""An array of the core: rows of one concept, or plain words."""

UNKNOWN_PRODUCT: Final = 0xFFFF
"""Product of a record whose code is not in the profile; the code itself is packed, see the codec."""
UNKNOWN_PRODUCT_ROW: Final = 0xFF
"""The same in an order row, which keeps the product in one byte."""

MARKET: Final = np.dtype(
    [
        ("sequence", "i8"),  # last applied command
        ("time_ns", "i8"),
        ("boundary_ns", "i8"),  # a command at or after it needs a phase change first
        ("follow", "i8"),  # order of a dialogue that the command in hand ended or traded, 0 if none
        ("figure_a", "i8"),  # figures of the refusal in hand
        ("figure_b", "i8"),
        ("digest", "u8"),  # rolled over every event in order
        ("event_count", "i8"),
        ("order_count", "i8"),  # of the day, refused ones too
        ("cancel_count", "i8"),  # remembered cancels of the day
        ("refusal_count", "i8"),  # remembered refusals of the day
        ("group_count", "i8"),  # offers to groups of the day
        ("trade_count", "i8"),  # of the day
        ("trade_base", "i8"),  # trades of earlier days
        ("open_count", "i8"),  # orders that stand
        ("key_count", "i8"),
        ("participant_count", "i8"),
        ("composite_sum", "i8"),  # sum of weight times latest price (R53)
        ("composite_weight", "i8"),
        ("composite_count", "i8"),  # values so far today
        ("composite_open_fen", "i8"),
        ("composite_high_fen", "i8"),
        ("composite_low_fen", "i8"),
    ]
)
RULES: Final = np.dtype(
    [
        ("tick_fen", "i8"),
        ("lot_t", "i8"),
        ("products", "i8"),
        ("levels", "i8"),  # rows of one ladder
        ("words", "i8"),  # words of one ladder's occupancy: a bit a level,
        ("groups", "i8"),  # a bit a word,
        ("blocks", "i8"),  # a bit a group
        ("orders_max", "i8"),
        ("cancels_max", "i8"),  # remembered cancels
        ("slots", "i8"),  # of the client order table, a power of two
        ("page_shift", "i8"),  # leaves of a hash the number of one of the table's pages
        ("group_offers_max", "i8"),
        ("fills_max", "i8"),  # trades of one command
        ("matches", "i8"),  # 1: a listing takes what it crosses before it rests (R46)
        ("picks", "i8"),  # 1: listings can be picked
        ("reduces", "i8"),  # 1: a part of a listing can be taken back
        ("level_depth", "i8"),  # levels that a pick may name, 0: only the best (R45)
        ("by_time", "i8"),  # 1: the oldest listing of a level comes first (R42)
        ("limits", "i8"),  # 1: positions are limited (R73)
        ("block_free_from_t", "i8"),  # blocks from here on have no band, 0: all have one
    ]
)
METHOD: Final = np.dtype(
    [
        ("phase", "i8"),
        ("next_ns", "i8"),
        ("quantity_t_min", "i8"),
        ("quantity_t_max", "i8"),
        ("halt", "i8"),  # the longest standing halt of the market or the method, 0 if none
        ("has_fees", "i8"),
        ("buyer_trading_bp", "i8"),
        ("buyer_settlement_bp", "i8"),
        ("seller_trading_bp", "i8"),
        ("seller_settlement_bp", "i8"),
    ]
)
KEY: Final = np.dtype([("participant", "i4"), ("permissions", "i4"), ("order_max_t", "i8")])
"""Whom a key acts for, the sum of what it may do, see below, and the most tonnes of one of its orders."""
PRODUCT: Final = np.dtype(
    [
        ("is_listed", "i4"),
        ("has_reference", "i4"),
        ("listed_floor_fen", "i8"),
        ("listed_cap_fen", "i8"),
        ("block_floor_fen", "i8"),
        ("block_cap_fen", "i8"),
        ("composite_weight", "i8"),
        ("halt", "i8"),  # of the product, 0 if none
    ]
)
TALLY: Final = np.dtype(
    [
        ("open_fen", "i8"),
        ("high_fen", "i8"),
        ("low_fen", "i8"),
        ("last_fen", "i8"),  # of the composite too: before the first trade what the day began with
        ("listed_quantity_t", "i8"),
        ("listed_amount_fen", "i8"),
        ("listed_trades", "i8"),
        ("block_quantity_t", "i8"),
        ("block_amount_fen", "i8"),
        ("block_trades", "i8"),
        ("auction_quantity_t", "i8"),
        ("auction_amount_fen", "i8"),
        ("auction_trades", "i8"),
    ]
)
CASH: Final = np.dtype(
    [("settled_fen", "i8"), ("locked_fen", "i8"), ("payable_fen", "i8"), ("proceeds_fen", "i8")]
)
HOLDING: Final = np.dtype(
    [("available_t", "i8"), ("locked_t", "i8"), ("sold_t", "i8"), ("bought_t", "i8")]
)
STORED: Final = np.dtype([("delivered_t", "i8"), ("frozen_t", "i8")])
ORDER: Final = np.dtype(
    [
        ("price_fen", "i4"),
        ("position", "i4"),  # see below
        ("quantity_t", "i4"),
        ("left_t", "i4"),
        ("participant", "i4"),
        ("key", "i4"),
        ("target", "i4"),  # see below
        ("next", "i4"),  # see below
        ("previous", "i4"),
        ("product", "u1"),
        ("side", "u1"),
        ("kind", "u1"),  # CommandKind or a later kind of the dialogues
        ("state", "u1"),
        ("client_order", "i8"),
        ("sequence", "i8"),
        ("time_ns", "i8"),
    ]
)
"""Whatever stands is an order row, and four of its fields mean what its kind needs.

`position`: of a listing its place in the ladder, 0 the best price that the band allows, `NOT_IN_BOOK`
where it never rested; of an offer the number of its open negotiations; of an announced application its
auction; of a bid 1 where it binds. `target`: the order or offer that is named, the counterparty of an
offer, the members' row of an offer to a group, the auction of an application or a bid; of a listing what
it took on entry. `next`, `previous`: neighbours in the level of a listing that rests; price and quantity of
a block offer as first offered; `next` alone the refusal's or last trade's row of an order that never rested,
`previous` then the cause of its cancel.
"""
CANCEL: Final = np.dtype(
    [
        ("key", "i4"),
        ("target", "i4"),
        ("client_order", "i8"),
        ("sequence", "i8"),
        ("time_ns", "i8"),
        ("refusal", "i4"),  # row of its refusal, 0 if it took something back
        ("quantity_t", "i4"),  # of a reduction, 0 of a cancel
        ("left_t", "i4"),  # after the reduction
        ("spare", "i4"),
    ]
)
REFUSAL: Final = np.dtype(
    [
        ("reason", "i4"),
        ("low", "i4"),  # target and spare of the command: the code of an unknown product
        ("figure_a", "i8"),
        ("figure_b", "i8"),
        ("spare", "i8"),
    ]
)
TRADE: Final = np.dtype(
    [
        ("price_fen", "i4"),
        ("quantity_t", "i4"),
        ("buyer", "i4"),
        ("seller", "i4"),
        ("buy_order", "i4"),
        ("sell_order", "i4"),
        ("left_t", "i4"),  # of the resting order after this trade
        ("product", "u1"),
        ("taker_side", "u1"),
        ("method", "u1"),
        ("state", "u1"),
        ("time_ns", "i8"),
    ]
)
LEVEL: Final = np.dtype(
    [("quantity_t", "i8"), ("head", "i4"), ("tail", "i4"), ("listings", "i4"), ("spare", "i4")]
)
LADDER: Final = np.dtype(
    [
        ("best", "i4"),  # best taken position, -1 if none
        ("listings", "i4"),
        ("origin_fen", "i8"),  # price of position 0, the best that the band allows
        ("step_fen", "i8"),  # to the next position: the tick, for buyers minus the tick
    ]
)

EVENT_WORDS: Final = np.dtype(
    [
        ("head", "i8"),  # kind, side, reason, product, flags
        ("sequence", "i8"),
        ("parties", "i8"),  # participant, counterparty
        ("orders", "i8"),  # order, target
        ("price_fen", "i8"),
        ("quantity_t", "i8"),
        ("left_and_key", "i8"),  # left_t, key
        ("number", "i8"),
    ]
)
"""An EVENT record as the eight words in which the core writes and folds it (little-endian)."""

# State of an order row.
NEVER: Final = 0
STANDS: Final = 1
FILLED: Final = 2
CANCELLED: Final = 3
TAKER: Final = 4
REFUSED: Final = 5

NOT_IN_BOOK: Final = -1
"""Position of a listing that was filled or cancelled on entry."""

# State of a trade row.
UNSETTLED: Final = 0
SETTLED: Final = 1
FAILED: Final = 2
VOIDED: Final = 3

# Permissions of a key row, a bit each; or instead of them why it holds no more.
MAY_LIST: Final = 1
MAY_BLOCK: Final = 2
MAY_AUCTION: Final = 4
MAY_CANCEL: Final = 8
MAY_ALL: Final = 15
KEY_REVOKED: Final = 16
KEY_EXPIRED: Final = 32

# Restriction of a participant: what operators set, where a barred side has the number of the side, ...
UNRESTRICTED: Final = 0
NO_BUYING: Final = 1
NO_SELLING: Final = 2
SUSPENDED: Final = 3
BY_OPERATORS: Final = 3
"""... the bits that hold it, and a bit each for what they do not lift."""
STOPPED: Final = 4
REMOVED: Final = 8

# Why a run stopped.
DONE: Final = 0
BOUNDARY: Final = 1
SEQUENCE_GAP: Final = 2
BAD_RECORD: Final = 3
ROWS_FULL: Final = 4
"""The next command may answer with more rows than are left."""
FOLLOW: Final = 5
"""The last command ended or traded an order of a dialogue, see `MARKET.follow`."""


SINGLE: Final = ("market", "rules")
"""Concepts of which there is one row; the kernels read it without an index."""


class State(NamedTuple):
    """All arrays of the core; compiled kernels see it as the address of a table (machine.py)."""

    market: Any
    rules: Any
    methods: Rows
    keys: Rows
    restrictions: Rows
    """What each participant may not do, a byte: see `UNRESTRICTED` and below."""
    halts: Rows
    """The halt of each participant, 0 if none."""
    limits: Rows
    """Most tonnes of a product that each participant may hold, 0 if there is no limit (R73)."""
    products: Rows
    tallies: Rows
    cash: Rows
    holdings: Rows
    stored: Rows
    wanted: Rows
    """Tonnes of each holding that own standing orders may still buy; kept where positions are limited."""
    orders: Rows
    cancels: Rows
    refusals: Rows
    trades: Rows
    levels: Rows
    ladders: Rows
    bits: Rows
    groups: Rows
    blocks: Rows
    slots: Rows
    members: Rows
    """Who may accept offers to groups, `MEMBERS_MAX` to the offer, 0 behind the last."""
    first_times: Rows
    """Time of the first answer, by place of the repeating command in the last run."""
    ends: Rows
    """Place behind the last event row, by place of the command in the last run."""


DTYPES: Final[dict[str, np.dtype[Any]]] = {
    "market": MARKET,
    "rules": RULES,
    "methods": METHOD,
    "keys": KEY,
    "restrictions": np.dtype("u1"),
    "halts": np.dtype("i4"),
    "limits": np.dtype("i8"),
    "products": PRODUCT,
    "tallies": TALLY,
    "cash": CASH,
    "holdings": HOLDING,
    "stored": STORED,
    "wanted": np.dtype("i8"),
    "orders": ORDER,
    "cancels": CANCEL,
    "refusals": REFUSAL,
    "trades": TRADE,
    "levels": LEVEL,
    "ladders": LADDER,
    "bits": np.dtype("u8"),
    "groups": np.dtype("u8"),
    "blocks": np.dtype("u8"),
    "slots": np.dtype("i8"),
    "members": np.dtype("i4"),
    "first_times": np.dtype("i8"),
    "ends": np.dtype("i8"),
}
