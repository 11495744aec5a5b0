"""Plays a planned day on plain dicts and says what it came to: an independent reading of the rules.

It shares no code with the planner: band, session, level, ownership, lock and T+1 are checked here from
the rulebook, action by action.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from bench.flow import ActionKind, DayPlan, PlannedAction
from engine.commands import Side

MORNING = (34_200, 41_400)
AFTERNOON = (46_800, 54_000)
SECOND = 1_000_000_000


@dataclass
class Verdict:
    """What a day came to."""

    trades: list[tuple[int, int]] = field(default_factory=list)
    blocks: list[tuple[int, int]] = field(default_factory=list)
    deepest: dict[Side, int] = field(default_factory=lambda: defaultdict(int))
    partial_picks: int = 0
    passed_over: int = 0
    """Picks of a listing that was not the oldest of its level."""
    cancels: int = 0
    probes: list[tuple[int, Side, bool]] = field(default_factory=list)


@dataclass
class _Order:
    action: PlannedAction
    left_t: int


def half_up(price: int, numerator: int) -> int:
    """Return price × numerator ÷ 10, rounded half up."""
    return (price * numerator * 2 + 10) // 20


class Judge:
    """One day's book and ledger."""

    def __init__(self, plan: DayPlan) -> None:
        reference = plan.figures.reference_fen
        self.band = (half_up(reference, 9), half_up(reference, 11))
        self.block_band = (half_up(reference, 7), half_up(reference, 13))
        self.cash = {need.participant: need.cash_fen for need in plan.needs}
        self.stock = {need.participant: need.quantity_t for need in plan.needs}
        self.open: dict[int, _Order] = {}
        self.verdict = Verdict()
        self.plan = plan
        self.last_ns = 0

    def run(self) -> Verdict:
        """Judge all actions in order."""
        assert [a.number for a in self.plan.actions] == list(range(1, len(self.plan.actions) + 1))
        for action in self.plan.actions:
            self.take_time(action)
            if action.is_refused:
                self.refuse(action)
                continue
            {
                ActionKind.LIST: self.rest,
                ActionKind.OFFER: self.rest,
                ActionKind.PICK: self.pick,
                ActionKind.CANCEL: self.cancel,
                ActionKind.ACCEPT: self.accept,
            }[action.kind](action)
            assert min(self.cash.values()) >= 0, action
            assert min(self.stock.values()) >= 0, action
        return self.verdict

    def take_time(self, action: PlannedAction) -> None:
        assert action.time_of_day_ns > self.last_ns, "every action has its own moment"
        self.last_ns = action.time_of_day_ns
        second = action.time_of_day_ns / SECOND
        is_block = action.kind in {ActionKind.OFFER, ActionKind.ACCEPT}
        sessions = (AFTERNOON,) if is_block else (MORNING, AFTERNOON)
        assert any(begin <= second < end for begin, end in sessions), action

    def refuse(self, action: PlannedAction) -> None:
        assert action.is_probe
        assert action.price_fen in {self.band[0] - 1, self.band[1] + 1}
        self.verdict.probes.append((action.price_fen, action.side, False))

    def rest(self, action: PlannedAction) -> None:
        if action.kind is ActionKind.LIST:
            assert self.band[0] <= action.price_fen <= self.band[1]
            assert 1 <= action.quantity_t <= 99_999
        else:
            assert self.block_band[0] <= action.price_fen <= self.block_band[1]
            assert action.quantity_t >= 100_000
            assert action.counterparty not in {0, action.participant}
        if action.is_probe:
            self.verdict.probes.append((action.price_fen, action.side, True))
        self.lock(action.participant, action.side, action.price_fen, action.quantity_t)
        self.open[action.number] = _Order(action, action.quantity_t)
        if action.kind is ActionKind.LIST:
            levels = {price for _, price in self.levels(action.side)}
            deepest = self.verdict.deepest
            deepest[action.side] = max(deepest[action.side], len(levels))

    def lock(self, participant: int, side: Side, price_fen: int, quantity_t: int) -> None:
        if side is Side.BUY:
            self.cash[participant] -= price_fen * quantity_t
        else:
            self.stock[participant] -= quantity_t

    def levels(self, side: Side, other_than: int = 0) -> list[tuple[int, int]]:
        """Return number and price of the listings of a side, without a participant's own."""
        return [
            (number, order.action.price_fen)
            for number, order in self.open.items()
            if order.action.kind is ActionKind.LIST
            and order.action.side is side
            and order.action.participant != other_than
        ]

    def pick(self, action: PlannedAction) -> None:
        order = self.open[action.target]
        resting = order.action
        assert resting.kind is ActionKind.LIST
        assert resting.participant != action.participant
        assert resting.side is not action.side
        assert resting.price_fen == action.price_fen
        assert 1 <= action.quantity_t <= order.left_t
        prices = [price for _, price in self.levels(resting.side, action.participant)]
        best = min(prices) if resting.side is Side.SELL else max(prices)
        assert resting.price_fen == best, "strict best first (R45)"
        same = [n for n, price in self.levels(resting.side) if price == resting.price_fen]
        self.verdict.passed_over += same[0] != action.target
        self.verdict.partial_picks += action.quantity_t < order.left_t
        self.lock(action.participant, action.side, action.price_fen, action.quantity_t)
        self.pay(action, order)
        self.verdict.trades.append((action.price_fen, action.quantity_t))

    def accept(self, action: PlannedAction) -> None:
        order = self.open[action.target]
        assert order.action.kind is ActionKind.OFFER
        assert order.action.counterparty == action.participant
        assert order.action.side is not action.side
        assert (action.price_fen, action.quantity_t) == (order.action.price_fen, order.left_t)
        self.lock(action.participant, action.side, action.price_fen, action.quantity_t)
        self.pay(action, order)
        self.verdict.blocks.append((action.price_fen, action.quantity_t))

    def pay(self, action: PlannedAction, order: _Order) -> None:
        """Credit the seller at once; the buyer's allowances stay away until tomorrow (R56)."""
        is_sale = action.side is Side.SELL
        seller = action.participant if is_sale else order.action.participant
        self.cash[seller] += action.price_fen * action.quantity_t
        order.left_t -= action.quantity_t
        if order.left_t == 0:
            del self.open[action.target]

    def cancel(self, action: PlannedAction) -> None:
        order = self.open.pop(action.target)
        assert order.action.participant == action.participant
        assert action.quantity_t == order.left_t
        self.lock(action.participant, order.action.side, order.action.price_fen, -order.left_t)
        self.verdict.cancels += not action.is_probe


def judge(plan: DayPlan) -> Verdict:
    """Return what a plan comes to; AssertionError where it breaks a rule or its own needs."""
    return Judge(plan).run()
