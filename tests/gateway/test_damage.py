"""Flipped bytes and torn tails, the short form; `make soak` runs 2,000 and 200 (`tests/soak`)."""

import os
import secrets

from tests.gateway.damage_rounds import flip_bytes, tear_tails


def seed() -> int:
    chosen = int(os.environ.get("CEAX_SEED", "0")) or secrets.randbelow(2**31)
    print(f"CEAX_SEED={chosen}")
    return chosen


async def test_a_flipped_byte_is_harmless_or_refused_never_a_shorter_log() -> None:
    proved = await flip_bytes(80, seed())
    print(proved)
    assert "refused with file and sequence" in proved
    assert "fell back from a snapshot" in proved


async def test_a_torn_tail_loses_nothing_that_was_answered() -> None:
    proved = await tear_tails(15, seed())
    print(proved)
    assert proved.startswith("15 torn batches")
