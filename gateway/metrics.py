"""Prometheus metrics on a private loopback port: everything is read from existing counts at the scrape.

Trading pays nothing for them but whole numbers that are counted anyway. The port is not the clients': it
listens on 127.0.0.1 alone and answers `GET` and `HEAD` of `/metrics` (gateway-notes 6).
"""

import contextlib
import email.utils
import resource
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from websockets.asyncio.server import Server as SocketServer
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from engine.commands import Method
from engine.events import Phase
from gateway.errors import UserError
from gateway.mirror_routes import METHODS
from gateway.tally import Copy, Histogram, Inside, Writer

if TYPE_CHECKING:
    from gateway.server import Server

HOST: Final = "127.0.0.1"
OPEN_S: Final = 2.0
"""How long a scraper may take for its request."""
NANO: Final = 1e9


class MetricsSource:
    """What is scraped: the gateway, the writer's tally where there is one, and the market's folder."""

    def __init__(
        self,
        server: "Server",
        inside: Inside | None = None,
        expires: Callable[[], int] = int,
    ) -> None:
        self.server = server
        self.inside = inside or Inside()
        self.expires = expires
        """When the TLS certificate ends (seconds since 1970), 0 without one."""

    def describe(self) -> Iterable[Metric]:
        """Return nothing: the registry shall not scrape to learn the names."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield every metric; called by the registry at a scrape."""
        yield from self._sessions()
        yield from self._log()
        yield from self._market()
        yield from self._machine()
        if self.inside.writer is not None:
            yield from _writer(self.inside.writer)
        if self.inside.shipping is not None:
            yield from _copy(self.inside.shipping.state)

    def _sessions(self) -> Iterator[Metric]:
        server = self.server
        kinds = Counter(connection.identity.role for connection in server.connections)
        sessions = GaugeMetricFamily("ceax_sessions", "Connections by role.", labels=["role"])
        for role, count in sorted(kinds.items()):
            sessions.add_metric([role], count)
        yield sessions
        events = CounterMetricFamily(
            "ceax_session_events", "What happened to connections, by name.", labels=["event"]
        )
        for name, count in sorted((server.counts + server.entrance.counts).items()):
            events.add_metric([name.lower()], count)
        yield events
        logins = CounterMetricFamily(
            "ceax_login_refusals", "Refused logins and claims of codes, by code.", labels=["code"]
        )
        for code, count in sorted(server.entrance.refusals.items()):
            logins.add_metric([code], count)
        yield logins
        refusals = CounterMetricFamily(
            "ceax_refusals", "Requests refused by the gateway, by code.", labels=["code"]
        )
        for code, count in sorted(server.watch.refusals.items()):
            refusals.add_metric([code], count)
        yield refusals
        controls = CounterMetricFamily(
            "ceax_control_commands", "Commands of operators and clearing.", labels=["command"]
        )
        for name, count in sorted(server.watch.controls.items()):
            controls.add_metric([name], count)
        yield controls
        for field, name, text in (
            ("bytes_in", "ceax_received_bytes", "Bytes that clients sent."),
            ("bytes_out", "ceax_sent_bytes", "Bytes of frames that were sent."),
            ("frames_out", "ceax_sent_frames", "Frames that were sent."),
        ):
            alive = sum(getattr(connection.socket, field) for connection in server.connections)
            total = getattr(server.watch.gone, field) + alive
            yield CounterMetricFamily(name, text, value=total)
        unsent = sum(connection.socket.unsent for connection in server.connections)
        yield GaugeMetricFamily("ceax_unsent_bytes", "Bytes that wait for readers.", value=unsent)
        answers = CounterMetricFamily(
            "ceax_http_answers", "Answers of the HTTP mirror, by status.", labels=["status"]
        )
        for status, count in sorted(server.mirror.requests.items()):
            answers.add_metric([str(status)], count)
        yield answers
        yield _histogram("ceax_loop_lag_seconds", "How late the loop wakes.", server.watch.loop_lag)

    def _log(self) -> Iterator[Metric]:
        server = self.server
        sequencer = server.sequencer
        yield GaugeMetricFamily(
            "ceax_log_sequence", "Last sequence of the log.", value=sequencer.exchange.sequence
        )
        yield GaugeMetricFamily(
            "ceax_exchange_time_seconds", "Exchange time.", value=server.now_ns() / NANO
        )
        role = GaugeMetricFamily("ceax_role", "1 for the role of the process.", labels=["role"])
        role.add_metric(["primary"], 1)
        yield role
        accepts = GaugeMetricFamily(
            "ceax_accepts", "1 for what the exchange takes now.", labels=["mode"]
        )
        for mode in ("all", "cancels", "nothing"):
            accepts.add_metric([mode], float(sequencer.acceptance.mode == mode))
        yield accepts
        yield GaugeMetricFamily(
            "ceax_journal_writable",
            "1 while the journal can be written.",
            value=float(sequencer.failure is None),
        )

    def _market(self) -> Iterator[Metric]:
        exchange = self.server.sequencer.exchange
        market = exchange.market()
        phases = GaugeMetricFamily(
            "ceax_phase", "1 for the phase of a method.", labels=["method", "phase"]
        )
        for view in market.methods:
            names = [Method(view.method).name.lower(), Phase(view.phase).name.lower()]
            phases.add_metric(names, 1)
        yield phases
        depth = GaugeMetricFamily(
            "ceax_book_tonnes", "Tonnes in the five best levels.", labels=["product", "side"]
        )
        listed = CounterMetricFamily(
            "ceax_listed_trades_of_day", "Listed trades of the day.", labels=["product"]
        )
        for product in market.products:
            book = exchange.book(product.product)
            for side, levels in (("buy", book.bids), ("sell", book.asks)):
                total_t = sum(level.quantity_t for level in levels)
                depth.add_metric([product.product, side], total_t)
            listed.add_metric([product.product], product.listed_trades)
        yield depth
        yield listed
        unsettled = exchange.unsettled()
        yield GaugeMetricFamily(
            "ceax_unsettled_trades", "Trades that wait for settlement.", value=len(unsettled)
        )
        oldest_ns = min((trade.time_ns for trade in unsettled), default=0)
        age_s = (self.server.now_ns() - oldest_ns) / NANO if oldest_ns else 0.0
        yield GaugeMetricFamily(
            "ceax_unsettled_age_seconds", "Age of the oldest unsettled trade.", value=age_s
        )

    def _machine(self) -> Iterator[Metric]:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        yield CounterMetricFamily(
            "ceax_processor_seconds",
            "Processor time of the process.",
            value=usage.ru_utime + usage.ru_stime,
        )
        if expires_s := self.expires():
            yield GaugeMetricFamily(
                "ceax_certificate_expires_seconds",
                "When the TLS certificate ends (seconds since 1970).",
                value=expires_s,
            )
        folder = self.inside.folder
        if folder is None:
            return
        room = shutil.disk_usage(folder)
        files = _sizes(folder)
        for name, text, value in (
            ("ceax_journal_bytes", "Bytes of the journal's files, reserved ones too.", sum(files)),
            ("ceax_journal_files", "Files of the journal, one a trading day.", len(files)),
            ("ceax_disk_free_bytes", "Free bytes of the journal's disk.", room.free),
            ("ceax_disk_bytes", "Size of the journal's disk.", room.total),
        ):
            yield GaugeMetricFamily(name, text, value=value)


