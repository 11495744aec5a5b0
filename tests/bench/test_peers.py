"""Peers are judged before they are timed: one that trades otherwise, or fails, is named and has no figure."""

import argparse
import json
from dataclasses import dataclass, field

import pytest

from bench import peers
from bench.engine_flows import ContinuousFlow, FlowShape
from bench.measure import Bars
from bench.peers import Judged, compare, judge, run_peers, tally_of
from bench.peers_adapters import PEERS, Baseline, Step, _Reader
from bench.peers_baseline import Fills, PlainBook
from bench.stream import BUY, SELL, Stream
from gateway.errors import UserError
from tests.bench.plain_matcher import PlainMarket
from tests.bench.test_outside_orders import rows_of

SHAPE = FlowShape(participants=20, products=2, live=200, commands=1_500)


class Impatient(Baseline):
    """A peer that is wrong on purpose: it takes the youngest order of a price first."""

    def __init__(self, stream: Stream, products: int) -> None:
        super().__init__(stream, products)
        take = self._book._take

        def youngest(taker: int, price: int, level: dict[int, list[int]], quantity: int) -> int:
            turned = dict(reversed(level.items()))
            level.clear()
            level.update(turned)
            return take(taker, price, level, quantity)

        self._book._take = youngest  # type: ignore[method-assign]


class Faulty(Baseline):
    """A peer that cannot cancel."""

    def __init__(self, stream: Stream, products: int) -> None:
        super().__init__(stream, products)
        book = self._book
        self.steps: list[Step] = [
            (self._refuse if call == book.cancel else call, arguments)
            for call, arguments in self.steps
        ]

    def _refuse(self, number: int) -> None:
        raise KeyError(number)


def found_for(*others: tuple[str, str, type[Baseline]]) -> dict[str, Judged]:
    judged = compare(SHAPE, 10, Bars(is_shown=False), (PEERS[0], *others))
    return {one.name: one for one in judged}


def test_the_baseline_is_judged_and_timed_beside_ours() -> None:
    found = found_for()
    assert list(found) == [*peers.OURS, "sortedcontainers baseline"]
    tallies = {(one.tally.hash, one.tally.trades) for one in found.values() if one.tally}
    assert len(tallies) == 1
    assert all(len(one.samples_ns) == 10 and not one.note for one in found.values())


def test_a_wrong_peer_is_named_and_not_timed() -> None:
    found = found_for(("impatient", "bench", Impatient), ("faulty", "bench", Faulty))
    wrong, faulty = found["impatient"], found["faulty"]
    assert wrong.note.startswith("trades otherwise: ")
    assert wrong.samples_ns == []
    assert wrong.tally is not None
    assert wrong.tally != found["sortedcontainers baseline"].tally
    assert faulty.note.startswith("failed: KeyError")
    assert faulty.samples_ns == []


def test_a_peer_that_is_not_installed_is_said_to_be() -> None:
    assert found_for(("absent", "no_such_book", Baseline))["absent"].note == "not installed"


@pytest.mark.parametrize("name", [name for name, _, _ in PEERS])
def test_every_installed_peer_trades_the_same(name: str) -> None:
    """Without the `bench` extra only the baseline is there; the others are then said to be absent."""
    (entry,) = [peer for peer in PEERS if peer[0] == name]
    judged = compare(SHAPE, 10, Bars(is_shown=False), (entry,))[-1]
    assert judged.name == name
    assert judged.note in ("", "not installed")


