"""The check character of a unified social credit code (统一社会信用代码, GB 32100-2015)."""

import re
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""31 characters: without I, O, S, V and Z, which look like others."""
BODY_LENGTH: Final = 17
_FORM = re.compile(rf"\A[{ALPHABET}]{{2}}[0-9]{{6}}[{ALPHABET}]{{10}}\Z", re.ASCII)


def check_character(body: str) -> str:
    """Return the 18th character for the first 17; ValueError where they are not of the alphabet."""
    if len(body) != BODY_LENGTH or any(sign not in ALPHABET for sign in body):
        message = f"{body!r} is not the first {BODY_LENGTH} characters of a credit code"
        raise ValueError(message)
    total = sum(ALPHABET.index(sign) * pow(3, place, 31) for place, sign in enumerate(body))
    return ALPHABET[-total % 31]


def is_valid(code: str) -> bool:
    """Say whether a code has the form of GB 32100 and its last character is right."""
    return _FORM.match(code) is not None and check_character(code[:-1]) == code[-1]
