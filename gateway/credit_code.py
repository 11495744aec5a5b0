"""The check of a unified social credit code (GB 32100) for tables: the engine's own rule, by other names."""

from engine.credit_code import LENGTH, check_sign, is_credit_code


def check_character(body: str) -> str:
    """Return the 18th character for the first 17; ValueError where they are not of the alphabet."""
    if len(body) != LENGTH - 1:
        message = f"{body!r} is not the first {LENGTH - 1} characters of a credit code"
        raise ValueError(message)
    return check_sign(body)


def is_valid(code: str) -> bool:
    """Say whether a code has the form of GB 32100 and its last character is right."""
    return is_credit_code(code)
