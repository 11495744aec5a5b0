"""The ticket as a value: what is typed, what it means, what the exchange would say, the command it becomes.

Nothing here decides: limits come from the login, the profile and the live quote, words from the Reason table, and the
order of the hints is the order in which the exchange checks (`engine.reasons.PRECEDENCE`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from msgspec import Struct

from engine.commands import Method, Permission, PickListing, PlaceListing, Side
from engine.events import Phase
from engine.reasons import PRECEDENCE, Reason
from engine.units import QUANTITY_T_MAX
from engine.views import ListingView
from terminal.format import parse_price, parse_quantity
from terminal.store import State

FUNDS: Final = (Reason.CASH_NOT_AVAILABLE, Reason.HOLDING_NOT_AVAILABLE)


class Problem(Struct, frozen=True):
    """A rule that the draft would break, with its figures."""

    reason: Reason
    figure_a: int = 0
    figure_b: int = 0


@dataclass(frozen=True)
class Draft:
    """A ticket being filled in: to list, or to pick `listing`."""

    product: str = ""
    side: Side = Side.BUY
    price_text: str = ""
    quantity_text: str = ""
    listing: ListingView | None = None

    @property
    def is_pick(self) -> bool:
        """The ticket takes a listing; price and side are then fixed."""
        return self.listing is not None

    @property
    def price_fen(self) -> int:
        """The price, 0 where it is not typed yet or not one."""
        return self.listing.price_fen if self.listing else parse_price(self.price_text)

    def quantity_t(self, state: State) -> int:
        """Return the tonnes, 0 where none are typed yet; fractions are of what is possible."""
        return parse_quantity(self.quantity_text, possible_t(self, state))

    def amount_fen(self, state: State) -> int:
        """Return price times quantity."""
        return self.price_fen * self.quantity_t(state)


def pick_of(product: str, listing: ListingView) -> Draft:
    """Return the ticket that takes the whole of a listing."""
    side = Side.SELL if listing.side is Side.BUY else Side.BUY
    return Draft(product, side, quantity_text=str(listing.left_t), listing=listing)


def refreshed(draft: Draft, state: State) -> Draft:
    """Return a pick ticket with what is left of its listing now; 0 where it is gone."""
    if draft.listing is None or state.level is None:
        return draft
    for row in state.listings:
        if row.order == draft.listing.order:
            return replace(draft, listing=row)
    return replace(draft, listing=_gone(draft.listing))


def possible_t(draft: Draft, state: State) -> int:
    """Return how many tonnes could be traded: holding or cash, the limit of an order, the listing."""
    profile = state.profile
    if profile is None or state.account is None:
        return 0
    if draft.side is Side.SELL:
        holding = state.holding(draft.product)
        available_t = holding.available_t if holding else 0
    elif draft.price_fen:
        cash_fen = max(0, state.account.cash.available_fen)
        available_t = cash_fen // draft.price_fen  # floor: what can be paid in full
    else:
        available_t = QUANTITY_T_MAX
    limit_t = draft.listing.left_t if draft.listing else profile.listed.quantity_t_max
    most_t = min(available_t, limit_t)
    return most_t - most_t % profile.lot_size_t


def problems(draft: Draft, state: State) -> tuple[Problem, ...]:
    """Return what the exchange would refuse, first broken rule first; unfinished fields are left out."""
    command = "PickListing" if draft.is_pick else "PlaceListing"
    order = PRECEDENCE[command]
    found = {problem.reason: problem for problem in _found(draft, state)}
    return tuple(found[reason] for reason in order if reason in found)


def command(draft: Draft, state: State, client_order: int) -> PlaceListing | PickListing | None:
    """Return the command of a complete draft, None while a field is missing."""
    quantity_t = draft.quantity_t(state)
    if not quantity_t or not draft.price_fen:
        return None
    if draft.listing is not None:
        return PickListing(
            listing=draft.listing.order, quantity_t=quantity_t, client_order=client_order
        )
    return PlaceListing(
        product=draft.product,
        side=draft.side,
        price_fen=draft.price_fen,
        quantity_t=quantity_t,
        client_order=client_order,
    )


def crossing(draft: Draft, state: State) -> tuple[int, int]:
    """Return price and tonnes of the best opposite level that a listing would touch, else zeros (R46)."""
    book = state.books.get(draft.product)
    if draft.is_pick or book is None or not draft.price_fen:
        return 0, 0
    opposite = book.asks if draft.side is Side.BUY else book.bids
    if not opposite:
        return 0, 0
    best = opposite[0]
    buys = draft.side is Side.BUY
    through = draft.price_fen >= best.price_fen if buys else draft.price_fen <= best.price_fen
    return (best.price_fen, best.quantity_t) if through else (0, 0)


def _gone(listing: ListingView) -> ListingView:
    return ListingView(
        order=listing.order,
        side=listing.side,
        price_fen=listing.price_fen,
        left_t=0,
        time_ns=listing.time_ns,
    )


def _found(draft: Draft, state: State) -> Iterator[Problem]:
    method, quote, profile = state.method(Method.LISTED), state.quote(draft.product), state.profile
    if profile is None or state.welcome is None:
        return
    if Permission.LISTED not in state.welcome.permissions:
        yield Problem(Reason.ROLE_NOT_PERMITTED)
    if method is not None and method.phase is not Phase.OPEN:
        yield Problem(Reason.PHASE_CLOSED, int(method.phase), method.next_time_ns)
    if quote is None:
        yield Problem(Reason.PRODUCT_UNKNOWN)
    elif not quote.is_listed:
        yield Problem(Reason.PRODUCT_NOT_LISTED)
    elif not quote.has_reference:
        yield Problem(Reason.REFERENCE_PRICE_MISSING)
    yield from _price_problems(draft, state)
    yield from _quantity_problems(draft, state)
    yield from _balance_problems(draft, state)


def _price_problems(draft: Draft, state: State) -> Iterator[Problem]:
    price_fen, quote, profile = draft.price_fen, state.quote(draft.product), state.profile
    if profile is None or not price_fen:
        return
    if draft.listing is not None:
        better_fen = _better_level(draft, state)
        if better_fen:
            yield Problem(Reason.BETTER_LEVEL_EXISTS, better_fen)
        return
    if price_fen % profile.tick_size_fen:
        yield Problem(Reason.PRICE_OFF_TICK, profile.tick_size_fen)
    if quote is not None and quote.has_reference:
        floor_fen, cap_fen = quote.listed_floor_fen, quote.listed_cap_fen
        if not floor_fen <= price_fen <= cap_fen:
            yield Problem(Reason.PRICE_OUTSIDE_BAND, floor_fen, cap_fen)


def _better_level(draft: Draft, state: State) -> int:
    """Return the price of a better level that is not wholly own, 0 where there is none (R45)."""
    book = state.books.get(draft.product)
    if book is None or draft.listing is None:
        return 0
    levels = book.asks if draft.listing.side is Side.SELL else book.bids
    for level in levels:
        if level.price_fen == draft.price_fen:
            return 0
        own_t = state.own_at(draft.product, draft.listing.side, level.price_fen)
        if level.quantity_t > own_t:
            return level.price_fen
    return 0


def _quantity_problems(draft: Draft, state: State) -> Iterator[Problem]:
    quantity_t, profile = draft.quantity_t(state), state.profile
    if draft.listing is not None and quantity_t > draft.listing.left_t:
        if draft.listing.left_t:
            yield Problem(Reason.LISTING_QUANTITY_NOT_AVAILABLE, draft.listing.left_t)
        else:
            yield Problem(Reason.ORDER_NOT_OPEN, draft.listing.order)
    if draft.listing is not None and draft.listing.order in state.own_open():
        yield Problem(Reason.OWN_LISTING, draft.listing.order)
    if profile is None or not quantity_t:
        return
    if quantity_t % profile.lot_size_t:
        yield Problem(Reason.QUANTITY_OFF_LOT, profile.lot_size_t)
    if draft.is_pick:
        return
    if quantity_t < profile.listed.quantity_t_min:
        yield Problem(Reason.QUANTITY_BELOW_MINIMUM, profile.listed.quantity_t_min)
    if quantity_t > profile.listed.quantity_t_max:
        yield Problem(Reason.QUANTITY_ABOVE_MAXIMUM, profile.listed.quantity_t_max)


def _balance_problems(draft: Draft, state: State) -> Iterator[Problem]:
    quantity_t = draft.quantity_t(state)
    if state.account is None or not quantity_t or not draft.price_fen:
        return
    if draft.side is Side.BUY:
        available_fen, needed_fen = state.account.cash.available_fen, draft.amount_fen(state)
        if needed_fen > available_fen:
            yield Problem(Reason.CASH_NOT_AVAILABLE, available_fen, needed_fen)
        return
    holding = state.holding(draft.product)
    available_t = holding.available_t if holding else 0
    if quantity_t > available_t:
        yield Problem(Reason.HOLDING_NOT_AVAILABLE, available_t, quantity_t)
