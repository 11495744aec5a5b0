"""What only the sequencer and the gateway may send, with key 0: the day, time, first keys, records of access."""

from engine import enrolment_codes, switches
from engine.batches import cancel_for_key
from engine.commands import (
    AdvanceTime,
    CancelForKey,
    ClaimKey,
    EnrolKey,
    NoteRestart,
    OpenDay,
    RecordAccess,
    SystemCommand,
)
from engine.day import open_day
from engine.events import AccessRecorded, AnyEvent, ExchangeRestarted
from engine.keys import enrol, role_broken
from engine.market import OK, Market
from engine.reasons import Reason


def take_system(market: Market, command: SystemCommand) -> list[AnyEvent]:
    """Answer a command that no enrolled key may send."""
    broken = role_broken(market)
    if broken != OK:
        return [market.refused(broken)]
    match command:
        case OpenDay():
            return open_day(market, command)
        case AdvanceTime():
            return []
        case EnrolKey():
            return [_found(market, command)]
        case ClaimKey():
            return [enrolment_codes.claim(market, command)]
        case RecordAccess():
            return [_record(market, command)]
        case NoteRestart():
            return [market.event(ExchangeRestarted), *switches.restart(market)]
        case CancelForKey():
            return cancel_for_key(market, command)


def _found(market: Market, command: EnrolKey) -> AnyEvent:
    """Enrol a key of the founding; once a day was opened, a key takes two persons."""
    if market.date:
        return market.refused((Reason.ROLE_NOT_PERMITTED, 0, 0))
    return enrol(market, command)


def _record(market: Market, command: RecordAccess) -> AnyEvent:
    """Keep in the log who came, went or was turned away; nothing in the market depends on it."""
    return market.event(
        AccessRecorded,
        kind=command.kind,
        key=command.key,
        public_key=command.public_key,
        person=command.person,
        address=command.address,
        code=command.code,
        connection=command.connection,
        count=command.count,
    )
