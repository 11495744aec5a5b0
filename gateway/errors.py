"""Errors that a person can mend: one line that names the place and the fix."""


class UserError(Exception):
    """A mistake of the caller; its text is one line that says what to do."""


class Declined(UserError):
    """What an exchange did not do; `code` is the stable name of its refusal, "" where it has none."""

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.code = code
