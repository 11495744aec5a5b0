"""The registry as a process: opens its data, listens on loopback, says so, stops cleanly."""

import asyncio
import logging
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from aiohttp import web

from clearing.database import Database, lock_directory, open_directory
from clearing.registry_ledger import SCHEMA, Ledger
from clearing.registry_server import RegistryServer
from gateway.errors import UserError

log = logging.getLogger("registry")
LOOPBACK: Final = "127.0.0.1"


def listen(port: int) -> socket.socket:
    """Return a listening socket on loopback; port 0 lets the system choose; UserError if it is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
    except (OSError, OverflowError):
        listener.close()
        raise UserError(
            f"port {port} is taken or not allowed; choose another --port, 0 for any"
        ) from None
    listener.listen()
    return listener


def write_port(path: Path, port: int) -> None:
    """Write the port where other processes look for it, in one step."""
    fresh = path.with_suffix(".new")
    fresh.write_text(f"{port}\n", encoding="ascii")
    fresh.replace(path)


def announce(line: str) -> None:
    """Print a line that starters wait for, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def stop_event() -> asyncio.Event:
    """Return an event that Ctrl-C and SIGTERM set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


async def serve_registry(data: Path, port: int, group: int) -> int:
    """Serve until told to stop; 0 after a clean stop, 1 where settling broke."""
    logging.basicConfig(level=logging.WARNING, format="registry: %(message)s")
    open_directory(data)
    lock = lock_directory(data)
    listener = listen(port)
    server = RegistryServer(data, group=group)
    runner = web.AppRunner(server.application(), access_log=None)
    await runner.setup()
    await web.SockSite(runner, listener, shutdown_timeout=2).start()
    stop = stop_event()
    number = int(listener.getsockname()[1])
    write_port(data.joinpath("registry.port"), number)
    announce(f"registry 演示/仿真 ready at http://{LOOPBACK}:{number} data in {data}")
    settling = asyncio.create_task(server.settle_forever())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({settling, stopping}, return_when=asyncio.FIRST_COMPLETED)
    failed = settling.done()
    for task in (settling, stopping):
        task.cancel()
    if failed:
        log.critical("settling stopped: %r", settling.exception())
    else:
        with suppress(asyncio.CancelledError):
            await settling
    await runner.cleanup()
    server.close()
    data.joinpath("registry.port").unlink(missing_ok=True)
    lock.close()
    announce(f"registry stopped; its data lies in {data}")
    return int(failed)


def verify_registry(data: Path) -> list[str]:
    """Return what does not agree in a registry's ledger; UserError where there is none."""
    if not data.joinpath("registry.sqlite").exists():
        raise UserError(f"there is no registry in {data}; name the directory of `registry serve`")
    database = Database(data.joinpath("registry.sqlite"), SCHEMA, time.time_ns)
    try:
        return Ledger(database, time.time_ns).verify()
    finally:
        database.close()
