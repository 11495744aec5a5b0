"""Enrolment codes (开通码): whoever knows one enrols its own key once, on terms that two persons set.

Only the hash of a code is known here; the gateway asks for the proof that the key is in the sender's hand.
"""

from engine.commands import ClaimKey, IssueCode
from engine.events import AnyEvent, CodeIssued
from engine.keys import add_key, full_permissions, new_key_broken, terms_broken
from engine.market import OK, Figures, Market
from engine.reasons import Reason
from engine.views import CodeView


def issue(market: Market, action: IssueCode, place: int) -> AnyEvent:
    """Issue a code, or refuse it."""
    broken = _issue_broken(market, action)
    if broken != OK:
        return market.refused(broken, place)
    market.code_count += 1
    issued = market.event(
        CodeIssued,
        code=market.code_count,
        code_hash=action.code_hash,
        code_valid_until_ns=action.code_valid_until_ns,
        role=action.role,
        person=action.person,
        participant=action.participant,
        permissions=full_permissions(action.role, action.permissions),
        addresses=action.addresses,
        valid_until=action.valid_until,
        on_disconnect=action.on_disconnect,
    )
    note_code(market, issued)
    return issued


def _issue_broken(market: Market, action: IssueCode) -> Figures:
    if action.code_hash in market.code_numbers:
        return Reason.CODE_USED, market.code_numbers[action.code_hash], 0
    if action.code_valid_until_ns < market.hand.time_ns:
        return Reason.CODE_EXPIRED, action.code_valid_until_ns, 0
    broken = terms_broken(market, action)
    if broken != OK:
        return broken
    limit = market.profile.capacity.codes
    waiting = len(market.enrolment_codes) - len(market.claims)
    return (Reason.CODES_FULL, limit, 0) if waiting >= limit else OK


def note_code(market: Market, issued: CodeIssued) -> None:
    """Keep an issued code."""
    market.enrolment_codes[issued.code] = issued
    market.code_numbers[issued.code_hash] = issued.code


def claim(market: Market, command: ClaimKey) -> AnyEvent:
    """Enrol the key of who knows a code, or refuse it."""
    number = market.code_numbers.get(command.code_hash)
    if number is None:
        return market.refused((Reason.CODE_UNKNOWN, 0, 0))
    issued = market.enrolment_codes[number]
    broken: Figures
    if number in market.claims:
        broken = Reason.CODE_USED, number, 0
    elif issued.code_valid_until_ns < market.hand.time_ns:
        broken = Reason.CODE_EXPIRED, issued.code_valid_until_ns, 0
    else:
        broken = new_key_broken(market, command.public_key, issued)
    if broken != OK:
        return market.refused(broken)
    return add_key(market, command.public_key, issued, code=number)


def forget_expired(market: Market) -> None:
    """Forget the codes that can be claimed no more, as a day opens; claimed ones are told apart for ever."""
    gone = [
        issued
        for issued in market.enrolment_codes.values()
        if issued.code not in market.claims and issued.code_valid_until_ns < market.hand.time_ns
    ]
    for issued in gone:
        del market.enrolment_codes[issued.code], market.code_numbers[issued.code_hash]


def views(market: Market) -> tuple[CodeView, ...]:
    """Return the codes that wait or were claimed, by number."""
    return tuple(
        CodeView(
            code=issued.code,
            code_hash=issued.code_hash,
            code_valid_until_ns=issued.code_valid_until_ns,
            role=issued.role,
            person=issued.person,
            participant=issued.participant,
            permissions=issued.permissions,
            addresses=issued.addresses,
            valid_until=issued.valid_until,
            on_disconnect=issued.on_disconnect,
            time_ns=issued.time_ns,
            key=market.claims.get(issued.code, 0),
        )
        for issued in market.enrolment_codes.values()
    )
