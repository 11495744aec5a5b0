"""The exchange: one pure, deterministic state machine that turns entries into events.

Order commands run through the compiled core in batches; everything else is rare and plain
(`engine.dispatch`). The same entries give the same events, digests and state: live, recovered,
replayed next year, compiled or not.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine import (
    auction_views,
    block_views,
    book_views,
    enrolment_codes,
    invariants,
    keys,
    queries,
    snapshot,
    switches,
)
from engine.answers import Answers, answers_from_records
from engine.codec import is_hot, record_to_entry, write_record
from engine.commands import Entry, NoteRestart, Side
from engine.core.layout import BOUNDARY, FOLLOW, ROWS_FULL
from engine.core.records import COMMAND, EVENT, RECORD_BYTES
from engine.core.run import BATCH_MAX, ROWS_SHIFT, STATUS_SHIFT, run_table
from engine.day import keep_time
from engine.dialogues import follow
from engine.digest import event_digest, state_digest
from engine.dispatch import answer
from engine.events import AnyEvent, Bulletin, ClosureAdded, NoticePublished
from engine.market import Market
from engine.profile import Profile
from engine.reasons import Reason
from engine.views import (
    Account,
    ApplicationView,
    AuctionView,
    Book,
    CodeView,
    Depth,
    GroupView,
    HaltView,
    KeyView,
    ListingView,
    MarketView,
    NegotiationView,
    OfferView,
    OrderView,
    ParticipantView,
    ProposalView,
    TradeView,
)

SEMANTICS_VERSION: Final = 4
"""Raised by whoever changes an answer: a journal written under another version says so at replay."""


FIRST_STOP: Final = 1 << STATUS_SHIFT
"""From here on the word of a run says that it stopped before its end."""


class Exchange:
    """One market. Entries come in the order of their sequence, which rises by one."""

    def __init__(self, profile: Profile) -> None:
        self._market: Final = Market(profile)
        self._core: Final = self._market.core
        self._commands: Final = np.zeros(BATCH_MAX, COMMAND)
        worst = min(profile.capacity.fills_per_command, profile.capacity.orders_per_day) + 2
        self._events: Final = np.zeros(BATCH_MAX + worst, EVENT)

    @classmethod
    def from_snapshot(cls, profile: Profile, data: bytes) -> "Exchange":
        """Return the exchange that `snapshot` kept; ValueError says why the bytes are not believed."""
        exchange = cls(profile)
        snapshot.load(exchange._market, data, SEMANTICS_VERSION)
        return exchange

    @property
    def profile(self) -> Profile:
        """The rules of this market."""
        return self._market.profile

    @property
    def sequence(self) -> int:
        """Sequence of the last applied entry, 0 before the first."""
        return int(self._market.core.market["sequence"])

    @property
    def time_ns(self) -> int:
        """Exchange time: that of the last applied entry."""
        return int(self._market.core.market["time_ns"])

    # ------------------------------------------------------------ applying

    def apply(self, entry: Entry) -> list[AnyEvent]:
        """Apply one entry and return its events; ValueError if its sequence does not follow."""
        return self.apply_entries((entry,))[0]

    def apply_entries(self, entries: Sequence[Entry]) -> list[list[AnyEvent]]:
        """Apply entries in order and return the events of each; runs of order commands go together."""
        answers: list[list[AnyEvent]] = []
        place = 0
        while place < len(entries):
            end = place
            while end < len(entries) and end - place < BATCH_MAX and is_hot(entries[end].command):
                end += 1
            if end == place:
                answers.append(self._apply_rare(entries[place]))
                place += 1
            else:
                answers += self._apply_hot(entries[place:end])
                place = end
        return answers

    def _apply_hot(self, entries: Sequence[Entry]) -> list[list[AnyEvent]]:
        commands = self._commands
        commands[: len(entries)] = 0
        for place, entry in enumerate(entries):
            write_record(commands, place, entry, self._market.profile)
        used = commands[: len(entries)]
        return answers_from_records(self.apply_records(used), used, self._market.profile)

    def apply_records(self, commands: NDArray[np.void]) -> Answers:
        """Apply COMMAND rows with sequence, time and key filled in; return what each is answered with.

        ValueError for a row that is no command; those before it stand.
        """
        core, count = self._market.core, len(commands)
        events: list[NDArray[np.void]] = []
        ends, first_times = np.zeros(count, np.int64), np.zeros(count, np.int64)
        before: dict[int, list[AnyEvent]] = {}
        after: dict[int, list[AnyEvent]] = {}
        start = row = 0
        while start < count:
            end = min(start + BATCH_MAX, count)
            done, rows, status = core.run(commands, self._events, start, end, 0)
            events.append(self._events[:rows].copy())
            ends[start : start + done] = core.state.ends[:done] + row
            first_times[start : start + done] = core.state.first_times[:done]
            start, row = start + done, row + rows
            if status == FOLLOW:
                after[start - 1] = self._attend(commands[start - 1], status)
            elif status == BOUNDARY:
                before[start] = self._attend(commands[start], status)
        told = np.concatenate(events) if events else np.zeros(0, EVENT)
        return Answers(told, ends, first_times, before, after)

    def run_records(
        self, commands: NDArray[np.void], events: NDArray[np.void], begin: int = 0, end: int = -1
    ) -> int:
        """Apply COMMAND rows begin to end and write the EVENT rows of their answers; return how many.

        Nothing else is told of what happened; ValueError where the rows of `events` may not suffice.
        The same arrays call after call are known already, which is what single commands cost least with.
        """
        core, row = self._core, 0
        count = len(commands) if end < 0 else end
        if (
            commands is core.commands_known
            and events is core.events_known
            and begin <= count <= begin + BATCH_MAX
        ):
            # The usual call of a loop over small batches, straight to the compiled entry.
            word = run_table(
                core.table_address,
                core.commands_at + begin * RECORD_BYTES,
                core.events_at,
                count - begin,
                core.events_count,
            )
            if word < FIRST_STOP:
                return word >> ROWS_SHIFT
            done, row, status = core.read(word, commands, begin)
            begin += done
            self._go_on(commands, begin, status)
        while begin < count:
            limit = count if count - begin <= BATCH_MAX else begin + BATCH_MAX
            done, rows, status = core.run(commands, events, begin, limit, row)
            begin += done
            row += rows
            if status != 0:
                self._go_on(commands, begin, status)
        return row

    def _go_on(self, commands: NDArray[np.void], place: int, status: int) -> None:
        """Do what a run stopped for before the command at a place; ValueError where rows are lacking."""
        if status == ROWS_FULL:
            message = "the rows for events do not hold the answers to these commands"
            raise ValueError(message)
        self._attend(commands[place if status == BOUNDARY else place - 1], status)

    def _attend(self, command: NDArray[np.void], status: int) -> list[AnyEvent]:
        """Do what a run stopped for: change phases before a command, or follow up after one."""
        market, row = self._market, self._market.core.market
        market.entry = record_to_entry(command, market.profile)
        if status == BOUNDARY:
            return keep_time(market)
        order = int(row["follow"])
        row["follow"] = 0
        return follow(market, order)

    def _apply_rare(self, entry: Entry) -> list[AnyEvent]:
        market, row = self._market, self._market.core.market
        if entry.sequence != row["sequence"] + 1:
            message = f"sequence {entry.sequence} does not follow {self.sequence}"
            raise ValueError(message)
        market.entry = entry
        if entry.time_ns < row["time_ns"]:
            events: list[AnyEvent] = [market.refused((Reason.TIME_BACKWARDS, 0, 0))]
        else:
            row["time_ns"] = entry.time_ns
            if isinstance(entry.command, NoteRestart) and entry.key == 0:
                switches.forgive(market)  # before they fire for the time that the exchange was down
            events = keep_time(market)
            events += answer(market, entry.command)
        row["sequence"] = entry.sequence
        return events

    # ------------------------------------------------------------ proofs

    def next_boundary_ns(self) -> int:
        """Return when a phase changes next, 0 if nothing is due today."""
        return int(self._market.core.market["boundary_ns"])

    def event_digest(self) -> bytes:
        """Return the digest of every event so far, whatever the batches were."""
        return event_digest(self._market)

    def state_digest(self) -> bytes:
        """Return the digest of the whole state in canonical form."""
        return state_digest(self._market)

    def snapshot(self) -> bytes:
        """Return the whole state as bytes; the same state gives the same bytes."""
        return snapshot.take(self._market, SEMANTICS_VERSION)

    def gather_snapshot(self) -> bytes:
        """Return a copy of the whole state, of which `snapshot.seal` makes what `snapshot` returns."""
        return snapshot.gather(self._market, SEMANTICS_VERSION)

    def check(self) -> None:
        """Check every invariant; AssertionError names the broken one."""
        invariants.check(self._market)

    # ------------------------------------------------------------ views

    def market(self) -> MarketView:
        """Return the phases, every product's quote and the composite now."""
        return queries.market_view(self._market)

    def book(self, product: str, levels: int = 0) -> Book:
        """Return the best levels of a product, the profile's number if none is given."""
        return book_views.book(self._market, product, levels)

    def depth(self, product: str, levels: int = 0, listings: int = 20) -> Depth:
        """Return the best levels with the oldest listings of each, at most so many (R44)."""
        return book_views.depth(self._market, product, levels, listings)

    def listings(self, product: str, side: Side, price_fen: int) -> tuple[ListingView, ...]:
        """Return the listings of one level, oldest first."""
        return book_views.listings(self._market, product, side, price_fen)

    def account(self, participant: int) -> Account:
        """Return cash and holdings of a participant."""
        return queries.account(self._market, participant)

    def orders(self, participant: int) -> tuple[OrderView, ...]:
        """Return a participant's accepted orders of the open (or last) day."""
        return queries.orders(self._market, participant)

    def trades(self, participant: int = 0, date: str = "") -> tuple[TradeView, ...]:
        """Return the trades of a day (the open or last one if no date), 0 = of everybody."""
        return queries.trades(self._market, participant, date)

    def unsettled(self) -> tuple[TradeView, ...]:
        """Return the trades of any day that the registry has not answered."""
        return queries.unsettled(self._market)

    def participants(self) -> tuple[ParticipantView, ...]:
        """Return who is admitted, by number."""
        return queries.participants(self._market)

    def keys(self) -> tuple[KeyView, ...]:
        """Return all keys that were ever enrolled, by number."""
        return keys.views(self._market)

    def codes(self) -> tuple[CodeView, ...]:
        """Return the enrolment codes that wait or were claimed, by number."""
        return enrolment_codes.views(self._market)

    def proposals(self) -> tuple[ProposalView, ...]:
        """Return the proposals that wait for a second operator."""
        return queries.proposals(self._market)

    def bulletins(self) -> tuple[Bulletin, ...]:
        """Return the bulletins of all closed days."""
        return tuple(self._market.bulletins)

    def halts(self) -> tuple[HaltView, ...]:
        """Return the halts that stand, the longest standing first."""
        return queries.halts(self._market)

    def closures(self) -> tuple[ClosureAdded, ...]:
        """Return the dates on which the market stays closed, by date, past ones too."""
        return queries.closures(self._market)

    def notices(self) -> tuple[NoticePublished, ...]:
        """Return the notices of the open or last day, the oldest first."""
        return tuple(self._market.notices)

    # ------------------------------------------------------------ blocks and auctions

    def groups(self, participant: int) -> tuple[GroupView, ...]:
        """Return a participant's own groups."""
        return block_views.groups(self._market, participant)

    def offers(self, participant: int) -> tuple[OfferView, ...]:
        """Return the open block offers that a participant made or may answer."""
        return block_views.offers(self._market, participant)

    def negotiations(self, participant: int) -> tuple[NegotiationView, ...]:
        """Return the open block negotiations of a participant."""
        return block_views.negotiations(self._market, participant)

    def auctions(self, date: str = "") -> tuple[AuctionView, ...]:
        """Return the announced auctions of a day, the open or last one if no date."""
        return auction_views.auctions(self._market, date)

    def applications(self, participant: int = 0) -> tuple[ApplicationView, ...]:
        """Return a participant's applications for auctions, 0 = everybody's."""
        return auction_views.applications(self._market, participant)
