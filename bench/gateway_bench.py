"""`ceax bench gateway`: the whole exchange behind real sockets, beside a `websockets` echo of the same frames.

The exchange is a process of its own with a journal on a real disk, the echo another with the same server
class and settings, the load a third. What is compared was measured by turns in one run: both shares of a
busy machine are then alike. Figures of servers are per second of their own CPU time; wall time is beside.
"""

import argparse
import asyncio
import statistics
import sys
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from bench.gateway_client import Result
from bench.gateway_stage import Stage
from bench.measure import Bars, print_report, row
from bench.processes import ProcessFailed, Supervisor
from gateway.errors import UserError

CONNECTIONS, IN_FLIGHT, READERS = 100, 4, 100
RATES: Final = (1_000, 5_000, 20_000)
GOAL_P99_MS: Final = {5_000: 10.0}
RATIO_GOAL: Final = 0.6
FAN_READERS, FAN_RATE = 1_000, 50
IDLE_CONNECTIONS: Final = 5_000
IDLE_MIB_GOAL: Final = 200
ACTIVE_CONNECTIONS, ACTIVE_RATE = 1_000, 5_000
SLOW_RATE: Final = 2_000
SLOW_RATIO_GOAL: Final = 2.0
CLIENT_SHARE_MAX: Final = 0.8
"""A load that took more of its core measured itself."""
ROUNDS: Final = 3
SECONDS: Final = 5.0
MIB, KIB = 2**20, 2**10


