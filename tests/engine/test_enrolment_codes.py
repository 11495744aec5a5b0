"""Enrolment codes: issued by two persons, claimed once and in time, and never kept themselves."""

from typing import Any

from engine.commands import ClaimKey, IssueCode, OnDisconnect, Permission, Role
from engine.events import CodeIssued, KeyEnrolled
from engine.reasons import Reason
from tests.engine.people_desk import People
from tests.heard import refusals
from tests.markets import public_key, trader

HASH, OTHER_HASH = public_key(7_001), public_key(7_002)
HOUR_NS = 3_600 * 10**9


def code(people: People, code_hash: str = HASH, **changes: Any) -> IssueCode:
    """Return a code for a trader of participant 1, good for an hour."""
    fields: dict[str, Any] = {
        "code_valid_until_ns": people.desk.time_ns + HOUR_NS,
        "role": Role.TRADER,
        "person": "演示新",
        "participant": 1,
    }
    return IssueCode(code_hash=code_hash, **(fields | changes))


def issue(people: People, code_hash: str = HASH, **changes: Any) -> CodeIssued:
    """Let two operators issue a code."""
    (issued,) = people.desk.approve(code(people, code_hash, **changes))
    assert isinstance(issued, CodeIssued), issued
    return issued


def test_who_knows_the_code_has_the_key_that_two_persons_wanted() -> None:
    people = People()
    terms: dict[str, Any] = {
        "permissions": (Permission.LISTED,),
        "addresses": ("10.0.0.0/8",),
        "valid_until": "2021-08-01",
        "on_disconnect": OnDisconnect.KEY,
    }
    issued = issue(people, **terms)
    claim = ClaimKey(code_hash=HASH, public_key=people.fresh())
    (enrolled,) = people.desk.send(0, claim)
    assert isinstance(enrolled, KeyEnrolled)
    assert {name: getattr(enrolled, name) for name in terms} == terms
    assert (enrolled.person, enrolled.participant) == ("演示新", 1)
    assert (enrolled.public_key, enrolled.code) == (claim.public_key, issued.code)
    (view,) = people.exchange.codes()
    assert (view.key, view.code_hash) == (enrolled.key, HASH)


def test_a_code_is_claimed_once_in_time_and_by_the_gateway_alone() -> None:
    people = People()
    issued = issue(people)
    claim = ClaimKey(code_hash=HASH, public_key=people.fresh())
    assert people.told(trader(1), claim) == ["ROLE_NOT_PERMITTED"]
    assert people.told(0, ClaimKey(code_hash=OTHER_HASH, public_key=claim.public_key)) == [
        "CODE_UNKNOWN"
    ]
    until = issued.code_valid_until_ns
    late = people.desk.send(0, claim, until + 1)[-1]
    assert refusals([late]) == [Reason.CODE_EXPIRED]
    assert getattr(late, "figure_a", 0) == until
    second = issue(people, OTHER_HASH)
    good = ClaimKey(code_hash=OTHER_HASH, public_key=claim.public_key)
    known = ClaimKey(code_hash=OTHER_HASH, public_key=public_key(1))
    assert people.told(0, known) == ["KEY_ALREADY_ENROLLED"]  # and the code waits on
    enrolled = people.desk.send(0, good, second.code_valid_until_ns)[-1]
    assert isinstance(enrolled, KeyEnrolled)
    used = people.desk.send(0, ClaimKey(code_hash=OTHER_HASH, public_key=people.fresh()))
    assert refusals(used) == [Reason.CODE_USED]
    assert getattr(used[0], "figure_a", 0) == second.code


def test_codes_that_make_no_sense_are_not_issued() -> None:
    people = People()
    issue(people)
    now = people.desk.time_ns
    told = people.desk.approve(
        code(people),
        code(people, OTHER_HASH, code_valid_until_ns=now),
        code(people, OTHER_HASH, participant=9),
        code(people, OTHER_HASH, role=Role.OPERATOR),
        code(people, OTHER_HASH, addresses=("10.0.0.1/8",)),
        code(people, OTHER_HASH, valid_until="2021-02-30"),
        code(people, OTHER_HASH, valid_until="2021-07-15"),
        code(people, OTHER_HASH, role=Role.RISK, permissions=(Permission.BLOCK,)),
    )
    assert refusals(told) == [
        Reason.CODE_USED,
        Reason.CODE_EXPIRED,
        Reason.PARTICIPANT_UNKNOWN,
        Reason.ROLE_NOT_PERMITTED,
        Reason.KEY_ADDRESS_INVALID,
        Reason.DATE_INVALID,
        Reason.KEY_EXPIRED,
        Reason.ROLE_NOT_PERMITTED,
    ]


def test_only_so_many_codes_wait_and_expired_ones_leave_as_a_day_opens() -> None:
    people = People(codes=3)
    for number in range(3):
        issue(people, public_key(7_100 + number))
    (full,) = people.desk.approve(code(people))
    assert refusals([full]) == [Reason.CODES_FULL]
    assert getattr(full, "figure_a", 0) == 3
    claim = ClaimKey(code_hash=public_key(7_100), public_key=people.fresh())
    assert people.told(0, claim) == ["KeyEnrolled"]
    assert issue(people).code == 4  # a claimed one waits no more
    people.desk.advance("15:00")
    people.desk.open_day("2021-07-19")
    assert [view.code for view in people.exchange.codes()] == [1]
    assert people.told(0, ClaimKey(code_hash=HASH, public_key=people.fresh())) == ["CODE_UNKNOWN"]
    assert people.told(0, claim) == ["CODE_USED"]
    assert issue(people).code == 5  # numbers run on


def test_the_terms_must_still_hold_when_the_code_is_claimed() -> None:
    people = People(keys=9)
    issue(people, valid_until="2021-07-16", code_valid_until_ns=2**62)
    people.desk.advance("15:00")
    people.desk.open_day("2021-07-19")
    assert people.told(0, ClaimKey(code_hash=HASH, public_key=people.fresh())) == ["KEY_EXPIRED"]
    issue(people, OTHER_HASH, code_valid_until_ns=2**62)
    for number in range(2):
        people.key(Role.READER, f"演示{number}")
    claim = ClaimKey(code_hash=OTHER_HASH, public_key=people.fresh())
    assert people.told(0, claim) == ["KEYS_FULL"]


CODE_SCENES = (
    test_a_code_is_claimed_once_in_time_and_by_the_gateway_alone,
    test_codes_that_make_no_sense_are_not_issued,
    test_only_so_many_codes_wait_and_expired_ones_leave_as_a_day_opens,
)
