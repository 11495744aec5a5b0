"""Outside order flow from a CSV file: read and checked row by row, kept as columns, refused with the row.

Columns: action (new, cancel), order (numbered by the file), side (buy, sell), product, price (yuan),
quantity (tonnes). A cancel needs only the order; its other cells are not looked at. A cancel of an order
that is not live, or that the file never names before, is dead: it is counted and changes nothing.
"""

import csv
from array import array
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, TextIO

import numpy as np
from msgspec import Struct

from bench.stream import BUY, SELL, Columns, Stream
from engine.units import (
    BASIS_POINTS,
    PRICE_FEN_MAX,
    QUANTITY_T_MAX,
    band_fen,
    format_yuan,
    parse_yuan,
)
from gateway.errors import UserError

HEADER: Final = ("action", "order", "side", "product", "price", "quantity")
SIDES: Final = {"buy": BUY, "sell": SELL}
ORDER_MAX: Final = 2**63 - 1
DIGITS_MAX: Final = 19
BAND_BP_MAX: Final = BASIS_POINTS - 1
PRODUCTS_MAX: Final = 200
ORDERS_MAX: Final = 50_000_000
LEVELS_MAX: Final = 4_000_000
CASH_FEN_MAX: Final = 9 * 10**18
"""All buys of a file may cost so much together: below the 63 bits of our integers."""
HOLDING_T_MAX: Final = 10**14
"""All sells of one product may sum to so much: a hundred thousand transfers in."""
STEP_ROWS: Final = 65_536
BUYER: Final = 1
SELLER: Final = 2

Progress = Callable[[int], None]
"""Told the bytes or commands done since it was told last."""


class OutsideFile(Struct, frozen=True, kw_only=True):
    """A file that was read and found good."""

    products: tuple[str, ...]
    stream: Stream
    lines: Columns
    """The line of each command."""


class Market(Struct, frozen=True, kw_only=True):
    """What the run needs of the market so that nothing of the file is refused."""

    references_fen: tuple[int, ...]
    band_bp: int
    levels: int
    cash_fen: int
    holdings_t: tuple[int, ...]


class _Line(Exception):
    """What is wrong with a row."""


def read_orders(path: Path, progress: Progress | None = None) -> OutsideFile:
    """Read a file of outside orders; UserError names the line of the first row that is not one."""
    reader = _Reader()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader.read(file, path, progress)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: this is no UTF-8 text ({error.reason})") from error
    return reader.finish(path)


