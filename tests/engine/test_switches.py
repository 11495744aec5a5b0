"""Dead man's switches: a key that falls silent loses what it placed, and neither halts nor outages count."""

import pytest
from msgspec import structs

from engine.commands import (
    AdvanceTime,
    ArmSwitch,
    CancelCause,
    CloseDay,
    HaltScope,
    NoteRestart,
    PlaceListing,
    Resume,
    Side,
)
from engine.events import (
    AnyEvent,
    Cancelled,
    DayClosed,
    ListingPlaced,
    PhaseChanged,
    Refused,
    Repeated,
    Resumed,
    SwitchArmed,
    SwitchFired,
)
from engine.profile import Profile
from engine.reasons import Reason
from tests.engine.batch_desk import FIRST, item, kinds
from tests.engine.control_desk import halt, roomy_profile
from tests.markets import OPERATOR_TWO, Desk, Twins, first_day, trader, trader_key
from tests.restarts import back, exchange_of

SECOND = 10**9


def roomy(switches: int = 9) -> Profile:
    rules = roomy_profile()
    return structs.replace(rules, capacity=structs.replace(rules.capacity, switches=switches))


def armed(desk: Desk, participant: int, timeout_s: int) -> SwitchArmed:
    command = ArmSwitch(timeout_s=timeout_s, client_order=FIRST + desk.next_client_order())
    told = desk.one(trader(participant), command)
    assert isinstance(told, SwitchArmed)
    return told


def at(desk: Desk, time_ns: int) -> list[AnyEvent]:
    return desk.send(0, AdvanceTime(), time_ns)


def trading_day(profile: Profile | None = None) -> Desk:
    """Return a desk at 09:30 with one listing of each of three traders."""
    desk = first_day(Twins(profile or roomy()))
    for participant in (1, 2, 3):
        desk.listing(participant, Side.BUY, 4_700, 10)
    return desk


# ---------------------------------------------------------------- firing


def test_a_switch_fires_at_its_deadline_and_not_a_moment_before() -> None:
    desk = trading_day()
    switch = armed(desk, 1, 5)
    assert switch.deadline_ns == desk.time_ns + 5 * SECOND
    assert exchange_of(desk).next_boundary_ns() == switch.deadline_ns
    assert at(desk, switch.deadline_ns - 1) == []
    fired, cancelled = at(desk, switch.deadline_ns)
    assert isinstance(fired, SwitchFired)
    assert (fired.participant, fired.key, fired.cancelled, fired.kept) == (1, trader(1), 1, 0)
    assert isinstance(cancelled, Cancelled)
    assert (cancelled.order, cancelled.cause) == (1, CancelCause.SWITCH)
    assert (cancelled.key, cancelled.client_order) == (trader(1), 1)
    assert at(desk, desk.time_ns + 60 * SECOND) == [], "it fires once"


def test_it_fires_before_the_command_that_comes_too_late() -> None:
    desk = trading_day()
    switch = armed(desk, 1, 5)
    listing = PlaceListing(**structs.asdict(item(0, Side.BUY, 4_700, 1)))
    told = desk.send(trader(1), listing, switch.deadline_ns)
    assert kinds(told) == [SwitchFired, Cancelled, ListingPlaced]


def test_who_arms_again_in_time_starts_anew() -> None:
    desk = trading_day()
    first = armed(desk, 1, 5)
    at(desk, first.deadline_ns - 2)
    second = armed(desk, 1, 5)
    assert second.deadline_ns == first.deadline_ns - 1 + 5 * SECOND
    assert at(desk, second.deadline_ns - 1) == []
    assert kinds(at(desk, second.deadline_ns)) == [SwitchFired, Cancelled]


def test_no_seconds_disarm_it() -> None:
    desk = trading_day()
    switch = armed(desk, 1, 5)
    gone = armed(desk, 1, 0)
    assert (gone.timeout_s, gone.deadline_ns) == (0, 0)
    assert at(desk, switch.deadline_ns) == []
    assert armed(desk, 2, 0).deadline_ns == 0, "also where none was armed"


def test_each_key_loses_only_what_it_placed() -> None:
    desk = trading_day()
    desk.approve(structs.replace(trader_key(50), participant=1))
    second = 8
    desk.send(second, PlaceListing(**structs.asdict(item(0, Side.BUY, 4_700, 1))))
    switch = armed(desk, 1, 5)
    told = at(desk, switch.deadline_ns)
    assert [getattr(event, "order", 0) for event in told[1:]] == [1]
    assert exchange_of(desk).orders(1)[1].is_open


