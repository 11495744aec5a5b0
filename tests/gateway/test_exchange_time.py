"""Exchange time opens and closes days: driven, at a rate, moved through the night; never the wall clock."""

import asyncio
from itertools import chain, repeat

import pytest

from engine.commands import AnyCommand
from engine.events import DayClosed, DayOpened, Phase, PhaseChanged
from gateway.clock import SimulatedClock, WallClock
from gateway.timekeeper import ClockNotDriven
from tests.gateway.sequencer_rig import Rig, kinds, moment

DAY = 24 * 3600 * 10**9


def phases(rig: Rig) -> list[tuple[str, Phase]]:
    """Return when the listed method entered which phase, on its first day."""
    found = []
    for item in rig.seen:
        for event in item.events:
            if isinstance(event, PhaseChanged) and event.method == 0:
                since = event.time_ns - moment("00:00")
                minutes, rest = divmod(since, 60 * 10**9)
                assert rest < 1_000, "a phase changes on its minute"
                found.append((f"{minutes // 60:02d}:{minutes % 60:02d}", event.phase))
    return found


async def test_a_driven_day_visits_every_boundary_on_its_time() -> None:
    rig = Rig()
    sequencer = await rig.start("08:00")
    assert kinds(rig.seen) == ["KeyEnrolled"] * 3
    assert await sequencer.advance_clock(moment("16:00")) == moment("16:00")
    assert phases(rig)[-4:] == [
        ("09:30", Phase.OPEN),
        ("11:30", Phase.BREAK),
        ("13:00", Phase.OPEN),
        ("15:00", Phase.ENDED),
    ]
    opened = [e for item in rig.seen for e in item.events if isinstance(e, DayOpened)]
    assert [(event.date, event.time_ns) for event in opened] == [("2021-07-16", moment("08:30"))]
    assert sequencer.exchange.next_boundary_ns() == 0


async def test_a_driven_clock_goes_over_the_weekend_to_the_next_trading_day() -> None:
    rig = Rig()
    sequencer = await rig.start("08:00")
    await sequencer.advance_clock(moment("10:00", "2021-07-20"))
    opened = [e for item in rig.seen for e in item.events if isinstance(e, DayOpened)]
    assert [event.date for event in opened] == ["2021-07-16", "2021-07-19", "2021-07-20"]
    closed = [e for item in rig.seen for e in item.events if isinstance(e, DayClosed)]
    assert [event.bulletin.date for event in closed] == ["2021-07-16", "2021-07-19"]
    assert [event.time_ns % DAY for event in closed] == [moment("15:00") % DAY] * 2
    names = rig.disk.names()
    assert [name for name in names if name.endswith(".journal")] == [
        "0000-00-00.journal",
        "2021-07-16.journal",
        "2021-07-19.journal",
        "2021-07-20.journal",
    ]


async def test_behind_the_calendar_no_day_is_opened() -> None:
    rig = Rig()
    sequencer = await rig.start("08:00")
    await sequencer.advance_clock(moment("10:00", "2021-08-20"))
    assert sequencer.exchange.market().date == "2021-07-21"
    assert sequencer.exchange.next_boundary_ns() == 0


@pytest.mark.parametrize(
    ("clock", "days", "phase"),
    [
        ("08:29", 0, None),
        ("08:30", 1, Phase.PRE_OPEN),
        ("10:15", 1, Phase.OPEN),
        ("12:00", 1, Phase.BREAK),
        ("15:00", 0, None),
    ],
)
async def test_a_start_within_the_trading_day_opens_it_at_once(
    clock: str, days: int, phase: Phase | None
) -> None:
    rig = Rig()
    sequencer = await rig.start(clock)
    assert kinds(rig.seen).count("DayOpened") == days
    if phase is not None:
        assert sequencer.exchange.market().methods[0].phase == phase


async def test_a_clock_of_its_own_opens_and_closes_the_day_by_itself() -> None:
    rig = Rig()
    done = asyncio.Event()
    # A tenth of a second is an hour at the exchange.
    sequencer = await rig.start("08:20", lambda start_ns: SimulatedClock(start_ns, 36_000.0))
    sequencer.listen(lambda batch: done.set() if "DayClosed" in kinds(batch) else None)
    await asyncio.wait_for(done.wait(), 60)
    assert [phase for _, phase in _late_phases(rig)][-4:] == [
        Phase.OPEN,
        Phase.BREAK,
        Phase.OPEN,
        Phase.ENDED,
    ]
    await sequencer.stop()


async def test_a_clock_of_its_own_can_be_moved_through_the_night_and_runs_on() -> None:
    rig = Rig()
    sequencer = await rig.start("08:20", lambda start_ns: SimulatedClock(start_ns, 1.0))
    morning = moment("09:30", "2021-07-19")
    assert await sequencer.advance_clock(morning) >= morning
    opened = [e for item in rig.seen for e in item.events if isinstance(e, DayOpened)]
    assert [event.date for event in opened] == ["2021-07-16", "2021-07-19"]
    assert sequencer.clock.now_ns() > morning
    await sequencer.stop()


async def test_a_clock_that_is_set_back_when_a_phase_is_due_stops_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.timekeeper.POLL_SECONDS", 0.001)
    rig, machine_ns = Rig(), [0]
    sequencer = await rig.start(
        "08:30", lambda start_ns: SimulatedClock(start_ns, 1.0, lambda: machine_ns[0])
    )
    keeper, changed = sequencer._timekeeper, asyncio.Event()
    submit, due = keeper._submit, keeper.due()
    assert due is not None
    steps = chain([-(10**9)], repeat(0))

    async def late(command: AnyCommand) -> object:
        machine_ns[0] += next(steps)
        changed.set()
        return await submit(command)

    monkeypatch.setattr(keeper, "_submit", late)
    machine_ns[0] = due[0] - moment("08:30")
    await asyncio.wait_for(changed.wait(), 60)
    while sequencer.exchange.time_ns < due[0] and sequencer.failure is None:
        machine_ns[0] += 10**8
        await asyncio.sleep(0)
    assert sequencer.failure is None
    assert keeper.due() != due
    await sequencer.stop()


async def test_nobody_moves_the_wall_clock() -> None:
    rig = Rig()
    sequencer = await rig.start("08:20", lambda _: WallClock())
    with pytest.raises(ClockNotDriven):
        await sequencer.advance_clock(moment("16:00"))
    await sequencer.stop()


def _late_phases(rig: Rig) -> list[tuple[int, Phase]]:
    events = [event for item in rig.seen for event in item.events]
    return [(e.time_ns, e.phase) for e in events if isinstance(e, PhaseChanged) and e.method == 0]
