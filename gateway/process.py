"""The exchange as a process: recover, serve, stop cleanly; the composition of all parts of the gateway."""

import asyncio
import contextlib
import gc
import os
import resource
import signal
import ssl
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from engine.core import is_warm, warm_up
from engine.exchange import Exchange
from engine.units import NANOSECONDS_PER_SECOND
from gateway import recovery
from gateway.calendar import Timetable
from gateway.clock import Clock, SimulatedClock, WallClock, clock_text, parse_moment
from gateway.disk import FolderDisk
from gateway.errors import UserError
from gateway.journal import Journal
from gateway.limits import Settings as GatewayLimits
from gateway.market import (
    CLOCK_NAME,
    GENESIS_NAME,
    KeptClock,
    Market,
    journal_disk,
    load_market,
    put,
    told,
)
from gateway.outside import Outside
from gateway.recovery import Place, Recovered
from gateway.sequencer import Sequencer, Stopped
from gateway.server import Server
from gateway.shipping import Shipping, ShippingRefused
from gateway.snapshot_policy import EVERY, SnapshotPolicy
from gateway.tally import Inside

SWITCH_SECONDS = 0.000_5
"""How long the journal's thread may wait for the busy loop's: ten times less than usual, for all wait for it."""
COLLECT_AFTER = (50_000, 50, 50)
"""When the collector looks: the log that is kept holds no cycles, and grows by several objects an order."""
SHIPPED = ("profile.toml", "calendar.toml", GENESIS_NAME, CLOCK_NAME)
"""What a start from a copy needs beside the journal."""
AHEAD_NS_MAX = 5 * NANOSECONDS_PER_SECOND
"""How far the journal's time may be ahead of the wall clock: a clock that was set, not a simulated day."""


class Settings(Struct, frozen=True, kw_only=True):
    """What `ceax exchange serve` was asked for."""

    folder: Path
    profile: str = ""
    clock: str = ""
    """`wall`, `simulated`, or "" for the one that the market was begun with."""
    clock_start: str = ""
    clock_rate: float | None = None
    """Of a simulated clock, from now on; None for the one that is kept."""
    host: str = "127.0.0.1"
    port: int = 7000
    """0 lets the system choose."""
    limits: GatewayLimits = GatewayLimits()
    """What connections may do."""
    outside: Outside = Outside()
    """TLS, metrics and log lines."""
    snapshot_every: int = EVERY
    """Commands between two snapshots of a day."""
    ship: Path | None = None
    """Where a copy of the journal is kept."""


def say(text: str) -> None:
    """Tell the person who started the process."""
    print(text, file=sys.stderr, flush=True)


def recover(market: Market) -> Recovered:
    """Open the journal and bring an exchange to where it ends."""
    if not is_warm():
        say("compiling the engine's core for this machine (once, some seconds) ...")
    warm_up()  # now, so that no client's first order waits for it
    snapshots = FolderDisk(market.snapshot_folder)
    snapshots.make()
    place = Place(
        journal=journal_disk(market.folder),
        snapshots=snapshots,
        profile=market.profile,
        profile_text=market.profile_text,
    )
    return recovery.recover(place, say)


def choose_clock(settings: Settings, exchange: Exchange, kept: KeptClock) -> Clock:
    """Return the clock of a market; a simulated one goes on from the last journaled time."""
    last_ns = exchange.time_ns
    if kept.clock == "wall":
        if last_ns > time.time_ns() + AHEAD_NS_MAX:
            raise UserError(
                "the journal's time is ahead of this machine's clock; a simulated market is started "
                "with --clock simulated, else set the machine's clock"
            )
        return WallClock()
    start_ns = parse_moment(settings.clock_start) if settings.clock_start else 0
    return SimulatedClock(last_ns or start_ns or time.time_ns(), kept.rate)


def prepare(settings: Settings) -> tuple[Market, Sequencer, Shipping | None]:
    """Read the market and recover it, and begin its copy; UserError where that cannot be."""
    with told(settings.folder):
        market = load_market(settings.folder, settings.profile)
        kept = market.clock_for(settings.clock, settings.clock_rate)
        found = recover(market)
        market.port_file.unlink(missing_ok=True)  # of a killed process: nobody else writes here now
    exchange, journal, history = found.exchange, found.journal, found.history
    try:
        clock = choose_clock(settings, exchange, kept)
        with told(settings.folder):
            market.keep_clock(kept)
        shipping = ship(market, journal, settings.ship) if settings.ship else None
    except UserError:
        journal.close()
        raise
    timetable = Timetable(market.calendar, market.profile)
    policy = SnapshotPolicy(exchange, history, journal, found.snapshots, settings.snapshot_every)
    sequencer = Sequencer(exchange, journal, history, clock, timetable, policy)
    return market, sequencer, shipping


