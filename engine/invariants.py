"""What must always hold of the state: locks are open orders, nothing is lost, the book is whole."""

import numpy as np
from numpy.typing import NDArray

from engine.commands import HaltScope, Method, Side
from engine.core.layout import (
    BY_OPERATORS,
    KEY_EXPIRED,
    KEY_REVOKED,
    REMOVED,
    SETTLED,
    STANDS,
    STOPPED,
    SUSPENDED,
    UNSETTLED,
)
from engine.core.records import CommandKind
from engine.events import KeyEnrolled, KeyRevoked
from engine.fees import rate_bp
from engine.keys import PERMISSION_NUMBERS
from engine.market import Market
from engine.participants import binding
from engine.units import BASIS_POINTS, QUANTITY_T_MAX

WORD_BITS = 64
LEVEL_WORDS = 3
"""64-bit words of a row of LEVEL."""
METHODS = {
    CommandKind.PLACE_LISTING: Method.LISTED,
    CommandKind.OFFER_BLOCK: Method.BLOCK,
    CommandKind.OFFER_BLOCK_TO_GROUP: Method.BLOCK,
    CommandKind.COUNTER_BLOCK: Method.BLOCK,
    CommandKind.APPLY_AUCTION: Method.AUCTION,
    CommandKind.PLACE_BID: Method.AUCTION,
}
"""Kinds of orders that may stand, with their methods."""
METHOD_OF = np.zeros(256, np.int64)
"""The same by number of the kind."""
for _kind, _method in METHODS.items():
    METHOD_OF[_kind] = _method


def check(market: Market) -> None:
    """Assert every invariant; AssertionError names the one that is broken.

    Only here all orders of the day are looked at: everything below is told which of them stand.
    """
    orders = market.core.state.orders[: int(market.core.market["order_count"]) + 1]
    standing = np.flatnonzero(orders["state"] == STANDS)
    rows: NDArray[np.void] = orders[standing]
    _check_keys(market)
    _check_standing(market, rows)
    _check_locks(market, rows)
    _check_conservation(market)
    _check_pending(market)
    _check_dialogues(market, standing)
    _check_switches(market)
    _check_book(market, standing[rows["kind"] == CommandKind.PLACE_LISTING])
    for product in range(len(market.codes)):
        _check_crossing(market, product)


def _sums(size: int, places: NDArray[np.int64], amounts: NDArray[np.int64]) -> NDArray[np.int64]:
    total = np.zeros(size, np.int64)
    np.add.at(total, places, amounts)
    return total


def _fees(
    market: Market, amounts: NDArray[np.int64], methods: NDArray[np.int64], side: Side
) -> NDArray[np.int64]:
    """Return what a side pays on amounts, each of its two fees rounded down by itself (R60)."""
    total = np.zeros(len(amounts), np.int64)
    tens = amounts // BASIS_POINTS  # rounds down: the part whose fee is exact
    rest = amounts - tens * BASIS_POINTS
    for rates in (market.profile.fees.trading, market.profile.fees.settlement):
        by_method = np.array([rate_bp(rates, method, side) for method in Method], np.int64)
        rate = by_method[methods]
        total += tens * rate + rest * rate // BASIS_POINTS  # rounds down
    return total


def _check_keys(market: Market) -> None:
    """Key rows say what keys and their ends say; stops, claims and codes point at what is there."""
    state, keys = market.core.state, market.keys
    rows = state.keys[1 : len(keys) + 1]
    wanted = np.array([_permissions(market, key) for key in keys], np.int64)
    assert (rows["permissions"] == wanted).all(), "a key may do something else than it was told"
    parties = np.array([key.participant for key in keys], np.int64)
    assert (rows["participant"] == parties).all(), "a key acts for another participant"
    limits = [market.own_limits_t.get(key.key, QUANTITY_T_MAX) for key in keys]
    assert (rows["order_max_t"] == np.array(limits, np.int64)).all(), "a key has another own limit"
    assert market.core.market["key_count"] == len(keys), "the count of keys is off"
    for name, numbers in (
        ("end", set(market.key_ends)),
        ("own limit", set(market.own_limits_t)),
        ("rotation", {key.previous for key in keys} - {0}),
    ):
        assert numbers <= set(range(1, len(keys) + 1)), f"the {name} of a key that is none"
    assert 0 not in market.own_limits_t.values(), "a key may order nothing at all"
    stopped = np.flatnonzero(state.restrictions & STOPPED).tolist()
    assert stopped == sorted(market.stops), "a stop of trading and its mark differ"
    assert set(market.claims) <= set(market.enrolment_codes), "a key was claimed with no code"
    last = max(market.enrolment_codes, default=0)
    assert last <= market.code_count, "a code is beyond the last"
    hashes = {code.code_hash: number for number, code in market.enrolment_codes.items()}
    assert hashes == market.code_numbers, "codes and their hashes differ"


