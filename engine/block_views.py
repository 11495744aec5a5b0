"""Groups, offers and negotiations as those who take part in them may see them (群组, 报价, 洽谈)."""

import numpy as np

from engine.block_state import Negotiation
from engine.commands import Side
from engine.core.layout import STANDS
from engine.core.records import CommandKind
from engine.market import Market
from engine.views import GroupView, NegotiationView, OfferView


def groups(market: Market, participant: int) -> tuple[GroupView, ...]:
    """Return a participant's groups by name."""
    found = sorted(key for key in market.groups if key[0] == participant)
    return tuple(GroupView(group=key[1], members=market.groups[key]) for key in found)


def offers(market: Market, participant: int) -> tuple[OfferView, ...]:
    """Return the open offers of a participant and those that it may answer, by number."""
    rows = market.core.state.orders[: int(market.core.market["order_count"]) + 1]
    directed, grouped = int(CommandKind.OFFER_BLOCK), int(CommandKind.OFFER_BLOCK_TO_GROUP)
    is_offer = (rows["kind"] == directed) | (rows["kind"] == grouped)
    shown = []
    for number in np.flatnonzero(is_offer & (rows["state"] == STANDS)).tolist():
        row = rows[number]
        offerer, group = int(row["participant"]), ""
        members: tuple[int, ...] = (int(row["target"]),)
        if row["kind"] == grouped:
            members = market.offers[number].members
            group = market.offers[number].group if participant == offerer else ""
        if participant != offerer and participant not in members:
            continue
        shown.append(
            OfferView(
                order=number,
                participant=offerer,
                members=members,
                group=group,
                product=market.codes[int(row["product"])],
                side=Side(int(row["side"])),
                price_fen=int(row["price_fen"]),
                quantity_t=int(row["quantity_t"]),
                time_ns=int(row["time_ns"]),
            )
        )
    return tuple(shown)


def negotiations(market: Market, participant: int) -> tuple[NegotiationView, ...]:
    """Return the open negotiations of a participant, by number."""
    return tuple(
        _negotiation_view(market, talk)
        for talk in market.negotiations.values()  # they were opened in the order of their numbers
        if participant in (talk.offerer, talk.counterparty)
    )


def _negotiation_view(market: Market, negotiation: Negotiation) -> NegotiationView:
    offer = market.offers[negotiation.offer]
    return NegotiationView(
        negotiation=negotiation.number,
        offer=negotiation.offer,
        offerer=negotiation.offerer,
        counterparty=negotiation.counterparty,
        product=negotiation.product,
        side=negotiation.side,
        first_price_fen=offer.first_price_fen,
        first_quantity_t=offer.first_quantity_t,
        price_fen=negotiation.price_fen,
        quantity_t=negotiation.quantity_t,
        speaker=negotiation.speaker,
        text=negotiation.text,
        round=negotiation.round_number,
        terms=negotiation.terms,
        is_confirmed_by_offerer=negotiation.is_confirmed_by_offerer,
        is_confirmed_by_counterparty=negotiation.is_confirmed_by_counterparty,
        time_ns=negotiation.time_ns,
    )