def ship(market: Market, journal: Journal, folder: Path) -> Shipping:
    """Begin to keep a copy of the journal, and of what a start from it needs; UserError where it cannot be."""
    if folder.resolve() == market.folder.resolve():
        raise UserError(
            f"--ship {folder}: it is the market itself; choose a folder on another disk"
        )
    with told(market.folder):
        files = {name: (market.folder / name).read_bytes() for name in SHIPPED}
    with told(folder):
        other = folder / GENESIS_NAME
        if other.exists() and other.read_bytes() != files[GENESIS_NAME]:
            raise UserError(
                f"--ship {folder}: it is another market; choose an empty folder for the copy"
            )
        target = FolderDisk(folder / "journal")
        target.make()
    source = FolderDisk(market.journal_folder)
    shipping = Shipping(journal.reader, source, target, say, f"the copy in {folder}")
    try:
        shipping.start()
    except (ShippingRefused, OSError) as error:
        raise UserError(f"--ship {folder}: {error}; choose an empty folder for the copy") from None
    with told(folder):
        for name, data in files.items():
            put(folder / name, data)
    return shipping


async def serve(settings: Settings) -> int:
    """Serve a market until it is told to stop (0) or its journal fails (1)."""
    tls = settings.outside.open(settings.host)
    gc.disable()  # what a start makes lives as long as the process: the collector need not look
    try:
        market, sequencer, shipping = prepare(settings)
    except BaseException:
        gc.enable()
        raise
    stopping = asyncio.Event()
    with _signals(stopping):
        try:
            await sequencer.start(market.genesis)
            await _serve_clients(settings, market, sequencer, stopping, tls, shipping)
        except Stopped:
            pass  # `failure` says why
        finally:
            gc.enable()
            await sequencer.stop()
            if shipping is not None:
                await asyncio.to_thread(shipping.stop)
            market.port_file.unlink(missing_ok=True)
    if sequencer.failure is not None:
        say(f"the exchange stopped: {sequencer.failure}")
        say("what was in flight has an unknown outcome; clients can ask after the next start")
        return 1
    say(
        f"stopped cleanly at sequence {sequencer.exchange.sequence}; the data lies in {market.folder}"
    )
    return 0


async def _serve_clients(
    settings: Settings,
    market: Market,
    sequencer: Sequencer,
    stopping: asyncio.Event,
    tls: ssl.SSLContext | None,
    shipping: Shipping | None,
) -> None:
    """Listen, tell where, and return when the process shall stop or the journal has failed."""
    server = Server(
        sequencer,
        market.profile,
        clock_mode=sequencer.clock.mode,
        host=settings.host,
        port=settings.port,
        settings=settings.limits,
        tls=tls,
        clock_ns=sequencer.clock.now_ns,
    )
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    gc.enable()
    await server.start()
    try:
        with told(market.folder):
            put(market.port_file, f"{server.port}\n".encode())
        clock = sequencer.clock
        name, told_clock = market.profile.name, clock_text(clock)
        say(f"exchange {name} (演示/仿真), clock {told_clock}; data in {market.folder}")
        known = market.calendar.known_until
        if not Timetable(market.calendar, market.profile).next_day("", clock.now_ns()):
            say(f"note: trading days are known until {known}; add days to calendar.toml")
        inside = Inside(writer=sequencer, folder=market.journal_folder, shipping=shipping)
        watching = settings.outside.watching(server, tls, inside)
        async with watching as metrics_port:
            if metrics_port:
                say(f"metrics at http://127.0.0.1:{metrics_port}/metrics")
            say(f"ready {server.url} at sequence {sequencer.exchange.sequence}; Ctrl-C stops it")
            waits = [
                asyncio.create_task(stopping.wait()),
                asyncio.create_task(sequencer.wait_failed()),
            ]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for task in waits:
                task.cancel()
    finally:
        await server.stop()


@contextlib.contextmanager
def _signals(stopping: asyncio.Event) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM stop the process cleanly; a second one ends it at once."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if stopping.is_set():
            os._exit(130)
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _allow_files() -> None:
    """Take as many open files as the system allows: each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def run(settings: Settings) -> int:
    """Run the exchange until it is stopped; UserError with one line where it cannot start."""
    _allow_files()
    sys.setswitchinterval(SWITCH_SECONDS)
    return asyncio.run(serve(settings))
