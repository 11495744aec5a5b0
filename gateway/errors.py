"""Errors that a person can mend: one line that names the place and the fix."""


class UserError(Exception):
    """A mistake of the caller; its text is one line that says what to do."""
