"""TLS at the gateway: who gets in, what is refused at the start, and a certificate that is renewed."""

import asyncio
import contextlib
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from gateway import keys, tls
from gateway.client import Client, ConnectionFailed
from gateway.errors import UserError
from gateway.market import make_market
from gateway.outside import Outside
from gateway.server import Server
from tests.gateway.certificates import Pair, authority, needs_openssl, signed
from tests.gateway.exchange_process import ExchangeProcess
from tests.gateway.gateway_world import QUICK, World, eventually, settings

pytestmark = needs_openssl


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, ca: Pair) -> Pair:
    return signed(tmp_path_factory.mktemp("server"), ca)


@contextlib.asynccontextmanager
async def secure(pair: Pair) -> AsyncIterator[tuple[World, ssl.SSLContext]]:
    world = World(1)
    world.open()
    context = tls.server_context(pair.certificate, pair.key)
    world.server = Server(
        world.sequencer, world.profile, clock_mode="driven", settings=settings(), tls=context
    )
    await world.server.start()
    try:
        yield world, context
    finally:
        await world.server.stop()


async def test_a_client_with_the_authority_gets_in_and_others_do_not(ca: Pair, pair: Pair) -> None:
    async with secure(pair) as (world, _):
        assert world.server.url.startswith("wss://127.0.0.1:")
        async with await world.trader(1, authorities=ca.certificate) as client:
            assert client.welcome.participant == 1
            assert (await client.market()).date == "2021-07-16"
            (connection,) = world.server.connections
            sockets = connection.socket.sockets
            assert sockets is not None
            assert len(sockets) == 1
        with pytest.raises(ConnectionFailed, match=r"(?i)certificate.*give it with --ca FILE"):
            await world.trader(1)
        plain = world.server.url.replace("wss:", "ws:")
        with pytest.raises(ConnectionFailed, match=f"the address is {world.server.url}"):
            await Client.connect(plain, world.traders[0], patience=QUICK)
        await eventually(lambda: not sockets)


async def test_only_new_versions_of_the_protocol_are_spoken(ca: Pair, pair: Pair) -> None:
    async with secure(pair) as (world, _):
        for version, is_spoken in (
            (ssl.TLSVersion.TLSv1_1, False),
            (ssl.TLSVersion.TLSv1_2, True),
            (ssl.TLSVersion.TLSv1_3, True),
        ):
            context = ssl.create_default_context(cafile=ca.certificate)
            context.set_ciphers("ALL:@SECLEVEL=0")
            expected = pytest.warns(DeprecationWarning, match="TLSv1_1")
            with contextlib.nullcontext() if is_spoken else expected:
                context.minimum_version = context.maximum_version = version
            opening = asyncio.open_connection("127.0.0.1", world.server.port, ssl=context)
            if not is_spoken:
                with pytest.raises(OSError):  # noqa: PT011 - cut or refused, as the kernel was faster or not
                    await opening
                continue
            _, writer = await opening
            cipher = writer.get_extra_info("cipher")
            assert "GCM" in cipher[0] or "CHACHA" in cipher[0]
            writer.close()
            await writer.wait_closed()


async def test_a_renewed_certificate_serves_new_connections_and_old_ones_live_on(
    tmp_path: Path, ca: Pair
) -> None:
    mine = signed(tmp_path, ca)
    outside = Outside(certificate=mine.certificate, key=mine.key)
    async with (
        secure(mine) as (world, context),
        await world.trader(1, authorities=ca.certificate) as old,
    ):
        other = authority(tmp_path, "ca2")
        renewed = signed(tmp_path, other, "renewed")
        mine.certificate.write_bytes(renewed.certificate.read_bytes())
        assert outside.reload(context) is False  # half a pair changes nothing
        async with await world.trader(1, authorities=ca.certificate):
            pass
        mine.key.write_bytes(renewed.key.read_bytes())
        assert outside.reload(context) is True
        assert (await old.market()).date
        async with await world.trader(1, authorities=other.certificate) as new:
            assert (await new.market()).date
        with pytest.raises(ConnectionFailed):
            await world.trader(1, authorities=ca.certificate)


