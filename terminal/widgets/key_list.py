"""The enrolled keys as a list: who, what for, until when; and all that is known of the chosen key or code."""

from collections.abc import Iterable
from typing import Final

from rich.text import Text

from engine.commands import Permission
from engine.views import CodeView, KeyView
from gateway.action_words import permissions_text, terms_texts
from gateway.expiry import days_left, ends_soon
from gateway.words import PUBLIC_SHOWN
from terminal import format as show
from terminal.desk import desk, word
from terminal.key_management import codes_waiting, listed
from terminal.widgets.colours import coloured
from terminal.widgets.lines import Lines
from terminal.widgets.table import Column, Row, TablePanel

ROWS_SHOWN_MAX: Final = 500
"""Most keys, or codes, that are listed at once; the filter finds the others."""
NARROW = (
    Column("key_number", 4, "right"),
    Column("participant", 5),
    Column("code_person", 11),
    Column("role", 13),
    Column("permissions", 8),
    Column("valid_until", 10),
    Column("days_left", 4, "right"),
    Column("state", 7),
)
COMPANY_NARROW = (
    Column("key_number", 4, "right"),
    Column("code_person", 18),
    Column("role", 13),
    Column("permissions", 8),
    Column("valid_until", 10),
    Column("days_left", 4, "right"),
    Column("state", 7),
)
"""Of a company all keys act for the same participant."""
WIDE = (
    Column("key_number", 5, "right"),
    Column("participant", 6),
    Column("code_person", 17),
    Column("role", 14),
    Column("permissions", 21),
    Column("order_max_t", 11, "right"),
    Column("valid_until", 10),
    Column("days_left", 6, "right"),
    Column("state", 8),
)

LOOKS: Final = {
    "active": "text-success",
    "revoked": "dim",
    "expired": "dim",
    "waiting": "text-warning",
    "claimed": "text-success",
}
"""Variables of the theme by the state of a key or a code."""


def permissions_words(panel: TablePanel, permissions: Iterable[Permission]) -> str:
    """Return what a key may do, in the width of a cell."""
    held = tuple(permissions)
    if set(held) == set(Permission):
        return word(panel, "key_all")
    return permissions_text(held, desk(panel).language) or show.MISSING


def subtitle(panel: TablePanel, found: int, way: str) -> str:
    """Return that a list is cut, else the way to the other list."""
    return word(panel, "keys_cut", count=ROWS_SHOWN_MAX) if found > ROWS_SHOWN_MAX else way


class KeysPanel(TablePanel):
    """One row a key, those that hold first."""

    COLUMNS = NARROW
    wanted = ""
    """The filter: words that must all be found in a key."""

    def repaint(self, topics: frozenset[str]) -> None:
        """Show the keys as they are now."""
        if "*" in topics:
            self.fit_columns(WIDE, NARROW if desk(self).state.is_operator else COMPANY_NARROW)
        if topics & {"keys", "codes", "phase", "*"}:
            self.show_found()

    def show_found(self) -> None:
        """Show what the filter leaves, or say why nothing is there."""
        state = desk(self).state
        keys = state.keys or ()
        found = listed(keys, self.wanted)
        active = sum(key.state == "active" for key in keys)
        told = word(self, "keys_title", active=active, count=len(keys))
        self.border_title = told if state.lists_keys else word(self, "key_keys")
        way = word(self, "keys_to_codes", waiting=codes_waiting(state))
        self.border_subtitle = subtitle(self, len(found), way if state.manages_keys else "")
        self.show_rows([self._row(key) for key in found[:ROWS_SHOWN_MAX]], self._empty())

    def chosen_key(self) -> KeyView | None:
        """Return the key under the cursor."""
        number = self.chosen()
        keys = desk(self).state.keys or ()
        return next((key for key in keys if str(key.key) == number), None)

    def _empty(self) -> str:
        """Say why no key is listed, and what to do."""
        state = desk(self).state
        welcome = state.welcome
        if welcome is None or state.lists_keys:
            return word(self, "keys_wait" if state.keys is None else "keys_none")
        left = days_left(welcome.valid_until, state.time_ns)
        own = word(
            self,
            "keys_own",
            key=welcome.key,
            until=welcome.valid_until or word(self, "key_open_end"),
            days=show.MISSING if left is None else max(0, left),
        )
        why = word(self, "keys_not_yours", role=word(self, f"role_{welcome.role}"))
        return "\n".join((why, own, word(self, "keys_own_ways", key=welcome.key)))

    def _row(self, key: KeyView) -> Row:
        state = desk(self).state
        left = days_left(key.valid_until, state.time_ns) if key.state == "active" else None
        look = "text-warning" if ends_soon(left) else "flat"
        cells: dict[str, Text | str] = {
            "key_number": str(key.key),
            "participant": show.participant(key.participant),
            "code_person": show.plain(key.person),
            "role": word(self, f"role_{key.role.value}"),
            "permissions": permissions_words(self, key.permissions),
            "order_max_t": show.quantity(key.order_max_t, show_zero=False),
            "valid_until": key.valid_until or show.MISSING,
            "days_left": coloured(self, show.MISSING if left is None else str(left), look),
            "state": coloured(self, word(self, key.state), LOOKS[key.state]),
        }
        return str(key.key), tuple(cells[column.key] for column in self.columns)


class KeyDetail(Lines):
    """All that is known of one key or code, on two lines."""

    chosen: KeyView | CodeView | None = None

    def show_chosen(self, chosen: KeyView | CodeView | None) -> None:
        """Show another one."""
        self.chosen = chosen
        self.repaint(frozenset())

    def rows(self, width: int, height: int) -> list[Text]:  # noqa: ARG002 - two lines
        """Return whose it is and since when, then what narrows it."""
        chosen = self.chosen
        if chosen is None:
            return []
        told = self._code(chosen) if isinstance(chosen, CodeView) else self._key(chosen)
        parts = [*terms_texts(chosen, desk(self).language)]
        if isinstance(chosen, KeyView) and chosen.order_max_t:
            parts.append(word(self, "key_limited", quantity=show.quantity(chosen.order_max_t)))
        terms = "; ".join(parts) or word(self, "key_free")
        return [
            self.text((show.fit(f" {told}", width), "flat")),
            self.text((show.fit(f" {terms}", width), "dim")),
        ]

    def _key(self, key: KeyView) -> str:
        told = word(
            self,
            "key_detail",
            key=key.key,
            person=show.plain(key.person),
            time=show.moment(key.time_ns),
            public=key.public_key[:PUBLIC_SHOWN],
        )
        if key.previous:
            told += "; " + word(self, "key_follows", key=key.previous)
        if key.code:
            told += "; " + word(self, "key_by_code", code=key.code)
        return told

    def _code(self, code: CodeView) -> str:
        told = word(
            self,
            "code_detail",
            code=code.code,
            person=show.plain(code.person),
            time=show.moment(code.time_ns),
        )
        return told + ("; " + word(self, "code_claimed", key=code.key) if code.key else "")
