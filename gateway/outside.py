"""What `ceax exchange serve` is told of the world outside: TLS, the metrics port, log lines."""

import asyncio
import contextlib
import signal
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from gateway import logs
from gateway.errors import UserError
from gateway.tally import Inside
from gateway.tls import check_listening, expires_at, load, server_context

if TYPE_CHECKING:
    from gateway.server import Server


class Outside(Struct, frozen=True, kw_only=True):
    """Options of the process that concern the world outside."""

    certificate: Path | None = None
    """PEM chain, the own certificate first."""
    key: Path | None = None
    is_insecure: bool = False
    """Plain text beyond loopback is meant."""
    metrics_port: int | None = None
    """Port on 127.0.0.1, 0 = any, None = no metrics."""
    log_level: str = "warning"
    log_form: str = "json"

    def open(self, host: str) -> ssl.SSLContext | None:
        """Begin to write log lines and return the TLS context; UserError where something does not fit."""
        if (self.certificate is None) != (self.key is None):
            raise UserError("--tls-cert and --tls-key belong together; give both or none")
        check_listening(host, has_tls=self.key is not None, is_insecure=self.is_insecure)
        logs.configure(self.log_level, self.log_form)
        if self.certificate is None or self.key is None:
            return None
        return server_context(self.certificate, self.key)

    @contextlib.asynccontextmanager
    async def watching(
        self,
        server: "Server",
        context: ssl.SSLContext | None,
        inside: Inside,
    ) -> AsyncIterator[int]:
        """Serve metrics and read a renewed certificate on SIGHUP; yields the metrics port, 0 = none."""
        loop = asyncio.get_running_loop()
        if context is not None:
            loop.add_signal_handler(signal.SIGHUP, self.reload, context)
        try:
            if self.metrics_port is None:
                yield 0
                return
            # Its library takes 50 ms to load, which a market without metrics need not wait for.
            from gateway.metrics import MetricsServer, MetricsSource  # noqa: PLC0415

            source = MetricsSource(server, inside, self.expires)
            metrics = MetricsServer(source, self.metrics_port)
            await metrics.start()
            try:
                yield metrics.port
            finally:
                await metrics.stop()
        finally:
            if context is not None:
                loop.remove_signal_handler(signal.SIGHUP)

    def reload(self, context: ssl.SSLContext) -> bool:
        """Read certificate and key again for new connections; what cannot be read changes nothing."""
        assert self.certificate is not None
        assert self.key is not None
        try:
            load(context, self.certificate, self.key)
        except UserError as error:
            logs.warning("certificate_kept", error=str(error))
            return False
        logs.warning("certificate_read", file=str(self.certificate), expires_s=self.expires())
        return True

    def expires(self) -> int:
        """Return when the certificate ends (seconds since 1970), 0 without one or where it is unusable."""
        if self.certificate is None or self.key is None:
            return 0
        with contextlib.suppress(UserError):
            return expires_at(self.certificate, self.key)
        return 0
