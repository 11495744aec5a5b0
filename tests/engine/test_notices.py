"""What everybody is told and shown: notices of the exchange, closures of real dates, listings with owners."""

import pytest
from msgspec import structs

from engine.commands import AddClosure, PublishNotice, RemoveClosure, Side
from engine.events import ClosureAdded, NoticePublished
from engine.profile import Profile
from engine.reasons import Reason
from engine.views import DepthLevel, ShownListing
from tests.engine.control_desk import refused_action, roomy_profile
from tests.markets import PRODUCT, Desk, Twins, admission, first_day, small_profile
from tests.restarts import back, exchange_of

NOTICE = PublishNotice(text_zh="演示公告", text_en="demo notice")


def published(desk: Desk) -> NoticePublished:
    (told,) = desk.approve(NOTICE)
    assert isinstance(told, NoticePublished)
    return told


# ---------------------------------------------------------------- notices


def test_a_notice_has_a_number_for_life_and_is_shown_until_the_next_day_begins() -> None:
    desk = first_day(Twins(roomy_profile()))
    first, second = published(desk), published(desk)
    assert (first.notice, second.notice) == (1, 2)
    assert (first.text_zh, first.text_en) == ("演示公告", "demo notice")
    desk.advance("15:00")
    third = published(desk)
    assert exchange_of(desk).notices() == (first, second, third)
    assert back(exchange_of(desk)).notices() == (first, second, third)
    desk.open_day("2021-07-19")
    assert exchange_of(desk).notices() == ()
    assert published(desk).notice == 4


def test_a_day_has_room_for_so_many() -> None:
    desk = first_day(Twins(small_profile()))
    for _ in range(small_profile().capacity.notices):
        published(desk)
    assert refused_action(desk, NOTICE) == (Reason.NOTICES_FULL, 2, 0)
    desk.advance("15:00")
    assert refused_action(desk, NOTICE) == (Reason.NOTICES_FULL, 2, 0)
    desk.open_day("2021-07-19")
    assert published(desk).notice == 3


def test_a_notice_needs_no_open_day() -> None:
    desk = Desk(Twins(small_profile()))
    desk.found(0)
    assert published(desk).notice == 1


# ---------------------------------------------------------------- closures


@pytest.mark.parametrize(
    "date", ["2026-02-30", "2026-13-01", "2026-00-10", "2026-04-31", "2027-02-29", "2026-01-00"]
)
def test_no_calendar_has_such_a_date(date: str) -> None:
    desk = first_day(Twins(small_profile()))
    assert refused_action(desk, AddClosure(date=date, explanation="演示")) == (
        Reason.DATE_INVALID,
        0,
        0,
    )
    assert refused_action(desk, RemoveClosure(date=date)) == (Reason.CLOSURE_UNKNOWN, 0, 0)


@pytest.mark.parametrize("date", ["2028-02-29", "2026-12-31", "9999-12-31"])
def test_every_date_of_the_calendar_can_be_closed(date: str) -> None:
    desk = first_day(Twins(small_profile()))
    assert isinstance(desk.approve(AddClosure(date=date, explanation="演示"))[0], ClosureAdded)


# ---------------------------------------------------------------- the book with its listings


def shown(owner: str) -> Profile:
    rules = small_profile()
    return structs.replace(rules, listed=structs.replace(rules.listed, owner_shown=owner))


@pytest.mark.parametrize(
    ("owner", "wanted"),
    [("hidden", ("", "")), ("code", ("P0002", "P0001")), ("name", ("", ""))],
)
def test_owners_are_shown_as_the_profile_says(owner: str, wanted: tuple[str, str]) -> None:
    desk = first_day(Twins(shown(owner)))
    desk.listing(2, Side.SELL, 4_900, 30)
    desk.listing(1, Side.SELL, 4_900, 20)
    (level,) = exchange_of(desk).depth(PRODUCT).asks
    if owner == "name":
        wanted = (admission(2).name, admission(1).name)
    assert tuple(row.owner for row in level.listings) == wanted


def test_depth_shows_the_best_levels_and_the_oldest_listings_of_each() -> None:
    desk = first_day(Twins(small_profile()))
    times = []
    for price in (4_700, 4_710, 4_710, 4_710):
        desk.listing(1, Side.BUY, price, 10)
        times.append(desk.time_ns)
    market = exchange_of(desk)
    best = DepthLevel(
        price_fen=4_710,
        quantity_t=30,
        count=3,
        listings=tuple(
            ShownListing(order=2 + place, left_t=10, time_ns=times[1 + place], owner="")
            for place in range(2)
        ),
    )
    assert market.depth(PRODUCT, 1, 2).bids == (best,)
    assert [level.price_fen for level in market.depth(PRODUCT).bids] == [4_710, 4_700]
    assert market.depth(PRODUCT, 1, 0).bids[0].listings == ()
    assert market.depth("CEA21").asks == ()
    with pytest.raises(KeyError):
        market.depth("NONE-1")


def test_depth_shows_twenty_listings_of_a_level_if_nothing_is_said() -> None:
    desk = first_day(Twins(small_profile()))
    for _ in range(21):
        desk.listing(1, Side.BUY, 4_700, 1)
    (level,) = exchange_of(desk).depth(PRODUCT).bids
    assert (level.count, len(level.listings)) == (21, 20)
