"""Halts: one operator stops the market, a method, a product or a participant; another lets it go on (R80).

The halts that stand are few and plain. What the core asks at each order is marked in its rows: the
lowest number, which is the halt that stands longest, of a method (halts of the market count for every
method), of a product and of a participant.
"""

from msgspec import structs

from engine import switches
from engine.commands import Halt, HaltScope, Method, Resume
from engine.events import AnyEvent, Halted, Resumed
from engine.market import OK, Figures, Market
from engine.reasons import Reason


def halt(market: Market, command: Halt, person: str) -> AnyEvent:
    """Let a halt stand at once, whether a day is open or not."""
    broken = _halt_broken(market, command)
    if broken != OK:
        return market.refused(broken)
    market.halt_count += 1
    halted = market.event(
        Halted,
        halt=market.halt_count,
        **_target(command),
        key=market.hand.key,
        person=person,
        explanation=command.explanation,
    )
    market.halts[halted.halt] = halted
    mark_halts(market)
    if halted.scope is HaltScope.MARKET:
        switches.pause(market)
    return halted


def resume(market: Market, command: Resume, person: str) -> list[AnyEvent]:
    """End a halt; who halted may not."""
    standing = market.halts.get(command.halt)
    if standing is None:
        return [market.refused((Reason.HALT_UNKNOWN, command.halt, 0))]
    if standing.person == person:
        return [market.refused((Reason.SAME_PERSON, 0, 0))]
    del market.halts[command.halt]
    mark_halts(market)
    told = structs.asdict(standing) | {
        "key": market.hand.key,
        "person": person,
        "explanation": command.explanation,
    }
    del told["sequence"], told["time_ns"]
    resumed = market.event(Resumed, **told)
    is_of_all = resumed.scope is HaltScope.MARKET
    return [resumed, *(switches.go_on(market) if is_of_all else ())]


def _target(told: Halt | Halted) -> dict[str, object]:
    """Return what a halt is of, fields that its scope does not use at their defaults."""
    scope = told.scope
    return {
        "scope": scope,
        "method": told.method if scope is HaltScope.METHOD else Method.LISTED,
        "product": told.product if scope is HaltScope.PRODUCT else "",
        "participant": told.participant if scope is HaltScope.PARTICIPANT else 0,
    }


def _halt_broken(market: Market, command: Halt) -> Figures:
    scope = command.scope
    if scope is HaltScope.METHOD and command.method not in market.methods:
        return Reason.NOT_OFFERED, 0, 0
    if scope is HaltScope.PRODUCT and command.product not in market.codes:
        return Reason.PRODUCT_UNKNOWN, 0, 0
    if scope is HaltScope.PARTICIPANT and not market.is_participant(command.participant):
        return Reason.PARTICIPANT_UNKNOWN, command.participant, 0
    target = _target(command)
    for number, standing in market.halts.items():
        if _target(standing) == target:
            return Reason.ALREADY_HALTED, number, 0
    limit = market.profile.capacity.halts
    return (Reason.HALTS_FULL, limit, 0) if len(market.halts) >= limit else OK


def mark_halts(market: Market) -> None:
    """Write the halts that stand into the core's rows."""
    state = market.core.state
    for rows in (state.methods["halt"], state.products["halt"], state.halts):
        rows[:] = 0
    for number in sorted(market.halts, reverse=True):  # the lowest is written last and stays
        standing = market.halts[number]
        match standing.scope:
            case HaltScope.MARKET:
                state.methods["halt"] = number
            case HaltScope.METHOD:
                state.methods[standing.method]["halt"] = number
            case HaltScope.PRODUCT:
                state.products[market.profile.product_index(standing.product)]["halt"] = number
            case HaltScope.PARTICIPANT:
                state.halts[standing.participant] = number


def is_halted(market: Market, product: str) -> bool:
    """Say whether nothing of a product can be ordered: the market is halted, or the product itself."""
    return any(
        standing.scope is HaltScope.MARKET
        or (standing.scope is HaltScope.PRODUCT and standing.product == product)
        for standing in market.halts.values()
    )
