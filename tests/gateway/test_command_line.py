"""The words of the command line: each command speaks Chinese too, and a number out of bounds is told with them."""

import argparse
from collections.abc import Iterator
from pathlib import Path

import pytest

import ceax
from gateway import cli

WITHOUT_TEXTS = {
    "describe",  # documents, in one language each
    "exchange serve",  # its log lines are for programs
    "journal verify",
    "journal replay",
    "journal eyes",
}
"""Commands of the gateway whose few words are English alone."""


def commands(parser: argparse.ArgumentParser, path: str = "") -> Iterator[tuple[str, set[str]]]:
    inner = [item for item in parser._actions if isinstance(item, argparse._SubParsersAction)]
    if not inner:
        yield path.strip(), {item.dest for item in parser._actions}
    for action in inner:
        for name, found in action.choices.items():
            yield from commands(found, f"{path} {name}")


def test_every_command_that_speaks_to_people_speaks_chinese_and_english() -> None:
    parser = argparse.ArgumentParser()
    cli.add_commands(parser.add_subparsers())
    found = dict(commands(parser))
    assert len(found) >= 25
    assert {name for name, options in found.items() if "lang" not in options} == WITHOUT_TEXTS


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--port", "x"), "'x' is no whole number from 0 to 65535"),
        (("--port", "65536"), "'65536' is no whole number from 0 to 65535"),
        (("--snapshot-every", "0"), "'0' is no whole number from 1 to 1000000000"),
        (("--snapshot-every", "9" * 5_000), "is no whole number from 1 to 1000000000"),
        (("--clock-rate", "fast"), "'fast' is no rate from 0 to 100000"),
        (("--clock-rate", "nan"), "'nan' is no rate from 0 to 100000"),
    ],
)
def test_a_number_out_of_bounds_is_told_with_its_bounds(
    words: tuple[str, str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        ceax.main(["exchange", "serve", "--data", "nowhere", *words])
    assert left.value.code == 2
    assert told in capsys.readouterr().err


def test_a_new_market_says_what_to_do_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for lang, sign in (("en", "next, each in a terminal"), ("zh", "接着各开一个终端执行")):
        folder = tmp_path / lang
        assert ceax.main(["init", str(folder), "--lang", lang]) == 0
        shown = capsys.readouterr().out
        assert sign in shown
        assert f"--key {folder / 'keys' / 'operator-2.key'}" in shown
