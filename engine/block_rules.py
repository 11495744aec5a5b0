"""What may be said in a block's dialogue, asked in the order of `engine.reasons.PRECEDENCE`.

Nothing changes here. A command that names an offer is first seen against it, as a `Talk`; the checks of
price, quantity and means are those of the core.
"""

from typing import NamedTuple

from engine import operations
from engine.block_state import Negotiation
from engine.commands import (
    ConfirmBlock,
    CounterBlock,
    Method,
    OfferBlockToGroup,
    Permission,
    Side,
)
from engine.core.layout import NEVER, REFUSED, STANDS
from engine.core.records import CommandKind
from engine.keys import permission_broken, sender
from engine.market import OK, Figures, Market
from engine.reasons import Reason
from engine.units import PRICE_FEN_MAX

OFFERS = (CommandKind.OFFER_BLOCK, CommandKind.OFFER_BLOCK_TO_GROUP)
NAMED = (*OFFERS, CommandKind.ACCEPT_BLOCK)
"""Orders of which a command may say that they are no longer open; any other number is unknown to it."""


class Talk(NamedTuple):
    """A command of the dialogue, seen against the offer that it names."""

    participant: int
    """The sender."""
    named: int
    """With whom the sender says that it talks."""
    offer: int
    offerer: int = 0
    """0 where no such offer was ever accepted; then nothing below is known."""
    product: int = operations.UNKNOWN
    side: int = 0
    """The sender's: the offerer acts on the side of the offer, everybody else on the other one."""
    price_fen: int = 0
    quantity_t: int = 0
    negotiation: Negotiation | None = None


def stands(market: Market, number: int) -> bool:
    """Say whether an order of the day stands."""
    return int(market.core.state.orders[number]["state"]) == STANDS


def talk_of(market: Market, number: int, named: int) -> Talk:
    """See a command that names an offer and a counterparty against them; before it has its number."""
    participant = market.participant_of(market.hand.key)
    if not 1 <= number <= int(market.core.market["order_count"]):
        return Talk(participant, named, number)
    row = market.core.state.orders[number]
    if row["kind"] not in NAMED or row["state"] in (NEVER, REFUSED):
        return Talk(participant, named, number)
    offerer, side = int(row["participant"]), int(row["side"])
    other = named if participant == offerer else participant
    offer = market.offers.get(number)
    found = offer.negotiations.get(other, 0) if offer else 0
    return Talk(
        participant=participant,
        named=named,
        offer=number,
        offerer=offerer,
        product=int(row["product"]),
        side=side if participant == offerer else Side.BUY + Side.SELL - side,
        price_fen=int(row["price_fen"]),
        quantity_t=int(row["left_t"]),
        negotiation=market.negotiations.get(found),
    )


# ---------------------------------------------------------------- groups


def set_group_broken(market: Market, group: str, members: tuple[int, ...]) -> Figures:
    """Return the first rule that a group breaks; nobody asks for a phase or a client order number."""
    broken = permission_broken(market, Permission.BLOCK)
    if broken != OK:
        return broken
    key = sender(market)
    for member in members:
        if not market.is_participant(member):
            return Reason.COUNTERPARTY_UNKNOWN, member, 0
    if key.participant in members:
        return Reason.OWN_COUNTERPARTY, 0, 0
    if (key.participant, group) in market.groups:
        return OK
    if not members:
        return Reason.GROUP_UNKNOWN, 0, 0
    limit = market.profile.capacity.groups
    own = sum(participant == key.participant for participant, _ in market.groups)
    return (Reason.GROUPS_FULL, limit, 0) if own >= limit else OK


def offer_broken(market: Market, command: OfferBlockToGroup, participant: int) -> Figures:
    """Return the first rule that an offer to a group breaks."""
    side, product = int(command.side), operations.index_of(market, command.product)
    broken = operations.may_act(market, Method.BLOCK, participant, side)
    if broken == OK:
        broken = operations.product(market, product)
    if broken == OK and (participant, command.group) not in market.groups:
        broken = Reason.GROUP_UNKNOWN, 0, 0
    if broken == OK:
        broken = _terms_broken(market, product, command.price_fen, command.quantity_t)
    if broken == OK:
        broken = operations.means(
            market,
            participant,
            product,
            side,
            command.price_fen,
            command.quantity_t,
            Method.BLOCK,
        )
    return broken


# ---------------------------------------------------------------- the dialogue


def counter_broken(market: Market, talk: Talk, command: CounterBlock) -> Figures:
    """Return the first rule that a counter-offer breaks."""
    broken = _may_talk(market, talk)
    if broken == OK:
        broken = _party_broken(market, talk)
    if broken == OK:
        broken = _room_broken(market, talk)
    if broken == OK:
        broken = _terms_broken(market, talk.product, command.price_fen, command.quantity_t)
    if broken == OK:
        broken = _means_broken(market, talk, command.price_fen, command.quantity_t)
    return broken