def _permissions(market: Market, key: KeyEnrolled) -> int:
    """Return what the core's row of a key must say."""
    end = market.key_ends.get(key.key)
    if end is None:
        return sum(PERMISSION_NUMBERS[name] for name in key.permissions)
    return KEY_REVOKED if isinstance(end, KeyRevoked) else KEY_EXPIRED


def _check_standing(market: Market, rows: NDArray[np.void]) -> None:
    """Ask of what stands that something is left of it, that its kind may stand and its owner too."""
    assert market.core.market["open_count"] == len(rows), "the count of open orders is off"
    assert market.core.market["trade_count"] <= market.core.market["order_count"], (
        "there are more trades than orders"
    )
    assert set(rows["kind"].tolist()) <= set(METHODS), "an order stands that only speaks"
    barred = market.core.state.restrictions[rows["participant"]]
    assert not (barred & BY_OPERATORS == SUSPENDED).any(), (
        "an order of a suspended participant stands"
    )
    assert not (barred & REMOVED).any(), "an order of a removed participant stands"
    is_stopped = barred & STOPPED != 0
    assert not (is_stopped & ~binding(rows)).any(), "an order of who stopped trading stands"
    assert (rows["left_t"] > 0).all(), "an open order has nothing left"
    assert (rows["left_t"] <= rows["quantity_t"]).all(), "more is left of an order than was ordered"


def _check_locks(market: Market, rows: NDArray[np.void]) -> None:
    """Locks equal what open orders may need, party by party and product by product (R54, R60)."""
    state, products = market.core.state, len(market.codes)
    left, parties = rows["left_t"].astype(np.int64), rows["participant"].astype(np.int64)
    buys, sells = rows["side"] == Side.BUY, rows["side"] == Side.SELL
    methods = METHOD_OF[rows["kind"]]
    amounts = left * rows["price_fen"]
    amounts += _fees(market, amounts, methods, Side.BUY)
    cash = _sums(len(state.cash), parties[buys], amounts[buys])
    assert (cash == state.cash["locked_fen"]).all(), "locked cash differs from open buy orders"
    places = parties * products + rows["product"]
    tonnes = _sums(len(state.holdings), places[sells], left[sells])
    assert (tonnes == state.holdings["locked_t"]).all(), (
        "locked tonnes differ from open sell orders"
    )
    wanted = _sums(len(state.wanted), places[buys], left[buys] * state.rules["limits"])
    assert (wanted == state.wanted).all(), "wanted tonnes differ from open buy orders"


def _check_conservation(market: Market) -> None:
    """Cash changes only by deposits, withdrawals and fees, tonnes of a product only by transfers."""
    state, products = market.core.state, len(market.codes)
    settled = sum(state.cash["settled_fen"].tolist())  # whole numbers: the sum may pass 63 bits
    paid = _trades(market, SETTLED)
    for side in Side:
        settled += sum(_fees(market, *_amounts(paid), side).tolist())
    assert settled == market.deposits_fen, "settled cash and fees differ from deposits"
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


def _trades(market: Market, trade_state: int) -> NDArray[np.void]:
    """Return the trades of all days that are in a state."""
    today = market.core.state.trades[: int(market.core.market["trade_count"])]
    found = [today[today["state"] == trade_state]]
    found += [day.rows[day.rows["state"] == trade_state] for day in market.days]
    return np.concatenate(found)