def test_two_at_one_moment_fire_by_key_and_earlier_ones_first() -> None:
    desk = trading_day()
    for participant, wait in ((3, 5), (1, 9), (2, 5)):
        desk.send(
            trader(participant),
            ArmSwitch(timeout_s=wait, client_order=FIRST + participant),
            desk.time_ns,
        )
    told = at(desk, desk.time_ns + 9 * SECOND)
    assert kinds(told) == [SwitchFired, Cancelled] * 3
    keys = [event.key for event in told if isinstance(event, SwitchFired)]
    assert keys == [trader(2), trader(3), trader(1)]


def test_what_cannot_be_cancelled_then_is_kept_and_counted() -> None:
    """Listed orders cannot be cancelled once the method has ended, even while others go on."""
    rules = roomy()
    block = structs.replace(rules.block, sessions=(("13:00", "15:30"),))
    desk = trading_day(structs.replace(rules, block=block))
    at(desk, desk.clock("15:00") - SECOND)
    switch = armed(desk, 1, 5)
    (fired,) = at(desk, switch.deadline_ns)[-1:]
    assert isinstance(fired, SwitchFired)
    assert (fired.cancelled, fired.kept) == (0, 1)


# ---------------------------------------------------------------- numbers, limits, days


def test_a_repeat_is_told_the_first_answer_and_changes_nothing() -> None:
    desk = trading_day()
    command = ArmSwitch(timeout_s=5, client_order=FIRST)
    first = desk.one(trader(1), command)
    at(desk, desk.time_ns + SECOND)
    again = desk.one(trader(1), command)
    assert isinstance(again, Repeated)
    assert again.answer == first
    assert isinstance(first, SwitchArmed)
    assert exchange_of(desk).next_boundary_ns() == first.deadline_ns


@pytest.mark.parametrize("number", [FIRST, 1])
def test_a_number_of_another_content_is_refused(number: int) -> None:
    desk = trading_day()
    desk.one(trader(1), ArmSwitch(timeout_s=5, client_order=FIRST))
    told = desk.one(trader(1), ArmSwitch(timeout_s=6, client_order=number))
    assert isinstance(told, Refused)
    assert told.reason is Reason.CLIENT_ORDER_REUSED


def test_only_so_many_are_armed_at_a_time() -> None:
    desk = trading_day(roomy(2))
    armed(desk, 1, 5)
    armed(desk, 2, 5)
    told = desk.one(trader(3), ArmSwitch(timeout_s=5, client_order=FIRST))
    assert isinstance(told, Refused)
    assert (told.reason, told.figure_a) == (Reason.SWITCHES_FULL, 2)
    armed(desk, 2, 60)
    armed(desk, 1, 0)
    armed(desk, 3, 5)


def test_it_ends_with_the_day_and_waits_for_the_next_to_be_armed() -> None:
    desk = trading_day()
    armed(desk, 1, 3_600)
    told = desk.approve(CloseDay(explanation="演示"))
    assert kinds(told)[-1] is DayClosed
    assert exchange_of(desk).next_boundary_ns() == 0
    refused = desk.one(trader(1), ArmSwitch(timeout_s=5, client_order=FIRST))
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.DAY_NOT_OPEN


def test_at_one_moment_the_timetable_comes_first() -> None:
    """At the close orders lapse; the switch is gone before it fires."""
    desk = trading_day()
    at(desk, desk.clock("15:00") - 5 * SECOND)
    command = ArmSwitch(timeout_s=5, client_order=FIRST)
    desk.send(trader(1), command, desk.time_ns)
    told = at(desk, desk.clock("15:00"))
    assert SwitchFired not in kinds(told)
    assert kinds(told)[-1] is DayClosed
    causes = {event.cause for event in told if isinstance(event, Cancelled)}
    assert causes == {CancelCause.CLOSE}


def test_a_phase_changes_before_a_switch_of_the_same_moment_fires() -> None:
    desk = trading_day()
    at(desk, desk.clock("11:30") - 5 * SECOND)
    desk.send(trader(1), ArmSwitch(timeout_s=5, client_order=FIRST), desk.time_ns)
    told = kinds(at(desk, desk.clock("11:30")))
    assert told[0] is PhaseChanged
    assert told[-2:] == [SwitchFired, Cancelled], "a cancel is taken in the break too"