def confirm_broken(market: Market, talk: Talk, command: ConfirmBlock) -> Figures:
    """Return the first rule that a confirmation breaks."""
    broken = _may_talk(market, talk)
    if broken == OK:
        broken = _party_broken(market, talk)
    if broken != OK:
        return broken
    negotiation = talk.negotiation
    if negotiation is None:
        return Reason.NEGOTIATION_UNKNOWN, talk.offer, talk.named
    if command.terms != negotiation.terms:
        return Reason.TERMS_DIFFER, 0, 0
    if negotiation.is_confirmed_by(talk.participant):
        return Reason.ALREADY_CONFIRMED, 0, 0
    # A corrected reference price may have moved the band away from terms that no row carries any more.
    price_fen, quantity_t = negotiation.price_fen, negotiation.quantity_t
    broken = _price_broken(market, talk.product, price_fen, quantity_t)
    if broken == OK:
        broken = operations.own_limit(market, quantity_t)
    return _means_broken(market, talk, price_fen, quantity_t) if broken == OK else broken


def refuse_broken(market: Market, talk: Talk) -> Figures:
    """Return the first rule that a refusal breaks; it is allowed whenever a cancel is."""
    broken = operations.phase(market, Method.BLOCK, is_wide=True)
    if broken == OK:
        broken = _standing_broken(market, talk)
    return _party_broken(market, talk) if broken == OK else broken


def _may_talk(market: Market, talk: Talk) -> Figures:
    broken = operations.may_act(market, Method.BLOCK, talk.participant, talk.side)
    if broken == OK:
        broken = _standing_broken(market, talk)
    return operations.product_halt(market, talk.product) if broken == OK else broken


def _standing_broken(market: Market, talk: Talk) -> Figures:
    if talk.offerer == 0:
        return Reason.ORDER_UNKNOWN, talk.offer, 0
    return OK if stands(market, talk.offer) else (Reason.ORDER_NOT_OPEN, talk.offer, 0)


def _party_broken(market: Market, talk: Talk) -> Figures:
    """Say whether the sender may speak in this offer's talks, and with whom it says it does."""
    if talk.participant == talk.offerer:
        if talk.negotiation is None:
            return Reason.NEGOTIATION_UNKNOWN, talk.offer, talk.named
        return OK
    row, offer = market.core.state.orders[talk.offer], market.offers.get(talk.offer)
    members = offer.members if offer else (int(row["target"]),)
    if talk.named != talk.offerer or talk.participant not in members:
        return Reason.NOT_OFFER_COUNTERPARTY, talk.offer, 0
    return OK


def _room_broken(market: Market, talk: Talk) -> Figures:
    capacity = market.profile.capacity
    if talk.negotiation is None:
        is_full = len(market.negotiations) >= capacity.negotiations
        return (Reason.NEGOTIATIONS_FULL, capacity.negotiations, 0) if is_full else OK
    is_full = talk.negotiation.round_number >= capacity.rounds
    return (Reason.ROUNDS_FULL, capacity.rounds, 0) if is_full else OK


def _terms_broken(market: Market, product: int, price_fen: int, quantity_t: int) -> Figures:
    broken = _price_broken(market, product, price_fen, quantity_t)
    if broken != OK:
        return broken
    rules, lot_t = market.profile.block, market.profile.lot_size_t
    return operations.quantity(
        market, quantity_t, lot_t, rules.quantity_t_min, rules.quantity_t_max
    )


def _price_broken(market: Market, product: int, price_fen: int, quantity_t: int) -> Figures:
    """Ask for the tick, and for the band where the profile has one for this quantity (R32)."""
    row, free_from_t = market.core.state.products[product], market.profile.block.free_from_t
    floor_fen, cap_fen = int(row["block_floor_fen"]), int(row["block_cap_fen"])
    if 0 < free_from_t <= quantity_t:
        floor_fen, cap_fen = 0, PRICE_FEN_MAX
    return operations.price(market, price_fen, floor_fen, cap_fen)


def _means_broken(market: Market, talk: Talk, price_fen: int, quantity_t: int) -> Figures:
    """Ask for the means of the terms; what the sender's own row holds already is there to be used."""
    own = talk.negotiation.own_row(talk.participant) if talk.negotiation else 0
    return operations.means(
        market,
        talk.participant,
        talk.product,
        talk.side,
        price_fen,
        quantity_t,
        Method.BLOCK,
        own=own,
    )