class _Reader:
    """Collects the columns; no Python object stays of a row."""

    def __init__(self) -> None:
        self._columns = {name: array("q") for name in ("new", "order", "side", "product", "line")}
        self._columns |= {name: array("q") for name in ("price_fen", "quantity_t")}
        self._products: dict[str, int] = {}

    def read(self, file: TextIO, path: Path, progress: Progress | None) -> None:
        rows = csv.reader(file)
        done = 0
        try:
            for cells in rows:
                if not cells or (rows.line_num == 1 and tuple(cells) == HEADER):
                    continue
                self._row(cells, rows.line_num)
                if progress is not None and rows.line_num - done >= STEP_ROWS:
                    progress(rows.line_num - done)
                    done = rows.line_num
        except (_Line, csv.Error) as error:
            raise UserError(f"{path}, line {rows.line_num}: {error}") from None

    def _row(self, cells: Sequence[str], line: int) -> None:
        if len(cells) != len(HEADER):
            raise _Line(f"{len(cells)} cells instead of the {len(HEADER)} of {','.join(HEADER)}")
        action, order, side, product, price, quantity = (cell.strip() for cell in cells)
        columns = self._columns
        if action == "new":
            if side not in SIDES:
                raise _Line(f"side {side!r} is neither buy nor sell")
            columns["side"].append(SIDES[side])
            columns["product"].append(self._product(product))
            columns["price_fen"].append(_price(price))
            columns["quantity_t"].append(_number("quantity", quantity, 1, QUANTITY_T_MAX))
        elif action == "cancel":
            for name in ("side", "product", "price_fen", "quantity_t"):
                columns[name].append(0)
        elif line == 1 and action == HEADER[0]:
            raise _Line(f"the header must be {','.join(HEADER)}")
        else:
            raise _Line(f"action {action!r} is neither new nor cancel")
        columns["order"].append(_number("order", order, 0, ORDER_MAX))
        columns["new"].append(action == "new")
        columns["line"].append(line)

    def _product(self, name: str) -> int:
        if not name:
            raise _Line("the product has no name")
        index = self._products.setdefault(name, len(self._products))
        if index >= PRODUCTS_MAX:
            raise _Line(f"more than {PRODUCTS_MAX} products")
        return index

    def finish(self, path: Path) -> OutsideFile:
        """Link cancels to their orders; UserError for an order number that is new twice."""
        columns = {name: np.array(values, np.int64) for name, values in self._columns.items()}
        is_new, order, lines = columns["new"].astype(bool), columns["order"], columns["line"]
        places = np.flatnonzero(is_new)
        if not len(places):
            raise UserError(f"{path}: there is no new order in this file")
        if len(places) > ORDERS_MAX:
            line = int(lines[places[ORDERS_MAX]])
            raise UserError(f"{path}, line {line}: more than {ORDERS_MAX:,} orders in a day")
        ranked = np.argsort(order[places], kind="stable")
        ordered = order[places][ranked]
        twice = np.flatnonzero(ordered[1:] == ordered[:-1])
        if len(twice):
            place = int(places[ranked[twice + 1]].min())
            message = f"{path}, line {lines[place]}: order {order[place]} was new before"
            raise UserError(message)
        target = _targets(is_new, order, ordered, ranked)
        named = places[np.maximum(target, 1) - 1]  # of a cancel without an order, any: it is dead
        for name in ("side", "product"):
            columns[name] = np.where(is_new, columns[name], columns[name][named])
        stream = Stream(
            is_new=is_new,
            order=order,
            target=target,
            side=columns["side"],
            product=columns["product"],
            price_fen=columns["price_fen"],
            quantity_t=columns["quantity_t"],
            participant=np.where(columns["side"] == BUY, BUYER, SELLER),
        )
        return OutsideFile(products=tuple(self._products), stream=stream, lines=lines)


def _targets(is_new: Columns, order: Columns, ordered: Columns, ranked: Columns) -> Columns:
    """Return which new order each cancel names, counted from 1, 0 where the file knows none."""
    found = np.minimum(np.searchsorted(ordered, order), len(ordered) - 1)
    is_known = (ordered[found] == order) & ~is_new
    target: Columns = np.where(is_known, ranked[found] + 1, 0)
    return target


def _number(name: str, text: str, least: int, most: int) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > DIGITS_MAX:
        raise _Line(f"{name} {text!r} is no whole number from {least} to {most}")
    value = int(text)
    if not least <= value <= most:
        raise _Line(f"{name} {text} is not between {least} and {most}")
    return value


def _price(text: str) -> int:
    try:
        price_fen = parse_yuan(text)
    except ValueError as error:
        raise _Line(f"price: {error}") from None
    if not 1 <= price_fen <= PRICE_FEN_MAX:
        raise _Line(f"price {text} is not between 0.01 and 10000000.00 yuan")
    return price_fen


# ---------------------------------------------------------------- the market that a file needs


def market_for(path: Path, found: OutsideFile, references: Sequence[str]) -> Market:
    """Return references and band that cover the file; UserError names the row that cannot be covered.

    `references` are prices, or product=price; without one a product's reference lies amid its prices.
    """
    given = _given(references, found.products)
    stream, is_new = found.stream, found.stream.is_new
    band_bp, chosen = 1, []
    for index in range(len(found.products)):
        prices = stream.price_fen[is_new & (stream.product == index)]
        lowest, highest = int(prices.min()), int(prices.max())
        reference = given[index] or (lowest + highest + 1) // 2  # rounds up: never 0
        chosen.append(reference)
        band_bp = max(band_bp, _band_bp(reference, lowest), _band_bp(reference, highest))
    if band_bp > BAND_BP_MAX:
        _refuse_uncovered(path, found, chosen)
    floors_and_caps = [band_fen(reference, band_bp) for reference in chosen]
    levels = max(cap - floor + 1 for floor, cap in floors_and_caps)
    if levels > LEVELS_MAX:
        text = (
            f"prices so far apart need {levels:,} price levels, at most {LEVELS_MAX:,} are possible"
        )
        raise UserError(f"{path}, line {_highest_line(found)}: {text}")
    cash_fen, holdings_t = _means(path, found)
    return Market(
        references_fen=tuple(chosen),
        band_bp=band_bp,
        levels=levels,
        cash_fen=cash_fen,
        holdings_t=holdings_t,
    )


