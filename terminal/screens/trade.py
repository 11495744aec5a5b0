"""Trade (交易): the book, the listings of a level, the ticket, the tape and the own orders of one product."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import DataTable

from engine.commands import Side
from terminal import draft as drafts
from terminal.desk import desk, word
from terminal.forms_trader import ask_to_take
from terminal.keys import CANCEL, NEXT_PRODUCT, TAKE, Key
from terminal.messages import LevelKey
from terminal.screens.base import FrameScreen
from terminal.screens.cancelling import ask_to_cancel
from terminal.widgets.ladder import Ladder
from terminal.widgets.listings import Listings
from terminal.widgets.orders import OrdersPanel
from terminal.widgets.product_line import ProductLine
from terminal.widgets.table import PlainTable
from terminal.widgets.tape import Tape
from terminal.widgets.ticket import Stage, Ticket


class TradeScreen(FrameScreen):
    """Where listings are made and picked; operators see it without the ticket."""

    NAME = "trade"
    TITLE_KEY = "ticket_title"
    EXTRA_KEYS: ClassVar[tuple[Key, ...]] = (CANCEL, TAKE, NEXT_PRODUCT)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pageup", "step_product(-1)", show=False, priority=True),
        Binding("pagedown", "step_product(1)", show=False, priority=True),
        Binding("delete", "cancel", show=False),
        Binding("p", "use_price", show=False),
        Binding("f8", "pick_instead", show=False),
    ]

    def body(self) -> ComposeResult:
        """Lay out book, listings and tape, ticket; own orders below."""
        yield ProductLine(id="product-line")
        with Horizontal(id="trade-top"):
            yield Ladder()
            with Vertical(id="trade-middle"):
                yield Listings()
                yield Tape(id="tape")
            yield Ticket()
        yield OrdersPanel(id="product-orders", of_product=True)

    def on_mount(self) -> None:
        """Operators have no ticket and no orders."""
        super().on_mount()
        trader = not desk(self).state.is_operator
        self.query_one(Ticket).display = trader
        self.query_one("#product-orders").display = trader
        self.query_one(Ticket).use_product(desk(self).product)

    def begin(self) -> None:
        """Work starts in the book."""
        self.set_focus(self.query_one(Ladder))

    def help_sentence(self) -> str:
        """Return what to do next where the focus is."""
        ticket, focused = self.query_one(Ticket), self.focused
        if desk(self).state.is_operator:
            return word(self, "trade_help_operator")
        if ticket.stage is Stage.CHECKED:
            return word(self, "trade_help_checked", key=ticket.send_key)
        if focused is not None and ticket in focused.ancestors:
            return word(self, "trade_help_ticket", key=ticket.send_key)
        if isinstance(focused, PlainTable):
            in_listings = self.query_one(Listings) in focused.ancestors
            return word(self, "trade_help_listings" if in_listings else "trade_help_orders")
        return word(self, "trade_help_ladder")

    # ------------------------------------------------------------ product

    def show_product(self, product: str) -> None:
        """Turn book, ticket and orders to a product."""
        desk(self).product = product
        self.set_class(False, "level-open")  # noqa: FBT003 - Textual's own signature
        desk(self).open_level(None)
        self.query_one(Ticket).use_product(product)
        self.repaint(frozenset({"*"}))

    def start_ticket(self, product: str, side: Side) -> None:
        """Open the ticket of a side for a product, coming from another screen."""
        if product != self.query_one(Ticket).draft.product:
            self.show_product(product)
        self.query_one(Ticket).begin(side)

    def action_step_product(self, step: int) -> None:
        """Show the next or the previous product of the profile."""
        profile = desk(self).state.profile
        if profile is not None:
            place = profile.product_index(desk(self).product) + step
            self.show_product(profile.products[place % len(profile.products)].code)

    # ------------------------------------------------------------ level and listing

    def on_ladder_opened(self, event: Ladder.Opened) -> None:
        """Open a level into its listings and go there."""
        self._open(event.key)

    def _open(self, key: LevelKey) -> None:
        desk(self).open_level(key)
        self.add_class("level-open")
        self.query_one(Listings).table.display = True
        self.set_focus(self.query_one(Listings).table)

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Fill the ticket to pick the chosen listing."""
        if self.query_one(Listings).table is not event.data_table or desk(self).state.is_operator:
            return
        number = int(str(event.row_key.value))
        state = desk(self).state
        if number in state.own_open():
            desk(self).note("own_listing")
            return
        for listing in state.listings:
            if listing.order == number:
                self.query_one(Ticket).begin_pick(listing)

    def action_use_price(self) -> None:
        """Take the price of the chosen level into the ticket."""
        chosen = self.query_one(Ladder).chosen
        if chosen is not None:
            self.query_one(Ticket).use_price(chosen.price_fen)

    def action_pick_instead(self) -> None:
        """Leave a listing that would cross and open the level opposite instead; else take a total (R46)."""
        ticket = self.query_one(Ticket)
        if desk(self).state.is_operator:
            return
        price_fen, _ = drafts.crossing(ticket.draft, desk(self).state)
        if price_fen and ticket.stage is Stage.EDIT:
            side = Side.SELL if ticket.draft.side is Side.BUY else Side.BUY
            self._open(LevelKey(ticket.draft.product, side, price_fen))
        elif ticket.stage is Stage.EDIT:
            chosen = self.query_one(Ladder).chosen
            is_bid = chosen is not None and chosen.side is Side.BUY
            limit_fen = chosen.price_fen if chosen is not None else 0
            ask_to_take(self, desk(self).product, Side.SELL if is_bid else Side.BUY, limit_fen)

    # ------------------------------------------------------------ ticket and orders

    def press_side(self, side: Side) -> None:
        """Pass F2 or F3 to the ticket."""
        self.query_one(Ticket).press_side(side)

    def on_ticket_changed(self) -> None:
        """Let the help sentence follow the ticket."""
        self.repaint(frozenset())

    def action_cancel(self) -> None:
        """Ask to cancel the chosen own order, when the focus is on the orders."""
        panel = self.query_one("#product-orders", OrdersPanel)
        if panel.table.has_focus:
            ask_to_cancel(self, panel.chosen_order())

    def step_back(self) -> None:
        """From the ticket to its fields, from the listings to the book."""
        ticket, ladder = self.query_one(Ticket), self.query_one(Ladder)
        if ticket.step_back():
            return
        if self.has_class("level-open"):
            self.remove_class("level-open")
            desk(self).open_level(None)
        self.set_focus(ladder)
