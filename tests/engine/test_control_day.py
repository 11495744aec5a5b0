"""The course of a day by hand: phases changed, the day closed early, dates on which nobody trades (R26)."""

import pytest
from msgspec import structs

from engine.commands import (
    Action,
    AddClosure,
    AdvanceTime,
    CancelCause,
    ChangePhase,
    CloseDay,
    Method,
    OpenDay,
    RemoveClosure,
    Side,
)
from engine.events import (
    AnyEvent,
    Cancelled,
    ClosureAdded,
    ClosureRemoved,
    DayClosed,
    DayOpened,
    ListingPlaced,
    Phase,
    PhaseChanged,
    Refused,
)
from engine.profile import Profile
from engine.reasons import Reason
from tests.engine.control_desk import (
    exchange_of,
    refusal,
    refused_action,
    roomy_profile,
    watched_day,
)
from tests.markets import PRODUCT, Desk

LISTED, BLOCK, AUCTION = Method.LISTED, Method.BLOCK, Method.AUCTION
Told = tuple[Method, Phase, str]


def without_auctions() -> Profile:
    return structs.replace(roomy_profile(), auction=None)


def told(desk: Desk, events: list[AnyEvent]) -> list[Told]:
    """Return the phase changes among events; the next one as a time of the day, empty if none comes."""
    clocks = {desk.clock(text): text for text in ("09:30", "11:30", "13:00", "15:00")} | {0: ""}
    return [
        (event.method, event.phase, clocks[event.next_time_ns])
        for event in events
        if isinstance(event, PhaseChanged)
    ]


def by_hand(desk: Desk, text: str, method: Method, *, is_open: bool) -> list[Told]:
    desk.send(0, AdvanceTime(), desk.clock(text))
    return told(desk, desk.approve(ChangePhase(method=method, is_open=is_open)))


# ---------------------------------------------------------------- phases


def test_each_method_follows_its_own_sessions() -> None:
    """11:30 and 13:00 are moments of listed and auction sessions, 13:00 alone of the block session."""
    desk = watched_day(roomy_profile())
    assert told(desk, desk.advance("11:30")) == [
        (LISTED, Phase.BREAK, "13:00"),
        (AUCTION, Phase.BREAK, "13:00"),
    ]
    assert told(desk, desk.advance("13:00")) == [
        (LISTED, Phase.OPEN, "15:00"),
        (BLOCK, Phase.OPEN, "15:00"),
        (AUCTION, Phase.OPEN, "15:00"),
    ]
    assert told(desk, desk.advance("15:00")) == [
        (LISTED, Phase.ENDED, ""),
        (BLOCK, Phase.ENDED, ""),
        (AUCTION, Phase.ENDED, ""),
    ]


def test_a_break_by_hand_lasts_until_the_methods_next_moment() -> None:
    desk = watched_day(roomy_profile())
    assert by_hand(desk, "10:00", LISTED, is_open=False) == [(LISTED, Phase.BREAK, "11:30")]
    refused = desk.listing(1, Side.SELL, 4_900, 10)
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.figure_a) == (Reason.PHASE_CLOSED, Phase.BREAK)
    assert refused.figure_b == desk.clock("11:30")
    assert by_hand(desk, "10:30", LISTED, is_open=True) == [(LISTED, Phase.OPEN, "11:30")]
    assert isinstance(desk.listing(1, Side.SELL, 4_900, 10), ListingPlaced)
    assert by_hand(desk, "11:00", LISTED, is_open=False) == [(LISTED, Phase.BREAK, "11:30")]
    assert told(desk, desk.advance("11:30")) == [
        (LISTED, Phase.BREAK, "13:00"),  # a break already; what is new is when it ends
        (AUCTION, Phase.BREAK, "13:00"),
    ]


