"""Three clients that misbehave until they are killed: one stops reading, one drips, one floods.

python -m bench.gateway_bad_clients < job.json
"""

import contextlib
import os
import select
import sys
import time
from pathlib import Path
from typing import Final

import msgspec

from bench.gateway_client import Job
from bench.gateway_market import PRODUCT, Trader, load_traders
from bench.gateway_socket import LoadFailed, RawSocket, framed

DRIP_S: Final = 0.05
FLOOD: Final = framed(b"", 0x89) * 4_000
"""Pings without end: the handler never sees them, and each wants a pong."""
FLOOD_S: Final = 0.02


class BadClients:
    """Dials again where it was cut."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._poll = select.epoll()
        # Theirs alone: what the gateway holds against them is held neither against others nor the next round.
        self._address = f"127.1.{os.getpid() >> 8 & 255}.{os.getpid() & 255}"
        self._traders = load_traders(Path(job.folder))
        self._deaf = self._dial(self._traders[-1])
        for channel in (f"book:{PRODUCT}", "trades", "private"):
            self._deaf.subscribe(channel)
        self._dripper = self._begin_dripping()
        self._flooder = self._begin_flooding()

    def _dial(self, trader: Trader) -> RawSocket:
        socket = RawSocket(self._job.port, self._poll, self._address)
        socket.login(trader)
        return socket

    def _begin_dripping(self) -> RawSocket:
        socket = self._dial(self._traders[-2])
        socket.begin()
        socket.send(framed(b'{"type":', 0x01))
        return socket

    def _begin_flooding(self) -> RawSocket:
        socket = self._dial(self._traders[-3])
        socket.begin()
        return socket

    def drip(self) -> None:
        """Send one more byte of a message that never ends."""
        try:
            self._dripper.send(framed(b" ", 0x00))
        except OSError:
            self._dripper.close()
            self._dripper = self._begin_dripping()

    def flood(self) -> None:
        """Send as many pings as the socket takes, and read nothing."""
        try:
            self._flooder.socket.send(FLOOD)
        except BlockingIOError:
            return
        except OSError:
            self._flooder.close()
            self._flooder = self._begin_flooding()


def main() -> int:
    """Misbehave until killed, or until the parent is gone."""
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    parent = os.getppid()
    clients = BadClients(job)
    next_drip_s = time.monotonic()
    while os.getppid() == parent:
        with contextlib.suppress(LoadFailed, OSError):
            clients.flood()
            if time.monotonic() >= next_drip_s:
                next_drip_s += DRIP_S
                clients.drip()
        time.sleep(FLOOD_S)
    return 0


if __name__ == "__main__":
    sys.exit(main())
