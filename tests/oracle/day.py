"""The oracle's trading day: opening, phases by the timetable, lapse, closing prices, bulletin."""

from fractions import Fraction

from engine.commands import OpenDay
from engine.events import (
    AnyEvent,
    Bulletin,
    CancelCause,
    DayClosed,
    DayOpened,
    Phase,
    PhaseChanged,
    ProductDay,
)
from engine.profile import Sessions
from engine.reasons import Reason
from tests.oracle.orders import take_back
from tests.oracle.records import ProductRecord
from tests.oracle.rules import (
    composite_row,
    nearest,
    next_change,
    phase_at,
    timetable,
    weighted_mean,
)
from tests.oracle.state import State


def open_day(state: State, command: OpenDay) -> list[AnyEvent]:
    """Begin a trading day: numbers restart, delivered purchases become sellable (R56)."""
    if state.is_day_open:
        return [state.refused((Reason.DAY_STILL_OPEN, 0, 0))]
    if command.date <= state.date:
        return [state.refused((Reason.DATE_NOT_LATER, 0, 0))]
    state.date = command.date
    state.is_day_open = True
    state.ledger.roll()
    state.orders.clear()
    state.order_number = 0
    state.client_orders.clear()
    state.running_composite.clear()
    for record in state.products.values():
        _begin(record)
    listed = tuple(code for code in state.products if state.listed_on(code, command.date))
    events: list[AnyEvent] = [state.event(DayOpened, date=command.date, products=listed)]
    state.agenda.clear()
    for method, times in state.methods.items():
        rules: Sessions = getattr(state.profile, method.name.lower())
        times.sessions = timetable(rules, command.date)
        times.phase = Phase.PRE_OPEN
        times.next_ns = times.sessions[0][0]
        state.agenda.update({moment for session in times.sessions for moment in session})
        events.append(
            state.event(PhaseChanged, method=method, phase=times.phase, next_time_ns=times.next_ns)
        )
    return events + keep_time(state)


def _begin(record: ProductRecord) -> None:
    record.previous_close_fen = record.close_fen
    record.reference_fen = 0
    record.basis = None
    record.listed_band = record.block_band = (0, 0)
    record.listed.clear()
    record.block.clear()


def keep_time(state: State) -> list[AnyEvent]:
    """Change the phases whose boundary the entry's time has reached, one boundary after the other."""
    events: list[AnyEvent] = []
    while state.is_day_open and state.agenda and state.agenda[0] <= state.time_ns:
        boundary = state.agenda.pop(0)
        if all(boundary >= record.sessions[-1][1] for record in state.methods.values()):
            events += _lapse(state)
            events += _change_phases(state, boundary)
            events.append(_close(state))
        else:
            events += _change_phases(state, boundary)
    return events


def _change_phases(state: State, boundary: int) -> list[AnyEvent]:
    events: list[AnyEvent] = []
    for method, record in state.methods.items():
        phase = phase_at(record.sessions, boundary)
        if phase != record.phase:
            record.phase = phase
            record.next_ns = next_change(record.sessions, boundary)
            events.append(
                state.event(PhaseChanged, method=method, phase=phase, next_time_ns=record.next_ns)
            )
    return events


def _lapse(state: State) -> list[AnyEvent]:
    """End every open order of the day, in the order of their numbers (R54)."""
    return [
        take_back(state, order, CancelCause.CLOSE, order.key, order.client_order)
        for _, order in sorted(state.orders.items())
        if order.is_open
    ]


def closing_price(record: ProductRecord) -> int:
    """Return the listed VWAP of the whole day, or the price it began with (R49, R50)."""
    tonnes = sum(tonnes for _, tonnes in record.listed)
    if tonnes == 0:
        return record.base_fen()
    return nearest(Fraction(sum(price * tonnes for price, tonnes in record.listed), tonnes))


def published_open(state: State, code: str) -> int:
    """Return an opening price that was published by decision, 0 if there is none (R48)."""
    for row in state.profile.published_open:
        if row.product == code and row.date == state.date:
            return row.price_fen
    return 0


def product_day(state: State, record: ProductRecord) -> ProductDay:
    """Return a product's row of the bulletin (R85)."""
    prices = [price for price, _ in record.listed]
    first = prices[0] if prices else record.base_fen()
    return ProductDay(
        product=record.code,
        previous_close_fen=record.previous_close_fen,
        open_fen=published_open(state, record.code) or first,
        high_fen=max(prices, default=0),
        low_fen=min(prices, default=0),
        close_fen=closing_price(record),
        listed_quantity_t=sum(tonnes for _, tonnes in record.listed),
        listed_amount_fen=sum(price * tonnes for price, tonnes in record.listed),
        listed_trades=len(record.listed),
        block_quantity_t=sum(tonnes for _, tonnes in record.block),
        block_amount_fen=sum(price * tonnes for price, tonnes in record.block),
        block_trades=len(record.block),
    )


def _composite_open(state: State) -> int:
    """Return the composite's opening value (R53), a published one where it is its product's own."""
    row = composite_row(state.profile, state.date)
    if row is not None and len(row.members) == 1 and published_open(state, row.members[0]):
        return published_open(state, row.members[0])
    if state.running_composite:
        return state.running_composite[0]
    return state.composite_close_fen()


def _close(state: State) -> DayClosed:
    listed = [
        record for code, record in state.products.items() if state.listed_on(code, state.date)
    ]
    rows = tuple(product_day(state, record) for record in listed)
    for record, row in zip(listed, rows, strict=True):
        record.close_fen = row.close_fen
    closes = {record.code: record.close_fen for record in listed}
    listed_t = sum(row.listed_quantity_t for row in rows)
    listed_fen = sum(row.listed_amount_fen for row in rows)
    block_t = sum(row.block_quantity_t for row in rows)
    block_fen = sum(row.block_amount_fen for row in rows)
    last = state.bulletins[-1] if state.bulletins else None
    bulletin = Bulletin(
        date=state.date,
        previous_close_fen=state.composite_close_fen(),
        open_fen=_composite_open(state),
        high_fen=max(state.running_composite, default=0),
        low_fen=min(state.running_composite, default=0),
        close_fen=weighted_mean(composite_row(state.profile, state.date), closes),
        listed_quantity_t=listed_t,
        listed_amount_fen=listed_fen,
        block_quantity_t=block_t,
        block_amount_fen=block_fen,
        quantity_t=listed_t + block_t,
        amount_fen=listed_fen + block_fen,
        cumulative_quantity_t=(last.cumulative_quantity_t if last else 0) + listed_t + block_t,
        cumulative_amount_fen=(last.cumulative_amount_fen if last else 0) + listed_fen + block_fen,
        products=rows,
    )
    state.bulletins.append(bulletin)
    state.is_day_open = False
    return state.event(DayClosed, bulletin=bulletin)
