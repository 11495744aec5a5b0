"""The market that stays can be traded at once, goes on through the night, and ends without a trace."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bench.demo_stay import REFERENCES_FEN
from bench.stay_robots import Mood
from engine.commands import Side
from engine.events import ListingPlaced, Phase
from engine.units import band_fen, midnight_ns, parse_clock
from engine.views import MarketView
from gateway import keys
from gateway.client import Client
from tests.bench.test_demo import RUN_SECONDS, ceax, environment, processes_of

WAIT_SECONDS = 300


def test_a_mood_wanders_but_stays_inside_the_band() -> None:
    mood = Mood(product="CEA25", reference_fen=7_463, value_fen=7_463.0)
    random = Random(1)
    values = []
    for _ in range(20_000):
        mood.wander(random)
        values.append(mood.value_fen)
    floor, cap = band_fen(7_463, 1_000)
    assert floor < min(values) < max(values) < cap
    assert max(values) - min(values) > 20
    mood.anchor(8_000)
    assert mood.value_fen == 8_000.0


def test_the_references_are_those_of_the_day() -> None:
    assert list(REFERENCES_FEN.values()) == [7_400, 7_452, 7_381, 7_443, 7_639, 7_463]


@pytest.fixture
def market(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """Start a market that stays, told in one JSON object; end it by Ctrl-C."""
    running = subprocess.Popen(
        ceax("demo", "--stay", "--json"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=environment(tmp_path),
    )
    assert running.stdout is not None
    line = running.stdout.readline()
    assert line, running.communicate()[1]
    yield json.loads(line)
    running.send_signal(signal.SIGINT)
    output, errors = running.communicate(timeout=RUN_SECONDS)
    assert running.returncode == 0, errors
    assert output == "", "one JSON object and nothing else"
    assert processes_of(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def key_of(market: dict[str, Any], who: str) -> keys.KeyFile:
    words = market["commands"][who].split()
    return keys.load(words[words.index("--key") + 1])


async def wait_for(client: Client, condition: Any) -> MarketView:
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            view = await client.market()
            if condition(view):
                return view
            await asyncio.sleep(0.1)


def listed_trades(view: MarketView) -> int:
    return sum(product.listed_trades for product in view.products)


@pytest.mark.process
@pytest.mark.xdist_group("demo")
async def test_a_person_can_trade_at_once_and_the_night_passes(market: dict[str, Any]) -> None:
    assert market["date"] == "2026-01-05"
    assert sys.executable.rsplit("/", 1)[0] in market["commands"]["trader"]
    trader = await Client.connect(market["exchange"], key_of(market, "trader"))
    operator = await Client.connect(market["exchange"], key_of(market, "operator"))
    second = await Client.connect(market["exchange"], key_of(market, "second_operator"))
    assert (trader.welcome.role, operator.welcome.role) == ("trader", "operator")
    assert operator.welcome.person != second.welcome.person
    view = await trader.market()
    assert {p.product: p.reference_fen for p in view.products} == REFERENCES_FEN
    assert {m.phase for m in view.methods} == {Phase.OPEN}
    account = await trader.account()
    assert account.cash.available_fen > 0
    assert [h.product for h in account.holdings if h.available_t] == ["CEA24", "CEA25"]
    floor = next(p.listed_floor_fen for p in view.products if p.product == "CEA25")
    answer = await trader.place_listing("CEA25", Side.BUY, floor, 10)
    assert isinstance(answer.first, ListingPlaced), answer.text
    await wait_for(trader, lambda v: listed_trades(v) >= 3)
    # A person at the operator's desk lets the afternoon end; the demo leads on by itself.
    await operator.advance_clock(midnight_ns("2026-01-05") + parse_clock("15:00"))
    view = await wait_for(
        operator, lambda v: v.date == "2026-01-06" and v.methods[0].phase is Phase.OPEN
    )
    closes = {b.date: b for b in await operator.bulletins()}
    assert closes["2026-01-05"].listed_quantity_t > 0
    assert all(p.has_reference for p in view.products)
    assert all(p.reference_fen == p.previous_close_fen for p in view.products)
    await wait_for(trader, lambda v: listed_trades(v) >= 1)
    await asyncio.gather(*(client.close() for client in (trader, operator, second)))
