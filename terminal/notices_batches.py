"""Batches, dead man's switches and notices of the exchange in words."""

from engine import events as happened
from engine.events import AnyEvent
from terminal import format as show
from terminal.texts import Language, say


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
            text = event.text_zh if language == "zh" else event.text_en
            return say(language, "told_notice", notice=event.notice, text=text)
        case _:
            return ""
