"""The exchange is killed at random moments under load and comes back with all that it had told."""

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.kill_rounds import run_rounds


@pytest.mark.process
async def test_three_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    seed = int(os.environ.get("CEAX_SEED", "0")) or secrets.randbelow(2**31)
    print(f"CEAX_SEED={seed}")
    folder = tmp_path / "market"
    proved = await run_rounds(folder, rounds=3, seed=seed)
    print(proved)
    assert proved.startswith("3 kills")
    compiled, plain = replayed(folder, "0"), replayed(folder, "1")
    assert compiled["sequence"] > 100
    for name in ("sequence", "time_ns", "event_digest", "state_digest"):
        assert compiled[name] == plain[name], name


def replayed(folder: Path, disable_jit: str) -> dict[str, Any]:
    """Return what `ceax journal replay` says, with or without the compiler."""
    done = subprocess.run(
        [sys.executable, "-m", "ceax", "journal", "replay", str(folder), "--json"],
        env=os.environ | {"NUMBA_DISABLE_JIT": disable_jit},
        capture_output=True,
        check=True,
        timeout=600,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result