def _given(references: Sequence[str], products: Sequence[str]) -> list[int]:
    given = [0] * len(products)
    for text in references:
        product, _, price = text.rpartition("=")
        if product and product not in products:
            raise UserError(f"--reference {text}: the file has no product {product}")
        try:
            price_fen = _price(price)
        except _Line as error:
            raise UserError(f"--reference {text}: {error}") from None
        for index, name in enumerate(products):
            if product in ("", name):
                given[index] = price_fen
    return given


def _band_bp(reference: int, price: int) -> int:
    """Return the narrowest band around a reference, in basis points, that holds a price."""
    away = abs(price - reference)
    band = max(1, (2 * away - 1) * BASIS_POINTS // (2 * reference))  # rounds down: a start below
    while band <= BAND_BP_MAX:
        floor, cap = band_fen(reference, band)
        if floor <= price <= cap:
            return band
        band += 1
    return band


def _refuse_uncovered(path: Path, found: OutsideFile, chosen: Sequence[int]) -> None:
    """Name the first row that the widest band does not hold."""
    floors, caps = np.array([band_fen(price, BAND_BP_MAX) for price in chosen], np.int64).T
    stream = found.stream
    price = stream.price_fen
    is_out = (price < floors[stream.product]) | (price > caps[stream.product])
    place = int(np.flatnonzero(stream.is_new & is_out)[0])
    name, fen = found.products[stream.product[place]], int(price[place])
    message = (
        f"{path}, line {found.lines[place]}: {format_yuan(fen)} yuan for {name} lies outside the widest"
        f" band (99.99 %) around {format_yuan(chosen[stream.product[place]])}; --reference sets another"
    )
    raise UserError(message)


def _highest_line(found: OutsideFile) -> int:
    return int(found.lines[int(np.argmax(found.stream.price_fen))])


def _means(path: Path, found: OutsideFile) -> tuple[int, tuple[int, ...]]:
    """Return what buys and sells can need at most; UserError names the row that would need too much."""
    stream = found.stream
    buys = np.flatnonzero(stream.is_new & (stream.side == BUY))
    cash_fen = _most(path, found, buys, CASH_FEN_MAX, "all buys together cost", is_cash=True)
    holdings_t = []
    for index in range(len(found.products)):
        is_sell = stream.is_new & (stream.side == SELL) & (stream.product == index)
        what = f"all sells of {found.products[index]} sum to"
        holdings_t.append(
            _most(path, found, np.flatnonzero(is_sell), HOLDING_T_MAX, what, is_cash=False)
        )
    return cash_fen, tuple(holdings_t)


def _steps(places: Columns) -> Iterator[Columns]:
    for start in range(0, len(places), STEP_ROWS):
        yield places[start : start + STEP_ROWS]


def _most(
    path: Path, found: OutsideFile, places: Columns, limit: int, what: str, *, is_cash: bool
) -> int:
    """Sum without wrapping: a step that fits in floating point's range is summed in whole numbers."""
    total, stream = 0, found.stream
    for step in _steps(places):
        quantities = stream.quantity_t[step]
        weights = stream.price_fen[step] if is_cash else np.ones(len(step), np.int64)
        exact = [int(q) * int(w) for q, w in zip(quantities, weights, strict=True)]
        if total + sum(exact) > limit:
            line = _passing_line(found, step, exact, limit - total)
            unit = "fen" if is_cash else "t"
            raise UserError(f"{path}, line {line}: {what} more than {limit:,} {unit}")
        total += sum(exact)
    return total


def _passing_line(found: OutsideFile, step: Columns, exact: Sequence[int], room: int) -> int:
    for place, amount in zip(step, exact, strict=True):
        room -= amount
        if room < 0:
            return int(found.lines[place])
    raise AssertionError("the sum passed the limit, so one of its parts did")