def test_opened_by_hand_in_the_lunch_break_and_before_the_session() -> None:
    desk = watched_day(roomy_profile())
    assert by_hand(desk, "11:00", BLOCK, is_open=True) == [(BLOCK, Phase.OPEN, "13:00")]
    assert told(desk, desk.advance("11:30")) == [  # no moment of the block session: it stays open
        (LISTED, Phase.BREAK, "13:00"),
        (AUCTION, Phase.BREAK, "13:00"),
    ]
    assert by_hand(desk, "12:00", LISTED, is_open=True) == [(LISTED, Phase.OPEN, "13:00")]
    assert told(desk, desk.advance("13:00")) == [
        (LISTED, Phase.OPEN, "15:00"),
        (BLOCK, Phase.OPEN, "15:00"),
        (AUCTION, Phase.OPEN, "15:00"),
    ]


def test_a_method_whose_sessions_are_over_can_be_opened_until_the_day_closes() -> None:
    rules = without_auctions()
    listed = structs.replace(rules.listed, sessions=(("09:30", "11:30"),))
    desk = watched_day(structs.replace(rules, listed=listed))
    assert told(desk, desk.advance("11:30")) == [(LISTED, Phase.ENDED, "")]
    action = ChangePhase(method=LISTED, is_open=False)
    assert refused_action(desk, action) == (Reason.PHASE_UNCHANGED, Phase.ENDED, 0)
    assert by_hand(desk, "14:00", LISTED, is_open=True) == [(LISTED, Phase.OPEN, "")]
    assert isinstance(desk.listing(1, Side.SELL, 4_900, 10), ListingPlaced)
    assert told(desk, desk.advance("15:00")) == [
        (LISTED, Phase.ENDED, ""),
        (BLOCK, Phase.ENDED, ""),
    ]


def test_a_market_without_auctions_has_no_phase_of_them() -> None:
    desk = watched_day(without_auctions())
    assert [row.method for row in exchange_of(desk).market().methods] == [LISTED, BLOCK]
    assert {method for method, *_ in told(desk, desk.advance("15:00"))} == {LISTED, BLOCK}


def test_refusals_of_a_phase() -> None:
    desk = watched_day(without_auctions())
    for action, expected in (
        (ChangePhase(method=AUCTION, is_open=True), (Reason.NOT_OFFERED, 0, 0)),
        (ChangePhase(method=LISTED, is_open=True), (Reason.PHASE_UNCHANGED, Phase.OPEN, 0)),
        (ChangePhase(method=BLOCK, is_open=False), (Reason.PHASE_UNCHANGED, Phase.PRE_OPEN, 0)),
    ):
        assert refused_action(desk, action) == expected
    desk.advance("15:00")
    for method in Method:
        action = ChangePhase(method=method, is_open=True)
        assert refused_action(desk, action) == (Reason.DAY_NOT_OPEN, 0, 0)


# ---------------------------------------------------------------- the close


def test_the_day_closed_before_its_time() -> None:
    """Orders lapse, methods end, the bulletin stands; nothing is left to happen by itself."""
    desk = watched_day(roomy_profile())
    desk.listing(1, Side.SELL, 4_900, 10)
    desk.listing(2, Side.BUY, 4_700, 10)
    first, second, *phases, closed = desk.approve(CloseDay(explanation="演示"))
    assert [
        (event.order, event.cause) for event in (first, second) if isinstance(event, Cancelled)
    ] == [(1, CancelCause.CLOSE), (2, CancelCause.CLOSE)]
    assert told(desk, phases) == [(method, Phase.ENDED, "") for method in Method]
    assert isinstance(closed, DayClosed)
    assert closed.bulletin.products[0].close_fen == 4_800
    assert exchange_of(desk).next_boundary_ns() == 0
    assert exchange_of(desk).bulletins() == (closed.bulletin,)
    again = CloseDay(explanation="演示")
    assert refused_action(desk, again) == (Reason.DAY_NOT_OPEN, 0, 0)
    assert desk.advance("15:00") == []
    desk.open_day("2021-07-19")
    assert desk.set_reference(4_800).price_fen == 4_800


