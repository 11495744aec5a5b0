"""Attack table (gateway-notes 2.4), the door: origins, brute force, replay, addresses, a storm of logins."""

import asyncio
import json
import os
import time
from typing import Any

import pytest
import websockets
from websockets.datastructures import Headers
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from engine.commands import Role
from gateway import keys, logs
from gateway.gate import address_of
from tests.gateway.gateway_world import World, closing, eventually, raw, serving, settings
from tests.gateway.raw_socket import frame, tcp, upgrade, websocket


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://trade.example", "https://trade.example.evil"]
)
async def test_a_page_of_somebody_else_does_not_get_in(origin: str) -> None:
    async with serving(settings(origins=("https://trade.example",)), traders=1) as world:
        with pytest.raises(InvalidStatus) as caught:
            await websockets.connect(world.server.url, proxy=None, origin=Origin(origin))
        assert caught.value.response.status_code == 403
        assert not world.server.connections
        async with websocket(world, Origin="https://trade.example"):
            pass
        async with websocket(world):  # a program sends none
            pass


async def attempt(world: World, **changes: Any) -> tuple[dict[str, Any], float]:
    """Try to log in once; return the refusal and how long it took."""
    async with raw(world) as client:
        login = client.login(world.traders[0])
        began_s = time.monotonic()
        reply = await client.ask(login | changes)
        return reply, time.monotonic() - began_s


async def test_an_unknown_key_and_a_wrong_signature_look_the_same() -> None:
    async with serving(settings(login_failures=10**6, refusal_delay_s=0.05), traders=1) as world:
        stranger = keys.new_key("演示外人", Role.TRADER)
        told = []
        waited: list[float] = []
        for changes in (
            {"signature": "0" * 128},
            {"public_key": stranger.public_key},
            {"public_key": "0" * 64},
            {"public_key": "01" + "0" * 62},  # a point of small order
        ):
            reply, wait_s = await attempt(world, **changes)
            assert reply["type"] == "LoginRefused"
            told.append({name: reply[name] for name in ("code", "number", "text")})
            waited.append(wait_s)
        assert told == [told[0]] * 4
        assert min(waited) > 0.04


async def test_brute_force_is_turned_away_whatever_it_tries_next() -> None:
    async with serving(settings(login_failures=5, login_failures_per_minute=0.001)) as world:
        codes = [
            (await attempt(world, signature=os.urandom(64).hex()))[0]["code"] for _ in range(8)
        ]
        assert codes[:4] == ["KEY_UNKNOWN"] * 4
        assert codes[-1] == "LOGIN_LIMITED"
        reply, _ = await attempt(world)  # with the right key, from the same address
        assert reply["code"] == "LOGIN_LIMITED"
        assert reply["retry_after_ms"] > 0


async def test_a_signature_holds_for_one_connection() -> None:
    async with serving(traders=1) as world:
        async with raw(world) as first:
            heard = first.login(world.traders[0])
            assert (await first.ask(heard))["type"] == "Welcome"
        async with raw(world) as second:
            assert (await second.ask(heard))["code"] == "KEY_UNKNOWN"
            assert (await closing(second))[0] == 4001
        async with raw(world) as third:
            again = third.login(world.traders[0])
            assert (await third.ask(again))["type"] == "Welcome"
            assert (await third.ask(again))["code"] == "ALREADY_LOGGED_IN"


async def test_one_try_per_connection() -> None:
    async with serving(traders=1) as world, raw(world) as client:
        login = client.login(world.traders[0])
        await client.send(login | {"signature": "0" * 128})
        await client.send(login)
        assert (await client.take())["type"] == "LoginRefused"
        assert (await closing(client))[0] == 4001


