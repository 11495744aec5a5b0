"""What a company's people do to its own trading: take back all orders, stop it, allow it again."""

from textual.screen import Screen

from engine.commands import AllowTrading, CancelAll, Permission, Role, StopTrading
from terminal.desk import desk, word
from terminal.forms import ask, field
from terminal.model import State
from terminal.widgets.dialogs import ConfirmDialog

STOPPERS = (Role.RISK, Role.ADMINISTRATOR)
"""Who may stop and allow; a trader may stop where its key may do everything."""


def may_cancel_all(state: State) -> bool:
    """Say whether this key may take back orders; the exchange checks it again."""
    return state.welcome is not None and Permission.CANCEL in state.welcome.permissions


def may_stop(state: State) -> bool:
    """Say whether this key may stop its company's trading."""
    if state.welcome is None:
        return False
    is_whole = set(state.welcome.permissions) == set(Permission)
    return state.welcome.role in STOPPERS or (state.welcome.role == Role.TRADER and is_whole)


def may_allow(state: State) -> bool:
    """Say whether this key may end a stop; it takes another person than who stopped."""
    return state.welcome is not None and state.welcome.role in STOPPERS


def ask_to_cancel_all(screen: Screen[None]) -> None:
    """Show how many orders would be taken back, and send it when that is confirmed."""
    state = desk(screen).state
    if not may_cancel_all(state):
        desk(screen).note("own_not_permitted")
        return
    if not state.own_open():
        desk(screen).note("cancel_all_nothing")
        return

    def text() -> str:
        return word(screen, "cancel_all_text", count=len(desk(screen).state.own_open()))

    def answer(confirmed: bool | None) -> None:  # noqa: FBT001 - the shape of a screen's callback
        if confirmed:
            desk(screen).send(lambda client_order: CancelAll(client_order=client_order))

    title, keys = word(screen, "key_cancel_all"), word(screen, "cancel_all_keys")
    screen.app.push_screen(ConfirmDialog(title, text, keys), answer)


def ask_to_stop(screen: Screen[None]) -> None:
    """Ask for the reason, say what ends, and stop the own company's trading."""
    if not may_stop(desk(screen).state):
        desk(screen).note("own_not_permitted")
        return
    count = len(desk(screen).state.own_open())
    ask(
        screen,
        word(screen, "key_stop"),
        word(screen, "stop_text"),
        (field(screen, "reason", "reason"),),
        lambda values, _: StopTrading(explanation=values["reason"]),
        lambda _: word(screen, "stop_sum", count=count),
    )


def ask_to_allow(screen: Screen[None]) -> None:
    """Ask for the reason and let the own company trade again."""
    if not may_allow(desk(screen).state):
        desk(screen).note("own_not_permitted")
        return
    ask(
        screen,
        word(screen, "key_allow"),
        word(screen, "allow_text"),
        (field(screen, "reason", "reason"),),
        lambda values, _: AllowTrading(explanation=values["reason"]),
        lambda _: word(screen, "allow_sum"),
    )
