"""Questions over a screen. The key that opens one never answers it: a held key sends nothing."""

from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from terminal.desk import word
from terminal.format import plain
from terminal.widgets.number_input import NumberInput

Check = Callable[[str], str]
"""Returns the complaint about a typed value, an empty text where it will do."""


class ConfirmDialog(ModalScreen[bool]):
    """Shows what is about to happen; opened by a key other than Enter, answered by Enter."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "dismiss(True)", show=False),
        Binding("escape", "dismiss(False)", show=False),
    ]

    def __init__(self, title: str, text: Callable[[], str], keys: str) -> None:
        super().__init__()
        self._title, self._text, self._keys = title, text, keys

    def compose(self) -> ComposeResult:
        """Lay out title, text and keys."""
        with Vertical(classes="dialog") as box:
            box.border_title = self._title
            yield Static(self._text(), id="dialog-text", markup=False)
            yield Static(self._keys, classes="dialog-keys", markup=False)

    def repaint(self, topics: frozenset[str]) -> None:
        """Show the figures as they are now."""
        if topics:
            self.query_one("#dialog-text", Static).update(Text(self._text()))


class TypedDialog(ModalScreen[str | None]):
    """Asks for a value to be typed; an empty field answers nothing, so a held Enter does not pass."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", show=False)]

    def __init__(
        self, title: str, text: str, ask: str, check: Check, *, number: bool = True
    ) -> None:
        super().__init__()
        self._title, self._text, self._ask, self._check = title, text, ask, check
        self._is_number = number

    def compose(self) -> ComposeResult:
        """Lay out text, question, field and complaint."""
        with Vertical(classes="dialog") as box:
            box.border_title = self._title
            yield Static(plain_lines(self._text), classes="dialog-text", markup=False)
            yield Static(self._ask, classes="dialog-ask", markup=False)
            if self._is_number:
                yield NumberInput(id="dialog-input", pattern=r"[0-9]{0,8}(\.[0-9]{0,2})?")
            else:
                yield Input(id="dialog-input", max_length=200, compact=True)
            yield Static("", id="dialog-problem", markup=False)
            yield Static(word(self, "dialog_keys"), classes="dialog-keys", markup=False)

    def on_mount(self) -> None:
        """Begin in the field."""
        self.set_focus(self.query_one("#dialog-input"))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer with a value that will do, or say what is wrong with it."""
        event.stop()
        value = event.value.strip()
        if not value:
            return
        problem = self._check(value)
        if problem:
            self.query_one("#dialog-problem", Static).update(problem)
            event.input.value = ""
        else:
            self.dismiss(value)


def plain_lines(text: str) -> str:
    """Return untrusted text line by line without control characters."""
    return "\n".join(plain(line) for line in text.split("\n"))
