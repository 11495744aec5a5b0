"""The auctions of the day: announced ones for everybody, applications for their seller and operators."""

from msgspec import Struct

from engine.commands import PriceMode
from engine.events import AuctionState
from engine.views import ApplicationView, AuctionView
from terminal import format as show
from terminal.desk import desk, word
from terminal.store import State
from terminal.widgets.table import Column, Row, TablePanel

NARROW = (
    Column("auction_number", 4, "right"),
    Column("product", 8),
    Column("quantity", 9, "right"),
    Column("limit_down", 6, "right"),
    Column("limit_up", 6, "right"),
    Column("window", 11),
    Column("state", 8),
    Column("sold", 9, "right"),
)
WIDE = (
    Column("auction_number", 5, "right"),
    Column("product", 9),
    Column("quantity", 12, "right"),
    Column("limit_down", 8, "right"),
    Column("limit_up", 8, "right"),
    Column("auction_mode", 10),
    Column("window", 11),
    Column("state", 10),
    Column("sold", 12, "right"),
    Column("price", 9, "right"),
)


class AuctionRow(Struct, frozen=True):
    """An auction with what this reader may know of it."""

    auction: int
    announced: AuctionView | None
    application: ApplicationView | None


def rows_of(state: State) -> tuple[AuctionRow, ...]:
    """Return what is known of the auctions, newest first."""
    announced = {view.auction: view for view in state.auctions or ()}
    applied = {view.auction: view for view in state.applications or ()}
    numbers = sorted({*announced, *applied}, reverse=True)
    return tuple(AuctionRow(n, announced.get(n), applied.get(n)) for n in numbers)


class AuctionsPanel(TablePanel):
    """One row an auction: quantity, floor and cap, window, state and result."""

    COLUMNS = NARROW

    def repaint(self, topics: frozenset[str]) -> None:
        """Show the auctions as they are now."""
        if "*" in topics:
            self.fit_columns(WIDE, NARROW)
        if topics & {"auctions", "applications", "*"}:
            rows = rows_of(desk(self).state)
            self.border_title = word(self, "auctions_title", count=len(rows))
            none = "auctions_unasked" if desk(self).state.is_operator else "auctions_empty"
            self.show_rows([self._row(row) for row in rows], word(self, none))

    def chosen_auction(self) -> AuctionRow | None:
        """Return the auction under the cursor."""
        number = self.chosen()
        return next((r for r in rows_of(desk(self).state) if str(r.auction) == number), None)

    def _row(self, row: AuctionRow) -> Row:
        view: AuctionView | ApplicationView | None = row.announced or row.application
        assert view is not None, "a row has one of the two"
        is_sold = row.announced is not None and row.announced.state is AuctionState.SOLD
        is_uniform = view.price_mode is PriceMode.UNIFORM
        price = show.MISSING
        if is_sold and row.announced is not None:
            is_own = not row.announced.price_fen
            price = word(self, "price_own") if is_own else show.price(row.announced.price_fen)
        cells = {
            "auction_number": str(row.auction),
            "product": view.product,
            "quantity": show.quantity(view.quantity_t),
            "limit_down": show.price(view.floor_fen),
            "limit_up": show.price(view.cap_fen),
            "auction_mode": word(self, "mode_uniform" if is_uniform else "mode_pay_as_bid"),
            "window": window_text(view),
            "state": word(self, f"state_auction_{int(view.state)}"),
            "sold": show.quantity(row.announced.sold_t) if row.announced else show.MISSING,
            "price": price,
        }
        return str(row.auction), tuple(cells[column.key] for column in self.columns)


def window_text(view: AuctionView | ApplicationView) -> str:
    """Return the window in hours and minutes, the wished one of an application."""
    if isinstance(view, AuctionView):
        begin_ns, end_ns = view.begin_ns, view.end_ns
    else:
        begin_ns, end_ns = view.wished_begin_ns, view.wished_end_ns
    if not end_ns:
        return show.MISSING
    return f"{show.clock(begin_ns)[:5]}–{show.clock(end_ns)[:5]}"
