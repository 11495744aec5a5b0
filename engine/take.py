"""Taking a total quantity across levels and listings with one order (依次选择, R40-R43).

The whole plan is made first (`engine.take_plan`), then every fill is traded. The book is walked by the
occupancy words of its ladder, never by all orders.
"""

from collections.abc import Iterator

import numpy as np

from engine import operations
from engine.commands import Method, Side, TakeListings
from engine.core.layout import STANDS
from engine.core.records import CommandKind
from engine.events import AnyEvent, ListingsTaken
from engine.fees import fee_of
from engine.market import OK, Figures, Market
from engine.reasons import Reason
from engine.take_plan import Fill, Resting, Step, plan

WORD_BITS = 64


def take_listings(market: Market, command: TakeListings) -> list[AnyEvent]:
    """Trade what a taking order finds inside its limit, then sum it up; what is left does not rest."""
    product = operations.index_of(market, command.product)
    number = operations.number_order(
        market,
        command,
        product=product,
        side=command.side,
        price_fen=command.limit_price_fen,
        quantity_t=command.quantity_t,
    )
    if isinstance(number, list):
        return number
    broken = _broken(market, command, product)
    if broken != OK:
        return operations.refuse_order(market, number, broken)
    fills = _planned(market, command, product)
    broken = _plan_broken(market, command, product, fills)
    if broken != OK:
        return operations.refuse_order(market, number, broken)
    orders, quantities_t, prices_fen = zip(*fills, strict=True)
    trades = operations.trade_many(market, orders, number, quantities_t, prices_fen)
    left_t = command.quantity_t - sum(fill.quantity_t for fill in fills)
    operations.spend(market, number, left_t)
    taken = market.event(
        ListingsTaken,
        order=number,
        participant=market.participant_of(market.hand.key),
        key=market.hand.key,
        client_order=command.client_order,
        product=command.product,
        side=command.side,
        limit_price_fen=command.limit_price_fen,
        quantity_t=command.quantity_t,
        left_t=left_t,
        amount_fen=sum(fill.quantity_t * fill.price_fen for fill in fills),
        trades=len(fills),
    )
    return operations.answered(market, number, [*trades, taken])


# ---------------------------------------------------------------- rules


def _broken(market: Market, command: TakeListings, product: int) -> Figures:
    """Return the first rule that the order breaks before the book is looked at."""
    rules, participant = market.profile.listed, market.participant_of(market.hand.key)
    if not rules.picks or (rules.same_price_choice == "time" and command.preferred):
        return Reason.NOT_OFFERED, 0, 0
    broken = operations.may_act(market, Method.LISTED, participant, command.side)
    if broken == OK:
        broken = operations.product(market, product)
    if broken == OK:
        row = market.core.state.products[product]
        floor_fen, cap_fen = int(row["listed_floor_fen"]), int(row["listed_cap_fen"])
        broken = operations.price(market, command.limit_price_fen, floor_fen, cap_fen)
    if broken == OK:
        broken = operations.quantity(
            market,
            command.quantity_t,
            market.profile.lot_size_t,
            rules.quantity_t_min,
            rules.quantity_t_max,
        )
    return broken


def _plan_broken(
    market: Market, command: TakeListings, product: int, fills: tuple[Fill, ...]
) -> Figures:
    """Say whether anything can be taken, and whether the taker has the means for all of it together."""
    if not fills:
        return Reason.NOTHING_TO_TAKE, 0, 0
    amounts_fen = [fill.quantity_t * fill.price_fen for fill in fills]
    fees_fen = [
        fee_of(market.profile, Method.LISTED, Side.BUY, amount_fen).total_fen
        for amount_fen in amounts_fen
    ]
    return operations.means_of(
        market,
        market.participant_of(market.hand.key),
        product,
        command.side,
        sum(amounts_fen) + sum(fees_fen),
        sum(fill.quantity_t for fill in fills),
    )


# ---------------------------------------------------------------- the book in front of the taker


def _planned(market: Market, command: TakeListings, product: int) -> tuple[Fill, ...]:
    return plan(
        _steps(market, command, product),
        taker=market.participant_of(market.hand.key),
        quantity_t=command.quantity_t,
        levels_max=market.profile.listed.levels_shown,
        fills_max=market.profile.capacity.fills_per_command,
    )


def _steps(market: Market, command: TakeListings, product: int) -> Iterator[Step]:
    """Return the levels of the other side, best first, as deep as the limit price allows."""
    other = Side(Side.BUY + Side.SELL - command.side)
    ladder = 2 * product + other - 1
    row = market.core.state.ladders[ladder]
    origin_fen, step_fen = int(row["origin_fen"]), int(row["step_fen"])
    # Signed by the side: what lies behind the limit counts more steps than the limit itself.
    last = (command.limit_price_fen - origin_fen) // step_fen  # exact: both are on the tick
    preferred = _preferred(market, command, product, other)
    start = ladder * market.profile.capacity.levels
    for position in _taken_positions(market, ladder):
        if position > last:
            return
        head = int(market.core.state.levels[start + position]["head"])
        yield Step(
            price_fen=origin_fen + position * step_fen,
            preferred=tuple(preferred.get(position, ())),
            queue=_queue(market, head),
        )


def _taken_positions(market: Market, ladder: int) -> Iterator[int]:
    """Return the positions of a ladder at which listings stand, best first."""
    state, words = market.core.state, int(market.core.state.rules["words"])
    if state.ladders[ladder]["best"] < 0:
        return
    bits = state.bits[ladder * words : (ladder + 1) * words]
    for place in np.flatnonzero(bits).tolist():
        word = int(bits[place])
        while word:
            yield place * WORD_BITS + (word & -word).bit_length() - 1
            word &= word - 1


def _queue(market: Market, number: int) -> Iterator[Resting]:
    """Return the listings of a level from one of them on, oldest first."""
    while number:
        row = market.core.state.orders[number]
        yield Resting(number, int(row["participant"]), int(row["left_t"]))
        number = int(row["next"])


def _preferred(
    market: Market, command: TakeListings, product: int, side: Side
) -> dict[int, list[Resting]]:
    """Return the preferred listings that stand on a side of the product, by their position."""
    count = int(market.core.market["order_count"])
    found: dict[int, list[Resting]] = {}
    for number in command.preferred:
        if number > count:
            continue
        row = market.core.state.orders[number]
        if row["state"] != STANDS or row["kind"] != CommandKind.PLACE_LISTING:
            continue
        if row["product"] == product and row["side"] == side:
            resting = Resting(number, int(row["participant"]), int(row["left_t"]))
            found.setdefault(int(row["position"]), []).append(resting)
    return found
