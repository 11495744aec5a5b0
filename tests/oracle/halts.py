"""The oracle's halts: one operator halts at once, another resumes (R80)."""

from engine.commands import Halt, HaltScope, Method, Resume, Role
from engine.events import AnyEvent, Halted, Resumed
from engine.reasons import Reason
from tests.oracle import switches
from tests.oracle.questions import OK
from tests.oracle.records import HaltRecord
from tests.oracle.state import Figures, State
from tests.oracle.who import role_broken


def take(state: State, command: Halt | Resume) -> list[AnyEvent]:
    """Answer an operator's halt or the end of one."""
    broken = role_broken(state, Role.OPERATOR, Role.SUPERVISOR)
    if broken != OK:
        return [state.refused(broken)]
    sender = state.keys[state.key]
    if isinstance(command, Halt):
        return [_halt(state, command, sender.person)]
    return _resume(state, command, sender.person)


def _target(command: Halt) -> tuple[HaltScope, Method, str, int]:
    """Return scope and target; what the scope does not use is at its default."""
    scope = command.scope
    return (
        scope,
        command.method if scope == HaltScope.METHOD else Method.LISTED,
        command.product if scope == HaltScope.PRODUCT else "",
        command.participant if scope == HaltScope.PARTICIPANT else 0,
    )


def _halt_broken(state: State, target: tuple[HaltScope, Method, str, int]) -> Figures:
    scope, method, product, participant = target
    if method not in state.methods:
        return Reason.NOT_OFFERED, 0, 0
    if scope == HaltScope.PRODUCT and product not in state.products:
        return Reason.PRODUCT_UNKNOWN, 0, 0
    if scope == HaltScope.PARTICIPANT and participant not in state.participants:
        return Reason.PARTICIPANT_UNKNOWN, participant, 0
    for halt in state.halts.values():
        if (halt.scope, halt.method, halt.product, halt.participant) == target:
            return Reason.ALREADY_HALTED, halt.number, 0
    limit = state.profile.capacity.halts
    return (Reason.HALTS_FULL, limit, 0) if len(state.halts) >= limit else OK


def _halt(state: State, command: Halt, person: str) -> AnyEvent:
    target = _target(command)
    broken = _halt_broken(state, target)
    if broken != OK:
        return state.refused(broken)
    state.halt_number += 1
    number = state.halt_number
    halt = HaltRecord(number, *target, state.key, person, command.explanation, state.time_ns)
    state.halts[number] = halt
    if halt.scope == HaltScope.MARKET:
        switches.halted(state)
    return state.event(
        Halted,
        halt=number,
        scope=halt.scope,
        method=halt.method,
        product=halt.product,
        participant=halt.participant,
        key=state.key,
        person=person,
        explanation=command.explanation,
    )


def _resume(state: State, command: Resume, person: str) -> list[AnyEvent]:
    halt = state.halts.get(command.halt)
    if halt is None:
        return [state.refused((Reason.HALT_UNKNOWN, command.halt, 0))]
    if halt.person == person:
        return [state.refused((Reason.SAME_PERSON, 0, 0))]
    del state.halts[halt.number]
    resumed = state.event(
        Resumed,
        halt=halt.number,
        scope=halt.scope,
        method=halt.method,
        product=halt.product,
        participant=halt.participant,
        key=state.key,
        person=person,
        explanation=command.explanation,
    )
    return [resumed, *(switches.resumed(state) if halt.scope == HaltScope.MARKET else ())]
