"""Block agreements (大宗协议): offers and talks; confirm, counter, refuse, offer."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import DataTable

from engine.commands import AcceptBlock, AnyCommand, CancelOrder, ConfirmBlock, RefuseBlock
from terminal import format as show
from terminal.desk import desk, word
from terminal.forms_trader import ask_to_counter, ask_to_offer
from terminal.keys import COUNTER, OFFER, OPEN, REFUSE, Key
from terminal.screens.base import FrameScreen
from terminal.widgets.dialogs import ConfirmDialog, TypedDialog
from terminal.widgets.talks import Talk, TalksPanel


class BlocksScreen(FrameScreen):
    """All block offers that this participant made or was made."""

    NAME = "blocks"
    TITLE_KEY = "key_blocks"
    HELP_KEY = "blocks_help"
    EXTRA_KEYS: ClassVar[tuple[Key, ...]] = (OPEN, COUNTER, OFFER, REFUSE)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f8", "counter", show=False),
        Binding("insert", "offer", show=False),
        Binding("delete,backspace", "refuse", show=False),
    ]

    def body(self) -> ComposeResult:
        """Lay out the table."""
        yield TalksPanel(id="talks")

    def on_data_table_row_selected(self, _: DataTable.RowSelected) -> None:
        """Confirm the chosen talk."""
        self.action_open()

    def action_open(self) -> None:
        """Confirm the terms on the table, or accept an offer as it stands; the price is typed again."""
        talk = self.query_one(TalksPanel).chosen_talk()
        if talk is None:
            return
        if talk.negotiation is None and talk.is_own(desk(self).state.participant):
            desk(self).note("talk_waits")
            return
        text = word(
            self,
            "confirm_text",
            product=talk.offer.product,
            price=show.price(talk.price_fen),
            quantity=show.quantity(talk.quantity_t),
            amount=show.amount(talk.price_fen * talk.quantity_t),
            words=show.plain(talk.negotiation.text) if talk.negotiation else "",
        )
        title = word(
            self, "confirm_title", offer=talk.offer.order, who=show.participant(talk.other)
        )
        dialog = TypedDialog(
            title,
            text,
            word(self, "confirm_price"),
            lambda typed: (
                "" if show.parse_price(typed) == talk.price_fen else word(self, "approve_differs")
            ),
        )
        self.app.push_screen(dialog, lambda typed: self._confirm(talk, typed))

    def _confirm(self, talk: Talk, typed: str | None) -> None:
        if typed is None:
            return

        def make(client_order: int) -> AnyCommand:
            if talk.negotiation is None:
                return AcceptBlock(offer=talk.offer.order, client_order=client_order)
            return ConfirmBlock(
                offer=talk.offer.order,
                counterparty=talk.other,
                terms=talk.negotiation.terms,  # those that were on the screen, no later ones
                client_order=client_order,
            )

        desk(self).send(make)

    def action_counter(self) -> None:
        """Ask for other terms."""
        talk = self.query_one(TalksPanel).chosen_talk()
        if talk is None:
            return
        if talk.negotiation is None and talk.is_own(desk(self).state.participant):
            desk(self).note("talk_waits")
            return
        ask_to_counter(self, talk.negotiation or talk.offer, talk.offer.order, talk.other)

    def action_offer(self) -> None:
        """Ask for the terms of a new offer."""
        ask_to_offer(self, desk(self).product)

    def action_refuse(self) -> None:
        """Ask to end the talk; an own offer without one is taken back."""
        talk = self.query_one(TalksPanel).chosen_talk()
        if talk is None:
            return

        def text() -> str:
            return word(
                self,
                "refuse_text",
                offer=talk.offer.order,
                product=talk.offer.product,
                price=show.price(talk.price_fen),
                quantity=show.quantity(talk.quantity_t),
            )

        def answer(confirmed: bool | None) -> None:  # noqa: FBT001 - the shape of a screen's callback
            if confirmed:
                desk(self).send(lambda client_order: self._ending(talk, client_order))

        dialog = ConfirmDialog(word(self, "refuse_title"), text, word(self, "refuse_keys"))
        self.app.push_screen(dialog, answer)

    def _ending(self, talk: Talk, client_order: int) -> AnyCommand:
        if talk.negotiation is None and talk.is_own(desk(self).state.participant):
            return CancelOrder(order=talk.offer.order, client_order=client_order)
        return RefuseBlock(
            offer=talk.offer.order, counterparty=talk.other, client_order=client_order
        )
