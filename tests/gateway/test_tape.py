"""The tape of the mirror holds every listed trade that is kept, as the log told it, however it was filled."""

from collections import defaultdict

import pytest

from engine.commands import Entry, Method, PickListing, Side
from engine.events import Repeated, Traded, TradeVoided
from gateway import history as history_module
from gateway import tape as tape_module
from gateway.batches import runs_of
from gateway.feed import Feed
from gateway.history import Applied, apply_hot, paired
from gateway.mirror_routes import Candle, MirrorTrade
from gateway.tape import MINUTE_NS, Tape
from tests.gateway.test_feed_start import Kept

MANY = 10**6
NAMES = ("matching", "rich", "small")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make pages so small that a short stream fills many."""
    monkeypatch.setattr(history_module, "PAGE_HOT_MAX", 90)
    monkeypatch.setattr(history_module, "PAGE_CONTROL_MAX", 50)
    monkeypatch.setattr(tape_module, "ENTRIES_PER_TURN", 7)
    monkeypatch.setattr(tape_module, "PAGES_PER_TURN", 2)


def filled(tape: Tape) -> int:
    """Take in all there is and return how many turns that took."""
    turns = 1
    while not tape.catch_up():
        turns += 1
    return turns


def trades_of(applied: list[Applied], floor: int) -> dict[str, list[MirrorTrade]]:
    """Return what the log has behind a floor, without the tape."""
    events = [(item, event) for item in applied for event in item.events]
    voided = {event.trade for _, event in events if isinstance(event, TradeVoided)}
    found: dict[str, list[MirrorTrade]] = defaultdict(list)
    for item, event in events:
        if isinstance(event, Traded) and event.method is Method.LISTED and item.sequence > floor:
            found[event.product].append(
                MirrorTrade(
                    trade=event.trade,
                    sequence=item.sequence,
                    time_ns=item.time_ns,
                    product=event.product,
                    price_fen=event.price_fen,
                    quantity_t=event.quantity_t,
                    side=Side(event.side),
                    is_voided=event.trade in voided,
                )
            )
    return found


def candles_of(trades: list[MirrorTrade], minutes: int) -> list[Candle]:
    """Return candles made trade by trade."""
    length_ns = minutes * MINUTE_NS
    by_begin: dict[int, list[MirrorTrade]] = defaultdict(list)
    for trade in trades:
        if not trade.is_voided:
            by_begin[trade.time_ns - trade.time_ns % length_ns].append(trade)
    return [
        Candle(
            begin_ns=begin_ns,
            open_fen=rows[0].price_fen,
            high_fen=max(row.price_fen for row in rows),
            low_fen=min(row.price_fen for row in rows),
            close_fen=rows[-1].price_fen,
            quantity_t=sum(row.quantity_t for row in rows),
            amount_fen=sum(row.price_fen * row.quantity_t for row in rows),
            trades=len(rows),
        )
        for begin_ns, rows in sorted(by_begin.items())
    ]


def compare(tape: Tape, kept: Kept) -> int:
    """Compare all products and return how many trades there were."""
    wanted = trades_of(kept.applied, kept.history.floor)
    for product in (product.code for product in kept.profile.products):
        rows, has_more = tape.of(product).rows(None, MANY)
        assert list(rows) == wanted[product]
        assert not has_more
        for minutes in (1, 5, 60):
            found = tape.of(product).candles(60 * minutes, MANY)
            assert list(found) == candles_of(wanted[product], minutes)
    return sum(map(len, wanted.values()))


@pytest.mark.parametrize("name", NAMES)
def test_a_tape_that_was_filled_live_at_a_start_or_late_is_the_log(name: str) -> None:
    kept = Kept(name)
    feed = Feed(kept.exchange, kept.history)
    live, late = Tape(feed, kept.history), Tape(feed, kept.history)
    most, turns = 0, 0
    for number, batch in enumerate(kept.batches()):
        feed.take_in(batch)
        if number % 3 == 0:
            filled(live)
        if number % 40 == 0:
            started = Tape(Feed(kept.exchange, kept.history), kept.history)
            turns = max(turns, filled(started))
            filled(live)
            most = max(most, compare(live, kept))
            assert compare(started, kept) == compare(live, kept)
    filled(late)
    filled(live)
    assert compare(late, kept) == compare(live, kept)
    assert most > 20, "there was a day with trades"
    assert turns > 1, "a start takes its pages in turns"
    assert kept.history.floor > 0, "a day was dropped"


def test_a_repeated_answer_is_no_second_trade() -> None:
    kept = Kept("small")
    feed = Feed(kept.exchange, kept.history)
    for batch in kept.batches():
        feed.take_in(batch)
        picks = [item for item in batch if isinstance(item.command, PickListing)]
        done = [item for item in picks if isinstance(item.events[0], Traded)]
        if done:
            break
    last = kept.exchange.sequence
    again = Entry(last + 1, kept.exchange.time_ns, done[0].key, done[0].command)
    ((run, records),) = runs_of([again], kept.profile)
    assert records is not None, "it has a record"
    hot = apply_hot(kept.exchange, records)
    kept.history.add_hot(hot)
    (repeat,) = paired(run, hot, kept.profile)
    assert isinstance(repeat.events[0], Repeated)
    feed.take_in([repeat])
    tape = Tape(feed, kept.history)
    filled(tape)
    assert compare(tape, kept) > 0


def test_rows_are_read_on_behind_a_trade() -> None:
    kept = Kept(NAMES[0])
    rows: list[MirrorTrade] = []
    for _ in kept.batches():
        wanted = trades_of(kept.applied, kept.history.floor)
        product, rows = max(wanted.items(), key=lambda item: len(item[1]), default=("", []))
        if len(rows) > 8:
            break
    tape = Tape(Feed(kept.exchange, kept.history), kept.history)
    filled(tape)
    read: list[MirrorTrade] = []
    has_more = True
    while has_more:
        part, has_more = tape.of(product).rows(read[-1].trade if read else 0, 3)
        read += part
    assert read == rows
    newest, _ = tape.of(product).rows(None, 2)
    assert list(newest) == rows[-2:]
    assert len(tape.of(product)) == len(rows)
