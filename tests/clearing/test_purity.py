"""The decisions of clearing are pure: they load no store, no socket, no gateway; the command starts light."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("sqlite3", "socket", "asyncio", "aiohttp", "gateway", "nacl", "websockets")


def loaded(module: str) -> set[str]:
    """Return which heavy packages a fresh interpreter holds after importing a module."""
    code = f"import sys, {module}; print([n for n in {HEAVY} if n in sys.modules])"
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(eval(told.stdout))


@pytest.mark.parametrize("name", ["instructions", "lifecycle", "settle", "reconcile", "sese023"])
def test_decisions_load_nothing_that_acts(name: str) -> None:
    assert loaded(f"clearing.{name}") == set()


def test_the_command_line_loads_nothing_heavy() -> None:
    assert loaded("clearing.cli") == set()


@pytest.mark.parametrize(
    "arguments",
    [
        ["registry"], ["registry", "serve"], ["registry", "verify"],
        ["clearing"], ["clearing", "serve"], ["clearing", "status"],
    ],
)  # fmt: skip
def test_every_command_helps_with_an_example(arguments: list[str]) -> None:
    told = subprocess.run(
        [sys.executable, "ceax.py", *arguments, "--help"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "example:" in told.stdout