def test_a_method_that_has_ended_does_not_end_again() -> None:
    rules = without_auctions()
    listed = structs.replace(rules.listed, sessions=(("09:30", "11:30"),))
    desk = watched_day(structs.replace(rules, listed=listed))
    desk.advance("14:00")
    assert told(desk, desk.approve(CloseDay(explanation="演示"))) == [(BLOCK, Phase.ENDED, "")]


def test_what_follows_in_a_proposal_finds_the_day_closed() -> None:
    desk = watched_day(roomy_profile())
    early = CloseDay(explanation="演示")
    *_, closed, refused = desk.approve(early, ChangePhase(method=LISTED, is_open=False))
    assert isinstance(closed, DayClosed)
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.action) == (Reason.DAY_NOT_OPEN, 1)


# ---------------------------------------------------------------- closures


def closure(date: str) -> AddClosure:
    return AddClosure(date=date, explanation="台风")


def test_a_day_that_is_closed_is_not_opened() -> None:
    desk = watched_day(roomy_profile())
    (added,) = desk.approve(closure("2021-07-20"))
    assert isinstance(added, ClosureAdded)
    assert (added.date, added.explanation) == ("2021-07-20", "台风")
    desk.approve(closure("2021-07-19"))
    assert [row.date for row in exchange_of(desk).closures()] == ["2021-07-19", "2021-07-20"]
    desk.advance("15:00")
    assert refusal(desk, 0, OpenDay(date="2021-07-19")) == (Reason.DATE_CLOSED, 0, 0)
    (removed,) = desk.approve(RemoveClosure(date="2021-07-20"))
    assert isinstance(removed, ClosureRemoved)
    assert isinstance(desk.open_day("2021-07-20")[0], DayOpened)
    assert [row.date for row in exchange_of(desk).closures()] == ["2021-07-19"]


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (closure("2021-07-15"), Reason.DATE_NOT_LATER),
        (closure("2021-07-16"), Reason.DATE_NOT_LATER),
        (closure("2021-07-20"), Reason.DATE_CLOSED),
        (closure("2021-07-22"), Reason.CLOSURES_FULL),
        (RemoveClosure(date="2021-07-16"), Reason.CLOSURE_UNKNOWN),
        (RemoveClosure(date="2021-07-22"), Reason.CLOSURE_UNKNOWN),
    ],
    ids=lambda value: value.name if isinstance(value, Reason) else "",
)
@pytest.mark.parametrize("is_open", [True, False], ids=["open", "closed"])
def test_refusals_of_a_closure(action: Action, expected: Reason, *, is_open: bool) -> None:
    rules = roomy_profile()
    capacity = structs.replace(rules.capacity, closures=2)
    desk = watched_day(structs.replace(rules, capacity=capacity))
    desk.approve(closure("2021-07-20"), closure("2021-07-21"))
    if not is_open:
        desk.advance("15:00")
    limit = 2 if expected is Reason.CLOSURES_FULL else 0
    assert refused_action(desk, action) == (expected, limit, 0)


def test_a_closure_that_has_passed_stays_and_takes_no_room() -> None:
    rules = roomy_profile()
    desk = watched_day(structs.replace(rules, capacity=structs.replace(rules.capacity, closures=1)))
    desk.approve(closure("2021-07-19"))
    desk.advance("15:00")
    desk.open_day("2021-07-20")
    past = RemoveClosure(date="2021-07-19")
    assert refused_action(desk, past) == (Reason.DATE_NOT_LATER, 0, 0)
    (added,) = desk.approve(closure("2021-07-21"))
    assert isinstance(added, ClosureAdded)
    assert [row.date for row in exchange_of(desk).closures()] == ["2021-07-19", "2021-07-21"]
    assert desk.set_reference(4_800, PRODUCT).price_fen == 4_800
