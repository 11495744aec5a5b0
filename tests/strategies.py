"""State-aware moves: commands aimed at the oracle's state so that rare branches are common.

A move takes a `random.Random`, which is a seeded one in streams and one that Hypothesis steers in
the state machine, so both draw the same commands. Uniformly random orders were tried first in the
ledger notes' trial and let half of the planted bugs live; so a move aims: it crosses by construction,
sizes to the limit and one past it, names live, own, filled and unknown orders, and repeats itself.
"""

from random import Random

from engine.commands import Method
from engine.events import AuctionState, Phase
from tests.moves_control import Moves
from tests.moves_orders import Sent
from tests.oracle.state import State

Chances = dict[str, int]
AFTER_THE_DAY: Chances = {
    "registry": 60, "day": 9, "place": 1, "repeat": 1, "cancel": 1, "control": 2, "odd": 1,
    "counter": 1, "bid": 1, "take": 1, "halt": 1, "group": 1, "stray": 4, "nobody": 1,
    "place_many": 1, "cancel_many": 1, "cancel_all": 1, "arm": 1, "lost": 1, "restart": 1,
    "access": 2, "company": 2, "strange_group": 1, "limit": 1,
}  # fmt: skip
BEFORE_AND_BETWEEN: Chances = {
    "registry": 25, "control": 25, "time": 14, "late": 3, "place": 2, "cancel": 6, "pick": 1,
    "offer": 1, "accept": 1, "repeat": 2, "odd": 1, "take": 1, "reduce": 2, "group": 3, "counter": 1,
    "confirm": 1, "refuse": 2, "offer_group": 1, "apply": 3, "bid": 2, "halt": 2, "stray": 2,
    "nobody": 1, "place_many": 1, "cancel_many": 2, "cancel_all": 2, "arm": 3, "fires": 1, "lost": 1,
    "repeat_batch": 2, "restart": 1, "access": 3, "company": 3, "strange_group": 1,
    "limit": 2,
}  # fmt: skip
TRADING: Chances = {
    "place": 300, "pick": 200, "take": 50, "cancel": 80, "reduce": 40, "repeat": 30, "registry": 70,
    "control": 45, "time": 9, "late": 1, "odd": 3, "halt": 5, "group": 4, "offer": 4, "accept": 3,
    "offer_group": 2, "counter": 2, "confirm": 1, "refuse": 1, "apply": 14, "bid": 6,
    "stray": 6, "nobody": 4, "decide": 6, "place_many": 40, "cancel_many": 14, "cancel_all": 4,
    "repeat_batch": 16, "arm": 12, "fires": 3, "lost": 3, "restart": 2, "access": 10, "company": 10,
    "strange_group": 1, "limit": 3,
}  # fmt: skip
AFTERNOON: Chances = TRADING | {
    "offer": 60, "accept": 50, "offer_group": 40, "counter": 90, "confirm": 70, "refuse": 20,
}  # fmt: skip


def chances(state: State) -> Chances:
    """Return how likely each move is where the day stands."""
    if not state.is_day_open:
        return AFTER_THE_DAY
    if state.order_number >= state.profile.capacity.orders_per_day:
        return AFTERNOON | {"day": 60}
    if state.methods[Method.LISTED].phase != Phase.OPEN:
        return BEFORE_AND_BETWEEN
    weights = AFTERNOON if state.methods[Method.BLOCK].phase == Phase.OPEN else TRADING
    if state.halts:
        weights = weights | {"halt": 60}
    if any(halt.product for halt in state.halts.values()):
        weights = weights | {"decide": 40}
    if state.stopped:
        weights = weights | {"company": 40}
    if state.removed:
        weights = weights | {"control": 90}
    weights = weights | auction_chances(state)
    waits = any(
        not row.reference_fen and state.listed_on(code, state.date)
        for code, row in state.products.items()
    )
    return weights | {"control": 500} if waits else weights


def auction_chances(state: State) -> Chances:
    """Return what auctions ask for: a decision soon after the application, bids inside the window."""
    auctions = state.auctions.values()
    more: Chances = {}
    if any(row.state == AuctionState.APPLIED for row in auctions):
        more["decide"] = 90
    announced = [row for row in auctions if row.state == AuctionState.ANNOUNCED]
    if any(row.begin_ns > state.time_ns for row in announced):
        more["time"] = 60
    if any(row.begin_ns <= state.time_ns < row.end_ns for row in announced):
        more |= {"bid": 300, "time": 10, "repeat": 60}
    return more


def stream_move(moves: Moves, random: Random) -> Sent:
    """Return the next move of a long stream that passes through days at a lively pace."""
    names, weights = zip(*chances(moves.state).items(), strict=True)
    (name,) = random.choices(names, weights)
    sent: Sent = getattr(moves, name)(random)
    return sent
