"""The digest by which both sides of a block agree that they mean the same terms (R61)."""

import hashlib

from engine.commands import Side

LABEL = "ceax block terms 1"
DIGITS = 16


def terms_digest(
    *,
    negotiation: int,
    round_number: int,
    product: str,
    side: Side,
    price_fen: int,
    quantity_t: int,
) -> str:
    """Return 16 hexadecimal digits that stand for a negotiation's terms; `side` is the offerer's."""
    words = (LABEL, negotiation, round_number, product, side.name, price_fen, quantity_t)
    text = "|".join(str(word) for word in words)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]
