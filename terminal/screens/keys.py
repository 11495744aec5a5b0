"""Keys (密钥): a company's administrators manage those of its people, risk officers limit them, operators do both for all."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import DataTable, Input, Static

from engine.views import KeyView
from terminal.desk import EVERYTHING, desk, word
from terminal.key_management import ask_for_code, ask_to_limit, ask_to_revoke, codes_waiting
from terminal.keys import APPROVE, CODES, END, FILTER, ISSUE, LIMIT, Key
from terminal.screens.base import FrameScreen
from terminal.screens.deciding import ask_to_approve, ask_to_reject
from terminal.widgets.code_list import CodesPanel
from terminal.widgets.footer import KeyLine
from terminal.widgets.key_list import KeyDetail, KeysPanel
from terminal.widgets.proposals import ProposalsPanel


class KeysScreen(FrameScreen):
    """The keys or the codes, what is known of the chosen one, and the proposals that wait for a second person."""

    NAME = "keys"
    TITLE_KEY = "key_keys"
    HELP_KEY = "keys_help"
    EXTRA_KEYS: ClassVar[tuple[Key, ...]] = (ISSUE, APPROVE, END, LIMIT, CODES, FILTER)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("insert", "issue", show=False),
        Binding("delete,backspace", "end", show=False),
        Binding("f8", "limit", show=False),
        Binding("space", "codes", show=False),
        Binding("slash", "filter", show=False),
    ]
    shows_codes = False
    """The codes stand where the keys were."""
    waiting = 0
    """How many codes were told to wait."""

    def body(self) -> ComposeResult:
        """Lay out filter, list, the chosen key and what waits; Tab goes from one to the other."""
        with Horizontal(id="keys-search", classes="field"):
            yield Static("", id="keys-filter-label", classes="label", markup=False)
            yield Input(id="keys-filter", compact=True)
        yield KeysPanel(id="keys")
        yield CodesPanel(id="codes")
        yield KeyDetail(id="key-detail")
        yield ProposalsPanel(id="key-proposals", of_keys=True)

    def repaint(self, topics: frozenset[str]) -> None:
        """Paint, label the filter, and show no more than this key may see."""
        if not self.is_mounted:
            return
        if "*" in topics:
            self.query_one("#keys-filter-label", Static).update(word(self, "key_filter"))
            self.query_one("#keys-filter", Input).placeholder = word(self, "filter_hint")
        state = desk(self).state
        is_all = state.manages_keys
        self.query_one(KeyLine).extra = (
            self.EXTRA_KEYS if is_all else (LIMIT, FILTER) if state.lists_keys else ()
        )
        self.query_one("#keys").display = not self.shows_codes
        self.query_one("#codes").display = self.shows_codes
        self.query_one("#keys-search").display = state.lists_keys
        self.query_one("#key-detail").display = state.lists_keys
        self.query_one("#key-proposals").display = is_all
        waiting = codes_waiting(state)
        if waiting != self.waiting:  # one was issued or claimed, or its time is over
            self.waiting = waiting
            topics |= {"codes"}
        super().repaint(topics)
        self._tell_chosen()

    def help_sentence(self) -> str:
        """Return what to do next here, or who does it."""
        state = desk(self).state
        if state.manages_keys:
            return word(self, "codes_help" if self.shows_codes else "keys_help")
        return word(self, "keys_help_risk" if state.lists_keys else "keys_help_others")

    def on_data_table_row_highlighted(self, _: DataTable.RowHighlighted) -> None:
        """Tell of the row that the cursor came to."""
        self._tell_chosen()

    def _tell_chosen(self) -> None:
        code = self.query_one(CodesPanel).chosen_code() if self.shows_codes else None
        self.query_one(KeyDetail).show_chosen(code or self._chosen_key())

    def _chosen_key(self) -> KeyView | None:
        return None if self.shows_codes else self.query_one(KeysPanel).chosen_key()

    def _list(self) -> KeysPanel | CodesPanel:
        keys, codes = self.query_one(KeysPanel), self.query_one(CodesPanel)
        return codes if self.shows_codes else keys

    def on_input_changed(self, event: Input.Changed) -> None:
        """List what is looked for."""
        event.stop()
        for panel in (self.query_one(KeysPanel), self.query_one(CodesPanel)):
            panel.wanted = event.value
            panel.show_found()
        self._tell_chosen()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go on in the list."""
        event.stop()
        self.set_focus(self._list().table)

    def action_filter(self) -> None:
        """Go to the filter."""
        if desk(self).state.lists_keys:
            self.set_focus(self.query_one("#keys-filter"))

    def step_back(self) -> None:
        """Take the filter away, back to the list."""
        self.query_one("#keys-filter", Input).value = ""
        self.set_focus(self._list().table)

    def action_codes(self) -> None:
        """Show the codes in the place of the keys, or the keys again."""
        if desk(self).state.manages_keys:
            self.shows_codes = not self.shows_codes
            self.repaint(EVERYTHING)
            self.set_focus(self._list().table)

    def action_issue(self) -> None:
        """Ask for the terms of a new key's code."""
        ask_for_code(self)

    def on_data_table_row_selected(self, _: DataTable.RowSelected) -> None:
        """Look at the chosen proposal; on a key, Enter means nothing."""
        if self.query_one(ProposalsPanel).table.has_focus:
            self.action_open()

    def action_open(self) -> None:
        """Look at the proposal under the cursor and approve it."""
        panel = self.query_one(ProposalsPanel)
        if panel.table.has_focus:
            ask_to_approve(self, panel.chosen_proposal())
        else:
            desk(self).note("keys_choose_proposal")

    def action_limit(self) -> None:
        """Limit the orders of the chosen key."""
        ask_to_limit(self, self._chosen_key())

    def action_end(self) -> None:
        """End the chosen key, or reject the chosen proposal; a code ends by itself."""
        panel = self.query_one(ProposalsPanel)
        if panel.table.has_focus:
            ask_to_reject(self, panel.chosen_proposal())
        elif self.shows_codes:
            desk(self).note("codes_hold")
        else:
            ask_to_revoke(self, self._chosen_key())
