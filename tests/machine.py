"""The state machine that Hypothesis drives: one rule per kind of move, both exchanges, every view."""

from random import Random

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from engine.commands import AdvanceTime, Method, OpenDay, ReferenceBasis
from engine.events import Phase
from engine.profile import Profile
from tests.markets import FIRST_DATE, Twins, small_profile
from tests.markets_profiles import matching_profile, rich_profile
from tests.moves_control import Moves
from tests.moves_orders import Sent
from tests.streams import Recorder, founded

SEEDS = st.integers(0, 2**32 - 1)
"""Each move is drawn from a seed: Hypothesis chooses and shrinks the sequence of moves. With its own
randoms most draws sat at the edges of their ranges, and in 60 examples nobody traded."""


class SideBySide(RuleBasedStateMachine):
    """Engine and oracle side by side; Hypothesis looks for the shortest quarrel."""

    profile: Profile = small_profile()

    def __init__(self) -> None:
        super().__init__()
        self.twins = Twins(self.profile)
        self.twins.looks_at_everything = False
        self.recorder = Recorder(self.twins)
        self.desk = founded(self.recorder, self.profile)
        self.moves = Moves(self.twins.oracle.state)
        self.twins.looks_at_everything = True

    def send(self, sent: Sent) -> None:
        """Apply a move to both."""
        self.desk.send(*sent)

    @initialize(hour=st.sampled_from(("", "08:31", "09:30", "13:00", "14:59")))
    def begin(self, hour: str) -> None:
        """Start before the first day, before its references, or in the middle of it."""
        if not hour:
            return
        self.desk.send(0, OpenDay(date=FIRST_DATE), self.desk.clock("08:30"))
        if hour != "08:31":
            self.desk.set_reference(4_800, basis=ReferenceBasis.ADMINISTRATIVE)
            self.desk.send(0, AdvanceTime(), self.desk.clock(hour))

    def is_open(self) -> bool:
        """Say whether a session is on."""
        methods = self.twins.oracle.state.methods.values()
        return any(row.phase == Phase.OPEN for row in methods)

    def block_is_open(self) -> bool:
        """Say whether blocks can be offered."""
        return self.twins.oracle.state.methods[Method.BLOCK].phase == Phase.OPEN

    @precondition(is_open)
    @rule(seed=SEEDS)
    def place(self, seed: int) -> None:
        self.send(self.moves.place(Random(seed)))

    @precondition(is_open)
    @rule(seed=SEEDS)
    def place_again(self, seed: int) -> None:
        self.send(self.moves.place(Random(seed)))

    @precondition(is_open)
    @rule(seed=SEEDS)
    def pick(self, seed: int) -> None:
        self.send(self.moves.pick(Random(seed)))

    @precondition(is_open)
    @rule(seed=SEEDS)
    def pick_again(self, seed: int) -> None:
        self.send(self.moves.pick(Random(seed)))

    @precondition(is_open)
    @rule(seed=SEEDS)
    def pick_more(self, seed: int) -> None:
        self.send(self.moves.pick(Random(seed)))

    @rule(seed=SEEDS)
    def cancel(self, seed: int) -> None:
        self.send(self.moves.cancel(Random(seed)))

    @precondition(block_is_open)
    @rule(seed=SEEDS)
    def offer(self, seed: int) -> None:
        self.send(self.moves.offer(Random(seed)))

    @precondition(block_is_open)
    @rule(seed=SEEDS)
    def accept(self, seed: int) -> None:
        self.send(self.moves.accept(Random(seed)))

    @precondition(is_open)
    @rule(seed=SEEDS)
    def take(self, seed: int) -> None:
        self.send(self.moves.take(Random(seed)))

    @rule(seed=SEEDS)
    def reduce(self, seed: int) -> None:
        self.send(self.moves.reduce(Random(seed)))

    @rule(seed=SEEDS)
    def group(self, seed: int) -> None:
        random = Random(seed)
        self.send(random.choice((self.moves.group, self.moves.offer_group))(random))

    @precondition(block_is_open)
    @rule(seed=SEEDS)
    def talk(self, seed: int) -> None:
        random = Random(seed)
        words = (self.moves.counter, self.moves.confirm, self.moves.refuse)
        self.send(random.choices(words, (5, 5, 1))[0](random))

    @rule(seed=SEEDS)
    def auction(self, seed: int) -> None:
        random = Random(seed)
        self.send(random.choice((self.moves.bid, self.moves.bid, self.moves.apply))(random))

    @rule(seed=SEEDS)
    def decide(self, seed: int) -> None:
        self.send(self.moves.decide(Random(seed)))

    @rule(seed=SEEDS)
    def halt(self, seed: int) -> None:
        self.send(self.moves.halt(Random(seed)))

    @rule(seed=SEEDS)
    def meddle(self, seed: int) -> None:
        random = Random(seed)
        self.send(random.choice((self.moves.stray, self.moves.nobody))(random))

    @precondition(is_open)
    @rule(seed=SEEDS)
    def batch(self, seed: int) -> None:
        random = Random(seed)
        moves = (self.moves.place_many, self.moves.repeat_batch, self.moves.cancel_many)
        self.send(random.choices(moves, (3, 2, 1))[0](random))

    @rule(seed=SEEDS)
    def cancel_everything(self, seed: int) -> None:
        random = Random(seed)
        self.send(random.choice((self.moves.cancel_all, self.moves.lost))(random))

    @rule(seed=SEEDS)
    def switch(self, seed: int) -> None:
        random = Random(seed)
        moves = (self.moves.arm, self.moves.fires, self.moves.restart)
        self.send(random.choices(moves, (5, 3, 1))[0](random))

    @rule(seed=SEEDS)
    def limit(self, seed: int) -> None:
        self.send(self.moves.limit(Random(seed)))

    @rule(seed=SEEDS)
    def repeat(self, seed: int) -> None:
        self.send(self.moves.repeat(Random(seed)))

    @rule(seed=SEEDS)
    def control(self, seed: int) -> None:
        self.send(self.moves.control(Random(seed)))

    @rule(seed=SEEDS)
    def registry(self, seed: int) -> None:
        self.send(self.moves.registry(Random(seed)))

    @rule(seed=SEEDS)
    def clock(self, seed: int) -> None:
        """Let time pass, or do what is odd; a day seldom ends and soon begins."""
        random = Random(seed)
        if not self.twins.oracle.state.is_day_open:
            move = random.choice((self.moves.day, self.moves.day, self.moves.odd))
        else:
            few = (self.moves.late, self.moves.odd, self.moves.day)
            move = random.choice((*few, *[self.moves.time] * 5))
        self.send(move(random))

    @invariant()
    def laws_hold(self) -> None:
        self.recorder.laws.check()


class MatchingSideBySide(SideBySide):
    """On a market where crossing orders match."""

    profile = matching_profile()


class RichSideBySide(SideBySide):
    """On a market with fees, a position limit, deep picks and auctions with pro-rata ties."""

    profile = rich_profile()
