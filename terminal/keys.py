"""Every key of the terminal in one table: the bindings, the line of keys, help and palette come from it."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from textual.binding import Binding

from engine.commands import Permission
from terminal.model import State


class Key(Struct, frozen=True, kw_only=True):
    """One key: what it does, for whom, and how soon it is dropped from a narrow line of keys."""

    id: str
    key: str
    label: str
    text_key: str
    action: str
    roles: tuple[str, ...] = ("trader", "operator")
    rank: int = 5
    """The lower the longer it stays visible."""
    needs: Permission | None = None
    """What a key file must permit for this key to be offered."""


TRADER: Final = ("trader",)
OPERATOR: Final = ("operator",)

KEYS: Final[tuple[Key, ...]] = (
    Key(id="app.help", key="f1", label="F1", text_key="key_help", action="app.help", rank=0),
    Key(
        id="trade.buy",
        key="f2",
        label="F2",
        text_key="key_buy",
        action="app.ticket('buy')",
        roles=TRADER,
        rank=1,
        needs=Permission.LISTED,
    ),
    Key(
        id="trade.sell",
        key="f3",
        label="F3",
        text_key="key_sell",
        action="app.ticket('sell')",
        roles=TRADER,
        rank=1,
        needs=Permission.LISTED,
    ),
    Key(
        id="phases.open",
        key="f2",
        label="F2",
        text_key="key_phases",
        action="app.go('phases')",
        roles=OPERATOR,
        rank=1,
    ),
    Key(
        id="control.open",
        key="f3",
        label="F3",
        text_key="key_control",
        action="app.go('control')",
        roles=OPERATOR,
        rank=2,
    ),
    Key(
        id="orders.open",
        key="f4",
        label="F4",
        text_key="key_orders",
        action="app.go('orders')",
        roles=TRADER,
        rank=2,
    ),
    Key(
        id="approvals.open",
        key="f4",
        label="F4",
        text_key="key_approvals",
        action="app.go('approvals')",
        roles=OPERATOR,
        rank=1,
    ),
    Key(
        id="orders.cancel_all",
        key="f5",
        label="F5",
        text_key="key_cancel_all",
        action="app.cancel_all",
        roles=TRADER,
        rank=5,
        needs=Permission.CANCEL,
    ),
    Key(
        id="watch.open",
        key="f6",
        label="F6",
        text_key="key_market",
        action="app.go('market')",
        rank=3,
    ),
    Key(
        id="reference.open",
        key="f7",
        label="F7",
        text_key="key_reference",
        action="app.go('reference')",
        roles=OPERATOR,
        rank=2,
    ),
    Key(
        id="blocks.open",
        key="f7",
        label="F7",
        text_key="key_blocks",
        action="app.go('blocks')",
        roles=TRADER,
        rank=4,
    ),
    Key(
        id="auctions.open",
        key="f9",
        label="F9",
        text_key="key_auctions",
        action="app.go('auctions')",
        rank=4,
    ),
    Key(
        id="admission.open",
        key="f10",
        label="F10",
        text_key="key_admission",
        action="app.go('admission')",
        roles=OPERATOR,
        rank=2,
    ),
    Key(
        id="keys.open",
        key="f10",
        label="F10",
        text_key="key_keys",
        action="app.go('keys')",
        roles=TRADER,
        rank=6,
    ),
    Key(
        id="keys.manage",
        key="f12",
        label="F12",
        text_key="key_keys",
        action="app.go('keys')",
        roles=OPERATOR,
        rank=5,
    ),
    Key(
        id="account.open",
        key="f12",
        label="F12",
        text_key="key_account",
        action="app.go('account')",
        roles=TRADER,
        rank=2,
    ),
    Key(
        id="app.language",
        key="ctrl+t",
        label="^T",
        text_key="key_language",
        action="app.language",
        rank=6,
    ),
    Key(
        id="app.palette",
        key="ctrl+p",
        label="^P",
        text_key="key_palette",
        action="app.command_palette",
        rank=0,
    ),
    Key(id="app.quit", key="ctrl+q", label="^Q", text_key="key_quit", action="app.leave", rank=4),
)

CANCEL: Final = Key(
    id="orders.cancel",
    key="delete",
    label="Del",
    text_key="key_cancel",
    action="screen.cancel",
    rank=1,
    needs=Permission.CANCEL,
)
REJECT: Final = Key(
    id="approvals.reject",
    key="delete",
    label="Del",
    text_key="key_reject",
    action="screen.reject",
    rank=1,
)
PROPOSE: Final = Key(
    id="admission.propose",
    key="f8",
    label="F8",
    text_key="key_propose",
    action="screen.propose",
    rank=1,
)
OPEN: Final = Key(
    id="table.open", key="enter", label="Enter", text_key="key_open", action="screen.open", rank=1
)
TAKE: Final = Key(
    id="trade.take",
    key="f8",
    label="F8",
    text_key="key_take",
    action="screen.pick_instead",
    roles=TRADER,
    rank=3,
    needs=Permission.LISTED,
)
ISSUE: Final = Key(
    id="keys.issue",
    key="insert",
    label="Ins",
    text_key="key_issue",
    action="screen.issue",
    rank=1,
)
APPROVE: Final = Key(
    id="keys.approve",
    key="enter",
    label="Enter",
    text_key="key_approve",
    action="screen.open",
    rank=1,
)
END: Final = Key(
    id="keys.end",
    key="delete",
    label="Del",
    text_key="key_end",
    action="screen.end",
    rank=1,
)
LIMIT: Final = Key(
    id="keys.limit",
    key="f8",
    label="F8",
    text_key="key_limit",
    action="screen.limit",
    rank=2,
)
CODES: Final = Key(
    id="keys.codes",
    key="space",
    label="Space",
    text_key="key_codes",
    action="screen.codes",
    rank=2,
)
FILTER: Final = Key(
    id="keys.filter",
    key="slash",
    label="/",
    text_key="key_filter",
    action="screen.filter",
    rank=2,
)
APPLY: Final = Key(
    id="auctions.apply",
    key="f8",
    label="F8",
    text_key="key_apply",
    action="screen.apply",
    roles=TRADER,
    rank=1,
)
COUNTER: Final = Key(
    id="blocks.counter",
    key="f8",
    label="F8",
    text_key="key_counter",
    action="screen.counter",
    rank=1,
)
OFFER: Final = Key(
    id="blocks.offer",
    key="insert",
    label="Ins",
    text_key="key_offer",
    action="screen.offer",
    rank=2,
)
REFUSE: Final = Key(
    id="dialogue.refuse",
    key="delete",
    label="Del",
    text_key="key_refuse",
    action="screen.refuse",
    rank=1,
)
TAKE_BACK: Final = Key(
    id="auctions.take_back",
    key="delete",
    label="Del",
    text_key="key_take_back",
    action="screen.refuse",
    roles=TRADER,
    rank=1,
)
REFUSE_AUCTION: Final = Key(
    id="auctions.refuse",
    key="delete",
    label="Del",
    text_key="key_refuse",
    action="screen.refuse",
    roles=OPERATOR,
    rank=1,
)
BACK: Final = Key(
    id="app.back", key="escape", label="Esc", text_key="key_back", action="screen.back", rank=4
)
NEXT: Final = Key(
    id="app.next", key="tab", label="Tab", text_key="key_next", action="app.focus_next", rank=8
)
NEXT_PRODUCT: Final = Key(
    id="product.next",
    key="pagedown",
    label="PgDn",
    text_key="key_next_product",
    action="screen.step_product(1)",
    rank=7,
)


def bindings() -> list[Binding]:
    """Return one binding per key; what it does is looked up by role when it is pressed."""
    return [
        # First of all bindings, so that keys typed ahead find the screen that they were meant for.
        Binding(key, f"press('{key}')", show=False, system=True, priority=True)
        for key in dict.fromkeys(key.key for key in KEYS)
    ]


def keys_of(state: State, extra: Sequence[Key] = ()) -> list[Key]:
    """Return the keys that are offered to who is logged in: those of everywhere, then those of a screen."""
    held = state.welcome.permissions if state.welcome else ()
    return [key for key in _keys(state, extra) if key.needs is None or key.needs in held]


def action_of(pressed: str, state: State) -> str:
    """Return the action of a key for who is logged in, "" where it has none."""
    return next((key.action for key in _keys(state) if key.key == pressed), "")


def _keys(state: State, extra: Sequence[Key] = ()) -> list[Key]:
    role = "operator" if state.is_operator else "trader"
    return [key for key in (*KEYS, *extra) if role in key.roles]
