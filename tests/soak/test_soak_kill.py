"""Two hundred rounds of SIGKILL at random moments under load; the seed is printed (`make soak`)."""

import os
import secrets
from pathlib import Path

import pytest

from tests.gateway.kill_rounds import run_rounds

pytestmark = [
    pytest.mark.soak,
    pytest.mark.process,
    pytest.mark.timeout(0),
    pytest.mark.skipif(not os.environ.get("CEAX_SOAK"), reason="set CEAX_SOAK=1 for long proofs"),
]
ROUNDS = int(os.environ.get("CEAX_SOAK_KILLS", "200"))


async def test_two_hundred_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    seed = int(os.environ.get("CEAX_SEED", "0")) or secrets.randbelow(2**31)
    print(f"CEAX_SEED={seed}", flush=True)
    proved = await run_rounds(tmp_path / "market", ROUNDS, seed)
    print(proved)
    assert proved.startswith(f"{ROUNDS} kills")
