"""Clearing as a process: the worker, and /status and the reports on a loopback port, to be read only."""

import asyncio
import logging
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from clearing.database import lock_directory, open_directory
from clearing.registry_client import RegistryClient
from clearing.registry_process import LOOPBACK, announce, listen, stop_event, write_port
from clearing.report import DayReport, report_text
from clearing.store import Store
from clearing.worker import Clearing, ClearingSettings
from gateway import keys
from gateway.errors import UserError


class Pages:
    """The read-only pages of a clearing process."""

    def __init__(self, clearing: Clearing) -> None:
        self.clearing = clearing

    def application(self) -> web.Application:
        """Return the read-only pages."""
        app = web.Application()
        app.router.add_get("/status", self._status_page)
        app.router.add_get("/reports/{date}", self._report_page)
        return app

    async def _status_page(self, _: web.Request) -> web.Response:
        body = msgspec.json.encode(self.clearing.status())
        return web.Response(body=body, content_type="application/json")

    async def _report_page(self, request: web.Request) -> web.Response:
        body = self.clearing.store.report(request.match_info["date"])
        if not body:
            return web.Response(status=404, text="no report of that date\n")
        language = request.query.get("lang", "")
        if language not in {"zh", "en"}:
            return web.Response(body=body, content_type="application/json")
        report = msgspec.json.decode(body, type=DayReport)
        return web.Response(text=report_text(report, "zh" if language == "zh" else "en"))


async def serve_clearing(settings: ClearingSettings) -> int:
    """Serve until told to stop; 0 after a clean stop; UserError where a person must mend something."""
    logging.basicConfig(level=logging.WARNING, format="clearing: %(message)s")
    key = keys.load(settings.key)
    token = _token(settings.token)
    open_directory(settings.data)
    lock = lock_directory(settings.data)
    listener = listen(settings.status_port)
    store = Store(settings.data.joinpath("clearing.sqlite"), time.time_ns)
    registry = RegistryClient(settings.registry, token)
    clearing = Clearing(settings, store, registry)
    runner = web.AppRunner(Pages(clearing).application(), access_log=None)
    await runner.setup()
    await web.SockSite(runner, listener, shutdown_timeout=2).start()
    stop = stop_event()
    number = int(listener.getsockname()[1])
    write_port(settings.data.joinpath("clearing.port"), number)
    announce(
        f"clearing 演示/仿真 ready at http://{LOOPBACK}:{number}/status data in {settings.data}"
    )
    working = asyncio.create_task(clearing.run(key))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
    finally:
        working.cancel()
        stopping.cancel()
        await asyncio.gather(working, stopping, return_exceptions=True)
        await runner.cleanup()
        await registry.close()
        store.close()
        settings.data.joinpath("clearing.port").unlink(missing_ok=True)
        lock.close()
    announce(f"clearing stopped; its data lies in {settings.data}")
    return 0


def _token(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise UserError(
            f"cannot read the token {path}: {error.strerror};"
            " it is exchange.token in the registry's directory"
        ) from None


def read_status(data: Path) -> tuple[dict[str, Any], str]:
    """Return the /status of a running clearing process, decoded and as it came."""
    try:
        port = int(data.joinpath("clearing.port").read_text(encoding="ascii"))
        url = f"http://{LOOPBACK}:{port}/status"
        with urllib.request.urlopen(url, timeout=5) as response:
            body = response.read().decode()
    except (OSError, ValueError, urllib.error.URLError):
        raise UserError(
            f"no clearing process works in {data}; start it with: ceax clearing serve --data {data} …"
        ) from None
    return msgspec.json.decode(body), body
