"""The websocket server: sockets, time and tasks around `Conversation`, `Feed` and the sequencer."""

import asyncio
import contextlib
import logging
import secrets
import ssl
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from websockets.asyncio.server import Server as SocketServer
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response
from websockets.typing import Origin

from engine.commands import AnyCommand
from engine.profile import Profile
from engine.units import NANOSECONDS_PER_SECOND
from gateway import wire
from gateway.access import Access, Identity
from gateway.arrivals import Arrivals
from gateway.connection import Connection
from gateway.disconnects import Disconnects
from gateway.door import Acceptance, Watcher
from gateway.entrance import Entrance
from gateway.errors import UserError
from gateway.feed import Feed
from gateway.gate import Gate, address_of, gate_maker, select_format
from gateway.history import Applied, History
from gateway.limits import Buckets, Settings
from gateway.mirror import Mirror
from gateway.publisher import WRITES_PER_TURN, Publisher
from gateway.queries import Desk, Views
from gateway.reader import FrameCache
from gateway.sequencer import Tell
from gateway.tls import tls_options
from gateway.watch import Watch

BUCKETS_MAX: Final = 20_000
"""Most keys whose rate buckets are remembered; the longest unused goes first."""
RETRY_LEAST_MS: Final = 500
RETRY_EACH_MS: Final = 3
RETRY_MOST_MS: Final = 30_000
"""Clients of a stopping gateway are told pauses spread over 0.5 s and 3 ms for each of them, 30 s at most: a
handshake with TLS costs 0.85 ms of processor time (gateway-notes 2.4)."""
WEBSOCKET_PATHS: Final = ("/", "/v1")


class Submitter(Protocol):
    """The part of the sequencer that the server uses."""

    @property
    def exchange(self) -> Views:
        """The exchange, for queries."""
        ...

    @property
    def failure(self) -> BaseException | None:
        """Why nothing can be written any more, None while it can."""
        ...

    async def submit(self, key: int, command: AnyCommand) -> Applied:
        """Carry a command through journal and engine; Busy, Stopped."""
        ...

    async def submit_many(self, key: int, commands: Sequence[AnyCommand]) -> Any:  # noqa: ANN401 - nobody reads it
        """Carry several commands of one key; Busy, Stopped."""
        ...

    def post(self, key: int, command: AnyCommand, tell: Tell) -> None:
        """Carry a command through journal and engine and tell its answer; Busy, Stopped."""
        ...

    async def advance_clock(self, time_ns: int) -> int:
        """Move a simulated clock and return exchange time; ClockNotDriven."""
        ...

    @property
    def acceptance(self) -> Acceptance:
        """What is taken now."""
        ...

    def watch(self, watcher: Watcher) -> None:
        """Call a watcher whenever `acceptance` changes."""
        ...

    def listen(self, listener: Callable[[list[Any]], None]) -> None:
        """Call a listener after each durable batch, in log order."""
        ...

    @property
    def history(self) -> History:
        """What is kept of the log; it has a batch before the listeners do."""
        ...


