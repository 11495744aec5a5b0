"""The block dialogue: offers to groups, counter-offers, confirmation of the same terms, refusal (R61-R63).

An offer stands in its row; whoever answers it with other terms opens a negotiation, whose number is
that of the answer's own row. Each side's lock stands in its own row and follows the terms that this
side last named or confirmed. A trade needs both sides' word on the same digest.
"""

from engine import operations
from engine.block_rules import (
    Talk,
    confirm_broken,
    counter_broken,
    offer_broken,
    refuse_broken,
    set_group_broken,
    stands,
    talk_of,
)
from engine.block_state import Negotiation, Offer
from engine.commands import (
    CancelCause,
    ConfirmBlock,
    CounterBlock,
    OfferBlockToGroup,
    RefuseBlock,
    SetBlockGroup,
    Side,
)
from engine.events import (
    AnyEvent,
    BlockConfirmed,
    BlockCountered,
    BlockGroupSet,
    BlockOfferedToGroup,
    BlockRefused,
)
from engine.market import OK, Market


def set_group(market: Market, command: SetBlockGroup) -> list[AnyEvent]:
    """Set who belongs to a group of the sender, or remove it (R62); offers already made keep theirs."""
    members = tuple(sorted(set(command.members)))
    broken = set_group_broken(market, command.group, members)
    if broken != OK:
        return [market.refused(broken)]
    participant = market.participant_of(market.hand.key)
    if members:
        market.groups[participant, command.group] = members
    else:
        del market.groups[participant, command.group]
    event = market.event(
        BlockGroupSet,
        participant=participant,
        key=market.hand.key,
        group=command.group,
        members=members,
    )
    return [event]


def offer_to_group(market: Market, command: OfferBlockToGroup) -> list[AnyEvent]:
    """Let an offer stand for every member that its group has now; the first who accepts has it (R62)."""
    participant = market.participant_of(market.hand.key)
    number = operations.number_order(
        market,
        command,
        product=operations.index_of(market, command.product),
        side=command.side,
        price_fen=command.price_fen,
        quantity_t=command.quantity_t,
    )
    if isinstance(number, list):
        return number
    broken = offer_broken(market, command, participant)
    if broken != OK:
        return operations.refuse_order(market, number, broken)
    members = market.groups[participant, command.group]
    operations.stand(
        market,
        number,
        product=operations.index_of(market, command.product),
        side=command.side,
        price_fen=command.price_fen,
        quantity_t=command.quantity_t,
    )
    operations.set_members(market, number, members)
    market.offers[number] = Offer(
        number=number,
        group=command.group,
        members=members,
        first_price_fen=command.price_fen,
        first_quantity_t=command.quantity_t,
    )
    event = market.event(
        BlockOfferedToGroup,
        order=number,
        participant=participant,
        key=market.hand.key,
        client_order=command.client_order,
        product=command.product,
        side=command.side,
        price_fen=command.price_fen,
        quantity_t=command.quantity_t,
        group=command.group,
        members=members,
    )
    return operations.answered(market, number, [event])


# ---------------------------------------------------------------- counter-offers


def counter(market: Market, command: CounterBlock) -> list[AnyEvent]:
    """Name other terms: the speaker's lock follows them, what was confirmed before is void (R61)."""
    talk = talk_of(market, command.offer, command.counterparty)
    number = operations.number_order(
        market,
        command,
        product=talk.product,
        side=talk.side,
        price_fen=command.price_fen,
        quantity_t=command.quantity_t,
        target=command.offer,
    )
    if isinstance(number, list):
        return number
    broken = counter_broken(market, talk, command)
    if broken != OK:
        return operations.refuse_order(market, number, broken)
    if talk.negotiation is None:
        negotiation = _open(market, talk, number, command)
    else:
        negotiation = talk.negotiation
        _speak(market, negotiation, talk.participant, command)
    event = market.event(
        BlockCountered,
        order=number,
        negotiation=negotiation.number,
        offer=command.offer,
        participant=talk.participant,
        counterparty=command.counterparty,
        key=market.hand.key,
        client_order=command.client_order,
        product=negotiation.product,
        side=Side(talk.side),
        price_fen=command.price_fen,
        quantity_t=command.quantity_t,
        text=command.text,
        round=negotiation.round_number,
        terms=negotiation.terms,
    )
    return operations.answered(market, number, [event])


def _open(market: Market, talk: Talk, number: int, command: CounterBlock) -> Negotiation:
    """Open a negotiation with its first counter-offer, whose row stands opposite to the offer."""
    row = market.core.state.orders[talk.offer]
    offer = market.offers.get(talk.offer)
    if offer is None:
        offer = Offer(
            number=talk.offer,
            group="",
            members=(talk.participant,),
            first_price_fen=int(row["price_fen"]),
            first_quantity_t=int(row["left_t"]),
        )
        market.offers[talk.offer] = offer
    operations.stand(
        market,
        number,
        product=talk.product,
        side=talk.side,
        price_fen=command.price_fen,
        quantity_t=command.quantity_t,
        target=talk.offer,
    )
    negotiation = Negotiation(
        number=number,
        offer=talk.offer,
        offerer=talk.offerer,
        counterparty=talk.participant,
        product=market.codes[talk.product],
        side=Side(int(row["side"])),
        price_fen=command.price_fen,
        quantity_t=command.quantity_t,
        speaker=talk.participant,
        text=command.text,
        round_number=1,
        time_ns=market.hand.time_ns,
    )
    market.negotiations[number] = negotiation
    offer.negotiations[talk.participant] = number
    operations.bind(market, talk.offer, len(offer.negotiations))
    return negotiation


