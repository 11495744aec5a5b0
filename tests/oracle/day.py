"""The oracle's trading day: opening, phases by the timetable or by hand, lapse, bulletin."""

from engine.commands import (
    CancelCause,
    ChangePhase,
    OpenDay,
)
from engine.events import AnyEvent, DayClosed, DayOpened, Phase, PhaseChanged
from engine.reasons import Reason
from tests.oracle import who
from tests.oracle.auction import end_due
from tests.oracle.bulletin import make_bulletin
from tests.oracle.ending import end, open_orders
from tests.oracle.records import MethodRecord, ProductRecord
from tests.oracle.rules import next_change, phase_at, timetable
from tests.oracle.state import State
from tests.oracle.switches import fire, next_deadline


def open_day(state: State, command: OpenDay) -> list[AnyEvent]:
    """Begin a trading day: numbers restart, delivered purchases become sellable (R56)."""
    if state.is_day_open:
        return [state.refused((Reason.DAY_STILL_OPEN, 0, 0))]
    if command.date <= state.date:
        return [state.refused((Reason.DATE_NOT_LATER, 0, 0))]
    if command.date in state.closures:
        return [state.refused((Reason.DATE_CLOSED, 0, 0))]
    state.date = command.date
    state.is_day_open = True
    state.ledger.roll()
    state.orders.clear()
    state.order_number = 0
    state.client_orders.clear()
    state.refused_batches.clear()
    state.batch_answers.clear()
    state.notices.clear()
    state.running_composite.clear()
    state.day_trades.clear()
    for product in state.products.values():
        _begin(product)
    listed = tuple(code for code in state.products if state.listed_on(code, command.date))
    events: list[AnyEvent] = [state.event(DayOpened, date=command.date, products=listed)]
    events += who.expire(state)
    who.drop_codes(state)
    state.agenda.clear()
    moments: set[int] = set()
    for method, record in state.methods.items():
        record.sessions = timetable(getattr(state.profile, method.name.lower()), command.date)
        record.phase = Phase.PRE_OPEN
        record.next_ns = record.sessions[0][0]
        moments |= own_moments(record)
        events.append(
            state.event(
                PhaseChanged, method=method, phase=record.phase, next_time_ns=record.next_ns
            )
        )
    state.agenda.update(moments)
    return events + keep_time(state)


def _begin(record: ProductRecord) -> None:
    record.previous_close_fen = record.close_fen
    record.reference_fen = 0
    record.basis = None
    record.listed_band = record.block_band = (0, 0)


def own_moments(record: MethodRecord) -> set[int]:
    """Return when the sessions of a method begin and end."""
    return {moment for session in record.sessions for moment in session}


def keep_time(state: State) -> list[AnyEvent]:
    """Do what was due at the boundaries that the entry's time has reached, one after the other.

    At one moment auctions end first, then phases change, then switches fire; at the last one the day
    closes and no switch is left.
    """
    events: list[AnyEvent] = []
    while state.is_day_open and state.agenda:
        due = next_deadline(state)
        if due is not None and due[0] < state.agenda[0]:
            if due[0] > state.time_ns:
                break
            events += fire(state, due[1])
            continue
        if state.agenda[0] > state.time_ns:
            break
        boundary = state.agenda.pop(0)
        events += end_due(state, boundary)
        if all(boundary >= record.sessions[-1][1] for record in state.methods.values()):
            events += close(state)
        else:
            events += _change_phases(state, boundary)
    return events


def _change_phases(state: State, boundary: int) -> list[AnyEvent]:
    """Give the timetable's phase to the methods whose own timetable has this moment."""
    events: list[AnyEvent] = []
    for method, record in state.methods.items():
        if boundary not in own_moments(record):
            continue
        now = phase_at(record.sessions, boundary), next_change(record.sessions, boundary)
        if now != (record.phase, record.next_ns):
            record.phase, record.next_ns = now
            events.append(
                state.event(
                    PhaseChanged, method=method, phase=record.phase, next_time_ns=record.next_ns
                )
            )
    return events


def change_phase(state: State, action: ChangePhase, place: int) -> AnyEvent:
    """Open a method by hand, or put it in a break, until its next own moment."""
    if not state.is_day_open:
        return state.refused((Reason.DAY_NOT_OPEN, 0, 0), action=place)
    if action.method not in state.methods:
        return state.refused((Reason.NOT_OFFERED, 0, 0), action=place)
    record = state.methods[action.method]
    if action.is_open == (record.phase == Phase.OPEN):
        unchanged = (Reason.PHASE_UNCHANGED, int(record.phase), 0)
        return state.refused(unchanged, action=place)
    record.phase = Phase.OPEN if action.is_open else Phase.BREAK
    ahead = [moment for moment in own_moments(record) if moment > state.time_ns]
    record.next_ns = min(ahead, default=0)
    return state.event(
        PhaseChanged, method=action.method, phase=record.phase, next_time_ns=record.next_ns
    )


def close(state: State) -> list[AnyEvent]:
    """End the day: what stands lapses, auctions fail, all methods end, the bulletin stands (R97)."""
    events = end(state, open_orders(state), CancelCause.CLOSE)
    for method, record in state.methods.items():
        if record.phase != Phase.ENDED:
            record.phase, record.next_ns = Phase.ENDED, 0
            events.append(
                state.event(PhaseChanged, method=method, phase=Phase.ENDED, next_time_ns=0)
            )
    state.agenda.clear()
    state.switches.clear()
    state.armings.clear()
    bulletin = make_bulletin(state)
    state.bulletins.append(bulletin)
    state.is_day_open = False
    return [*events, state.event(DayClosed, bulletin=bulletin)]
