"""One-time codes of enrolment: 128 bits told as groups of letters, so that a typo is found where it is typed.

A code is 28 letters in seven groups: 26 carry the secret, the last two check it (Reed and Solomon over
32 letters). Any one or two wrong letters are found, and a single one is told with its group.
"""

import hashlib
import secrets
from typing import Final

LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""No I, O, 0 or 1: they are read for one another."""
SECRET_BITS: Final = 128
SECRET_LETTERS: Final = 26
LENGTH: Final = SECRET_LETTERS + 2
GROUP: Final = 4
TEXT_MAX: Final = 256
"""So much of a typed text is looked at, dashes and spaces included: a code has 34 characters."""
_DOMAIN: Final = b"CEAX-CODE-v1\n"
_PRIMITIVE: Final = 0b100101
"""x^5 + x^2 + 1, under which x runs through all 31 elements of the field."""


class BadCode(ValueError):
    """What was typed is no code; `group` is the group that is wrong, counted from 1, 0 where unknown."""

    def __init__(self, text: str, group: int = 0) -> None:
        super().__init__(text)
        self.group = group


def new_code() -> str:
    """Return a new code from the system's randomness, in groups: `ABCD-EFGH-…`."""
    number = secrets.randbits(SECRET_BITS)
    digits = [number >> 5 * place & 31 for place in range(SECRET_LETTERS)]
    return written("".join(LETTERS[digit] for digit in (*digits, *_checks(digits))))


def written(code: str) -> str:
    """Return a code in groups of four letters."""
    return "-".join(code[place : place + GROUP] for place in range(0, len(code), GROUP))


def read_code(text: str) -> str:
    """Return the 28 letters of a typed code; BadCode says what is wrong, where that can be known."""
    code = "".join(sign for sign in text[:TEXT_MAX].upper() if sign not in " -\t\r\n")
    for place, sign in enumerate(code):
        if sign not in LETTERS:
            raise BadCode(f"{sign!r} stands in no code", place // GROUP + 1)
    if len(code) != LENGTH:
        raise BadCode(f"a code has {LENGTH} letters, not {len(code)}")
    digits = [LETTERS.index(sign) for sign in code]
    sum_0, sum_1 = _syndromes(digits)
    if sum_0 or sum_1:
        # One wrong letter at place p leaves an error e and e times x to the p.
        place = (_LOGS[sum_1] - _LOGS[sum_0]) % 31 if sum_0 and sum_1 else LENGTH
        group = place // GROUP + 1 if place < LENGTH else 0
        raise BadCode("the code has a typing error", group)
    return code


def hash_of(code: str) -> str:
    """Return the hash that stands for a code in the log, 64 hexadecimal digits; it tells nothing of the code."""
    return hashlib.sha256(_DOMAIN + code.encode()).hexdigest()


def _powers() -> tuple[list[int], list[int]]:
    powers, logs, value = [], [0] * 32, 1
    for place in range(31):
        powers.append(value)
        logs[value] = place
        value <<= 1
        if value > 31:  # noqa: PLR2004 - the field has 32 elements
            value ^= _PRIMITIVE
    return powers, logs


_POWERS, _LOGS = _powers()


def _times(left: int, right: int) -> int:
    return _POWERS[(_LOGS[left] + _LOGS[right]) % 31] if left and right else 0


def _syndromes(digits: list[int]) -> tuple[int, int]:
    sum_0 = sum_1 = 0
    for place, digit in enumerate(digits):
        sum_0 ^= digit
        sum_1 ^= _times(digit, _POWERS[place])
    return sum_0, sum_1


def _checks(digits: list[int]) -> tuple[int, int]:
    """Return the two last digits that make both sums nought."""
    sum_0, sum_1 = _syndromes(digits)
    # c + d = s0 and c x^26 + d x^27 = s1, so d = (s1 + s0 x^26) / (x^26 + x^27).
    high = _POWERS[SECRET_LETTERS] ^ _POWERS[SECRET_LETTERS + 1]
    rest = sum_1 ^ _times(sum_0, _POWERS[SECRET_LETTERS])
    last = _POWERS[(_LOGS[rest] - _LOGS[high]) % 31] if rest else 0
    return sum_0 ^ last, last
