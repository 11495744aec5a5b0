"""Codes of faults: numbers are frozen, disjoint from the reasons, and every error says whether to retry."""

import pytest

from engine.reasons import Reason
from gateway import wire
from gateway.codes import FAULTS, CloseCode, Fault, place_in

NUMBERS = {
    "MALFORMED": 2001,
    "FRAME_TOO_LARGE": 2002,
    "NOT_LOGGED_IN": 2003,
    "ALREADY_LOGGED_IN": 2004,
    "KEY_UNKNOWN": 101,
    "PARTICIPANT_UNKNOWN": 104,
    "CLOCK_OFF": 2012,
    "KEY_REVOKED": 112,
    "KEY_EXPIRED": 113,
    "PARTICIPANT_REMOVED": 114,
    "ADDRESS_NOT_LISTED": 2016,
    "LOGIN_LIMITED": 2017,
    "SIGNATURE_WRONG": 2018,
    "HOST_UNKNOWN": 2019,
    "CONNECTIONS_FULL": 2020,
    "CONNECTIONS_LIMITED": 2021,
    "ROLE_NOT_PERMITTED": 102,
    "RATE_LIMITED": 2030,
    "TOO_MANY_IN_FLIGHT": 2031,
    "TOO_MANY_SUBSCRIPTIONS": 2032,
    "NOT_SUBSCRIBED": 2033,
    "RESUME_TOO_OLD": 2034,
    "RESUME_AHEAD": 2035,
    "PRODUCT_UNKNOWN": 205,
    "DATE_NOT_KEPT": 2041,
    "CLOCK_NOT_DRIVEN": 2042,
    "PARAMETER_INVALID": 2043,
    "PATH_UNKNOWN": 2044,
    "METHOD_NOT_ALLOWED": 2045,
    "BUSY": 2050,
    "CANCEL_ONLY": 2051,
    "DISK_FULL": 2052,
    "STOPPED": 2053,
    "INTERNAL": 2054,
    "STOPPING": 2055,
    "CONNECTION_LOST": 2060,
    "NOT_CONNECTED": 2061,
    "PROTOCOL": 2062,
}
"""Clients have these in their code: a row is added with a new code, and never changed."""


def test_the_number_of_a_code_never_changes() -> None:
    assert {code: row.number for code, row in FAULTS.items()} == NUMBERS


def test_one_name_has_one_number_and_one_number_one_name() -> None:
    numbers = [row.number for row in FAULTS.values()]
    assert len(set(numbers)) == len(numbers)
    assert not set(numbers) & set(CloseCode)
    assert max(Reason) < 1000
    for code, row in FAULTS.items():
        if code in Reason.__members__:
            assert row.number == Reason[code]
        else:
            assert 2001 <= row.number <= 2999


@pytest.mark.parametrize("code", FAULTS)
def test_every_error_says_whether_to_try_again_and_when(code: str) -> None:
    frame = Fault(code, 5).frame(9, "en")
    assert (frame.id, frame.code, frame.number) == (9, code, NUMBERS[code])
    assert (frame.retry == "after") == bool(frame.retry_after_ms)
    assert (frame.retry == "after") == (frame.outcome == "not_sent")
    assert wire.decode_outward(wire.encode(frame)) == frame


def test_a_fault_knows_its_own_pause_better_than_its_code() -> None:
    assert Fault("RATE_LIMITED", retry_after_ms=7).frame(1, "zh").retry_after_ms == 7
    assert Fault("RATE_LIMITED").frame(1, "zh").retry_after_ms == 100


def test_an_error_of_a_batch_names_the_item() -> None:
    assert place_in("$.command.orders[3].price_yuan") == 3
    assert place_in("$.command.actions[0]") == 0
    assert place_in("$.command.product") == -1
    assert place_in("$") == -1
    assert Fault("MALFORMED", path="$.command.orders[19].side").frame(1, "en").place == 19
