"""Keys: their terms, permissions, rotation, revocation, expiry, and that control is never left to one person."""

from typing import Any

import pytest
from msgspec import structs

from engine.commands import (
    ApplyAuction,
    Approve,
    AuctionFloor,
    CancelOrder,
    EnrolKey,
    OfferBlock,
    OnDisconnect,
    Permission,
    PlaceListing,
    PriceMode,
    Propose,
    ReduceOrder,
    RevokeKey,
    Role,
    RotateKey,
    SetBlockGroup,
    Side,
)
from engine.events import KeyEnrolled, KeyExpired, KeyRevoked
from engine.reasons import Reason
from tests.engine.people_desk import People, people_profile
from tests.heard import refusals
from tests.markets import (
    CLEARING,
    OPERATOR_ONE,
    OPERATOR_ONE_AGAIN,
    OPERATOR_TWO,
    Desk,
    Twins,
    public_key,
    trader,
)

LISTED, BLOCK, AUCTION, CANCEL = Permission
WHY = "演示"


def commands(people: People) -> dict[Permission, Any]:
    """Return one command for each permission."""
    number = people.desk.next_client_order
    fields: dict[str, Any] = {"product": "CEA19-20", "quantity_t": 100_000}
    return {
        LISTED: PlaceListing(
            product="CEA19-20", side=Side.BUY, price_fen=4_800, quantity_t=1, client_order=number()
        ),
        BLOCK: OfferBlock(
            side=Side.BUY, counterparty=2, price_fen=4_800, client_order=number(), **fields
        ),
        AUCTION: ApplyAuction(
            floor=AuctionFloor.LOWER_LIMIT,
            price_mode=PriceMode.UNIFORM,
            client_order=number(),
            **fields,
        ),
        CANCEL: CancelOrder(order=99, client_order=number()),
    }


@pytest.mark.parametrize("permission", Permission)
def test_a_key_may_do_what_it_is_permitted_and_nothing_else(permission: Permission) -> None:
    people = People()
    key = people.key(Role.TRADER, "演示窄", 1, permissions=(permission, permission))
    for needed, command in commands(people).items():
        told = people.told(key, command)[-1]
        assert (told == "ROLE_NOT_PERMITTED") == (needed is not permission), (needed, told)
    assert people.exchange.keys()[key - 1].permissions == (permission,)


def test_a_trader_has_all_permissions_unless_some_are_named_and_staff_have_none() -> None:
    people = People()
    views = people.exchange.keys()
    assert views[trader(1) - 1].permissions == tuple(Permission)
    assert views[OPERATOR_ONE - 1].permissions == ()
    two = people.key(Role.TRADER, "演示二", 1, permissions=(CANCEL, LISTED))
    assert people.exchange.keys()[two - 1].permissions == (LISTED, CANCEL)


def test_a_risk_officer_takes_back_what_its_company_ordered_and_orders_nothing() -> None:
    people = People()
    risk = people.key(Role.RISK, "演示风控", 1)
    people.desk.listing(1, Side.BUY, 4_800, 100)
    for needed, command in commands(people).items():
        told = people.told(risk, command)
        assert told == (["ORDER_UNKNOWN"] if needed is CANCEL else ["ROLE_NOT_PERMITTED"])
    assert people.told(risk, CancelOrder(order=1, client_order=500)) == ["Cancelled"]
    reduce = ReduceOrder(order=1, quantity_t=1, client_order=501)
    assert people.told(risk, reduce) == ["NOT_OFFERED"]


def test_a_group_is_set_by_who_may_offer_blocks() -> None:
    people = People()
    narrow = people.key(Role.TRADER, "演示窄", 1, permissions=(LISTED,))
    setting = SetBlockGroup(group="g", members=(2,))
    assert people.told(narrow, setting) == ["ROLE_NOT_PERMITTED"]
    assert people.told(trader(1), setting) == ["BlockGroupSet"]


@pytest.mark.parametrize("role", [Role.READER, Role.AUDITOR, Role.ADMINISTRATOR])
def test_who_is_no_trader_sends_no_order(role: Role) -> None:
    people = People()
    key = people.key(role, "演示某", 1 if role is Role.ADMINISTRATOR else 0)
    for command in commands(people).values():
        assert people.told(key, command) == ["ROLE_NOT_PERMITTED"]