class Server:
    """The gateway of one exchange; `start`, then `stop`."""

    def __init__(
        self,
        sequencer: Submitter,
        profile: Profile,
        *,
        clock_mode: str,
        host: str = "127.0.0.1",
        port: int = 0,
        settings: Settings | None = None,
        tls: ssl.SSLContext | None = None,
        clock_ns: Callable[[], int] | None = None,
    ) -> None:
        self.sequencer = sequencer
        self._clock_ns = clock_ns or (lambda: sequencer.exchange.time_ns)
        self.profile = profile
        self.clock_mode = clock_mode
        self.host = host
        self.port = port
        self.settings = settings or Settings()
        self._tls = tls
        self.feed = Feed(sequencer.exchange, sequencer.history)
        self.access = Access(sequencer.exchange, self.settings)
        self.entrance = Entrance(self.access, sequencer, self.settings)
        self.desk = Desk(sequencer.exchange, self.feed, profile)
        self.cache = FrameCache()
        self.publisher = Publisher(
            self.feed, sequencer.exchange, sequencer, interval_s=self.settings.book_interval_s
        )
        self.disconnects = Disconnects(sequencer.submit, grace_s=self.settings.disconnect_grace_s)
        self.is_stopping = False
        """No command is taken any more."""
        self.mirror = Mirror(self)
        self.connections: set[Connection] = set()
        self.counts: Counter[str] = Counter()
        """How often things happened, by name: connections, logins, cuts by reason."""
        self.watch = Watch()
        self._addresses: Counter[str] = Counter()
        self._arrivals = Arrivals(self.settings)
        self._buckets: dict[int, Buckets] = {}
        self._hosts: set[str] = set()
        self._socket_server: SocketServer | None = None
        self._beating: asyncio.Task[None] | None = None
        sequencer.listen(self._publish)
        sequencer.watch(lambda: self.watch.accepts(sequencer.acceptance))

    # ------------------------------------------------------------ life

    async def start(self) -> None:
        """Listen; UserError where the port is taken. Port 0 becomes the port that the system chose."""
        if not (library := logging.getLogger("websockets")).handlers:
            library.setLevel(logging.CRITICAL)  # else one traceback per bad peer (`gateway.logs`)
        settings = self.settings
        await self.disconnects.recover(self.sequencer.exchange)
        origins = [None, *(Origin(origin) for origin in settings.origins)]
        try:
            self._socket_server = await serve(
                self._handle,
                self.host,
                self.port,
                process_request=self._process_request,
                origins=origins,
                **tls_options(self._tls, settings.open_s),
                **socket_options(settings),
            )
        except OSError as error:
            raise UserError(
                f"cannot listen on {self.host}:{self.port} ({error.strerror}); choose another --port"
            ) from None
        self.port = self._socket_server.sockets[0].getsockname()[1]
        self._hosts = self._host_names()
        self._beating = asyncio.create_task(self._beat())
        self.entrance.audit.start()

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"{'wss' if self._tls else 'ws'}://{self.host}:{self.port}"

    async def stop(self, reason: str = "the exchange is stopping") -> None:
        """Refuse new clients and commands, wait for those in flight, and close (1012).

        Orders of keys that want it are taken back first; each client is told a pause of its own after
        which it shall dial again.
        """
        self.is_stopping = True
        if self._beating is not None:
            self._beating.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._beating
        if self._socket_server is not None:
            self._socket_server.close(close_connections=False)
        self.publisher.stop_accepting()
        await asyncio.gather(
            *(connection.requests.finish() for connection in list(self.connections))
        )
        await self.disconnects.stop()
        while self.publisher.is_writing:  # noqa: ASYNC110 - a few turns, once in the life of a server
            await asyncio.sleep(0)  # the status goes out before the closing frames
        spread_ms = RETRY_LEAST_MS + RETRY_EACH_MS * len(self.connections)
        closings = [
            connection.go_away(reason, secrets.randbelow(min(RETRY_MOST_MS, spread_ms)))
            for connection in list(self.connections)
        ]
        await asyncio.gather(*closings)
        if self._socket_server is not None:
            await self._socket_server.wait_closed()
        await self.entrance.audit.stop()

    def _host_names(self) -> set[str]:
        """Return the Host headers that this gateway answers for."""
        names = {self.host, "localhost", "127.0.0.1", "[::1]"}
        return {f"{name}:{self.port}" for name in names} | set(self.settings.hosts)

    # ------------------------------------------------------------ connections

    def _process_request(self, socket: ServerConnection, request: Request) -> Response | None:
        """Answer plain HTTP, and refuse connections past the limits before they cost anything."""
        assert isinstance(socket, Gate), "create_connection makes gates"
        settings = self.settings
        address = address_of(socket.remote_address, request.headers, settings.proxies)
        socket.client_address = address
        if request.method != "GET" or request.path not in WEBSOCKET_PATHS:
            return self.mirror.respond(request, address, time.monotonic())
        is_full = len(self.connections) >= settings.connections
        if is_full or self._addresses[address] >= settings.connections_per_address:
            self.counts["connections_refused"] += 1
            limit = settings.connections if is_full else settings.connections_per_address
            return self.mirror.refuse(request, "CONNECTIONS_FULL", limit)
        wait_s = self._arrivals.wait_s(address, time.monotonic())
        if wait_s:
            self.counts["arrivals_refused"] += 1
            return self.mirror.refuse(request, "CONNECTIONS_LIMITED", wait_s=wait_s)
        return None

    async def _handle(self, socket: ServerConnection) -> None:
        assert isinstance(socket, Gate), "create_connection makes gates"
        request = socket.request
        hosts = request.headers.get_all("Host") if request is not None else []
        host = hosts[0] if len(hosts) == 1 else ""
        # A signature holds for the host that was dialled; an unknown one matches no signature.
        socket.form = wire.Format(socket.subprotocol or wire.Format.JSON)
        connection = Connection(self, socket, host if host in self._hosts else "")
        address = socket.client_address
        self._addresses[address] += 1
        self.connections.add(connection)
        self.counts["connections"] += 1
        try:
            await connection.run()
        finally:
            self._leave(connection, address)

    def _leave(self, connection: Connection, address: str) -> None:
        self.connections.discard(connection)
        self._addresses[address] -= 1
        if not self._addresses[address]:
            del self._addresses[address]
        self.entrance.left(connection)
        if connection.reader is not None:
            self.publisher.left(connection)
            self.disconnects.left(connection.identity.key, connection.identity.on_disconnect)
        if connection.socket.cut_reason:
            self.counts[connection.socket.cut_reason] += 1
        if connection.socket.cut_reason == "BYTES_LIMIT":
            self._arrivals.flooded(connection.socket.client_address, time.monotonic())
        self.watch.left(connection)

    def buckets_of(self, identity: Identity, limits: wire.Limits) -> Buckets:
        """Return the rate buckets of a key, shared by its connections and kept over reconnects."""
        buckets = self._buckets.pop(identity.key, None)
        if buckets is None:
            if len(self._buckets) >= BUCKETS_MAX:
                del self._buckets[next(iter(self._buckets))]
            buckets = Buckets(limits, time.monotonic())
        self._buckets[identity.key] = buckets
        return buckets

    def welcome(self, identity: Identity, limits: wire.Limits) -> wire.Welcome:
        """Return the frame that a login is answered with."""
        exchange = self.sequencer.exchange
        return wire.Welcome(
            version=wire.PROTOCOL_VERSION,
            key=identity.key,
            role=identity.role,
            person=identity.person,
            participant=identity.participant,
            participant_name=identity.participant_name,
            permissions=identity.permissions,
            valid_until=identity.valid_until,
            sequence=exchange.sequence,
            time_ns=self.now_ns(),
            date=exchange.market().date,
            clock=self.clock_mode,
            profile=self.profile,
            limits=limits,
        )

    # ------------------------------------------------------------ publishing

    def entered(self, connection: Connection) -> None:
        """Note who is in: it is told the status, and its end may take back orders."""
        self.publisher.entered(connection)
        self.disconnects.entered(connection.identity.key, connection.identity.on_disconnect)

    def _publish(self, batch: Sequence[Applied]) -> None:
        """Show a durable batch to everybody whom it concerns."""
        self.entrance.learn(batch)
        self.publisher.publish(batch)

    def now_ns(self) -> int:
        """Return exchange time as a clock would show it."""
        # What the exchange's clock shows: in a quiet market the last command may be long ago.
        return max(self.sequencer.exchange.time_ns, self._clock_ns())

    async def _beat(self) -> None:
        """Tell everybody once a second that the gateway lives, and cut who takes nothing."""
        while True:
            due_ns = time.monotonic_ns() + int(self.settings.beat_s * NANOSECONDS_PER_SECOND)
            await asyncio.sleep(self.settings.beat_s)
            self.watch.loop_lag.observe(time.monotonic_ns() - due_ns)
            self.mirror.catch_up()
            connections = list(self.connections)
            for begin in range(0, len(connections), WRITES_PER_TURN):
                self._beat_to(connections[begin : begin + WRITES_PER_TURN])
                await asyncio.sleep(0)  # an order does not wait for a thousand beats

    def _beat_to(self, connections: Sequence[Connection]) -> None:
        """Tell some of the connections, and cut those that take nothing."""
        sequence, now_s = self.sequencer.exchange.sequence, time.monotonic()
        beat = wire.Texts(wire.Beat(sequence=sequence, time_ns=self.now_ns()))
        for connection in connections:
            connection.check_drain(now_s)
            if connection.reader is not None and not connection.socket.unsent:
                connection.socket.push(beat.of(connection.socket.form))


def socket_options(settings: Settings) -> dict[str, Any]:
    """Return how sockets are held, for `serve`: the same for the gateway and for what it is measured by."""
    return {
        "create_connection": gate_maker(settings),
        "subprotocols": list(wire.Format),
        "select_subprotocol": select_format,
        "compression": None,
        "max_size": 2 * settings.of("observer").frame_bytes,
        "max_queue": 16,
        "write_limit": (32 * 1024, 8 * 1024),
        "open_timeout": settings.open_s,
        "ping_interval": settings.ping_s,
        "ping_timeout": settings.ping_s,
        "close_timeout": 2,
        "server_header": None,
        "backlog": 1024,
    }
