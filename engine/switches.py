"""Dead man's switches (断线保护): a key that says nothing for so long loses the orders that it placed.

A switch belongs to a key and to the open day. It waits while the market is halted and starts anew when the
exchange was down: in both cases the silence is not the client's. A switch remembers only its last arming,
for who is alive says so every few seconds, which would fill the day's memory of client order numbers.
"""

from bisect import bisect_left, insort

from engine import batches, operations
from engine.commands import ArmSwitch, CancelCause, HaltScope
from engine.core.batch import NEW
from engine.events import AnyEvent, Repeated, SwitchArmed, SwitchFired
from engine.market import OK, Market
from engine.reasons import Reason
from engine.switch_state import Arming, Switch
from engine.units import NANOSECONDS_PER_SECOND


def arm(market: Market, command: ArmSwitch) -> list[AnyEvent]:
    """Arm the switch of the key in hand, start it anew or disarm it."""
    key, client_order = market.hand.key, command.client_order
    record = batches.record_of(market, client_order)
    broken = batches.sender_broken(market, record)
    if broken != OK:
        return [market.refused(broken, client_order=client_order)]
    last = market.armings.get(key)
    if last is not None and last.command == command:
        return [market.event(Repeated, answer=last.answer)]
    is_last = last is not None and last.command.client_order == client_order
    if is_last or batches.look_up(market, record)[0][0] != NEW:
        return [market.refused((Reason.CLIENT_ORDER_REUSED, 0, 0), client_order=client_order)]
    if not market.is_day_open:
        return [market.refused((Reason.DAY_NOT_OPEN, 0, 0), client_order=client_order)]
    limit = market.profile.capacity.switches
    if command.timeout_s and key not in market.switches and len(market.switches) >= limit:
        return [market.refused((Reason.SWITCHES_FULL, limit, 0), client_order=client_order)]
    _disarm(market, key)
    if command.timeout_s:
        _start(market, key, command.timeout_s)
    armed = _told(market, key, command.timeout_s, client_order)
    market.armings[key] = Arming(command=command, answer=armed)
    return [armed]


def _told(market: Market, key: int, timeout_s: int, client_order: int) -> SwitchArmed:
    switch = market.switches.get(key)
    return market.event(
        SwitchArmed,
        participant=market.participant_of(key),
        key=key,
        client_order=client_order,
        timeout_s=timeout_s,
        deadline_ns=switch.deadline_ns if switch else 0,
    )


def _start(market: Market, key: int, timeout_s: int) -> None:
    """Let a switch run its whole time from now on, or wait where the market is halted."""
    whole_ns = timeout_s * NANOSECONDS_PER_SECOND
    switch = Switch(key=key, timeout_s=timeout_s, deadline_ns=0, left_ns=whole_ns)
    market.switches[key] = switch
    if not _is_halted(market):
        _run(market, switch)


def _run(market: Market, switch: Switch) -> None:
    switch.deadline_ns = market.hand.time_ns + switch.left_ns
    switch.left_ns = 0
    insort(market.deadlines, (switch.deadline_ns, switch.key))
    market.mark_boundary()


def _wait(market: Market, switch: Switch) -> None:
    switch.left_ns = switch.deadline_ns - market.hand.time_ns
    switch.deadline_ns = 0


def _disarm(market: Market, key: int) -> None:
    switch = market.switches.pop(key, None)
    if switch is not None and switch.deadline_ns:
        del market.deadlines[bisect_left(market.deadlines, (switch.deadline_ns, key))]
        market.mark_boundary()


def _is_halted(market: Market) -> bool:
    return any(halt.scope is HaltScope.MARKET for halt in market.halts.values())


# ---------------------------------------------------------------- what time, halts and restarts do


def fire(market: Market) -> list[AnyEvent]:
    """Let the switch with the next deadline fire, which is due: what its key placed is cancelled."""
    _, key = market.deadlines[0]
    _disarm(market, key)
    free, kept = batches.of_key(market, key)
    fired = market.event(
        SwitchFired,
        participant=market.participant_of(key),
        key=key,
        cancelled=len(free),
        kept=kept,
    )
    return [fired, *operations.end(market, free, CancelCause.SWITCH)]


def pause(market: Market) -> None:
    """Let all switches wait: the market is halted."""
    for switch in market.switches.values():
        if switch.deadline_ns:
            _wait(market, switch)
    market.deadlines.clear()
    market.mark_boundary()


def go_on(market: Market) -> list[AnyEvent]:
    """Let all switches run what was left of them: the halt of the market ended."""
    for _, switch in sorted(market.switches.items()):
        _run(market, switch)
    return _tell_all(market)


def forgive(market: Market) -> None:
    """Keep switches from firing for the time in which the exchange itself was down."""
    pause(market)
    for switch in market.switches.values():
        switch.left_ns = switch.timeout_s * NANOSECONDS_PER_SECOND


def restart(market: Market) -> list[AnyEvent]:
    """Let all switches run their whole time anew after `forgive`, save where the market is halted."""
    if not _is_halted(market):
        return go_on(market)
    return _tell_all(market)


def _tell_all(market: Market) -> list[AnyEvent]:
    return [
        _told(market, key, switch.timeout_s, 0) for key, switch in sorted(market.switches.items())
    ]


def end_day(market: Market) -> None:
    """Disarm everything: no order outlives the day."""
    market.switches.clear()
    market.armings.clear()
    market.deadlines.clear()