def _speak(
    market: Market, negotiation: Negotiation, participant: int, command: CounterBlock
) -> None:
    """Let one side of an open negotiation name its next terms."""
    negotiation.price_fen = command.price_fen
    negotiation.quantity_t = command.quantity_t
    negotiation.speaker = participant
    negotiation.text = command.text
    negotiation.round_number += 1
    negotiation.time_ns = market.hand.time_ns
    _move_lock(market, negotiation, participant)
    negotiation.is_confirmed_by_offerer = False
    negotiation.is_confirmed_by_counterparty = False


def _move_lock(market: Market, negotiation: Negotiation, participant: int) -> None:
    """Let a side's row take the terms; an offer that moves is confirmed in no other negotiation.

    One row carries the lock of all negotiations about an offer, and a word given must be covered.
    """
    own = negotiation.own_row(participant)
    row = market.core.state.orders[own]
    if row["price_fen"] == negotiation.price_fen and row["left_t"] == negotiation.quantity_t:
        return
    operations.change_terms(market, own, negotiation.price_fen, negotiation.quantity_t)
    if participant == negotiation.offerer:
        for number in market.offers[negotiation.offer].negotiations.values():
            market.negotiations[number].is_confirmed_by_offerer = False


# ---------------------------------------------------------------- the deal, or none


def confirm(market: Market, command: ConfirmBlock) -> list[AnyEvent]:
    """Give a side's word on the terms in hand; the second word makes the trade (R61)."""
    talk = talk_of(market, command.offer, command.counterparty)
    negotiation = talk.negotiation
    number = operations.number_order(
        market,
        command,
        product=talk.product,
        side=talk.side,
        price_fen=negotiation.price_fen if negotiation else 0,
        quantity_t=negotiation.quantity_t if negotiation else 0,
        target=command.offer,
    )
    if isinstance(number, list):
        return number
    broken = confirm_broken(market, talk, command)
    if broken != OK:
        return operations.refuse_order(market, number, broken)
    assert negotiation is not None
    _move_lock(market, negotiation, talk.participant)
    if talk.participant == negotiation.offerer:
        negotiation.is_confirmed_by_offerer = True
    else:
        negotiation.is_confirmed_by_counterparty = True
    events: list[AnyEvent] = [
        market.event(
            BlockConfirmed,
            order=number,
            negotiation=negotiation.number,
            offer=command.offer,
            participant=talk.participant,
            counterparty=command.counterparty,
            key=market.hand.key,
            client_order=command.client_order,
            terms=command.terms,
        )
    ]
    if not (negotiation.is_confirmed_by_offerer and negotiation.is_confirmed_by_counterparty):
        return operations.answered(market, number, events)
    events.append(
        operations.trade(
            market,
            negotiation.offer,
            negotiation.number,
            negotiation.quantity_t,
            negotiation.price_fen,
        )
    )
    operations.answered(market, number, events)
    _close(market, negotiation)
    return [*events, *follow(market, negotiation.offer)]


def refuse(market: Market, command: RefuseBlock) -> list[AnyEvent]:
    """End a negotiation, or an offer before any; a member of a group only leaves it to the others."""
    talk = talk_of(market, command.offer, command.counterparty)
    negotiation = talk.negotiation
    number = operations.number_order(
        market,
        command,
        product=talk.product,
        side=talk.side,
        price_fen=negotiation.price_fen if negotiation else talk.price_fen,
        quantity_t=negotiation.quantity_t if negotiation else talk.quantity_t,
        target=command.offer,
    )
    if isinstance(number, list):
        return number
    broken = refuse_broken(market, talk)
    if broken != OK:
        return operations.refuse_order(market, number, broken)
    event = market.event(
        BlockRefused,
        order=number,
        negotiation=negotiation.number if negotiation else 0,
        offer=command.offer,
        participant=talk.participant,
        counterparty=command.counterparty,
        key=market.hand.key,
        client_order=command.client_order,
    )
    events = operations.answered(market, number, [event])
    ended = negotiation.number if negotiation else _left_alone(market, talk)
    if ended == 0:
        return events
    return [*events, *operations.end(market, [ended], CancelCause.NEGOTIATION)]


def _left_alone(market: Market, talk: Talk) -> int:
    """Take who refuses off those that may answer; return the offer once nobody is left, else 0."""
    offer = market.offers.get(talk.offer)
    if offer is None or not offer.group:
        return talk.offer
    offer.members = tuple(member for member in offer.members if member != talk.participant)
    operations.set_members(market, talk.offer, offer.members)
    return 0 if offer.members else talk.offer


def follow(market: Market, order: int) -> list[AnyEvent]:
    """Draw the consequences of an offer or a counter-offer that stands no more.

    Without its offer no negotiation goes on; without its counter-offer its own one does not.
    """
    negotiation = market.negotiations.get(order)
    if negotiation is not None:
        _close(market, negotiation)
        return []
    offer = market.offers.get(order)
    if offer is None:
        return []
    counters = [n for n in offer.negotiations.values() if stands(market, n)]
    return operations.end(market, counters, CancelCause.NEGOTIATION)


def _close(market: Market, negotiation: Negotiation) -> None:
    """Forget an open negotiation; an offer without any can be accepted as it stands again."""
    del market.negotiations[negotiation.number]
    offer = market.offers[negotiation.offer]
    del offer.negotiations[negotiation.counterparty]
    if stands(market, offer.number):
        operations.bind(market, offer.number, len(offer.negotiations))
