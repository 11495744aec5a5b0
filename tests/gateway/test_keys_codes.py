"""One-time codes: secret enough, and a typo is found where it is typed."""

import itertools
import random

import pytest

from gateway.enrolment_code import (
    GROUP,
    LENGTH,
    LETTERS,
    SECRET_BITS,
    TEXT_MAX,
    BadCode,
    hash_of,
    new_code,
    read_code,
)


def test_a_code_reads_however_it_is_typed() -> None:
    told = new_code()
    code = read_code(told)
    assert len(code) == LENGTH
    assert [len(group) for group in told.split("-")] == [GROUP] * (LENGTH // GROUP)
    longest = " " * (TEXT_MAX - len(told)) + told
    for typed in (told.lower(), f"  {code}\n", " ".join(told.split("-")), code, longest):
        assert read_code(typed) == code
    with pytest.raises(BadCode, match="not 27"):
        read_code(f" {longest}")


def test_codes_differ_and_carry_128_bits() -> None:
    codes = {new_code() for _ in range(1_000)}
    assert len(codes) == 1_000
    assert SECRET_BITS == 128
    assert len(LETTERS) ** 26 >= 2**SECRET_BITS
    for place in range(25):
        assert len({read_code(code)[place] for code in codes}) == len(LETTERS)


def test_every_wrong_letter_is_told_with_its_group() -> None:
    code = read_code(new_code())
    for place in range(LENGTH):
        for letter in LETTERS:
            if letter == code[place]:
                continue
            with pytest.raises(BadCode, match="typing error") as caught:
                read_code(code[:place] + letter + code[place + 1 :])
            assert caught.value.group == place // GROUP + 1


def test_any_two_wrong_letters_and_every_exchange_of_two_are_found() -> None:
    chance = random.Random(7)
    code = read_code(new_code())
    for first, second in itertools.combinations(range(LENGTH), 2):
        signs = list(code)
        signs[first], signs[second] = signs[second], signs[first]
        if signs[first] != signs[second]:
            with pytest.raises(BadCode):
                read_code("".join(signs))
        for place in (first, second):
            signs[place] = chance.choice([sign for sign in LETTERS if sign != code[place]])
        with pytest.raises(BadCode):
            read_code("".join(signs))


@pytest.mark.parametrize(
    ("typed", "group"), [("", 0), ("ABCD", 0), ("A" * 29, 0), ("A" * 10**6, 0), ("ABCD-EF0H", 2)]
)
def test_what_is_no_code_is_told_so(typed: str, group: int) -> None:
    with pytest.raises(BadCode) as caught:
        read_code(typed)
    assert caught.value.group == group


def test_the_hash_is_of_this_use_alone_and_fixed() -> None:
    # Published in the description of the protocol: programs that make codes must agree.
    assert hash_of("A" * 28) == ("23bebc130c29d14d78c32f0508a2dcb473c491f730ffba6d60e58a1a5b2a9e16")
