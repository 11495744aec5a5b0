"""Shows what came of a history: one JSON object, or tables for people."""

import sys
from itertools import groupby
from typing import Final

import msgspec
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from bench.bulletins import BulletinTable
from bench.history import Gap, History
from engine.units import format_yuan

ROWS_SHOWN: Final = 40
"""Most played days shown one by one; more are summed by month."""
LINES_SHOWN: Final = 30
"""Most mismatches shown; the JSON has all."""


def report_ignored(table: BulletinTable) -> None:
    """Say on standard error which columns of a table mean nothing here."""
    if table.ignored:
        print(f"{table.source}: columns not used: {', '.join(table.ignored)}", file=sys.stderr)


def to_json(history: History) -> str:
    """Return the result as one JSON object; prices and amounts in fen, quantities in tonnes."""
    content = msgspec.to_builtins(history)
    for name in ("played", "played_dates"):
        del content[name]
    for name in ("engine_seconds", "orders_seconds", "seconds"):
        content[name] = round(content[name], 3)
    return msgspec.json.encode(content).decode()


def print_history(history: History, table: BulletinTable) -> None:
    """Print the tables: what was played, what did not match, what could not be played, the sum."""
    console = Console()
    console.print(_played(history))
    _print_mismatched(console, history)
    _print_gaps(console, history.not_reconstructible)
    for first in history.references:
        console.print(
            f"[dim]reference {first.product} {first.date}: {format_yuan(first.price_fen)}"
            f" ({first.basis})[/dim]"
        )
    console.print(_sum(history, table))


def _played(history: History) -> Table:
    rows = list(zip(history.played_dates, history.played, strict=True))
    by_day = len(rows) <= ROWS_SHOWN
    length = len("2021-07-16") if by_day else len("2021-07")
    title = "演示/仿真 · the engine's bulletins"
    table = Table(title=title, title_justify="left", box=SIMPLE, pad_edge=False)
    table.add_column("day" if by_day else "month", no_wrap=True)
    table.add_column("product", no_wrap=True)
    for name in ("close", "listed t", "block t", "yuan", "trades"):
        table.add_column(name, justify="right", no_wrap=True)
    rows.sort(key=lambda row: (row[0][:length], row[1].product))
    for (label, product), group in groupby(rows, key=lambda r: (r[0][:length], r[1].product)):
        days = [day for _, day in group]
        table.add_row(
            label,
            product,
            format_yuan(days[-1].close_fen),
            f"{sum(d.listed_quantity_t for d in days):,}",
            f"{sum(d.block_quantity_t for d in days):,}",
            format_yuan(sum(d.listed_amount_fen + d.block_amount_fen for d in days)),
            f"{sum(d.listed_trades + d.block_trades for d in days):,}",
        )
    return table


def _print_mismatched(console: Console, history: History) -> None:
    for row in history.mismatched[:LINES_SHOWN]:
        figures = "; ".join(
            f"{d.figure} published {d.published} computed {d.computed}" for d in row.differences
        )
        console.print(f"[red]✗ {row.date} {row.product}: {figures or row.note}[/red]")
    more = len(history.mismatched) - LINES_SHOWN
    if more > 0:
        console.print(f"[red]✗ and {more} more; --json lists all[/red]")


def _print_gaps(console: Console, gaps: list[Gap]) -> None:
    """Print gaps, runs of one reason as one line with its first and last day."""
    ordered = sorted(gaps, key=lambda gap: (gap.product, gap.reason, gap.date))
    for (product, reason), group in groupby(ordered, key=lambda gap: (gap.product, gap.reason)):
        rows = list(group)
        if len(rows) == 1:
            text = f"{rows[0].date} {product}: {reason} ({rows[0].detail})"
        else:
            text = f"{rows[0].date} … {rows[-1].date} {product}: {reason}, {len(rows)} rows"
        console.print(f"[yellow]– {text}[/yellow]", highlight=False)


def _sum(history: History, table: BulletinTable) -> Table:
    sums = Table(title=table.source, title_justify="left", show_header=False, box=SIMPLE)
    sums.add_column()
    sums.add_column(justify="right")
    colour = "green" if history.is_explained else "red"
    for name, value in (
        ("rows", f"{history.days:,}"),
        ("matched", f"[{colour}]{history.matched:,}[/{colour}]"),
        ("mismatched", f"{len(history.mismatched):,}"),
        ("not reconstructible", f"{len(history.not_reconstructible):,}"),
        ("orders", f"{history.orders:,}"),
        ("trades", f"{history.trades:,}"),
        ("refused / probes outside", f"{history.refused:,} / {history.probes_refused:,}"),
        ("exchanges begun", f"{history.exchanges:,}"),
        ("engine", f"{history.engine_seconds:.2f} s"),
        ("of it, orders", f"{history.orders_seconds:.2f} s"),
        ("all", f"{history.seconds:.2f} s"),
        ("digest", history.digest[:16]),
    ):
        sums.add_row(name, value)
    return sums
