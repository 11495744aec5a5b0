"""A floor for tests of blocks: an afternoon of the national market whose every step is checked."""

from typing import Any

from msgspec import structs

from engine.commands import (
    AcceptBlock,
    CancelOrder,
    ConfirmBlock,
    CounterBlock,
    Entry,
    OfferBlock,
    OfferBlockToGroup,
    RefuseBlock,
    SetBlockGroup,
    Side,
)
from engine.events import AnyEvent, BlockOffered, BlockOfferedToGroup, Refused
from engine.exchange import Exchange
from engine.profile import Profile
from engine.reasons import Reason
from engine.views import NegotiationView, OfferView
from tests.markets import PRODUCT, first_day, national, trader

LOT = 100_000
"""The smallest block of the national market."""


ROOM = {"participants": 8, "keys": 16, "orders_per_day": 100, "levels": 2_000, "auctions": 1}
"""A market of four needs little room, and what is small is quickly checked."""


class Checked:
    """An exchange with little room that checks itself after every command."""

    def __init__(self, profile: Profile) -> None:
        room = structs.replace(profile.capacity, **ROOM)
        self.exchange = Exchange(structs.replace(profile, capacity=room))

    def apply(self, entry: Entry) -> list[AnyEvent]:
        events = self.exchange.apply(entry)
        self.exchange.check()
        self._words_are_covered()
        return events

    def _words_are_covered(self) -> None:
        """Hold the law of the dialogue: whoever gave its word has the terms locked (R63)."""
        market = self.exchange._market
        for talk in market.negotiations.values():
            for party in (talk.offerer, talk.counterparty):
                row = market.core.state.orders[talk.own_row(party)]
                is_covered = (row["price_fen"], row["left_t"]) == (talk.price_fen, talk.quantity_t)
                assert is_covered or not talk.is_confirmed_by(party), talk


def changed(**capacity: int) -> Profile:
    """Return the national profile with other capacities."""
    return structs.replace(national(), capacity=structs.replace(national().capacity, **capacity))


class BlockFloor:
    """An afternoon in which participant 1 offers and 2, 3 and 4 answer."""

    def __init__(self, profile: Profile | None = None, clock: str = "13:00") -> None:
        self.market = Checked(profile or national())
        self.exchange = self.market.exchange
        self.desk = first_day(self.market, traders=4)
        self.desk.advance(clock)

    def send(self, participant: int, kind: Any, **fields: Any) -> list[AnyEvent]:
        """Send an order command of a participant under a new client order number."""
        fields.setdefault("client_order", self.desk.next_client_order())
        return self.desk.send(trader(participant), kind(**fields))

    def refused(self, participant: int, kind: Any, **fields: Any) -> tuple[Reason, int, int]:
        """Send a command that must be refused, and return why."""
        (event,) = self.send(participant, kind, **fields)
        assert isinstance(event, Refused), event
        assert event.participant == participant
        return event.reason, event.figure_a, event.figure_b

    # ------------------------------------------------------------ what is said

    def group(self, participant: int, name: str, *members: int) -> list[AnyEvent]:
        return self.desk.send(trader(participant), SetBlockGroup(group=name, members=members))

    def offer(
        self, price_fen: int = 4_800, quantity_t: int = LOT, side: Side = Side.SELL, to: int = 2
    ) -> int:
        """Let participant 1 make a directed offer and return its number."""
        (event,) = self.send(
            1,
            OfferBlock,
            product=PRODUCT,
            side=side,
            counterparty=to,
            price_fen=price_fen,
            quantity_t=quantity_t,
        )
        assert isinstance(event, BlockOffered), event
        return event.order

    def offer_to(
        self,
        *members: int,
        price_fen: int = 4_800,
        quantity_t: int = LOT,
        side: Side = Side.SELL,
    ) -> int:
        """Let participant 1 offer to a group of these members and return the number."""
        self.group(1, "friends", *members)
        (event,) = self.send(
            1,
            OfferBlockToGroup,
            product=PRODUCT,
            side=side,
            group="friends",
            price_fen=price_fen,
            quantity_t=quantity_t,
        )
        assert isinstance(event, BlockOfferedToGroup), event
        return event.order

    def counter(
        self,
        speaker: int,
        offer: int,
        price_fen: int,
        quantity_t: int = LOT,
        *,
        to: int = 1,
        text: str = "",
    ) -> Any:
        """Let one side name other terms and return the event."""
        (event,) = self.send(
            speaker,
            CounterBlock,
            offer=offer,
            counterparty=to,
            price_fen=price_fen,
            quantity_t=quantity_t,
            text=text,
        )
        return event

    def confirm(self, speaker: int, offer: int, *, to: int = 1, terms: str = "") -> list[AnyEvent]:
        """Let one side confirm what it sees, or other terms where some are given."""
        seen = terms or self.talk(offer, speaker if to == 1 else to).terms
        return self.send(speaker, ConfirmBlock, offer=offer, counterparty=to, terms=seen)

    def refuse(self, speaker: int, offer: int, *, to: int = 1) -> list[AnyEvent]:
        return self.send(speaker, RefuseBlock, offer=offer, counterparty=to)

    def accept(self, participant: int, offer: int) -> list[AnyEvent]:
        return self.send(participant, AcceptBlock, offer=offer)

    def cancel(self, participant: int, order: int) -> list[AnyEvent]:
        return self.send(participant, CancelOrder, order=order)

    # ------------------------------------------------------------ what is seen

    def talk(self, offer: int, counterparty: int) -> NegotiationView:
        """Return the open negotiation about an offer with one counterparty, as the offerer sees it."""
        (view,) = [
            view
            for view in self.exchange.negotiations(1)
            if (view.offer, view.counterparty) == (offer, counterparty)
        ]
        assert view in self.exchange.negotiations(counterparty)
        return view

    def talks(self) -> list[int]:
        """Return the numbers of all open negotiations of the offerer."""
        return [view.negotiation for view in self.exchange.negotiations(1)]

    def shown(self, offer: int, participant: int = 1) -> OfferView:
        (view,) = [v for v in self.exchange.offers(participant) if v.order == offer]
        return view

    def locked_fen(self, participant: int) -> int:
        return self.exchange.account(participant).cash.locked_fen

    def locked_t(self, participant: int) -> int:
        rows = self.exchange.account(participant).holdings
        return sum(row.locked_t for row in rows if row.product == PRODUCT)

    def open_orders(self, participant: int) -> list[int]:
        return [row.order for row in self.exchange.orders(participant) if row.is_open]


def told(events: list[AnyEvent]) -> list[str]:
    """Return the names of events."""
    return [type(event).__name__ for event in events]
