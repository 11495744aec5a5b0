"""A form over a screen: fields one after the other, Enter checks, F8 sends what was checked and nothing else.

The key that opens a form never sends it, and a field that is changed after the check takes it back.
"""

from collections.abc import Callable, Sequence
from typing import ClassVar

from msgspec import Struct
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from terminal.desk import word
from terminal.widgets.dialogs import plain_lines
from terminal.widgets.number_input import PRICE_PATTERN, QUANTITY_PATTERN, NumberInput

Values = dict[str, str]
"""What was typed, by name of the field."""


class FormField(Struct, frozen=True, kw_only=True):
    """One field: its label, what may be typed, whether it may stay empty, what stands in it first."""

    name: str
    label: str
    kind: str = "text"
    """text, price, quantity, participant, number, clock, date, choice or choices."""
    is_optional: bool = False
    value: str = ""
    choices: Sequence[str] = ()
    """Keys of the words that may be chosen from."""
    hint: str = ""
    """What may be typed, shown while the field is empty."""


class Form(Struct, frozen=True, kw_only=True):
    """What is asked, what is wrong with it, and what it comes to in words."""

    title: str
    text: str
    fields: Sequence[FormField]
    problem: Callable[[Values], str]
    """The complaint about the values, an empty text where they will do."""
    summary: Callable[[Values], str]
    """What will be sent, in words."""
    follows: frozenset[str] = frozenset()
    """Topics of the model after which checked values are checked and told anew."""


class FormDialog(ModalScreen[Values | None]):
    """Asks the questions of a form; answers with the checked values."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", show=False),
        Binding("f8", "send", show=False, priority=True),
    ]

    def __init__(self, form: Form) -> None:
        super().__init__()
        self._form = form
        self.checked: Values | None = None
        """The values that were checked, None while they were not."""

    def compose(self) -> ComposeResult:
        """Lay out text, fields, and what is wrong or will be sent."""
        with Vertical(classes="dialog") as box:
            box.border_title = self._form.title
            if self._form.text:
                yield Static(plain_lines(self._form.text), classes="dialog-text", markup=False)
            for field in self._form.fields:
                with Horizontal(classes="field"):
                    yield Static(field.label, classes="label", markup=False)
                    yield self._input(field)
            yield Static("", id="dialog-problem", markup=False)
            yield Static("", id="form-summary", markup=False)
            yield Static(word(self, "form_keys"), classes="dialog-keys", markup=False)

    def _input(self, field: FormField) -> Input:
        name = f"form-{field.name}"
        if field.kind not in ("price", "quantity"):
            return Input(field.value, id=name, max_length=200, compact=True, placeholder=field.hint)
        pattern = PRICE_PATTERN if field.kind == "price" else QUANTITY_PATTERN
        made = NumberInput(id=name, pattern=pattern)
        made.value = field.value
        return made

    def on_mount(self) -> None:
        """Begin in the first field."""
        self.set_focus(self.query(Input).first())

    def values(self) -> Values:
        """Return what stands in the fields."""
        return {
            field.name: self.query_one(f"#form-{field.name}", Input).value.strip()
            for field in self._form.fields
        }

    def on_input_changed(self, event: Input.Changed) -> None:
        """Take back the check of other values."""
        event.stop()
        if self.checked is not None and self.checked != self.values():
            self._show(None, "", "")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go on to the next empty field; in a full form, check."""
        event.stop()
        values = self.values()
        for field in self._form.fields:
            if not values[field.name] and not field.is_optional:
                self.set_focus(self.query_one(f"#form-{field.name}", Input))
                return
        self._check(values)

    def repaint(self, topics: frozenset[str]) -> None:
        """Check anew where what was told may have changed."""
        if self.checked is not None and topics & self._form.follows:
            self._check(self.checked)

    def _check(self, values: Values) -> None:
        problem = self._form.problem(values)
        if problem:
            self._show(None, problem, "")
        else:
            self._show(values, "", self._form.summary(values))

    def _show(self, checked: Values | None, problem: str, summary: str) -> None:
        self.checked = checked
        self.query_one("#dialog-problem", Static).update(plain_lines(problem))
        self.query_one("#form-summary", Static).update(plain_lines(summary))

    def action_send(self) -> None:
        """Answer with what was checked."""
        if self.checked is not None and self.checked == self.values():
            self.dismiss(self.checked)
