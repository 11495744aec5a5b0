"""The oracle's block groups, and the offers made to them (R62)."""

from engine.commands import Method, OfferBlockToGroup, SetBlockGroup
from engine.events import AnyEvent, BlockGroupSet, BlockOfferedToGroup
from engine.reasons import Reason
from tests.oracle.questions import (
    OK,
    block_price_broken,
    first,
    lot_broken,
    may_act,
    means_broken,
    own_limit_broken,
    product_broken,
    size_broken,
)
from tests.oracle.standing import new_order, stand
from tests.oracle.state import Figures, State
from tests.oracle.who import sender_broken

Answer = Figures | list[AnyEvent]
"""The broken rule, or what happens."""


def set_group(state: State, command: SetBlockGroup) -> list[AnyEvent]:
    """Set the members of an own group; nobody removes it."""
    broken = sender_broken(state, command)
    if broken != OK:
        return [state.refused(broken)]
    sender = state.keys[state.key]
    place = (sender.participant, command.group)
    members = tuple(sorted(set(command.members)))
    broken = _group_broken(state, place, members)
    if broken != OK:
        return [state.refused(broken)]
    if members:
        state.groups[place] = members
    else:
        del state.groups[place]
    return [
        state.event(
            BlockGroupSet,
            participant=sender.participant,
            key=state.key,
            group=command.group,
            members=members,
        )
    ]


def _group_broken(state: State, place: tuple[int, str], members: tuple[int, ...]) -> Figures:
    owner = place[0]
    for number in members:
        if number not in state.participants:
            return Reason.COUNTERPARTY_UNKNOWN, number, 0
    if owner in members:
        return Reason.OWN_COUNTERPARTY, 0, 0
    if place in state.groups:
        return OK
    if not members:
        return Reason.GROUP_UNKNOWN, 0, 0
    limit = state.profile.capacity.groups
    if sum(participant == owner for participant, _ in state.groups) >= limit:
        return Reason.GROUPS_FULL, limit, 0
    return OK


def offer_to_group(state: State, command: OfferBlockToGroup, party: int) -> Answer:
    """Let an offer stand for everybody who is in the group at this moment (R62)."""
    broken = first(
        may_act(state, Method.BLOCK, party, command.side),
        product_broken(state, command.product),
    )
    if broken != OK:
        return broken
    members = state.groups.get((party, command.group))
    if members is None:
        return Reason.GROUP_UNKNOWN, 0, 0
    price, tonnes = command.price_fen, command.quantity_t
    broken = first(
        terms_broken(state, command.product, price, tonnes),
        means_broken(state, party, command.product, command.side, price, tonnes, Method.BLOCK),
    )
    if broken != OK:
        return broken
    order = new_order(
        state,
        command,
        product=command.product,
        side=command.side,
        method=Method.BLOCK,
        price_fen=price,
        quantity_t=tonnes,
        left_t=tonnes,
        members=members,
        group=command.group,
    )
    stand(state, order)
    return [
        state.event(
            BlockOfferedToGroup,
            order=order.number,
            participant=party,
            key=state.key,
            client_order=command.client_order,
            product=command.product,
            side=command.side,
            price_fen=price,
            quantity_t=tonnes,
            group=command.group,
            members=members,
        )
    ]


def terms_broken(state: State, product: str, price: int, tonnes: int) -> Figures:
    """Say whether price and quantity of a block are right (R64)."""
    rules = state.profile.block
    return first(
        block_price_broken(state, product, price, tonnes),
        lot_broken(state, tonnes),
        size_broken(tonnes, rules.quantity_t_min, rules.quantity_t_max),
        own_limit_broken(state, tonnes),
    )