# ---------------------------------------------------------------- terms


def test_terms_that_make_no_sense_are_refused() -> None:
    people = People()
    wishes = (
        people.wish(Role.TRADER, "演示", 0),
        people.wish(Role.RISK, "演示", 9),
        people.wish(Role.ADMINISTRATOR, "演示", 0),
        people.wish(Role.SUPERVISOR, "演示", 1),
        people.wish(Role.RISK, "演示", 1, permissions=(LISTED,)),
        people.wish(Role.OPERATOR, "演示", permissions=(CANCEL,)),
        people.wish(Role.READER, "演示", addresses=("10.0.0.0/8", "10.0.0.1/8")),
        people.wish(Role.READER, "演示", addresses=("1.2.3",)),
        people.wish(Role.READER, "演示", addresses=("2001:db8::/129",)),
        people.wish(Role.READER, "演示", valid_until="2022-02-29"),
        people.wish(Role.READER, "演示", valid_until="2021-07-15"),
    )
    told = people.desk.approve(*wishes)
    assert refusals(told) == [
        Reason.PARTICIPANT_UNKNOWN,
        Reason.PARTICIPANT_UNKNOWN,
        Reason.PARTICIPANT_UNKNOWN,
        Reason.ROLE_NOT_PERMITTED,
        Reason.ROLE_NOT_PERMITTED,
        Reason.ROLE_NOT_PERMITTED,
        Reason.KEY_ADDRESS_INVALID,
        Reason.KEY_ADDRESS_INVALID,
        Reason.KEY_ADDRESS_INVALID,
        Reason.DATE_INVALID,
        Reason.KEY_EXPIRED,
    ]
    assert [getattr(event, "figure_a", 0) for event in told[6:9]] == [2, 1, 1]


def test_good_terms_are_told_as_they_were_asked_for() -> None:
    people = People()
    terms: dict[str, Any] = {
        "addresses": ("10.0.0.1", "10.0.0.0/8", "2001:db8::1", "::/0"),
        "valid_until": "2021-07-16",
        "on_disconnect": OnDisconnect.CONNECTION,
    }
    key = people.key(Role.TRADER, "演示机", 1, permissions=(LISTED, CANCEL), **terms)
    view = people.exchange.keys()[key - 1]
    assert {name: getattr(view, name) for name in terms} == terms
    assert (view.state, view.previous, view.code) == ("active", 0, 0)
    assert view.time_ns == people.exchange.time_ns


def test_after_the_founding_even_the_sequencer_enrols_nobody() -> None:
    people = People()
    wish = people.wish(Role.OPERATOR, "演示丙")
    assert people.told(0, wish) == ["ROLE_NOT_PERMITTED"]
    desk = Desk(Twins(people_profile()))
    desk.found(1)
    assert isinstance(desk.one(0, wish), KeyEnrolled)


# ---------------------------------------------------------------- rotation


def test_a_rotated_key_has_the_same_terms_and_the_old_one_holds_until_it_is_revoked() -> None:
    people = People()
    old = people.key(
        Role.TRADER,
        "演示机",
        1,
        permissions=(LISTED,),
        valid_until="2021-08-01",
        addresses=("::1",),
    )
    (enrolled,) = people.desk.send(old, RotateKey(public_key=people.fresh()))
    assert isinstance(enrolled, KeyEnrolled)
    views = people.exchange.keys()
    before, after = views[old - 1], views[enrolled.key - 1]
    same = {"key": 0, "public_key": "", "previous": 0, "time_ns": 0}
    assert structs.replace(before, **same) == structs.replace(after, **same)
    assert after.previous == old
    for key in (old, enrolled.key):
        assert people.told(key, commands(people)[LISTED]) == ["ListingPlaced"]
    assert people.told(enrolled.key, RevokeKey(key=old, explanation=WHY)) == ["KeyRevoked"]
    assert people.told(old, commands(people)[LISTED]) == ["KEY_REVOKED"]
    assert people.told(enrolled.key, commands(people)[LISTED]) == ["ListingPlaced"]


