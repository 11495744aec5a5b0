"""What a demo found, as values, as one JSON object, and as tables for a terminal."""

import statistics
from collections.abc import Iterable, Sequence

from msgspec import Struct
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bench.demo_day import thousands
from bench.demo_texts import Words
from bench.robots import InDoubt
from bench.screen import CROSS, TICK, Screen
from engine.commands import OrderCommand, PlaceListing, Side
from engine.events import Bulletin
from engine.units import BASIS_POINTS, divide_half_up, format_yuan, participant_code
from gateway.frames_replies import Statement

NO_BASIS = "-"


class Figure(Struct, frozen=True, kw_only=True):
    """One published figure beside the computed one."""

    name: str
    published: str
    computed: str
    match: bool


class Check(Struct, frozen=True, kw_only=True):
    """Something that must hold and that nobody published."""

    name: str
    found: str
    ok: bool


class Latency(Struct, frozen=True, kw_only=True):
    """Milliseconds from sending an order to its durable answer, as the robots saw them."""

    orders: int
    median_ms: float
    p99_ms: float
    worst_ms: float


class Result(Struct, kw_only=True):
    """Everything that a demo ends with."""

    date: str = ""
    next_date: str = ""
    source: str = "上海环境能源交易所, 2021-07-16"
    figures: list[Figure] = []
    checks: list[Check] = []
    in_flight: list[InDoubt] = []
    participants: int = 0
    orders: int = 0
    trades: int = 0
    listings: int = 0
    picks: int = 0
    cancels: int = 0
    lapsed: int = 0
    prices: int = 0
    latency: Latency | None = None
    bulletin: Bulletin | None = None
    statement: Statement | None = None
    commands: int = 0
    event_digest: str = ""
    state_digest: str = ""
    data: str = ""
    """Where the data lies, "" where it was temporary and is gone."""
    seconds: float = 0.0
    all_match: bool = False

    def close(self) -> None:
        """Settle whether everything matches: every figure, every check, and some of both."""
        self.all_match = (
            bool(self.figures)
            and bool(self.checks)
            and all(figure.match for figure in self.figures)
            and all(check.ok for check in self.checks)
        )


def figure(name: str, published: str, computed: str) -> Figure:
    """Return a figure that matches where both texts are the same."""
    return Figure(name=name, published=published, computed=computed, match=published == computed)


