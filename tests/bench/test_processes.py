"""Children end with the demo, are told apart from accidents, and their logs are quoted."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bench import processes
from bench.processes import Child, ProcessFailed, Supervisor, end_of_log, free_port

pytestmark = pytest.mark.process

SERVER = """
import socket, sys, signal
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("serving", flush=True)
while True:
    c, _ = s.accept(); c.close()
"""
STUBBORN = SERVER.replace("lambda *_: sys.exit(0)", "signal.SIG_IGN")
ORPHANER = """
import asyncio, sys, pathlib
from bench.processes import Supervisor
async def main():
    s = Supervisor(pathlib.Path(sys.argv[1]))
    child = await s.start("server", sys.argv[3:], int(sys.argv[2]))
    print(child.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


def command(port: int, text: str = SERVER) -> list[str]:
    return [sys.executable, "-c", text, str(port)]


def lives(pid: int) -> bool:
    """Say whether a process runs; one that has ended and was not collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def check_for_ever(supervisor: Supervisor) -> None:
    while True:
        supervisor.check()
        await asyncio.sleep(0.01)


async def test_a_child_is_ready_when_its_port_answers_and_ends_cleanly(tmp_path: Path) -> None:
    port = free_port()
    with Supervisor(tmp_path) as supervisor:
        child = await supervisor.start("server", command(port), port)
        socket.create_connection(("127.0.0.1", port), timeout=60).close()
        supervisor.check()
        assert supervisor.stop_all() == {"server": 0}
    assert not lives(child.pid)


async def test_a_child_that_ends_by_itself_is_told_with_its_log(tmp_path: Path) -> None:
    text = "import sys; print('no luck'); sys.exit(3)"
    told = pytest.raises(ProcessFailed, match=r"broken ended with exit code 3(?s:.)*no luck")
    with Supervisor(tmp_path) as supervisor, told:
        await supervisor.start("broken", [sys.executable, "-c", text], free_port())


async def test_a_killed_child_is_no_accident_and_starts_again_on_its_port(tmp_path: Path) -> None:
    port = free_port()
    with Supervisor(tmp_path) as supervisor:
        child = await supervisor.start("server", command(port), port)
        first = child.pid
        child.freeze()
        child.kill()
        supervisor.check()
        assert not lives(first)
        await child.start()
        assert lives(child.pid)
        os.kill(child.pid, signal.SIGKILL)
        with pytest.raises(ProcessFailed, match="server ended with exit code -9"):
            await check_for_ever(supervisor)


async def test_a_stubborn_child_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "STOP_SECONDS", 0.2)
    port = free_port()
    with Supervisor(tmp_path) as supervisor:
        child = await supervisor.start("stubborn", command(port, STUBBORN), port)
    assert not lives(child.pid)


async def test_an_error_in_the_demo_ends_its_children(tmp_path: Path) -> None:
    port = free_port()
    pids: list[int] = []

    async def demo() -> None:
        with Supervisor(tmp_path) as supervisor:
            pids.append((await supervisor.start("server", command(port), port)).pid)
            raise RuntimeError("demo")

    with pytest.raises(RuntimeError, match="demo"):
        await demo()
    assert not lives(pids[0])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs prctl")
async def test_children_of_a_killed_parent_end_too(tmp_path: Path) -> None:
    port = free_port()
    arguments = [sys.executable, "-c", ORPHANER, str(tmp_path), str(port), *command(port)]
    parent = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert lives(child)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    for _ in range(6_000):
        if not lives(child):
            break
        await asyncio.sleep(0.01)
    assert not lives(child)


def test_ports_lie_outside_the_range_of_outgoing_connections() -> None:
    ports = {free_port() for _ in range(50)}
    assert len(ports) > 10
    assert all(processes.PORT_MIN <= port < processes._first_outgoing_port() for port in ports)


def test_where_there_is_no_room_the_system_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_first_outgoing_port", lambda: processes.PORT_MIN)
    assert free_port() > 0


def test_a_port_in_use_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setattr("secrets.choice", lambda _: port)
    with socket.create_server(("127.0.0.1", port)), pytest.raises(ProcessFailed, match="no free"):
        free_port()


def test_the_end_of_a_log_is_bounded(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text("".join(f"line {n}\n" for n in range(100_000)))
    lines = end_of_log(log).splitlines()
    assert len(lines) == processes.LOG_LINES_QUOTED
    assert lines[-1].strip() == "line 99999"
    assert "empty" in end_of_log(tmp_path / "missing.log")


def test_a_child_that_was_never_started_can_be_asked(tmp_path: Path) -> None:
    child = Child("idle", ["true"], tmp_path / "idle.log", 1)
    child.check()
    assert (child.pid, child.is_running) == (0, False)
