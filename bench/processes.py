"""Starts, watches and ends the processes of a demo: a child never outlives the program that started it."""

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

LOOPBACK: Final = "127.0.0.1"
READY_SECONDS: Final = 90.0
"""Longest wait for a child's port; a first start compiles the engine's core."""
STOP_SECONDS: Final = 10.0
"""What a child gets to end cleanly after SIGTERM before it is killed."""
POLL_SECONDS: Final = 0.02
PORT_MIN: Final = 10_240
PORT_ATTEMPTS: Final = 100
OUTGOING_PORT_USUAL: Final = 32_768
LOG_LINES_QUOTED: Final = 15
LOG_BYTES_QUOTED: Final = 64 * 1024
_PR_SET_PDEATHSIG: Final = 1


class ProcessFailed(Exception):
    """A child did not start or ended by itself; the text names it and quotes the end of its log."""


def free_port() -> int:
    """Return a free loopback TCP port that the system gives to nobody else meanwhile.

    A port of the range for outgoing connections could be taken while a server is down, even by a client
    that dials it (TCP connects such a client to itself); so one below that range is drawn.
    """
    below = _first_outgoing_port()
    for _ in range(PORT_ATTEMPTS):
        # 0, the system's choice, where there is no room below its own range.
        port = secrets.choice(range(PORT_MIN, below)) if below > PORT_MIN + PORT_ATTEMPTS else 0
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ProcessFailed(f"no free port found in {PORT_ATTEMPTS} attempts")


def _first_outgoing_port() -> int:
    """Return the lowest port that the system gives to outgoing connections."""
    try:
        text = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii")
        return int(text.split()[0])
    except (OSError, ValueError, IndexError):
        return OUTGOING_PORT_USUAL


def ceax_command(*arguments: str) -> list[str]:
    """Return the command line that runs `ceax` with this interpreter."""
    return [sys.executable, "-m", "ceax", *arguments]


def end_of_log(path: Path) -> str:
    """Return the last lines of a log file, indented; says so where there are none."""
    try:
        with path.open("rb") as log:
            log.seek(0, os.SEEK_END)
            log.seek(max(0, log.tell() - LOG_BYTES_QUOTED))
            lines = deque(log.read().decode("utf-8", "replace").splitlines(), LOG_LINES_QUOTED)
    except OSError:
        lines = deque()
    return "\n".join(f"    {line}" for line in lines) or "    (the log is empty)"


class Child:
    """One child process with a log file of its own; started again it appends to the same log."""

    def __init__(self, name: str, command: Sequence[str], log: Path, port: int) -> None:
        self.name = name
        self.command = tuple(command)
        self.log = log
        self.port = port
        self.starts = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._is_expected_down = False

    @property
    def pid(self) -> int:
        """Process id, 0 before the first start."""
        return self._process.pid if self._process else 0

    @property
    def is_running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    async def start(self) -> None:
        """Start the process and wait until its port answers; ProcessFailed quotes its log."""
        self._spawn()
        await self._wait_for_port()

    def _spawn(self) -> None:
        self.starts += 1
        self._is_expected_down = False
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                leashed(self.command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
                # Ctrl-C in the terminal reaches the parent alone, which ends the children in order.
                start_new_session=True,
            )

    async def _wait_for_port(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            self.check()
            try:
                _, writer = await asyncio.open_connection(LOOPBACK, self.port)
            except OSError:
                await asyncio.sleep(POLL_SECONDS)
                continue
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            return
        raise ProcessFailed(
            f"{self.name} did not open port {self.port} within {READY_SECONDS:.0f} s; "
            f"end of {self.log.name}:\n{end_of_log(self.log)}"
        )

    def check(self) -> None:
        """Raise ProcessFailed with the end of the log if the process has ended."""
        if self._process is None or self._is_expected_down or self._process.poll() is None:
            return
        raise ProcessFailed(
            f"{self.name} ended with exit code {self._process.returncode}; "
            f"end of {self.log.name}:\n{end_of_log(self.log)}"
        )

    def kill(self) -> None:
        """Send SIGKILL and wait for the end: what the process had not made durable is lost."""
        self._is_expected_down = True
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def freeze(self) -> None:
        """Send SIGSTOP: the process keeps its sockets and does nothing more."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGSTOP)

    def terminate(self) -> None:
        """Ask the process to end."""
        self._is_expected_down = True
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def wait_or_kill(self, deadline: float) -> int | None:
        """Wait until the monotonic deadline for the end, then kill; return the exit code."""
        if self._process is None:
            return None
        try:
            return self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.kill()
            return self._process.returncode


class Supervisor:
    """All children of one run; leaving its `with` block ends them, the last started first."""

    def __init__(self, log_folder: Path) -> None:
        self._log_folder = log_folder
        self.children: list[Child] = []

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End every child, whatever happened."""
        self.stop_all()

    async def start(self, name: str, command: Sequence[str], port: int) -> Child:
        """Start a child and return it when its port answers."""
        child = Child(name, command, self._log_folder / f"{name}.log", port)
        self.children.append(child)
        await child.start()
        return child

    def check(self) -> None:
        """Raise ProcessFailed if any child has ended by itself."""
        for child in self.children:
            child.check()

    def stop_all(self) -> dict[str, int | None]:
        """End all children, the last started first; return their exit codes by name."""
        codes: dict[str, int | None] = {}
        with _deaf():
            for child in reversed(self.children):
                child.terminate()
                codes[child.name] = child.wait_or_kill(time.monotonic() + STOP_SECONDS)
        return codes


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """Take no interrupt meanwhile: a second Ctrl-C must not leave children behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def leashed(command: Sequence[str]) -> list[str]:
    """Return a command that Linux ends when its parent dies without a farewell (SIGKILL).

    The small program in front becomes the command itself; doing the same between fork and exec is not
    safe in a program with threads.
    """
    if not sys.platform.startswith("linux"):
        return list(command)
    return [sys.executable, "-I", "-S", "-c", _LEASH, *command]


_LEASH: Final = f"""\
import ctypes, os, sys
ctypes.CDLL(None).prctl({_PR_SET_PDEATHSIG}, {int(signal.SIGTERM)}, 0, 0, 0)
os.execvp(sys.argv[1], sys.argv[1:])"""
