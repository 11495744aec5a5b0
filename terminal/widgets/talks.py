"""Blocks in talk (洽谈): offers made by and to the own participant, each with its negotiations."""

from msgspec import Struct

from engine.commands import Side
from engine.views import NegotiationView, OfferView
from terminal import format as show
from terminal.desk import desk, word
from terminal.store import State
from terminal.widgets.table import Column, Row, TablePanel


class Talk(Struct, frozen=True):
    """An offer with somebody, and the negotiation on it where there is one."""

    offer: OfferView
    other: int
    """With whom one talks; 0 where the own offer waits for anybody of a group."""
    negotiation: NegotiationView | None

    @property
    def key(self) -> str:
        """The row's key."""
        return f"{self.offer.order}/{self.other}"

    def is_own(self, participant: int) -> bool:
        """Say whether the reader made the offer."""
        return self.offer.participant == participant

    @property
    def price_fen(self) -> int:
        """The price on the table."""
        return self.negotiation.price_fen if self.negotiation else self.offer.price_fen

    @property
    def quantity_t(self) -> int:
        """The tonnes on the table."""
        return self.negotiation.quantity_t if self.negotiation else self.offer.quantity_t


def talks_of(state: State) -> tuple[Talk, ...]:
    """Return what is on the table, newest offer first."""
    found: list[Talk] = []
    for offer in sorted(state.offers or (), key=lambda view: -view.order):
        mine = offer.participant == state.participant
        talks = [row for row in state.negotiations or () if row.offer == offer.order]
        found += [Talk(offer, row.counterparty if mine else row.offerer, row) for row in talks]
        if not talks:
            waits_for = offer.members[0] if len(offer.members) == 1 else 0
            found.append(Talk(offer, waits_for if mine else offer.participant, None))
    return tuple(found)


class TalksPanel(TablePanel):
    """One row an offer and counterparty: terms, round, who has confirmed."""

    COLUMNS = (
        Column("order", 6, "right"),
        Column("counterparty", 7),
        Column("side", 4),
        Column("product", 9),
        Column("price", 8, "right"),
        Column("quantity", 11, "right"),
        Column("round", 5, "right"),
        Column("state", 12),
    )

    def repaint(self, topics: frozenset[str]) -> None:
        """Show the talks as they are now."""
        if "*" in topics:
            self.relabel()
        if topics & {"offers", "negotiations", "*"}:
            talks = talks_of(desk(self).state)
            self.border_title = word(self, "talks_title", count=len(talks))
            self.show_rows([self._row(talk) for talk in talks], word(self, "talks_empty"))

    def chosen_talk(self) -> Talk | None:
        """Return the talk under the cursor."""
        key = self.chosen()
        return next((talk for talk in talks_of(desk(self).state) if talk.key == key), None)

    def _row(self, talk: Talk) -> Row:
        state = desk(self).state
        side = talk.offer.side
        if not talk.is_own(state.participant):
            side = Side.SELL if side is Side.BUY else Side.BUY
        return talk.key, (
            str(talk.offer.order),
            show.participant(talk.other),
            show.side_text(side, desk(self).language),
            talk.offer.product,
            show.price(talk.price_fen),
            show.quantity(talk.quantity_t),
            str(talk.negotiation.round if talk.negotiation else 0),
            word(self, self._state(talk)),
        )

    def _state(self, talk: Talk) -> str:
        row = talk.negotiation
        is_own = talk.is_own(desk(self).state.participant)
        if row is None:
            return "talk_offered" if is_own else "talk_asked"
        mine = row.is_confirmed_by_offerer if is_own else row.is_confirmed_by_counterparty
        theirs = row.is_confirmed_by_counterparty if is_own else row.is_confirmed_by_offerer
        if theirs:
            return "talk_they_confirmed"
        return "talk_confirmed" if mine else "talk_open"
