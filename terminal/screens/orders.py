"""Orders of the day (委托): what stands and what became of the rest; Del cancels."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from terminal.keys import CANCEL, Key
from terminal.screens.base import FrameScreen
from terminal.screens.cancelling import ask_to_cancel
from terminal.widgets.orders import OrdersPanel


class OrdersScreen(FrameScreen):
    """All own orders of the trading day."""

    NAME = "orders"
    TITLE_KEY = "key_orders"
    HELP_KEY = "orders_help"
    EXTRA_KEYS: ClassVar[tuple[Key, ...]] = (CANCEL,)
    BINDINGS: ClassVar[list[BindingType]] = [Binding("delete,backspace", "cancel", show=False)]

    def body(self) -> ComposeResult:
        """Lay out the table."""
        yield OrdersPanel(id="all-orders")

    def action_cancel(self) -> None:
        """Ask to cancel the order under the cursor."""
        ask_to_cancel(self, self.query_one(OrdersPanel).chosen_order())
