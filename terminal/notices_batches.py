"""Batches, dead man's switches and notices of the exchange in words."""

from engine import events as happened
from engine.events import AnyEvent
from gateway.wire import StatusChanged
from terminal import format as show
from terminal.texts import TEXTS, Language, say


def barred_words(status: StatusChanged, language: Language) -> str:
    """Return what an exchange that does not take everything takes, and why."""
    key = f"state_{status.reason}"
    # A newer exchange may have reasons of which this terminal knows no words.
    reason = say(language, key) if key in TEXTS else show.plain(status.reason)
    return say(language, f"state_{status.accepts}", reason=reason)


def notice_text(notice: happened.NoticePublished, language: Language) -> str:
    """Return a notice in the language of the screen."""
    return show.plain(notice.text_zh if language == "zh" else notice.text_en)


def batch_words(event: AnyEvent, language: Language) -> str:
    """Return an event in words, "" where it is none of these."""
    match event:
        case happened.AllCancelled():
            return say(language, "told_all_cancelled", cancelled=event.cancelled, kept=event.kept)
        case happened.SwitchArmed():
            if event.timeout_s == 0:
                return say(language, "told_disarmed")
            if event.deadline_ns == 0:
                return say(language, "told_paused", timeout=event.timeout_s)
            return say(language, "told_armed", deadline=show.clock(event.deadline_ns))
        case happened.SwitchFired():
            return say(language, "told_fired", cancelled=event.cancelled, kept=event.kept)
        case happened.NoticePublished():
            text = notice_text(event, language)
            return say(language, "told_notice", notice=event.notice, text=text)
        case _:
            return ""
