"""The journal's damage in the numbers of the issue: 2,000 flipped bytes, 200 torn tails (`make soak`)."""

import os
import secrets

import pytest

from tests.gateway.damage_rounds import flip_bytes, tear_tails

pytestmark = [
    pytest.mark.soak,
    pytest.mark.timeout(0),
    pytest.mark.skipif(not os.environ.get("CEAX_SOAK"), reason="set CEAX_SOAK=1 for long proofs"),
]


def seed() -> int:
    chosen = int(os.environ.get("CEAX_SEED", "0")) or secrets.randbelow(2**31)
    print(f"CEAX_SEED={chosen}", flush=True)
    return chosen


async def test_two_thousand_flipped_bytes_over_journal_and_snapshots() -> None:
    proved = await flip_bytes(2_000, seed())
    print(proved)
    assert proved.startswith("2000 flipped bytes")


async def test_two_hundred_torn_tails() -> None:
    proved = await tear_tails(200, seed())
    print(proved)
    assert proved.startswith("200 torn batches")
