"""The gateway's benchmark proves itself: a short run of real processes, and a report that says its limits."""

import argparse
import sys
from collections import deque
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bench import gateway_bench
from bench.gateway_bench import CLIENT_SHARE_MAX, ROWS, Bench, percentile, run_gateway_bench
from bench.gateway_client import SUBMITTED, Job, Result, Trading
from bench.gateway_load import main as load_main
from bench.gateway_market import limits_text
from bench.gateway_orders import MARK_CLIENT, MARK_ID, MARK_TARGET, Pattern, order_of
from bench.gateway_socket import LoadFailed, framed
from bench.gateway_stage import Stage
from bench.measure import Bars, print_report
from bench.processes import Supervisor
from engine.commands import CancelOrder
from gateway import wire
from gateway.errors import UserError
from gateway.settings import load_settings

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def load(**changes: float) -> Result:
    return Result(wall_s=1.0, server_cpu_s=0.5, client_cpu_s=changes.pop("client_cpu_s", 0.1))


def test_a_row_that_its_client_limited_is_marked(capsys: pytest.CaptureFixture[str]) -> None:
    bench = Bench(1.0, 1, Bars(is_shown=False))
    rows = [
        bench._row(
            "gateway/x", "ratio", [0.5, 0.7, 0.9], [load(client_cpu_s=share)], {}, at_least=0.6
        )
        for share in (CLIENT_SHARE_MAX, CLIENT_SHARE_MAX + 0.01)
    ]
    assert [row["conditions"]["is_limited_by_client"] for row in rows] == [False, True]
    assert (rows[0]["median"], rows[0]["worst"], rows[0]["at_least"]) == (0.7, 0.5, 0.6)
    print_report(rows, as_json=False)
    first, second = capsys.readouterr().out.splitlines()[-2:]
    assert first.endswith(">= 0.6 ratio: kept")
    assert second.endswith("kept (limited by the client)")


def test_a_percentile_is_the_value_that_so_many_do_not_pass() -> None:
    assert percentile(list(range(1, 101)), 0.99) == 0.1
    assert percentile([5_000], 0.99) == 5.0


def test_a_pattern_becomes_the_frame_that_the_wire_would_write() -> None:
    pattern = Pattern(CancelOrder(order=MARK_TARGET, client_order=MARK_CLIENT))
    frame = pattern.frame(7, 42)
    meant = wire.encode(wire.Submit(id=7, command=CancelOrder(order=42, client_order=7)))
    assert frame.endswith(meant)
    assert len({MARK_ID, MARK_CLIENT, MARK_TARGET}) == 3
    assert order_of(b'{"events":[{"order":815,"x":1}]}') == 815


def test_a_payload_is_framed_by_its_size() -> None:
    assert framed(b"abc") == b"\x81\x83\0\0\0\0abc"
    assert framed(b"x" * 200)[:8] == b"\x81\xfe\x00\xc8\0\0\0\0"


def test_the_limits_of_a_load_are_read_by_the_gateway() -> None:
    found = load_settings(limits_text().encode(), "limits.toml")
    assert found.connections_per_address >= gateway_bench.IDLE_CONNECTIONS
    assert found.of("trader").orders_per_second > max(gateway_bench.RATES)


@linux_only
@pytest.mark.process
async def test_orders_are_acknowledged_by_a_real_exchange(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_bench, "ROUNDS", 1)
    monkeypatch.setattr(gateway_bench, "CONNECTIONS", 6)
    monkeypatch.setattr(gateway_bench, "READERS", 3)
    monkeypatch.setattr(gateway_bench, "SLOW_RATE", 100)
    monkeypatch.setattr(gateway_bench, "FAN_READERS", 5)
    monkeypatch.setattr(gateway_bench, "IDLE_CONNECTIONS", 20)
    bench, stage = Bench(0.5, 1, Bars(is_shown=False)), Stage(tmp_path, 1, traders=20)
    await stage.make()
    with Supervisor(tmp_path) as supervisor:
        await stage.start(supervisor, "gateway/all")
        (ratio,) = await bench.ratio(stage)
        (latency,) = await bench.latency(stage, 100, 6)
        (fan,) = await bench.fan(stage)
        (idle,) = await bench.idle(stage)
        (slow,) = await bench.slow(stage)
    facts = ratio["conditions"]
    assert 0 < ratio["median"] < 2
    assert facts["refused"] == 0, "the flow is made of orders that are taken"
    assert facts["private_frames"] > facts["orders_per_wall_s"] * 0.2, "each is reported"
    assert facts["reader_frames"] > 0
    assert 0 < latency["conditions"]["p50_ms"] <= latency["median"]
    assert fan["median"] > 0
    assert idle["median"] < 1_000, "so few may find room that was left to them, and add nothing"
    assert slow["median"] > 0


def test_the_command_names_its_rows_and_its_mistakes(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = argparse.Namespace(list=True, rows=None, seconds=5.0, seed=1, json=False)
    assert run_gateway_bench(arguments) == 0
    assert capsys.readouterr().out.split() == list(ROWS)
    arguments.list, arguments.rows = False, ["nonsense"]
    with pytest.raises(UserError, match="--rows nonsense: no row begins so"):
        run_gateway_bench(arguments)
    arguments.rows, arguments.seconds = ["idle"], 0
    with pytest.raises(UserError, match="--seconds 0: write more than 0"):
        run_gateway_bench(arguments)
    assert callable(load_main)


class Line:
    """The socket of a load without a server: what it is given is read."""

    def __init__(self) -> None:
        self.comes: list[bytes] = []

    def send(self, data: bytes) -> None:
        assert data

    def read(self) -> list[bytes]:
        texts, self.comes = self.comes, []
        return texts


@pytest.mark.parametrize("code", ["CANCEL_ONLY", "BUSY"])
def test_what_an_overloaded_exchange_turns_away_is_counted(code: str) -> None:
    line: Any = Line()
    load: Any = SimpleNamespace(
        job=Job(kind="open", port=0, pid=0, folder=""),
        offered=deque(),
        number=0,
        acks=0,
        refused=0,
        turned_away=0,
        is_open=True,
        arrived=[0.0] * 3,
        ack_start=SUBMITTED,
    )
    trading = Trading(load, line, 1)
    trading.send(3)
    line.comes = [b'{"type":"Error","id":%d,"code":"%b"}' % (n, code.encode()) for n in (1, 3)]
    trading.on_readable()
    assert (load.acks, load.turned_away, load.arrived) == (0, 2, [0.0] * 3)
    line.comes = [b'{"type":"Error","id":2,"code":"RATE_LIMITED"}']
    with pytest.raises(LoadFailed, match="RATE_LIMITED"):
        trading.on_readable()
    load.is_open = False
    line.comes = [b'{"type":"Error","id":2,"code":"%b"}' % code.encode()]
    with pytest.raises(LoadFailed, match=code):
        trading.on_readable()