def test_every_mistake_names_file_and_fix(tmp_path: Path, ca: Pair, pair: Pair) -> None:
    other = signed(tmp_path, ca, "other")
    text = tmp_path / "text.pem"
    text.write_text("演示")
    locked = tmp_path / "locked.key"
    import subprocess

    subprocess.run(
        ["openssl", "ec", "-in", pair.key, "-aes256", "-passout", "pass:demo", "-out", locked],
        check=True,
        capture_output=True,
    )
    for certificate, key, words in (
        (tmp_path / "none.pem", pair.key, "none.pem.*--tls-cert"),
        (pair.certificate, tmp_path / "none.key", "none.key.*--tls-key"),
        (text, pair.key, "text.pem"),
        (pair.certificate, text, "text.pem"),
        (pair.certificate, other.key, "not the key of"),
        (pair.certificate, locked, "passphrase"),
    ):
        with pytest.raises(UserError, match=words):
            tls.server_context(certificate, key)
    with pytest.raises(UserError, match=r"none.pem.*--ca"):
        tls.client_context(tmp_path / "none.pem")
    with pytest.raises(UserError, match=r"text.pem.*--ca"):
        tls.client_context(text)


def test_an_expired_certificate_is_refused_at_the_start(tmp_path: Path, ca: Pair) -> None:
    late = signed(tmp_path, ca, "late", ("-days", "-1"))
    with pytest.raises(UserError, match=r"late.pem.*expired.*renew"):
        tls.server_context(late.certificate, late.key)


def test_the_end_of_a_certificate_is_known(pair: Pair) -> None:
    import time

    left_s = tls.expires_at(pair.certificate, pair.key) - time.time()
    assert 86_400 < left_s <= 2 * 86_400


@pytest.mark.parametrize(
    ("host", "is_refused"),
    [
        ("127.0.0.1", False),
        ("127.8.8.8", False),
        ("::1", False),
        ("localhost", False),
        ("0.0.0.0", True),
        ("", True),
        ("::", True),
        ("192.0.2.7", True),
        ("trade.example", True),
        ("localhost.example", True),
    ],
)
def test_plain_text_stays_on_this_machine(host: str, is_refused: bool) -> None:
    Outside(is_insecure=True).open(host)
    if is_refused:
        with pytest.raises(UserError, match=r"--tls-cert.*proxy.*--insecure"):
            Outside().open(host)
    else:
        assert Outside().open(host) is None


def test_certificate_and_key_belong_together(pair: Pair) -> None:
    with pytest.raises(UserError, match="belong together"):
        Outside(certificate=pair.certificate).open("127.0.0.1")
    with pytest.raises(UserError, match="belong together"):
        Outside(key=pair.key).open("127.0.0.1")


@pytest.fixture
def blocked_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.mark.process
async def test_the_process_serves_tls_metrics_and_log_lines(
    tmp_path: Path, ca: Pair, pair: Pair, blocked_port: int
) -> None:
    market = tmp_path / "market"
    make_market(market)
    options = ("--clock", "simulated", "--clock-rate", "0", "--clock-start", "2021-07-16T08:00")
    secure_options = ("--tls-cert", str(pair.certificate), "--tls-key", str(pair.key))
    refused = ExchangeProcess(market, *options, "--host", "0.0.0.0")
    assert await refused.run() == 2
    assert "--insecure" in refused.lines[-1]
    busy = ExchangeProcess(market, *options, "--metrics-port", str(blocked_port))
    assert await busy.run() == 2
    assert "--metrics-port" in busy.lines[-1]
    process = ExchangeProcess(
        market, *options, *secure_options, "--metrics-port", "0", "--log-level", "info"
    )
    url = await process.start()
    assert url.startswith("wss://")
    key = keys.load(market / "keys" / "operator-1.key")
    async with await Client.connect(url, key, authorities=ca.certificate) as client:
        assert client.welcome.role == "operator"
        port = int(process.line("metrics at").split(":")[2].split("/")[0])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        text = (await reader.read()).decode()
        writer.close()
        assert 'ceax_sessions{role="operator"} 1.0' in text
        assert "ceax_certificate_expires_seconds" in text
        assert "ceax_append_seconds_bucket" in text
    assert await process.stop(signal.SIGTERM) == 0
    lines = [line for line in process.lines if line.startswith("{")]
    assert any('"event":"login"' in line and f'"key":{1}' in line for line in lines)
    assert not any("signature" in line for line in lines)
