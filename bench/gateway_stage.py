"""The processes of the gateway's benchmark: an exchange and an echo that live for one row, loads for one job."""

import asyncio
import contextlib
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import msgspec

from bench.gateway_client import Job, Result
from bench.gateway_market import CLOCK, make
from bench.processes import Child, ProcessFailed, Supervisor, ceax_command, free_port, leashed

TRADERS, PARTICIPANTS = 5_000, 1_000
NUMBERS: Final = 10_000_000
"""Client order numbers of one job: a number that a key has used on the day is a repeat."""
LOAD_SECONDS: Final = 300.0


class Stage:
    """One market that is made once; `start` begins a row with a fresh copy."""

    def __init__(self, folder: Path, seed: int, traders: int = TRADERS) -> None:
        self.folder = folder
        self._seed = seed
        self._traders = traders
        self._first = 1
        self._exchange: Child
        self._echo: Child

    async def make(self) -> None:
        """Make the market."""
        await make(self.folder, self._traders, min(self._traders, PARTICIPANTS))

    async def start(self, supervisor: Supervisor, row: str) -> None:
        """Start an exchange on a copy of the market, and an echo."""
        name = row.replace("/", "-")
        data, settings = self.folder / name, str(self.folder / "limits.toml")
        shutil.copytree(self.folder / "market", data)
        port, echo_port = free_port(), free_port()
        command = ceax_command(
            "exchange", "serve", "--data", str(data), "--port", str(port), "--settings", settings, *CLOCK
        )  # fmt: skip
        self._exchange = await supervisor.start(f"{name}-exchange", command, port)
        echo = [sys.executable, "-m", "bench.gateway_echo"]
        echo += ["--port", str(echo_port), "--settings", settings]
        self._echo = await supervisor.start(f"{name}-echo", echo, echo_port)

    async def exchange(self, **job: Any) -> Result:  # noqa: ANN401 - fields of `Job`
        """Run a load against the exchange; ProcessFailed where it cannot."""
        return await self._load(self._exchange, is_echo=False, **job)

    async def echo(self, **job: Any) -> Result:  # noqa: ANN401 - likewise
        """Run the same load against the echo."""
        return await self._load(self._echo, is_echo=True, **job)

    async def _load(self, child: Child, **job: Any) -> Result:  # noqa: ANN401 - likewise
        child.check()
        order = Job(
            port=child.port,
            pid=child.pid,
            folder=str(self.folder),
            seed=self._seed,
            first=self._first,
            **job,
        )
        self._first += NUMBERS
        process = await self._spawn("bench.gateway_load", order)
        async with asyncio.timeout(LOAD_SECONDS):
            told, said = await process.communicate()
        if process.returncode:
            raise ProcessFailed(f"{child.name}: {said.decode(errors='replace').strip()[-500:]}")
        return msgspec.json.decode(told, type=Result)

    async def _spawn(self, module: str, job: Job) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            *leashed([sys.executable, "-m", module]),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stdin is not None, "it was asked for"
        process.stdin.write(msgspec.json.encode(job))
        process.stdin.write_eof()
        return process

    @contextlib.asynccontextmanager
    async def bad_clients(self) -> AsyncIterator[None]:
        """Let bad clients be at work meanwhile."""
        child = self._exchange
        order = Job(kind="idle", port=child.port, pid=child.pid, folder=str(self.folder))
        process = await self._spawn("bench.gateway_bad_clients", order)
        try:
            yield
            if process.returncode is not None:
                said = (
                    (await process.stderr.read()).decode(errors="replace") if process.stderr else ""
                )
                raise ProcessFailed(f"the bad clients ended by themselves: {said.strip()[-300:]}")
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
