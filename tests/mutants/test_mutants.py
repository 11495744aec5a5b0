"""The list of planted bugs cannot rot, and some of them are planted in every test run."""

import os
import random
import re
import secrets
import signal
import subprocess
import sys
from pathlib import Path
from threading import Event

import pytest

from tests.mutants.planting import (
    NOTHING,
    ROOT,
    Children,
    Mutant,
    PlantingError,
    Verdict,
    copy_sources,
    load,
    mutated,
    try_one,
)
from tests.mutants.run import RESULTS, try_all

MUTANTS_MIN = 24
CHOSEN = 3
POLLS_MAX = 2_400
RULE = re.compile(r"R[1-9][0-9]?|replay|repeat|capacity")


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    copy_sources(tmp_path)
    return tmp_path


def test_there_are_enough_and_each_says_what_it_breaks() -> None:
    mutants = load()
    assert len(mutants) >= MUTANTS_MIN
    assert len({mutant.name for mutant in mutants}) == len(mutants)
    assert len({(mutant.file, mutated(mutant)) for mutant in mutants}) == len(mutants)
    for mutant in mutants:
        assert RULE.fullmatch(mutant.rule), mutant.name
        assert mutant.says.endswith("."), mutant.name
        assert mutant.file.startswith("engine/"), mutant.name


@pytest.mark.parametrize("mutant", load(), ids=lambda mutant: mutant.name)
def test_its_text_stands_once_in_the_sources_and_the_change_is_a_program(mutant: Mutant) -> None:
    text = mutated(mutant)
    assert text != (ROOT / mutant.file).read_text(encoding="utf-8")
    compile(text, mutant.file, "exec")


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("engine/units.py", "no such text stands there"),
        ("engine/units.py", "return"),
        ("engine/no_such_file.py", "return"),
    ],
)
def test_a_text_that_is_not_there_once_is_said_loudly(file: str, source: str) -> None:
    rotten = Mutant(name="rotten", file=file, rule="R1", says=".", source=source, replacement="")
    with pytest.raises(PlantingError, match="rotten: its source text stands"):
        mutated(rotten)


def test_the_table_of_results_is_of_this_list() -> None:
    """Whoever adds a bug runs `make mutants`, and nobody commits a table with a survivor."""
    rows = re.findall(
        r"^\| `(\w+)` \|.*\| (\w[\w ]*) \| [^|]* \| [0-9.]+ \|$",
        RESULTS.read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert rows == [(mutant.name, Verdict.KILLED.value) for mutant in load()]


@pytest.mark.process
def test_a_few_bugs_are_really_killed(sources: Path) -> None:
    seed = int(os.environ.get("CEAX_SEED") or secrets.randbelow(2**31))
    quick = [mutant for mutant in load() if mutant.is_quick]
    chosen = random.Random(seed).sample(quick, CHOSEN)
    for outcome in try_all(chosen, sources, 2, seed, lambda _: None):
        said = f"CEAX_SEED={seed}: {outcome.mutant.name}: {outcome.verdict} {outcome.killer}"
        assert outcome.verdict == Verdict.KILLED, said


@pytest.mark.process
def test_a_bug_that_is_no_program_proves_nothing(sources: Path) -> None:
    """A file that cannot be imported makes every test fail; that is no test's merit."""
    broken = Mutant(
        name="broken",
        file="engine/units.py",
        rule="R1",
        says=".",
        source="FEN_PER_YUAN: Final = 100",
        replacement="FEN_PER_YUAN: Final = 100 +",
    )
    assert try_one(broken, sources, 1, Children()).verdict == Verdict.BROKEN


@pytest.mark.process
def test_a_stopped_run_leaves_neither_children_nor_copies(tmp_path: Path) -> None:
    name = load()[0].name
    runner = subprocess.Popen(
        [sys.executable, "-m", "tests.mutants.run", "--only", name],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stderr=subprocess.PIPE,
        text=True,
    )
    with runner:
        assert runner.stderr is not None
        assert runner.stderr.readline().startswith("CEAX_SEED=")
        for _ in range(POLLS_MAX):
            if _inside(tmp_path):
                break
            Event().wait(0.05)
        assert _inside(tmp_path), "no child was started"
        runner.send_signal(signal.SIGINT)
        assert "every child has ended" in runner.stderr.read()
        assert runner.wait(120) == 130
    assert not list(tmp_path.iterdir())
    assert not _inside(tmp_path)


def _inside(folder: Path) -> list[Path]:
    """Return the processes that work inside a folder."""
    return [link for link in Path("/proc").glob("[0-9]*/cwd") if _leads_to(link, folder)]


def _leads_to(link: Path, folder: Path) -> bool:
    try:
        return link.readlink().is_relative_to(folder)
    except OSError:  # ended meanwhile, or somebody else's
        return False


def test_the_control_is_no_mutant() -> None:
    assert NOTHING not in load()
