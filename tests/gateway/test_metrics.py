"""Metrics and log lines: what is counted, what is said, what is never said, and what a flood becomes."""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import websockets
from prometheus_client.parser import text_string_to_metric_families

from engine.commands import Side
from gateway import logs
from gateway.errors import UserError
from gateway.limits import Bucket
from gateway.metrics import MetricsServer, MetricsSource
from gateway.tally import BUCKETS, Histogram, Inside, WriterTally
from tests.gateway.gateway_world import World, closing, eventually, place, raw, serving, settings
from tests.markets import PRODUCT


@contextlib.asynccontextmanager
async def scraped(world: World, *parts: Any) -> AsyncIterator[MetricsServer]:
    metrics = MetricsServer(MetricsSource(world.server, *parts), 0)
    await metrics.start()
    try:
        yield metrics
    finally:
        await metrics.stop()


async def http(port: int, line: str) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{line} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    async with asyncio.timeout(60):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def values(metrics: MetricsServer) -> dict[str, float]:
    """Return every sample by its name and labels."""
    body = (await http(metrics.port, "GET /metrics")).partition(b"\r\n\r\n")[2].decode()
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(body):
        for sample in family.samples:
            labels = ",".join(f"{k}={v}" for k, v in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


async def test_what_happens_is_counted() -> None:
    async with serving() as world, scraped(world) as metrics:
        async with raw(world, world.traders[0]) as client:
            await client.ask(place(1))
            await client.ask("{")
            await client.ask(place(2, price_yuan="x"))
            seen = await values(metrics)
            assert seen["ceax_sessions{role=trader}"] == 1
            assert seen["ceax_session_events_total{event=login}"] == 1
            assert seen["ceax_refusals_total{code=MALFORMED}"] == 2
            assert seen["ceax_log_sequence"] == world.exchange.sequence
            assert seen["ceax_accepts{mode=all}"] == 1
            assert seen["ceax_journal_writable"] == 1
            assert seen[f"ceax_book_tonnes{{product={PRODUCT},side=buy}}"] == 10
            alive = seen["ceax_received_bytes_total"], seen["ceax_sent_frames_total"]
            assert alive[0] > 100
            assert alive[1] >= 4
        await http(world.server.port, "GET /v1/nothing")
        after = await values(metrics)
        # What a connection has counted outlives it.
        assert after["ceax_received_bytes_total"] >= alive[0]
        assert after["ceax_sent_frames_total"] >= alive[1]
        assert after["ceax_http_answers_total{status=404}"] == 1


async def test_logins_are_counted_once_and_refused_ones_by_code() -> None:
    async with serving() as world, scraped(world) as metrics:
        async with raw(world, world.traders[0]), raw(world) as stranger:
            login = stranger.login(world.traders[0], host="elsewhere")
            assert (await stranger.ask(login))["type"] == "LoginRefused"
            seen = await values(metrics)
        assert seen["ceax_login_refusals_total{code=KEY_UNKNOWN}"] == 1
        events = {name: value for name, value in seen.items() if "session_events" in name}
        assert [name for name in events if "login" in name] == [
            "ceax_session_events_total{event=login}"
        ]
        assert not [name for name in seen if " " in name]


async def test_unsettled_trades_and_the_writer_are_shown(tmp_path: Path) -> None:
    async with serving() as world:
        tally = WriterTally()
        (tmp_path / "2021-07-16.journal").write_bytes(bytes(1_000))
        shipping = SimpleNamespace(
            state=SimpleNamespace(sequence=7, behind_s=0.25, problem="no room")
        )
        inside = Inside(
            writer=SimpleNamespace(tally=tally, waiting=3), folder=tmp_path, shipping=shipping
        )
        tally.note(7, 0, 1_000_000, 1_500_000)
        listed = world.list(1, Side.SELL, 4_800, 5).events[0]
        world.pick(2, getattr(listed, "order", 0), 5)
        async with scraped(world, inside, lambda: 1_800_000_000) as metrics:
            seen = await values(metrics)
            assert seen["ceax_unsettled_trades"] == 1
            assert seen["ceax_unsettled_age_seconds"] >= 0
            assert seen[f"ceax_listed_trades_of_day_total{{product={PRODUCT}}}"] == 1
            assert (seen["ceax_batches_total"], seen["ceax_commands_total"]) == (1, 7)
            assert seen["ceax_append_seconds_bucket{le=0.0016}"] == 1
            assert seen["ceax_append_seconds_bucket{le=0.0008}"] == 0
            assert seen["ceax_append_seconds_sum"] == pytest.approx(0.001)
            assert seen["ceax_certificate_expires_seconds"] == 1_800_000_000
            assert seen["ceax_waiting_commands"] == 3
            assert (seen["ceax_journal_bytes"], seen["ceax_journal_files"]) == (1_000, 1)
            assert seen["ceax_disk_free_bytes"] > 0
            assert seen["ceax_copy_behind_seconds"] == 0.25
            assert (seen["ceax_copy_sequence"], seen["ceax_copy_broken"]) == (7, 1)


async def test_the_port_is_private_and_answers_nothing_else() -> None:
    async with serving(traders=1) as world, scraped(world) as metrics:
        assert metrics._socket_server is not None
        (listener,) = metrics._socket_server.sockets
        assert listener.getsockname()[0] == "127.0.0.1"
        assert b" 404 " in (await http(metrics.port, "GET /")).splitlines()[0]
        assert b" 405 " in (await http(metrics.port, "POST /metrics")).splitlines()[0]
        for path, status in (("/metrics", b" 200 "), ("/", b" 404 ")):
            head, _, body = (await http(metrics.port, f"HEAD {path}")).partition(b"\r\n\r\n")
            assert status in head.splitlines()[0]
            assert re.search(rb"(?i)content-length: [1-9]", head)
            assert body == b""
        with pytest.raises(websockets.InvalidStatus):
            await websockets.connect(f"ws://127.0.0.1:{metrics.port}/", proxy=None)
        second = MetricsServer(MetricsSource(world.server), metrics.port)
        with pytest.raises(UserError, match="--metrics-port"):
            await second.start()


def test_a_histogram_counts_by_powers_of_two_and_has_an_end() -> None:
    histogram = Histogram()
    for duration_ns in (-5, 0, 1, 100_000, 100_001, 200_000, 10**12):
        histogram.observe(duration_ns)
    bounds = dict(histogram.cumulative())
    assert (bounds["0.0001"], bounds["0.0002"], bounds["+Inf"]) == (4, 6, 7)
    assert len(histogram.counts) == BUCKETS + 1


# ---------------------------------------------------------------- log lines


@pytest.fixture
def lines() -> Iterator[list[str]]:
    found: list[str] = []
    before = logs._Holder.lines
    logs._Holder.lines = logs.Lines("info", "json", found.append)
    yield found
    logs._Holder.lines = before


def told(lines: list[str], event: str) -> list[dict[str, Any]]:
    return [line for text in lines if (line := json.loads(text))["event"] == event]


async def test_sessions_refusals_and_control_are_told_orders_are_not(lines: list[str]) -> None:
    async with serving(is_audited=True) as world:
        async with raw(world, world.traders[0]) as client:
            for number in range(1, 30):
                assert (await client.ask(place(number)))["type"] == "Submitted"
            await client.ask("{")
        async with raw(world) as stranger:
            login = stranger.login(world.traders[0], host="elsewhere")
            assert (await stranger.ask(login))["type"] == "LoginRefused"
        async with raw(world, world.operators[0]) as operator:
            command = {"type": "Approve", "proposal": 99}
            assert (await operator.ask({"type": "Submit", "id": 1, "command": command}))["events"]
        await eventually(lambda: len(told(lines, "logout")) == 2)
    (trader, operator_line) = told(lines, "login")
    assert trader["key"] == world.trader_key(1)
    assert trader["person"] == "演示交易员1"
    assert trader["address"] == "127.0.0.1"
    assert operator_line["session"] != trader["session"]
    (refused,) = told(lines, "login_refused")
    assert refused["code"] == "KEY_UNKNOWN"
    assert refused["public_key"] == world.traders[0].public_key[:16]
    assert told(lines, "refused")[0]["code"] == "MALFORMED"
    (control,) = told(lines, "control")
    assert (control["command"], control["role"]) == ("Approve", "operator")
    assert len(lines) < 12  # 29 orders told nothing
    assert all(line["time_ns"] > 10**18 for line in map(json.loads, lines))


async def test_nothing_secret_is_in_a_line(lines: list[str]) -> None:
    async with serving(traders=1) as world, raw(world) as client:
        login = client.login(world.traders[0])
        await client.ask(login)
        nonce = client.nonce
        await client.ask(login["signature"])
    logs.info("x", signature="00", nonce="11", secret="22", passphrase="33", fine="44")
    text = "\n".join(lines)
    for secret in (login["signature"], nonce, '"00"', '"11"', '"22"', '"33"'):
        assert secret not in text
    assert '"44"' in text


async def test_one_connection_cannot_fill_the_log(lines: list[str]) -> None:
    limits = settings(malformed_frames=1_000)
    async with serving(limits, traders=1) as world, raw(world, world.traders[0]) as client:
        for _ in range(60):
            await client.ask("{")
        assert len(told(lines, "refused")) == 20
        assert told(lines, "refused")[-1]["is_last_line"] is True
        assert world.server.watch.refusals["MALFORMED"] == 60


@pytest.mark.usefixtures("no_refill")
def test_a_flood_of_lines_becomes_a_count() -> None:
    found: list[str] = []
    made = logs.Lines("info", "json", found.append)
    for number in range(10_000):
        made.info("flood", number=number, text="x" * 5_000)
    assert len(found) == logs.LINES_BURST
    assert max(map(len, found)) < 400
    dropped = sum(json.loads(line).get("dropped_before", 0) for line in found) + made.dropped
    assert dropped == 10_000 - len(found)
    made._bucket = Bucket(1.0, 1.0, 0.0)
    made.dropped = 7
    made.info("after")
    assert json.loads(found[-1])["dropped_before"] == 7


def test_levels_and_formats() -> None:
    found: list[str] = []
    made = logs.Lines("warning", "text", found.append)
    made.info("quiet")
    made.warning("loud", key=7)
    (line,) = found
    assert "loud" in line
    assert "key=7" in line


async def test_a_fault_of_our_own_is_one_line_and_a_bad_peer_none(lines: list[str]) -> None:
    import logging

    library = logging.getLogger("websockets")
    before = library.handlers, library.level, library.propagate
    try:
        logs.configure("info", "json", lines.append)
        async with serving(traders=1) as world:
            reader, writer = await asyncio.open_connection("127.0.0.1", world.server.port)
            writer.write(b"\x16\x03\x01 no HTTP at all\r\n\r\n")
            await reader.read()
            writer.close()
            assert told(lines, "failed") == []

            def broken(*_: Any) -> None:
                raise RuntimeError("planted")

            world.server.entrance.enter = broken  # type: ignore[method-assign, assignment]
            async with raw(world) as client:
                await client.send(client.login(world.traders[0]))
                await closing(client)
        (failed,) = told(lines, "failed")
        assert "planted" in failed["error"]
        assert "Traceback" not in "".join(lines)
        assert failed["place"].startswith("test_metrics.py:")
    finally:
        library.handlers, library.level, library.propagate = before
