"""Twenty rounds of SIGKILL of registry and clearing in mid-batch; the short form runs in every test run."""

import os
import random
from pathlib import Path

import pytest

from tests.clearing.test_processes import one_round

ROUNDS = 20


@pytest.mark.soak
@pytest.mark.process
@pytest.mark.timeout(1_800)
@pytest.mark.skipif(not os.environ.get("CEAX_SOAK"), reason="the full form: make soak")
async def test_twenty_rounds_of_sigkill(tmp_path: Path) -> None:
    start = int(os.environ.get("CEAX_SEED") or random.randrange(10**6))
    print(f"CEAX_SEED={start}", flush=True)
    seeds = range(start, start + ROUNDS)
    hits = [await one_round(tmp_path / str(seed), seed, count=500) for seed in seeds]
    assert sum(hits) > ROUNDS // 2, "half of the kills at least came in mid-batch"
