"""The check sign of a unified social credit code (统一社会信用代码, GB 32100-2015)."""

from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
LENGTH: Final = 18
REGION: Final = slice(2, 8)
BASE: Final = 31
GENERATOR: Final = 3


def check_sign(body: str) -> str:
    """Return the 18th sign of a code's first 17; ValueError if a sign is not of the alphabet."""
    weight, total = 1, 0
    for sign in body:
        total += ALPHABET.index(sign) * weight
        weight = weight * GENERATOR % BASE
    return ALPHABET[-total % BASE]


def is_credit_code(code: str) -> bool:
    """Say whether a code has 18 signs of the alphabet, a numeric region and the right check sign."""
    if len(code) != LENGTH or any(sign not in ALPHABET for sign in code):
        return False
    return code[REGION].isdigit() and check_sign(code[:-1]) == code[-1]