def percentile(values: Sequence[int], share: float) -> float:
    """Return the value that so large a share of the values does not pass, in ms of microseconds."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] / 1_000


class Bench:
    """Runs the rows; each has an exchange and an echo of its own, fresh from the same market."""

    def __init__(self, seconds: float, seed: int, bars: Bars) -> None:
        self._seconds = seconds
        self._seed = seed
        self._bars = bars

    def _row(
        self,
        name: str,
        unit: str,
        samples: Sequence[float],
        loads: Sequence[Result],
        conditions: dict[str, Any],
        *,
        goal: float | None = None,
        at_least: float | None = None,
    ) -> dict[str, Any]:
        """Return a row that says what it cost the client."""
        share = max(load.client_share for load in loads)
        facts = {
            **conditions,
            "seconds": self._seconds,
            "seed": self._seed,
            "client_core_share": round(share, 2),
            "is_limited_by_client": share > CLIENT_SHARE_MAX,
        }
        return row(name, unit, samples, facts, goal=goal, at_least=at_least)

    def _say(self, name: str, done: int) -> None:
        self._bars.step(name, done, ROUNDS)

    # ------------------------------------------------------------ rows

    async def ratio(self, stage: Stage) -> list[dict[str, Any]]:
        """Orders acknowledged per CPU second of the exchange, over messages of the echo."""
        name = "gateway/ack_ratio_to_echo"
        shape = {"connections": CONNECTIONS, "in_flight": IN_FLIGHT, "seconds": self._seconds}
        ours: list[Result] = []
        echoes: list[Result] = []
        for done in range(ROUNDS):
            self._say(name, done)
            ours.append(await stage.exchange(kind="closed", readers=READERS, **shape))
            echoes.append(await stage.echo(kind="closed", **shape))
        pairs = list(zip(ours, echoes, strict=True))
        per_cpu = [load.acks / load.server_cpu_s for load in ours]
        echo_per_cpu = [load.acks / load.server_cpu_s for load in echoes]
        conditions = {
            "connections": CONNECTIONS,
            "in_flight": IN_FLIGHT,
            "readers": READERS,
            "format": "JSON",
            "includes": "sockets, journal with fdatasync, all checks, private reports, book feed",
            "orders_per_cpu_s": round(statistics.median(per_cpu)),
            "echo_per_cpu_s": round(statistics.median(echo_per_cpu)),
            "orders_per_wall_s": round(statistics.median(one.acks / one.wall_s for one in ours)),
            "echo_per_wall_s": round(statistics.median(one.acks / one.wall_s for one in echoes)),
            "wall_ratio": round(
                statistics.median(_rate(one) / _rate(echo) for one, echo in pairs), 3
            ),
            "server_core_share": round(statistics.median(_share(one) for one in ours), 2),
            "private_frames": sum(one.private for one in ours),
            "reader_frames": sum(one.fanned for one in ours),
            "refused": sum(one.refused for one in ours),
        }
        samples = [one / echo for one, echo in zip(per_cpu, echo_per_cpu, strict=True)]
        return [self._row(name, "ratio", samples, ours + echoes, conditions, at_least=RATIO_GOAL)]

    async def latency(
        self, stage: Stage, rate: int, connections: int = CONNECTIONS
    ) -> list[dict[str, Any]]:
        """Milliseconds from the scheduled time of an order to its durable answer."""
        name = f"gateway/ack_p99_ms/{rate}"
        if connections != CONNECTIONS:
            name += f"/connections/{connections}"
        shape = {"connections": connections, "rate": rate, "seconds": self._seconds}
        ours: list[Result] = []
        echoes: list[Result] = []
        for done in range(ROUNDS):
            self._say(name, done)
            ours.append(await stage.exchange(kind="open", readers=READERS, **shape))
            echoes.append(await stage.echo(kind="open", **shape))
        conditions = {
            "orders_per_s": rate,
            "connections": connections,
            "readers": READERS,
            "arrivals": "Poisson, drawn before; each is measured from its scheduled time",
            "p50_ms": round(_median(ours, 0.5), 2),
            "echo_p50_ms": round(_median(echoes, 0.5), 2),
            "echo_p99_ms": round(_median(echoes, 0.99), 2),
            "answered_per_s": round(statistics.median(one.acks / one.wall_s for one in ours)),
            "server_core_share": round(statistics.median(_share(one) for one in ours), 2),
            "turned_away": sum(one.turned_away for one in ours),
        }
        samples = [percentile(one.latencies_us, 0.99) for one in ours]
        goal = GOAL_P99_MS.get(rate)
        return [self._row(name, "ms", samples, ours + echoes, conditions, goal=goal)]

    async def fan(self, stage: Stage) -> list[dict[str, Any]]:
        """Frames of one book to many readers per CPU second, beside `websockets.broadcast`."""
        name = "gateway/fanout_per_cpu_s"
        shape = {"connections": 1, "readers": FAN_READERS, "rate": FAN_RATE}
        ours: list[Result] = []
        echoes: list[Result] = []
        for done in range(ROUNDS):
            self._say(name, done)
            ours.append(await stage.exchange(kind="fan", seconds=self._seconds, **shape))
            size = max(1, ours[-1].fanned_bytes // max(1, ours[-1].fanned))
            echoes.append(
                await stage.echo(kind="fan", seconds=self._seconds, fan_bytes=size, **shape)
            )
        limit = statistics.median(one.fanned / one.server_cpu_s for one in echoes)
        conditions = {
            "readers": FAN_READERS,
            "changes_per_s": FAN_RATE,
            "bytes_per_frame": ours[-1].fanned_bytes // max(1, ours[-1].fanned),
            "broadcast_per_cpu_s": round(limit),
        }
        samples = [one.fanned / one.server_cpu_s for one in ours]
        # More is better, and nothing is asked: a floor of 0 says which way.
        return [self._row(name, "frames", samples, ours + echoes, conditions, at_least=0)]

    async def idle(self, stage: Stage) -> list[dict[str, Any]]:
        """Memory of a connection that is logged in and does nothing."""
        name = "gateway/idle_kib_per_connection"
        self._bars.say(f"{name}: {IDLE_CONNECTIONS} logins")
        load = await stage.exchange(kind="idle", connections=IDLE_CONNECTIONS)
        added = load.memory_after - load.memory_before
        conditions = {
            "connections": IDLE_CONNECTIONS,
            "process_mib_before": round(load.memory_before / MIB, 1),
            "added_mib": round(added / MIB, 1),
            "added_mib_goal": IDLE_MIB_GOAL,
        }
        goal = round(IDLE_MIB_GOAL * MIB / IDLE_CONNECTIONS / KIB, 1)
        samples = [added / IDLE_CONNECTIONS / KIB]
        return [self._row(name, "KiB", samples, [load], conditions, goal=goal)]

    async def slow(self, stage: Stage) -> list[dict[str, Any]]:
        """How much later the others are answered while three bad clients are at work."""
        name = "gateway/slow_reader_p99_ratio"
        shape = {"connections": CONNECTIONS, "rate": SLOW_RATE, "readers": READERS}
        calm: list[Result] = []
        beset: list[Result] = []
        for done in range(ROUNDS):
            self._say(name, done)
            calm.append(await stage.exchange(kind="open", seconds=self._seconds, **shape))
            async with stage.bad_clients():
                beset.append(await stage.exchange(kind="open", seconds=self._seconds, **shape))
        conditions = {
            "orders_per_s": SLOW_RATE,
            "bad_clients": "one stops reading, one drips a message in fragments, one floods pings",
            "calm_p99_ms": round(_median(calm, 0.99), 2),
            "beset_p99_ms": round(_median(beset, 0.99), 2),
            "calm_reader_frames": sum(one.fanned for one in calm),
            "beset_reader_frames": sum(one.fanned for one in beset),
        }
        samples = [
            percentile(bad.latencies_us, 0.99) / percentile(good.latencies_us, 0.99)
            for bad, good in zip(beset, calm, strict=True)
        ]
        return [self._row(name, "ratio", samples, calm + beset, conditions, goal=SLOW_RATIO_GOAL)]


def _share(load: Result) -> float:
    return load.server_cpu_s / load.wall_s


def _rate(load: Result) -> float:
    return load.acks / load.wall_s


def _median(loads: Sequence[Result], share: float) -> float:
    return statistics.median(percentile(load.latencies_us, share) for load in loads)


Measure = Callable[[Bench, Stage], Awaitable[list[dict[str, Any]]]]
ROWS: Final[dict[str, Measure]] = {
    "gateway/ack_ratio_to_echo": Bench.ratio,
    **{f"gateway/ack_p99_ms/{rate}": partial(Bench.latency, rate=rate) for rate in RATES},
    f"gateway/ack_p99_ms/{ACTIVE_RATE}/connections/{ACTIVE_CONNECTIONS}": partial(
        Bench.latency, rate=ACTIVE_RATE, connections=ACTIVE_CONNECTIONS
    ),
    "gateway/fanout_per_cpu_s": Bench.fan,
    "gateway/idle_kib_per_connection": Bench.idle,
    "gateway/slow_reader_p99_ratio": Bench.slow,
}
"""Every row by its name."""


async def measure_gateway(
    names: Sequence[str], seconds: float, seed: int, bars: Bars
) -> list[dict[str, Any]]:
    """Return the rows of these names, measured one behind the other."""
    rows: list[dict[str, Any]] = []
    bench = Bench(seconds, seed, bars)
    with TemporaryDirectory(prefix="ceax-bench-") as place:
        bars.say("making a market with its traders")
        stage = Stage(Path(place), seed)
        await stage.make()
        for name in names:
            with Supervisor(Path(place)) as supervisor:
                await stage.start(supervisor, name)
                rows += await ROWS[name](bench, stage)
    return rows


def run_gateway_bench(arguments: argparse.Namespace) -> int:
    """Run `ceax bench gateway`."""
    if not sys.platform.startswith("linux"):
        raise UserError("ceax bench gateway reads CPU time and memory from /proc: run it on Linux")
    if arguments.list:
        sys.stdout.write("\n".join(ROWS) + "\n")
        return 0
    names = _chosen(arguments.rows or ())
    if not 0 < arguments.seconds <= 600:  # noqa: PLR2004 - the session that is measured is two hours
        raise UserError(f"--seconds {arguments.seconds}: write more than 0 and at most 600")
    try:
        with Bars(is_shown=True) as bars:
            rows = asyncio.run(measure_gateway(names, arguments.seconds, arguments.seed, bars))
    except ProcessFailed as error:
        raise UserError(str(error)) from None
    print_report(rows, as_json=arguments.json)
    return 0


def _chosen(prefixes: Sequence[str]) -> list[str]:
    """Return the names that begin with one of the prefixes, all where none is given; UserError."""
    wanted = [text if text.startswith("gateway") else f"gateway/{text}" for text in prefixes]
    for text, prefix in zip(prefixes, wanted, strict=True):
        if not any(name.startswith(prefix) for name in ROWS):
            raise UserError(f"--rows {text}: no row begins so; `ceax bench gateway --list`")
    return [name for name in ROWS if name.startswith(tuple(wanted) or ("gateway/",))]
