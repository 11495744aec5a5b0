"""Market watch: the composite, then one row a product with its quote, its best levels and its state."""

from rich.text import Text

from engine.commands import Method
from engine.units import divide_half_up
from engine.views import Level, ProductView
from terminal import format as show
from terminal.desk import desk, word
from terminal.widgets.colours import coloured
from terminal.widgets.table import Column, Row, TablePanel

COMPOSITE = "composite"
NARROW = (
    Column("code", 9),
    Column("last", 7, "right"),
    Column("percent", 7, "right"),
    Column("bid", 7, "right"),
    Column("bid_quantity", 7, "right"),
    Column("ask", 7, "right"),
    Column("ask_quantity", 7, "right"),
    Column("state", 11),
)
NORMAL = (
    Column("code", 9),
    Column("last", 8, "right"),
    Column("change", 7, "right"),
    Column("percent", 7, "right"),
    Column("bid", 8, "right"),
    Column("bid_quantity", 7, "right"),
    Column("ask", 8, "right"),
    Column("ask_quantity", 7, "right"),
    Column("volume", 9, "right"),
    Column("turnover", 11, "right"),
    Column("state", 12),
)
WIDE = (
    *NORMAL[:-1],
    Column("open", 8, "right"),
    Column("high", 8, "right"),
    Column("low", 8, "right"),
    Column("average", 8, "right"),
    Column("trades_count", 6, "right"),
    NORMAL[-1],
)


class MarketTable(TablePanel):
    """All products of the profile."""

    COLUMNS = NARROW

    def __init__(self) -> None:
        super().__init__(id="market-table")

    def repaint(self, topics: frozenset[str]) -> None:
        """Show the quotes as they are now."""
        if "*" in topics:
            self.fit_columns(WIDE, NORMAL, NARROW)
        if not topics & {"market", "*"}:
            return
        market = desk(self).state.market
        rows: list[Row] = []
        if market is not None:
            rows = [self._composite(), *(self._row(quote) for quote in market.products)]
        self.border_title = word(self, "market_title")
        begins = not self.row_keys
        self.show_rows(rows, word(self, "market_empty"))
        if begins:
            self.choose(desk(self).product)

    def _composite(self) -> Row:
        market = desk(self).state.market
        last_fen = market.composite_last_fen if market else 0
        base_fen = market.composite_previous_close_fen if market else 0
        look = show.direction(last_fen, base_fen)
        cells: dict[str, Text | str] = {
            "code": word(self, "composite"),
            "last": coloured(self, show.price(last_fen or base_fen), look),
            "change": coloured(self, show.change(last_fen, base_fen), look),
            "percent": coloured(self, show.percent(last_fen, base_fen), look),
        }
        return COMPOSITE, tuple(cells.get(column.key, "") for column in self.columns)

    def _row(self, quote: ProductView) -> Row:
        base_fen = quote.reference_fen
        look = show.direction(quote.last_fen, base_fen)
        book = desk(self).state.books.get(quote.product)
        bid, ask = _best(book.bids if book else ()), _best(book.asks if book else ())
        quantity_t = quote.listed_quantity_t
        average_fen = divide_half_up(quote.listed_amount_fen, quantity_t) if quantity_t else 0
        cells: dict[str, Text | str] = {
            "code": quote.product,
            "last": coloured(self, show.price(quote.last_fen or base_fen), look),
            "change": coloured(self, show.change(quote.last_fen, base_fen), look),
            "percent": coloured(self, show.percent(quote.last_fen, base_fen), look),
            "bid": show.price(bid.price_fen),
            "bid_quantity": show.quantity(bid.quantity_t, show_zero=False),
            "ask": show.price(ask.price_fen),
            "ask_quantity": show.quantity(ask.quantity_t, show_zero=False),
            "volume": show.quantity(quantity_t, show_zero=False),
            "turnover": show.amount_short(quote.listed_amount_fen, desk(self).language)
            if quantity_t
            else show.MISSING,
            "open": show.price(quote.open_fen),
            "high": show.price(quote.high_fen),
            "low": show.price(quote.low_fen),
            "average": show.price(average_fen),
            "trades_count": show.quantity(quote.listed_trades, show_zero=False),
            "state": word(self, state_key(quote) or self._phase_key()),
        }
        return quote.product, tuple(cells[column.key] for column in self.columns)

    def _phase_key(self) -> str:
        view = desk(self).state.method(Method.LISTED)
        if view is not None and view.halt:
            return "state_halted"
        return f"phase_{int(view.phase) if view else 0}"


def _best(levels: tuple[Level, ...]) -> Level:
    return levels[0] if levels else Level(0, 0, 0)


def state_key(quote: ProductView) -> str:
    """Return the text key of what is special about a product, "" where it follows its method's phase."""
    if not quote.is_listed:
        return "state_not_listed"
    if not quote.has_reference:
        return "state_no_reference"
    if quote.halt:
        return "state_halted"
    if not quote.last_fen:
        return "state_no_trade"
    if quote.last_fen == quote.listed_cap_fen:
        return "state_limit_up"
    if quote.last_fen == quote.listed_floor_fen:
        return "state_limit_down"
    return ""
