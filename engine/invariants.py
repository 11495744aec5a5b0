"""What must always hold of the state: locks are open orders, nothing is lost, the book is whole."""

import numpy as np
from numpy.typing import NDArray

from engine.commands import Side
from engine.core.layout import STANDS, SUSPENDED, UNSETTLED
from engine.core.records import CommandKind
from engine.market import Market

WORD_BITS = 64


def check(market: Market) -> None:
    """Assert every invariant; AssertionError names the one that is broken."""
    _check_locks(market)
    _check_conservation(market)
    _check_pending(market)
    for product in range(len(market.codes)):
        for side in Side:
            _check_ladder(market, product, side)
    standing = int((_orders(market)["state"] == STANDS).sum())
    assert market.core.market["open_count"] == standing, "the count of open orders is off"


def _orders(market: Market) -> NDArray[np.void]:
    return market.core.state.orders[: int(market.core.market["order_count"]) + 1]


def _sums(size: int, places: NDArray[np.int64], amounts: NDArray[np.int64]) -> NDArray[np.int64]:
    total = np.zeros(size, np.int64)
    np.add.at(total, places, amounts)
    return total


def _check_locks(market: Market) -> None:
    """Locks equal what open orders may need, party by party and product by product (R54)."""
    state, products = market.core.state, len(market.codes)
    rows = _orders(market)
    rows = rows[rows["state"] == STANDS]
    is_suspended = state.restrictions[rows["participant"]] == SUSPENDED
    assert not is_suspended.any(), "an order of a suspended participant stands"
    left, parties = rows["left_t"].astype(np.int64), rows["participant"].astype(np.int64)
    assert (left > 0).all(), "an open order has nothing left"
    buys, sells = rows["side"] == Side.BUY, rows["side"] == Side.SELL
    cash = _sums(len(state.cash), parties[buys], (left * rows["price_fen"])[buys])
    assert (cash == state.cash["locked_fen"]).all(), "locked cash differs from open buy orders"
    places = parties * products + rows["product"]
    tonnes = _sums(len(state.holdings), places[sells], left[sells])
    assert (tonnes == state.holdings["locked_t"]).all(), (
        "locked tonnes differ from open sell orders"
    )


def _check_conservation(market: Market) -> None:
    """Cash changes only by deposits and withdrawals, tonnes of a product only by transfers."""
    state, products = market.core.state, len(market.codes)
    settled = sum(state.cash["settled_fen"].tolist())  # whole numbers: the sum may pass 63 bits
    assert settled == market.deposits_fen, "settled cash differs from deposits"
    assert state.cash["payable_fen"].sum() == state.cash["proceeds_fen"].sum(), (
        "what buyers owe differs from what sellers wait for"
    )
    holdings = state.holdings.reshape(-1, products)
    stored = state.stored.reshape(-1, products)
    for index, code in enumerate(market.codes):
        total = sum(
            int(rows[:, index][name].sum())
            for rows, names in (
                (holdings, ("available_t", "locked_t", "sold_t")),
                (stored, ("delivered_t", "frozen_t")),
            )
            for name in names
        )
        assert total == market.transfers_t[index], f"tonnes of {code} were lost or made"
        sold, bought = holdings[:, index]["sold_t"].sum(), holdings[:, index]["bought_t"].sum()
        assert sold == bought, f"sold tonnes of {code} differ from bought ones"


def _check_pending(market: Market) -> None:
    """D, I, P and R equal the trades that the registry has not answered; no balance is below zero."""
    state, products = market.core.state, len(market.codes)
    today = state.trades[: int(market.core.market["trade_count"])]
    pending = [today[today["state"] == UNSETTLED]]
    pending += [day.rows[day.rows["state"] == UNSETTLED] for day in market.days]
    rows = np.concatenate(pending)
    tonnes = rows["quantity_t"].astype(np.int64)
    amounts = tonnes * rows["price_fen"]
    count = len(state.cash)
    for name, party in (("payable_fen", "buyer"), ("proceeds_fen", "seller")):
        sums = _sums(count, rows[party].astype(np.int64), amounts)
        assert (sums == state.cash[name]).all(), f"{name} differs from unsettled trades"
    for name, party in (("bought_t", "buyer"), ("sold_t", "seller")):
        places = rows[party].astype(np.int64) * products + rows["product"]
        sums = _sums(count * products, places, tonnes)
        assert (sums == state.holdings[name]).all(), f"{name} differs from unsettled trades"
    assert (state.holdings["available_t"] >= 0).all(), "an available holding is below zero"
    assert (state.stored["frozen_t"] >= 0).all(), "a frozen holding is below zero"
    cash = state.cash
    power = cash["settled_fen"] + cash["proceeds_fen"] - cash["locked_fen"] - cash["payable_fen"]
    assert market.has_failed_trade or (power >= 0).all(), "spendable cash is below zero"


def _check_ladder(market: Market, product: int, side: Side) -> None:
    """Levels, links, totals and occupancy of one ladder agree with the orders that stand on it."""
    state, levels = market.core.state, market.profile.capacity.levels
    ladder = 2 * product + side - 1
    rows = state.levels[ladder * levels : (ladder + 1) * levels]
    name = f"{market.codes[product]} {side.name}"
    orders = _orders(market)
    is_here = (orders["state"] == STANDS) & (orders["kind"] == CommandKind.PLACE_LISTING)
    is_here &= (orders["product"] == product) & (orders["side"] == side)
    taken = np.flatnonzero(rows["head"])
    seen = 0
    for position in taken.tolist():
        seen += _check_level(market, rows[position], position, ladder)
    assert seen == int(is_here.sum()), f"{name}: listings outside the book"
    empty = rows[rows["head"] == 0]
    for field in ("tail", "quantity_t", "listings"):
        assert not empty[field].any(), f"{name}: an empty level has a {field}"
    best = int(state.ladders[ladder]["best"])
    assert best == (int(taken[0]) if len(taken) else -1), f"{name}: the best level is another"
    assert state.ladders[ladder]["listings"] == seen, f"{name}: the count of listings is off"
    _check_occupancy(market, ladder, taken, name)


def _check_level(market: Market, level: NDArray[np.void], position: int, ladder: int) -> int:
    total = count = previous = 0
    number = int(level["head"])
    while number:
        order = market.core.state.orders[number]
        assert order["state"] == STANDS, f"order {number} is in the book and does not stand"
        assert order["position"] == position, f"order {number} is on a wrong level"
        assert 2 * int(order["product"]) + int(order["side"]) - 1 == ladder, "a wrong ladder"
        assert order["previous"] == previous, f"order {number} has a broken link"
        total += int(order["left_t"])
        count += 1
        previous, number = number, int(order["next"])
    assert level["tail"] == previous, f"the last order of position {position} is another"
    assert level["quantity_t"] == total, f"the quantity of position {position} is off"
    assert level["listings"] == count, f"the count of position {position} is off"
    return count


def _check_occupancy(market: Market, ladder: int, taken: NDArray[np.int64], name: str) -> None:
    state = market.core.state
    for words, kind in ((state.bits, "words"), (state.groups, "groups"), (state.blocks, "blocks")):
        size = int(state.rules[kind])
        wanted = [0] * size
        for position in taken.tolist():
            place = position // WORD_BITS  # rounds down: the word of this position
            wanted[place] |= 1 << (position % WORD_BITS)
        found = words[ladder * size : (ladder + 1) * size].tolist()
        assert found == wanted, f"{name}: the occupancy {kind} are off"
        taken = np.flatnonzero(np.array(wanted, np.uint64))
