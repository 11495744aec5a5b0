"""Schemathesis against the mirror on a real socket, by the description that clients are given."""

import asyncio
import importlib.util
import json
import os
import sys
from pathlib import Path

import pytest

from gateway.describe_openapi import make_openapi
from tests.gateway.gateway_world import serving, settings
from tests.gateway.test_mirror import trade

needs_schemathesis = pytest.mark.skipif(
    importlib.util.find_spec("schemathesis") is None,
    reason="schemathesis is not installed for this Python (a part of it has no wheel)",
)
EXAMPLES_SHORT, EXAMPLES_LONG = 5, 2_000


async def run_schemathesis(folder: Path, examples: int) -> tuple[int, str]:
    """Run it against a day with trades; return its exit code and what it said."""
    description = folder / "openapi.json"
    description.write_text(json.dumps(make_openapi()))
    statuses = (
        "[400, 401, 403, 404, 406, 414, 422, 428]"  # a target may be too long to be read at all
    )
    (folder / "schemathesis.toml").write_text(
        f"[checks.negative_data_rejection]\nexpected-statuses = {statuses}\n"
    )
    limits = settings(http_per_second=10**6, http_burst=10**6, http_total=10**6)
    async with serving(limits) as world:
        for price_fen in (4_800, 4_900, 4_750):
            trade(world, price_fen)
        before = world.exchange.sequence, world.exchange.state_digest()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "schemathesis.cli", "run", str(description)),
            *("--url", f"http://127.0.0.1:{world.server.port}", "--max-examples", str(examples)),
            *("--checks", "all", "--phases", "examples,coverage,fuzzing", "--no-color"),
            *(
                "--suppress-health-check",
                "all",
                "--request-timeout",
                "60",
            ),  # neither is of the mirror
            cwd=folder,
            env=os.environ | {"HYPOTHESIS_STORAGE_DIRECTORY": str(folder), "NO_PROXY": "*"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        told, _ = await process.communicate()
        assert (world.exchange.sequence, world.exchange.state_digest()) == before
        assert 500 not in world.server.mirror.requests
    return process.returncode or 0, told.decode()


async def test_what_is_too_long_to_be_read_is_described() -> None:
    described = [route["get"]["responses"] for route in make_openapi()["paths"].values()]
    async with serving(settings()) as world:
        for line, status in (
            ("GET /v1/time?x=" + 9_000 * "x", "414"),
            ("GET /v1/time HTTP/1.1\r\nX: " + 9_000 * "x", "431"),
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", world.server.port)
            writer.write(f"{line} HTTP/1.1\r\n\r\n".encode())
            told = (await reader.read()).decode()
            writer.close()
            assert told.split()[1] == status
            assert "text/plain" in told
            assert all("text/plain" in answers[status]["content"] for answers in described)


@needs_schemathesis
@pytest.mark.process
async def test_the_mirror_keeps_its_description(tmp_path: Path) -> None:
    code, told = await run_schemathesis(tmp_path, EXAMPLES_SHORT)
    assert code == 0, told[-6_000:]
    print(told)
    assert "No issues found" in told or "passed" in told


@needs_schemathesis
@pytest.mark.soak
@pytest.mark.skipif("CEAX_SOAK" not in os.environ, reason="the full form runs with `make soak`")
async def test_the_mirror_keeps_its_description_for_long(tmp_path: Path) -> None:
    code, told = await run_schemathesis(tmp_path, EXAMPLES_LONG)
    print(told[-600:])
    assert code == 0, told[-6_000:]
