"""Market watch (行情): all products with their quotes; Enter opens one."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.widgets import DataTable

from terminal.desk import desk, word
from terminal.keys import OPEN, Key
from terminal.screens.base import FrameScreen
from terminal.widgets.market_table import COMPOSITE, MarketTable
from terminal.widgets.published import PublishedLine


class MarketScreen(FrameScreen):
    """The first screen after login."""

    NAME = "market"
    TITLE_KEY = "market_title"
    EXTRA_KEYS: ClassVar[tuple[Key, ...]] = (OPEN,)

    def body(self) -> ComposeResult:
        """Lay out the newest notice and the table."""
        yield PublishedLine(id="published")
        yield MarketTable()

    def help_sentence(self) -> str:
        """Return what to do next, for traders and for operators."""
        return word(self, "market_help_operator" if desk(self).state.is_operator else "market_help")

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """Make the product under the cursor the one that F2 and F3 are about."""
        product = str(event.row_key.value or "")
        if product and product != COMPOSITE and event.data_table.has_focus:
            desk(self).product = product

    async def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Open the product."""
        product = str(event.row_key.value or "")
        if product and product != COMPOSITE:
            await desk(self).open_product(product)

    async def action_open(self) -> None:
        """Open the product under the cursor."""
        product = self.query_one(MarketTable).chosen()
        if product and product != COMPOSITE:
            await desk(self).open_product(product)
