"""The oracle's block dialogue: counter-offers, confirmation, refusal (R61-R66)."""

from engine.commands import (
    AcceptBlock,
    CancelCause,
    ConfirmBlock,
    CounterBlock,
    Method,
    OfferBlock,
    OfferBlockToGroup,
    RefuseBlock,
    Side,
)
from engine.events import BlockConfirmed, BlockCountered, BlockRefused
from engine.reasons import Reason
from engine.terms import terms_digest
from tests.oracle.ending import end, follow
from tests.oracle.groups import Answer, terms_broken
from tests.oracle.questions import (
    CANCEL_PHASES,
    OK,
    block_price_broken,
    first,
    may_act,
    means_broken,
    opposite,
    own_limit_broken,
    phase_broken,
    product_halt_broken,
)
from tests.oracle.records import Negotiation, Order
from tests.oracle.standing import change_terms, new_order, stand, trade
from tests.oracle.state import Figures, State

OFFERS = (OfferBlock, OfferBlockToGroup)
Word = CounterBlock | ConfirmBlock | RefuseBlock
"""A word in the dialogue on an offer."""


# ---------------------------------------------------------------- who may speak on an offer


def may_answer(offer: Order) -> tuple[int, ...]:
    """Return who may answer an offer: one counterparty, or the members of its group that remain."""
    return offer.members if offer.kind == OfferBlockToGroup else (offer.counterparty,)


def negotiation_of(state: State, offer: int, counterparty: int) -> Negotiation | None:
    """Return the open negotiation on an offer with a counterparty."""
    for talk in state.negotiations.values():
        if (talk.offer, talk.counterparty) == (offer, counterparty):
            return talk
    return None


def is_in_negotiation(state: State, offer: Order) -> bool:
    """Say whether somebody negotiates on an offer, so that nobody may simply accept it."""
    return any(talk.offer == offer.number for talk in state.negotiations.values())


def _known(state: State, number: int) -> Order | None:
    """Return what a word may name: an offer, or an acceptance, which is never open."""
    order = state.orders.get(number)
    return order if order is not None and order.kind in (*OFFERS, AcceptBlock) else None


def _speaking_side(offer: Order, party: int) -> Side:
    return offer.side if party == offer.participant else opposite(offer.side)


def _standing_broken(state: State, number: int) -> Figures:
    offer = _known(state, number)
    if offer is None:
        return Reason.ORDER_UNKNOWN, number, 0
    return OK if offer.is_open else (Reason.ORDER_NOT_OPEN, number, 0)


def _word_broken(state: State, command: CounterBlock | ConfirmBlock, party: int) -> Figures:
    """Say whether a party may name or confirm terms of an offer that stands."""
    offer = _known(state, command.offer)
    side = _speaking_side(offer, party) if offer is not None else None
    broken = first(
        may_act(state, Method.BLOCK, party, side), _standing_broken(state, command.offer)
    )
    if broken != OK or offer is None:
        return broken
    return first(
        product_halt_broken(state, offer.product), _parties_broken(state, command, offer, party)
    )


def _parties_broken(state: State, command: Word, offer: Order, party: int) -> Figures:
    """Say whether the two are those of the offer; the offerer never opens a negotiation."""
    if party == offer.participant:
        if negotiation_of(state, offer.number, command.counterparty) is None:
            return Reason.NEGOTIATION_UNKNOWN, offer.number, command.counterparty
        return OK
    if command.counterparty != offer.participant or party not in may_answer(offer):
        return Reason.NOT_OFFER_COUNTERPARTY, offer.number, 0
    return OK


def _talk(state: State, command: Word, offer: Order, party: int) -> Negotiation | None:
    counterparty = command.counterparty if party == offer.participant else party
    return negotiation_of(state, offer.number, counterparty)


def _own_row(state: State, talk: Negotiation | None, offer: Order, party: int) -> Order | None:
    """Return the row that carries the speaker's lock, None before its first word."""
    if party == offer.participant:
        return offer
    return state.orders[talk.number] if talk is not None else None


# ---------------------------------------------------------------- counter-offers


def counter(state: State, command: CounterBlock, party: int) -> Answer:
    """Name other terms: the first answer opens a negotiation, each later one moves an own lock (R61)."""
    broken = _word_broken(state, command, party)
    if broken != OK:
        return broken
    offer = state.orders[command.offer]
    talk = _talk(state, command, offer, party)
    own = _own_row(state, talk, offer, party)
    side = _speaking_side(offer, party)
    price, tonnes = command.price_fen, command.quantity_t
    broken = first(
        _room_broken(state, talk),
        terms_broken(state, offer.product, price, tonnes),
        means_broken(state, party, offer.product, side, price, tonnes, Method.BLOCK, own),
    )
    if broken != OK:
        return broken
    row = new_order(
        state,
        command,
        product=offer.product,
        side=side,
        method=Method.BLOCK,
        price_fen=price,
        quantity_t=tonnes,
        left_t=0 if talk is not None else tonnes,
        target=offer.number,
    )
    if own is None:
        stand(state, row)
    else:
        _move_terms(state, own, price, tonnes)
    if talk is None:
        talk = Negotiation(row.number, offer.number, party, party, price, tonnes, "", "", 0, 0)
        state.negotiations[talk.number] = talk
    _speak(state, talk, offer, command, party)
    return [
        state.event(
            BlockCountered,
            order=row.number,
            negotiation=talk.number,
            offer=offer.number,
            participant=party,
            counterparty=command.counterparty,
            key=state.key,
            client_order=command.client_order,
            product=offer.product,
            side=side,
            price_fen=price,
            quantity_t=tonnes,
            text=command.text,
            round=talk.round,
            terms=talk.terms,
        )
    ]


