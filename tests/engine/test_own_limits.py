"""Own limits: the most tonnes of one order of a key, set by its company's watchers or by the exchange."""

from typing import Any

import msgspec
import pytest

from engine.commands import (
    CancelAll,
    CancelOrder,
    CancelOrders,
    PickListing,
    PlaceListings,
    RefuseBlock,
    RevokeKey,
    Role,
    RotateKey,
    SetOwnLimits,
)
from engine.events import OwnLimitsSet, Refused, Repeated, Traded
from engine.reasons import Reason
from engine.units import QUANTITY_T_MAX
from tests.engine.limit_paths import (
    BLOCK_T,
    LISTED_T,
    MINE,
    OTHER,
    PATHS,
    WHY,
    item,
    limit,
    limited,
    listing,
    offered,
)
from tests.engine.test_companies import Company
from tests.heard import refusals
from tests.markets import CLEARING, OPERATOR_ONE, OPERATOR_TWO
from tests.restarts import back

# ---------------------------------------------------------------- every path


@pytest.mark.parametrize("path", PATHS)
def test_a_limit_holds_to_the_tonne_on_every_path(path: str) -> None:
    make, most, clock = PATHS[path]
    company = limited(most, clock)
    (refused,) = company.desk.send(MINE, make(company, most + 1))
    assert isinstance(refused, Refused), refused
    assert (refused.reason, refused.figure_a, refused.figure_b) == (
        Reason.OWN_LIMIT,
        most,
        most + 1,
    )
    assert refused.place == (1 if path == "batch" else -1)
    assert refusals(company.desk.send(MINE, make(company, most))) == []
    assert company.told(company.boss, limit(0)) == ["OwnLimitsSet"]
    assert refusals(company.desk.send(MINE, make(company, most + 1))) == []


def test_each_item_of_a_batch_is_asked_and_not_their_sum() -> None:
    company = limited(LISTED_T)
    rows = tuple(item(company, LISTED_T) for _ in range(3))
    told = company.told(MINE, PlaceListings(orders=rows))
    assert told == ["ListingPlaced"] * 3


# ---------------------------------------------------------------- what it leaves alone


def test_cancels_are_never_touched() -> None:
    company = Company()
    desk = company.desk
    for _ in range(4):
        assert company.told(MINE, listing(company, LISTED_T)) == ["ListingPlaced"]
    company.told(company.risk, limit(1))
    number = desk.next_client_order
    assert company.told(MINE, CancelOrder(order=1, client_order=number())) == ["Cancelled"]
    assert company.told(MINE, CancelOrders(orders=(2, 3), client_order=number())) == [
        "Cancelled",
        "Cancelled",
    ]
    assert company.told(MINE, CancelAll(client_order=number())) == ["Cancelled", "AllCancelled"]
    desk.advance("13:00")
    block = offered(company, 2, 1, BLOCK_T)
    refuse = RefuseBlock(offer=block, counterparty=2, client_order=number())
    assert company.told(MINE, refuse) == ["BlockRefused", "Cancelled"]


def test_what_stands_is_left_alone_and_can_be_taken_whole() -> None:
    company = Company()
    assert company.told(MINE, listing(company, LISTED_T)) == ["ListingPlaced"]
    company.told(company.risk, limit(1))
    pick = PickListing(
        listing=1, quantity_t=LISTED_T, client_order=company.desk.next_client_order()
    )
    traded = company.desk.one(OTHER, pick)
    assert isinstance(traded, Traded)
    assert traded.quantity_t == LISTED_T


def test_a_repeat_hears_its_first_answer_whatever_the_limit_is_by_then() -> None:
    company = Company()
    accepted, refused = listing(company, 50), listing(company, 60)
    assert company.told(MINE, accepted) == ["ListingPlaced"]
    company.told(company.risk, limit(10))
    assert company.told(MINE, refused) == ["OWN_LIMIT"]
    company.told(company.risk, limit(0))
    (again,) = company.desk.send(MINE, refused)
    assert isinstance(again, Repeated)
    assert isinstance(again.answer, Refused)
    company.told(company.risk, limit(1))
    assert company.told(MINE, accepted) == ["Repeated"]


def test_it_is_one_keys_limit_and_no_other_keys() -> None:
    company = limited(1)
    second = company.key(Role.TRADER, "演示副手", 1)
    assert company.told(second, listing(company, LISTED_T)) == ["ListingPlaced"]
    assert company.told(OTHER, listing(company, LISTED_T)) == ["ListingPlaced"]
    assert company.told(MINE, listing(company, 2)) == ["OWN_LIMIT"]


def test_the_largest_limit_lets_everything_through_and_there_is_none_beyond() -> None:
    company = limited(QUANTITY_T_MAX)
    assert company.exchange.keys()[MINE - 1].order_max_t == QUANTITY_T_MAX
    assert company.told(MINE, listing(company, 99_999)) == ["ListingPlaced"]
    for wrong in (-1, QUANTITY_T_MAX + 1):
        told: dict[str, Any] = {"key": MINE, "order_max_t": wrong, "explanation": WHY}
        with pytest.raises(msgspec.ValidationError, match="order_max_t"):
            msgspec.convert(told, SetOwnLimits)


