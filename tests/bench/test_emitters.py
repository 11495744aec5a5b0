"""Invented units are plainly invented, pass GB 32100 and can be read back by admission."""

from pathlib import Path

import pytest

from bench.emitters import (
    chinese_number,
    credit_code,
    invent_emitters,
    invent_institution,
    write_emitters,
)
from engine.commands import Category
from engine.credit_code import is_credit_code
from gateway.admission import read_applicants


def test_codes_pass_the_check_and_lie_in_no_real_region() -> None:
    codes = [credit_code(number) for number in range(1, 1_000)]
    assert all(is_credit_code(code) for code in codes)
    assert {code[2:8] for code in codes} == {"990000"}
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "一"),
        (10, "十"),
        (12, "十二"),
        (20, "二十"),
        (42, "四十二"),
        (100, "一百"),
        (105, "一百零五"),
        (110, "一百一十"),
        (999, "九百九十九"),
    ],
)
def test_numbers_are_written_as_people_do(value: int, text: str) -> None:
    assert chinese_number(value) == text


def test_the_list_is_read_back_by_admission(tmp_path: Path) -> None:
    emitters = [*invent_emitters(45, 2020), invent_institution(46, 2020)]
    write_emitters(tmp_path / "applicants.csv", emitters)
    applicants = read_applicants(tmp_path / "applicants.csv")
    assert applicants.bad == ()
    assert [row.name for row in applicants.rows] == [e.name for e in emitters]
    assert all(row.name.startswith("演示") for row in applicants.rows)
    assert [row.category for row in applicants.rows[-2:]] == [
        Category.KEY_EMITTING_UNIT,
        Category.INSTITUTION,
    ]
