"""The exchange is killed at random moments under load and comes back with all that it had told."""

import os
import secrets
from pathlib import Path

import pytest

from tests.gateway.kill_rounds import run_rounds


@pytest.mark.process
async def test_three_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    seed = int(os.environ.get("CEAX_SEED", "0")) or secrets.randbelow(2**31)
    print(f"CEAX_SEED={seed}")
    proved = await run_rounds(tmp_path / "market", rounds=3, seed=seed)
    print(proved)
    assert proved.startswith("3 kills")