def _room_broken(state: State, talk: Negotiation | None) -> Figures:
    limits = state.profile.capacity
    if talk is None:
        is_full = len(state.negotiations) >= limits.negotiations
        return (Reason.NEGOTIATIONS_FULL, limits.negotiations, 0) if is_full else OK
    return (Reason.ROUNDS_FULL, limits.rounds, 0) if talk.round >= limits.rounds else OK


def _speak(
    state: State, talk: Negotiation, offer: Order, command: CounterBlock, party: int
) -> None:
    """Put new terms on the table of one negotiation; nobody has confirmed them yet."""
    talk.round += 1
    talk.speaker, talk.text = party, command.text
    talk.price_fen, talk.quantity_t = command.price_fen, command.quantity_t
    talk.time_ns = state.time_ns
    talk.confirmed.clear()
    talk.terms = terms_digest(
        negotiation=talk.number,
        round_number=talk.round,
        product=offer.product,
        side=offer.side,
        price_fen=talk.price_fen,
        quantity_t=talk.quantity_t,
    )


def _move_terms(state: State, row: Order, price: int, tonnes: int) -> None:
    """Give a row other terms; what its owner confirmed elsewhere on the same offer was for others."""
    if (row.price_fen, row.left_t) == (price, tonnes):
        return
    change_terms(state, row, price, tonnes)
    if row.kind in OFFERS:
        for talk in state.negotiations.values():
            if talk.offer == row.number:
                talk.confirmed.discard(row.participant)


# ---------------------------------------------------------------- confirmation


def confirm(state: State, command: ConfirmBlock, party: int) -> Answer:
    """Confirm the terms by their digest; when both sides have, the block is traded (R61)."""
    broken = _word_broken(state, command, party)
    if broken != OK:
        return broken
    offer = state.orders[command.offer]
    talk = _talk(state, command, offer, party)
    if talk is None:
        return Reason.NEGOTIATION_UNKNOWN, offer.number, command.counterparty
    if command.terms != talk.terms:
        return Reason.TERMS_DIFFER, 0, 0
    if party in talk.confirmed:
        return Reason.ALREADY_CONFIRMED, 0, 0
    own = _own_row(state, talk, offer, party)
    side, price, tonnes = _speaking_side(offer, party), talk.price_fen, talk.quantity_t
    broken = first(
        block_price_broken(state, offer.product, price, tonnes),
        own_limit_broken(state, tonnes),
        means_broken(state, party, offer.product, side, price, tonnes, Method.BLOCK, own),
    )
    if broken != OK or own is None:
        return broken
    row = _spent(state, command, offer, side, (price, tonnes))
    _move_terms(state, own, price, tonnes)
    talk.confirmed.add(party)
    confirmed = state.event(
        BlockConfirmed,
        order=row.number,
        negotiation=talk.number,
        offer=offer.number,
        participant=party,
        counterparty=command.counterparty,
        key=state.key,
        client_order=command.client_order,
        terms=talk.terms,
    )
    if talk.confirmed != {offer.participant, talk.counterparty}:
        return [confirmed]
    del state.negotiations[talk.number]
    traded = trade(state, offer, state.orders[talk.number], tonnes, price)
    return [confirmed, traded, *follow(state, offer)]


def _spent(
    state: State,
    command: ConfirmBlock | RefuseBlock,
    offer: Order,
    side: Side,
    terms: tuple[int, int],
) -> Order:
    """Keep the number of a word that does not stand."""
    return new_order(
        state,
        command,
        product=offer.product,
        side=side,
        method=Method.BLOCK,
        price_fen=terms[0],
        quantity_t=terms[1],
        left_t=0,
        target=offer.number,
    )


# ---------------------------------------------------------------- refusal


def refuse(state: State, command: RefuseBlock, party: int) -> Answer:
    """End a negotiation, or refuse an offer before any; no halt and no suspension forbids it."""
    broken = first(
        phase_broken(state, Method.BLOCK, *CANCEL_PHASES), _standing_broken(state, command.offer)
    )
    if broken != OK:
        return broken
    offer = state.orders[command.offer]
    broken = _parties_broken(state, command, offer, party)
    if broken != OK:
        return broken
    talk = _talk(state, command, offer, party)
    terms = (offer.price_fen, offer.quantity_t)
    if talk is not None:
        terms = (talk.price_fen, talk.quantity_t)
    row = _spent(state, command, offer, _speaking_side(offer, party), terms)
    refused = state.event(
        BlockRefused,
        order=row.number,
        negotiation=talk.number if talk is not None else 0,
        offer=offer.number,
        participant=party,
        counterparty=command.counterparty,
        key=state.key,
        client_order=command.client_order,
    )
    ended = state.orders[talk.number] if talk is not None else offer
    if talk is None and offer.kind == OfferBlockToGroup:
        offer.members = tuple(member for member in offer.members if member != party)
        if offer.members:
            return [refused]
    return [refused, *end(state, [ended], CancelCause.NEGOTIATION)]
