"""Keys, enrolment codes, removals and the stop of own trading in words."""

from engine import events as happened
from engine.events import AnyEvent
from terminal import format as show
from terminal.texts import Language, say


def access_words(event: AnyEvent, language: Language) -> str:
    """Return an event in words, "" where it is none of these."""
    match event:
        case happened.KeyEnrolled():
            role = say(language, f"role_{event.role.value}")
            return say(language, "told_key_enrolled", key=event.key, person=event.person, role=role)
        case happened.KeyRevoked():
            person, reason = event.person, event.explanation
            return say(language, "told_key_revoked", key=event.key, person=person, reason=reason)
        case happened.KeyExpired():
            return say(language, "told_key_expired", key=event.key)
        case happened.OwnLimitsSet():
            most = show.quantity(event.order_max_t)
            words = "told_own_limit" if event.order_max_t else "told_no_own_limit"
            person, reason = event.person, event.explanation
            return say(language, words, key=event.key, quantity=most, person=person, reason=reason)
        case happened.CodeIssued():
            role = say(language, f"role_{event.role.value}")
            return say(language, "told_code", code=event.code, person=event.person, role=role)
        case happened.AccessRecorded():
            return say(
                language,
                "told_access",
                kind=say(language, f"access_{event.kind.value}"),
                person=event.person,
                address=event.address,
                code=event.code,
                count=event.count,
            )
        case happened.ExchangeRestarted():
            return say(language, "told_restart")
        case _:
            return _participant_words(event, language)


def _participant_words(event: AnyEvent, language: Language) -> str:
    match event:
        case happened.ParticipantRemoved():
            code = show.participant(event.participant)
            return say(language, "told_removed", participant=code, reason=event.explanation)
        case happened.ParticipantRestored():
            code, year = show.participant(event.participant), event.compliance_year
            return say(language, "told_restored", participant=code, year=year)
        case happened.TradingStopped() | happened.TradingAllowed():
            is_stop = isinstance(event, happened.TradingStopped)
            return say(
                language,
                "told_stopped" if is_stop else "told_allowed",
                participant=show.participant(event.participant),
                person=event.person,
                reason=event.explanation,
            )
        case _:
            return ""
