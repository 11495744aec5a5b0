"""Notices of the exchange (公告): what two operators tell everybody, in both languages."""

from engine.commands import PublishNotice
from engine.events import AnyEvent, NoticePublished
from engine.market import Market
from engine.reasons import Reason


def publish(market: Market, action: PublishNotice, place: int) -> AnyEvent:
    """Publish a notice at once, whether a day is open or not; those of a day go with the next one."""
    limit = market.profile.capacity.notices
    if len(market.notices) >= limit:
        return market.refused((Reason.NOTICES_FULL, limit, 0), place)
    market.notice_count += 1
    told = market.event(
        NoticePublished,
        notice=market.notice_count,
        text_zh=action.text_zh,
        text_en=action.text_en,
    )
    market.notices.append(told)
    return told
