"""The own orders of the day: what stands, what was filled, what was taken back."""

from rich.text import Text

from engine.commands import Method, Side
from engine.views import OrderView
from terminal import format as show
from terminal.desk import desk, word
from terminal.widgets.colours import coloured
from terminal.widgets.table import Column, Row, TablePanel

NARROW = (
    Column("order", 7, "right"),
    Column("time", 8),
    Column("product", 9),
    Column("side", 4),
    Column("price", 8, "right"),
    Column("quantity", 8, "right"),
    Column("left", 7, "right"),
    Column("state", 9),
)
WIDE = (
    Column("order", 8, "right"),
    Column("time", 8),
    Column("product", 10),
    Column("side", 4),
    Column("method", 8),
    Column("price", 9, "right"),
    Column("quantity", 11, "right"),
    Column("left", 11, "right"),
    Column("amount", 17, "right"),
    Column("state", 10),
)


def order_state(order: OrderView) -> str:
    """Return the text key of an order's state (R20)."""
    traded = order.left_t < order.quantity_t
    if order.is_open:
        return "order_part" if traded else "order_open"
    if order.left_t == 0:
        return "order_filled"
    return "order_part_cancelled" if traded else "order_cancelled"


class OrdersPanel(TablePanel):
    """Newest order first; `product` limits it to the one on the trade screen."""

    COLUMNS = NARROW

    def __init__(self, *, id: str, of_product: bool = False) -> None:  # noqa: A002
        super().__init__(id=id)
        self.of_product = of_product

    def repaint(self, topics: frozenset[str]) -> None:
        """Show the orders as they are now."""
        if "*" in topics:
            self.fit_columns(WIDE, NARROW)
        if not topics & {"orders", "*"}:
            return
        wanted = desk(self).product if self.of_product else ""
        orders = [o for o in desk(self).state.orders or () if wanted in ("", o.product)]
        orders.sort(key=lambda order: (not order.is_open, -order.order))
        self.border_title = word(self, "orders_title", count=len(orders))
        self.show_rows([self._row(order) for order in orders], word(self, "orders_empty"))
        if orders and not self.table.has_focus:
            self.choose(str(orders[0].order))  # nobody works here: show the newest

    def chosen_order(self) -> OrderView | None:
        """Return the order under the cursor."""
        number = self.chosen()
        orders = desk(self).state.orders or ()
        return next((order for order in orders if str(order.order) == number), None)

    def _row(self, order: OrderView) -> Row:
        side = coloured(
            self,
            show.side_text(order.side, desk(self).language),
            "up" if order.side is Side.BUY else "down",
        )
        state = order_state(order)
        cells: dict[str, Text | str] = {
            "order": str(order.order),
            "time": show.clock(order.time_ns),
            "product": order.product,
            "side": side,
            "method": word(self, kind(order)),
            "price": show.price(order.price_fen),
            "quantity": show.quantity(order.quantity_t),
            "left": show.quantity(order.left_t),
            "amount": show.amount(order.price_fen * order.quantity_t),
            "state": coloured(self, word(self, state), "own" if order.is_open else "flat"),
        }
        return str(order.order), tuple(cells[column.key] for column in self.columns)


def kind(order: OrderView) -> str:
    """Return the text key of how an order trades."""
    if order.method is not Method.LISTED:
        return "kind_block" if order.method is Method.BLOCK else "kind_auction"
    return "kind_pick" if order.is_pick else "kind_listing"
