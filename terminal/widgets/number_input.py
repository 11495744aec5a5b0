"""Fields for prices and quantities that understand what a Chinese input method types."""

from textual.widgets import Input

from terminal.format import normalised

PRICE_PATTERN = r"[0-9]{0,8}(\.[0-9]{0,2})?"
QUANTITY_PATTERN = r"[0-9./=kKwW万]{0,14}"


class NumberInput(Input):
    """A field of one number: full-width digits and 。 become what they mean, the rest is not taken.

    Textual's own number field drops 。 silently, so that 123。5 becomes 1235: ten times the price.
    """

    def __init__(self, *, id: str, pattern: str) -> None:  # noqa: A002
        super().__init__(id=id, restrict=pattern, compact=True, select_on_focus=True)

    def insert_text_at_cursor(self, text: str) -> None:
        """Insert typed text as plain ASCII."""
        super().insert_text_at_cursor(normalised(text))
