"""The connections of a load: those that send orders and read answers, and those that only read the book."""

import select
import time
from collections import deque
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct

from bench.gateway_market import PRODUCT, Trader, load_traders
from bench.gateway_meter import cpu_ns
from bench.gateway_orders import Flow
from bench.gateway_socket import LoadFailed, RawSocket
from bench.measure import NANOSECONDS

SUBMITTED: Final = b'{"type":"Submitted","id":'
REFUSED: Final = b'"type":"Refused"'
ERROR: Final = b'{"type":"Error","id":'
OVERLOAD: Final = (b'"code":"CANCEL_ONLY"', b'"code":"BUSY"')
"""What an exchange says that is asked for more than it can do."""
TURN_EACH: Final = 50
"""New connections after which those that stand get a turn."""
ECHO_ID: Final = b'{"type":"Submit","id":'


class Job(Struct, frozen=True, kw_only=True):
    """What a load shall do."""

    kind: Literal["closed", "open", "fan", "idle"]
    port: int
    pid: int
    """Of the server whose CPU time is read."""
    folder: str
    """Of `gateway_market.make`."""
    is_echo: bool = False
    connections: int = 100
    in_flight: int = 4
    rate: int = 0
    """Orders per second of an open load."""
    readers: int = 0
    """Connections that only read the book."""
    seconds: float = 5.0
    warm_s: float = 1.0
    fan_bytes: int = 0
    """Size of what an echo sends to everybody."""
    seed: int = 1
    first: int = 1
    """Number of the first order: a number that a key has used before is a repeat."""


class Result(Struct, kw_only=True):
    """What came out, of the measured time alone."""

    wall_s: float
    server_cpu_s: float
    client_cpu_s: float
    acks: int = 0
    refused: int = 0
    turned_away: int = 0
    """Orders of an open load that the exchange did not take because too much was waiting."""
    private: int = 0
    """Frames that trading connections got beside their answers."""
    fanned: int = 0
    """Frames that readers got."""
    fanned_bytes: int = 0
    latencies_us: list[int] = []
    """Of an open load, from the scheduled time, in the order of sending."""
    memory_before: int = 0
    memory_after: int = 0

    @property
    def client_share(self) -> float:
        """How much of a core the load took."""
        return self.client_cpu_s / self.wall_s


class Meter:
    """Reads clocks and counters at the beginning and at the end of what is measured."""

    def __init__(self, load: "Load") -> None:
        self._load = load
        self._started = self._now()

    def _now(self) -> tuple[float, ...]:
        load = self._load
        return (
            time.perf_counter(),
            cpu_ns(load.job.pid) / NANOSECONDS,
            time.process_time(),
            load.acks,
            load.refused,
            sum(one.socket.texts for one in load.trading),
            sum(one.socket.texts for one in load.readers),
            sum(one.socket.bytes for one in load.readers),
        )

    def result(self) -> "Result":
        """Return what was spent and counted since the beginning."""
        spent = [now - then for now, then in zip(self._now(), self._started, strict=True)]
        wall_s, server_cpu_s, client_cpu_s, *counts = spent
        acks, refused, texts, fanned, fanned_bytes = (int(count) for count in counts)
        return Result(
            wall_s=wall_s,
            server_cpu_s=server_cpu_s,
            client_cpu_s=client_cpu_s,
            acks=acks,
            refused=refused,
            private=texts - acks,
            fanned=fanned,
            fanned_bytes=fanned_bytes,
        )


class Trading:
    """One connection that sends orders and reads its answers."""

    def __init__(self, load: "Load", socket: RawSocket, participant: int) -> None:
        self.socket = socket
        self._load = load
        self._flow = Flow(participant, load.job.seed, load.offered)

    def send(self, count: int = 1) -> None:
        """Send the next orders in one piece."""
        load, flow = self._load, self._flow
        frames = []
        for _ in range(count):
            load.number += 1
            frames.append(flow.next(load.number))
        self.socket.send(b"".join(frames))

    def on_readable(self) -> None:
        """Take the answers that have come; a closed load sends as many orders anew."""
        load, flow = self._load, self._flow
        start, count = load.ack_start, 0
        for text in self.socket.read():
            if text.startswith(start):
                number = int(text[len(start) : text.index(b",", len(start))])
                if load.is_open:
                    load.arrived[number - load.job.first] = time.perf_counter()
                if load.job.is_echo:
                    text = b'"order":%d,' % number  # noqa: PLW2901 - the same work as for a real answer
                elif REFUSED in text:
                    load.refused += 1
                flow.acknowledged(number, text)
                count += 1
            elif text.startswith(ERROR):
                self._turned_away(text)
        load.acks += count
        if count and load.job.kind == "closed":
            self.send(count)

    def _turned_away(self, text: bytes) -> None:
        """Count an order that an overloaded exchange did not take; LoadFailed for any other error."""
        if not self._load.is_open or not any(code in text for code in OVERLOAD):
            raise LoadFailed(text.decode(errors="replace"))
        self._flow.forget(int(text[len(ERROR) : text.index(b",", len(ERROR))]))
        self._load.turned_away += 1


class Reading:
    """One connection that only reads."""

    def __init__(self, socket: RawSocket) -> None:
        self.socket = socket

    def on_readable(self) -> None:
        """Take what has come."""
        for _ in self.socket.read():
            pass


class Load:
    """All connections of a job."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.is_open = job.kind == "open"
        self.number = job.first - 1
        self.acks = self.refused = self.turned_away = 0
        self.offered: deque[int] = deque()
        self.arrived: list[float] = []
        self.ack_start = ECHO_ID if job.is_echo else SUBMITTED
        self._poll = select.epoll()
        self._by_number: dict[int, Trading | Reading] = {}
        self.readers: list[Reading] = []
        self.trading: list[Trading] = []
        traders = load_traders(Path(job.folder))
        for _ in range(job.readers):
            self.readers.append(Reading(self._open(None, f"book:{PRODUCT}")))
            self._begin(self.readers[-1])
        for index in range(job.connections):
            trader = traders[index % len(traders)]
            socket = self._open(trader, "" if job.kind == "idle" else "private")
            self.trading.append(Trading(self, socket, trader.participant))
            self._begin(self.trading[-1])

    def _begin(self, one: "Trading | Reading") -> None:
        """Poll a connection from now on, and serve the others: they are pinged meanwhile."""
        one.socket.begin()
        self._by_number[one.socket.fileno()] = one
        if len(self._by_number) % TURN_EACH == 0:
            self.turn(0)

    def _open(self, trader: Trader | None, channel: str) -> RawSocket:
        socket = RawSocket(self.job.port, self._poll)
        if not self.job.is_echo:
            socket.login(trader)
            if channel:
                socket.subscribe(channel)
        return socket

    def turn(self, patience_s: float) -> bool:
        """Serve the sockets that have something; say whether one had."""
        ready = self._poll.poll(patience_s)
        for number, event in ready:
            one = self._by_number[number]
            if event & select.EPOLLOUT:
                one.socket.write_on()
            if event & ~select.EPOLLOUT:
                one.on_readable()
        return bool(ready)

    def until(self, deadline: float) -> None:
        """Serve the sockets until a moment."""
        while (left := deadline - time.perf_counter()) > 0:
            self.turn(left)

    def close(self) -> None:
        """Drop all connections."""
        for one in self._by_number.values():
            one.socket.close()
