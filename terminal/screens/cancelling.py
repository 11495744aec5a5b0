"""Cancelling an order from any table of orders: Del shows it, Enter sends it."""

from textual.screen import Screen

from engine.commands import CancelOrder
from engine.views import OrderView
from terminal import format as show
from terminal.desk import desk, word
from terminal.widgets.dialogs import ConfirmDialog


def ask_to_cancel(screen: Screen[None], order: OrderView | None) -> None:
    """Show what would be cancelled and send the cancel when that is confirmed."""
    if order is None:
        return
    if not order.is_open:
        desk(screen).note("cancel_nothing")
        return
    number = order.order

    def text() -> str:
        rows = desk(screen).state.orders or ()
        now = next((row for row in rows if row.order == number), order)
        if not now.is_open:
            return word(screen, "cancel_not_open", order=number)
        return word(
            screen,
            "cancel_text",
            order=number,
            side=show.side_text(now.side, desk(screen).language),
            product=now.product,
            price=show.price(now.price_fen),
            left=show.quantity(now.left_t),
        )

    def answer(confirmed: bool | None) -> None:  # noqa: FBT001 - the shape of a screen's callback
        if confirmed:
            desk(screen).send(
                lambda client_order: CancelOrder(order=number, client_order=client_order)
            )

    dialog = ConfirmDialog(word(screen, "cancel_title"), text, word(screen, "cancel_keys"))
    screen.app.push_screen(dialog, answer)