def latency(samples_ns: Sequence[int]) -> Latency:
    """Return median, 99th percentile (nearest rank) and worst of the samples."""
    if not samples_ns:
        return Latency(orders=0, median_ms=0.0, p99_ms=0.0, worst_ms=0.0)
    ordered = sorted(samples_ns)
    rank = -(-len(ordered) * 99 // 100) - 1  # rounds up: nearest rank
    return Latency(
        orders=len(ordered),
        median_ms=round(statistics.median(ordered) / 1e6, 3),
        p99_ms=round(ordered[rank] / 1e6, 3),
        worst_ms=round(ordered[-1] / 1e6, 3),
    )


def change_text(close_fen: int, previous_fen: int) -> str:
    """Return the change of a close on the previous one in percent with two decimals, half up."""
    if not previous_fen:
        return NO_BASIS
    difference = close_fen - previous_fen
    hundredths = divide_half_up(abs(difference) * BASIS_POINTS, previous_fen)
    sign = "-" if difference < 0 else "+"
    return f"{sign}{hundredths // 100}.{hundredths % 100:02d}%"


def bulletin_text(bulletin: Bulletin, reference_fen: int, words: Words) -> str:
    """Return the daily bulletin as a sentence in the style of the published ones (R85).

    A first day has no previous close: its change is that on the reference price.
    """
    base_fen = bulletin.previous_close_fen or reference_fen
    name = "change_on_close" if bulletin.previous_close_fen else "change_on_reference"
    return words(
        "bulletin_text",
        date=bulletin.date,
        listed=f"{bulletin.listed_quantity_t:,}",
        listed_amount=thousands(bulletin.listed_amount_fen),
        open=format_yuan(bulletin.open_fen),
        high=format_yuan(bulletin.high_fen),
        low=format_yuan(bulletin.low_fen),
        close=format_yuan(bulletin.close_fen),
        change=words(name, change=change_text(bulletin.close_fen, base_fen)),
        block=f"{bulletin.block_quantity_t:,}",
        block_amount=thousands(bulletin.block_amount_fen),
        total=f"{bulletin.quantity_t:,}",
        total_amount=thousands(bulletin.amount_fen),
        cumulative=f"{bulletin.cumulative_quantity_t:,}",
        cumulative_amount=thousands(bulletin.cumulative_amount_fen),
    )


def show_bulletin(bulletin: Bulletin, reference_fen: int, words: Words, screen: Screen) -> None:
    """Print the daily bulletin."""
    text = bulletin_text(bulletin, reference_fen, words)
    screen.show(Panel(text, title=words("bulletin"), title_align="left"))


def show_statement(statement: Statement, words: Words, screen: Screen) -> None:
    """Print a participant's daily statement (R87)."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(overflow="fold")
    table.add_column(justify="right", no_wrap=True)
    fees_fen = statement.buy_fee_fen + statement.sell_fee_fen + statement.settlement_fee_fen
    for name, value_fen in (
        ("statement_opening", statement.opening_cash_fen),
        ("statement_in", statement.cash_in_fen),
        ("statement_buy", -statement.buy_amount_fen),
        ("statement_sell", statement.sell_amount_fen),
        ("statement_fees", -fees_fen),
        ("statement_closing", statement.closing_cash_fen),
    ):
        table.add_row(words(name), thousands(value_fen))
    for row in statement.holdings:
        numbers = (row.opening_t, row.bought_t, row.sold_t, row.transferred_in_t, row.closing_t)
        text = " / ".join(f"{number:,}" for number in numbers)
        table.add_row(words("statement_holding", product=row.product), text)
    title = words("statement", name=f"{statement.name} {statement.trading_account}")
    under = f"{statement.date} · {statement.registry_account} · {statement.funds_account}"
    screen.show(Panel(table, title=title, title_align="left", subtitle=under))


def show_figures(result: Result, words: Words, screen: Screen) -> None:
    """Print the table published · computed · match, and the checks under it."""
    table = Table(box=None, pad_edge=False)
    for name in ("figure", "published", "computed", "match"):
        justify = "left" if name == "figure" else "center" if name == "match" else "right"
        table.add_column(words(f"column_{name}"), justify=justify)  # type: ignore[arg-type]
    for row in result.figures:
        mark = TICK if row.match else CROSS
        table.add_row(words(row.name), row.published, row.computed, mark)
    screen.show(table)
    screen.show(Text(words("source"), style="dim"))
    screen.show("")
    table = Table(box=None, pad_edge=False)
    table.add_column(words("column_check"))
    table.add_column(words("column_found"), justify="right")
    table.add_column(words("column_match"), justify="center")
    for check in result.checks:
        table.add_row(words(check.name), check.found, TICK if check.ok else CROSS)
    screen.show(table)
    screen.show("")


def _order_words(command: OrderCommand, words: Words) -> str:
    """Return an order in a few words."""
    if isinstance(command, PlaceListing):
        side = words("buy" if command.side is Side.BUY else "sell")
        quantity, price = f"{command.quantity_t:,}", format_yuan(command.price_fen)
        return words("order_words", side=side, quantity=quantity, price=price)
    return type(command).__name__


def show_in_flight(rows: Iterable[InDoubt], words: Words, screen: Screen) -> None:
    """Print what became of each order that was in flight when the exchange died."""
    table = Table(box=None, pad_edge=False)
    table.add_column(words("flight_title"), no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column(words("flight_column"), overflow="fold")
    for row in rows:
        name = "flight_journaled" if row.was_journaled else "flight_resent"
        fate = words(name, sequence=row.sequence, order=row.order)
        if row.refusal:
            fate += words("flight_refused", text=row.refusal)
        table.add_row(participant_code(row.participant), _order_words(row.command, words), fate)
    screen.show(table)
    screen.show("")
