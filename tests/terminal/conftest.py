"""Fixtures of the terminal's tests: keys do not wait for an idle machine, nothing blinks."""

import asyncio

import pytest
from textual.widgets import Input


@pytest.fixture(autouse=True)
def brisk_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a key press wait for the screen's messages alone.

    Textual waits after each key until the process uses no CPU, a second at most; a gateway and two
    terminals in one process are never that quiet, so every key would cost the whole second.
    """

    async def shortly(*_: float) -> None:
        await asyncio.sleep(0.005)

    monkeypatch.setattr("textual.app.wait_for_idle", shortly)
    monkeypatch.setattr("textual.pilot.wait_for_idle", shortly)
    monkeypatch.setattr(Input, "cursor_blink", False, raising=False)
