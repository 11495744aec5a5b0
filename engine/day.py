"""The trading day: opening, phases by the timetable, the lapse of open orders, the close (R26-R29, R54, R97)."""

from engine.commands import Method, OpenDay
from engine.core.records import EVENT_BY_CLOSE
from engine.ending import end_orders, open_orders
from engine.events import AnyEvent, DayClosed, DayOpened, Phase, PhaseChanged
from engine.market import Market
from engine.prices import make_bulletin, weigh
from engine.profile import Sessions
from engine.reasons import Reason
from engine.units import midnight_ns, parse_clock


def _sessions(rules: Sessions, date: str) -> list[tuple[int, int]]:
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
    rules = (market.profile.listed, market.profile.block)
    sessions = [_sessions(rule, command.date) for rule in rules]  # ValueError before any change
    market.archive_day()
    market.core.clear_day()
    market.date = command.date
    market.is_day_open = True
    market.sessions = sessions
    market.previous_closes_fen = list(market.closes_fen)
    market.references_fen = [0] * len(market.codes)
    _clear_products(market)
    _roll_holdings(market)
    market.agenda = sorted({time for rows in sessions for row in rows for time in row})
    market.core.market["boundary_ns"] = market.agenda[0]
    listed = tuple(code for i, code in enumerate(market.codes) if market.is_listed(i))
    events: list[AnyEvent] = [market.event(DayOpened, date=command.date, products=listed)]
    events += [_enter(market, method, Phase.PRE_OPEN, sessions[method][0][0]) for method in Method]
    return events + keep_time(market)


def _clear_products(market: Market) -> None:
    state = market.core.state
    state.products[:] = 0
    state.products["is_listed"] = [market.is_listed(i) for i in range(len(market.codes))]
    state.tallies[:] = 0
    for name in ("count", "open_fen", "high_fen", "low_fen"):
        market.core.market[f"composite_{name}"] = 0
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
    """Change the phases whose boundary the entry in hand has reached, one boundary after the other."""
    events: list[AnyEvent] = []
    while market.agenda and market.agenda[0] <= market.hand.time_ns:
        boundary = market.agenda.pop(0)
        is_last = all(boundary >= rows[-1][1] for rows in market.sessions)
        if is_last:
            market.agenda.clear()
            events += end_orders(market, open_orders(market), EVENT_BY_CLOSE)  # R54
        market.core.market["boundary_ns"] = market.agenda[0] if market.agenda else 0
        for method in Method:
            phase = _phase_at(market.sessions[method], boundary)
            if phase != market.phase(method):
                next_ns = _next_change(market.sessions[method], boundary)
                events.append(_enter(market, method, phase, next_ns))
        if is_last:
            events.append(_close(market))
    return events


def _close(market: Market) -> AnyEvent:
    bulletin = make_bulletin(market)
    market.bulletins.append(bulletin)
    market.is_day_open = False
    return market.event(DayClosed, bulletin=bulletin)
