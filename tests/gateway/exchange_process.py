"""A real `ceax exchange serve` on a loopback port, started, killed and read by tests."""

import asyncio
import os
import signal
from pathlib import Path

from bench.processes import ceax_command, leashed

PATIENCE_SECONDS = 240.0
"""For a start or an end; a first start compiles the engine's core, which a busy machine does in minutes."""


class ExchangeProcess:
    """One data directory; `start` may be called again after `kill` or `stop`."""

    def __init__(self, folder: Path, *arguments: str, port: int = 0) -> None:
        self.folder = folder
        self.url = ""
        self.lines: list[str] = []
        """What the process of the moment has told on standard error."""
        self._arguments = arguments
        self._port = port
        self._process: asyncio.subprocess.Process

    async def start(self) -> str:
        """Start and return the URL when the process is ready."""
        await self.spawn()
        await asyncio.wait_for(self._read_until_ready(), PATIENCE_SECONDS)
        return self.url

    async def spawn(self) -> None:
        """Start without waiting."""
        self.lines = []
        self._process = await asyncio.create_subprocess_exec(
            *leashed(ceax_command("exchange", "serve", "--data", str(self.folder))),
            *("--port", str(self._port), *self._arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )

    async def _read_until_ready(self) -> None:
        assert self._process.stderr is not None
        while raw := await self._process.stderr.readline():
            self.lines.append(raw.decode().rstrip())
            if self.lines[-1].startswith("ready "):
                self.url = self.lines[-1].split()[1]
                return
        code = await self._process.wait()
        raise AssertionError(f"the exchange ended with {code}: " + " | ".join(self.lines))

    def line(self, start: str) -> str:
        """Return the line that begins so."""
        for line in self.lines:
            if line.startswith(start):
                return line
        raise AssertionError(f"no line {start!r} in: " + " | ".join(self.lines))

    async def kill(self) -> None:
        """Kill the process with SIGKILL."""
        if self._process.returncode is None:
            self._process.kill()
        await self._end()

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask the process to end and return its exit code."""
        if self._process.returncode is None:
            self._process.send_signal(number)
        return await self._end()

    async def _end(self) -> int:
        _, rest = await asyncio.wait_for(self._process.communicate(), PATIENCE_SECONDS)
        self.lines += rest.decode().splitlines()
        return self._process.returncode or 0

    @property
    def pid(self) -> int:
        """Number of the process of the moment."""
        return self._process.pid

    async def ended(self) -> int:
        """Wait for an end that comes by itself; return the exit code."""
        return await self._end()

    async def run(self) -> int:
        """Start a process that is expected to end by itself; return its exit code."""
        await self.spawn()
        return await self._end()
