"""A line that is cut at random: a proxy between client and gateway that loses connections in mid-frame."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator

CHUNK_BYTES = 4_096


class CuttingProxy:
    """Passes bytes on and ends each connection after a drawn number of them, without a goodbye."""

    def __init__(self, seed: int, mean_bytes: int) -> None:
        self.cuts = 0
        self.is_cutting = True
        self.target = ("127.0.0.1", 0)
        self.port = 0
        self._random = random.Random(seed)
        self._mean_bytes = mean_bytes
        self._server: asyncio.Server

    @property
    def url(self) -> str:
        """Where the client dials."""
        return f"ws://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen on a port that the system chooses."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """End the proxy."""
        self._server.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2):
                await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(*self.target)
        except OSError:
            writer.transport.abort()
            return
        budget = [int(self._random.expovariate(1 / self._mean_bytes))]
        both = [
            asyncio.create_task(self._pass_on(reader, far_writer, budget)),
            asyncio.create_task(self._pass_on(far_reader, writer, budget)),
        ]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for task in both:
            task.cancel()
        await asyncio.gather(*both, return_exceptions=True)
        for end in (writer, far_writer):
            end.transport.abort()

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, budget: list[int]
    ) -> None:
        """Pass bytes on until the budget of the connection is spent: the last frame comes in part."""
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                if self.is_cutting and len(data) > budget[0]:
                    writer.write(data[: budget[0]])
                    self.cuts += 1
                    return
                budget[0] -= len(data)
                writer.write(data)
                await writer.drain()


@contextlib.asynccontextmanager
async def cutting(seed: int, mean_bytes: int = 60_000) -> AsyncIterator[CuttingProxy]:
    """Yield a proxy that listens."""
    proxy = CuttingProxy(seed, mean_bytes)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()
