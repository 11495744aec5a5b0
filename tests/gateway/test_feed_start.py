"""A feed that starts from records shows what one shows that saw every command live, and decodes what is read."""

from collections.abc import Iterator
from functools import cache
from random import Random
from typing import Any

import pytest

from engine import codec
from engine.commands import Method
from engine.events import (
    AnyEvent,
    DayOpened,
    Deposited,
    Traded,
    TradeFailed,
    TradeVoided,
    TransferredIn,
    TransferredOut,
    Withdrawn,
)
from engine.exchange import Exchange
from gateway import history as history_module
from gateway import streams
from gateway.batches import runs_of
from gateway.feed import Feed
from gateway.history import Applied, History, apply_hot, paired
from gateway.replay import apply_control
from gateway.routing import Audience, is_public
from gateway.streams import Stream
from tests.markets_profiles import STREAMED
from tests.streams import run_stream

COMMANDS = 2_000
SEED = 7
MOVED = (Deposited, Withdrawn, TransferredIn, TransferredOut, Traded, TradeVoided, TradeFailed)
Rows = list[tuple[int, tuple[AnyEvent, ...]]]


class Kept:
    """A stream of everybody's commands, applied in batches as the sequencer does."""

    def __init__(self, name: str) -> None:
        self.profile = STREAMED[name]()
        self.entries = run_stream(SEED, COMMANDS, self.profile).entries
        self.exchange = Exchange(self.profile)
        self.history = History(self.profile)
        self.applied: list[Applied] = []

    def batches(self) -> Iterator[list[Applied]]:
        """Apply all and yield each batch when the history has it."""
        random, start = Random(SEED), 0
        while start < len(self.entries):
            end = start + random.choice((1, 2, 7, 40))
            batch: list[Applied] = []
            for run, records in runs_of(self.entries[start:end], self.profile):
                if records is None:
                    done = apply_control(self.exchange, run)
                    self.history.add_control(done)
                    batch += done
                else:
                    hot = apply_hot(self.exchange, records)
                    self.history.add_hot(hot)
                    batch += paired(run, hot, self.profile)
            self.applied += batch
            yield batch
            start = end


class Seen:
    """What a feed shows, as all its readers could read it."""

    def __init__(self, feed: Feed, participants: int) -> None:
        self.feed = feed
        self.rows: dict[str, Rows] = {
            "drop": rows_of(feed.drop),
            "trades": rows_of(feed.trades),
            "market": rows_of(feed.market),
        }
        for participant in range(participants + 1):
            self.rows[str(participant)] = rows_of(feed.private(participant))
        self.books = {
            key: (feed.book_snapshot(key[5:]).sequence, feed.book_snapshot(key[5:]).time_ns)
            for key in feed.dirty
            if key.startswith("book:")
        }
        self.end = feed.sequence, feed.time_ns, feed.day_sequence


def rows_of(stream: Stream) -> Rows:
    for position in range(stream.base + 1, stream.end):
        assert stream.previous(position) == stream.entry(position - 1).sequence
    entries = (stream.entry(position) for position in range(stream.base, stream.end))
    return [(entry.sequence, stream.select(entry)) for entry in entries]


