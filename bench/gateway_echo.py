"""The yardstick of the gateway: a `websockets` server with the same class and settings that only echoes.

    python -m bench.gateway_echo --port 7100

A text comes back as it is. One that begins with `fan` is sent to every connection by `websockets.broadcast`.
"""

import argparse
import asyncio
import contextlib
import sys
from pathlib import Path
from typing import Final

from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed

from bench.processes import LOOPBACK
from gateway.gate import Gate
from gateway.server import socket_options
from gateway.settings import read_settings

FAN: Final = "fan"


async def run(port: int, settings_file: Path) -> None:
    """Serve until the process is ended."""
    settings = read_settings(settings_file)
    connections: set[ServerConnection] = set()

    async def handle(socket: ServerConnection) -> None:
        assert isinstance(socket, Gate), "create_connection makes gates"
        socket.widen(settings.of("trader"))
        connections.add(socket)
        try:
            with contextlib.suppress(ConnectionClosed):
                async for text in socket:
                    if isinstance(text, str) and text.startswith(FAN):
                        broadcast(connections, text)
                    else:
                        await socket.send(text)
        finally:
            connections.discard(socket)

    async with serve(handle, LOOPBACK, port, **socket_options(settings)) as server:
        await server.serve_forever()


def main() -> int:
    """Run the echo."""
    parser = argparse.ArgumentParser(description="A websocket echo, the yardstick of the gateway.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--settings", type=Path, required=True)
    arguments = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run(arguments.port, arguments.settings))
    return 0


if __name__ == "__main__":
    sys.exit(main())
