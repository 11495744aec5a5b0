"""Auctions (单向竞价): traders bid and apply, operators announce applications or refuse them."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import DataTable

from engine.commands import AnnounceAuction, Propose, RefuseAuction
from engine.events import AuctionState
from engine.views import ApplicationView
from terminal import format as show
from terminal.desk import desk, word
from terminal.forms import ask, clock_ns, field
from terminal.forms_trader import ask_to_apply, ask_to_bid
from terminal.keys import APPLY, OPEN, REFUSE_AUCTION, TAKE_BACK, Key
from terminal.measures import tell_proposal
from terminal.screens.base import FrameScreen
from terminal.screens.cancelling import ask_to_cancel
from terminal.widgets.auctions import AuctionRow, AuctionsPanel
from terminal.widgets.form import Values


class AuctionsScreen(FrameScreen):
    """All auctions of the day."""

    NAME = "auctions"
    TITLE_KEY = "key_auctions"
    EXTRA_KEYS: ClassVar[tuple[Key, ...]] = (OPEN, APPLY, TAKE_BACK, REFUSE_AUCTION)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f8", "apply", show=False),
        Binding("delete,backspace", "refuse", show=False),
    ]

    def body(self) -> ComposeResult:
        """Lay out the table."""
        yield AuctionsPanel(id="auctions")

    def help_sentence(self) -> str:
        """Return what to do next, for traders and for operators."""
        is_operator = desk(self).state.is_operator
        return word(self, "auctions_help_operator" if is_operator else "auctions_help")

    def on_data_table_row_selected(self, _: DataTable.RowSelected) -> None:
        """Bid in the chosen auction, or decide on it."""
        self.action_open()

    def action_open(self) -> None:
        """Bid in the chosen auction; an operator announces it."""
        row = self.query_one(AuctionsPanel).chosen_auction()
        if row is None:
            return
        if desk(self).state.is_operator:
            self._announce(row)
        elif row.announced is None or row.announced.state is not AuctionState.ANNOUNCED:
            desk(self).note("auction_not_open")
        else:
            ask_to_bid(self, row.announced)

    def action_apply(self) -> None:
        """Ask for an application, traders only."""
        if not desk(self).state.is_operator:
            ask_to_apply(self, desk(self).product)

    def action_refuse(self) -> None:
        """Take an own application back; an operator refuses it."""
        row = self.query_one(AuctionsPanel).chosen_auction()
        if row is None or row.application is None:
            return
        application = row.application
        if desk(self).state.is_operator:
            self._refuse(application)
            return
        orders = desk(self).state.orders or ()
        ask_to_cancel(self, next((o for o in orders if o.order == application.order), None))

    def _waiting(self, row: AuctionRow) -> ApplicationView | None:
        application = row.application
        if application is None or application.state is not AuctionState.APPLIED:
            desk(self).note("auction_decided")
            return None
        return application

    def _announce(self, row: AuctionRow) -> None:
        application = self._waiting(row)
        market = desk(self).state.market
        if application is None or market is None:
            return

        def make(values: Values, _: int) -> Propose | None:
            begin_ns = clock_ns(values["begin"], market.date)
            end_ns = clock_ns(values["end"], market.date)
            if not begin_ns or not end_ns:
                return None
            action = AnnounceAuction(auction=row.auction, begin_ns=begin_ns, end_ns=end_ns)
            return Propose(actions=(action,), reason=word(self, "announce_reason"))

        wishes = (application.wished_begin_ns, application.wished_end_ns)
        begin, end = (show.clock(wish)[:5] if wish else "" for wish in wishes)
        fields = (
            field(self, "begin", "window_begin", "clock", value=begin),
            field(self, "end", "window_end", "clock", value=end),
        )
        text = word(
            self,
            "announce_text",
            who=show.participant(application.participant),
            product=application.product,
            quantity=show.quantity(application.quantity_t),
            floor=show.price(application.floor_fen),
            cap=show.price(application.cap_fen),
        )
        title = word(self, "announce_title", auction=row.auction)
        ask(self, title, text, fields, make, lambda command: tell_proposal(self, command))

    def _refuse(self, application: ApplicationView) -> None:
        if application.state is not AuctionState.APPLIED:
            desk(self).note("auction_decided")
            return

        def make(values: Values, _: int) -> Propose:
            action = RefuseAuction(auction=application.auction, explanation=values["reason"])
            return Propose(actions=(action,), reason=values["reason"])

        fields = (field(self, "reason", "reason"),)
        title = word(self, "refuse_auction_title", auction=application.auction)
        ask(self, title, "", fields, make, lambda command: tell_proposal(self, command))