def _sizes(folder: Path) -> list[int]:
    found: list[int] = []
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):  # a new file has just got its name
            found.append(path.stat().st_size)
    return found


def _copy(state: Copy) -> Iterator[Metric]:
    for name, text, value in (
        ("ceax_copy_sequence", "Last sequence of the copy off this machine.", state.sequence),
        ("ceax_copy_behind_seconds", "How far the copy is behind.", state.behind_s),
        ("ceax_copy_broken", "1 where the copy does not go on.", float(bool(state.problem))),
    ):
        yield GaugeMetricFamily(name, text, value=value)


def _writer(writer: Writer) -> Iterator[Metric]:
    tally = writer.tally
    yield GaugeMetricFamily(
        "ceax_waiting_commands", "Commands that wait for their batch.", value=writer.waiting
    )
    yield CounterMetricFamily("ceax_batches", "Batches of the journal.", value=tally.batches)
    yield CounterMetricFamily("ceax_commands", "Commands of the log.", value=tally.commands)
    for name, text, histogram in (
        ("ceax_append_seconds", "From the stamp until durable, by batch.", tally.append),
        ("ceax_apply_seconds", "The engine's work, by batch.", tally.apply),
        ("ceax_publish_seconds", "From applied until handed to the sockets.", tally.publish),
    ):
        yield _histogram(name, text, histogram)


def _histogram(name: str, text: str, histogram: Histogram) -> Metric:
    family = HistogramMetricFamily(name, text)
    family.add_metric([], histogram.cumulative(), histogram.total_ns / NANO)
    return family


class MetricsServer:
    """Listens on the private port; `start`, then `stop`."""

    def __init__(self, source: MetricsSource, port: int) -> None:
        self.port = port
        self.registry = CollectorRegistry(auto_describe=False)
        self.registry.register(source)
        self._socket_server: SocketServer | None = None

    async def start(self) -> None:
        """Listen on loopback; UserError where the port is taken. Port 0 becomes the chosen one."""
        try:
            self._socket_server = await serve(
                _no_websocket,
                HOST,
                self.port,
                process_request=self._answer,
                open_timeout=OPEN_S,
                close_timeout=OPEN_S,
                compression=None,
                server_header=None,
                backlog=16,
            )
        except OSError as error:
            raise UserError(
                f"cannot listen on {HOST}:{self.port} ({error.strerror}); choose another --metrics-port"
            ) from None
        self.port = self._socket_server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listen no more."""
        if self._socket_server is not None:
            self._socket_server.close()
            await self._socket_server.wait_closed()

    def _answer(self, socket: ServerConnection, request: Request) -> Response:
        response = self._respond(socket, request)
        if request.method == "HEAD":  # the headers of a GET, whose length is told, and no body
            response.body = b""
        return response

    def _respond(self, socket: ServerConnection, request: Request) -> Response:
        if request.method not in METHODS:
            return socket.respond(HTTPStatus.METHOD_NOT_ALLOWED, "only GET and HEAD\n")
        if request.path.partition("?")[0] != "/metrics":
            return socket.respond(HTTPStatus.NOT_FOUND, "try /metrics\n")
        body = generate_latest(self.registry)
        headers = Headers(
            [
                ("Date", email.utils.formatdate(usegmt=True)),
                ("Connection", "close"),
                ("Content-Length", str(len(body))),
                ("Content-Type", CONTENT_TYPE_PLAIN_0_0_4),
            ]
        )
        return Response(HTTPStatus.OK, "OK", headers, body)


async def _no_websocket(socket: ServerConnection) -> None:
    raise AssertionError(f"every request was answered before a websocket opened: {socket.id}")


__all__ = ["MetricsServer", "MetricsSource"]
