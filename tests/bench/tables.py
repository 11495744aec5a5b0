"""Makes tables of invented daily figures for tests: a random market, day by day, that could have been."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from random import Random

from engine.profile import Profile, load_profile
from engine.units import band_fen, divide_half_up, format_yuan

HEADER = (
    "date,open,high,low,close,listed_volume,listed_amount,block_volume,block_amount,price_basis"
)


@cache
def national() -> Profile:
    """Return the national profile as shipped."""
    return load_profile(files("engine").joinpath("profiles/national.toml").read_bytes(), "national")


@dataclass(frozen=True)
class Row:
    """One row of a table, in fen and tonnes."""

    date: str
    open: int
    high: int
    low: int
    close: int
    listed: tuple[int, int]
    block: tuple[int, int]
    basis: str = "listed"
    product: str = ""

    def cells(self, *, with_range: bool) -> list[str]:
        """Return the cells under HEADER."""
        prices = [self.open, *((self.high, self.low) if with_range else (0, 0)), self.close]
        texts = [format_yuan(price) if price else "" for price in prices]
        for quantity, amount in (self.listed, self.block):
            texts += [str(quantity), format_yuan(amount)]
        return [self.date, *texts, self.basis]


def trading_dates(first: str, count: int) -> Iterator[str]:
    """Return weekdays from a date on."""
    day = dt.date.fromisoformat(first)
    while count:
        if day.weekday() < 5:
            yield day.isoformat()
            count -= 1
        day += dt.timedelta(days=1)


def invent_day(date: str, close: int, random: Random, trades: int) -> Row:
    """Return a day that trades made, from the previous close on."""
    floor, cap = band_fen(close, 1_000)
    middle = close + random.randint(-100, 100)
    listed = [
        (
            min(max(middle + random.randint(-70, 70), floor), cap),
            random.choice((1, 10, 100, random.randint(1, 4_000))),
        )
        for _ in range(trades)
    ]
    block_floor, block_cap = band_fen(close, 3_000)
    blocks = [
        (
            min(max(middle - random.randint(-20, 900), block_floor), block_cap),
            100_000 + random.choice((0, 0, random.randint(0, 200_000))),
        )
        for _ in range(random.choice((0, 0, 1, 2, 3, 5, 9)))
    ]
    quantity, amount = sum(q for _, q in listed), sum(p * q for p, q in listed)
    prices = [price for price, _ in listed] or [close]
    return Row(
        date=date,
        open=prices[0],
        high=max(prices),
        low=min(prices),
        close=divide_half_up(amount, quantity) if listed else close,
        listed=(quantity, amount),
        block=(sum(q for _, q in blocks), sum(p * q for p, q in blocks)),
    )


def invent_market(
    count: int, seed: int, first: str = "2021-07-16", start: int = 4_800
) -> list[Row]:
    """Return `count` days; on the market's first day the open is the administrative 48.00 (R48)."""
    random = Random(seed)
    rows: list[Row] = []
    close = start
    for date in trading_dates(first, count):
        trades = 0 if rows and random.random() < 0.06 else random.choice((1, 2, 3, 5, 12, 40))
        row = invent_day(date, close, random, trades)
        rows.append(replace(row, open=4_800) if date == "2021-07-16" else row)
        close = row.close
    return rows


def write_table(
    path: Path, rows: Sequence[Row], *, with_range: bool = True, with_product: bool = False
) -> Path:
    """Write rows as a CSV file."""
    header = f"{HEADER},product" if with_product else HEADER
    lines = [header]
    for row in rows:
        cells = row.cells(with_range=with_range)
        lines.append(",".join([*cells, row.product] if with_product else cells))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