# ---------------------------------------------------------------- halts and restarts


def test_it_waits_while_the_market_is_halted() -> None:
    desk = trading_day()
    start = desk.time_ns
    switch = armed(desk, 1, 10)
    at(desk, start + 4 * SECOND)
    halt(desk, HaltScope.MARKET)
    assert exchange_of(desk).next_boundary_ns() == desk.clock("11:30")
    assert at(desk, start + 60 * SECOND) == []
    told = resume(desk)
    moved = told[1]
    assert isinstance(moved, SwitchArmed)
    halted_ns = desk.time_ns - (start + 4 * SECOND + 1)
    assert moved.deadline_ns == switch.deadline_ns + halted_ns
    assert (moved.client_order, moved.timeout_s) == (0, 10)
    assert at(desk, moved.deadline_ns - 1) == []
    assert kinds(at(desk, moved.deadline_ns)) == [SwitchFired, Cancelled]


def resume(desk: Desk) -> list[AnyEvent]:
    """End halt 1 and return all events."""
    return desk.send(OPERATOR_TWO, Resume(halt=1, explanation="演示"))


def test_armed_in_a_halt_it_runs_from_its_end_on() -> None:
    desk = trading_day()
    halt(desk, HaltScope.MARKET)
    assert armed(desk, 1, 10).deadline_ns == 0
    at(desk, desk.time_ns + 100 * SECOND)
    told = resume(desk)
    assert getattr(told[1], "deadline_ns", 0) == desk.time_ns + 10 * SECOND


@pytest.mark.parametrize("scope", [HaltScope.METHOD, HaltScope.PRODUCT, HaltScope.PARTICIPANT])
def test_lesser_halts_do_not_stop_its_time(scope: HaltScope) -> None:
    desk = trading_day()
    switch = armed(desk, 1, 10)
    target = {"product": "CEA19-20"} if scope is HaltScope.PRODUCT else {"participant": 1}
    halt(desk, scope, **target)
    assert kinds(at(desk, switch.deadline_ns)) == [SwitchFired, Cancelled]
    assert kinds(resume(desk)) == [Resumed], "and its end moves nothing"


def test_the_time_in_which_the_exchange_was_down_does_not_count() -> None:
    desk = trading_day()
    for participant, wait in ((1, 10), (2, 3_600)):
        armed(desk, participant, wait)
    told = desk.send(0, NoteRestart(), desk.time_ns + 600 * SECOND)
    assert SwitchFired not in kinds(told)
    moved = [event for event in told if isinstance(event, SwitchArmed)]
    assert [(event.key, event.deadline_ns) for event in moved] == [
        (trader(1), desk.time_ns + 10 * SECOND),
        (trader(2), desk.time_ns + 3_600 * SECOND),
    ]
    assert kinds(at(desk, moved[0].deadline_ns)) == [SwitchFired, Cancelled]


def test_a_restart_in_a_halt_gives_the_whole_time_back() -> None:
    desk = trading_day()
    armed(desk, 1, 10)
    at(desk, desk.time_ns + 9 * SECOND)
    halt(desk, HaltScope.MARKET)
    told = desk.send(0, NoteRestart())
    assert [event.deadline_ns for event in told if isinstance(event, SwitchArmed)] == [0]
    told = resume(desk)
    assert getattr(told[1], "deadline_ns", 0) == desk.time_ns + 10 * SECOND


def test_nobody_else_can_say_that_the_exchange_was_down() -> None:
    desk = trading_day()
    switch = armed(desk, 1, 10)
    told = desk.send(trader(1), NoteRestart(), switch.deadline_ns)
    assert kinds(told) == [SwitchFired, Cancelled, Refused]


@pytest.mark.parametrize("is_halted", [False, True])
def test_snapshots_keep_switches_and_their_answers(is_halted: bool) -> None:
    desk = trading_day()
    command = ArmSwitch(timeout_s=10, client_order=FIRST)
    first = desk.one(trader(1), command)
    if is_halted:
        halt(desk, HaltScope.MARKET)
    assert isinstance(desk.market, Twins)
    desk.market.exchange = back(desk.market.exchange)
    again = desk.one(trader(1), command)
    assert isinstance(again, Repeated)
    assert again.answer == first
    if is_halted:
        resume(desk)
    assert kinds(at(desk, desk.time_ns + 10 * SECOND)) == [SwitchFired, Cancelled]