def _amounts(trades: NDArray[np.void]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return amounts and methods of trades."""
    amounts = trades["quantity_t"].astype(np.int64) * trades["price_fen"]
    return amounts, trades["method"].astype(np.int64)


def _check_pending(market: Market) -> None:
    """D, I, P and R equal the trades that the registry has not answered; no balance is below zero."""
    state, products = market.core.state, len(market.codes)
    rows = _trades(market, UNSETTLED)
    tonnes = rows["quantity_t"].astype(np.int64)
    amounts, methods = _amounts(rows)
    payable = amounts + _fees(market, amounts, methods, Side.BUY)
    proceeds = amounts - _fees(market, amounts, methods, Side.SELL)
    for name, party, owed in (
        ("payable_fen", "buyer", payable),
        ("proceeds_fen", "seller", proceeds),
    ):
        sums = _sums(len(state.cash), rows[party].astype(np.int64), owed)
        assert (sums == state.cash[name]).all(), f"{name} differs from unsettled trades"
    for name, party in (("bought_t", "buyer"), ("sold_t", "seller")):
        places = rows[party].astype(np.int64) * products + rows["product"]
        sums = _sums(len(state.holdings), places, tonnes)
        assert (sums == state.holdings[name]).all(), f"{name} differs from unsettled trades"
    assert (state.holdings["available_t"] >= 0).all(), "an available holding is below zero"
    assert (state.stored["frozen_t"] >= 0).all(), "a frozen holding is below zero"
    cash = state.cash
    power = cash["settled_fen"] + cash["proceeds_fen"] - cash["locked_fen"] - cash["payable_fen"]
    assert market.has_failed_trade or (power >= 0).all(), "spendable cash is below zero"


def _check_dialogues(market: Market, standing: NDArray[np.int64]) -> None:
    """Offers know how many talk about them, talks stand on both rows, groups have somebody left."""
    orders = market.core.state.orders
    talks: dict[int, int] = {}
    for number, talk in market.negotiations.items():
        for row in (number, talk.offer):
            assert orders["state"][row] == STANDS, f"negotiation {number}: order {row} is over"
        talks[talk.offer] = talks.get(talk.offer, 0) + 1
    is_talk = orders["kind"][standing] != CommandKind.PLACE_LISTING
    for number in standing[is_talk].tolist():
        row = orders[number]
        if row["kind"] in {CommandKind.OFFER_BLOCK, CommandKind.OFFER_BLOCK_TO_GROUP}:
            assert row["position"] == talks.get(number, 0), f"offer {number}: its talks are off"
        elif row["kind"] == CommandKind.COUNTER_BLOCK:
            assert number in market.negotiations, f"counter-offer {number} is in no negotiation"
        elif row["kind"] == CommandKind.APPLY_AUCTION:
            assert market.auctions[int(row["target"])].order == number, f"application {number}"


def _check_crossing(market: Market, product: int) -> None:
    """Where crossing listings match, none that cross rest."""
    state = market.core.state
    buyers, sellers = state.ladders[2 * product], state.ladders[2 * product + 1]
    if not state.rules["matches"] or buyers["best"] < 0 or sellers["best"] < 0:
        return
    bid = int(buyers["origin_fen"]) + int(buyers["best"]) * int(buyers["step_fen"])
    ask = int(sellers["origin_fen"]) + int(sellers["best"]) * int(sellers["step_fen"])
    assert bid < ask, f"{market.codes[product]}: listings at {bid} and {ask} cross and rest"


def _check_book(market: Market, listings: NDArray[np.int64]) -> None:
    """Levels, links, totals and occupancy of all ladders agree with the listings that stand.

    A level holds its listings in the order of their numbers, so what every link and level must say
    follows from the listings alone.
    """
    state, depth = market.core.state, market.profile.capacity.levels
    rows = state.orders[listings]
    ladders = 2 * rows["product"].astype(np.int64) + rows["side"] - 1
    positions = rows["position"].astype(np.int64)
    _hold((positions >= 0) & (positions < depth), listings, "is on no level")
    _hold((ladders >= 0) & (ladders < len(state.ladders)), listings, "is in no ladder")
    places = ladders * depth + positions
    order = np.argsort(places, kind="stable")
    numbers, rows, places = listings[order], rows[order], places[order]
    is_first = np.diff(places, prepend=-1) != 0
    is_last = np.append(is_first, True)[1:]
    before = np.where(is_first, 0, np.roll(numbers, 1))
    after = np.where(is_last, 0, np.roll(numbers, -1))
    _hold(rows["previous"] == before, numbers, "has a broken link to the one before it")
    _hold(rows["next"] == after, numbers, "has a broken link to the one behind it")
    taken, firsts = places[is_first], np.flatnonzero(is_first)
    used = np.flatnonzero(state.levels.view(np.uint64)) // LEVEL_WORDS  # rounds down: its level
    assert np.array_equal(np.unique(used), taken), "other levels are taken than listings stand on"
    levels = state.levels[taken]
    _hold(levels["head"] == numbers[is_first], numbers[is_first], "is not the first of its level")
    _hold(levels["tail"] == numbers[is_last], numbers[is_last], "is not the last of its level")
    counts = np.diff(firsts, append=len(numbers))
    _hold(levels["listings"] == counts, numbers[is_first], "begins a level whose count is off")
    totals = _sums(len(taken), np.repeat(np.arange(len(taken)), counts), rows["left_t"])
    _hold(levels["quantity_t"] == totals, numbers[is_first], "begins a level whose total is off")
    _check_ladders(market, taken, np.bincount(ladders, minlength=len(state.ladders)))


def _hold(is_right: NDArray[np.bool_], numbers: NDArray[np.int64], what: str) -> None:
    """Assert that something holds of all orders; the text names the first of which it does not."""
    wrong = numbers[~is_right]
    assert not len(wrong), f"order {wrong[0]} {what}"


def _check_ladders(market: Market, taken: NDArray[np.int64], counts: NDArray[np.int64]) -> None:
    """Best levels, counts and occupancy agree with the places of the levels that are taken."""
    state, depth = market.core.state, market.profile.capacity.levels
    ladders, positions = taken // depth, taken % depth  # rounds down: the ladder of a place
    best = np.full(len(state.ladders), -1)
    best[ladders[::-1]] = positions[::-1]  # of several the last stays, which is the best
    for index, row in enumerate(state.ladders):
        name = f"{market.codes[index >> 1]} {Side(index % 2 + 1).name}"
        assert row["best"] == best[index], f"{name}: the best level is another"
        assert row["listings"] == counts[index], f"{name}: the count of listings is off"
    for words, kind in ((state.bits, "words"), (state.groups, "groups"), (state.blocks, "blocks")):
        bits = np.uint64(1) << (positions % WORD_BITS).astype(np.uint64)
        positions = positions // WORD_BITS  # rounds down: the word of a position
        wanted = np.zeros(len(words), np.uint64)
        np.bitwise_or.at(wanted, ladders * state.rules[kind] + positions, bits)
        wrong = np.flatnonzero(words != wanted)
        assert not len(wrong), f"the occupancy {kind} are off at {wrong[0]}"


def _check_switches(market: Market) -> None:
    """Ask of each dead man's switch that it runs or waits, and of the deadlines that they are its own."""
    switches = market.switches
    assert not switches or market.is_day_open, "a switch is armed while no day is open"
    is_halted = any(halt.scope is HaltScope.MARKET for halt in market.halts.values())
    for key, switch in switches.items():
        assert switch.key == key, "a switch stands under another key"
        assert (switch.deadline_ns == 0) == is_halted, (
            "a switch runs in a halt or waits outside one"
        )
        assert (switch.left_ns > 0) == is_halted, "a switch that runs has time left over"
    running = sorted((row.deadline_ns, key) for key, row in switches.items() if row.deadline_ns)
    assert running == market.deadlines, "deadlines differ from the switches that run"
    moments = [*market.agenda[:1], *(time_ns for time_ns, _ in running[:1])]
    assert market.core.market["boundary_ns"] == min(moments, default=0), "the boundary is another"
