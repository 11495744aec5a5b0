"""Builds without the sync, the fence, the idempotency and the like: the tests of the journal find each."""

import os
import random
import secrets
from pathlib import Path

import pytest

from tests.mutants.planting import Children, Mutant, Verdict, copy_sources, load, mutated, try_one

LIST = Path(__file__).with_name("gateway.toml")
NAMED = {"journal_without_the_sync", "journal_without_the_fence", "orders_without_idempotency"}
"""Those that the promise of durability names."""


def tried(mutant: Mutant, folder: Path) -> Verdict:
    """Plant a bug in a copy of the repository, and return what its tests made of it there."""
    copy_sources(folder)
    children = Children()
    try:
        outcome = try_one(mutant, folder, seed=1, children=children)
    finally:
        children.stop()
    print(f"{mutant.name}: {outcome.verdict} by {outcome.killer} in {outcome.seconds:.1f} s")
    return outcome.verdict


def test_each_stands_once_in_the_sources_and_names_its_tests() -> None:
    mutants = load(LIST)
    assert {mutant.name for mutant in mutants} >= NAMED
    assert len({mutant.name for mutant in mutants}) == len(mutants)
    for mutant in mutants:
        compile(mutated(mutant), mutant.file, "exec")
        assert mutant.says.endswith(".")
        assert mutant.tests, mutant.name


@pytest.mark.process
def test_one_of_them_is_killed(tmp_path: Path) -> None:
    seed = int(os.environ.get("CEAX_SEED", "0")) or secrets.randbelow(2**31)
    print(f"CEAX_SEED={seed}")
    quick = [mutant for mutant in load(LIST) if mutant.is_quick]
    assert tried(random.Random(seed).choice(quick), tmp_path) == Verdict.KILLED


@pytest.mark.soak
@pytest.mark.process
@pytest.mark.skipif(not os.environ.get("CEAX_SOAK"), reason="set CEAX_SOAK=1 for long proofs")
@pytest.mark.parametrize("mutant", load(LIST), ids=lambda mutant: mutant.name)
def test_all_of_them_are_killed(mutant: Mutant, tmp_path: Path) -> None:
    assert tried(mutant, tmp_path) == Verdict.KILLED
