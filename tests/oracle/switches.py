"""The oracle's dead man's switches: a silent key loses what it placed; halts and outages do not count."""

from engine.commands import ArmSwitch, CancelCause, CancelOrder, HaltScope
from engine.events import AnyEvent, Repeated, SwitchArmed, SwitchFired
from engine.reasons import Reason
from tests.oracle.batches import REUSED, may_go, placed_by
from tests.oracle.ending import end
from tests.oracle.questions import OK
from tests.oracle.records import Switch
from tests.oracle.state import State
from tests.oracle.who import sender_broken

SECOND_NS = 10**9


def arm(state: State, command: ArmSwitch) -> list[AnyEvent]:
    """Arm the sender's switch, start it anew, or disarm it."""
    number = command.client_order
    broken = sender_broken(state, CancelOrder(order=1, client_order=number))
    if broken != OK:
        return [state.refused(broken, client_order=number)]
    last = state.armings.get(state.key)
    if last is not None and last[0] == command:
        return [state.event(Repeated, answer=last[1])]
    taken = (state.key, number) in state.client_orders
    if taken or (last is not None and last[0].client_order == number):
        return [state.refused(REUSED, client_order=number)]
    if not state.is_day_open:
        return [state.refused((Reason.DAY_NOT_OPEN, 0, 0), client_order=number)]
    limit = state.profile.capacity.switches
    is_new = state.key not in state.switches
    if command.timeout_s > 0 and is_new and len(state.switches) == limit:
        return [state.refused((Reason.SWITCHES_FULL, limit, 0), client_order=number)]
    state.switches.pop(state.key, None)
    if command.timeout_s > 0:
        state.switches[state.key] = _anew(state, command.timeout_s)
    armed = _armed(state, state.key, command.timeout_s, number)
    state.armings[state.key] = (command, armed)
    return [armed]


def _anew(state: State, timeout_s: int) -> Switch:
    whole = timeout_s * SECOND_NS
    if is_market_halted(state):
        return Switch(timeout_s=timeout_s, left_ns=whole)
    return Switch(timeout_s=timeout_s, deadline_ns=state.time_ns + whole)


def _armed(state: State, key: int, timeout_s: int, number: int) -> SwitchArmed:
    switch = state.switches.get(key)
    return state.event(
        SwitchArmed,
        participant=state.keys[key].participant,
        key=key,
        client_order=number,
        timeout_s=timeout_s,
        deadline_ns=0 if switch is None else switch.deadline_ns,
    )


def is_market_halted(state: State) -> bool:
    """Say whether a halt of the whole market stands."""
    return any(halt.scope == HaltScope.MARKET for halt in state.halts.values())


def next_deadline(state: State) -> tuple[int, int] | None:
    """Return the next deadline and whose switch it is, None if no switch runs."""
    running = [(row.deadline_ns, key) for key, row in state.switches.items() if row.deadline_ns]
    return min(running, default=None)


def fire(state: State, key: int) -> list[AnyEvent]:
    """Let a switch fire: what its key placed is taken back as far as it may be."""
    del state.switches[key]
    rows = placed_by(state, key)
    free = may_go(state, rows)
    fired = state.event(
        SwitchFired,
        participant=state.keys[key].participant,
        key=key,
        cancelled=len(free),
        kept=len(rows) - len(free),
    )
    return [fired, *end(state, free, CancelCause.SWITCH)]


def halted(state: State) -> None:
    """Stop the time of all switches."""
    for row in state.switches.values():
        row.left_ns, row.deadline_ns = row.deadline_ns - state.time_ns, 0


def resumed(state: State) -> list[AnyEvent]:
    """Let the time of all switches go on."""
    for row in state.switches.values():
        row.deadline_ns, row.left_ns = state.time_ns + row.left_ns, 0
    return _all_armed(state)


def forgive(state: State) -> None:
    """Stop all switches before their time is kept: the exchange itself was down."""
    for row in state.switches.values():
        row.left_ns, row.deadline_ns = row.timeout_s * SECOND_NS, 0


def restarted(state: State) -> list[AnyEvent]:
    """Let all switches run their whole time, or wait with it while the market is halted."""
    return _all_armed(state) if is_market_halted(state) else resumed(state)


def _all_armed(state: State) -> list[AnyEvent]:
    return [_armed(state, key, row.timeout_s, 0) for key, row in sorted(state.switches.items())]