def test_a_book_that_differs_from_ours_stops_the_comparison(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The baseline is the judge of ours too; it is broken on purpose."""
    monkeypatch.setattr(peers, "Baseline", Impatient)
    with pytest.raises(AssertionError, match="the engine traded"):
        compare(SHAPE, 10, Bars(is_shown=False), ())


# ---------------------------------------------------------------- the baseline itself


def test_the_baseline_trades_as_the_plain_market_does() -> None:
    stream = ContinuousFlow(SHAPE).stream()
    plain = PlainMarket().run(rows_of(stream))
    baseline = Baseline(stream, SHAPE.products)
    for call, arguments in baseline.steps:
        call(*arguments)
    assert baseline.fills() == plain.trades
    assert tally_of(baseline.fills()).text() == plain.hash()


def test_the_baseline_refuses_a_dead_cancel() -> None:
    book = PlainBook(1)
    book.new(1, BUY, 0, 100, 5)
    assert book.cancel(1) is True
    assert book.cancel(1) is False


# ---------------------------------------------------------------- a book without reports


@dataclass
class Silent:
    """A book that answers questions but tells of no trade, as one of the peers does; youngest first if bad."""

    is_bad: bool = False
    book: PlainBook = field(default_factory=lambda: PlainBook(1))

    def limit_buy(self, order: int, quantity: int, price: int) -> None:
        self._limit(order, BUY, price, quantity)

    def limit_sell(self, order: int, quantity: int, price: int) -> None:
        self._limit(order, SELL, price, quantity)

    def _limit(self, order: int, side: int, price: int, quantity: int) -> None:
        if self.is_bad:
            levels = (self.book._asks if side == BUY else self.book._bids)[0]
            for at, level in list(levels.items()):
                levels[at] = dict(reversed(level.items()))
        self.book.new(order, side, 0, price, quantity)

    def cancel(self, order: int) -> None:
        self.book.cancel(order)

    def has(self, order: int) -> bool:
        return order in self.book._live

    def volume_buy(self, price: int) -> int:
        return self._volume(self.book._bids[0].get(price, {}))

    def volume_sell(self, price: int) -> int:
        return self._volume(self.book._asks[0].get(price, {}))

    def _volume(self, level: dict[int, list[int]]) -> int:
        return sum(resting[2] for resting in level.values())


def read_off(book: Silent, stream: Stream) -> Fills:
    reader = _Reader(book)
    fills: Fills = []
    columns = (stream.order, stream.side, stream.price_fen, stream.quantity_t)
    rows = zip(stream.is_new.tolist(), *(column.tolist() for column in columns), strict=True)
    for is_new, order, side, price, quantity in rows:
        if is_new:
            reader.new(order, side, price, quantity, fills)
        elif order in reader._where:  # a book that trades otherwise has filled other orders
            reader.cancel(order)
    return fills


def test_the_trades_of_a_silent_book_are_read_off_it() -> None:
    stream = ContinuousFlow(FlowShape(participants=20, live=200, commands=1_500)).stream()
    good, bad = Silent(), Silent(is_bad=True)
    assert read_off(good, stream) == good.book.fills
    assert len(good.book.fills) > 100
    assert tally_of(read_off(bad, stream)) != tally_of(good.book.fills)


# ---------------------------------------------------------------- the command


def test_the_command_prints_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = argparse.Namespace(json=True, flow="five", runs=10, commands=300)
    assert run_peers(arguments) == 0
    told = json.loads(capsys.readouterr().out)
    assert {"machine", "versions", "flow", "unit", "seed", "rows"} == set(told)
    rows = {row["name"]: row for row in told["rows"]}
    assert {*peers.OURS, *(name for name, _, _ in PEERS)} == set(rows)
    baseline = rows["sortedcontainers baseline"]
    assert baseline["hash"] == rows[peers.OURS[0]]["hash"]
    assert baseline["ratio"] > 1
    arguments.json = False
    assert run_peers(arguments) == 0
    assert "traded the same" in capsys.readouterr().out


def test_a_wrong_peer_makes_the_command_fail(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    judged = judge("x", Impatient, ContinuousFlow(SHAPE).stream(), 2, tally_of([]))
    timed = [Judged(name=name, tally=judged.tally, samples_ns=[1.0]) for name in peers.OURS]
    monkeypatch.setattr(peers, "compare", lambda *_: [*timed, judged])
    arguments = argparse.Namespace(json=False, flow="one", runs=10, commands=10)
    assert run_peers(arguments) == 1
    assert "trades otherwise" in capsys.readouterr().out


def test_fewer_than_ten_runs_are_no_figure() -> None:
    with pytest.raises(UserError, match="at least 10 runs"):
        run_peers(argparse.Namespace(json=True, flow="one", runs=9, commands=10))