def test_whose_word_on_addresses_is_taken() -> None:
    def of(peer: str, *lines: str, proxies: tuple[str, ...] = ()) -> str:
        headers = Headers([("X-Forwarded-For", line) for line in lines])
        return address_of((peer, 1), headers, proxies)

    proxies = ("127.0.0.1",)
    assert of("192.0.2.7", "198.51.100.1") == "192.0.2.7"
    assert of("192.0.2.7", "198.51.100.1", proxies=proxies) == "192.0.2.7"
    assert of("127.0.0.1", "198.51.100.1") == "127.0.0.1"
    assert of("127.0.0.1", "198.51.100.1", proxies=proxies) == "198.51.100.1"
    # What stands before the proxy's own entry the client has written.
    assert of("127.0.0.1", "10.0.0.1, 198.51.100.1", proxies=proxies) == "198.51.100.1"
    assert of("127.0.0.1", "10.0.0.1", "198.51.100.1", proxies=proxies) == "198.51.100.1"
    assert of("127.0.0.1", "10.0.0.1,", proxies=proxies) == "127.0.0.1"
    assert of("127.0.0.1", "<script>", proxies=proxies) == "127.0.0.1"
    assert of("127.0.0.1", proxies=proxies) == "127.0.0.1"
    assert of("::ffff:127.0.0.1", "::FFFF:192.0.2.7", proxies=proxies) == "192.0.2.7"
    assert of("2001:DB8:0::1") == "2001:db8::1"
    assert address_of("/run/socket") == ""


async def test_a_spoofed_address_frees_nobody_from_the_limit_of_its_own() -> None:
    async with (
        serving(settings(connections_per_address=2), traders=1) as world,
        websocket(world, X_Forwarded_For="198.51.100.1"),
        websocket(world),
        tcp(world) as third,
    ):
        assert {c.socket.client_address for c in world.server.connections} == {"127.0.0.1"}
        await third.send(upgrade(world, X_Forwarded_For="198.51.100.3"))
        assert b" 503 " in (await third.reader.read()).splitlines()[0]


async def test_behind_a_proxy_each_client_has_its_own_limit() -> None:
    limits = settings(connections_per_address=1, proxies=("127.0.0.1",))
    async with (
        serving(limits, traders=1) as world,
        websocket(world, X_Forwarded_For="198.51.100.1"),
        websocket(world, X_Forwarded_For="198.51.100.2"),
        tcp(world) as third,
    ):
        addresses = {c.socket.client_address for c in world.server.connections}
        assert addresses == {"198.51.100.1", "198.51.100.2"}
        await third.send(upgrade(world, X_Forwarded_For="198.51.100.1"))
        assert b" 503 " in (await third.reader.read()).splitlines()[0]


@pytest.mark.usefixtures("no_refill")
async def test_a_thousand_bad_peers_write_no_traceback_and_few_lines(
    capfd: pytest.CaptureFixture[str],
) -> None:
    lines: list[str] = []
    before = logs._Holder.lines
    logs._Holder.lines = logs.Lines("info", "json", lines.append)
    try:
        limits = settings(login_failures=10**6, connections_per_address=10**6)
        async with serving(limits, traders=1, is_audited=True) as world:
            for number in range(250):
                async with tcp(world) as client:
                    await client.send(b"\x00\xff\r\n\r\n" if number % 2 else b"GET / HTTP/1.1\r\n")
                async with websocket(world) as client:
                    await client.send(frame(1, b"\xff" * 100))
                async with websocket(world) as client:
                    await client.send(frame(3, b""))
                async with websocket(world) as client:
                    await client.send(b"\x81")
            await eventually(lambda: not world.server.connections)
        assert len(lines) <= logs.LINES_BURST
        shown = capfd.readouterr()
        assert "Traceback" not in shown.err + shown.out + "".join(lines)
        assert len(shown.err) < 1_000
        assert all(json.loads(line)["event"] != "failed" for line in lines)
    finally:
        logs._Holder.lines = before


async def test_a_storm_of_connections_leaves_nothing_behind() -> None:
    async with serving(settings(login_failures=10**6), traders=1) as world:
        sequence = world.exchange.sequence

        async def come_and_go() -> None:
            async with websocket(world):
                pass

        for _ in range(10):
            await asyncio.gather(*(come_and_go() for _ in range(30)))
        await eventually(lambda: not world.server.connections)
        assert not world.server._addresses
        assert world.exchange.sequence == sequence
        assert (await attempt(world))[0]["type"] == "Welcome"
