"""Outside order flow: the engine trades a file as an independent plain market does, or names the row."""

import argparse
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench import outside_run
from bench.engine_flows import ContinuousFlow, FlowShape
from bench.measure import Bars
from bench.outside_orders import CASH_FEN_MAX, market_for, read_orders
from bench.outside_run import Outcome, measure_outside, run_outside
from bench.stream import Stream
from engine.exchange import Exchange
from engine.units import band_fen, format_yuan
from gateway.errors import UserError
from tests.bench.plain_matcher import PlainMarket, Row

HEADER = "action,order,side,product,price,quantity"


def write(folder: Path, rows: list[Row], header: str = HEADER) -> Path:
    path = folder / "orders.csv"
    lines = [",".join(row) for row in rows]
    path.write_text("\n".join([header, *lines] if header else lines) + "\n", encoding="utf-8")
    return path


def outcome(path: Path, *references: str) -> Outcome:
    return measure_outside(path, list(references), Bars(is_shown=False))


def new(order: int, side: str, price: str, quantity: int, product: str = "A") -> Row:
    return ("new", str(order), side, product, price, str(quantity))


def cancel(order: int) -> Row:
    return ("cancel", str(order), "", "", "", "")


def judged(rows: list[Row], path: Path) -> Outcome:
    """Return what the engine did, once the plain market is found to have done the same."""
    plain, found = PlainMarket().run(rows), outcome(path)
    assert found.orders == plain.orders
    assert found.tally.trades == len(plain.trades)
    assert found.tally.traded_quantity_t == sum(trade[3] for trade in plain.trades)
    assert found.tally.text() == plain.hash()
    assert found.dead_cancels == plain.dead_cancels
    return found


# ---------------------------------------------------------------- what is traded

NUMBERS = st.integers(0, 2**63 - 1)
CENTS = st.integers(9_990, 10_010)
STEPS = st.tuples(
    st.integers(0, 3),  # 0 cancels
    st.integers(0, 40),
    st.sampled_from(("buy", "sell")),
    st.sampled_from(("A", "b b", "排放")),
    CENTS,
    st.integers(1, 300),
)


@st.composite
def files(draw: st.DrawFn) -> list[Row]:
    steps = draw(st.lists(STEPS, min_size=1, max_size=60))
    numbers = draw(st.lists(NUMBERS, min_size=len(steps), max_size=len(steps), unique=True))
    rows: list[Row] = [new(numbers[0], "buy", "100.00", 1)]
    used = [numbers[0]]
    for number, (kind, which, side, product, cents, quantity) in zip(
        numbers[1:], steps[1:], strict=True
    ):
        if kind == 0:
            rows.append(cancel(used[which] if which < len(used) else number))
        else:
            rows.append(new(number, side, format_yuan(cents), quantity, product))
            used.append(number)
    return rows


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(rows=files())
def test_the_engine_trades_as_a_plain_market_does(rows: list[Row], tmp_path: Path) -> None:
    found = judged(rows, write(tmp_path, rows))
    assert found.orders == sum(row[0] == "new" for row in rows)


def test_the_hash_by_hand(tmp_path: Path) -> None:
    rows = [new(5, "sell", "10.03", 50), new(9, "buy", "10.04", 70), new(2, "sell", "9.00", 30)]
    found = judged(rows, write(tmp_path, rows))
    first = 5 * 31 + 9 * 17 + 1003 * 7 + 50
    second = first * 1_000_003 + 9 * 31 + 2 * 17 + 1004 * 7 + 20
    assert found.tally.text() == f"{second:016x}"
    assert (found.orders, found.tally.trades, found.tally.traded_quantity_t) == (3, 2, 70)