# ---------------------------------------------------------------- who may


def test_the_event_says_whose_limit_who_set_and_why() -> None:
    company = Company()
    event = company.desk.one(company.risk, limit(250))
    assert event == OwnLimitsSet(
        sequence=event.sequence,
        time_ns=event.time_ns,
        key=MINE,
        participant=1,
        order_max_t=250,
        person="演示风控",
        by_key=company.risk,
        explanation=WHY,
    )
    assert company.exchange.keys()[MINE - 1].order_max_t == 250
    assert company.exchange.keys()[OTHER - 1].order_max_t == 0


def test_a_company_limits_its_own_keys_and_the_exchange_everybodys() -> None:
    company = Company()
    chief = company.key(Role.SUPERVISOR, "演示主管")
    for key in (company.risk, company.boss, OPERATOR_ONE, chief):
        assert company.told(key, limit(5)) == ["OwnLimitsSet"]
    for key in (company.stranger, OPERATOR_TWO):
        assert company.told(key, limit(5, OTHER)) == ["OwnLimitsSet"]
    assert company.told(OPERATOR_ONE, limit(5, CLEARING)) == ["OwnLimitsSet"]


def test_others_limit_nobody_and_no_company_another_one() -> None:
    company = Company()
    auditor, reader = company.key(Role.AUDITOR, "演示审计"), company.key(Role.READER, "演示行情")
    for key in (MINE, OTHER, CLEARING, auditor, reader, company.stranger, 0):
        assert company.told(key, limit(5)) == ["ROLE_NOT_PERMITTED"]
    for target in (OTHER, company.stranger, OPERATOR_ONE, CLEARING):
        for key in (company.risk, company.boss):
            assert company.told(key, limit(5, target)) == ["ROLE_NOT_PERMITTED"]
    assert company.told(999, limit(5)) == ["KEY_UNKNOWN"]
    views = company.exchange.keys()
    assert {row.order_max_t for row in views} == {0}


def test_keys_that_are_none_or_hold_no_more_have_no_limits_to_set() -> None:
    company = Company()
    short = company.key(Role.TRADER, "演示短", 1, valid_until="2021-07-16")
    gone = company.key(Role.TRADER, "演示走", 1)
    company.desk.send(company.boss, RevokeKey(key=gone, explanation=WHY))
    for key in (company.risk, OPERATOR_ONE):
        assert company.told(key, limit(5, 999)) == ["KEY_UNKNOWN"]
        (revoked,) = company.desk.send(key, limit(5, gone))
        assert isinstance(revoked, Refused)
        assert (revoked.reason, revoked.figure_a) == (Reason.KEY_REVOKED, gone)
    company.desk.advance("15:00")
    company.desk.open_day("2021-07-19")
    assert company.told(company.risk, limit(5, short)) == ["KEY_EXPIRED"]
    company.desk.send(OPERATOR_ONE, RevokeKey(key=company.risk, explanation=WHY))
    assert company.told(company.risk, limit(5)) == ["KEY_REVOKED"]


# ---------------------------------------------------------------- how long it lasts


def test_a_rotated_key_has_the_same_limit_and_a_new_one_none() -> None:
    company = limited(LISTED_T)
    (enrolled,) = company.desk.send(MINE, RotateKey(public_key=company.fresh()))
    following: int = getattr(enrolled, "key", 0)
    assert company.exchange.keys()[following - 1].order_max_t == LISTED_T
    assert company.told(following, listing(company, LISTED_T + 1)) == ["OWN_LIMIT"]
    company.told(company.risk, limit(0))
    assert company.told(MINE, listing(company, LISTED_T + 1)) == ["ListingPlaced"]
    assert company.told(following, listing(company, LISTED_T + 1)) == ["OWN_LIMIT"]
    fresh = company.key(Role.TRADER, "演示新", 1)
    assert company.exchange.keys()[fresh - 1].order_max_t == 0


def test_it_outlives_the_day_and_a_restart() -> None:
    company = limited(LISTED_T + 1)
    desk = company.desk
    assert back(company.exchange).keys()[MINE - 1].order_max_t == LISTED_T + 1
    desk.advance("15:00")
    desk.open_day("2021-07-19")
    desk.set_reference(4_800)
    desk.advance("09:30")
    company.watched.exchange = back(company.exchange)
    assert company.told(MINE, listing(company, LISTED_T + 2)) == ["OWN_LIMIT"]
    assert company.told(MINE, listing(company, LISTED_T + 1)) == ["ListingPlaced"]


LIMIT_SCENES = (
    test_a_repeat_hears_its_first_answer_whatever_the_limit_is_by_then,
    test_keys_that_are_none_or_hold_no_more_have_no_limits_to_set,
)
