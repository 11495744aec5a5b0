"""The websocket server: sockets, time and tasks around `Conversation`, `Feed` and the sequencer."""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from http import HTTPStatus
from typing import Any, Final, Protocol

from websockets.asyncio.server import Server as SocketServer
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response
from websockets.typing import Origin

from engine.commands import AnyCommand
from engine.profile import Profile
from gateway import wire
from gateway.access import OBSERVER, Access, Identity
from gateway.codes import CloseCode, Fault
from gateway.connection import Connection
from gateway.errors import UserError
from gateway.feed import Feed, LogEntry
from gateway.gate import Gate
from gateway.limits import Buckets, Settings
from gateway.queries import Desk, Views
from gateway.reader import FrameCache

BUCKETS_MAX: Final = 20_000
"""Most keys whose rate buckets are remembered; the longest unused goes first."""
WEBSOCKET_PATHS: Final = ("/", "/v1")

log = logging.getLogger(__name__)


class Submitter(Protocol):
    """The part of the sequencer that the server uses."""

    @property
    def exchange(self) -> Views:
        """The exchange, for queries."""
        ...

    async def submit(self, key: int, command: AnyCommand) -> LogEntry:
        """Carry a command through journal and engine; Busy, Stopped."""
        ...

    async def advance_clock(self, time_ns: int) -> int:
        """Move a simulated clock and return exchange time; ClockNotDriven."""
        ...

    def listen(self, listener: Callable[[list[Any]], None]) -> None:
        """Call a listener after each durable batch, in log order."""
        ...

    def events_after(self, sequence: int) -> Iterable[LogEntry]:
        """Yield what is kept of the log after a sequence."""
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
        clock_ns: Callable[[], int] | None = None,
    ) -> None:
        self.sequencer = sequencer
        self._clock_ns = clock_ns or (lambda: sequencer.exchange.time_ns)
        self.profile = profile
        self.clock_mode = clock_mode
        self.host = host
        self.port = port
        self.settings = settings or Settings()
        self.feed = Feed(sequencer.exchange, sequencer.events_after(0))
        self.access = Access(sequencer.exchange)
        self.desk = Desk(sequencer.exchange, self.feed, profile)
        self.cache = FrameCache()
        self.connections: set[Connection] = set()
        self.counts: Counter[str] = Counter()
        """How often things happened, by name: connections, logins, cuts by reason."""
        self._addresses: Counter[str] = Counter()
        self._readers: dict[str, set[Connection]] = {}
        self._buckets: dict[int, Buckets] = {}
        self._hosts: set[str] = set()
        self._books_due: set[str] = set()
        self._published_s: dict[str, float] = {}
        self._socket_server: SocketServer | None = None
        self._beating: asyncio.Task[None] | None = None
        sequencer.listen(self._publish)

    # ------------------------------------------------------------ life

    async def start(self) -> None:
        """Listen; UserError where the port is taken. Port 0 becomes the port that the system chose."""
        logging.getLogger("websockets").setLevel(logging.CRITICAL)  # one traceback per bad peer
        settings = self.settings
        origins = [None, *(Origin(origin) for origin in settings.origins)]
        try:
            self._socket_server = await serve(
                self._handle,
                self.host,
                self.port,
                create_connection=Gate,
                process_request=self._process_request,
                origins=origins,
                compression=None,
                max_size=2 * settings.of("observer").frame_bytes,
                max_queue=16,
                write_limit=(32 * 1024, 8 * 1024),
                open_timeout=5,
                ping_interval=15,
                ping_timeout=15,
                close_timeout=2,
                server_header=None,
                backlog=1024,
            )
        except OSError as error:
            raise UserError(
                f"cannot listen on {self.host}:{self.port} ({error.strerror}); choose another --port"
            ) from None
        self.port = self._socket_server.sockets[0].getsockname()[1]
        self._hosts = self._host_names()
        self._beating = asyncio.create_task(self._beat())

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"ws://{self.host}:{self.port}"

    async def stop(self, reason: str = "the exchange is stopping") -> None:
        """Refuse new clients, close the others (1012) and wait for commands in flight."""
        if self._beating is not None:
            self._beating.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._beating
        await asyncio.gather(*(connection.finish() for connection in list(self.connections)))
        if self._socket_server is not None:
            self._socket_server.close(code=CloseCode.GOING_AWAY, reason=reason)
            await self._socket_server.wait_closed()

    def _host_names(self) -> set[str]:
        """Return the Host headers that this gateway answers for."""
        names = {self.host, "localhost", "127.0.0.1", "[::1]"}
        return {f"{name}:{self.port}" for name in names} | set(self.settings.hosts)

    # ------------------------------------------------------------ connections

    def _process_request(self, socket: ServerConnection, request: Request) -> Response | None:
        """Answer plain HTTP, and refuse connections past the limits before they cost anything."""
        if request.method != "GET":
            return socket.respond(HTTPStatus.METHOD_NOT_ALLOWED, "only GET\n")
        if request.path == "/livez":
            return socket.respond(HTTPStatus.OK, "ok\n")
        if request.path not in WEBSOCKET_PATHS:
            return socket.respond(HTTPStatus.NOT_FOUND, "nothing here; connect a websocket to /\n")
        is_full = len(self.connections) >= self.settings.connections
        address = _address(socket)
        if is_full or self._addresses[address] >= self.settings.connections_per_address:
            self.counts["connections_refused"] += 1
            return socket.respond(HTTPStatus.SERVICE_UNAVAILABLE, "too many connections\n")
        return None

    async def _handle(self, socket: ServerConnection) -> None:
        assert isinstance(socket, Gate), "create_connection makes gates"
        request = socket.request
        host = request.headers.get("Host", "") if request is not None else ""
        # A signature holds for the host that was dialled; an unknown one matches no signature.
        connection = Connection(self, socket, host if host in self._hosts else "")
        address = _address(socket)
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
        if connection.reader is not None:
            for channel in connection.reader.channels:
                self.unsubscribed(connection, channel)
        if connection.socket.cut_reason:
            self.counts[connection.socket.cut_reason] += 1
            log.info("cut key=%d %s", connection.identity.key, connection.socket.cut_reason)

    def enter(self, connection: Connection) -> None:
        """Count a login; Fault CONNECTIONS_FULL past the limits of its key or participant."""
        identity = connection.identity
        if identity is OBSERVER:
            return
        others = [c.identity for c in self.connections if c is not connection and c.reader]
        same_key = sum(other.key == identity.key for other in others)
        if same_key >= self.settings.connections_per_key:
            raise Fault("CONNECTIONS_FULL", self.settings.connections_per_key)
        same_participant = sum(other.participant == identity.participant for other in others)
        if identity.participant and same_participant >= self.settings.connections_per_participant:
            raise Fault("CONNECTIONS_FULL", self.settings.connections_per_participant)
        self.counts["logins"] += 1

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
            sequence=exchange.sequence,
            time_ns=self._now_ns(),
            date=exchange.market().date,
            clock=self.clock_mode,
            profile=self.profile,
            limits=limits,
        )

    # ------------------------------------------------------------ publishing

    def prepare(self, channel: str) -> None:
        """Make the snapshots that a subscription begins with, where they are not fresh."""
        self._refresh([key for key in self.feed.dirty if _channel_of(key) == channel])

    def subscribed(self, connection: Connection, channel: str) -> None:
        """Note a subscription."""
        self._readers.setdefault(self._stream_name(connection, channel), set()).add(connection)

    def unsubscribed(self, connection: Connection, channel: str) -> None:
        """Forget a subscription."""
        name = self._stream_name(connection, channel)
        readers = self._readers.get(name, set())
        readers.discard(connection)
        if not readers:
            self._readers.pop(name, None)

    def _publish(self, batch: Sequence[LogEntry]) -> None:
        """Show a durable batch to everybody whom it concerns."""
        feed = self.feed
        ends = (feed.trades.end, feed.market.end)
        feed.take_in(batch)
        for entry in batch:
            self.access.learn(entry.events)
        concerned: set[Connection] = set(self._readers.get("drop", ()))
        if feed.trades.end != ends[0]:
            concerned |= self._readers.get("trades", set())
        if feed.market.end != ends[1]:
            concerned |= self._readers.get("market", set())
        for participant in feed.touched_private:
            concerned |= self._readers.get(f"private:{participant}", set())
        feed.touched_private.clear()
        concerned |= self._publish_snapshots()
        for connection in concerned:
            connection.write()

    def _publish_snapshots(self) -> set[Connection]:
        """Make the dirty snapshots that somebody reads, each at most once in an interval."""
        now_s = time.monotonic()
        interval_s = self.settings.book_interval_s
        ready: list[str] = []
        concerned: set[Connection] = set()
        for key in self.feed.dirty:
            readers = self._readers.get(_channel_of(key))
            if not readers or key in self._books_due:
                continue
            wait_s = self._published_s.get(key, 0.0) + interval_s - now_s
            if wait_s > 0:
                self._books_due.add(key)
                asyncio.get_running_loop().call_later(wait_s, self._publish_late, key)
            else:
                ready.append(key)
                concerned |= readers
        self._refresh(ready)
        return concerned

    def _publish_late(self, key: str) -> None:
        self._books_due.discard(key)
        if key in self.feed.dirty:
            self._refresh([key])
        for connection in list(self._readers.get(_channel_of(key), ())):
            connection.write()

    def _refresh(self, keys: Sequence[str]) -> None:
        if not keys:
            return
        market = self.sequencer.exchange.market()
        for key in keys:
            self.feed.refresh(key, market)
            self._published_s[key] = time.monotonic()

    def _stream_name(self, connection: Connection, channel: str) -> str:
        if channel != "private" or connection.reader is None:
            return channel
        return f"private:{connection.reader.private_stream}"

    def _now_ns(self) -> int:
        # What the exchange's clock shows: in a quiet market the last command may be long ago.
        return max(self.sequencer.exchange.time_ns, self._clock_ns())

    async def _beat(self) -> None:
        """Tell everybody once a second that the gateway lives, and cut who takes nothing."""
        while True:
            await asyncio.sleep(self.settings.beat_s)
            exchange = self.sequencer.exchange
            text = wire.encode(wire.Beat(sequence=exchange.sequence, time_ns=self._now_ns()))
            now_s = time.monotonic()
            for connection in list(self.connections):
                connection.check_drain(now_s)
                if connection.reader is not None and not connection.socket.unsent:
                    connection.socket.push(text)


def _channel_of(key: str) -> str:
    """Return the channel that a snapshot belongs to."""
    return key if key.startswith("book:") else "market"


def _address(socket: ServerConnection) -> str:
    """Return the client's address without its port."""
    remote = socket.remote_address
    return str(remote[0]) if isinstance(remote, tuple) else ""
