"""Errors that a person can mend: one line that names the place and the fix."""


class UserError(Exception):
    """A mistake of the caller; its text is one line that says what to do, `zh` the same in Chinese."""

    def __init__(self, text: str, zh: str = "") -> None:
        super().__init__(text)
        self.zh = zh

    def told(self, language: str) -> str:
        """Return the text in a language, in English where it has no other."""
        return self.zh if language == "zh" and self.zh else str(self)


class Declined(UserError):
    """What an exchange did not do; `code` is the stable name of its refusal, "" where it has none."""

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.code = code
