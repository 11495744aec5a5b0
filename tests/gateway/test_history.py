"""The history in pages: order, limits, and what a reader gets whatever the page it begins in."""

import pytest

from gateway.history import Page
from gateway.history_pages import decode_page, encode_page, page_name
from tests.gateway.sequencer_rig import Rig, moment


async def traded(rig: Rig) -> None:
    await rig.start()
    await rig.open_market()
    for batch in range(4):
        await rig.trade(1 + 100 * batch, 30)


@pytest.mark.parametrize(("hot", "control"), [(16, 10**6), (10**6, 3), (25, 5)])
async def test_a_full_page_is_followed_by_another_and_nothing_is_lost_between(
    hot: int, control: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.history.PAGE_HOT_MAX", hot)
    monkeypatch.setattr("gateway.history.PAGE_CONTROL_MAX", control)
    monkeypatch.setattr("gateway.history.DECODED_ROWS", 7)
    rig = Rig()
    await traded(rig)
    pages = rig.sequencer.history.pages
    assert len(pages) > 3
    for page in pages[:-1]:
        assert len(page.controls) <= control + 64, "but for the run that passes the limit"
        assert page.first <= page.last
    assert [page.first for page in pages[1:]] == [page.last + 1 for page in pages[:-1]]
    told = rig.seen
    assert list(rig.sequencer.history.after(0)) == told
    for after in range(0, len(told), 13):
        assert list(rig.sequencer.history.after(after)) == told[after:]


async def test_a_page_is_the_same_after_a_stay_on_the_disk() -> None:
    rig = Rig()
    await traded(rig)
    history, profile = rig.sequencer.history, rig.sequencer.exchange.profile
    for page in history.pages:
        body, checksum = encode_page(page)
        again = decode_page(memoryview(body), checksum)
        assert (again.first, again.last) == (page.first, page.last)
        assert list(again.read(0, profile)) == list(page.read(0, profile))
        assert page_name(again) == page_name(page)
        for place in range(0, len(body), max(1, len(body) // 50)):
            rotten = bytearray(body)
            rotten[place] ^= 4
            with pytest.raises(ValueError, match="checksum"):
                decode_page(memoryview(bytes(rotten)), checksum)


async def test_a_day_begins_a_page_so_that_days_are_dropped_whole() -> None:
    rig = Rig()
    await rig.start()
    await rig.sequencer.advance_clock(moment("16:00", "2021-07-20"))
    history = rig.sequencer.history
    assert history.pages[0].first == history.floor + 1 == history.days[0]
    assert Page(5).last == 4