def wanted(applied: list[Applied], floor: int, participants: int) -> dict[str, Rows]:
    """Return what the log has for everybody behind a floor, sorted without the feed."""
    audience = Audience()
    found: dict[str, Rows] = {name: [] for name in ("drop", "trades", "market")}
    found |= {str(participant): [] for participant in range(participants + 1)}
    for item in applied:
        rows: dict[str, list[AnyEvent]] = {"drop": list(item.events)}
        for event in item.events:
            if isinstance(event, DayOpened):
                audience.open_day()
            audience.note(event)
            if isinstance(event, Traded) and event.method is Method.LISTED:
                rows.setdefault("trades", []).append(event)
            if is_public(event):
                rows.setdefault("market", []).append(event)
            for party in audience.parties(event):
                rows.setdefault(str(party), []).append(event)
        for name, events in rows.items():
            if item.sequence > floor:
                found[name].append((item.sequence, tuple(events)))
    return found


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make pages, blocks and what is kept so small that a short stream passes every limit."""
    monkeypatch.setattr(history_module, "PAGE_HOT_MAX", 90)
    monkeypatch.setattr(history_module, "PAGE_CONTROL_MAX", 50)
    monkeypatch.setattr(streams, "RECENT", 20)
    monkeypatch.setattr(streams, "BLOCK", 8)
    monkeypatch.setattr(streams, "BLOCKS_MAX", 5)
    monkeypatch.setattr("gateway.feed.FEW", 2)


@cache
def streamed(name: str) -> tuple[Kept, Feed]:
    """Return a stream and a feed that saw all of it live, from the beginning."""
    kept = Kept(name)
    live = Feed(kept.exchange, kept.history)
    for batch in kept.batches():
        live.take_in(batch)
    assert kept.history.floor > 0, "a day was dropped"
    return kept, live


@pytest.mark.parametrize("name", STREAMED)
def test_a_start_from_records_shows_what_a_live_feed_shows(name: str) -> None:
    kept, live = streamed(name)
    participants = len(kept.exchange.participants())
    log = wanted(kept.applied, kept.history.floor, participants)
    assert sum(bool(rows) for rows in log.values()) > participants, "most streams have entries"
    seen = Seen(live, participants)
    assert seen.rows == log
    restored = Seen(Feed(kept.exchange, kept.history), participants)
    assert restored.rows == log
    assert (restored.end, restored.books) == (seen.end, seen.books)
    for date in {event.date for item in kept.applied for event in day_opened(item)}:
        assert restored.feed.day_bounds(date) == live.day_bounds(date)


@pytest.mark.parametrize("name", STREAMED)
def test_a_feed_that_starts_in_the_middle_goes_on_as_if_it_had_always_been(name: str) -> None:
    kept = Kept(name)
    late: Feed | None = None
    for batch in kept.batches():
        if late is not None:
            late.take_in(batch)
        elif len(kept.applied) > len(kept.entries) // 2:  # floor: about the half
            late = Feed(kept.exchange, kept.history)
    assert late is not None
    participants = len(kept.exchange.participants())
    log = wanted(kept.applied, kept.history.floor, participants)
    assert Seen(late, participants).rows == log


def test_what_a_key_sent_is_found_and_what_moved_is_read() -> None:
    kept, live = streamed(next(iter(STREAMED)))
    feed = Feed(kept.exchange, kept.history)
    found = 0
    for participant in range(1, len(kept.exchange.participants()) + 1):
        firsts: dict[tuple[int, int], Applied] = {}
        stream = live.private(participant)
        for position in range(stream.position_after(live.day_sequence), stream.end):
            entry = stream.entry(position)
            sent: Any = entry.command
            firsts.setdefault((entry.key, getattr(sent, "client_order", 0)), entry)
        for (key, client_order), entry in firsts.items():
            assert feed.first_answer(participant, key, client_order) == entry
            found += 1
        assert feed.first_answer(participant, 1, 10**15) is None
        for first, last in ((0, feed.sequence), (live.day_sequence, live.sequence - 9)):
            moved = [e for e in feed.moves(participant, first, last) if isinstance(e, MOVED)]
            rows = [row for row in rows_of(stream) if first <= row[0] <= last]
            assert moved == [e for _, events in rows for e in events if isinstance(e, MOVED)]
    assert found > 20


def test_a_start_decodes_nothing_but_the_last_entry_and_what_is_kept_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept, live = streamed(next(iter(STREAMED)))
    decoded: list[int] = []

    def counted(row: Any, profile: Any) -> Any:
        decoded.append(int(row["sequence"]))
        return codec.record_to_entry(row, profile)

    monkeypatch.setattr(history_module, "record_to_entry", counted)
    feed = Feed(kept.exchange, kept.history)
    assert len(decoded) <= streams.BLOCK
    for stream in (feed.drop, live.drop):
        assert len(rows_of(stream)) > 10 * streams.BLOCK
    assert len(feed._log._blocks) == streams.BLOCKS_MAX
    assert len(live._log._recent) <= 2 * streams.RECENT
    again = len(decoded)
    feed.drop.entry(feed.drop.end - 1)
    assert len(decoded) == again, "a block that is kept is not decoded again"


def test_what_is_no_longer_kept_is_told() -> None:
    kept, _ = streamed(next(iter(STREAMED)))
    feed = Feed(kept.exchange, kept.history)
    with pytest.raises(LookupError, match="no longer kept"):
        kept.history.entries(feed.drop.between(0, 3) - 1)


def day_opened(item: Applied) -> list[DayOpened]:
    return [event for event in item.events if isinstance(event, DayOpened)]