def test_nobody_has_three_keys_by_rotation() -> None:
    people = People()
    key = people.key(Role.READER, "演示行情")
    (second,) = people.desk.send(key, RotateKey(public_key=people.fresh()))
    assert isinstance(second, KeyEnrolled)
    assert people.told(second.key, RotateKey(public_key=people.fresh())) == ["PERSON_KEYS_FULL"]
    people.desk.send(second.key, RevokeKey(key=key, explanation=WHY))
    assert people.told(second.key, RotateKey(public_key=people.fresh())) == ["KeyEnrolled"]


def test_a_rotation_needs_a_key_that_nobody_knows_and_a_sender_that_holds() -> None:
    people = People(keys=9)
    assert people.told(CLEARING, RotateKey(public_key=public_key(1))) == ["KEY_ALREADY_ENROLLED"]
    assert people.told(0, RotateKey(public_key=people.fresh())) == ["ROLE_NOT_PERMITTED"]
    assert people.told(99, RotateKey(public_key=people.fresh())) == ["KEY_UNKNOWN"]
    assert people.told(CLEARING, RotateKey(public_key=people.fresh())) == ["KeyEnrolled"]
    people.key(Role.READER, "演示行情")
    assert people.told(trader(1), RotateKey(public_key=people.fresh())) == ["KEYS_FULL"]


# ---------------------------------------------------------------- revocation


def test_whose_keys_one_may_revoke() -> None:
    people = People()
    boss = people.key(Role.ADMINISTRATOR, "演示管理", 1)
    risk = people.key(Role.RISK, "演示风控", 1)
    other = people.key(Role.TRADER, "演示另", 1)
    assert people.told(risk, RevokeKey(key=other, explanation=WHY)) == ["ROLE_NOT_PERMITTED"]
    assert people.told(boss, RevokeKey(key=trader(2), explanation=WHY)) == ["ROLE_NOT_PERMITTED"]
    assert people.told(boss, RevokeKey(key=OPERATOR_ONE, explanation=WHY)) == ["ROLE_NOT_PERMITTED"]
    assert people.told(boss, RevokeKey(key=77, explanation=WHY)) == ["KEY_UNKNOWN"]
    assert people.told(CLEARING, RevokeKey(key=other, explanation=WHY)) == ["ROLE_NOT_PERMITTED"]
    (revoked,) = people.desk.send(boss, RevokeKey(key=other, explanation=WHY))
    assert isinstance(revoked, KeyRevoked)
    assert (revoked.key, revoked.participant, revoked.by_key) == (other, 1, boss)
    assert (revoked.person, revoked.explanation) == ("演示管理", WHY)
    again = people.desk.send(boss, RevokeKey(key=other, explanation=WHY))
    assert refusals(again) == [Reason.KEY_REVOKED]
    assert getattr(again[0], "figure_a", 0) == other
    assert people.told(OPERATOR_TWO, RevokeKey(key=trader(2), explanation=WHY)) == ["KeyRevoked"]
    assert people.told(risk, RevokeKey(key=risk, explanation=WHY)) == ["KeyRevoked"]
    assert people.told(risk, RevokeKey(key=boss, explanation=WHY)) == ["KEY_REVOKED"]


def test_a_revoked_key_sends_nothing_and_never_comes_back() -> None:
    people = People()
    key = people.key(Role.TRADER, "演示窄", 1)
    public = people.exchange.keys()[key - 1].public_key
    people.desk.send(key, commands(people)[LISTED])
    people.desk.send(OPERATOR_ONE, RevokeKey(key=key, explanation=WHY))
    for command in (*commands(people).values(), SetBlockGroup(group="g", members=())):
        assert people.told(key, command) == ["KEY_REVOKED"]
    assert people.exchange.keys()[key - 1].state == "revoked"
    (refused,) = people.desk.approve(
        structs.replace(people.wish(Role.READER, "x"), public_key=public)
    )
    assert refusals([refused]) == [Reason.KEY_ALREADY_ENROLLED]
    assert [row.is_open for row in people.exchange.orders(1)] == [
        True
    ]  # the company's, not the key's


