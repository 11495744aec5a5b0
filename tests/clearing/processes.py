"""Real processes for the tests: `ceax registry serve`, `ceax clearing serve`, killed and started again."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from bench.processes import free_port
from gateway.server import Server
from tests.clearing.desk import Registry, token
from tests.clearing.house import House, profile

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 120


class Child:
    """One `ceax` process; `ready` is the line that it printed when it could be used."""

    def __init__(self, process: asyncio.subprocess.Process, ready: str) -> None:
        self.process = process
        self.ready = ready

    async def kill(self) -> None:
        """End it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it as an operator would; return its exit code."""
        self.process.send_signal(number)
        async with asyncio.timeout(PATIENCE_S):
            return await self.process.wait()


async def start(*arguments: str) -> Child:
    """Start `ceax` and wait for the line that says it is ready."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "ceax.py"),
        *arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONWARNINGS": "default"},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    async with asyncio.timeout(PATIENCE_S):
        line = (await process.stdout.readline()).decode()
    if " ready at " not in line:
        await process.wait()
        raise AssertionError(f"{line!r} {(await process.stderr.read()).decode()}")
    return Child(process, line)


async def ceax(*arguments: str) -> tuple[int, str, str]:
    """Run `ceax` to its end; return its exit code, standard output and standard error."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "ceax.py"),
        *arguments,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE_S):
        printed, told = await process.communicate()
    return process.returncode or 0, printed.decode(), told.decode()


async def until(what: str, holds: Callable[[], Awaitable[Any]], pause_s: float = 0.02) -> Any:
    """Wait for the thing itself, at most two minutes; return what made it true."""
    async with asyncio.timeout(PATIENCE_S):
        while not (found := await holds()):  # noqa: ASYNC110 - the thing is in another process
            await asyncio.sleep(pause_s)
    assert found, what
    return found


class Town:
    """A gateway around the oracle in the test; registry and clearing beside it as processes."""

    def __init__(self, folder: Path, house: House, url: str) -> None:
        self.folder = folder
        self.house = house
        self.url = url
        self.registry_port = free_port()
        self.status_port = free_port()
        self.children: dict[str, Child] = {}

    async def start_registry(self, group: int = 200) -> None:
        """Start the registry, on the same port each time."""
        self.children["registry"] = await start(
            "registry", "serve", "--data", str(self.folder / "registry"),
            "--port", str(self.registry_port), "--group", str(group),
        )  # fmt: skip

    async def start_clearing(self) -> None:
        """Start clearing, on the same status port each time."""
        path = self.folder / "clearing.key"
        if not path.exists():
            self.house.keys[3].save(path)
        self.children["clearing"] = await start(
            "clearing", "serve", "--data", str(self.folder / "clearing"),
            "--exchange", self.url, "--registry", f"http://127.0.0.1:{self.registry_port}",
            "--key", str(path), "--token", str(self.folder / "registry" / "exchange.token"),
            "--status-port", str(self.status_port),
        )  # fmt: skip

    def registry(self) -> Registry:
        """Return clients of the registry process."""
        made = Registry.__new__(Registry)
        made.data = self.folder / "registry"
        made.url = f"http://127.0.0.1:{self.registry_port}"
        from clearing.registry_client import RegistryClient

        made.admin = RegistryClient(made.url, token(made.data, "admin"))
        made.exchange = RegistryClient(made.url, token(made.data, "exchange"))
        made.serial = 0
        return made

    async def status(self) -> dict[str, Any]:
        """Return clearing's /status, empty while it is down."""
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"http://127.0.0.1:{self.status_port}/status") as answer,
            ):
                return dict(await answer.json())
        except aiohttp.ClientError:
            return {}

    async def day(self, date: str) -> dict[str, Any]:
        """Return a day of /status, empty while clearing does not know it."""
        days = (await self.status()).get("days", [])
        return next((day for day in days if day["date"] == date), {})

    async def movements(self) -> dict[str, int]:
        """Return the counts of movements by state."""
        return dict((await self.status()).get("movements", {}))


@asynccontextmanager
async def town(folder: Path, house: House) -> AsyncIterator[Town]:
    """Serve the oracle by a real gateway; end every process that was started."""
    server = Server(house, profile(), clock_mode="driven")
    await server.start()
    made = Town(folder, house, server.url)
    try:
        yield made
    finally:
        for child in made.children.values():
            if child.process.returncode is None:
                await child.kill()
        await server.stop()
