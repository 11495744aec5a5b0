"""Too many refused logins: turned away for a while, never because of what a stranger did."""

import pytest

from gateway import login_guard
from gateway.login_guard import LoginGuard

HOME, ELSEWHERE, KEY, OTHER = "192.0.2.1", "198.51.100.9", "aa", "bb"


def guard(failures: int = 3, per_minute: float = 60) -> LoginGuard:
    return LoginGuard(failures, per_minute)


def test_an_address_is_turned_away_after_its_failures_and_forgiven_later() -> None:
    doors = guard()
    for _ in range(3):
        assert doors.wait_s(HOME, KEY, 0.0) == 0
        doors.failed(HOME, "", 0.0)
    assert doors.wait_s(HOME, OTHER, 0.0) == pytest.approx(1.0)
    assert doors.wait_s(ELSEWHERE, KEY, 0.0) == 0
    assert doors.wait_s(HOME, OTHER, 1.0) == 0


def test_a_key_is_turned_away_wherever_it_is_tried() -> None:
    doors = guard()
    for number in range(3):
        doors.failed(f"192.0.2.{number}", KEY, 0.0)
    assert doors.wait_s(ELSEWHERE, KEY, 0.0) > 0
    assert doors.wait_s(ELSEWHERE, OTHER, 0.0) == 0


def test_strangers_do_not_shut_out_who_came_in_from_there_before() -> None:
    doors = guard()
    doors.came_in(HOME, KEY)
    for _ in range(10):
        doors.failed(ELSEWHERE, KEY, 0.0)
        doors.failed(HOME, OTHER, 0.0)
    assert doors.wait_s(HOME, KEY, 0.0) == 0
    assert doors.wait_s(ELSEWHERE, KEY, 0.0) > 0
    assert doors.wait_s(HOME, OTHER, 0.0) > 0


def test_failures_past_the_burst_do_not_add_up_for_ever() -> None:
    doors = guard()
    for _ in range(1_000):
        doors.failed(HOME, KEY, 0.0)
    assert doors.wait_s(HOME, KEY, 0.0) == pytest.approx(1.0)


def test_the_tables_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login_guard, "SUBJECTS_MAX", 5)
    monkeypatch.setattr(login_guard, "KNOWN_MAX", 5)
    doors = guard(1)
    for number in range(20):
        doors.failed(f"a{number}", f"k{number}", 0.0)
        doors.came_in(f"b{number}", f"k{number}")
    assert len(doors._addresses) == len(doors._keys) == len(doors._known) == 5
    assert doors.wait_s("a0", "", 0.0) == 0, "the longest quiet is forgotten first"
    assert doors.wait_s("a19", "", 0.0) > 0