def test_control_is_never_left_to_one_person() -> None:
    """演示甲 has two keys, 演示乙 one: either of the two of 演示甲 may go, the other one and 演示乙's not."""
    people = People()
    revoke = [RevokeKey(key=key, explanation=WHY) for key in range(4)]
    assert people.told(OPERATOR_ONE, revoke[OPERATOR_TWO]) == ["LAST_OPERATORS"]
    assert people.told(OPERATOR_TWO, revoke[OPERATOR_ONE_AGAIN]) == ["KeyRevoked"]
    assert people.told(OPERATOR_TWO, revoke[OPERATOR_ONE]) == ["LAST_OPERATORS"]
    people.key(Role.SUPERVISOR, "演示主管")
    assert people.told(OPERATOR_TWO, revoke[OPERATOR_ONE]) == ["KeyRevoked"]


def test_where_supervisors_approve_the_last_of_them_stays() -> None:
    desk = Desk(Twins(people_profile(approvers="supervisors")))
    desk.found(0)
    chief = EnrolKey(public_key=public_key(900), role=Role.SUPERVISOR, person="演示主管")
    enrolled = desk.one(0, chief)
    assert isinstance(enrolled, KeyEnrolled)
    revoke = RevokeKey(key=enrolled.key, explanation=WHY)
    assert refusals(desk.send(OPERATOR_ONE, revoke)) == [Reason.LAST_OPERATORS]
    second = structs.replace(chief, public_key=public_key(901), person="演示副主管")
    assert isinstance(desk.one(0, second), KeyEnrolled)
    assert isinstance(desk.one(OPERATOR_ONE, revoke), KeyRevoked)


# ---------------------------------------------------------------- expiry


def test_a_key_holds_on_its_last_day_and_ends_as_the_next_one_opens() -> None:
    people = People()
    short = people.key(Role.TRADER, "演示短", 1, valid_until="2021-07-16")
    long = people.key(Role.TRADER, "演示长", 1, valid_until="2021-07-19")
    assert people.told(short, commands(people)[LISTED]) == ["ListingPlaced"]
    people.desk.advance("15:00")
    opened = people.desk.open_day("2021-07-19")
    assert [event for event in opened if isinstance(event, KeyExpired)] == [opened[1]]
    assert getattr(opened[1], "key", 0) == short
    assert getattr(opened[1], "participant", 0) == 1
    assert people.told(short, commands(people)[CANCEL]) == ["KEY_EXPIRED"]
    assert people.told(short, RotateKey(public_key=people.fresh())) == ["KEY_EXPIRED"]
    assert people.told(OPERATOR_ONE, RevokeKey(key=short, explanation=WHY)) == ["KEY_EXPIRED"]
    assert people.told(long, commands(people)[CANCEL]) == ["ORDER_UNKNOWN"]
    assert [people.exchange.keys()[key - 1].state for key in (short, long)] == ["expired", "active"]


def test_the_last_operators_hold_on_beyond_their_last_day() -> None:
    people = People()
    desk = people.desk
    third = people.key(Role.OPERATOR, "演示丙", valid_until="2021-07-16")
    fourth = people.key(Role.OPERATOR, "演示丁", valid_until="2021-07-16")
    for key in (OPERATOR_ONE, OPERATOR_ONE_AGAIN):
        assert people.told(third, RevokeKey(key=key, explanation=WHY)) == ["KeyRevoked"]
    desk.advance("15:00")
    expired = [e for e in desk.open_day("2021-07-19") if isinstance(e, KeyExpired)]
    assert [event.key for event in expired] == [third]  # 演示乙 and 演示丁 remain
    assert people.exchange.keys()[fourth - 1].state == "active"
    people.desk.send(
        OPERATOR_TWO, Propose(actions=(people.wish(Role.OPERATOR, "演示戊"),), reason=WHY)
    )
    proposal = people.exchange.proposals()[-1].proposal
    assert people.told(fourth, Approve(proposal=proposal)) == ["ProposalApproved", "KeyEnrolled"]
    desk.advance("15:00")
    expired = [e for e in desk.open_day("2021-07-20") if isinstance(e, KeyExpired)]
    assert [event.key for event in expired] == [fourth]


KEY_SCENES = (
    test_terms_that_make_no_sense_are_refused,
    test_nobody_has_three_keys_by_rotation,
    test_whose_keys_one_may_revoke,
    test_control_is_never_left_to_one_person,
    test_a_key_holds_on_its_last_day_and_ends_as_the_next_one_opens,
)
