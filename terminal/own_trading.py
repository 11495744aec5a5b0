"""What a company's people do to its own trading: take back all orders, stop it, allow it again."""

from textual.screen import Screen

from engine.commands import AllowTrading, AnyCommand, CancelAll, Permission, Role, StopTrading
from engine.views import OrderView
from terminal import format as show
from terminal.desk import desk, word
from terminal.forms import SIDES, ask, choice, choices, field
from terminal.model import State
from terminal.widgets.form import Values

ORDERS_TOLD = 5
"""Most orders that a question names one by one; the count tells of the others."""
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
    """Ask of which product and side, show how many and which orders that is now, and take them back."""
    state = desk(screen).state
    if not may_cancel_all(state):
        desk(screen).note("own_not_permitted")
        return
    if not state.own_open():
        desk(screen).note("cancel_all_nothing")
        return

    def make(values: Values, client_order: int) -> CancelAll:
        side = 1 + choice(values["side"], SIDES)  # 0 is both
        return CancelAll(product=values["product"].upper(), side=side, client_order=client_order)

    def complain(values: Values) -> str:
        return "" if _chosen(screen, make(values, 1)) else word(screen, "cancel_all_none")

    products = sorted({order.product for order in state.orders or () if order.is_open})
    both = word(screen, "hint_all", choices=choices(screen, SIDES))
    fields = (
        field(
            screen,
            "product",
            "product",
            is_optional=True,
            hint=word(screen, "hint_all", choices=" ".join(products)),
        ),
        field(screen, "side", "side", is_optional=True, chosen_from=SIDES, hint=both),
    )
    title, text = word(screen, "key_cancel_all"), word(screen, "cancel_all_text")
    ask(
        screen,
        title,
        text,
        fields,
        make,
        lambda command: told_orders(screen, command),
        complain=complain,
        follows=frozenset({"orders"}),
    )


def _chosen(screen: Screen[None], command: AnyCommand) -> list[OrderView]:
    """Return the open orders of the product and side of a command, by number."""
    product, side = getattr(command, "product", ""), getattr(command, "side", 0)
    return sorted(
        (
            order
            for order in desk(screen).state.orders or ()
            if order.is_open and product in ("", order.product) and side in (0, order.side)
        ),
        key=lambda order: order.order,
    )


def told_orders(screen: Screen[None], command: AnyCommand) -> str:
    """Return how many orders a command takes back, and which."""
    orders = _chosen(screen, command)
    lines = [word(screen, "cancel_all_sum", count=len(orders))]
    lines += [
        word(
            screen,
            "cancel_all_line",
            order=order.order,
            side=show.side_text(order.side, desk(screen).language),
            product=order.product,
            price=show.price(order.price_fen),
            left=show.quantity(order.left_t),
        )
        for order in orders[:ORDERS_TOLD]
    ]
    if len(orders) > ORDERS_TOLD:
        lines.append(word(screen, "actions_more", count=len(orders) - ORDERS_TOLD))
    return "\n".join(lines)


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
