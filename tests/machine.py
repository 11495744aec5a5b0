"""The state machine that Hypothesis drives: one rule per kind of move, both exchanges, every view."""

from random import Random

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from engine.commands import AdvanceTime, Method, OpenDay, ReferenceBasis
from engine.events import Phase
from engine.profile import Profile
from tests.markets import FIRST_DATE, Twins, small_profile
from tests.moves_control import Moves
from tests.moves_orders import Sent
from tests.streams import Recorder, founded

RANDOM = st.randoms(use_true_random=False)


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
    @rule(random=RANDOM)
    def place(self, random: Random) -> None:
        self.send(self.moves.place(random))

    @precondition(is_open)
    @rule(random=RANDOM)
    def place_again(self, random: Random) -> None:
        self.send(self.moves.place(random))

    @precondition(is_open)
    @rule(random=RANDOM)
    def pick(self, random: Random) -> None:
        self.send(self.moves.pick(random))

    @precondition(is_open)
    @rule(random=RANDOM)
    def pick_again(self, random: Random) -> None:
        self.send(self.moves.pick(random))

    @rule(random=RANDOM)
    def cancel(self, random: Random) -> None:
        self.send(self.moves.cancel(random))

    @precondition(block_is_open)
    @rule(random=RANDOM)
    def offer(self, random: Random) -> None:
        self.send(self.moves.offer(random))

    @precondition(block_is_open)
    @rule(random=RANDOM)
    def accept(self, random: Random) -> None:
        self.send(self.moves.accept(random))

    @rule(random=RANDOM)
    def repeat(self, random: Random) -> None:
        self.send(self.moves.repeat(random))

    @rule(random=RANDOM)
    def control(self, random: Random) -> None:
        self.send(self.moves.control(random))

    @rule(random=RANDOM)
    def registry(self, random: Random) -> None:
        self.send(self.moves.registry(random))

    @rule(random=RANDOM)
    def time(self, random: Random) -> None:
        self.send(self.moves.time(random))

    @rule(random=RANDOM)
    def late(self, random: Random) -> None:
        self.send(self.moves.late(random))

    @rule(random=RANDOM)
    def odd(self, random: Random) -> None:
        self.send(self.moves.odd(random))

    @rule(random=RANDOM)
    def day(self, random: Random) -> None:
        self.send(self.moves.day(random))

    @invariant()
    def laws_hold(self) -> None:
        self.recorder.laws.check()
