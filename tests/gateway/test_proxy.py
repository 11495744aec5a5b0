"""The example configurations of proxies: accepted by the programs, and a trader logs in through them."""

import asyncio
import contextlib
import re
import shutil
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bench.processes import free_port
from gateway.client import Client, ConnectionFailed
from tests.gateway.certificates import Pair, authority, needs_openssl, signed
from tests.gateway.gateway_world import QUICK, World, serving, settings
from tests.gateway.test_mirror import get

FOLDER = Path(__file__).resolve().parents[2] / "gateway" / "proxy"
HAPROXY = shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
needs_haproxy = pytest.mark.skipif(HAPROXY is None, reason="haproxy is not installed here")
needs_nginx = pytest.mark.skipif(NGINX is None, reason="nginx is not installed here")
pytestmark = [needs_openssl, pytest.mark.process]


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    made = signed(tmp_path, authority(tmp_path))
    both = made.certificate.read_bytes() + made.key.read_bytes()
    (tmp_path / "both.pem").write_bytes(both)
    return made


async def told(*command: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


def haproxy_file(folder: Path, gateway: int, port: int) -> Path:
    """Return the example with this test's ports and certificate."""
    text = (FOLDER / "haproxy.cfg").read_text()
    text = text.replace('"${CEAX_TLS_PEM}"', str(folder / "both.pem"))
    text = text.replace("bind :443", f"bind 127.0.0.1:{port}")
    text = text.replace("127.0.0.1:7000", f"127.0.0.1:{gateway}")
    text = re.sub(
        r"maxconn 1[12]000", "maxconn 100", text
    )  # two files each, more than a test may open
    path = folder / "haproxy.cfg"
    path.write_text(text)
    return path


def nginx_file(folder: Path, pair: Pair, gateway: int, port: int) -> Path:
    """Return the example with this test's ports, certificate and places."""
    text = (FOLDER / "nginx.conf").read_text()
    text = text.replace("/etc/ceax/trade.pem", str(pair.certificate))
    text = text.replace("/etc/ceax/trade.key", str(pair.key))
    text = text.replace("listen 443", f"listen 127.0.0.1:{port}")
    text = text.replace("127.0.0.1:7000", f"127.0.0.1:{gateway}")
    text = text.replace("/run/nginx.pid", str(folder / "nginx.pid"))
    places = "".join(
        f"    {name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    text = re.sub(r"http \{\n", "http {\n" + places, text, count=1)
    path = folder / "nginx.conf"
    path.write_text(text)
    return path


@needs_haproxy
async def test_haproxy_takes_its_example(tmp_path: Path, pair: Pair) -> None:
    assert pair.certificate.exists()
    code, output = await told(str(HAPROXY), "-c", "-f", str(haproxy_file(tmp_path, 7_000, 7_443)))
    assert code == 0, output
    assert "WARNING" not in output.upper().replace("NO WARNING", ""), output


@needs_nginx
async def test_nginx_takes_its_example(tmp_path: Path, pair: Pair) -> None:
    path = nginx_file(tmp_path, pair, 7_000, free_port())
    code, output = await told(str(NGINX), "-t", "-e", str(tmp_path / "error.log"), "-c", str(path))
    assert code == 0, output


@contextlib.asynccontextmanager
async def proxied(*command: str, port: int) -> AsyncIterator[None]:
    """Run a proxy in the foreground until it listens, and end it afterwards."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(60):
            while True:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    break
                await asyncio.sleep(0.02)
        yield
    finally:
        process.terminate()
        await process.wait()


async def check_through(world: World, folder: Path, port: int) -> None:
    """Log a trader in through the proxy, under its own address."""
    url = f"wss://127.0.0.1:{port}"
    authorities = folder / "ca.pem"
    for _ in range(1_000):  # the proxy's own check of its server comes every two seconds
        try:
            client = await Client.connect(
                url, world.traders[0], patience=QUICK, authorities=authorities
            )
        except ConnectionFailed:
            await asyncio.sleep(0.05)
            continue
        async with client:
            assert (await client.market()).date == "2021-07-16"
            (connection,) = world.server.connections
            assert connection.socket.client_address == "127.0.0.1"
        assert await headed(port, authorities) == 200
        return
    raise AssertionError(f"nobody answers at {url}")


async def headed(port: int, authorities: Path) -> int:
    """Ask as a watchdog does, for the headers alone; return the status."""
    context = ssl.create_default_context(cafile=authorities)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    writer.write(b"HEAD /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    async with asyncio.timeout(60):
        line = await reader.readline()
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return int(line.split()[1])


@needs_haproxy
async def test_a_trader_logs_in_through_haproxy(tmp_path: Path, pair: Pair) -> None:
    port = free_port()
    limits = settings(hosts=(f"127.0.0.1:{port}",), proxies=("127.0.0.1",))
    async with serving(limits, traders=1) as world:
        path = haproxy_file(tmp_path, world.server.port, port)
        async with proxied(str(HAPROXY), "-f", str(path), port=port):
            await check_through(world, tmp_path, port)
    assert pair.key.exists()


@needs_nginx
async def test_a_trader_logs_in_through_nginx(tmp_path: Path, pair: Pair) -> None:
    port = free_port()
    # On a port of its own the proxy hands on the name alone, as it would on 443.
    limits = settings(hosts=(f"127.0.0.1:{port}",), proxies=("127.0.0.1",))
    async with serving(limits, traders=1) as world:
        path = nginx_file(tmp_path, pair, world.server.port, port)
        path.write_text(path.read_text().replace("Host $host;", "Host $http_host;"))
        command = (str(NGINX), "-e", str(tmp_path / "error.log"), "-c", str(path))
        async with proxied(*command, "-g", "daemon off;", port=port):
            await check_through(world, tmp_path, port)
            assert (await get(world, "/livez")).status == 200
