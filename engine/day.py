"""The trading day: opening, phases by the timetable or by hand, the lapse of open orders, the close.

Rules R26-R29, R54 and R97. The agenda holds the moments of the day at which something happens by itself:
the ends of auctions first, then the phases of the methods whose own sessions have that moment.
"""

from engine import auction_end, enrolment_codes, keys, operations, switches
from engine.commands import (
    CancelCause,
    ChangePhase,
    CloseDay,
    Method,
    OpenDay,
)
from engine.events import AnyEvent, DayClosed, DayOpened, FailureCause, Phase, PhaseChanged
from engine.halts import mark_halts
from engine.market import OK, Figures, Market
from engine.prices import make_bulletin, weigh
from engine.profile import Auction, Sessions
from engine.reasons import Reason
from engine.units import midnight_ns, parse_clock


def _sessions(rules: Sessions | Auction | None, date: str) -> list[tuple[int, int]]:
    if rules is None:
        return []
    start = midnight_ns(date)
    return [(start + parse_clock(begin), start + parse_clock(end)) for begin, end in rules.sessions]


def _phase_at(sessions: list[tuple[int, int]], time_ns: int) -> Phase:
    """Return where a method stands at a time of its day; a session is [begin, end)."""
    if time_ns < sessions[0][0]:
        return Phase.PRE_OPEN
    if time_ns >= sessions[-1][1]:
        return Phase.ENDED
    is_open = any(begin <= time_ns < end for begin, end in sessions)
    return Phase.OPEN if is_open else Phase.BREAK


def _next_change(sessions: list[tuple[int, int]], time_ns: int) -> int:
    """Return when the phase changes next after a time, 0 if not on this day."""
    now = _phase_at(sessions, time_ns)
    for moment in sorted({moment for session in sessions for moment in session}):
        if moment > time_ns and _phase_at(sessions, moment) != now:
            return moment
    return 0


def open_day(market: Market, command: OpenDay) -> list[AnyEvent]:
    """Begin a trading day: numbers restart, delivered purchases become sellable (R56)."""
    if market.is_day_open:
        return [market.refused((Reason.DAY_STILL_OPEN, 0, 0))]
    if command.date <= market.date:
        return [market.refused((Reason.DATE_NOT_LATER, 0, 0))]
    if command.date in market.closures:
        return [market.refused((Reason.DATE_CLOSED, 0, 0))]
    profile = market.profile
    rules = (profile.listed, profile.block, profile.auction)
    sessions = [_sessions(rule, command.date) for rule in rules]  # ValueError before any change
    market.archive_day()
    market.core.clear_day()
    market.clear_talk()
    market.notices.clear()
    market.date = command.date
    market.is_day_open = True
    market.sessions = sessions
    market.previous_closes_fen = list(market.closes_fen)
    market.references_fen = [0] * len(market.codes)
    _clear_products(market)
    _roll_holdings(market)
    market.agenda = sorted({time for rows in sessions for row in rows for time in row})
    market.mark_boundary()
    listed = tuple(code for i, code in enumerate(market.codes) if market.is_listed(i))
    events: list[AnyEvent] = [market.event(DayOpened, date=command.date, products=listed)]
    events += keys.expire(market)
    enrolment_codes.forget_expired(market)
    events += [
        _enter(market, method, Phase.PRE_OPEN, sessions[method][0][0]) for method in market.methods
    ]
    return events + keep_time(market)


def _clear_products(market: Market) -> None:
    state = market.core.state
    state.products[:] = 0
    state.products["is_listed"] = [market.is_listed(i) for i in range(len(market.codes))]
    state.tallies[:] = 0
    for name in ("count", "open_fen", "high_fen", "low_fen"):
        market.core.market[f"composite_{name}"] = 0
    mark_halts(market)  # halts outlive days
    weigh(market)


def _roll_holdings(market: Market) -> None:
    """Make what was delivered sellable: F to A (R56)."""
    state = market.core.state
    state.holdings["available_t"] += state.stored["delivered_t"]
    state.stored["delivered_t"] = 0


def _enter(market: Market, method: Method, phase: Phase, next_ns: int) -> AnyEvent:
    row = market.core.state.methods[method]
    row["phase"] = phase
    row["next_ns"] = next_ns
    return market.event(PhaseChanged, method=method, phase=phase, next_time_ns=next_ns)


def keep_time(market: Market) -> list[AnyEvent]:
    """Do what the entry in hand finds due, one boundary after the other; the timetable before switches."""
    events: list[AnyEvent] = []
    while 0 < (boundary := int(market.core.market["boundary_ns"])) <= market.hand.time_ns:
        if market.agenda[:1] != [boundary]:
            events += switches.fire(market)
            continue
        del market.agenda[0]
        market.mark_boundary()
        events += auction_end.end_due(market, boundary)
        if all(boundary >= market.sessions[method][-1][1] for method in market.methods):
            events += _end_day(market)
        else:
            events += _follow_timetable(market, boundary)
    return events


def _follow_timetable(market: Market, boundary: int) -> list[AnyEvent]:
    """Move the methods whose own sessions begin or end now; a phase set by hand ends here at the latest."""
    events: list[AnyEvent] = []
    for method in market.methods:
        sessions = market.sessions[method]
        if not any(boundary in session for session in sessions):
            continue
        wanted = _phase_at(sessions, boundary), _next_change(sessions, boundary)
        row = market.core.state.methods[method]
        if wanted != (market.phase(method), int(row["next_ns"])):
            events.append(_enter(market, method, *wanted))
    return events


def _end_day(market: Market) -> list[AnyEvent]:
    """Close the day: open orders lapse (R54), announced auctions fail, closes and bulletin stand (R97)."""
    market.agenda.clear()
    switches.end_day(market)
    market.mark_boundary()
    events = operations.end(market, operations.open_orders(market), CancelCause.CLOSE)
    events += auction_end.fail_open(market, FailureCause.DAY_CLOSED)
    for method in market.methods:
        if market.phase(method) != Phase.ENDED:
            events.append(_enter(market, method, Phase.ENDED, 0))
    bulletin = make_bulletin(market)
    market.bulletins.append(bulletin)
    market.is_day_open = False
    events.append(market.event(DayClosed, bulletin=bulletin))
    return events


# ---------------------------------------------------------------- by hand


def change_phase(market: Market, action: ChangePhase, place: int) -> AnyEvent:
    """Open a method by hand or put it in a break, until its own timetable's next moment."""
    broken = _change_broken(market, action)
    if broken != OK:
        return market.refused(broken, place)
    now = market.hand.time_ns
    moments = sorted(time for session in market.sessions[action.method] for time in session)
    later = [time for time in moments if time > now]
    phase = Phase.OPEN if action.is_open else Phase.BREAK
    return _enter(market, action.method, phase, later[0] if later else 0)


def _change_broken(market: Market, action: ChangePhase) -> Figures:
    if not market.is_day_open:
        return Reason.DAY_NOT_OPEN, 0, 0
    if action.method not in market.methods:
        return Reason.NOT_OFFERED, 0, 0
    phase = market.phase(action.method)
    return (Reason.PHASE_UNCHANGED, phase, 0) if action.is_open == (phase is Phase.OPEN) else OK


def close_day(market: Market, _action: CloseDay, place: int) -> list[AnyEvent]:
    """Close the day before its timetable does (提前收市)."""
    if not market.is_day_open:
        return [market.refused((Reason.DAY_NOT_OPEN, 0, 0), place)]
    return _end_day(market)