def test_a_flow_of_many_chunks_and_five_products(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small batches and chunks, so that the file crosses many of both."""
    stream = ContinuousFlow(FlowShape(products=5, live=300, commands=1_500)).stream()
    monkeypatch.setattr(outside_run, "BATCH", 64)
    monkeypatch.setattr(outside_run, "CHUNK", 256)
    rows = rows_of(stream)
    assert judged(rows, write(tmp_path, rows)).tally.trades > 100


def rows_of(stream: Stream) -> list[Row]:
    rows: list[Row] = []
    for place in range(len(stream)):
        if stream.is_new[place]:
            side = "buy" if stream.side[place] == 1 else "sell"
            price = format_yuan(int(stream.price_fen[place]))
            product = f"P{stream.product[place]}"
            number, quantity = int(stream.order[place]), int(stream.quantity_t[place])
            rows.append(new(number, side, price, quantity, product))
        else:
            rows.append(cancel(int(stream.order[place])))
    return rows


def test_dead_cancels_are_counted_and_change_nothing(tmp_path: Path) -> None:
    rows = [
        cancel(1),  # before it is new
        new(1, "sell", "10.00", 5),
        new(2, "buy", "10.00", 5),
        cancel(1),  # traded
        new(3, "buy", "9.00", 5),
        cancel(3),
        cancel(3),  # cancelled before
        cancel(77),  # never new
    ]
    found = judged(rows, write(tmp_path, rows))
    assert found.dead_cancels == 4


def test_a_sweep_of_five_thousand(tmp_path: Path) -> None:
    rows = [new(n, "sell", "10.00", 2) for n in range(1, 5_001)]
    rows.append(new(6_000, "buy", "10.01", 10_000))
    found = outcome(write(tmp_path, rows))
    assert (found.tally.trades, found.tally.traded_quantity_t) == (5_000, 10_000)


def test_prices_far_apart_and_the_largest_figures(tmp_path: Path) -> None:
    rows = [
        new(2**63 - 1, "sell", "0.01", 1_000_000_000),
        new(0, "buy", "190.00", 1_000_000_000),
        new(1, "buy", "9999999.99", 100, "B"),
        new(2, "sell", "9999999.99", 100, "B"),
    ]
    with pytest.raises(UserError, match="price levels"):
        outcome(write(tmp_path, rows))  # one band for all products: B's would be far too many
    judged(rows[:2], write(tmp_path, rows[:2]))
    judged(rows[2:], write(tmp_path, rows[2:]))


def test_a_file_without_its_header_is_read_too(tmp_path: Path) -> None:
    rows = [new(1, "sell", "10.00", 5), new(2, "buy", "10", 5)]
    assert judged(rows, write(tmp_path, rows, header="")).tally.trades == 1


# ---------------------------------------------------------------- what is refused, with its row


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("new,1,buy,A,10.00", "line 3: 5 cells"),
        ("new,1,bid,A,10.00,5", "line 3: side 'bid'"),
        ("amend,1,buy,A,10.00,5", "line 3: action 'amend'"),
        ("new,1,buy,,10.00,5", "line 3: the product"),
        ("new,1,buy,A,10.001,5", "line 3: price"),
        ("new,1,buy,A,0.00,5", "line 3: price 0.00"),
        ("new,1,buy,A,-1.00,5", "line 3: price -1.00"),
        ("new,1,buy,A,10.00,0", "line 3: quantity 0"),
        ("new,1,buy,A,10.00,1.5", "line 3: quantity '1.5'"),
        ("new,1,buy,A,10.00,1000000001", "line 3: quantity"),
        ("new,-1,buy,A,10.00,5", "line 3: order '-1'"),
        ("new,9223372036854775808,buy,A,10.00,5", "line 3: order"),
        ("cancel,x,,,,", "line 3: order 'x'"),
        ("new,7,sell,A,10.00,5", "line 3: order 7 was new before"),
        ('new,1,buy,"A,10.00,5', "line 3: "),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, row: str, said: str) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(f"{HEADER}\nnew,7,buy,A,10.00,5\n{row}\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"orders\.csv, ") as raised:
        outcome(path)
    assert said in str(raised.value)


def test_the_first_of_two_numbers_used_twice_is_named(tmp_path: Path) -> None:
    rows = [new(n, "buy", "10.00", 1) for n in (4, 9, 9, 4)]
    with pytest.raises(UserError, match="line 4: order 9 was new before"):
        outcome(write(tmp_path, rows))


def test_a_wrong_header_and_no_file_and_no_order(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="line 1: the header must be action,order"):
        outcome(write(tmp_path, [new(1, "buy", "10.00", 1)], header="action,id,side,p,q,r"))
    with pytest.raises(UserError, match="no new order"):
        outcome(write(tmp_path, [cancel(1)]))
    with pytest.raises(UserError, match=r"none\.csv"):
        outcome(tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match="UTF-8"):
        outcome(tmp_path / "latin.csv")


def test_more_cash_than_our_integers_hold_is_refused_with_the_row(tmp_path: Path) -> None:
    most = new(0, "buy", "9000000.00", 10**9)
    count = CASH_FEN_MAX // (900_000_000 * 10**9)
    rows = [("new", str(n), *most[2:]) for n in range(count)]
    extra = new(99, "buy", "9000000.00", 1)
    market_for(tmp_path, read_orders(write(tmp_path, rows)), [])  # exactly what fits
    with pytest.raises(UserError, match=f"line {count + 2}: all buys together cost more than"):
        outcome(write(tmp_path, [*rows, extra]))


# ---------------------------------------------------------------- references


def test_bands_cover_what_they_must_and_no_more(tmp_path: Path) -> None:
    rows = [new(1, "buy", "90.00", 1), new(2, "sell", "110.00", 1), new(3, "sell", "51.00", 1, "B")]
    found = read_orders(write(tmp_path, rows))
    market = market_for(tmp_path, found, [])
    assert market.references_fen == (10_000, 5_100)
    assert band_fen(10_000, market.band_bp)[0] <= 9_000
    assert band_fen(10_000, market.band_bp)[1] >= 11_000
    assert market.band_bp < 1_010


def test_a_reference_that_cannot_cover_the_file_is_refused_with_the_row(tmp_path: Path) -> None:
    rows = [new(1, "buy", "10.00", 1), new(2, "sell", "20.01", 1), new(3, "sell", "7.00", 1, "B")]
    path = write(tmp_path, rows)
    with pytest.raises(UserError, match=r"line 3: 20\.01 yuan for A lies outside .* around 10\.00"):
        outcome(path, "A=10.00")
    assert outcome(path, "A=11.00").orders == 3
    with pytest.raises(UserError, match="line 4"):
        outcome(path, "100000.00", "A=11.00")
    with pytest.raises(UserError, match="no product C"):
        outcome(path, "C=11.00")
    with pytest.raises(UserError, match="--reference A=x"):
        outcome(path, "A=x")


# ---------------------------------------------------------------- the command


def test_the_command_prints_one_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [new(1, "sell", "10.00", 5), new(2, "buy", "10.00", 3), cancel(9)]
    path = write(tmp_path, rows)
    arguments = argparse.Namespace(orders=path, reference=None, json=True)
    assert run_outside(arguments) == 0
    told = json.loads(capsys.readouterr().out)
    assert list(told) == [
        "orders",
        "trades",
        "traded_quantity",
        "hash",
        "dead_cancels",
        "ns_per_command",
    ]
    assert told["orders"] == 2
    assert (told["trades"], told["traded_quantity"], told["dead_cancels"]) == (1, 3, 1)
    assert told["hash"] == PlainMarket().run(rows).hash()
    assert told["ns_per_command"] > 0
    assert run_outside(argparse.Namespace(orders=path, reference=None, json=False)) == 0
    assert told["hash"] in capsys.readouterr().out


def test_a_timed_run_that_differs_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof is broken on purpose: the timed run gets another quantity."""
    run_records = Exchange.run_records

    def damaged(exchange: Exchange, rows: np.ndarray, events: np.ndarray, *span: int) -> int:
        rows["quantity_t"][0] += 1
        return run_records(exchange, rows, events, *span)

    monkeypatch.setattr(Exchange, "run_records", damaged)
    with pytest.raises(AssertionError, match="another digest"):
        outcome(write(tmp_path, [new(1, "sell", "10.00", 5)]))


def test_an_order_that_takes_more_than_can_be_is_refused_with_the_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from msgspec import structs

    made = outside_run.profile_for

    def narrow(*arguments: object) -> object:
        profile = made(*arguments)  # type: ignore[arg-type]
        capacity = structs.replace(profile.capacity, fills_per_command=3)
        return structs.replace(profile, capacity=capacity)

    monkeypatch.setattr(outside_run, "profile_for", narrow)
    rows = [new(n, "sell", "10.00", 1) for n in range(1, 6)]
    with pytest.raises(UserError, match="line 7: the engine refused or cut this order"):
        outcome(write(tmp_path, [*rows, new(9, "buy", "10.00", 5)]))
