"""What an order row cannot hold of a block's dialogue: whom an offer is made to, and who talks about what.

Locks, prices and quantities stand in the rows of the offer and of the counter-offers; here stand the
words. Both structs live as long as the day's order numbers do.
"""

from msgspec import Struct, field

from engine.commands import Side
from engine.terms import terms_digest


class Offer(Struct, kw_only=True):
    """A block offer of the day that went to a group, or that somebody negotiated about."""

    number: int
    group: str
    """Name of the offerer's group, empty where one counterparty was named."""
    members: tuple[int, ...]
    """Who may answer; a member of a group that refuses the offer leaves it."""
    first_price_fen: int
    """As offered: negotiations move the row (R62)."""
    first_quantity_t: int
    negotiations: dict[int, int] = field(default_factory=dict)
    """Number of the open negotiation with each counterparty that has one."""


class Negotiation(Struct, kw_only=True):
    """An open negotiation about an offer with one counterparty (洽谈); its number is that of a row."""

    number: int
    """Order number of the counterparty's first counter-offer, whose row carries its lock."""
    offer: int
    offerer: int
    counterparty: int
    product: str
    side: Side
    """The offerer's."""
    price_fen: int
    quantity_t: int
    speaker: int
    """Who named these terms."""
    text: str
    round_number: int
    time_ns: int
    """When these terms were named."""
    is_confirmed_by_offerer: bool = False
    is_confirmed_by_counterparty: bool = False

    @property
    def terms(self) -> str:
        """Digest of the terms in hand, which both sides confirm (R61)."""
        return terms_digest(
            negotiation=self.number,
            round_number=self.round_number,
            product=self.product,
            side=self.side,
            price_fen=self.price_fen,
            quantity_t=self.quantity_t,
        )

    def own_row(self, participant: int) -> int:
        """Return the order whose row carries a side's lock."""
        return self.offer if participant == self.offerer else self.number

    def is_confirmed_by(self, participant: int) -> bool:
        """Say whether a side has confirmed the terms."""
        if participant == self.offerer:
            return self.is_confirmed_by_offerer
        return self.is_confirmed_by_counterparty
